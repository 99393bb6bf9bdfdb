# What is asked before a transfer, what is in effect, and what nobody may see.

load helper
load parts

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	htpasswd -Bbn ann s3cret-pw >htpasswd
	start_registry LOCK "$PWD/htpasswd"
	start_registry PLAIN
	make_authority pki
	make_certificate pki server IP:127.0.0.1
	start_tls SAFE "${PLAIN_HOST#*:}" pki/server.crt pki/server.key
	new_layout images
	make_app images a amd64 arm64
	make_app images b amd64
	push_layout "$PWD/images" a "$PLAIN_HOST" app:1
	push_layout "$PWD/images" b "$PLAIN_HOST" team/b:1
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:s3cret-pw \
	    oci:images:a "docker://$LOCK_HOST/app:1"
	config_plain_http "$LOCK_HOST" "$PLAIN_HOST"
	export FILES=$PWD SSL_CERT_FILE=$PWD/pki/ca.crt
}

teardown_file()
{
	stop_servers
}

account()
{
	mkdir -p docker
	jq -n --arg h "$1" --arg a "$(printf ann:s3cret-pw | base64)" \
	    '{auths: {($h): {auth: $a}}}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
}

@test "check-access: a line a registry, nothing moves, nothing is left" {
	account "$LOCK_HOST"
	printf '%s\n' "$PLAIN_HOST/app:1" "$PLAIN_HOST/app:2" \
	    "$PLAIN_HOST/team/b:1" "$SAFE_HOST/app:1" "$LOCK_HOST/app:1" \
	    "oci:$FILES/images:a" >list
	: >"$PLAIN_LOG"
	run -0 --separate-stderr ace-dt check-access list "$LOCK_HOST/all:1"
	echo "$output"
	[ "${#lines[@]}" -eq 5 ]
	[[ ${lines[0]} == "$PLAIN_HOST "*" ok "*" 2 of 2 read; http://$PLAIN_HOST at $PLAIN_HOST; no account wanted" ]]
	[[ ${lines[1]} == "$SAFE_HOST "*"https://$SAFE_HOST at $SAFE_HOST, TLSv1."[23]" by \"CN=acedt test ca\"; no account wanted" ]]
	[[ ${lines[2]} == "$LOCK_HOST "*"; as ann ($PWD/docker/config.json)" ]]
	[[ ${lines[3]} == "oci:$FILES/images "*" 1 of 1 read" ]]
	[[ ${lines[4]} == "$LOCK_HOST/all "*" ok "*" may be written; "* ]]
	[ -z "$stderr" ]
	[ "$(requests "$PLAIN_LOG" GET /v2/)" -eq 0 ]
	[ "$(requests "$PLAIN_LOG" HEAD /v2/)" -eq 3 ]
	grep -q "DELETE /v2/all/blobs/uploads/.* 204" "$LOCK_LOG"
}

@test "check-access: an upload that leads to another host is left alone" {
	echo '[]' >faults
	start_regd R --faults "$PWD/faults"
	start_regd OTHER
	config_plain_http "$LOCK_HOST" "$PLAIN_HOST" "$R_HOST"
	printf 'oci:%s/images:a\n' "$FILES" >list
	where=http://$OTHER_HOST/v2/all/blobs/uploads/1
	faults "[{\"method\":\"POST\",\"set\":{\"Location\":\"$where\"}}]"
	run -0 --separate-stderr acedt-check -v12 list "$R_HOST/all"
	[[ $output == *"$R_HOST/all "*" ok "*" may be written; "* ]]
	[[ $stderr == *"the upload is not cancelled: http://$R_HOST points to another host"* ]]
	[ ! -s "$OTHER_LOG" ]
	# Its own is ended, also where it is named in full.
	faults '[]'
	run -0 acedt-check list "$R_HOST/all"
	[ "$(logged '.method == "DELETE"')" -eq 1 ]
}

@test "check-access: what cannot be read or written, and why" {
	printf '%s\n' "$LOCK_HOST/app:1" "$PLAIN_HOST/none:1" \
	    127.0.0.1:1/x:1 oci:nowhere:1 >list
	run -1 --separate-stderr ace-dt check-access list "$LOCK_HOST/all:1"
	[ "$(grep -c ' FAILED ' <<<"$output")" -eq 5 ]
	[[ $output == *"cannot be written; http://$LOCK_HOST at $LOCK_HOST; anonymous"* ]]
	[[ $output == *"https://127.0.0.1:1, no answer"* ]]
	[[ $stderr == *"list:1: $LOCK_HOST/app:1: "*"no credentials for $LOCK_HOST found"* ]]
	[[ $stderr == *"list:2: "*"HTTP 404"* ]]
	[[ $stderr == *"list:4: oci:nowhere:1: oci:nowhere: No such file or directory"* ]]
	[[ $stderr == *"$LOCK_HOST/all:1: "*"POST blobs/uploads/"* ]]
	run -2 ace-dt check-access
	run -2 ace-dt check-access list a b
	run -2 ace-dt check-acces list
	[[ $output == *"did you mean check-access?"* ]]
	run -2 ace-dt check-access gone
	run -0 ace-dt help check-access
	[[ $output == *"ace-dt check-access [OPTIONS] SOURCES-FILE [IMAGE]"* ]]
}

@test "check-access: the quota that a registry tells" {
	echo '[{"path": "manifests", "status": 200, "headers": {
	    "ratelimit-limit": "100;w=21600", "ratelimit-remaining":
	    "76;w=21600"}}]' >faults
	start_regd HUB --faults "$PWD/faults"
	config_plain_http "$HUB_HOST"
	echo "$HUB_HOST/app:1" >list
	run -0 ace-dt check-access list
	[[ $output == *"76 of 100 pulls left in 6 h" ]]
}

@test "config: what is in effect, with its place; it can be read again" {
	cat >c.yaml <<-'EOF'
	concurrentHTTP: 7
	cachePath: "/tmp/a \"b\""
	registryConfig:
	  registries:
	    reg.example.com:
	      noncompliant: true
	      endpoints: ["http://one.example.com/x", two.example.com]
	      rewritePull: {"^a\\.b": "c$1"}
	  endpointConfig:
	    https://two.example.com:
	      supportsReferrers: tag
	      tls: {insecureSkipVerify: true}
	EOF
	export http_proxy=http://ann:s3cret-pw@proxy:3128 ACE_DT_CHUNK_SIZE=5Mi
	run -0 --separate-stderr ace-dt config --config c.yaml
	[[ $output == *$'\n''concurrentHTTP: 7 '*'# c.yaml:1'* ]]
	[[ $output == *'chunkSize: 5242880 '*'# $ACE_DT_CHUNK_SIZE'* ]]
	[[ $output == *'registryAuthFile: "" '*'# default'* ]]
	[[ $output == *'"http://one.example.com/x" '*'# c.yaml:7'* ]]
	[[ $output == *'"^a\\.b": "c$1" '*'# c.yaml:8'* ]]
	[[ $output == *'supportsReferrers: tag '*'# c.yaml:11'* ]]
	[[ $output == *'insecureSkipVerify: true '*'# c.yaml:12'* ]]
	[[ $output == *'http_proxy=http://***@proxy:3128'* ]]
	[[ $output != *s3cret-pw* ]]
	printf '%s\n' "$output" >again.yaml
	unset ACE_DT_CHUNK_SIZE
	run -0 --separate-stderr ace-dt config --config again.yaml
	[ -z "$stderr" ]
	diff <(sed 's/ *#.*//' again.yaml) <(sed 's/ *#.*//' <<<"$output")
	run -2 ace-dt config --config gone.yaml
	run -2 ace-dt config too many
}

@test "a wrong configuration is said once by the whole command" {
	printf 'concurrentHTTP: 7\nunheard: of\n' >c.yaml
	printf 'oci:%s/images:a\n' "$FILES" >list
	run -0 --separate-stderr ace-dt mirror gather list oci:out:1 -q \
	    --config c.yaml
	[ "$stderr" = 'ace-dt: c.yaml:2: unknown key "unheard"' ]
	printf 'concurrentHTTP: x\n' >c.yaml
	run -2 --separate-stderr ace-dt mirror gather list oci:out:1 \
	    --config c.yaml
	[ "$stderr" = 'ace-dt: c.yaml:1: a number from 0 to 1000 is expected, not "x"' ]
}

# wrap NAME…: programs in bin that write down arguments and environment, as
# others of the same user see them in /proc, and become the real ones.
wrap()
{
	local name
	mkdir -p bin
	for name; do
		cat >"bin/$name" <<-EOF
		#!/bin/sh
		exec 3>>"$PWD/watched"
		tr '\0' '\n' </proc/\$\$/cmdline | sed 's/^/$name cmdline /' >&3
		tr '\0' '\n' </proc/\$\$/environ | sed 's/^/$name environ /' >&3
		exec 3>&-
		exec "$BUILD_DIR/$name" "\$@"
		EOF
		chmod +x "bin/$name"
	done
}

@test "no secret is seen: arguments, environment, output, stream, events" {
	start_token_registry TOK --user ann:t0ken-pw --refresh bob:r3fresh
	start_proxy PROXY ann:pr0xy-pw
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:t0ken-pw \
	    "oci:$FILES/images:a" "docker://$TOK_HOST/app:1"
	mkdir -p docker
	wrap acedt-resolve acedt-fetch acedt-filter acedt-push acedt-index \
	    acedt-check docker-credential-x
	sed -i 's/^exec "[^>]*$/echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"r3fresh\\"}"/' \
	    bin/docker-credential-x
	export PATH=$PWD/bin:$PATH ACEDT_EXEC_PATH=$PWD/bin
	jq -n --arg l "$LOCK_HOST" --arg t "$TOK_HOST" \
	    --arg a "$(printf ann:s3cret-pw | base64)" \
	    '{auths: {($l): {auth: $a}}, credHelpers: {($t): "x"}}' \
	    >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
	config_plain_http "$LOCK_HOST" "$TOK_HOST" "$PLAIN_HOST"
	printf '%s\n' "$LOCK_HOST/app:1" "$TOK_HOST/app:1" \
	    "$SAFE_HOST/app:1" "$PLAIN_HOST/none:1" >list
	# The proxy's password is in the environment by its nature, and must not
	# get to those who have no business with the network.
	export https_proxy=http://ann:pr0xy-pw@$PROXY_HOST
	export ACE_DT_PROXY_LOOPBACK=1
	run -1 ace-dt mirror gather list "$LOCK_HOST/all:1" -v debug \
	    --debug events -p linux/amd64
	printf '%s\n' "$output" >>shown
	acedt-resolve list -v debug 2>>shown | tee -a shown |
	    acedt-fetch -v debug 2>>shown | tee -a shown |
	    acedt-push "$LOCK_HOST/all" -v debug 2>>shown >>shown || true
	ace-dt check-access list "$LOCK_HOST/all" >>shown 2>&1 || true
	ace-dt config >>shown 2>&1
	for name in acedt-resolve acedt-fetch acedt-filter acedt-push \
	    acedt-index acedt-check docker-credential-x; do
		grep -q "^$name cmdline" watched
	done
	grep -q '^acedt-push environ DOCKER_CONFIG' watched
	for secret in s3cret-pw t0ken-pw r3fresh \
	    "$(printf ann:s3cret-pw | base64)" \
	    "$(printf ann:pr0xy-pw | base64)" eyJ0eXAi; do
		refute grep -F -- "$secret" watched shown events
	done
	refute grep -F pr0xy-pw shown events
	[ "$(grep pr0xy-pw watched | sed 's/^[^ ]* //' | sort -u)" = \
	    "environ https_proxy=$https_proxy" ]
	# acedt-filter is told nothing.
	refute grep -iE '^acedt-filter environ .*(proxy|docker|auth)' watched
}
