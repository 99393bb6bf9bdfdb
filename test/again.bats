# Runs after the first: what the destination has is not sent, nor asked for.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	start_registry SRC
	start_registry DST
	config_plain_http "$SRC_HOST" "$DST_HOST"
	new_layout images
	for i in 1 2 3 4 5; do
		make_app images "a$i" amd64 arm64
		push_layout "$PWD/images" "a$i" "$SRC_HOST" "app:$i"
		echo "$SRC_HOST/app:$i"
	done >list
	export FILES=$PWD
}

teardown_file()
{
	stop_servers
}

setup()
{
	own_folder
	cp "$FILES/list" .
	: >"$SRC_LOG"
	: >"$DST_LOG"
}

gather()
{
	run -0 --separate-stderr ace-dt mirror gather list "$@"
	digest=${output##*@}
}

forget()
{
	: >"$SRC_LOG"
	: >"$DST_LOG"
}

all()
{
	requests "$1" '[A-Z]*' /v2/
}

@test "nothing changed: a HEAD a source, one GET at the destination" {
	run -0 ace-dt mirror gather list "$DST_HOST/same:1"
	first=$(grep @sha256 <<<"$output")
	forget
	run -0 ace-dt mirror gather list "$DST_HOST/same:1"
	[ "$(grep @sha256 <<<"$output")" = "$first" ]
	[ "$(requests "$SRC_LOG" HEAD /v2/app/manifests/)" -eq 5 ]
	[ "$(all "$SRC_LOG")" -eq 5 ]
	[ "$(requests "$DST_LOG" GET /v2/same/manifests/1)" -eq 1 ]
	[ "$(all "$DST_LOG")" -eq 1 ]
}

@test "nothing changed, with platforms, and with a fallback" {
	for options in '-p linux/amd64' '--index-fallback'; do
		gather "$DST_HOST/opt:1" $options
		forget
		gather "$DST_HOST/opt:1" $options
		[ "$(all "$SRC_LOG")" -eq 5 ]
		[ "$(all "$DST_LOG")" -eq 1 ]
	done
	# Pinned ones are not even asked for.
	acedt-resolve list | jq -r 'select(.source) |
	    "\(.source)@\(.descriptor.digest)"' >pinned
	mv pinned list
	gather "$DST_HOST/opt:2"
	forget
	gather "$DST_HOST/opt:2"
	[ "$(all "$SRC_LOG")" -eq 0 ]
}

@test "one of them changed: only that one moves" {
	gather "$DST_HOST/one:1"
	new_layout other
	make_app other b amd64
	push_layout "$PWD/other" b "$SRC_HOST" "new:1"
	sed -i "3s|.*|$SRC_HOST/new:1|" list
	forget
	gather "$DST_HOST/one:1"
	# Index, manifest; config and two layers, one of which the others have.
	[ "$(requests "$SRC_LOG" GET /v2/new/manifests/)" -eq 2 ]
	[ "$(requests "$SRC_LOG" GET /v2/app/)" -eq 0 ]
	[ "$(requests "$DST_LOG" PUT /v2/one/manifests/)" -eq 3 ]
	[ "$(requests "$DST_LOG" PUT /v2/one/blobs/)" -eq 2 ]
	# One more finds out what the answers to these are worth.
	[ "$(requests "$DST_LOG" POST /v2/one/blobs/)" -eq 3 ]
	[ "$(requests "$DST_LOG" 'GET|HEAD' /v2/one/)" -eq 1 ]
	verify_registry "$DST_HOST" one 1
}

@test "without a cache the manifests come from the destination" {
	gather "$DST_HOST/nocache:1"
	first=$digest
	rm -r home/.cache
	forget
	gather "$DST_HOST/nocache:1"
	[ "$digest" = "$first" ]
	[ "$(requests "$SRC_LOG" GET /v2/)" -eq 0 ]
	[ "$(requests "$DST_LOG" 'PUT|POST' /v2/)" -eq 0 ]
	[ "$(requests "$DST_LOG" GET /v2/nocache/manifests/sha256)" -eq 15 ]
	# What even the destination lacks comes from the source.
	data=$(dirname "$DST_LOG")/data/docker/registry/v2
	rm -rf home/.cache "$data"/repositories/nocache/_manifests/revisions
	ACE_DT_CACHE_PATH=/dev/null run -0 --separate-stderr acedt-fetch \
	    --have "$DST_HOST/nocache:1" < <(acedt-resolve list)
	[ ! -e home/.cache ]
	[ "$(grep -c '"manifests":\[' <<<"$output")" -eq 5 ]
}

@test "a cache that is wrong, unwritable, or used by many at once" {
	gather oci:out:1
	find home/.cache/ace/dt/manifests -type f >files
	[ "$(wc -l <files)" -eq 15 ]
	while read -r f; do
		echo rubbish >"$f"
	done <files
	gather oci:out2:1
	verify_layout out2 1
	# Mended on the way.
	while read -r f; do
		[ "sha256:$(sha256sum <"$f" | cut -d' ' -f1)" = \
		    "sha256:${f##*/}" ]
	done <files
	rm -r home/.cache
	touch home/.cache
	gather oci:out3:1
	verify_layout out3 1
	rm home/.cache
	for i in 1 2 3 4; do
		acedt-resolve list | acedt-fetch >"s$i" 3>&- &
		pids="${pids:-} $!"
	done
	for pid in $pids; do
		wait "$pid"
	done
	cmp s1 s2
	cmp s1 s3
	cmp s1 s4
	# Nobody else may look into it.
	[ "$(stat -c %a home/.cache/ace/dt/manifests)" = 700 ]
}

@test "what is no file of ours in the cache holds nobody up" {
	gather oci:out:1
	find home/.cache/ace/dt/manifests -type f | head -3 >files
	{ read -r fifo; read -r link; read -r theirs; } <files
	mv "$link" elsewhere
	ln -s "$PWD/elsewhere" "$link"
	rm "$fifo"
	mkfifo "$fifo"
	[ "$(id -u)" -ne 0 ] || chown nobody "$theirs"
	run -0 timeout 60 ace-dt mirror gather list oci:out2:1 -q
	verify_layout out2 1
	# Mended on the way; another user's stays as it is.
	[ -f "$fifo" ]
	[ ! -L "$link" ]
	[ -f "$link" ]
	[ "$(id -u)" -ne 0 ] || [ "$(stat -c %U "$theirs")" = nobody ]
}

@test "--verify repairs what is gone; without it the index is believed" {
	gather "$DST_HOST/fix:1"
	first=$digest
	data=$(dirname "$DST_LOG")/data/docker/registry/v2/repositories/fix
	layer=$(ls "$data/_layers/sha256" | head -n 1)
	# Not the index that is to be believed.
	manifest=$(ls "$data/_manifests/revisions/sha256" |
	    grep -v "${first#sha256:}" | head -n 1)
	rm -r "$data/_layers/sha256/$layer"
	rm -r "$data/_manifests/revisions/sha256/$manifest"
	gather "$DST_HOST/fix:1"
	[ "$digest" = "$first" ]
	[ ! -e "$data/_layers/sha256/$layer" ]
	gather "$DST_HOST/fix:1" --verify
	[ "$digest" = "$first" ]
	verify_registry "$DST_HOST" fix 1
	[ -e "$data/_layers/sha256/$layer" ]
}

# What the destination can lose, one kind each: a tag, and a digest below it.
kinds_below()
{
	local image child
	image=$(jq -r '.manifests[1].digest' index)
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$SRC_HOST/v2/app/manifests/$image" >image
	child=$(jq -r '.manifests[1].digest' image)
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$SRC_HOST/v2/app/manifests/$child" >child
	echo "image $image"
	echo "child $child"
	echo "config $(jq -r .config.digest child)"
	echo "layer $(jq -r '.layers[1].digest' child)"
	echo "index $digest"
}

@test "--verify repairs each kind of content in a registry" {
	local kind lost path
	gather "$DST_HOST/kinds:1"
	first=$digest
	curl -fsS -H "Accept: $ACCEPT" "http://$DST_HOST/v2/kinds/manifests/1" \
	    >index
	data=$(dirname "$DST_LOG")/data/docker/registry/v2/repositories/kinds
	kinds_below >kinds
	[ "$(wc -l <kinds)" -eq 5 ]
	while read -r kind lost; do
		path=$data/_manifests/revisions/sha256/${lost#*:}
		case $kind in
		config | layer) path=$data/_layers/sha256/${lost#*:} ;;
		esac
		rm -r "$path"
		refute registry_content "$DST_HOST" kinds "$lost"
		gather "$DST_HOST/kinds:1" --verify
		[ "$digest" = "$first" ]
		registry_content "$DST_HOST" kinds "$lost" >/dev/null
	done <kinds
	verify_registry "$DST_HOST" kinds 1
	# With nothing lost it changes nothing, and sends no blob.
	forget
	gather "$DST_HOST/kinds:1" --verify
	[ "$digest" = "$first" ]
	[ "$(requests "$DST_LOG" PUT /v2/kinds/blobs/)" -eq 0 ]
}

@test "--verify repairs each kind of content in a layout" {
	local kind lost
	gather oci:out:1
	first=$digest
	layout_blob out "$digest" >index
	kinds_below >kinds
	while read -r kind lost; do
		rm "out/blobs/sha256/${lost#*:}"
		gather oci:out:1 --verify
		[ "$digest" = "$first" ]
		[ -e "out/blobs/sha256/${lost#*:}" ]
		# One that was cut is as good as lost.
		truncate -s 5 "out/blobs/sha256/${lost#*:}"
		gather oci:out:1 --verify
		[ "sha256:$(layout_blob out "$lost" | sha256sum |
		    cut -d' ' -f1)" = "$lost" ]
		# So is one in which a byte changed.
		printf '\377' | dd of="out/blobs/sha256/${lost#*:}" \
		    conv=notrunc status=none
		gather oci:out:1 --verify
		[ "sha256:$(layout_blob out "$lost" | sha256sum |
		    cut -d' ' -f1)" = "$lost" ]
	done <kinds
	verify_layout out 1
}

@test "an index of another program, or version, is not believed" {
	gather "$DST_HOST/old:1"
	curl -fsS -H "Accept: $ACCEPT" "http://$DST_HOST/v2/old/manifests/1" |
	    sed 's/\("vnd.act3-ace.data.version":"\)[^"]*/\11.16.0/' >index
	grep -q 1.16.0 index
	curl -fsS -X PUT -H "Content-Type: $OCI_INDEX" --data-binary @index \
	    "http://$DST_HOST/v2/old/manifests/1"
	forget
	gather "$DST_HOST/old:1"
	[ "$(requests "$DST_LOG" POST /v2/old/blobs)" -gt 0 ]
	[ "$(requests "$DST_LOG" PUT /v2/old/manifests/1)" -eq 1 ]
}

@test "--have by hand: a stream says what is present, and where" {
	gather "$DST_HOST/hand:1"
	acedt-resolve list | acedt-fetch --have "$DST_HOST/hand:1" >s
	sed -n 2p s | jq -e --arg h "$DST_HOST/hand" '.present |
	    .image == $h + ":1" and .repository == $h and
	    (.digests | length == 1)'
	forget
	acedt-push "$DST_HOST/hand" <s >pushed
	[ "$(all "$DST_LOG")" -eq 0 ]
	# For another repository it means nothing.
	acedt-push "$DST_HOST/elsewhere" <s >/dev/null
	[ "$(requests "$DST_LOG" PUT /v2/elsewhere/manifests/)" -eq 15 ]
	# A saved stream may be old: what the tag names is asked.
	forget
	acedt-index "$DST_HOST/hand:1" <pushed
	[ "$(requests "$DST_LOG" GET /v2/hand/manifests/1)" -eq 1 ]
	run -2 acedt-fetch --have nowhere <s
	sed 's/"digests":\["sha256:/&X/' s >bad
	run -1 acedt-push "$DST_HOST/hand" <bad
}

@test "a layout that lost content: what is taken as present is looked at" {
	local kind lost how
	gather oci:out:1
	first=$digest
	layout_blob out "$digest" >index
	kinds_below >kinds
	while read -r kind lost; do
		[ "$kind" != index ] || continue
		for how in 'rm' 'truncate -s 5'; do
			$how "out/blobs/sha256/${lost#*:}"
			gather oci:out:1
			[ "$digest" = "$first" ]
			[[ $stderr == *"the index is as it was"*"copied"* ]]
			verify_layout out 1
		done
	done <kinds
	gather oci:out:1
	[[ $stderr == *"nothing has changed"* ]]
}

@test "a layout as destination" {
	gather oci:out:1
	forget
	rm -r home/.cache
	gather oci:out:1
	[ "$(all "$SRC_LOG")" -eq 5 ]
	# --verify looks at every file.
	blob=$(find out/blobs -type f -size -100c | head -n 1)
	rm "$blob"
	gather oci:out:1 --verify
	verify_layout out 1
}

@test "referrers that are new come, though the image is there" {
	gather "$DST_HOST/ref:1" -r
	new_layout sig
	make_image sig amd64 sig | jq -c 'del(.platform)' >d
	subject=$(acedt-resolve list | sed -n 2p | jq -c .descriptor)
	layout_blob sig "$(jq -r .digest d)" | jq -jc --argjson s "$subject" \
	    '. + {subject: $s, artifactType: "application/x-sig"}' |
	    put_manifest sig "$OCI_MANIFEST" | tag_layout sig sig
	push_layout "$PWD/sig" sig "$SRC_HOST" "app:sig"
	d=$(layout_digest sig sig)
	# docker-registry has no referrers API: the tag does it.
	printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' \
	    "$OCI_INDEX" "$(jq -c --arg t "$OCI_MANIFEST" \
	    '{mediaType: $t, digest: .digest, size: .size,
	    artifactType: "application/x-sig"}' <(jq -c '.manifests[] |
	    select(.annotations)' sig/index.json))" >refs
	curl -fsS -X PUT -H "Content-Type: $OCI_INDEX" --data-binary @refs \
	    "http://$SRC_HOST/v2/app/manifests/$(jq -r .digest <<<"$subject" |
	    tr : -)"
	gather "$DST_HOST/ref:1" -r
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/ref/manifests/$d" | cmp - \
	    <(layout_blob sig "$d")
}

# artifact DIR SUBJECT: an artifact about it; prints the descriptor.
artifact()
{
	local config
	config=$(printf '{}' | put_manifest "$1" \
	    application/vnd.oci.empty.v1+json)
	printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"a/b","config":%s,"layers":[],"subject":%s}' \
	    "$OCI_MANIFEST" "$config" "$2" | put_manifest "$1" "$OCI_MANIFEST"
}

@test "a foreign layer is not taken as there: another image has it as its own" {
	start_regd R
	config_plain_http "$R_HOST"
	new_layout s
	victim=$(make_image s amd64 victim)
	layout_blob s "$(jq -r .digest <<<"$victim")" | jq -jc '.layers |=
	    map(.mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")' |
	    put_manifest s "$OCI_MANIFEST" | tag_layout s attacker
	tag_layout s victim <<<"$victim"
	echo oci:s:attacker >list
	gather "$R_HOST/x:1" -q
	echo oci:s:victim >>list
	gather "$R_HOST/x:1" -q
	verify_registry "$R_HOST" x 1
}

@test "a subject is not taken as there with what names it" {
	start_regd R
	config_plain_http "$R_HOST"
	new_layout s
	subject=$(make_image s amd64 subject | jq -c 'del(.platform)')
	about=$(artifact s "$subject")
	tag_layout s about <<<"$about"
	mv s away
	new_layout s
	artifact s "$subject" | tag_layout s about
	echo oci:s:about >list
	acedt-resolve list | acedt-fetch | acedt-push "$R_HOST/x" >/dev/null
	refute registry_content "$R_HOST" x "$(jq -r .digest <<<"$subject")"
	rm -r s
	mv away s
	acedt-resolve list | acedt-fetch | jq -c --arg r "$R_HOST/x" '
	    if .source then .present = {image: "\($r):1", index: "",
	    repository: $r, digests: [.descriptor.digest]} else . end' >stream
	acedt-push "$R_HOST/x" <stream >/dev/null
	registry_content "$R_HOST" x "$(jq -r .digest <<<"$subject")" >/dev/null
	verify_content "$(jq -r .digest <<<"$about")" registry_content \
	    "$R_HOST" x
}

@test "an image waits for a subject that only its own source has" {
	start_faulty
	new_layout with
	subject=$(make_image with amd64 subject | jq -c 'del(.platform)')
	artifact with "$subject" | tag_layout with about
	cp -R with without
	digest=$(jq -r .digest <<<"$subject")
	rm "without/blobs/sha256/${digest#*:}"
	printf '%s\n' oci:without:about oci:with:about >list
	faults "$(jq -n --arg p "manifests/$digest" '[{method: "PUT", path: $p,
	    status: 400, body: "not this one"}]')"
	run -1 --separate-stderr ace-dt mirror gather list "$R_HOST/x:1" -q
	[[ $stderr == *"list:2: oci:with:about"*"not this one"* ]]
	[[ $stderr == *"1 of 2 images failed"* ]]
	faults '[]'
	gather "$R_HOST/x:1" -q
	verify_registry "$R_HOST" x 1
}
