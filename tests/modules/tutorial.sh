# docs/writing-a-module.md, word by word: its files are taken out of it, built and run.
. "$(dirname "$0")/support.sh" "$@"

python3 - "$tree/docs/writing-a-module.md" <<'P'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.M | re.S)
for name, body in blocks:
    open(name, "w", encoding="utf-8").write(body)
names = {name for name, _ in blocks}
assert names == {"syn_counter.cc", "CMakeLists.txt", "build", "syn_counter.scenario", "test"}, names
lines = sum(1 for line in dict(blocks)["syn_counter.cc"].splitlines() if line.strip())
assert lines <= 40, f"the module has {lines} lines"
P
mv build build.sh
bash -euo pipefail build.sh >info
grep -q '^syn_counter ' info || fail "module info says: $(cat info)"
bash -euo pipefail test

# The test can fail.
if sallyport test --module build/syn_counter.so:limit=3 syn_counter.scenario >/dev/null 2>&1; then
  fail "the scenario passes with another limit"
fi
