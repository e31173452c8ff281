# Connected to the streams of a container that others started: attach, start -a

# what is quoted is for the container's shell; status, output and pid come from
# bats and from the helper
# shellcheck disable=SC2016,SC2154,SC2030,SC2031

load helper_life

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkfifo go
}

teardown() {
	teardown_life
}

# attached NAME N: until N clients are; each is two connections and two pipes
attached() {
	local launcher
	launcher=$(launcher_of "$1")
	becomes $((alone + 4 * $2)) fds "$launcher"
}

# up_waiting NAME OPTION... COMMAND: a container that begins when /go is written
up_waiting() {
	up "$@"
	alone=$(fds "$(launcher_of "$1")")
}

begin() {
	timeout 10 sh -c 'echo x >go'
}

# looks NAME N [OPTION...]: a client that is attached in the background, with
# its output in out.N and err.N, and its number in clients[N]
looks() {
	local name=$1 n=$2
	shift 2
	"$WOLFFIA" attach "$@" "$name" >"out.$n" 2>"err.$n" </dev/null 3>&- &
	clients[n]=$!
}

# --- output

@test "attach: everybody sees all that is said from then on, and its status" {
	up_waiting a -v "$PWD/go:/go" sh -c 'read x </go; seq 1 50000; echo error >&2; exit 7'
	for i in 1 2 3; do
		looks a "$i"
	done
	attached a 3
	begin
	for i in 1 2 3; do
		status=0
		wait "${clients[i]}" || status=$?
		[ "$status" = 7 ]
		cmp "out.$i" <(seq 1 50000)
		[ "$(<"err.$i")" = error ]
	done
}

@test "attach: a client that is killed leaves the container and the others as they are" {
	up_waiting a -v "$PWD/go:/go" sh -c 'read x </go; seq 1 50000; read x </go'
	looks a 1
	looks a 2
	attached a 2
	kill -KILL "${clients[1]}"
	attached a 1
	begin
	begin
	wait "${clients[2]}"
	cmp out.2 <(seq 1 50000)
}

@test "attach: a client that is killed while it reads does not hold the others up" {
	up_waiting a -v "$PWD/go:/go" sh -c 'read x </go; seq 1 300000'
	"$WOLFFIA" attach a </dev/null 3>&- | head -c 10000 >head &
	looks a 1
	attached a 2
	begin
	wait "${clients[1]}"
	cmp out.1 <(seq 1 300000)
	[ "$(stat -c %s head)" = 10000 ]
}

@test "attach: a slow client slows, and nobody loses a byte" {
	up_waiting a -v "$PWD/go:/go" sh -c 'read x </go; seq 1 300000'
	"$WOLFFIA" attach a </dev/null 3>&- | (sleep 0.5; cat) >slow &
	slow=$!
	looks a 1
	attached a 2
	begin
	wait "${clients[1]}" "$slow"
	cmp out.1 <(seq 1 300000)
	cmp slow <(seq 1 300000)
}

@test "attach: a client that sleeps for ever does not keep stop from ending it" {
	for how in "seq 1 1000000" "seq 1 300000; exec sleep 100" "cat /bin/busybox /bin/busybox; kill -9 \$\$"; do
		up_waiting a -v "$PWD/go:/go" sh -c "read x </go; $how"
		looks a 1
		attached a 1
		kill -STOP "${clients[1]}"
		begin
		took timeout -s KILL 20 "$WOLFFIA" stop -t 1 a
		[ "$status" = 0 ]
		within 0 4000
		took timeout -s KILL 20 "$WOLFFIA" rm a
		[ "$status" = 0 ]
		kill -CONT "${clients[1]}"
		wait "${clients[1]}" || true
	done
}

@test "attach: more clients than there is room for are told so" {
	up_waiting a sleep 100
	for i in {1..16}; do
		looks a "$i"
	done
	attached a 16
	run --separate-stderr "$WOLFFIA" attach a
	fails_with 125 "too many are attached"
	"$WOLFFIA" stop -t 0 a
	for i in {1..16}; do
		status=0
		wait "${clients[i]}" || status=$?
		[ "$status" = 137 ]
	done
}

@test "attach: to what does not run, or is not there" {
	up a true
	"$WOLFFIA" wait a
	run --separate-stderr "$WOLFFIA" attach a
	fails_with 125 "not running"
	run --separate-stderr "$WOLFFIA" attach no-such-thing
	fails_with 125 'there is no container "no-such-thing"'
	run --separate-stderr "$WOLFFIA" attach a b
	fails_with 125 '"b" is one argument too many'
}

@test "attach: signals go to the command, as its own would" {
	up_saying a ready probe_signals
	exec {first}<&"$out_fd"
	before=$(fds "$(launcher_of a)")
	start_program "$WOLFFIA" attach a
	becomes $((before + 4)) fds "$(launcher_of a)"
	for name in HUP INT QUIT USR1 TERM; do
		kill -"$name" "$pid"
		await "got $name"
	done
	kill -USR2 "$pid"
	await_end
	[ "$status" = 0 ]
	exec {first}<&-
}

# --- input

@test "attach: standard input is the first one's, and the next one's when that has left" {
	up a -i sh -c 'while read -r x; do echo "got $x"; done; echo end'
	mkfifo one two
	"$WOLFFIA" attach a <one >out.1 3>&- &
	first=$!
	exec {one}>one
	echo 1 >&"$one"
	becomes "got 1" cat out.1
	start_program "$WOLFFIA" attach a
	becomes "wolffia: warning: the container's standard input is taken: only the output is connected" \
		cat "$BATS_TEST_TMPDIR/stderr"
	# until that one is connected to the output, it may miss a line
	until timeout 0.2 head -n 1 <&"$out_fd" | grep -q .; do
		echo more >&"$one"
	done
	# the first one leaves, without an end of the input: another may come
	exec {one}>&-
	kill -KILL "$first"
	wait "$first" || true
	"$WOLFFIA" attach a <two >out.2 3>&- &
	second=$!
	exec {two}>two
	becomes yes eval 'echo 2 >&$two; ! grep -q "got 2" out.2 || echo yes'
	kill -KILL "$second"
	exec {two}>&-
	run -0 "$WOLFFIA" exec a true
}

@test "attach --no-stdin leaves the input to others" {
	up a -i sh -c 'while read -r x; do echo "got $x"; done'
	echo lost | timeout -s KILL 20 "$WOLFFIA" attach --no-stdin a >out.1 3>&- &
	before=$(fds "$(launcher_of a)")
	mkfifo in
	"$WOLFFIA" attach a <in >out.2 3>&- &
	exec {in}>in
	becomes yes eval 'echo kept >&$in; ! grep -q "got kept" out.2 || echo yes'
	run -1 grep lost out.1 out.2
	exec {in}>&-
	"$WOLFFIA" stop -t 0 a
	wait
}

@test "attach: the input of a container that was made without -i is nobody's" {
	up_waiting a -v "$PWD/go:/go" sh -c 'read x </go; cat; echo end'
	echo ignored | "$WOLFFIA" attach a >out.1 3>&- &
	attached a 1
	begin
	wait
	[ "$(<out.1)" = end ]
}

# --- start -a

@test "start -a: all output from the first byte, ten times" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" sh -c 'echo first; seq 1 20000; echo error >&2; exit 3' >/dev/null
	for i in {1..10}; do
		status=0
		"$WOLFFIA" start -a a >out 2>err || status=$?
		[ "$status" = 3 ]
		cmp out <(echo first; seq 1 20000)
		[ "$(<err)" = error ]
	done
}

@test "start -a: a reader that has gone ends neither the container nor its start" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" sh -c 'seq 1 300000; exit 3' >/dev/null
	"$WOLFFIA" start -a a | head -n 1 >out
	[ "$(<out)" = 1 ]
	run -0 "$WOLFFIA" wait a
	[ "$output" = 3 ]
}

@test "start -ai: what is piped in arrives, and its end ends the input" {
	"$WOLFFIA" create -i --name a --rootfs "$ROOT" sh -c 'sha256sum; echo end' >/dev/null
	head -c 1000000 /dev/urandom >data
	for i in 1 2 3; do
		run -0 --separate-stderr timeout -s KILL 20 "$WOLFFIA" start -ai a <data
		[ "$output" = "$(sha256sum <data)"$'\nend' ]
	done
	# into a terminal, where the end is typed
	"$WOLFFIA" create -it --name b --rootfs "$ROOT" sh -c 'stty -echo; cat; echo end' >/dev/null
	for text in 'a line\n' 'no line' ''; do
		# shellcheck disable=SC2059  # it is a format
		run -0 timeout -s KILL 20 "$WOLFFIA" start -ai b < <(printf "$text")
		# (the terminal may have echoed it as well)
		[[ "$(tr -d '\r' <<<"$output")" == *"$(printf "$text")"*end ]] || { echo "$output"; false; }
	done
	# without -i there is none
	run -0 timeout -s KILL 20 sh -c '"$WOLFFIA" start -a a <data & sleep 0.2; "$WOLFFIA" stop -t 0 a; wait'
}

@test "start -a and -i of one that runs attach to it" {
	up_waiting a -v "$PWD/go:/go" sh -c 'read x </go; echo hello; exit 4'
	"$WOLFFIA" start -a a >out.1 3>&- &
	client=$!
	attached a 1
	begin
	status=0
	wait "$client" || status=$?
	[ "$status $(<out.1)" = "4 hello" ]
	up b -i sh -c 'read x; echo "got $x"'
	run -0 timeout -s KILL 20 "$WOLFFIA" start -i b <<<"line"
	[ "$output" = "got line" ]
}

@test "start -a of one that cannot be executed, or is not there" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" no-such-command >/dev/null
	run -127 --separate-stderr "$WOLFFIA" start -a a
	fails_with 127 "not found in the container's PATH"
	one_clear_line
	up b true
	run --separate-stderr "$WOLFFIA" start -a a b
	fails_with 125 "only one container can be attached"
	run --separate-stderr "$WOLFFIA" start -a --foreground a
	fails_with 125 "contradict"
}

@test "start -a: the client is killed, the container goes on" {
	up_saying a ready sh -c 'echo ready; exec sleep 100'
	kill -KILL "$pid"
	await_end
	run -0 "$WOLFFIA" exec a true
	[ "$(field a phase)" = 1 ]
}

# --- a terminal

# says its size when that changes, and what is typed, byte by byte
typist='trap "stty size" WINCH; stty -echo -ixon; while :; do read -r x && echo "got <$(printf %s "$x" | od -An -tx1 | xargs)>"; done'

in_terminal() {
	run --separate-stderr "$TOOLS/in_terminal" "$@"
}

@test "attach -t: the terminal has the user's size, and each new one" {
	up a -it sh -c "$typist"
	in_terminal -r 33 -c 77 -w "33 77" -s @44,88 -w "44 88" -s @45,89 -w "45 89" -s '\020\021' \
		"$WOLFFIA" attach a
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	[ "$stderr" = "modes kept" ]
}

@test "attach: ctrl-p ctrl-q lets go, and the container goes on" {
	up a -it sh -c "$typist"
	for i in 1 2 3; do
		in_terminal -r "2$i" -w "2$i 80" -s 'hello\012' -w "got <68 65 6c 6c 6f>" -s '\020\021' \
			"$WOLFFIA" attach a
		[ "$status" = 0 ]
		[ "$stderr" = "modes kept" ]
		[[ "$output" == *"detached from a: the container goes on"* ]]
	done
	run -0 "$WOLFFIA" exec a true
}

@test "attach: what was typed before the keys, and came with them, is not lost" {
	up a -it sh -c "trap 'stty size' WINCH; stty -echo -ixon; while :; do read -r x && echo \"\$x\" >/last; done"
	in_terminal -r 33 -w "33 80" -s 'last\012\020\021' "$WOLFFIA" attach a
	[ "$status" = 0 ]
	becomes last "$WOLFFIA" exec a cat /last
}

@test "attach: a part of the keys is passed on" {
	up a -it sh -c "$typist"
	in_terminal -r 33 -w "33 80" -s 'a\020b\012' -w "got <61 10 62>" -s '\020\020x\012' \
		-w "got <10 10 78>" -s '\021\012' -w "got <11>" -s '\020\021' "$WOLFFIA" attach a
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
}

@test "attach --detach-keys: one's own, or none" {
	up a -it sh -c "$typist"
	in_terminal -r 33 -w "33 80" -s '\020\021x\012' -w "got <10 11 78>" -s '\001d' \
		"$WOLFFIA" attach --detach-keys ctrl-a,d a
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	in_terminal -r 34 -w "34 80" -s '\020\021x\012' -w "got <10 11 78>" -s '~' \
		"$WOLFFIA" attach --detach-keys '' a
	for keys in ctrl-1 ab ctrl- a,,b ctrl-p,ctrl-qq aaaaaaaaaaaaaaaaa "," é; do
		run --separate-stderr "$WOLFFIA" attach --detach-keys "$keys" a
		fails_with 125 "is no key"
	done
}

@test "attach: the client's terminal is closed: the container goes on" {
	up a -it sh -c "$typist"
	# the command would have heard of a hangup of its own
	in_terminal -r 33 -w "33 80" -s '~' "$WOLFFIA" attach a
	[ "$status" != 124 ]
	run -0 "$WOLFFIA" exec a true
	"$WOLFFIA" create -it --name b --rootfs "$ROOT" sh -c "echo begun; $typist" >/dev/null
	in_terminal -w begun -s '~' "$WOLFFIA" start -ai b
	run -0 "$WOLFFIA" exec b true
	in_terminal -r 35 -w "35 80" -s '\020\021' "$WOLFFIA" attach a
	[ "$status" = 0 ]
}

@test "run -it --detach-keys: let go of, and attached to again" {
	in_terminal -w begun -s 'x\012' -w "got <78>" -s '\001q' \
		"$WOLFFIA" run -it --detach-keys ctrl-a,q --name a --rootfs "$ROOT" sh -c "echo begun; $typist"
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	[ "$stderr" = "modes kept" ]
	[[ "$output" == *"detached from a: the container goes on"* ]]
	[ "$(field a phase)" = 1 ]
	in_terminal -r 33 -w "33 80" -s 'y\012' -w "got <79>" -s '\020\021' "$WOLFFIA" attach a
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	# it is removed at its end, as without the keys
	"$WOLFFIA" stop -t 0 a
	run -125 "$WOLFFIA" inspect a
}

@test "run -it --detach-keys: its status, its signals, and a terminal that is closed" {
	in_terminal -w begun -s 'x\012' "$WOLFFIA" run -it --detach-keys ctrl-a,q --rootfs "$ROOT" sh -c "stty -echo; echo begun; read -r x; exit 7"
	[ "$status" = 7 ] || { echo "$status $output $stderr"; false; }
	in_terminal -w begun -s '\003' "$WOLFFIA" run -it --detach-keys ctrl-a,q --rootfs "$ROOT" sh -c "echo begun; exec sleep 1000"
	[ "$status" = 130 ] || { echo "$status $output $stderr"; false; }
	in_terminal "$WOLFFIA" run -it --detach-keys ctrl-a,q --rootfs "$ROOT" no-such-command
	[ "$status" = 127 ]
	[[ "$output" == *"not found in the container's PATH"* ]]
	# it goes on, as one that was let go of
	in_terminal -w begun -s '~' "$WOLFFIA" run -it --detach-keys ctrl-a,q --name a --rootfs "$ROOT" sh -c "echo begun; $typist"
	[ "$status" != 124 ]
	run -0 "$WOLFFIA" exec a true
	# without the keys it ends with its terminal
	in_terminal -w begun -s '~' "$WOLFFIA" run -it --name b --rootfs "$ROOT" sh -c "echo begun; $typist"
	becomes 0 eval '"$WOLFFIA" ps -aq -f name=^b$ | wc -l'
	run --separate-stderr "$WOLFFIA" run -it --detach-keys ctrl-1 --rootfs "$ROOT" true
	fails_with 125 "is no key"
	run --separate-stderr "$WOLFFIA" run -it --detach-keys ctrl-a --die-with-parent --rootfs "$ROOT" true
	fails_with 125 "--die-with-parent"
}

@test "start -ai: in a terminal, let go of, and attached to again" {
	"$WOLFFIA" create -it --name a --rootfs "$ROOT" sh -c "echo begun; $typist" >/dev/null
	in_terminal -w begun -s 'x\012' -w "got <78>" -s '\020\021' "$WOLFFIA" start -ai a
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	[ "$stderr" = "modes kept" ]
	in_terminal -r 33 -w "33 80" -s 'y\012' -w "got <79>" -s '\020\021' "$WOLFFIA" attach a
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
}

@test "start -ai: ^D and ^C are the container's" {
	"$WOLFFIA" create -it --name a --rootfs "$ROOT" sh -c 'echo ready; cat; echo end; exit 3' >/dev/null
	in_terminal -w ready -s '\004' "$WOLFFIA" start -ai a
	[ "$status" = 3 ]
	[[ "$output" == *end* ]]
	in_terminal -w ready -s '\003' "$WOLFFIA" start -ai a
	[ "$status" = 130 ]
	[ "$stderr" = "modes kept" ]
}
