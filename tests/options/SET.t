# -j SET. Expectations by record.py.
+ipset create foo hash:ip skbinfo
+ipset create bar hash:ip,port
+ipset create foot hash:ip timeout 60 counters skbinfo
-j SET --del-set bar src,dst --exist;;FAIL
-j SET --map-set foot src --map-mark;;FAIL
-j SET;;FAIL
-j SET --exist;;FAIL
-j SET --timeout 60;;FAIL
-j SET --add-set foo src --timeout 4294967295;;FAIL
*mangle
:OUTPUT
-j SET --map-set foot src;;FAIL
:PREROUTING
-j SET --map-set foot src --map-prio;;FAIL
-j SET --map-set foo src --map-queue;;FAIL
-j SET --add-set foo src --map-mark;;FAIL
-j SET --add-set foo src --add-set foo src;;FAIL
-j SET --del-set foo src --timeout 5;;FAIL
:INPUT
-j SET --map-set foot src --map-prio;;FAIL
-j SET --map-set foo src --map-queue;;FAIL
*raw
:PREROUTING
-j SET --map-set foo src --map-mark;;FAIL
@ipv4
*filter
:INPUT
-j SET --add-set foo src;=;OK
-j SET --add-set foo src --exist;=;OK
-j SET --add-set foo src --timeout 60;=;OK
-j SET --add-set foot src --timeout 60 --exist;-j SET --add-set foot src --exist --timeout 60;OK
-j SET --del-set foo src;=;OK
-j SET --add-set foo src --del-set bar src,dst;=;OK
-j SET --add-set foo src --timeout 0;=;OK
-j SET --add-set foo src --timeout 4294967294;=;OK
-j SET --add-set foo src --del-set bar src --exist;-j SET --add-set foo src --exist --del-set bar src;OK
*mangle
:OUTPUT
-j SET --map-set foot src --map-mark;=;OK
-j SET --map-set foot src --map-mark --map-prio --map-queue;=;OK
-j SET --map-set foot src --map-mark --add-set foo src;-j SET --add-set foo src --map-set foot src --map-mark;OK
:PREROUTING
-j SET --map-set foot src --map-mark;=;OK
-j SET --map-mark --map-set foo src;-j SET --map-set foo src --map-mark;OK
-j SET --add-set foo src --exist --exist;-j SET --add-set foo src --exist;OK
-j SET --exist --add-set foo src;-j SET --add-set foo src --exist;OK
-j SET --timeout 5 --add-set foo src;-j SET --add-set foo src --timeout 5;OK
-j SET --add-set foo src --timeout 5 --timeout 6;-j SET --add-set foo src --timeout 6;OK
-j SET ! --add-set foo src;-j SET --add-set foo src;OK
-j SET --del-set foo src --add-set foo dst --timeout 5 --exist --map-set foo src --map-mark;-j SET --add-set foo dst --exist --timeout 5 --del-set foo src --map-set foo src --map-mark;OK
:FORWARD
-j SET --map-set foot src --map-prio;=;OK
:INPUT
-j SET --map-set foo src --map-mark;=;OK
:POSTROUTING
-j SET --map-set foot src --map-queue;=;OK
*nat
:PREROUTING
-j SET --add-set foo src;=;OK
*raw
-j SET --add-set bar src,dst;=;OK
