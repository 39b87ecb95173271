#!/bin/bash
# Replays a corpus and then runs a fixed number of inputs from a fixed seed: the same inputs every time.
# Usage: run.sh TARGET CORPUS RUNS WORK
set -euo pipefail
target=$1 corpus=$2 runs=$3 work=$4

rm -rf "$work"
mkdir -p "$work/found"
seeds=0
arguments=("$work/found")
if [ -d "$corpus" ]; then
  seeds=$(find "$corpus" -type f | wc -l)
  arguments+=("$corpus")
fi
dictionary=${corpus%/}.dict
[ -f "$dictionary" ] && arguments+=("-dict=$dictionary")

# Seeds count as runs. What is found on the way goes to WORK and is not looked at again.
exec "$target" -seed=1 -runs=$((seeds + runs)) -timeout=20 -rss_limit_mb=2048 -max_len=70000 -print_final_stats=1 \
  -artifact_prefix="$work/" "${arguments[@]}"
