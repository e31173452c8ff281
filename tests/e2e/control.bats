# The socket on which a launcher is asked: who is answered, and that nobody
# harms it by asking (R12)

# what is quoted is for the container's shell; status and output come from bats;
# $how, unquoted, is a list of options
# shellcheck disable=SC2016,SC2154,SC2086

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

# of core/control.h: SIGNAL is 0 (SIGKILL here), STOP 1, PAUSE 3, ROOT 8
verbs="0 1 3 8"

# memory NAME: what its launcher holds, in KiB
memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/$(launcher_of "$1")/status"
}

# is_well NAME: it runs, and is what it was before
is_well() {
	run -0 timeout -s KILL 20 "$WOLFFIA" exec "$1" echo well
	[ "$output" = well ]
	becomes "$fds_before" fds "$(launcher_of "$1")"
	# the allocator may keep some, a sanitizer more; a leak is another matter
	[ "$(memory "$1")" -le $((memory_before + ${SLACK:-300})) ] ||
		{ echo "$memory_before KiB before, $(memory "$1") now" >&2; return 1; }
}

# begin NAME: measure it, after it has done everything once
measure() {
	"$WOLFFIA" exec "$1" true
	"$TOOLS/probe_control" "$(directory_of "$1")" garbage 20 >/dev/null
	"$WOLFFIA" exec "$1" true
	fds_before=$(fds "$(launcher_of "$1")")
	memory_before=$(memory "$1")
}

# --- who is answered

@test "the socket is its user's, in a directory that is its user's" {
	up a sleep 100
	[ "$(stat -c '%a %F' "$(directory_of a)" "$(directory_of a)/control" | xargs)" = "700 directory 600 socket" ]
	# nothing of it is in the abstract namespace
	run -1 grep -F "$(field a id)" /proc/net/unix
	"$WOLFFIA" stop -t 0 a
	[ ! -e "$(directory_of a)/control" ]
}

# open_doors DIR: whoever knows the way can come to it
open_doors() {
	local dir=$1
	while [ -O "$dir" ]; do
		chmod a+x "$dir"
		dir=${dir%/*}
	done
}

# bats test_tags=many-ids
@test "another user cannot connect, and where he can is not answered" {
	command -v setpriv >/dev/null || skip_or_fail "setpriv is not installed"
	# users 1 and 2 of one user namespace; 1 has the container
	open_doors "$BATS_TEST_TMPDIR"
	open_doors "$ROOT"
	cat >try <<-'EOF'
	as() { setpriv --reuid "$1" --regid "$1" --clear-groups env HOME="$PWD/home" "${@:2}"; }
	mkdir -p home store
	chown 1:1 home store
	as 1 "$WOLFFIA" run -q -d --store "$PWD/store" --name a --userns single --rootfs "$ROOT" sleep 100 >/dev/null
	control=$(echo "$PWD"/store/containers/*/control)
	as 2 "$TOOLS/probe_control" "${control%/control}" ask 0
	chmod 711 store store/containers store/containers/*
	as 2 "$TOOLS/probe_control" "${control%/control}" ask 0
	chmod 666 "$control"
	for verb in 0 1 3 8; do
		as 2 "$TOOLS/probe_control" "${control%/control}" ask "$verb"
	done
	as 1 "$TOOLS/probe_control" "${control%/control}" ask 8
	as 1 "$WOLFFIA" rm -f --store "$PWD/store" a
	rm -rf store home
	EOF
	run -0 "$WOLFFIA" unshare bash try
	# the first cannot even enter the directory
	[[ "$(head -n 1 <<<"$output")" == *"Permission denied" ]]
	[ "$(sed 1d <<<"$output" | xargs)" = "connect EACCES no answer no answer no answer no answer answer 0 a" ] ||
		{ echo "$output"; false; }
}

@test "a container that sees the store is not answered, although it is the same user" {
	up victim sleep 100
	for how in "--userns as-me" "--userns as-me --cap-add ALL" "--userns keep-id -u $(id -u)" "--userns single" \
		"--userns as-me --network host" "--userns as-me --security-opt landlock=off"; do
		possible "$how" || continue
		for verb in $verbs; do
			run -0 --separate-stderr in_root -q $how -v "$WOLFFIA_STORE:/s" \
				probe_control "/s/containers/$(readlink "$WOLFFIA_STORE/names/victim")" ask "$verb"
			[ "$output" = "no answer" ] || [ "$output" = "connect EACCES" ] || { echo "$how $verb: $output"; false; }
			answers+="$output;"
		done
	done
	# the check of the peer was asked, and not only a directory
	[[ "$answers" == *"no answer"* ]]
	[ "$(field victim phase)" = 1 ]
	run -0 "$WOLFFIA" exec victim true
	# its own user outside is answered
	run -0 "$TOOLS/probe_control" "$(directory_of victim)" ask 12345
	[[ "$output" == "answer "*"unknown request" ]]
}

# bats test_tags=many-ids
@test "a container that sees the store does not reach itself either" {
	run -0 --separate-stderr in_root -q --userns as-me --name self -v "$WOLFFIA_STORE:/s" \
		sh -c 'for d in /s/containers/*; do probe_control $d ask 0; done'
	[ "$output" = "no answer" ]
}

# --- what does not harm it

@test "garbage of all sizes does not disturb a launcher" {
	up a sleep 100
	measure a
	for _ in 1 2 3; do
		run -0 timeout -s KILL 60 "$TOOLS/probe_control" "$(directory_of a)" garbage 3000
		[[ "$output" == "answer "*"unknown request" ]] || { echo "$output"; false; }
	done
	is_well a
	run -0 "$WOLFFIA" stop -t 0 a
}

@test "a thousand connections that say nothing: the others wait, and go on when those have left" {
	up a sleep 100
	measure a
	mkfifo hold
	"$TOOLS/probe_control" "$(directory_of a)" connect 1000 <hold >holding 3>&- &
	exec 8>hold
	becomes holding cat holding
	# the processor is not burnt while nobody can be let in
	launcher=$(launcher_of a)
	before=$(awk '{ print $14 + $15 }' "/proc/$launcher/stat")
	"$WOLFFIA" exec a echo patient >out 3>&- 8>&- &
	waiter=$!
	in_root true 8>&-
	in_root true 8>&-
	[ $(($(awk '{ print $14 + $15 }' "/proc/$launcher/stat") - before)) -le 5 ]
	exec 8>&-
	wait "$waiter"
	[ "$(<out)" = patient ]
	is_well a
}

# bats test_tags=untraced
@test "a hundred thousand sizes of the terminal leave no trace" {
	up a -t sleep 100
	measure a
	run -0 timeout -s KILL 100 "$TOOLS/probe_control" "$(directory_of a)" resize 100000
	[ "$output" = "answer 0 " ]
	is_well a
}

# bats test_tags=untraced
@test "a thousand requests of each kind leave no trace" {
	up a sleep 100
	measure a
	for _ in {1..100}; do
		"$WOLFFIA" exec a true
		"$WOLFFIA" exec a no-such-command 2>/dev/null || true
		"$WOLFFIA" kill -s WINCH a >/dev/null
		"$TOOLS/probe_control" "$(directory_of a)" ask 8 >/dev/null
		"$WOLFFIA" rename a b
		"$WOLFFIA" rename b a
		"$WOLFFIA" pause a >/dev/null
		"$WOLFFIA" unpause a >/dev/null
	done
	is_well a
}

# bats test_tags=untraced
@test "256 MiB of output through attach leaves no trace" {
	mkfifo go
	up a --log-driver none -v "$PWD/go:/go" sh -c 'read x </go; head -c 268435456 /dev/zero; exec sleep 100'
	measure a
	"$WOLFFIA" attach a </dev/null 3>&- | head -c 268435456 | sha256sum >sum &
	becomes $((fds_before + 4)) fds "$(launcher_of a)"
	timeout 10 sh -c 'echo x >go'
	becomes "a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484  -" cat sum
	[ "$(memory a)" -le $((memory_before + 300)) ]
	"$WOLFFIA" stop -t 0 a
	wait
}

@test "restarts of one container leave no trace in its launcher" {
	# the launcher of --restart is one process for all of them
	up a --restart on-failure --log-driver none sh -c 'exit 1'
	becomes 3 field a restarts
	becomes 3 field a phase
	launcher=$(launcher_of a)
	# the phase is written down before the last start's are closed
	before=$(for _ in {1..20}; do fds "$launcher"; done | sort -n | head -n 1)
	memory_before=$(memory a)
	becomes 7 field a restarts
	becomes 3 field a phase
	becomes yes eval '[ "$(fds "$launcher")" -gt "$before" ] || echo yes'
	[ "$(memory a)" -le $((memory_before + ${SLACK:-300})) ]
}
