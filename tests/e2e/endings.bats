# Nothing survives its container, and nobody's end goes unnoticed.
#
# "outlived" (tests/tools) adopts whatever loses its parent, so that the end of
# each process is an event: no test here waits for a time to pass.

# $how, unquoted, is a list of options; what is quoted is for the container's
# shell; and status, output and pid come from bats and from the helper
# shellcheck disable=SC2086,SC2016,SC2154,SC2217

load helper_run

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	# the mounts of this machine's first namespace: none is of ours
	! grep -F "$WOLFFIA_STORE" /proc/self/mountinfo
}

outlived() {
	timeout -s KILL 60 "$TOOLS/outlived" "$@"
}

# swept: the next start removes what killed ones left
swept() {
	in_root true
	store_is_empty
}

# --- signals

@test "signals to wolffia go to the command" {
	start probe_signals
	await ready
	for name in TERM INT HUP QUIT USR1 WINCH; do
		kill -"$name" "$pid"
		await "got $name"
	done
	kill -USR2 "$pid"
	await_end
	[ "$status" = 0 ]
	store_is_empty
}

@test "signals reach a command that is PID 1 itself" {
	start --pid1 probe_signals
	await ready
	for name in TERM INT HUP QUIT USR1; do
		kill -"$name" "$pid"
		await "got $name"
	done
	kill -USR2 "$pid"
	await_end
	[ "$status" = 0 ]
}

@test "a signal that the caller ignores is not passed on, as nohup wants it" {
	start_program env --ignore-signal=HUP "$WOLFFIA" run --rootfs "$ROOT" probe_signals
	await ready
	kill -HUP "$pid"
	kill -USR1 "$pid"
	await "got USR1"
	[[ "$said" != *HUP* ]]
	kill -USR2 "$pid"
	await_end
	[ "$status" = 0 ]
}

@test "a signal that ends the command ends wolffia with 128 and its number" {
	for name in TERM INT HUP USR1; do
		start sh -c 'echo ready; exec sleep 100'
		await ready
		kill -"$name" "$pid"
		await_end
		[ "$status" = $((128 + $(kill -l "$name"))) ] || { echo "$name: $status"; false; }
		[ -z "$stderr" ]
	done
}

@test "^C to the whole foreground group is the command's affair alone" {
	# the file system server would have died of it
	set -m
	start sh -c 'trap "echo got it; exit 9" INT; echo ready; while :; do sleep 0.02; done'
	set +m
	await ready
	kill -INT "-$pid"
	await_end
	[ "$status" = 9 ]
	[[ "$said" == *"got it"* ]]
	[ -z "$stderr" ]
}

# state_of PID: the letter of proc(5)
state_of() {
	sed 's/.*) //; s/ .*//' "/proc/$1/stat"
}

@test "^Z stops the command too, and it goes on with wolffia" {
	start sh -c 'echo ready; while :; do echo tick; sleep 0.01; done'
	await tick
	kill -TSTP "$pid"
	# stopped: what was written before is all there is
	timeout 10 sh -c "until grep -q '^State:.T' /proc/$pid/status; do :; done"
	init=$(pgrep -P "$pid" wolffia-init)
	workload=$(pgrep -P "$init" | head -n 1)
	timeout 10 sh -c "until grep -q '^State:.T' /proc/$workload/status; do :; done"
	kill -CONT "$pid"
	timeout 10 sh -c "while grep -q '^State:.T' /proc/$workload/status; do :; done"
	await tick
	kill -TERM "$pid"
	await_end
	[ "$status" = 143 ]
}

@test "SIGTERM during the launch ends it, with nothing left" {
	for delay in 100 1000 2000 4000 6000 8000 10000 12000 15000 20000; do
		run outlived -t -u "$delay" "$WOLFFIA" run --rootfs "$ROOT" sleep 100
		[ "$status" = 0 ] || { echo "$delay: $output"; false; }
		[[ "$output" == *"status 143"* ]] || { echo "$delay: $output"; false; }
		store_is_empty || { echo "after $delay us"; false; }
	done
}

# --- an end by force

@test "kill -9 of the whole process group of wolffia: nothing is left" {
	for how in "" "--pid1"; do
		# exec: the group is wolffia's, and it is all that is in it
		run outlived -g -l ready "$WOLFFIA" run --rootfs "$ROOT" --quiet $how \
			-v "$PWD:/v" probe_identity -s 1000 /bin/probe_identity -p ready
		[ "$status" = 0 ] || { echo "$how: $output"; false; }
	done
	swept
}

@test "kill -9 of wolffia in its first 60 ms, 60 times: nothing is left" {
	for i in {1..60}; do
		run outlived -u $((RANDOM * 2 % 60000 + 1)) \
			"$WOLFFIA" run --rootfs "$ROOT" sleep 100
		[ "$status" = 0 ] || { echo "$output"; false; }
	done
	swept
}

@test "kill -9 of wolffia while it runs, 40 times: nothing is left" {
	for i in {1..10}; do
		for how in "" "--pid1" "--userns as-me" "--driver fuse-overlayfs"; do
			run outlived -l ready "$WOLFFIA" run --rootfs "$ROOT" $how \
				sh -c 'sleep 100 & setsid sleep 100 & echo ready; sleep 100'
			[ "$status" = 0 ] || { echo "$how: $output"; false; }
		done
	done
	swept
}

@test "kill -9 of wolffia: a command that changed its ids does not stay" {
	# a change of ids takes the parent-death signal away (prctl(2))
	for how in "" "--pid1" "--pid1" "--pid1" "--pid1"; do
		run outlived -l ready "$WOLFFIA" run --rootfs "$ROOT" --quiet $how \
			-v "$PWD:/v" probe_identity -s 1000 /bin/probe_identity -p ready
		[ "$status" = 0 ] || { echo "$how: $output"; false; }
	done
	swept
}

@test "the parent of wolffia is killed: the container ends" {
	for how in "" "--pid1" "-i"; do
		run outlived -l ready sh -c '"$WOLFFIA" run --rootfs "$ROOT" '"$how"' \
			sh -c "echo ready; sleep 100"; true'
		[ "$status" = 0 ] || { echo "$how: $output"; false; }
	done
	swept
	run outlived -l ready sh -c '"$WOLFFIA" run --die-with-parent --rootfs "$ROOT" sh -c "echo ready; sleep 100"; true'
	[ "$status" = 0 ]
}

@test "--keep: the container survives the parent of wolffia" {
	mkfifo go
	# the reader of the FIFO is in the container: it ends when we say so
	"$TOOLS/outlived" -l ready sh -c '"$WOLFFIA" run --keep -i --rootfs "$ROOT" -v "$PWD:/v" \
		sh -c "echo ready; read x </v/go; echo \$x >/v/seen"; true' >log &
	watcher=$!
	timeout 10 sh -c 'echo alive >go'
	wait "$watcher"
	[ "$(<seen)" = alive ]
	store_is_empty
}

# children_of PID: those that are alive
children_of() {
	local child
	for child in $(<"/proc/$1/task/$1/children"); do
		! grep -q '^State:.[^Z]' "/proc/$child/status" || echo "$child"
	done 2>/dev/null
}

# server_of PID: the process of fuse-overlayfs that this wolffia started
server_of() {
	local child
	for child in $(children_of "$1"); do
		[ "$(<"/proc/$child/comm")" != fuse-overlayfs ] || echo "$child"
	done
}

# bats test_tags=many-ids
@test "the file system server is killed: status 125, and it is said" {
	for how in "--driver fuse-overlayfs" ""; do
		start $how sh -c 'echo ready; while :; do :; done'
		await ready
		server=$(server_of "$pid")
		[ -n "$server" ]
		kill -KILL "$server"
		await_end
		[ "$status" = 125 ]
		[[ "$stderr" == *"file system server"*"SIGKILL"* ]]
		one_clear_line
	done
	store_is_empty
}

@test "PID 1 is killed: status 137, and it is said" {
	start --status-fd 1 sh -c 'echo ready; exec sleep 100'
	await '"pid"'
	init=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' <<<"$said")
	await ready
	# it belongs to a subordinate id: only its namespace's owner may
	"$WOLFFIA" unshare kill -KILL "$init" 2>/dev/null || kill -KILL "$init"
	await_end
	[ "$status" = 137 ] || { echo "$status $stderr"; false; }
	[[ "$stderr" == *"PID 1"*"SIGKILL"* ]]
	one_clear_line
	store_is_empty
}

@test "any process of a launch is killed: it ends, says so, and leaves nothing" {
	for how in "" "--pid1" "--driver fuse-overlayfs"; do
		start $how sh -c 'echo ready; exec sleep 100'
		await ready
		n=$(children_of "$pid" | wc -w)
		kill -TERM "$pid"
		kill -KILL "$pid" # --pid1 sleep ignores it
		await_end
		[ "$n" -ge 1 ]
		for i in $(seq 1 "$n"); do
			start $how sh -c 'echo ready; exec sleep 100'
			await ready
			victim=$(children_of "$pid" | sed -n "${i}p")
			kill -KILL "$victim"
			await_end
			[ "$status" = 125 ] || [ "$status" = 137 ] ||
				{ echo "$how $i: $status"; false; }
			# PID 1 that is the command: its end is the command's
			[ "$how $status" = "--pid1 137" ] || one_clear_line ||
				{ echo "$how $i"; false; }
		done
	done
	swept
}

# --- the end of the output

@test "--timeout and SIGTERM do not wait for a reader that sleeps" {
	mkfifo pipe
	# shellcheck disable=SC2217  # it holds the pipe open and does not read
	sleep 1000 <pipe &
	sleeper=$!
	# not by run, which would read all of it
	status=0
	timeout -s KILL 20 "$WOLFFIA" run --timeout 1 --rootfs "$ROOT" yes \
		>pipe 2>said || status=$?
	[ "$status" = 137 ] || [ "$status" = 124 ]
	# and not by the patience of this test
	grep -q '(--timeout)' said
	start_program bash -c 'exec "$WOLFFIA" run --status-fd 9 --rootfs "$ROOT" yes 9>&1 >pipe'
	await '"started"'
	kill -TERM "$pid"
	await_end
	[ "$status" = 143 ]
	kill "$sleeper"
}

@test "what was written before the end arrives, however slow the reader" {
	n=$(in_root sh -c 'yes | head -c 3000000' | (sleep 0.3; wc -c))
	[ "$n" = 3000000 ]
	n=$(in_root sh -c 'yes | head -c 60000; kill -9 $$' | (sleep 0.3; wc -c))
	[ "$n" = 60000 ]
}

# --- what is left in the store

# bats test_tags=many-ids
@test "trees that are hard to remove are removed" {
	run -0 in_root -w /home probe_files deep 3000
	store_is_empty
	run -0 in_root --driver fuse-overlayfs -w /home probe_files deep 1000
	store_is_empty
	run -0 in_root -w /home probe_files many 3000
	store_is_empty
	run -0 in_root -w /home probe_files strange
	store_is_empty
	run -0 in_root --userns as-me -w /home probe_files strange
	store_is_empty
	run -0 in_root -u 1000 -w /tmp probe_files many 10
	store_is_empty
}

@test "what a killed container wrote is removed by the next one" {
	run outlived -l ready "$WOLFFIA" run --rootfs "$ROOT" --name killed \
		sh -c 'cd /home; probe_files deep 3000; probe_files strange; echo ready; sleep 100'
	[ "$status" = 0 ]
	[ -n "$(ls "$WOLFFIA_STORE/containers")" ]
	swept
}

@test "a running container is not swept away by others" {
	start sh -c 'echo x >/file; echo ready; exec sleep 100'
	await ready
	for i in 1 2 3; do
		run -0 in_root true
	done
	[ "$(find "$WOLFFIA_STORE/containers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
	kill -TERM "$pid"
	await_end
	store_is_empty
}

@test "many at once do not hinder each other" {
	for i in {1..12}; do
		in_root sh -c "echo $i >/x; cat /x" >"out.$i" 2>"err.$i" 3>&- &
	done
	wait
	for i in {1..12}; do
		[ "$(<"out.$i")" = "$i" ] && [ ! -s "err.$i" ] || { cat "err.$i"; false; }
	done
	store_is_empty
}

# The launcher's reads are slowed, so that the command ends before the launch
# is over for it.  Seen hanging without the reap() at the start of supervise().
@test "a command that ends before wolffia looks is not waited for" {
	# a sanitizer cannot look for leaks under strace
	export ASAN_OPTIONS=detect_leaks=0
	run timeout -s KILL 30 strace -D -o /dev/null \
		-e trace=read -e inject=read:delay_enter=50000 \
		"$WOLFFIA" run --rootfs "$ROOT" true
	[ "$status" = 0 ]
	store_is_empty
}
