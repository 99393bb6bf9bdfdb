# What acedt-fetch asks for, of whom, and what it makes of the answers.

load helper

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

# at REPOSITORY REFERENCE TYPE <manifest: R has it there.
at()
{
	curl -fsS -o /dev/null -X PUT -H "Content-Type: $3" --data-binary @- \
	    "http://$R_HOST/v2/$1/manifests/$2"
}

# put_at REPOSITORY FILE…: R has these OCI manifests there, by their digests.
put_at()
{
	local repo=$1 file
	shift
	for file; do
		at "$repo" "$(digest_of "$file")" "$OCI_MANIFEST" <"$file"
	done
}

digest_of()
{
	echo "sha256:$(sha256sum <"$1" | cut -d' ' -f1)"
}

# descriptor_of FILE [TYPE]: of an OCI manifest.
descriptor_of()
{
	printf '{"mediaType":"%s","digest":"%s","size":%d}' \
	    "${2:-$OCI_MANIFEST}" "$(digest_of "$1")" "$(stat -c %s "$1")"
}

# artifact NAME [SUBJECT-DESCRIPTOR]: a manifest in a file of that name.
artifact()
{
	printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"a/%s","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]%s}' \
	    "$OCI_MANIFEST" "$1" "${2:+,\"subject\":$2}" >"$1"
}

# carried SOURCE <stream: the digests of the manifests of that record, sorted.
carried()
{
	jq -r --arg s "$1" 'select(.source == $s).manifests[].digest' | sort
}

@test "whether a subject exists is for its image's own source to say" {
	start_faulty
	artifact subject
	artifact image "$(descriptor_of subject)"
	put_at own image
	put_at both image subject
	at own 1 "$OCI_MANIFEST" <image
	at both 1 "$OCI_MANIFEST" <image
	own=$R_HOST/own:1 both=$R_HOST/both:1
	digest_of image >without
	{ digest_of image; digest_of subject; } | sort >with
	# Which is first, what the cache has, and who answers late: the same.
	for list in "$own $both" "$both $own"; do
		for fault in '[]' '[{"path":"own/manifests/sha256","stall":0.3}]' \
		    '[{"path":"both/manifests/sha256","stall":0.3}]'; do
			faults "$fault"
			for cache in cold warm; do
				[ $cache = warm ] || rm -rf home/.cache
				printf '%s\n' $list >list
				acedt-resolve list | acedt-fetch >s
				carried "$own" <s | cmp - without
				carried "$both" <s | cmp - with
			done
		done
	done
}

@test "a subject that the destination has from another image is not taken from there" {
	start_faulty
	new_layout images
	make_image images amd64 subject | tag_layout images subject
	layout_blob images "$(layout_digest images subject)" >subject
	artifact image "$(descriptor_of subject)"
	printf '{}' | put_blob images >/dev/null
	cp image "images/blobs/sha256/$(digest_of image | cut -d: -f2)"
	descriptor_of image | tag_layout images image
	for name in image subject; do
		echo "oci:images:$name" >one
		acedt-resolve one | acedt-fetch | acedt-push "$R_HOST/$name" |
		    acedt-index "$R_HOST/$name:gathered"
		at $name 1 "$OCI_MANIFEST" <$name
		echo "$R_HOST/$name:1"
	done >list
	# In the repository of the image the subject is not there any more.
	faults '[{"path":"/image/manifests/'"$(digest_of subject)"'","status":404,"body":""}]'
	ace-dt mirror gather list oci:out:1 -q
	layout_blob out "$(digest_of subject)" >/dev/null
	digest_of image >want
	for cache in warm cold; do
		[ $cache = warm ] || rm -r home/.cache
		acedt-resolve list | acedt-fetch --have oci:out:1 >s
		carried "$R_HOST/image:1" <s | cmp - want
	done
}

@test "what a pinned manifest without a mediaType is, its document says" {
	start_faulty
	artifact typed
	jq -jc 'del(.mediaType)' typed >plain
	ARTIFACT=application/vnd.oci.artifact.manifest.v1+json
	echo "$R_HOST/app@$(digest_of plain)" >list
	for type in "$ARTIFACT" "$OCI_MANIFEST" "$OCI_INDEX"; do
		at app "$(digest_of plain)" "$type" <plain
		for cache in cold warm; do
			[ $cache = warm ] || rm -rf home/.cache
			acedt-resolve list | acedt-fetch >s
			[ "$(jq -r 'select(.source) | .descriptor.mediaType,
			    .manifests[].mediaType' s | uniq)" = "$OCI_MANIFEST" ]
		done
	done
	# The cache has the bytes, and nothing that a server said of them.
	cmp plain home/.cache/ace/dt/manifests/sha256/*/"$(digest_of plain |
	    cut -d: -f2)"
}

@test "a manifest is held against every descriptor of it, not only the first" {
	start_faulty
	artifact child
	right=$(descriptor_of child)
	for wrong in "$(jq -c '.size += 1' <<<"$right")" \
	    "$(jq -c --arg t "$DOCKER_MANIFEST" '.mediaType = $t' \
	    <<<"$right")"; do
		printf '{"schemaVersion":2,"manifests":[%s]}' "$wrong" >inner
		printf '{"schemaVersion":2,"manifests":[%s,%s]}' "$right" \
		    "$(descriptor_of inner "$OCI_INDEX")" >outer
		for f in child inner outer; do
			type=$OCI_INDEX
			[ $f != child ] || type=$OCI_MANIFEST
			at app "$(digest_of $f)" "$type" <$f
		done
		at app 1 "$OCI_INDEX" <outer
		echo "$R_HOST/app:1" >list
		run -1 bash -c 'acedt-resolve list | acedt-fetch'
		[[ $output == *"manifest $(digest_of inner)"*"a descriptor says"* ]]
	done
}

# index_of N: of manifests that are nowhere.
index_of()
{
	jq -nc --arg t "$OCI_MANIFEST" --arg i "$OCI_INDEX" --argjson n "$1" \
	    '{schemaVersion: 2, mediaType: $i, manifests: [range($n) |
	    {mediaType: $t, size: 5, digest: "sha256:\(
	    "0000000000000000000000000000000000000000000000000000000000000000\(.)"[-64:])"}]}'
}

# fetch OPTION…: what acedt-fetch makes of ./list, in ./s, its words in ./words.
fetch()
{
	acedt-resolve list >r
	acedt-fetch --verbosity=info "$@" <r >s 2>words && status=0 || status=$?
}

message()
{
	jq -r '.error.message? // empty' s
}

@test "the limit of manifests counts questions; what failed asks no more" {
	start_faulty
	index_of 15000 | at app 1 "$OCI_INDEX"
	echo "$R_HOST/app:1" >list
	: >"$R_LOG"
	fetch
	[ "$status" -eq 1 ]
	[[ $(message) == *"more than 5000 manifests below one source"* ]]
	[ "$(jq -r 'select(.error).error.class' s)" = limit ]
	# HEAD, the index, and at most what goes out at a time.
	[ "$(logged true)" -le 34 ]
	index_of 4900 | at app 1 "$OCI_INDEX"
	: >"$R_LOG"
	fetch
	[ "$status" -eq 1 ]
	[[ $(message) == *"MANIFEST_UNKNOWN"* ]]
	[ "$(logged true)" -le 100 ]
}

@test "what a record that failed asked for, others get all the same" {
	start_faulty
	artifact child
	printf '{"schemaVersion":2,"manifests":[%s,%s]}' \
	    "$(descriptor_of child)" "$(index_of 1 |
	    jq -c '.manifests[0]')" >broken
	printf '{"schemaVersion":2,"manifests":[%s]}' \
	    "$(descriptor_of child)" >whole
	for repo in one two three; do
		put_at $repo child
		at $repo broken "$OCI_INDEX" <broken
		at $repo whole "$OCI_INDEX" <whole
	done
	printf '%s\n' "$R_HOST/one:broken" "$R_HOST/two:whole" \
	    "$R_HOST/three:broken" "$R_HOST/two:whole" "$R_HOST/three:whole" >list
	# The child is asked for by the first, which fails before it has come.
	faults "[{\"path\":\"one/manifests/$(digest_of child)\",\"stall\":1}]"
	fetch
	[ "$status" -eq 1 ]
	[ "$(jq -c 'select(.source) | if .error then .error.code else
	    (.manifests | length) end' s | paste -sd' ')" = \
	    '"MANIFEST_UNKNOWN" 2 "MANIFEST_UNKNOWN" 2 2' ]
}

# listed DESCRIPTOR…: the referrers API lists these.
listed()
{
	jq -nc --arg i "$OCI_INDEX" --args '[{path: "/referrers/", status: 200,
	    headers: {"Content-Type": $i}, body: ({schemaVersion: 2,
	    mediaType: $i, manifests: ($ARGS.positional | map(fromjson))} |
	    tojson)}]' "$@" >faults.new
	mv faults.new faults
}

@test "-r: what is listed and has no such subject is passed over" {
	start_faulty
	artifact image
	artifact other
	artifact of-image "$(descriptor_of image)"
	artifact of-other "$(descriptor_of other)"
	put_at app image other of-image of-other
	at app 1 "$OCI_MANIFEST" <image
	echo "$R_HOST/app:1" >list
	listed "$(descriptor_of other)" "$(descriptor_of of-image)" \
	    "$(descriptor_of of-other)"
	fetch -r
	[ "$status" -eq 0 ]
	{ digest_of image; digest_of of-image; } | sort >want
	carried "$R_HOST/app:1" <s | cmp - want
	[ "$(jq -r '.referrers[]?.digest' s)" = "$(digest_of of-image)" ]
	grep "$(digest_of of-other) is listed as a referrer of $(digest_of image) but is not one" words
}

@test "-r: of a referrer that is listed with a wrong size the digest decides" {
	start_faulty
	artifact image
	artifact of-image "$(descriptor_of image)"
	put_at app image of-image
	at app 1 "$OCI_MANIFEST" <image
	echo "$R_HOST/app:1" >list
	for size in 1 999999999; do
		listed "$(descriptor_of of-image | jq -c ".size = $size")"
		rm -rf home/.cache
		fetch -r
		[ "$status" -eq 0 ]
		[ "$(jq -c --argjson d "$(descriptor_of of-image)" \
		    'select(.source) | .referrers == [$d]' s)" = true ]
		grep "referrers of $(digest_of image) gives $size bytes to $(digest_of of-image), which has $(stat -c %s of-image)" words
		jq -c --argjson d "$(descriptor_of of-image)" \
		    'select(.source).manifests[] | del(.data) | select(. == $d)' s |
		    grep -q .
	done
	# Other bytes under the digest are wrong, whatever the size.
	rm -r home/.cache
	jq -c --arg d "$(digest_of of-image)" --rawfile t of-image \
	    '. + [{path: $d, status: 200, body: ($t + " ")}]' faults >faults.new
	mv faults.new faults
	fetch -r
	[ "$status" -eq 1 ]
	[[ $(message) == *"$(digest_of of-image)"* ]]
}

# layout_entry FILE [TAG [TYPE]]: the entry of index.json for a manifest of ./l.
layout_entry()
{
	cp "$1" "l/blobs/sha256/$(digest_of "$1" | cut -d: -f2)"
	descriptor_of "$1" "${3:-}" | jq -c --arg t "${2:-}" \
	    'if $t == "" then . else
	    .annotations["org.opencontainers.image.ref.name"] = $t end'
}

@test "-r: in a layout a list, and entries with that subject, are what refers" {
	artifact image
	artifact other
	artifact entry "$(descriptor_of image)"
	artifact listed "$(descriptor_of image)"
	artifact others "$(descriptor_of other)"
	# The list of what refers to one manifest, which refers to another.
	jq -nc --arg i "$OCI_INDEX" --argjson m "$(descriptor_of listed)" \
	    --argjson s "$(descriptor_of other)" '{schemaVersion: 2,
	    mediaType: $i, manifests: [$m], subject: $s}' >list_of_image
	mkdir -p l/blobs/sha256
	echo '{"imageLayoutVersion":"1.0.0"}' >l/oci-layout
	{
		layout_entry image 1
		layout_entry other 2
		layout_entry entry
		layout_entry others
		layout_entry list_of_image \
		    "sha256-$(digest_of image | cut -d: -f2)" "$OCI_INDEX"
	} | jq -sc '{schemaVersion: 2, manifests: .}' >l/index.json
	cp listed "l/blobs/sha256/$(digest_of listed | cut -d: -f2)"
	printf "oci:$PWD/l:%s\n" 1 2 >list
	fetch -r
	[ "$status" -eq 0 ]
	carried "oci:$PWD/l:1" <s >got
	for f in image entry listed; do digest_of $f; done | sort >wanted
	diff got wanted
	# What refers to the other one leads to all.
	carried "oci:$PWD/l:2" <s >got
	for f in image other entry listed others list_of_image; do
		digest_of $f
	done | sort >wanted
	diff got wanted
	jq -r --arg s "oci:$PWD/l:2" 'select(.source == $s).referrers[].digest' s | sort >got
	# The one that is listed is below the list, and needs no other reason.
	for f in others list_of_image entry; do digest_of $f; done |
	    sort >wanted
	diff got wanted
}

@test "-r: lists and pages without end have one" {
	start_faulty
	artifact image
	put_at app image
	at app 1 "$OCI_MANIFEST" <image
	echo "$R_HOST/app:1" >list
	mapfile -t nowhere < <(index_of 6000 | jq -c '.manifests[]')
	printf '%s\n' "${nowhere[@]}" | jq -sc --arg i "$OCI_INDEX" '[{path:
	    "/referrers/", status: 200, headers: {"Content-Type": $i}, body:
	    ({schemaVersion: 2, mediaType: $i, manifests: .} | tojson)}]' >faults.new
	mv faults.new faults
	: >"$R_LOG"
	fetch -r
	[ "$status" -eq 1 ]
	[[ $(message) == *"more than 5000 manifests below one source"* ]]
	[ "$(logged true)" -le 34 ]
	listed
	jq -c '.[0].headers.Link = "</v2/app/referrers/x?n=1>; rel=\"next\""' \
	    faults >faults.new
	mv faults.new faults
	: >"$R_LOG"
	fetch -r
	[ "$status" -eq 1 ]
	[[ $(message) == *"have more than 100 pages"* ]]
	[ "$(logged '.path | test("/referrers/")')" -eq 100 ]
}

@test "-r: one question finds out whether a registry has the referrers API" {
	start_faulty
	for i in 1 2 3 4 5 6 7 8; do
		artifact image$i
		at app$i 1 "$OCI_MANIFEST" <image$i
		at app$i "$(digest_of image$i)" "$OCI_MANIFEST" <image$i
		echo "$R_HOST/app$i:1"
	done >list
	: >"$R_LOG"
	fetch -r
	[ "$status" -eq 0 ]
	[ "$(logged '.path | test("/referrers/")')" -eq 1 ]
	[ "$(logged '.path | test("manifests/sha256-")')" -eq 8 ]
	# The first fails, or is called off, without having found out.
	for n in 1 5; do
		faults "[{\"path\":\"app$n/referrers/\",\"status\":403,\"body\":\"\"}]"
		: >"$R_LOG"
		fetch -r
		want=1
		[ $n -ne 1 ] || want=2
		[ "$(logged '.path | test("/referrers/")')" -eq $want ]
		[ "$(jq -c 'select(.referrers == [])' s | wc -l)" -eq $((9 - want)) ]
	done
}

# wide_image TAG N: R has an index of N manifests of 4 MiB.
wide_image()
{
	local i
	for i in $(seq "$2"); do
		artifact "wide$i"
		head -c $((4194304 - $(stat -c %s "wide$i"))) /dev/zero |
		    tr '\0' ' ' >>"wide$i"
		put_at wide "wide$i"
		descriptor_of "wide$i"
	done | jq -jcs --arg t "$OCI_INDEX" '{schemaVersion: 2, mediaType: $t,
	    manifests: .}' | at wide "$1" "$OCI_INDEX"
}

@test "what records have grown to bounds how many are under way" {
	no_asan
	start_faulty
	wide_image 1 5
	for _ in $(seq 12); do
		echo "$R_HOST/wide:1"
	done >list
	acedt-resolve list >r
	# A record of 27 MB, with what is being written and read, takes 150 MB.
	run -0 --separate-stderr bash -o pipefail -c \
	    '(ulimit -v 500000; exec acedt-fetch <r) | wc -L'
	[ "$output" -gt 27000000 ]
}

@test "a record that is too large for the stream fails alone, in every stage" {
	start_faulty
	wide_image 1 4
	artifact image
	at app 1 "$OCI_MANIFEST" <image
	printf '%s\n' "$R_HOST/wide:1" "$R_HOST/app:1" >list
	acedt-resolve list >r
	# It came with much of its own.
	jq -c 'if .line == 1 then .note = "x" * 14000000 else . end' r >large
	run -1 --separate-stderr bash -c 'acedt-fetch <large >s'
	[ "$(jq -c 'select(.source) | [.line, .error.class]' s |
	    paste -sd' ')" = '[1,"limit"] [2,null]' ]
	[[ $(message) == *"does not fit a line of the stream with \"manifests\""* ]]
	run -1 acedt-filter <s
	# Filled to the brim: selected and pushed do not fit, an error does.
	new_layout images
	make_app images app
	printf '%s\n' oci:images:app oci:images:app >list
	acedt-resolve list | acedt-fetch --roots >r
	for size in 10640 20; do
		for stage in 'acedt-filter -p linux/amd64' \
		    'acedt-push oci:out'; do
			case $stage in
			*push*) acedt-fetch <r >fetched ;;
			*) cp r fetched ;;
			esac
			jq -c --argjson n $((33554431 - size -
			    $(sed -n 2p fetched | wc -c))) \
			    'if .line == 1 then .note = "x" * $n else . end' \
			    fetched >large
			run -1 --separate-stderr bash -c "$stage <large >s"
			# A reader takes it.
			[ "$(wc -L <s)" -lt 33554432 ]
			[ "$(jq -c 'select(.source) | [.line, .source,
			    .error.class]' s | paste -sd' ')" = \
			    '[1,"oci:images:app","limit"] [2,"oci:images:app",null]' ]
		done
	done
}
