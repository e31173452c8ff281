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

@test "as many as one likes: none keeps descriptors under way for ever" {
	# those are counted for all containers of a user together, and limited by
	# the number of open files (unix(7), ETOOMANYREFS)
	ulimit -S -n 40
	for i in {1..45}; do
		in_root -d sleep 1000 >/dev/null
	done
	run -0 "$WOLFFIA" exec "$(ls "$WOLFFIA_STORE/containers" | head -n 1)" true
	run -0 "$WOLFFIA" kill -a
	[ "$(wc -l <<<"$output")" = 45 ]
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

# none of these names can be the beginning of an id
@test "rename: of one that runs, and of one that does not" {
	up old sleep 100
	run -0 "$WOLFFIA" rename old new
	run -0 "$WOLFFIA" exec new echo x
	run -125 "$WOLFFIA" exec old echo x
	[ "$(field new name)" = new ]
	"$WOLFFIA" stop -t 0 new
	run -0 "$WOLFFIA" rename new newer
	[ "$(field newer name)" = newer ]
	run -0 "$WOLFFIA" start newer
	[ "$(field newer name)" = newer ]
	up other true
	run --separate-stderr "$WOLFFIA" rename newer other
	fails_with 125 "the name other is taken"
	run --separate-stderr "$WOLFFIA" rename newer 'no/name'
	fails_with 125 "no/name"
	run --separate-stderr "$WOLFFIA" rename newer ../../out
	fails_with 125 "../../out"
	run -0 "$WOLFFIA" exec newer true
	# the old names are free
	up old true
	up new true
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
	possible "$*" || return 0
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
		possible "$*" || return 0
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

# bats test_tags=many-ids
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

# --- restarted

# runs NAME: how often its command has run, which writes a line each time
runs() {
	wc -l <"$(directory_of "$1")/upper/n"
}

@test "--restart on-failure:2: three runs, and the status of the last" {
	up a --restart on-failure:2 sh -c 'echo x >>/n; exit 3'
	"$TOOLS/await_end" "$(launcher_of a)"
	[ "$(runs a) $(field a restarts) $(field a exit_code)" = "3 2 3" ]
	[ "$(field a phase)" = 4 ]
	# a signal is a failure
	up b --restart on-failure:1 sh -c 'echo x >>/n; kill -9 $$'
	"$TOOLS/await_end" "$(launcher_of b)"
	[ "$(runs b) $(field b exit_code) $(field b signal)" = "2 137 9" ]
	# and success is none
	up c --restart on-failure sh -c 'echo x >>/n'
	"$WOLFFIA" wait c
	becomes 4 field c phase
	[ "$(runs c)" = 1 ]
}

@test "--restart in the foreground: the output of all runs, the status of the last" {
	run -4 in_root --restart on-failure:1 sh -c 'echo x; exit 4'
	[ "$output" = $'x\nx' ]
	"$WOLFFIA" rm -a
	start --restart always sh -c 'echo run; exec sleep 0.01'
	await run
	await run
	kill -TERM "$pid"
	await_end
	[ "$status" = 143 ] || [ "$status" = 0 ]
}

@test "--restart always: goes on until stop, kill, or rm -f" {
	up a --restart always sh -c 'echo x >>/n'
	becomes 3 runs a # also after success
	took "$WOLFFIA" stop a
	[ "$status" = 0 ]
	within 0 3000
	n=$(runs a)
	[ "$(field a phase) $(field a launcher_pid)" = "4 0" ]
	up b --restart unless-stopped sh -c 'echo x >>/n; exec sleep 100'
	becomes 1 runs b
	run -0 "$WOLFFIA" kill b
	[ "$(field b phase) $(field b exit_code)" = "4 137" ]
	up c --restart always sh -c 'echo x >>/n; exit 1'
	becomes 2 runs c
	run -0 "$WOLFFIA" rm -f c
	# nobody came back while the others were tried
	[ "$(runs a) $(runs b)" = "$n 1" ]
}

@test "--restart: the end of the command by somebody else's hand is no stop" {
	up a --restart always sh -c 'echo x >>/n; exec sleep 100'
	becomes 1 runs a
	run -0 "$WOLFFIA" kill -s TERM a
	becomes 2 runs a
	run "$WOLFFIA" exec a kill -9 -1
	becomes 3 runs a
}

@test "--restart: between two runs it is restarting, and can be stopped" {
	# the waits are 100, 200, 400, 800, 1600 ms
	up a --restart always false
	becomes 4 field a restarts
	becomes 3 field a phase
	run --separate-stderr "$WOLFFIA" exec a true
	fails_with 125 "not running"
	took "$WOLFFIA" stop a
	[ "$status" = 0 ]
	within 0 700
	[ "$(field a phase)" = 4 ]
}

# bats test_tags=many-ids
@test "--restart: its root, its volumes and who it is are the same each time" {
	mkdir v
	up a --restart on-failure:2 -v "$PWD/v:/v" -u 1000 sh -c 'id -u; ls / | wc -l >>/v/n; exit 1'
	"$TOOLS/await_end" "$(launcher_of a)"
	[ "$(sort v/n | uniq -c | awk '{ print $1 }')" = 3 ]
}

@test "restart: of one that runs, and of one that has ended" {
	up a sh -c 'trap "exit 7" TERM; echo x >>/n; while :; do sleep 0.02; done'
	becomes 1 runs a
	run -0 "$WOLFFIA" restart a
	[ "$output" = a ]
	becomes 2 runs a
	"$WOLFFIA" stop a
	[ "$(field a exit_code)" = 7 ]
	run -0 "$WOLFFIA" restart a
	becomes 3 runs a
	up_saying b ready probe_signals
	took "$WOLFFIA" restart -t 1 b
	[ "$status" = 0 ]
	within 1000 4000
	await_end
	run -0 "$WOLFFIA" exec b true
	run --separate-stderr "$WOLFFIA" restart -t nonsense b
	fails_with 125 "--time"
	up c --rm sleep 100
	run --separate-stderr "$WOLFFIA" restart c
	fails_with 125 "is removed when it ends"
	run -0 "$WOLFFIA" exec c true
}

# --- stopped

@test "stop: ten seconds, and then SIGKILL" {
	up_saying a ready probe_signals
	took "$WOLFFIA" stop a
	[ "$status $output" = "0 a" ]
	within 10000 12000
	[ "$(field a 'exit_code,.signal,.cause' | xargs)" = "137 9 stopped" ]
	await_end
	[[ "$said" == *"got TERM"* ]]
}

@test "stop -t, and --stop-timeout when it was made" {
	up_saying a ready probe_signals
	took "$WOLFFIA" stop -t 1 a
	within 1000 2500
	await_end
	up_saying b ready --stop-timeout 1 probe_signals
	took "$WOLFFIA" stop b
	within 1000 2500
	await_end
	"$WOLFFIA" start b
	took "$WOLFFIA" stop -t 0 b
	within 0 900
	run --separate-stderr "$WOLFFIA" stop -t nonsense a
	fails_with 125 "--time"
}

@test "stop: who handles the signal ends with its own status" {
	up_saying a ready sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'
	took "$WOLFFIA" stop a
	within 0 5000
	[ "$(field a 'exit_code,.signal,.cause' | xargs)" = "5 0 stopped" ]
	await_end
	[ "$status" = 5 ]
}

@test "stop: who ignores the signal is not waited for" {
	up_saying a ready sh -c 'trap "" TERM; echo ready; while :; do sleep 0.02; done'
	took "$WOLFFIA" stop a
	within 0 3000
	[ "$(field a exit_code)" = 137 ]
	await_end
	# PID 1 without a handler: the kernel would drop it
	up b --pid1 sleep 100
	took "$WOLFFIA" stop b
	within 0 3000
	[ "$(field b exit_code)" = 137 ]
	up_saying c ready --pid1 sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'
	took "$WOLFFIA" stop c
	within 0 5000
	[ "$(field c exit_code)" = 5 ]
}

@test "stop: who blocks the signal and reads it is waited for" {
	up_saying a ready --stop-signal USR2 probe_signals
	took "$WOLFFIA" stop a
	within 0 5000
	await_end
	[[ "$said" == *"got USR2"* ]]
	[ "$status" = 0 ]
	up_saying b ready --pid1 --stop-signal USR2 probe_signals
	took "$WOLFFIA" stop b
	within 0 5000
	await_end
	[[ "$said" == *"got USR2"* ]]
	[ "$status" = 0 ]
}

@test "stop: with the signal that the image names" {
	tar --numeric-owner --owner=0 --group=0 -C "$ROOT" -cf root.tar .
	"$WOLFFIA" import -c 'STOPSIGNAL SIGUSR2' root.tar usr2 >/dev/null
	"$WOLFFIA" create --name a usr2 probe_signals >/dev/null
	start_program "$WOLFFIA" start -a a
	await ready
	took "$WOLFFIA" stop a
	within 0 5000
	await_end
	[[ "$said" == *"got USR2"* ]]
	"$WOLFFIA" rm a
	"$WOLFFIA" rmi usr2
}

@test "stop returns when the container is gone: rm, start, or its name work at once" {
	for i in {1..15}; do
		up a sh -c 'trap "exit 0" TERM; (while :; do sleep 0.02; done) & wait'
		launcher=$(launcher_of a)
		"$WOLFFIA" stop a >/dev/null
		[ "$(field a launcher_pid)" = 0 ]
		"$WOLFFIA" rm a >/dev/null
		up a --rm sleep 100
		"$WOLFFIA" stop a >/dev/null
		store_is_empty
		"$TOOLS/await_end" "$launcher"
	done
}

@test "stop: several, all, those that have ended, those that are not there" {
	up a sleep 100
	up b sleep 100
	up c true
	"$WOLFFIA" wait c
	run -0 --separate-stderr "$WOLFFIA" stop a c
	[ "$output" = $'a\nc' ]
	up d sleep 100
	run -0 "$WOLFFIA" stop -a
	[ "$(sort <<<"$output")" = $'b\nd' ]
	run --separate-stderr "$WOLFFIA" stop a not-there b
	fails_with 125 'there is no container "not-there"'
	[ "$output" = $'a\nb' ]
	run -0 --separate-stderr "$WOLFFIA" stop -i not-there
	[ -z "$output$stderr" ]
	run --separate-stderr "$WOLFFIA" stop
	fails_with 125 "the name of a container is missing"
}

@test "stop, twice at once: both return, and the shorter patience counts" {
	local patience
	for patience in "60 1" "1 60"; do
		up_saying a ready probe_signals
		"$WOLFFIA" stop -t "${patience% *}" a >/dev/null 3>&- &
		first=$!
		await "got TERM"
		took timeout -s KILL 20 "$WOLFFIA" stop -t "${patience#* }" a
		[ "$status" = 0 ]
		within 0 4000
		wait "$first"
		"$WOLFFIA" rm a >/dev/null
	done
}

@test "stop of one that is paused" {
	up_saying a ready sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'
	"$WOLFFIA" pause a
	took "$WOLFFIA" stop a
	[ "$status" = 0 ]
	within 0 5000
	[ "$(field a exit_code)" = 5 ]
	up b sleep 100
	"$WOLFFIA" pause b
	took "$WOLFFIA" rm -f b
	[ "$status" = 0 ]
	within 0 5000
}

@test "kill: SIGKILL, or any other signal, to the command" {
	up_saying a ready probe_signals
	for name in HUP INT WINCH USR1 TERM; do
		"$WOLFFIA" kill -s "$name" a >/dev/null
		await "got $name"
		"$WOLFFIA" kill --signal "SIG$name" a >/dev/null
		await "got $name"
		"$WOLFFIA" kill -s "$(kill -l "$name")" a >/dev/null
		await "got $name"
	done
	took "$WOLFFIA" kill a
	within 0 3000
	await_end
	[ "$status" = 137 ]
	[ "$(field a 'exit_code,.signal,.cause' | xargs)" = "137 9 stopped" ]
	run --separate-stderr "$WOLFFIA" kill a
	fails_with 125 "the container a is not running"
	up b sleep 100
	for name in NONSENSE 65 -1 ''; do
		run --separate-stderr "$WOLFFIA" kill -s "$name" b
		fails_with 125 "--signal"
	done
	run --separate-stderr "$WOLFFIA" kill -s 0 b
	[ "$status" = 125 ]
	run -0 "$WOLFFIA" exec b true
}

@test "kill ends all of it, and can be followed by start at once" {
	up a sh -c 'setsid sleep 1000 & sleep 1000'
	for i in {1..10}; do
		"$WOLFFIA" kill a
		"$WOLFFIA" start a
	done
}

# --- waited for

@test "wait: the status, to all who wait, also of one that is removed" {
	mkfifo go
	up a --rm -v "$PWD/go:/go" sh -c 'read x </go; exit 42'
	launcher=$(launcher_of a)
	before=$(fds "$launcher")
	for i in {1..10}; do
		"$WOLFFIA" wait a >"wait.$i" 3>&- &
	done
	becomes $((before + 10)) fds "$launcher"
	timeout 10 sh -c 'echo x >go'
	wait
	for i in {1..10}; do
		[ "$(<"wait.$i")" = 42 ]
	done
	store_is_empty
	run --separate-stderr "$WOLFFIA" wait a
	fails_with 125 'there is no container "a"'
}

@test "wait: of one that has ended, and of several in their order" {
	up a sh -c 'exit 3'
	up b sh -c 'kill -15 $$'
	run -0 "$WOLFFIA" wait a b a
	[ "$output" = $'3\n143\n3' ]
	up c sleep 100
	"$WOLFFIA" wait c >out 3>&- &
	waiter=$!
	"$WOLFFIA" stop -t 0 c
	wait "$waiter"
	[ "$(<out)" = 137 ]
}

@test "wait that is interrupted leaves the container, and its launcher, as they were" {
	up a sleep 100
	launcher=$(launcher_of a)
	before=$(fds "$launcher")
	for i in {1..70}; do
		timeout -s KILL 0.01 "$WOLFFIA" wait a || true
	done
	becomes "$before" fds "$launcher"
	run -0 "$WOLFFIA" exec a true
}

# --- paused

# states_in NAME: the letters of all its processes, but PID 1's
states_in() {
	local pid
	for pid in $(below "$(field "$1" pid)"); do
		sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status"
	done 2>/dev/null | sort -u | xargs
}

# bats test_tags=many-ids
@test "pause stops all processes, of all users, and unpause lets them go on" {
	up a sh -c '
		probe_identity -s 1000 /bin/sh -c "while :; do echo x >>/tmp/user; done" &
		setsid sh -c "while :; do echo x >>/tmp/session; done" &
		while :; do true; done &
		while :; do echo x >>/tmp/root; done'
	tmp=$(directory_of a)/upper/tmp
	"$WOLFFIA" exec -d a sh -c 'while :; do echo x >>/tmp/exec; done'
	becomes 4 eval 'ls "$tmp" | wc -l'
	for i in {1..5}; do
		run -0 "$WOLFFIA" pause a
		[ "$output" = a ]
		[ "$(states_in a)" = T ]
		[ "$(field a phase)" = 2 ]
		before=$(wc -c "$tmp"/*)
		in_root true # as long as that takes
		[ "$(wc -c "$tmp"/*)" = "$before" ]
		run -0 "$WOLFFIA" unpause a
		[ "$(field a phase)" = 1 ]
		for file in user session root exec; do
			size=$(stat -c %s "$tmp/$file")
			becomes yes eval "[ \$(stat -c %s $tmp/$file) -gt $size ] && echo yes"
		done
	done
}

@test "pause of one that forks all the time leaves nothing running" {
	up a sh -c 'for i in 1 2 3 4; do (while :; do true | true; done) & done; wait'
	for i in {1..10}; do
		"$WOLFFIA" pause a >/dev/null
		[[ "$(states_in a)" =~ ^T( Z)?$ ]]
		"$WOLFFIA" unpause a >/dev/null
	done
}

@test "pause: what cannot be paused, or is already" {
	up a sleep 100
	run --separate-stderr "$WOLFFIA" unpause a
	fails_with 125 "not paused"
	"$WOLFFIA" pause a
	run --separate-stderr "$WOLFFIA" pause a
	fails_with 125 "already paused"
	run --separate-stderr "$WOLFFIA" exec a true
	fails_with 125 "the container is paused"
	[[ "$stderr" == *"wolffia unpause"* ]]
	"$WOLFFIA" unpause a
	"$WOLFFIA" stop a
	run --separate-stderr "$WOLFFIA" pause a
	fails_with 125 "the container a is not running"
	up b --pid1 sleep 100
	run --separate-stderr "$WOLFFIA" pause b
	fails_with 125 "--pid1"
	one_clear_line
}

@test "a timeout ends one that is paused" {
	up a --timeout 1 sleep 100
	"$WOLFFIA" pause a
	"$TOOLS/await_end" "$(launcher_of a)"
	[ "$(field a cause)" = timeout ]
}

# --- how it ended

# ended OPTION... -- COMMAND...: the last line of --status-fd, as
# "code signal cause"
ended() {
	in_root --status-fd 9 "$@" 9>events >/dev/null 2>&1 || true
	tail -n 1 events | jq -r '"\(.event) \(.code) \(.signal) \(.cause)"'
}

@test "--status-fd: the cause of each end, with code and signal" {
	[ "$(ended sh -c 'exit 3')" = "exited 3 0 exit" ]
	[ "$(ended sh -c 'kill -9 $$')" = "exited 137 9 signal" ]
	[ "$(ended sh -c 'kill -15 $$')" = "exited 143 15 signal" ]
	[ "$(ended --pid1 sh -c 'exit 3')" = "exited 3 0 exit" ]
	[ "$(ended --timeout 0.2 sleep 100)" = "exited 137 9 timeout" ]
	[ "$(ended no-such-command)" = "exited 127 0 launcher" ]
	[ "$(ended -u nobody-here true)" = "exited 125 0 launcher" ]
}

@test "--status-fd and the record: stop, kill, and a signal to wolffia are \"stopped\"" {
	for how in "stop" "kill" "stop -t 0" "rm -f"; do
		mkfifo events
		in_root -d --rm --name a --status-fd 9 sleep 100 9>events >/dev/null &
		exec {events}<events
		wait
		"$WOLFFIA" $how a >/dev/null
		[ "$(timeout 10 tail -n 1 <&"$events" | jq -r .cause)" = stopped ]
		exec {events}<&-
		rm events
	done
	start --status-fd 1 sh -c 'echo ready; exec sleep 100'
	await ready
	kill -TERM "$pid"
	await_end
	[ "$(tail -n 1 <<<"$said" | jq -r '"\(.code) \(.signal) \(.cause)"')" = "143 15 stopped" ] ||
		[ "$(grep exited <<<"$said" | jq -r '"\(.code) \(.signal) \(.cause)"')" = "143 15 stopped" ]
}

@test "--status-fd: what ends it from outside is the launcher's" {
	start --status-fd 1 sh -c 'echo ready; exec sleep 100'
	await '"pid"'
	init=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' <<<"$said")
	"$WOLFFIA" unshare kill -KILL "$init" 2>/dev/null || kill -KILL "$init"
	await_end
	[ "$(grep exited <<<"$said" | jq -r '"\(.code) \(.signal) \(.cause)"')" = "137 9 launcher" ] || { echo "$said"; false; }
}

@test "the terminal is gone: the container ends, and is removed" {
	# in_terminal hangs up when the command has said it
	run "$TOOLS/in_terminal" -w ready -s '~' "$WOLFFIA" run -it --name a --rootfs "$ROOT" \
		sh -c 'echo ready; while :; do sleep 0.02; done'
	[ "$status" -ge 125 ] || { echo "$status: $output"; false; }
	store_is_empty
	# also one that ignores the hangup: its input and output are gone
	run "$TOOLS/in_terminal" -w ready -s '~' "$WOLFFIA" run -it --name a --rootfs "$ROOT" \
		sh -c 'trap "" HUP; echo ready; while read x; do :; done'
	[ "$status" != 124 ]
	store_is_empty
}
