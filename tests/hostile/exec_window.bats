# A hostile container against those who exec into it: it can neither look into
# a process of ours, nor change one of our files, nor make exec hang or lie

# what is quoted is for the container's shell; status, output and pid come from
# bats and from the helper; $how, unquoted, is a list of options
# shellcheck disable=SC2016,SC2154,SC2086

load ../e2e/helper_life

setup_file() {
	setup_run
	sha256sum "$WOLFFIA" >"$BATS_FILE_TMPDIR/program"
	echo secret >"$BATS_FILE_TMPDIR/sentinel"
	chmod 644 "$BATS_FILE_TMPDIR/sentinel"
	export SENTINEL="$BATS_FILE_TMPDIR/sentinel"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	# CVE-2019-5736: whatever was tried, our program is what it was
	sha256sum --quiet -c "$BATS_FILE_TMPDIR/program"
	teardown_life
}

# execs N: as many, four at a time; each must end with its own status
execs() {
	seq "$1" | timeout -s KILL 200 xargs -P 4 -n 1 sh -c '
		"$WOLFFIA" exec window sh -c "exit $(($1 % 250))" 2>err.$1
		[ $? = $(($1 % 250)) ] && [ ! -s err.$1 ] || echo "exec $1: $?: $(cat err.$1)"
		rm err.$1' sh >wrong
	[ ! -s wrong ] || { head wrong; return 1; }
}

# quick COMMAND...: it ends within ten seconds, whatever its status
quick() {
	took timeout -s KILL 60 "$@"
	within 0 10000
}

# --- the time before its program runs (CVE-2016-9962, R11)

# watched N [OPTION...]: N execs, while the container looks into each of them;
# again when a busy machine let it see few of them
watched() {
	local n=$1 seen=0 tried=0
	shift
	for _ in {1..5}; do
		up_saying window ready "$@" probe_window "$SENTINEL"
		execs "$n"
		"$WOLFFIA" kill -s TERM window >/dev/null
		await_end
		# it took nothing
		[ "$status" = 0 ] || { echo "$said"; return 1; }
		[[ "$said" =~ seen\ ([0-9]+)\ tried\ ([0-9]+) ]]
		seen=$((seen + BASH_REMATCH[1])) tried=$((tried + BASH_REMATCH[2]))
		"$WOLFFIA" rm window >/dev/null
		[ "$seen" -lt $((n / 4)) ] || break
	done
	echo "$* seen $seen tried $tried"
	[ "$seen" -ge $((n / 4)) ]
	[ "$tried" -ge $((n * 10)) ]
}

@test "nothing of a session can be looked into, opened or traced before its program runs" {
	watched 1000
}

@test "the same by a container that has all capabilities" {
	watched 400 --cap-add ALL
}

@test "the same without Landlock and without a filter, which are other walls" {
	watched 200 --cap-add ALL --security-opt landlock=off --security-opt seccomp=unconfined
	watched 200 -q --userns as-me --security-opt no-new-privileges=false
}

@test "sessions that are killed, stopped or limited before they begin: no hang, no lie" {
	up_saying window ready probe_window -d
	seq 300 | timeout -s KILL 200 xargs -P 4 -n 1 sh -c '
		timeout -s KILL 20 "$WOLFFIA" exec window sh -c "exit 7" 2>err.$1 >out.$1
		echo "$? $(wc -l <err.$1)"' sh >statuses
	# its own; by a signal; or wolffia says why not
	sort statuses | uniq -c
	run -1 grep -vE '^(7|1[3-9][0-9]) 0$|^(125|126|127) [12]$' statuses
	[ "$(grep -c . statuses)" = 300 ]
	# each line is ours, or the C library's in a program that was left
	# without memory before its main()
	cat err.* >errors
	run -1 grep -v '^wolffia: \|^  hint: \|^Fatal glibc error: Cannot allocate TLS block$' errors
	"$WOLFFIA" kill window
	await_end
}

# --- a file of ours as the program (CVE-2019-5736, R6)

@test "a script whose interpreter is /proc/self/exe does not run our program" {
	printf '#!/proc/self/exe\n' >"$ROOT/bin/self"
	printf '#!/proc/self/exe --version\n' >"$ROOT/bin/version"
	ln -sf /proc/self/exe "$ROOT/bin/link"
	chmod 755 "$ROOT/bin/self" "$ROOT/bin/version"
	for how in "" "--userns as-me" "--userns single" "--cap-add ALL"; do
		up window -q $how sleep 1000
		for program in self version link; do
			quick "$WOLFFIA" exec window "$program"
			[ "$status" = 126 ] || [ "$status" = 127 ] || { echo "$how $program: $status $output $stderr"; false; }
			[ -z "$output" ]
		done
		"$WOLFFIA" rm -f window >/dev/null
	done
	rm "$ROOT/bin/self" "$ROOT/bin/version" "$ROOT/bin/link"
}

@test "a container that writes to all executables it can reach does not reach ours" {
	for how in "" "--userns as-me" "--userns as-me --cap-add ALL" "--userns as-me --security-opt landlock=off"; do
		up window -q $how sh -c '
			while :; do for p in /proc/[0-9]*; do
				echo x 2>/dev/null >>$p/exe; done; done'
		execs 50
		"$WOLFFIA" rm -f window >/dev/null
	done
}

# --- what a session reads in the container

@test "a user database that is no file, or endless: an answer at once" {
	for trick in "mkfifo /etc/passwd" "truncate -s 5G /etc/passwd" "ln -s /proc/self/environ /etc/passwd" \
		"ln -s /proc/1/environ /etc/passwd" "ln -s /dev/zero /etc/passwd" "ln -s /dev/tty /etc/passwd" \
		"ln -s passwd /etc/passwd" "mkdir /etc/passwd" "ln -s /proc/self/fd/0 /etc/passwd" "ln -s /proc/kmsg /etc/passwd" \
		"yes root:x:0:0 | head -n 700000 >/etc/passwd" "head -c 9000000 /dev/zero >/etc/passwd" "true"; do
		for file in passwd group; do
			up window sh -c "rm /etc/passwd /etc/group; ${trick//passwd/$file}; echo x >/home/done; exec sleep 1000"
			becomes x cat "$(directory_of window)/upper/home/done"
			# names that are not there, in a file that cannot be read
			quick "$WOLFFIA" exec -u user:users window true
			fails_with 125 "wolffia: "
			one_clear_line
			# numbers need no file, but it is read for the rest
			for user in 0 1000:1000; do
				quick "$WOLFFIA" exec -u "$user" window sh -c 'exit 7'
				[ "$status" = 7 ] || { [ "$status" = 125 ] && one_clear_line; } || { echo "$trick $user: $status"; false; }
			done
			launcher=$(launcher_of window)
			[ "$(awk '/VmRSS/ { print $2 }' "/proc/$launcher/status")" -lt 30000 ]
			"$WOLFFIA" rm -f window >/dev/null
		done
	done
}

@test "a working directory that is gone, or is somewhere else" {
	up window -w /work sleep 1000
	"$WOLFFIA" exec window sh -c 'rmdir /work || mv /work /gone'
	quick "$WOLFFIA" exec window pwd
	fails_with 125 "working directory /work"
	one_clear_line
	for target in /proc/1/root /proc/self/root/.. /proc/self/fd/0 /proc/1/cwd /work; do
		"$WOLFFIA" exec -w / window ln -sfn "$target" /work
		quick "$WOLFFIA" exec window pwd
		fails_with 125 "working directory /work"
	done
	"$WOLFFIA" exec -w / window ln -sfn ../../../../../.. /work
	quick "$WOLFFIA" exec window pwd
	[ "$output" = / ]
	quick "$WOLFFIA" exec -w / window pwd
	[ "$output" = / ]
}

@test "programs that are FIFOs, directories, or links to themselves" {
	up window -e PATH=/tmp/a:/tmp/b:/tmp/d:/bin sleep 1000
	"$WOLFFIA" exec window sh -c 'mkdir -p /tmp/a /tmp/b/true /tmp/c; mkfifo /tmp/a/true; ln -s true /tmp/c/true; mkfifo /tmp/d'
	quick "$WOLFFIA" exec window true
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	for program in /tmp/a/true /tmp/b/true /tmp/c/true /tmp/d /dev/zero /proc/1/exe /proc/self/mem; do
		quick "$WOLFFIA" exec window "$program"
		[ "$status" = 126 ] || { echo "$program: $status $stderr"; false; }
		one_clear_line
	done
}

@test "a fork bomb: exec fails with a clear line, and rm -f ends it" {
	up window --pids-limit 50 sh -c 'f() { f | f & }; while :; do f; done 2>/dev/null'
	for _ in {1..10}; do
		quick "$WOLFFIA" exec window true
		[ "$status" = 0 ] || { [ "$status" = 125 ] && one_clear_line; } || { echo "$status $stderr"; false; }
	done
	"$WOLFFIA" rm -f window
	# full for certain: what made the container may have counted when
	# probe_forks was refused, and have ended since
	up_saying window full --pids-limit 20 sh -c 'probe_forks 0; exec probe_identity -p full'
	for _ in {1..5}; do
		quick "$WOLFFIA" exec -d window sleep 1000
		[ "$status" = 0 ] || break
	done
	fails_with 125 "Resource temporarily unavailable"
	quick "$WOLFFIA" exec window true
	fails_with 125 "Resource temporarily unavailable"
	one_clear_line
	quick "$WOLFFIA" rm -f window
	[ "$status" = 0 ]
}

# of <asm-generic/resource.h>: CPU, FSIZE, DATA, STACK, NPROC, NOFILE, MEMLOCK,
# AS, SIGPENDING, MSGQUEUE
@test "a container that takes PID 1's means away hurts only itself" {
	for resource in 0 1 2 3 6 7 8 9 11 12; do
		up window sleep 1000
		run "$WOLFFIA" exec window probe_window -l "$resource"
		limited=$output
		for how in "" -i -t -d; do
			quick "$WOLFFIA" exec $how window sh -c 'exit 7' </dev/null
			[ "$status" = 7 ] || [ "$how $status" = "-d 0" ] || { [ "$status" = 125 ] && one_clear_line; } ||
				[ "$status" -gt 128 ] || { echo "$resource $limited: $how: $status $stderr"; false; }
		done
		# PID 1 may have ended, and the container with it
		quick "$WOLFFIA" rm -f window
		[ "$status" = 0 ]
	done
}

@test "a container with all capabilities that mounts over what a session opens" {
	for target in /dev/null /dev/pts /dev/pts/ptmx /dev/ptmx /proc /etc/passwd /tmp /dev; do
		up window -q --cap-add ALL sh -c "
			mkfifo /tmp/fifo; mkdir /tmp/dir
			if [ -d $target ]; then mount --bind /tmp/dir $target; else mount --bind /tmp/fifo $target; fi
			echo \$? >/home/done; exec sleep 1000"
		becomes yes eval '[ -s "$(directory_of window)/upper/home/done" ] && echo yes'
		echo "$target: $(<"$(directory_of window)/upper/home/done")"
		for how in "" -i -t -d "-u user"; do
			quick "$WOLFFIA" exec $how window sh -c 'exit 7' </dev/null
			[ "$status" = 7 ] || [ "$how $status" = "-d 0" ] || { [ "$status" = 125 ] && one_clear_line; } ||
				{ echo "$target $how: $status $output $stderr"; false; }
		done
		"$WOLFFIA" rm -f window >/dev/null
	done
}
