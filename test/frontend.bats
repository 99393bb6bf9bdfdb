# The command line of ace-dt.

load helper

setup()
{
	own_folder
	new_layout images
	make_app images 1
	make_app images 2 amd64 arm64 arm/v7
	make_image images amd64 single | tag_layout images 3
	printf '%s\n' '# what is needed' oci:images:1,team=a oci:images:2 \
	    oci:images:3 >list
}

# The pipeline for options of "mirror gather".
shown()
{
	ace-dt mirror gather --print "$@" list oci:out:1
}

# same OPTIONS… -- OPTIONS…: two spellings of the same thing.
same()
{
	local a=()
	while [ "$1" != -- ]; do
		a+=("$1")
		shift
	done
	shift
	diff <(shown "${a[@]}") <(shown "$@")
}

@test "all spellings of -a" {
	shown -a k=v | grep -- " --annotations=k=v "
	same -a k=v -- --annotations=k=v
	same -a k=v -- --annotations k=v
	same -a k=v -- -ak=v
	same -a k=v -- -a=k=v
	same -a k=v,l=w -- --annotations=k=v,l=w
	[ "$(shown -a k=v -a l=w | grep -o -- --annotations | wc -l)" -eq 2 ]
}

@test "all spellings of -p" {
	shown -p linux/arm64 | grep -- "acedt-filter --platforms=linux/arm64"
	same -p linux/arm64 -- --platforms=linux/arm64
	same -p linux/arm64 -- --platforms linux/arm64
	same -p linux/arm64 -- -plinux/arm64
	same -p linux/arm64 -- -p=linux/arm64
	shown -p linux/arm/v8 -p linux/amd64,windows/amd64:10.0.1 |
	    grep -- "--platforms=linux/arm/v8 --platforms=linux/amd64,windows"
	shown -p all
	# Without a platform there is nothing to filter.
	same -p '' --
	[ "$(shown | grep -c acedt-filter)" -eq 0 ]
}

@test "all spellings of -v" {
	shown -v debug | grep -- "acedt-index --verbosity=12 "
	same -v debug -- -vdebug
	same -v debug -- -v=debug
	same -v debug -- -v12
	same -v debug -- -v 12
	same -v debug -- --verbosity=debug
	same -v debug -- --verbosity debug
	same -v debug -- -v info,debug
	same -v -- -v info
	same -v -- --verbosity
	same -vv -- -v debug
	same -v4 --
	same -v=0 -- -v error
	same -v 8 -- -vinfo
	# The list is not taken for a level.
	ace-dt mirror gather --print list oci:out:1 -v
	ace-dt mirror gather --print -v list oci:out:1 |
	    grep "resolve --verbosity=8 list"
}

@test "all spellings of the flags" {
	shown -r | grep -- --recursive
	same -r -- --recursive
	same -r -- --recursive=true
	same -r -- -r=1
	same --recursive=false --
	same -r -r=false --
	shown --index-fallback | grep "acedt-index --index-fallback"
	same --index-fallback -- --index-fallback=t
	same --index-fallback=F --
	same -rqv8 -- -q -r -v info
	same -rqpall -- -r -q -p all
	same -qr -- -rq
	same --quiet --no-term -- -q
	run -2 shown --recursive=maybe
	[[ $output == *'--recursive: "maybe" is neither true nor false'* ]]
}

@test "all spellings of --config, and options after --" {
	shown --config a | grep "acedt-resolve --config=a list"
	same --config a -- --config=a
	shown --config a --config b | grep "acedt-push --config=a --config=b"
	ace-dt mirror gather --print -- list oci:out:1
	ace-dt mirror gather --print oci:in -- -list 2>&1 | cat
	run -0 ace-dt mirror gather --print -- -list oci:out:1
	[[ $output == "acedt-resolve -- -list |"* ]]
}

@test "global options before, between and after the words" {
	diff <(shown -r -v8 --config a) \
	    <(ace-dt -r -v8 --config a mirror gather --print list oci:out:1)
	diff <(shown -r -v8 --config a) <(ace-dt --config=a mirror -v info \
	    gather --print list --recursive oci:out:1)
	diff <(shown -r -v8 --config a) <(ace-dt -v info --verbosity 8 -rv 8 \
	    --config a mirror gather list oci:out:1 --print)
}

@test "a word that sh would not take as it stands is quoted" {
	cp list "the list's"
	run -0 ace-dt mirror gather --print "the list's" oci:out:1 \
	    -a 'k=$(id) *'
	[[ $output == *"acedt-resolve 'the list'\\''s' |"* ]]
	[[ $output == *"'--annotations=k=\$(id) *' oci:out:1" ]]
}

@test "a wrong option or command names the nearest right one" {
	run -2 ace-dt mirror gather list oci:out:1 --platform linux/amd64
	[[ $output == *"unknown option --platform; did you mean --platforms?"* ]]
	[[ $output == *"try 'ace-dt mirror gather --help'"* ]]
	run -2 ace-dt mirror gather list oci:out:1 --anotations=k=v
	[[ $output == *"did you mean --annotations?"* ]]
	run -2 ace-dt mirror gather list oci:out:1 --recursiv
	[[ $output == *"did you mean --recursive?"* ]]
	run -2 ace-dt mirror gather list oci:out:1 -x
	[[ $output == *"unknown option -x"* ]]
	run -2 ace-dt mirror gather list oci:out:1 -qx
	[[ $output == *'unknown option -x in "-qx"'* ]]
	run -2 ace-dt miror gather
	[[ $output == *"unknown command miror; did you mean mirror?"* ]]
	run -2 ace-dt mirror gahter list oci:out:1
	[[ $output == *"unknown command gahter; did you mean gather?"* ]]
	run -2 ace-dt help mirror gathe
	[[ $output == *"did you mean gather?"* ]]
	run -2 ace-dt mirror serialize
	[[ $output == *"unknown command serialize"* ]]
	run -2 ace-dt --versoin
	[[ $output == *"did you mean --version?"* ]]
	run -2 ace-dt gather list oci:out:1
	[[ $output == *"unknown command gather; did you mean mirror gather?"* ]]
	run -2 ace-dt help gahter
	[[ $output == *"unknown command gahter; did you mean mirror gather?"* ]]
	run -2 ace-dt mirror help gahter
	[[ $output == *"unknown command gahter; did you mean gather?"* ]]
	run -2 ace-dt
	[[ $output == *"a command is needed"*"try 'ace-dt --help'"* ]]
	run -2 ace-dt mirror
	[[ $output == *"a command is needed"* ]]
	[ ! -e out ]
}

@test "help at each level: on standard output, with status 0" {
	local level
	for level in "" version mirror "mirror gather"; do
		# shellcheck disable=SC2086 # words
		run -0 --separate-stderr ace-dt $level --help
		[ -z "$stderr" ]
		[[ $output == "Usage: ace-dt "* ]]
		[[ $output == *Options:* ]]
		# shellcheck disable=SC2086
		diff <(ace-dt $level -h) <(ace-dt help $level)
		# shellcheck disable=SC2086
		diff <(ace-dt $level -h) <(ace-dt -v8 $level --config x --help)
	done
	# Of the last one, every option of the command.
	for level in -a,\ --annotations --debug -h,\ --help --index-fallback \
	    --no-term -p,\ --platforms -q,\ --quiet --config \
	    -r,\ --recursive -v,\ --verbosity --version; do
		grep -q -- "  $level" <<<"$output"
	done
	run -0 ace-dt mirror gather list --help oci:out:1 more
	run -4 --separate-stderr sh -c 'ace-dt --help >/dev/full'
	[[ $stderr == *"No space left on device"* ]]
}

@test "help on a command, wherever the word stands" {
	local words
	for words in "help mirror gather" "help gather" "mirror help gather" \
	    "-v8 help --config x gather" "mirror --config help help gather" \
	    "help mirror help gather"; do
		# shellcheck disable=SC2086 # words
		diff <(ace-dt mirror gather --help) <(ace-dt $words)
	done
	for words in "help mirror" "mirror help" "mirror -r help"; do
		# shellcheck disable=SC2086
		diff <(ace-dt mirror --help) <(ace-dt $words)
	done
	for words in help "help help"; do
		# shellcheck disable=SC2086
		diff <(ace-dt --help) <(ace-dt $words)
	done
	for words in check-access config version; do
		diff <(ace-dt $words --help) <(ace-dt help $words)
	done
	# Here it is the name of a list.
	run -2 ace-dt mirror gather help
	[[ $output == *"IMAGE is missing"* ]]
	ace-dt mirror gather --print help oci:out:1 |
	    grep "^acedt-resolve help "
}

@test "help and usage of every program and command fit 80 columns" {
	local command program
	for program in ace-dt acedt-resolve acedt-fetch acedt-filter \
	    acedt-push acedt-index acedt-check; do
		[ -x "$BUILD_DIR/$program" ]
	done
	for program in "$BUILD_DIR"/ace*; do
		if [ -f "$program" ] && [ -x "$program" ]; then
			basename "$program"
		fi
	done >commands
	[ "$(wc -l <commands)" -ge 7 ]
	printf 'ace-dt %s\n' mirror "mirror gather" check-access config \
	    version >>commands
	while read -r command; do
		# shellcheck disable=SC2086 # words
		run -0 --separate-stderr $command -h
		[[ $output == "Usage: $command"* ]]
		refute grep -E '^.{81}' <<<"$output"
		# The usage is what the message says, too.
		# shellcheck disable=SC2086
		run -2 $command --no-such-option
		[[ $output == *"unknown option --no-such-option"*"usage: $command"* ]]
		refute grep -E '^.{81}' <<<"$output"
	done <commands
}

@test "the version" {
	run -0 --separate-stderr ace-dt --version
	[[ $output =~ ^ace-dt\ [0-9]+\.[0-9]+ ]]
	[ "$(ace-dt mirror gather --version)" = "$output" ]
	[ "$(ace-dt version)" = "$output" ]
	[ "$(ace-dt -v8 version --config x)" = "$output" ]
	run -2 --separate-stderr ace-dt version 1.17
	[ -z "$output" ]
	[[ $stderr == *'unexpected argument "1.17"'* ]]
	run -2 ace-dt verison
	[[ $output == *"unknown command verison; did you mean version?"* ]]
	run -4 --separate-stderr sh -c 'ace-dt version >/dev/full'
	[[ $stderr == *"No space left on device"* ]]
}

@test "arguments that are missing, or too many" {
	run -2 ace-dt mirror gather
	[[ $output == *"SOURCES-FILE and IMAGE are missing"* ]]
	run -2 ace-dt mirror gather list
	[[ $output == *"IMAGE is missing"* ]]
	run -2 ace-dt mirror gather list oci:out:1 more
	[[ $output == *'unexpected argument "more"'* ]]
	run -2 ace-dt mirror gather list oci:out:1 -p
	[[ $output == *"option -p needs a value"* ]]
	run -2 ace-dt mirror gather list oci:out:1 --debug
	[[ $output == *"option --debug needs a value: --debug FILE"* ]]
	[ ! -e out ]
}

@test "-p and -a that cannot be read are usage errors, before anything starts" {
	local bad
	for bad in linux linux/ /amd64 linux/amd64/a/b linux/amd64,x \
	    linux//v7; do
		run -2 ace-dt mirror gather list oci:out:1 -p "$bad"
		[[ $output == *"--platforms: bad platform"* ]]
	done
	for bad in key '' a=b,c=d,e 'a=b,c="d'; do
		run -2 ace-dt mirror gather list oci:out:1 -a "$bad"
		[[ $output == *"--annotations: "* ]]
	done
	[ ! -e out ]
}

@test "IMAGE with a digest or that is none is an error, without a tag latest" {
	local hex bad
	hex=$(printf '%064d' 0)
	for bad in "reg.example.com/x@sha256:$hex" "oci:out@sha256:$hex" \
	    "reg.example.com/x:1@sha256:$hex" reg.example.com/x@sha256:1 \
	    reg.example.com/UPPER:1 reg.example.com oci: '' 'x y/z:1' \
	    reg.example.com/x:.; do
		run -2 ace-dt mirror gather list "$bad"
		[[ $output == *"IMAGE"* ]]
	done
	[ ! -e out ]
	run -0 ace-dt mirror gather list oci:out -q
	[ -n "$(layout_digest out latest)" ]
}

@test "--config and ACE_DT_CONFIG: the first that is present is used" {
	echo 'registryConfig: [' >broken.yaml
	echo 'concurrentHTTP: 3' >good.yaml
	echo 'nonsense: 1' >odd.yaml
	run -2 ace-dt mirror gather list oci:out:1 --config broken.yaml
	[[ $output == *"broken.yaml"* ]]
	run -2 ace-dt mirror gather list oci:out:1 --config absent.yaml \
	    --config=broken.yaml --config good.yaml
	[[ $output == *"broken.yaml"* ]]
	ace-dt mirror gather list oci:out:1 -q --config good.yaml \
	    --config broken.yaml
	ACE_DT_CONFIG=broken.yaml run -2 ace-dt mirror gather list oci:out:1
	[[ $output == *"broken.yaml"* ]]
	ACE_DT_CONFIG=broken.yaml ace-dt mirror gather list oci:out:1 -q \
	    --config good.yaml
	# An unknown key is said once for each stage at most, not passed over.
	run -0 ace-dt mirror gather list oci:out:1 -q --config odd.yaml
	[[ $output == *"odd.yaml"*nonsense* ]]
	# The default places.
	cp broken.yaml ace-dt-config.yaml
	run -2 ace-dt mirror gather list oci:out:1
	[[ $output == *"ace-dt-config.yaml"* ]]
	rm ace-dt-config.yaml
	mkdir -p "$HOME/.config/ace/dt"
	cp broken.yaml "$HOME/.config/ace/dt/config.yaml"
	run -2 ace-dt mirror gather list oci:out:1
	[[ $output == *"$HOME/.config/ace/dt/config.yaml"* ]]
}

@test "ACE_DT_VERBOSITY, good and bad" {
	local v
	for v in debug 12 warn,debug; do
		ACE_DT_VERBOSITY=$v shown | grep "acedt-index --verbosity=12"
	done
	ACE_DT_VERBOSITY=debug shown -v4 | grep "acedt-index oci"
	ACE_DT_VERBOSITY='' shown | grep "acedt-index oci"
	ACE_DT_VERBOSITY=loud run -2 ace-dt mirror gather list oci:out:1
	[[ $output == *'$ACE_DT_VERBOSITY: "loud" is not a level'* ]]
	run -2 ace-dt mirror gather list oci:out:1 -v=loud
	[[ $output == *'--verbosity: "loud" is not a level'* ]]
}

@test "-q prints nothing when all is well, and errors all the same" {
	run -0 ace-dt mirror gather list oci:out:1 -q
	[ -z "$output" ]
	run -0 ace-dt mirror gather list oci:out:1 --quiet
	[ -z "$output" ]
	echo oci:images:gone >>list
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[ -z "$output" ]
	[[ $stderr == *"list:5: oci:images:gone: "* ]]
}

@test "plain lines: one an image and a summary, the digest on stdout" {
	run -0 --separate-stderr ace-dt mirror gather list oci:out:1 --no-term
	[[ $output == *"$(layout_digest out 1)"* ]]
	[ "$(grep -c '^oci:images:[123]: ' <<<"$stderr")" -eq 3 ]
	[[ ${stderr##*$'\n'} =~ ^oci:out:1:\ gathered\ 3\ images,\ [0-9]+\ blobs ]]
	[[ $stderr != *$'\033'* ]]
	run -0 --separate-stderr ace-dt mirror gather list oci:out:1
	[[ ${stderr##*$'\n'} == "oci:out:1: nothing has changed"* ]]
}

@test "--debug FILE: JSON lines with time, stage and event" {
	ace-dt mirror gather list oci:out:1 -q --debug events
	jq -se 'length > 10 and all(.[]; has("time") and has("stage") and
	    has("event"))' events
	jq -se '[.[] | select(.event == "stage" and .state == "started").name]
	    == ["acedt-resolve", "acedt-fetch", "acedt-push", "acedt-index"]' \
	    events
	jq -se '[.[] | select(.event == "stage" and .state == "ended" and
	    .status == 0)] | length == 4' events
	jq -se 'any(.[]; .stage == "acedt-push" and .event == "blob")' events
	# Times never go back within a stage.
	jq -se 'group_by(.stage) | all(.[]; map(.time) | . == sort)' events
	# A file from before is replaced.
	ace-dt mirror gather list oci:out:1 -q --debug=events
	jq -se '[.[] | select(.state == "started")] | length == 4' events
}

@test "--debug with a file that cannot be written" {
	run -2 ace-dt mirror gather list oci:out:1 --debug no/such/folder/f
	[[ $output == *"--debug no/such/folder/f: No such file or directory" ]]
	run -2 ace-dt mirror gather list oci:out:1 --debug images
	[[ $output == *"--debug images: Is a directory" ]]
	[ ! -e out ]
	# A disk that is full later does not stop the work.
	run -0 ace-dt mirror gather list oci:out:1 -q --debug /dev/full
	[ "$output" = "ace-dt: --debug /dev/full: No space left on device" ]
	[ -n "$(layout_digest out 1)" ]
}

@test "what --print shows does the same" {
	local options
	for options in "" "-p linux/arm64" "-r -a k=v,l=w --index-fallback"; do
		rm -rf out by-hand.out
		# shellcheck disable=SC2086 # words
		ace-dt mirror gather list oci:out:1 -q $options
		# shellcheck disable=SC2086
		ace-dt mirror gather list oci:by-hand.out:1 --print $options \
		    >by-hand.sh
		[ ! -e by-hand.out ]
		sh by-hand.sh
		[ "$(layout_digest by-hand.out 1)" = "$(layout_digest out 1)" ]
		diff -r out/blobs by-hand.out/blobs
		verify_layout out 1
	done
}

@test "a list on standard input is the same as one in a file" {
	ace-dt mirror gather list oci:out:1 -q
	ace-dt mirror gather - oci:piped:1 -q <list
	[ "$(layout_digest out 1)" = "$(layout_digest piped 1)" ]
	run -1 ace-dt mirror gather - oci:piped:1 -q <<<oci:images:gone
	[[ $output == *"1: oci:images:gone: "* ]]
}

@test "live lines only on a terminal that can be redrawn, and not with --no-term" {
	local command="ace-dt mirror gather list oci:out:1" no
	for no in "TERM=dumb $command" "TERM= $command" \
	    "TERM=xterm $command --no-term"; do
		rm -rf out
		script -qec "$no" typed >shown </dev/null
		grep -q "$(layout_digest out 1)" shown
		grep -q 'oci:out:1: gathered 3 images' shown
		refute grep -q $'\033' shown
	done
}
