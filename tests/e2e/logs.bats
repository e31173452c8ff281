# What a user sees of "wolffia logs", and what lies in the store of it

# what is quoted is for the container's shell; status, output and pid come
# from bats and from the helper
# shellcheck disable=SC2016,SC2154

load helper_run

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null
	store_is_empty
}

# in_background NAME [OPTION...] COMMAND...
in_background() {
	"$WOLFFIA" run -d --name "$1" --rootfs "$ROOT" "${@:2}" >/dev/null
}

# ended NAME [OPTION...] COMMAND...: it has written all that it will
ended() {
	in_background "$@"
	"$WOLFFIA" wait "$1" >/dev/null
}

logs() {
	timeout 60 "$WOLFFIA" logs "$@"
}

# a command that says "more" at each SIGUSR1, and ends by SIGTERM
SPEAKER='n=0
	trap "n=\$((n + 1)); echo more \$n" USR1
	trap "echo -n bye; exit 0" TERM
	echo ready
	while :; do sleep 1000 & wait $!; done'

@test "what went to stdout goes to stdout, and the same for stderr" {
	ended c sh -c 'echo one; echo two >&2; echo three'
	run -0 --separate-stderr logs c
	[ "$output" = $'one\nthree' ]
	[ "$stderr" = two ]
}

@test "an end without a newline has none" {
	ended c sh -c 'echo one; echo -n rest'
	logs c >said
	printf 'one\nrest' | cmp - said
}

@test "a container is meant by its name, its id, or the beginning of it" {
	id=$("$WOLFFIA" run -d --name c --rootfs "$ROOT" echo here)
	"$WOLFFIA" wait c
	for name in c "$id" "${id:0:8}"; do
		run -0 logs "$name"
		[ "$output" = here ]
	done
	run -125 --separate-stderr logs other
	fails_with 125 'there is no container "other"'
	run -125 --separate-stderr logs
	fails_with 125 "missing"
	run -125 --separate-stderr logs c other
	fails_with 125 'there is no container "other"'
	[ -z "$output" ]
}

@test "all bytes come out as they went in" {
	ended c cat /bin/busybox
	logs c | cmp - "$ROOT/bin/busybox"
}

@test "what a terminal shows is kept too" {
	ended c -t sh -c 'echo one; echo two >&2'
	logs c >said
	printf 'one\r\ntwo\r\n' | cmp - said
}

@test "the last lines, however many are asked for" {
	ended c seq 1 50000
	for n in 1 10 12345; do
		for how in "--tail $n" "-n $n" "-n$n" "--tail=$n"; do
			# shellcheck disable=SC2086
			logs $how c >said
			seq 1 50000 | tail -n "$n" | cmp - said
		done
	done
	[ -z "$(logs --tail 0 c)" ]
	for all in all 50000 99999999 -1; do
		logs --tail "$all" c >said
		seq 1 50000 | cmp - said
	done
	run -125 --separate-stderr logs --tail some c
	fails_with 125 "--tail"
	run -125 --separate-stderr logs --tail 1.5 c
	fails_with 125 "--tail"
}

@test "each line has its time, and can be found by it" {
	in_background c sh -c 'for i in 1 2 3 4 5; do
		echo $i; usleep 20000 2>/dev/null || sleep 0.02; done'
	"$WOLFFIA" wait c
	logs -t c >said
	[ "$(wc -l <said)" = 5 ]
	run -1 grep -vE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z [1-5]$' said
	sort -c said
	third=$(sed -n '3s/ .*//p' said)
	[ "$(logs --since "$third" c | tr -d '\n')" = 345 ]
	[ "$(logs --until "$third" c | tr -d '\n')" = 123 ]
	[ "$(logs --since "$third" --until "$third" c)" = 3 ]
	[ "$(logs --until "$third" --tail 2 c | tr -d '\n')" = 23 ]
	[ "$(logs --since 10m c | tr -d '\n')" = 12345 ]
	[ -z "$(logs --until 10m c)" ]
	[ -z "$(logs --since -10m c)" ]
	[ "$(logs --since "$(date +%s -d '-1 hour')" c | wc -l)" = 5 ]
	[ "$(logs --since "$(date +%Y-%m-%dT%H:%M:%S -d '-1 hour')" c |
		wc -l)" = 5 ]
	run -125 --separate-stderr logs --since yesterday c
	fails_with 125 "--since"
}

@test "following goes on until the container has ended, to the last byte" {
	in_background c sh -c "$SPEAKER"
	start_program "$WOLFFIA" logs -f c
	await ready
	"$WOLFFIA" kill -s USR1 c
	await "more 1"
	"$WOLFFIA" kill -s USR1 c
	await "more 2"
	"$WOLFFIA" stop c
	await_end
	[ "$status" = 0 ]
	logs c >whole
	printf 'ready\nmore 1\nmore 2\nbye' | cmp - whole
	# of one that has ended it shows what there is
	run -0 logs -f --tail 2 c
	[ "$output" = $'more 2\nbye' ]
}

@test "following begins where it is told to" {
	in_background c sh -c "$SPEAKER"
	start_program "$WOLFFIA" logs -f --tail 0 --since 1m c
	first=$pid
	"$WOLFFIA" kill -s USR1 c
	# whatever this one has seen, it ends with the container
	until logs c | grep -q "more 1"; do :; done
	start_program "$WOLFFIA" logs -f --tail 1 c
	await "more 1"
	[ "$said" = $'more 1\n' ]
	"$WOLFFIA" stop c
	await_end
	wait "$first"
}

@test "following ends when the time has come, or when nobody reads" {
	in_background c sh -c "$SPEAKER"
	# a second from now
	run -0 logs -f --until -1s c
	[ "$output" = ready ]
	# the reader has gone, and the container says nothing more
	timeout 20 bash -c '"$0" logs -f c | head -n 1' "$WOLFFIA"
}

@test "following loses nothing when files are rotated meanwhile" {
	in_background c --log-opt max-size=20k --log-opt max-file=99 \
		sh -c "trap 'seq 1 20000; exit' USR1; echo ready
		while :; do sleep 1000 & wait \$!; done"
	timeout 60 "$WOLFFIA" logs -f c >said &
	follower=$!
	until grep -q ready said; do :; done
	"$WOLFFIA" kill -s USR1 c
	wait "$follower"
	{ echo ready; seq 1 20000; } | cmp - said
	[ "$(find "$WOLFFIA_STORE"/containers/*/ -maxdepth 1 -name 'log.*' | wc -l)" -gt 10 ]
}

@test "a log is never larger than it may be, and the last lines are there" {
	ended c --log-opt max-size=100k --log-opt max-file=3 \
		sh -c 'yes 0123456789 | head -c 2000009; echo last'
	[ "$(find "$WOLFFIA_STORE"/containers/*/ -maxdepth 1 -name 'log*' | wc -l)" = 3 ]
	# shellcheck disable=SC2012
	size=$(cat "$WOLFFIA_STORE"/containers/*/log* | wc -c)
	[ "$size" -le 307200 ] && [ "$size" -gt 200000 ]
	[ "$(logs --tail 1 c)" = last ]
	[ "$(logs c | wc -l)" -gt 3000 ]
}

@test "without options there are at most two files of 10 MiB" {
	ended c sh -c 'yes 0123456789 | head -c 10000000'
	size=$(cat "$WOLFFIA_STORE"/containers/*/log* | wc -c)
	[ "$size" -le 20971520 ] && [ "$size" -gt 10485760 ]
}

@test "a log goes on when its container is started again" {
	ended c sh -c 'echo $((1 + 1))'
	"$WOLFFIA" start c
	"$WOLFFIA" wait c
	[ "$(logs c)" = $'2\n2' ]
}

@test "one that was never started has said nothing" {
	"$WOLFFIA" create --name c --rootfs "$ROOT" echo x
	run -0 --separate-stderr logs c
	[ -z "$output$stderr" ]
	run -0 --separate-stderr logs -f c
	[ -z "$output$stderr" ]
}

@test "what is not kept cannot be shown, and it is said how to keep it" {
	ended c --log-driver none echo x
	run -125 --separate-stderr logs c
	fails_with 125 "what the container c writes is not kept"
	[[ "$stderr" == *"--log-driver"* ]]
	[ -z "$(find "$WOLFFIA_STORE"/containers/*/ -maxdepth 1 -name 'log*')" ]
}

@test "a log in the foreground is kept when it is asked for" {
	for driver in k8s-file json-file local; do
		run -0 in_root --name c --rm=false --log-driver $driver echo x
		[ "$(logs c)" = x ]
		"$WOLFFIA" rm c
	done
}

@test "other drivers and options are refused with the reason" {
	for driver in journald syslog fluentd passthrough nonsense; do
		run -125 --separate-stderr in_root --log-driver "$driver" true
		fails_with 125 "$driver"
		one_clear_line
	done
	for opt in max-size=0 max-file=0 tag=x nonsense=1 max-size; do
		run -125 --separate-stderr in_root --log-opt "$opt" true
		fails_with 125 "${opt%%=*}"
		one_clear_line
	done
}

@test "several containers: by time, and each line says whose it is" {
	ended first sh -c 'echo a; echo b'
	ended second sh -c 'echo c'
	run -0 logs --names second first
	[ "$output" = $'first a\nfirst b\nsecond c' ]
	run -0 logs --names first
	[ "$output" = $'first a\nfirst b' ]
	run -0 logs first second
	[[ "${lines[0]}" =~ ^[0-9a-f]{12}\ a$ ]]
}

@test "half a line of a launcher that was killed is shown, and no more" {
	ended c echo whole
	log=$(echo "$WOLFFIA_STORE"/containers/*/log)
	header=$(head -c 45 "$log")
	printf '%stor' "$header" >>"$log"
	logs c >said
	printf 'whole\ntor' | cmp - said
	printf '\n\0\0\0garbage\n' >>"$log"
	run -0 --separate-stderr logs c
	[ "$output" = $'whole\ntor' ]
	[[ "$stderr" == *"10 bytes of the log are damaged"* ]]
}

@test "the directory of a container is nobody else's" {
	ended c echo secret
	[ "$(stat -c %a "$WOLFFIA_STORE"/containers/*/log)" = 600 ]
}
