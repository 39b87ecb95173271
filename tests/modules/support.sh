# What the tests of modules share: Sallyport installed below $work/prefix, and a folder to work in.
# Usage of each: TEST.sh TREE BUILD WORK CXX
set -euo pipefail
umask 022
tree=$1 build=$2 work=$3
export CXX=$4 CMAKE_GENERATOR=Ninja
rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
export CMAKE_PREFIX_PATH=$work/prefix PATH=$work/prefix/bin:$PATH
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# refused TEXT COMMAND...: it answers "no" and says TEXT.
refused() {
  local text=$1 got=0
  shift
  "$@" >out 2>err || got=$?
  [ "$got" -eq 1 ] || fail "exit code $got, expected 1: $* -- $(cat err)"
  grep -qF -- "$text" err || fail "$* does not say '$text' but: $(cat err)"
}
