# Measuring for bench/run.sh; sourced.  One line a run in $work/results:
# row program wall cpu pss-kB requests

# Proportional share of all processes below a pid, the highest seen.  Seldom
# enough that the sampling does not slow down what it measures.
watch_memory()
{
	local root=$1 out=$2 max=0 sum files p
	while kill -0 "$root" 2>/dev/null; do
		files=()
		for p in $(descendants "$root"); do
			files+=("/proc/$p/smaps_rollup")
		done
		sum=$(cat "${files[@]:-/dev/null}" 2>/dev/null |
		    awk '/^Pss:/ { n += $2 } END { print n + 0 }')
		[ "$sum" -le "$max" ] || max=$sum
		echo "$max" >"$out"
		sleep 0.25
	done
}

# The programs below a pid; the shell that runs them does not count.
descendants()
{
	local p
	for p in $(cat "/proc/$1/task/$1/children" 2>/dev/null || true); do
		echo "$p"
		descendants "$p"
	done
}

# measure ROW PROGRAM COMMAND...
measure()
{
	local row=$1 prog=$2 before after times pid watcher
	shift 2
	before=$(grep -c 'HTTP/1' "$dst_log" || true)
	echo 0 >"$work/pss"
	TIMEFORMAT='%R %U %S'
	{ time { "$@" >"$work/out" 2>&1 & pid=$!
	    watch_memory "$pid" "$work/pss" 2>/dev/null & watcher=$!
	    wait "$pid"; }; } 2>"$work/time" ||
	    { echo "bench: $prog failed:" >&2; tail -n 5 "$work/out" >&2
	    exit 1; }
	wait "$watcher" 2>/dev/null || true
	after=$(grep -c 'HTTP/1' "$dst_log" || true)
	times=$(tail -n 1 "$work/time")
	echo "$row $prog $times $(cat "$work/pss") $((after - before))" |
	    awk '{ printf "%s %s %s %s %s %s\n", $1, $2, $3, $4 + $5, $6, $7 }' |
	    tee -a "$work/results" >&2
}

# The median of a column for a row and a program.
median()
{
	awk -v r="$1" -v p="$2" -v c="$3" \
	    '$1 == r && $2 == p { print $c }' "$work/results" | sort -n |
	    awk '{ v[NR] = $1 }
	    END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

table()
{
	local row prog wall base
	printf '%-6s  %-8s  %7s  %7s  %8s  %8s  %s\n' row program 'wall s' \
	    'CPU s' 'Pss MiB' requests 'wall, ratio to ace_dt'
	for row in $(awk '!s[$1]++ { print $1 }' "$work/results"); do
		base=$(median "$row" ace_dt 3)
		for prog in "${programs[@]}"; do
			wall=$(median "$row" "$prog" 3)
			printf '%-6s  %-8s  %7.2f  %7.2f  %8.1f  %8d  %.2f\n' \
			    "$row" "$prog" "$wall" "$(median "$row" "$prog" 4)" \
			    "$(median "$row" "$prog" 5 | awk '{ print $1 / 1024 }')" \
			    "$(median "$row" "$prog" 6)" \
			    "$(awk -v a="$wall" -v b="$base" \
			    'BEGIN { print a / b }')"
		done
	done
}
