# The files of examples/: what can run here runs, the form of the rest is looked at.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	for tag in a b c d e; do
		make_app images "$tag" amd64
		echo "oci:$PWD/images:$tag,name=$tag"
	done >images.list
	sed -i '2i # A comment is not a source.' images.list
	export FILES=$PWD EXAMPLES=$TOP/examples
}

setup()
{
	own_folder
	export ACE_DT_CACHE_PATH=$PWD/cache
	cp "$FILES/images.list" .
}

teardown()
{
	if [ -f slurm/pids ]; then
		while read -r pid; do
			kill "$pid" 2>/dev/null || true
			until_true gone "$pid"
		done <slurm/pids
	fi
}

gone()
{
	[ ! -e "/proc/$1" ]
}

one_run()
{
	ace-dt mirror gather images.list oci:one:v1 | grep -o 'sha256:.*'
}

@test "part-of-list.sh: every source is in one part, and comments are in none" {
	for i in 0 1 2; do
		"$EXAMPLES/part-of-list.sh" images.list $i 3 >part.$i
		[ "$(wc -l <part.$i)" -ge 1 ]
	done
	diff <(sort part.?) <(grep -v '^#' images.list | sort)
	run -2 "$EXAMPLES/part-of-list.sh" images.list
}

@test "over-nodes.sh: the index is that of one run, and a part that fails stops it" {
	printf '1/:\n2/:\n' >nodes
	run -0 --separate-stderr "$EXAMPLES/over-nodes.sh" images.list oci:all:v1 nodes
	[ "$output" = "oci:all:v1@$(one_run)" ]
	compgen -G 'parts.*' && return 1
	echo "oci:$FILES/images:nosuch" >>images.list
	run --separate-stderr "$EXAMPLES/over-nodes.sh" images.list oci:bad:v1 nodes
	[ "$status" -ne 0 ]
	[ -z "$(layout_digest bad v1)" ]
	# A file of machines that is empty is not a gather of nothing.
	: >none
	run -2 --separate-stderr "$EXAMPLES/over-nodes.sh" images.list oci:none:v1 none
	[ "$stderr" = "none names no machine" ]
}

# slurm_conf PORT: for one node, which is this machine.
slurm_conf()
{
	local host
	host=$(hostname -s)
	cat <<-EOF
	ClusterName=test
	SlurmctldHost=$host(127.0.0.1)
	SlurmctldPort=$1
	SlurmdPort=$(($1 + 1))
	AuthType=auth/none
	CredType=cred/none
	SlurmUser=$(id -un)
	SlurmdUser=$(id -un)
	StateSaveLocation=$PWD/slurm/state
	SlurmdSpoolDir=$PWD/slurm/spool
	SlurmctldPidFile=$PWD/slurm/slurmctld.pid
	SlurmdPidFile=$PWD/slurm/slurmd.pid
	ProctrackType=proctrack/linuxproc
	TaskPlugin=task/none
	SwitchType=switch/none
	MpiDefault=none
	JobAcctGatherType=jobacct_gather/none
	AccountingStorageType=accounting_storage/none
	SelectType=select/cons_tres
	SelectTypeParameters=CR_Core
	ReturnToService=2
	NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
	PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:4
	EOF
}

# A Slurm of one node, for the test that calls this.  Both of its ports may be
# taken; then another pair is tried.
start_slurm()
{
	local port control node try
	export SLURM_CONF=$PWD/slurm/slurm.conf
	for try in 1 2 3 4 5 6 7 8 9; do
		rm -rf slurm
		mkdir -p slurm/state slurm/spool
		port=$(random_port)
		slurm_conf "$port" >"$SLURM_CONF"
		slurmctld -D >slurm/slurmctld.log 2>&1 3>&- &
		control=$!
		slurmd -D -N "$(hostname -s)" >slurm/slurmd.log 2>&1 3>&- &
		node=$!
		printf '%s\n' "$control" "$node" >slurm/pids
		if until_true listens_or_ended "$control" "$port" &&
		    owns_port "$control" "$port" &&
		    until_true listens_or_ended "$node" $((port + 1)) &&
		    owns_port "$node" $((port + 1)); then
			until_true node_is_idle
			return
		fi
		drop_server "$node"
		drop_server "$control"
	done
	return 1
}

listens_or_ended()
{
	owns_port "$1" "$2" || ! kill -0 "$1" 2>/dev/null
}

node_is_idle()
{
	[ "$(sinfo -h -o %t 2>/dev/null)" = idle ]
}

job_is_over()
{
	[[ $(scontrol -o show job "$1") != *JobState=@(PENDING|RUNNING|COMPLETING)* ]]
}

@test "the Slurm array gives the index of one run" {
	[ "$(id -u)" -eq 0 ] || skip "slurmd needs root"
	start_slurm
	export LIST=images.list IMAGE=oci:all:v1
	job=$(sbatch --parsable --array=0-2 "$EXAMPLES/slurm-gather.sh")
	last=$(sbatch --parsable --dependency="afterok:$job" --output=published \
	    "$EXAMPLES/slurm-publish.sh")
	until_true job_is_over "$last" || { cat slurm-* slurm/*.log; return 1; }
	[ "$(cat published)" = "oci:all:v1@$(one_run)" ]
	# A part that is missing.
	rm gather.1.stream
	run -3 --separate-stderr "$EXAMPLES/slurm-publish.sh"
	[[ $stderr == *"--images says 5; nothing was published"* ]]
}

@test "the files for CI services and Kubernetes have their form" {
	python3 - "$EXAMPLES" <<-'EOF'
	import sys, yaml
	folder = sys.argv[1]
	read = lambda name: list(yaml.safe_load_all(open(f'{folder}/{name}')))

	gather, publish = read('kubernetes-gather.yaml')
	for job in gather, publish:
	    assert (job['apiVersion'], job['kind']) == ('batch/v1', 'Job')
	    pod = job['spec']['template']['spec']
	    container, = pod['containers']
	    assert pod['restartPolicy'] == 'OnFailure'
	    mounts = {m['name'] for m in container['volumeMounts']}
	    assert mounts == {v['name'] for v in pod['volumes']}
	    env = {e['name']: e['value'] for e in container['env']}
	    assert env['PARTS'] == str(gather['spec']['completions'])
	    assert container['command'][:3] == ['bash', '-euo', 'pipefail']
	assert gather['spec']['completionMode'] == 'Indexed'
	assert gather['spec']['parallelism'] == gather['spec']['completions']

	gitlab, = read('gitlab-ci.yml')
	assert all(isinstance(line, str) for line in gitlab['gather']['script'])
	github, = read('github-workflow.yml')
	steps = github['jobs']['gather']['steps']
	assert all(('uses' in s) != ('run' in s) for s in steps)
	EOF
}

@test "the scripts inside the Kubernetes jobs give the index of one run" {
	python3 - "$EXAMPLES/kubernetes-gather.yaml" <<-'EOF'
	import sys, yaml
	for job in yaml.safe_load_all(open(sys.argv[1])):
	    container, = job['spec']['template']['spec']['containers']
	    with open(job['metadata']['name'], 'w') as script:
	        script.write(container['command'][4])
	EOF
	export PATH=$EXAMPLES:$PATH IMAGE=oci:all:v1 PARTS=4
	for i in 0 1 2 3; do
		JOB_COMPLETION_INDEX=$i bash -euo pipefail gather
	done
	run -0 --separate-stderr bash -euo pipefail publish
	[ "$output" = "oci:all:v1@$(one_run)" ]
	compgen -G 'gather.*.stream' && return 1
	true
}

@test "systemd takes the units" {
	command -v systemd-analyze >/dev/null || skip "systemd is not here"
	mkdir units
	cp "$EXAMPLES"/ace-dt-gather.* units
	sed -i "s|^ExecStart=ace-dt|ExecStart=$(command -v ace-dt)|" units/*.service
	run -0 systemd-analyze verify --man=no units/ace-dt-gather.timer \
	    units/ace-dt-gather.service
	[[ $output != *ace-dt-gather* ]]
}
