@ipv4
-m ttl --ttl 5;-m ttl --ttl-eq 5;OK
-m ttl --ttl-eq 5;=;OK
-m ttl ! --ttl 5;-m ttl ! --ttl-eq 5;OK
-m ttl ! --ttl-eq 255;=;OK
-m ttl --ttl-lt 5;=;OK
-m ttl --ttl-gt 0;=;OK
-m ttl --ttl-lt 256;;FAIL
-m ttl --ttl-lt 5 --ttl-gt 3;;FAIL
-m ttl --ttl-eq 5 --ttl-eq 6;;FAIL
-m ttl ! --ttl-lt 5;;FAIL
-m ttl ! --ttl-gt 5;;FAIL
-m ttl;;FAIL
@ipv6
-m ttl --ttl 5;;FAIL
