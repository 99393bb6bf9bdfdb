# Certificates: whom to trust, what to show, and what is said when it fails.

load helper
load parts

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images a amd64 arm64
	start_registry PLAIN
	push_layout "$PWD/images" a "$PLAIN_HOST" app:1
	make_authority pki
	make_certificate pki server IP:127.0.0.1,DNS:localhost
	make_certificate pki old IP:127.0.0.1 expired
	make_certificate pki other DNS:other.example
	make_client_certificate pki client
	port=${PLAIN_HOST#*:}
	start_tls GOOD "$port" pki/server.crt pki/server.key
	start_tls OLD "$port" pki/old.crt pki/old.key
	start_tls OTHER "$port" pki/other.crt pki/other.key
	start_tls ASKS "$port" pki/server.crt pki/server.key pki/ca.crt
	export FILES=$PWD PKI=$PWD/pki
}

teardown_file()
{
	stop_servers
}

# certs_d PARENT HOST: the folder for the host's certificates, made.
certs_d()
{
	mkdir -p "$HOME/$1/certs.d/$2"
	echo "$HOME/$1/certs.d/$2"
}

gather()
{
	echo "$1/app:1" >list
	run --separate-stderr ace-dt mirror gather list oci:out:1 -q
}

@test "authorities: docker's, podman's, containerd's and the Go program's places" {
	gather "$GOOD_HOST"
	[ "$status" -eq 1 ]
	for place in .config/containers .config/docker .docker; do
		dir=$(certs_d "$place" "$GOOD_HOST")
		cp "$PKI/ca.crt" "$dir/mine.crt"
		gather "$GOOD_HOST"
		[ "$status" -eq 0 ] || { echo "$place: $stderr"; false; }
		mv "$dir/mine.crt" "$dir/ca.pem"
		gather "$GOOD_HOST"
		[ "$status" -eq 0 ]
		rm -r "$dir"
	done
	for name in "$GOOD_HOST" "${GOOD_HOST/:/_}_" _default; do
		dir=$(certs_d .config/containerd "$name")
		echo "server = \"https://$GOOD_HOST\"  # itself" >"$dir/hosts.toml"
		echo "ca = \"$PKI/ca.crt\"" >>"$dir/hosts.toml"
		gather "$GOOD_HOST"
		[ "$status" -eq 0 ] || { echo "$name: $stderr"; false; }
		rm -r "$dir"
	done
	SSL_CERT_FILE=$PKI/ca.crt gather "$GOOD_HOST"
	[ "$status" -eq 0 ]
	# The port must be there exactly as it is used.
	cp "$PKI/ca.crt" "$(certs_d .docker "${GOOD_HOST%:*}")/mine.crt"
	gather "$GOOD_HOST"
	[ "$status" -eq 1 ]
}

@test "what is wrong with a certificate is said, and which one it is" {
	gather "$GOOD_HOST"
	[[ $stderr == *"unable to get local issuer certificate"*"the certificate of \"CN=server\", issued by \"CN=acedt test ca\""*"certs.d/$GOOD_HOST/ca.crt"* ]]
	export SSL_CERT_FILE=$PKI/ca.crt
	gather "$OLD_HOST"
	[[ $stderr == *"certificate has expired"*'"CN=old"'*"to 2020-02-01 00:00 UTC"* ]]
	gather "$OTHER_HOST"
	[[ $stderr == *"127.0.0.1"*'"CN=other"'* ]]
	SSL_CERT_FILE=$PKI/other-ca.crt gather "$GOOD_HOST"
	[ "$status" -eq 1 ]
	[[ $stderr == *"acedt-resolve"* ]]
}

@test "an authority of one host is not believed for another one of the run" {
	# The certificate is for both names of the server.
	port=${GOOD_HOST#*:}
	cp "$PKI/ca.crt" "$(certs_d .docker "$GOOD_HOST")/mine.crt"
	for order in "127.0.0.1 localhost" "localhost 127.0.0.1"; do
		for name in $order; do
			echo "$name:$port/app:1"
		done >list
		run -1 --separate-stderr acedt-resolve list
		[[ $stderr == *"1 of 2 images failed"* ]]
		[ "$(jq -r 'select(.error) | .source' <<<"$output")" = \
		    "localhost:$port/app:1" ]
		[[ $output == *"unable to get local issuer certificate"* ]]
	done
}

@test "insecureSkipVerify is for one host, also in hosts.toml" {
	cat >c.yaml <<-EOF
	registryConfig: {endpointConfig: {"https://$OLD_HOST": {tls: {insecureSkipVerify: true}}}}
	EOF
	export ACE_DT_CONFIG=$PWD/c.yaml
	gather "$OLD_HOST"
	[ "$status" -eq 0 ]
	gather "$OTHER_HOST"
	[ "$status" -eq 1 ]
	dir=$(certs_d .config/containerd "$OTHER_HOST")
	printf '[host."https://%s"]\n  skip_verify = true\n' "$OTHER_HOST" \
	    >"$dir/hosts.toml"
	gather "$OTHER_HOST"
	[ "$status" -eq 0 ]
	gather "$GOOD_HOST"
	[ "$status" -eq 1 ]
}

@test "a certificate to show: every layout of files" {
	export SSL_CERT_FILE=$PKI/ca.crt
	gather "$ASKS_HOST"
	[ "$status" -eq 1 ]
	[[ $stderr == *"No required SSL certificate was sent"* ]]
	dir=$(certs_d .docker "$ASKS_HOST")
	cp "$PKI/client.crt" "$dir/x.cert"
	cp "$PKI/client.key" "$dir/x.key"
	gather "$ASKS_HOST"
	[ "$status" -eq 0 ]
	mv "$dir/x.cert" "$dir/cert.pem"
	mv "$dir/x.key" "$dir/key.pem"
	gather "$ASKS_HOST"
	[ "$status" -eq 0 ]
	rm -r "$dir"
	dir=$(certs_d .config/containerd "$ASKS_HOST")
	cat "$PKI/client.crt" "$PKI/client.key" >"$dir/both.pem"
	for client in "[[\"$PKI/client.crt\", \"$PKI/client.key\"]]" \
	    '"both.pem"' '["both.pem"]'; do
		printf '[host."https://%s"]\nclient = %s\n' "$ASKS_HOST" \
		    "$client" >"$dir/hosts.toml"
		gather "$ASKS_HOST"
		[ "$status" -eq 0 ] || { echo "$client: $stderr"; false; }
	done
	# Pushing too.
	printf 'oci:%s/images:a\n' "$FILES" >local
	run -0 ace-dt mirror gather local "$ASKS_HOST/pushed:1" -q
	# It is shown to nobody else.
	rm "$dir/hosts.toml"
	gather "$ASKS_HOST"
	[ "$status" -eq 1 ]
}

@test "either version of TLS; in 1.3 a refusal comes after the handshake" {
	export SSL_CERT_FILE=$PKI/ca.crt
	for version in TLSv1.2 TLSv1.3; do
		TLS_VERSIONS=$version start_tls ONE "${PLAIN_HOST#*:}" \
		    "$PKI/server.crt" "$PKI/server.key"
		rm -rf out
		gather "$ONE_HOST"
		[ "$status" -eq 0 ]
	done
	cat "$PKI/server.crt" "$PKI/server.key" >pair
	start_regd R --tls pair --tls-clients "$PKI/ca.crt"
	gather "$R_HOST"
	[ "$status" -eq 1 ]
	[[ $stderr == *"may want a certificate to be shown"* ]]
	dir=$(certs_d .docker "$R_HOST")
	cp "$PKI/client.crt" "$dir/x.cert"
	cp "$PKI/client.key" "$dir/x.key"
	gather "$R_HOST"
	[[ $stderr == *"HTTP 404"* ]]
}

@test "files that cannot be used are named" {
	export SSL_CERT_FILE=$PKI/ca.crt
	dir=$(certs_d .docker "$GOOD_HOST")
	check() {
		gather "$GOOD_HOST"
		[ "$status" -eq 1 ]
		[[ $stderr == *"$1"* ]] || { echo "$stderr"; return 1; }
		rm -f "$dir"/*
	}
	cp "$PKI/client.crt" "$dir/x.cert"
	check "x.cert: x.key is missing beside it"
	cp "$PKI/client.key" "$dir/x.key"
	check "x.key: x.cert is missing beside it"
	echo rubbish >"$dir/x.crt"
	check "x.crt: the file has no certificate"
	cp "$PKI/client.crt" "$dir/x.cert"
	cp "$PKI/server.key" "$dir/x.key"
	check "x.key is not the key of "
	cp "$PKI/client.crt" "$dir/x.cert"
	openssl ec -aes128 -passout pass:s3cret-pw -in "$PKI/client.key" \
	    -out "$dir/x.key" 2>/dev/null
	check "x.key: the key is encrypted"
	echo 'ca = "gone.crt' >"$dir/hosts.toml"
	check "hosts.toml:1: a string without its end"
	printf '\nca = "gone.crt"\n' >"$dir/hosts.toml"
	check "/gone.crt"
}

@test "a mirror's certificates stand below the registry's name" {
	cat >c.yaml <<-EOF
	registryConfig: {registries: {reg.invalid: {endpoints: ["https://$GOOD_HOST"]}}}
	EOF
	export ACE_DT_CONFIG=$PWD/c.yaml
	dir=$(certs_d .config/containerd reg.invalid)
	cat >"$dir/hosts.toml" <<-EOF
	server = "https://reg.invalid"

	[host."https://$GOOD_HOST"]
	  capabilities = ["pull", "resolve"]
	  ca = [
	    "$PKI/ca.crt",	# the test's own
	  ]
	EOF
	gather reg.invalid
	[ "$status" -eq 0 ]
	sed -i "s/$GOOD_HOST/elsewhere:1/" "$dir/hosts.toml"
	gather reg.invalid
	[ "$status" -eq 1 ]
}

@test "TLS 1.1 is refused, whatever OpenSSL is configured to allow" {
	cat "$PKI/server.crt" "$PKI/server.key" >server.pem
	start_regd OLDEST --tls server.pem --tls-old
	cat >openssl.cnf <<-EOF
	openssl_conf = all
	[all]
	ssl_conf = ssl
	[ssl]
	system_default = old
	[old]
	MinProtocol = TLSv1
	CipherString = DEFAULT:@SECLEVEL=0
	EOF
	export OPENSSL_CONF=$PWD/openssl.cnf SSL_CERT_FILE=$PKI/ca.crt
	# It would be possible.
	curl -fsS --cacert "$PKI/ca.crt" --tlsv1.0 "https://$OLDEST_HOST/v2/"
	gather "$OLDEST_HOST"
	[ "$status" -eq 1 ]
	[[ $stderr == *"protocol version"* || $stderr == *"unsupported protocol"* ]]
	[ "$(wc -l <"$OLDEST_LOG")" -eq 1 ]
}

@test "attack: from https to http, by realm, redirect and upload" {
	export SSL_CERT_FILE=$PKI/ca.crt
	echo '[]' >faults
	start_regd THIEF --faults "$PWD/faults" --auth basic --user a:b
	for case in "realm" "redirect" "location"; do
		rm -f faults
		case $case in
		realm)
			jq -n --arg l "http://$THIEF_HOST/token" '[{status: 401,
			    headers: {"WWW-Authenticate":
			    "Bearer realm=\"\($l)\",service=\"s\""}}]' >faults
			;;
		redirect)
			jq -n --arg l "http://$THIEF_HOST/x" '[{method: "HEAD",
			    status: 307, headers: {Location: $l}}]' >faults
			;;
		location)
			jq -n --arg l "http://$THIEF_HOST/x" '[{method: "POST",
			    status: 202, headers: {Location: $l}}]' >faults
			;;
		esac
		start_regd VICTIM --faults "$PWD/faults" \
		    $([ $case = realm ] || echo --auth basic --user ann:s3cret-pw)
		start_tls FRONT "${VICTIM_HOST#*:}" "$PKI/server.crt" \
		    "$PKI/server.key"
		mkdir -p docker
		jq -n --arg h "$FRONT_HOST" --arg t "$THIEF_HOST" \
		    --arg a "$(printf ann:s3cret-pw | base64)" \
		    '{auths: {($h): {auth: $a}}}' >docker/config.json
		printf 'oci:%s/images:a\n' "$FILES" >local
		to=$FRONT_HOST/x:1
		if [ $case = redirect ]; then
			echo "$FRONT_HOST/x:1" >local
			to=oci:out:1
		fi
		DOCKER_CONFIG=$PWD/docker run -1 --separate-stderr \
		    ace-dt mirror gather local "$to" -q
		[[ $stderr == *"from https to http"* ]]
		[ ! -s "$THIEF_LOG" ] || { cat "$THIEF_LOG"; false; }
	done
}
