@ipv6
*mangle
:FORWARD
-j HL;;FAIL
-j HL --hl-set 0;=;OK
-j HL --hl-set 255;=;OK
-j HL --hl-set 256;;FAIL
-j HL --hl-inc 0;;FAIL
-j HL --hl-inc 1;=;OK
-j HL --hl-inc 255;=;OK
-j HL --hl-inc 256;;FAIL
-j HL --hl-dec 0;;FAIL
-j HL --hl-dec 1;=;OK
-j HL --hl-dec 255;=;OK
-j HL --hl-dec 256;;FAIL
-j HL --hl-set 0x10;-j HL --hl-set 16;OK
-j HL --hl-set 1 --hl-inc 1;;FAIL
-j HL --hl-inc 1 --hl-inc 1;;FAIL
-j HL ! --hl-set 1;;FAIL
-j HL --hl-set -1;;FAIL
-j HL --hl-set;;FAIL
*raw
:PREROUTING,OUTPUT
-j HL --hl-set 1;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j HL --hl-set 1;=;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j HL --hl-set 1;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
-j HL --hl-set 1;;FAIL
*security
:INPUT,FORWARD,OUTPUT
-j HL --hl-set 1;;FAIL
@ipv4
*mangle
:FORWARD
-j HL --hl-set 1;;FAIL
