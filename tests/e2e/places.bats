# What a user sees when the place where containers lie is full, cannot be
# written, or is not the user's; and that no other place is needed

# status and output come from bats
# shellcheck disable=SC2154

load helper_life

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	chmod -R u+rwX "$WOLFFIA_STORE" 2>/dev/null || true
	teardown_life
}

# --- full

# In a user namespace of its own, where a small file system can be mounted; so
# wolffia has one id there.
@test "a full disk: what runs goes on and can be ended, what is new is refused" {
	local full=$BATS_TEST_TMPDIR/full
	mkdir "$full"
	cat >"$full.inside" <<-'END'
		set -eu
		export WOLFFIA_STORE=$1/store
		W="$WOLFFIA"
		cd /
		refused() {
			if "$@" 2>"$FULL.said"; then echo "not refused: $*"; exit 1; fi
			grep -q "No space left on device" "$FULL.said"
			[ "$(grep -cv "^  hint" "$FULL.said")" = 1 ]
		}
		run="--userns single --rootfs $ROOT"
		"$W" run -q $run true
		"$W" run -d -q --name old $run sh -c 'while :; do echo words; sleep 0.01; done' >/dev/null
		timeout 10 "$W" logs -f old | grep -q words
		dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null || true
		[ "$("$W" ps -q | wc -l)" = 1 ]
		"$W" exec old true
		refused "$W" run -q $run true
		refused "$W" run -d -q --name new $run true
		refused "$W" create -q --name new $run true
		"$W" pause old
		"$W" unpause old
		"$W" stop -t 0 old
		[ -z "$("$W" ps -q)" ]
		[ "$("$W" inspect -f '{{.State.ExitCode}}' old)" = 137 ]
		"$W" logs old | grep -q words
		"$W" rm old
		rm "$1/fill"
		"$W" run -q $run true
		[ "$(ls -A "$1/store/containers" "$1/store/names" | tr -d '\n')" = \
			"$1/store/containers:.guard$1/store/names:" ]
		echo all fine
	END
	run unshare --user --map-root-user --mount sh -eu -c '
		mount -t tmpfs -o size=600k,mode=700 none "$1"
		mkdir "$1/store"
		exec unshare --user --map-user='"$(id -u)"' --map-group='"$(id -g)"' \
			env FULL="$1" sh "$1.inside" "$1"' sh "$full"
	[ "${lines[-1]}" = "all fine" ] || { echo "$output"; false; }
}

# --- not to be written

@test "a store that cannot be written can be looked at" {
	up a sleep 100
	"$WOLFFIA" stop -t 0 a
	# what the container wrote is not ours to close, and need not be
	chmod -R a-w "$WOLFFIA_STORE" 2>/dev/null || true
	run -0 "$WOLFFIA" ps -aq
	[ "${#lines[@]}" = 1 ]
	run -0 "$WOLFFIA" inspect -f '{{.Name}} {{.State.ExitCode}}' a
	[ "$output" = "a 137" ]
	run --separate-stderr in_root true
	fails_with 125 "Permission denied"
	run --separate-stderr "$WOLFFIA" rm a
	fails_with 125 "Permission denied"
	chmod -R u+w "$WOLFFIA_STORE" 2>/dev/null || true
	run -0 "$WOLFFIA" rm a
}

@test "a store of somebody else is refused, by every verb" {
	for verb in "ps" "run --rootfs $ROOT true" "start a" "exec a true" \
		"stop a" "rm a" "logs a" "inspect a" "events --until 0s"; do
		# shellcheck disable=SC2086
		WOLFFIA_STORE=/ run --separate-stderr "$WOLFFIA" $verb
		fails_with 125 "belongs to"
	done
}

# --- none

@test "no XDG_RUNTIME_DIR, or one of somebody else, is no matter" {
	for place in "" /nowhere /root "$BATS_TEST_TMPDIR"; do
		XDG_RUNTIME_DIR=$place up a sleep 100
		XDG_RUNTIME_DIR=$place "$WOLFFIA" exec a true
		XDG_RUNTIME_DIR=$place "$WOLFFIA" stop -t 0 a
		XDG_RUNTIME_DIR=$place "$WOLFFIA" rm a
	done
	[ -z "$(find "$BATS_TEST_TMPDIR" -name '*wolffia*')" ]
}

# --- a number that is another's by now

@test "a process that has the number of a dead launcher is left alone" {
	up a sleep 100
	kill -9 "$(launcher_of a)"
	becomes "" "$WOLFFIA" ps -q
	sleep 1000 3>&- &
	other=$!
	file=$(directory_of a)/status.json
	jq -c ".pid = $other | .launcher_pid = $other" "$file" >new
	cat new >"$file"
	run -0 "$WOLFFIA" ps -aq --filter status=exited
	[ "${#lines[@]}" = 1 ]
	run --separate-stderr "$WOLFFIA" kill a
	fails_with 125 "is not running"
	run --separate-stderr "$WOLFFIA" exec a true
	fails_with 125 "is not running"
	run -0 "$WOLFFIA" stop a
	run -0 "$WOLFFIA" rm -f a
	kill -0 "$other"
	kill "$other"
}

# --- time

@test "a clock that was set back, or far ahead, is only a matter of what is shown" {
	up a sleep 100
	file=$(directory_of a)/status.json
	for year in 1971 2200; do
		ns=$(($(date -d "$year-01-01" +%s) * 1000000000))
		jq -c ".started_ns = $ns | .created_ns = $ns" "$file" >new
		cat new >"$file"
		run -0 "$WOLFFIA" ps
		[ "${#lines[@]}" = 2 ]
		run -0 "$WOLFFIA" exec a true
	done
	run -0 "$WOLFFIA" stop -t 0 a
}
