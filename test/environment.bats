# What the machine does to a run: full disks, limits, a terminal that is gone.
# Every end is clear, the old tag stands, and the next run completes the work.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images app amd64 arm64
	make_big images 3000000
	printf 'oci:%s/images:app\n' "$PWD" >v1
	printf 'oci:%s/images:%s\n' "$PWD" app "$PWD" big >v2
	HOME=$PWD ace-dt mirror gather v1 oci:old:1 -q
	HOME=$PWD ace-dt mirror gather v2 oci:new:1 -q
	acedt-resolve v2 | acedt-fetch >fetched
	acedt-push oci:pushed:1 <fetched >pushed.stream
	chmod -R a+rX .
	export FILES=$PWD
	OLD=$(layout_digest old 1) NEW=$(layout_digest new 1)
	export OLD NEW
}

# A destination at which v1 is published.
setup()
{
	own_folder
	cp "$FILES/v1" "$FILES/v2" .
	cp -r "$FILES/old" out
}

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

old_tag_stands()
{
	[ "$(layout_digest out 1)" = "$OLD" ]
	verify_layout out 1
	[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ]
}

next_run_completes()
{
	ace-dt mirror gather v2 oci:out:1 -q
	[ "$(layout_digest out 1)" = "$NEW" ]
	verify_layout out 1
	[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ]
}

# limited OPTION VALUE COMMAND ARG…: under that limit, with what the shell
# itself needs left out of it.
limited()
{
	sh -c 'ulimit "$1" "$2" && shift 2 && exec timeout 60 "$@"' - "$@"
}

# The option of unshare(1) that lets us mount where nobody else sees it.
mount_option()
{
	[ "$(id -u)" -eq 0 ] && echo -m || echo -rm
}

# Skip the test where that is not allowed; outside of run, which would hide it.
need_mounts()
{
	unshare "$(mount_option)" mount -t tmpfs none "$PWD" 2>/dev/null ||
	    skip "mounting is not allowed here"
}

# with_mounts SCRIPT: run it where it can mount; need_mounts first.
with_mounts()
{
	local how
	how=$(mount_option)
	declare -f layout_digest layout_blob verify_layout verify_content \
	    old_tag_stands next_run_completes refute >functions
	printf 'set -e\n. ./functions\n%s\n' "$1" >script
	unshare "$how" bash script
}

@test "a disk that is full: the old tag stands, with room the work is completed" {
	need_mounts
	# shellcheck disable=SC2016
	run -0 with_mounts '
	mkdir disk
	mount -t tmpfs -o size=1500k none disk
	mv out disk
	ln -s disk/out out
	rc=0
	ace-dt mirror gather v2 oci:out:1 -q 2>stderr || rc=$?
	cat stderr
	[ $rc -eq 1 ]
	grep "oci:.*images:big: acedt-push: blob .*: oci:out: 3000000 bytes are needed, its disk has room for" stderr
	grep "1 of 2 images failed; nothing was published" stderr
	old_tag_stands
	# Not a byte is left for the index.
	cat /dev/zero >disk/filler 2>/dev/null || true
	rc=0
	ace-dt mirror gather v1 oci:out:1 -q -a k=v 2>stderr || rc=$?
	cat stderr
	[ $rc -eq 4 ]
	grep "acedt-index: .*: the index was not published: .*No space left" stderr
	old_tag_stands
	rm disk/filler
	mount -o remount,size=20m disk
	next_run_completes'
}

@test "a cache on a disk that is full is done without" {
	need_mounts
	# shellcheck disable=SC2016
	run -0 with_mounts '
	mkdir disk
	mount -t tmpfs -o size=64k none disk
	cat /dev/zero >disk/filler 2>/dev/null || true
	export ACE_DT_CACHE_PATH=$PWD/disk/cache
	next_run_completes'
}

@test "a file that may not grow: an error, not a death" {
	run -1 limited -f 1000 ace-dt mirror gather v2 oci:out:1 -q
	[[ $output == *"images:big: acedt-push: blob "*": File too large"* ]]
	old_tag_stands
	run -4 limited -f 0 ace-dt mirror gather v1 oci:fresh:1 -q
	[[ $output == *"acedt-push: fresh/"*": File too large"* ]]
	[ -z "$(find fresh -name '.acedt-*')" ]
	# The file of --debug is not worth the run.
	no_asan
	run -0 limited -f 0 ace-dt mirror gather v1 oci:out:1 --debug events
	[[ $output == *"ace-dt: --debug events: File too large"* ]]
	next_run_completes
}

@test "a layout on a read-only place" {
	if [ "$(id -u)" -ne 0 ]; then
		chmod -R a-w out
		run ace-dt mirror gather v2 oci:out:1 -q
		chmod -R u+w out
		echo "$output"
		[ "$status" -ne 0 ]
		[[ $output == *"Permission denied"* ]]
		next_run_completes
		return
	fi
	need_mounts
	# shellcheck disable=SC2016
	run -0 with_mounts '
	mount --bind out out
	mount -o remount,bind,ro out
	rc=0
	ace-dt mirror gather v2 oci:out:1 -q 2>stderr || rc=$?
	cat stderr
	[ $rc -eq 1 ]
	grep "images:big: acedt-push: .*Read-only file system" stderr
	old_tag_stands
	# Nothing to write, nothing to complain of; and it can be read from.
	ace-dt mirror gather v1 oci:out:1
	echo oci:out:1 >list
	ace-dt mirror gather list oci:copy:1 -q
	rc=0
	ace-dt mirror gather v1 oci:out/new:1 -q 2>stderr || rc=$?
	[ $rc -eq 4 ]
	grep "acedt-push: oci:out/new: Read-only file system" stderr
	umount out
	next_run_completes'
}

@test "standard output that is full: every program says so, with status 4" {
	while read -r program; do
		# shellcheck disable=SC2086 # words
		run -4 timeout 60 bash -c '"$@" <"$FILES/fetched" >/dev/full' \
		    - $program
		[[ $output == *"standard output"*"No space left on device"* ]]
	done <<-EOF
	ace-dt --help
	ace-dt --version
	ace-dt config
	ace-dt help mirror gather
	ace-dt mirror gather --print v1 oci:x:1
	ace-dt check-access v1
	acedt-check v1
	acedt-resolve v2
	acedt-fetch
	acedt-filter
	acedt-push oci:p:1
	acedt-index --help
	EOF
	for last in --print "oci:$FILES/pushed:2"; do
		run -4 bash -c 'acedt-index "$1" <"$FILES/pushed.stream" >/dev/full' \
		    - "$last"
		[[ $output == *"standard output"*"No space left on device"* ]]
	done
	# It was published by then, and that is said.
	run -4 bash -c 'ace-dt mirror gather v2 oci:out:1 >/dev/full'
	[[ $output == *"the index was published as $NEW, but"*"No space left"* ]]
	[[ $output == *"ace-dt: acedt-index stopped with status 4"* ]]
	[ "$(layout_digest out 1)" = "$NEW" ]
}

@test "descriptors 0, 1, 2 closed: nothing that is opened gets their numbers" {
	local close
	# What is written to 1 or 2 would be found in a file of the layout.
	for close in '<&-' '2>&-' '<&- 2>&-'; do
		rm -rf out
		run -0 bash -c "ace-dt mirror gather v2 oci:out:1 $close"
		verify_layout out 1
	done
	for close in '>&-' '<&- >&- 2>&-'; do
		rm -rf out
		run -4 bash -c "ace-dt mirror gather v2 oci:out:1 $close"
		verify_layout out 1
	done
	[ "$(layout_digest out 1)" = "$NEW" ]
	# No input is a stream that was cut short.
	for close in acedt-fetch acedt-filter 'acedt-push oci:x:1' \
	    'acedt-index oci:x:1'; do
		run -3 bash -c "$close <&-"
		[[ $output == *"standard input: no stream: the input is empty"* ]]
	done
}

@test "few descriptors: fewer blobs at a time, or a clear error" {
	local n
	start_registry SRC
	start_registry DST
	config_plain_http "$SRC_HOST" "$DST_HOST"
	new_layout many
	for n in 1 2 3 4 5 6; do
		make_app many "m$n" amd64 arm64
		echo "oci:many:m$n"
	done >list
	# Both limits, so that none can raise it.
	run -0 limited -n 20 ace-dt mirror gather list "$SRC_HOST/many:1" -q
	for n in 1 2 3 4 5 6; do
		echo "$SRC_HOST/many@$(layout_digest many "m$n")"
	done >list
	run -0 limited -n 20 ace-dt mirror gather list "$DST_HOST/all:1" -q
	run -0 limited -n 20 ace-dt mirror gather list oci:many.out:1 -q
	verify_layout many.out 1
	[ "$(curl -fsS -H "Accept: $ACCEPT" \
	    "http://$DST_HOST/v2/all/manifests/1" | sha256sum | cut -d' ' -f1)" = \
	    "$(layout_digest many.out 1 | cut -d: -f2)" ]
	# With fewer still each program succeeds, or says what it lacks; with less
	# than six not even its libraries can be loaded.
	for n in 6 8 10 12 14; do
		run limited -n "$n" ace-dt mirror gather v2 oci:out:1 -q
		echo "$n: $status: $output"
		[ "$status" -eq 0 ] || {
			[ "$status" -le 4 ]
			[[ $output == *"Too many open files"* ]]
		}
		run limited -n "$n" ace-dt mirror gather list "$DST_HOST/few:$n" -q
		echo "$n: $status: $output"
		if [ "$status" -eq 0 ]; then
			verify_registry "$DST_HOST" few "$n"
		else
			[ "$status" -le 4 ]
			[[ $output == *"Too many open files"* ]]
		fi
	done
	next_run_completes
}

@test "little memory: status 4 and a message, in each program" {
	local kb met=
	no_asan
	no_gcov
	# Records of 4 MB, and a list of 30000 lines.
	for f in fetched pushed.stream; do
		jq -c 'if .source then .labels = ([range(60000) |
		    {"k\(.)": "some value of a label, to fill the memory"}] |
		    add) else . end' "$FILES/$f" >"$f"
	done
	seq -f "oci:$FILES/images:app,k=%.0f" 30000 >list
	for kb in 26000 30000 36000 44000; do
		for program in "acedt-resolve list" acedt-fetch \
		    "acedt-filter -p linux/arm64" "acedt-push oci:p:1" \
		    "acedt-index --print"; do
			case $program in
			*index*) f=pushed.stream ;;
			*) f=fetched ;;
			esac
			# shellcheck disable=SC2086 # words
			run --separate-stderr limited -v "$kb" $program <"$f"
			echo "$kb: $program: $status: $stderr"
			[ "$status" -ne 127 ] || continue
			[ "$status" -le 1 ] || {
				[ "$status" -eq 4 ]
				[ "$stderr" = "${program%% *}: out of memory" ]
				met+=" ${program%% *}"
			}
		done
	done
	# Each of them met the limit.
	[ "$(tr ' ' '\n' <<<"$met" | sort -u | grep -c .)" -eq 5 ]
	run limited -v 26000 ace-dt mirror gather list oci:out:1 -q
	[[ $output == *"out of memory"*"stopped with status 4" ]]
	old_tag_stands
}

@test "no more processes: what could not be started is said, the rest ends" {
	local uid=61234 n
	no_asan
	[ "$(id -u)" -eq 0 ] || skip "needs another user"
	# A shell of theirs must find them: root's home may be closed to others.
	setpriv --reuid $uid --regid $uid --clear-groups \
	    bash -c 'cd . && ace-dt --version' ||
	    skip "another user cannot reach the programs"
	chmod 777 . home out
	chmod -R a+rwX out
	for n in 1 2 3; do
		# Whether the first stage gets to look for accounts is chance: it
		# must not meet a home that is closed to this user.
		# shellcheck disable=SC2016
		run -4 setpriv --reuid $uid --regid $uid --clear-groups bash -c \
		    'ulimit -u "$0"; HOME=/ exec ace-dt mirror gather v2 oci:out:1' $n
		# The files of a build for coverage are not this user's.
		[ "$(grep -v '^profiling:' <<<"$output")" = \
		    "ace-dt: fork: Resource temporarily unavailable" ]
		refute pgrep -u $uid
	done
	old_tag_stands
	next_run_completes
}

# on_terminal CLOSE COMMAND ARG…: run it on a terminal of its own, and with
# CLOSE hang up when it has drawn something.  Prints its status; nothing of it
# may be left.
on_terminal()
{
	python3 - "$@" <<-'EOF'
	import os, pty, signal, sys, time
	pid, master = pty.fork()
	if pid == 0:
	    os.environ['TERM'] = 'xterm'
	    os.execvp(sys.argv[2], sys.argv[2:])
	os.read(master, 1)
	if sys.argv[1] == 'close':
	    os.close(master)
	else:
	    try:
	        while os.read(master, 65536):
	            pass
	    except OSError:
	        pass
	until = time.monotonic() + 30
	while time.monotonic() < until:
	    done, status = os.waitpid(pid, os.WNOHANG)
	    if done:
	        break
	    time.sleep(0.01)
	else:
	    os.killpg(pid, signal.SIGKILL)
	    sys.exit('it did not end')
	while os.popen(f'ps -o stat= -s {pid} | grep -v ^Z').read():
	    if time.monotonic() > until:
	        os.killpg(pid, signal.SIGKILL)
	        sys.exit('a stage did not end')
	    time.sleep(0.01)
	print(os.waitstatus_to_exitcode(status))
	EOF
}

# The big blob waits so many seconds before it comes.
stall()
{
	jq -n --arg p "blobs/sha256:$(sha256sum "$FILES/big" |
	    cut -d' ' -f1)" --argjson s "$1" \
	    '[{method: "GET", path: $p, stall: $s}]' >faults.new
	mv faults.new faults
}

@test "the terminal is lost: the run ends; with nohup it goes on" {
	echo '[]' >faults
	start_regd R --faults "$PWD/faults"
	config_plain_http "$R_HOST"
	ace-dt mirror gather v2 "$R_HOST/all:1" -q
	echo "$R_HOST/all:1" >list
	ace-dt mirror gather list oci:undisturbed:1 -q
	stall 60
	run -0 on_terminal close ace-dt mirror gather list oci:out:1
	[ "$output" = -1 ]
	old_tag_stands
	stall 1
	run -0 on_terminal close env --ignore-signal=HUP ace-dt mirror gather \
	    list oci:out:1
	[ "$output" = 0 ]
	[ "$(layout_digest out 1)" = "$(layout_digest undisturbed 1)" ]
	verify_layout out 1
	run -0 on_terminal keep ace-dt mirror gather v2 oci:out:1
	[ "$output" = 0 ]
	[ "$(layout_digest out 1)" = "$NEW" ]
}

@test "a clock that jumps changes nothing but the times in --debug" {
	no_asan
	cat >jump.c <<-'EOF'
	#define _GNU_SOURCE
	#include <sys/syscall.h>
	#include <sys/time.h>
	#include <time.h>
	#include <unistd.h>

	/* A day forth, two days back, and so on. */
	static long
	jump(void)
	{
		static int	n;

		return ++n % 2 ? 86400 : -172800;
	}

	int
	clock_gettime(clockid_t id, struct timespec *ts)
	{
		long	rc = syscall(SYS_clock_gettime, id, ts);

		if (id == CLOCK_REALTIME)
			ts->tv_sec += jump();
		return (int)rc;
	}

	int
	gettimeofday(struct timeval *tv, void *tz)
	{
		long	rc = syscall(SYS_gettimeofday, tv, tz);

		tv->tv_sec += jump();
		return (int)rc;
	}

	time_t
	time(time_t *at)
	{
		time_t	t = syscall(SYS_time, 0) + jump();

		if (at != NULL)
			*at = t;
		return t;
	}
	EOF
	${CC:-cc} -shared -fPIC -o jump.so jump.c
	echo '[]' >faults
	start_regd R --auth bearer --user ann:pw --faults "$PWD/faults"
	config_plain_http "$R_HOST"
	mkdir docker
	jq -n --arg h "$R_HOST" --arg a "$(printf ann:pw | base64)" \
	    '{auths: {($h): {auth: $a}}}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
	LD_PRELOAD=$PWD/jump.so ace-dt mirror gather v2 "$R_HOST/x:1" \
	    --debug events >result
	[ "$(cat result)" = "$R_HOST/x:1@$NEW" ]
	# It did jump; and tokens served as long as ever, one for the stage that
	# looks for the tag, one for each that writes.
	[ "$(jq -r '.time[:10]' events | sort -u | wc -l)" -ge 2 ]
	[ "$(jq -s '[.[] | select(.path | startswith("/token"))] | length' \
	    "$R_LOG")" -le 4 ]
}
