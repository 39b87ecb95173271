# What `module new` writes builds, and its own test passes.
. "$(dirname "$0")/support.sh" "$@"

for kind in hook match target; do
  sallyport module new "my_$kind" "--$kind"
  cmake -S "my_$kind" -B "my_$kind/build" >"$kind.log"
  cmake --build "my_$kind/build"
  ctest --test-dir "my_$kind/build" --output-on-failure --no-tests=error
  (cd "my_$kind" && sallyport module test "build/my_$kind.so" >tap)
  grep -q '^ok 1' "my_$kind/tap" || fail "module test says: $(cat "my_$kind/tap")"
done
refused "is there already" sallyport module new my_hook
sallyport module new Bad-Name 2>err && fail "a name that is no word is taken"
grep -qF "small letters" err || fail "it does not say what a name may be: $(cat err)"
