# The manuals and the README: what they show works as printed, and the options
# are the programs'.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	start_registry EXAMPLE
}

teardown_file()
{
	stop_servers
}

# A registry on loopback takes the place of reg.example.com, and of
# far.example.net.
setup()
{
	own_folder
	new_layout images
	make_app images app-1
	make_app images app-2
	printf 'oci:images:app-1,component=core\noci:images:app-2\n' \
	    >images.list
	push_layout images app-1 "$EXAMPLE_HOST" library/source1:latest
	push_layout images app-2 "$EXAMPLE_HOST" library/source2:latest
	cat >example.yaml <<-EOF
	registryConfig:
	  registries:
	    reg.example.com: {endpoints: ["http://$EXAMPLE_HOST"]}
	    far.example.net: {endpoints: ["http://$EXAMPLE_HOST"]}
	EOF
	export ACE_DT_CONFIG=$PWD/example.yaml
}

# literals PAGE: its literal blocks, into the files block.01, block.02, …
literals()
{
	rm -f block.*
	awk '/^\.Bd -literal/ { block = sprintf("block.%02d", ++n) }
	    /^\.Ed/ { block = "" }
	    block != "" && !/^\.Bd/ { print >block }' "$1"
	sed -i 's/\\e/\\/g' block.*
}

# commands FILE: lines that begin with "$ ", continued by "> ".
commands()
{
	sed -n -e 's/^\$ //p' -e 's/^> //p' "$1"
}

# readme HEADING: the indented lines below it.
readme()
{
	sed -n "/^## $1\$/,/^## /s/^    //p" "$TOP/README.md"
}

# The streams of acedt-stream(5) leave out what does not matter.
stream_is_read()
{
	sed -e 's/,…//' -e "s/sha256:…/sha256:$(printf '%064d' 0)/" "$1" |
	    acedt-filter | tail -n 1 | grep -qx '{"type":"end","images":1}'
}

# The list of ace-dt-mirror-gather(1), with the digest that source2 has.
list_is_read()
{
	sed "s/sha256:[0-9a-f]*…/$(layout_digest images app-2)/" "$1" >list
	run -0 ace-dt mirror gather list oci:ship:1
	[[ $output == *"gathered 3 images"* ]]
}

config_is_read()
{
	run -0 --separate-stderr ace-dt config --config "$1"
	[ -z "$stderr" ]
	grep -q "^# $1, found by --config" <<<"$output"
}

# as_printed BLOCK: it is read as what it shows, or is added to the script.
as_printed()
{
	case $(cat "$1") in
	'$ '*)
		refute grep -v '^[$>] ' "$1"
		commands "$1" >>script
		;;
	'{"type":"acedt-stream"'*) stream_is_read "$1" ;;
	'# what the ship needs'*) list_is_read "$1" ;;
	registryConfig:*) config_is_read "$1" ;;
	'~/.config/containers/certs.d'*) ;;	# names of folders
	*) cat "$1" >>script ;;
	esac
}

@test "everything literal in a manual works as printed" {
	# Two nodes for parallel(1), which are this machine.
	printf ':\n:\n' >nodes
	# The disk of acedt-guide(7) is mounted.
	mkdir disk
	count=0
	for page in "$TOP"/man/*.[157]; do
		: >script
		literals "$page"
		for block in block.*; do
			# What is printed is seen if the test fails.
			echo "${page##*/}: $block:"
			cat "$block"
			as_printed "$block"
		done
		[ -s script ]
		rm -rf gathered
		bash -e -o pipefail script
		count=$((count + $(grep -c . script)))
	done
	[ "$count" -ge 50 ]
	verify_registry "$EXAMPLE_HOST" project/repo sync-45
	# The two weeks of acedt-guide(7).
	[ "$(wc -l <disk/table)" -eq 2 ]
	for week in week-45 week-46; do
		verify_layout disk/images "$week"
		verify_registry "$EXAMPLE_HOST" mission/images "$week"
	done
	verify_layout disk/again week-46
	grep -q '^oci:disk/images:week-[0-9]*@sha256:' result
}

# fails STATUS COMMAND...: it does; what it says is kept.
fails()
{
	local status=$1
	shift
	run "-$status" "$@"
	printf '%s\n' "$output" >>said
}

# too_large: a manifest in the registry whose layer fits on no disk.
too_large()
{
	local child
	child=$(layout_blob images "$(layout_digest images app-1)" |
	    jq -r '.manifests[0].digest')
	layout_blob images "$child" |
	    jq -jc '.layers[1].size = 1125899906842624' >large.json
	curl -fsS -X PUT -H "Content-Type: $OCI_MANIFEST" --data-binary \
	    @large.json \
	    "http://$EXAMPLE_HOST/v2/library/source1/manifests/large"
	echo "$EXAMPLE_HOST/library/source1:large" >large.list
}

@test "the guide names parts of messages as the programs write them" {
	sed -n '/^\.Sh WHEN IT FAILS/,/^\.Sh SINGLE/s/^\.It Ql //p' \
	    "$TOP/man/acedt-guide.7" >named
	[ "$(wc -l <named)" -ge 8 ]
	htpasswd -Bbn ann s3cret-pw >htpasswd
	start_registry LOCK "$PWD/htpasswd"
	config_plain_http "$EXAMPLE_HOST" "$LOCK_HOST"
	printf 'oci:images:app-1\n' >images.list
	echo reg.example.com >wrong.list
	fails 2 ace-dt mirror gather wrong.list oci:out:1
	echo "$EXAMPLE_HOST/library/source3" >gone.list
	fails 1 ace-dt mirror gather gone.list oci:out:1
	echo localhost:1/a/b >away.list
	fails 1 ace-dt mirror gather away.list oci:out:1
	echo "$LOCK_HOST/a/b" >lock.list
	fails 1 ace-dt mirror gather lock.list oci:out:1
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$LOCK_HOST" \
	    "$(printf ann:wrong | base64)" >auth.json
	fails 1 env REGISTRY_AUTH_FILE="$PWD/auth.json" \
	    ace-dt mirror gather lock.list oci:out:1
	too_large
	fails 1 ace-dt mirror gather large.list oci:out:1
	fails 4 ace-dt mirror gather images.list oci:images:app-1
	cp -r images locked
	exec 7<locked
	flock 7
	fails 4 ace-dt mirror gather images.list oci:locked:1 --stall-time 1
	exec 7<&-
	cat said
	while read -r part; do
		echo "part: $part"
		grep -qF "$part" said
	done <named
}

@test "the recipe for many machines loses no part when a node is down" {
	literals "$TOP/man/acedt.7"
	commands "$(grep -l '^\$ split' block.*)" >recipe
	grep -q '^acedt-index --images ' recipe
	[ "$(tail -n 1 recipe)" = oci:gathered:nodes ]
	# The node of the second part is not reached, and leaves no stream.
	mkdir bin
	cat >bin/parallel <<-'EOF'
	#!/bin/bash
	while [ $# -gt 0 ] && [ "$1" != ::: ]; do
		job=$1
		shift
	done
	echo "${job//\{\}/$2}" | bash
	exit 1
	EOF
	chmod +x bin/parallel
	# Without -e: as if typed by somebody who reads no message.
	PATH=$PWD/bin:$PATH run -3 bash recipe
	[[ $output == *"1 image came, and --images says 2; nothing was published"* ]]
	[ -e part.aa.stream ]
	[ -z "$(layout_digest gathered nodes)" ]
}

@test "the README's pipeline by hand is what --print shows, and runs" {
	readme "Quick start" | sed -n '/^#/,/^\$ ace-dt/{/^\$/d;p}' >demo.list
	[ "$(wc -l <demo.list)" -eq 3 ]
	command=$(readme "Quick start" | sed -n 's/^\$ \(ace-dt .*\)/\1/p')
	readme "The stages" >by-hand
	bash -c "$command --print" | diff by-hand -
	bash -e -o pipefail by-hand >result
	verify_layout disk sync-1
	bash -c "$command" | cmp result -
}

@test "the README's journey works as printed" {
	readme "The journey" | sed -n 's/^\$ //p' >journey
	[ "$(wc -l <journey)" -eq 4 ]
	bash -e journey
	verify_layout disk week-45
	verify_registry "$EXAMPLE_HOST" mission/images week-45
}

@test "the README's check of access works as printed" {
	command=$(readme Registries | sed -n 's/^\$ //p')
	echo reg.example.com/library/source1 >images.list
	run -0 bash -c "$command"
	[[ $output == *"reg.example.com "*ok*"1 of 1 read"* ]]
	[[ $output == *"reg.example.com/all "*ok*"may be written"* ]]
}

# documented_options PAGE [SECTION]: the long options that its lists explain.
documented_options()
{
	awk -v section="${2:-}" '/^\.Sh / { inside = index($0, section) > 0 }
	    section == "" || inside' "$TOP/man/$1" |
	    sed -nE 's/^\.It Fl ([a-zA-Z] .*, (Fl )?)?-([a-z-]+).*/--\3/p' |
	    sort
}

# synopsis_options PAGE: each option as the synopsis has it, short or long.
synopsis_options()
{
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$TOP/man/$1" |
	    grep -oE 'Fl [a-zA-Z-]+' | sed 's/^Fl //' | while read -r flag; do
		case $flag in
		-*) echo "-$flag" ;;
		*) grep -o . <<<"$flag" | sed 's/^/-/' ;;
		esac
	done | sort -u
}

@test "every option of a program is in its manual or among the common ones, and the other way round" {
	documented_options acedt.7 "COMMON OPTIONS" >common
	[ "$(uniq common | wc -l)" -ge 10 ]
	: >used
	for p in ace-dt ace-dt-mirror-gather ace-dt-mirror-list acedt-resolve acedt-fetch \
	    acedt-filter acedt-push acedt-index acedt-check acedt-list \
	    acedt-show; do
		echo "$p"
		${p/ace-dt-mirror-/ace-dt mirror } --help |
		    grep -oE '^ +(-., )?--[a-z-]+' >help
		grep -oE -- '--[a-z-]+' help | sort >has
		documented_options "$p.1" >own
		[ -s has ]
		# Those of acedt-list are all common.
		[ -s own ] || [ "$p" = acedt-list ]
		# What is common is not said twice.
		comm -12 own common >twice
		[ ! -s twice ]
		comm -12 has common >>used
		comm -12 has common | sort -u - own | diff has -
		grep -q '^\.Sy COMMON OPTIONS' "$TOP/man/$p.1"
		[ "$p" != ace-dt ] || continue
		sed -E 's/^ +//; s/, .*//' help | grep -vx -e -h -e --version |
		    sort >usage
		synopsis_options "$p.1" | diff usage -
	done
	sort -u used | diff common -
}

# limit NAME: its value in lib/base/limits.h, as people write it.
limit()
{
	local n
	n=$(printf '#include "lib/base/limits.h"\n%s\n' "$1" |
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
	acedt.7|data of a program is at most N;|MEMORY_MAX
	acedt.7|is at most N.|FILTER_MEMORY_MAX
	ace-dt-config.5|is obeyed up to N seconds by all|HTTP_RETRY_AFTER_MAX
	ace-dt-config.5|The default, 0, means N; the maximum is 1000.|HTTP_CALLS_PER_HOST
	ace-dt-config.5|A pattern has at most N bytes|PATTERN_LENGTH_MAX
	EOF
}

@test "the README's commands are those of the Makefile" {
	grep -q '^    make demo' "$TOP/README.md"
	grep -q '^    make check' "$TOP/README.md"
	grep -oE '(^ +|`)(sudo )?make [a-z][a-z-]*' "$TOP/README.md" |
	    sed 's/.*make //' | sort -u >named
	[ "$(wc -l <named)" -ge 9 ]
	while read -r target; do
		grep -qE "^$target:" "$TOP/Makefile" "$TOP/test/fuzz/fuzz.mk" ||
		    { echo "make $target"; return 1; }
	done <named
}

@test "what the README and the manuals lead to is there" {
	grep -oE '\]\([^)]*\)' "$TOP/README.md" "$TOP/DESIGN.md" |
	    sed 's/.*(\(.*\))/\1/' | sort -u >links
	[ "$(wc -l <links)" -ge 5 ]
	while read -r file; do
		[ -e "$TOP/$file" ] || { echo "$file"; return 1; }
	done <links
	{
		sed -nE 's/^\.Xr (ace[^ ]*) ([1-8]).*/\1.\2/p' "$TOP"/man/*
		grep -ohE '\b(ace-?dt[a-z-]*)\([157]\)' "$TOP"/*.md "$TOP"/doc/*.md |
		    sed -E 's/\((.)\)/.\1/'
	} | sort -u >pages
	ls "$TOP/man" | sort | diff pages -
	# Files of the code, and functions.
	cd "$TOP"
	grep -ohE '`[A-Za-z_/-]+\.[chp][y]?`' README.md DESIGN.md | tr -d '`' |
	    sort -u >"$BATS_TEST_TMPDIR/files"
	grep -ohE '`[a-z_]+\(\)`' README.md DESIGN.md | tr -d '`()' |
	    sort -u >"$BATS_TEST_TMPDIR/functions"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/files")" -ge 20 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/functions")" -ge 15 ]
	while read -r file; do
		[ -n "$(find ./bin ./lib ./tools ./test -path "*/$file")" ] ||
		    { echo "$file"; return 1; }
	done <"$BATS_TEST_TMPDIR/files"
	while read -r name; do
		grep -rqw "$name" bin lib tools test ||
		    { echo "$name()"; return 1; }
	done <"$BATS_TEST_TMPDIR/functions"
}

@test "the prose keeps to the words of STYLE" {
	cd "$TOP"
	grep -nwiE 'behind|ditto|anew|so (long|many|much)|(is|are) no|stands' \
	    man/*.[157] README.md DESIGN.md doc/*.md |
	    grep -vE 'there (is|are) no|stands? for|(is|are) no (longer|more)' \
	    >"$BATS_TEST_TMPDIR/found" || true
	cat "$BATS_TEST_TMPDIR/found"
	[ ! -s "$BATS_TEST_TMPDIR/found" ]
	# What it looks for would be found.
	grep -qwiE 'behind' STYLE.md
}

@test "the manuals fit into 80 columns, without a warning" {
	cd "$TOP"
	mandoc -Tlint -Wwarning man/*.[157]
	for page in man/*.[157]; do
		mandoc -Tutf8 -Owidth=80 "$page" | sed 's/.\x08//g' \
		    >"$BATS_TEST_TMPDIR/shown"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/shown")" -ge 30 ]
		echo "$page"
		refute grep '.\{81\}' "$BATS_TEST_TMPDIR/shown"
	done
}
