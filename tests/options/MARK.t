-j MARK;;FAIL
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
-j MARK --set-mark 1/2;-j MARK --set-xmark 0x1/0x3;OK
-j MARK --set-xmark 1/2;-j MARK --set-xmark 0x1/0x2;OK
-j MARK --set-mark 0xffffffff/0xffffffff;-j MARK --set-xmark 0xffffffff/0xffffffff;OK
-j MARK --set-mark 4294967296;;FAIL
-j MARK --set-mark 1/4294967296;;FAIL
-j MARK --set-mark -1;;FAIL
-j MARK --set-mark 1/;;FAIL
-j MARK --set-mark /1;;FAIL
-j MARK --set-mark 010;-j MARK --set-xmark 0x8/0xffffffff;OK
-j MARK --and-mark 0xf0;-j MARK --set-xmark 0x0/0xffffff0f;OK
-j MARK --and-mark 0;-j MARK --set-xmark 0x0/0xffffffff;OK
-j MARK --and-mark 0xffffffff;-j MARK --set-xmark 0x0/0x0;OK
-j MARK --or-mark 0xf0;-j MARK --set-xmark 0xf0/0xf0;OK
-j MARK --xor-mark 0xf0;-j MARK --set-xmark 0xf0/0x0;OK
-j MARK --and-mark 1/2;;FAIL
-j MARK --or-mark +1;-j MARK --set-xmark 0x1/0x1;OK
-j MARK --set-mark 1 --or-mark 2;;FAIL
-j MARK --set-xmark 1 --and-mark 1;;FAIL
-j MARK --set-mark 1 --set-mark 2;;FAIL
-j MARK ! --set-mark 1;;FAIL
-j MARK --set-xmark 0/0;-j MARK --set-xmark 0x0/0x0;OK
-j MARK --set-xmark 0;-j MARK --set-xmark 0x0/0xffffffff;OK
-j MARK --set-mark 0x;;FAIL
-j MARK --set-mark 1x;;FAIL
*raw
:PREROUTING,OUTPUT
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
*filter
:INPUT,FORWARD,OUTPUT
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
*security
:INPUT,FORWARD,OUTPUT
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
