# What the tests of containers that live longer than one command share.

# pid, said, stderr, status are of helper_run; what is set here is for the tests
# shellcheck disable=SC2154,SC2034

load "${BASH_SOURCE[0]%/*}/helper_run"

# nothing that a test started goes on after it
teardown_life() {
	"$WOLFFIA" rm -af >/dev/null 2>&1 || true
	store_is_empty
}

# up NAME [OPTION...] COMMAND...: in the background, and it runs; its id is $id
up() {
	local name=$1
	shift
	id=$("$WOLFFIA" run -d --name "$name" --rootfs "$ROOT" "$@")
}

# up_saying NAME TEXT [OPTION...] COMMAND...: the same, and it has said TEXT
# on its standard output.  What it says is at $out_fd, as for start
up_saying() {
	local name=$1 text=$2
	shift 2
	"$WOLFFIA" create --name "$name" --rootfs "$ROOT" "$@" >/dev/null
	start_program "$WOLFFIA" start -a "$name"
	await "$text"
}

directory_of() {
	echo "$WOLFFIA_STORE/containers/$(readlink "$WOLFFIA_STORE/names/$1")"
}

# field NAME KEY: what is written down of a container
field() {
	jq -r ".$2" "$(directory_of "$1")/status.json"
}

# launcher_of NAME: its process, which lives; never 0, whom one must not kill
launcher_of() {
	local number
	number=$(field "$1" launcher_pid)
	[ "$number" -gt 1 ] && echo "$number"
}

# fds PID: how many descriptors it has
fds() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

# below PID: all processes that PID 1 of a container has below it
below() {
	local child
	for child in $(<"/proc/$1/task/$1/children"); do
		echo "$child"
		below "$child"
	done 2>/dev/null
}

# took COMMAND...: $status, $output, $stderr and the milliseconds in $ms
took() {
	local begin=$EPOCHREALTIME
	status=0
	output=$("$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
	stderr=$(<"$BATS_TEST_TMPDIR/stderr")
	ms=$(((${EPOCHREALTIME/[.,]/} - ${begin/[.,]/}) / 1000))
}

# within FROM TO: $ms
within() {
	[ "$ms" -ge "$1" ] && [ "$ms" -le "$2" ] ||
		{ echo "it took $ms ms, not $1 to $2" >&2; return 1; }
}

# becomes TEXT COMMAND...: until that is what the command says
becomes() {
	local wanted=$1 until=$((SECONDS + 20))
	shift
	while [ "$SECONDS" -lt "$until" ]; do
		[ "$("$@" 2>&1)" != "$wanted" ] || return 0
		sleep 0.02
	done
	echo "$* never said \"$wanted\" but: $("$@" 2>&1)" >&2
	return 1
}
