# Requests of a run, all of them, counted from the access logs of both ends.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	start_registry SRC
	start_registry DST
	new_layout images
	# Each two platforms: an index, two manifests, two configs, two layers,
	# and a layer that all images share.
	for i in 1 2 3; do
		make_app images "a$i" amd64 arm64
		push_layout "$PWD/images" "a$i" "$SRC_HOST" "app$i:1"
		echo "$SRC_HOST/app$i:1"
	done >list
	head -n 1 list >one
	export FILES=$PWD
}

teardown_file()
{
	stop_servers
}

setup()
{
	own_folder
	cp "$FILES/list" "$FILES/one" .
	export ACE_DT_CACHE_PATH=$PWD/cache
	config_plain_http "$SRC_HOST" "$DST_HOST"
	forget
}

forget()
{
	: >"$SRC_LOG"
	: >"$DST_LOG"
}

# The access log of a registry, or regd.py's, as "METHOD PATH STATUS".
entries()
{
	if head -c 1 "$1" | grep -q '{'; then
		jq -r 'select(.method != "STORED") | "\(.method) \(.path) \(.status)"' "$1"
	else
		sed -nE 's|.*"([A-Z]+) ([^ "]+) HTTP/1.1" ([0-9]+).*|\1 \2 \3|p' "$1"
	fi
}

# tally LOG: what was asked and answered, and how often.  An upload is asked for
# by POST and sent by PUT, a blob in one POST is "whole".
tally()
{
	entries "$1" | awk '
	function what(path) {
		if (path ~ /\/manifests\/sha256:/) return "manifest"
		if (path ~ /\/manifests\//) return "tag"
		if (path ~ /\/uploads\/\?digest=/) return "whole"
		if (path ~ /\/uploads/) return "upload"
		if (path ~ /\/blobs\//) return "blob"
		if (path ~ /\/referrers\//) return "referrers"
		return path
	}
	{ n[$1 " " what($2) " " $3]++ }
	END { for (k in n) print n[k], k }' | LC_ALL=C sort -k2
}

# is_tally LOG LINE...: that and nothing else.
is_tally()
{
	local log=$1
	shift
	diff -u --label expected --label asked \
	    <([ $# = 0 ] || printf '%s\n' "$@") <(tally "$log")
}

gather()
{
	run -0 ace-dt mirror gather "$@" -q
}

# The first copy of all three: 13 blobs.  The first small one is asked for by
# HEAD, and finds out whether it can go in one POST.
first_copy_asks()
{
	is_tally "$SRC_LOG" \
	    '13 GET blob 200' \
	    '9 GET manifest 200' \
	    '3 HEAD tag 200'
	is_tally "$DST_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '12 POST upload 202' \
	    '1 POST whole 202' \
	    '9 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '13 PUT upload 201'
}

# one_arrives LOG: the first copy of the first one, at the destination.
one_arrives()
{
	is_tally "$1" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '4 POST upload 202' \
	    '1 POST whole 202' \
	    '3 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '5 PUT upload 201'
}

@test "a first copy; nothing changed; one of three changed" {
	gather list "$DST_HOST/a:1"
	first_copy_asks
	forget
	gather list "$DST_HOST/a:1"
	is_tally "$SRC_LOG" '3 HEAD tag 200'
	is_tally "$DST_LOG" '1 GET tag 200'
	# Another one, of one platform; the others have its third blob.
	new_layout new
	make_app new new amd64
	push_layout "$PWD/new" new "$SRC_HOST" new:1
	sed -i "2s,.*,$SRC_HOST/new:1," list
	forget
	gather list "$DST_HOST/a:1"
	is_tally "$SRC_LOG" \
	    '2 GET blob 200' \
	    '2 GET manifest 200' \
	    '3 HEAD tag 200'
	is_tally "$DST_LOG" \
	    '1 GET tag 200' \
	    '2 POST upload 202' \
	    '2 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '2 PUT upload 201'
}

# All is there but the big layer, and what names it.
only_big_is_left()
{
	entries "$R_LOG" >now
	[ "$(grep -c '^PUT .*/manifests/sha256:.* 201$' now)" -eq 3 ] &&
	    [ "$(grep -c '^PUT .*/uploads/.* 201$' now)" -eq 7 ]
}

@test "a run after one that was killed: what arrived is asked for, not sent" {
	new_layout images
	make_big images 3000000
	push_layout "$PWD/images" big "$SRC_HOST" big:1
	start_faulty
	config_plain_http "$SRC_HOST" "$R_HOST"
	printf '%s\n' "$SRC_HOST/app1:1" "$SRC_HOST/big:1" >list
	faults "$(jq -n --arg p "$(sha256sum <big | cut -d' ' -f1)" \
	    '[{method: "PUT", path: $p, stall: 60}]')"
	ace-dt mirror gather list "$R_HOST/a:1" -q 3>&- &
	until_true only_big_is_left
	kill -s KILL $!
	refute wait $!
	faults '[]'
	forget
	: >"$R_LOG"
	gather list "$R_HOST/a:1"
	is_tally "$SRC_LOG" \
	    '1 GET blob 200' \
	    '2 HEAD tag 200'
	is_tally "$R_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 200' \
	    '3 HEAD manifest 200' \
	    '6 POST upload 201' \
	    '1 POST upload 202' \
	    '1 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '1 PUT upload 201'
}

@test "two sources that share blobs, and one twice" {
	# The same manifests in another repository, and in the list again.
	push_layout "$FILES/images" a1 "$SRC_HOST" copy:1
	printf '%s\n' "$SRC_HOST/app1:1" "$SRC_HOST/copy:1" \
	    "$SRC_HOST/app1:1" >list
	forget
	gather list "$DST_HOST/shared:1"
	is_tally "$SRC_LOG" \
	    '5 GET blob 200' \
	    '3 GET manifest 200' \
	    '3 HEAD tag 200'
	one_arrives "$DST_LOG"
}

@test "source and destination on one registry: no byte of a blob moves" {
	gather list "$SRC_HOST/here:1"
	is_tally "$SRC_LOG" \
	    '9 GET manifest 200' \
	    '1 GET tag 404' \
	    '3 HEAD tag 200' \
	    '13 POST upload 201' \
	    '9 PUT manifest 201' \
	    '1 PUT tag 201'
}

@test "-p: only what was chosen" {
	gather list "$DST_HOST/chosen:1" -p linux/amd64
	is_tally "$SRC_LOG" \
	    '7 GET blob 200' \
	    '6 GET manifest 200' \
	    '3 HEAD tag 200'
	is_tally "$DST_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '6 POST upload 202' \
	    '1 POST whole 202' \
	    '3 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '7 PUT upload 201'
}

@test "-r: one question for each manifest, where there is the API" {
	start_regd R --referrers
	config_plain_http "$R_HOST" "$DST_HOST"
	push_layout "$FILES/images" a1 "$R_HOST" app:1
	echo "$R_HOST/app:1" >list
	: >"$R_LOG"
	gather list "$DST_HOST/ref:1" -r
	is_tally "$R_LOG" \
	    '5 GET blob 200' \
	    '3 GET manifest 200' \
	    '3 GET referrers 200' \
	    '1 HEAD tag 200'
	one_arrives "$DST_LOG"
}

@test "layouts: no request" {
	echo "oci:$FILES/images:a1" >list
	gather list oci:out:1
	is_tally "$SRC_LOG"
	is_tally "$DST_LOG"
	gather list "$DST_HOST/out:1"
	one_arrives "$DST_LOG"
	gather one oci:out:2
	# Blobs that are there are not asked for.
	is_tally "$SRC_LOG" \
	    '3 GET manifest 200' \
	    '1 HEAD tag 200'
}

# to_regd OPTION...: the first image to a registry that behaves so.
to_regd()
{
	start_regd R "$@"
	config_plain_http "$SRC_HOST" "$R_HOST"
	gather one "$R_HOST/a:1"
	is_tally "$SRC_LOG" \
	    '5 GET blob 200' \
	    '3 GET manifest 200' \
	    '1 HEAD tag 200'
}

@test "registries that take a blob in one POST" {
	# While the first one is under way the others go the other way.
	export ACE_DT_CONCURRENT_HTTP=1
	to_regd --single-post
	is_tally "$R_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '5 POST whole 201' \
	    '3 PUT manifest 201' \
	    '1 PUT tag 201'
}

@test "registries that do not answer the mount question" {
	to_regd --mount ignore
	one_arrives "$R_LOG"
}

@test "registries that refuse the mount question" {
	export ACE_DT_CONCURRENT_HTTP=1
	to_regd --mount refuse
	is_tally "$R_LOG" \
	    '1 GET tag 404' \
	    '5 HEAD blob 404' \
	    '4 POST upload 202' \
	    '1 POST upload 405' \
	    '1 POST whole 202' \
	    '3 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '5 PUT upload 201'
}

@test "--verify: a question for each blob and manifest" {
	gather list "$DST_HOST/sure:1"
	forget
	gather list "$DST_HOST/sure:1" --verify
	is_tally "$SRC_LOG" '3 HEAD tag 200'
	is_tally "$DST_LOG" \
	    '9 HEAD manifest 200' \
	    '1 HEAD tag 200' \
	    '13 POST upload 201'
}
