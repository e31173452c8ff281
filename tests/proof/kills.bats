# One certain process is killed, or one certain call fails, where the kills of
# moments.py and the faults of store.py come by too seldom

# status, output and stderr come from bats
# shellcheck disable=SC2154

load ../e2e/helper_run

setup_file() {
	setup_run
	: "${MEDDLE:?the program that kills at system calls}"
	export ASAN_OPTIONS=detect_leaks=0
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# the process that removes what the container wrote is the last that enters a
# user namespace
@test "who removes the container's files is killed: another one does it" {
	# the list is whole when the tracer has closed it
	mkfifo list
	cat list >calls 3>&- &
	"$MEDDLE" -l list "$WOLFFIA" run --rootfs "$ROOT" touch /written
	wait "$!"
	remover=$(grep ' setns ' calls | tail -n 1 | cut -d ' ' -f 1)
	[[ "$remover" == 0.* ]]
	run -0 --separate-stderr "$MEDDLE" -l hit -f "$remover:unlinkat:1:KILL" \
		"$WOLFFIA" run --rootfs "$ROOT" touch /written
	[ -z "$stderr" ]
	store_is_empty
	grep -qx hit hit
}

# it was written again, and was the blob of a configuration by then
@test "a temporary file that cannot be removed is no second blob" {
	for n in {1..8}; do
		echo "$n" >file
		tar -cf root.tar file
		run --separate-stderr "$MEDDLE" -l hit -f "0:unlinkat:$n:EIO" \
			"$WOLFFIA" import -q root.tar "image:$n"
		[ "$status" = 0 ] || one_clear_line
		run -0 "$WOLFFIA" check -q
		[[ "$output" != *damaged* ]] || { echo "$n: $output"; false; }
		grep -qx hit hit || break
	done
	[ "$n" -gt 3 ]
	"$WOLFFIA" images -q | xargs -r "$WOLFFIA" rmi -qf
}
