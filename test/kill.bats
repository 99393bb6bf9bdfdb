# Runs that are killed: what they leave, and what the next one does.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images app amd64 arm64
	make_big images 3000000
	printf 'oci:%s/images:%s\n' "$PWD" app "$PWD" big >list
	export FILES=$PWD
}

setup()
{
	own_folder
	big=sha256:$(sha256sum "$FILES/big" | cut -d' ' -f1)
	start_faulty
}

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

# The big blob waits from now on, in the requests of that method, or no more.
stall()
{
	faults "$(jq -n --arg m "$1" --arg p "${big#*:}" \
	    '[{method: $m, path: $p, stall: 60}]')"
}

# kill_when COMMAND: start a gather of list, and kill it once that is true.
kill_when()
{
	local pid
	ace-dt mirror gather list "$image" -q 3>&- &
	pid=$!
	until_true "$@"
	kill -s KILL "$pid"
	refute wait "$pid"
}

app_is_copied()
{
	# Two platforms and their index.
	[ "$(logged '.method == "PUT" and .status == 201 and
	    (.path | test("/k/manifests/sha256"))')" -eq 3 ] &&
	    [ "$(arrived | wc -l)" -ge 5 ]
}

@test "random moments: the old tag stands, the next run completes the work" {
	run python3 "$TOP/test/kill.py" "$BUILD_DIR" -n "${KILL_MOMENTS:-20}"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *$'\n'"${KILL_MOMENTS:-20} passed, 0 failed" ]]
}

# The digests of the blobs that the log says arrived, of those in which data was.
arrived()
{
	jq -r 'select(.status == 201 and .got > 0) | .path' "$R_LOG" |
	    sed -n 's/.*digest=.*\([0-9a-f]\{64\}\).*/\1/p' | sort -u
}

@test "to a registry: after a kill no blob that was complete is sent again" {
	local option
	cp "$FILES/list" .
	for option in --mount=yes --single-post --mount=refuse; do
		teardown
		start_regd R --faults "$PWD/faults" "$option"
		config_plain_http "$R_HOST"
		image=$R_HOST/k:1
		stall PUT
		kill_when app_is_copied
		refute curl -fs -o /dev/null "http://$R_HOST/v2/k/manifests/1"
		faults '[]'
		# The blobs of app arrived at least, the big one did not.
		arrived >complete
		[ "$(wc -l <complete)" -ge 5 ]
		refute grep "${big#*:}" complete
		: >"$R_LOG"
		run -0 ace-dt mirror gather list "$image" -q
		verify_registry "$R_HOST" k 1
		arrived >sent
		grep "${big#*:}" sent
		[ -z "$(comm -12 complete sent)" ]
	done
}

blobs_of()
{
	find "$1/blobs" -type f -printf '%i %T@ %f\n' | sort
}

app_is_in_layout()
{
	# Configs and layers of app, and its manifests.
	[ -d out/blobs ] && [ "$(blobs_of out | wc -l)" -ge 8 ]
}

@test "to a layout: after a kill nothing that was complete is fetched again" {
	for tag in app big; do
		echo "oci:$FILES/images:$tag" >one
		ace-dt mirror gather one "$R_HOST/$tag:1" -q
		echo "$R_HOST/$tag:1"
	done >list
	image=oci:out:1
	stall GET
	kill_when app_is_in_layout
	faults '[]'
	refute layout_blob out "$big"
	blobs_of out >before
	: >"$R_LOG"
	run -0 ace-dt mirror gather list "$image" -q
	verify_layout out 1
	# The same files as before, and others.
	blobs_of out | comm -13 - before >lost
	[ ! -s lost ]
	[ "$(logged '.method == "GET" and (.path | test("/blobs/")) and
	    (.path | test("'"${big#*:}"'"))')" -eq 1 ]
	cut -d' ' -f3 before >names
	jq -r 'select(.path | test("/blobs/")) | .path' "$R_LOG" >asked
	refute grep -Ff names asked
}

@test "hidden files of a run that was killed go, those of one that runs stay" {
	echo "oci:$FILES/images:app" >list
	ace-dt mirror gather list oci:out:1 -q
	touch out/.acedt-index.json-99999999 out/.acedt-99999999-abc
	touch out/.acedt-held out/.theirs
	# Who writes one holds its lock.
	run -0 flock out/.acedt-held ace-dt mirror gather list oci:out:2 -q
	[ "$(ls -A out | tr '\n' ' ')" = \
	    '.acedt-held .theirs blobs index.json oci-layout ' ]
	run -0 ace-dt mirror gather list oci:out:2 -q
	[ ! -e out/.acedt-held ]
	[ -e out/.theirs ]
}

@test "hidden files where the system has no unnamed ones" {
	local how=-m
	no_asan
	[ "$(id -u)" -eq 0 ] || how=-rm
	# Without /proc a file without a name could not be given one.
	unshare "$how" mount -t tmpfs none /proc 2>/dev/null ||
	    skip "mounting is not allowed here"
	echo "oci:$FILES/images:big" >one
	ace-dt mirror gather one "$R_HOST/big:1" -q
	echo "$R_HOST/big:1" >one
	acedt-resolve one | acedt-fetch >big.stream
	echo "oci:$FILES/images:app" >one
	acedt-resolve one | acedt-fetch >app.stream
	stall GET
	cat >script <<-'EOS'
	set -e
	mount -t tmpfs none /proc
	acedt-push oci:out:1 <big.stream >/dev/null 3>&- &
	pid=$!
	for i in $(seq 400); do
		ls out/.acedt-* >before 2>/dev/null && break
		sleep 0.05
	done
	test -s before
	# Another run leaves it alone, as long as there is somebody who writes it.
	acedt-push oci:out:1 <app.stream >/dev/null
	ls out/.acedt-* | cmp - before
	kill -s KILL "$pid"
	wait "$pid" || true
	ls out/.acedt-* | cmp - before
	acedt-push oci:out:1 <app.stream >/dev/null
	EOS
	run -0 unshare "$how" bash script
	[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ]
	faults '[]'
	unshare "$how" bash -c 'mount -t tmpfs none /proc &&
	    acedt-push oci:out:1 <big.stream' | acedt-index oci:out:1
	verify_layout out 1
	[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ]
}
