# What a person sees on a terminal while the stages run.

load helper

# Each row of the picture begins with how long its image is under way.
T=' +[0-9.]+ s  '

setup_file()
{
	cd "$BATS_FILE_TMPDIR"
	new_layout images
	make_app images 1 amd64
	make_app images 2 amd64
	make_app images 3 amd64
}

setup()
{
	own_folder
	cp -r "$BATS_FILE_TMPDIR/images" .
}

teardown()
{
	rm -f "$BATS_TEST_TMPDIR/held"
	stop_servers
}

# copies REPOSITORY TAG…: the images are in the registry R, and on the list.
copies()
{
	local repo=$1 tag
	shift
	[ -n "${R_HOST:-}" ] || start_faulty
	for tag; do
		echo "oci:images:$tag" |
		    ace-dt mirror gather - "$R_HOST/$repo:$tag" -q
		echo "$R_HOST/$repo:$tag" >>list
	done
}

# own_layer TAG: the digest of the layer that no other image has.
own_layer()
{
	local index manifest
	index=$(layout_digest images "$1")
	manifest=$(layout_blob images "$index" | jq -r '.manifests[0].digest')
	layout_blob images "$manifest" | jq -r '.layers[-1].digest'
}

# below TAG…: how many bytes they have together.
below()
{
	local tag manifest
	for tag; do
		manifest=$(layout_blob images "$(layout_digest images "$tag")" |
		    jq -r '.manifests[0].digest')
		layout_blob images "$manifest" | jq -c '.config, .layers[]'
	done | jq -s 'unique_by(.digest) | map(.size) | add'
}

# screen OPTION… -- COMMAND…: as run.
screen()
{
	run --separate-stderr python3 "$TOP/test/screen.py" "$@"
	echo "$stderr"
}

# A regular expression for this text.
literally()
{
	sed 's/[].[*+?(){}|^$\\]/\\&/g' <<<"$1"
}

@test "what is done, what failed, what is planned; rows as wide as the screen" {
	local at have want message
	copies short 1
	copies broken 2
	copies a/name/that/is/longer/than/the/terminal/has/columns 3
	touch held
	faults '[{"method": "GET", "path": "'"$(own_layer 2)"'", "status": 404},
	    {"method": "GET", "path": "'"$(own_layer 3)"'",
	    "hold": "'"$PWD/held"'"}]'
	at=$(literally "$R_HOST")
	# An image that failed is none of those that are done; its layer is
	# planned like the others, and only its config has arrived.
	want=$(below 1 2 3)
	have=$((want - $(layout_blob images "$(own_layer 2)" | wc -c) - \
	    $(layout_blob images "$(own_layer 3)" | wc -c)))
	message="((?!$T).*\n)+"
	screen --size 40x20 --see "$message(?=.{39}\n)$T$at/a/name/that.*
(1 of 3 images|1/3), $have B( of |/)$want B, [0-9]+ B/s" "rm held" -- \
	    ace-dt mirror gather list oci:out:1
	[ "$status" -eq 1 ]
	# Nothing of the picture is left: the messages stand alone.
	refute grep -E "^$T|B/s" <<<"$output"
	[[ $(tr -d '\n' <<<"$output") == \
	    "acedt-index: list:2: $R_HOST/broken:2: "*"HTTP 404"* ]]
}

@test "more images than the screen has rows for; the end leaves no trace" {
	local at
	copies team/app 1 2 3
	touch held
	faults '[{"method": "GET", "path": "blobs/",
	    "hold": "'"$PWD/held"'"}]'
	at=$(literally "$R_HOST/team/app")
	screen --size 70x5 --see "$T$at:[123]
$T$at:[123]
 +… and 1 more
0 of 3 images, 0 B of $(below 1 2 3) B, 0 B/s" "rm held" -- \
	    sh -c 'exec ace-dt mirror gather list oci:out:1 >result'
	[ "$status" -eq 0 ]
	[ "$(tr -d '\n' <<<"$output" | sed -E 's/[0-9.]+ s$/T/')" = \
	    "oci:out:1: gathered 3 images, 7 blobs ($(below 1 2 3) B) copied, 0 there already, in T" ]
	[ "$(cat result)" = "oci:out:1@$(layout_digest out 1)" ]
}

@test "a terminal that gets narrower, and wider" {
	local at
	copies a/name/that/is/longer/than/the/terminal/has/columns 1 2
	touch held
	faults '[{"method": "GET", "path": "blobs/",
	    "hold": "'"$PWD/held"'"}]'
	at=$(literally "$R_HOST")
	screen --size 60x10 \
	    --see "($T$at/a/name/that/is/longer.*\n){2}0 of 2 images, .*" \
	    "size 30x10" \
	    --see "((?=.{29}\n)$T$at.*\n){2}0/2, .*" "size 90x10" \
	    --see "($T$at/a/name/.*/columns:[12]\n){2}0 of 2 images, .*" \
	    "rm held" -- \
	    ace-dt mirror gather list oci:out:1
	[ "$status" -eq 0 ]
	# The result stands on the terminal too.
	[[ $(sed -E 's/[0-9.]+ s$/T/' <<<"$output") == \
	    "oci:out:1@$(layout_digest out 1)"$'\n'"oci:out:1: gathered 2 images, 5 blobs ($(below 1 2) B) copied, 0 there already, in T" ]]
}

@test "the summary counts what was there apart from what was copied" {
	local new
	echo oci:images:1 >list
	ace-dt mirror gather list oci:out:1 -q
	echo oci:images:2 >>list
	new=$(($(below 1 2) - $(below 1)))
	run -0 --separate-stderr ace-dt mirror gather list oci:out:1 --verify
	[[ ${stderr##*$'\n'} == "oci:out:1: gathered 2 images, 2 blobs ($new B) copied, 3 there already, in "* ]]
	rm out/blobs/"$(own_layer 2 | tr : /)"
	new=$(layout_blob images "$(own_layer 2)" | wc -c)
	run -0 --separate-stderr ace-dt mirror gather list oci:out:1 --verify
	[[ ${stderr##*$'\n'} == "oci:out:1: the index is as it was, but 1 blob ($new B) and 0 manifests below it were copied, in "* ]]
}
