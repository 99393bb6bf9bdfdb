#!/bin/bash
#
# Everything that can be checked without running a program.  $1 is a build.

set -u
build=$1
bad=0
fail()
{
	echo "lint: $1" >&2
	bad=1
}

sources=$(git ls-files 'bin/*.[ch]' 'lib/*/*.[ch]' 'tools/*.[ch]' \
    'bench/*.[ch]')

# set -e passes over a command with "!", so such a line tests nothing.
grep -nE '^[[:space:]]+! ' test/*.bats && fail 'a ! in a test: use refute'
mandoc -Tlint -Wwarning man/*.[157] || fail 'a manual page'

# cppcheck reads no header of the system; the lists of queue.h look like wrong C
# to it without.
queue=$(${CC:-cc} -E -include sys/queue.h -x c /dev/null |
    sed -n 's/^# 1 "\(.*queue\.h\)".*/\1/p' | head -n 1)
cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -I. \
    --include="$queue" \
    --enable=warning,portability --inline-suppr -D_GNU_SOURCE \
    -DVERSION='"0"' --suppress=missingIncludeSystem \
    --suppress=varFuncNullUB bin lib tools bench || fail cppcheck

shellcheck -x -S warning scripts/*.sh test/run.sh bench/*.sh examples/*.sh \
    .ci/run ||
    fail shellcheck

# The environment is read in one place.
# shellcheck disable=SC2086
grep -nE '\bgetenv\(' $sources | grep -v '^lib/base/env\.c:\|^bin/' &&
    fail 'getenv() outside of lib/base/env.c'

# A header can be included alone.
headers=$(git ls-files 'bin/*.h' 'lib/*.h' 'tools/*.h')
for header in $headers; do
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -I. \
	    -fsyntax-only -x c "$header" || fail "$header does not stand alone"
done

# at_most MAX WHAT: standard input has no more than MAX lines.  What the house
# wants and does not have everywhere yet is held at as many exceptions as there
# are, so that their number only falls.
at_most()
{
	local max=$1 what=$2 found n=0
	found=$(cat)
	[ -z "$found" ] || n=$(wc -l <<<"$found")
	if [ "$n" -lt "$max" ]; then
		echo "lint: $n $what: lower the limit, $max, in scripts/lint.sh"
	elif [ "$n" -gt "$max" ]; then
		printf '%s\n' "$found" >&2
		echo "lint: $n $what, where $max are allowed" >&2
		return 1
	fi
}
code=$(git ls-files 'bin/*.c' 'lib/*.c' 'tools/*.c')
for file in $code; do
	head -c 2 "$file" | grep -q '/\*' || echo "$file"
done | at_most 0 'files without a head comment' || bad=1

# "static type", then "name(" at the beginning of the next line.
# shellcheck disable=SC2086
awk '/^static / { is_static = 1; next }
    is_static && match($0, /^[a-z_0-9]+\(/) {
	    name = substr($0, 1, RLENGTH - 1)
	    if (!((name, FILENAME) in seen)) {
		    seen[name, FILENAME]; files[name] = files[name] " " FILENAME
		    n[name]++
	    }
    }
    { is_static = 0 }
    END { for (name in n) if (n[name] > 2) print name ":" files[name] }' \
    $code | sort | at_most 0 'static names in more than two files' || bad=1

# shellcheck disable=SC2086
awk 'FNR == 1 { name = "" }
    match($0, /^[a-z_0-9]+\(/) { name = substr($0, 1, RLENGTH - 1); at = FNR }
    /^}/ && name != "" {
	    if (FNR - at >= 60)
		    print FILENAME ":" at ": " name "() has " FNR - at + 1 " lines"
	    name = ""
    }' $code | at_most 1 'functions of more than 60 lines' || bad=1

# Those who call back can be wrong: their functions say what must hold.
# shellcheck disable=SC2086
grep -lE '^[a-z_]+\(.*void \*arg\)$|^    .*void \*arg\)$' $code |
    xargs grep -L '\bassert(' | at_most 1 \
    'files with callbacks and without an assertion' || bad=1

# shellcheck disable=SC2086
grep -E '^(struct|enum) [a-z_0-9]+ \{$' $sources |
    sed 's/^\([^:]*\):\(.*\) {$/\2 \1/' | sort -u |
    awk '{ name = $1 " " $2; files[name] = files[name] " " $3; n[name]++ }
    END { for (name in n) if (n[name] > 1) print name ":" files[name] }' |
    sort | at_most 2 'structs of one name with different members' || bad=1

# shellcheck disable=SC2086
python3 scripts/includes.py $code |
    at_most 0 'includes that are not needed' || bad=1

for file in $sources; do
	expand "$file" | LC_ALL=C.UTF-8 grep -nE '^.{81,}' |
	    sed "s|^\([0-9]*\):.*|$file:\1|"
done | at_most 52 'lines of more than 80 columns' || bad=1

# Functions that are not used here: they cannot be told how much room there is,
# or hide errors.
# shellcheck disable=SC2086
grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|system|popen)\(' \
    $sources && fail 'a banned function'

# Output goes through log.c, stream.c and io.c.
# shellcheck disable=SC2086
grep -nE '\b(errx?|warnx?|perror)\(|fprintf\(stderr' $sources |
    grep -v "^lib/base/log\\.c:" && fail 'output around log.c'

# libjq and libcurl are fenced in.
# shellcheck disable=SC2086
grep -lE '#include <(jv|jq)\.h>' $sources | grep -vxE \
    'lib/(text/json|stream/stream|stream/image|oci/platform|oci/descriptor|oci/manifest|oci/entry)\.h|tools/acedt-filter/match\.c' &&
    fail 'jv.h or jq.h outside of its fence'
# shellcheck disable=SC2086
grep -l '#include <curl/curl.h>' $sources |
    grep -vxE 'lib/http/(http|tls)\.h|lib/http/origin\.c|bench/loop\.c' &&
    fail 'curl.h outside of its fence'

# The folders of lib/, lowest first: each includes only those before it.
order='base text oci stream http registry transfer program'
above=$order
for folder in $above; do
	above=${above#* }
	[ "$folder" != program ] || above=
	for other in $above; do
		grep -sn "#include \"lib/$other/" "lib/$folder"/*.[ch] &&
		    fail "lib/$folder includes lib/$other, which is above it"
	done
	grep -snE '#include "(tools|bin|test)/' "lib/$folder"/*.[ch] &&
	    fail "lib/$folder includes what is not of lib/"
done
for dir in lib/*/; do
	case " $order " in
	*" $(basename "$dir") "*) ;;
	*) fail "$dir has no place in the order of lib/" ;;
	esac
done
[ -z "$(git ls-files 'lib/*.c' 'lib/*.h' | grep -v '^lib/.*/')" ] ||
    fail 'a file of lib/ that is in no folder'

# A tool includes lib/ and its own folder, never another tool's.
for dir in tools/acedt-*; do
	grep -n '#include "tools/' "$dir"/*.[ch] |
	    grep -v "\"$dir/" && fail "$dir includes another tool"
done

awk 'length($0) > 100 { print FILENAME ":" FNR ": longer than 100 characters"
    bad = 1 } END { exit bad }' $sources || fail 'a long line'

for program in ace-dt acedt-filter; do
	readelf -d "$build/$program" | grep -q 'libcurl' &&
	    fail "$program is linked with libcurl"
done
for program in "$build"/ace-dt "$build"/acedt-*; do
	[ -x "$program" ] || continue
	readelf -hW "$program" | grep -q 'Type:.*DYN' ||
	    fail "$program is not position-independent"
	readelf -dW "$program" | grep -q 'BIND_NOW\|NOW' ||
	    fail "$program is not linked with -z now"
	readelf -lW "$program" | grep -q 'GNU_STACK.*RW ' ||
	    fail "$program has an executable stack"
done
[ "$bad" = 0 ] && echo 'lint: nothing found'
exit "$bad"
