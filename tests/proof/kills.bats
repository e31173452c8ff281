# One certain process is killed in one certain moment, where the random kills of
# moments.py come by too seldom

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
