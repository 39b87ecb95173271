-j LOG;=;OK
-j LOG --log-level 0;=;OK
-j LOG --log-level 1;=;OK
-j LOG --log-level 2;=;OK
-j LOG --log-level 3;=;OK
-j LOG --log-level 4;-j LOG;OK
-j LOG --log-level 5;=;OK
-j LOG --log-level 6;=;OK
-j LOG --log-level 7;=;OK
-j LOG --log-level 8;;FAIL
-j LOG --log-level 255;;FAIL
-j LOG --log-level -1;;FAIL
-j LOG --log-level 0x3;-j LOG --log-level 3;OK
-j LOG --log-level 03;-j LOG --log-level 3;OK
-j LOG --log-level +4;-j LOG;OK
-j LOG --log-level 4x;;FAIL
-j LOG --log-level "";;FAIL
-j LOG --log-level debug;-j LOG --log-level 7;OK
-j LOG --log-level info;-j LOG --log-level 6;OK
-j LOG --log-level notice;-j LOG --log-level 5;OK
-j LOG --log-level warning;-j LOG;OK
-j LOG --log-level error;-j LOG --log-level 3;OK
-j LOG --log-level crit;-j LOG --log-level 2;OK
-j LOG --log-level alert;-j LOG --log-level 1;OK
-j LOG --log-level emerg;-j LOG --log-level 0;OK
-j LOG --log-level panic;-j LOG --log-level 0;OK
-j LOG --log-level warn;;FAIL
-j LOG --log-level err;;FAIL
-j LOG --log-level DEBUG;;FAIL
-j LOG --log-level deb;;FAIL
-j LOG --log-prefix abc;=;OK
-j LOG --log-prefix "abc ";=;OK
-j LOG --log-prefix "";;FAIL
-j LOG --log-prefix 12345678901234567890123456789;=;OK
-j LOG --log-prefix 123456789012345678901234567890;-j LOG --log-prefix 12345678901234567890123456789;OK
-j LOG --log-prefix "a\"b";=;OK
-j LOG --log-prefix "a b\\c";=;OK
-j LOG --log-prefix 'x y';;FAIL
-j LOG --log-prefix "a$b:";=;OK
-j LOG --log-prefix a/b.c-d_e;-j LOG --log-prefix "a/b.c-d_e";OK
-j LOG --log-prefix "tab	x";=;OK
-j LOG --log-prefix "semi: ,";=;OK
-j LOG --log-prefix [IPTables];-j LOG --log-prefix "[IPTables]";OK
-j LOG --log-tcp-sequence;=;OK
-j LOG --log-tcp-options;=;OK
-j LOG --log-ip-options;=;OK
-j LOG --log-uid;=;OK
-j LOG --log-macdecode;=;OK
-j LOG --log-macdecode --log-uid --log-ip-options --log-tcp-options --log-tcp-sequence --log-level 3 --log-prefix p;-j LOG --log-prefix p --log-level 3 --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode;OK
-j LOG ! --log-uid;;FAIL
-j LOG --log-uid --log-uid;;FAIL
-j LOG --log-level;;FAIL
-j LOG ! --log-prefix x;;FAIL
-j LOG --log-prefix a --log-prefix b;;FAIL
-j LOG --log-uid 1;;FAIL
-j LOG --log-prefix a --log-level 4 --log-uid;-j LOG --log-prefix a --log-uid;OK
-j LOG --log-t;;FAIL
*raw
:PREROUTING,OUTPUT
-j LOG;=;OK
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j LOG;=;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j LOG;=;OK
*filter
:INPUT,FORWARD,OUTPUT
-j LOG;=;OK
*security
:INPUT,FORWARD,OUTPUT
-j LOG;=;OK
