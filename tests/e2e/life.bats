# The life of a container as its user sees it: made, started, stopped, paused,
# started again, removed

# $how, unquoted, is a list of options; what is quoted is for the container's
# shell; and status, output and pid come from bats and from the helper
# shellcheck disable=SC2086,SC2016,SC2154,SC2217

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

# --- in the background

@test "-d prints the id, and returns when the command runs" {
	run -0 --separate-stderr in_root -d --name web sh -c 'echo x >/ran; exec sleep 100'
	[[ "$output" =~ ^[0-9a-f]{64}$ ]]
	[ -z "$stderr" ]
	[ "$(readlink "$WOLFFIA_STORE/names/web")" = "$output" ]
	[ "$(field web phase)" = 1 ]
	# it is there for others: no moment in which it is not
	run -0 "$WOLFFIA" exec web true
}

@test "-d leaves nothing of the caller's open" {
	# who reads a pipe to its end does not wait for the container
	for how in "" "-t" "-i" "-it" "--pid1"; do
		run -0 timeout -s KILL 20 bash -c '
			{ "$WOLFFIA" run -d --rm --rootfs "$ROOT" '"$how"' sleep 100 8>&1 2>&1; } | cat'
		launcher=$(jq .launcher_pid "$WOLFFIA_STORE/containers/$output/status.json")
		[ "$(readlink /proc/"$launcher"/fd/{0,1,2} | sort -u)" = /dev/null ]
		[ "$(readlink "/proc/$launcher/cwd")" = / ]
		# a session of its own, without a terminal
		read -r _ _ _ _ _ session tty _ <"/proc/$launcher/stat"
		[ "$session $tty" = "$launcher 0" ]
		"$WOLFFIA" rm -f "$output"
	done
}

@test "-d: the standard input of the caller is left to the caller" {
	printf 'one\ntwo\n' >text
	{
		in_root -d --name a sleep 100
		in_root -d -i --name b sh -c 'cat >/got; sleep 100'
		read -r line
	} <text
	[ "$line" = one ]
	# and of a container that nobody is attached to, it stays open
	run -0 "$WOLFFIA" exec b sh -c 'cat /got; pidof cat'
	[[ "$output" =~ ^[0-9]+$ ]]
}

@test "-d outlives the process and the terminal that it was started from" {
	run -0 "$TOOLS/in_terminal" sh -c '"$WOLFFIA" run -d --name a --rootfs "$ROOT" sleep 100'
	run -0 "$WOLFFIA" exec a echo alive
	[ "$output" = alive ]
}

@test "-d of a command that cannot be executed says why, at once, and is not started" {
	took in_root -d --name absent no-such-command
	fails_with 127 "not found in the container's PATH"
	one_clear_line
	[ -z "$output" ]
	within 0 5000
	# docker's: it stays as one that was only created
	[ "$(field absent phase)" = 0 ]
	run -127 --separate-stderr "$WOLFFIA" start absent
	fails_with 127 "not found in the container's PATH"
	run -125 --separate-stderr in_root -d --name absent true
	[[ "$stderr" == *"the name absent is taken"* ]]
	run -0 "$WOLFFIA" rm absent
	took in_root -d --name file /etc/passwd
	fails_with 126 "/etc/passwd: Permission denied"
	one_clear_line
	[ "$(field file phase)" = 0 ]
	run -0 "$WOLFFIA" rm file
	store_is_empty
	took in_root -d --rm /etc/passwd
	fails_with 126 "/etc/passwd: Permission denied"
	store_is_empty
}

@test "-d of what wolffia cannot do is 125, and with --rm nothing stays" {
	run --separate-stderr in_root -d --rm -u nobody-here true
	fails_with 125 "nobody-here"
	one_clear_line
	store_is_empty
	run --separate-stderr "$WOLFFIA" run -d --rootfs /nowhere true
	fails_with 125 "/nowhere"
	store_is_empty
}

@test "-d --rm is removed at its end, whoever looks" {
	mkfifo events
	in_root -d --rm --status-fd 9 sh -c 'echo x >/home/x' 9>events >id &
	# the end of the file is the end of the launcher
	timeout 20 cat events >seen
	wait
	[[ "$(tail -n 1 seen)" == *'"exited"'*'"code":0'* ]]
	store_is_empty
}

@test "-d without --rm stays, with its status and what it wrote" {
	up a sh -c 'echo kept >/home/file; exit 9'
	run -0 "$WOLFFIA" wait a
	[ "$output" = 9 ]
	becomes 4 field a phase
	[ "$(field a exit_code) $(field a cause)" = "9 exit" ]
	run -0 "$WOLFFIA" rm a
	[ "$output" = a ]
}

@test "create only writes it down, start runs it, and prints what it was called" {
	run -0 --separate-stderr "$WOLFFIA" create --name a --rootfs "$ROOT" sleep 100
	[[ "$output" =~ ^[0-9a-f]{64}$ ]]
	id=$output
	[ "$(field a phase) $(field a pid)" = "0 0" ]
	run -125 --separate-stderr "$WOLFFIA" exec a true
	[[ "$stderr" == *"not running"* ]]
	run -0 "$WOLFFIA" start a
	[ "$output" = a ]
	[ "$(field a phase)" = 1 ]
	# docker's: once more is nothing
	run -0 "$WOLFFIA" start "$id"
	[ "$output" = "$id" ]
	run -0 "$WOLFFIA" stop "${id:0:12}"
	[ "$output" = "${id:0:12}" ]
}

@test "create: wrong arguments are seen when it is made, not when it starts" {
	run --separate-stderr "$WOLFFIA" create --rootfs "$ROOT" --cap-add NONSENSE true
	fails_with 125 NONSENSE
	run --separate-stderr "$WOLFFIA" create --name 'a/b' --rootfs "$ROOT" true
	fails_with 125 "a/b"
	store_is_empty
}

# --- what it is called

@test "a name, an id, and the beginning of an id mean the same container" {
	up a sleep 100
	for name in a "$id" "${id:0:12}" "${id:0:5}"; do
		run -0 "$WOLFFIA" exec "$name" echo x
		[ "$output" = x ]
	done
}

@test "the beginning of more than one id is refused, and touches none" {
	# sixteen digits, seventeen containers
	for i in {1..17}; do
		"$WOLFFIA" create --rootfs "$ROOT" true
	done >ids
	digit=$(cut -c 1 ids | sort | uniq -d | head -n 1)
	run --separate-stderr "$WOLFFIA" rm "$digit"
	fails_with 125 "\"$digit\" is the beginning of more than one id"
	one_clear_line
	[ "$(find "$WOLFFIA_STORE/containers" -mindepth 1 -type d | grep -c .)" -ge 17 ]
}

@test "a name that is like one that there is, is answered with that one" {
	up webserver sleep 100
	for verb in "exec webservr true" "stop webservr" "attach webservr" "start webservr"; do
		run --separate-stderr "$WOLFFIA" $verb
		fails_with 125 'there is no container "webservr"'
		[[ "$stderr" == *"did you mean webserver?"* ]]
	done
	for verb in kill pause unpause wait restart rm; do
		run --separate-stderr "$WOLFFIA" "$verb" nothing-like-it
		fails_with 125 'there is no container "nothing-like-it"'
		one_clear_line
	done
}

@test "a name stays taken by a container that is kept, and is free when it is removed" {
	up a true
	"$WOLFFIA" wait a
	for verb in "run" "run -d" create; do
		run --separate-stderr "$WOLFFIA" $verb --name a --rootfs "$ROOT" true
		fails_with 125 "the name a is taken by the container ${id:0:12}"
		[[ "$stderr" == *'wolffia rm a'* ]]
	done
	"$WOLFFIA" rm a
	run -0 in_root --name a true
}

@test "rename: of one that runs, and of one that does not" {
	up a sleep 100
	run -0 "$WOLFFIA" rename a b
	run -0 "$WOLFFIA" exec b echo x
	run -125 "$WOLFFIA" exec a echo x
	[ "$(field b name)" = b ]
	"$WOLFFIA" stop -t 0 b
	run -0 "$WOLFFIA" rename b c
	[ "$(field c name)" = c ]
	run -0 "$WOLFFIA" start c
	[ "$(field c name)" = c ]
	up other true
	run --separate-stderr "$WOLFFIA" rename c other
	fails_with 125 "the name other is taken"
	run --separate-stderr "$WOLFFIA" rename c 'no/name'
	fails_with 125 "no/name"
	run --separate-stderr "$WOLFFIA" rename c ../../out
	fails_with 125 "../../out"
	run -0 "$WOLFFIA" exec c true
	# the old names are free
	up a true
	up b true
}

@test "--cidfile: the id in a new file, never over an old one" {
	run -0 in_root -d --cidfile cid --name a sleep 100
	[ "$(<cid)" = "$output" ]
	run --separate-stderr in_root --cidfile cid true
	fails_with 125 "--cidfile: make cid: File exists"
	[ "$(<cid)" = "$(readlink "$WOLFFIA_STORE/names/a")" ]
	# and that container was not made
	[ "$(find "$WOLFFIA_STORE/containers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
	run -0 "$WOLFFIA" exec "$(<cid)" true
	run -0 "$WOLFFIA" create --cidfile cid2 --rootfs "$ROOT" true
	[ "$(<cid2)" = "$output" ]
}

@test "--pidfile: the number of PID 1 on this machine" {
	echo old-and-longer >pid
	up a --pidfile pid sleep 100
	grep -q $'^NSpid:.*\t1$' "/proc/$(<pid)/status"
	[ "$(field a pid)" = "$(<pid)" ]
	run --separate-stderr in_root -d --pidfile /nowhere/pid --name b sleep 100
	fails_with 125 "/nowhere/pid"
	run --separate-stderr in_root --pidfile pid2 true
	[ -s pid2 ]
}

@test "--label and --label-file are noted" {
	printf 'one=1\n# no label\ntwo=2\n' >labels
	up a --label-file labels -l three=3 -l four true
	[ "$(field a 'labels|sort|join(",")')" = "four=,one=1,three=3,two=2" ]
}

# --- kept, and started again

# keeps [OPTION...]: what the first run writes, is there in the second
keeps() {
	"$WOLFFIA" run --rm=false --name kept "$@" sh -c '
		[ ! -e /home/mark ] || { cat /home/mark; exit 3; }
		echo first >/home/mark; mkdir /home/dir; ln -s dir /home/link
		chmod 640 /home/mark; rm /etc/passwd; echo x >/etc/new; exit 2' || [ $? = 2 ]
	run --separate-stderr "$WOLFFIA" start -a kept
	[ "$status $output $stderr" = "3 first " ] || { echo "$* $status $output $stderr"; return 1; }
	"$WOLFFIA" start kept # and a third time
	[ "$("$WOLFFIA" wait kept)" = 3 ]
	"$WOLFFIA" rm -f kept >/dev/null
}

@test "what it wrote is there when it is started again: a directory as root" {
	keeps --rootfs "$ROOT"
	keeps --rootfs "$ROOT" --driver fuse-overlayfs
	keeps --rootfs "$ROOT" --driver overlay --userns as-me
	keeps --rootfs "$ROOT" --driver fuse-overlayfs --userns as-me
	keeps --rootfs "$ROOT" --userns keep-id -u 0
	keeps --rootfs "$ROOT" --userns single
}

@test "what it wrote is there when it is started again: an image" {
	tar --numeric-owner --owner=0 --group=0 -C "$ROOT" -cf root.tar .
	"$WOLFFIA" import root.tar box >/dev/null
	keeps box
	keeps --driver fuse-overlayfs box
	keeps --userns as-me box
	keeps --driver overlay --userns as-me box
	"$WOLFFIA" rmi box >/dev/null
}

@test "what it wrote is there when it is started again: @host" {
	host() {
		"$WOLFFIA" run --rm=false --name kept "$@" @host sh -c '
			[ ! -e /opt/mark ] || { cat /opt/mark; exit 3; }
			echo first >/opt/mark; exit 2' || [ $? = 2 ]
		run --separate-stderr "$WOLFFIA" start -a kept
		[ "$status $output $stderr" = "3 first " ] || { echo "$* $status $output $stderr"; return 1; }
		"$WOLFFIA" rm kept >/dev/null
	}
	host
	host --userns as-me
}

@test "--rootfs DIR:rw is started again, too" {
	cp -r "$ROOT" rw
	"$WOLFFIA" run --rm=false --name a --rootfs "$PWD/rw:rw" sh -c 'echo x >>/n'
	"$WOLFFIA" start -a a
	[ "$(<rw/n)" = $'x\nx' ]
}

@test "volumes, user, environment, limits are as it was made" {
	mkdir v
	"$WOLFFIA" create --name a --rootfs "$ROOT" -v "$PWD/v:/v:ro" -u 1000 -e 'A=a b' \
		-w /tmp --ulimit nofile=77 -h box --tmpfs /t:size=64k sh -c '
		id -u; echo "$A"; pwd; ulimit -n; hostname; touch /v/x 2>/dev/null && echo writable
		df -k /t | tail -n 1 | awk "{print \$2}"' >/dev/null
	run -0 "$WOLFFIA" start -a a
	first=$output
	[ "$first" = $'1000\na b\n/tmp\n77\nbox\n64' ]
	run -0 "$WOLFFIA" start -a a
	[ "$output" = "$first" ]
}

@test "what was taken away since it was made is said when it is started" {
	mkdir v
	cp -r "$ROOT" root
	"$WOLFFIA" create --name a --rootfs "$ROOT" -v "$PWD/v:/v" true
	"$WOLFFIA" create --name b --rootfs "$PWD/root" true
	rmdir v
	rm -rf root
	run --separate-stderr "$WOLFFIA" start a
	fails_with 125 "$PWD/v"
	one_clear_line
	run --separate-stderr "$WOLFFIA" start b
	fails_with 125 "$PWD/root"
	one_clear_line
}

@test "a container whose launcher was killed can be started again" {
	up a sh -c 'echo x >>/n; exec sleep 100'
	becomes x "$WOLFFIA" exec a cat /n
	launcher=$(launcher_of a)
	kill -KILL "$launcher"
	"$TOOLS/await_end" "$launcher"
	run --separate-stderr "$WOLFFIA" exec a true
	fails_with 125 "not running"
	run -0 "$WOLFFIA" wait a
	[ "$output" = 137 ]
	run -0 "$WOLFFIA" start a
	becomes $'x\nx' "$WOLFFIA" exec a cat /n
}

@test "start --foreground is the launcher itself" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" sh -c 'echo out; echo err >&2; exit 5' >/dev/null
	run -5 --separate-stderr "$WOLFFIA" start --foreground a
	[ "$output $stderr" = "out err" ]
	"$WOLFFIA" create --name b --rootfs "$ROOT" sh -c 'trap "exit 6" TERM; echo ready; while :; do sleep 0.02; done' >/dev/null
	start_program "$WOLFFIA" start --foreground b
	await ready
	kill -TERM "$pid"
	await_end
	[ "$status" = 6 ]
}

@test "one that runs is started by nobody else, and removed only with force" {
	up a sleep 100
	run --separate-stderr "$WOLFFIA" start --foreground a
	fails_with 125 "the container a is running"
	run --separate-stderr "$WOLFFIA" rm a
	fails_with 125 "the container a is running"
	[[ "$stderr" == *"wolffia stop a"* ]]
	run -0 "$WOLFFIA" exec a true
	took "$WOLFFIA" rm -f a
	[ "$status $output" = "0 a" ]
	within 0 3000
	# what is not there is as it should be
	run -0 --separate-stderr "$WOLFFIA" rm -f a
	[ -z "$stderr" ]
}

@test "twenty that start the same one: one does, all say so, and it runs once" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" sh -c 'echo x >>/count; exec sleep 100' >/dev/null
	for i in {1..20}; do
		"$WOLFFIA" start a >"out.$i" 2>"err.$i" 3>&- &
	done
	wait
	for i in {1..20}; do
		[ "$(<"out.$i")" = a ] || [[ "$(<"err.$i")" == *"the container a is running"* ]] || { cat "err.$i"; false; }
	done
	becomes x "$WOLFFIA" exec a cat /count
}
