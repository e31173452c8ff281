# The walls of a container, from inside: each test names the rule that it
# covers (docs/TESTS.md lists the rules, and how each test was seen failing).

# $how, unquoted, is a list of options; what is quoted is for the container's
# shell; and status, output and pid come from bats and from the helper
# shellcheck disable=SC2086,SC2016,SC2154

load helper_run

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	store_is_empty
}

outside() {
	local tool=$1
	shift
	"$TOOLS/$tool" "$@"
}

# answers WHAT EXPECTED...: lines "WHAT ..." of $output, all as expected
answers() {
	local line found=
	while IFS= read -r line; do
		[ "${line%% *}" = "$1" ] || continue
		found=1
		[[ " ${*:2} " == *" ${line#* } "* ]] ||
			{ echo "$line, not ${*:2}" >&2; return 1; }
	done <<<"$output"
	[ -n "$found" ] || { echo "nothing about $1 in: $output" >&2; return 1; }
}

# --- descriptors

@test "R1: the command finds descriptors 0, 1 and 2, whatever the caller had open" {
	for how in "" "--pid1" "-u 1000" "-i"; do
		possible "$how" || continue
		run outside probe_descriptors -x 3 250 "$WOLFFIA" run --rootfs "$ROOT" $how \
			probe_descriptors
		[ "$output" = "0 1 2 " ] || { echo "$how: $output"; false; }
	done
	# on a terminal too, and with a descriptor that wolffia itself was given
	run "$TOOLS/in_terminal" "$TOOLS/probe_descriptors" -x 3 50 \
		"$WOLFFIA" run -it --status-fd 20 --rootfs "$ROOT" probe_descriptors
	[[ "$output" == *"0 1 2 "* && "$output" != *"2 3"* && "$output" != *" 20 "* ]]
}

@test "R1: a directory of the host on standard input opens nothing" {
	# with -i standard input is passed on as it is: a leaked descriptor, as
	# the command sees it (the shape of CVE-2024-21626)
	mkdir secret
	echo secret >secret/file
	chmod 777 secret
	chmod 666 secret/file
	for how in "" "-u 1000" "--userns as-me"; do
		run "$WOLFFIA" run -i --rootfs "$ROOT" $how probe_descriptors -r file 0 <secret
		if [ "$status" = 125 ]; then
			continue # refused: even better
		fi
		for what in open write parent list make mkdir unlink link execute reopen read; do
			answers "$what" EACCES EPERM ENOTDIR EBADF EROFS
		done
		[ "$(ls secret)" = file ] && [ "$(<secret/file)" = secret ]
		[[ "$output" != *secret* ]]
	done
}

# --- paths of the image

@test "R4 R5: /proc, /sys and /dev that are links are refused" {
	cp -a "$ROOT" root
	mkdir root/x outside
	for name in proc sys dev; do
		for target in /x x ../outside "$PWD/outside" nowhere; do
			rm -rf "root/$name"
			ln -s "$target" "root/$name"
			run --separate-stderr "$WOLFFIA" run --rootfs root true
			fails_with 125 "/$name"
			one_clear_line
		done
		rm "root/$name"
		echo file >"root/$name"
		run --separate-stderr "$WOLFFIA" run --rootfs root true
		fails_with 125 "/$name"
		rm "root/$name"
	done
	[ -z "$(find root/x outside -mindepth 1)" ]
	run -0 "$WOLFFIA" run --rootfs root true
}

@test "R5: the image's own /dev is not what the container gets" {
	cp -a "$ROOT" root
	mkdir -p root/dev/shm
	for name in null zero tty pts ptmx fd stdout console mqueue; do
		ln -s /proc/sys/kernel/core_pattern "root/dev/$name"
	done
	before=$(</proc/sys/kernel/core_pattern)
	run -0 "$WOLFFIA" run --rootfs root sh -c '
		stat -c "%F %t:%T" /dev/null
		echo evil >/dev/null
		echo evil >/proc/sys/kernel/core_pattern
		stat -c "%F %t:%T" /proc/kcore /proc/keys 2>/dev/null
		true'
	[ "${lines[0]}" = "character special file 1:3" ]
	[ "$before" = "$(</proc/sys/kernel/core_pattern)" ]
}

@test "R2: files that wolffia puts into the root replace links, and follow none" {
	cp -a "$ROOT" root
	mkdir outside
	echo untouched >outside/file
	for name in hosts resolv.conf hostname; do
		ln -s "$PWD/outside/file" "root/etc/$name"
	done
	run "$WOLFFIA" run --rootfs root sh -c 'cat /etc/hostname; echo x >>/etc/hosts'
	[ "$status" = 0 ]
	rm root/etc/hosts root/etc/hostname
	mkfifo root/etc/hosts
	ln -s /nowhere/new root/etc/hostname
	run timeout 10 "$WOLFFIA" run --rootfs root cat /etc/hosts
	[ "$status" = 0 ]
	[[ "$output" == *localhost* ]]
	# and a link in place of the directory stays in the root
	rm -r root/etc
	ln -s "$PWD/outside" root/etc
	run "$WOLFFIA" run --rootfs root true
	[ "$(ls outside)" = file ] && [ "$(<outside/file)" = untouched ]
}

# --- the program, and PID 1

@test "R6: the program of wolffia can be neither opened nor changed from inside" {
	before=$(sha256sum "$WOLFFIA")
	printf '#!/proc/self/exe\n' >"$ROOT/bin/self"
	chmod 755 "$ROOT/bin/self"
	for how in "" "--pid1" "--userns as-me" "-u 1000" "--security-opt landlock=off"; do
		possible "$how" || continue
		run --separate-stderr in_root $how self
		[ "$status" -ge 125 ] && [ "$status" -le 127 ]
		[ -n "$how" ] || ! has_landlock || fails_with 126 "Permission denied"
		run -0 in_root $how probe_program 300
		[[ "$output" != *"opened "* ]] || { echo "$how: $output"; false; }
		run -0 in_root $how sh -c '(probe_program 2000 >/tmp/seen; true) & for i in 1 2 3 4 5; do true; done; wait; cat /tmp/seen'
		[[ "$output" != *wolffia* && "$output" != *unreachable* ]] ||
			{ echo "$how: $output"; false; }
	done
	[ "$before" = "$(sha256sum "$WOLFFIA")" ]
	rm "$ROOT/bin/self"
}

@test "R6: PID 1 can be neither traced nor looked into" {
	for how in "" "--userns as-me" "--cap-add SYS_PTRACE" "--cap-add ALL"; do
		possible "$how" || continue
		run -0 in_root $how probe_neighbours
		for what in exe root cwd mem maps environ fd fdinfo ns/mnt ns/user \
			root/etc cwd/etc mem-rw readlink-exe readlink-root \
			attach seize readv writev getfd; do
			answers "$what" EACCES EPERM ENOENT ESRCH ||
				{ echo "$how"; false; }
		done
	done
}

# --- who it is

# bats test_tags=many-ids
@test "R7: forty ways to write a user, and what becomes of each" {
	local user want
	while read -r want user; do
		user=${user//\~/ }
		run --separate-stderr in_root -u "$user" sh -c 'echo $(id -u):$(id -g)'
		[ "${output:-$status}" = "$want" ] ||
			{ echo "\"$user\": ${output:-$status}, not $want"; false; }
	done <<-'EOF'
	0:0 0
	0:0 root
	0:0 root:root
	0:0 0:0
	1:0 1
	1:1 1:1
	1000:1000 1000
	1000:1000 user
	1000:0 user:root
	1000:0 1000:0
	1000:2000 user:extra
	1000:2001 1000:2001
	1001:0 1001
	1001:0 1001:0
	1234:0 1234
	65535:0 65535
	65535:65535 65535:65535
	125 65536
	125 65536:0
	125 0:65536
	125 99999
	125 root:99999
	125 2147483648
	125 4294967295
	125 4294967296
	125 18446744073709551616
	125 -1
	125 +1
	125 01
	125 0x1
	125 1e3
	125 1.0
	125 ~1
	125 1~
	125 1:2:3
	125 1:
	125 :1
	125 :
	125 nobody
	125 user:nobody
	125 /etc
	125 ../root
	EOF
}

@test "R7: the caller's supplementary groups are not the container's" {
	for how in "" "--userns as-me" "--userns keep-id" "-u 1000"; do
		run in_root $how sh -c 'grep ^Groups: /proc/self/status; id -G'
		[[ "$output" != *65534* ]] || { echo "$how: $output"; false; }
	done
	run in_root sh -c 'sed -n "s/^Groups:\t//p" /proc/self/status'
	[ "${output//[[:space:]]/}" = 0 ]
}

@test "R8: nothing is inheritable or ambient, and only root has capabilities" {
	run in_root probe_identity
	[[ "$output" == *$'CapInh:\t0000000000000000'* ]]
	[[ "$output" == *$'CapAmb:\t0000000000000000'* ]]
	[[ "$output" == *$'CapEff:\t00000000800400eb'* ]]
	[[ "$output" == *$'CapBnd:\t00000000800400eb'* ]]
	possible "-u 1" || return 0
	for how in "-u 1" "-u user --cap-add ALL" "-u 1 --pid1" "--userns keep-id"; do
		run in_root $how probe_identity
		for set in Inh Prm Eff Amb; do
			[[ "$output" == *"Cap$set:"$'\t0000000000000000'* ]] ||
				{ echo "$how: $output"; false; }
		done
	done
	run in_root -u 1 probe_identity
	[[ "$output" == *$'CapBnd:\t0000000000000000'* ]]
}

# --- system calls

@test "R9: socket families, namespaces, keys and the rest" {
	run -0 in_root probe_calls
	for family in {0..45}; do
		case $family in
		1 | 2 | 10) answers "family-$family" succeeded ;;
		16) answers family-16 succeeded EPROTONOSUPPORT ;;
		*) answers "family-$family" EAFNOSUPPORT ;;
		esac
	done
	answers netlink-route succeeded
	answers netlink-audit EPROTONOSUPPORT
	answers netlink-generic EPROTONOSUPPORT
	answers clone3 ENOSYS
	for kind in user mnt pid net ipc uts cgroup user-mnt; do
		answers "unshare-$kind" EPERM
		answers "clone-$kind" EPERM
		answers "clone-high-$kind" EPERM
	done
	for what in setns mount fsopen open_tree move_mount pivot_root umount \
		bpf perf_event_open kexec_load open_by_handle_at \
		userfaultfd io_uring_setup keyctl add_key request_key \
		ptrace sethostname; do
		answers "$what" EPERM ENOSYS
	done
	for what in TIOCSTI TIOCSTI-high TIOCLINUX TIOCLINUX-high; do
		answers "$what" EPERM
	done
	answers call-1000 ENOSYS
	answers no_new_privs EINVAL
}

@test "R9: the filter is there for every user, and as PID 1" {
	for how in "-u 1000" "--pid1" "-t" "--cap-add NET_ADMIN" "--userns single"; do
		possible "$how" || continue
		run in_root $how probe_calls
		output=${output//$'\r'/}
		answers clone3 ENOSYS
		answers family-38 EAFNOSUPPORT
		answers unshare-user EPERM
		answers keyctl EPERM ENOSYS
	done
}

# --- terminals

@test "R10: without -t there is no terminal, although the caller has one" {
	run "$TOOLS/in_terminal" "$WOLFFIA" run -i --rootfs "$ROOT" probe_terminal
	output=${output//$'\r'/}
	answers isatty "0 0 0"
	answers /dev/tty ENXIO
	answers TIOCSTI EPERM
	answers TIOCSTI-high EPERM
	answers TIOCLINUX EPERM
	answers TIOCSETD EPERM
	# nothing was typed into the caller's terminal
	run "$TOOLS/in_terminal" sh -c '"$WOLFFIA" run -i --rootfs "$ROOT" probe_terminal >/dev/null;
		stty -icanon min 0 time 0; echo "typed <$(head -c 1)>"'
	[[ "$output" == *"typed <>"* ]]
}

@test "R10: with -t it is another one than the caller's" {
	run "$TOOLS/in_terminal" "$WOLFFIA" run -it --rootfs "$ROOT" probe_terminal
	output=${output//$'\r'/}
	answers isatty "1 1 1"
	answers TIOCSTI EPERM
	answers TIOCSTI-high EPERM
	run "$TOOLS/in_terminal" "$WOLFFIA" run -it --rootfs "$ROOT" \
		grep -E ' /dev/(console|pts) ' /proc/self/mountinfo
	[ "$(grep -c devpts <<<"$output")" = 2 ]
}

# --- what can be seen

@test "R13: the processes outside are invisible, the file system server too" {
	for how in "" "--driver fuse-overlayfs" "--pid1"; do
		run in_root $how sh -c 'for p in /proc/[0-9]*; do cat $p/comm; done'
		[ "$status" = 0 ]
		[[ "$output" != *fuse-overlayfs* ]]
		[ "${#lines[@]}" -le 3 ] || { echo "$output"; false; }
	done
	run in_root sh -c 'kill -0 -1; ps | grep -c -e wolffia\ run'
	[[ "$output" != *"wolffia run "* ]]
}

@test "the caller's command line and environment are not in the container" {
	export WOLFFIA_TEST_VARIABLE=topsecret
	run in_root --label topsecret=1 sh -c 'cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr "\0" "\n" | grep -v grep | grep -c topsecre[t]'
	[ "$output" = 0 ]
}

@test "R16: control characters stay what they are, and make no lines" {
	run -0 in_root -e $'HOME=/x\nroot2::0:0:::' sh -c 'wc -l </etc/passwd; grep -c . /etc/hosts; grep -c . /etc/hostname'
	[ "$output" = $'3\n3\n1' ]
	for option in --hostname --name; do
		run --separate-stderr in_root "$option" $'a\nb' true
		[ "$status" = 125 ]
		one_clear_line
	done
	run --separate-stderr "$WOLFFIA" run --rootfs $'/no\nwhere\e[31m' true
	[ "$status" = 125 ]
	one_clear_line
	[[ "$stderr" != *$'\e'* ]]
	run -127 --separate-stderr in_root $'no\e[31m-such\ncommand'
	[[ "$stderr" != *$'\e'* ]]
	one_clear_line
}

@test "R20: the control groups are read-only, and begin at the container" {
	run in_root sh -c 'cat /proc/self/cgroup; mkdir /sys/fs/cgroup/x; echo 1 >/sys/fs/cgroup/cgroup.procs; touch /sys/fs/cgroup/x; grep -c " /sys/fs/cgroup ro" /proc/self/mountinfo' 
	[[ "$output" == *"0::/"* ]]
	[[ "$output" != *"0::/"[a-z]* ]]
	run in_root sh -c 'mkdir /sys/fs/cgroup/x || echo 1 >/sys/fs/cgroup/cgroup.procs || rmdir /sys/fs/cgroup/*'
	[ "$status" != 0 ]
	run in_root --cap-add SYS_ADMIN sh -c 'sed -n "s/.* \/sys\/fs\/cgroup \([a-z]*\),.*/\1/p" /proc/self/mountinfo'
	[[ "$output" != *rw* ]]
}

@test "R21: the host's loopback and abstract sockets are out of reach" {
	python=$(command -v python3) || skip_or_fail "no python3 for a listener"
	start_program "$python" -c 'if True:
		import socket, sys
		a = socket.socket(socket.AF_UNIX); a.bind("\0wolffia-e2e-'$$'"); a.listen()
		t = socket.socket(); t.bind(("127.0.0.1", 0)); t.listen()
		print("port", t.getsockname()[1], flush=True)
		sys.stdin.read() or a.accept()'
	await port
	port=$(sed -n 's/^port //p' <<<"$said")
	run in_root sh -c "busybox nc -w 1 127.0.0.1 $port </dev/null && echo reached; grep -c wolffia-e2e /proc/net/unix"
	[[ "$output" != *reached* ]]
	[ "${lines[-1]}" = 0 ]
	kill "$pid"
	await_end
}

@test "R23: no core dumps, a process limit, a bounded /dev and /dev/shm" {
	run in_root sh -c 'ulimit -c; ulimit -Hc; ulimit -u; ulimit -c unlimited 2>/dev/null || echo bounded
		dd if=/dev/zero of=/dev/fill bs=1024 count=1024 2>/dev/null; [ $(stat -c %s /dev/fill) -le 65536 ] && echo small
		dd if=/dev/zero of=/dev/shm/fill bs=1048576 count=100 2>/dev/null; stat -c %s /dev/shm/fill'
	[ "$output" = $'0\n0\n2048\nbounded\nsmall\n67108864' ]
	run in_root --ulimit core=-1 true
	[ "$status" = 125 ] || [ "$status" = 0 ]
}

@test "R25: no user namespaces in it, whatever is tried" {
	run in_root --security-opt seccomp=unconfined probe_calls
	answers unshare-user ENOSPC EPERM EUSERS
	answers clone-user ENOSPC EPERM EUSERS
	answers clone3 ENOSPC EPERM EUSERS
	run in_root --security-opt seccomp=unconfined sh -c 'echo 100 >/proc/sys/user/max_user_namespaces'
	[ "$status" != 0 ]
	run in_root --security-opt seccomp=unconfined --security-opt unmask=ALL sh -c '
		for f in /proc/sys/user/max_*; do echo 100 >$f; done 2>/dev/null; probe_calls'
	answers unshare-user ENOSPC EPERM EUSERS
}

@test "R27: the caller's session keyring is not the container's" {
	for how in "" "--userns as-me" "--pid1"; do
		possible "$how" || continue
		run -0 outside probe_identity -j "$WOLFFIA" run --rootfs "$ROOT" $how \
			--security-opt seccomp=unconfined probe_identity -k
		theirs=$(sed -n 's/^outside //p' <<<"$output")
		ours=$(sed -n 's/^keyring //p' <<<"$output")
		[ "$theirs" -gt 0 ] && [ -n "$ours" ] && [ "$ours" != "$theirs" ] ||
			{ echo "$how: $output"; false; }
	done
	run in_root cat /proc/keys /proc/key-users
	[ -z "$output" ]
}

@test "it is in namespaces of its own, all of them" {
	run in_root sh -c 'for n in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$n; done'
	[ "${#lines[@]}" = 7 ]
	for line in "${lines[@]}"; do
		[ "$(readlink "/proc/self/ns/${line%%:*}")" != "$line" ]
	done
}

# --- mounts

@test "the masks are there, and read as nothing" {
	run in_root sh -c '
		for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/kallsyms /proc/modules /proc/cmdline; do
			[ ! -e $f ] || [ -z "$(head -c 1 $f)" ] || echo "readable $f"
		done
		for d in /proc/acpi /proc/scsi /sys/firmware /sys/module /sys/dev; do
			[ ! -d $d ] || [ -z "$(ls $d)" ] || echo "listable $d"
		done
		for f in /proc/sys/kernel/domainname /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/irq/default_smp_affinity; do
			[ ! -e $f ] || ! echo 0 2>/dev/null >$f || echo "writable $f"
		done
		touch /proc/fs/x /sys/x /sys/kernel/x 2>/dev/null && echo "writable"
		true'
	[ -z "$output" ] || { echo "$output"; false; }
}

# Two user namespaces: what the outer one mounted is locked in the inner one.
@test "no mount that it starts with can be taken away, even with all rights" {
	for how in "" "--cap-add SYS_ADMIN" "--cap-add ALL --security-opt seccomp=unconfined --security-opt landlock=off" \
		"--cap-add ALL --security-opt seccomp=unconfined --security-opt landlock=off --driver fuse-overlayfs"; do
		run in_root $how probe_mounts /proc /dev/null /dev/tty /etc
		[[ "${lines[-1]}" == "tried "* ]]
		[ "${lines[-1]#tried }" -ge 10 ]
		[ "${#lines[@]}" = 1 ] || { echo "$how: $output"; false; }
	done
}

@test "a read-only volume stays read-only, even with all rights" {
	mkdir vol
	run in_root -v "$PWD/vol:/v:ro" --cap-add ALL --security-opt seccomp=unconfined \
		--security-opt landlock=off probe_mounts /v
	[ "$output" = "tried 1" ]
	run in_root -v "$PWD/vol:/v:ro" --cap-add ALL --security-opt seccomp=unconfined \
		--security-opt landlock=off sh -c 'mount -o remount,rw /v; mount -o remount,rw,bind /v; umount /v; touch /v/x'
	[ -z "$(ls vol)" ]
}

@test "no mount of the host is in the container" {
	run in_root sh -c 'cat /proc/self/mountinfo'
	[[ "$output" != *"$HOME"* ]]
	[ "$(awk '$5 == "/" { n++ } END { print n }' <<<"$output")" = 1 ]
	run in_root --cap-add ALL --security-opt seccomp=unconfined --security-opt landlock=off \
		sh -c 'umount -l /; cd /../../..; ls -d /lost+found /boot 2>/dev/null'
	! grep -v umount <<<"$output"
}

@test "the command is in a session of its own, and may signal nobody outside" {
	run in_root sh -c 'set -- $(cat /proc/self/stat); echo $6'
	[ "$output" != 0 ]
	run in_root -u 0 sh -c 'kill -9 -1; echo alive'
	[ "$status" != 125 ]
}

# The launcher alone is told so; what it says is what counts here.
# bats test_tags=untraced
@test "a kernel without Landlock: one line says so, and --strict refuses" {
	# a sanitizer cannot look for leaks under strace
	export ASAN_OPTIONS=detect_leaks=0
	without=(strace -o /dev/null -e trace=landlock_create_ruleset
		-e inject=landlock_create_ruleset:error=ENOSYS)
	run -0 --separate-stderr "${without[@]}" "$WOLFFIA" run --rootfs "$ROOT" true
	[[ $stderr == "wolffia: warning: the Landlock of this kernel does not guard"* ]]
	run -125 --separate-stderr "${without[@]}" \
		"$WOLFFIA" run --strict --rootfs "$ROOT" true
	[[ $stderr == "wolffia: the Landlock of this kernel does not guard"* ]]
}
