# Certificates, TLS, proxies and token services.  After "load helper", for the
# bats files that need them: "load parts".
#
# Servers listen on 127.0.0.1, keep their files below $BATS_FILE_TMPDIR, and
# stop_servers ends them.

# --- Certificates -----------------------------------------------------------

# make_authority DIR: ca.crt and ca.key sign; other-ca.crt signs nothing.
make_authority()
{
	local dir name
	mkdir -p "$1"
	dir=$(realpath "$1")
	for name in ca other-ca; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -days 3650 -subj "/CN=acedt test $name" \
		    -addext keyUsage=critical,keyCertSign,cRLSign \
		    -keyout "$dir/$name.key" -out "$dir/$name.crt" \
		    2>"$dir/openssl.log" ||
		    { cat "$dir/openssl.log" >&2; return 1; }
	done
	: >"$dir/index.txt"
	cat >"$dir/ca.conf" <<-EOF
	[ca]
	default_ca = test
	[test]
	database = $dir/index.txt
	new_certs_dir = $dir
	certificate = $dir/ca.crt
	private_key = $dir/ca.key
	default_md = sha256
	rand_serial = yes
	unique_subject = no
	policy = any
	[any]
	commonName = supplied
	EOF
}

# make_certificate DIR NAME SAN [expired]: NAME.crt and NAME.key of a server, by
# the authority in DIR.  SAN is such as IP:127.0.0.1,DNS:localhost.
make_certificate()
{
	local dates=(-days 3650)
	if [ "${4:-}" = expired ]; then
		dates=(-startdate 20200101000000Z -enddate 20200201000000Z)
	fi
	sign_certificate "$1" "$2" \
	    "extendedKeyUsage=serverAuth,subjectAltName=$3" "${dates[@]}"
}

# make_client_certificate DIR NAME: NAME.crt and NAME.key, by the authority.
make_client_certificate()
{
	sign_certificate "$1" "$2" extendedKeyUsage=clientAuth -days 3650
}

# sign_certificate DIR NAME EXTENSION,… OPTION…: "openssl ca", as nothing else
# lets one choose both dates.
sign_certificate()
{
	local dir=$1 name=$2 extensions=$3
	shift 3
	# The value of subjectAltName has commas of its own, so it is the last.
	{
		echo basicConstraints=CA:FALSE
		echo "${extensions/,subjectAltName/$'\n'subjectAltName}"
	} >"$dir/$name.ext"
	if ! openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$name" -keyout "$dir/$name.key" \
	    -out "$dir/$name.csr" 2>"$dir/openssl.log" ||
	    ! openssl ca -batch -notext -config "$dir/ca.conf" \
	    -extfile "$dir/$name.ext" -in "$dir/$name.csr" \
	    -out "$dir/$name.crt" "$@" 2>>"$dir/openssl.log"; then
		cat "$dir/openssl.log" >&2
		return 1
	fi
}

# --- TLS and proxies --------------------------------------------------------

# start_tls NAME UPSTREAM-PORT CERT KEY [CLIENT-CA]: nginx, which speaks TLS
# for the server at http://127.0.0.1:UPSTREAM-PORT.  With CLIENT-CA it wants a
# certificate of the client.  TLS_VERSIONS: which it speaks.  Sets NAME_HOST and
# NAME_LOG (the access log).
start_tls()
{
	local name=$1 dir port pid try client=
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name.XXXXXX")
	[ -z "${5:-}" ] || client="ssl_verify_client on;
	    ssl_client_certificate $(realpath "$5");"
	for try in 1 2 3 4 5 6 7 8 9; do
		port=$(random_port)
		cat >"$dir/nginx.conf" <<-EOF
		daemon off;
		user root;	# no other may look below $dir
		worker_processes 1;
		pid nginx.pid;
		error_log error.log;
		events { worker_connections 1024; }
		http {
		  access_log access.log;
		  client_body_temp_path tmp;
		  proxy_temp_path tmp;
		  fastcgi_temp_path tmp;
		  uwsgi_temp_path tmp;
		  scgi_temp_path tmp;
		  client_max_body_size 0;
		  proxy_http_version 1.1;
		  proxy_request_buffering off;
		  proxy_buffering off;
		  server {
		    listen 127.0.0.1:$port ssl;
		    ssl_protocols ${TLS_VERSIONS:-TLSv1.2 TLSv1.3};
		    ssl_certificate $(realpath "$3");
		    ssl_certificate_key $(realpath "$4");
		    $client
		    location / {
		      proxy_pass http://127.0.0.1:$2;
		      proxy_set_header Host \$http_host;
		      proxy_set_header X-Forwarded-Proto \$scheme;
		    }
		  }
		}
		EOF
		nginx -p "$dir/" -c nginx.conf -e error.log >"$dir/out" 2>&1 \
		    3>&- </dev/null &
		pid=$!
		# It writes this once it has its port.
		if wait_for_line "$pid" "$dir/nginx.pid" .; then
			keep_server "$name" "$pid" "$port" "$dir/access.log"
			return 0
		fi
		drop_server "$pid"
	done
	echo "nginx does not start (try $try)" >&2
	cat "$dir/out" "$dir/error.log" >&2
	return 1
}

# start_proxy NAME [USER:PASSWORD]: tinyproxy, to any host and any port.  Sets
# NAME_HOST and NAME_LOG (it has "Request … CONNECT host:port" in it).
start_proxy()
{
	local name=$1 dir port pid try
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name.XXXXXX")
	for try in 1 2 3 4 5 6 7 8 9; do
		port=$(random_port)
		: >"$dir/log"
		cat >"$dir/tinyproxy.conf" <<-EOF
		Listen 127.0.0.1
		Port $port
		Allow 127.0.0.1
		LogFile "$dir/log"
		LogLevel Info
		EOF
		if [ -n "${2:-}" ]; then
			echo "BasicAuth ${2%%:*} ${2#*:}" >>"$dir/tinyproxy.conf"
		fi
		tinyproxy -d -c "$dir/tinyproxy.conf" >"$dir/out" 2>&1 \
		    3>&- </dev/null &
		pid=$!
		if wait_for_line "$pid" "$dir/log" 'Accepting connections'; then
			keep_server "$name" "$pid" "$port" "$dir/log"
			return 0
		fi
		drop_server "$pid"
	done
	echo "tinyproxy does not start (try $try)" >&2
	cat "$dir/out" "$dir/log" >&2
	return 1
}

# --- Token services ---------------------------------------------------------

# start_tokend NAME OPTION…: test/tokend.py.  Sets NAME_HOST and NAME_LOG (a
# line of JSON for each request).
start_tokend()
{
	local name=$1 dir pid
	shift
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name.XXXXXX")
	python3 "$TOP/test/tokend.py" --log "$dir/log" --port-file "$dir/port" \
	    "$@" >"$dir/out" 2>&1 3>&- </dev/null &
	pid=$!
	wait_for_line "$pid" "$dir/port" . || {
		cat "$dir/out" >&2
		drop_server "$pid"
		return 1
	}
	keep_server "$name" "$pid" "$(cat "$dir/port")" "$dir/log"
}

# start_token_registry NAME TOKEND-OPTION…: docker-registry, and a token
# service at a port of its own.  Sets NAME_HOST and NAME_LOG as start_registry
# does, NAME_TOKEN_HOST and NAME_TOKEN_LOG as start_tokend does.
start_token_registry()
{
	local name=$1 dir host
	shift
	dir=$(mktemp -d "$BATS_FILE_TMPDIR/$name-key.XXXXXX")
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=tokend \
	    -keyout "$dir/key" -out "$dir/crt" 2>"$dir/openssl.log" ||
	    { cat "$dir/openssl.log" >&2; return 1; }
	start_tokend "${name}_TOKEN" --key "$dir/key" --cert "$dir/crt" "$@" ||
	    return 1
	host=${name}_TOKEN_HOST
	# docker-registry lets these add to its file.
	REGISTRY_AUTH=token \
	    REGISTRY_AUTH_TOKEN_REALM=http://${!host}/token \
	    REGISTRY_AUTH_TOKEN_SERVICE=registry \
	    REGISTRY_AUTH_TOKEN_ISSUER=tokend \
	    REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE=$dir/crt \
	    start_registry "$name"
}

# start_guarded_registry NAME TOKEND-OPTION…: docker-registry behind a tokend
# that is its token service as well, and to which the end of a token is the
# end.  Sets NAME_HOST (of the guard), NAME_BEHIND_HOST (of the registry, open
# to all), NAME_LOG (of the registry: what was let through) and NAME_TOKEN_LOG
# (of tokend: everything).
start_guarded_registry()
{
	local name=$1 value
	shift
	start_registry "${name}_BEHIND" || return 1
	value=${name}_BEHIND_HOST
	start_tokend "$name" --guard "http://${!value}" "$@" || return 1
	value=${name}_LOG
	export "${name}_TOKEN_LOG=${!value}"
	value=${name}_BEHIND_LOG
	export "${name}_LOG=${!value}"
}
