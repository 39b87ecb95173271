# Of xtables-addons, as TARPIT.
*filter
:INPUT,FORWARD
@ipv4
-p tcp -j DELUDE;=;OK
-j DELUDE;;FAIL
-p udp -j DELUDE;;FAIL
-p tcp -j DELUDE --x;;FAIL
@ipv6
-p tcp -j DELUDE;;FAIL
@ipv4
:OUTPUT
-p tcp -j DELUDE;;FAIL
*mangle
:FORWARD
-p tcp -j DELUDE;;FAIL
