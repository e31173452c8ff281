# Stores that are full, read-only, or somebody else's; numbers of processes
# that are another's by now; no $XDG_RUNTIME_DIR.

# what is quoted is for another shell; status and output are of bats and of
# the helper
# shellcheck disable=SC2016,SC2154

load ../e2e/helper_run

setup_file() {
	setup_run
	probe=$(unshare --map-root-user --map-auto --mount true 2>&1) ||
		skip_or_fail "no namespaces for a world: $probe"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# world OPTIONS: the script on stdin is sourced by world.sh
world() {
	cat >script
	WORLD_STORE=$1 timeout -s KILL 100 "$BATS_TEST_DIRNAME/world.sh" \
		"$WOLFFIA" "$PWD/script"
}

@test "a full store: a start works or says why, and leaves nothing" {
	world size=256k <<'EOF'
	t wolffia run --rootfs root true
	for free in 0 1 2 3 4 5 6 7 8 10 12 16; do
		t dd if=/dev/zero of=store/ballast bs=4k 2>/dev/null || :
		t truncate -s "-$((free * 4))k" store/ballast
		says any wolffia run --rootfs root true
		[ "$last" = 0 ] || [[ $said == *"No space left"* ]] || fail "$said"
		says any wolffia run -d --rm --name x --rootfs root sleep 100
		says any wolffia rm -f x
		rm store/ballast
		left
	done
	says 0 wolffia run --rootfs root true
EOF
}

@test "a store without inodes: a start works or says why, and leaves nothing" {
	world size=4m,nr_inodes=100 <<'EOF'
	t wolffia run --rootfs root true
	for free in 0 1 2 3 4 5 6 7 8 9 10 12 14 16; do
		t mkdir -p store/ballast
		n=0
		while t touch "store/ballast/$n" 2>/dev/null; do n=$((n + 1)); done
		for i in $(seq "$free"); do rm -f "store/ballast/$((n - i))"; done
		says any wolffia run --rootfs root true
		[ "$last" = 0 ] || [[ $said == *"No space left"* ]] || fail "$said"
		rm -r store/ballast
		left
	done
	says 0 wolffia run --rootfs root true
EOF
}

@test "a container that fills the store has its own status, and is removed" {
	world size=1m <<'EOF'
	says 1 wolffia run --rootfs root sh -c 'dd if=/dev/zero of=/big bs=4k 2>/dev/null; exit 1'
	left
	says 7 wolffia run --name kept --rm=false --rootfs root \
		sh -c 'dd if=/dev/zero of=/big bs=4k 2>/dev/null; exit 7'
	[ "$(t wolffia ps -a --format '{{.Names}} {{.State}} {{.ExitCode}}')" = "kept exited 7" ] ||
		fail "$(t wolffia ps -a)"
	[ "$(t wolffia wait kept)" = 7 ] || fail "wait: $(t wolffia wait kept)"
	says 0 wolffia rm kept
	left
EOF
}

@test "import into a full store says why, and leaves nothing" {
	world size=1m <<'EOF'
	t tar -C root -cf volume/root.tar .
	t wolffia images >/dev/null
	# of a file it is known before, of a pipe it is not
	says 125 wolffia import volume/root.tar image
	[[ $said == *" are needed and "*" are free in "* ]] || fail "$said"
	says 125 sh -c 'cat "$1" | wolffia import - image' - volume/root.tar
	[[ $said == *"No space left"* ]] || fail "$said"
	left
	[ -z "$(find store/oci/blobs store/layers -type f)" ] || fail "blobs are left"
EOF
}

@test "a read-only store is said to be one, whatever is asked for" {
	world size=4m <<'EOF'
	t wolffia create --name kept --rootfs root true
	mount -o remount,bind,ro store
	for verb in "run --rootfs root true" "run -d --rootfs root true" \
		"create --rootfs root true" "start kept" "rm kept" "rm -f kept" \
		"rename kept other" "import /dev/null image"; do
		# shellcheck disable=SC2086
		says 125 wolffia $verb </dev/null
		[[ $said == *"Read-only file system"* ]] || fail "$verb: $said"
	done
	[ "$(t wolffia ps -a --format '{{.Names}} {{.State}}')" = "kept created" ] || fail "ps"
	says 0 wolffia images
	mount -o remount,bind,rw store
	says 0 wolffia start kept
	says 0 wolffia wait kept
	left kept
EOF
}

@test "a store of somebody else's, or open to others, is not used" {
	world size=4m <<'EOF'
	t wolffia run --rootfs root true
	chown 1500:1500 store
	chmod 777 store
	for verb in "run --rootfs root true" "ps" "images" "rm -a"; do
		# shellcheck disable=SC2086
		says 125 wolffia $verb
		[[ $said == */mnt/store* ]] || fail "$verb: $said"
	done
	chown 1000:1000 store
	says 125 wolffia run --rootfs root true
	[[ $said == */mnt/store* ]] || fail "$said"
	chmod 700 store
	says 0 wolffia run --rootfs root true
EOF
}

@test "nothing is read or written in XDG_RUNTIME_DIR" {
	mkdir -m 700 run
	local before
	before=$(stat -c '%X %Y %Z' run)
	for directory in "$PWD/run" /nowhere/to/be/found; do
		export XDG_RUNTIME_DIR=$directory
		in_root true
		"$WOLFFIA" run -d --name x --rootfs "$ROOT" sleep 100
		"$WOLFFIA" exec x true
		"$WOLFFIA" ps | grep -q x
		"$WOLFFIA" rm -f x
	done
	unset XDG_RUNTIME_DIR
	in_root true
	[ "$(stat -c '%X %Y %Z' run)" = "$before" ]
	[ -z "$(ls -A run)" ]
	[ ! -e /nowhere ]
	store_is_empty
}

# a kept container whose launcher was killed, and its record names $1
dead_with_pid() {
	"$WOLFFIA" run -d --name dead --rootfs "$ROOT" sleep 100
	local directory launcher
	directory=$WOLFFIA_STORE/containers/$(readlink "$WOLFFIA_STORE/names/dead")
	launcher=$(jq .launcher_pid "$directory/status.json")
	kill -KILL "$launcher"
	timeout 10 sh -c "while [ -e /proc/$launcher ]; do :; done"
	jq -c ".pid = $1 | .launcher_pid = $1" "$directory/status.json" >status.json
	cp status.json "$directory/status.json"
}

@test "a number that is another process's by now is left alone" {
	sleep 1000 3>&- &
	local stranger=$!
	dead_with_pid "$stranger"
	for verb in "stop -t 0 dead" "kill dead" "pause dead" "exec dead true" \
		"top dead" "stats --no-stream dead" "attach dead" "restart -t 0 dead"; do
		# shellcheck disable=SC2086
		run timeout -s KILL 20 "$WOLFFIA" $verb </dev/null
		[ "$status" != 137 ]
		[[ "$output" != *1000* ]]
		grep -q '^State:.S' "/proc/$stranger/status" || { echo "$verb"; false; }
	done
	"$WOLFFIA" rm -f dead
	for verb in "rm -f dead" "rm -f -a" "ps -a" "run --rootfs $ROOT true"; do
		dead_with_pid "$stranger"
		[[ "$("$WOLFFIA" ps -a --format '{{.State}}')" = exited ]]
		# shellcheck disable=SC2086
		timeout -s KILL 20 "$WOLFFIA" $verb
		grep -q '^State:.S' "/proc/$stranger/status" || { echo "$verb"; false; }
		"$WOLFFIA" rm -f dead
	done
	kill "$stranger"
	store_is_empty
}
