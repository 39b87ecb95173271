@ipv6
-m hl --hl 5;-m hl --hl-eq 5;OK
-m hl ! --hl 5;-m hl ! --hl-eq 5;OK
-m hl --hl-eq 255;=;OK
-m hl ! --hl-eq 5;=;OK
-m hl --hl-lt 5;=;OK
-m hl --hl-gt 5;=;OK
-m hl --hl-lt 256;;FAIL
-m hl --hl-gt 5 --hl-lt 3;;FAIL
-m hl ! --hl-gt 5;;FAIL
-m hl;;FAIL
@ipv4
-m hl --hl 5;;FAIL
