#!/bin/bash
#
# Run all tests with the programs of a build folder: the unit programs, then
# the bats files, several at a time.  The last line is "N passed, N failed".
#
#   test/run.sh BUILD [FILE.bats ...]

set -u
build=$(cd "$1" && pwd) || exit 1
shift
cd "$(dirname "$0")/.." || exit 1

export ACEDT_BUILD=$build
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-120}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
jobs=$(nproc)
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

# What the tests start has TEST_RUN in its environment, and their temporary
# folders are in one of ours: nothing of either may be left at the end.
mkdir -m 1777 "$out/tmp" && chmod 711 "$out" || exit 1
export TMPDIR=$out/tmp TEST_RUN=$out

# The numbers of the processes that are left.
still_running()
{
	grep -lzsxF "TEST_RUN=$out" /proc/[0-9]*/environ | cut -d / -f 3
}

# One line each for what is left; processes are ended.
left_behind()
{
	local pid command
	for _ in $(seq 50); do
		[ -n "$(still_running)" ] || break
		sleep 0.1
	done
	for pid in $(still_running); do
		command=$(tr '\0' ' ' <"/proc/$pid/cmdline") || continue
		kill -KILL "$pid"
		echo "not ok left running: $pid $command"
	done
	find "$out/tmp" -mindepth 1 -maxdepth 1 -printf 'not ok left there: %f\n'
}

units=()
files=("$@")
if [ ${#files[@]} -eq 0 ]; then
	units=("$build"/test/unit/t_*[!.]?)
	files=(test/*.bats)
fi

# Each prints TAP into a file of its own; a program that dies has no plan.
for unit in "${units[@]}"; do
	case $unit in *.o | *.d | *.gcda | *.gcno) continue ;; esac
	name=$(basename "$unit")
	"$unit" >"$out/$name.tap" 2>"$out/$name.err"
	status=$?
	if [ "$status" -ne 0 ] && ! grep -q '^not ok' "$out/$name.tap"; then
		echo "not ok $name ended with status $status" >>"$out/$name.tap"
		sed 's/^/# /' "$out/$name.err" | tail -n 40 >>"$out/$name.tap"
	fi
	printf '%-14s %s checks\n' "$name" "$(grep -c '^ok' "$out/$name.tap")"
	grep '^not ok\|^#' "$out/$name.tap"
done

# Signals that are ignored here, as under nohup or in the background of a script,
# would be so in all programs, and tests send them.
printf '%s\n' "${files[@]}" | env --default-signal=HUP,INT,QUIT,PIPE,TERM \
    xargs -P "$jobs" -I {} sh -c '
	name=$(basename "$1" .bats)
	bats --tap --print-output-on-failure "$1" >"$2/$name.tap" 2>&1 </dev/null ||
	    grep -q "^not ok" "$2/$name.tap" ||
	    echo "not ok $name: bats failed" >>"$2/$name.tap"
	printf "%-14s %s passed\n" "$name" "$(grep -c "^ok" "$2/$name.tap")"
	grep -v "^ok\|^1\.\." "$2/$name.tap"
	:' sh {} "$out"

unset TEST_RUN			# what is started from here on is not meant
left_behind >"$out/left.tap" 2>/dev/null
cat "$out/left.tap"

passed=$(cat "$out"/*.tap | grep -c '^ok')
failed=$(cat "$out"/*.tap | grep -c '^not ok')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
