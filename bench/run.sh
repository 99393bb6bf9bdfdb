#!/usr/bin/env bash
#
# Run ace-dt mirror gather and other programs in turn on the same work, check
# that each left the same content behind, and print one table.
#
#   bench/run.sh [-n ROUNDS] [ROW ...]
#
# Rows: small (100 two-platform images into one repository of another
# registry), again (the same, nothing changed), large (one image with a layer
# of 2 GiB).  Needs docker-registry, skopeo, curl and jq.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
build=${ACEDT_BUILD:-$top/build}
rounds=3
while getopts n: opt; do
	case $opt in
	n) rounds=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(small again large)

work=$(mktemp -d "${TMPDIR:-/tmp}/acedt-bench.XXXXXX")
pids=()
cleanup()
{
	for p in "${pids[@]}"; do
		kill "$p" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

. "$here/registry.sh"
. "$here/measure.sh"

export PATH="$build:$PATH" HOME="$work" DOCKER_CONFIG="$work"
unset ACE_DT_CONFIG ACE_DT_CONCURRENT_HTTP

# Programs: each copies the images of $work/NAME.list (one reference a line)
# into one repository.  $1 list, $2 repository.

gather_ace_dt()
{
	ace-dt mirror gather "$1" "$2:gathered" -q
}

gather_skopeo()
{
	local ref n=0 home
	# It remembers in its home which repositories have a blob, and would
	# mount in the second round what it is to copy.
	home=$(mktemp -d "$work/home.XXXXXX")
	while read -r ref; do
		HOME=$home skopeo copy -q --all --src-tls-verify=false \
		    --dest-tls-verify=false "docker://$ref" "docker://$2:i$n"
		n=$((n + 1))
	done <"$1"
}

programs=(ace_dt)
if command -v skopeo >/dev/null; then
	programs+=(skopeo)
else
	echo "bench: skopeo is not installed: no comparison" >&2
fi

# Does a repository hold every manifest and blob of a list's images?
same_content()
{
	local list=$1 repo=$2 ref
	while read -r ref; do
		check_image "$ref" "$repo"
	done <"$list"
}

run_row()
{
	local row=$1 list=$2 again=$3 prog round repo
	for round in $(seq "$rounds"); do
		for prog in "${programs[@]}"; do
			repo=$dst_host/bench/$row-$prog-$round
			if [ "$again" = 1 ]; then
				repo=$dst_host/bench/small-$prog-$round
			fi
			measure "$row" "$prog" "gather_$prog" "$list" "$repo"
			if [ "$again" = 0 ]; then
				same_content "$list" "$repo" ||
				    { echo "bench: $prog left something else" >&2
				    exit 1; }
			fi
		done
	done
}

src_host='' dst_host=''		# set by start_registry
start_registry src
start_registry dst
cat >"$work/ace-dt-config.yaml" <<EOF
registryConfig:
  registries:
    "$src_host":
      endpoints: ["http://$src_host"]
    "$dst_host":
      endpoints: ["http://$dst_host"]
EOF
export ACE_DT_CONFIG="$work/ace-dt-config.yaml"

for row in "${rows[@]}"; do
	case $row in
	small | again)
		[ -f "$work/small.list" ] || seed_small >"$work/small.list"
		if [ "$row" = again ] && [ ! -f "$work/small.done" ]; then
			run_row small "$work/small.list" 0
		fi
		run_row "$row" "$work/small.list" "$([ "$row" = again ] && echo 1 || echo 0)"
		: >"$work/small.done"
		;;
	large)
		seed_large >"$work/large.list"
		run_row large "$work/large.list" 0
		;;
	*)
		echo "bench: no row $row" >&2
		exit 2
		;;
	esac
done

echo
echo "Debian $(cat /etc/debian_version), $(nproc) processors, $(date +%Y-%m-%d), medians of $rounds"
table
