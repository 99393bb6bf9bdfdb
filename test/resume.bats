# Uploads that break, or whose program is killed, go on inside the blob.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_big images 50000000
	printf 'oci:%s/images:big\n' "$PWD" >layout.list
	start_registry S
	push_layout images big "$S_HOST" app:1
	echo "$S_HOST/app:1" >registry.list
	mv "$BATS_FILE_TMPDIR/servers" "$BATS_FILE_TMPDIR/shared-servers"
	export FILES=$PWD
}

teardown_file()
{
	mv "$BATS_FILE_TMPDIR/shared-servers" "$BATS_FILE_TMPDIR/servers"
	stop_servers
}

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

serve()
{
	start_faulty "$@"
	config_plain_http "$S_HOST" "$R_HOST"
	export ACE_DT_CACHE_PATH=$PWD/cache
}

# got METHODS: bytes of requests that the registry got, of the big blob only.
got()
{
	jq "select((.method | test(\"$1\")) and .got > 300000) | .got" \
	    "$R_LOG" | jq -s 'add // 0'
}

# count METHODS [PATH]
count()
{
	jq -c "select((.method | test(\"^($1)\$\")) and
	    (.path | test(\"${2:-uploads/.}\")))" "$R_LOG" | wc -l
}

@test "an upload that breaks goes on at the byte that the registry has" {
	serve --keep-parts
	for list in layout registry; do
		for at in 1 20000000 49999999; do
			: >"$R_LOG"
			faults "[{\"method\":\"PUT\",\"over\":300000,\"nth\":[1],\"break\":$at}]"
			run -0 ace-dt mirror gather "$FILES/$list.list" \
			    "$R_HOST/$list-$at:1" -q
			verify_registry "$R_HOST" "$list-$at" 1
			# One byte is as good as none: "0-0".
			[ "$(got 'PUT|PATCH')" -le $((50000000 + 1)) ]
			[ "$(count GET)" -eq 1 ]
		done
	done
}

@test "it goes on again and again, as long as it gets further" {
	serve --keep-parts
	faults '[{"method":"PUT|PATCH","over":300000,"nth":[1,2,3,4,5,6,7,8],"break":6000000}]'
	run -0 ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" -q \
	    --retries 1
	verify_registry "$R_HOST" x 1
	[ "$(got 'PUT|PATCH')" -eq 50000000 ]
	# Always at the same byte: that is no progress.
	faults '[{"method":"PUT|PATCH","over":300000,"break":0}]'
	run -1 --separate-stderr ace-dt mirror gather "$FILES/registry.list" \
	    "$R_HOST/y:1" -q --retries 1
	[[ $stderr == *"blob sha256:"* ]]
}

@test "a registry that forgets begins again" {
	serve
	faults '[{"method":"PUT","over":300000,"nth":[1],"break":20000000}]'
	run -0 ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" -q
	verify_registry "$R_HOST" x 1
	[ "$(got 'PUT|PATCH')" -eq 70000000 ]
	# Debian's docker-registry does, too.
	start_registry D
	config_plain_http "$S_HOST" "$D_HOST" "$R_HOST"
	timeout --foreground -s KILL 1 ace-dt mirror gather \
	    "$FILES/registry.list" "$D_HOST/x:1" -q --limit-rate 10M || true
	run -0 ace-dt mirror gather "$FILES/registry.list" "$D_HOST/x:1" -q
	verify_registry "$D_HOST" x 1
}

# half_way COMMAND…: kill it when the registry has 20 MB of the blob.
half_way()
{
	"$@" &
	pid=$!
	for _ in $(seq 400); do
		grep -qs '^1[67]' cache/uploads/* && break
		sleep 0.05
	done
	# The stages end with it.
	kill -KILL "$pid"
	wait "$pid" || true
	while pgrep -f "acedt-push.*$R_HOST" >/dev/null; do sleep 0.05; done
}

@test "a run that was killed goes on inside the blob: nothing twice" {
	serve --keep-parts
	for list in layout registry; do
		: >"$R_LOG"
		rm -rf cache
		half_way ace-dt mirror gather "$FILES/$list.list" \
		    "$R_HOST/$list:1" -q --limit-rate 10M
		[ "$(find cache/uploads -type f -perm 600 | wc -l)" -eq 1 ]
		before=$(got PUT)
		[ "$before" -gt 10000000 ]
		[ "$before" -lt 45000000 ]
		: >"$S_LOG"
		run -0 --separate-stderr ace-dt mirror gather \
		    "$FILES/$list.list" "$R_HOST/$list:1" -q -v8
		[[ $stderr == *"going on at byte $before of 50000000"* ]]
		verify_registry "$R_HOST" "$list" 1
		[ "$(got 'PUT|PATCH')" -eq 50000000 ]
		# Nor is it asked for another session.
		[ "$(count POST "mount=sha256(:|%3A)$(sha256sum "$FILES/big" |
		    cut -d' ' -f1)")" -eq 1 ]
		[ -z "$(find cache/uploads -type f)" ]
	done
	# The source is read from the last snapshot, not from its beginning.
	grep -q ' 206 3[0-9]\{7\} ' "$S_LOG"
}

# at_least FILE BYTES
at_least()
{
	[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -ge "$2" ]
}

# from_r: the big image is in R, and r.list says so.
from_r()
{
	acedt-resolve "$FILES/layout.list" | acedt-fetch |
	    acedt-push "$R_HOST/src" >/dev/null
	echo "$R_HOST/src@$(layout_digest "$FILES/images" big)" >r.list
	HEX=$(sha256sum "$FILES/big" | cut -d' ' -f1)
	PART=out/.acedt-part-sha256-$HEX
}

# ranges: how the big blob was asked for.
ranges()
{
	jq -c "select(.path | endswith(\"blobs/sha256:$HEX\")) | .range" \
	    "$R_LOG" | tr '\n' ' '
}

@test "a run into a layout that was killed goes on inside the blob" {
	serve
	from_r
	mkdir small
	(cd small && new_layout images && make_app images app)
	echo oci:small/images:app >small.list
	for list in r.list "$FILES/layout.list"; do
		rm -rf out
		if [ "$list" = r.list ]; then
			ace-dt mirror gather "$list" oci:out:1 -q \
			    --limit-rate 10M 3>&- &
			pid=$!
			until_true at_least "$PART" 20000000
			kill -KILL "$pid"
			wait "$pid" || true
			# The stages end with it, and their locks.
			flock "$PART" true
		else
			# From a layout it goes as fast as the disk, too fast
			# for a kill in between: what such a one leaves.
			ace-dt mirror gather small.list oci:out:2 -q
			(umask 077 && head -c 20000000 "$FILES/big" >"$PART")
		fi
		have=$(stat -c %s "$PART")
		[ "$have" -lt 50000000 ]
		[ "$(stat -c %a "$PART")" = 600 ]
		# A run that does not need it leaves it.
		run -0 ace-dt mirror gather small.list oci:out:2 -q
		at_least "$PART" "$have"
		: >"$R_LOG"
		run -0 --separate-stderr ace-dt mirror gather "$list" \
		    oci:out:1 -q -v8
		[[ $stderr == *"going on at byte $have of 50000000"* ]]
		verify_layout out 1
		[ "$(stat -c %a "out/blobs/sha256/$HEX")" = 644 ]
		[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ]
		[ "$list" != r.list ] || [ "$(ranges)" = \
		    "\"bytes=$have-49999999\" " ]
	done
}

@test "a part in a layout is not believed, nor taken from a run that is alive" {
	serve
	from_r
	run -0 ace-dt mirror gather r.list oci:out:1 -q
	while IFS='|' read -r what want ranges make; do
		echo "$what"
		rm -f "out/blobs/sha256/$HEX" "$PART"
		: >"$R_LOG"
		eval "$make"
		run -0 --separate-stderr timeout 60 ace-dt mirror gather \
		    r.list oci:out:1 -q -v8
		[[ $stderr == *"$want"* ]]
		[ "$(ranges)" = "$ranges " ]
		verify_layout out 1
		exec 8>&-
		[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ] ||
		    [[ $what == *stays ]]
		rm -f "$PART"
	done <<-'EOF2'
	good|going on at byte 20000000|"bytes=20000000-49999999"|head -c 20000000 "$FILES/big" >"$PART"
	whole||null|cp "$FILES/big" "$PART"; truncate -s 50000001 "$PART"
	a hole|from its beginning, once|"bytes=20000000-49999999" null|truncate -s 20000000 "$PART"
	whole and wrong|from its beginning, once|null|truncate -s 50000000 "$PART"
	that others may write, stays||null|head -c 20000000 "$FILES/big" >"$PART"; chmod 622 "$PART"
	with another name, stays||null|head -c 20000000 "$FILES/big" >kept; ln -f kept "$PART"
	a link, stays||null|ln -s ../kept "$PART"
	a FIFO, stays||null|mkfifo "$PART"
	that is written, stays||null|head -c 20000000 "$FILES/big" >"$PART"; exec 8<"$PART"; flock 8
	EOF2
	[ "$(stat -c %s kept)" -eq 20000000 ]
	# Nobody went on with it for a week; its blob is there.
	head -c 20000000 "$FILES/big" >"$PART"
	run -0 ace-dt mirror gather r.list oci:out:1 -q
	[ ! -e "$PART" ]
	old=out/.acedt-part-sha256-$(echo | sha256sum | cut -d' ' -f1)
	touch -d '-8 days' "$old"
	touch "${old%?}" "${old%????}abcd"
	run -0 ace-dt mirror gather r.list oci:out:1 -q
	[ "$(ls -A out | tr '\n' ' ')" = \
	    "$(basename "${old%????}abcd") blobs index.json oci-layout " ]
	# All of it came, and only its name is missing.
	rm "out/blobs/sha256/$HEX" out/.acedt-part-*
	cp "$FILES/big" "$PART"
	: >"$R_LOG"
	run -0 ace-dt mirror gather r.list oci:out:1 -q
	[ -z "$(ranges)" ]
	verify_layout out 1
}

@test "what an earlier run left is not trusted" {
	serve --keep-parts
	half_way ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" \
	    -q --limit-rate 10M
	mv cache/uploads/* kept
	n=0
	# Broken files: as if there were none.
	for edit in '$d' '1s/1/2/' '4d' 's/^\(1[0-9]*\) ./\1 0/' '2s/$/x/' \
	    '1,$d' '1s/^/\x00/'; do
		n=$((n + 1))
		sed "s,/x\(/\|\$\),/x-$n\1," kept >new
		sed "$edit" new >"cache/uploads/$(head -n 3 new | sha256sum |
		    cut -d' ' -f1)"
		chmod 600 cache/uploads/*
		run -0 --separate-stderr ace-dt mirror gather \
		    "$FILES/registry.list" "$R_HOST/x-$n:1" -q -v8
		verify_registry "$R_HOST" "x-$n" 1
		[[ $stderr != *"going on at"* ]] || [ "$n" -eq 4 ]
		[ -z "$(find cache/uploads -type f)" ]
	done
}

@test "old notes go, and nothing else does" {
	serve --keep-parts
	mkdir -p -m 700 cache/uploads safe
	a=$(head -c 64 /dev/zero | tr '\0' a)
	printf 'acedt-upload 1\nleft\n' >"cache/uploads/$a"
	printf 'acedt-upload 1\nfresh\n' >"cache/uploads/${a//a/b}"
	printf 'my own\n' >"cache/uploads/${a//a/c}"
	printf 'acedt-upload 1\nhers\n' >cache/uploads/letter
	printf 'acedt-upload 1\nfar\n' >safe/far
	ln -s ../../safe/far "cache/uploads/${a//a/d}"
	mkfifo "cache/uploads/${a//a/e}"
	chmod 600 cache/uploads/* safe/far
	touch -d '-8 days' "cache/uploads/"* safe/far
	touch "cache/uploads/${a//a/b}"
	ls cache/uploads >before
	run -0 timeout 60 ace-dt mirror gather "$FILES/layout.list" \
	    "$R_HOST/x:1" -q
	ls cache/uploads >after
	[ "$(comm -3 before after)" = "$a" ]
	[ "$(cat safe/far)" = $'acedt-upload 1\nfar' ]
	# A link may lead anywhere, and others may write what we believed.
	printf 'acedt-upload 1\nleft\n' >"safe/$a"
	chmod 600 "safe/$a"
	touch -d '-8 days' "safe/$a"
	mv cache/uploads kept
	ln -s ../safe cache/uploads
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    "$R_HOST/y:1" -q -v8
	[[ $stderr == *"/uploads: Not a directory; uploads are not noted"* ]]
	[ -e "safe/$a" ]
	rm cache/uploads
	mv safe cache/uploads
	chmod 770 cache/uploads
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    "$R_HOST/z:1" -q -v8
	[[ $stderr == *"/uploads: not a folder of our own that nobody else may write to; uploads are not noted"* ]]
	[ -e "cache/uploads/$a" ]
}

@test "notes that somebody else may have written are not believed" {
	start_regd T --faults "$PWD/none" --trusting
	serve --keep-parts
	half_way ace-dt mirror gather "$FILES/layout.list" "$R_HOST/x:1" \
	    -q --limit-rate 10M
	note=$(echo cache/uploads/*)
	cp "$note" kept
	sed "4s,//$R_HOST,//$T_HOST," kept >thief
	[ "$(grep -c "//$T_HOST/" thief)" -eq 1 ]
	cat thief >"$note"
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    "$R_HOST/x:1" -q -v8
	[[ $stderr == *"noted is at another host; not gone on with"* ]]
	verify_registry "$R_HOST" x 1
	[ ! -s "$T_LOG" ]
	[ -z "$(find cache/uploads -type f)" ]
	n=0
	for what in 'mkfifo' 'install -m 640 kept' 'ln -s ../../kept' \
	    'install -o 65534 -m 600 kept'; do
		[[ $what != *65534* || $EUID -eq 0 ]] || continue
		n=$((n + 1))
		name=cache/uploads/$(printf 'acedt-upload 1\n%s\n%s\n' \
		    "$R_HOST/x-$n" "$(sed -n 3p kept)" | sha256sum |
		    cut -d' ' -f1)
		$what "$name"
		run -0 --separate-stderr timeout 60 ace-dt mirror gather \
		    "$FILES/layout.list" "$R_HOST/x-$n:1" -q -v8
		[[ $stderr == *"${name##*/}: "*"; the upload is not noted"* ]]
		verify_registry "$R_HOST" "x-$n" 1
		[ -e "$name" ] || [ -L "$name" ]
		rm "$name"
	done
}

@test "what the registry says it has is not believed" {
	for range in 0-99999999999 0-50000000 0- x 5-9 -1 0-9223372036854775807; do
		serve --keep-parts
		faults "[{\"method\":\"PUT\",\"over\":300000,\"nth\":[1],\"break\":20000000},
		    {\"method\":\"GET\",\"path\":\"uploads\",\"set\":{\"Range\":\"$range\"}}]"
		run -0 ace-dt mirror gather "$FILES/layout.list" \
		    "$R_HOST/x:1" -q
		verify_registry "$R_HOST" x 1
		stop_servers
		rm -f "$BATS_FILE_TMPDIR/servers"
	done
	# Less than the blob, but more than it was sent; it would believe us.
	serve --keep-parts --trusting
	faults '[{"method":"PUT","over":300000,"nth":[1],"break":20000000},
	    {"method":"GET","path":"uploads","set":{"Range":"0-44999999"}}]'
	run -0 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    "$R_HOST/x:1" -q -v8
	[[ $stderr == *"kept nothing of it"* ]]
	verify_registry "$R_HOST" x 1
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
	# It has other bytes than it was sent, and checks in the end: once more.
	serve --keep-parts
	half_way ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" \
	    -q --limit-rate 10M
	session=$(sed -n 4p cache/uploads/*)
	curl -sf -X PATCH --data-binary 'not what belongs here' "$session"
	run -0 --separate-stderr ace-dt mirror gather "$FILES/registry.list" \
	    "$R_HOST/x:1" -q -v8
	[[ $stderr == *"going on at byte"* ]]
	verify_registry "$R_HOST" x 1
}

@test "a note that another run holds is left alone" {
	serve --keep-parts
	half_way ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" \
	    -q --limit-rate 10M
	note=$(echo cache/uploads/*)
	cp "$note" kept
	exec 8<"$note"
	flock -x 8
	run -0 --separate-stderr ace-dt mirror gather "$FILES/registry.list" \
	    "$R_HOST/x:1" -q -v8 8>&-
	[[ $stderr != *"going on at"* ]]
	verify_registry "$R_HOST" x 1
	cmp "$note" kept
	exec 8>&-
}

@test "two runs at once: both succeed, and no note stays" {
	serve --keep-parts
	ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" -q \
	    --limit-rate 30M 3>&- &
	first=$!
	run -0 ace-dt mirror gather "$FILES/registry.list" "$R_HOST/x:1" -q \
	    --limit-rate 30M
	wait "$first"
	verify_registry "$R_HOST" x 1
	[ -z "$(find cache/uploads -type f)" ]
}

@test "an upload of wrong content is not gone on with" {
	serve --keep-parts
	cp -r "$FILES/images" bad
	big=bad/blobs/sha256/$(sha256sum "$FILES/big" | cut -d' ' -f1)
	printf X | dd of="$big" conv=notrunc bs=1 seek=49999999 status=none
	cmp -s "$big" "$FILES/big" && printf Y | dd of="$big" conv=notrunc \
	    bs=1 seek=49999999 status=none
	echo oci:bad:big >list
	run -1 --separate-stderr ace-dt mirror gather list "$R_HOST/x:1" -q
	[[ $stderr == *"the content has digest"* ]]
	[ "$(got 'PUT|PATCH')" -gt 20000000 ]
	[ -z "$(find cache/uploads -type f)" ]
}

@test "chunkSize: no request has more, and each goes on where the last ended" {
	serve
	export ACE_DT_CHUNK_SIZE=20M
	for list in layout registry; do
		: >"$R_LOG"
		run -0 ace-dt mirror gather "$FILES/$list.list" \
		    "$R_HOST/$list:1" -q
		verify_registry "$R_HOST" "$list" 1
		[ "$(jq 'select(.method == "PATCH") | .got' "$R_LOG" |
		    tr '\n' ' ')" = "20000000 20000000 10000000 " ]
	done
	# Debian's docker-registry takes them.
	start_registry D
	config_plain_http "$S_HOST" "$D_HOST" "$R_HOST"
	run -0 ace-dt mirror gather "$FILES/registry.list" "$D_HOST/x:1" -q
	verify_registry "$D_HOST" x 1
	[ "$(requests "$D_LOG" PATCH /v2/x/blobs/uploads/)" -eq 3 ]
}

@test "chunkSize: the registry wants no less than so much" {
	serve --chunk-min 30000000
	export ACE_DT_CHUNK_SIZE=20M
	run -0 ace-dt mirror gather "$FILES/layout.list" "$R_HOST/x:1" -q
	[ "$(jq 'select(.method == "PATCH") | .got' "$R_LOG" | tr '\n' ' ')" = \
	    "30000000 20000000 " ]
	for wrong in -1 9223372036854775807 99999999999999999999 x; do
		start_regd R --faults "$PWD/faults" --chunk-min="$wrong"
		config_plain_http "$R_HOST"
		run -0 ace-dt mirror gather "$FILES/layout.list" \
		    "$R_HOST/x:1" -q
		[ "$(count PATCH)" -eq 3 ]
	done
}

@test "a request that is too large: what to do is said" {
	serve
	faults '[{"method":"PUT","over":300000,"status":413,"body":"<html>"}]'
	run -1 --separate-stderr ace-dt mirror gather "$FILES/layout.list" \
	    "$R_HOST/x:1" -q
	[[ $stderr == *"HTTP 413"*"set chunkSize"* ]]
}
