# Accounts: docker's file and the others, credential helpers, several for one
# registry, token services.

load helper
load parts

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	htpasswd -Bbn ann s3cret-pw >htpasswd
	start_registry SRC "$PWD/htpasswd"
	start_registry DST "$PWD/htpasswd"
	config_plain_http "$SRC_HOST" "$DST_HOST"
	new_layout images
	make_app images a amd64 arm64
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:s3cret-pw \
	    oci:images:a "docker://$SRC_HOST/app:1"
	echo "$SRC_HOST/app:1" >list
	export FILES=$PWD
}

teardown_file()
{
	stop_servers
}

# make_helper NAME <body: a program docker-credential-NAME on PATH.
make_helper()
{
	mkdir -p bin docker
	{
		echo '#!/bin/sh'
		cat
	} >"bin/docker-credential-$1"
	chmod +x "bin/docker-credential-$1"
	export PATH=$PWD/bin:$PATH DOCKER_CONFIG=$PWD/docker
}

# plain HOST…: all of them speak http.
plain()
{
	local BATS_FILE_TMPDIR=$PWD	# not the file that all tests share
	config_plain_http "$@"
}

# auths HOST[/PATH] USER:PASSWORD …: docker's config.json.
auths()
{
	mkdir -p docker
	while [ $# -gt 0 ]; do
		jq -n --arg h "$1" --arg a "$(printf %s "$2" | base64 -w0)" \
		    '{($h): {auth: $a}}'
		shift 2
	done | jq -s '{auths: add}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
}

tokens()
{
	jq -c 'select(.path == "/token")' "$1"
}

@test "the account of docker's config.json opens both registries" {
	auths "$SRC_HOST" ann:s3cret-pw "$DST_HOST" ann:s3cret-pw
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" \
	    "$DST_HOST/all:1" --debug events -v debug
	[[ $output == "$DST_HOST/all:1@sha256:"* ]]
	# No secret, in any form, anywhere that people or files see.
	for secret in s3cret-pw "$(printf ann:s3cret-pw | base64)"; do
		refute grep -rF "$secret" events
		[[ $stderr != *"$secret"* ]]
		[[ $output != *"$secret"* ]]
	done
	# One 401 each program at each registry, not one a request.
	[ "$(grep -c '/v2/all/.*" 401 ' "$DST_LOG")" -eq 3 ]
}

@test "no account, a wrong password: what was looked at, what to try" {
	export DOCKER_CONFIG=$PWD/empty
	run -1 --separate-stderr ace-dt mirror gather "$FILES/list" oci:x -q
	[[ $stderr == *"HTTP 401"*"no credentials for $SRC_HOST"*"empty/config.json"*"docker login $SRC_HOST"* ]]
	auths "$SRC_HOST" ann:wr0ng-pw
	run -1 --separate-stderr ace-dt mirror gather "$FILES/list" oci:x -q
	[[ $stderr == *"the credentials for $SRC_HOST"*"are refused"* ]]
	[[ $stderr != *wr0ng-pw* ]]
}

@test "a broken config.json is an error with its name" {
	mkdir docker
	echo '{"auths":' >docker/config.json
	DOCKER_CONFIG=$PWD/docker run -2 acedt-resolve "$FILES/list"
	[[ $output == *"docker/config.json"* ]]
	jq -n --arg h "$SRC_HOST" '{auths: {($h): {auth: "%%%"}}}' \
	    >docker/config.json
	DOCKER_CONFIG=$PWD/docker run acedt-resolve "$FILES/list"
	[ "$status" -eq 1 ]
	[[ $output == *"is not base64"* ]]
}

@test "helpers: of the host and of all, asked once a process and host" {
	make_helper good <<-'EOF'
	read -r server
	echo "$1 $server" >>"$(dirname "$0")/asked"
	printf '{"ServerURL":"%s","Username":"ann","Secret":"s3cret-pw"}' "$server"
	EOF
	jq -n --arg h "$SRC_HOST" '{credHelpers: {($h): "good"},
	    credsStore: "good"}' >docker/config.json
	run -0 --separate-stderr ace-dt mirror gather "$FILES/list" \
	    "$DST_HOST/help:1" --debug events -v debug
	verify_count=$(grep -c "^get $SRC_HOST$" bin/asked)
	[ "$verify_count" -eq 3 ]			# resolve, fetch, push
	[ "$(grep -c "^get $DST_HOST$" bin/asked)" -eq 3 ] # fetch, push, index
	[ "$(wc -l <bin/asked)" -eq 6 ]
	refute grep -F s3cret-pw events
	[[ $stderr != *s3cret-pw* ]]
}

@test "a helper is not asked where nobody wants an account" {
	make_helper never <<-'EOF'
	echo asked >>"$(dirname "$0")/asked"
	EOF
	echo '{"credsStore": "never"}' >docker/config.json
	start_registry OPEN
	plain "$OPEN_HOST"
	push_layout "$FILES/images" a "$OPEN_HOST" app:1
	echo "$OPEN_HOST/app:1" >list
	run -0 ace-dt mirror gather list oci:out:1 -q
	[ ! -e bin/asked ]
}

@test "helpers that fail say so, with the text of the helper" {
	make_helper fails <<-'EOF'
	printf 'the vault is\n\033[31mlocked'; exit 3
	EOF
	jq -n --arg h "$SRC_HOST" '{credHelpers: {($h): "fails"}}' \
	    >docker/config.json
	run -1 --separate-stderr acedt-resolve "$FILES/list"
	[[ $output == *"docker-credential-fails, asked for $SRC_HOST: the vault is "*"locked"* ]]
	[[ $output != *$'\033'* ]]
	make_helper rubbish <<<'echo this is no JSON'
	make_helper empty <<<'echo "{\"Username\":\"ann\"}"'
	make_helper endless <<<'exec yes s3cret-pw'
	make_helper killed <<<'kill -9 $$'
	while IFS='|' read -r name want; do
		jq -n --arg h "$SRC_HOST" --arg n "$name" \
		    '{credHelpers: {($h): $n}}' >docker/config.json
		run -1 acedt-resolve "$FILES/list"
		[[ $output == *"$want"* ]] || { echo "$name: $output"; false; }
		[[ $output != *s3cret-pw* ]]
	done <<-EOF
	rubbish|its answer is not JSON
	empty|no Username and Secret
	endless|its answer is too long
	killed|ended by signal 9
	gone|docker-credential-gone is not on PATH
	EOF
}

@test "a helper that hangs is ended, others go on meanwhile" {
	make_helper hangs <<<'echo $$ >"$(dirname "$0")/pid"; exec sleep 1000'
	jq -n --arg h "$SRC_HOST" '{credHelpers: {($h): "hangs"}}' \
	    >docker/config.json
	printf '%s\noci:%s/images:a\n' "$SRC_HOST/app:1" "$FILES" >list
	export ACE_DT_HELPER_SECONDS=1
	run -1 --separate-stderr acedt-resolve list
	[[ $output == *"no answer in 1 seconds"*'"source":"oci:'* ]]
	refute kill -0 "$(cat bin/pid)" 2>/dev/null
}

@test "a store that is not there, or knows nothing: the next place, or nobody" {
	mkdir -p docker
	echo '{"credsStore": "gone"}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
	run -1 acedt-resolve "$FILES/list"
	[[ $output == *"no credentials for $SRC_HOST found; looked in"*"docker/config.json"*"containers/auth.json"* ]]
	make_helper none <<<'echo credentials not found in native keychain; exit 1'
	echo '{"credsStore": "none"}' >docker/config.json
	run -1 acedt-resolve "$FILES/list"
	[[ $output == *"no credentials for $SRC_HOST found"* ]]
	# podman's file stands behind docker's.
	mkdir -p home/.config/containers
	jq -n --arg h "$SRC_HOST" --arg a "$(printf ann:s3cret-pw | base64)" \
	    '{auths: {($h): {auth: $a}}}' >home/.config/containers/auth.json
	run -0 acedt-resolve "$FILES/list"
}

@test "every place, the first that has an entry counts" {
	entry=$(jq -n --arg h "$SRC_HOST" \
	    --arg a "$(printf ann:s3cret-pw | base64)" '{auths: {($h): {auth: $a}}}')
	wrong=$(jq -n --arg h "$SRC_HOST" \
	    --arg a "$(printf ann:wrong | base64)" '{auths: {($h): {auth: $a}}}')
	mkdir -p home/.docker home/.config/containers run/containers
	echo "$wrong" >home/.docker/config.json
	run -1 acedt-resolve "$FILES/list"
	[[ $output == *"in $HOME/.docker/config.json are refused"* ]]
	echo "$entry" >home/.config/containers/auth.json
	run -0 acedt-resolve "$FILES/list"
	echo "$wrong" >run/containers/auth.json
	XDG_RUNTIME_DIR=$PWD/run run -1 acedt-resolve "$FILES/list"
	echo "$entry" >named.json
	XDG_RUNTIME_DIR=$PWD/run REGISTRY_AUTH_FILE=$PWD/named.json \
	    run -0 acedt-resolve "$FILES/list"
	DOCKER_AUTH_CONFIG=$wrong run -1 acedt-resolve "$FILES/list"
	[[ $output == *'in $DOCKER_AUTH_CONFIG are refused'* ]]
	run -0 --separate-stderr env REGISTRY_AUTH_FILE=gone.json \
	    acedt-resolve "$FILES/list"
	[[ $stderr == *"gone.json, named for credentials, is not there"* ]]
}

@test "tokens: two accounts for one registry, by the path of the repository" {
	start_token_registry TOK --user ann:pw-one --user bob:pw-two \
	    --grant 'ann:a*:pull,push' --grant 'bob:team/*:pull,push'
	plain "$TOK_HOST"
	for pair in 'ann:pw-one app:1' 'bob:pw-two team/app:1'; do
		skopeo copy -q --all --dest-tls-verify=false \
		    --dest-creds "${pair% *}" "oci:$FILES/images:a" \
		    "docker://$TOK_HOST/${pair#* }"
	done
	auths "$TOK_HOST" ann:pw-one "$TOK_HOST/team" bob:pw-two
	printf '%s\n' "$TOK_HOST/app:1" "$TOK_HOST/team/app:1" >list
	run -0 ace-dt mirror gather list "$TOK_HOST/all:1" -q
	# Without the second entry it is denied, and nothing else is harmed.
	auths "$TOK_HOST" ann:pw-one
	run -1 acedt-resolve list
	[[ $output == *'team/app:1","error":'* ]]
	[ "$(grep -c '"digest"' <<<"$output")" -eq 1 ]
}

@test "tokens: one registry as source and destination with different accounts" {
	start_token_registry TOK --user ann:pw-one --user bob:pw-two \
	    --grant 'ann:src/*:pull' --grant 'bob:dst/*:pull,push' \
	    --grant 'bob:src/*:push,pull'
	plain "$TOK_HOST"
	skopeo copy -q --all --dest-tls-verify=false --dest-creds bob:pw-two \
	    "oci:$FILES/images:a" "docker://$TOK_HOST/src/app:1"
	auths "$TOK_HOST/src" ann:pw-one "$TOK_HOST/dst" bob:pw-two
	echo "$TOK_HOST/src/app:1" >list
	: >"$TOK_TOKEN_LOG"
	run -0 ace-dt mirror gather list "$TOK_HOST/dst/all:1" -q
	# The source is read as ann.  Who writes must also be able to read what
	# is to be mounted.
	tokens "$TOK_TOKEN_LOG" | jq -r '(.headers.Authorization |
	    ltrimstr("Basic ") | @base64d | split(":")[0]) as $who |
	    .query.scope[] | split(" ")[] | split(":")[1] + " " + $who' |
	    sort -u >asked
	diff asked - <<-EOF2
	dst/all bob
	src/app ann
	src/app bob
	EOF2
}

@test "a challenge of another host, reached by a redirect, is not answered" {
	local d host realm
	d=$(layout_digest "$FILES/images" a)
	echo '[]' | tee faults >thief.faults
	start_regd OWN --auth basic --user ann:pw-one --faults "$PWD/faults"
	start_regd THIEF --faults "$PWD/thief.faults"
	plain "$OWN_HOST" "$THIEF_HOST"
	auths "$OWN_HOST" ann:pw-one
	for host in "$OWN_HOST" "$THIEF_HOST"; do
		acedt-resolve - <<<"oci:$FILES/images:a" | acedt-fetch |
		    acedt-push "$host/app" | acedt-index "$host/app:1"
	done
	echo "$OWN_HOST/app:1" >list
	# It has the manifest, and would give it to those who answer: they would
	# then take its token service for that of the registry.
	jq -n --arg d "$d" --arg h "$THIEF_HOST" '[{method: "GET",
	    path: $d, status: 307, headers: {Location:
	    ("http://" + $h + "/v2/app/manifests/" + $d)}}]' >faults
	for realm in "Bearer realm=\"http://$THIEF_HOST/token\"" \
	    'Basic realm="x"'; do
		jq -n --arg r "$realm" '[{nth: [1], status: 401,
		    headers: {"WWW-Authenticate": $r}}]' >thief.faults
		: >"$THIEF_LOG"
		run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q
		[[ $stderr == *"$d"*"HTTP 401"* ]]
		jq -se --arg d "$d" 'length == 1 and .[0].auth == null and
		    (.[0].path | endswith($d))' "$THIEF_LOG"
	done
}

@test "tokens: a refresh token, by a form; a service without forms" {
	start_token_registry TOK --user ann:pw-one --refresh ann:r3fresh \
	    --field access_token
	plain "$TOK_HOST"
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:pw-one \
	    "oci:$FILES/images:a" "docker://$TOK_HOST/app:1"
	echo "$TOK_HOST/app:1" >list
	: >"$TOK_TOKEN_LOG"
	mkdir docker
	jq -n --arg h "$TOK_HOST" '{auths: {($h): {identitytoken: "r3fresh"}}}' \
	    >docker/config.json
	DOCKER_CONFIG=$PWD/docker run -0 ace-dt mirror gather list oci:out:1 -q \
	    --debug events
	[ "$(tokens "$TOK_TOKEN_LOG" | jq -c 'select(.method == "POST" and
	    .form.grant_type == ["refresh_token"] and
	    .form.refresh_token == ["r3fresh"])' | wc -l)" -eq 3 ]
	refute grep -F r3fresh events
	# From a helper it has the user name <token>.
	make_helper token <<<'echo "{\"Username\":\"<token>\",\"Secret\":\"r3fresh\"}"'
	echo '{"credsStore": "token"}' >docker/config.json
	run -0 ace-dt mirror gather list oci:out:2 -q
	start_token_registry OLD --user ann:pw-one --refresh ann:r3fresh \
	    --no-post --field both --expires 0
	plain "$OLD_HOST"
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:pw-one \
	    "oci:$FILES/images:a" "docker://$OLD_HOST/app:1"
	echo "$OLD_HOST/app:1" >list
	auths "$OLD_HOST" ann:pw-one
	jq --arg h "$OLD_HOST" '.auths[$h].identitytoken = "r3fresh"' \
	    docker/config.json >c && mv c docker/config.json
	run -0 ace-dt mirror gather list oci:out:3 -q
}

@test "tokens: anonymous ones" {
	start_token_registry TOK --user ann:pw-one --grant '-:public/*:pull' \
	    --grant 'ann:*:pull,push'
	plain "$TOK_HOST"
	for repo in public/app private/app; do
		skopeo copy -q --all --dest-tls-verify=false \
		    --dest-creds ann:pw-one "oci:$FILES/images:a" \
		    "docker://$TOK_HOST/$repo:1"
	done
	printf '%s\n' "$TOK_HOST/public/app:1" "$TOK_HOST/private/app:1" >list
	run -1 acedt-resolve list
	[ "$(grep -c '"digest"' <<<"$output")" -eq 1 ]
	[[ $output == *"private/app:1"*'"error"'*"no credentials for $TOK_HOST"* ]]
}

# one_each LIST: 100 repositories of TOK, one image, and a list of them.
hundred_repositories()
{
	local i
	for i in $(seq 100); do
		echo "$TOK_HOST/r$i:1"
	done >list
	skopeo copy -q --all --dest-tls-verify=false --dest-creds ann:pw-one \
	    "oci:$FILES/images:a" "docker://$TOK_HOST/r1:1"
	# The other ninety-nine: as the registry has it on its disk.
	dir=$(dirname "$TOK_LOG")/data/docker/registry/v2/repositories
	for i in $(seq 2 100); do
		cp -r "$dir/r1" "$dir/r$i"
	done
	auths "$TOK_HOST" ann:pw-one
	: >"$TOK_TOKEN_LOG"
}

@test "tokens: a hundred repositories need few" {
	start_token_registry TOK --user ann:pw-one
	plain "$TOK_HOST"
	hundred_repositories
	# All of a list is asked for at once: 2 KiB of scopes in a request.
	run -0 acedt-resolve list
	echo "resolve: $(tokens "$TOK_TOKEN_LOG" | wc -l)"
	[ "$(grep -c '"digest"' <<<"$output")" -eq 100 ]
	[ "$(tokens "$TOK_TOKEN_LOG" | wc -l)" -le 2 ]
	: >"$TOK_TOKEN_LOG"
	start_token_registry TO --user ann:pw-one
	plain "$TOK_HOST" "$TO_HOST"
	auths "$TOK_HOST" ann:pw-one "$TO_HOST" ann:pw-one
	run -0 ace-dt mirror gather list "$TO_HOST/all:1" -q
	n=$(tokens "$TOK_TOKEN_LOG" | wc -l)
	echo "gather: $n, $(tokens "$TO_TOKEN_LOG" | wc -l)"
	# Those who read get images as the one before hands them on.
	[ "$n" -le 30 ]
	[ "$(tokens "$TO_TOKEN_LOG" | wc -l)" -eq 3 ]	# fetch, push, index
	: >"$TOK_TOKEN_LOG"
	run -0 ace-dt mirror gather list "$TOK_HOST/all:1" -q
	echo "within one registry: $(tokens "$TOK_TOKEN_LOG" | wc -l)"
	[ "$(tokens "$TOK_TOKEN_LOG" | wc -l)" -le 30 ]
}

@test "tokens: one each where the service or the configuration wants it" {
	start_token_registry TOK --user ann:pw-one --refuse-unknown r77 --single
	plain "$TOK_HOST"
	hundred_repositories
	run -1 acedt-resolve list
	[ "$(grep -c '"digest"' <<<"$output")" -eq 99 ]
	[[ $output == *'r77:1","error"'*"HTTP 403 DENIED"* ]]
	sed '/r77/d' list >some
	sed -i 's/{endpoints/{noncompliant: true, endpoints/' "$ACE_DT_CONFIG"
	: >"$TOK_TOKEN_LOG"
	run -0 acedt-resolve some
	[ "$(tokens "$TOK_TOKEN_LOG" | wc -l)" -eq 99 ]
	[ "$(tokens "$TOK_TOKEN_LOG" | jq -c 'select(.query.scope |
	    length == 1)' | wc -l)" -eq 99 ]
}

@test "tokens: of several only the first is granted: the others get their own" {
	start_token_registry TOK --user ann:pw-one --single
	plain "$TOK_HOST"
	hundred_repositories
	run -0 acedt-resolve list
	[ "$(grep -c '"digest"' <<<"$output")" -eq 100 ]
}

@test "tokens: one that lives two seconds" {
	start_guarded_registry G --user ann:pw-one --expires 2 --pace 0.1
	plain "$G_HOST"
	auths "$G_HOST" ann:pw-one
	new_layout many
	for i in $(seq 16); do
		make_app many "m$i" amd64
		echo "oci:$PWD/many:m$i"
	done >local
	: >"$G_TOKEN_LOG"
	# So slow that tokens end on the way.
	export ACE_DT_CONCURRENT_HTTP=4
	run -0 ace-dt mirror gather local "$G_HOST/m:all" -q
	n=$(tokens "$G_TOKEN_LOG" | wc -l)
	echo "tokens: $n"
	# One for each of three programs, and the renewed ones.
	[ "$n" -ge 4 ]
	verify_registry "$G_BEHIND_HOST" m all
}

@test "tokens: a slow service is asked once, a busy one again, a broken one named" {
	start_token_registry TOK --user ann:pw-one --slow 0.3 --fail 503 \
	    --fail-times 1
	plain "$TOK_HOST"
	auths "$TOK_HOST" ann:pw-one
	for i in 1 2 3 4 5 6 7 8; do echo "$TOK_HOST/none:$i"; done >list
	run -1 acedt-resolve list
	[ "$(tokens "$TOK_TOKEN_LOG" | wc -l)" -eq 2 ]
	[ "$(grep -c '"status":404' <<<"$output")" -eq 8 ]
	start_token_registry BAD --fail 500
	plain "$BAD_HOST"
	echo "$BAD_HOST/none:1" >list
	run -1 acedt-resolve list
	[[ $output == *"token service http://$BAD_TOKEN_HOST/token: HTTP 500"* ]]
	auths "$TOK_HOST" ann:wr0ng
	plain "$TOK_HOST"
	echo "$TOK_HOST/none:1" >list
	run -1 acedt-resolve list
	[[ $output == *"token service"*"HTTP 401"*"the credentials in $PWD/docker/config.json are refused"* ]]
	[[ $output != *wr0ng* ]]
}
