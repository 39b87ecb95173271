# What the tests of the program share. They run in an empty folder of their own; the first thing that is not as
# expected ends them.
set -euo pipefail
rm -rf "$WORK"
mkdir -p "$WORK"
cd "$WORK"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect EXIT_CODE COMMAND...: stdout goes to `out`, stderr to `err`.
expect() {
  local expected=$1 got=0
  shift
  "$@" >out 2>err || got=$?
  [ "$got" -eq "$expected" ] || fail "exit code $got, expected $expected: $* -- $(cat err)"
}

# says FILE TEXT: a line of FILE contains TEXT.
says() {
  grep -qF -- "$2" "$1" || fail "$1 does not say '$2' but: $(cat "$1")"
}

# The demo's rules and gateway over the capture that is given.
gateway() {
  "$SALLYPORT" replay -R "$TREE/demo/gateway.rules" -6 "$TREE/demo/gateway6.rules" --host "$TREE/demo/gateway.toml" "$@"
}
