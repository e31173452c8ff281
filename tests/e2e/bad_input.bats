# What is wrong is said in one clear line, and leaves nothing behind

# $how, unquoted, is a list of options; what is quoted is for the container's
# shell; and status, output and pid come from bats and from the helper
# shellcheck disable=SC2086,SC2016,SC2154

load helper_run

setup_file() {
	setup_run
	# the store's own directories are there from here on
	in_root true
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir work
	cd work
	# but for what "wolffia events" tells
	listing() {
		find "$WOLFFIA_STORE" "$BATS_TEST_TMPDIR/work" "$ROOT" \
			! -path "$WOLFFIA_STORE/events" \
			-printf '%p %y %m %s %U\n' | sort
	}
	before=$(listing)
}

# refused STATUS TEXT ARGUMENT...: with one clear line, and without a trace
refused() {
	local want=$1 text=$2
	shift 2
	run -"$want" --separate-stderr timeout -s KILL 20 "$@"
	fails_with "$want" "$text"
	[ -z "$output" ] || { echo "stdout: $output"; return 1; }
	one_clear_line
	diff <(echo "$before") <(listing)
}

@test "Not a directory" {
	refused 125 "Not a directory" "$WOLFFIA" run --rootfs /etc/passwd true
	refused 125 "Not a directory" "$WOLFFIA" run --rootfs "$ROOT/etc/passwd/x" true
	refused 125 "Not a directory" "$WOLFFIA" run --rootfs "$ROOT" -w /etc/passwd true
	refused 125 "Not a directory" "$WOLFFIA" run --rootfs "$ROOT" -v "$ROOT/etc/passwd/x:/v" true
	refused 125 "Not a directory" "$WOLFFIA" run --rootfs "$ROOT" -v "$ROOT/etc:/etc/passwd/v" true
}

@test "a root that is not there, or may not be entered" {
	mkdir -m 0 closed
	before=$(listing 2>/dev/null)
	refused 125 "No such file" "$WOLFFIA" run --rootfs nowhere true
	refused 125 "" "$WOLFFIA" run --rootfs '' true
	run --separate-stderr "$WOLFFIA" run --rootfs "$PWD/closed" true
	[ "$status" = 125 ] || [ "$status" = 127 ]
	one_clear_line
	rmdir closed
}

@test "a root without anything in it" {
	mkdir empty
	before=$(listing)
	refused 127 "/bin/sh" "$WOLFFIA" run --rootfs empty
	refused 127 "sh" "$WOLFFIA" run --rootfs empty sh
}

@test "an image that is not there" {
	refused 125 "nowhere" "$WOLFFIA" run --pull never nowhere true
	refused 125 "nowhere" "$WOLFFIA" run -q 127.0.0.1:1/nowhere true
	refused 125 "Invalid" "$WOLFFIA" run 'Invalid:Name:X' true
	refused 125 "" "$WOLFFIA" run '' true
	refused 125 "" "$WOLFFIA" run "image@sha256:abc" true
	refused 125 "@nothost" "$WOLFFIA" run @nothost true
	refused 125 "/etc" "$WOLFFIA" run /etc true
}

@test "a volume source that does not exist" {
	refused 125 "/does/not/exist" "$WOLFFIA" run --rootfs "$ROOT" -v /does/not/exist:/v true
	refused 125 "not/exist" "$WOLFFIA" run --rootfs "$ROOT" -v ./not/exist:/v true
	refused 125 "not/exist" "$WOLFFIA" run --rootfs "$ROOT" --mount type=bind,src="$PWD/not/exist",dst=/v true
	ln -s nowhere dangling
	before=$(listing)
	refused 125 "dangling" "$WOLFFIA" run --rootfs "$ROOT" -v ./dangling:/v true
}

@test "volumes that are none" {
	for wrong in '' : /a: :/b /tmp:/b:c:d: 'a/../b:/v' /tmp:/v:ro:rw; do
		refused 125 "" "$WOLFFIA" run --rootfs "$ROOT" -v "$wrong" true ||
			{ echo "-v $wrong"; false; }
	done
	for wrong in '' type=bind type=nothing,dst=/v src=/tmp,dst=/v,x=y type=tmpfs type=bind,src=/tmp,dst=; do
		refused 125 "" "$WOLFFIA" run --rootfs "$ROOT" --mount "$wrong" true ||
			{ echo "--mount $wrong"; false; }
	done
}

@test "a command that does not exist" {
	refused 127 "no-such-command" "$WOLFFIA" run --rootfs "$ROOT" no-such-command
	refused 127 "/no/such/command" "$WOLFFIA" run --rootfs "$ROOT" /no/such/command
	refused 127 "./here" "$WOLFFIA" run --rootfs "$ROOT" ./here
	refused 127 "no-such-command" "$WOLFFIA" run --rootfs "$ROOT" --pid1 no-such-command
	refused 127 "no-such-command" "$WOLFFIA" run @host no-such-command
}

@test "a command that is not executable" {
	refused 126 "/etc/passwd" "$WOLFFIA" run --rootfs "$ROOT" /etc/passwd
	refused 126 "/etc" "$WOLFFIA" run --rootfs "$ROOT" /etc
	refused 126 "/etc/passwd" "$WOLFFIA" run --rootfs "$ROOT" --pid1 /etc/passwd
	refused 126 "/bin/sh" "$WOLFFIA" run --rootfs "$ROOT" -v "$ROOT/etc/passwd:/bin/sh" /bin/sh
}

@test "a working directory that is a symlink out of the root, or a loop" {
	ln -sfn loop "$ROOT/home/loop"
	before=$(listing)
	refused 125 "/home/loop" "$WOLFFIA" run --rootfs "$ROOT" -w /home/loop true
	rm "$ROOT/home/loop"
	before=$(listing)
	refused 125 "/proc/self/fd/5" "$WOLFFIA" run --rootfs "$ROOT" -w /proc/self/fd/5 true
	refused 125 "/proc/1/root" "$WOLFFIA" run --rootfs "$ROOT" -w /proc/1/root/etc true
	refused 125 "relative" "$WOLFFIA" run --rootfs "$ROOT" -w relative true
}

@test "an id outside of the map" {
	refused 125 "70000" "$WOLFFIA" run --rootfs "$ROOT" -u 70000 true
	refused 125 "70000" "$WOLFFIA" run --rootfs "$ROOT" -u 0:70000 true
	refused 125 "70000" "$WOLFFIA" run --rootfs "$ROOT" --group-add 70000 true
	refused 125 "1000" "$WOLFFIA" run --rootfs "$ROOT" --userns single -u 1000 true
	for wrong in 4294967295 4294967296 -1 99999999999999999999 0x10 1e3 '1 ' 01x ''; do
		refused 125 "" "$WOLFFIA" run --rootfs "$ROOT" -u "$wrong" true ||
			{ echo "-u $wrong"; false; }
	done
}

@test "values that are none" {
	while read -r option value; do
		refused 125 "" "$WOLFFIA" run --rootfs "$ROOT" "$option" "$value" true ||
			{ echo "$option $value"; false; }
	done <<-'EOF'
	--timeout soon
	--timeout -1
	--timeout 99999999999999999999
	--pids-limit many
	--pids-limit -1
	--shm-size 1x
	--shm-size -1
	--ulimit nofile
	--ulimit nofile=-5
	--cap-add NOTHING
	--driver aufs
	--network nowhere
	--userns nowhere
	--stop-signal SIGNOTHING
	--status-fd 99999
	--status-fd x
	--env-file /nowhere
	--label-file /nowhere
	--hostname -x
	--hostname a b
	--name a b
	--security-opt nothing
	--tmpfs relative
	--profile none
	--profile nowhere
	EOF
}

# bats test_tags=many-ids
@test "an /etc/passwd that is a device, a directory, a link or a FIFO" {
	cp -a "$ROOT" root
	for kind in fifo directory link; do
		rm -rf root/etc/passwd
		case $kind in
		fifo) mkfifo root/etc/passwd ;;
		directory) mkdir root/etc/passwd ;;
		link) ln -s /proc/self/fd/0 root/etc/passwd ;;
		esac
		before=$(listing)
		refused 125 "" "$WOLFFIA" run --rootfs root -u user true ||
			{ echo "$kind"; false; }
	done
	# a number needs no passwd
	run -0 timeout 20 "$WOLFFIA" run --rootfs root -u 1000:1000 id -u
	[ "$output" = 1000 ]
}

@test "a store that is none" {
	touch file
	before=$(listing)
	refused 125 "file" "$WOLFFIA" --store "$PWD/file" run --rootfs "$ROOT" true
	refused 125 "/proc/store" "$WOLFFIA" --store /proc/store run --rootfs "$ROOT" true
}

# Seen passing through without the S_ISDIR() in pass_on_input(): the command
# had the host's / as a descriptor.
@test "a directory as standard input" {
	before=$(listing)
	refused 125 "standard input is a directory" \
		bash -c '"$WOLFFIA" run -i --rootfs "$ROOT" true </'
}
