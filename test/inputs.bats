# Lists and configurations that are not files: pipes, descriptors, FIFOs.

load helper

# The sources of the index that out:1 names.
sources_of()
{
	layout_blob out "$(layout_digest out 1)" |
	    jq -r '.manifests[].annotations["vnd.act3-ace.manifest.source"]'
}

@test "lists and configurations that can be read once: /dev/stdin, <(...), FIFOs" {
	new_layout images
	for name in a b; do
		make_image images amd64 $name | tag_layout images $name
		echo "oci:images:$name"
	done >list
	ln -s /dev/stdin link
	# A file on standard input, and a pipe.
	for path in - /dev/stdin /dev/fd/0 /proc/self/fd/0 link; do
		rm -rf out
		ace-dt mirror gather "$path" oci:out:1 -q <list
		sources_of | diff - list
		rm -rf out
		cat list | ace-dt mirror gather "$path" oci:out:1 -q
		sources_of | diff - list
		ace-dt check-access "$path" <list
		run -0 bash -o pipefail -c "cat list | ace-dt check-access $path"
		[[ $output == *"oci:images "*" ok "*" 2 of 2 read" ]]
	done
	rm -rf out
	ace-dt mirror gather <(grep -v :b list) oci:out:1 -q
	[ "$(sources_of)" = oci:images:a ]
	ace-dt check-access <(cat list)
	mkfifo fifo
	for command in "mirror gather fifo oci:out:1 -q" "check-access fifo"; do
		cat list >fifo 3>&- &
		ace-dt $command
		wait $!
	done
	# What is wrong is named as the list was.
	run -2 ace-dt mirror gather /dev/stdin oci:out:1 <<<'no/ref//'
	[[ $output == *"/dev/stdin:1: "* ]]
	run -2 ace-dt mirror gather nowhere oci:out:1
	[[ $output == *"ace-dt: nowhere: No such file or directory"* ]]
	# A configuration is read by every stage.
	echo 'cachePath: kept' >config
	for config in <(cat config) /dev/stdin fifo; do
		rm -rf out kept
		if [ "$config" = fifo ]; then
			cat config >fifo 3>&- &
		fi
		ace-dt mirror gather list oci:out:1 -q --config "$config" <config
		[ -d kept ]
		sources_of | diff - list
	done
	ace-dt check-access list --config <(cat config)
	ACE_DT_CONFIG=<(cat config) ace-dt check-access list
	run -2 ace-dt mirror gather list oci:out:1 --config /dev/stdin <<<'nonsense: ['
	[[ $output == *"ace-dt: /dev/stdin:"* ]]
	run -2 ace-dt check-access list --config /dev/stdin <<<'nonsense: ['
	[[ $output == *"ace-dt: /dev/stdin:"* ]]
}
