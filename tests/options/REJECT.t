@ipv4
-j REJECT;-j REJECT --reject-with icmp-port-unreachable;OK
-j REJECT --reject-with icmp-net-unreachable;=;OK
-j REJECT --reject-with net-unreach;-j REJECT --reject-with icmp-net-unreachable;OK
-j REJECT --reject-with icmp-host-unreachable;=;OK
-j REJECT --reject-with host-unreach;-j REJECT --reject-with icmp-host-unreachable;OK
-j REJECT --reject-with icmp-proto-unreachable;=;OK
-j REJECT --reject-with proto-unreach;-j REJECT --reject-with icmp-proto-unreachable;OK
-j REJECT --reject-with icmp-port-unreachable;=;OK
-j REJECT --reject-with port-unreach;-j REJECT --reject-with icmp-port-unreachable;OK
-j REJECT --reject-with icmp-net-prohibited;=;OK
-j REJECT --reject-with net-prohib;-j REJECT --reject-with icmp-net-prohibited;OK
-j REJECT --reject-with icmp-host-prohibited;=;OK
-j REJECT --reject-with host-prohib;-j REJECT --reject-with icmp-host-prohibited;OK
-j REJECT --reject-with icmp-admin-prohibited;=;OK
-j REJECT --reject-with admin-prohib;-j REJECT --reject-with icmp-admin-prohibited;OK
-j REJECT --reject-with ICMP-PORT;-j REJECT --reject-with icmp-port-unreachable;OK
-j REJECT --reject-with icmp;-j REJECT --reject-with icmp-net-unreachable;OK
-j REJECT --reject-with n;-j REJECT --reject-with icmp-net-unreachable;OK
-j REJECT --reject-with host;-j REJECT --reject-with icmp-host-unreachable;OK
-j REJECT --reject-with a;-j REJECT --reject-with icmp-admin-prohibited;OK
-j REJECT --reject-with "";-j REJECT --reject-with icmp-net-unreachable;OK
-j REJECT --reject-with tcp-reset;;FAIL
-j REJECT --reject-with t;;FAIL
-j REJECT --reject-with echo-reply;;FAIL
-j REJECT --reject-with echoreply;;FAIL
-j REJECT --reject-with icmp-echo-reply;;FAIL
-j REJECT --reject-with tcp-reset-x;;FAIL
-j REJECT --reject-with icmp6-no-route;;FAIL
-p tcp -j REJECT --reject-with tcp-reset;=;OK
-p tcp -j REJECT --reject-with tcp-rst;-p tcp -j REJECT --reject-with tcp-reset;OK
-p 6 -j REJECT --reject-with TCP-RESET;-p tcp -j REJECT --reject-with tcp-reset;OK
-p tcp -j REJECT --reject-with t;-p tcp -j REJECT --reject-with tcp-reset;OK
! -p tcp -j REJECT --reject-with tcp-reset;;FAIL
-p udp -j REJECT --reject-with tcp-reset;;FAIL
-j REJECT --reject-with;;FAIL
-j REJECT ! --reject-with icmp-port-unreachable;;FAIL
-j REJECT --reject-with icmp-port-unreachable --reject-with icmp-port-unreachable;;FAIL
@ipv6
-j REJECT;-j REJECT --reject-with icmp6-port-unreachable;OK
-j REJECT --reject-with icmp6-no-route;=;OK
-j REJECT --reject-with no-route;-j REJECT --reject-with icmp6-no-route;OK
-j REJECT --reject-with icmp6-adm-prohibited;=;OK
-j REJECT --reject-with adm-prohibited;-j REJECT --reject-with icmp6-adm-prohibited;OK
-j REJECT --reject-with icmp6-addr-unreachable;=;OK
-j REJECT --reject-with addr-unreach;-j REJECT --reject-with icmp6-addr-unreachable;OK
-j REJECT --reject-with icmp6-port-unreachable;=;OK
-j REJECT --reject-with port-unreach;-j REJECT --reject-with icmp6-port-unreachable;OK
-j REJECT --reject-with icmp6-policy-fail;=;OK
-j REJECT --reject-with policy-fail;-j REJECT --reject-with icmp6-policy-fail;OK
-j REJECT --reject-with icmp6-reject-route;=;OK
-j REJECT --reject-with reject-route;-j REJECT --reject-with icmp6-reject-route;OK
-j REJECT --reject-with ICMP6-PO;-j REJECT --reject-with icmp6-port-unreachable;OK
-j REJECT --reject-with icmp6;-j REJECT --reject-with icmp6-no-route;OK
-j REJECT --reject-with a;-j REJECT --reject-with icmp6-adm-prohibited;OK
-j REJECT --reject-with p;-j REJECT --reject-with icmp6-port-unreachable;OK
-j REJECT --reject-with r;-j REJECT --reject-with icmp6-reject-route;OK
-j REJECT --reject-with n;-j REJECT --reject-with icmp6-no-route;OK
-j REJECT --reject-with "";-j REJECT --reject-with icmp6-no-route;OK
-j REJECT --reject-with icmp6-not-neighbour;;FAIL
-j REJECT --reject-with echo-reply;;FAIL
-j REJECT --reject-with icmp-port-unreachable;;FAIL
-j REJECT --reject-with tcp-reset;;FAIL
-j REJECT --reject-with t;;FAIL
-p tcp -j REJECT --reject-with tcp-reset;=;OK
-p tcp -j REJECT --reject-with tcp-rst;;FAIL
! -p tcp -j REJECT --reject-with tcp-reset;;FAIL
-p udp -j REJECT --reject-with tcp-reset;;FAIL
@both
*raw
:PREROUTING,OUTPUT
-j REJECT;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j REJECT;;FAIL
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j REJECT;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
*security
:INPUT,FORWARD,OUTPUT
-j REJECT;;FAIL
