# -j CONNMARK. Expectations by record.py.
*mangle
:PREROUTING
-j CONNMARK;;FAIL
-j CONNMARK --set-mark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
-j CONNMARK --set-mark 0x10/0xf;-j CONNMARK --set-xmark 0x10/0x1f;OK
-j CONNMARK --set-xmark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
-j CONNMARK --set-xmark 1/2;-j CONNMARK --set-xmark 0x1/0x2;OK
-j CONNMARK --and-mark 5;-j CONNMARK --set-xmark 0x0/0xfffffffa;OK
-j CONNMARK --or-mark 5;-j CONNMARK --set-xmark 0x5/0x5;OK
-j CONNMARK --xor-mark 5;-j CONNMARK --set-xmark 0x5/0x0;OK
-j CONNMARK --save-mark;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff;OK
-j CONNMARK --save-mark --mask 0xff;-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff;OK
-j CONNMARK --save-mark --nfmask 0xff;-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xffffffff;OK
-j CONNMARK --save-mark --ctmask 0xff;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xff;OK
-j CONNMARK --save-mark --ctmask 0xff --nfmask 0xf;-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff;OK
-j CONNMARK --restore-mark;-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff;OK
-j CONNMARK --restore-mark --mask 0xff;-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff;OK
-j CONNMARK --restore-mark --nfmask 0xff;-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xffffffff;OK
-j CONNMARK --restore-mark --ctmask 0xff;-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xff;OK
-j CONNMARK --restore-mark --mask 0xff --ctmask 0xff;;FAIL
-j CONNMARK --restore-mark --ctmask 0xff --nfmask 0xf;-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xff;OK
-j CONNMARK --mask 0xff;;FAIL
-j CONNMARK --mask 0xff --save-mark;-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff;OK
-j CONNMARK --set-mark 1 --mask 0xff;-j CONNMARK --set-xmark 0x1/0xff;OK
-j CONNMARK --set-mark 1 --save-mark;;FAIL
-j CONNMARK --set-mark 4294967296;;FAIL
-j CONNMARK --left-shift-mark 5;;FAIL
-j CONNMARK --right-shift-mark 5;;FAIL
-j CONNMARK --left-shift-mark 5 --save-mark;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff --left-shift-mark 5;OK
-j CONNMARK --save-mark --left-shift-mark 5;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff --left-shift-mark 5;OK
-j CONNMARK --restore-mark --right-shift-mark 8 --mask 0xff00;-j CONNMARK --restore-mark --nfmask 0xff00 --ctmask 0xff00 --right-shift-mark 8;OK
-j CONNMARK --set-xmark 1/1 --left-shift-mark 4;-j CONNMARK --set-xmark 0x1/0x1 --left-shift-mark 4;OK
-j CONNMARK --set-mark 1/1 --left-shift-mark 4;-j CONNMARK --set-xmark 0x1/0x1 --left-shift-mark 4;OK
-j CONNMARK --restore-mark --left-shift-mark 0;-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff;OK
-j CONNMARK --restore-mark --left-shift-mark 32;;FAIL
-j CONNMARK --restore-mark --left-shift-mark 33;;FAIL
-j CONNMARK --restore-mark --left-shift-mark 256;;FAIL
-j CONNMARK --save-mark --nfmask 0x1 --nfmask 0x2;;FAIL
-j CONNMARK --mask 0xff --set-mark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
-j CONNMARK --set-mark 0x123 --mask 0xff;-j CONNMARK --set-xmark 0x123/0xff;OK
-j CONNMARK --set-xmark 1/3 --mask 0xff;-j CONNMARK --set-xmark 0x1/0xff;OK
-j CONNMARK --set-mark 1/3 --ctmask 0xff;-j CONNMARK --set-xmark 0x1/0xff;OK
-j CONNMARK --set-mark 1/3 --nfmask 0xff;-j CONNMARK --set-xmark 0x1/0x3;OK
-j CONNMARK --nfmask 0xff --ctmask 0xf --set-mark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
-j CONNMARK --and-mark 1 --mask 0xf;-j CONNMARK --set-xmark 0x0/0xf;OK
-j CONNMARK --or-mark 1 --xor-mark 2;;FAIL
-j CONNMARK --set-mark 5 --right-shift-mark 3;-j CONNMARK --set-xmark 0x5/0xffffffff --right-shift-mark 3;OK
-j CONNMARK --save-mark --left-shift-mark 3 --right-shift-mark 3;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff --right-shift-mark 3;OK
-j CONNMARK --save-mark --restore-mark;;FAIL
-j CONNMARK --set-mark 1 --set-xmark 1;;FAIL
-j CONNMARK --save-mark --mask 0x1 --nfmask 3;;FAIL
-j CONNMARK --and-mark 5 --left-shift-mark 2;-j CONNMARK --set-xmark 0x0/0xfffffffa --left-shift-mark 2;OK
-j CONNMARK --set-mark 1/2/3;;FAIL
-j CONNMARK ! --set-mark 1;;FAIL
-j CONNMARK --mark 1;;FAIL
-p tcp -j CONNMARK --set-mark 5 --left-shift-mark 3 --mask 0xff;-p tcp -j CONNMARK --set-xmark 0x5/0xff --left-shift-mark 3;OK
-p tcp -j CONNMARK --left-shift-mark 3 --set-mark 5/1;-p tcp -j CONNMARK --set-xmark 0x5/0x5 --left-shift-mark 3;OK
-p tcp -j CONNMARK --left-shift-mark 3 --set-xmark 5;-p tcp -j CONNMARK --set-xmark 0x5/0xffffffff --left-shift-mark 3;OK
-p tcp -j CONNMARK --left-shift-mark 3 --right-shift-mark 4 --set-xmark 5;-p tcp -j CONNMARK --set-xmark 0x5/0xffffffff --right-shift-mark 4;OK
-p tcp -j CONNMARK --right-shift-mark 4 --left-shift-mark 3 --set-xmark 5;-p tcp -j CONNMARK --set-xmark 0x5/0xffffffff --left-shift-mark 3;OK
-p tcp -j CONNMARK --ctmask 3 --set-xmark 5;-p tcp -j CONNMARK --set-xmark 0x5/0xffffffff;OK
-p tcp -j CONNMARK --ctmask 3 --save-mark;-p tcp -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0x3;OK
-p tcp -j CONNMARK --nfmask 3 --restore-mark --ctmask 5;-p tcp -j CONNMARK --restore-mark --nfmask 0x3 --ctmask 0x5;OK
-p tcp -j CONNMARK --or-mark 5 --ctmask 3;-p tcp -j CONNMARK --set-xmark 0x5/0x3;OK
-p tcp -j CONNMARK --xor-mark 5 --mask 3;-p tcp -j CONNMARK --set-xmark 0x5/0x3;OK
-p tcp -j CONNMARK --set-mark 5 --nfmask 3;-p tcp -j CONNMARK --set-xmark 0x5/0xffffffff;OK
-p tcp -j CONNMARK --and-mark 5/3;;FAIL
-p tcp -j CONNMARK --and-mark 0x100000000;;FAIL
*filter
:INPUT
-j CONNMARK --set-mark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
*nat
:PREROUTING
-j CONNMARK --save-mark;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff;OK
*raw
-j CONNMARK --set-mark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
@ipv6
*filter
:INPUT
-j CONNMARK --set-mark 1;-j CONNMARK --set-xmark 0x1/0xffffffff;OK
