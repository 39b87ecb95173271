# -j NOTRACK. Expectations by record.py.
*raw
:PREROUTING
-j NOTRACK;=;OK
*filter
:INPUT
-j NOTRACK;;FAIL
@ipv6
*raw
:OUTPUT
-j NOTRACK;=;OK
