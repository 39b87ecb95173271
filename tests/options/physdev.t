# -m physdev. Expectations by record.py.
:FORWARD
-m physdev;;FAIL
-m physdev --physdev-in eth0;=;OK
-m physdev ! --physdev-in eth0;=;OK
-m physdev --physdev-in eth+;=;OK
-m physdev --physdev-in +;=;OK
-m physdev --physdev-in "";-m physdev --physdev-in ;OK
-m physdev --physdev-in eth0123456789ab;=;OK
-m physdev --physdev-in eth0123456789abc;;FAIL
-m physdev --physdev-in eth0123456789abcdef;;FAIL
-m physdev --physdev-in "a b";-m physdev --physdev-in a b;OK
-m physdev --physdev-in a/b;=;OK
-m physdev --physdev-out eth0;=;OK
-m physdev --physdev-out eth0 --physdev-is-bridged;=;OK
-m physdev ! --physdev-out eth0 ! --physdev-is-bridged;=;OK
-m physdev --physdev-is-in --physdev-is-out;=;OK
-m physdev ! --physdev-is-in ! --physdev-is-out;=;OK
-m physdev --physdev-is-bridged;=;OK
-m physdev --physdev-is-bridged --physdev-is-out --physdev-is-in --physdev-out b --physdev-in a;-m physdev --physdev-is-in --physdev-in a --physdev-is-out --physdev-out b --physdev-is-bridged;OK
-m physdev ! --physdev-is-bridged;=;OK
-m physdev --physdev-in a --physdev-in b;;FAIL
:INPUT
-m physdev --physdev-in eth0;=;OK
-m physdev --physdev-out eth0;=;OK
-m physdev --physdev-out eth0 --physdev-is-bridged;=;OK
-m physdev --physdev-is-out;=;OK
-m physdev --physdev-is-in;=;OK
-m physdev ! --physdev-is-out;=;OK
-m physdev --physdev-is-bridged;=;OK
:OUTPUT
-m physdev --physdev-in eth0;=;OK
-m physdev --physdev-out eth0;;FAIL
-m physdev --physdev-is-in;=;OK
-m physdev --physdev-is-out;;FAIL
-m physdev ! --physdev-is-out;;FAIL
-m physdev --physdev-is-bridged;=;OK
-m physdev --physdev-out eth0 --physdev-is-bridged;=;OK
-m physdev --physdev-is-out --physdev-is-bridged;=;OK
-m physdev --physdev-out eth0 ! --physdev-is-bridged;;FAIL
-m physdev --physdev-in eth0 --physdev-is-in;-m physdev --physdev-is-in --physdev-in eth0;OK
*mangle
:PREROUTING
-m physdev --physdev-in eth0;=;OK
-m physdev --physdev-out eth0;=;OK
-m physdev --physdev-is-out;=;OK
-m physdev --physdev-is-bridged;=;OK
:POSTROUTING
-m physdev --physdev-in eth0;=;OK
-m physdev --physdev-out eth0;=;OK
-m physdev --physdev-is-in;=;OK
-m physdev --physdev-out eth0 --physdev-is-bridged;=;OK
-m physdev --physdev-is-out;=;OK
