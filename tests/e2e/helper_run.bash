# What the tests of `run` share.  Wants WOLFFIA, the path of the program, and
# TOOLS, the directory of the programs of tests/tools.

bats_require_minimum_version 1.5.0

# skip_or_fail REASON: where all tests must run, what is missing is a failure
skip_or_fail() {
	if [ -n "${TESTS_MUST_RUN:-}" ]; then
		echo "cannot be skipped here: $1" >&2
		return 1
	fi
	skip "$1"
}

# An ordinary user: in setup_file.  One without subordinate ids is not asked for
# what is tagged many-ids, see run.sh.
need_user() {
	[ "$(id -u)" != 0 ] || skip_or_fail "root is no user of wolffia"
}

# possible OPTIONS: they take no ids that this user does not have
possible() {
	grep -q "^$(id -un):" /etc/subuid ||
		[[ ! " $1 " =~ " --userns "(as-me|nomap|keep-id)" "|" -u "[^0] ]]
}

static_busybox() {
	local program
	for program in /bin/busybox /usr/bin/busybox /bin/busybox.static; do
		[ -x "$program" ] || continue
		! readelf -l "$program" | grep -q INTERP || continue
		echo "$program"
		return
	done
	return 1
}

# make_root DIR: a small root file system of the user's
make_root() {
	local applet busybox
	busybox=$(static_busybox) || skip_or_fail "there is no static busybox"
	mkdir -p "$1"/bin "$1"/etc "$1"/tmp "$1"/root "$1"/home/user
	cp "$busybox" "$1/bin/busybox"
	for applet in sh cat ls id pwd echo printf stat test sleep kill ps wc \
		head mkdir rm touch chmod chown ln readlink env hostname dd \
		sha256sum sort uniq tr grep sed true false tty stty mount \
		umount ip ifconfig df free date yes seq find cp mv mkfifo \
		umask nproc pidof awk cut tail tee xargs mktemp whoami od \
		getopt cmp sysctl cttyhack; do
		ln -s busybox "$1/bin/$applet"
	done
	cp "$TOOLS"/probe_* "$1/bin/" 2>/dev/null || true
	rm -rf "$1"/bin/*.p
	cat >"$1/etc/passwd" <<-EOF
	root:x:0:0:root:/root:/bin/sh
	user:x:1000:1000:a user:/home/user:/bin/sh
	1001:x:0:0:a trap:/root:/bin/sh
	EOF
	cat >"$1/etc/group" <<-EOF
	root:x:0:
	user:x:1000:
	extra:x:2000:user
	more:x:2001:
	EOF
	chmod 1777 "$1/tmp"
}

# To be called by setup_file: one root and one store for the whole file
setup_run() {
	need_user
	: "${WOLFFIA:?the path of the program}" "${TOOLS:?of tests/tools}"
	export ROOT="$BATS_FILE_TMPDIR/root"
	export WOLFFIA_STORE="$BATS_FILE_TMPDIR/store"
	# nothing of the caller's may decide about a test
	unset WOLFFIA_CONFIG SSH_AUTH_SOCK
	make_root "$ROOT"
}

# has_landlock: not where these tests run without it, see tests/proof/without
has_landlock() {
	[[ " ${WITHOUT:-} " != *" landlock_create_ruleset "* ]]
}

# in_root [OPTION...] COMMAND...
in_root() {
	"$WOLFFIA" run --rootfs "$ROOT" "$@"
}

# store_is_empty: neither a container nor a name is left
store_is_empty() {
	local left
	left=$(find "$WOLFFIA_STORE/containers" "$WOLFFIA_STORE/names" \
		-mindepth 1 ! -name .guard 2>/dev/null)
	[ -z "$left" ] || { echo "left in the store: $left" >&2; return 1; }
}

# fails_with STATUS TEXT: after `run --separate-stderr`
fails_with() {
	if [ "$status" != "$1" ]; then
		echo "status $status, not $1" >&2
		echo "$output" "$stderr" >&2
		return 1
	fi
	[[ "$stderr" == *"$2"* ]] || { echo "stderr: $stderr" >&2; return 1; }
}

# one_clear_line: one line of complaint, and at most a hint
one_clear_line() {
	local n
	n=$(grep -c . <<<"$stderr")
	[ "$n" = 1 ] || { [ "$n" = 2 ] && grep -q '^  hint: ' <<<"$stderr"; } ||
		{ echo "stderr: $stderr" >&2; return 1; }
	[[ "$stderr" == "wolffia: "* ]]
}

# start [OPTION...] COMMAND...: in_root, in the background; its process is
# $pid, and its output is read by await
start() {
	start_program "$WOLFFIA" run --rootfs "$ROOT" "$@"
}

start_program() {
	local fifo
	fifo=$(mktemp -u "$BATS_TEST_TMPDIR/out.XXXXXX")
	mkfifo "$fifo"
	said=
	# a shell has background programs ignore ^C: not this one
	env --default-signal "$@" >"$fifo" 2>"$BATS_TEST_TMPDIR/stderr" \
		</dev/null 3>&- &
	pid=$!
	exec {out_fd}<"$fifo"
}

# await TEXT: until a line of the output contains it; all lines are in $said
await() {
	local line
	while IFS= read -r -t 10 -u "$out_fd" line; do
		said+="$line"$'\n'
		[[ "$line" != *"$1"* ]] || return 0
	done
	echo "it never said \"$1\", but: $said" >&2
	cat "$BATS_TEST_TMPDIR/stderr" >&2
	return 1
}

# await_end: the rest of the output goes to $said, the exit status to $status
await_end() {
	local line
	while IFS= read -r -t 10 -u "$out_fd" line; do
		said+="$line"$'\n'
	done
	status=0
	wait "$pid" || status=$?
	stderr=$(<"$BATS_TEST_TMPDIR/stderr")
	exec {out_fd}<&-
}
