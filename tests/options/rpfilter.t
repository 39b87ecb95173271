# -m rpfilter. Expectations by record.py.
*mangle
:PREROUTING
-m rpfilter;=;OK
-m rpfilter --loose --validmark --accept-local --invert;=;OK
-m rpfilter --invert --accept-local;-m rpfilter --accept-local --invert;OK
-m rpfilter ! --loose;;FAIL
-m rpfilter --loose --loose;;FAIL
*raw
-m rpfilter;=;OK
*nat
-m rpfilter;;FAIL
*filter
:INPUT
-m rpfilter;;FAIL
*mangle
:FORWARD
-m rpfilter;;FAIL
*security
:INPUT
-m rpfilter;;FAIL
@ipv6
*raw
:PREROUTING
-m rpfilter --validmark;=;OK
