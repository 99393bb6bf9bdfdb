# OCI image layouts: what other programs wrote, and what they make of ours.

load helper

@test "skopeo and umoci read a layout that we wrote" {
	new_layout images
	make_app images app amd64 arm64
	make_image images amd64 single | tag_layout images single
	printf 'oci:images:app\noci:images:single\n' >list
	ace-dt mirror gather list oci:out:all -q
	# The index is OCI; skopeo copies all of it, digests kept.
	skopeo inspect --raw oci:out:all | cmp - \
	    "out/blobs/sha256/$(layout_digest out all | cut -d: -f2)"
	echo oci:out:all >again
	ace-dt mirror gather again oci:second:1 -q
	umoci list --layout out | grep -qx all
	skopeo copy -q --all --preserve-digests oci:images:app oci:skopeo:app
	echo oci:skopeo:app >list
	ace-dt mirror gather list oci:from-skopeo:1 -q
	verify_layout from-skopeo 1
	[ "$(layout_digest skopeo app)" = "$(layout_digest images app)" ]
}

@test "others' entries and members of index.json stay, to the byte" {
	new_layout images
	make_app images app
	echo oci:images:app >list
	ace-dt mirror gather list oci:out:1 -q
	skopeo copy -q --all oci:images:app oci:out:theirs
	jq -c '. + {"annotations": {"mine": "<yes>"}, "big": 12345678901234567890}' \
	    out/index.json | sed 's/12345678901234567000/12345678901234567890/' \
	    >new
	mv new out/index.json
	before=$(grep -o '{[^{}]*"annotations":{"org.opencontainers.image.ref.name":"theirs"}[^{}]*}' out/index.json)
	[ -n "$before" ]
	ace-dt mirror gather list oci:out:2 -q -a k=v
	ace-dt mirror gather list oci:out:1 -q -a k=v
	grep -qF "$before" out/index.json
	grep -qF '"big":12345678901234567890' out/index.json
	grep -qF '"mine":"<yes>"' out/index.json
	[ "$(jq '.manifests | length' out/index.json)" -eq 3 ]
}

@test "several gathers into one layout at a time lose no tag" {
	new_layout images
	make_app images app
	echo oci:images:app >list
	pids=()
	for n in 1 2 3 4 5 6; do
		ace-dt mirror gather list oci:out:t$n -q -a n=$n 3>&- &
		pids+=($!)
	done
	for p in "${pids[@]}"; do
		wait "$p"
	done
	[ "$(jq '.manifests | length' out/index.json)" -eq 6 ]
	for n in 1 2 3 4 5 6; do
		verify_layout out t$n
	done
	[ "$(ls -A out | tr '\n' ' ')" = 'blobs index.json oci-layout ' ]
}

@test "a destination that cannot be written, or is something else" {
	new_layout images
	make_app images app
	echo oci:images:app >list
	mkdir other
	touch other/file
	run -4 --separate-stderr ace-dt mirror gather list oci:other:1 -q
	[[ $stderr == *"oci:other: the directory is not empty and not an OCI image layout"* ]]
	run -4 --separate-stderr ace-dt mirror gather list oci:no/such/dir:1 -q
	[[ $stderr == *"no/such/dir"*"No such file"* ]]
	echo '{"imageLayoutVersion":"7.0.0"}' >images/oci-layout
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[[ $stderr == *'images/oci-layout: layout version "7.0.0"'* ]]
}

@test "a broken index.json is an error with its name" {
	new_layout images
	for text in '' '{' '[]' '{"manifests":7}' '{"manifests":[{}]}' \
	    '{"manifests":[],"Manifests":[]}'; do
		printf '%s' "$text" >images/index.json
		echo oci:images:app >list
		run -1 --separate-stderr acedt-resolve list
		[[ $output == *"images/index.json"* ]]
	done
}

@test "make install puts programs and manuals where they belong" {
	# "all" as it is: other flags must not build it again.
	make -s -o all -C "$TOP" B="$BUILD_DIR" DESTDIR="$PWD/root" \
	    PREFIX=/usr install >/dev/null
	for p in ace-dt acedt-resolve acedt-fetch acedt-filter acedt-push \
	    acedt-index acedt-check acedt-list acedt-show; do
		[ -x "root/usr/bin/$p" ]
	done
	[ -f root/usr/share/man/man1/ace-dt.1 ]
	[ -f root/usr/share/man/man5/acedt-stream.5 ]
	[ -f root/usr/share/man/man7/acedt.7 ]
	[ -f root/usr/share/man/man7/acedt-guide.7 ]
	new_layout images
	make_app images app
	echo oci:images:app >list
	# It finds its stages beside itself.
	PATH=/usr/bin:/bin root/usr/bin/ace-dt mirror gather list oci:out:1 -q
	verify_layout out 1
	make -s -C "$TOP" B="$BUILD_DIR" DESTDIR="$PWD/root" PREFIX=/usr \
	    uninstall
	[ -z "$(find root -type f)" ]
}

@test "links inside a layout lead nowhere, to read or to write" {
	local blob
	new_layout images
	make_app images app
	echo oci:images:app >list
	ace-dt mirror gather list oci:good:1 -q
	mkdir elsewhere

	# A source: what the link names has even the right content.
	blob=$(ls -S images/blobs/sha256 | head -1)
	mv "images/blobs/sha256/$blob" elsewhere
	ln -s "$PWD/elsewhere/$blob" "images/blobs/sha256/$blob"
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[[ $stderr == *"$blob: symbolic links inside of a layout are not followed (put what the link names in its place)"* ]]
	rm "images/blobs/sha256/$blob"
	mv "elsewhere/$blob" images/blobs/sha256
	mv images/index.json elsewhere
	ln -s ../elsewhere/index.json images
	run -1 --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[[ $stderr == *"images/index.json: symbolic links"* ]]
	mv elsewhere/index.json images

	# A destination: nothing is written through the link.
	rm -rf out
	new_layout out
	rmdir out/blobs/sha256
	ln -s ../../elsewhere out/blobs/sha256
	run ! --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[[ $stderr == *"out/blobs/sha256: symbolic links"* ]]
	[ -z "$(ls -A elsewhere)" ]
	rm -r out/blobs
	ln -s ../elsewhere out/blobs
	run ! --separate-stderr ace-dt mirror gather list oci:out:1 -q
	[[ $stderr == *"out/blobs: symbolic links"* ]]
	[ -z "$(ls -A elsewhere)" ]

	# The way to the layout itself is the user's.
	mkdir disk
	ln -s disk way
	ln -s disk/deep far
	mkdir disk/deep
	mv images disk
	echo oci:way/images:app >list
	run -0 ace-dt mirror gather list oci:far:1 -q
	verify_layout disk/deep 1
}

@test "ten thousand lines of one layout: its index is read once" {
	# Once for each line it took minutes.
	new_layout images
	make_app images app
	python3 - <<'EOF'
import json
with open("images/index.json") as f:
    index = json.load(f)
app = index["manifests"][0]
for n in range(10000):
    index["manifests"].append(dict(app, annotations={
        "org.opencontainers.image.ref.name": "t%d" % n}))
with open("images/index.json", "w") as f:
    json.dump(index, f)
with open("list", "w") as f:
    for n in range(10000):
        f.write("oci:images:t%d\n" % (n * 7 % 10000))
EOF
	timeout 30 acedt-resolve list >stream
	[ "$(grep -c "$(layout_digest images app)" stream)" -eq 10000 ]
	# What cannot be read is not read again for each line either.
	head -c -1 images/index.json >broken
	mv broken images/index.json
	run -1 timeout 30 acedt-resolve list
	[ "$(grep -c 'images/index.json: not valid JSON' <<<"$output")" -eq 10000 ]
}

@test "an index.json of many values costs no memory" {
	new_layout images
	make_app images app
	python3 - <<'EOF'
with open("images/index.json") as f:
    text = f.read()
with open("images/index.json", "w") as f:
    f.write('{"x":[' + ",".join(["{}"] * 1900000) + "]," + text[1:])
EOF
	echo oci:images:app >list
	# In kilobytes; parsed as a whole it took 1.25 GiB.
	no_asan
	ulimit -v 400000
	acedt-resolve list >stream
	acedt-fetch -r <stream >fetched
	acedt-push oci:out <fetched | acedt-index oci:out:1
	verify_layout out 1
}

@test "a layout that another program has locked: said, and not for ever" {
	new_layout images
	make_app images app
	echo oci:images:app >list
	new_layout out
	exec 7<out
	flock 7
	timeout 60 acedt-resolve list | acedt-fetch >fetched
	run -4 timeout 60 acedt-push --stall-time 3 oci:out <fetched 7>&-
	[[ $output == *"waiting for another program on oci:out"* ]]
	[[ $output == *"oci:out: another program has held the lock of the layout for 3 s"* ]]
	# One that lets it go is waited for.
	acedt-push oci:out <fetched >pushed 2>stderr 7>&- 3>&- &
	until_true grep -q 'waiting for another program on oci:out' stderr
	exec 7<&-
	wait $!
	acedt-index oci:out:1 <pushed
	verify_layout out 1
}
