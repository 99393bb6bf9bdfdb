# The whole command, between registries and layouts.

load helper

setup_file()
{
	start_registry SRC
	start_registry DST
	config_plain_http "$SRC_HOST" "$DST_HOST"
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images app-1 amd64 arm64 arm/v7
	make_app images app-2 amd64 arm64
	make_image images amd64 single | tag_layout images single
	push_layout images app-1 "$SRC_HOST" team/app:1
	push_layout images app-2 "$SRC_HOST" team/app:2
	push_layout images single "$SRC_HOST" single:latest
	cat >list <<-EOF
	# what we need
	$SRC_HOST/team/app:1,component=core,module=test
	$SRC_HOST/team/app:2

	$SRC_HOST/single
	EOF
	cat >layout.list <<-EOF
	oci:$BATS_FILE_TMPDIR/images:app-1
	oci:$BATS_FILE_TMPDIR/images:app-2
	EOF
	export FILES=$BATS_FILE_TMPDIR
}

teardown_file()
{
	stop_servers
}

# sums LAYOUT <digests of manifests: how many bytes the configs and
# layers below them have, with and without repeats.
sums()
{
	local digest
	while read -r digest; do
		layout_blob "$1" "$digest" | jq -c '.config, .layers[]'
	done | jq -cs '[., unique_by(.digest)] | map(map(.size) | add)'
}

# published_sums <an index: what it says they are.
published_sums()
{
	jq -c '.annotations | [."vnd.act3-ace.data.layer.size.total",
	    ."vnd.act3-ace.data.layer.size.deduplicated"] | map(tonumber)'
}

# The digest that a result line ends with.
result_digest()
{
	printf '%s\n' "$1" | sed -n 's/.*@\(sha256:[0-9a-f]*\)$/\1/p'
}

@test "registry to registry: every manifest and blob arrives" {
	run --separate-stderr ace-dt mirror gather "$FILES/list" \
	    "$DST_HOST/all:sync-1"
	[ "$status" -eq 0 ]
	[[ $output == "$DST_HOST/all:sync-1@sha256:"* ]]
	verify_registry "$DST_HOST" all sync-1
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/all/manifests/sync-1" >index
	[ "$(jq '.manifests | length' index)" -eq 3 ]
	[ "sha256:$(sha256sum <index | cut -d' ' -f1)" = \
	    "$(result_digest "$output")" ]
}

@test "requests of a first copy: 2 a blob, 1 a manifest, 5 besides" {
	run ace-dt mirror gather "$FILES/list" "$DST_HOST/counted:1" -q
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	blobs=$(requests "$DST_LOG" POST /v2/counted/blobs)
	manifests=$(requests "$DST_LOG" PUT /v2/counted/manifests/sha256)
	all=$(requests "$DST_LOG" '[A-Z]+' /v2/counted/)
	# 3 platforms and 2 platforms and 1: 6 configs, 6 layers, 1 shared.
	[ "$blobs" -eq 13 ]
	[ "$manifests" -eq 8 ]
	[ "$all" -le $((2 * blobs + manifests + 5)) ]
}

@test "nothing changed: the same digest, no blob sent, no tag written" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" \
	    "$DST_HOST/twice:1"
	first=$output
	puts=$(requests "$DST_LOG" PUT /v2/twice/blobs)
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" \
	    "$DST_HOST/twice:1"
	[ "$output" = "$first" ]
	[[ $stderr == *"nothing has changed"* ]]
	# One blob finds out what the registry can do with a single POST.
	[ "$(requests "$DST_LOG" PUT /v2/twice/blobs)" -le $((puts + 1)) ]
	[ "$(requests "$DST_LOG" PUT /v2/twice/manifests/1)" -eq 1 ]
}

@test "every way gives the same digest" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" \
	    "$DST_HOST/way:1"
	want=$(result_digest "$output")
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" oci:way:1
	[ "$(result_digest "$output")" = "$want" ]
	verify_layout way 1
	acedt-resolve "$FILES/list" | acedt-fetch |
	    acedt-push "$DST_HOST/hand:1" | acedt-index "$DST_HOST/hand:1" >got
	[ "$(result_digest "$(cat got)")" = "$want" ]
	# In two halves, as on two machines.
	head -n 2 "$FILES/list" >part.1
	tail -n +3 "$FILES/list" >part.2
	for n in 1 2; do
		acedt-resolve part.$n | acedt-fetch |
		    acedt-push "$DST_HOST/parts:1" >$n.stream
	done
	cat 2.stream 1.stream | acedt-index "$DST_HOST/parts:1" >got
	[ "$(result_digest "$(cat got)")" = "$want" ]
	verify_registry "$DST_HOST" parts 1
}

@test "layout to registry and layout to layout" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    "$DST_HOST/from-layout:1"
	want=$(result_digest "$output")
	verify_registry "$DST_HOST" from-layout 1
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    oci:copy:1
	[ "$(result_digest "$output")" = "$want" ]
	verify_layout copy 1
}

@test "-p takes the matching manifests out of the indexes" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" oci:p:1 \
	    -p linux/arm64
	layout_blob p "$(layout_digest p 1)" >index
	[ "$(jq -c '[.manifests[].platform.architecture]' index)" = \
	    '["arm64","arm64"]' ]
	[[ $stderr == *"no image for the wanted platforms"*"linux/amd64"* ]]
	# The index that an entry came from travels with it, to the byte.
	d=$(layout_digest "$FILES/images" app-1)
	layout_blob "$FILES/images" "$d" >want
	jq -j '.manifests[] | select(.annotations["vnd.act3-ace.manifest.source"]
	    | endswith("app:1")).annotations["data.act3-ace.io/source-index"]' \
	    index | cmp - want
	# Nothing of another platform was copied.
	[ "$(jq -r '.architecture? // empty' p/blobs/sha256/* 2>/dev/null |
	    sort -u)" = arm64 ]
}

@test "-p: several, in the order of the source's index; variants" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    oci:p:1 -p linux/arm,linux/amd64 --platforms=linux/arm64/v8
	layout_blob p "$(layout_digest p 1)" >index
	[ "$(jq -c '[.manifests[].platform.architecture]' index)" = \
	    '["amd64","arm64","arm","amd64","arm64"]' ]
	verify_layout p 1
}

@test "-p all and an empty -p filter nothing" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    oci:a:1
	want=$(result_digest "$output")
	for p in all ''; do
		run -0 --separate-stderr ace-dt mirror gather \
		    "$FILES/layout.list" oci:a:2 -p "$p"
		[ "$(result_digest "$output")" = "$want" ]
	done
}

@test "the index, to the byte" {
	new_layout one
	make_image one amd64 x | tag_layout one 1
	m=$(layout_digest one 1)
	size=$(layout_blob one "$m" | wc -c)
	total=$(layout_blob one "$m" |
	    jq '[.config.size, .layers[].size] | add')
	echo 'oci:one:1,b=2,a=1' >list
	ace-dt mirror gather list oci:out:1 -q -a 'z=<&>,y=2' -a x=1,=e
	version=$(ace-dt --version | cut -d' ' -f2)
	printf '%s' '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","artifactType":"application/vnd.act3-ace.data.gather+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"'"$m"'","size":'"$size"',"annotations":{"data.act3-ace.io/labels":"{\"a\":\"1\",\"b\":\"2\"}","org.opencontainers.image.ref.name":"oci:one:1","vnd.act3-ace.manifest.source":"oci:one:1"}}],"annotations":{"":"e","vnd.act3-ace.data.layer.size.deduplicated":"'"$total"'","vnd.act3-ace.data.layer.size.total":"'"$total"'","vnd.act3-ace.data.version":"'"$version"'","x":"1","y":"2","z":"\u003c\u0026\u003e"}}' >want
	layout_blob out "$(layout_digest out 1)" | diff - want
}

@test "--index-fallback moves indexes into an annotation" {
	run -0 ace-dt mirror gather "$FILES/list" "$DST_HOST/fallback:1" \
	    --index-fallback -q
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/fallback/manifests/1" >index
	[ "$(jq '.manifests | length' index)" -eq 1 ]
	jq -r '.annotations["vnd.act3-ace.data.extra-manifests"]' index >extra
	[ "$(jq length extra)" -eq 2 ]
	jq -e '.[0].annotations["data.act3-ace.io/labels"] ==
	    "{\"component\":\"core\",\"module\":\"test\"}"' extra
	# A gather of that gather brings the shadows along.
	echo "$DST_HOST/fallback:1" >list
	run -0 ace-dt mirror gather list oci:shadows:1 -q
	for d in $(jq -r '.[].digest' extra); do
		layout_blob shadows "$d" >/dev/null
	done
}

@test "a gather can be gathered, and filtered" {
	ace-dt mirror gather "$FILES/layout.list" oci:first:1 -q
	echo oci:first:1 >list
	ace-dt mirror gather list oci:second:1 -q
	verify_layout second 1
	ace-dt mirror gather list oci:second:2 -q -p linux/arm64
	layout_blob second "$(layout_digest second 2)" >index
	[ "$(jq '.manifests | length' index)" -eq 2 ]
}

@test "a source that is not there: the others arrive, no tag is written" {
	run -0 ace-dt mirror gather "$FILES/layout.list" "$DST_HOST/keep:1" -q
	before=$(curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/keep/manifests/1" | sha256sum)
	{ cat "$FILES/list"; echo "$SRC_HOST/team/app:gone"; } >list
	run -1 --separate-stderr ace-dt mirror gather list "$DST_HOST/keep:1"
	[ -z "$output" ]
	[[ $stderr == *"list:6: $SRC_HOST/team/app:gone: acedt-resolve:"*404* ]]
	[[ $stderr == *"1 of 4 images failed; nothing was published"* ]]
	[ "$(curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/keep/manifests/1" | sha256sum)" = "$before" ]
	d=$(layout_digest "$FILES/images" single)
	curl -fsS -H "Accept: $ACCEPT" -o /dev/null \
	    "http://$DST_HOST/v2/keep/manifests/$d"
}

@test "content that is not what its digest says never gets there" {
	for kind in small large; do
		rm -rf bad out
		new_layout bad
		make_image bad amd64 bad | tag_layout bad 1
		m=$(layout_digest bad 1)
		layer=$(layout_blob bad "$m" | jq -r '.layers[1].digest')
		if [ $kind = large ]; then
			head -c 3000000 /dev/zero | put_manifest bad t/l >l
			layer=$(jq -r .digest l)
			layout_blob bad "$m" | jq -jc --slurpfile l l \
			    '.layers += $l' | put_manifest bad "$OCI_MANIFEST" |
			    tag_layout bad 2
			printf X | dd of="bad/blobs/sha256/${layer#*:}" \
			    conv=notrunc bs=1 seek=2999999 status=none
			echo oci:bad:2 >list
		else
			printf X | dd of="bad/blobs/sha256/${layer#*:}" \
			    conv=notrunc bs=1 seek=5 status=none
			echo oci:bad:1 >list
		fi
		for dst in "$DST_HOST/bad:1" oci:out:1; do
			run -1 --separate-stderr ace-dt mirror gather list "$dst"
			[[ $stderr == *"$layer: oci:bad: the content has digest"* ]]
		done
		[ ! -e "out/blobs/sha256/${layer#*:}" ]
		run curl -fs "http://$DST_HOST/v2/bad/blobs/$layer" -o /dev/null
		[ "$status" -ne 0 ]
		run ls -A out
		[ "$output" = $'blobs\nindex.json\noci-layout' ]
	done
}

@test "-r: referrers, by the tag scheme where there is no API" {
	new_layout refs
	make_app refs app
	root=$(layout_digest refs app)
	child=$(layout_blob refs "$root" | jq -c '.manifests[0] | del(.platform)')
	n=0
	for s in "$(jq -c '.manifests[0] | del(.annotations)' refs/index.json)" \
	    "$child"; do
		n=$((n + 1))
		blob=$(echo sbom | put_manifest refs text/plain)
		empty=$(printf '{}' | put_manifest refs \
		    application/vnd.oci.empty.v1+json)
		printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"a/sbom","config":%s,"layers":[%s],"subject":%s,"annotations":{"k":"v"}}' \
		    "$OCI_MANIFEST" "$empty" "$blob" "$s" |
		    put_manifest refs "$OCI_MANIFEST" | tee -a sboms |
		    tag_layout refs "sbom-$n"
	done
	echo oci:refs:app >list
	ace-dt mirror gather list "$DST_HOST/refs:1" -q
	run curl -fs -o /dev/null -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/refs/manifests/${root/:/-}"
	[ "$status" -ne 0 ]
	ace-dt mirror gather list "$DST_HOST/refs:1" -q -r
	for s in "$root" "$(jq -r .digest <<<"$child")"; do
		curl -fsS -H "Accept: $ACCEPT" \
		    "http://$DST_HOST/v2/refs/manifests/${s/:/-}" >tag
		jq -e '.manifests | length == 1' tag
		jq -e '.manifests[0] | .artifactType == "a/sbom" and
		    .annotations.k == "v"' tag
	done
	# From there on to a layout, by the tags.
	echo "$DST_HOST/refs:1" >list
	ace-dt mirror gather list oci:again:1 -q -r
	for d in $(jq -r .digest sboms); do
		layout_blob again "$d" >/dev/null
	done
	[ -n "$(layout_digest again "${root/:/-}")" ]
	# Readers that take the first entry, or but one, take the image's.
	jq -c '[.manifests[].annotations["org.opencontainers.image.ref.name"]]' \
	    again/index.json >tags
	jq -e --arg r "${root/:/-}" '.[0] == "1" and length == 3 and
	    (.[1:] | index($r) != null and all(startswith("sha256-")))' tags
	# They are not listed, and not counted.
	layout_blob again "$(layout_digest again 1)" >index
	[ "$(jq '.manifests | length' index)" -eq 1 ]
}

@test "Docker's media types, and an index in an index" {
	new_layout d
	for arch in amd64 arm64; do
		make_image d $arch docker 2 \
		    application/vnd.docker.container.image.v1+json \
		    "$DOCKER_MANIFEST"
	done | make_index d "$DOCKER_LIST" | tag_layout d docker
	make_app d inner
	jq -c '.manifests[] | select(.mediaType | contains("oci"))
	    | del(.annotations)' d/index.json | make_index d |
	    tag_layout d nested
	printf 'oci:d:docker\noci:d:nested\n' >list
	ace-dt mirror gather list "$DST_HOST/types:1" -q
	verify_registry "$DST_HOST" types 1
	ace-dt mirror gather list oci:out:1 -q -p linux/arm64
	layout_blob out "$(layout_digest out 1)" >index
	[ "$(jq -c '[.manifests[].mediaType | contains("docker")]' index)" = \
	    '[true,false]' ]
}

@test "foreign layers are counted but not copied" {
	new_layout f
	make_image f amd64 f >m
	layout_blob f "$(jq -r .digest m)" | jq -jc '.layers += [{mediaType:
	    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	    size: 1000000, digest: ("sha256:" + "a" * 64),
	    urls: ["http://127.0.0.1:1/x"]}]' |
	    put_manifest f "$OCI_MANIFEST" | tag_layout f 1
	echo oci:f:1 >list
	ace-dt mirror gather list "$DST_HOST/foreign:1" -q
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/foreign/manifests/1" >index
	[ "$(jq -r '.annotations["vnd.act3-ace.data.layer.size.total"]' \
	    index)" -gt 1000000 ]
}

@test "a subject is copied and counted; one that is missing is not missed" {
	new_layout s
	subject=$(make_image s amd64 subject | jq -c 'del(.platform)')
	config=$(printf '{}' | put_manifest s application/vnd.oci.empty.v1+json)
	artifact()
	{
		printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"a/b","config":%s,"layers":[],"subject":%s}' \
		    "$OCI_MANIFEST" "$config" "$1" |
		    put_manifest s "$OCI_MANIFEST"
	}
	artifact "$subject" | tag_layout s has
	artifact '{"mediaType":"'"$OCI_MANIFEST"'","size":9,"digest":"sha256:'"$(printf '%064d' 7)"'"}' |
	    tag_layout s has-not
	printf 'oci:s:has\noci:s:has-not\n' >list
	ace-dt mirror gather list oci:out:1 -q
	layout_blob out "$(jq -r .digest <<<"$subject")" >/dev/null
	# Two artifacts with the same config, and the subject of one of them.
	[ "$(layout_blob out "$(layout_digest out 1)" | published_sums)" = \
	    "$({ layout_digest s has; layout_digest s has-not
	    jq -r .digest <<<"$subject"; } | sums s)" ]
	[ -n "$(layout_digest out "sha256-$(jq -r .digest <<<"$subject" |
	    cut -d: -f2)")" ]
}

@test "an empty list publishes nothing, unless --allow-empty is given" {
	: >empty
	ace-dt mirror gather "$FILES/layout.list" oci:e:1 -q
	cp e/index.json before
	run -1 --separate-stderr ace-dt mirror gather empty oci:e:1
	[[ $stderr == *"empty names no image"* ]]
	[[ $stderr == *"no image came; nothing was published, oci:e:1 is as it was (--allow-empty makes an index without entries)"* ]]
	[ -z "$output" ]
	cmp before e/index.json
	# A generator that died before the list was written.
	run -1 ace-dt mirror gather - oci:e:1 </dev/null
	cmp before e/index.json
	run -1 acedt-index --print < <(acedt-resolve empty)
	[[ $output == *"no image came; nothing was published (--allow-empty"* ]]
	ace-dt mirror gather empty oci:e:1 -q --allow-empty
	layout_blob e "$(layout_digest e 1)" | jq -e '.manifests == []'
}

@test "the sums of an index count what images share each time, and once" {
	local images=$FILES/images got want
	printf 'oci:%s:%s\n' "$images" app-1 "$images" app-2 >list
	ace-dt mirror gather list oci:out:1 -q
	got=$(layout_blob out "$(layout_digest out 1)" | published_sums)
	want=$(for tag in app-1 app-2; do
		layout_blob "$images" "$(layout_digest "$images" "$tag")" |
		    jq -r '.manifests[].digest'
	done | sums "$images")
	[ "$got" = "$want" ]
	# Five platforms have one layer in common.
	jq -e '.[0] > .[1]' <<<"$got"
}

@test "what the filter left nothing of is counted and named; of all: nothing is published" {
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" oci:f:1 \
	    -p linux/arm/v7
	[[ $stderr == *"acedt-index: 2 of 3 images have nothing that was selected: $FILES/list:"*" $SRC_HOST/"* ]]
	[[ $stderr == *"oci:f:1: gathered 1 image (of 2 more nothing was selected), "* ]]
	cp f/index.json before
	run -1 --separate-stderr ace-dt mirror gather "$FILES/list" oci:f:1 \
	    -p windows/amd64
	[[ $stderr == *"none of the images has anything that was selected; nothing was published, oci:f:1 is as it was (--allow-empty"* ]]
	cmp before f/index.json
}

@test "a tag that names something else than a gathered index is not replaced" {
	push_layout "$FILES/images" single "$DST_HOST" taken:1
	cp -r "$FILES/images" taken
	for image in "$DST_HOST/taken:1" oci:taken:app-1; do
		: >"$DST_LOG"
		cp taken/index.json before
		for verify in '' --verify; do
			run -4 --separate-stderr ace-dt mirror gather \
			    "$FILES/list" "$image" $verify
			[[ $stderr == *"names something else than a gathered index, which is not replaced (give another tag, or --overwrite)"* ]]
		done
		# Before anything moved, and by hand before the tag moves.
		[ "$(requests "$DST_LOG" 'POST|PUT' /v2/)" -eq 0 ]
		acedt-resolve "$FILES/layout.list" | acedt-fetch |
		    acedt-push "$image" >s
		run -4 acedt-index "$image" <s
		[[ $output == *"is not replaced (give another tag, or --overwrite)"* ]]
		[ "$(requests "$DST_LOG" PUT /v2/taken/manifests/1)" -eq 0 ]
		cmp before taken/index.json
		ace-dt mirror gather "$FILES/layout.list" "$image" -q --overwrite
		# It is one now.
		ace-dt mirror gather "$FILES/list" "$image" -q
	done
	verify_registry "$DST_HOST" taken 1
	verify_layout taken app-1
}

@test "an index that would be too large fails before it is made, in words" {
	new_layout s
	make_image s amd64 one >one
	make_image s arm64 two >two
	# Two megabytes that become twelve when they are escaped, in each entry.
	for i in 1 2 3 4; do
		jq -jcn --slurpfile a one --slurpfile b two --arg i "$i" \
		    --arg t "$OCI_INDEX" '{schemaVersion: 2, mediaType: $t,
		    manifests: [$a[0], $b[0]],
		    annotations: {a: ("<" * 2000000), i: $i}}' |
		    put_manifest s "$OCI_INDEX" | tag_layout s "big-$i"
		echo "oci:s:big-$i"
	done >list
	head -n 1 list >one.list
	ace-dt mirror gather one.list oci:out:1 -q -p linux/amd64,linux/arm64
	layout_blob out "$(layout_digest out 1)" >index
	[ "$(jq '.manifests | length' index)" -eq 2 ]
	[ "$(wc -c <index)" -gt 24000000 ]
	[ "$(jq -r '.manifests[0].annotations["data.act3-ace.io/source-index"]' \
	    index | jq '.annotations.a | length')" -eq 2000000 ]
	cp out/index.json before
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 \
	    -p linux/amd64,linux/arm64
	[[ $stderr == *"acedt-index: list:3: oci:s:big-3: with this image the index would have more than 67108864 bytes (gather into several indexes, or for fewer platforms"* ]]
	cmp before out/index.json
}

@test "sizes that cannot be added up are refused" {
	new_layout s
	python3 - "$OCI_MANIFEST" "$OCI_CONFIG" >m <<-'EOF'
	import json, sys
	print(json.dumps({"schemaVersion": 2, "mediaType": sys.argv[1],
	    "config": {"mediaType": sys.argv[2], "size": 2, "digest":
	    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
	    "layers": [{"mediaType":
	    "application/vnd.oci.image.layer.nondistributable.v1.tar",
	    "digest": "sha256:%064x" % i, "size": 9007199254740991}
	    for i in range(2049)]}), end="")
	EOF
	printf '{}' | put_manifest s "$OCI_CONFIG" >/dev/null
	put_manifest s "$OCI_MANIFEST" <m | tag_layout s 1
	echo oci:s:1 >list
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1
	[[ $stderr == *"list:1: oci:s:1: the sizes below sha256:"*" add up to more than can be counted"* ]]
}

@test "the same source twice: two entries, one copy" {
	printf 'oci:%s:app-1,n=2\noci:%s:app-1,n=1\n' "$FILES/images" \
	    "$FILES/images" >list
	run -0 --separate-stderr ace-dt mirror gather list "$DST_HOST/two:1"
	curl -fsS -H "Accept: $ACCEPT" "http://$DST_HOST/v2/two/manifests/1" |
	    jq -c '[.manifests[].annotations["data.act3-ace.io/labels"]]' >got
	[ "$(cat got)" = '["{\"n\":\"1\"}","{\"n\":\"2\"}"]' ]
	[ "$(requests "$DST_LOG" PUT /v2/two/manifests/sha256)" -eq 4 ]
}

@test "a list on standard input, and digests as references" {
	d=$(layout_digest "$FILES/images" app-1)
	run -0 --separate-stderr ace-dt mirror gather - oci:stdin:1 -q \
	    <<<"$SRC_HOST/team/app@$d"
	layout_blob stdin "$(layout_digest stdin 1)" |
	    jq -e --arg d "$d" '.manifests[0].digest == $d and
	    .manifests[0].size > 0'
}

@test "an empty data string in a descriptor embeds nothing" {
	new_layout d
	image=$(make_image d amd64 nothing)
	layout_blob d "$(jq -r .digest <<<"$image")" |
	    jq -jc '.config.data = "" | .layers[].data = ""' |
	    put_manifest d "$OCI_MANIFEST" |
	    jq -c --argjson i "$image" '. + {platform: $i.platform, data: ""}' |
	    make_index d | tag_layout d app
	echo oci:d:app >list
	for options in "" "-p linux/amd64"; do
		# shellcheck disable=SC2086 # words
		run -0 ace-dt mirror gather list oci:out:1 $options
		[[ $output == *"oci:out:1: gathered 1 image"* ]]
		verify_layout out 1
	done
	layout_blob out "$(layout_digest out 1)" |
	    jq -e '.manifests[0] | has("platform") and (has("data") | not)'
}

@test "IMAGE without a tag is latest, with a digest it is an error" {
	ace-dt mirror gather "$FILES/layout.list" oci:untagged -q
	[ -n "$(layout_digest untagged latest)" ]
	run -2 ace-dt mirror gather "$FILES/layout.list" \
	    "$DST_HOST/x@sha256:$(printf '%064d' 0)"
	[[ $output == *"name a tag, not a digest"* ]]
}

@test "the destination's own images are mounted from other repositories" {
	push_layout "$FILES/images" app-1 "$DST_HOST" own/app:1
	echo "$DST_HOST/own/app:1" >list
	run -0 --separate-stderr ace-dt mirror gather list "$DST_HOST/mounted:1"
	verify_registry "$DST_HOST" mounted 1
	[[ $stderr == *"0 blobs (0 B) copied, 7 there already"* ]]
	[ "$(requests "$DST_LOG" 'PUT|PATCH' /v2/mounted/blobs)" -eq 0 ]
	[ "$(requests "$DST_LOG" GET /v2/own/app/blobs)" -eq 0 ]
}

@test "sha512 digests, in layouts" {
	put512()
	{
		local hex
		hex=$(sha512sum <"$1")
		hex=${hex%% *}
		cp "$1" "s/blobs/sha512/$hex"
		printf '{"mediaType":"%s","digest":"sha512:%s","size":%d}' \
		    "$2" "$hex" "$(stat -c %s "$1")"
	}
	new_layout s
	mkdir s/blobs/sha512
	printf '{"architecture":"amd64","os":"linux"}' >config
	echo layer >layer
	printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' \
	    "$OCI_MANIFEST" "$(put512 config "$OCI_CONFIG")" \
	    "$(put512 layer a/layer)" >manifest
	put512 manifest "$OCI_MANIFEST" | tag_layout s 1
	d=$(layout_digest s 1)
	printf 'oci:s:1\noci:s@%s\n' "$d" >list
	ace-dt mirror gather list oci:out:1 -q -p linux/amd64
	for f in s/blobs/sha512/*; do
		cmp "$f" "out/blobs/sha512/${f##*/}"
	done
	printf X | dd of="s/blobs/sha512/$(put512 layer a/layer |
	    jq -r .digest | cut -d: -f2)" conv=notrunc bs=1 seek=2 status=none
	rm -r out
	run -1 ace-dt mirror gather list oci:out:1 -q
	[[ $output == *"sha512:"*"has digest sha512:"* ]]
}
