# Proxies, as curl reads the variables, and none for this machine unasked.

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
	start_tls SAFE "${PLAIN_HOST#*:}" pki/server.crt pki/server.key
	start_proxy OPEN
	start_proxy LOCKED ann:s3cret-pw
	config_plain_http "$PLAIN_HOST"
	export FILES=$PWD SSL_CERT_FILE=$PWD/pki/ca.crt
}

teardown_file()
{
	stop_servers
}

setup()
{
	own_folder
	: >"$OPEN_LOG"
	: >"$LOCKED_LOG"
	export ACE_DT_PROXY_LOOPBACK=1
	echo "$PLAIN_HOST/app:1" >list
	echo "$SAFE_HOST/app:1" >safe
}

through()
{
	grep -cE "Request .*$2" "$1" || true
}

@test "http_proxy, https_proxy, all_proxy: requests go there" {
	http_proxy=http://$OPEN_HOST run -0 ace-dt mirror gather list \
	    oci:out:1 -q
	[ "$(through "$OPEN_LOG" "GET http://$PLAIN_HOST/v2/app/")" -gt 0 ]
	for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
		: >"$OPEN_LOG"
		run -0 env "$name=http://$OPEN_HOST" ace-dt mirror gather safe \
		    "$SAFE_HOST/$(echo $name | tr A-Z a-z):1" -q
		[ "$(through "$OPEN_LOG" "CONNECT $SAFE_HOST")" -gt 0 ]
	done
	# As curl has it, and for the same reason: servers set HTTP_PROXY.
	: >"$OPEN_LOG"
	HTTP_PROXY=http://$OPEN_HOST run -0 acedt-resolve list
	[ "$(through "$OPEN_LOG" .)" -eq 0 ]
}

@test "no_proxy, and this machine" {
	export http_proxy=http://$OPEN_HOST
	NO_PROXY=127.0.0.1 run -0 acedt-resolve list
	no_proxy='example.com,127.0.0.0/8' run -0 acedt-resolve list
	no_proxy='*' run -0 acedt-resolve list
	env -u ACE_DT_PROXY_LOOPBACK acedt-resolve list
	[ "$(through "$OPEN_LOG" .)" -eq 0 ]
	no_proxy=example.com run -0 acedt-resolve list
	[ "$(through "$OPEN_LOG" .)" -gt 0 ]
}

@test "a password in the URL of the proxy, and what is said without it" {
	http_proxy=http://ann:s3cret-pw@$LOCKED_HOST run -0 --separate-stderr \
	    ace-dt mirror gather list oci:out:1 --debug events -v debug
	[[ $stderr != *s3cret-pw* ]]
	refute grep -F s3cret-pw events
	https_proxy=http://ann:s3cret-pw@$LOCKED_HOST run -0 ace-dt mirror \
	    gather safe oci:out:2 -q
	http_proxy=http://$LOCKED_HOST run -1 acedt-resolve list
	[[ $output == *"HTTP 407"*"it is the proxy that wants credentials"* ]]
	https_proxy=http://ann:wr0ng@$LOCKED_HOST run -1 acedt-resolve safe
	[[ $output == *"the proxy wants credentials, or others: HTTP 40"* ]]
	[[ $output != *wr0ng* ]]
}

@test "a proxy that is not there" {
	https_proxy=http://ann:s3cret-pw@127.0.0.1:1 run -1 acedt-resolve safe
	[[ $output == *'"class":"network"'* ]]
	[[ $output != *s3cret-pw* ]]
}

# start_front NAME UPSTREAM-PORT: test/tlsfront.py with the certificate "server".
start_front()
{
	local name=$1 dir pid
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name.XXXXXX")
	python3 "$TOP/test/tlsfront.py" --log "$dir/log" \
	    --port-file "$dir/port" --upstream "$2" \
	    --cert "$FILES/pki/server.crt" --key "$FILES/pki/server.key" \
	    --clients "$FILES/pki/ca.crt" >"$dir/out" 2>&1 3>&- </dev/null &
	pid=$!
	wait_for_line "$pid" "$dir/port" . || { cat "$dir/out"; return 1; }
	keep_server "$name" "$pid" "$(cat "$dir/port")" "$dir/log"
}

@test "an https proxy: what is for the registry is not for the proxy" {
	make_client_certificate "$FILES/pki" client
	start_front FRONT "${OPEN_HOST#*:}"
	start_front ASKS "${PLAIN_HOST#*:}"
	echo "$ASKS_HOST/app:1" >asks
	dir=$HOME/.docker/certs.d/$ASKS_HOST
	mkdir -p "$dir"
	cp "$FILES/pki/client.crt" "$dir/client.cert"
	cp "$FILES/pki/client.key" "$dir/client.key"
	export https_proxy=https://$FRONT_HOST
	# The registry is shown the certificate, the proxy is not.
	run -0 acedt-resolve asks
	[ "$(sort -u "$ASKS_LOG")" = client ]
	[ "$(sort -u "$FRONT_LOG")" = none ]
	[ "$(through "$OPEN_LOG" "CONNECT $ASKS_HOST")" -gt 0 ]
	# The registry's authority vouches for the registry only.
	cp "$FILES/pki/ca.crt" "$dir/ca.crt"
	: >"$FRONT_LOG"
	: >"$ASKS_LOG"
	SSL_CERT_FILE=$FILES/pki/other-ca.crt run -1 acedt-resolve asks
	[[ $output == *'"class":"tls"'*"SSL certificate problem"*"(of the proxy; add its authority to those of the system"* ]]
	[ "$(sort -u "$FRONT_LOG")" = refused ]
	[ ! -s "$ASKS_LOG" ]
	# Nor does a registry that is not verified mean a proxy that is not.
	cat >skip.yaml <<-EOF
	registryConfig:
	  endpointConfig:
	    "https://$ASKS_HOST": {tls: {insecureSkipVerify: true}}
	EOF
	ACE_DT_CONFIG=skip.yaml SSL_CERT_FILE=$FILES/pki/other-ca.crt \
	    run -1 acedt-resolve asks
	[ "$(sort -u "$FRONT_LOG")" = refused ]
	# Directly it is good enough.
	unset https_proxy
	SSL_CERT_FILE=$FILES/pki/other-ca.crt run -0 acedt-resolve asks
}
