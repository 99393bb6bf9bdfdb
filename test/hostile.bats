# Registries that mean harm, or are broken in ways that no real one is.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images app amd64 arm64
	make_image images amd64 one | tag_layout images one
	head -c 1500000 /dev/urandom >big
	put_manifest images application/vnd.oci.image.layer.v1.tar <big >layer
	layout_blob images "$(layout_digest images one)" |
	    jq -jc --slurpfile l layer '.layers += $l' |
	    put_manifest images "$OCI_MANIFEST" | tag_layout images big
	for name in app one big; do
		printf 'oci:%s/images:%s\n' "$PWD" $name >$name.list
	done
	export FILES=$PWD BIG=$(jq -r .digest layer)
}

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

# push_images NAME…: these are in the registry R, and each NAME.list says so.
push_images()
{
	local name
	for name; do
		acedt-resolve "$FILES/$name.list" | acedt-fetch |
		    acedt-push "$R_HOST/$name" >s
		skopeo inspect --raw --tls-verify=false \
		    "docker://$R_HOST/$name@$(layout_digest "$FILES/images" \
		    $name)" >m
		curl -fsS -o /dev/null -X PUT -H "Content-Type: $(jq -r \
		    .mediaType m)" --data-binary @m \
		    "http://$R_HOST/v2/$name/manifests/1"
		echo "$R_HOST/$name:1" >$name.list
	done
	: >"$R_LOG"
}

# hostile STATUS WHAT STDERR ARG…: a gather that ends so, and says that.  It has
# a minute, which is without end for what is over in a second on an idle machine.
hostile()
{
	local want=$1 what=$2 text=$3
	shift 3
	run --separate-stderr timeout 60 ace-dt mirror gather "$@" -q
	if [ "$status" -ne "$want" ] || [[ $stderr != *"$text"* ]] ||
	    [[ $stderr == *[$'\001'-$'\011\013'-$'\037\177']* ]]; then
		echo "$what: status $status"
		echo "$stderr"
		return 1
	fi
}

# registry_has_blob REPOSITORY DIGEST: R's destination has that blob.
registry_has_blob()
{
	curl -fsI -o /dev/null "http://$R_HOST/v2/$1/blobs/$2"
}

@test "an answer that is cut at any byte is asked for again" {
	start_faulty
	printf '{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"%s","size":0},"layers":[]}' \
	    "sha256:$(sha256sum </dev/null | cut -d' ' -f1)" >m
	curl -fsS -X PUT -H "Content-Type: $OCI_MANIFEST" --data-binary @m \
	    "http://$R_HOST/v2/one/manifests/1"
	all=$(curl -si "http://$R_HOST/v2/one/manifests/1" | wc -c)
	[ "$all" -gt 300 ]
	jq -nc --argjson all "$all" '[{method: "HEAD", status: 405}] +
	    [("close", "reset") as $e | range($all) | {end: $e, cut_all: .,
	    nth: [1], path: "manifests/\($e)-\(.)$"}]' >cuts
	for n in $(jq -r '.[1:][].path[10:-1]' cuts); do
		echo "url = http://$R_HOST/v2/one/manifests/$n" >&4
		echo "$R_HOST/one:$n"
	done 4>urls >list
	curl -fsS -X PUT -H "Content-Type: $OCI_MANIFEST" --data-binary @m \
	    -K urls >/dev/null
	# HEAD is refused, so that each is a GET.
	mv cuts faults
	digest=sha256:$(sha256sum <m | cut -d' ' -f1)
	run --separate-stderr acedt-resolve list
	[ "$status" -eq 0 ] || { jq -r 'select(.error) | [.source,
	    .error.message] | @tsv' <<<"$output" | head -20; false; }
	[ "$(grep -cF "\"$digest\"" <<<"$output")" -eq $((2 * all)) ]
}

@test "answers to a GET that are wrong once: asked again, or read right" {
	start_faulty
	push_images big
	ok='HTTP/1.1 200 OK\r\n'
	while IFS='|' read -r what fault; do
		faults "[{\"method\":\"GET\",\"path\":\"blobs/$BIG\",\"nth\":[1],$fault}]"
		rm -rf out
		hostile 0 "$what" '' big.list oci:out:1
		verify_layout out 1
	done <<-EOF2
	no answer|"raw":""
	200 with nothing|"status":200
	204|"raw":"HTTP/1.1 204 No Content\r\n\r\n"
	1xx before the answer|"raw":["HTTP/1.1 100 Continue\r\n\r\n","HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"]
	a negative length|"set":{"Content-Length":"-1"}
	another protocol|"raw":"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
	chunks cut off|"raw":"${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	cut in the body, then reset|"cut":700000,"end":"reset"
	closed after the answer, unannounced|"end":"close"
	reset after the answer|"end":"reset"
	EOF2
	# Every answer is the last of its connection, though it says otherwise.
	faults '[{"end":"close"}]'
	hostile 0 "every connection closed" '' big.list "$R_HOST/race:1"
	verify_registry "$R_HOST" race 1
}

@test "answers to a GET of a blob that stay wrong" {
	start_faulty --mount ignore
	push_images big
	ok='HTTP/1.1 200 OK\r\n'
	while IFS='|' read -r what text fault; do
		faults "[{\"method\":\"GET\",\"path\":\"blobs/$BIG\",$fault}]"
		for to in oci:out:1 "$R_HOST/to:1"; do
			hostile 1 "$what" "$text" big.list "$to"
		done
		refute registry_has_blob to "$BIG"
		refute test -e "out/blobs/sha256/${BIG#*:}"
	done <<-EOF2
	an HTML page|the registry has|"status":200,"headers":{"Content-Type":"text/html"},"body":"<html>log in</html>"
	206 without asking|another range|"set":{"Content-Range":"bytes 0-1499999/1500000"},"status":206,"body":"x"
	416 without asking|HTTP 416|"status":416,"headers":{"Content-Range":"bytes */5"}
	a body without end|more than|"raw":["$ok\r\n",{"repeat":"z"}]
	chunks without end|more than|"raw":["${ok}Transfer-Encoding: chunked\r\n\r\n",{"repeat":"5\r\nhello\r\n"}]
	a huge length|the registry has|"set":{"Content-Length":"9223372036854775807"}
	a length over 64 bits|is not a length|"set":{"Content-Length":"99999999999999999999"}
	two lengths|is not a length|"set":{"Content-Length":["1500000","5"]}
	a length that is no number|HTTP/0.9|"set":{"Content-Length":"0x10"}
	gzip that was not asked for|has digest|"set":{"Content-Encoding":"gzip"},"replace":{"repeat":"z","times":1500000}
	1xx without end|header fields|"raw":{"repeat":"HTTP/1.1 100 Continue\r\n\r\n"}
	fields without end|header fields|"raw":["$ok",{"repeat":"X-Field: value\r\n"}]
	a field without end|header field|"raw":["${ok}X: ",{"repeat":"y"}]
	a folded field without end|header fields|"raw":["${ok}X: y\r\n",{"repeat":" y\r\n"}]
	trailers without end|header fields|"raw":["${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n",{"repeat":"X: y\r\n"}]
	no HTTP|HTTP/0.9|"raw":"SSH-2.0-OpenSSH\r\n"
	EOF2
}

@test "answers that crawl: headers and manifests have an end" {
	start_faulty
	push_images one
	ok='HTTP/1.1 200 OK\r\n'
	manifest="${ok}Content-Type: $OCI_MANIFEST\r\nContent-Length: 90000\r\n\r\n"
	faults "[{\"method\":\"HEAD\",\"path\":\"head\",
	    \"raw\":[\"$ok\",{\"repeat\":\"X: y\\r\\n\",\"every\":0.3}]},
	    {\"method\":\"HEAD\",\"path\":\"line\",
	    \"raw\":[\"${ok}X: \",{\"repeat\":\"y\",\"every\":0.3}]},
	    {\"method\":\"HEAD\",\"path\":\"body\",\"status\":405},
	    {\"method\":\"GET\",\"path\":\"body\",
	    \"raw\":[\"$manifest\",{\"repeat\":\" \",\"every\":0.3}]}]"
	# The others wait for the first answer of a host.
	printf '%s\n' "$R_HOST/one:1" "$R_HOST/head:1" "$R_HOST/line:1" \
	    "$R_HOST/body:1" >list
	hostile 1 "slow answers" "not whole after 10 s" list oci:out:1 \
	    --stall-time 1 --retries 0
	[ "$(grep -c 'not whole after 10 s' <<<"$stderr")" -eq 2 ]
	[[ $stderr == *"line:1"*"no byte moved for 1 s"* ]]
}

@test "nobody takes the connection" {
	python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
waiting = []
for i in range(3):
    waiting.append(socket.socket())
    waiting[i].setblocking(False)
    waiting[i].connect_ex(s.getsockname())
print(s.getsockname()[1], flush=True)
time.sleep(100)' >port 3>&- &
	wait_for_line $! port .
	keep_server FULL $! "$(cat port)" log
	echo "$FULL_HOST/a:1" >list
	config_plain_http "$FULL_HOST"
	run -1 timeout 20 ace-dt check-access list "oci:$PWD/x"
	[[ $output == *"HEAD manifests/1: Failed to connect"*Timeout* ]]
}

@test "a blob of no bytes" {
	new_layout e
	empty=$(put_manifest e application/vnd.oci.image.layer.v1.tar </dev/null)
	make_image e amd64 x | jq -r .digest >image
	layout_blob e "$(cat image)" | jq -jc --argjson l "$empty" \
	    '.layers += [$l]' | put_manifest e "$OCI_MANIFEST" |
	    tag_layout e 1
	start_faulty
	echo oci:e:1 >list
	for option in --mount=ignore --single-post; do
		start_faulty $option
		hostile 0 "to $option" '' list "$R_HOST/e:1"
		verify_registry "$R_HOST" e 1
		echo "$R_HOST/e:1" >far
		rm -rf out
		hostile 0 "back from it" '' far oci:out:1
		verify_layout out 1
		hostile 0 "within it" '' far "$R_HOST/copy:1"
		verify_registry "$R_HOST" copy 1
	done
}

@test "ranges that are answered wrong: all of it is asked for, once" {
	start_faulty
	push_images big
	while IFS='|' read -r what text fault; do
		# The first try is cut, so that the second asks for a range.
		for nth in '[1]' '[1,2]'; do
			faults "[{\"method\":\"GET\",\"path\":\"blobs/$BIG\",\"nth\":[1],\"cut\":1000},
			    {\"method\":\"GET\",\"path\":\"blobs/$BIG\",\"nth\":$nth,$fault}]"
			rm -rf out
			: >"$R_LOG"
			if [ "$nth" = '[1]' ]; then
				hostile 0 "$what" '' big.list oci:out:1
				verify_layout out 1
			else
				hostile 1 "$what" "$text" big.list oci:out:1
			fi
			[ "$(jq -c "select(.path | endswith(\"$BIG\")) |
			    .range" "$R_LOG" | tr '\n' ' ')" = \
			    'null "bytes=1000-1499999" null ' ]
		done
	done <<-'EOF2'
	another start|another range|"status":206,"headers":{"Content-Range":"bytes 5-1499999/1500000"},"body":"x"
	no Content-Range|another range|"status":206,"body":"x"
	nonsense|another range|"status":206,"headers":{"Content-Range":"apples"},"body":"x"
	416 with the total|HTTP 416|"status":416,"headers":{"Content-Range":"bytes */1500000"}
	416 without|HTTP 416|"status":416
	EOF2
	# What does no harm, or only once.
	while IFS='|' read -r what fault; do
		faults "[{\"method\":\"GET\",\"path\":\"blobs/$BIG\",\"nth\":[1],\"cut\":1000},
		    {\"method\":\"GET\",\"path\":\"blobs/$BIG\",\"nth\":[1],$fault}]"
		rm -rf out
		hostile 0 "$what" '' big.list oci:out:1
		verify_layout out 1
	done <<-'EOF2'
	another total|"set":{"Content-Range":"bytes 1000-1499999/7"}
	another length, once|"status":206,"headers":{"Content-Range":"bytes 1000-1499999/1500000"},"body":"short"
	other bytes than the range's, once|"replace":{"repeat":"z","times":1499000}
	EOF2
}

# both NAME: NAME, in R, is in T too; s names R first.
both()
{
	start_regd T --faults "$PWD/none"
	config_plain_http "$R_HOST" "$T_HOST"
	acedt-resolve "$1.list" | acedt-fetch | acedt-push "$T_HOST/$1" >s
	echo "$T_HOST/$1@$(jq -r '.descriptor.digest // empty' s)" >>"$1.list"
	acedt-resolve "$1.list" | acedt-fetch >s
}

@test "wrong content of one source: another one has the blob" {
	start_faulty
	push_images big one
	small=$(jq -r '.layers[1].digest' m)
	size=$(layout_blob "$FILES/images" "$small" | wc -c)
	for blob in "big $BIG 1500000" "one $small $size"; do
		read -r name digest n <<<"$blob"
		both "$name"
		while IFS='|' read -r what text fault; do
			faults "[{\"method\":\"GET\",\"path\":\"$name/blobs/$digest\",$fault}]"
			start_regd U --faults "$PWD/none" --trusting \
			    --mount ignore
			config_plain_http "$R_HOST" "$T_HOST" "$U_HOST"
			rm -rf out
			for to in oci:out:1 "$U_HOST/to:1"; do
				: >"$R_LOG"
				: >"$T_LOG"
				echo "$what to $to"
				run -0 --separate-stderr timeout 60 \
				    acedt-push -v8 "$to" <s
				[[ $stderr == *"$digest: "*"$text"*"another source"* ]]
				[ "$(jq -s "map(select(.path |
				    endswith(\"/$digest\"))) | length" \
				    "$R_LOG")" -eq 1 ]
				# From its first byte.
				[ "$(jq -c "select(.path |
				    endswith(\"/$digest\")) | .range" \
				    "$T_LOG")" = null ]
			done
			[ "$(sha256sum <"out/blobs/sha256/${digest#*:}" |
			    cut -d' ' -f1)" = "${digest#*:}" ]
			[ "$(curl -fsS "http://$U_HOST/v2/to/blobs/$digest" |
			    sha256sum | cut -d' ' -f1)" = "${digest#*:}" ]
			[ "$(jq -s 'map(select(.right == false)) | length' \
			    "$U_LOG")" -eq 0 ]
		done <<-EOF2
		wrong bytes|has digest|"replace":{"repeat":"z","times":$n}
		more bytes|the registry has|"replace":{"repeat":"z","times":$((n + 1))}
		fewer bytes|the registry has|"replace":{"repeat":"z","times":$((n - 1))}
		no end|more than|"raw":["HTTP/1.1 200 OK\r\n\r\n",{"repeat":"z"}]
		EOF2
		# A part of it is wrong, the other one goes on there: all from it.
		faults "[{\"method\":\"GET\",\"path\":\"$name/blobs/$digest\",\"raw\":[\"HTTP/1.1 200 OK\\r\\nContent-Length: $n\\r\\n\\r\\nz\"]}]"
		rm -rf out
		for to in oci:out:1 "$U_HOST/two:1"; do
			: >"$T_LOG"
			run -0 timeout 60 acedt-push "$to" <s
			[ "$(jq -c "select(.path |
			    endswith(\"/$digest\")) | .range" "$T_LOG" |
			    tr '\n' ' ')" = "\"bytes=1-$((n - 1))\" null " ]
		done
	done
	# A layout, of which the same holds.
	cp -r "$FILES/images" bad
	printf X | dd of="bad/blobs/sha256/${BIG#*:}" conv=notrunc bs=1 \
	    seek=1000 status=none
	printf '%s\n' oci:bad:big "$(cat "$FILES/big.list")" >list
	acedt-resolve list | acedt-fetch >s
	for to in oci:out2:1 "$U_HOST/two:1"; do
		run -0 --separate-stderr acedt-push -v8 "$to" <s
		[[ $stderr == *"oci:bad: the content has digest"*"another source"* ]]
	done
	[ "$(jq -s 'map(select(.right == false)) | length' "$U_LOG")" -eq 0 ]
}

# drip NAME DIGEST: R sends a byte of it now and then.
drip()
{
	echo "{\"method\":\"GET\",\"path\":\"blobs/$2\",\"raw\":[\"HTTP/1.1 200 OK\\r\\nContent-Length: $1\\r\\n\\r\\n\",{\"repeat\":\"z\",\"every\":0.1}]}"
}

@test "a source that sends next to nothing is left for another one, or named" {
	start_faulty
	push_images big
	start_regd T --faults "$PWD/none"
	config_plain_http "$R_HOST" "$T_HOST"
	acedt-resolve big.list | acedt-fetch | acedt-push "$T_HOST/big" >/dev/null
	faults "[$(drip 1500000 "$BIG")]"
	echo "$T_HOST/big@$(layout_digest "$FILES/images" big)" >>big.list
	acedt-resolve big.list | acedt-fetch >s
	for to in oci:out:1 "$T_HOST/to:1"; do
		run -0 --separate-stderr timeout 60 acedt-push "$to" \
		    --speed-limit 1k --speed-time 1 -v8 <s
		[[ $stderr == *"sent less than 1000 bytes a second for 1 s"*"going on from another source"* ]]
	done
	[ "$(sha256sum <"out/blobs/sha256/${BIG#*:}" | cut -d' ' -f1)" = \
	    "${BIG#*:}" ]
	head -n 1 big.list >list
	hostile 1 "nobody else has it" "sent less than 1000 bytes a second" \
	    list oci:out2:1 --speed-limit 1k --speed-time 1
	hostile 1 "no speed is asked" "not whole after 2 s (see --max-time)" \
	    list oci:out3:1 --speed-limit 0 --max-time 2
	for wrong in --speed-limit=fast --speed-time=0 --max-time=-1; do
		run -2 ace-dt mirror gather list oci:out4:1 "$wrong"
		[[ $output == *"${wrong%=*}: "*" is expected"* ]]
	done
	# A slow destination is not a slow source.
	faults '[]'
	run -0 ace-dt mirror gather list oci:out5:1 -q --limit-rate 500k \
	    --speed-limit 1G --speed-time 1
}

@test "one source cannot take all places; nor hold more than its own" {
	start_faulty
	start_regd T --faults "$PWD/none"
	config_plain_http "$R_HOST" "$T_HOST"
	new_layout many
	for i in $(seq 20); do
		head -c 300000 /dev/urandom |
		    put_manifest many application/vnd.oci.image.layer.v1.tar
		echo
	done >layers
	jq -c --slurpfile l layers '.layers = $l' <<<"$(layout_blob \
	    "$FILES/images" "$(layout_digest "$FILES/images" one)")" |
	    tr -d '\n' | put_manifest many "$OCI_MANIFEST" |
	    tag_layout many 1
	cp -n "$FILES"/images/blobs/sha256/* many/blobs/sha256/
	echo oci:many:1 >list
	acedt-resolve list | acedt-fetch | acedt-push "$R_HOST/many" >/dev/null
	acedt-resolve "$FILES/big.list" | acedt-fetch |
	    acedt-push "$T_HOST/big" >/dev/null
	{
		echo "$R_HOST/many@$(layout_digest many 1)"
		echo "$T_HOST/big@$(layout_digest "$FILES/images" big)"
	} >list
	acedt-resolve list | acedt-fetch >s
	: >"$R_LOG"
	# The first answer of a registry is waited for by the others.
	faults "[$(jq -r .digest layers | tail -n +2 | while read -r d; do
	    drip 300000 "$d"; done | paste -sd,)]"
	acedt-push oci:out:1 --unordered <s >pushed 3>&- &
	pid=$!
	until_true grep -q '"pushed"' pushed
	[[ $(grep '"pushed"' pushed) == *"$T_HOST/big@"* ]]
	[ -e "out/blobs/sha256/${BIG#*:}" ]
	kill "$pid"
	wait "$pid" || true
	[ "$(logged '.status == 0')" -eq 8 ]
}

@test "a blob that a layout's disk has no room for: said before it is fetched" {
	start_faulty
	push_images big
	cp -r "$FILES/images" lie
	layout_blob lie "$(layout_digest lie big)" | jq -jc \
	    "(.layers[] | select(.digest == \"$BIG\")).size = 1125899906842624" |
	    put_manifest lie "$OCI_MANIFEST" >d
	curl -fsS -X PUT -H "Content-Type: $OCI_MANIFEST" --data-binary \
	    "@lie/blobs/sha256/$(jq -r '.digest[7:]' d)" \
	    "http://$R_HOST/v2/big/manifests/1"
	: >"$R_LOG"
	hostile 1 "1 PiB" "1125899906842624 bytes are needed, its disk has room for" \
	    big.list oci:out:1
	[ "$(logged ".path | endswith(\"$BIG\")")" -eq 0 ]
}

@test "two sizes of one blob: who says the wrong one fails, the other does not" {
	start_faulty
	for size in 7 1499999 1500001 9007199254740991; do
		rm -rf lie
		cp -r "$FILES/images" lie
		layout_blob lie "$(layout_digest lie big)" | jq -jc \
		    "(.layers[] | select(.digest == \"$BIG\")).size = $size" |
		    put_manifest lie "$OCI_MANIFEST" | tag_layout lie wrong
		# The honest one last, first, and where the blob is already.
		printf 'oci:lie:wrong\n%s\n' "$(cat "$FILES/big.list")" >list
		tac list >tsil
		for list in list tsil tsil; do
			acedt-resolve "$list" | acedt-fetch >s
			run -1 acedt-push "$R_HOST/to-$size" <s
			[ "$(jq -c 'select(.type == "image") |
			    [.source, .error.message // "good"]' \
			    <<<"$output" | grep -c good)" -eq 1 ]
			[[ $(jq -r 'select(.error) | .error.message' \
			    <<<"$output") == *"1500000 bytes, the manifest says $size" ]]
			[ "$(jq -r 'select(.error) | .source' \
			    <<<"$output")" = oci:lie:wrong ]
		done
	done
	[ "$(logged '.right == false')" -eq 0 ]
}

@test "wrong content is not stored for a moment, even where all is believed" {
	start_faulty --trusting --mount ignore
	push_images big one
	small=$(jq -r '.layers[1].digest' m)
	size=$(layout_blob "$FILES/images" "$small" | wc -c)
	for blob in "big $BIG 1500000" "one $small $size"; do
		read -r name digest n <<<"$blob"
		while IFS='|' read -r what fault; do
			faults "[{\"method\":\"GET\",\"path\":\"$name/blobs/$digest\",$fault}]"
			hostile 1 "$what ($name)" '' $name.list "$R_HOST/to-$name:1"
			refute registry_has_blob to-$name "$digest"
			[ "$(logged '.right == false')" -eq 0 ]
		done <<-EOF2
		the first byte|"replace":["x",{"repeat":"z","times":$((n - 1))}]
		one byte more|"replace":{"repeat":"z","times":$((n + 1))}
		many bytes more, of no announced length|"raw":["HTTP/1.1 200 OK\r\n\r\n",{"repeat":"z","times":$((n + 5000))}]
		too much, in chunks without end|"raw":["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",{"repeat":"5\r\nhello\r\n"}]
		one byte more, of no announced length|"raw":["HTTP/1.1 200 OK\r\n\r\n",{"repeat":"z","times":$((n + 1))}]
		as long, of no announced length|"raw":["HTTP/1.1 200 OK\r\n\r\n",{"repeat":"z","times":$n}]
		as long, and the end is a while after|"raw":["HTTP/1.1 200 OK\r\n\r\n",{"repeat":"z","times":$n},{"pause":0.5}]
		EOF2
	done
	# The same from a layout whose last byte is wrong.
	cp -r "$FILES/images" bad
	for digest in "$BIG" "$small"; do
		printf X | dd of="bad/blobs/sha256/${digest#*:}" conv=notrunc \
		    bs=1 seek=$(($(stat -c %s "bad/blobs/sha256/${digest#*:}") \
		    - 1)) status=none
	done
	printf 'oci:bad:big\noci:bad:one\n' >list
	hostile 1 "a layout" "has digest" list "$R_HOST/to:1"
	[ "$(logged '.right == false')" -eq 0 ]
	[ "$(logged '.right == true')" -ge 1 ]
}

@test "answers to an upload, small and large" {
	start_faulty --mount ignore
	ok='HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'
	other=sha256:$(head -c 64 /dev/zero | tr '\0' 0)
	n=0
	while IFS='|' read -r want what text fault; do
		# The registry keeps what it was sent, whatever it answers.
		[ "$want" = 0 ] || n=$((n + 1))
		for name in one big; do
			faults "[{$fault}]"
			: >"$R_LOG"
			hostile "$want" "$what ($name)" "$text" \
			    "$FILES/$name.list" "$R_HOST/$name-$((want * n)):1"
			[ "$want" = 1 ] || verify_registry "$R_HOST" \
			    "$name-0" 1
			# What failed before its end named no tag.
			[ "$want" = 0 ] || [ "$(logged '(.path |
			    test("manifests/1$")) and .method == "PUT"')" -eq 0 ]
			[ "$(wc -l <"$R_LOG")" -lt 60 ]
		done
	done <<-EOF2
	1|202 for ever|as if more were to come|"method":"PUT","path":"uploads/","status":202,"headers":{"Location":"/v2/x/blobs/uploads/1","Range":"0-1"}
	1|202 for ever, also to a POST|as if more were to come|"path":"uploads/","status":202,"headers":{"Location":"/v2/x/blobs/uploads/1"}
	1|201 with another digest|stored it as $other|"method":"PUT","path":"uploads/","set":{"Docker-Content-Digest":"$other"}
	1|201 to a mount, with another digest|stored it as $other|"method":"POST","path":"mount=","status":201,"headers":{"Docker-Content-Digest":"$other"}
	0|a digest of another algorithm||"method":"PUT","path":"uploads/","set":{"Docker-Content-Digest":"md5:1"}
	0|OCI-Chunk-Min-Length, huge||"method":"POST","set":{"OCI-Chunk-Min-Length":"9223372036854775807"}
	0|OCI-Chunk-Min-Length, negative||"method":"POST","set":{"OCI-Chunk-Min-Length":"-1"}
	0|a Range beyond what was sent||"method":"POST","set":{"Range":"0-99999999999"}
	1|an early 413|HTTP 413|"method":"PUT","path":"uploads/","early":0,"status":413
	0|an early 413 and a reset, once||"method":"PUT","path":"uploads/","nth":[1],"early":100,"status":413,"end":"reset"
	0|an early 500, once||"method":"PUT","path":"uploads/","nth":[1],"early":100,"status":500
	1|a redirect of a POST|redirected|"method":"POST","status":307,"headers":{"Location":"/v2/"}
	1|a redirect of a PUT|redirected|"method":"PUT","status":308,"headers":{"Location":"/v2/"}
	0|another session than there is, once||"method":"POST","nth":[1],"set":{"Location":"/v2/x/blobs/uploads/nowhere"}
	0|a Location without a session, once||"method":"POST","nth":[1],"set":{"Location":"."}
	0|a Location up and away, once||"method":"POST","nth":[1],"set":{"Location":"../../../../../../../../etc"}
	1|a Location of 66 KB|too long|"method":"POST","set":{"Location":"/$(head -c 66000 /dev/zero | tr '\0' a)"}
	1|a Location of 120 KB|header field that is too long|"method":"POST","set":{"Location":"/$(head -c 120000 /dev/zero | tr '\0' a)"}
	0|no status text, no fields||"method":"HEAD","raw":"HTTP/1.1 404\r\n\r\n"
	EOF2
	# What fits into the buffers between us is on its way before any answer.
	new_layout far
	make_big far 24000000
	echo oci:far:big >list
	faults '[{"method":"PUT","path":"uploads/","early":0,"status":201,
	    "end":"close"}]'
	hostile 1 "an early 201" '' list "$R_HOST/early:1"
	[ "$(logged '(.path | test("early/manifests")) and
	    .method == "PUT"')" -eq 0 ]
}

@test "redirects that may not be followed" {
	start_faulty
	push_images one
	far=$(head -c 66000 /dev/zero | tr '\0' a)
	while IFS='|' read -r what text to; do
		faults "[{\"method\":\"GET\",\"path\":\"one/(manifests|blobs)/sha\",
		    \"status\":302,\"headers\":{\"Location\":$to}}]"
		: >"$R_LOG"
		hostile 1 "$what" "$text" one.list oci:out:1
		[ "$(wc -l <"$R_LOG")" -le 13 ]
	done <<-EOF2
	round in a circle|more than 10 redirects|"/v2/one/manifests/sha256:$(head -c 64 /dev/zero | tr '\0' 1)"
	a file|not a URL|"file:///etc/passwd"
	ftp|not followed|"ftp://127.0.0.1/"
	gopher|a gopher: URL, which is not followed|"gopher://127.0.0.1:70/_x"
	a user name|user name|"http://user:pass@$R_HOST/v2/"
	a blank|blanks|"/v2/ /x"
	a CR that splits a field|its descriptor says|"/v2/\\rX: y"
	66 KB|too long|"/$far"
	an address of seven parts|not an http or https URL|"http://1.2.3.4.5.6.7.8.9:99999/"
	nothing|without a Location|null
	EOF2
}

@test "to this machine from elsewhere: addresses, and names that mean them" {
	address=$(hostname -I | tr ' ' '\n' | grep -m1 '^[0-9.]*$' || true)
	name=$(sed 's/#.*//' /etc/hosts | awk '$1 ~ /^127\./ || $1 == "::1" {
	    for (i = 2; i <= NF; i++) if ($i !~ /localhost$/) { print $i; exit }}')
	[ -n "$address" ] && [ -n "$name" ] ||
	    skip "no address but loopback, or no name of loopback"
	start_faulty --address 0.0.0.0
	port=${R_HOST#*:}
	start_regd THIEF
	inner=$name:${THIEF_HOST#*:}
	R_HOST=$address:$port
	config_plain_http "$R_HOST" "$name:$port"
	push_images one
	fault='"method":"GET","path":"one/manifests/sha","status":302'
	for to in "$inner" "$THIEF_HOST" "0x7f.1:${THIEF_HOST#*:}" \
	    "[::ffff:127.0.0.1]:${THIEF_HOST#*:}" 169.254.169.254; do
		said="which is this machine"
		[ "$to" != 169.254.169.254 ] ||
		    said="which is a metadata service of a cloud"
		faults "[{$fault,\"headers\":{\"Location\":\"http://$to/v2/x\"}}]"
		hostile 1 "redirect to $to" "$said" one.list oci:out:1
		faults "[{\"method\":\"POST\",\"status\":202,
		    \"headers\":{\"Location\":\"http://$to/v2/x\"}}]"
		hostile 1 "upload to $to" "$said" \
		    "$FILES/one.list" "$R_HOST/x:1"
		faults "[{\"status\":401,\"headers\":{\"WWW-Authenticate\":
		    \"Bearer realm=\\\"http://$to/token\\\"\"}}]"
		hostile 1 "realm $to" "$said" one.list oci:out:1
	done
	[ ! -s "$THIEF_LOG" ]
	# A registry that is itself on this machine may point there.
	case $(getent ahosts "$name") in
	127.0.0.1*)
		echo "$name:$port/one:1" >one.list
		faults "[{$fault,\"headers\":{\"Location\":\"http://$inner/v2/x\"}}]"
		hostile 1 "from $name to $inner" "HTTP 404" one.list oci:out:1
		[ -s "$THIEF_LOG" ]
		;;
	esac
}

@test "challenges, realms and tokens that are nonsense" {
	start_faulty --auth bearer
	printf '%s\n' "$R_HOST/none:1" >list
	c='"path":"/v2/","status":401,"headers":{"WWW-Authenticate":'
	t='"path":"/token","status":200,"body":'
	realm="Bearer realm=\\\"http://$R_HOST/token\\\""
	while IFS='|' read -r what text fault; do
		faults "[{$fault}]"
		: >"$R_LOG"
		hostile 1 "$what" "$text" list oci:out:1
		[ "$(wc -l <"$R_LOG")" -le 12 ]
	done <<-EOF2
	401 for ever, basic|HTTP 401|$c"Basic realm=x"}
	401 for ever, bearer|HTTP 401|$c"$realm"}
	401 for ever, another scope each time|HTTP 401|$c"$realm,scope=\\"repository:other:pull\\""}
	401 without a challenge|HTTP 401|"path":"/v2/","status":401
	50 challenges|HTTP 401|$c[$(for i in $(seq 50); do printf '"Basic realm=%s",' "$i"; done)"Negotiate x"]}
	10,000 challenges in one field|HTTP 401|$c"$(for i in $(seq 5000); do printf 'X%d a=b, ' "$i"; done)"}
	no realm|names no token service|$c"Bearer service=x"}
	a realm that is a file|it points to something that is not a URL|$c"Bearer realm=\\"file:///etc/passwd\\""}
	a realm with a user name|user name|$c"Bearer realm=\\"http://u:p@$R_HOST/\\""}
	a realm without a host|Could not resolve host: token|$c"Bearer realm=\\"http:///token\\""}
	a redirect of the token|HTTP 302|"path":"/token","status":302,"headers":{"Location":"/token"}
	no JSON|token service|$t"<html>"
	an answer of 2 MB|larger than|$t{"repeat":" ","times":2000000}
	an answer without end|larger than|"path":"/token","raw":["HTTP/1.1 200 OK\r\n\r\n",{"repeat":"x"}]
	a token with LF|holds no token|$t"{\\"token\\":\\"a\\\\nX: y\\"}"
	a token that is a number|holds no token|$t"{\\"token\\":1}"
	an empty one|holds no token|$t"{\\"token\\":\\"\\"}"
	EOF2
	for lives in -1 0 1e99 9223372036854775807 '"soon"' null; do
		faults "[{\"path\":\"/v2/none/manifests\",\"status\":404,\"nth\":[2]},
		    {$t\"{\\\"token\\\":\\\"x\\\",\\\"expires_in\\\":${lives//\"/\\\"}}\"}]"
		: >"$R_LOG"
		hostile 1 "expires_in $lives" "HTTP 404" list oci:out:1
		[ "$(logged '.path | startswith("/token")')" -eq 1 ]
	done
}

@test "commands to a CI service and invisible characters are shown, not obeyed" {
	start_faulty
	push_images one
	jq -nc '[{path: "one/manifests/1", status: 403, body: ({errors: [{code:
	    "DENIED", message: ("##vso[task.setvariable variable=p]x ##[error]y " +
	    "::error::z \u200bw\u2060")}]} | tojson)}]' >faults.new
	mv faults.new faults
	hostile 1 commands '\x23#vso[task.setvariable variable=p]x \x23#[error]y \x3a:error::z \u200bw\u2060' \
	    one.list oci:out:1
	[[ $stderr != *"##"* ]]
}

@test "ten thousand warnings, few are said; control characters are not" {
	start_faulty
	push_images one
	jq -nc '[{path: "one/manifests/1", set: {Warning: [range(6000) |
	    "299 - \"w\(.) \u001b[31m\u00e2\u0080\u00ae\""]}}]' >faults.new
	mv faults.new faults
	hostile 0 "6000 warnings" '' one.list oci:out:1
	[ "$(grep -c 'says:' <<<"$stderr")" -eq 32 ]
	[[ $stderr != *$'\u202e'* ]]
	jq -nc '[{path: "one/manifests/1", set: {Warning: [range(10000) |
	    "299 - \"warning \(.) of many\""]}}]' >faults.new
	mv faults.new faults
	hostile 1 "10000 warnings" "header fields" one.list oci:out:1
}

# root_is MEDIA-TYPE <bytes: what the tag 1 of the layout t names.
root_is()
{
	put_manifest t "$1" >root
	echo '{"schemaVersion":2,"manifests":[]}' >t/index.json
	tag_layout t 1 <root
}

@test "manifests: 4 MiB and one byte more; lists that are wide or deep" {
	new_layout t
	image=$(make_image t amd64 a | jq -c 'del(.platform)')
	echo oci:t:1 >list
	index()
	{
		jq -nc --argjson d "$image" --arg t "$OCI_INDEX" \
		    "{schemaVersion: 2, mediaType: \$t, manifests: $1}"
	}
	index '[$d]' >small
	for more in 0 1; do
		{ cat small; head -c $((4194304 + more - $(stat -c %s small))) \
		    /dev/zero | tr '\0' ' '; } | root_is "$OCI_INDEX"
		hostile $more "4 MiB and $more bytes" '' list oci:out:1
	done
	# The same child ten thousand times is one.
	index '[range(10000) | $d]' | root_is "$OCI_INDEX"
	acedt-resolve list | acedt-fetch >s
	[ "$(jq -c 'select(.manifests) | .manifests | length' s)" -eq 2 ]
	hostile 0 "the same child" '' list oci:out:1
	# More of them than there may be.
	index '[range(5200) | {mediaType: $d.mediaType, size: 5, digest:
	    "sha256:\("0000000000000000000000000000000000000000000000000000000000000000\(.)"[-64:])"}]' |
	    root_is "$OCI_INDEX"
	hostile 1 "5200 children that are not there" '' list oci:out:1
	# Each index has the one below it twice: 2^14 ways to the bottom.
	desc=$image
	for n in $(seq 18); do
		desc=$(jq -nc --argjson d "$desc" --arg t "$OCI_INDEX" \
		    '{schemaVersion: 2, mediaType: $t, manifests: [$d, $d]}' |
		    put_manifest t "$OCI_INDEX")
		echo '{"schemaVersion":2,"manifests":[]}' >t/index.json
		tag_layout t 1 <<<"$desc"
		case $n in
		14) hostile 0 "a diamond of 14" '' list oci:out:1 ;;
		18) hostile 1 "a diamond of 18" "deeper than 16" list oci:out:1 ;;
		esac
	done
	# A manifest as a layer, an index as a config: content, no structure.
	jq -nc --argjson d "$image" --argjson i "$desc" --arg t "$OCI_MANIFEST" \
	    '{schemaVersion: 2, mediaType: $t, config: $i, layers: [$d]}' |
	    root_is "$OCI_MANIFEST"
	hostile 0 "a manifest as a layer" '' list oci:out:1
	[ "$(acedt-resolve list | acedt-fetch | jq -c 'select(.manifests) |
	    .manifests | length')" -eq 1 ]
}

@test "twenty descriptors are enough, or it says what lacks" {
	start_faulty
	push_images app
	run --separate-stderr timeout 20 bash -c 'ulimit -n 20
	    exec ace-dt mirror gather app.list oci:out:1 -q'
	[ "$status" -ne 124 ]
	if [ "$status" -eq 0 ]; then
		verify_layout out 1
	else
		[[ $stderr == *"open files"* ]]
	fi
}
