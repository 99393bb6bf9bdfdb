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
