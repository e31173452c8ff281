# Clocks that jump: $CLOCK is the library that moves them.

# output, status and stderr are of bats
# shellcheck disable=SC2154

load ../e2e/helper_run

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

@test "a clock that jumps changes neither what waits nor what is said" {
	export CLOCK_MOVED=$PWD/moved
	moved() {
		LD_PRELOAD=$CLOCK timeout -s KILL 20 "$WOLFFIA" "$@"
	}
	for jump in -315360000 -86400 -1 86400 315360000; do
		echo 0 >moved
		moved run -d --name x --rootfs "$ROOT" sleep 100
		moved run -d --name y --restart on-failure:2 --rootfs "$ROOT" false
		echo "$jump" >moved
		run -0 moved exec x echo in
		[ "$output" = in ]
		run -0 moved ps -a --format '{{.Names}} {{.State}} {{.Status}}'
		[[ "$output" == *"x running"* ]]
		run -0 moved wait y
		run -0 moved stop -t 1 x
		run -0 moved ps -a --format '{{.Status}}'
		[[ "$output" == *"Exited (143)"* ]]
		run -0 moved rm x
		run -0 moved rm -f y
		run --separate-stderr moved run --timeout 1 --rootfs "$ROOT" sleep 100
		[ "$status" != 0 ]
		[[ "$stderr" == *"--timeout"* ]]
	done
	store_is_empty
}
