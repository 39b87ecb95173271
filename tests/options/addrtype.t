-m addrtype --src-type LOCAL;=;OK
-m addrtype --src-type UNSPEC;=;OK
-m addrtype --dst-type UNICAST;=;OK
-m addrtype ! --dst-type ANYCAST;=;OK
-m addrtype ! --src-type local,uni --dst-type unr;-m addrtype ! --src-type UNICAST,LOCAL --dst-type UNREACHABLE;OK
-m addrtype --dst-type U;-m addrtype --dst-type UNSPEC;OK
-m addrtype --dst-type LOCAL,MULTICAST,UNSPEC,UNICAST,ANYCAST;-m addrtype --dst-type UNSPEC,UNICAST,LOCAL,ANYCAST,MULTICAST;OK
-m addrtype --dst-type UNREACHABLE;=;OK
-m addrtype --dst-type LOCAL,LOCAL;-m addrtype --dst-type LOCAL;OK
-m addrtype --dst-type ,LOCAL;;FAIL
-m addrtype --dst-type LOCAL,;;FAIL
-m addrtype --dst-type FOO;;FAIL
-m addrtype --dst-type LOCALE;;FAIL
-m addrtype --dst-type "";;FAIL
-m addrtype --limit-iface-in;;FAIL
-m addrtype;;FAIL
-m addrtype --dst-type LOCAL ! --limit-iface-in;;FAIL
-m addrtype --dst-type LOCAL --dst-type LOCAL;;FAIL
-m addrtype --limit-iface-in --dst-type LOCAL ! --src-type UNICAST;-m addrtype ! --src-type UNICAST --dst-type LOCAL --limit-iface-in;OK
-m addrtype --dst-type LOCAL --limit-iface-out --limit-iface-in;;FAIL
@ipv4
-m addrtype ! --src-type local,UNI,B --dst-type X;-m addrtype ! --src-type UNICAST,LOCAL,BROADCAST --dst-type XRESOLVE;OK
-m addrtype --dst-type UN,MULTICAST,BLACKHOLE,PROHIBIT,THROW,NAT,XRESOLVE,ANYCAST;-m addrtype --dst-type UNSPEC,ANYCAST,MULTICAST,BLACKHOLE,PROHIBIT,THROW,NAT,XRESOLVE;OK
-m addrtype --dst-type BROADCAST;=;OK
@ipv6
-m addrtype --dst-type BLACKHOLE;;FAIL
-m addrtype --dst-type PROHIBIT;;FAIL
-m addrtype --dst-type BROADCAST;;FAIL
-m addrtype --src-type THROW;;FAIL
-m addrtype --src-type LOCAL,NAT;;FAIL
-m addrtype --src-type XRESOLVE;;FAIL
@both
:INPUT
-m addrtype --dst-type LOCAL --limit-iface-in;=;OK
-m addrtype --dst-type LOCAL --limit-iface-out;;FAIL
:FORWARD
-m addrtype --dst-type LOCAL --limit-iface-in;=;OK
-m addrtype --dst-type LOCAL --limit-iface-out;=;OK
:OUTPUT
-m addrtype --dst-type LOCAL --limit-iface-in;;FAIL
-m addrtype --dst-type LOCAL --limit-iface-out;=;OK
*mangle
:PREROUTING
-m addrtype --dst-type LOCAL --limit-iface-in;=;OK
-m addrtype --dst-type LOCAL --limit-iface-out;;FAIL
:POSTROUTING
-m addrtype --dst-type LOCAL --limit-iface-in;;FAIL
-m addrtype --dst-type LOCAL --limit-iface-out;=;OK
