# -j SNAT. Expectations by record.py.
*nat
:POSTROUTING
-j SNAT;;FAIL
-j SNAT --to-source 1.2.3.4:80;;FAIL
-p tcp -j SNAT --to-source :80;=;OK
-p tcp -j SNAT --to-source :80-90;=;OK
-p tcp -j SNAT --to-source 1.2.3.4:;;FAIL
-p tcp -j SNAT --to-source 1.2.3.4:90-80;;FAIL
-p tcp -j SNAT --to-source 1.2.3.4:65536;;FAIL
-p tcp -j SNAT --to-source 1.2.3.4:80:90;;FAIL
-j SNAT --to-source 1.2.3.4 --to-source 1.2.3.5;;FAIL
-j SNAT --to-source 1.2.3;;FAIL
-j SNAT --to-source 1.2.3.0/24;;FAIL
-j SNAT ! --to-source 1.2.3.4;;FAIL
-j SNAT --random;;FAIL
-p tcp -j SNAT --to-source :;;FAIL
-p tcp -j SNAT --to-source "";;FAIL
-p tcp -j SNAT --to-source 1.2.3.4-;;FAIL
-p tcp -j SNAT --to-source 1.2.3.4-:80;;FAIL
-p tcp -j SNAT --to-source -1.2.3.4;;FAIL
-p tcp -j SNAT --to-source 1.2.3.4:80-90/;;FAIL
-p tcp -j SNAT --to-source 1.2.3.4:80-;;FAIL
:PREROUTING
-j SNAT --to-source 1.2.3.4;;FAIL
:OUTPUT
-j SNAT --to-source 1.2.3.4;;FAIL
*filter
:INPUT
-j SNAT --to-source 1.2.3.4;;FAIL
@ipv4
*nat
:POSTROUTING
-j SNAT --to-source 1.2.3.4;=;OK
-j SNAT --to 1.2.3.4;-j SNAT --to-source 1.2.3.4;OK
-j SNAT --to-source 1.2.3.4-1.2.3.9;=;OK
-j SNAT --to-source 1.2.3.4-1.2.3.4;-j SNAT --to-source 1.2.3.4;OK
-j SNAT --to-source 1.2.3.9-1.2.3.4;=;OK
-p tcp -j SNAT --to-source 1.2.3.4:80;=;OK
-p tcp -j SNAT --to-source 1.2.3.4:80-90;=;OK
-p tcp -j SNAT --to-source 1.2.3.4-1.2.3.9:80-90 --random --persistent --random-fully;-p tcp -j SNAT --to-source 1.2.3.4-1.2.3.9:80-90 --random --random-fully --persistent;OK
-p tcp -j SNAT --to-source 1.2.3.4:0;=;OK
-p tcp -j SNAT --to-source 1.2.3.4:ssh;-p tcp -j SNAT --to-source 1.2.3.4:22;OK
-p tcp -j SNAT --to-source 1.2.3.4:80-90/100;-p tcp -j SNAT --to-source 1.2.3.4:80-90/0;OK
-p icmp -j SNAT --to-source 1.2.3.4:80;=;OK
-j SNAT --to-source 0.0.0.0;=;OK
-j SNAT --to-source 1.2.3.4 --persistent;=;OK
-j SNAT --to-source 1.2.3.4 --random;=;OK
-j SNAT --to-source 1.2.3.4 --random-fully;=;OK
:INPUT
-j SNAT --to-source 1.2.3.4;=;OK
@ipv6
:POSTROUTING
-j SNAT --to-source 2001:db8::1;=;OK
-j SNAT --to-source 2001:db8::1-2001:db8::9;=;OK
-p tcp -j SNAT --to-source [2001:db8::1]:80;=;OK
-p tcp -j SNAT --to-source [2001:db8::1-2001:db8::9]:80-90;=;OK
-p tcp -j SNAT --to-source [2001:db8::1];-p tcp -j SNAT --to-source 2001:db8::1;OK
-p tcp -j SNAT --to-source [2001:db8::1]-[2001:db8::9]:80;;FAIL
-p tcp -j SNAT --to-source :80;=;OK
-p tcp -j SNAT --to-source [::]:80;=;OK
-p tcp -j SNAT --to-source []:80;-p tcp -j SNAT --to-source :80;OK
-p tcp -j SNAT --to-source [2001:db8::1]80;-p tcp -j SNAT --to-source 2001:db8::1;OK
-j SNAT --to-source [2001:db8::1]:80;;FAIL
-p tcp -j SNAT --to-source ::1 --random --random-fully --persistent;=;OK
