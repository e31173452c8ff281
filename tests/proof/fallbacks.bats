# What a kernel may lack.  Linux 5.12 is promised: what came before it and is
# missing is said, what came later is done without, and that is said, too.
#
# Most suites of tests/e2e are run once more without Landlock and the calls that
# wolffia can do without, see meson.build.

# status, output and stderr come from bats
# shellcheck disable=SC2154

load ../e2e/helper_run

setup_file() {
	setup_run
	: "${MEDDLE:?the program that lets system calls fail}"
	export ASAN_OPTIONS=detect_leaks=0
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# without CALL COMMAND...
without() {
	local call=$1
	shift
	timeout -s KILL 20 "$MEDDLE" -d "$call=ENOSYS" "$@"
}

@test "a kernel before 5.12 is refused in one line, with nothing left" {
	for call in openat2 open_tree move_mount fsopen fsconfig fsmount \
		mount_setattr pidfd_open; do
		run --separate-stderr without "$call" "$WOLFFIA" run --rootfs "$ROOT" true
		fails_with 125 "Function not implemented" || { echo "$call"; false; }
		one_clear_line
		[[ "$stderr" == *"Linux 5.12 is the oldest"* ]]
		in_root true
		store_is_empty
	done
}

# what the workload says of its confinement, but for what is chance
confinement() {
	: >input
	chmod 666 input
	"$@" run -i --rootfs "$ROOT" probe_confinement <input 2>warnings |
		sed 's/:\[[0-9]*\]//; s/^host .*//; s/^127.0.1.1.*//'
}

@test "without Landlock it is said in one line, and all other walls stand" {
	confinement "$WOLFFIA" >with
	[ ! -s warnings ]
	[ "$(grep -c 'write-input EACCES' with)" = 1 ]
	# shellcheck disable=SC2043
	for call in landlock_create_ruleset; do
		confinement without "$call" "$WOLFFIA" >less
		[ "$(grep -c . warnings)" = 1 ]
		grep -q 'Landlock of this kernel does not guard' warnings
		run diff with less
		[ "$(grep -c '^[<>]' <<<"$output")" = 2 ]
		[[ "$output" == *"> write-input succeeded"* ]]
		run --separate-stderr without "$call" "$WOLFFIA" run --strict --rootfs "$ROOT" true
		fails_with 125 "Landlock"
		one_clear_line
	done
	store_is_empty
}

@test "Landlock that is there and does not work is no kernel without Landlock" {
	for call in landlock_add_rule landlock_restrict_self; do
		run --separate-stderr without "$call" "$WOLFFIA" run --rootfs "$ROOT" echo hello
		[ "$status" = 125 ] || { echo "$call: $output $stderr"; false; }
		[ -z "$output" ]
		one_clear_line
	done
	store_is_empty
}

@test "the other verbs work without a call, or say in one line that it is missing" {
	"$WOLFFIA" run -d --name runs --rootfs "$ROOT" sleep 1000 >/dev/null
	"$WOLFFIA" create --name made --rootfs "$ROOT" true >/dev/null
	echo hello >file
	for call in openat2 open_tree mount_setattr memfd_create seccomp; do
		for verb in "exec runs true" "exec -t runs true" "cp file runs:/f" "cp runs:/etc/passwd out" \
			"diff runs" "commit -q made x:1" "logs runs" "top runs" "inspect made" "pause runs" \
			"unpause runs" "wait made"; do
			# shellcheck disable=SC2086
			run --separate-stderr without "$call" "$WOLFFIA" $verb
			[ "$status" != 0 ] || continue
			one_clear_line
			[ "$status" = 125 ] || { echo "$call $verb: $status $stderr"; false; }
			# not that there is no such container
			[[ "$stderr" != *"there is no"* ]] || { echo "$call $verb: $stderr"; false; }
			[[ "$stderr" != *"Cannot allocate memory"* ]] || { echo "$call $verb: $stderr"; false; }
		done
	done
	"$WOLFFIA" rm -fa >/dev/null
	"$WOLFFIA" rmi -qf x:1
}

@test "without close_range(2), where the container's root is the own one, too" {
	"$WOLFFIA" run -d --name runs --rootfs "$ROOT" sleep 1000 >/dev/null
	"$WOLFFIA" create --name made --rootfs "$ROOT" true >/dev/null
	echo hello >file
	for name in runs made; do
		run -0 --separate-stderr without close_range "$WOLFFIA" cp file "$name":/tmp/file
		[ -z "$stderr" ]
		run -0 --separate-stderr without close_range "$WOLFFIA" cp "$name":/tmp/file out
		cmp file out
		run -0 --separate-stderr without close_range "$WOLFFIA" export -o out.tar "$name"
		tar -xOf out.tar tmp/file | cmp file
	done
	"$WOLFFIA" rm -fa >/dev/null
}

# files in place of them, which have the time of their unpacking as well
@test "where the kernel makes no whiteouts, check compares layers all the same" {
	local as_user=("$MEDDLE" -d mknodat=EPERM "$WOLFFIA")
	export WOLFFIA_STORE=$BATS_TEST_TMPDIR/store
	mkdir etc
	: >etc/.wh.gone
	tar -cf white.tar etc
	"${as_user[@]}" import -q white.tar white:1
	ls "$WOLFFIA_STORE"/layers/*.wh
	run -0 "${as_user[@]}" check -q
	[ -z "$output" ] || { echo "$output"; false; }
	"$WOLFFIA" rmi -q white:1
}
