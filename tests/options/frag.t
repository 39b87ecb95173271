@ipv6
-m frag;=;OK
-m frag --fragid 5;=;OK
-m frag ! --fragid 5:9 --fraglen 8 --fragres --fragfirst --fragmore;=;OK
-m frag --fraglast --fragfirst;-m frag --fragfirst --fraglast;OK
-m frag --fragmore --fraglast;;FAIL
-m frag --fragid :;-m frag;OK
-m frag ! --fragid :;-m frag;OK
-m frag --fragid 9:5;=;OK
-m frag ! --fraglen 0;=;OK
-m frag --fraglen 9;=;OK
-m frag ! --fragres;;FAIL
-m frag --fragid 4294967296;;FAIL
@ipv4
-m frag;;FAIL
