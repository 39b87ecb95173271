@ipv4
*mangle
:FORWARD
-j ECN;;FAIL
-j ECN --ecn-tcp-remove;;FAIL
-p tcp -j ECN --ecn-tcp-remove;=;OK
-p tcp -j ECN --ecn-tcp-cwr 0;=;OK
-p tcp -j ECN --ecn-tcp-cwr 1;=;OK
-p tcp -j ECN --ecn-tcp-cwr 2;;FAIL
-p tcp -j ECN --ecn-tcp-ece 1;=;OK
-p tcp -j ECN --ecn-tcp-ece 0;=;OK
-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0;-p tcp -j ECN --ecn-tcp-remove;OK
-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 0 --ecn-ip-ect 3;-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 3;OK
-p tcp -j ECN --ecn-ip-ect 0;=;OK
-j ECN --ecn-ip-ect 3;=;OK
-j ECN --ecn-ip-ect 4;;FAIL
-p tcp -j ECN --ecn-tcp-ece 1 --ecn-tcp-cwr 0;=;OK
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-cwr 0;;FAIL
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-ece 0;;FAIL
-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 0;-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 0;OK
-j ECN --ecn-tcp-ece 1;;FAIL
! -p tcp -j ECN --ecn-tcp-ece 1;;FAIL
-p udp -j ECN --ecn-tcp-remove;;FAIL
-p tcp -j ECN --ecn-ip-ect 2 --ecn-tcp-cwr 0 --ecn-tcp-ece 1;-p tcp -j ECN --ecn-tcp-ece 1 --ecn-tcp-cwr 0 --ecn-ip-ect 2;OK
-p tcp -j ECN ! --ecn-tcp-remove;;FAIL
*raw
:PREROUTING,OUTPUT
-p tcp -j ECN --ecn-tcp-remove;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-p tcp -j ECN --ecn-tcp-remove;=;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-p tcp -j ECN --ecn-tcp-remove;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
-p tcp -j ECN --ecn-tcp-remove;;FAIL
*security
:INPUT,FORWARD,OUTPUT
-p tcp -j ECN --ecn-tcp-remove;;FAIL
@ipv6
*mangle
:FORWARD
-p tcp -j ECN --ecn-tcp-remove;;FAIL
