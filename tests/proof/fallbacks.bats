# What a kernel may lack.  Linux 5.12 is promised: what came before it and is
# missing is said, what came later is done without, and that is said, too.
#
# Most suites of tests/e2e are run once more without Landlock and the calls that
# wolffia can do without, see meson.build.

# status, output and stderr come from bats
# shellcheck disable=SC2154

load ../e2e/helper_run
load ../e2e/helper_registry

setup_file() {
	setup_run
	: "${MEDDLE:?the program that lets system calls fail}"
	export ASAN_OPTIONS=detect_leaks=0
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# whether the test failed or not: a container holds its store and bats's pipe
teardown() {
	local pid
	for pid in ${SERVERS:-}; do
		kill "$pid" 2>/dev/null || true
	done
	"$WOLFFIA" rm -fa >/dev/null 2>&1 || true
	"$WOLFFIA" images -q | xargs -r "$WOLFFIA" rmi -qf >/dev/null 2>&1 || true
}

# without CALL COMMAND...
without() {
	local call=$1
	shift
	timeout -s KILL 20 "$MEDDLE" -d "$call=ENOSYS" "$@"
}

@test "a kernel before 5.12 is refused in one line, with nothing left" {
	for call in openat2 open_tree move_mount fsopen fsconfig fsmount \
		mount_setattr pidfd_open; do
		run --separate-stderr without "$call" "$WOLFFIA" run --rootfs "$ROOT" true
		fails_with 125 "Function not implemented" || { echo "$call"; false; }
		one_clear_line
		[[ "$stderr" == *"Linux 5.12 is the oldest"* ]]
		in_root true
		store_is_empty
	done
}

# Every verb, and what becomes of it without openat2(2), which all paths into
# containers and layers go through:
#   refused  125, one line that names what is missing, nothing done
#   works    as always, and changes nothing in the store
#   changes  as always: what it changes is no such path
#   tells    doctor's status, and what is missing
verbs_without_openat2() {
	cat <<-END
	refused run --rootfs root true
	refused run x:1 true
	refused run @host true
	refused create --rootfs root --name new true
	refused start made
	refused exec runs true
	refused attach --no-stdin runs
	refused stop -t 0 runs
	refused kill runs
	refused restart -t 0 runs
	refused pause runs
	refused unpause runs
	refused wait made
	refused rm made
	refused rm -f runs
	refused rename made new
	refused cp file runs:/f
	refused cp file made:/f
	refused cp runs:/bin/sh out
	refused cp made:/bin/sh out
	refused diff runs
	refused diff made
	refused commit -q runs y:1
	refused export -o out runs
	refused export -o out made
	refused logs ended
	works events --until 1s
	refused ps -a
	refused inspect runs
	refused inspect x:1
	refused top runs
	refused stats --no-stream runs
	refused prune -f
	refused prune -fa
	refused df
	refused systemd runs
	works explain run --rootfs root true
	works unshare true
	tells doctor --json
	refused pull -q --tls-verify=false $REGISTRY/other:1
	works push -q --tls-verify=false x:1 $REGISTRY/x:2
	works login -u me -p secret --tls-verify=false $REGISTRY
	works logout $REGISTRY
	refused import -q other.tar y:1
	refused load -q -i other-image.tar
	works save -q -o saved.tar x:1
	works images
	works history x:1
	refused check
	works unpack x:1
	refused info
	works version
	works help
	changes tag x:1 y:1
	changes rmi y:1
	changes untag x:1
	END
}

# the store but for the events and what was fetched, which the next pull goes on
# with; and what ps says that does not pass with time
store_as_it_is() {
	# shellcheck disable=SC2016
	"$WOLFFIA" unshare sh -ec 'cd "$1"
		find . ! -path "./partial/*" ! -name events -printf "%P %y %m %U:%G %n %l\n" | sort
		find . -type f ! -path "./partial/*" ! -name events -exec sha256sum {} + | sort -k 2' \
		sh "$WOLFFIA_STORE"
	"$WOLFFIA" ps -a --format '{{.ID}} {{.Names}} {{.State}} {{.Image}}'
}

@test "without openat2 each verb works or refuses, and then has done nothing" {
	local row how verbs
	# shellcheck disable=SC2034 # for start_registry
	DIR=$PWD SERVERS='' REGISTRY_AUTH_FILE=$PWD/auth.json
	export REGISTRY_AUTH_FILE
	need docker-registry
	start_registry all
	tar -C "$ROOT" -cf root.tar .
	"$WOLFFIA" import -q root.tar x:1
	# and one whose layer the store has no longer
	tar -cf other.tar root.tar
	"$WOLFFIA" import -q other.tar other:1
	"$WOLFFIA" push -q --tls-verify=false other:1 "$REGISTRY/other:1"
	"$WOLFFIA" save -q -o other-image.tar other:1
	"$WOLFFIA" rmi -q other:1
	"$WOLFFIA" save -q -o image.tar x:1
	echo hello >file
	ln -s "$ROOT" root
	"$WOLFFIA" run -d --name runs --rootfs "$ROOT" sleep 1000
	"$WOLFFIA" create --name made x:1 true
	"$WOLFFIA" run --keep --name ended x:1 echo word
	store_as_it_is >before
	while read -r how row; do
		# shellcheck disable=SC2086
		run --separate-stderr without openat2 "$WOLFFIA" $row </dev/null
		case $how in
		refused)
			[ "$status" = 125 ] || { echo "$row: $status $output $stderr"; false; }
			[[ "$stderr" == *"Function not implemented"*"Linux 5.12 is the oldest"* ]] ||
				{ echo "$row: $stderr"; false; }
			one_clear_line
			[ ! -e out ] || { echo "$row: half of a file"; false; }
			;;
		tells)
			[ "$status" = 1 ]
			[[ "$output" == *"openat2(2): Function not implemented"* ]]
			;;
		*)
			[ "$status" = 0 ] || { echo "$row: $status $output $stderr"; false; }
			;;
		esac
		store_as_it_is >after
		[ "$how" = changes ] || diff before after || { echo "$row"; false; }
	done < <(verbs_without_openat2)
	cmp image.tar saved.tar
	# a new verb has to say what it does
	verbs=$("$WOLFFIA" help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
	[ "$(wc -w <<<"$verbs")" -ge 40 ]
	for verb in $verbs; do
		verbs_without_openat2 | grep -Eq "^[a-z]+ $verb( |$)" ||
			{ echo "no row tells what \"$verb\" does"; false; }
	done
}

@test "doctor tests the calls that every start needs" {
	for call in openat2 pidfd_open mount_setattr; do
		run --separate-stderr without "$call" "$WOLFFIA" doctor --json
		[ "$status" = 1 ] || { echo "$call: $status $output"; false; }
		[[ "$output" == *"Function not implemented"* ]]
		[ "$(jq .can_start <<<"$output")" = false ]
	done
}

# what the workload says of its confinement, but for what is chance
confinement() {
	: >input
	chmod 666 input
	"$@" run -i --rootfs "$ROOT" probe_confinement <input 2>warnings |
		sed 's/:\[[0-9]*\]//; s/^host .*//; s/^127.0.1.1.*//'
}

@test "without Landlock it is said in one line, and all other walls stand" {
	confinement "$WOLFFIA" >with
	[ ! -s warnings ]
	[ "$(grep -c 'write-input EACCES' with)" = 1 ]
	# shellcheck disable=SC2043
	for call in landlock_create_ruleset; do
		confinement without "$call" "$WOLFFIA" >less
		[ "$(grep -c . warnings)" = 1 ]
		grep -q 'Landlock of this kernel does not guard' warnings
		run diff with less
		[ "$(grep -c '^[<>]' <<<"$output")" = 2 ]
		[[ "$output" == *"> write-input succeeded"* ]]
		run --separate-stderr without "$call" "$WOLFFIA" run --strict --rootfs "$ROOT" true
		fails_with 125 "Landlock"
		one_clear_line
	done
	store_is_empty
}

@test "Landlock that is there and does not work is no kernel without Landlock" {
	for call in landlock_add_rule landlock_restrict_self; do
		run --separate-stderr without "$call" "$WOLFFIA" run --rootfs "$ROOT" echo hello
		[ "$status" = 125 ] || { echo "$call: $output $stderr"; false; }
		[ -z "$output" ]
		one_clear_line
	done
	store_is_empty
}

@test "the other verbs work without a call, or say in one line that it is missing" {
	"$WOLFFIA" run -d --name runs --rootfs "$ROOT" sleep 1000 >/dev/null
	"$WOLFFIA" create --name made --rootfs "$ROOT" true >/dev/null
	echo hello >file
	for call in openat2 open_tree mount_setattr memfd_create seccomp; do
		for verb in "exec runs true" "exec -t runs true" "cp file runs:/f" "cp runs:/etc/passwd out" \
			"diff runs" "commit -q made x:1" "logs runs" "top runs" "inspect made" "pause runs" \
			"unpause runs" "wait made"; do
			# shellcheck disable=SC2086
			run --separate-stderr without "$call" "$WOLFFIA" $verb
			[ "$status" != 0 ] || continue
			one_clear_line
			[ "$status" = 125 ] || { echo "$call $verb: $status $stderr"; false; }
			# not that there is no such container
			[[ "$stderr" != *"there is no"* ]] || { echo "$call $verb: $stderr"; false; }
			[[ "$stderr" != *"Cannot allocate memory"* ]] || { echo "$call $verb: $stderr"; false; }
		done
	done
	"$WOLFFIA" rm -fa >/dev/null
	"$WOLFFIA" rmi -qf x:1
}

@test "without close_range(2), where the container's root is the own one, too" {
	"$WOLFFIA" run -d --name runs --rootfs "$ROOT" sleep 1000 >/dev/null
	"$WOLFFIA" create --name made --rootfs "$ROOT" true >/dev/null
	echo hello >file
	for name in runs made; do
		run -0 --separate-stderr without close_range "$WOLFFIA" cp file "$name":/tmp/file
		[ -z "$stderr" ]
		run -0 --separate-stderr without close_range "$WOLFFIA" cp "$name":/tmp/file out
		cmp file out
		run -0 --separate-stderr without close_range "$WOLFFIA" export -o out.tar "$name"
		tar -xOf out.tar tmp/file | cmp file
	done
	"$WOLFFIA" rm -fa >/dev/null
}

# files in place of them, which have the time of their unpacking as well
@test "where the kernel makes no whiteouts, check compares layers all the same" {
	local as_user=("$MEDDLE" -d mknodat=EPERM "$WOLFFIA")
	export WOLFFIA_STORE=$BATS_TEST_TMPDIR/store
	mkdir etc
	: >etc/.wh.gone
	tar -cf white.tar etc
	"${as_user[@]}" import -q white.tar white:1
	ls "$WOLFFIA_STORE"/layers/*.wh
	run -0 "${as_user[@]}" check -q
	[ -z "$output" ] || { echo "$output"; false; }
	"$WOLFFIA" rmi -q white:1
}
