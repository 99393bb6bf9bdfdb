# Limits towards registries: how many requests, how fast, how often again, and
# how long we wait; for all programs of a run together.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	for i in $(seq 8); do
		make_app images "app-$i" amd64
	done
	make_big images 1000000
	export FILES=$PWD
}

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

# serve OPTION…: a registry R with app-1 to app-8, each in a repository of its
# own, named in ./list.
serve()
{
	start_faulty "$@"
	for i in $(seq 8); do
		echo "oci:$FILES/images:app-$i" >one
		acedt-resolve one | acedt-fetch | acedt-push "$R_HOST/app-$i" |
		    acedt-index "$R_HOST/app-$i:1" >/dev/null
		echo "$R_HOST/app-$i:1"
	done >list
	: >"$R_LOG"
}

# at FILTER: when the requests came that a jq filter selects, one a line, in
# seconds.
at()
{
	jq -r "select($1) | .at" "$R_LOG"
}

# seconds_between FROM TO: whole ones.
seconds_between()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%d\n", b - a }'
}

@test "requestsPerSecond: all programs of a run together" {
	serve
	printf '  endpointConfig:\n    "http://%s": {requestsPerSecond: 20}\n' \
	    "$R_HOST" >>"$ACE_DT_CONFIG"
	run -0 ace-dt mirror gather list "$R_HOST/all:1" -q
	verify_registry "$R_HOST" all 1
	n=$(at true | wc -l)
	[ "$n" -ge 60 ]
	first=$(at true | sort -g | head -n 1)
	last=$(at true | sort -g | tail -n 1)
	# n requests are n - 1 pauses.
	[ "$(seconds_between "$first" "$last")" -ge $(((n - 1) / 20 - 2)) ]
	run -0 ace-dt config
	[[ $output == *"requestsPerSecond: 20"*"$ACE_DT_CONFIG"* ]]
}

# How many manifests D has taken.
manifests_taken()
{
	jq -r 'select(.method == "PUT" and .status == 201) | .path' "$D_LOG" |
	    grep -c /manifests/sha256
}

three_are_taken()
{
	[ "$(manifests_taken)" -ge 3 ]
}

@test "a host that does not answer holds up no other" {
	serve
	faults '[{"method":"HEAD","stall":60}]'
	start_regd D
	start_regd GOOD
	config_plain_http "$R_HOST" "$D_HOST" "$GOOD_HOST"
	echo "oci:$FILES/images:app-1" >one
	acedt-resolve one | acedt-fetch | acedt-push "$GOOD_HOST/app" |
	    acedt-index "$GOOD_HOST/app:1"
	echo "$GOOD_HOST/app:1" >>list
	ace-dt mirror gather list "$D_HOST/all:1" -q 3>&- &
	until_true three_are_taken
	kill $!
	refute wait $!
	# The index that it was gathered into, and what is below that, while the
	# first host had yet to answer.
	[ "$(manifests_taken)" -eq 3 ]
	[ "$(logged '.method == "GET"')" -eq 0 ]
}

@test "requestsPerSecond: what is no number of requests" {
	for v in -1 0.01 20000 x 1x '""' '[1]'; do
		printf 'registryConfig:\n  endpointConfig:\n    "http://a": {requestsPerSecond: %s}\n' \
		    "$v" >bad.yaml
		run -2 ace-dt config --config bad.yaml
		[[ $output == *"bad.yaml:3:"*"0 or a number from 0.1 to 10000"* ]]
	done
}

@test "Retry-After: every program of the run waits" {
	serve
	# Some are answered, so that acedt-fetch has something to ask for.
	faults '[{"method":"HEAD","path":"app-8","nth":[1],"status":429,"headers":{"Retry-After":"2"}}]'
	run -0 ace-dt mirror gather list "$R_HOST/all:1" -q
	verify_registry "$R_HOST" all 1
	said=$(at '.status == 429')
	[ "$(wc -l <<<"$said")" -eq 1 ]
	# What was under way then may still come; nothing else for two seconds.
	late=$(at true | awk -v t="$said" '$1 > t + 0.5 && $1 < t + 1.9' |
	    wc -l)
	[ "$late" -eq 0 ]
	[ "$(at true | awk -v t="$said" '$1 > t + 1.9' | wc -l)" -ge 40 ]
}

@test "Retry-After: a date is by the clock of the registry" {
	serve
	faults '[{"method":"HEAD","path":"app-8","nth":[1],"status":429,"headers":{"Date":"Fri, 01 Jan 2021 00:00:00 GMT","Retry-After":"Fri, 01 Jan 2021 00:00:02 GMT"}}]'
	run -0 ace-dt mirror gather list "$R_HOST/all:1" -q
	verify_registry "$R_HOST" all 1
	said=$(at '.status == 429')
	again=$(at '.method == "HEAD"' | sort -g | tail -n 1)
	awk -v a="$said" -v b="$again" 'BEGIN { exit !(b - a >= 1.9) }'
}

@test "a registry that throttles gets fewer requests at a time" {
	serve
	# 120 tags that are not there; one question of the first wave is too many.
	for i in $(seq 120); do
		echo "$R_HOST/app-1:none-$i"
	done >many
	faults '[{"method":"HEAD","nth":[20],"stall":0.2,"status":429},
	    {"method":"HEAD","stall":0.2}]'
	run -1 acedt-resolve many
	[ "$(grep -c '"status":404' <<<"$output")" -eq 120 ]
	[ "$(logged '.status == 429')" -eq 1 ]
	# How many were under way when each came, in this order.  32 came at once,
	# and for each that was answered before the 429 one more, 63 at the most;
	# then there are half the places, and one more for each round of answers.
	jq -s 'sort_by(.at)[].active' "$R_LOG" >active
	[ "$(head -n 32 active | sort -n | tail -n 1)" -gt 24 ]
	[ "$(tail -n +64 active | wc -l)" -ge 56 ]
	[ "$(tail -n +64 active | sort -n | tail -n 1)" -le 22 ]
}

@test "eight large blobs are under way at a time, no more" {
	local i manifest
	new_layout images
	for i in $(seq 12); do
		{ echo "$i"; head -c 300000 /dev/zero; } |
		    put_manifest images application/vnd.oci.image.layer.v1.tar
	done >layers
	manifest=$(make_image images amd64 many | jq -r .digest)
	layout_blob images "$manifest" | jq -jc --slurpfile l layers \
	    '.layers += $l' | put_manifest images "$OCI_MANIFEST" |
	    tag_layout images many
	start_faulty
	echo oci:images:many | ace-dt mirror gather - "$R_HOST/many:1" -q
	echo "$R_HOST/many:1" >list
	faults '[{"method":"GET","path":"/blobs/","stall":0.3}]'
	ace-dt mirror gather list oci:out:1 -q --debug events
	verify_layout out 1
	# So many are under way after each event, at most.
	[ "$(jq -s '[.[] | select(.event == "blob" and .size > 300000) |
	    {start: 1, done: -1}[.state] // 0] |
	    [foreach .[] as $n (0; . + $n)] | max' events)" -eq 8 ]
}

@test "a quota that runs short: the rest is spread out, and it is said once" {
	serve
	faults '[{"method":"GET","path":"manifests/sha256","set":{"RateLimit-Limit":"100;w=2","RateLimit-Remaining":"5;w=2"}}]'
	run -0 --separate-stderr ace-dt mirror gather list oci:out:1 -q
	verify_layout out 1
	[[ $stderr == *"http://$R_HOST: 5 of 100 requests are left for the next 2 s"* ]]
	[ "$(grep -c 'requests are left' <<<"$stderr")" -eq 1 ]
	# One in 2 / (5 + 1) seconds; other requests do not wait.
	n=$(at '.method == "GET" and (.path | test("manifests/sha256"))' | wc -l)
	[ "$n" -ge 16 ]
	first=$(at '.method == "GET"' | sort -g | head -n 1)
	last=$(at '.method == "GET"' | sort -g | tail -n 1)
	[ "$(seconds_between "$first" "$last")" -ge 2 ]
	faults '[{"method":"GET","set":{"RateLimit-Limit":"100;w=21600","RateLimit-Remaining":"50;w=21600"}}]'
	run -0 --separate-stderr ace-dt mirror gather list oci:enough:1 -q
	[ -z "$stderr" ]
}

@test "--retries: none, and what gets on has new ones" {
	serve
	faults '[{"method":"HEAD","path":"app-1/","nth":[1],"status":503}]'
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q \
	    --retries 0
	[[ $stderr == *"HTTP 503"* ]]
	[ "$(at '.path | test("app-1/")' | wc -l)" -eq 1 ]
	faults '[{"method":"HEAD","path":"app-1/","nth":[1,2],"status":503}]'
	run -0 ace-dt mirror gather list oci:out:1 -q --retries 2
	# One image: others may hold the same blob.
	head -n 1 list >one
	faults '[{"method":"GET","path":"blobs","nth":[1],"cut":10}]'
	run -1 --separate-stderr ace-dt mirror gather one oci:more:1 -q \
	    --retries=0
	# Progress, small as it is, gives it new tries.
	faults '[{"method":"GET","path":"blobs","nth":[1],"cut":10}]'
	run -0 ace-dt mirror gather one oci:more:1 -q --retries 1
}

# tried N [OR]: how many requests found nobody at port 1, as stderr has it.
tried()
{
	local n
	n=$(grep -c 'HEAD http://127.0.0.1:1/v2/.*: 0 in' <<<"$stderr")
	[ "$n" -eq "$1" ] || [ "$n" -eq "${2:-$1}" ]
}

@test "a host that was never reached: one request at a time, for 5 seconds" {
	for i in $(seq 50); do
		echo "127.0.0.1:1/x-$i:1"
	done >nobody
	config_plain_http 127.0.0.1:1
	run -1 --separate-stderr acedt-resolve -v12 nobody
	[ "$(grep -c 'HEAD manifests/1: .*not reached for 5 s' \
	    <<<"$output")" -eq 50 ]
	# A pause is half to all of 1/4, 1/2, 1, 2 and 4 s; the last is cut.
	tried 6 7
	[ "$(grep -c 'not reached' <<<"$stderr")" -eq 1 ]
	[[ $stderr == *"http://127.0.0.1:1: not reached for "*" s (Failed to connect"*"), trying on until "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]* ]]
	# So many tries where they are counted, and none of them once more.
	run -1 --separate-stderr acedt-resolve --retries 4 -v12 nobody
	tried 5
	run -1 --separate-stderr acedt-resolve --retries 0 -v12 nobody
	tried 1
	run -1 --separate-stderr acedt-resolve --retry-max-time 1 -v12 nobody
	tried 4 5
	# What another program found out holds for all of the run.
	printf '%s\n' "oci:$FILES/images:app-1" >>nobody
	run -1 --separate-stderr ace-dt mirror gather nobody 127.0.0.1:1/y:1 \
	    -q -v12
	[ "$(grep -c ' http://127.0.0.1:1/v2/.*: 0 in' <<<"$stderr")" -le 8 ]
	[ "$(grep -c 'trying on until' <<<"$stderr")" -eq 1 ]
}

# again NAME: a registry of start_registry that was killed, at the same port.
again()
{
	local log=$1_LOG host=$1_HOST
	docker-registry serve "$(dirname "${!log}")/config.yml" >>"${!log}" \
	    2>&1 3>&- </dev/null &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	wait_for_http $! "http://${!host}/v2/"
}

# kill_registry NAME: without a word to whom it talks to.
kill_registry()
{
	local host=$1_HOST pid
	pid=$(listener "${!host##*:}")
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
}

# listener PORT: the process of ours that listens there.
listener()
{
	local pid
	while read -r pid; do
		if owns_port "$pid" "$1" 2>/dev/null; then
			echo "$pid"
		fi
	done <"$BATS_FILE_TMPDIR/servers"
}

@test "either registry is gone for a while in the middle of a run" {
	start_registry S
	start_registry D
	config_plain_http "$S_HOST" "$D_HOST"
	# A run that lasts, so that there is a middle.
	printf '  endpointConfig:\n    "http://%s": {requestsPerSecond: 10}\n    "http://%s": {requestsPerSecond: 10}\n' \
	    "$S_HOST" "$D_HOST" >>"$ACE_DT_CONFIG"
	for i in $(seq 8); do
		push_layout "$FILES/images" "app-$i" "$S_HOST" "app-$i:1"
		echo "$S_HOST/app-$i:1"
	done >list
	for side in S D; do
		host=${side}_HOST log=${side}_LOG
		: >err
		: >"${!log}"
		ace-dt mirror gather list "$D_HOST/${side,,}:1" -q -v12 \
		    >out 2>err 3>&- &
		pid=$!
		until_true grep -qE '"(GET|HEAD|POST) /v2/' "${!log}"
		kill_registry "$side"
		until_true grep -q "http://${!host}: not reached for" err
		again "$side"
		wait $pid || { cat err; return 1; }
		verify_registry "$D_HOST" "${side,,}" 1
		[ "$(grep -c "http://${!host}: not reached for .* trying on until" \
		    err)" -eq 1 ]
		[ "$(grep -c "http://${!host}: reached again after" err)" -eq 1 ]
		# At once, and after 1/4, 1/2, 1, 2 and 4 seconds; and what was
		# under way when it went.
		[ "$(grep -c " http://${!host}/.*: 0 in" err)" -le 20 ]
	done
}

@test "--retry-max-time: not for ever" {
	serve
	faults '[{"method":"HEAD","path":"app-1/","status":503}]'
	run -1 --separate-stderr acedt-resolve --retries 100 \
	    --retry-max-time 2 list
	n=$(at '.path | test("app-1/")' | wc -l)
	[ "$n" -ge 3 ]
	[ "$n" -le 5 ]
}

@test "--stall-time: a silent connection is given up, a slow one is not" {
	serve
	for f in '"method":"HEAD"' '"method":"GET","path":"manifests/sha256"' \
	    '"method":"GET","path":"blobs"'; do
		faults "[{$f,\"nth\":[1],\"stall\":20}]"
		ACE_DT_CACHE_PATH=/dev/null run -0 ace-dt mirror gather list \
		    oci:out:1 -q --stall-time 1 --debug events
		verify_layout out 1
		[ "$(jq 'select(.event == "request" and .status == 0) | .ms' \
		    events | wc -l)" -eq 1 ]
		rm -rf out
	done
	faults '[{"method":"HEAD","path":"app-1/","stall":20}]'
	run -1 --separate-stderr acedt-resolve --stall-time 1 --retries 1 list
	[[ $output == *"HEAD manifests/1: no byte moved for 1 s"* ]]
	# An upload waits for its source for longer than that, and goes on.
	echo "$R_HOST/big:1" >big.list
	echo "oci:$FILES/images:big" >one
	acedt-resolve one | acedt-fetch | acedt-push "$R_HOST/big" |
	    acedt-index "$R_HOST/big:1"
	start_regd D
	config_plain_http "$R_HOST" "$D_HOST"
	run -0 --separate-stderr ace-dt mirror gather big.list \
	    "$D_HOST/slow:1" -q --stall-time 1 --limit-rate 200k -v8
	[[ $stderr != *"no byte moved"* ]]
	verify_registry "$D_HOST" slow 1
}
