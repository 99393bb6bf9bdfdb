# Registries for bench/run.sh; sourced.

LARGE_BYTES=$((2 * 1024 * 1024 * 1024))

# Debian's docker-registry on a free port: sets NAME_host and NAME_log.
start_registry()
{
	local name=$1 port try pid
	for try in 1 2 3 4 5 6 7 8; do
		port=$((20000 + RANDOM % 20000))
		cat >"$work/$name.yml" <<-EOF
		version: 0.1
		log: {level: error, accesslog: {disabled: false}}
		storage:
		  filesystem: {rootdirectory: $work/$name}
		http: {addr: "127.0.0.1:$port"}
		EOF
		docker-registry serve "$work/$name.yml" \
		    >"$work/$name.log" 2>&1 &
		pid=$!
		for _ in $(seq 100); do
			if curl -fs "http://127.0.0.1:$port/v2/" >/dev/null &&
			    kill -0 "$pid" 2>/dev/null; then
				pids+=("$pid")
				eval "${name}_host=127.0.0.1:$port"
				eval "${name}_log=$work/$name.log"
				return
			fi
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
	done
	echo "bench: docker-registry does not start (try $try)" >&2
	exit 1
}

seed_small()
{
	python3 "$here/seed.py" "$src_host" small 100
}

seed_large()
{
	python3 "$here/seed.py" "$src_host" large "$LARGE_BYTES"
}

accept='application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json'

# check_image REF REPOSITORY: the image's manifests and blobs are in the
# repository, byte for byte.
check_image()
{
	local src=${1%:*} host=${2%%/*} repo=${2#*/} top m
	top=$(curl -fs -H "Accept: $accept" \
	    "http://${src%%/*}/v2/${src#*/}/manifests/${1##*:}")
	for m in $(jq -r '.manifests[]?.digest' <<<"$top") \
	    "sha256:$(printf %s "$top" | sha256sum | cut -d' ' -f1)"; do
		check_content "$host" "$repo" manifests "$m" || return 1
	done
}

check_content()
{
	local host=$1 repo=$2 kind=$3 digest=$4 file=$work/check.$BASHPID d
	curl -fs -H "Accept: $accept" -o "$file" \
	    "http://$host/v2/$repo/$kind/$digest" || return 1
	[ "sha256:$(sha256sum <"$file" | cut -d' ' -f1)" = "$digest" ] ||
	    return 1
	[ "$kind" = manifests ] || return 0
	for d in $(jq -r '.config.digest?, .layers[]?.digest |
	    select(. != null)' "$file"); do
		check_content "$host" "$repo" blobs "$d" || return 1
	done
}
