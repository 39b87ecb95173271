# What a replay leaves in its table: in every form, as `conntrack` makes it of the fullest, and as a table to begin with.
. "$TREE/tests/cli/support.sh"
printf '*raw\n-A PREROUTING -p tcp --dport 443 -j CT --zone 5\n-A PREROUTING -p tcp --sport 443 -j CT --zone 5\n-A PREROUTING -p tcp --dport 21 -j CT --helper ftp\nCOMMIT\n' >rules
printf '*mangle\n-A FORWARD -j CONNMARK --set-mark 7\n-A FORWARD -m state --state INVALID -j DROP\nCOMMIT\n' >>rules
sed 's/^\[sysctl\]$/&\n"net.netfilter.nf_conntrack_acct" = 1/' "$TREE/demo/gateway.toml" >host.toml
follow() {
  "$SALLYPORT" replay -R rules -6 rules --host host.toml -r "$CAPTURE" "$@"
}

expect 0 follow --conntrack all --conntrack-format extended,id
[ -s all ] || fail "there are no connections"
grep -q '^ipv6' all || fail "none of them is IPv6's"
grep -q 'zone=5' all || fail "none of them is in a zone"
for form in conntrack extended id xml save json extended,id; do
  expect 0 follow --conntrack replayed --conntrack-format "$form"
  expect 0 "$SALLYPORT" conntrack -L -o "$form" --from all
  cmp replayed out || fail "--conntrack-format $form differs from conntrack -o $form"
done
expect 0 follow --conntrack kernels --conntrack-stats stats
expect 0 "$SALLYPORT" conntrack -L -o nf_conntrack --from all
# Who reads the kernel's own file holds each entry, too.
sed 's/ use=1$/ use=2/' out | cmp - kernels
expect 0 "$SALLYPORT" conntrack -S --from stats
says out "insert="
follow --conntrack - 2>err | "$SALLYPORT" conntrack -C --from - | cmp - <(grep -c . all)
expect 2 follow --conntrack x --conntrack-format yaml
says err '"yaml" is no format'

# No packet passes: the table is as it was put in.
expect 0 follow --conntrack-from all --conntrack again --conntrack-format extended host 192.0.2.254 and port 1
# Nothing is left of what had less than a second left.
awk '$5 != 0' all | sed 's/ id=[0-9]*$//' | cmp - again
head -2 all >twice && head -1 all >>twice && echo 'tcp 6 nonsense' >>twice
expect 3 follow --conntrack-from twice --conntrack again
says err 'twice:3: a connection with one of these addresses and ports is there already'
says err 'twice:4:'
expect 3 follow --conntrack-from not-there
sed -i 's/^"net.netfilter.nf_conntrack_acct" = 1/&\n"net.netfilter.nf_conntrack_max" = 2/' host.toml
expect 3 follow --conntrack-from all
says err 'all:3: there are more connections than net.netfilter.nf_conntrack_max (2) allows'
true
