# Registries of a public network that point into private ones, in a network
# namespace that has addresses of both.

load helper

# away COMMAND…: in the namespace.
away()
{
	nsenter -t "$(cat "$BATS_FILE_TMPDIR/holder")" -U -n -m \
	    --preserve-credentials --wd="$PWD" "$@"
}

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	cat >hosts <<-EOF
	127.0.0.1 localhost
	203.0.113.7 public.test
	203.0.113.8 cdn.test
	10.9.8.7 private.test
	100.64.1.1 carrier.test
	100.100.100.200 metadata.test
	EOF
	cat >open.sh <<-'EOF'
	set -e
	mount --bind hosts /etc/hosts
	ip link set lo up
	for a in 203.0.113.7 203.0.113.8 10.9.8.7 100.64.1.1 100.100.100.200; do
		ip addr add $a/32 dev lo
	done
	echo open >opened
	exec sleep 1000
	EOF
	unshare -rmn sh open.sh >out 2>&1 3>&- </dev/null &
	echo $! >holder
	echo $! >servers
	# The servers of these tests are in there too.
	mkdir bin
	cat >bin/python3 <<-EOF
	#!/bin/sh
	exec nsenter -t $! -U -n -m --preserve-credentials \
	    $(command -v python3) "\$@"
	EOF
	chmod +x bin/python3
	wait_for_line $! opened open || true
	new_layout images
	make_image images amd64 one | tag_layout images one
	export FILES=$PWD
}

teardown_file()
{
	stop_servers
}

setup()
{
	[ -e "$FILES/opened" ] ||
	    skip "no network namespace: $(cat "$FILES/out")"
	own_folder
	PATH=$FILES/bin:$PATH
	echo '[]' >faults
	start_regd R --address 0.0.0.0 --faults "$PWD/faults"
	start_regd THIEF --address 0.0.0.0
	r=${R_HOST#*:} thief=${THIEF_HOST#*:}
	config_plain_http "public.test:$r" "private.test:$r" \
	    "carrier.test:$r" "private.test:$thief"
	echo "oci:$FILES/images:one" >one
	push_image "public.test:$r/one"
}

# push_image REPOSITORY: the image is there, and named in ./list.
push_image()
{
	acedt-resolve one | acedt-fetch >s
	away acedt-push "$1" <s >p
	away acedt-index "$1:1" <p >/dev/null
	echo "$1@$(layout_digest "$FILES/images" one)" >list
}

# refused WHAT COMMAND…: it fails so, and nobody was asked.
refused()
{
	local what=$1
	shift
	run -1 --separate-stderr away "$@" -q
	[[ $stderr == *"$what"* ]] || { echo "not $what: $stderr"; return 1; }
	[ ! -s "$THIEF_LOG" ]
}

@test "from a public registry to private addresses, by name" {
	for to in "private.test:in a private network (10.9.8.7)" \
	    "carrier.test:in a private network (100.64.1.1)" \
	    "metadata.test:a metadata service of a cloud (100.100.100.200)"; do
		url=http://${to%%:*}:$thief
		said="it points to ${url#http://}, which is ${to#*:} and not followed"
		faults "[{\"method\":\"GET\",\"path\":\"one/manifests/sha\",\"status\":302,\"headers\":{\"Location\":\"$url/v2/x\"}}]"
		refused "$said" ace-dt mirror gather list oci:out:1
		faults "[{\"method\":\"POST\",\"status\":202,\"headers\":{\"Location\":\"$url/v2/x\"}}]"
		refused "$said" ace-dt mirror gather one "public.test:$r/up:1"
		faults "[{\"status\":401,\"headers\":{\"WWW-Authenticate\":\"Bearer realm=\\\"$url/token\\\"\"}}]"
		refused "$said" ace-dt mirror gather list oci:out:1
	done
	# The same with addresses, before anybody is asked for a name.
	for to in 10.9.8.7 100.64.1.1 192.168.3.4 172.20.1.1 \
	    "[fd00:1::1]" "[64:ff9b::a09:807]" "[2002:a09:807::1]"; do
		faults "[{\"method\":\"GET\",\"path\":\"one/manifests/sha\",\"status\":302,\"headers\":{\"Location\":\"http://$to:$thief/v2/x\"}}]"
		refused "public.test points to $to, which is in a private network and not followed" \
		    ace-dt mirror gather list oci:out:1
	done
}

@test "a connection to a private registry is not reused for a public one" {
	# One request to it, and then the other registry points there.
	echo "private.test:$thief/x@$(layout_digest "$FILES/images" one)" >both
	cat list >>both
	faults "[{\"method\":\"GET\",\"path\":\"one/manifests/sha\",\"stall\":0.5,\"status\":302,\"headers\":{\"Location\":\"http://private.test:$thief/v2/stolen\"}}]"
	away acedt-resolve both >s
	run -1 away acedt-fetch <s
	[[ $output == *"it points to private.test:$thief, which is in a private network (10.9.8.7) and not followed"* ]]
	[ "$(jq -s 'map(select(.path | test("/x/"))) | length' \
	    "$THIEF_LOG")" -ge 1 ]
	refute grep stolen "$THIEF_LOG"
}

@test "a private registry may point into private networks, and a public one elsewhere" {
	for pair in private.test:carrier.test private.test:public.test \
	    public.test:cdn.test; do
		push_image "${pair%:*}:$r/one"
		: >"$THIEF_LOG"
		faults "[{\"method\":\"GET\",\"path\":\"one/manifests/sha\",\"status\":302,\"headers\":{\"Location\":\"http://${pair#*:}:$thief/v2/x\"}}]"
		run -1 --separate-stderr away ace-dt mirror gather list \
		    oci:out:1 -q
		[[ $stderr == *"HTTP 404"* ]]
		[ -s "$THIEF_LOG" ]
		faults '[]'
	done
}
