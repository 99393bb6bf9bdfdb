#!/bin/bash
#
# The main job on real images, with no server and no account: busybox of
# several architectures from Debian's packages, gathered from one OCI layout
# into another.  $1 is the folder with the programs.

set -eu -o pipefail

build=$(cd "$1" && pwd)
top=$PWD
demo=$top/build/demo
PATH=$build:$PATH
arches='amd64 arm64 armhf'
unset ACE_DT_CONFIG

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

say()
{
	printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"
}

# Show a command, then run it.
show()
{
	printf '  $ %s\n' "$1"
	sh -c "$1" 2>&1 | sed 's/^/    /'
}

# busybox-static of every architecture, with an apt of our own: the system's
# is read, never changed.
download()
{
	local apt=$demo/apt arch have=1 options=()
	mkdir -p "$demo/debs"
	for arch in $arches; do
		ls "$demo/debs"/busybox-static_*_"$arch".deb >/dev/null 2>&1 ||
		    have=0
	done
	[ "$have" = 1 ] && return
	echo "Downloading busybox-static for $arches from Debian's archive"
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/status"
	options=(-o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists"
	    -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
	    -o "APT::Architecture=amd64" -o "APT::Sandbox::User=root"
	    -o "APT::Get::List-Cleanup=0"
	    -o "Acquire::Languages=none")
	for arch in $arches; do
		options+=(-o "APT::Architectures::=$arch")
	done
	# A mirror that is half-way through its own update lacks some lists;
	# what matters is whether the packages come.
	apt-get "${options[@]}" -qq update >"$apt/log" 2>&1 || true
	for arch in $arches; do
		(cd "$demo/debs" && apt-get "${options[@]}" -qq download \
		    "busybox-static:$arch") >>"$apt/log" 2>&1 ||
		    echo "  not to be had for $arch: left out"
	done
}

# The architectures that there are packages for; one alone shows little.
keep_present()
{
	local arch present=()
	for arch in $arches; do
		! ls "$demo/debs"/busybox-static_*_"$arch".deb \
		    >/dev/null 2>&1 || present+=("$arch")
	done
	arches=${present[*]}
	if [ ${#present[@]} -lt 2 ]; then
		tail "$demo/apt/log" >&2
		echo "demo: no packages to make images of" >&2
		exit 1
	fi
}

# put_blob MEDIA-TYPE <bytes: into the layout; prints a descriptor.
put_blob()
{
	local tmp=$layout/blobs/tmp hex
	cat >"$tmp"
	hex=$(sha256sum <"$tmp" | cut -d' ' -f1)
	jq -nc --arg t "$1" --arg d "sha256:$hex" \
	    --argjson s "$(stat -c %s "$tmp")" \
	    '{mediaType: $t, digest: $d, size: $s}'
	mv "$tmp" "$layout/blobs/sha256/$hex"
}

# A layer: the root with busybox, or one file on top.
make_layer()
{
	tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 \
	    --numeric-owner -cf - . | gzip -n
}

# make_image ARCH PLATFORM ROOT…: prints the descriptor of a manifest.
make_image()
{
	local arch=$1 platform=$2 dir layers='' diffs='' config
	shift 2
	for dir; do
		layers+=$(make_layer "$dir" | put_blob \
		    application/vnd.oci.image.layer.v1.tar+gzip)
		diffs+="\"sha256:$(make_layer "$dir" | gzip -d |
		    sha256sum | cut -d' ' -f1)\" "
	done
	config=$(jq -nc --argjson p "$platform" --argjson d "$(jq -sc . \
	    <<<"$diffs")" '$p + {config: {Cmd: ["/bin/busybox", "sh"]},
	    rootfs: {type: "layers", diff_ids: $d}}' | put_blob \
	    application/vnd.oci.image.config.v1+json)
	jq -nc --argjson c "$config" --argjson l "$(jq -sc . <<<"$layers")" \
	    '{schemaVersion: 2, mediaType:
	    "application/vnd.oci.image.manifest.v1+json", config: $c,
	    layers: $l}' | put_blob \
	    application/vnd.oci.image.manifest.v1+json |
	    jq -c --argjson p "$platform" '. + {platform: $p}'
}

platform_of()
{
	case $1 in
	armhf) echo '{"architecture":"arm","os":"linux","variant":"v7"}' ;;
	*) echo "{\"architecture\":\"$1\",\"os\":\"linux\"}" ;;
	esac
}

# One multi-platform image a tag; they share the layer with busybox.
make_images()
{
	local tag arch entries index
	rm -rf "$layout"
	mkdir -p "$layout/blobs/sha256"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	index=''
	for tag in app-1 app-2; do
		entries=''
		for arch in $arches; do
			rm -rf "$demo/root.$arch" "$demo/top.$arch"
			mkdir -p "$demo/root.$arch" "$demo/top.$arch/srv"
			dpkg-deb -x "$demo/debs"/busybox-static_*_"$arch".deb \
			    "$demo/root.$arch"
			rm -rf "$demo/root.$arch/usr/share"
			echo "$tag for $arch" >"$demo/top.$arch/srv/about"
			entries+=$(make_image "$arch" "$(platform_of "$arch")" \
			    "$demo/root.$arch" "$demo/top.$arch")
		done
		index+=$(jq -sc '{schemaVersion: 2, mediaType:
		    "application/vnd.oci.image.index.v1+json", manifests: .}' \
		    <<<"$entries" | put_blob \
		    application/vnd.oci.image.index.v1+json |
		    jq -c --arg t "$tag" '. + {annotations:
		    {"org.opencontainers.image.ref.name": $t}}')
	done
	jq -sc '{schemaVersion: 2, manifests: .}' <<<"$index" \
	    >"$layout/index.json"
}

mkdir -p "$demo"
cd "$demo"
layout=$demo/images
download
keep_present
make_images
rm -rf gathered

cat >demo.list <<'EOF'
# Images for the ship, out of a layout on disk
oci:images:app-1,component=core
oci:images:app-2,component=extra,module=test
EOF

say 'Two multi-platform images, made of Debian'\''s busybox, are in the OCI layout build/demo/images.
This list names them:'
sed 's/^/    /' demo.list

say 'Gather them into another layout:'
show 'ace-dt mirror gather demo.list oci:gathered:sync-1'

say 'Under that tag there is an OCI image index of all of them:'
# shellcheck disable=SC2016
digest=$(jq -r '.manifests[0].digest' gathered/index.json)
jq '{artifactType, manifests: [.manifests[] | {digest, size,
    source: .annotations["vnd.act3-ace.manifest.source"],
    labels: .annotations["data.act3-ace.io/labels"]}],
    bytes: .annotations["vnd.act3-ace.data.layer.size.total"],
    "bytes, each blob once":
    .annotations["vnd.act3-ace.data.layer.size.deduplicated"]}' \
    "gathered/blobs/sha256/${digest#sha256:}" | sed 's/^/    /'

say 'Only for one platform, and once more with nothing left to copy:'
show 'ace-dt mirror gather demo.list oci:gathered:arm64 -p linux/arm64'
show 'ace-dt mirror gather demo.list oci:gathered:sync-1'

say 'The command is a pipeline of small programs:'
show 'ace-dt mirror gather demo.list oci:gathered:arm64 -p linux/arm64 --print'

say 'What to try next, in build/demo with build/ in your PATH:'
cat <<EOF
    acedt-resolve demo.list | jq .
    acedt-resolve demo.list | acedt-fetch | jq -r '.manifests[]?.mediaType'
    ace-dt mirror gather demo.list REGISTRY/REPOSITORY:TAG
    man $top/man/acedt.7
EOF
