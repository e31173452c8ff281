# Directories and files of the host in a container, and what wolffia says
# about those that are better kept out

# $how, unquoted, is a list of options; what is quoted is for the container's
# shell; and status, output and pid come from bats and from the helper
# shellcheck disable=SC2086,SC2016,SC2154,SC2030,SC2031

load helper_run

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir vol
	echo content >vol/file
	# the guard looks at HOME: one of the test's own
	export HOME="$BATS_TEST_TMPDIR/home"
	mkdir -p "$HOME/.ssh" "$HOME/.gnupg" "$HOME/work"
	echo key >"$HOME/.ssh/id"
}

teardown() {
	store_is_empty
}

@test "a directory is read and written by default, and only read with ro" {
	run -0 in_root -v "$PWD/vol:/v" sh -c 'cat /v/file; echo new >/v/new'
	[ "$output" = content ]
	[ "$(<vol/new)" = new ]
	run in_root -v "$PWD/vol:/v:ro" sh -c 'echo x >/v/x; echo x >>/v/file; rm /v/file; mkdir /v/d; chmod 777 /v'
	[ "$status" != 0 ]
	[ "$(ls vol)" = $'file\nnew' ]
	[ "$(<vol/file)" = content ]
	run -0 in_root -v ./vol:/v cat /v/file
	[ "$output" = content ]
	run -0 in_root --mount "type=bind,src=$PWD/vol,dst=/v,readonly" cat /v/file
	[ "$output" = content ]
}

# R26: a volume is nosuid and nodev.  Seen failing: mount_attributes() without
# them.
@test "R26: volumes are nosuid and nodev, and nothing of them propagates" {
	run in_root -v "$PWD/vol:/v" -v "$PWD/vol/file:/f" --tmpfs /t \
		sh -c 'grep -E " (/v|/f|/t) " /proc/self/mountinfo'
	[ "${#lines[@]}" = 3 ]
	for line in "${lines[@]}"; do
		[[ "$line" == *nosuid* && "$line" == *nodev* ]]
		[[ "$line" != *shared:* && "$line" != *master:* ]]
	done
	run in_root sh -c 'grep -cE "shared:|master:" /proc/self/mountinfo'
	[ "$output" = 0 ]
}

@test "a file can be a volume, also over one of the image" {
	run -0 in_root -v "$PWD/vol/file:/etc/passwd:ro" cat /etc/passwd
	[ "$output" = content ]
	run -0 in_root -v "$PWD/vol/file:/new/deep/file" sh -c 'echo more >>/new/deep/file'
	[ "$(<vol/file)" = $'content\nmore' ]
	[ "$(<"$ROOT/etc/passwd")" != content ]
	[ ! -e "$ROOT/new" ]
}

@test "a source that is not there is an error, and is not made" {
	run --separate-stderr in_root -v "$PWD/nowhere:/v" true
	fails_with 125 "nowhere"
	[[ "$stderr" == *"mkdir -p"* ]]
	one_clear_line
	[ ! -e nowhere ]
}

@test "a directory on a file, or a file on a directory, is an error" {
	run --separate-stderr in_root -v "$PWD/vol:/etc/passwd" true
	[ "$status" = 125 ]
	one_clear_line
	run --separate-stderr in_root -v "$PWD/vol/file:/etc" true
	[ "$status" = 125 ]
	one_clear_line
}

@test "the target is made if it is missing, in the container only" {
	run -0 in_root -v "$PWD/vol:/a/b/c" sh -c 'cat /a/b/c/file; stat -c %u /a /a/b'
	[ "$output" = $'content\n0\n0' ]
	[ ! -e "$ROOT/a" ]
}

# R2, R3: seen failing with path_open_in_root() without RESOLVE_IN_ROOT.
@test "R2 R3: a target through symlinks stays in the root" {
	mkdir outside
	ln -sfn "$PWD/outside" "$ROOT/home/absolute"
	ln -sfn ../../../../../../../../../../../../../"$PWD/outside" "$ROOT/home/relative"
	ln -sfn loop "$ROOT/home/loop"
	ln -sfn /nowhere "$ROOT/home/dangling"
	ln -sfn ../home "$ROOT/home/parent"
	for target in absolute/v relative/v dangling/v parent/user/v; do
		run in_root -v "$PWD/vol:/home/$target" \
			sh -c "cat /home/$target/file; grep -c '/v ' /proc/self/mountinfo"
		[ -z "$(ls -A outside)" ]
		[ "$status" != 0 ] || [ "$output" = $'content\n1' ] ||
			{ echo "$target: $output"; false; }
	done
	run --separate-stderr in_root -v "$PWD/vol:/home/loop/v" true
	[ "$status" = 125 ]
	one_clear_line
	# the mount point itself is a link
	run in_root -v "$PWD/vol:/home/absolute" true
	[ -z "$(ls -A outside)" ]
	run in_root -v "$PWD/vol/file:/home/dangling" true
	[ ! -e "$ROOT/nowhere" ]
	rm "$ROOT"/home/{absolute,relative,loop,dangling,parent}
}

@test "R2: a volume's target inside a volume does not leave it" {
	mkdir outside
	ln -s ../outside vol/link
	ln -s "$PWD/outside" vol/absolute
	for link in link absolute; do
		run in_root -v "$PWD/vol:/v" -v "$HOME/work:/v/$link/new" true
		[ -z "$(ls -A outside)" ] || { echo "$link: made $(ls outside)"; false; }
	done
}

@test "places of the system cannot be targets" {
	for target in / /proc /proc/self /sys /dev /proc/sys; do
		run --separate-stderr in_root -v "$PWD/vol:$target" true
		[ "$status" = 125 ] || { echo "$target: $status"; false; }
		one_clear_line
	done
	run --separate-stderr in_root -v "$PWD/vol:relative" true
	[ "$status" = 125 ]
	one_clear_line
	run --separate-stderr in_root -v "$PWD/vol:/v:ro,rww" true
	fails_with 125 "rww"
}

@test "the guard warns about what is more than a directory of work" {
	check() {
		run --separate-stderr in_root -v "$1:/v:ro" true
		[ "$status" = 0 ] || { echo "$stderr"; false; }
		[ "$(grep -c "^wolffia: warning: the volume $1 makes" <<<"$stderr")" = 1 ] ||
			{ echo "$1: $stderr"; false; }
		[[ "$stderr" == *"$2"* ]]
	}
	check / "all of this machine's files"
	check "$HOME" "home"
	check "$HOME/.ssh" "ssh keys"
	check "$HOME/.ssh/id" "ssh keys"
	check "$HOME/.gnupg" "gpg keys"
	check "$WOLFFIA_STORE" "store"
	check "$(dirname "$HOME")" "home"
	[ ! -d "/run/user/$(id -u)" ] || check "/run/user/$(id -u)" session
	[ ! -S /run/docker.sock ] || check /run/docker.sock docker
	# through a link it is the same place
	ln -s "$HOME/.ssh" innocent
	check "$PWD/innocent" "ssh keys"
	# and work is work
	run --separate-stderr in_root -v "$HOME/work:/v" true
	[ "$status" = 0 ] && [ -z "$stderr" ]
}

@test "--strict makes the warning an error" {
	for place in / "$HOME" "$HOME/.ssh"; do
		run --separate-stderr in_root --strict -v "$place:/v" echo ran
		[ "$status" = 125 ]
		[ -z "$output" ]
		one_clear_line
	done
	# without Landlock it has something else to refuse
	! has_landlock || run -0 in_root --strict -v "$HOME/work:/v" true
}

@test "docker run -v /:/x alpine cat /x/etc/shadow" {
	local how
	export HOME="$BATS_TEST_TMPDIR/home"
	for how in "--rootfs $ROOT" "-- @host"; do
		[ "$how" != "-- @host" ] || how="@host"
		run --separate-stderr "$WOLFFIA" run -v /:/x $how cat /x/etc/shadow
		[ "$status" = 1 ] || { echo "$how: $status $output $stderr"; false; }
		[ -z "$output" ]
		[[ "$stderr" == *"Permission denied"* ]] || { echo "$how: $stderr"; false; }
	done
	tar -C "$ROOT" -cf image.tar .
	run -0 "$WOLFFIA" import -q image.tar alpine
	run --separate-stderr "$WOLFFIA" run -v /:/x alpine cat /x/etc/shadow
	[ "$status" = 1 ] && [ -z "$output" ]
	[[ "$stderr" == *"Permission denied"* ]]
	run -0 "$WOLFFIA" rmi alpine
}

@test "root in the container has no more rights in a volume than its user" {
	run in_root --quiet -v /:/x sh -c 'id -u; echo x >/x/etc/wolffia-was-here; chown 0:0 /x/tmp; touch /x/root/x'
	[ "${lines[0]}" = 0 ]
	[ ! -e /etc/wolffia-was-here ]
	[ ! -e /root/x ] 2>/dev/null
}

# bats test_tags=many-ids
@test "what a container writes to a volume is its user's, whoever runs" {
	for user in 0 1000 user; do
		run -0 in_root -u "$user" -v "$PWD/vol:/v" sh -c 'echo x >/v/mine'
		[ "$(stat -c %u:%g vol/mine)" = "$(id -u):$(id -g)" ]
		rm vol/mine
	done
}

# bats test_tags=many-ids
@test "R26: a set-uid program in a volume gives nothing" {
	cp "$TOOLS/probe_identity" vol/suid
	chmod 4755 vol/suid
	# its owner, the caller, is root in this container
	run -0 in_root --security-opt no-new-privileges=false -v "$PWD/vol:/v" \
		probe_identity -s 1000 /v/suid
	[[ "$output" == *$'Uid:\t1000\t1000\t1000\t1000'* ]]
}

@test "mounts below a volume come with it, and are as read-only" {
	run in_root -v "$HOME:/v:ro" -v "$HOME/work:/v/work" --quiet \
		sh -c 'touch /v/x 2>/dev/null || echo ro; touch /v/work/x && echo rw'
	[ "$output" = $'ro\nrw' ]
	[ -e "$HOME/work/x" ]
}

@test "the order of volumes does not matter where one lies in the other" {
	mkdir inner
	echo inner >inner/file
	run -0 in_root -v "$PWD/inner:/v/in" -v "$PWD/vol:/v" cat /v/in/file /v/file
	[ "$output" = $'inner\ncontent' ]
}

@test "a named volume is kept between containers" {
	run -0 in_root -v data:/d sh -c 'echo kept >/d/file'
	run -0 in_root -v data:/d cat /d/file
	[ "$output" = kept ]
	run --separate-stderr in_root -v '../escape:/d' true
	[ "$status" = 125 ]
	[ ! -e "$WOLFFIA_STORE/escape" ]
	rm -rf "$WOLFFIA_STORE/volumes/data"
}

@test "noexec and nosymfollow" {
	cp "$ROOT/bin/busybox" vol/echo
	run in_root -v "$PWD/vol:/v:noexec" /v/echo hello
	[ "$status" = 126 ]
	ln -s /etc/passwd vol/link
	run in_root -v "$PWD/vol:/v:nosymfollow" cat /v/link
	[ "$status" = 1 ]
	run -0 in_root -v "$PWD/vol:/v" cat /v/link
}
