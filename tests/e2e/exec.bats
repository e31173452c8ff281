# A further command in a running container, as its user sees it

# what is quoted is for the container's shell; status, output and pid come from
# bats and from the helper
# shellcheck disable=SC2016,SC2154

load helper_life

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	teardown_life
}

# in_a [OPTION...] COMMAND...: in the container a
in_a() {
	local options=()
	while [[ "$1" == -* ]]; do
		case $1 in
		-e | -u | -w | --env-file) options+=("$1" "$2") && shift ;;
		*) options+=("$1") ;;
		esac
		shift
	done
	timeout -s KILL 60 "$WOLFFIA" exec "${options[@]}" a "$@"
}

# processes NAME: how many are in it, but for PID 1
processes() {
	below "$(field "$1" pid)" | wc -l
}

in_terminal() {
	run --separate-stderr "$TOOLS/in_terminal" "$@"
}

# --- how it ends

@test "the exit status is the command's own" {
	up a sleep 100
	for n in 0 1 2 63 64 77 124 125 126 127 128 137 200 254 255; do
		run -"$n" in_a sh -c "exit $n"
	done
	for n in 1 2 6 9 13 15 31; do
		run -$((128 + n)) in_a sh -c "kill -$n \$\$"
	done
	# and of the container's command nothing changed
	[ "$(field a phase)" = 1 ]
}

@test "what is not there is 127, what cannot be executed is 126" {
	up a sh -c 'echo garbage >/tmp/garbage; chmod 755 /tmp/garbage; printf "#!/no/such\n" >/tmp/orphan; chmod 755 /tmp/orphan; echo x >/tmp/ready; exec sleep 100'
	becomes x "$WOLFFIA" exec a cat /tmp/ready
	run -127 --separate-stderr in_a /nowhere/to/be/found
	fails_with 127 "/nowhere/to/be/found: No such file"
	one_clear_line
	run -127 --separate-stderr in_a no-such-command
	fails_with 127 "not found in the container's PATH"
	one_clear_line
	run -127 --separate-stderr in_a -e PATH=/empty sh
	fails_with 127 "not found in the container's PATH, /empty"
	run --separate-stderr in_a /etc/passwd
	fails_with 126 "/etc/passwd: Permission denied"
	run --separate-stderr in_a /etc
	fails_with 126 "it is a directory"
	run --separate-stderr in_a /tmp/garbage
	fails_with 126 "Exec format error"
	run -127 --separate-stderr in_a /tmp/orphan
	fails_with 127 "interpreter"
	run --separate-stderr in_a ''
	fails_with 125 "the command is empty"
	for how in -t -i -d -it; do
		run -127 --separate-stderr in_a "$how" no-such-command
		run --separate-stderr in_a "$how" /etc/passwd
		fails_with 126 "/etc/passwd: Permission denied"
	done
}

@test "exec into what does not run, is paused, has no init, or is not there" {
	"$WOLFFIA" create --name created --rootfs "$ROOT" sleep 100 >/dev/null
	up ended true
	"$WOLFFIA" wait ended
	up paused sleep 100
	"$WOLFFIA" pause paused
	up pid1 --pid1 sleep 100
	for name in created ended; do
		run --separate-stderr "$WOLFFIA" exec "$name" true
		fails_with 125 "not running"
		one_clear_line
	done
	run --separate-stderr "$WOLFFIA" exec paused true
	fails_with 125 "the container is paused"
	one_clear_line
	run --separate-stderr "$WOLFFIA" exec pid1 true
	fails_with 125 "no init of ours"
	[[ "$stderr" == *"run it without --pid1"* ]]
	one_clear_line
	run --separate-stderr "$WOLFFIA" exec missing true
	fails_with 125 'there is no container "missing"'
	run --separate-stderr "$WOLFFIA" exec paused
	fails_with 125 "a container or a command is missing"
	run --separate-stderr "$WOLFFIA" exec --privileged paused true
	fails_with 125 "--privileged"
	[[ "$stderr" == *"--cap-add"* ]]
}

@test "the end of the container is the end of the command: 137, and one line" {
	for how in "kill" "stop -t 0" "rm -f"; do
		up a sleep 100
		start_program "$WOLFFIA" exec a sh -c 'echo ready; sleep 100'
		await ready
		# shellcheck disable=SC2086
		"$WOLFFIA" $how a
		await_end
		[ "$status" = 137 ]
		[[ "$stderr" == *"the container ended before the command did"* ]]
		one_clear_line
		"$WOLFFIA" rm -f a
	done
	up a sh -c 'until [ -e /go ]; do sleep 0.02; done'
	start_program "$WOLFFIA" exec a sh -c 'echo ready; touch /go; sleep 100'
	await ready
	await_end
	[ "$status" = 137 ]
	# the launcher is killed, without a word
	up b sleep 100
	start_program "$WOLFFIA" exec b sh -c 'echo ready; sleep 100'
	await ready
	kill -KILL "$(launcher_of b)"
	await_end
	[ "$status" = 137 ]
}

@test "its client is killed: the command is gone, and the container is not" {
	for how in "" -i -t -it; do
		up a sleep 1000
		# shellcheck disable=SC2086
		start_program "$WOLFFIA" exec $how a sh -c 'sleep 1000 | sleep 1000; echo ready; sleep 1000 & sleep 1000 | sleep 1000; true' &&
			becomes 4 processes a
		kill -KILL "$pid"
		wait "$pid" || true
		becomes 1 processes a
		exec {out_fd}<&-
		run -0 in_a true
		"$WOLFFIA" rm -f a
	done
}

@test "the terminal of its client is closed: the command is gone" {
	up a sleep 1000
	in_terminal -w ready -s '~' "$WOLFFIA" exec -it a sh -c 'echo ready; while :; do sleep 0.02; done'
	[ "$status" != 124 ]
	becomes 1 processes a
	run -0 in_a true
}

# --- what it is given

@test "the environment is the container's, what -e says, and nothing of the caller's" {
	export SECRET=caller TAKEN=from-the-caller
	up a -e IN_CONTAINER=yes -e CHANGED=before sleep 100
	run -0 in_a env
	[ "$(sort <<<"$output" | sed 's/=.*//' | xargs)" = "CHANGED HOME HOSTNAME IN_CONTAINER PATH" ]
	[[ "$output" != *caller* ]]
	run -0 in_a -e CHANGED=after -e NEW="a b" -e TAKEN -e NOT_SET -e EMPTY= env
	[[ "$output" == *"CHANGED=after"* && "$output" == *"NEW=a b"* ]]
	[[ "$output" == *"TAKEN=from-the-caller"* && "$output" == *$'EMPTY=\n'* ]]
	[[ "$output" != *NOT_SET* && "$output" != *before* ]]
	printf 'FILE=1\n# no\nCHANGED=file\n' >env
	run -0 in_a --env-file env -e FILE=2 env
	[[ "$output" == *"FILE=2"* && "$output" == *"CHANGED=file"* ]]
	run --separate-stderr in_a -e =x true
	fails_with 125 "--env"
	# the next one knows nothing of it
	run -0 in_a env
	[[ "$output" == *"CHANGED=before"* && "$output" != *NEW* ]]
}

# bats test_tags=many-ids
@test "HOME is its user's, TERM is there with a terminal" {
	up a sleep 100
	run -0 in_a sh -c 'echo "$HOME-$TERM"'
	[ "$output" = "/root-" ]
	run -0 in_a -u user sh -c 'echo "$HOME"'
	[ "$output" = /home/user ]
	run -0 in_a -u 4711 sh -c 'echo "$HOME"'
	[ "$output" = / ]
	run -0 in_a -e HOME=/x sh -c 'echo "$HOME"'
	[ "$output" = /x ]
	run -0 in_a -t sh -c 'echo "$TERM"'
	[ "$output" = $'xterm\r' ]
	run -0 in_a -t -e TERM=vt100 sh -c 'echo "$TERM"'
	[ "$output" = $'vt100\r' ]
	up b -e HOME=/theirs sleep 100
	run -0 "$WOLFFIA" exec -u user b sh -c 'echo "$HOME"'
	[ "$output" = /theirs ]
}

# bats test_tags=many-ids
@test "-u: names, numbers, groups, and who is not there" {
	up a sleep 100
	ids='echo $(id -u) $(id -g) $(id -G)'
	for pair in "0=0 0 0" "1000=1000 1000 1000 2000" "user=1000 1000 1000 2000" \
		"user:extra=1000 2000 2000" "1000:0=1000 0 0" "4711=4711 0 0" \
		"4711:12=4711 12 12" "root:user=0 1000 1000" "1001=1001 0 0"; do
		run -0 in_a -u "${pair%%=*}" sh -c "$ids"
		[ "$output" = "${pair#*=}" ] || { echo "$pair: $output"; false; }
	done
	for user in nobody-here user:nothing -1 65536 4294967295 4294967296 0x0 "" " 0" 0: :0 1:2:3; do
		run --separate-stderr in_a -u "$user" true
		[ "$status" = 125 ] || { echo "\"$user\": $status $output"; false; }
		one_clear_line
	done
	# without -u it is the container's, with the groups that it was given
	up b -u user --group-add more sleep 100
	run -0 "$WOLFFIA" exec b sh -c "$ids"
	[ "$output" = "1000 1000 1000 2000 2001" ]
	run -0 "$WOLFFIA" exec -u 0 b sh -c "$ids"
	[ "$output" = "0 0 0" ]
}

@test "-w: the container's directory, or another one that is there" {
	up a -w /tmp sleep 100
	run -0 in_a pwd
	[ "$output" = /tmp ]
	run -0 in_a -w /home/user pwd
	[ "$output" = /home/user ]
	for dir in /nowhere /etc/passwd /proc/self/cwd /proc/1/root /proc/self/fd/3; do
		run --separate-stderr in_a -w "$dir" pwd
		fails_with 125 "working directory $dir"
		one_clear_line
	done
	run --separate-stderr in_a -w relative pwd
	fails_with 125 "not absolute"
	# one that only root may enter
	possible "-u 1000" || return 0
	run -0 in_a sh -c 'mkdir -m 700 /tmp/closed'
	run --separate-stderr in_a -u 1000 -w /tmp/closed pwd
	fails_with 125 "/tmp/closed"
}

@test "what follows the container's name is the command's, whatever it looks like" {
	up a sleep 100
	run -0 in_a echo --bind -v /x:/y --user 0 -it --help -- -d
	[ "$output" = "--bind -v /x:/y --user 0 -it --help -- -d" ]
	run -0 in_a printf '[%s]' '' ' ' $'a\nb' $'\xff\xfe' 'é' '$x'
	[ "$output" = $'[][ ][a\nb][\xff\xfe][é][$x]' ]
	run -127 "$WOLFFIA" exec a -- echo x
	run -0 "$WOLFFIA" exec -- a echo x
	[ "$output" = x ]
}

# --- its streams

@test "binary data comes and goes unchanged" {
	up a sleep 100
	head -c 1048576 /dev/urandom >data
	in_a -i cat <data >out
	cmp data out
	in_a -i sh -c 'cat >&2' <data 2>err
	cmp data err
	in_a -i sh -c 'tee /dev/stderr' <data >out 2>err
	cmp data out
	cmp data err
	run -0 in_a -i sha256sum <data
	[ "$output" = "$(sha256sum <data)" ]
}

@test "standard input ends, and without -i there is none" {
	up a sleep 100
	run -0 in_a -i sh -c 'cat; echo end' <<<"one"
	[ "$output" = $'one\nend' ]
	run -0 in_a -i sh -c 'cat; echo end' </dev/null
	[ "$output" = end ]
	run -0 in_a sh -c 'cat; echo end' <<<"one"
	[ "$output" = end ]
	# a command that does not read does not hold up who writes
	run -0 bash -c 'yes | "$WOLFFIA" exec -i a true'
	# nor one whose reader has gone
	run -0 bash -c '"$WOLFFIA" exec a yes | head -n 1'
	[ "$output" = y ]
	for i in "<&-" ">&-" "2>&-" "<&- >&- 2>&-"; do
		run -3 bash -c "\"\$WOLFFIA\" exec -i a sh -c 'exit 3' $i"
	done
}

@test "standard output and error keep their order in one file" {
	up a sleep 100
	in_a sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo "$i"; echo "$i" >&2; done' >out 2>&1
	[ "$(xargs <out)" = "1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9" ]
	run -0 --separate-stderr in_a sh -c 'echo out; echo err >&2'
	[ "$output $stderr" = "out err" ]
}

@test "what was written before the end arrives, however slow the reader" {
	up a sleep 100
	n=$(in_a sh -c 'yes | head -c 3000000' | (sleep 0.3; wc -c))
	[ "$n" = 3000000 ]
	n=$(in_a sh -c 'yes | head -c 60000; kill -9 $$' | (sleep 0.3; wc -c))
	[ "$n" = 60000 ]
}

@test "/dev/stdin, /dev/stdout and /dev/stderr can be opened again, by every user" {
	up a sleep 100
	for user in 0 1000 4711; do
		possible "-u $user" || continue
		run -0 --separate-stderr in_a -i -u "$user" sh -c \
			'cat </dev/stdin >/dev/stdout; echo err >/dev/stderr; echo more >>/dev/fd/1' <<<"in"
		[ "$output $stderr" = $'in\nmore err' ] || { echo "$user: $output $stderr"; false; }
	done
	for user in 0 1000; do
		possible "-u $user" || continue
		run -0 in_a -t -u "$user" sh -c 'echo x >/dev/stdout; echo y >/dev/tty'
		[ "$output" = $'x\r\ny\r' ]
	done
}

@test "nothing but 0, 1 and 2 is open in it, whatever the caller had open" {
	up a sleep 100
	exec 7</etc 9>&1
	for how in "" -i -t; do
		# shellcheck disable=SC2086
		run -0 in_a $how probe_descriptors
		[ "$(tr -d '\r' <<<"$output" | xargs)" = "0 1 2" ] || { echo "$how: $output"; false; }
	done
	exec 7<&- 9>&-
}

@test "signals to the client go to the command" {
	up a sleep 100
	start_program "$WOLFFIA" exec a probe_signals
	await ready
	for name in TERM INT HUP QUIT USR1; do
		kill -"$name" "$pid"
		await "got $name"
	done
	kill -USR2 "$pid"
	await_end
	[ "$status" = 0 ]
	start_program "$WOLFFIA" exec a sh -c 'echo ready; exec sleep 100'
	await ready
	kill -TERM "$pid"
	await_end
	[ "$status" = 143 ]
	[ -z "$stderr" ]
	# one that the caller ignores is not passed on, as nohup wants it
	start_program env --ignore-signal=HUP "$WOLFFIA" exec a probe_signals
	await ready
	kill -HUP "$pid"
	kill -USR1 "$pid"
	await "got USR1"
	[[ "$said" != *HUP* ]]
	kill -USR2 "$pid"
	await_end
}

# bats test_tags=many-ids
@test "signals reach a command of another user" {
	up a sleep 100
	start_program "$WOLFFIA" exec -u 1000 a sh -c 'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.02; done'
	await ready
	kill -TERM "$pid"
	await_end
	[ "$status" = 5 ]
	start_program "$WOLFFIA" exec -u 1000 a sh -c 'echo ready; sleep 1000'
	await ready
	kill -KILL "$pid"
	await_end
	becomes 1 processes a
}

@test "-d: it goes on, and nobody waits" {
	up a sleep 1000
	run -0 --separate-stderr in_a -d sh -c 'echo lost; echo x >/ran; sleep 1000'
	[ -z "$output$stderr" ]
	becomes x "$WOLFFIA" exec a cat /ran
	# who reads a pipe to its end does not wait for the command
	run -0 timeout -s KILL 20 bash -c '{ "$WOLFFIA" exec -d a sleep 1000 2>&1; } | cat'
	becomes 3 processes a
	user=1000
	possible "-u $user" || user=0
	run -0 in_a -d -u "$user" -w /tmp -e X=1 sh -c 'echo "$(id -u) $(pwd) $X" >/tmp/told'
	becomes "$user /tmp 1" "$WOLFFIA" exec a cat /tmp/told
	# PID 1 reaps it
	run -0 in_a -d true
	becomes 3 processes a
}

@test "256 at once" {
	mkfifo go
	up a -v "$PWD/go:/go" sleep 100
	for i in {1..256}; do
		"$WOLFFIA" exec a sh -c ": </go; echo $i" >"out.$i" 2>"err.$i" 3>&- &
	done
	becomes 257 processes a
	# and not one more; the container is well
	run --separate-stderr in_a true
	fails_with 125 "start one more command: Too many open files"
	one_clear_line
	timeout -s KILL 20 sh -c ': >go'
	wait
	for i in {1..256}; do
		[ "$(<"out.$i")" = "$i" ] && [ ! -s "err.$i" ] || { cat "out.$i" "err.$i"; false; }
	done
	run -0 in_a true
	[ "$(processes a)" = 1 ]
}

# --- a terminal

@test "-t: a terminal of its own, with the size of the client's, and each new one" {
	up a sleep 100
	run -0 in_a -t sh -c 'tty; test -t 0 && test -t 1 && test -t 2'
	[[ "$output" == /dev/pts/* ]]
	in_terminal -r 33 -c 77 -w "33 77" -s @44,88 -w "44 88" -s @11,22 -w "11 22" -s 'x\012' \
		"$WOLFFIA" exec -it a sh -c 'trap "stty size" WINCH; stty size; until read -r x; do :; done; exit 7'
	[ "$status" = 7 ] || { echo "$status $output"; false; }
	[ "$stderr" = "modes kept" ]
}

@test "-t: ^C, ^D, ^\\ and ^Z are the command's" {
	up a sleep 100
	in_terminal -w ready -s '\003' "$WOLFFIA" exec -it a sh -c 'echo ready; exec sleep 100'
	[ "$status" = 130 ]
	# a shell ignores it: cat has answered by then
	in_terminal -w ready -s 'abc\012' -w $'abc\r\nabc' -s '\034' "$WOLFFIA" exec -it a sh -c 'echo ready; exec cat'
	[ "$status" = 131 ]
	in_terminal -w ready -s '\004' "$WOLFFIA" exec -it a sh -c 'echo ready; cat; exit 9'
	[ "$status" = 9 ]
	[ "$stderr" = "modes kept" ]
}

@test "-t: /dev/tty and job control" {
	# it says when it is in the foreground: before that a key is the shell's
	printf '#!/bin/sh\ntrap "echo continued" CONT\necho begun\nwhile :; do sleep 0.02; done\n' >"$ROOT/bin/job"
	chmod 755 "$ROOT/bin/job"
	up a sleep 100
	in_terminal -w '# ' -s 'job\012' -w $'\nbegun' -s '\032' -w Stopped \
		-w '# ' -s 'fg\012' -w continued -s '\003' \
		-w '# ' -s 'set -m; job &\012' -w begun -s 'fg; echo status $?\012' -w continued -s '\003' -w "status 130" \
		-w '# ' -s 'echo x >/dev/tty; exit 5\012' \
		"$WOLFFIA" exec -it -e 'PS1=# ' a sh
	[ "$status" = 5 ] || { echo "$status $output"; false; }
	[[ "$output" == *$'\nx\r'* ]]
	becomes 1 processes a
}

@test "-t: another terminal than that of the client, and of the other commands" {
	up a -t sh -c 'tty >/tmp/tty; exec sleep 100'
	becomes $'/dev/pts/0' "$WOLFFIA" exec a cat /tmp/tty
	run -0 in_a -t tty
	[[ "$output" == /dev/pts/[1-9]* ]]
	# in a session of its own: ^C in one is none in the other
	in_terminal -w ready -s '\003' "$WOLFFIA" exec -it a sh -c 'echo ready; exec sleep 100'
	[ "$status" = 130 ]
	[ "$(field a phase)" = 1 ]
}

@test "-t: much input and output at once do not block each other" {
	up a sleep 100
	head -c 300000 /dev/zero | tr '\0' 'x' | fold -w 60 >lines
	run -0 timeout -s KILL 60 bash -c '"$WOLFFIA" exec -it a sh -c "stty -echo -onlcr; cat" <lines >out'
	[ "$(tr -d '\r' <out | tail -c 100000)" = "$(tail -c 100000 lines)" ]
}

# --- letting go of it

# says what is typed, byte by byte
echoer='echo $$ >/number; stty -echo -ixon; echo ready; while read -r x; do echo "got <$(printf %s "$x" | od -An -tx1 | xargs)>"; done'

# ends: how the commands ended that were begun in the container of up
ends() {
	"$WOLFFIA" events --no-stream --since 0 -f container="$id" -f event=exec_die \
		--format '{{.Actor.Attributes.exitCode}}' | xargs
}

@test "ctrl-p ctrl-q lets go, and the command goes on" {
	up a sleep 1000
	in_terminal -w ready -s 'a\012' -w "got <61>" -s '\020' -w '' -s '\021' "$WOLFFIA" exec -it a sh -c "$echoer"
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	[ "$stderr" = "modes kept" ]
	[[ "$output" == *"detached from a: the command goes on"* ]]
	becomes 2 processes a
	[ -z "$(ends)" ]
	# the terminal is nobody's in the container, and it goes with the command
	run "$WOLFFIA" exec a sh -c 'ls /proc/1/fd'
	[ "$status" != 0 ]
	run -0 in_a sh -c 'kill "$(cat /number)"'
	becomes 1 processes a
	becomes 1 eval 'ends | tr " " "\n" | grep -cx 143'
	[ "$("$WOLFFIA" exec a ls /dev/pts)" = ptmx ]
}

@test "what is typed before the keys is the command's; a part of the keys, too" {
	up a sleep 1000
	in_terminal -w ready -s 'a\020b\012' -w "got <61 10 62>" -s '\020\020x\012' \
		-w "got <10 10 78>" -s '\021\012' -w "got <11>" -s 'last\012\020\021' \
		"$WOLFFIA" exec -it a sh -c "stty -echo -ixon; echo ready; while read -r x; do echo \"got <\$(printf %s \"\$x\" | od -An -tx1 | xargs)>\"; echo \"\$x\" >/last; done"
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	becomes last "$WOLFFIA" exec a cat /last
}

@test "--detach-keys: one's own, or none" {
	up a sleep 1000
	in_terminal -w ready -s '\020\021x\012' -w "got <10 11 78>" -s '\001d' \
		"$WOLFFIA" exec -it --detach-keys ctrl-a,d a sh -c "$echoer"
	[ "$status" = 0 ] || { echo "$status $output $stderr"; false; }
	becomes 2 processes a
	in_terminal -w ready -s '\020\021x\012' -w "got <10 11 78>" -s '\004' \
		"$WOLFFIA" exec -it --detach-keys '' a sh -c "$echoer; exit 5"
	[ "$status" = 5 ] || { echo "$status $output $stderr"; false; }
	for keys in ctrl-1 ab ctrl- a,,b; do
		run --separate-stderr "$WOLFFIA" exec -it --detach-keys "$keys" a true
		fails_with 125 "is no key"
		[[ "$stderr" == *ctrl-p,ctrl-q* ]]
	done
	# a command without a terminal has no keys
	run -0 "$WOLFFIA" exec -i a cat < <(printf 'a\020\021b')
	[ "$output" = $'a\020\021b' ]
}

@test "a command that was let go of writes without end, and its memory is nobody's" {
	up a sleep 1000
	in_terminal -w ready -s '\020\021' "$WOLFFIA" exec -it a sh -c 'echo ready; i=0; while echo "$i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; do i=$((i + 1)); [ "$i" != 20000 ] || echo x >/wrote; done'
	[ "$status" = 0 ] || { echo "$status $stderr"; false; }
	# more than any buffer holds
	becomes x "$WOLFFIA" exec a cat /wrote
	[ "$(awk '/VmRSS/ { print $2 }' "/proc/$(field a pid)/status")" -lt \
		$((8000 + 40 * ${SLACK:-0})) ]
	# and the others are served meanwhile
	run -7 in_a sh -c 'exit 7'
	"$WOLFFIA" kill a
	run -0 "$WOLFFIA" wait a
	[ "$output" = 137 ]
}

@test "one that closes its terminal is not hung up, and can open it again" {
	up a sleep 1000
	in_terminal -w ready -s '\020\021' "$WOLFFIA" exec -it a sh -c 'trap "echo x >/hup" HUP; echo ready; t=$(tty); exec </dev/null >/dev/null 2>&1; until [ -e /go ]; do sleep 0.02; done; echo again >"$t" && echo x >/again; echo >/dev/tty && exec sleep 1000'
	[ "$status" = 0 ] || { echo "$status $stderr"; false; }
	run -0 in_a touch /go
	becomes x "$WOLFFIA" exec a cat /again
	becomes 2 processes a
	run -1 in_a cat /hup
}

@test "-d -t: a terminal that nobody looks at, and an end that is written down" {
	up a sleep 1000
	run -0 --separate-stderr in_a -d -t sh -c 'test -t 0 && test -t 1 && echo x >/ran; stty size >/size; yes | head -c 300000; echo x >/wrote; exit 9'
	[ -z "$output$stderr" ]
	becomes x "$WOLFFIA" exec a cat /wrote
	becomes 1 eval 'ends | tr " " "\n" | grep -cx 9'
	run -127 in_a -d -t no-such-command
	run -0 in_a -d sh -c 'exit 8'
	becomes 1 eval 'ends | tr " " "\n" | grep -cx 8'
}

@test "each command that begins ends once, with its id, whoever waited for it" {
	up a sleep 1000
	run -3 in_a sh -c 'exit 3'
	run -0 in_a -d sh -c 'exit 4'
	for i in {1..40}; do
		run -127 in_a no-such-command
	done
	start_program "$WOLFFIA" exec a sh -c 'echo ready; sleep 1000'
	await ready
	kill -KILL "$pid"
	wait "$pid" || true
	exec {out_fd}<&-
	becomes "137 3 4" eval 'ends | tr " " "\n" | sort | xargs'
	events() {
		"$WOLFFIA" events --no-stream --since 0 -f container="$id" -f event="$1" --format '{{.Actor.Attributes.execID}}' | sort
	}
	[ "$(events exec | sort -u | wc -l)" = 3 ]
	[ "$(events exec)" = "$(events exec_die)" ]
}

@test "the end of the container is the end of what was let go of" {
	for how in "kill" "stop -t 0" "rm -f"; do
		up a sleep 1000
		in_terminal -w ready -s '\020\021' "$WOLFFIA" exec -it a sh -c 'echo ready; trap "" HUP; sleep 1000'
		[ "$status" = 0 ] || { echo "$status $stderr"; false; }
		run -0 in_a -d -t sleep 1000
		tool=$(field a pid)
		mapfile -t below < <(below "$tool")
		[ "${#below[@]}" -ge 3 ]
		# shellcheck disable=SC2086
		"$WOLFFIA" $how a
		# and both are told of
		[ "$(ends)" = "137 137" ] || { echo "$how: $(ends)"; false; }
		for one in "${below[@]}"; do
			becomes gone eval "[ -e /proc/$one ] && grep -q sleep /proc/$one/cmdline || echo gone"
		done
		"$WOLFFIA" rm -f a
	done
}

@test "256 that were let go of, and not one more" {
	up a sleep 1000
	for i in {1..256}; do
		"$WOLFFIA" exec -d -t a sleep 1000
	done
	run --separate-stderr in_a true
	fails_with 125 "start one more command: Too many open files"
	one_clear_line
	# an end makes room
	first=$(below "$(field a pid)" | tail -n 1)
	kill -KILL "$first" || true
	becomes 0 eval 'in_a true; echo $?'
}

# --- its rights

# rights: what the kernel says of a process, but for what differs from one to
# the next
rights='
	grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Umask|Sig(Blk|Ign|Cgt)):" /proc/self/status
	cat /proc/self/limits /proc/self/cgroup /proc/self/oom_score_adj
	for i in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$i; done
	readlink /proc/self/root; cat /proc/self/mountinfo; umask; nice
	cut -d" " -f 18,19 /proc/self/stat'

# CVE-2025-27612: a session had more capabilities than its container
@test "it has the rights of the container's command: capabilities, limits, namespaces, filter" {
	for how in "" "-u 1000" "-u 1000:0 --group-add 2000" "--cap-drop ALL" "--cap-add ALL" "--cap-add NET_ADMIN -u 1000" \
		"--security-opt no-new-privileges=false" "--security-opt no-new-privileges=false -u 1000" \
		"--security-opt seccomp=unconfined" "--security-opt landlock=off" "--profile nested" "--profile debug" "--profile setuid" \
		"--ulimit nofile=50:60 --ulimit core=0 --ulimit nproc=100 --ulimit fsize=100000" \
		"--userns as-me" "--userns keep-id" "--userns single" "--driver fuse-overlayfs" "--network host -q" "--read-only" \
		"-w /tmp -e X=1 -t" "-i"; do
		possible "$how" || continue
		# shellcheck disable=SC2086
		up a $how sh -c "{ $rights; } >/dev/shm/rights 2>&1; echo x >/dev/shm/ready; exec sleep 100"
		becomes x "$WOLFFIA" exec a cat /dev/shm/ready
		in_a cat /dev/shm/rights >command
		in_a sh -c "$rights" >session 2>&1
		cmp command session || { echo "$how"; diff command session; false; }
		[ "$(grep -c . command)" -gt 40 ]
		"$WOLFFIA" rm -f a >/dev/null
	done
}

# bats test_tags=many-ids
@test "another user's rights are those that he has in run" {
	for user in 0 1000 user:extra 4711; do
		for how in "" "--cap-add NET_RAW" "--security-opt no-new-privileges=false"; do
			# shellcheck disable=SC2086
			run -0 in_root $how -u "$user" probe_identity
			wanted=$output
			# shellcheck disable=SC2086
			up a $how sleep 100
			run -0 in_a -u "$user" probe_identity
			[ "$output" = "$wanted" ] || { echo "$how $user"; diff <(echo "$wanted") <(echo "$output"); false; }
			"$WOLFFIA" rm -f a >/dev/null
		done
	done
}

# Landlock lets a process look into another one only in the same domain or
# below: both ways, the two domains are one
@test "it is in the Landlock domain of the container's command" {
	up a sleep 1000
	"$WOLFFIA" exec -d a sleep 2000
	becomes 2 processes a
	run -0 in_a sh -c 'for p in $(pidof sleep); do cat /proc/$p/environ >/dev/null || exit 1; done; set -- $(pidof sleep); echo $#'
	[ "$output" = 2 ]
	"$WOLFFIA" rm -f a
	up a sh -c 'until p=$(pidof sleep); do :; done; cat /proc/$p/environ >/dev/null && kill -0 $p && echo yes >/seen; exec sleep 1000'
	"$WOLFFIA" exec -d a sleep 2000
	becomes yes "$WOLFFIA" exec a cat /seen
}

# CVE-2022-29162: inheritable capabilities made a file's capabilities count
# bats test_tags=many-ids
@test "neither a set-uid program nor a file's capabilities give it anything" {
	up a sh -c 'cp /bin/probe_identity /tmp/capable; probe_identity -c /tmp/capable || echo no >/tmp/ready
		cp /bin/probe_identity /tmp/setuid; chmod 6755 /tmp/setuid; echo x >>/tmp/ready; exec sleep 100'
	becomes x "$WOLFFIA" exec a cat /tmp/ready
	for program in /tmp/capable /tmp/setuid; do
		run -0 in_a -u 1000 "$program"
		[[ "$output" == *$'Uid:\t1000\t1000\t1000\t1000'* ]]
		for set in Inh Prm Eff Bnd Amb; do
			[[ "$output" == *"Cap$set:"$'\t0000000000000000'* ]] || { echo "$output"; false; }
		done
	done
	# root has what the container has, and the file adds nothing
	run -0 in_a probe_identity
	wanted=$output
	run -0 in_a /tmp/capable
	[ "$output" = "$wanted" ]
	[[ "$output" == *$'CapInh:\t0000000000000000'* && "$output" == *$'CapAmb:\t0000000000000000'* ]]
}

@test "limits: those of the container do not become PID 1's, who starts the commands" {
	up a --ulimit nofile=8:8 --ulimit fsize=0 --ulimit nproc=2048 sleep 1000
	for i in {1..30}; do
		"$WOLFFIA" exec -d a sleep 1000
	done
	start_program "$WOLFFIA" exec a sh -c 'ulimit -n; echo ready; exec sleep 100'
	await ready
	[ "$said" = $'8\nready\n' ]
	for i in {1..20}; do
		"$WOLFFIA" exec a sleep 1000 >/dev/null 2>&1 3>&- &
	done
	becomes 52 processes a
	run -0 in_a echo fine
	[ "$output" = fine ]
	"$WOLFFIA" kill a
	wait
	await_end
}
