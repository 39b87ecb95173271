# -m set. Expectations by record.py.
+ipset create foo hash:ip skbinfo
+ipset create bar hash:ip,port
+ipset create foot hash:ip timeout 60 counters skbinfo
-m set;;FAIL
-m set --match-set bar src,foo;;FAIL
-m set --match-set bar src,dst,src,dst,src,dst,src;;FAIL
-m set --match-set foo;;FAIL
-m set --match-set foo src ! --return-nomatch;;FAIL
-m set --match-set foo src --packets-gt 5 --packets-lt 10;;FAIL
-m set --match-set foo src ! --packets-gt 5;;FAIL
-m set --match-set foo src --match-set bar src,dst;;FAIL
-m set --match-set foo SRC;;FAIL
-m set --match-set "" src;;FAIL
-m set --match-set foo src,;;FAIL
-m set --match-set foo "";;FAIL
-m set --match-set foo src --packets-eq 5 --packets-eq 6;;FAIL
-m set --match-set foo src --packets-eq x;;FAIL
@ipv4
-m set --match-set foo src;=;OK
-m set ! --match-set foo src;=;OK
-m set --match-set foo dst;=;OK
-m set --match-set bar src,dst;=;OK
-m set --match-set bar src,dst,src,dst,src,dst;=;OK
-m set --match-set foo src --return-nomatch;=;OK
-m set --match-set foo src ! --update-counters;=;OK
-m set --match-set foo src --update-counters;-m set --match-set foo src;OK
-m set --match-set foo src ! --update-subcounters;=;OK
-m set --match-set foo src --packets-eq 5;=;OK
-m set --match-set foo src ! --packets-eq 5;=;OK
-m set --match-set foo src --packets-lt 5;=;OK
-m set --match-set foo src --packets-gt 5;=;OK
-m set --match-set foo src --bytes-eq 5;=;OK
-m set --match-set foo src ! --bytes-eq 5 ! --packets-eq 3;-m set --match-set foo src ! --packets-eq 3 ! --bytes-eq 5;OK
-m set --match-set foo src --bytes-lt 5 --packets-gt 3 --return-nomatch ! --update-counters;-m set --match-set foo src --return-nomatch ! --update-counters --packets-gt 3 --bytes-lt 5;OK
-m set --match-set foo src --bytes-gt 18446744073709551615;=;OK
-m set --match-set foo src -m set --match-set bar src,dst;=;OK
-m set --set foo src;-m set --match-set foo src;OK
-m set --return-nomatch --match-set foo src;-m set --match-set foo src --return-nomatch;OK
-m set --match-set foo src --return-nomatch --return-nomatch;-m set --match-set foo src --return-nomatch;OK
-m set ! --update-counters --match-set foo src;-m set --match-set foo src ! --update-counters;OK
-m set --match-set foo src ! --update-counters --update-counters;-m set --match-set foo src ! --update-counters;OK
-m set --match-set foo src --packets-eq 0x10;-m set --match-set foo src --packets-eq 16;OK
-m set --match-set foo src ! --update-subcounters ! --update-counters --return-nomatch --bytes-gt 0;-m set --match-set foo src --return-nomatch ! --update-counters ! --update-subcounters --bytes-gt 0;OK
