-j NFLOG;=;OK
-j NFLOG --nflog-group 0;-j NFLOG;OK
-j NFLOG --nflog-group 1;=;OK
-j NFLOG --nflog-group 65535;=;OK
-j NFLOG --nflog-group 65536;;FAIL
-j NFLOG --nflog-group -1;;FAIL
-j NFLOG --nflog-group 0x10;-j NFLOG --nflog-group 16;OK
-j NFLOG --nflog-range 0;-j NFLOG;OK
-j NFLOG --nflog-range 64;=;OK
-j NFLOG --nflog-range 4294967295;=;OK
-j NFLOG --nflog-range 4294967296;;FAIL
-j NFLOG --nflog-size 0;=;OK
-j NFLOG --nflog-size 64;=;OK
-j NFLOG --nflog-size 4294967295;=;OK
-j NFLOG --nflog-size 4294967296;;FAIL
-j NFLOG --nflog-threshold 0;-j NFLOG;OK
-j NFLOG --nflog-threshold 1;=;OK
-j NFLOG --nflog-threshold 65535;=;OK
-j NFLOG --nflog-threshold 65536;;FAIL
-j NFLOG --nflog-prefix abc;=;OK
-j NFLOG --nflog-prefix "";;FAIL
-j NFLOG --nflog-prefix "a b";=;OK
-j NFLOG --nflog-prefix aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;=;OK
-j NFLOG --nflog-prefix aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;-j NFLOG --nflog-prefix aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;OK
-j NFLOG --nflog-prefix x --nflog-threshold 3 --nflog-size 9 --nflog-group 4;-j NFLOG --nflog-prefix x --nflog-group 4 --nflog-size 9 --nflog-threshold 3;OK
-j NFLOG --nflog-threshold 3 --nflog-range 9 --nflog-group 4;-j NFLOG --nflog-group 4 --nflog-range 9 --nflog-threshold 3;OK
-j NFLOG --nflog-range 5 --nflog-size 9;;FAIL
-j NFLOG ! --nflog-group 1;;FAIL
-j NFLOG --nflog-group 1 --nflog-group 2;;FAIL
-j NFLOG --nflog-prefix "a\nb";-j NFLOG --nflog-prefix anb;OK
*raw
:PREROUTING,OUTPUT
-j NFLOG;=;OK
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j NFLOG;=;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j NFLOG;=;OK
*filter
:INPUT,FORWARD,OUTPUT
-j NFLOG;=;OK
*security
:INPUT,FORWARD,OUTPUT
-j NFLOG;=;OK
