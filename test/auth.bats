# Accounts: basic authentication, and a token service.

load helper

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

# docker_config USER PASSWORD HOST…
docker_config()
{
	local auth host
	auth=$(printf '%s:%s' "$1" "$2" | base64)
	shift 2
	mkdir -p docker
	for host; do
		jq -n --arg h "$host" --arg a "$auth" '{($h): {auth: $a}}'
	done | jq -s '{auths: add}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
}

@test "the account of docker's config.json opens both registries" {
	docker_config ann s3cret-pw "$SRC_HOST" "$DST_HOST"
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
	docker_config ann wr0ng-pw "$SRC_HOST"
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
