# Which containers a verb is for, and what "wait" waits for

# what is quoted is for the container's shell; status, output and pid come from
# bats and from the helper
# shellcheck disable=SC2016,SC2154

load helper_life

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	# a store of its own: "all" is all of it
	export WOLFFIA_STORE="$BATS_TEST_TMPDIR/store"
}

teardown() {
	teardown_life
}

# names COMMAND...: what it says, on one line, sorted
names() {
	run -0 --separate-stderr "$@"
	output=$(sort <<<"$output" | xargs)
}

# three: a and b run, with labels; c was only made, and is the latest
three() {
	up a --label x=1 sleep 1000
	up b --label x=2 --cidfile cid sleep 1000
	"$WOLFFIA" create --name c --label x=2 --rootfs "$ROOT" sleep 1000 >/dev/null
}

@test "--all is all that a verb can be for" {
	three
	names "$WOLFFIA" pause --all
	[ "$output" = "a b" ]
	# none that is paused already
	names "$WOLFFIA" pause --all
	[ -z "$output" ]
	names "$WOLFFIA" unpause -a
	[ "$output" = "a b" ]
	names "$WOLFFIA" start --all
	[ "$output" = c ]
	names "$WOLFFIA" kill -a
	[ "$output" = "a b c" ]
	names "$WOLFFIA" stop -a
	[ -z "$output" ]
	names "$WOLFFIA" restart -a -t 0
	[ "$output" = "a b c" ]
	"$WOLFFIA" kill a >/dev/null
	names "$WOLFFIA" restart --running -t 0
	[ "$output" = "b c" ]
	names "$WOLFFIA" rm -fa
	[ "$output" = "a b c" ]
}

@test "--filter, --latest and --cidfile find the others, each once" {
	three
	names "$WOLFFIA" stop -t 0 -f label=x=2
	[ "$output" = b ]
	names "$WOLFFIA" start --filter label=x=2 --latest
	[ "$output" = "b c" ]
	names "$WOLFFIA" kill --latest
	[ "$output" = c ]
	names "$WOLFFIA" kill --cidfile cid
	[ "$output" = "$(<cid)" ]
	names "$WOLFFIA" rm --filter status=exited
	[ "$output" = "b c" ]
	run -125 --separate-stderr "$WOLFFIA" rm --cidfile cid
	fails_with 125 'there is no container'
	names "$WOLFFIA" rm -i --cidfile cid
	[ -z "$output" ]
	# what finds nothing is no error; what is no filter, or no id file, is one
	names "$WOLFFIA" stop --filter name=nobody
	[ -z "$output" ]
	for verb in stop kill pause unpause restart start rm wait; do
		run --separate-stderr "$WOLFFIA" "$verb" --filter colour=red
		fails_with 125 'cannot filter by "colour=red"'
		run --separate-stderr "$WOLFFIA" "$verb"
		fails_with 125 'the name of a container is missing'
		one_clear_line
	done
	: >empty
	run --separate-stderr "$WOLFFIA" stop --cidfile empty
	fails_with 125 "empty is empty"
	run --separate-stderr "$WOLFFIA" stop --cidfile nowhere
	fails_with 125 "open nowhere"
	"$WOLFFIA" rm -fa >/dev/null
	run --separate-stderr "$WOLFFIA" attach --latest
	fails_with 125 "there is no container"
}

@test "stop and restart --signal: another one than the container's" {
	up_saying a ready --stop-signal USR1 sh -c 'trap "echo int; exit 7" INT; trap "echo hup; exit 8" HUP; trap : USR1; echo ready; while :; do sleep 0.02; done'
	run -0 "$WOLFFIA" stop -t 20 --signal INT a
	await_end
	[ "$status" = 7 ]
	"$WOLFFIA" start a
	becomes ready eval '"$WOLFFIA" logs -n 1 a'
	run -0 "$WOLFFIA" restart --timeout 20 -s HUP a
	becomes "int ready hup ready" eval '"$WOLFFIA" logs -n 4 a | xargs'
	for verb in stop restart; do
		run --separate-stderr "$WOLFFIA" "$verb" --signal NONE a
		fails_with 125 "--signal"
	done
}

# waits [OPTION...] NAME: a wait that has found the container, and listens
waits() {
	start_program "$WOLFFIA" wait "$@"
	becomes yes eval 'ls -l "/proc/$pid/fd" | grep -q inotify && echo yes'
}

@test "wait --condition: until it is so, for who comes before and after" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" sh -c 'until [ -e /go ]; do sleep 0.02; done; exit 5' >/dev/null
	run -0 "$WOLFFIA" wait --condition created a
	[ "$output" = -1 ]
	# what comes is heard of, not found by looking again after a day
	waits -i 24h --condition running a
	"$WOLFFIA" start a
	await_end
	[ "$status $said" = $'0 -1\n' ]
	waits -i 24h --condition paused --condition exited a
	"$WOLFFIA" pause a
	await_end
	[ "$status $said" = $'0 -1\n' ]
	"$WOLFFIA" unpause a
	waits -i 24h --condition stopped a
	"$WOLFFIA" exec a touch /go
	await_end
	[ "$status $said" = $'0 5\n' ]
	run -0 "$WOLFFIA" wait --condition exited a
	[ "$output" = 5 ]
	waits -i 24h --condition removed a
	"$WOLFFIA" rm a
	await_end
	[ "$status $said" = $'0 5\n' ]
	run -0 "$WOLFFIA" wait --condition removed a
	[ "$output" = -1 ]
}

@test "wait --condition: what cannot come, what is not told, and wrong words" {
	"$WOLFFIA" create --name a --rootfs "$ROOT" true >/dev/null
	waits -i 24h --condition running a
	"$WOLFFIA" rm a
	await_end
	[ "$status" = 125 ]
	[[ "$stderr" == *"the container a was removed"* ]]
	one_clear_line
	# a launcher that is killed tells nobody
	up b sleep 1000
	waits -i 20ms --condition exited b
	kill -KILL "$(launcher_of b)"
	await_end
	[ "$status" = 0 ]
	run --separate-stderr "$WOLFFIA" wait --condition runing b
	fails_with 125 '"runing" is nothing that a container can be'
	[[ "$stderr" == *running* ]]
	run --separate-stderr "$WOLFFIA" wait -i x --condition running b
	fails_with 125 "--interval"
	run -0 "$WOLFFIA" wait --ignore nobody
	[ "$output" = -1 ]
	run --separate-stderr "$WOLFFIA" wait nobody b
	[ "$status" = 125 ]
	[[ "$output" =~ ^[0-9]+$ ]]
}

@test "--sig-proxy=false: a signal ends who is attached, and nothing else" {
	up_saying a ready sh -c 'trap "echo got" TERM; echo ready; while :; do sleep 0.02; done'
	kill -KILL "$pid"
	await_end
	start_program "$WOLFFIA" attach --sig-proxy=false a
	becomes 1 eval '"$WOLFFIA" events --no-stream --since 0 -f event=attach | wc -l'
	kill -TERM "$pid"
	await_end
	[ "$status" = 143 ]
	run -0 "$WOLFFIA" exec a true
	[ "$("$WOLFFIA" logs a)" = ready ]
}
