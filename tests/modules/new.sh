# What `module new` writes builds, and its own test passes.
. "$(dirname "$0")/support.sh" "$@"

for kind in hook match target; do
  sallyport module new "my_$kind" "--$kind"
  cmake -S "my_$kind" -B "my_$kind/build" >"$kind.log"
  cmake --build "my_$kind/build"
  ctest --test-dir "my_$kind/build" --output-on-failure --no-tests=error
done
refused "is there already" sallyport module new my_hook
sallyport module new Bad-Name 2>err && fail "a name that is no word is taken"
grep -qF "small letters" err || fail "it does not say what a name may be: $(cat err)"
