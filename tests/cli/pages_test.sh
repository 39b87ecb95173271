# The pages that the program makes of itself: the rules' page in docs/ is current, the manual is troff, bash takes the
# completion.
. "$TREE/tests/cli/support.sh"

expect 0 "$SALLYPORT" rules list
diff out "$TREE/docs/supported-rules.md" || fail "docs/supported-rules.md is old: sallyport rules list >docs/supported-rules.md"
expect 0 "$SALLYPORT" rules list ttl
says out '### `-m ttl`'
expect 1 "$SALLYPORT" rules list tll
says err 'ttl'

expect 0 "$SALLYPORT" --manual
mv out sallyport.1
says sallyport.1 '.SS sallyport replay'
says sallyport.1 '.B \-R,\-\-rules TEXT'
if command -v groff >/dev/null; then
  groff -man -ww -Tutf8 sallyport.1 2>&1 >page | grep . && fail "groff finds fault with the manual"
  says page 'General Commands Manual'
else
  echo "NOT TESTED: the manual's markup; there is no groff"
fi

expect 0 "$SALLYPORT" --completion
. ./out
complete_words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _sallyport
  echo "${COMPREPLY[*]}"
}
[ "$(complete_words sallyport rep)" = replay ] || fail "rep is not completed"
[ "$(complete_words sallyport rules ch)" = check ] || fail "rules ch is not completed"
[ "$(complete_words sallyport replay --che)" = --checksums ] || fail "--che is not completed"
touch some.rules
[ "$(complete_words sallyport replay -R so)" = some.rules ] || fail "a file is not completed"
