# The manuals: their examples work as printed, their options are the programs'.

load helper

setup()
{
	own_folder
	new_layout images
	make_app images app-1
	make_app images app-2
	printf 'oci:images:app-1,component=core\noci:images:app-2\n' \
	    >images.list
}

# The commands of a page: lines that begin with "$ ", continued by "> ".
examples()
{
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" |
	    sed -n -e 's/^\$ //p' -e 's/^> //p' | sed 's/\\e/\\/g'
}

@test "every example works as printed" {
	count=0
	for page in "$TOP"/man/*.[157]; do
		examples "$page" >script
		[ -s script ] || { echo "no example in $page"; return 1; }
		rm -rf gathered
		bash -e -o pipefail script >out 2>err || {
			echo "$page:"
			cat script err
			return 1
		}
		count=$((count + $(grep -c . script)))
	done
	[ "$count" -ge 30 ]
}

@test "every option of a program is in its manual, and the other way round" {
	for p in ace-dt-mirror-gather acedt-resolve acedt-fetch acedt-filter \
	    acedt-push acedt-index acedt-check; do
		${p/ace-dt-mirror-gather/ace-dt mirror gather} --help |
		    grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' |
		    sort >has
		sed -n 's/^\.It Fl .*-\([a-z-]*\).*/\1/p' \
		    "$TOP/man/$p.1" >/dev/null
		mandoc -Tascii "$TOP/man/$p.1" | sed 's/.\x08//g' |
		    grep -oE '^ +(-.[^-]*, )?--[a-z-]+' |
		    grep -oE -- '--[a-z-]+' | sort >documented
		diff has documented || { echo "$p"; return 1; }
	done
}

@test "every limit that a manual names is the program's" {
	grep -q "^.It 32 MiB" "$TOP/man/acedt-stream.5"
	grep -q 'STREAM_LINE_MAX[[:space:]]*(32 \* 1024 \* 1024)' \
	    "$TOP/lib/limits.h"
	grep -q '#define HTTP_CALLS_PER_HOST[[:space:]]*32' "$TOP/lib/limits.h"
	grep -q 'RETRY_AFTER_MAX[[:space:]]*120' "$TOP/lib/limits.h"
	grep -q '16 GiB' "$TOP/man/acedt.7"
	grep -q 'define MEMORY_MAX[[:space:]]*(16ULL << 30)' "$TOP/lib/limits.h"
	grep -q 'FILTER_MEMORY_MAX[[:space:]]*(4ULL << 30)' "$TOP/lib/limits.h"
}

@test "the README's commands are those of the Makefile" {
	grep -q '^    make demo' "$TOP/README.md"
	grep -q '^    make check' "$TOP/README.md"
	make -C "$TOP" -n help >/dev/null
}
