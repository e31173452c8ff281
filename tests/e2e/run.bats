# What a user of "wolffia run" sees: options, streams, statuses

# $how, unquoted, is a list of options; what is quoted is for the container's
# shell; and status, output and pid come from bats and from the helper
# shellcheck disable=SC2086,SC2016,SC2154

load helper_run

setup_file() {
	setup_run
}

setup() {
	unset WOLFFIA_TEST_VARIABLE
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	store_is_empty
}

# --- how it ends

@test "the exit status is the command's own, 0 to 255" {
	for n in 0 1 2 63 64 77 124 125 126 127 128 137 200 254 255; do
		run -"$n" in_root sh -c "exit $n"
	done
}

@test "a signal that ends the command gives 128 and its number" {
	for n in 1 2 6 9 13 15 31; do
		run -$((128 + n)) in_root sh -c "kill -$n \$\$"
	done
}

@test "what is not there is 127, what cannot be executed is 126" {
	run -127 --separate-stderr in_root /nowhere/to/be/found
	fails_with 127 "/nowhere/to/be/found: No such file"
	run -127 --separate-stderr in_root no-such-command
	fails_with 127 "not found in the container's PATH"
	run --separate-stderr in_root /etc/passwd
	fails_with 126 "/etc/passwd: Permission denied"
	run --separate-stderr in_root /etc
	fails_with 126 "it is a directory"
	run --separate-stderr in_root sh -c 'echo garbage >/tmp/x; chmod 755 /tmp/x; exec true'
	[ "$status" = 0 ]
	printf 'garbage\n' >"$ROOT/bin/garbage"
	chmod 755 "$ROOT/bin/garbage"
	run --separate-stderr in_root garbage
	fails_with 126 "Exec format error"
	printf '#!/no/such/interpreter\n' >"$ROOT/bin/orphan"
	chmod 755 "$ROOT/bin/orphan"
	run -127 --separate-stderr in_root orphan
	fails_with 127 "interpreter"
	rm "$ROOT/bin/garbage" "$ROOT/bin/orphan"
}

@test "what wolffia cannot do is 125, with one clear line" {
	run --separate-stderr "$WOLFFIA" run
	fails_with 125 "there is no image to run"
	one_clear_line
	run --separate-stderr "$WOLFFIA" run --rootfs /nowhere true
	fails_with 125 "/nowhere"
	one_clear_line
	run --separate-stderr "$WOLFFIA" run --pull never no/such:image
	fails_with 125 "no/such"
	one_clear_line
	run --separate-stderr "$WOLFFIA" run -q 127.0.0.1:1/no/such:image
	fails_with 125 "no/such"
	one_clear_line
}

@test "an unknown option suggests the nearest one" {
	run --separate-stderr in_root --read-onyl true
	fails_with 125 "--read-onyl"
	[[ "$stderr" == *"did you mean --read-only"* ]]
	one_clear_line
	run --separate-stderr "$WOLFFIA" rnu
	fails_with 125 "rnu"
	[[ "$stderr" == *"did you mean \"run\""* ]]
}

@test "options behind the command are the command's" {
	run in_root echo --read-only -e X=1 -v /:/x --help --privileged
	[ "$output" = "--read-only -e X=1 -v /:/x --help --privileged" ]
	run in_root -- echo --name
	[ "$output" = "--name" ]
}

@test "an empty argument, spaces and newlines reach the command unchanged" {
	run in_root sh -c 'for a; do printf "<%s>" "$a"; done' sh '' 'a b' $'c\nd' '*'
	[ "$output" = "<><a b><c"$'\n'"d><*>" ]
}

@test "--timeout ends the container, with a message" {
	run --separate-stderr in_root --timeout 1 sleep 100
	[ "$status" != 0 ]
	[[ "$stderr" == *"--timeout"* ]]
	one_clear_line
}

@test "--timeout of a command that ends in time changes nothing" {
	run -3 --separate-stderr in_root --timeout 60 sh -c 'exit 3'
	[ -z "$stderr" ]
}

# --- environment

@test "nothing of the caller's environment comes in but what is named" {
	export WOLFFIA_TEST_VARIABLE=secret LD_PRELOAD='' LC_ALL=C
	run in_root env
	[[ "$output" != *secret* ]]
	[ "$(cut -d= -f1 <<<"$output" | sort | tr '\n' ' ')" = "HOME HOSTNAME PATH " ]
	run in_root -e WOLFFIA_TEST_VARIABLE sh -c 'echo $WOLFFIA_TEST_VARIABLE'
	[ "$output" = secret ]
	run in_root -e WOLFFIA_TEST_VARIABLE= sh -c 'echo "<${WOLFFIA_TEST_VARIABLE-unset}>"'
	[ "$output" = "<>" ]
	unset WOLFFIA_TEST_VARIABLE
	run in_root -e WOLFFIA_TEST_VARIABLE sh -c 'echo "<${WOLFFIA_TEST_VARIABLE-unset}>"'
	[ "$output" = "<unset>" ]
}

@test "-e has the last word, and values may hold anything" {
	printf 'A=file\nB=file\n\n# comment\nC=with space # and hash\n' >env
	run in_root --env-file env -e A=option -e A=last -e 'D=a=b=$x "q"' \
		sh -c 'echo "$A|$B|$C|$D"'
	[ "$output" = 'last|file|with space # and hash|a=b=$x "q"' ]
	run in_root -e $'N=one\ntwo' sh -c 'echo "$N"'
	[ "$output" = $'one\ntwo' ]
}

@test "a wrong environment is refused" {
	for wrong in '=x' ''; do
		run --separate-stderr in_root -e "$wrong" true
		fails_with 125 "--env"
		one_clear_line
	done
	run --separate-stderr in_root --env-file nowhere true
	fails_with 125 "nowhere"
	one_clear_line
}

# bats test_tags=many-ids
@test "HOME is that of the user, unless it is given" {
	run in_root sh -c 'echo $HOME'
	[ "$output" = /root ]
	run in_root -u user sh -c 'echo $HOME'
	[ "$output" = /home/user ]
	run in_root -u 1234 sh -c 'echo $HOME'
	[ "$output" = / ]
	run in_root -e HOME=/x sh -c 'echo $HOME'
	[ "$output" = /x ]
}

# --- directory, user, entrypoint, names

@test "-w enters the directory, made if it is missing" {
	run in_root -w /home/user pwd
	[ "$output" = /home/user ]
	run in_root -w /new/one sh -c 'pwd; stat -c %u:%a /new /new/one'
	[ "$output" = $'/new/one\n0:755\n0:755' ]
	[ ! -e "$ROOT/new" ]
	run in_root -w /home/../home//user/ pwd
	[ "$output" = /home/user ]
}

@test "-w through symlinks stays in the root" {
	ln -sfn ../../../../../../.. "$ROOT/home/up"
	ln -sfn /etc "$ROOT/home/etc"
	run in_root -w /home/up sh -c 'pwd; ls /' </dev/null
	[ "${lines[0]}" = / ]
	[[ "$output" != *"lost+found"* ]]
	run in_root -w /home/etc pwd
	[ "$output" = /etc ]
	rm "$ROOT/home/up" "$ROOT/home/etc"
}

@test "-w refuses magic links and what is no directory" {
	for wrong in /proc/self/fd/{0..12} /proc/self/cwd /proc/1/root /proc/self/exe /etc/passwd; do
		run --separate-stderr in_root -w "$wrong" pwd
		[ "$status" = 125 ] || { echo "$wrong: $status $output"; false; }
		[ -z "$output" ]
		one_clear_line
	done
	run --separate-stderr in_root -w relative pwd
	fails_with 125 "relative"
}

# bats test_tags=many-ids
@test "-u takes numbers and names, users and groups" {
	ids='echo $(id -u) $(id -g) $(id -G)'
	check() {
		run in_root "${@:2}" sh -c "$ids"
		[ "$output" = "$1" ] || { echo "${*:2}: $output"; false; }
	}
	check "0 0 0"
	check "0 0 0" -u root
	check "0 0 0" -u 0
	check "1000 1000 1000 2000" -u user
	check "1000 1000 1000 2000" -u 1000
	check "1000 2001 2001" -u user:more
	check "1000 2001 2001" -u 1000:2001
	check "1234 0 0" -u 1234
	check "1234 4321 4321" -u 1234:4321
	# a number is never a name (CVE-2016-3697): 1001 is a trap in passwd
	check "1001 0 0" -u 1001
	check "0 0 0 2000 2001" --group-add extra --group-add 2001
	check "1000 1000 1000 2000 2001" -u user --group-add more
}

@test "-u refuses what is not there" {
	for wrong in nobody-here user:nowhere :1 1000: 99999 4294967295 -1 0x0 1e3 ' 1'; do
		run --separate-stderr in_root -u "$wrong" id -u
		[ "$status" = 125 ] || { echo "$wrong: $status $output"; false; }
		one_clear_line
	done
	run --separate-stderr in_root --group-add nowhere true
	fails_with 125 nowhere
}

@test "--entrypoint replaces the command, with its arguments behind it" {
	run in_root --entrypoint /bin/echo a b
	[ "$output" = "a b" ]
	run in_root --entrypoint '["/bin/echo", "x y"]' z
	[ "$output" = "x y z" ]
}

@test "without a command it is a shell" {
	run in_root -i <<<'echo in $0'
	[[ "$output" == "in "*sh ]]
}

@test "--hostname is the host name, in all places" {
	run in_root --hostname box sh -c 'hostname; cat /etc/hostname; grep -c box /etc/hosts; echo $HOSTNAME'
	[ "$output" = $'box\nbox\n1\nbox' ]
	run --separate-stderr in_root --hostname $'a\n127.0.0.1 evil' true
	fails_with 125 "host name"
	one_clear_line
}

@test "--name is taken while its container runs, and free afterwards" {
	start --name mine sh -c 'echo ready; exec sleep 100'
	await ready
	run --separate-stderr in_root --name mine true
	fails_with 125 "mine"
	one_clear_line
	run -0 in_root --name other true
	kill -TERM "$pid"
	await_end
	run -0 in_root --name mine true
}

@test "--name is free again when its container was killed" {
	start --name mine sh -c 'echo ready; exec sleep 100'
	await ready
	kill -KILL "$pid"
	await_end
	run -0 --separate-stderr in_root --name mine true
	[ -z "$stderr" ]
}

@test "a wrong --name is refused" {
	for wrong in '' ../x a/b . $'a\nb' -x; do
		run --separate-stderr in_root --name="$wrong" true
		[ "$status" = 125 ] || { echo "$wrong: $status"; false; }
		one_clear_line
	done
}

@test "--label and --quiet" {
	run -0 in_root --label a=b --label c true
	run --separate-stderr in_root --quiet --network host true
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}

# --- the root

@test "the root is writable, and what was written is thrown away" {
	run -0 in_root sh -c 'echo x >/etc/new; rm /etc/passwd; mkdir /dir; cat /etc/new'
	[ "$output" = x ]
	[ ! -e "$ROOT/etc/new" ]
	[ -e "$ROOT/etc/passwd" ]
	[ ! -e "$ROOT/dir" ]
}

@test "--driver: each one that there is runs, and writes" {
	for driver in auto fuse-overlayfs overlay; do
		run in_root --driver "$driver" sh -c \
			'echo x >/new && mv /etc/group /etc/g && rm -r /home && cat /new /etc/g | wc -l'
		[ "$status" = 0 ]
		[ "${lines[-1]}" = 5 ] || { echo "$driver: $output"; false; }
	done
	possible "--userns nomap" || return 0
	run --separate-stderr in_root --driver overlay --userns nomap true
	fails_with 125 "--driver overlay"
	one_clear_line
}

@test "--rootfs DIR:rw writes in place, as the caller" {
	make_root "$BATS_TEST_TMPDIR/rw"
	run -0 "$WOLFFIA" run --rootfs "$BATS_TEST_TMPDIR/rw:rw" sh -c 'echo x >/etc/new'
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/rw/etc/new")" = "$(id -u)" ]
}

@test "--read-only: nothing in the root can be written, tmpfs and /dev can" {
	run in_root --read-only --tmpfs /t sh -c '
		exec 2>/dev/null
		touch /x && echo root
		touch /etc/x && echo etc
		echo x >>/etc/passwd && echo passwd
		echo x >>/etc/hosts && echo hosts
		touch /t/x && echo tmpfs; echo x >/dev/null && touch /dev/shm/x && echo dev'
	[ "$output" = $'tmpfs\ndev' ]
}

@test "--tmpfs has the size that was asked for" {
	run in_root --tmpfs /t:size=1m sh -c '
		dd if=/dev/zero of=/t/x bs=1024 count=2048 2>/dev/null; echo $?
		stat -c %s /t/x; stat -c %a:%u /t'
	[ "$output" = $'1\n1048576\n1777:0' ]
	run in_root --tmpfs /t:mode=0700 stat -c %a /t
	[ "$output" = 700 ]
	run --separate-stderr in_root --tmpfs /t:size=lots true
	fails_with 125 "--tmpfs"
}

@test "--shm-size is the size of /dev/shm" {
	run in_root --shm-size 1m sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1024 count=2048 2>/dev/null; stat -c %s /dev/shm/x'
	[ "$output" = 1048576 ]
	run in_root sh -c 'stat -f -c "%b %S" /dev/shm'
	read -r blocks size <<<"$output"
	[ $((blocks * size)) = $((64 << 20)) ]
}

# --- rights

@test "--cap-add and --cap-drop set exactly these capabilities" {
	eff='sed -n "s/CapEff:\t//p" /proc/self/status'
	check() {
		run in_root "${@:2}" sh -c "$eff"
		[ "$output" = "$1" ] || { echo "${*:2}: $output"; false; }
	}
	# CHOWN 0 DAC_OVERRIDE 1 FOWNER 3 KILL 5 SETGID 6 SETUID 7 SYS_CHROOT 18 SETFCAP 31
	check 00000000800400eb
	check 0000000000000000 --cap-drop ALL
	check 0000000000000400 --cap-drop ALL --cap-add NET_BIND_SERVICE
	check 00000000800400ea --cap-drop CAP_CHOWN
	check 00000000802400eb --cap-add sys_admin
	! possible "-u 1000" || check 0000000000000000 -u 1000
	run --separate-stderr in_root --cap-add SYS_ADMN true
	fails_with 125 "SYS_ADMIN"
	one_clear_line
}

@test "--cap-add NET_ADMIN can configure the container's own network" {
	run in_root --cap-add NET_ADMIN ip addr add 10.9.9.9/24 dev lo
	[ "$status" = 0 ]
	run in_root ip addr add 10.9.9.9/24 dev lo
	[ "$status" != 0 ]
}

@test "--security-opt takes single hardenings away, and only those" {
	run in_root sh -c 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\t" | tr "\n" " "'
	[ "$output" = "NoNewPrivs:1 Seccomp:2 " ]
	run in_root --security-opt no-new-privileges=false sh -c 'grep NoNewPrivs: /proc/self/status | tr -d "\t"'
	[ "$output" = "NoNewPrivs:0" ]
	run in_root --security-opt seccomp=unconfined sh -c 'grep ^Seccomp: /proc/self/status | tr -d "\t"'
	[ "$output" = "Seccomp:0" ]
	run --separate-stderr in_root --security-opt secomp=unconfined true
	fails_with 125 "did you mean seccomp"
}

@test "--security-opt mask and unmask" {
	run in_root --security-opt mask=/proc/cpuinfo sh -c 'cat /proc/cpuinfo'
	[ -z "$output" ]
	# also when all the others are off
	run in_root --security-opt unmask=ALL --security-opt mask=/proc/cpuinfo sh -c 'cat /proc/cpuinfo; wc -c </proc/cmdline'
	[ "$output" != 0 ]
	[ "$(wc -l <<<"$output")" = 1 ]
	run in_root --security-opt mask=/home sh -c 'ls /home; touch /home/x 2>/dev/null || echo ro'
	[ "$output" = ro ]
	run in_root --security-opt unmask=/proc/cmdline sh -c '[ -s /proc/cmdline ] && cat /proc/cmdline >/dev/null && echo open; cat /proc/interrupts'
	[ "$output" = open ]
}

@test "--ulimit" {
	run in_root --ulimit nofile=100:200 sh -c 'ulimit -n; ulimit -Hn'
	[ "$output" = $'100\n200' ]
	run --separate-stderr in_root --ulimit nofile=200:100 true
	fails_with 125 "--ulimit"
	run --separate-stderr in_root --ulimit nofiel=1 true
	fails_with 125 "nofile"
}

# bats test_tags=many-ids
@test "--pids-limit caps all processes of the container, of all its users" {
	run in_root --pids-limit 30 probe_forks
	read -r n why <<<"$output"
	[ "$why" = EAGAIN ]
	[ "$n" -ge 20 ] && [ "$n" -le 29 ]
	# a second user finds the room taken by the first
	run in_root --pids-limit 30 probe_forks 1000 1001 0
	read -r n why <<<"${lines[0]}"
	[ "$why" = EAGAIN ] && [ "$n" -ge 18 ]
	for line in "${lines[@]:1}"; do
		[ "${line%% *}" -le 1 ] || { echo "$output"; false; }
	done
	# neither root nor anybody else can raise it
	run in_root --pids-limit 30 --cap-add ALL probe_forks -l
	read -r n why <<<"${lines[-1]}"
	[ "$why" = EAGAIN ] && [ "$n" -le 29 ]
}

@test "a container at its process limit leaves its user's own ones alone" {
	start --pids-limit 20 sh -c 'probe_forks; exec sleep 100'
	await EAGAIN
	local own=()
	for n in {1..50}; do
		/bin/true &
		own+=($!)
	done
	wait "${own[@]}"
	run -0 in_root true
	kill -TERM "$pid"
	await_end
}

@test "there is a process limit by default" {
	run in_root sh -c 'ulimit -u'
	[ "$output" = 2048 ]
}

# --- who it is

# bats test_tags=many-ids
@test "--userns: the map, and who owns what is written to a volume" {
	local me sub
	me=$(id -u)
	sub=$(awk -F: -v u="$(id -un)" '$1 == u { print $2; exit }' /etc/subuid)
	check() {
		mkdir -m 0777 -p vol
		chmod 0777 vol
		run in_root -v "$PWD/vol:/v" "${@:3}" sh -c 'touch /v/new && head -n 1 /proc/self/uid_map | tr -s " "'
		[ "$status" = 0 ] || { echo "$output"; false; }
		[[ "${lines[-1]}" == " $1 "* ]] || { echo "${*:3}: map $output"; false; }
		owner=$(stat -c %u vol/new)
		[ "$owner" = "$2" ] || { echo "${*:3}: owner $owner"; false; }
		rm -f vol/new
		rmdir vol
	}
	check "0 0" "$me"
	check "0 0" "$me" --userns as-me
	check "0 1" "$me" --userns as-me -u 1000
	check "0 1" "$sub" --userns nomap
	check "0 1" "$me" --userns keep-id
	check "0 0" "$me" --userns single
	run in_root --userns single cat /proc/self/uid_map
	[ "$(tr -s ' ' <<<"$output")" = " 0 0 1" ]
	run in_root --userns keep-id id -u
	[ "$output" = "$me" ]
	run in_root cat /proc/self/uid_map
	[ "$(awk '{ print $2 }' <<<"$output" | head -n 1)" = 1 ]
	run --separate-stderr in_root --userns host true
	fails_with 125 "--userns host"
	run --separate-stderr in_root --userns sinlge true
	fails_with 125 "single"
}

# bats test_tags=many-ids
@test "without a volume the caller is not in the container at all" {
	echo mine >"$BATS_TEST_TMPDIR/file"
	run in_root sh -c 'cat /proc/self/uid_map /proc/self/gid_map'
	# no line of the map begins with 0 outside, in the outer namespace: the caller
	run -1 awk '$2 == 0 { found = 1 } END { exit !found }' <<<"$output"
}

@test "unshare: the caller is 0 in the own map, and a status is passed on" {
	run "$WOLFFIA" unshare sh -c 'id -u; head -n 1 /proc/self/uid_map | tr -s " "'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = " 0 $(id -u) 1" ]
	run -7 "$WOLFFIA" unshare sh -c 'exit 7'
	run -143 "$WOLFFIA" unshare sh -c 'kill -TERM $$'
	run -127 "$WOLFFIA" unshare /no/such/program
	run -126 "$WOLFFIA" unshare /etc/passwd
	run "$WOLFFIA" unshare -- printf %s --help
	[ "$output" = --help ]
}

# --- network

@test "--network none, the default, has a loopback and nothing else" {
	run in_root sh -c 'ls /sys/class/net; cat /sys/class/net/lo/operstate; ip addr show lo | grep -c "inet 127.0.0.1/8"; wc -l </proc/net/route'
	[ "${lines[0]}" = lo ]
	[ "${lines[2]}" = 1 ]
	[ "${lines[3]}" = 1 ]
	[ "${#lines[@]}" = 4 ]
	run --separate-stderr in_root sh -c 'cat /etc/resolv.conf'
	[[ "$output" == "#"* ]]
}

@test "--network host says so, in one line, and has the host's" {
	run --separate-stderr in_root --network host sh -c 'cat /proc/net/dev | wc -l'
	[ "$status" = 0 ]
	[ "$output" = "$(wc -l </proc/net/dev)" ]
	[ "$(wc -l <<<"$stderr")" = 1 ]
	[[ "$stderr" == *"--network host"* ]]
	run --separate-stderr in_root --network brigde true
	fails_with 125 "--network"
}

# --- reports

@test "--status-fd: lines of JSON, created, started with its steps, exited" {
	run -7 in_root --name report --status-fd 9 sh -c 'exit 7' 9>status
	python=$(command -v python3) || skip_or_fail "no python3 to read JSON"
	"$python" - <<-'EOF'
	import json
	e = [json.loads(l) for l in open("status")]
	assert [x["event"] for x in e] == ["created", "started", "exited"], e
	assert e[0]["name"] == "report" and len(e[0]["id"]) == 64, e
	assert e[1]["pid"] > 0 and len(e[1]["steps"]) > 10, e
	assert all(s["us"] >= 0 and s["name"] for s in e[1]["steps"]), e
	assert e[2]["code"] == 7 and e[2]["cause"] == "exit", e
	EOF
	run in_root --status-fd 9 sh -c 'kill -9 $$' 9>status
	grep -q '"cause":"signal"' status
	grep -q '"signal":9' status
	run -127 in_root --status-fd 9 no-such-command 9>status
	grep -q '"code":127' status
	run --separate-stderr in_root --status-fd 9 true 9>&-
	fails_with 125 "--status-fd"
}

# --- streams

@test "without -i standard input is empty, with -i it is the caller's" {
	run in_root sh -c 'cat; readlink /proc/self/fd/0' <<<input
	[ "$output" = /dev/null ]
	run in_root -i cat <<<input
	[ "$output" = input ]
	printf 'from\0a\377file' >file
	in_root -i cat <file | cmp - file
	cat file | in_root -i cat | cmp - file
}

@test "-i does not read a byte too many" {
	printf '%s\n' one two three >list
	while read -r line; do
		in_root sh -c "echo $line"
	done <list >seen
	cmp list seen
	# it may read what it needs, and the rest stays
	{ in_root -i sh -c 'read a; echo "1 $a"'; cat; } <list >seen
	[ "$(<seen)" = $'1 one\ntwo\nthree' ]
}

@test "standard output and error keep their order in one file" {
	in_root sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done' >both 2>&1
	[ "$(tr '\n' ' ' <both)" = "o1 e1 o2 e2 o3 e3 o4 e4 o5 e5 o6 e6 o7 e7 o8 e8 o9 e9 " ]
	run --separate-stderr in_root sh -c 'echo out; echo err >&2'
	[ "$output" = out ] && [ "$stderr" = err ]
}

@test "a file that is appended to is not overwritten" {
	echo before >log
	in_root sh -c 'echo out; echo err >&2' >>log 2>&1
	[ "$(<log)" = $'before\nout\nerr' ]
}

@test "a reader that has gone ends the writer" {
	run bash -c '"$WOLFFIA" run --rootfs "$ROOT" yes | head -n 1; echo "${PIPESTATUS[0]}"'
	[ "$output" = $'y\n141' ] || { echo "$output"; false; }
}

@test "100 MB come through unchanged" {
	expected=$(head -c 100000000 /dev/zero | sha256sum)
	[ "$(in_root head -c 100000000 /dev/zero | sha256sum)" = "$expected" ]
	head -c 3000000 /dev/urandom >random
	in_root -i sh -c 'cat; cat </dev/null' <random | cmp - random
	cat random | in_root -i sha256sum | cut -d' ' -f1 | grep -qx "$(sha256sum <random | cut -d' ' -f1)"
}

@test "/dev/stdout, /dev/stderr and /dev/stdin can be opened again" {
	for user in 0 1000; do
		possible "-u $user" || continue
		run --separate-stderr in_root -u "$user" sh -c 'echo out >/dev/stdout; echo err >/dev/stderr; echo fd >/proc/self/fd/1; cat /dev/stdin'
		[ "$status" = 0 ] || { echo "$user: $stderr"; false; }
		[ "$output" = $'out\nfd' ] && [ "$stderr" = err ]
		# also when it goes to a file, and to nowhere
		in_root -u "$user" sh -c 'echo out >/dev/stdout' >file
		[ "$(<file)" = out ]
		in_root -u "$user" sh -c 'echo out >/dev/stdout' >/dev/null
	done
}

@test "closed standard streams do not matter" {
	run -0 bash -c '"$WOLFFIA" run --rootfs "$ROOT" true <&- >&- 2>&-'
	run -3 bash -c '"$WOLFFIA" run --rootfs "$ROOT" sh -c "exit 3" <&- >&-'
}

# --- terminal

in_terminal() {
	"$TOOLS/in_terminal" "$@"
}

@test "-t gives it a terminal of its own, with the size of the caller's" {
	run in_terminal -r 33 -c 77 "$WOLFFIA" run -it --rootfs "$ROOT" \
		sh -c 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo tty; echo $TERM; ls -l /dev/console | cut -c1'
	[ "$status" = 0 ]
	[[ "$output" == */dev/pts/0* ]]
	[[ "$output" == *"33 77"* ]]
	[[ "$output" == *tty* ]]
	[[ "$output" == *"modes kept" ]]
}

@test "-t: a new window size arrives" {
	run in_terminal -w ready -s @44,55 "$WOLFFIA" run -it --rootfs "$ROOT" \
		sh -c 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.01; done'
	[[ "$output" == *"44 55"* ]]
}

@test "-t: ^C and ^D are the container's" {
	run in_terminal -w ready -s '\003' "$WOLFFIA" run -it --rootfs "$ROOT" \
		sh -c 'trap "echo got INT; exit 5" INT; echo ready; while :; do sleep 0.01; done'
	[ "$status" = 5 ]
	[[ "$output" == *"got INT"* ]]
	run in_terminal -w ready -s 'line\015\004' "$WOLFFIA" run -it --rootfs "$ROOT" \
		sh -c 'echo ready; cat; echo ended'
	[ "$status" = 0 ]
	[[ "$output" == *line*line*ended* ]]
}

@test "-t: the terminal's modes are kept, however it ends" {
	run in_terminal "$WOLFFIA" run -it --rootfs "$ROOT" sh -c 'kill -9 $$'
	[ "$status" = 137 ]
	[[ "$output" == *"modes kept" ]]
	run in_terminal "$WOLFFIA" run -it --rootfs "$ROOT" --timeout 1 sleep 100
	[[ "$output" == *"modes kept" ]]
	run in_terminal -w ready -s '!15' "$WOLFFIA" run -it --rootfs "$ROOT" \
		sh -c 'echo ready; exec sleep 100'
	[[ "$output" == *"modes kept" ]]
}

@test "-t without a terminal outside works, and its input ends" {
	run timeout 20 "$WOLFFIA" run -t --rootfs "$ROOT" sh -c 'tty; echo x' </dev/null
	[ "$status" = 0 ]
	[[ "$output" == *x* ]]
	run timeout 20 "$WOLFFIA" run -it --rootfs "$ROOT" cat <<<line
	[ "$status" = 0 ] || { echo "$status: its input did not end"; false; }
	[[ "$output" == *line* ]]
}

@test "-t: much input and output at once do not block each other" {
	seq 50000 >numbers
	timeout -s KILL 30 "$WOLFFIA" run -it --rootfs "$ROOT" \
		sh -c 'stty raw -echo; head -c 288894 | tail -c 6' <numbers >seen
	[ "$(tail -c 6 seen)" = 50000 ]
}

@test "without -t a terminal outside is none inside" {
	run in_terminal "$WOLFFIA" run -i --rootfs "$ROOT" sh -c 'test -t 0 || test -t 1 || test -t 2 || echo none'
	[[ "$output" == *none* ]]
	[[ "$output" == *"modes kept" ]]
}

@test "^C without -t reaches the command once, and the container ends by it" {
	run in_terminal -w ready -s '\003' "$WOLFFIA" run --rootfs "$ROOT" \
		sh -c 'trap "echo got INT; n=\$((n + 1))" INT; echo ready; while [ -z "$n" ]; do sleep 0.01; done; sleep 0.1; exit 4$n'
	[ "$status" = 41 ] || { echo "$status $output"; false; }
}

# --- PID 1

@test "--pid1: the command is PID 1" {
	run in_root --pid1 sh -c 'echo $$'
	[ "$output" = 1 ]
	run in_root sh -c 'echo $$'
	[ "$output" != 1 ]
	run -7 in_root --pid1 sh -c 'exit 7'
	run -127 in_root --pid1 no-such-command
	run --separate-stderr in_root --pid1 --init true
	fails_with 125 contradict
}

@test "PID 1 reaps what lost its parent" {
	run in_root sh -c '(sleep 0.05 & exec true); sleep 0.3; ps -o stat= -o comm= 2>/dev/null | grep -c "^Z" || ps | grep -c "\[sleep\]"'
	[ "${lines[-1]}" = 0 ]
}

@test "--stop-signal takes names and numbers" {
	for signal in INT SIGUSR1 9 sigterm RTMIN+3; do
		run -0 in_root --stop-signal "$signal" true
	done
	run --separate-stderr in_root --stop-signal SIGNOPE true
	fails_with 125 "--stop-signal"
}

@test "what the command leaves running is ended with it" {
	run timeout 10 "$WOLFFIA" run --rootfs "$ROOT" sh -c 'sleep 1000 & echo done'
	[ "$status" = 0 ]
	[ "$output" = "done" ]
}

@test "@host: the machine's programs, and none of its writable places" {
	run "$WOLFFIA" run @host sh -c 'id -u; touch /etc/x && echo wrote; cat /etc/os-release | wc -l'
	[ "$status" = 0 ]
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = wrote ]
	[ ! -e /etc/x ]
}

# bats test_tags=many-ids
@test "an image runs with its own configuration" {
	tar -C "$ROOT" -cf image.tar .
	run -0 "$WOLFFIA" import -q -c 'CMD ["echo", "from CMD"]' -c 'ENV A=b' \
		-c 'WORKDIR /home/user' -c 'USER user' image.tar test/image:1
	run "$WOLFFIA" run test/image:1
	[ "$output" = "from CMD" ]
	run "$WOLFFIA" run test/image:1 sh -c 'echo $A; pwd; id -un'
	[ "$output" = $'b\n/home/user\nuser' ]
	run -0 "$WOLFFIA" rmi test/image:1
}
