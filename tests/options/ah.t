@ipv4
-p ah -m ah;=;OK
-p ah --ahspi 5;-p ah -m ah --ahspi 5;OK
-p ah -m ah ! --ahspi 5:6;=;OK
-p ah -m ah --ahspi :;-p ah -m ah;OK
-p ah -m ah ! --ahspi :;-p ah -m ah;OK
-p ah -m ah --ahspi 6:5;=;OK
-p ah -m ah --ahspi 4294967296;;FAIL
-p ah --ahspi 5 --ahlen 3;;FAIL
-m ah --ahspi 5;;FAIL
! -p ah -m ah --ahspi 5;;FAIL
@ipv6
-p ah -m ah --ahspi 5;=;OK
-m ah;=;OK
-m ah --ahspi 5;=;OK
-m ah ! --ahspi 5:7;=;OK
-m ah --ahspi 5:6 ! --ahlen 3 --ahres;=;OK
-m ah --ahres --ahlen 24 --ahspi 5;-m ah --ahspi 5 --ahlen 24 --ahres;OK
-m ah ! --ahlen 0;=;OK
-m ah --ahlen 0;-m ah;OK
-m ah --ahlen 4294967296;;FAIL
-m ah ! --ahres;;FAIL
-m ah --ahspi : --ahlen 8;-m ah --ahlen 8;OK
-p tcp -m ah --ahspi 5;=;OK
! -p tcp -m ah --ahspi 5;=;OK
