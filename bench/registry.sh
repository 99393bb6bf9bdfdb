# shellcheck shell=bash disable=SC2034,SC2154
# (variables come from bench/run.sh, and go there)
#
# Registries for bench/run.sh, and the line to them; sourced.

# Debian's docker-registry on a free port: sets NAME_host and NAME_log.
start_registry()
{
	local name=$1 port try pid
	for try in 1 2 3 4 5 6 7 8; do
		port=$((20000 + RANDOM % 20000))
		cat >"$work/$name.yml" <<-EOF
		version: 0.1
		log: {level: error, accesslog: {disabled: false}}
		storage:
		  filesystem: {rootdirectory: $work/$name}
		http: {addr: "127.0.0.1:$port"}
		EOF
		setpriv --pdeathsig TERM docker-registry serve \
		    "$work/$name.yml" >"$work/$name.log" 2>&1 &
		pid=$!
		for _ in $(seq 100); do
			if curl -fs -m 5 "http://127.0.0.1:$port/v2/" \
			    >/dev/null && kill -0 "$pid" 2>/dev/null; then
				eval "${name}_host=127.0.0.1:$port"
				eval "${name}_log=$work/$name.log"
				return
			fi
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
	done
	echo "bench: docker-registry does not start (try $try)" >&2
	exit 1
}

# The same two at the end of a long line: sets src_far and dst_far.
start_relay()
{
	local hosts=()
	: >"$work/relay"
	relay --delay "$round_trip" "0:${src_host#*:}" "0:${dst_host#*:}" \
	    >"$work/relay" &
	for _ in $(seq 50); do
		mapfile -t hosts <"$work/relay"
		[ ${#hosts[@]} -lt 2 ] || break
		sleep 0.1
	done
	src_far=${hosts[0]?relay does not start} dst_far=${hosts[1]}
}
