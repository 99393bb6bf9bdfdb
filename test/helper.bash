# For every bats file: "load helper".

bats_require_minimum_version 1.5.0

cd "$BATS_TEST_DIRNAME/.." || exit 1
BUILD_DIR=$(cd "${ACEDT_BUILD:-build}" && pwd) || exit 1
TOP=$PWD
PATH=$BUILD_DIR:$PATH
export BUILD_DIR TOP PATH LC_ALL=C.UTF-8

# Nothing of the user's environment may decide how a test ends; what a file's
# setup_file() exports stays.
for name in $([ -n "${ACEDT_CLEAN:-}" ] || compgen -e); do
	case $name in
	ACEDT_BUILD) ;;
	ACE_DT_* | ACEDT_* | *_proxy | *_PROXY | REGISTRY_AUTH_FILE | \
	    DOCKER_CONFIG | XDG_*)
		unset "$name"
		;;
	esac
done
export ACEDT_CLEAN=1

HEADER='{"type":"acedt-stream","version":1}'
OCI_INDEX=application/vnd.oci.image.index.v1+json
OCI_MANIFEST=application/vnd.oci.image.manifest.v1+json
OCI_CONFIG=application/vnd.oci.image.config.v1+json
DOCKER_LIST=application/vnd.docker.distribution.manifest.list.v2+json
DOCKER_MANIFEST=application/vnd.docker.distribution.manifest.v2+json
ACCEPT="$OCI_INDEX, $OCI_MANIFEST, $DOCKER_LIST, $DOCKER_MANIFEST"

# A test works in a folder of its own, with a home of its own.
own_folder()
{
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	cd "$BATS_TEST_TMPDIR" || return 1
}

setup()
{
	own_folder
}

# refute COMMAND…: it fails.  A "!" does not end a test: set -e passes it over.
refute()
{
	if "$@"; then
		echo "it should have failed: $*"
		return 1
	fi
}

# Skip the test where the programs have the address sanitizer, which needs
# memory, /proc and threads of its own.
no_asan()
{
	refute grep -q __asan_init "$BUILD_DIR/ace-dt" >/dev/null ||
	    skip "the address sanitizer does not work in this test"
}

# Skip the test where the programs count their lines for gcov, which writes the
# counts at the end, and crashes in __gcov_exit() if it gets no memory for that.
no_gcov()
{
	refute grep -q __gcov_exit "$BUILD_DIR/ace-dt" >/dev/null ||
	    skip "gcov does not work in this test"
}

# --- Layouts, made by hand --------------------------------------------------

new_layout()
{
	mkdir -p "$1/blobs/sha256"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	printf '{"schemaVersion":2,"manifests":[]}' >"$1/index.json"
}

# put_blob DIR <bytes: prints {"digest":…,"size":…}.
put_blob()
{
	local tmp hex
	tmp=$(mktemp "$1/blobs/put.XXXXXX")
	cat >"$tmp"
	hex=$(sha256sum <"$tmp")
	hex=${hex%% *}
	printf '{"digest":"sha256:%s","size":%d}' "$hex" "$(stat -c %s "$tmp")"
	mv "$tmp" "$1/blobs/sha256/$hex"
}

# put_manifest DIR MEDIA-TYPE <bytes: prints a descriptor.
put_manifest()
{
	put_blob "$1" | jq -c --arg t "$2" '{mediaType: $t} + .'
}

# make_image DIR ARCH SEED [LAYERS [CONFIG-TYPE MANIFEST-TYPE]]: prints the
# descriptor of an image, with platform.  One layer is the same in all images.
make_image()
{
	local dir=$1 arch=$2 seed=$3 n=${4:-2} ct=${5:-$OCI_CONFIG}
	local mt=${6:-$OCI_MANIFEST} config layers=() i variant=
	case $arch in
	*/*) variant=${arch#*/} arch=${arch%/*} ;;
	esac
	config=$(printf '{"architecture":"%s","os":"linux"%s,"seed":"%s"}' \
	    "$arch" "${variant:+,\"variant\":\"$variant\"}" "$seed" |
	    put_manifest "$dir" "$ct")
	layers+=("$(echo common | gzip -n | put_manifest "$dir" \
	    application/vnd.oci.image.layer.v1.tar+gzip)")
	for i in $(seq 2 "$n"); do
		layers+=("$(echo "$seed $arch $variant $i" | gzip -n |
		    put_manifest "$dir" \
		    application/vnd.oci.image.layer.v1.tar+gzip)")
	done
	printf '%s\n' "${layers[@]}" | jq -jcs --arg t "$mt" \
	    --argjson c "$config" '{schemaVersion: 2, mediaType: $t,
	    config: $c, layers: .}' | put_manifest "$dir" "$mt" |
	    jq -c --arg a "$arch" --arg v "$variant" '. + {platform:
	    ({architecture: $a, os: "linux"} +
	    if $v == "" then {} else {variant: $v} end)}'
}

# make_index DIR [MEDIA-TYPE] <descriptors, one a line: prints a descriptor.
make_index()
{
	local t=${2:-$OCI_INDEX}
	jq -jcs --arg t "$t" '{schemaVersion: 2, mediaType: $t,
	    manifests: .}' | put_manifest "$1" "$t"
}

# tag_layout DIR TAG <descriptor
tag_layout()
{
	local desc
	desc=$(jq -c --arg n "$2" 'del(.platform) |
	    .annotations["org.opencontainers.image.ref.name"] = $n')
	jq -c --argjson d "$desc" '.manifests += [$d]' "$1/index.json" \
	    >"$1/index.new"
	mv "$1/index.new" "$1/index.json"
}

# make_app DIR TAG [PLATFORM…]: a multi-platform image with a tag.
make_app()
{
	local dir=$1 tag=$2 arch
	shift 2
	[ $# -gt 0 ] || set -- amd64 arm64
	for arch; do
		make_image "$dir" "$arch" "$tag"
	done | make_index "$dir" | tag_layout "$dir" "$tag"
}

# layout_digest DIR TAG: the digest that a tag of a layout names.
layout_digest()
{
	jq -r --arg n "$2" '.manifests[] | select(
	    .annotations["org.opencontainers.image.ref.name"] == $n).digest' \
	    "$1/index.json"
}

layout_blob()
{
	cat "$1/blobs/${2%%:*}/${2#*:}"
}

# --- Checking what is there -------------------------------------------------

# verify_layout DIR TAG: every blob below the tag is there, with its digest.
verify_layout()
{
	local dir=$1 digest
	digest=$(layout_digest "$dir" "$2")
	[ -n "$digest" ] || { echo "no tag $2 in $dir"; return 1; }
	verify_content "$digest" layout_blob "$dir"
}

# verify_registry HOST REPOSITORY TAG: the same in a registry.
verify_registry()
{
	local host=$1 repo=$2 tag=$3 digest
	digest=sha256:$(curl -fsS -H "Accept: $ACCEPT" \
	    "http://$host/v2/$repo/manifests/$tag" | sha256sum | cut -d' ' -f1)
	verify_content "$digest" registry_content "$host" "$repo"
}

registry_content()
{
	curl -fsS -H "Accept: $ACCEPT" \
	    "http://$1/v2/$2/manifests/$3" 2>/dev/null ||
	    curl -fsS "http://$1/v2/$2/blobs/$3"
}

# make_big DIR BYTES: an image big, one of whose layers is the new file ./big.
make_big()
{
	local image layer
	head -c "$2" /dev/urandom >big
	image=$(make_image "$1" amd64 big | jq -r .digest)
	layer=$(put_manifest "$1" application/vnd.oci.image.layer.v1.tar <big)
	layout_blob "$1" "$image" | jq -jc --argjson l "$layer" \
	    '.layers += [$l]' | put_manifest "$1" "$OCI_MANIFEST" |
	    tag_layout "$1" big
}

# verify_content DIGEST READER ARG…: walk, read and hash.
verify_content()
{
	local digest=$1 file d
	shift
	file=$(mktemp "$BATS_TEST_TMPDIR/verify.XXXXXX")
	"$@" "$digest" >"$file" || { echo "missing: $digest"; return 1; }
	[ "sha256:$(sha256sum <"$file" | cut -d' ' -f1)" = "$digest" ] ||
	    { echo "wrong: $digest"; return 1; }
	for d in $(jq -r '(.manifests[]?, .config?, .subject?,
	    (.layers[]? | select(.mediaType | contains("foreign") or
	    contains("nondistributable") | not))) |
	    .digest? // empty' "$file" 2>/dev/null); do
		verify_content "$d" "$@" || return 1
	done
}

# --- Servers ----------------------------------------------------------------

# A port that may be free; whoever uses it tries another one if it is not.
random_port()
{
	echo $((20000 + (RANDOM * 32768 + RANDOM) % 40000))
}

# until_true COMMAND: try it for 20 seconds, until it succeeds.
until_true()
{
	local i
	for i in $(seq 400); do
		"$@" && return 0
		sleep 0.05
	done
	echo "never true, $i times: $*"
	return 1
}

# wait_for_line PID FILE REGEX: until the server has written it, for ten
# seconds, or is gone.  Asking its port would not tell whose port it is.
wait_for_line()
{
	local i
	for i in $(seq 200); do
		grep -qs "$3" "$2" && return 0
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.05
	done
	echo "no $3 in $2 after $i tries" >&2
	return 1
}

# owns_port PID PORT: the answer was not that of somebody else's server.
owns_port()
{
	local inode
	inode=$(awk -v p="$(printf ':%04X$' "$2")" \
	    '$2 ~ p && $4 == "0A" { print $10 }' /proc/net/tcp)
	[ -n "$(find "/proc/$1/fd" -lname "socket:\[$inode\]")" ]
}

# keep_server NAME PID PORT LOG: the server runs.  Sets NAME_HOST and NAME_LOG;
# stop_servers ends it.
keep_server()
{
	echo "$2" >>"$BATS_FILE_TMPDIR/servers"
	export "$1_HOST=127.0.0.1:$3"
	export "$1_LOG=$4"
}

# drop_server PID: end a server that has not started as it should.
drop_server()
{
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# start_registry NAME [HTPASSWD-FILE]: Debian's docker-registry on loopback.
# Sets NAME_HOST and NAME_LOG; stop_servers ends it.
start_registry()
{
	local name=$1 dir port pid try
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name.XXXXXX")
	for try in 1 2 3 4 5 6 7 8 9; do
		port=$(random_port)
		cat >"$dir/config.yml" <<-EOF
		version: 0.1
		log: {level: error, accesslog: {disabled: false}}
		storage:
		  filesystem: {rootdirectory: $dir/data}
		  delete: {enabled: true}
		http: {addr: "127.0.0.1:$port"}
		EOF
		if [ -n "${2:-}" ]; then
			printf 'auth: {htpasswd: {realm: test, path: %s}}\n' \
			    "$2" >>"$dir/config.yml"
		fi
		docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 \
		    3>&- </dev/null &
		pid=$!
		if wait_for_http "$pid" "http://127.0.0.1:$port/v2/" &&
		    owns_port "$pid" "$port"; then
			keep_server "$name" "$pid" "$port" "$dir/log"
			return 0
		fi
		drop_server "$pid"
	done
	echo "docker-registry does not start (try $try)" >&2
	cat "$dir/log" >&2
	return 1
}

# Until the server answers anything, for ten seconds, or is gone.
wait_for_http()
{
	local i
	for i in $(seq 200); do
		kill -0 "$1" 2>/dev/null || return 1
		curl -s -o /dev/null "$2" && kill -0 "$1" 2>/dev/null &&
		    return 0
		sleep 0.05
	done
	echo "no answer after $i tries" >&2
	return 1
}

# start_regd NAME [OPTION…]: the scripted registry, test/regd.py.
start_regd()
{
	local name=$1 dir pid
	shift
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name.XXXXXX")
	python3 "$TOP/test/regd.py" --log "$dir/log" --port-file "$dir/port" \
	    "$@" >"$dir/out" 2>&1 3>&- </dev/null &
	pid=$!
	wait_for_line "$pid" "$dir/port" . || {
		cat "$dir/out" >&2
		drop_server "$pid"
		return 1
	}
	keep_server "$name" "$pid" "$(cat "$dir/port")" "$dir/log"
}

# start_faulty OPTION…: a scripted registry R that does what ./faults says.
start_faulty()
{
	echo '[]' >faults
	start_regd R --faults "$PWD/faults" "$@"
	config_plain_http "$R_HOST"
}

# faults JSON: what R does from its next request on.
faults()
{
	printf '%s' "$1" >faults.new
	mv faults.new faults
}

# logged FILTER: how many requests to R a jq filter selects.
logged()
{
	jq -c "select($1)" "$R_LOG" | wc -l
}

# End all servers that keep_server knows.
stop_servers()
{
	local pid
	[ -f "$BATS_FILE_TMPDIR/servers" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null || true
		# By its number: bats has children of its own here.
		wait "$pid" 2>/dev/null || true
	done <"$BATS_FILE_TMPDIR/servers"
}

# config_plain_http HOST…: a configuration in which these hosts speak http.
config_plain_http()
{
	local host
	{
		echo 'registryConfig:'
		echo '  registries:'
		for host; do
			printf '    "%s": {endpoints: ["http://%s"]}\n' \
			    "$host" "$host"
		done
	} >"$BATS_FILE_TMPDIR/plain-http.yaml"
	export ACE_DT_CONFIG=$BATS_FILE_TMPDIR/plain-http.yaml
}

# requests LOG METHOD-REGEX PATH-REGEX: how many such requests are in a log.
requests()
{
	grep -cE "\"($2) $3[^\" ]* HTTP/1" "$1" || true
}

# push_layout DIR TAG HOST REPO:TAG with skopeo.
push_layout()
{
	skopeo copy -q --all --preserve-digests --dest-tls-verify=false \
	    "oci:$1:$2" "docker://$3/$4"
}
