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

# The lines of literal blocks in a page's examples that examples() passes over,
# without those for a registry that does not exist.
not_examples()
{
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" |
	    sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./d;/^[$>] /d;p}' |
	    sed '/^ace-dt mirror gather .*reg\.example\.com/d'
}

@test "every example works as printed" {
	# Two nodes for parallel(1), which are this machine.
	printf ':\n:\n' >nodes
	count=0
	for page in "$TOP"/man/*.[157]; do
		examples "$page" >script
		[ -s script ] || { echo "no example in $page"; return 1; }
		case $page in
		*ace-dt-config.5) ;;	# files are shown too
		*) [ -z "$(not_examples "$page")" ] || {
			echo "not tried: $page:"
			not_examples "$page"
			return 1
		} ;;
		esac
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

# limit NAME: its value in lib/limits.h, as people write it.
limit()
{
	local n
	n=$(printf '#include "lib/limits.h"\n%s\n' "$1" |
	    ${CC:-cc} -E -P -I"$TOP" - | tail -n 1 | tr -d UL)
	[[ $n =~ ^[0-9\ \*\<\(\)]+$ ]] || { echo "$1 is $n" >&2; return 1; }
	n=$((n))
	if [ $((n % (1 << 30))) -eq 0 ]; then
		echo "$((n >> 30)) GiB"
	elif [ $((n % (1 << 20))) -eq 0 ]; then
		echo "$((n >> 20)) MiB"
	elif [ $((n % (1 << 10))) -eq 0 ]; then
		echo "$((n >> 10)) KiB"
	else
		printf "%d\n" "$n" | sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta'
	fi
}

@test "every limit that a manual names is the program's" {
	sed -n '/^\.Sh LIMITS/,/^\.Sh EXIT/s/^\.It //p' \
	    "$TOP/man/acedt-stream.5" >documented
	for names in STREAM_LINE_MAX STREAM_DEPTH_MAX STREAM_VALUES_MAX \
	    MANIFEST_BYTES_MAX IMAGE_MANIFESTS_BYTES_MAX,IMAGE_MANIFESTS_MAX \
	    MANIFEST_VALUES_MAX,MANIFEST_DEPTH_MAX INDEX_DEPTH_MAX \
	    REFERRERS_PAGES_MAX LAYOUT_INDEX_MAX,LAYOUT_ENTRY_VALUES_MAX \
	    LIST_BYTES_MAX,LIST_RECORD_MAX REF_NAME_MAX,REF_TAG_MAX; do
		limit "${names%,*}" >value
		[ "${names#*,}" = "$names" ] || {
			limit "${names#*,}" | sed 's/^/, /' >more
			paste -d '' value more >both
			mv both value
		}
		cat value
	done >has
	diff has documented
	while IFS='|' read -r page text name; do
		grep -qF "${text/N/$(limit "$name")}" "$TOP/man/$page" ||
		    { echo "$page: $name"; return 1; }
	done <<-EOF
	acedt.7|data of one is at most N, of|MEMORY_MAX
	acedt.7|N.|FILTER_MEMORY_MAX
	ace-dt-config.5|is obeyed up to N seconds by all|HTTP_RETRY_AFTER_MAX
	ace-dt-config.5|default, N; at most 1000.|HTTP_CALLS_PER_HOST
	ace-dt-config.5|A pattern has at most N bytes|PATTERN_LENGTH_MAX
	EOF
}

@test "the README's commands are those of the Makefile" {
	grep -q '^    make demo' "$TOP/README.md"
	grep -q '^    make check' "$TOP/README.md"
	make -C "$TOP" -n help >/dev/null
}
