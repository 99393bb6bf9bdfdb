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
