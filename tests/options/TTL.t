@ipv4
*mangle
:FORWARD
-j TTL;;FAIL
-j TTL --ttl-set 0;=;OK
-j TTL --ttl-set 255;=;OK
-j TTL --ttl-set 256;;FAIL
-j TTL --ttl-inc 0;;FAIL
-j TTL --ttl-inc 1;=;OK
-j TTL --ttl-inc 255;=;OK
-j TTL --ttl-inc 256;;FAIL
-j TTL --ttl-dec 0;;FAIL
-j TTL --ttl-dec 1;=;OK
-j TTL --ttl-dec 255;=;OK
-j TTL --ttl-dec 256;;FAIL
-j TTL --ttl-set 0x10;-j TTL --ttl-set 16;OK
-j TTL --ttl-set 1 --ttl-inc 1;;FAIL
-j TTL --ttl-inc 1 --ttl-inc 1;;FAIL
-j TTL ! --ttl-set 1;;FAIL
-j TTL --ttl-set -1;;FAIL
-j TTL --ttl-set;;FAIL
*raw
:PREROUTING,OUTPUT
-j TTL --ttl-set 1;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j TTL --ttl-set 1;=;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j TTL --ttl-set 1;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
-j TTL --ttl-set 1;;FAIL
*security
:INPUT,FORWARD,OUTPUT
-j TTL --ttl-set 1;;FAIL
@ipv6
*mangle
:FORWARD
-j TTL --ttl-set 1;;FAIL
