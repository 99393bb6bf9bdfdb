# What each program gives up once it is set up.  test/preload/breakout.c runs
# inside of it and tries all the same.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	[ -e "$BUILD_DIR/test/preload/breakout.so" ] ||
	    make -s -C "$TOP" B="$BUILD_DIR" \
	    "$BUILD_DIR/test/preload/breakout.so"
	new_layout images
	make_app images a amd64 arm64
	make_app images b amd64
	printf 'oci:%s/images:%s\n' "$PWD" a "$PWD" b >list
	start_registry SRC
	config_plain_http "$SRC_HOST"
	push_layout images a "$SRC_HOST" app:1
	echo "$SRC_HOST/app:1" >remote
	acedt-resolve list >resolved
	acedt-fetch <resolved >fetched
	export FILES=$PWD SANDBOX
	SANDBOX=$(ace-dt config | sed -n 's/^# Sandbox of each program: //p')
	echo "# $SANDBOX" >&3
}

teardown_file()
{
	stop_servers
}

# What a test made elsewhere than in its own folder goes, whatever its end.
teardown()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	[ ! -e made-outside ] || rm -rf "$(cat made-outside)"
}

need_seccomp()
{
	case $SANDBOX in
	*"no seccomp"*) skip "no seccomp here, or a build with sanitizers" ;;
	esac
}

# break_out PROGRAM COMMAND…: what it achieved is in the file "out".
break_out()
{
	rm -rf out victims
	mkdir victims
	echo precious >victims/victim
	LD_PRELOAD=$BUILD_DIR/test/preload/breakout.so BREAKOUT_IN=$1 \
	    BREAKOUT_OUT=$PWD/out BREAKOUT_DIR=$PWD/victims "${@:2}" \
	    >stdout 2>stderr || true
	cat out
	[ "$(sed -n '$p' out)" = end ]
}

# What nobody may: by seccomp, and so on any kernel that we test on.
all_refused()
{
	local what
	for what in truncate-call symlink mknod chmod chown socket-unix \
	    socket-packet socket-raw inet-packet inet-packet-flags \
	    pair-dgram socket-netlink fchmod listen fork clone kill \
	    kill-group nice ptrace peek setuid unshare chroot bpf io_uring \
	    keyctl memfd tiocsti tiocsti-high setflags fssetxattr setown \
	    setsig fiosetown core memory capabilities override exec execat; do
		grep -qx "$what: EPERM" out || { echo "$what!"; return 1; }
	done
	# By number, whatever the library knows: as if the kernel had none.
	for what in 451 452 463 466 467 469 470 500 511 600 100000; do
		grep -qxE "call-$what: (ENOSYS|EPERM)" out ||
		    { echo "call-$what!"; return 1; }
	done
	grep -qxE 'clone3: (ENOSYS|EPERM)' out
	[ "$(id -u)" -ne 0 ] || grep -qxE 'environ: (EACCES|EPERM)' out
	# Landlock's part.
	case $SANDBOX in "no Landlock"*) return 0 ;; esac
	for what in write truncate create create-unnamed mkdir link rename \
	    unlink; do
		grep -qxE "$what: (EACCES|EPERM)" out ||
		    { echo "$what!"; return 1; }
	done
	case $SANDBOX in
	*TCP*) grep -qxE "bind: (EACCES|EPERM|EBADF)" out ;;
	esac
	[ "$(ls victims)" = victim ]
	[ "$(cat victims/victim)" = precious ]
}

no_sockets()
{
	grep -qx "socket-tcp: EPERM" out
	grep -qx "socket-udp: EPERM" out
}

no_files()
{
	case $SANDBOX in "no Landlock"*) [ "$1" = acedt-filter ] || return 0 ;; esac
	grep -qxE "read: (EACCES|EPERM)" out
	grep -qxE "read-passwd: (EACCES|EPERM)" out
}

@test "without a sandbox the test itself would break out" {
	case $SANDBOX in *"no seccomp"*) skip "needs a plain build" ;; esac
	ACE_DT_SANDBOX=off BREAKOUT_NOW=1 run break_out acedt-filter \
	    acedt-filter <"$FILES/fetched"
	[ "$status" -ne 0 ]		# exec: there was no end
	for what in read write create mkdir rename socket-unix socket-tcp \
	    pair-dgram bind fork kill kill-group nice memfd setown setsig \
	    fiosetown openat2; do
		grep -qx "$what: OK" out || { echo "$what!"; return 1; }
	done
	[ "$(cat stderr)" = \
	    'acedt-filter: the sandbox is switched off by $ACE_DT_SANDBOX' ]
}

@test "acedt-filter: no files, no sockets, nothing" {
	need_seccomp
	break_out acedt-filter acedt-filter -e '.line > 0' <"$FILES/fetched"
	all_refused
	no_sockets
	no_files acedt-filter
	refute grep OK out
	cmp stdout "$FILES/fetched"
}

@test "acedt-resolve, acedt-list, acedt-check: sockets, no file to write" {
	need_seccomp
	echo "127.0.0.1:1/x:1" >list
	for program in acedt-resolve acedt-list acedt-check; do
		words=list
		[ "$program" != acedt-list ] || words="oci:$FILES/images:app"
		break_out "$program" "$program" "$words"
		all_refused
		grep -qx "socket-tcp: OK" out
		[ "$program" = acedt-list ] || grep -q "127.0.0.1:1" stdout
	done
}

@test "acedt-show: no files, no sockets, nothing" {
	need_seccomp
	break_out acedt-show acedt-show -o json <"$FILES/fetched"
	all_refused
	no_sockets
	refute grep OK out
	[ -s stdout ]
}

@test "acedt-fetch: only its cache" {
	need_seccomp
	break_out acedt-fetch acedt-fetch < <(cat "$FILES/resolved")
	all_refused
	cmp stdout "$FILES/fetched"
	break_out acedt-fetch acedt-fetch < <(acedt-resolve "$FILES/remote")
	all_refused
	[ "$(find home/.cache/ace/dt/manifests/sha256 -type f | wc -l)" -eq 3 ]
}

@test "acedt-push: only its layout, one that was there or not" {
	need_seccomp
	for n in 1 2; do
		break_out acedt-push acedt-push oci:disk:1 \
		    < <(cat "$FILES/fetched")
		all_refused
		[ "$(tail -n 1 stdout)" = '{"type":"end","images":2}' ]
		[ -e disk/oci-layout ]
	done
	break_out acedt-push acedt-push 127.0.0.1:1/x \
	    < <(printf '%s\n%s\n' "$HEADER" '{"type":"end","images":0}')
	all_refused
}

@test "acedt-index: for a layout neither network nor other files" {
	need_seccomp
	acedt-push oci:disk:1 <"$FILES/fetched" >pushed
	break_out acedt-index acedt-index oci:disk:1 < <(cat pushed)
	all_refused
	no_sockets
	no_files acedt-index
	[[ $(cat stdout) == "oci:disk:1@sha256:"* ]]
	verify_layout disk 1
	break_out acedt-index acedt-index --print < <(cat "$FILES/fetched")
	all_refused
	no_sockets
	no_files acedt-index
	break_out acedt-index acedt-index 127.0.0.1:1/x \
	    < <(printf '%s\n%s\n' "$HEADER" '{"type":"end","images":0}')
	all_refused
	grep -qx "socket-tcp: OK" out
}

@test "ace-dt: no files, no sockets, once the stages run" {
	need_seccomp
	break_out ace-dt ace-dt mirror gather "$FILES/list" oci:disk:1 \
	    --debug events
	all_refused
	no_sockets
	no_files ace-dt
	verify_layout disk 1
	grep -q '"event":"published"' events
}

@test "a directory that was made for nothing goes again" {
	for stage in 'acedt-push oci:sub/disk' 'acedt-index oci:sub/disk/'; do
		mkdir -p sub
		run -3 $stage <<<'rubbish'
		[ -d sub ]
		rmdir sub
	done
	mkdir disk
	run -3 acedt-push oci:disk <<<'rubbish'
	[ -d disk ]
}

@test "another user, relative paths, a cache, a list on standard input" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become nobody"
	local work
	work=$(mktemp -d /tmp/acedt-nobody.XXXXXX)
	echo "$work" >"$BATS_TEST_TMPDIR/made-outside"
	cp -r "$FILES/images" "$BUILD_DIR"/acedt-* "$BUILD_DIR/ace-dt" "$work"
	printf '%s\n' oci:images:a "$SRC_HOST/app:1" >"$work/list"
	cp "$ACE_DT_CONFIG" "$work/ace-dt-config.yaml"
	unset ACE_DT_CONFIG
	chmod -R a+rX "$work"
	chown -R nobody "$work"
	cd "$work"
	run -0 --separate-stderr runuser -u nobody -- env HOME="$work" \
	    "$work/ace-dt" mirror gather - oci:./disk:1 --debug events \
	    -p linux/amd64 <list
	[[ $output == "oci:./disk:1@sha256:"* ]]
	verify_layout disk 1
	[ -n "$(find .cache -type f)" ]
	grep -q '"event":"published"' events
}

@test "/run/containers closed to others is as if it were not there" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become nobody"
	unshare -m mount -t tmpfs none /run 2>/dev/null ||
	    skip "mounting is not allowed here"
	local work
	work=$(mktemp -d /tmp/acedt-nobody.XXXXXX)
	echo "$work" >made-outside
	cp -r "$FILES/images" "$BUILD_DIR"/acedt-* "$work"
	echo oci:images:a >"$work/list"
	chmod -R a+rX "$work"
	# As root's podman leaves it.
	cat >script <<-EOF
	set -e
	mount -t tmpfs none /run
	mkdir -m 700 /run/containers
	cd "$work"
	exec setpriv --reuid=65534 --clear-groups env -u ACE_DT_CONFIG \
	    -u XDG_RUNTIME_DIR HOME="$work" ./acedt-resolve list
	EOF
	run -0 --separate-stderr unshare -m sh script
	[[ $output == *'"digest":"sha256:'* ]]
	# What the user named is another matter.
	sed -i 's,HOME=,REGISTRY_AUTH_FILE=/run/containers/x &,' script
	run -2 unshare -m sh script
	[[ $output == *"/run/containers/x: Permission denied"* ]]
}

@test "root: others' files are read by no right of root, a layout is written" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become nobody"
	need_seccomp
	mkdir disk private
	chown nobody disk private
	chmod 755 disk
	chmod 700 private
	break_out acedt-push acedt-push oci:disk:1 <"$FILES/fetched"
	grep -qx "capabilities: EPERM" out
	grep -qx "override: OK" out
	grep -qxE "environ: (EACCES|EPERM)" out
	verify_content "$(layout_digest "$FILES/images" a)" layout_blob disk
	cp "$FILES/list" private/list
	run -2 acedt-resolve private/list
	[[ $output == *"Permission denied (root too has only its own files here: SANDBOX in acedt(7))"* ]]
	ACE_DT_SANDBOX=off run -0 acedt-resolve private/list
}

@test "jq's time of day, which has a file, is right without files" {
	echo "$HEADER" >s
	for h in 12 13; do
		printf '{"type":"image","source":"h:%s"}\n' "$h" >>s
	done
	echo '{"type":"end","images":2}' >>s
	TZ=Asia/Tokyo run -0 --separate-stderr acedt-filter \
	    -e '(0 | strflocaltime("%H")) == "09"' <s
	[ "${#lines[@]}" -eq 4 ]
}

@test "what runs credential helpers holds no pipe of its stage" {
	mkdir -p bin docker
	printf '#!/bin/sh\ncat >>"$(dirname "$0")/asked"; echo "{\"Username\":\"u\",\"Secret\":\"p\"}"\n' \
	    >bin/docker-credential-yes
	chmod +x bin/docker-credential-yes
	echo '{"credsStore":"yes"}' >docker/config.json
	export PATH=$PWD/bin:$PATH DOCKER_CONFIG=$PWD/docker
	run -0 timeout 20 ace-dt mirror gather "$FILES/list" oci:disk:1 -q
	[ ! -e bin/asked ]
	run -0 timeout 20 sh -c 'acedt-resolve "$1" | cat' - "$FILES/list"
}

@test "what is in force is said: ace-dt config, debug" {
	[ -n "$SANDBOX" ]
	run -0 --separate-stderr acedt-filter -v debug <"$FILES/fetched"
	[[ $stderr == *"sandbox: entered; Landlock version "* ]]
	ACE_DT_SANDBOX=off run -0 --separate-stderr ace-dt mirror gather \
	    "$FILES/list" oci:disk:1 -q
	# Once, not by each stage.
	[ "$stderr" = 'ace-dt: the sandbox is switched off by $ACE_DT_SANDBOX' ]
	ACE_DT_SANDBOX=off run -0 ace-dt config
	[[ $output == *"# Sandbox of each program: off, by"* ]]
}
