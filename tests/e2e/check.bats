#!/usr/bin/env bats
# check, and check --repair: what is damaged is found, and what is whole stays
#
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
	make_image
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null 2>&1 || true
	helper_teardown
}

# two images, the second of which has the layer of the first and one more
make_image() {
	make_rootfs root.tar
	make_layer more.tar etc/more "more of it" 1000
	make_layout one localhost/one:1 '' root.tar
	make_layout two localhost/two:1 '' root.tar more.tar
	tar -C one -cf one.tar .
	tar -C two -cf two.tar .
	image load -q -i one.tar >/dev/null
	image load -q -i two.tar >/dev/null
	BASE=$(sha256sum root.tar | cut -d' ' -f1)
	MORE=$(sha256sum more.tar | cut -d' ' -f1)
	BLOBS=$WOLFFIA_STORE/oci/blobs/sha256
	LAYERS=$WOLFFIA_STORE/layers
}

# outer COMMAND...: as who owns the files of layers
outer() {
	"$WOLFFIA" unshare "$@"
}

works() { # IMAGE
	run -0 "$WOLFFIA" run -q "$1" /bin/sh -c 'echo it works'
	[ "$output" = "it works" ]
}

is_whole() {
	run -0 "$WOLFFIA" check -q
	[ -z "$output" ] || { echo "$output" >&2; return 1; }
	assert_nothing_left
}

# after run: one line of $output is of this KIND and NAME, and contains TEXT
tells() {
	grep -F "$1" <<<"$output" | grep -qF "$2" ||
		{ echo "no \"$1 ... $2\" in: $output" >&2; return 1; }
}

flip() { # FILE OFFSET
	local byte
	byte=$(od -An -tu1 -j"$2" -N1 "$1")
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# bats test_tags=many-ids
@test "check of a store that is whole says so, and leaves nothing" {
	run -0 "$WOLFFIA" check
	[[ $output == "2 images, 6 blobs ("*" read), 2 layers (2 compared): 0 damaged, 0 unused, 0 repaired" ]]
	is_whole
	run -0 "$WOLFFIA" check --quick
	[[ $output == *"(0B read), 2 layers (0 compared): 0 damaged"* ]]
	run -0 "$WOLFFIA" check --format json
	[ "$(jq length <<<"$output")" -eq 0 ]
}

# a whiteout has the time of its unpacking, which is another one each time
@test "check of an image that removes files of its lower layers finds nothing" {
	make_layer white.tar etc/.wh.passwd ''
	make_layout three localhost/three:1 '' root.tar white.tar
	tar -C three -cf three.tar .
	image load -q -i three.tar >/dev/null
	is_whole
}

@test "check of an empty store finds nothing" {
	run -0 "$WOLFFIA" check -q --store "$DIR/empty"
	[ -z "$output" ]
}

@test "check finds a flipped bit in a blob, and repair drops the images that need it" {
	flip "$BLOBS/$MORE" 600
	run -0 "$WOLFFIA" check --quick -q
	run -1 "$WOLFFIA" check -q
	[ "${#lines[@]}" -eq 1 ]
	tells "damaged: blob sha256:$MORE" "(localhost/two:1)"
	run -1 "$WOLFFIA" check -q --repair
	tells "damaged: image localhost/two:1" "removed from the store; remedy: load or import it again"
	is_whole
	[ ! -e "$BLOBS/$MORE" ]
	[ ! -e "$LAYERS/$MORE" ]
	works one:1
	run -0 "$WOLFFIA" images -q two
	[ -z "$output" ]
	# and so it comes back
	image load -q -i two.tar >/dev/null
	is_whole
	works two:1
}

@test "check finds a blob that is cut, and one that is missing, even if it is quick" {
	truncate -s -1 "$BLOBS/$MORE"
	run -1 "$WOLFFIA" check --quick -q
	tells "damaged: blob sha256:$MORE" "bytes, not"
	rm "$BLOBS/$MORE"
	run -1 "$WOLFFIA" check --quick -q
	tells "damaged: blob sha256:$MORE" "is missing"
	mkdir "$BLOBS/$MORE"
	run -1 "$WOLFFIA" check -q
	tells "damaged: blob sha256:$MORE" "is no file"
	rmdir "$BLOBS/$MORE"
	ln -s /etc/passwd "$BLOBS/$MORE"
	run -1 "$WOLFFIA" check -q
	tells "damaged: blob sha256:$MORE" "cannot be opened"
}

@test "check finds manifests and configurations that are damaged, and repair keeps the other images" {
	for kind in manifest configuration; do
		digest=$(jq -r '.manifests[]|select(.annotations[]=="localhost/two:1").digest' "$WOLFFIA_STORE/oci/index.json")
		[ "$kind" = manifest ] ||
			digest=$(jq -r .config.digest "$BLOBS/${digest#sha256:}")
		flip "$BLOBS/${digest#sha256:}" 20
		run -1 "$WOLFFIA" check -q
		tells "damaged: $kind $digest" "(localhost/two:1)"
		run -1 "$WOLFFIA" check -q --repair
		is_whole
		works one:1
		image load -q -i two.tar >/dev/null
		works two:1
	done
}

# bats test_tags=many-ids
@test "check finds each change of an unpacked layer, and repair undoes it" {
	local root=$LAYERS/$BASE change
	for change in \
		"'bin/busybox' has other content|flip_inside bin/busybox" \
		"'etc/passwd' has|outer sh -c 'echo more >>$root/etc/passwd'" \
		"'etc/passwd' is missing|outer rm $root/etc/passwd" \
		"'etc/shadow' does not belong there|outer touch $root/etc/shadow" \
		"'tmp' has the mode 0755, not 1777|outer chmod 755 $root/tmp" \
		"'etc/passwd' belongs to 7:7, not to 0:0|outer chown 7:7 $root/etc/passwd" \
		"'bin/sh' leads elsewhere|outer sh -c 'ln -sfn xusybox $root/bin/sh && touch -hd @1000000000 $root/bin/sh'" \
		"'bin/sh' is of another kind|outer sh -c 'rm $root/bin/sh && cp $root/bin/busybox $root/bin/sh'" \
		"'etc/passwd' has another attribute user.x|outer setfattr -n user.x -v y $root/etc/passwd" \
		"is not unpacked|outer rm -r $root"; do
		eval "${change#*|}"
		run -1 "$WOLFFIA" check -q
		tells "damaged: layer $BASE" "${change%%|*}"
		[[ $output == *"(localhost/one:1, localhost/two:1); remedy: wolffia check --repair"* ]]
		run -0 "$WOLFFIA" check -q --repair
		tells "damaged: layer $BASE" "; unpacked again"
		is_whole
		works one:1
	done
}

# a bit of a file in the layer, and neither its size nor its time
flip_inside() {
	cp -p "$LAYERS/$BASE/$1" file
	flip file 4000
	touch -r "$LAYERS/$BASE/$1" file
	chmod u+w "$LAYERS/$BASE/$1"
	cat file >"$LAYERS/$BASE/$1"
	touch -r file "$LAYERS/$BASE/$1"
	chmod --reference=file "$LAYERS/$BASE/$1"
}

# bats test_tags=many-ids
@test "repair leaves a layer alone that a running container uses, and says so" {
	id=$("$WOLFFIA" run -q -d --name user one:1 /bin/sh -c 'exec cat /dev/zero >/dev/null')
	outer touch "$LAYERS/$BASE/etc/shadow"
	before=$(stat -c %i "$LAYERS/$BASE")
	run -1 "$WOLFFIA" check -q --repair
	tells "damaged: layer $BASE" "not repaired: it is in use; remedy: end the containers"
	[ "$(stat -c %i "$LAYERS/$BASE")" = "$before" ]
	"$WOLFFIA" kill user >/dev/null
	"$WOLFFIA" wait user >/dev/null
	run -0 "$WOLFFIA" check -q --repair
	"$WOLFFIA" rm -f user >/dev/null
	[ -n "$id" ]
	is_whole
}

@test "repair does not drop an image that a container was made of" {
	"$WOLFFIA" create -q --name user two:1 /bin/sh -c 'echo it works' >/dev/null
	flip "$BLOBS/$MORE" 600
	run -1 "$WOLFFIA" check -q --repair
	tells "damaged: image localhost/two:1" "stays: the container"
	run -0 "$WOLFFIA" images -q two
	[ -n "$output" ]
	run -0 "$WOLFFIA" start -a user
	[ "$output" = "it works" ]
	# and when it is loaded again it is whole
	image load -q -i two.tar >/dev/null
	is_whole
}

@test "check finds a container whose image is gone" {
	"$WOLFFIA" create -q --name user two:1 /bin/sh >/dev/null
	id=$(readlink "$WOLFFIA_STORE/names/user")
	digest=$(<"$WOLFFIA_STORE/containers/$id/image")
	rm "$BLOBS/${digest#sha256:}"
	echo '{"schemaVersion":2,"manifests":[]}' >"$WOLFFIA_STORE/oci/index.json"
	run -1 "$WOLFFIA" check -q
	tells "damaged: manifest $digest" "(container ${id:0:12}); remedy: wolffia rm ${id:0:12}"
	"$WOLFFIA" rm user >/dev/null
	run -0 "$WOLFFIA" check -q --repair
	is_whole
}

@test "check lists what nobody uses, as no damage, and repair removes it" {
	digest=$(echo nobody | put_blob "$WOLFFIA_STORE/oci")
	name=$(printf nobody | sha256sum | cut -d' ' -f1)
	mkdir "$LAYERS/$name"
	echo half >"$WOLFFIA_STORE/partial/$digest"
	mkdir "$WOLFFIA_STORE/tmp/0123456789abcdef"
	touch "$WOLFFIA_STORE/tmp/0123456789abcdef.lock"
	ln -s 0123456789ab "$WOLFFIA_STORE/names/gone"
	run -0 "$WOLFFIA" check -q
	[ "${#lines[@]}" -eq 5 ]
	tells "unused: blob $digest" "no image refers to it"
	tells "unused: layer $name" "no image refers to it"
	tells "unused: partial $digest" "broken off"
	tells "unused: work 0123456789abcdef" "was killed"
	tells "unused: name gone" "its container is gone"
	run -0 "$WOLFFIA" check -q --repair
	[ "$(grep -c '; removed$' <<<"$output")" -eq 5 ]
	is_whole
	works two:1
}

@test "check tells nothing of what others are working on" {
	exec {lock}>"$WOLFFIA_STORE/tmp/0123456789abcdef.lock"
	exec {part}>"$WOLFFIA_STORE/partial/sha256:$MORE"
	mkdir "$WOLFFIA_STORE/tmp/0123456789abcdef"
	python3 - "$lock" "$part" <<-'END'
	import fcntl, struct, sys
	for fd in map(int, sys.argv[1:]):
	    fcntl.fcntl(fd, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
	END
	run -0 "$WOLFFIA" check -q --repair
	[ -z "$output" ]
	[ -d "$WOLFFIA_STORE/tmp/0123456789abcdef" ]
	[ -e "$WOLFFIA_STORE/partial/sha256:$MORE" ]
	exec {lock}>&- {part}>&-
	run -0 "$WOLFFIA" check -q --repair
	[ "${#lines[@]}" -eq 2 ]
}

@test "an index that is damaged is a finding, and repair makes one of the manifests" {
	# what nobody uses stays all the same: it may be of the damaged one
	echo nothing | put_blob "$WOLFFIA_STORE/oci" >/dev/null
	find "$WOLFFIA_STORE/oci/blobs" "$LAYERS" | sort >before
	"$WOLFFIA" images -q --no-trunc | sort -u >images
	digest=$(jq -r '.manifests[0].digest' "$WOLFFIA_STORE/oci/index.json")
	echo '{' >"$WOLFFIA_STORE/oci/index.json"
	run -1 "$WOLFFIA" check -q
	tells "damaged: index oci/index.json" "remedy: put a copy"
	run "$WOLFFIA" images
	[[ $output == *"the image index: not valid JSON"*"hint: put a copy of $WOLFFIA_STORE/oci/index.json back"*"wolffia check --repair"* ]]
	run -0 "$WOLFFIA" check -q --repair
	tells "index oci/index.json" "wolffia tag"
	find "$WOLFFIA_STORE/oci/blobs" "$LAYERS" | sort | cmp - before
	[ "$(<"$WOLFFIA_STORE/oci/index.json.damaged")" = '{' ]
	"$WOLFFIA" images -q --no-trunc | sort -u | cmp - images
	"$WOLFFIA" tag "$digest" again:1
	run -0 "$WOLFFIA" run -q again:1 /bin/sh -c 'echo runs'
	[ "$output" = runs ]
}

@test "layers that were unpacked for one id are compared, too" {
	image unpack -q --single one:1
	outer touch "$LAYERS/$BASE.single/etc/shadow"
	run -1 "$WOLFFIA" check -q
	tells "damaged: layer $BASE.single" "'etc/shadow' does not belong there"
	run -0 "$WOLFFIA" check -q --repair
	is_whole
}

# bats test_tags=many-ids
@test "check writes JSON, and templates" {
	flip "$BLOBS/$MORE" 600
	run -1 "$WOLFFIA" check --format json
	[ "$(jq -r '.[0]|.Level,.Kind,.Name,.Images[0],.Repaired' <<<"$output" | paste -sd' ')" = \
		"damaged blob sha256:$MORE localhost/two:1 false" ]
	run -1 "$WOLFFIA" check --format '{{.Kind}} {{.Repaired}}'
	[ "$output" = "blob false" ]
	run -125 "$WOLFFIA" check --format '{{.Nothing}}'
	run -125 "$WOLFFIA" check too many
	assert_failed
}

# killed before each of the calls by which a repair changes what is seen
# bats test_tags=many-ids
@test "a repair that is killed loses nothing, and the next one does the rest" {
	need strace
	local call
	for call in renameat2:1 renameat:1 renameat:2 syncfs:1 unlinkat:1 unlinkat:2 unlinkat:5; do
		outer touch "$LAYERS/$BASE/etc/shadow"
		flip "$BLOBS/$MORE" 600
		run strace -f -qq -o trace \
			-e "inject=${call%:*}:signal=SIGKILL:when=${call#*:}" \
			"$WOLFFIA_IMAGE" check -q --repair
		grep -q 'killed by SIGKILL' trace || { echo "$call"; false; }
		works one:1
		run "$WOLFFIA" check -q --repair
		is_whole
		works one:1
		image load -q -i two.tar >/dev/null
		is_whole
	done
}

@test "others load, run and remove while the store is checked and repaired" {
	for _ in 1 2 3 4 5 6; do
		image load -q -i two.tar >/dev/null || touch failed
		image rmi -q two:1 || touch failed
	done 3>&- &
	local others=$!
	for _ in 1 2 3 4; do
		run -0 "$WOLFFIA" check -q --repair
		[ -z "$(grep damaged <<<"$output")" ] || { echo "$output"; false; }
		works one:1
	done
	wait "$others"
	[ ! -e failed ]
	is_whole
}
