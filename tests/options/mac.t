-m mac --mac-source 00:11:22:33:44:55;=;OK
-m mac ! --mac-source A:b:C:0:1:2;-m mac ! --mac-source 0a:0b:0c:00:01:02;OK
-m mac --mac-source ff:FF:ff:FF:ff:FF;-m mac --mac-source ff:ff:ff:ff:ff:ff;OK
-m mac --mac-source 00:11:22:33:44;;FAIL
-m mac --mac-source 00:11:22:33:44:55:66;;FAIL
-m mac --mac-source 00:11:22:33:44:555;;FAIL
-m mac --mac-source ::::5:6;-m mac --mac-source 00:00:00:00:05:06;OK
-m mac --mac-source 00-11-22-33-44-55;;FAIL
-m mac --mac-source 0g:11:22:33:44:55;;FAIL
-m mac --mac-source 001122334455;;FAIL
-m mac;;FAIL
:FORWARD
-m mac --mac-source 00:11:22:33:44:55;=;OK
:OUTPUT
-m mac --mac-source 00:11:22:33:44:55;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD
-m mac --mac-source 00:11:22:33:44:55;=;OK
:OUTPUT,POSTROUTING
-m mac --mac-source 00:11:22:33:44:55;;FAIL
