#!/bin/bash
#
# Every seed through its target once, each in a process of its own, so that one
# that fails hides no other.  The last line says how many there were.
#
#   test/fuzz/replay.sh BUILD NAME ...

set -u
build=$1
shift
cd "$(dirname "$0")/../.." || exit 1
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

inputs=0
bad=0
for name; do
	for seed in test/fuzz/seeds/"$name"/*; do
		inputs=$((inputs + 1))
		timeout 60 "$build/test/fuzz/replay_$name" "$seed" >"$log" 2>&1
		status=$?
		[ "$status" -eq 0 ] && continue
		bad=$((bad + 1))
		echo "fuzz-replay: $seed: status $status"
		tail -n 40 "$log" | sed 's/^/# /'
	done
done
echo "fuzz-replay: $inputs inputs of $# targets, $bad failures"
[ "$bad" -eq 0 ] && [ "$inputs" -gt 0 ]
