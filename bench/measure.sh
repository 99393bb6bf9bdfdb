# shellcheck shell=bash disable=SC2154
# (variables come from bench/run.sh)
#
# Measuring for bench/run.sh; sourced.  One line a run in $work/results:
# row program wall cpu pss-kB source-requests destination-requests

# Proportional share of all processes below a pid, the highest seen: often at
# first, for runs that are soon over, then seldom enough that the sampling does
# not slow down what it measures.  What takes too long is ended.
watch_memory()
{
	local root=$1 out=$2 max=0 n=0 began=$SECONDS sum files p
	while kill -0 "$root" 2>/dev/null; do
		files=()
		for p in $(descendants "$root"); do
			files+=("/proc/$p/smaps_rollup")
		done
		sum=$(cat "${files[@]:-/dev/null}" 2>/dev/null |
		    awk '/^Pss:/ { n += $2 } END { print n + 0 }')
		[ "$sum" -le "$max" ] || max=$sum
		echo "$max" >"$out"
		if [ $((SECONDS - began)) -gt "$limit" ]; then
			echo "bench: over $limit seconds"
			end_processes "$root"
		fi
		n=$((n + 1))
		if [ "$n" -lt 20 ]; then sleep 0.04; else sleep 0.25; fi
	done
}

# The programs below a pid; the shell that runs them does not count.
descendants()
{
	local p children=
	read -r children 2>/dev/null <"/proc/$1/task/$1/children" || true
	for p in $children; do
		echo "$p"
		descendants "$p"
	done
}

# End what is below a pid, and the process itself unless it is this shell.
end_processes()
{
	local p
	for p in $(descendants "$1") "$1"; do
		[ "$p" = $$ ] || kill "$p" 2>/dev/null || true
	done
}

requests()
{
	grep -c 'HTTP/1' "$1" || true
}

# measure ROW PROGRAM COMMAND...
measure()
{
	local row=$1 prog=$2 from to times pid watcher
	shift 2
	from=$(requests "$src_log") to=$(requests "$dst_log")
	echo 0 >"$work/pss"
	TIMEFORMAT='%R %U %S'
	{ time { "$@" >"$work/out" 2>&1 & pid=$!
	    watch_memory "$pid" "$work/pss" 2>/dev/null >>"$work/out" &
	    watcher=$!
	    wait "$pid"; }; } 2>"$work/time" ||
	    { echo "bench: $prog failed:" >&2; tail -n 5 "$work/out" >&2
	    exit 1; }
	wait "$watcher" 2>/dev/null || true
	sleep 0.2			# a registry logs what it has answered
	times=$(tail -n 1 "$work/time")
	from=$(($(requests "$src_log") - from))
	to=$(($(requests "$dst_log") - to))
	echo "$row $prog $times $(cat "$work/pss") $from $to" |
	    awk '{ print $1, $2, $3, $4 + $5, $6, $7, $8 }' |
	    tee -a "$work/results" >&2
}

# The median of the numbers on standard input.
median()
{
	sort -n | awk '{ v[NR] = $1 }
	    END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# column ROW PROGRAM N: that of all rounds, N = 0 for the wall time divided by
# that of ace-dt in the same round: a machine that others use too is not equally
# fast for long.
column()
{
	awk -v r="$1" -v p="$2" -v c="$3" '
	    $1 == r && $2 == "ace-dt" { base[++n] = $3 }
	    $1 == r && $2 == p { wall[++m] = $3; v[m] = $c }
	    END {
		for (i = 1; i <= m; i++)
			print c ? v[i] : wall[i] / base[i]
	    }' "$work/results"
}

table()
{
	local row prog c
	echo '| row | program | wall s | CPU s | Pss MiB | source | destination | wall / ace-dt |'
	echo '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |'
	awk '!s[$1, $2]++ { print $1, $2 }' "$work/results" |
	while read -r row prog; do
		echo "$row $prog $(for c in 3 4 5 6 7 0; do
			column "$row" "$prog" "$c" | median
		done | tr '\n' ' ')"
	done | awk '{ printf "| %s | %s | %.2f | %.2f | %.1f | %d | %d | %.2f |\n",
	    $1, $2, $3, $4, $5 / 1024, $6, $7, $8 }'
}
