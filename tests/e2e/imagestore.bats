#!/usr/bin/env bats
# --imagestore: images of a store that is only read
#
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper_registry

setup() {
	registry_setup
	SHARED=$DIR/shared OWN=$WOLFFIA_STORE
	make_rootfs root.tar
	make_layer more.tar etc/more "more of it" 1000
	make_layout one localhost/one:1 '' root.tar
	make_layout two localhost/two:1 '' root.tar more.tar
	tar -C one -cf one.tar .
	tar -C two -cf two.tar .
	BASE=$(sha256sum root.tar | cut -d' ' -f1)
	MORE=$(sha256sum more.tar | cut -d' ' -f1)
	WOLFFIA_STORE=$SHARED image load -q -i one.tar >/dev/null
	image images -q
	find "$SHARED" -printf '%p %m %U %s %T@\n' | sort >before
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null 2>&1 || true
	if [ -d "$SHARED" ]; then
		"$WOLFFIA" unshare chown -R 0:0 "$SHARED" || true
		chmod -R u+rwX "$SHARED" || true
		rm -rf "$SHARED"
	fi
	registry_teardown
}

shared() {
	"$WOLFFIA" --imagestore "$SHARED" "$@"
}

# in the image store everything is as it was
is_unchanged() {
	find "$SHARED" -printf '%p %m %U %s %T@\n' | sort | diff before -
}

# nobody may write there, not even who owns it
write_protect() {
	"$WOLFFIA" unshare chmod -R a-w "$SHARED"
	find "$SHARED" -printf '%p %m %U %s %T@\n' | sort >before
}

own_has() { # blobs|layers HEX
	case $1 in
	blobs) [ -e "$OWN/oci/blobs/sha256/$2" ] ;;
	layers) [ -e "$OWN/layers/$2" ] ;;
	esac
}

lacks() {
	if own_has "$@"; then
		echo "the own store has it: $*" >&2
		return 1
	fi
}

@test "an image of an image store runs, and is listed and inspected, and nothing is written there" {
	write_protect
	run -125 --separate-stderr "$WOLFFIA" run --pull never one:1 /bin/sh
	[[ $stderr == *"no image \"one:1\""* ]]
	run -0 shared run -q one:1 /bin/sh -c 'echo works >/x && cat /x'
	[ "$output" = works ]
	for userns in nomap as-me keep-id; do
		run -0 shared run -q --userns $userns one:1 /bin/sh -c 'echo works'
		[ "$output" = works ]
	done
	run -0 shared images --format '{{.Repository}}:{{.Tag}}'
	[ "$output" = localhost/one:1 ]
	run -0 shared inspect one:1
	[ "$(jq -r '.[0].RepoTags[0]' <<<"$output")" = localhost/one:1 ]
	run -0 env WOLFFIA_IMAGESTORE="$DIR/none:$SHARED" "$WOLFFIA" --imagestore "$SHARED" info -f '{{.Images}}'
	[ "$output" = 1 ]
	is_unchanged
	assert_store_empty
}

@test "a container of an image store's image is kept, started again, and hinders nobody" {
	shared create -q --name user one:1 /bin/sh -c 'echo works' >/dev/null
	# it starts without the option: where its layers lie is written down
	for _ in 1 2; do
		run -0 "$WOLFFIA" start -a user
		[ "$output" = works ]
	done
	image load -q -i two.tar >/dev/null
	image rmi -q two:1
	run -0 "$WOLFFIA" check -q
	[ -z "$output" ]
	is_unchanged
}

@test "an image of an image store cannot be removed, and prune leaves it alone" {
	run -125 shared rmi one:1
	assert_failed
	[[ $output == *"is an image of an image store"* ]]
	shared prune -af >/dev/null
	run -0 shared images -q
	[ -n "$output" ]
	is_unchanged
}

@test "load does not unpack what an image store has" {
	run -0 shared load -q -i two.tar
	lacks layers "$BASE"
	own_has layers "$MORE"
	run -0 shared run -q two:1 /bin/sh -c 'cat /etc/more'
	[ "$output" = "more of it" ]
	# without it a layer is missing, and is unpacked from what is here
	run -0 "$WOLFFIA" run -q two:1 /bin/sh -c 'cat /etc/more'
	[ "$output" = "more of it" ]
	is_unchanged
}

@test "pull neither fetches nor unpacks what an image store has" {
	start_registry r
	copy --preserve-digests "oci:$DIR/two" "docker://$REGISTRY/two:1"
	run -0 shared pull -q "$REGISTRY/two:1"
	lacks layers "$BASE"
	lacks blobs "$BASE"
	own_has layers "$MORE"
	[ "$(requests "GET /v2/two/blobs/sha256:$BASE")" -eq 0 ]
	run -0 shared run -q "$REGISTRY/two:1" /bin/sh -c 'cat /etc/more'
	[ "$output" = "more of it" ]
	run -0 shared check -q
	[ -z "$output" ]
	run -1 "$WOLFFIA" check -q
	[[ $output == *"sha256:$BASE: is missing"* ]]
	# and without it, it can be had as any other
	run -125 --separate-stderr "$WOLFFIA" run -q "$REGISTRY/two:1" /bin/sh
	[[ $stderr == *"--imagestore"* ]]
	image pull -q "$REGISTRY/two:1"
	run -0 "$WOLFFIA" run -q "$REGISTRY/two:1" /bin/sh -c 'cat /etc/more'
	[ "$output" = "more of it" ]
	is_unchanged
}

@test "check takes what lies in an image store for whole, and repair leaves it there" {
	shared load -q -i two.tar >/dev/null
	shared tag one:1 mine
	write_protect
	for how in '' --quick --repair; do
		# shellcheck disable=SC2086
		run -0 shared check -q $how
		[ -z "$output" ]
	done
	lacks layers "$BASE"
	[ "$(shared images -q mine)" ]
	# the copy of a layer that is here is compared, whoever has its blob
	"$WOLFFIA" run -q two:1 /bin/sh -c true
	own_has layers "$BASE"
	rm "$OWN/oci/blobs/sha256/$BASE"
	echo x | "$WOLFFIA" unshare tee -a "$OWN/layers/$BASE/etc/passwd" >/dev/null
	run -1 shared check -q
	[[ $output == "damaged: layer $BASE: "* ]]
	run -0 shared check -q --repair
	[[ $output == *"; unpacked again" ]]
	run -0 shared check -q
	[ -z "$output" ]
	# who forgot the option is told of it before the image is given up
	run -1 "$WOLFFIA" check -q
	[[ $output == "damaged: blob sha256:$BASE: is missing"*"check again with --imagestore; else "* ]]
	is_unchanged
}

@test "an image store is checked by its owner, who may have taken the right to write away" {
	whole() {
		write_protect
		run -0 --separate-stderr "$WOLFFIA" --store "$SHARED" check "$@"
		[[ $output == "1 image, 3 blobs ("*": 0 damaged, 0 unused, 0 repaired" ]]
		is_unchanged
	}
	whole --quick
	whole
	[[ $stderr == *"layers are not compared: "*"Permission denied"* ]]
	run -125 "$WOLFFIA" --store "$SHARED" check --repair
	assert_failed
	"$WOLFFIA" unshare chmod u+w "$SHARED/oci/blobs/sha256/$BASE"
	printf x | dd of="$SHARED/oci/blobs/sha256/$BASE" bs=1 seek=600 conv=notrunc status=none
	write_protect
	run -1 "$WOLFFIA" --store "$SHARED" check -q
	[[ $output == *"damaged: blob sha256:$BASE: has the content of "*"(localhost/one:1)"* ]]
	is_unchanged
}

@test "what an image store has not unpacked is unpacked here, from its blobs" {
	run -0 shared run -q --userns single one:1 /bin/sh -c 'echo works'
	[ "$output" = works ]
	own_has layers "$BASE.single"
	is_unchanged
	# a blob that its owner has changed is not taken
	"$WOLFFIA" rmi -f one:1
	"$WOLFFIA" prune -f >/dev/null
	printf x | dd of="$SHARED/oci/blobs/sha256/$BASE" bs=1 seek=600 conv=notrunc status=none
	run -125 --separate-stderr shared run --userns single one:1 /bin/sh
	[[ $stderr == *"has the wrong digest"* ]]
	lacks layers "$BASE.single"
}

@test "commit makes an image of a container of an image store's image" {
	shared run -q --rm=false --name user one:1 /bin/sh -c 'echo new >/new'
	run -0 shared commit user changed:1
	run -0 shared run -q changed:1 /bin/sh -c 'cat /new'
	[ "$output" = new ]
	lacks layers "$BASE"
	is_unchanged
}

@test "the own store comes first, and then the image stores in their order" {
	make_layer a.tar f "of the first"
	make_layer b.tar f "of the second"
	make_layer c.tar f "our own"
	WOLFFIA_STORE=$DIR/a image import -q a.tar same:1 >/dev/null
	WOLFFIA_STORE=$DIR/b image import -q b.tar same:1 >/dev/null
	a=$(WOLFFIA_STORE=$DIR/a image images -q) b=$(WOLFFIA_STORE=$DIR/b image images -q)
	[ "$("$WOLFFIA" --imagestore "$DIR/a" --imagestore "$DIR/b" images -q)" = "$a" ]
	[ "$(WOLFFIA_IMAGESTORE=$DIR/b:$DIR/a "$WOLFFIA" images -q)" = "$b" ]
	image import -q c.tar same:1 >/dev/null
	c=$(image images -q)
	[ "$(WOLFFIA_IMAGESTORE=$DIR/b:$DIR/a "$WOLFFIA" images -q)" = "$c" ]
	for store in a b; do
		WOLFFIA_STORE=$DIR/$store image rmi -q same:1
	done
}

@test "an image store that is missing, broken, closed, or open to others is an error that says so" {
	run -125 --separate-stderr "$WOLFFIA" --imagestore "$DIR/none" images
	[[ $stderr == "wolffia: "*"the image store $DIR/none: open it: No such file"* ]]
	mkdir empty
	run -125 --separate-stderr "$WOLFFIA" --imagestore empty run one:1 /bin/sh
	[[ $stderr == *"the image store $DIR/empty: oci: No such file"*"must be a store of wolffia's"* ]]
	chmod 000 "$SHARED/oci"
	run -125 --separate-stderr shared run one:1 /bin/sh
	[[ $stderr == *"the image store $SHARED: "*"Permission denied"*"chmod -R go+rX"* ]]
	chmod 700 "$SHARED/oci"
	chmod g+w "$SHARED/layers"
	run -125 --separate-stderr shared run one:1 /bin/sh
	[[ $stderr == *"others may write $SHARED/layers"*"chmod go-w"* ]]
	chmod g-w "$SHARED/layers"
	cp "$SHARED/oci/index.json" index
	echo '{' >"$SHARED/oci/index.json"
	run -125 --separate-stderr shared run one:1 /bin/sh
	[[ $stderr == *"the image store $SHARED: the store is damaged"* ]]
	# what needs no image is not hindered
	run -0 shared ps -q
	cp index "$SHARED/oci/index.json"
}

# its files have other owners than this user's numbering says
@test "an image store of another user's is shown as root's, with a line that says so" {
	"$WOLFFIA" unshare chmod -R a+rX "$SHARED"
	"$WOLFFIA" unshare chown -hR 5:5 "$SHARED"
	run -0 --separate-stderr shared run one:1 /bin/sh -c 'echo works >/x; cat /x; exec busybox stat -c "%u %g %a" /etc/passwd'
	[ "${lines[0]}" = works ]
	[[ $stderr == *"$SHARED/layers/$BASE belongs to another user: all files are shown as root's"* ]]
	run -0 shared run -q one:1 /bin/busybox stat -c '%u %g' /etc/passwd
	[ "$output" = "0 0" ]
	run -125 --separate-stderr shared run --driver overlay one:1 /bin/sh
	[[ $stderr == *"cannot read a directory of another user's"* ]]
}

@test "an image of an image store gets a name of one's own, and its layers stay there" {
	run -0 shared tag one:1 mine
	run -0 shared images --format '{{.Repository}}:{{.Tag}}' mine
	[ "$output" = localhost/mine:latest ]
	lacks layers "$BASE"
	lacks blobs "$BASE"
	run -0 shared run -q mine /bin/sh -c 'echo works'
	[ "$output" = works ]
	run -125 shared untag one:1
	assert_failed
	[[ $output == *"is an image of an image store"* ]]
	run -0 shared rmi mine
	is_unchanged
	assert_store_empty
}
