# A registry that fails on demand: what no real one does when it is asked to.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images app amd64 arm64
	make_big images 3000000
	printf 'oci:%s/images:app\n' "$PWD" >app.list
	printf 'oci:%s/images:big\n' "$PWD" >big.list
	# Enough tries for every test, without the waits of a real network.
	export FILES=$PWD
}

teardown()
{
	stop_servers
	rm -f "$BATS_FILE_TMPDIR/servers"
}

# push_images: app and big are in the registry R, and each NAME.list says so.
push_images()
{
	acedt-resolve "$FILES/app.list" | acedt-fetch |
	    acedt-push "$R_HOST/app" | acedt-index "$R_HOST/app:1"
	acedt-resolve "$FILES/big.list" | acedt-fetch |
	    acedt-push "$R_HOST/big" | acedt-index "$R_HOST/big:1"
	echo "$R_HOST/app:1" >app.list
	echo "$R_HOST/big:1" >big.list
	: >"$R_LOG"
}

# account_for HOST: ann's password is in docker's file.
account_for()
{
	mkdir -p docker
	jq -n --arg h "$1" --arg a "$(printf ann:pw | base64)" \
	    '{auths: {($h): {auth: $a}}}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
}

@test "a passing failure is tried again, each kind of request" {
	start_faulty
	for f in '"method":"HEAD"' '"method":"POST"' '"method":"PUT","path":"blobs"' \
	    '"method":"PUT","path":"manifests/sha"' \
	    '"method":"PUT","path":"manifests/1"'; do
		for how in '"status":503' '"status":429,"headers":{"Retry-After":"1"}' \
		    '"reset":true'; do
			faults "[{$f,\"nth\":[1],$how}]"
			run -0 ace-dt mirror gather "$FILES/app.list" \
			    "$R_HOST/retry:1" -q
			verify_registry "$R_HOST" retry 1
		done
	done
}

@test "which statuses pass and which are final" {
	local status
	start_faulty
	push_images
	for status in 408 425 429 500 502 503 504 522 524 400 403 404 410 501 505; do
		jq -n --arg s $status '{path: ("r" + $s + "/"), nth: [1],
		    status: ($s | tonumber)}'
		echo "$R_HOST/r$status/app:1" >>all.list
	done | jq -s '. + [{path: "/r[0-9]+/", status: 404}]' >faults.new
	mv faults.new faults
	acedt-resolve all.list >/dev/null || [ $? -eq 1 ]
	# A HEAD that is refused for good may be followed by a GET.
	jq -r 'select(.method == "HEAD").path | split("/")[2]' "$R_LOG" |
	    sort | uniq -c | awk '{ print $2, $1 }' >asked
	diff asked - <<-EOF
	r400 1
	r403 1
	r404 1
	r408 2
	r410 1
	r425 2
	r429 2
	r500 2
	r501 1
	r502 2
	r503 2
	r504 2
	r505 1
	r522 2
	r524 2
	EOF
}

@test "it gives up after a while, and says what the registry said" {
	start_faulty
	faults '[{"method":"PUT","path":"manifests/sha","status":500,"body":"{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"disk \\u001b[31mfull\"}]}"}]'
	run -1 --separate-stderr ace-dt mirror gather "$FILES/app.list" \
	    "$R_HOST/x:1" -q
	[[ $stderr == *"PUT manifests/sha256:"*'HTTP 500 UNKNOWN: disk \x1b[31mfull'* ]]
	[ "$(logged '.method == "PUT" and (.path | test("manifests/1$"))')" \
	    -eq 0 ]
	faults '[{"method":"POST","status":429,"headers":{"Retry-After":"100000"}}]'
	run -1 --separate-stderr ace-dt mirror gather "$FILES/app.list" \
	    "$R_HOST/x:1" -q
	[[ $stderr == *"HTTP 429"* ]]
}

@test "--limit-rate: no faster than that, in each direction" {
	start_faulty --mount ignore
	push_images
	# 3 MB at 2 MB a second, of which a tenth may come at once.
	for way in "big.list oci:out:1" "$FILES/big.list $R_HOST/again:1" \
	    "big.list $R_HOST/third:1"; do
		start=$(date +%s%N)
		# shellcheck disable=SC2086
		run -0 ace-dt mirror gather $way -q --limit-rate 2M
		[ $(($(date +%s%N) - start)) -ge 1200000000 ]
	done
	verify_layout out 1
	verify_registry "$R_HOST" again 1
	verify_registry "$R_HOST" third 1
	run -2 ace-dt mirror gather big.list oci:x --limit-rate fast
	run -2 ace-dt mirror gather big.list oci:x --limit-rate 2000G
	run -0 ace-dt mirror gather big.list oci:x -q --limit-rate 0
}

@test "a download that breaks goes on at its byte" {
	start_faulty
	push_images
	big=sha256:$(sha256sum <"$FILES/big" | cut -d' ' -f1)
	faults "[{\"method\":\"GET\",\"path\":\"$big\",\"nth\":[1,2],\"cut\":1000000}]"
	run -0 ace-dt mirror gather big.list oci:out:1 -q
	verify_layout out 1
	[ "$(logged '.range == "bytes=1000000-2999999"')" -ge 1 ]
	faults "[{\"method\":\"GET\",\"path\":\"$big\",\"nth\":[1],\"cut\":700000}]"
	run -0 ace-dt mirror gather big.list "$R_HOST/copy:1" -q
	verify_registry "$R_HOST" copy 1
}

@test "a source that dies in a blob: the rest comes from another that lists it" {
	start_faulty
	start_regd S
	config_plain_http "$R_HOST" "$S_HOST"
	for h in "$R_HOST" "$S_HOST"; do
		acedt-resolve "$FILES/big.list" | acedt-fetch |
		    acedt-push "$h/big" | acedt-index "$h/big:1"
		echo "$h/big:1"
	done >list
	acedt-resolve list | acedt-fetch >stream
	big=sha256:$(sha256sum <"$FILES/big" | cut -d' ' -f1)
	faults "[{\"method\":\"GET\",\"path\":\"$big\",\"nth\":[1],\"cut\":1000000},
	    {\"method\":\"GET\",\"path\":\"$big\",\"status\":404}]"
	: >"$S_LOG"
	run -0 sh -c 'acedt-push "$1" <stream | acedt-index "$1"' - oci:out:1
	verify_layout out 1
	[ "$(jq -r "select(.path | test(\"$big\")) | .range" "$S_LOG")" = \
	    bytes=1000000-2999999 ]
	start_regd T
	config_plain_http "$R_HOST" "$S_HOST" "$T_HOST"
	faults "[{\"method\":\"GET\",\"path\":\"$big\",\"nth\":[1],\"cut\":1000000},
	    {\"method\":\"GET\",\"path\":\"$big\",\"status\":404}]"
	run -0 sh -c 'acedt-push "$1" <stream | acedt-index "$1"' - "$T_HOST/x:1"
	verify_registry "$T_HOST" x 1
	[ "$(jq -r 'select(.method == "PUT" and .got > 2999999) | .status' \
	    "$T_LOG")" = 201 ]
}

@test "a blob that failed is tried again when a later image's source has it" {
	start_faulty
	for repo in a b; do
		acedt-resolve "$FILES/app.list" | acedt-fetch |
		    acedt-push "$R_HOST/$repo" |
		    acedt-index "$R_HOST/$repo:1" >/dev/null
		echo "$R_HOST/$repo:1"
	done >list
	acedt-resolve list | acedt-fetch >fetched
	faults '[{"method":"GET","path":"^/v2/a/blobs/","status":404}]'
	{
		sed -n 1,2p fetched
		until_true grep -qs '"error"' pushed
		sed -n '3,$p' fetched
	} | { acedt-push oci:out >pushed || [ $? -eq 1 ]; }
	[ "$(sed -n 2p pushed | jq -c '.error.status')" = 404 ]
	sed -n 3p pushed | jq -e '.pushed and (has("error") | not)'
	sed '2d; s/"images":2/"images":1/' pushed | acedt-index oci:out:1
	verify_layout out 1
}

@test "a server that ignores Range sends all of it again" {
	start_faulty --no-range
	push_images
	faults '[{"method":"GET","path":"big/blobs","nth":[1,2],"cut":1000}]'
	run -0 ace-dt mirror gather big.list oci:out:1 -q
	verify_layout out 1
}

@test "an upload that breaks begins again" {
	start_faulty --mount ignore
	faults '[{"method":"PUT","path":"uploads","nth":[1,2,3],"reset":true}]'
	run -0 ace-dt mirror gather "$FILES/big.list" "$R_HOST/up:1" -q
	verify_registry "$R_HOST" up 1
	faults '[{"method":"PUT","path":"uploads","nth":[1],"status":404}]'
	run -0 ace-dt mirror gather "$FILES/big.list" "$R_HOST/up2:1" -q
}

@test "a registry that takes blobs in one POST gets them so" {
	start_faulty --single-post
	# One after the other: the first one finds it out.
	ACE_DT_CONCURRENT_HTTP=1 run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/one:1" -q
	verify_registry "$R_HOST" one 1
	[ "$(logged '.method == "POST"')" -eq 5 ]
	[ "$(logged '.method == "PUT" and (.path | test("uploads"))')" -eq 0 ]
}

@test "registries without mounts, or that refuse them" {
	for how in ignore refuse; do
		start_faulty --mount $how
		run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/m:1" -q
		verify_registry "$R_HOST" m 1
		: >"$R_LOG"
		run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/m:1" \
		    -q --verify
		stop_servers
	done
	# It was asked by HEAD, after the first refusal.
	[ "$(logged '.method == "HEAD" and (.path | test("blobs"))')" -ge 3 ]
}

@test "an upload that the registry has forgotten begins again, 404 or 400" {
	for f in '"status":404,"body":"gone"' \
	    '"status":400,"body":"{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\"}]}"' \
	    '"status":416,"body":""'; do
		for list in app big; do
			start_faulty
			faults "[{\"method\":\"PUT\",\"path\":\"uploads/.\",\"nth\":[1],$f}]"
			run -0 ace-dt mirror gather "$FILES/$list.list" \
			    "$R_HOST/x:1" -q
			verify_registry "$R_HOST" x 1
		done
	done
	# Another 400 is final.
	faults '[{"method":"PUT","path":"uploads/.","status":400,
	    "body":"{\"errors\":[{\"code\":\"SIZE_INVALID\"}]}"}]'
	: >"$R_LOG"
	run -1 --separate-stderr ace-dt mirror gather "$FILES/big.list" \
	    "$R_HOST/y:1" -q
	[[ $stderr == *"HTTP 400 SIZE_INVALID"* ]]
	[ "$(logged '.method == "PUT"')" -eq \
	    "$(jq -r 'select(.method == "PUT").path' "$R_LOG" | sort -u |
	    wc -l)" ]
}

@test "a manifest refused for want of a blob has a second chance, and one only" {
	start_faulty
	unknown='{\"errors\":[{\"code\":\"MANIFEST_BLOB_UNKNOWN\",\"message\":\"blob unknown to registry\"}]}'
	for code in 400 404 500; do
		faults "[{\"method\":\"PUT\",\"path\":\"manifests/sha\",\"nth\":[1],\"status\":$code,\"body\":\"$unknown\"}]"
		run -0 ace-dt mirror gather "$FILES/big.list" "$R_HOST/x$code:1" -q
		faults "[{\"method\":\"PUT\",\"path\":\"manifests/sha\",\"status\":$code,\"body\":\"$unknown\"}]"
		: >"$R_LOG"
		run -1 --separate-stderr ace-dt mirror gather \
		    "$FILES/big.list" "$R_HOST/y$code:1" -q
		[[ $stderr == *"HTTP $code MANIFEST_BLOB_UNKNOWN: blob unknown to registry"* ]]
		[ "$(logged '.path | test("manifests/sha")')" -eq 2 ]
	done
	# Whatever else the registry says with it.
	faults '[{"method":"PUT","path":"manifests/sha","nth":[1],"status":400,
	    "body":"{\"errors\":[{\"code\":\"DIGEST_INVALID\"},{\"code\":\"MANIFEST_BLOB_UNKNOWN\"}]}"}]'
	run -0 ace-dt mirror gather "$FILES/big.list" "$R_HOST/both:1" -q
	# What the code of a 5xx calls wrong is not sent again.
	faults '[{"method":"PUT","path":"manifests/sha","status":500,
	    "body":"{\"errors\":[{\"code\":\"MANIFEST_INVALID\"}]}"}]'
	: >"$R_LOG"
	run -1 --separate-stderr ace-dt mirror gather "$FILES/big.list" \
	    "$R_HOST/z:1" -q
	[[ $stderr == *"HTTP 500 MANIFEST_INVALID"* ]]
	[ "$(logged '.path | test("manifests/sha")')" -eq 1 ]
}

@test "a manifest or an index that the registry stores under another digest" {
	start_faulty
	other=sha256:$(printf '%064d' 7)
	for path in manifests/sha manifests/1; do
		faults "[{\"method\":\"PUT\",\"path\":\"$path\",\"status\":201,\"headers\":{\"Docker-Content-Digest\":\"$other\"}}]"
		run --separate-stderr ace-dt mirror gather "$FILES/big.list" \
		    "$R_HOST/x:1" -q
		[ "$status" -ne 0 ]
		[[ $stderr == *"stored "*" as $other"* ]]
	done
}

@test "an account that may not push: said so, once, and not that it is refused" {
	start_faulty --auth bearer --user ann:pw
	account_for "$R_HOST"
	cat "$FILES/app.list" "$FILES/big.list" >list
	for code in 403 401; do
		faults "$(jq -n --argjson s $code --arg c "Bearer realm=\"http://$R_HOST/token\",service=\"x\",scope=\"repository:x:pull,push\"" \
		    '[{method: "POST", path: "uploads", status: $s,
		    headers: {"WWW-Authenticate": $c}, body: ({errors: [{code:
		    "DENIED", message: "not yours"}]} | tojson)}]')"
		run -1 --separate-stderr ace-dt mirror gather list "$R_HOST/x:1" -q
		[[ $stderr == *"list:"*"DENIED: not yours (the account for $R_HOST in $PWD/docker/config.json may not push here)"* ]]
		[[ $stderr == *"1 more image failed for the reason that is given for list:"* ]]
		[[ $stderr != *"are refused"* ]]
		[ "$(grep -c "not yours" <<<"$stderr")" -eq 1 ]
	done
}

@test "debug lines of uploads name the digest" {
	start_faulty
	run -0 --separate-stderr ace-dt mirror gather "$FILES/big.list" \
	    "$R_HOST/x:1" -q -v12
	d=sha256:$(sha256sum <"$FILES/big" | cut -d' ' -f1)
	[[ $stderr == *"POST http://$R_HOST/v2/x/blobs/uploads/ $d: 202 in "* ]]
	[[ $stderr == *"PUT http://$R_HOST/v2/x/blobs/uploads/"*" $d: 201 in "* ]]
	# And not what else a query holds.
	[[ $stderr != *"s=1"* ]]
}

@test "debug lines of a blob name each state of its transfer" {
	start_faulty
	run -0 --separate-stderr ace-dt mirror gather "$FILES/big.list" \
	    "$R_HOST/x:1" -q -v12
	d=sha256:$(sha256sum <"$FILES/big" | cut -d' ' -f1)
	moves=$(sed -n "s/.*blob $d: \([A-Z]* -> [A-Z]*\)$/\1/p" <<<"$stderr")
	# From the first state to the last, each one where the last one ended.
	[[ $moves == "BEGIN -> "* ]]
	[[ $moves == *"READ -> STREAM"*"STREAM -> DONE" ]]
	run -0 awk 'NR > 1 && $1 != last { bad = 1 } { last = $3 }
	    END { exit bad }' <<<"$moves"
}

@test "a bearer token is fetched once for each set of scopes" {
	start_faulty --auth bearer
	run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/tok:1" -q
	# One for acedt-fetch --have, one for acedt-push, one for acedt-index.
	[ "$(logged '.path | startswith("/token")')" -eq 3 ]
	[ "$(logged '.status == 401')" -eq 3 ]
	[ "$(logged '.path | test("service=test%2C%20ok")')" -eq 3 ]
}

@test "a token that expires on the way is renewed; a user's password is asked for" {
	start_faulty --auth bearer --user ann:pw --token-lives 0.3
	mkdir docker
	jq -n --arg h "$R_HOST" --arg a "$(printf ann:pw | base64)" \
	    '{auths: {($h): {auth: $a}}}' >docker/config.json
	export DOCKER_CONFIG=$PWD/docker
	faults '[{"method":"POST","path":"uploads","stall":0.2}]'
	run -0 ace-dt mirror gather "$FILES/big.list" "$R_HOST/exp:1" -q
	[ "$(logged '.path | startswith("/token")')" -ge 2 ]
	# The password went to the token service only.
	[ "$(logged '(.auth // "" | startswith("Basic")) and (.path | startswith("/token") | not)')" -eq 0 ]
	rm docker/config.json
	run -1 --separate-stderr ace-dt mirror gather "$FILES/big.list" \
	    "$R_HOST/exp:1" -q
	[[ $stderr == *"token service"*"HTTP 401"* ]]
}

@test "a token that lives for less than an upload takes" {
	start_faulty --auth bearer --token-lives 1
	# The registry says 300 seconds; the upload begins after the end.
	start_regd S --faults "$PWD/slow"
	config_plain_http "$R_HOST" "$S_HOST"
	for name in big app; do
		acedt-resolve "$FILES/$name.list" | acedt-fetch |
		    acedt-push "$S_HOST/$name" | acedt-index "$S_HOST/$name:1"
		echo "$S_HOST/$name@$(layout_digest "$FILES/images" "$name")" >list
		echo '[{"method":"GET","path":"blobs/","stall":1.2}]' >slow
		run -0 --separate-stderr ace-dt mirror gather list \
		    "$R_HOST/$name:1" -q
		rm slow
	done
	[ "$(logged '.method == "PUT" and .status == 401')" -ge 1 ]
}

@test "a registry that does not know Expect: 100-continue" {
	start_faulty
	# At once; and so late that a part of the body is on its way.
	for stall in 0 1.5; do
		: >"$R_LOG"
		faults "[{\"method\":\"PUT|POST|PATCH\",\"expect\":true,\"status\":417,\"stall\":$stall}]"
		run -0 --separate-stderr ace-dt mirror gather \
		    "$FILES/big.list" "$R_HOST/e$stall:1" -q -v8
		verify_registry "$R_HOST" "e$stall" 1
		[ "$(logged '.status == 417')" -eq 1 ]
		[ "$(grep -c 'answers 417 to Expect: 100-continue; going on without' \
		    <<<"$stderr")" -eq 1 ]
	done
	# What is small is never asked for.
	: >"$R_LOG"
	run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/s:1" -q
	[ "$(logged '.status == 417')" -eq 0 ]
}

@test "an error whose body has no end: the part that is quoted is read" {
	start_faulty
	push_images
	echo "$R_HOST/app@$(layout_digest "$FILES/images" app)" >list
	for body in '{"repeat":"gone, "}' '["it is gone ",{"repeat":" ","every":0.1}]'; do
		faults "[{\"method\":\"GET|HEAD\",\"path\":\"app/manifests/\",\"status\":404,\"set\":{\"Content-Length\":null},\"body\":$body}]"
		began=$SECONDS
		run -1 --separate-stderr ace-dt mirror gather list oci:x \
		    -q --stall-time 1
		[[ $stderr == *"HTTP 404"*gone* ]] || { echo "$stderr"; return 1; }
		# Ten stall times were the limit.
		[ $((SECONDS - began)) -lt 8 ]
	done
}

@test "a realm elsewhere gets no password: other scheme, other local host" {
	while read -r realm want; do
		start_faulty --auth bearer --user ann:pw --realm "$realm"
		account_for "$R_HOST"
		run -1 --separate-stderr ace-dt mirror gather \
		    "$FILES/app.list" "$R_HOST/x:1" -q
		[[ $stderr == *"$want"* ]] || { echo "$stderr"; return 1; }
		[[ $stderr != *"Failed to connect"* ]]
		stop_servers
		rm -f "$BATS_FILE_TMPDIR/servers"
	done <<-'EOF'
	file:///etc/passwd points to something that is not a URL
	http://10.1.2.3/token token service 10.1.2.3 is in a private network: credentials are not sent there
	http://192.168.1.1/token token service 192.168.1.1 is in a private network: credentials are not sent there
	http://[fd00::1]:1/token is in a private network: credentials are not sent there
	http://[::1]:1/token is this machine: credentials are not sent there
	http://user@127.0.0.1/x points to a URL with a user name
	EOF
}

@test "what is not a manifest is refused with a reason" {
	start_faulty
	push_images
	m='"method":"GET","path":"app/manifests/sha"'
	while read -r body want; do
		faults "[{$m,\"replace\":$(jq -Rn --arg b "$body" '$b')}]"
		run -1 --separate-stderr ace-dt mirror gather app.list oci:x -q
		[[ $stderr == *$want* ]] || { echo "$body: $stderr"; return 1; }
	done <<-'EOF'
	<html>login</html> 18 bytes, its descriptor says
	{} 2 bytes, its descriptor says
	EOF
	# A tag's HEAD that is no manifest's: the body is looked at.
	faults '[{"method":"HEAD|GET","path":"app/manifests/1","status":200,"headers":{"Content-Type":"text/html"},"body":"<html>please log in</html>"}]'
	run -1 --separate-stderr ace-dt mirror gather app.list oci:x -q
	[[ $stderr == *"not valid JSON"* ]]
	faults '[{"method":"HEAD|GET","path":"app/manifests/1","status":404,"headers":{"Content-Type":"text/html"},"body":"<html>\u001b[2Jgone</html>"}]'
	run -1 --separate-stderr ace-dt mirror gather app.list oci:x -q
	[[ $stderr == *"HTTP 404"* ]]
	[[ $stderr != *$'\033'* ]]
}

@test "HEAD without a digest, or refused: the manifest itself is asked for" {
	start_faulty
	push_images
	for fault in '"set":{"Docker-Content-Digest":null}' '"status":405' \
	    '"set":{"Docker-Content-Digest":"md5:12"}' \
	    '"set":{"Content-Type":"text/plain"}'; do
		faults "[{\"method\":\"HEAD\",\"path\":\"app/manifests\",$fault}]"
		run -0 ace-dt mirror gather app.list oci:h:1 -q --debug events
		verify_layout h 1
		[ "$(grep -c '"event":"resolved"' events)" -eq 1 ]
	done
}

@test "endless, oversized and short answers" {
	start_faulty
	push_images
	m='"method":"GET","path":"app/manifests/sha"'
	faults "[{$m,\"status\":200,\"body\":{\"repeat\":\"[\",\"times\":5000000}}]"
	run -1 --separate-stderr ace-dt mirror gather app.list oci:x -q
	[[ $stderr == *"larger than 4194304 bytes"* ]]
	b='"method":"GET","path":"big/blobs"'
	faults "[{$b,\"status\":200,\"body\":{\"repeat\":\"x\",\"times\":4000000}}]"
	run -1 --separate-stderr ace-dt mirror gather big.list oci:x -q
	[[ $stderr == *"the manifest says"* ]]
	faults "[{$b,\"status\":200,\"body\":\"short\"}]"
	run -1 --separate-stderr ace-dt mirror gather big.list oci:x -q
	[[ $stderr == *"the manifest says"* ]]
	faults "[{\"method\":\"HEAD\",\"path\":\"app\",\"status\":200,\"headers\":{\"X\":\"$(head -c 60000 /dev/zero | tr '\0' a)\",\"X1\":[$(for i in 1 2 3 4 5; do printf '"%s",' "$(head -c 60000 /dev/zero | tr '\0' b)"; done)\"c\"]}}]"
	run -1 --separate-stderr ace-dt mirror gather app.list oci:x -q
	[[ $stderr == *"header fields"* ]]
}

@test "wrong content is never whole at the destination, even of a trusting one" {
	start_faulty --trusting --mount ignore
	push_images
	digest=sha256:$(sha256sum <"$FILES/big" | cut -d' ' -f1)
	faults "[{\"method\":\"GET\",\"path\":\"big/blobs/$digest\",\"replace\":\"$(head -c 3000000 /dev/zero | tr '\0' z)\"}]"
	run -1 --separate-stderr ace-dt mirror gather big.list "$R_HOST/t:1" -q
	[[ $stderr == *"$digest"*"has digest"* ]]
	run curl -fs -o /dev/null "http://$R_HOST/v2/t/blobs/$digest"
	[ "$status" -ne 0 ]
	# Once more from the start, then it is final.
	[ "$(logged "(.path | test(\"big/blobs/$digest\")) and .method == \"GET\"")" -eq 2 ]
}

@test "redirects: followed for content, without credentials, with limits" {
	start_faulty --auth basic --user ann:pw
	account_for "$R_HOST"
	push_images
	first_host=$R_HOST
	first_log=$R_LOG
	mv faults first.faults
	echo '[]' >faults
	start_regd S --faults "$PWD/second.faults"
	# The content lies elsewhere, as with a registry on object storage.
	acedt-resolve "$FILES/app.list" >s
	config_plain_http "$S_HOST" "$first_host"
	acedt-fetch <s | acedt-push "$S_HOST/app" >/dev/null
	mv first.faults faults
	for d in $(find "$FILES/images/blobs" -type f -size -2k -printf '%f\n'); do
		jq -n --arg d "$d" --arg h "$S_HOST" '{method: "GET",
		    path: ("app/blobs/sha256:" + $d), status: 307, headers:
		    {Location: ("http://" + $h + "/v2/app/blobs/sha256:" + $d)}}'
	done | jq -s . >faults.new
	mv faults.new faults
	: >"$S_LOG"
	run -0 ace-dt mirror gather app.list oci:r:1 -q
	verify_layout r 1
	[ "$(jq -c 'select(.method == "GET")' "$S_LOG" | wc -l)" -ge 5 ]
	[ "$(jq -c 'select(.auth != null)' "$S_LOG" | wc -l)" -eq 0 ]
	while IFS='|' read -r to why; do
		faults "[{\"method\":\"GET\",\"path\":\"app/blobs/\",\"status\":307,\"headers\":{\"Location\":\"$to\"}}]"
		run -1 --separate-stderr ace-dt mirror gather app.list oci:q -q
		echo "$to: $stderr"
		[[ $stderr == *"$why"* ]]
	done <<-EOF
	file:///etc/passwd|points to something that is not a URL
	gopher://127.0.0.1/|points to a gopher: URL, which is not followed
	|the Location is empty or too long
	http://u:p@127.0.0.1/|points to a URL with a user name
	/v2/app/blobs/loop|more than 10 redirects
	EOF
}

@test "Locations of uploads that may not be followed" {
	start_faulty
	for to in 'null' '""' '"ftp://127.0.0.1/x"' '"http://u@127.0.0.1/x"' \
	    '"http://127.0.0.1 /x"'; do
		faults "[{\"method\":\"POST\",\"set\":{\"Location\":$to}}]"
		run -1 --separate-stderr ace-dt mirror gather \
		    "$FILES/app.list" "$R_HOST/l:1" -q
		[[ $stderr == *Location* || $stderr == *"points to"* ]]
	done
}

@test "an upload that goes on at another port goes there without the password" {
	start_faulty --auth basic --user ann:pw
	account_for "$R_HOST"
	echo '[]' >second.faults
	start_regd S --faults "$PWD/second.faults" --trusting
	faults "[{\"method\":\"POST\",\"status\":202,\"set\":{\"Location\":\"http://$S_HOST/v2/l/blobs/uploads/1\"}}]"
	run -1 ace-dt mirror gather "$FILES/app.list" "$R_HOST/l:1" -q
	[ "$(jq -c 'select(.method == "PUT")' "$S_LOG" | wc -l)" -ge 1 ]
	[ "$(jq -c 'select(.auth != null)' "$S_LOG" | wc -l)" -eq 0 ]
	[ "$(jq -c 'select(.auth != null)' "$R_LOG" | wc -l)" -ge 1 ]
}

@test "-r by the referrers API" {
	start_faulty --referrers
	new_layout refs
	make_app refs app
	printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"a/sig","config":%s,"layers":[],"subject":%s}' \
	    "$OCI_MANIFEST" "$(printf '{}' |
	    put_manifest refs application/vnd.oci.empty.v1+json)" \
	    "$(jq -c '.manifests[0] | del(.annotations)' refs/index.json)" |
	    put_manifest refs "$OCI_MANIFEST" >sig
	tag_layout refs sig <sig
	echo oci:refs:app >list
	run -0 ace-dt mirror gather list "$R_HOST/refs:1" -q -r
	# The registry said that it knows the subject: no tag is made.
	[ "$(logged '.path | test("manifests/sha256-")')" -eq 0 ]
	echo "$R_HOST/refs:1" >list
	run -0 ace-dt mirror gather list oci:back:1 -q -r
	layout_blob back "$(jq -r .digest sig)" >/dev/null
	[ "$(logged '.path | test("/referrers/")')" -ge 3 ]
	# Pages that lead elsewhere are not followed.
	faults '[{"path":"/referrers/","set":{"Link":"<http://127.0.0.1:1/x>; rel=\"next\""}}]'
	run -1 --separate-stderr ace-dt mirror gather list oci:x -q -r
	[[ $stderr == *"another host"* ]]
}

@test "https: an unknown authority is refused, insecureSkipVerify accepts it" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert \
	    -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
	    2>/dev/null
	cat cert key >pem
	echo '[]' >faults
	start_regd R --tls "$PWD/pem" --faults "$PWD/faults"
	unset ACE_DT_CONFIG
	run -1 --separate-stderr ace-dt mirror gather "$FILES/app.list" \
	    "$R_HOST/tls:1" -q
	[[ $stderr == *"the certificate of \"CN=127.0.0.1\", issued by"*"certs.d/$R_HOST/ca.crt"* ]]
	cat >ace-dt-config.yaml <<-EOF
	registryConfig:
	  endpointConfig:
	    "https://$R_HOST": {tls: {insecureSkipVerify: true}}
	EOF
	run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/tls:1" -q
	SSL_CERT_FILE=$PWD/cert run -0 ace-dt mirror gather \
	    "$FILES/app.list" "$R_HOST/tls:1" -q
}

@test "plain http where https is spoken: the configuration is named" {
	start_faulty
	unset ACE_DT_CONFIG
	run -1 --separate-stderr ace-dt mirror gather "$FILES/app.list" \
	    "$R_HOST/x:1" -q
	[[ $stderr == *"if $R_HOST speaks plain http, name http://$R_HOST as its endpoint"* ]]
}

# uploads_began: at least one of them.
uploads_began()
{
	[ "$(logged '.method == "POST"')" -gt 0 ]
}

@test "a run that is killed leaves the tag alone, the next one completes it" {
	start_faulty
	run -0 ace-dt mirror gather "$FILES/app.list" "$R_HOST/k:1" -q
	before=$(curl -fsS -H "Accept: $ACCEPT" \
	    "http://$R_HOST/v2/k/manifests/1" | sha256sum)
	cat "$FILES/app.list" "$FILES/big.list" >both
	faults '[{"method":"PUT","path":"k/blobs/uploads","stall":0.5}]'
	for signal in TERM HUP KILL; do
		ace-dt mirror gather both "$R_HOST/k:1" -q 3>&- &
		pid=$!
		until_true uploads_began
		kill -$signal $pid
		refute wait $pid
		[ "$(curl -fsS -H "Accept: $ACCEPT" \
		    "http://$R_HOST/v2/k/manifests/1" | sha256sum)" = "$before" ]
	done
	faults '[]'
	run -0 ace-dt mirror gather both "$R_HOST/k:1" -q
	verify_registry "$R_HOST" k 1
}

@test "a tag that cannot be looked at is not replaced" {
	start_faulty
	new_layout images
	make_image images amd64 one | tag_layout images one
	echo oci:images:one >list
	for status in 403 500; do
		faults '[{"method":"GET","path":"manifests/1","status":'$status'}]'
		: >"$R_LOG"
		run -4 --separate-stderr ace-dt mirror gather list \
		    "$R_HOST/all:1" -q --retries 0
		[[ $stderr == *"what $R_HOST/all:1 names now cannot be seen: "*"(--overwrite publishes without a look)"* ]]
		[ "$(logged '.method == "PUT" and (.path | endswith("/manifests/1"))')" -eq 0 ]
	done
	ace-dt mirror gather list "$R_HOST/all:1" -q --retries 0 --overwrite
	[ "$(logged '.method == "PUT" and (.path | endswith("/manifests/1"))')" -eq 1 ]
}
