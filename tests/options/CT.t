# -j CT. Expectations by record.py.
*raw
:PREROUTING
-j CT;=;OK
-j CT --notrack;=;OK
-j CT --helper ftp;;FAIL
-p tcp -j CT --helper ftp;=;OK
-p udp -j CT --helper ftp;;FAIL
-p udp -j CT --helper sip;=;OK
-p tcp -j CT --helper Q.931;=;OK
-p udp -j CT --helper RAS;=;OK
-p tcp -j CT --helper "ftp x";;FAIL
-p tcp -j CT --helper "";-p tcp -j CT;OK
-p tcp -j CT --helper aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;;FAIL
! -p tcp -j CT --helper ftp;;FAIL
-j CT --ctevents new;=;OK
-j CT --ctevents new,destroy,related,reply,assured,protoinfo,helper,mark,natseqinfo,secmark;-j CT --ctevents new,related,destroy,reply,assured,protoinfo,helper,mark,natseqinfo,secmark;OK
-j CT --ctevents mark,new;-j CT --ctevents new,mark;OK
-j CT --ctevents foo;;FAIL
-j CT --ctevents "";;FAIL
-j CT --ctevents NEW;;FAIL
-j CT --expevents new;=;OK
-j CT --expevents destroy;;FAIL
-j CT --ctevents new --expevents new;=;OK
-j CT --zone 1;=;OK
-j CT --zone 0;-j CT;OK
-j CT --zone 65535;=;OK
-j CT --zone 65536;;FAIL
-j CT --zone mark;=;OK
-j CT --zone foo;;FAIL
-j CT --zone-orig 5;=;OK
-j CT --zone-orig mark;=;OK
-j CT --zone-reply 5;=;OK
-j CT --zone-reply mark;=;OK
-j CT --zone-reply 5 --zone-orig 6;-j CT --zone 6;OK
-j CT --zone 5 --zone-orig 6;-j CT --zone-orig 6;OK
-j CT --zone 5 --zone-orig 5;-j CT --zone-orig 5;OK
-j CT --zone 5 --zone-reply 5;-j CT --zone-reply 5;OK
-p tcp -j CT --zone 5 --helper ftp --ctevents new,mark;-p tcp -j CT --helper ftp --ctevents new,mark --zone 5;OK
-j CT --notrack --zone 5;=;OK
-p tcp -j CT --notrack --helper ftp;=;OK
-j CT --notrack --notrack;;FAIL
-j CT --zone 5 --zone 6;;FAIL
-j CT ! --notrack;;FAIL
-j CT --zone-orig 6 --zone 5;-j CT --zone-orig 5;OK
-j CT --zone-orig mark --zone 5;-j CT --zone-orig mark;OK
-j CT --zone 5 --zone-orig mark;-j CT --zone-orig mark;OK
-j CT --zone mark --zone-orig 5;-j CT --zone-orig mark;OK
-j CT --zone-orig mark --zone-reply mark;-j CT --zone mark;OK
-j CT --zone-orig 0;-j CT;OK
-j CT --zone 0x10;-j CT --zone 16;OK
-j CT --zone MARK;-j CT --zone mark;OK
-j CT --ctevents new,new;-j CT --ctevents new;OK
-j CT --ctevents new,;;FAIL
-p icmp -j CT --helper ftp;;FAIL
-j CT --notrack --helper ftp;=;OK
-j CT --timeout "";-j CT;OK
-p tcp -j CT --helper FTP;;FAIL
-p tcp -j CT --helper tftp;;FAIL
-p udp -j CT --helper tftp;=;OK
-p udp -j CT --helper irc;;FAIL
-p tcp -j CT --helper sip;=;OK
-p tcp -j CT --helper sane;=;OK
-p udp -j CT --helper sane;;FAIL
-p tcp -j CT --helper amanda;;FAIL
-p udp -j CT --helper amanda;=;OK
-p tcp -j CT --helper RAS;;FAIL
-p udp -j CT --helper Q.931;;FAIL
-p tcp -j CT --helper H.245;;FAIL
-p udp -j CT --helper H.245;=;OK
-p tcp -j CT --helper netbios-ns;;FAIL
-p tcp -j CT --helper snmp;;FAIL
-p udp -j CT --helper pptp;;FAIL
-p tcp -j CT --helper snmp_trap;;FAIL
:OUTPUT
-j CT --notrack;=;OK
*filter
:INPUT
-j CT --notrack;;FAIL
*mangle
:PREROUTING
-j CT --notrack;;FAIL
@ipv4
*raw
-p udp -j CT --helper netbios-ns;=;OK
-p tcp -j CT --helper irc;=;OK
-p udp -j CT --helper snmp;=;OK
-p tcp -j CT --helper pptp;=;OK
-p udp -j CT --helper snmp_trap;=;OK
@ipv6
-j CT --zone mark;=;OK
-p tcp -j CT --helper ftp;=;OK
-p udp -j CT --helper netbios-ns;;FAIL
-p udp -j CT --helper ftp;;FAIL
-p tcp -j CT --helper tftp;;FAIL
-p udp -j CT --helper tftp;=;OK
-p tcp -j CT --helper irc;;FAIL
-p udp -j CT --helper irc;;FAIL
-p tcp -j CT --helper sip;=;OK
-p udp -j CT --helper sip;=;OK
-p tcp -j CT --helper sane;=;OK
-p udp -j CT --helper sane;;FAIL
-p tcp -j CT --helper amanda;;FAIL
-p udp -j CT --helper amanda;=;OK
-p tcp -j CT --helper RAS;;FAIL
-p udp -j CT --helper RAS;=;OK
-p tcp -j CT --helper Q.931;=;OK
-p udp -j CT --helper Q.931;;FAIL
-p tcp -j CT --helper H.245;;FAIL
-p udp -j CT --helper H.245;=;OK
-p tcp -j CT --helper netbios-ns;;FAIL
-p tcp -j CT --helper snmp;;FAIL
-p udp -j CT --helper snmp;;FAIL
-p tcp -j CT --helper pptp;;FAIL
-p udp -j CT --helper pptp;;FAIL
-p tcp -j CT --helper snmp_trap;;FAIL
-p udp -j CT --helper snmp_trap;;FAIL
