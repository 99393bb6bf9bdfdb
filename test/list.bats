# An index as a stream: acedt-list, what acedt-index makes of that, acedt-show.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	start_registry SRC
	start_registry DST
	new_layout images
	make_app images app-1 amd64 arm64
	make_app images app-2 amd64
	make_image images amd64 single | tag_layout images single
	push_layout images app-1 "$SRC_HOST" team/app-1:1
	cat >list <<-EOF
	$SRC_HOST/team/app-1:1,component=core
	oci:$PWD/images:app-2
	oci:$PWD/images:single,component=core,tier=front
	EOF
	export FILES=$PWD
	config_plain_http "$SRC_HOST" "$DST_HOST"
	ace-dt mirror gather list oci:disk:v1 -q
	ace-dt mirror gather list "$SRC_HOST/all:v1" -q
}

teardown_file()
{
	stop_servers
}

setup()
{
	own_folder
	export ACE_DT_CACHE_PATH=$PWD/cache
	config_plain_http "$SRC_HOST" "$DST_HOST"
}

# The images of a stream on standard input, with jq.
images()
{
	jq -c 'select(.type == "image")'
}

@test "list: the index to the byte, then a record for each entry" {
	d=$(layout_digest "$FILES/disk" v1)
	acedt-list "oci:$FILES/disk:v1" >listed
	[ "$(head -n 1 listed)" = "$HEADER" ]
	sed -n 2p listed | jq -e --arg d "$d" --arg i "oci:$FILES/disk:v1" \
	    '.type == "index" and .image == $i and .descriptor.digest == $d'
	[ "sha256:$(sed -n 2p listed | jq -r .data | base64 -d | sha256sum |
	    cut -c1-64)" = "$d" ]
	[ "$(tail -n 1 listed)" = '{"type":"end","images":3}' ]
	# Names, labels and the place where the content is now.
	images <listed | jq -e --arg p "oci:$FILES/disk@sha256:" \
	    '.source | startswith($p)'
	images <listed | jq -r .name | sort | diff - \
	    <(cut -d, -f1 "$FILES/list" | sort)
	images <listed | jq -e --arg n "oci:$FILES/images:single" \
	    'select(.name == $n).labels == {component: "core", tier: "front"}'
	# What an entry says is there to the byte.
	images <listed | jq -c .entry >entries
	sed -n 2p listed | jq -r .data | base64 -d | jq -c '.manifests[]' |
	    diff - entries
	# The same index in a registry, with one request.
	: >"$SRC_LOG"
	acedt-list "$SRC_HOST/all:v1" >remote
	[ "$(grep -c manifests "$SRC_LOG")" -eq 1 ]
	images <remote | jq -c '[.name, .labels, .descriptor]' |
	    diff - <(images <listed | jq -c '[.name, .labels, .descriptor]')
}

@test "list: --index-fallback, plain indexes, single images" {
	ace-dt mirror gather "$FILES/list" oci:disk:fb -q --index-fallback
	acedt-list oci:disk:fb | images | jq -r .name | sort |
	    diff - <(cut -d, -f1 "$FILES/list" | sort)
	# An index of one image: its entries have no names.
	acedt-list "oci:$FILES/images:app-1" >plain
	[ "$(images <plain | wc -l)" -eq 2 ]
	[ "$(images <plain | jq -r 'has("name")' | sort -u)" = false ]
	acedt-fetch <plain | images | jq -e '.manifests | length == 1'
	acedt-list "oci:$FILES/images:single" >one
	[ "$(wc -l <one)" -eq 3 ]
	[ "$(images <one | jq -r .source)" = "oci:$FILES/images:single" ]
	acedt-fetch <one | acedt-push oci:copied | acedt-index oci:copied:1
}

@test "an index is copied with its digest, the second time without a request for content" {
	d=$(layout_digest "$FILES/disk" v1)
	for n in 1 2; do
		: >"$DST_LOG"
		acedt-list "oci:$FILES/disk:v1" | acedt-fetch |
		    acedt-push "$DST_HOST/far" |
		    acedt-index "$DST_HOST/far:v1" >result
		[ "$(cat result)" = "$DST_HOST/far:v1@$d" ]
		verify_registry "$DST_HOST" far v1
	done
	[ "$(grep -c PUT "$DST_LOG")" -eq 0 ]
	# From the registry into a layout.
	acedt-list "$DST_HOST/far:v1" | acedt-fetch | acedt-push oci:back |
	    acedt-index oci:back:v1
	[ "$(layout_digest back v1)" = "$d" ]
	verify_layout back v1
	# A plain index, again: the tag names it already.
	for n in 1 2; do
		acedt-list "oci:$FILES/images:app-1" | acedt-fetch |
		    acedt-push oci:plain | acedt-index oci:plain:app
	done
	[ "$(layout_digest plain app)" = "$(layout_digest "$FILES/images" app-1)" ]
}

@test "a part of an index, or more than it, makes a new index with the names" {
	acedt-list "oci:$FILES/disk:v1" | acedt-filter -l component=core |
	    acedt-fetch | acedt-push oci:part | acedt-index oci:part:v1
	[ "$(acedt-list oci:part:v1 | images | jq -r .name | sort)" = \
	    "$(grep core "$FILES/list" | cut -d, -f1 | sort)" ]
	acedt-list oci:part:v1 | images | jq -e '.labels.component == "core"'
	# Two indexes, joined.
	(acedt-list "oci:$FILES/disk:v1"; acedt-list oci:part:v1) |
	    acedt-fetch | acedt-push oci:both | acedt-index oci:both:v1
	[ "$(acedt-list oci:both:v1 | images | wc -l)" -eq 5 ]
	# One platform of each is not the whole any more.
	acedt-list "oci:$FILES/disk:v1" | acedt-fetch --roots |
	    acedt-filter -p linux/arm64 | acedt-fetch |
	    acedt-push oci:arm | acedt-index oci:arm:v1
	[ "$(layout_digest arm v1)" != "$(layout_digest "$FILES/disk" v1)" ]
	# Another annotation makes another index.
	acedt-list "oci:$FILES/disk:v1" | acedt-fetch | acedt-push oci:noted |
	    acedt-index -a a=b oci:noted:v1
	[ "$(layout_digest noted v1)" != "$(layout_digest "$FILES/disk" v1)" ]
}

@test "an index record that is not what it says publishes nothing" {
	acedt-list "oci:$FILES/disk:v1" | acedt-fetch | acedt-push oci:bad >pushed
	while IFS='|' read -r why edit; do
		jq -c "if .type == \"index\" then $edit else . end" <pushed >edited
		run -3 --separate-stderr acedt-index oci:bad:v1 <edited
		[[ $stderr == "acedt-index: an index record: "*"$why"*"; nothing was published" ]] ||
		    { echo "$why: $stderr"; return 1; }
	done <<-'EOF'
	the data has digest|.data = (.data | sub("^ey"; "fy"))
	the data has digest|.descriptor.size += 1
	no base64 in "data"|.data = "*"
	no base64 in "data"|del(.data)
	is not the media type of an index|.descriptor.mediaType = "text/plain"
	digest|.descriptor.digest = "sha256:1"
	EOF
	[ -z "$(layout_digest bad v1)" ]
}

@test "list: what is not there, or not an index, or a liar" {
	run -4 acedt-list "oci:$FILES/disk:nosuch"
	[[ $output == "acedt-list: oci:$FILES/disk: no tag nosuch; it has v1" ]]
	run -4 acedt-list oci:nowhere:1
	[[ $output == *nowhere* ]]
	run -4 acedt-list "$SRC_HOST/all:nosuch"
	[[ $output == *"HTTP 404"* ]]
	run -2 acedt-list
	run -2 acedt-list a b
	run -2 acedt-list not/a/reference::
	[[ $output == "acedt-list: IMAGE: "* ]]
	start_regd R
	config_plain_http "$R_HOST"
	put()
	{
		curl -sf -X PUT -H "Content-Type: $1" --data-binary @- \
		    "http://$R_HOST/v2/x/manifests/$2"
	}
	oci=application/vnd.oci.image.index.v1+json
	echo '{"schemaVersion":2,"mediaType":"'$oci'","manifests":{}}' | put $oci 1
	run -3 acedt-list "$R_HOST/x:1"
	[[ $output == "acedt-list: $R_HOST/x:1: an index without an array of manifests" ]]
	echo '{"schemaVersion":2}' | put text/plain 2
	run -3 acedt-list "$R_HOST/x:2"
	[[ $output == *"neither an index nor an image"* ]]
	# One entry that is wrong, and one that is right.
	echo '{"schemaVersion":2,"manifests":[{"digest":"sha256:1"},
	    {"mediaType":"application/vnd.oci.image.manifest.v1+json",
	    "digest":"sha256:'"$(printf '%064d' 1)"'","size":3,"annotations":
	    {"data.act3-ace.io/labels":"[1]"}}]}' | put $oci 3
	run -1 --separate-stderr acedt-list "$R_HOST/x:3"
	[ "$(images <<<"$output" | wc -l)" -eq 2 ]
	images <<<"$output" | head -n 1 | jq -e '.error.class == "content"'
	images <<<"$output" | tail -n 1 | jq -e 'has("labels") or has("error") | not'
	# A digest that the content has not.
	run acedt-list "$R_HOST/x@sha256:$(printf '%064d' 1)"
	[ "$status" -ne 0 ]
}

@test "show: a table, CSV and JSON, with the bytes that an image has" {
	acedt-list "oci:$FILES/disk:v1" | acedt-fetch --roots | acedt-fetch >s
	run -0 --separate-stderr acedt-show <s
	[ -z "$stderr" ]
	[[ ${lines[0]} =~ ^NAME\ +SIZE\ +DIGEST\ +PLATFORMS\ +LABELS$ ]]
	[[ $output == *"team/app-1:1 "*" linux/amd64 linux/arm64  component=core"* ]]
	[[ $output == *"images:single "*" linux/amd64  "*"component=core tier=front"* ]]
	[[ ${lines[-1]} == "3 images, "*", what they share counted once" ]]
	acedt-show -o json <s >json
	[ "$(wc -l <json)" -eq 3 ]
	# An image's bytes: its manifest, its config and its layer.
	one=$(layout_digest "$FILES/images" single)
	file=$FILES/images/blobs/sha256/${one#sha256:}
	bytes=$(($(stat -c %s "$file") + $(jq '[.config, .layers[]] | map(.size) |
	    add' "$file")))
	jq -e --arg d "$one" --argjson n "$bytes" 'select(.digest == $d) |
	    .bytes == $n and .platforms == ["linux/amd64"] and
	    .labels.tier == "front"' json
	acedt-show -o csv <s >csv
	[ "$(head -n 1 csv)" = $'name,bytes,digest,platforms,labels,error\r' ]
	[ "$(wc -l <csv)" -eq 4 ]
	# Without the manifests the bytes are not known.
	acedt-list "oci:$FILES/disk:v1" | acedt-show >unknown
	grep -q ' - ' unknown
	[ "$(tail -n 1 unknown)" = "3 images" ]
	run -2 acedt-show -o yaml <s
	[[ $output == *"the formats are table, csv and json"* ]]
}

@test "show: what failed, what steers a terminal, and a stream that was cut" {
	echo "oci:$FILES/images:nosuch" | cat "$FILES/list" - >list
	acedt-resolve list 2>/dev/null | acedt-fetch >s || true
	run -1 --separate-stderr acedt-show <s
	[[ $output == *"images:nosuch "*"failed: oci:$FILES/images: no tag nosuch"* ]]
	[ "${lines[-1]}" = "4 images" ]
	acedt-show -o json <s >json || [ $? -eq 1 ]
	jq -e 'select(.error) | .error | contains("no tag nosuch")' json
	# A name from an index of others.
	jq -c 'if .type == "image" then .name = "\u001b[2J\u202e,\"x\"" else .
	    end' <s >evil
	acedt-show <evil >out || [ $? -eq 1 ]
	refute grep -q $'\033' out
	grep -qF '\x1b[2J\u202e' out
	acedt-show -o csv <evil >csv || [ $? -eq 1 ]
	grep -qF ',""x"""' csv
	head -n 2 s >cut
	run -3 --separate-stderr acedt-show <cut
	[ -z "$output" ]
	[[ $stderr == *"the stream was cut short"* ]]
	run -3 --separate-stderr acedt-show </dev/null
}

@test "ace-dt mirror list: the table of the pipeline that --print shows" {
	run -0 --separate-stderr ace-dt mirror list "oci:$FILES/disk:v1"
	[ -z "$stderr" ]
	[[ ${lines[0]} == "NAME "*"LABELS" ]]
	[[ ${lines[-1]} == "3 images, "* ]]
	ace-dt mirror list --print -o csv "oci:$FILES/disk:v1" >by-hand
	bash -e -o pipefail by-hand >csv
	ace-dt mirror list -o csv "oci:$FILES/disk:v1" | cmp csv -
	# Of a registry, by all ways to give a configuration.
	ace-dt mirror list -o json --config "$ACE_DT_CONFIG" "$SRC_HOST/all:v1" |
	    jq -se --arg n "$SRC_HOST/team/app-1:1" 'any(.name == $n and
	    .platforms == ["linux/amd64", "linux/arm64"])'
	# What is missing is said, with the status of an image that failed.
	cp -r "$FILES/disk" torn
	rm "torn/blobs/sha256/$(layout_digest "$FILES/images" single | cut -c8-)"
	run -1 --separate-stderr ace-dt mirror list oci:torn:v1
	[[ $output == *"images:single "*"failed: "* ]]
	run -4 ace-dt mirror list oci:torn:nosuch
	[[ $output == *"no tag nosuch; it has v1"* ]]
	run -2 ace-dt mirror list
	run -2 ace-dt mirror list a b
	run -2 ace-dt mirror list -o xml "oci:$FILES/disk:v1"
	[[ $output == *"the formats are table, csv and json"* ]]
}
