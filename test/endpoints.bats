# Endpoints: mirrors in order, rewrites, the registry itself at last.

load helper
load parts

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images a amd64 arm64
	make_app images b amd64 arm64
	start_registry ONE
	start_registry TWO
	export FILES=$PWD
}

teardown_file()
{
	stop_servers
}

setup()
{
	own_folder
	: >"$ONE_LOG"
	: >"$TWO_LOG"
	export ACE_DT_CONFIG=$PWD/config.yaml
}

# In this file reg.invalid is the registry: a name that no resolver knows.
# mirrors URL…, with more of its configuration from stdin.
mirrors()
{
	{
		echo 'registryConfig: {registries: {reg.invalid: {'
		printf 'endpoints: ['
		printf '"%s",' "$@"
		echo '],'
		cat
		echo '}}}'
	} >config.yaml
}

only_blob()
{
	layout_blob "$FILES/images" "$(layout_digest "$FILES/images" "$1")" |
	    jq -r '.manifests[0].digest'
}

@test "in order: the first answers, the next one is not asked" {
	push_layout "$FILES/images" a "$ONE_HOST" order/app:1
	push_layout "$FILES/images" b "$TWO_HOST" order/app:1
	: >"$TWO_LOG"
	echo reg.invalid/order/app:1 >list
	mirrors "http://$ONE_HOST" "http://$TWO_HOST" </dev/null
	run -0 ace-dt mirror gather list oci:out:1 -q
	[ "$(requests "$TWO_LOG" '[A-Z]*' /)" -eq 0 ]
	# The list's own name is what the index says.
	layout_blob out "$(layout_digest out 1)" | jq -e '.manifests[0] |
	    .annotations["vnd.act3-ace.manifest.source"] ==
	    "reg.invalid/order/app:1"'
	a=$(layout_digest "$FILES/images" a)
	[ "$(layout_blob out "$(layout_digest out 1)" |
	    jq -r '.manifests[0].digest')" = "$a" ]
	mirrors "http://$TWO_HOST" "http://$ONE_HOST" </dev/null
	acedt-resolve list | grep -qF "$(layout_digest "$FILES/images" b)"
}

@test "what is not there, refused or broken: the next one" {
	push_layout "$FILES/images" a "$TWO_HOST" next/app:1
	echo reg.invalid/next/app:1 >list
	mirrors "http://$ONE_HOST" "http://$TWO_HOST" </dev/null
	run -0 ace-dt mirror gather list oci:out:1 -q
	verify_layout out 1
	# Nobody listens there.
	mirrors http://127.0.0.1:1 "http://$TWO_HOST" </dev/null
	run -0 ace-dt mirror gather list oci:out:2 -q
	# A name that does not resolve, and https where http is spoken.
	mirrors https://mirror.invalid "https://$TWO_HOST" "http://$TWO_HOST" \
	    </dev/null
	run -0 ace-dt mirror gather list oci:out:3 -q
	verify_layout out 3
	# A mirror that has all of it, and fails each question: for the tag, for
	# manifests, for blobs.
	echo '[]' >faults
	start_regd BAD --faults "$PWD/faults"
	push_layout "$FILES/images" a "$BAD_HOST" next/app:1
	mirrors "http://$BAD_HOST" "http://$TWO_HOST" </dev/null
	for fault in '"status":503' '"status":403' '"status":429' \
	    '"status":401' '"cut":10' \
	    '"status":302,"headers":{"Location":"ftp://x/"}'; do
		rm -rf out home/.cache
		printf '[{%s}]' "$fault" >faults
		: >"$BAD_LOG"
		run -0 ace-dt mirror gather list oci:out:4 -q
		verify_layout out 4
		[ "$(jq -r '.path | split("/")[4]' "$BAD_LOG" | sort -u |
		    tr '\n' ' ')" = "blobs manifests " ]
	done
}

@test "all of them fail: each is named with what it said" {
	echo reg.invalid/nowhere:1 >list
	mirrors "http://$ONE_HOST" "http://$TWO_HOST" </dev/null
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[[ $stderr == *"reg.invalid/nowhere"*"https://reg.invalid"*"Could not resolve"*"before that "*"at http://$ONE_HOST: HTTP 404"*"at http://$TWO_HOST: HTTP 404"* ]]
	# What was certain was asked once, what may pass three times.
	[ "$(requests "$ONE_LOG" HEAD /v2/nowhere/)" -eq 1 ]
}

@test "a mirror that lacks blobs and manifests is completed from the next" {
	push_layout "$FILES/images" a "$ONE_HOST" part/app:1
	push_layout "$FILES/images" a "$TWO_HOST" part/app:1
	data=$(dirname "$ONE_LOG")/data/docker/registry/v2
	child=$(only_blob a)
	layer=$(layout_blob "$FILES/images" "$child" |
	    jq -r '.layers[1].digest')
	for d in "$child" "$layer"; do
		rm -r "$data/blobs/sha256/${d:7:2}/${d:7}"
		rm -rf "$data/repositories/part/app/_layers/sha256/${d:7}" \
		    "$data/repositories/part/app/_manifests/revisions/sha256/${d:7}"
	done
	echo reg.invalid/part/app:1 >list
	mirrors "http://$ONE_HOST" "http://$TWO_HOST" </dev/null
	: >"$TWO_LOG"
	run -0 ace-dt mirror gather list oci:out:1 -q
	verify_layout out 1
	# From the second came what the first lacked, and no tag was asked for.
	[ "$(requests "$TWO_LOG" GET "/v2/part/app/manifests/$child")" -eq 1 ]
	[ "$(requests "$TWO_LOG" 'GET|HEAD' /v2/part/app/manifests/1)" -eq 0 ]
}

@test "a mirror with wrong content is as good as one without" {
	push_layout "$FILES/images" a "$TWO_HOST" wrong/app:1
	child=$(only_blob a)
	layer=$(layout_blob "$FILES/images" "$child" |
	    jq -r '.layers[1].digest')
	echo reg.invalid/wrong/app:1 >list
	for path in "manifests/$child" "blobs/$layer"; do
		jq -n --arg p "$path" '[{path: $p, status: 200, body: "evil",
		    headers: {"Content-Type":
		    "application/vnd.oci.image.manifest.v1+json"}}]' >faults
		start_regd BAD --faults "$PWD/faults"
		push_layout "$FILES/images" a "$BAD_HOST" wrong/app:1 || true
		mirrors "http://$BAD_HOST" "http://$TWO_HOST" </dev/null
		rm -rf out
		run -0 ace-dt mirror gather list oci:out:1 -q
		verify_layout out 1
	done
}

@test "a mirror that dies on the way: the rest of the blob from the next" {
	new_layout images
	make_big images 3000000
	echo '[]' >faults
	start_regd BAD --faults "$PWD/faults"
	printf 'oci:images:big\n' >local
	config_plain_http "$BAD_HOST" "$TWO_HOST"
	for h in "$BAD_HOST" "$TWO_HOST"; do
		acedt-resolve local | acedt-fetch | acedt-push "$h/big" |
		    acedt-index "$h/big:1"
	done
	digest=sha256:$(sha256sum <big | cut -d' ' -f1)
	jq -n --arg p "blobs/$digest" '[{path: $p, cut: 1000000}]' >faults
	: >"$TWO_LOG"
	echo reg.invalid/big:1 >list
	export ACE_DT_CONFIG=$PWD/config.yaml
	mirrors "http://$BAD_HOST" "http://$TWO_HOST" </dev/null
	run -0 ace-dt mirror gather list oci:out:1 -q
	verify_layout out 1
	grep -q "GET /v2/big/blobs/$digest HTTP/1.1\" 206" "$TWO_LOG"
}

@test "an endpoint with a path, with its own account" {
	htpasswd -Bbn ann s3cret-pw >htpasswd
	start_registry LOCK "$PWD/htpasswd"
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:s3cret-pw \
	    "oci:$FILES/images:a" "docker://$LOCK_HOST/app:1"
	mkdir docker
	jq -n --arg h "$LOCK_HOST" --arg a "$(printf ann:s3cret-pw | base64)" \
	    '{auths: {($h): {auth: $a}, "reg.invalid": {auth:
	    "d3Jvbmc6c2VjcmV0"}}}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
	echo reg.invalid/app:1 >list
	mirrors "http://$LOCK_HOST" </dev/null
	run -0 ace-dt mirror gather list oci:out:1 -q
	# The registry's own account does not go to a mirror.
	jq 'del(.auths[] | select(.auth != "d3Jvbmc6c2VjcmV0"))' \
	    docker/config.json >c && mv c docker/config.json
	echo '[]' >faults
	start_regd SEE --faults "$PWD/faults" --auth basic --user x:y
	mirrors "http://$SEE_HOST/prefix" </dev/null
	run -1 acedt-resolve list
	refute grep -i authorization "$SEE_LOG"
	grep -q '/prefix/v2/app/manifests/1' "$SEE_LOG"
}

@test "rewritePull: in the order of the file, groups, the original name last" {
	push_layout "$FILES/images" a "$ONE_HOST" hub/library/app:1
	push_layout "$FILES/images" b "$ONE_HOST" other/app:1
	echo reg.invalid/library/app:1 >list
	mirrors "http://$ONE_HOST" <<-'EOF'
	rewritePull: {"^library/(.*)$": "hub/library/$1", "(.*)": "other/app"}
	EOF
	acedt-resolve list | grep -qF "$(layout_digest "$FILES/images" a)"
	mirrors "http://$ONE_HOST" <<-'EOF'
	rewritePull: {"^(lib)rary/(app)": "other/${2}", "library": "hub/library"}
	EOF
	acedt-resolve list | grep -qF "$(layout_digest "$FILES/images" b)"
	# Through all stages, and the original name at the next endpoint.
	run -0 ace-dt mirror gather list oci:out:1 -q
	verify_layout out 1
	cat >config.yaml <<-EOF
	registryConfig: {registries: {"$TWO_HOST": {
	  endpoints: ["http://$ONE_HOST", "http://$TWO_HOST"],
	  rewritePull: {"^x/": "y/"}}}}
	EOF
	run -1 acedt-resolve <(echo "$TWO_HOST/x/app:1")
	[ "$(requests "$ONE_LOG" HEAD /v2/y/app/manifests/1)" -eq 1 ]
	[ "$(requests "$TWO_LOG" HEAD /v2/y/app/manifests/1)" -eq 1 ]
	mirrors "http://$ONE_HOST" <<<'rewritePull: {"^l": "UPPER"}'
	run -1 acedt-resolve list
	[[ $output == *'rewritePull of reg.invalid makes \"UPPERibrary/app\" of library/app'* ]]
	mirrors "http://$ONE_HOST" <<<'rewritePull: {"^(\\d": "x"}'
	run -2 acedt-resolve list
	[[ $output == *"config.yaml:3: "*"missing closing parenthesis"* ]]
	mirrors "http://$ONE_HOST" <<<'rewritePull: {"(.|..)+[A]|(.|..)+[B]": "x"}'
	printf 'reg.invalid/%s:1\n' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >long
	run -1 acedt-resolve long
	[[ $output == *"match limit exceeded (write a simpler pattern)"* ]]
}

@test "the destination has an endpoint, and never a rewrite" {
	printf 'oci:%s/images:a\n' "$FILES" >list
	mirrors "http://$ONE_HOST" "http://$TWO_HOST" <<-'EOF'
	rewritePull: {"^to/": "never/"}
	EOF
	run -0 ace-dt mirror gather list reg.invalid/to/all:1 -q
	verify_registry "$ONE_HOST" to/all 1
	[ "$(requests "$TWO_LOG" '[A-Z]*' /)" -eq 0 ]
	[ "$(requests "$ONE_LOG" '[A-Z]*' /v2/never)" -eq 0 ]
	# Again, from there: the source is read elsewhere than where it is written.
	echo reg.invalid/to/all:1 >again
	mirrors "http://$ONE_HOST" </dev/null
	run -0 ace-dt mirror gather again reg.invalid/to2/all:1 -q
	verify_registry "$ONE_HOST" to2/all 1
	# One registry: no blob moves.
	[ "$(requests "$ONE_LOG" PUT /v2/to2/all/blobs)" -eq 0 ]
}

@test "an endpoint that cannot be reached is left alone for a while" {
	for i in $(seq 30); do
		push_layout "$FILES/images" a "$TWO_HOST" "rest/r:$i"
		echo "reg.invalid/rest/r:$i"
	done >list
	mirrors http://127.0.0.1:1 "http://$TWO_HOST" </dev/null
	run -0 acedt-resolve -v debug list
	[ "$(grep -c 'HEAD http://127.0.0.1:1/.*: 0 in' <<<"$output")" -le 1 ]
}

@test "the file of the working directory: said, and not that of another user" {
	unset ACE_DT_CONFIG
	echo 'concurrentHTTP: 3' >ace-dt-config.yaml
	run -0 --separate-stderr ace-dt config
	[[ $output == *"concurrentHTTP: 3 "* ]]
	[ "$stderr" = "ace-dt: the configuration of the working directory is read: ace-dt-config.yaml" ]
	# Whoever may write to it could have passwords sent in clear.
	chmod o+w ace-dt-config.yaml
	run -2 ace-dt config
	[[ $output == *"ace-dt-config.yaml: other users may write to this file"*"is not used"*"--config"* ]]
	run -0 --separate-stderr ace-dt config --config ace-dt-config.yaml
	[ -z "$stderr" ]
	chmod o-w ace-dt-config.yaml
	[ "$(id -u)" -eq 0 ] || return 0
	chown :nogroup ace-dt-config.yaml
	chmod g+w ace-dt-config.yaml
	run -2 ace-dt config
	[[ $output == *"other users may write to this file"* ]]
	chmod g-w ace-dt-config.yaml
	chown nobody ace-dt-config.yaml
	run -2 acedt-resolve /dev/null
	[[ $output == *"belongs to another user, uid $(id -u nobody), and is not used"* ]]
	mv ace-dt-config.yaml real
	chown root real
	ln -s real ace-dt-config.yaml
	chown -h nobody ace-dt-config.yaml
	run -2 ace-dt config
	[[ $output == *"belongs to another user"* ]]
	chown -h root ace-dt-config.yaml
	run -0 ace-dt config
}
