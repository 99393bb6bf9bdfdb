# How ace-dt starts, watches and ends its stages, with stubs in their places.

load helper

STAGES="resolve fetch push index"

setup()
{
	local name
	own_folder
	export ACEDT_STUB_DIR=$PWD/stubs ACEDT_EXEC_PATH=$PWD/bin
	export ACEDT_GRACE_SECONDS=1
	mkdir stubs bin
	: >list
	for name in $STAGES filter; do
		ln -s "$TOP/test/stub/stage" "bin/acedt-$name"
	done
	# What a stage does whose input or output is not what it should be.
	export READER='cat >/dev/null; exit 3'
}

teardown()
{
	local pid
	for pid in $(pids); do
		gone "$pid" || kill -s KILL "$pid"
	done
}

gather()
{
	# shellcheck disable=SC2086 # words
	timeout 60 ${UNDER:-} "$BUILD_DIR/ace-dt" mirror gather list oci:out:1 "$@"
}

# gather in the background, with its process id in $ace.
start()
{
	"$@" "$BUILD_DIR/ace-dt" mirror gather list oci:out:1 \
	    >stdout 2>stderr </dev/null 3>&- &
	ace=$!
	echo "$ace" >stubs/ace-dt."$ace"
}

# Wait for $ace and set $rc.
finish()
{
	rc=0
	wait "$ace" || rc=$?
}

# The process ids of all stubs that were started.
pids()
{
	local f
	for f in "$ACEDT_STUB_DIR"/*.[0-9]*; do
		[ ! -e "$f" ] || echo "${f##*.}"
	done
}

gone()
{
	local state
	state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
	[ "${state%% *}" = Z ] || [ -z "$state" ]
}

all_started()
{
	[ "$(find stubs -name '[!a]*.[0-9]*' | wc -l)" -eq "${1:-4}" ]
}

all_gone()
{
	local pid
	for pid in $(pids); do
		gone "$pid" || return 1
	done
}

exists()
{
	[ -e "$1" ]
}

# around NAME UPSTREAM DOWNSTREAM: plans for the stages before and behind it.
around()
{
	local name plan=$2
	for name in $STAGES; do
		if [ "$name" = "$1" ]; then
			plan=$3
		else
			export "ACEDT_STUB_${name^^}=$plan"
		fi
	done
}

# blamed PLAN STATUS TEXT: each stage in turn follows the plan while those
# before it wait or write and those behind it wait or read; the right one is
# named and nobody stays.
blamed()
{
	local name rest
	for name in $STAGES; do
		for rest in hang:hang "exec yes:$READER" "hang:$READER"; do
			around "$name" "${rest%%:*}" "${rest#*:}"
			export "ACEDT_STUB_${name^^}=$1"
			rm -f stubs/*
			run -"$2" gather
			[ "$(grep -c "acedt-" <<<"$output")" -eq 1 ]
			[[ $output == *"acedt-$name $3"* ]]
			all_gone
		done
	done
}

@test "a stage that exits with an error is named, its status is ours" {
	blamed 'exit 4' 4 'stopped with status 4'
	blamed 'exit 2' 2 'stopped with status 2'
	blamed 'exit 77' 77 'stopped with status 77'
}

@test "a stage's status of 128 and more is 128: it was no signal" {
	blamed 'exit 200' 128 'stopped with status 200'
}

@test "a stage that is killed is named, with the signal" {
	blamed 'die SEGV' 139 'was killed by signal 11'
	blamed 'die KILL' 137 'was killed by signal 9'
	blamed 'die TERM' 143 'was killed by signal 15'
}

@test "a stage deaf to SIGTERM is killed when the grace is over" {
	around push deaf deaf
	export ACEDT_STUB_PUSH='for s in resolve fetch index; do
	    wait_for deaf.$s; done; exit 4'
	run -4 gather
	[ "$output" = "ace-dt: acedt-push stopped with status 4" ]
	all_gone
}

@test "a stopped stage does not hold up the end" {
	around push hang hang
	export ACEDT_STUB_FETCH=': >"$ACEDT_STUB_DIR/stopping"; kill -s STOP $$; hang'
	export ACEDT_STUB_PUSH='wait_for stopping; exit 4'
	run -4 gather
	all_gone
}

@test "garbage in the stream: the stage that met it is named" {
	local name
	ln -sf "$BUILD_DIR/acedt-index" "$BUILD_DIR/acedt-push" \
	    "$BUILD_DIR/acedt-fetch" bin
	export ACEDT_STUB_RESOLVE='head -c 3000000 /dev/urandom; hang'
	run -3 gather
	[[ $output == *"acedt-fetch stopped with status 3"* ]]
	all_gone
	[ ! -e out/index.json ] || [ "$(jq .manifests out/index.json)" = "[]" ]

	ln -sf "$TOP/test/stub/stage" bin/acedt-fetch
	ln -sf "$TOP/test/stub/stage" bin/acedt-push
	export ACEDT_STUB_RESOLVE=hang ACEDT_STUB_FETCH=hang ACEDT_STUB_PUSH='echo "{}"; hang'
	run -3 gather
	[[ $output == *"acedt-index stopped with status 3"* ]]
	[[ $output != *"left before"* ]]
	all_gone
}

@test "a stage that closes its input early, with success, is named" {
	local plan
	ln -sf "$BUILD_DIR/acedt-index" bin
	for plan in 'exec yes' hang; do
		export ACEDT_STUB_RESOLVE=hang ACEDT_STUB_FETCH=$plan ACEDT_STUB_PUSH='exit 0'
		rm -f stubs/*
		run -4 gather
		[[ $output == *"acedt-push left before the end of its input" ]]
		[[ $output != *"acedt-index stopped"* ]]
		all_gone
	done
	[ ! -e out/index.json ] || [ "$(jq .manifests out/index.json)" = "[]" ]
}

@test "a stage that ends its output early, with success, is named" {
	ln -sf "$BUILD_DIR/acedt-index" bin
	export ACEDT_STUB_PUSH='cat >/dev/null; echo "$HEADER"' HEADER
	export ACEDT_STUB_RESOLVE='exit 0'
	run -3 gather
	[[ $output == *"acedt-index stopped with status 3: what acedt-push wrote is malformed, or ends too early" ]]
}

@test "ten megabytes on stderr and on stdout of a stage" {
	around none 'exec cat' 'exec cat'
	export ACEDT_STUB_RESOLVE='yes | head -c 10000000'
	export ACEDT_STUB_FETCH='yes "a line of noise" | head -c 10000000 >&2; exec cat'
	run -0 --separate-stderr gather
	[ "${#output}" -eq 9999999 ]
	# shellcheck disable=SC2154 # set by run
	[ "${#stderr}" -ge 9999900 ]
	[ "$(uniq -c <<<"$stderr" | wc -l)" -le 2 ]
}

@test "a program that is missing, a folder, or not executable: nothing starts" {
	rm bin/acedt-push
	run -4 gather
	[[ $output == *"$PWD/bin/acedt-push: No such file or directory" ]]
	mkdir bin/acedt-push
	run -4 gather
	[[ $output == *"$PWD/bin/acedt-push: not a program" ]]
	rmdir bin/acedt-push
	echo 'exit 0' >bin/acedt-push
	run -4 gather
	[[ $output == *"$PWD/bin/acedt-push: Permission denied" ]]
	[ -z "$(pids)" ]
	ACEDT_EXEC_PATH=/no/such/folder run -4 gather
	[[ $output == *"/no/such/folder/acedt-resolve: No such file"* ]]
}

@test "a program that the system cannot run is named, the others are gone" {
	around push hang hang
	rm bin/acedt-push
	printf '#!/no/such/interpreter\n' >bin/acedt-push
	chmod +x bin/acedt-push
	run -4 gather
	[[ $output == *"$PWD/bin/acedt-push: No such file or directory"* ]]
	[ "$(wc -l <<<"$output")" -eq 1 ]
	all_gone
}

@test "SIGINT, SIGTERM, SIGHUP: no process stays, the status is the signal's" {
	local s
	for s in INT TERM HUP; do
		around none hang hang
		rm -f stubs/*
		start env --default-signal=INT
		until_true all_started
		kill -s "$s" "$ace"
		finish
		[ "$rc" -eq $((128 + $(kill -l "$s"))) ]
		all_gone
		grep -q "^ace-dt: stopped by signal $(kill -l "$s") " stderr
		[ "$(wc -l <stderr)" -eq 1 ]
	done
}

@test "a signal while the stages are deaf: they are killed after the grace" {
	around none deaf deaf
	start env --default-signal=INT
	until_true exists stubs/deaf.resolve
	until_true exists stubs/deaf.fetch
	until_true exists stubs/deaf.push
	until_true exists stubs/deaf.index
	kill -s TERM "$ace"
	# Told twice, it does not forget what it was doing.
	kill -s TERM "$ace"
	finish
	[ "$rc" -eq 143 ]
	all_gone
}

@test "SIGKILL to ace-dt ends the stages too" {
	around none hang hang
	start env
	until_true all_started
	kill -s KILL "$ace"
	finish
	until_true all_gone
}

@test "nohup: an ignored SIGHUP stays ignored, in the stages too" {
	around none hang hang
	export ACEDT_STUB_RESOLVE='kill -s HUP $$; : >"$ACEDT_STUB_DIR/lives"; wait_for go'
	export ACEDT_STUB_FETCH='cat' ACEDT_STUB_PUSH='cat' ACEDT_STUB_INDEX='cat'
	start env --ignore-signal=HUP
	until_true exists stubs/lives
	kill -s HUP "$ace"
	: >stubs/go
	finish
	[ "$rc" -eq 0 ]
}

# A run in which all goes well, and one in which a stage is cut off.
good_and_bad()
{
	around none cat cat
	ACEDT_STUB_RESOLVE='echo hello' run -0 gather
	[ "$output" = hello ]
	export ACEDT_STUB_RESOLVE='exec yes' ACEDT_STUB_FETCH='exec cat'
	ACEDT_STUB_PUSH='read -r; exit 4' run -4 gather
	[ "$output" = "ace-dt: acedt-push stopped with status 4" ]
	all_gone
}

@test "SIGPIPE ignored by the caller: the stages end as they should" {
	export UNDER="env --ignore-signal=PIPE"
	good_and_bad
	ACEDT_STUB_FETCH='grep SigIgn /proc/$$/status; exit 0'
	ACEDT_STUB_RESOLVE='exit 0' ACEDT_STUB_PUSH=cat ACEDT_STUB_INDEX=cat \
	    run -0 gather
	[ $((0x${output##*[!0-9a-f]} & 0x1000)) -eq 0 ]
}

@test "SIGCHLD ignored by the caller: no status is lost" {
	UNDER="env --ignore-signal=CHLD" good_and_bad
}

@test "standard input, output and error closed by the caller" {
	around none cat cat
	export ACEDT_STUB_RESOLVE='echo hello'
	gather <&- >got
	[ "$(cat got)" = hello ]
	gather 2>&- >got
	[ "$(cat got)" = hello ]
	gather <&- 2>&- >got
	[ "$(cat got)" = hello ]
	run -0 gather >&-
	run -0 gather <&- >&- 2>&-
	all_gone
}

@test "a stage has no descriptor but the first three, events, and shared limits" {
	around none cat cat
	export ACEDT_STUB_RESOLVE=listing ACEDT_STUB_FETCH='cat; listing'
	export ACEDT_STUB_PUSH='cat; listing' ACEDT_STUB_INDEX='cat; listing'
	listing()
	{
		find /proc/$$/fd -type l ! -name 255 \
		    -fprintf "$ACEDT_STUB_DIR/$name.fds" '%f %l\n'
	}
	export -f listing
	gather 7</etc/passwd 8>other
	for name in $STAGES; do
		cat "stubs/$name.fds"
		n=$(sed -n 's/.*--events-fd=\([0-9]*\).*/\1/p' "stubs/$name.args")
		[ "$(grep -c . "stubs/$name.fds")" -eq 5 ]
		grep "^$n pipe:" "stubs/$name.fds"
		n=$(sed -n 's/.*--shared-fd=\([0-9]*\).*/\1/p' "stubs/$name.args")
		grep "^$n /memfd:" "stubs/$name.fds"
	done
	grep "^0 $PWD/list$" stubs/resolve.fds
	# Quiet, nobody reads events, and the result goes nowhere.
	gather -q 7</etc/passwd
	for name in $STAGES; do
		[ "$(grep -c . "stubs/$name.fds")" -eq 4 ]
	done
	grep '^1 /dev/null$' stubs/index.fds
}

# words STAGE: its arguments, but for the descriptors and the order.
words()
{
	sed -E 's/--((events|shared)-fd=[0-9]*|unordered) *//g' "stubs/$1.args"
}

@test "a list on standard input goes to the first stage only" {
	export ACEDT_STUB_RESOLVE=cat ACEDT_STUB_FETCH=cat ACEDT_STUB_PUSH=cat ACEDT_STUB_INDEX=cat
	run -0 "$BUILD_DIR/ace-dt" mirror gather - oci:out:1 <<<"the list"
	[ "$output" = "the list" ]
	[ "$(words resolve)" = - ]
}

@test "images that failed: the stream is complete, the status is 1" {
	local name
	for name in $STAGES; do
		export ACEDT_STUB_RESOLVE=cat ACEDT_STUB_FETCH=cat ACEDT_STUB_PUSH=cat
		export ACEDT_STUB_INDEX=cat
		export "ACEDT_STUB_${name^^}=cat; exit 1"
		run -1 gather
		[ -z "$output" ]
	done
}

@test "a reader of the result that leaves: 141, and nothing is said" {
	export ACEDT_STUB_RESOLVE=cat ACEDT_STUB_FETCH=cat ACEDT_STUB_PUSH=cat ACEDT_STUB_INDEX='exec yes'
	{ gather 2>err || echo $? >rc; } | head -n 1
	[ "$(cat rc)" -eq 141 ]
	[ ! -s err ]
	all_gone
}

@test "stages get the options of the command, and two more for platforms" {
	touch a.yaml
	run -0 gather -q -r -v8 --config=a.yaml --config b.yaml -a k=v \
	    --index-fallback -p linux/arm64
	[ "$(words resolve)" = \
	    "--config=a.yaml --config=b.yaml --verbosity=8 --name=list -" ]
	[ "$(cat stubs/filter.args)" = \
	    "--verbosity=8 --platforms=linux/arm64" ]
	[ "$(find stubs -name 'fetch.[0-9]*' | wc -l)" -eq 2 ]
	[[ $(cat stubs/push.args) == *" --unordered oci:out:1" ]]
	# For who reads the stream between stages it is in order.
	run -0 gather --print
	[[ $output == *acedt-push* && $output != *unordered* ]]
	run -0 gather -q -r -v8 --config=a.yaml --config b.yaml -a k=v \
	    --index-fallback -p linux/arm64
	[ "$(words index)" = "--config=a.yaml --config=b.yaml \
--verbosity=8 --annotations=k=v --index-fallback oci:out:1" ]
	run -0 gather -q --retries 7 --retry-max-time=60 --stall-time 9
	for name in resolve fetch push index; do
		[[ "$(words "$name")" == *"--retries=7 --retry-max-time=60 \
--stall-time=9"* ]]
	done
	run -2 gather --retries x
	run -2 gather --stall-time 0
}
