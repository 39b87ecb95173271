# Not in the kernel or iptables themselves but in xtables-addons: the text is that of libxt_TARPIT and libxt_DELUDE.
*filter
:INPUT,FORWARD
-p tcp -j TARPIT;-p tcp -j TARPIT --tarpit;OK
-p tcp -j TARPIT --tarpit;=;OK
-p tcp -j TARPIT --honeypot;=;OK
-p tcp -j TARPIT --reset;=;OK
-p tcp -j TARPIT --tarpit --reset;;FAIL
-p tcp -j TARPIT --x;;FAIL
-j TARPIT;;FAIL
-p udp -j TARPIT;;FAIL
! -p tcp -j TARPIT;;FAIL
:OUTPUT
-p tcp -j TARPIT;;FAIL
*raw
:PREROUTING
-p tcp -j TARPIT;;FAIL
*mangle
:FORWARD
-p tcp -j TARPIT;-p tcp -j TARPIT --tarpit;OK
