#!/usr/bin/env bats
# prune of images; that of containers is in show.bats
#
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
	make_rootfs root.tar
	LAYERS=$WOLFFIA_STORE/layers BLOBS=$WOLFFIA_STORE/oci/blobs/sha256
	image import -q -c 'LABEL kind=base' root.tar base:1 >/dev/null
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null 2>&1 || true
	helper_teardown
}

# add NAME CONTENT: an image of one small layer
add() {
	make_layer layer.tar f "$2"
	image import -q layer.tar "$1" >/dev/null
}

listed() {
	image images --format '{{.Repository}}:{{.Tag}}' | sed 's,^localhost/,,' | sort | paste -sd' '
}

used() { # bytes of the store's blobs and layers
	"$WOLFFIA" unshare du -sB1 "$WOLFFIA_STORE/oci/blobs" "$LAYERS" |
		awk '{ n += $1 } END { print n }'
}

@test "prune removes images without a name, and no others" {
	add other:1 first
	add other:1 second
	[ "$(listed)" = "<none>:<none> base:1 other:1" ]
	run -0 "$WOLFFIA" prune -f
	[ "${lines[0]}" = "Deleted Images:" ]
	[[ ${lines[1]} =~ ^Deleted:\ sha256:[0-9a-f]{64}$ ]]
	[ "$(listed)" = "base:1 other:1" ]
	run -0 "$WOLFFIA" image prune -f
	[ "$output" = "Total reclaimed space: 0B" ]
	assert_nothing_left
}

@test "prune --all removes images that no container was made of" {
	add other:1 first
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	run -0 "$WOLFFIA" image prune -af
	[[ $output == *"Untagged: localhost/other:1"* ]]
	[ "$(listed)" = "base:1" ]
	run -0 "$WOLFFIA" start -a user
	# and with the container it goes
	run -0 "$WOLFFIA" system prune -af
	[[ $output == *"Deleted Containers:"*"Untagged: localhost/base:1"* ]]
	assert_store_empty
}

@test "prune says how many bytes came free" {
	head -c 3000000 /dev/urandom >random
	make_layer layer.tar f "$(base64 -w0 random)"
	gzip -k layer.tar
	image import -q layer.tar big:1 >/dev/null
	before=$(used)
	run -0 "$WOLFFIA" image prune -f
	[ "$output" = "Total reclaimed space: 0B" ]
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	run -0 "$WOLFFIA" prune -af --filter label!=kind=base
	said=$(sed -n 's/^Total reclaimed space: \(.*\)MB$/\1/p' <<<"$output")
	freed=$((before - $(used)))
	# three digits of it
	awk -v said="$said" -v freed="$freed" 'BEGIN {
		exit !(said > 0 && (said * 1e6 - freed) ^ 2 < (freed / 50) ^ 2) }' ||
		{ echo "said $said MB, but $freed came free"; false; }
}

# lock FILE: held until unlock
lock() {
	exec {held}<>"$1"
	python3 - "$held" <<-'END'
	import fcntl, struct, sys
	fcntl.fcntl(int(sys.argv[1]), 37,
	            struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
	END
}

@test "prune removes what a broken pull left, but not what one is at, and df counts it" {
	need python3 jq
	partial=$WOLFFIA_STORE/partial
	size() {
		"$WOLFFIA" df --format json | jq '.[0].RawSize, .[0].RawReclaimable' | paste -sd' '
	}
	read -r before reclaimable <<<"$(size)"
	head -c 1000000 /dev/urandom >"$partial/sha256:1"
	head -c 1000000 /dev/urandom >"$partial/sha256:2"
	sync "$partial"/* # what is not written yet has no room of its own
	one=$(($(stat -c '%b * 512' "$partial/sha256:1")))
	lock "$partial/sha256:2"
	[ "$(size)" = "$((before + one)) $((reclaimable + one))" ]
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	run -0 "$WOLFFIA" image prune -f
	[ "$output" = "Total reclaimed space: 1MB" ]
	[ "$(ls "$partial")" = sha256:2 ]
	exec {held}>&-
	run -0 "$WOLFFIA" prune -f
	[[ ${lines[-1]} =~ ^Total\ reclaimed\ space:\ 1(\.0[0-9]*)?MB$ ]]
	[ -z "$(ls -A "$partial")" ]
}

@test "a layer that two images share stays with the one that is left" {
	make_layer more.tar more more
	make_layout two localhost/two:1 '' root.tar more.tar
	tar -C two -cf two.tar .
	image load -q -i two.tar >/dev/null
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	run -0 "$WOLFFIA" image prune -af
	[ "$(listed)" = base:1 ]
	[ "$(find "$LAYERS" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
	run -0 "$WOLFFIA" run -q base:1 /bin/sh -c 'echo works'
	[ "$output" = works ]
}

@test "prune takes what is left of an image whose name was forced away" {
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	image rmi -f base:1 >/dev/null
	"$WOLFFIA" rm user >/dev/null
	[ -n "$(ls -A "$BLOBS")" ]
	run -0 "$WOLFFIA" container prune -f
	[ -n "$(ls -A "$BLOBS")" ]
	run -0 "$WOLFFIA" prune -f
	[[ $output =~ ^Total\ reclaimed\ space:\ [0-9.]+MB$ ]]
	assert_store_empty
}

@test "container prune leaves images, and image prune leaves containers" {
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	add other:1 first
	add other:1 second
	run -0 "$WOLFFIA" image prune -f
	[ "$("$WOLFFIA" ps -aq | wc -l)" -eq 1 ]
	run -125 --separate-stderr "$WOLFFIA" container prune -af
	[[ $stderr == *"--all is about images"* ]]
	add other:1 third
	run -0 "$WOLFFIA" container prune -f
	[ "$(listed)" = "<none>:<none> base:1 other:1" ]
	[ "$("$WOLFFIA" ps -aq | wc -l)" -eq 0 ]
}

@test "prune has filters for images, and asks for what it removes" {
	add other:1 first
	run -125 --separate-stderr "$WOLFFIA" image prune -a <<<no
	[[ $stderr == *"All images that no container was made of will be removed."* ]]
	[[ $stderr != *"All containers"* ]]
	[ "$(listed)" = "base:1 other:1" ]
	"$WOLFFIA" image prune -af --filter until=1h
	[ "$(listed)" = "base:1 other:1" ]
	"$WOLFFIA" image prune -af --filter label=kind=base
	[ "$(listed)" = "other:1" ]
	"$WOLFFIA" image prune -a <<<y
	[ "$(listed)" = "" ]
	run -125 --separate-stderr "$WOLFFIA" prune -f --volumes
	[[ $stderr == *"volumes"* ]]
}

@test "prune while others load and run takes nothing of theirs" {
	make_layer layer.tar f theirs
	for _ in 1 2 3 4 5 6; do
		image import -q layer.tar theirs:1 >/dev/null || touch failed
		"$WOLFFIA" run -q base:1 /bin/sh -c : || touch failed
	done 3>&- &
	local others=$!
	"$WOLFFIA" create -q --name user base:1 /bin/sh >/dev/null
	for _ in 1 2 3 4 5 6; do
		"$WOLFFIA" prune -f --filter label!=no >/dev/null || touch failed
		"$WOLFFIA" create -q base:1 /bin/sh >/dev/null || touch failed
	done
	wait "$others"
	[ ! -e failed ]
	run -0 "$WOLFFIA" check -q
	[ -z "$output" ]
}

# who holds $WOLFFIA_STORE/lock, and is told to let go by its standard input
hold_lock() {
	exec python3 -c '
import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(fd, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("held", flush=True)
sys.stdin.read()' "$WOLFFIA_STORE/lock"
}

# does anybody wait for that lock?
waited_for() {
	local inode
	inode=$(stat -c %i "$WOLFFIA_STORE/lock")
	grep -q -- "-> OFDLCK.*:$inode " /proc/locks
}

@test "an image that is removed in the moment of a create leaves no container" {
	local verb pid holder
	for verb in "create --name c" "run -d --name c" "run --rm=false --name c"; do
		coproc HOLDER { hold_lock; }
		holder=$HOLDER_PID
		read -r -u "${HOLDER[0]}" _
		# shellcheck disable=SC2086
		"$WOLFFIA" $verb base:1 /bin/sh >said 2>&1 3>&- &
		pid=$!
		until waited_for; do
			kill -0 "$pid" 2>/dev/null || break
		done
		# what rmi --force does now
		cp "$WOLFFIA_STORE/oci/index.json" index
		digest=$(jq -r '.manifests[0].digest' index)
		mv "$BLOBS/${digest#sha256:}" blob
		eval "exec ${HOLDER[1]}>&-"
		wait "$holder"
		status=0
		wait "$pid" || status=$?
		mv blob "$BLOBS/${digest#sha256:}"
		[ "$status" -eq 125 ] || { echo "$verb: $status"; cat said; false; }
		grep -q "the image .* was removed" said || { cat said; false; }
		[ "$("$WOLFFIA" ps -aq | wc -l)" -eq 0 ]
	done
}
