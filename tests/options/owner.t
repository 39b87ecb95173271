# -m owner. Expectations by record.py.
:OUTPUT
-m owner;;FAIL
-m owner --uid-owner 0;=;OK
-m owner --uid-owner root;-m owner --uid-owner 0;OK
-m owner ! --uid-owner daemon;-m owner ! --uid-owner 1;OK
-m owner --uid-owner 1-5;=;OK
-m owner --uid-owner 5-1;;FAIL
-m owner --uid-owner 5-5;-m owner --uid-owner 5;OK
-m owner --uid-owner 1-;;FAIL
-m owner --uid-owner -5;;FAIL
-m owner --uid-owner 4294967295;;FAIL
-m owner --uid-owner 4294967294;=;OK
-m owner --uid-owner 0-4294967294;=;OK
-m owner --gid-owner 0;=;OK
-m owner --gid-owner adm;-m owner --gid-owner 4;OK
-m owner ! --gid-owner 1-5;=;OK
-m owner --gid-owner 5 --suppl-groups;=;OK
-m owner --suppl-groups;;FAIL
-m owner --uid-owner 5 --suppl-groups;;FAIL
-m owner --socket-exists;=;OK
-m owner ! --socket-exists;=;OK
-m owner --socket-exists --gid-owner 3 --uid-owner 3 --suppl-groups;-m owner --socket-exists --uid-owner 3 --gid-owner 3 --suppl-groups;OK
-m owner --uid-owner 1 --uid-owner 2;;FAIL
-m owner --pid-owner 1;;FAIL
-m owner --uid-owner 0x10;-m owner --uid-owner 16;OK
-m owner --uid-owner 010;-m owner --uid-owner 8;OK
-m owner --uid-owner 1:5;-m owner --uid-owner 1-5;OK
:INPUT
-m owner --uid-owner 0;;FAIL
:FORWARD
-m owner --uid-owner 0;;FAIL
*mangle
:POSTROUTING
-m owner --uid-owner 0;=;OK
:PREROUTING
-m owner --uid-owner 0;;FAIL
*nat
:POSTROUTING
-m owner --uid-owner 0;=;OK
