# Lists that cannot be read, or not as they are.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images a amd64
	export FILES=$PWD
}

@test "a list that is not there, a directory, no list at all" {
	for list in nowhere .; do
		run -2 --separate-stderr ace-dt mirror gather $list oci:x
		[[ $stderr == "ace-dt: nowhere: No such file or directory" ||
		    $stderr == "acedt-resolve: .: is a directory (name a file "* ]]
		[ -z "$output" ]
	done
	touch locked
	chmod 0 locked
	if [ "$(id -u)" -ne 0 ]; then
		run -2 ace-dt mirror gather locked oci:x
	fi
	[ ! -e x/oci-layout ] || [ "$(jq '.manifests | length' \
	    x/index.json)" -eq 0 ]
}

@test "CRLF, BOM, blanks, comments, quotes are read as they are meant" {
	{
		printf '\357\273\277# comment\r\n'
		printf '  oci:%s/images:a , k=v ,\tl=w\r\n' "$FILES"
		printf '\r\n   \r\n  # another\r\n'
		printf '"oci:%s/images:a","m=""n"\r' "$FILES" | sed 's/""//'
	} >list
	acedt-resolve list | jq -sc '[.[1:-1][] | [.line, .source, .labels]]' \
	    >got
	s=oci:$FILES/images:a
	[ "$(cat got)" = "[[2,\"$s\",{\"k\":\"v\",\"l\":\"w\"}],[6,\"$s\",{\"m\":\"n\"}]]" ]
}

# refused LINE PATTERN: status 2, the place named, nothing on stdout.
refused()
{
	printf '# first\noci:images:a\n' >list
	printf "$1" >>list
	run -2 --separate-stderr acedt-resolve list
	[ -z "$output" ]
	[[ $stderr == *"list:3"*$2*"nothing was done"* ]] || {
		echo "$stderr"
		return 1
	}
}

@test "wrong lines are named with file and line" {
	refused 'ubuntu\n' 'did you mean docker.io/library/ubuntu'
	refused 'r.example.com/UPPER:1\n' 'must be lower case'
	refused 'r.example.com/a:-tag\n' tag
	refused 'r.example.com/a@sha256:12\n' 'exactly 64 lower-case'
	refused 'r.example.com/a@\n' digest
	refused 'r.example.com/a b:1\n' 'a blank, U+0020'
	refused 'oci:\n' 'the directory is missing'
	refused 'r.example.com/a:1,nolabel\n' label
	refused 'r.example.com/a:1,\n' label
	refused 'r.example.com/a:1,k=v=w\n' label
	refused 'r.example.com/a:1,-k=v\n' label
	refused 'r.example.com/a:1,k=a/b\n' label
	refused '"r.example.com/a:1\n' 'this quote is not closed'
	refused 'r.example.com/"a":1\n' 'quote in a field'
	refused 'r.example.com/a\000b:1\n' NUL
}

@test "all wrong lines are named in one run" {
	printf 'ubuntu\nr.example.com/A:1\nr.example.com/a:1,x\n' >list
	run -2 acedt-resolve list
	[[ $output == *"list:1"*"list:2"*"list:3"*"3 sources cannot be read"* ]]
}

@test "a line over the limit, and what was escaped for the terminal" {
	{ head -c 70000 /dev/zero | tr '\0' a; echo; } >list
	run -2 acedt-resolve list
	[[ $output == *"list:1"* ]]
	[ "${#output}" -lt 2000 ]
	printf 'r.example.com/\033[31mred:1\n' >list
	run -2 acedt-resolve list
	[[ $output != *$'\033'* ]]
}

@test "layouts: no such directory, no such tag, the only image, a FIFO" {
	cp -r "$FILES/images" one
	echo oci:one >list
	run -0 acedt-resolve list
	echo oci:none:a >list
	run -1 --separate-stderr acedt-resolve list
	[[ $output == *'"class":"not-found"'* ]]
	echo oci:one:b >list
	run -1 acedt-resolve list
	[[ $output == *"no tag b; it has a"* ]]
	d=$(layout_digest one a)
	rm "one/blobs/sha256/${d#*:}"
	mkfifo "one/blobs/sha256/${d#*:}"
	echo oci:one >list
	acedt-resolve list >s
	run -1 acedt-fetch <s
	[[ $output == *"not a regular file"* ]]
}
