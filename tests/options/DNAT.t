# -j DNAT. Expectations by record.py.
*nat
:PREROUTING
-j DNAT;;FAIL
-p tcp -j DNAT --to-destination :80;=;OK
-p tcp -j DNAT --to-destination :80-90;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80/1000;;FAIL
-p tcp -j DNAT --to-destination :80-90/1000;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-90/0;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:80-90/65536;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:90-80;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:ssh-http;;FAIL
-j DNAT --to-destination 1.2.3.4:80;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4 --random-fully;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4 --to-destination 1.2.3.5;;FAIL
-p tcp -j DNAT --to-destination "1.2.3.4 ";;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:;;FAIL
-p udplite -j DNAT --to-destination 1.2.3.4:5;;FAIL
-p all -j DNAT --to-destination 1.2.3.4:5;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:22-23/;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:22-65536;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4: 22;;FAIL
-p tcp -j DNAT --to-destination 01.2.3.4;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.256;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:080;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4:-80;;FAIL
:POSTROUTING
-p tcp -j DNAT --to-destination 1.2.3.4;;FAIL
-p tcp -j DNAT --to-source 1.2.3.4:80-;;FAIL
:INPUT
-p tcp -j DNAT --to-destination 1.2.3.4;;FAIL
*mangle
:PREROUTING
-p tcp -j DNAT --to-destination 1.2.3.4;;FAIL
@ipv4
*nat
-j DNAT --to-destination 1.2.3.4;=;OK
-j DNAT --to 1.2.3.4;-j DNAT --to-destination 1.2.3.4;OK
-j DNAT --to-destination 1.2.3.4-1.2.3.9;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-90;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-90/1000;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-90/ssh;-p tcp -j DNAT --to-destination 1.2.3.4:80-90/22;OK
-p tcp -j DNAT --to-destination 1.2.3.4:0;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:ssh;-p tcp -j DNAT --to-destination 1.2.3.4:22;OK
-p icmp -j DNAT --to-destination 1.2.3.4:80;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4 --random --persistent;=;OK
-p tcp -j DNAT --to-destination 1.2.3.9-1.2.3.4;=;OK
-p tcp -j DNAT --to-destination 0.0.0.0;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-90/5000;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-80/5000;-p tcp -j DNAT --to-destination 1.2.3.4:80/5000;OK
-p tcp -j DNAT --to-destination 1.2.3.4:80-80;-p tcp -j DNAT --to-destination 1.2.3.4:80;OK
-p dccp -j DNAT --to-destination 1.2.3.4:5;=;OK
-p tcp -j DNAT --to-destination 1.2.3.4:+80;-p tcp -j DNAT --to-destination 1.2.3.4:80;OK
:OUTPUT
-p tcp -j DNAT --to-destination 1.2.3.4;=;OK
@ipv6
:PREROUTING
-p tcp -j DNAT --to-destination [2001:db8::1]:80;=;OK
-p tcp -j DNAT --to-destination [2001:db8::1]:80-90/1000;=;OK
-p tcp -j DNAT --to-destination 2001:db8::1;=;OK
-p tcp -j DNAT --to-destination [2001:db8::1];-p tcp -j DNAT --to-destination 2001:db8::1;OK
-p tcp -j DNAT --to-destination [2001:db8::1-2001:db8::2]:80 --persistent --random;-p tcp -j DNAT --to-destination [2001:db8::1-2001:db8::2]:80 --random --persistent;OK
-p tcp -j DNAT --to-destination :80;=;OK
-p tcp -j DNAT --to-destination 2001:db8::1:80;=;OK
-p tcp -j DNAT --to-destination [2001:db8::1]:;;FAIL
-p tcp -j DNAT --to-destination [2001:db8::1;;FAIL
-p tcp -j DNAT --to-destination 1.2.3.4;;FAIL
-p udplite -j DNAT --to-destination [::1]:5;;FAIL
-p tcp -j DNAT --to-destination [::1]-[::2];;FAIL
-p tcp -j DNAT --to-destination ::1-::2;=;OK
-p tcp -j DNAT --to-destination [::1-::2];-p tcp -j DNAT --to-destination ::1-::2;OK
-p tcp -j DNAT --to-destination ::ffff:1.2.3.4;=;OK
-p tcp -j DNAT --to-destination [::1]:80:90;;FAIL
-p tcp -j DNAT --to-destination x[::1]:80;-p tcp -j DNAT --to-destination [::1]:80;OK
-p tcp -j DNAT --to-destination 80;;FAIL
-p tcp -j DNAT --to-destination a:80;;FAIL
