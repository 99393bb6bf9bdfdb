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
	# Something is there: a 202 is no answer before a 201 was seen.
	is_tally "$DST_LOG" \
	    '1 GET tag 200' \
	    '1 POST upload 201' \
	    '2 POST upload 202' \
	    '2 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '2 PUT upload 201'
	# That is known of the host from now on.
	make_app new newer amd64
	push_layout "$PWD/new" newer "$SRC_HOST" new:2
	sed -i "2s,.*,$SRC_HOST/new:2," list
	forget
	gather list "$DST_HOST/a:1"
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

# The first image and one with a layer of 3 MB, in big.list.
make_big_list()
{
	new_layout images
	make_big images 3000000
	push_layout "$PWD/images" big "$SRC_HOST" big:1
	cp one big.list
	echo "$SRC_HOST/big:1" >>big.list
}

# arrived: bytes of blobs that R got.
arrived()
{
	jq -s 'map(select(.method == "PUT" and (.path | test("/uploads/")) or
	    .method == "POST") | .got) | add // 0' "$R_LOG"
}

@test "registries that ignore mounts: nothing that is there is sent again" {
	make_big_list
	start_regd R --mount ignore
	config_plain_http "$SRC_HOST" "$R_HOST"
	# All but one blob is there, as after a run that was killed.
	cp big.list list
	gather list "$R_HOST/a:1"
	[ "$(arrived)" -gt 3000000 ]
	# 8 blobs: those of the first image, and three of the other.
	for turn in known unknown; do
		[ "$turn" = known ] || rm -r cache
		: >"$R_LOG"
		gather list "$R_HOST/a:2-$turn"
		[ "$(arrived)" -eq 0 ]
		verify_registry "$R_HOST" a "2-$turn"
		: >"$R_LOG"
		[ "$turn" = known ] || rm -r cache
		run -0 --separate-stderr ace-dt mirror gather list \
		    "$R_HOST/a:2-$turn" --verify
		[[ $stderr == *"nothing has changed"* ]]
		[ "$(arrived)" -eq 0 ]
	done
	# What was opened for nothing was closed; then it is known.
	[ "$(logged '.method == "DELETE" and .status == 204')" -eq \
	    "$(logged '.method == "POST" and .status == 202')" ]
	: >"$R_LOG"
	gather list "$R_HOST/a:2" --verify
	is_tally "$R_LOG" \
	    '1 GET tag 404' \
	    '8 HEAD blob 200' \
	    '4 HEAD manifest 200' \
	    '1 PUT tag 201'
}

@test "registries that ignore mounts: a first copy asks for what is large" {
	make_big_list
	start_regd R --mount ignore
	config_plain_http "$SRC_HOST" "$R_HOST"
	gather big.list "$R_HOST/a:1"
	# Whose turn comes after mounts are known to be ignored asks first, once.
	logged_paths='select(.method == "HEAD" and (.path | test("/blobs/")) and
	    .status == 404).path'
	jq -r "$logged_paths" "$R_LOG" | sort >asked
	[ "$(wc -l <asked)" -ge 2 ]
	[ -z "$(uniq -d asked)" ]
	grep -v '"HEAD".*/blobs/.*"status": *404' "$R_LOG" >rest
	# One proof, closed and looked after; a HEAD for the large one.
	is_tally rest \
	    '1 DELETE upload 204' \
	    '1 GET tag 404' \
	    '1 HEAD blob 200' \
	    '8 POST upload 202' \
	    '1 POST whole 202' \
	    '4 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '8 PUT upload 201'
}

@test "registries that answer mounts: one request more, in one run" {
	make_big_list
	gather big.list "$DST_HOST/big:1"
	is_tally "$DST_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '1 POST upload 201' \
	    '7 POST upload 202' \
	    '1 POST whole 202' \
	    '4 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '8 PUT upload 201'
	forget
	gather big.list "$DST_HOST/other:1"
	is_tally "$DST_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '7 POST upload 202' \
	    '1 POST whole 202' \
	    '4 PUT manifest 201' \
	    '1 PUT tag 201' \
	    '8 PUT upload 201'
}

@test "no manifest is under way while a mount writes a blob's link again" {
	start_regd R --mount links
	config_plain_http "$SRC_HOST" "$R_HOST"
	make_big_list
	cat list >>big.list
	gather big.list "$R_HOST/a:1"
	[ "$(logged '(.path | test("mount=")) and .status == 201')" -eq 1 ]
	[ "$(logged '(.path | test("manifests/")) and .method == "PUT" and
	    .status >= 400')" -eq 0 ]
	verify_registry "$R_HOST" a 1
}

@test "registries that answer 404 to a mount take a blob in one POST" {
	start_regd R --mount missing --single-post
	config_plain_http "$SRC_HOST" "$R_HOST"
	gather list "$R_HOST/a:1"
	# Mounts were under way when the first POST was answered.
	[ "$(logged '.path | test("mount=")')" -lt 13 ]
	[ "$(logged '.method == "POST" and .status == 201')" -eq 13 ]
	[ "$(logged '.method == "POST" and .status == 202')" -eq 0 ]
	[ "$(logged '.method == "PUT" and (.path | test("/uploads/"))')" -eq 0 ]
	# One at a time: no more than one request for each.
	start_regd R --mount missing --single-post
	config_plain_http "$SRC_HOST" "$R_HOST"
	ACE_DT_CONCURRENT_HTTP=1 gather list "$R_HOST/a:1"
	is_tally "$R_LOG" \
	    '1 GET tag 404' \
	    '1 HEAD blob 404' \
	    '13 POST whole 201' \
	    '9 PUT manifest 201' \
	    '1 PUT tag 201'
}

@test "a mount that is refused in any way: another is tried, once a run" {
	make_big_list
	export ACE_DT_CONCURRENT_HTTP=1
	for status in 400 401 403 404 405 500 501; do
		start_faulty
		config_plain_http "$SRC_HOST" "$R_HOST"
		faults "[{\"method\":\"POST\",\"path\":\"mount=\",\"status\":$status,\"body\":\"no\"}]"
		gather big.list "$R_HOST/a:1" --retries 0
		verify_registry "$R_HOST" a 1
		# The large one and the first small one may ask at the same time.
		n=$(logged '.path | test("mount=")')
		[ "$n" -ge 1 ]
		[ "$n" -le 2 ]
	done
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
	    '1 GET tag 200' \
	    '9 HEAD manifest 200' \
	    '13 POST upload 201'
}

@test "a manifest refused for want of blobs that are said to be there: they are sent" {
	local turn n
	make_big_list
	# What HEAD says holds for other repositories; the manifest finds out.
	start_regd R --mount ignore --global-head --check-blobs
	config_plain_http "$SRC_HOST" "$R_HOST"
	gather big.list "$R_HOST/a:1"
	n=$(arrived)
	: >"$R_LOG"
	run -0 --separate-stderr ace-dt mirror gather big.list "$R_HOST/b:1" \
	    -q -v8
	[[ $stderr == *"MANIFEST_INVALID: bad manifest"*"; what it was said to have is sent"* ]]
	verify_registry "$R_HOST" b 1
	# Once each: the first copy tried one in a POST before.
	[ "$(arrived)" -le "$n" ]
	[ "$(arrived)" -gt 3000000 ]
	[ "$(logged '(.path | test("manifests/sha")) and .status == 400')" \
	    -eq 3 ]
	# It refuses them all the same: once more, and that is final.
	: >"$R_LOG"
	printf '%s' '[{"method":"PUT","path":"manifests/sha","status":400,"body":"never"},
	    {"method":"HEAD","path":"manifests/sha","status":404}]' >never
	start_regd R --faults "$PWD/never"
	config_plain_http "$SRC_HOST" "$R_HOST"
	run -1 --separate-stderr ace-dt mirror gather one "$R_HOST/c:1" -q
	[[ $stderr == *"HTTP 400: never"* ]]
	run -1 --separate-stderr ace-dt mirror gather one "$R_HOST/c:1" -q
	[ "$(logged '.path | test("manifests/sha")')" -eq 8 ]
}

@test "blobs that the index vouched for are sent when a manifest misses them" {
	gather one "$DST_HOST/lie:1"
	data=$(dirname "$DST_LOG")/data/docker/registry/v2/repositories/lie
	common=$(echo common | gzip -n | sha256sum | cut -d' ' -f1)
	rm -r "$data/_layers/sha256/$common"
	new_layout new
	make_app new lie amd64
	push_layout "$PWD/new" lie "$SRC_HOST" lie:1
	echo "$SRC_HOST/lie:1" >>one
	forget
	gather one "$DST_HOST/lie:1"
	verify_registry "$DST_HOST" lie 1
	[ "$(requests "$DST_LOG" PUT '/v2/lie/blobs/')" -eq 3 ]
}
