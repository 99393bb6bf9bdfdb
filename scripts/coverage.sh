#!/bin/sh
#
# Print the line coverage that a coverage build's tests left.  With
# COVERAGE_MIN=85 less than that is a failure.

set -eu
dir=$1
lcov --quiet --capture --directory "$dir" --base-directory . \
    --output-file "$dir/all.info" 2>"$dir/lcov.log" ||
    { tail -n 5 "$dir/lcov.log" >&2; exit 1; }
lcov --quiet --extract "$dir/all.info" "$PWD/lib/*" "$PWD/tools/*" \
    --output-file "$dir/lines.info" 2>>"$dir/lcov.log"
lcov --list "$dir/lines.info" 2>/dev/null |
    awk -F '|' 'NF > 2 { split($2, r, " "); printf "%-32s %s\n", $1, r[1] }'
total=$(lcov --summary "$dir/lines.info" 2>&1 |
    sed -n 's/^ *lines\.*: \([0-9.]*\)%.*/\1/p')
echo "line coverage of lib/ and tools/: $total %"
if [ -n "${COVERAGE_MIN:-}" ]; then
	awk -v t="$total" -v m="$COVERAGE_MIN" 'BEGIN { exit !(t >= m) }' ||
	    { echo "below $COVERAGE_MIN %" >&2; exit 1; }
fi
