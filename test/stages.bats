# Each program alone, on streams that were saved, cut, joined or made up.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images app-1 amd64 arm64
	make_app images app-2 amd64 arm/v7
	make_image images amd64 single | tag_layout images single
	printf 'oci:%s/images:%s\n' "$PWD" app-1 "$PWD" app-2 >list
	acedt-resolve list >resolved
	acedt-fetch <resolved >fetched
	acedt-fetch --roots <resolved >roots
	export FILES=$PWD
}

teardown()
{
	stop_servers
}

@test "resolve: one record a line of the list, with a digest" {
	[ "$(head -n 1 "$FILES/resolved")" = "$HEADER" ]
	[ "$(tail -n 1 "$FILES/resolved")" = '{"type":"end","images":2}' ]
	d=$(layout_digest "$FILES/images" app-1)
	sed -n 2p "$FILES/resolved" | jq -e --arg d "$d" \
	    --arg s "oci:$FILES/images:app-1" '.type == "image" and
	    .line == 1 and .file == "list" and .source == $s and
	    .descriptor.digest == $d and .descriptor.size > 0'
}

@test "fetch: every manifest below, bytes and all, in a fixed order" {
	sed -n 2p "$FILES/fetched" | jq -c '.manifests[]' >m
	[ "$(wc -l <m)" -eq 3 ]
	while read -r line; do
		want=$(jq -r .digest <<<"$line")
		got=$(jq -r .data <<<"$line" | base64 -d | sha256sum)
		[ "$want" = "sha256:${got%% *}" ]
		[ "$(jq -r .data <<<"$line" | base64 -d | wc -c)" -eq \
		    "$(jq -r .size <<<"$line")" ]
	done <m
	head -n 1 m | jq -e '.mediaType | contains("index")'
	for n in 1 2 3; do
		acedt-fetch <"$FILES/resolved" | cmp - "$FILES/fetched"
	done
}

@test "fetch: what a record has is not asked for again" {
	mv "$FILES/images" "$FILES/images.away"
	mkdir "$FILES/images"
	cp "$FILES/images.away/oci-layout" "$FILES/images/"
	run acedt-fetch <"$FILES/fetched"
	rm -r "$FILES/images"
	mv "$FILES/images.away" "$FILES/images"
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat "$FILES/fetched")" ]
}

@test "fetch --roots: the root only, and a single image's platform" {
	sed -n 2p "$FILES/roots" | jq -e '(.manifests | length) == 1'
	echo "oci:$FILES/images:single" | acedt-resolve - |
	    acedt-fetch --roots | sed -n 2p |
	    jq -e '.platform == {architecture: "amd64", os: "linux"}'
	run -2 acedt-fetch --roots -r </dev/null
}

@test "filter: labels, jq expressions, platforms" {
	printf 'oci:%s/images:app-1,a=1,b=2\noci:%s/images:app-2,a=1\n' \
	    "$FILES" "$FILES" >list
	acedt-resolve list | acedt-fetch --roots >s
	[ "$(acedt-filter -l a=1 <s | tail -n 1)" = '{"type":"end","images":2}' ]
	[ "$(acedt-filter -l a=1 -l b=2 <s | tail -n 1)" = \
	    '{"type":"end","images":1}' ]
	acedt-filter -e '.line == 2' <s | jq -se '.[1].line == 2'
	[ "$(acedt-filter -e empty <s | wc -l)" -eq 2 ]
	acedt-filter -p linux/arm <s 2>err | jq -se '.[1].selected == [] and
	    (.[2].selected[0].descriptor.platform.variant == "v7")'
	grep -q 'app-1: no image for the wanted platforms; it offers linux/amd64, linux/arm64' err
	run -2 acedt-filter -e '.[' <s
	[[ $output == *"--expression"* ]]
	run -2 acedt-filter -p linux <s
	run -2 acedt-filter -l nolabel <s
	run -1 acedt-filter -e '.line | error("no")' <s
	run -1 acedt-filter -e halt <s
	for e in 'include "x"; .' 'import "x" as x; .'; do
		run -2 acedt-filter -e "$e" <s
	done
}

# A stream "failed" of three images, of which one is not there.
failing_stream()
{
	printf 'oci:%s:%s\n' "$FILES/images" app-1,c=core "$PWD/more" later,c=new \
	    "$FILES/images" app-2,c=core >failing
	run -1 --separate-stderr acedt-resolve failing
	printf '%s\n' "$output" >failed
	[ "$(jq -r 'select(.error).line' failed)" = 2 ]
}

lines_of()
{
	jq -r 'select(.type == "image").line' "$1" | paste -sd' '
}

@test "filter: failures that are not asked for leave, and are counted" {
	failing_stream
	run -0 --separate-stderr acedt-filter -l c=core <failed
	printf '%s\n' "$output" >out
	[ "$(lines_of out)" = "1 3" ]
	[ "$stderr" = "acedt-filter: 1 of 1 images that failed left the stream, as asked" ]
	acedt-filter -e '.line == 3' <failed 2>err >out
	[ "$(lines_of out)" = 3 ]
	grep -q '1 of 1 images that failed left' err
	# What matches stays, and so does its error.
	run -1 --separate-stderr acedt-filter -l c=new <failed
	printf '%s\n' "$output" >out
	[ "$(lines_of out)" = 2 ]
	[ "$stderr" = "" ]
	jq -se '.[1].error.stage == "acedt-resolve"' out
}

@test "filter: a failure that cannot say whether it matches stays" {
	failing_stream
	for e in '.descriptor.mediaType == "none"' '.line | error("no")' \
	    '.manifests | length > 1'; do
		run -1 --separate-stderr acedt-filter -e "$e" <failed
		printf '%s\n' "$output" >out
		jq -se 'map(select(.line == 2)) | length == 1 and
		    .[0].error.stage == "acedt-resolve"' out
	done
}

@test "filter: --failed, --drop-failed" {
	failing_stream
	run -1 --separate-stderr acedt-filter --failed <failed
	printf '%s\n' "$output" >out
	[ "$(lines_of out)" = 2 ]
	[ "$(tail -n 1 out)" = '{"type":"end","images":1}' ]
	run -0 --separate-stderr acedt-filter --failed -l c=core <failed
	[ "${#lines[@]}" -eq 2 ]
	run -0 --separate-stderr acedt-filter --drop-failed <failed
	printf '%s\n' "$output" >out
	[ "$(lines_of out)" = "1 3" ]
	[ "$stderr" = "acedt-filter: 1 of 1 images that failed left the stream, as asked" ]
	run -2 acedt-filter --failed --drop-failed <failed
	[[ $output == *"exclude each other"* ]]
}

@test "resolve --again: what failed is tried again from the stream" {
	failing_stream
	run -1 --separate-stderr acedt-resolve --again <failed
	[ "$output" = "$(cat failed)" ]
	mkdir -p more
	cp -r "$FILES/images/." more
	layout_digest more app-1 >d
	jq -c '.manifests[0].annotations[] = "later"' more/index.json >i
	mv i more/index.json
	# What an earlier stage knows stays, to the byte.
	acedt-resolve --again <failed >again
	[ "$(sed -n 2p again)" = "$(sed -n 2p failed)" ]
	sed -n 3p again | jq -e --arg d "$(cat d)" '.descriptor.digest == $d and
	    .line == 2 and .labels == {c: "new"} and (has("error") | not)'
	# The same stream as that of the list.
	acedt-resolve failing | cmp - again
	# An image that failed later keeps its digest and what was found of it.
	acedt-fetch <again | jq -c 'if .line == 2 then .error = {message: "x"}
	    else . end' >broken
	acedt-resolve --again <broken | acedt-push oci:all:1 | acedt-index oci:all:1
	verify_layout all 1
	# Only sources, from another program.
	jq -c 'del(.descriptor, .error)' failed | acedt-resolve --again | cmp - again
	run -1 acedt-fetch <<-EOF
	$HEADER
	{"type":"image","source":"oci:x:1"}
	{"type":"end","images":1}
	EOF
	[[ $output == *"no descriptor (acedt-resolve --again finds it)"* ]]
	run -2 acedt-resolve --again failing
	[[ $output == *"--again takes no SOURCES-FILE"* ]]
	run -3 acedt-resolve --again <failing
}

@test "resolve(1): its list of digests has the same images, and labels" {
	mkdir -p layouts
	cp -r "$FILES/images" layouts/one
	d=$(layout_digest "$FILES/images" app-1)
	jq -c '.manifests |= .[:1]' layouts/one/index.json >i
	mv i layouts/one/index.json
	printf '%s\n' oci:layouts/one:app-1 "oci:layouts/one@$d" \
	    "oci:layouts/one:app-1@$d" '"oci:layouts/one:app-1","a=1","b=x.y"' >images.list
	sed -n '/pinned to the digests/,/^.Ed/p' "$TOP/man/acedt-resolve.1" |
	    sed -n '/^\$/,/csv/p' | sed 's/^[$>] //; s/\\e/\\/g' >recipe
	[ "$(wc -l <recipe)" -eq 5 ]
	bash -e recipe
	acedt-resolve pinned.list | jq -r 'select(.line) |
	    "\(.source) \(.descriptor.digest) \(.labels // {} | tojson)"' >got
	for labels in '{}' '{}' '{}' '{"a":"1","b":"x.y"}'; do
		echo "oci:layouts/one@$d $d $labels"
	done | cmp - got
}

@test "filter: a second one narrows what the first selected" {
	acedt-filter -p linux/amd64,linux/arm64 <"$FILES/roots" >both
	jq -se '.[1].selected | length == 2' both
	acedt-filter -p linux/arm64 <both | jq -se '.[1].selected |
	    map(.descriptor.platform.architecture) == ["arm64"]'
	acedt-filter -p linux/amd64 <"$FILES/roots" |
	    acedt-filter -p linux/arm64 2>err | jq -se '.[1].selected == []'
}

@test "filter: an index that is listed twice is chosen from once" {
	mkdir -p twice
	cp -r "$FILES/images/." twice
	d=$(layout_digest twice app-1)
	inner=$(jq -nc --arg d "$d" --arg t "$OCI_INDEX" --argjson n \
	    "$(layout_blob twice "$d" | wc -c)" \
	    '{mediaType: $t, digest: $d, size: $n}')
	printf '%s\n' "$inner" "$inner" | make_index twice | tag_layout twice nest
	echo oci:twice:nest | acedt-resolve - | acedt-fetch --roots |
	    acedt-filter -p linux/arm64 | jq -se '.[1].selected |
	    map(.descriptor.platform.architecture) == ["arm64"]'
}

@test "filter: records pass to the byte, members and types unknown to us too" {
	cat >s <<-EOF
	$HEADER
	{"type":"image", "source":"r.example.com/a:1","x": 1e400,"y":[9007199254740993, "\u00e9"] }
	{"type":"note","text":"what is this?"}
	{"type":"end","images":1}
	EOF
	acedt-filter <s | cmp - s
}

@test "an error record passes every stage and is reported at the end" {
	cat >s <<-EOF
	$HEADER
	{"type":"image","file":"f","line":7,"source":"r.example.com/a:1","error":{"stage":"acedt-resolve","class":"not-found","message":"it \u001b[31mis\u202e gone","status":404}}
	{"type":"end","images":1}
	EOF
	for stage in acedt-fetch acedt-filter 'acedt-push oci:out'; do
		run -1 --separate-stderr $stage <s
		[ "$output" = "$(cat s)" ]
	done
	run -1 --separate-stderr acedt-index oci:out <s
	[ "${stderr_lines[0]}" = 'acedt-index: f:7: r.example.com/a:1: acedt-resolve: it \x1b[31mis\u202e gone' ]
	[ ! -e out ]
}

# bad_stream TEXT PATTERN: all stages refuse it with status 3 and publish
# nothing.
bad_stream()
{
	local stage
	for stage in acedt-fetch acedt-filter 'acedt-push oci:bad:1' \
	    'acedt-index oci:bad:1'; do
		printf "$1" >s
		run -3 --separate-stderr $stage <s
		[[ $stderr == *"standard input: "*$2* ]] || {
			echo "$stage: $stderr"
			return 1
		}
		[[ $output != *'"end"'* ]]
	done
	[ ! -e bad ]
}

@test "a stage alone says how many images failed; one in a pipe says its own" {
	failing_stream
	run -1 --separate-stderr acedt-resolve failing
	[ "$stderr" = 'acedt-resolve: 1 of 3 images failed: see "error" in the stream' ]
	# What had failed before is said once, at the end of the pipe.
	run -1 --separate-stderr bash -o pipefail -c \
	    'acedt-fetch <failed | acedt-filter | acedt-fetch >out'
	echo "$stderr"
	[ "$stderr" = 'acedt-fetch: 1 of 3 images had failed before: see "error" in the stream' ]
	run -1 --separate-stderr acedt-filter -e '.line | if . == 1 then error("no")
	    else . end' <failed
	[ "$stderr" = 'acedt-filter: 1 of 3 images failed, others had failed before: see "error" in the stream' ]
	# Under the front-end the last stage names each.
	run -1 --separate-stderr ace-dt mirror gather failing oci:all:1 -q
	[[ $stderr != *"in the stream"* ]]
}

@test "a stage that reads its stream from a terminal says that it waits" {
	for stage in acedt-filter acedt-fetch "acedt-push oci:out" \
	    "acedt-index --print --allow-empty" "acedt-resolve --again"; do
		printf '%s\n' "$HEADER" '{"type":"end","images":0}' |
		    script -qec "$stage 2>err" /dev/null >out
		grep -qx "${stage%% *}: waiting for a stream on the terminal: acedt-stream(5); control-D ends it" err
	done
	run -0 --separate-stderr acedt-filter <"$FILES/resolved"
	[ -z "$stderr" ]
}

@test "\"error\": null is none" {
	jq -c 'if .type == "image" then .error = null else . end' \
	    "$FILES/fetched" >s
	run -0 --separate-stderr acedt-filter --failed <s
	[ "${#lines[@]}" -eq 2 ]
	acedt-push oci:null:1 <s | acedt-index oci:null:1
	verify_layout null 1
}

@test "malformed streams: status 3, no end record, nothing published" {
	image='{"type":"image","source":"r.example.com/a:1","descriptor":{"digest":"sha256:'$(printf '%064d' 0)'"},"error":{"message":"x"}}'
	bad_stream '' 'no stream'
	bad_stream "$HEADER\n" 'cut short'
	bad_stream "$HEADER\n$image\n" 'cut short: it stops after 1 images'
	bad_stream "$HEADER\n$image\n{\"type\":\"end\",\"images\":2}\n" \
	    '1 images came, the end record counts 2'
	bad_stream "$HEADER\n{\"type\":\"end\"}\n" 'no count'
	bad_stream "$image\n" 'no header'
	bad_stream "$HEADER\n$HEADER\n" 'a stream begins before the end record of the one before it, which was cut short after 0 images'
	bad_stream '{"type":"acedt-stream","version":2}\n' 'not of version 1'
	bad_stream "$(jq . <<<"$HEADER")\n" 'a record is one line: jq -c'
	bad_stream "$HEADER\n{\"type\":\"im$HEADER\n" \
	    'the stream before was cut short within a record'
	bad_stream "\xef\xbb\xbf$HEADER\n" 'byte order mark'
	bad_stream "$HEADER\nhello\n" 'line 2: not valid JSON'
	bad_stream "$HEADER\n{\"type\":\"end\",\"images\":0} {}\n" 'more than one'
	bad_stream "$HEADER\n[1]\n" 'not an acedt-stream'
	bad_stream "$HEADER\n{\"type\":\"end\",\"images\":0}" 'no newline'
	bad_stream "$HEADER\n{\"a\":\"\\000\"}\n" 'NUL'
	bad_stream "$HEADER\n{\"type\":\"x\\377\"}\n" 'UTF-8'
}

@test "a line over the limit is refused, one below it passes" {
	{
		echo "$HEADER"
		printf '{"type":"x","p":"%s"}\n' \
		    "$(head -c 1000000 /dev/zero | tr '\0' a)"
		echo '{"type":"end","images":0}'
	} >s
	acedt-filter <s | cmp - s
	{
		echo "$HEADER"
		printf '{"type":"x","p":"'
		head -c 34000000 /dev/zero | tr '\0' a
	} >s
	run -3 --separate-stderr acedt-filter <s
	[[ $stderr == *"longer than 33554432 bytes"* ]]
}

@test "streams can be joined, cut on purpose and counted again" {
	cat "$FILES/fetched" "$FILES/fetched" | acedt-filter >s
	[ "$(grep -c '"type":"acedt-stream"' s)" -eq 1 ]
	[ "$(tail -n 1 s)" = '{"type":"end","images":4}' ]
	grep -v app-2 "$FILES/fetched" >less
	run -3 --separate-stderr acedt-filter <less
	[[ $stderr == *"acedt-filter --recount"* ]]
	acedt-filter --recount <less | acedt-push oci:cut:1 |
	    acedt-index oci:cut:1
	verify_layout cut 1
}

@test "a reader that leaves ends a stage by SIGPIPE, without a word" {
	{
		head -n 2 "$FILES/fetched"
		for i in $(seq 2000); do
			sed -n 2p "$FILES/fetched"
		done
	} >many
	for stage in acedt-filter acedt-fetch; do
		run bash -c '"$1" <many 2>err | true; echo "${PIPESTATUS[0]}"' \
		    - "$stage"
		[ "$output" = 141 ]
		[ ! -s err ]
	done
}

# unread COMMAND…: nobody will read what it writes to standard output.
unread()
{
	local out
	exec {out}> >(:)
	wait "$!"
	"$@" >&"$out"
}

@test "a reader that leaves ends what only writes text by SIGPIPE, too" {
	for command in "acedt-index --print" "acedt-check $FILES/list" \
	    "acedt-resolve --help" "acedt-push --version" "ace-dt config" \
	    "ace-dt version" "ace-dt mirror gather --print list oci:x"; do
		# shellcheck disable=SC2086 # words
		run -141 unread $command <"$FILES/fetched"
		[ -z "$output" ]
	done
	[ ! -e x ]
}

@test "a reader of the result that leaves: published, which is said" {
	acedt-push oci:x <"$FILES/fetched" >pushed
	run -141 unread acedt-index oci:x <pushed
	digest=$(layout_digest x latest)
	[ -n "$digest" ]
	[[ $output == "acedt-index: the index was published as $digest, but "* ]]
	[[ $output == *"standard output cannot be written: Broken pipe" ]]
	run -141 unread ace-dt mirror gather "$FILES/list" oci:y
	[[ $output == *"acedt-index: the index was published as $digest, but "* ]]
	verify_layout y latest
	# What no reader can mend is an error.
	run -4 sh -c 'acedt-index oci:x <pushed >/dev/full'
	[[ $output == *"published as $digest, but"*"No space left on device" ]]
	run -4 sh -c 'acedt-index --print <pushed >/dev/full'
	[ "$output" = \
	    "acedt-index: standard output: No space left on device" ]
}

@test "output that cannot be written is status 4" {
	for stage in acedt-filter acedt-fetch "acedt-resolve $FILES/list"; do
		run -4 bash -c "$stage <'$FILES/fetched' >/dev/full"
		[[ $output == *"standard output: No space left"* ]]
		run -4 bash -c "$stage <'$FILES/fetched' >&-"
	done
	run -4 bash -c "acedt-filter --help >/dev/full"
}

@test "index: --images refuses another number" {
	acedt-push oci:out:1 <"$FILES/fetched" >pushed
	for n in 0 1 3; do
		run -3 acedt-index --images $n oci:out:1 <pushed
		[[ $output == *"2 images came, and --images says $n; nothing was published (is a part of the stream missing?)"* ]]
	done
	[ -z "$(layout_digest out 1)" ]
	cat pushed pushed >twice
	run -3 acedt-index --images 2 oci:out:1 <twice
	[[ $output == *"4 images came"* ]]
	acedt-index --images 2 oci:out:1 <pushed
	run -2 acedt-index --images two oci:out:1 <pushed
}

@test "index: what differs in the digest alone is sorted by it" {
	for name in app-1 app-2; do
		echo "oci:$FILES/images:$name" >one
		acedt-resolve one | acedt-fetch | acedt-push oci:out:1 |
		    jq -c 'if .type == "image" then .source = "a.io/b:1" else . end'
	done >both
	head -n 3 both >first
	tail -n 3 both >second
	cat second first | acedt-index oci:out:1
	layout_blob out "$(layout_digest out 1)" >one
	cat first second | acedt-index oci:out:1
	layout_blob out "$(layout_digest out 1)" >two
	[ "$(jq '.manifests | length' one)" -eq 2 ]
	cmp one two
}

@test "index: what was not fetched, not pushed, or pushed elsewhere" {
	run -1 acedt-index oci:x <"$FILES/fetched"
	[[ $output == *"was not pushed to"*"run acedt-push before"* ]]
	run -1 acedt-push oci:x <"$FILES/resolved"
	[[ $output == *"run acedt-fetch before"* ]]
	acedt-push oci:x <"$FILES/fetched" >pushed
	run -1 acedt-index oci:y <pushed
	[[ $output == *"was pushed to oci:$PWD/x, not to oci:$PWD/y"* ]]
	[ "$(acedt-index --print <"$FILES/fetched" | sha256sum |
	    cut -d' ' -f1)" = "$(acedt-index oci:x <pushed | sed 's/.*://')" ]
}

@test "index: a saved stream does not make up for what its layout has lost" {
	local lost
	acedt-push oci:x <"$FILES/fetched" >pushed
	find x/blobs -type f | sed 's,.*/,,' | sort | head -n 8 >names
	while read -r lost; do
		mv "x/blobs/sha256/$lost" away
		run -1 --separate-stderr acedt-index oci:x:1 <pushed
		[[ $stderr == *"oci:$FILES/images:app-"*": oci:x: sha256:$lost of "*"is not there (run acedt-push again)"* ]]
		[[ $stderr == *"nothing was published"* ]]
		echo short >"x/blobs/sha256/$lost"
		run -1 --separate-stderr acedt-index oci:x:1 <pushed
		[[ $stderr == *"sha256:$lost of "*"is not there"* ]]
		mv away "x/blobs/sha256/$lost"
	done <names
	[ "$(jq '.manifests | length' x/index.json)" -eq 0 ]
	acedt-index oci:x:1 <pushed
	verify_layout x 1
}

@test "labels that are not strings are an error of that record" {
	jq -c 'if .line == 1 then .labels = {n: 1} else . end' \
	    "$FILES/fetched" >s
	acedt-push oci:labels:1 <"$FILES/fetched" |
	    jq -c 'if .line == 1 then .labels = {n: 1} else . end' >pushed
	for stage in acedt-fetch "acedt-push oci:labels:1" "acedt-filter -l n=1" \
	    "acedt-filter -p linux/amd64"; do
		run -1 --separate-stderr $stage <s
		jq -se '.[1].error.message == "the label \"n\" of the record is not a string"
		    and (.[2] | has("error") | not)' <<<"$output"
	done
	run -1 --separate-stderr acedt-index oci:labels:1 <pushed
	[[ ${stderr_lines[0]} == *'app-1: the label "n" of the record is not a string' ]]
	[ "$(jq '.manifests | length' labels/index.json)" -eq 0 ]
}

@test "what acedt-stream(5) says of members, order and null" {
	mkdir -p a
	cp -r "$FILES/images" a/images
	# Relative directories, "pushed" with the real path.
	ln -s a b
	echo oci:b/images:app-1 | acedt-resolve - >resolved
	[ "$(sed -n 2p resolved | jq -r .file)" = - ]
	acedt-fetch <resolved | acedt-push oci:b/out:1 >pushed
	[ "$(sed -n 2p pushed | jq -r .pushed)" = "oci:$(realpath a)/out" ]
	run -1 --separate-stderr bash -c 'cd a; acedt-fetch <../resolved'
	[[ $output == *"oci:b/images: No such file or directory"* ]]
	# Nulls.
	for edit in '.labels = null' '.file = null' '.platform = null'; do
		jq -c "if .line then $edit else . end" pushed |
		    acedt-index --print >index
	done
	for edit in '.selected = null' '.manifests = null' \
	    '.descriptor = null' '.source = null'; do
		jq -c "if .line then $edit else . end" pushed >s
		run -1 acedt-index --print <s
	done
	# Of members that stand twice the last counts, of manifests the first.
	sed 's/^{"type":"image"/&,"source":"wrong:::"/' pushed | acedt-index --print >index
	jq -c 'if .line then .manifests += [.manifests[0] | .data = "e30="]
	    else . end' pushed | acedt-index --print | cmp - index
	# The members of a selected descriptor, in their order, without its notes.
	layout_digest a/images app-1 >d
	layout_blob a/images "$(cat d)" | jq -c '.manifests[0].annotations = {a: "b"} |
	    .manifests[0].x = 1' | put_manifest a/images "$OCI_INDEX" | tag_layout a/images noted
	echo oci:b/images:noted | acedt-resolve - | acedt-fetch --roots |
	    acedt-filter -p linux/amd64 | sed -n 2p >s
	jq -e '.selected[0].descriptor | keys_unsorted ==
	    ["mediaType", "digest", "size", "platform"] and
	    (.platform | keys_unsorted) == ["architecture", "os"]' s
}

@test "a record that was tampered with is an error, not an index" {
	other=sha256:$(printf '%064d' 7)
	while IFS='|' read -r text edit; do
		jq -c "if .line == 1 then $edit else . end" \
		    "$FILES/fetched" >s
		run -1 --separate-stderr acedt-push oci:tampered:1 <s
		[[ $(jq -r '.error.message? // empty' <<<"$output") == \
		    *"$text"* ]]
		run -1 acedt-index oci:tampered:1 <<<"$output"
		[[ $output == *"$text"* ]]
		# Whoever reads it: also what would publish it.
		run -1 acedt-index oci:tampered:1 <s
		[[ $output == *"$text"* || $output == *"was not pushed"* ]]
	done <<-EOF
	bytes, its descriptor says|.manifests[0].data = "e30="
	bytes, its descriptor says 7|.manifests[0].size = 7
	digest|.descriptor.digest = "sha256:../../x"
	without "source"|del(.source)
	"manifests" is not an array|.manifests = {}
	size is missing|.descriptor.size = -1
	no such|.source = "no such\nthing"
	lacks the manifest|del(.manifests[1])
	a descriptor says 7|.descriptor.size = 7
	a descriptor says $DOCKER_LIST|.descriptor.mediaType = "$DOCKER_LIST"
	another digest, $other|.source += "@" + .descriptor.digest | .descriptor.digest = "$other"
	neither the source itself|.selected = [{descriptor: (.descriptor | .digest = "$other")}]
	a descriptor says 8|.selected = [{descriptor: (.descriptor | .size = 8)}]
	lacks its index|.selected = [{descriptor: .descriptor, index: "$other"}]
	does not list it|.selected = [{descriptor: .descriptor, index: .descriptor.digest}]
	EOF
	[ "$(jq '.manifests | length' tampered/index.json)" -eq 0 ]
}

@test "every program: help on stdout, version, a wrong option" {
	for p in acedt-resolve acedt-fetch acedt-filter acedt-push \
	    acedt-index acedt-check acedt-list acedt-show; do
		run -0 --separate-stderr $p --help
		[[ $output == "Usage: $p "* ]]
		[ -z "$stderr" ]
		run -0 $p --version
		[[ $output == "$p "*"(stream 1)" ]]
		run -2 $p --verbositi
		[[ $output == *"did you mean --verbosity?"* ]]
	done
	run -2 acedt-resolve
	run -2 acedt-push </dev/null
	run -2 acedt-index a b </dev/null
	run -2 acedt-fetch extra </dev/null
	run -2 acedt-push not/a/reference:: </dev/null
}

two_were_asked()
{
	[ "$(logged true)" -ge 2 ]
}

@test "--unordered: what is done does not wait for what came before" {
	start_faulty
	echo "oci:$FILES/images:app-1" >one
	acedt-resolve one | acedt-fetch | acedt-push "$R_HOST/app" |
	    acedt-index "$R_HOST/app:1"
	faults '[{"method":"HEAD","path":"slow/","stall":60}]'
	printf '%s\n' "$R_HOST/app:1" "$R_HOST/slow:1" "$R_HOST/app:1" >list
	for option in --unordered --verbosity=warn; do
		: >"$R_LOG"
		acedt-resolve $option list >out 3>&- &
		until_true two_were_asked
		[ "$(logged true)" -eq 2 ]
		for _ in $(seq 20); do
			[ "$(grep -c app:1 out)" -lt 2 ] || break
			sleep 0.05
		done
		kill $!
		refute wait $!
		grep -c app:1 out >>lines
	done
	[ "$(paste -s lines)" = "2	1" ]
}

@test "one slow line does not hold up the reading, order stays" {
	mkfifo f
	acedt-filter <f >out 3>&- &
	pid=$!
	exec 8>f
	echo "$HEADER" >&8
	echo '{"type":"note"}' >&8
	# What came is handed on before more is waited for.
	for i in $(seq 200); do
		grep -q note out && break
		sleep 0.02
	done
	grep -q note out
	echo '{"type":"end","images":0}' >&8
	exec 8>&-
	wait "$pid"
	[ "$(wc -l <out)" -eq 3 ]
}

@test "push: a blob that failed comes from a later record's source" {
	local pid blob
	new_layout with
	make_image with amd64 one | tag_layout with one
	cp -R with without
	blob=$(echo common | gzip -n | sha256sum | cut -d' ' -f1)
	rm "without/blobs/sha256/$blob"
	printf '%s\n' oci:without:one oci:with:one >list
	acedt-resolve list | acedt-fetch >s
	mkfifo in
	acedt-push --unordered oci:out <in >result 2>err 3>&- &
	pid=$!
	exec 4>in
	sed -n 1,2p s >&4
	until_true grep -q '"error":' result
	sed -n '3,$p' s >&4
	exec 4>&-
	refute wait "$pid"
	jq -se '.[1].error.message | contains("'"$blob"'")' result
	jq -se '.[2].pushed | startswith("oci:")' result
	layout_blob out "sha256:$blob" >/dev/null
}
