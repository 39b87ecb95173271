*mangle
:FORWARD
-j CHECKSUM;;FAIL
-j CHECKSUM --checksum-fill;=;OK
-j CHECKSUM ! --checksum-fill;;FAIL
-j CHECKSUM --checksum-fill --checksum-fill;;FAIL
*raw
:PREROUTING,OUTPUT
-j CHECKSUM --checksum-fill;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j CHECKSUM --checksum-fill;=;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j CHECKSUM --checksum-fill;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
-j CHECKSUM --checksum-fill;;FAIL
*security
:INPUT,FORWARD,OUTPUT
-j CHECKSUM --checksum-fill;;FAIL
