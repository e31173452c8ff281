# What a user, or a program, sees of "wolffia events"

# what is quoted is for the container's shell; status, output and pid come
# from bats and from the helper
# shellcheck disable=SC2016,SC2154

load helper_run

setup_file() {
	setup_run
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	# a store of its own: events of others are seen, too
	export WOLFFIA_STORE="$BATS_TEST_TMPDIR/store"
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null
	store_is_empty
}

events() {
	timeout 60 "$WOLFFIA" events "$@"
}

# past [OPTION...]: action and name of each, on a line
past() {
	events --no-stream --format '{{.Status}} {{.Name}}' "$@" | tr '\n' ,
}

@test "one who waits sees the start of a container at once" {
	start_program "$WOLFFIA" events --since 0s --filter event=start \
		--format '{{json .}}'
	in_root --name c true
	await '"Status":"start"'
	for text in '"status":"start"' '"Type":"container"' '"Name":"c"' \
		'"Action":"start"' '"id":"' '"time":' '"timeNano":'; do
		[[ "$said" == *"$text"* ]]
	done
	[ "$(wc -l <<<"$said")" = 2 ]
	kill "$pid"
}

@test "a whole life: create, start, die, remove" {
	in_root --name c sh -c 'exit 3' || [ $? = 3 ]
	[ "$(past)" = "create c,start c,die c,remove c," ]
	run -0 events --no-stream --filter event=die \
		--format '{{.Actor.Attributes.exitCode}}'
	[ "$output" = 3 ]
}

@test "stop, kill, pause, unpause, exec, rename" {
	"$WOLFFIA" run -d --name c --rootfs "$ROOT" sh -c \
		'trap exit TERM; while :; do sleep 1000 & wait $!; done'
	"$WOLFFIA" pause c
	"$WOLFFIA" unpause c
	"$WOLFFIA" exec c true
	"$WOLFFIA" kill -s CONT c
	"$WOLFFIA" rename c d
	"$WOLFFIA" stop d
	"$WOLFFIA" rm d
	[ "$(past)" = "create c,start c,pause c,unpause c,exec c,exec_die c,\
kill c,rename d,die d,stop d,remove d," ]
}

@test "restart, attach, detach, export, commit, and a volume" {
	"$WOLFFIA" run -d -it --name c -v data:/d --rootfs "$ROOT" sh -c \
		'trap "stty size" WINCH; trap exit TERM; while :; do read -r x; done'
	"$WOLFFIA" restart -t 20 c
	run "$TOOLS/in_terminal" -r 33 -w "33 80" -s '\020\021' "$WOLFFIA" attach c
	run "$TOOLS/in_terminal" -w ready -s '\020\021' "$WOLFFIA" exec -it c sh -c 'echo ready; read -r x'
	"$WOLFFIA" export c >c.tar
	"$WOLFFIA" stop -t 20 c
	# what was let go of ended with its container
	# it is there now
	"$WOLFFIA" run --rm -v data:/d --rootfs "$ROOT" true
	[ "$(past -f type=container -f container=c)" = "create c,start c,die c,stop c,start c,restart c,\
attach c,detach c,exec c,exec_detach c,export c,exec_die c,die c,stop c," ]
	[ "$(past -f type=volume)" = "create data," ]
	[ "$(past -f volume=data)" = "create data," ]
	one=$(events --no-stream -f event=exec_detach --format '{{.Actor.Attributes.execID}}')
	[[ "$one" =~ ^[0-9a-f]{64}$ ]]
	[ "$(events --no-stream -f event=exec_die --format '{{.Actor.Attributes.execID}} {{.ContainerExitCode}}')" = "$one 137" ]
	tar -C "$ROOT" -c bin | "$WOLFFIA" import -q - localhost/x:1
	"$WOLFFIA" create --name d x:1 true
	digest=$("$WOLFFIA" commit -q d localhost/made:1)
	[ "$(events --no-stream -f event=commit --format \
		'{{.Name}} {{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}}')" = "d $digest localhost/made:1" ]
	"$WOLFFIA" rm d
	"$WOLFFIA" rmi -qf made:1 x:1
}

@test "prune, with what it freed" {
	reclaimed() {
		events --no-stream -f event=prune -f type="$1" --format '{{.ID}}<{{.Actor.Attributes.reclaimed}}>' | xargs
	}
	"$WOLFFIA" run --rm=false --name c --rootfs "$ROOT" sh -c 'head -c 1000000 /dev/zero >/file'
	"$WOLFFIA" container prune -f
	[ "$(past)" = "create c,start c,die c,remove c,prune ," ]
	freed=$(reclaimed container | tr -d '<>')
	[ "$freed" -ge 1000000 ] && [ "$freed" -lt 1100000 ]
	[ -z "$(reclaimed image)" ]
	head -c 2000000 /dev/zero >file
	tar -c file | "$WOLFFIA" import -q - localhost/x:1
	"$WOLFFIA" prune -af
	[ "$(reclaimed container)" = "<$freed> <0>" ]
	freed=$(reclaimed image | tr -d '<>')
	# its blob, and its layer
	[ "$freed" -ge 4000000 ] && [ "$freed" -lt 4100000 ]
}

@test "images: import, untag, remove" {
	tar -C "$ROOT" -c bin | "$WOLFFIA" import -q - localhost/x:1
	"$WOLFFIA" run --rm --name c x:1 true
	digest=$("$WOLFFIA" events --no-stream -f event=import --format '{{.ID}}')
	[[ "$digest" == sha256:* ]]
	"$WOLFFIA" rmi -q x:1
	[ "$(past -f type=image)" = \
		"import localhost/x:1,untag localhost/x:1,remove ," ]
	[ "$(events --no-stream -f event=delete --format '{{.ID}}')" = "$digest" ]
	[ "$(events --no-stream -f event=untag --format '{{.ID}}')" = "$digest" ]
	# of the image, and of the container made from it
	[ "$(past -f image=x)" = "import localhost/x:1,create c,start c,die c,\
remove c,untag localhost/x:1," ]
	image=$("$WOLFFIA" images -q)
	[ -z "$image" ]
}

@test "a line for people is docker's" {
	in_root --name c --label some=thing true
	run -0 events --no-stream --filter event=start
	[[ "$output" =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}[+-][0-9:]{5}\ container\ start\ [0-9a-f]{64}\ \(image=.*,\ name=c,\ some=thing\)$ ]]
}

@test "only what passes the filters is shown" {
	in_root --name one --label a=1 true
	in_root --name two --label a=2 true
	[ "$(past --filter event=start)" = "start one,start two," ]
	[ "$(past -f event=start -f container=one)" = "start one," ]
	[ "$(past -f event=start -f container=one -f container=two)" = \
		"start one,start two," ]
	[ "$(past -f event=start -f event=died -f label=a=2)" = \
		"start two,die two," ]
	[ -z "$(past -f type=image)" ]
	[ -z "$(past -f container=none)" ]
	run -125 --separate-stderr events --filter colour=red
	fails_with 125 "colour=red"
	one_clear_line
}

@test "a time says which are shown, and for how long is waited" {
	in_root --name one true
	between=$(date +%s.%N)
	in_root --name two true
	[ "$(past --since "$between" -f event=start)" = "start two," ]
	[ "$(past --until "$between" -f event=start)" = "start one," ]
	[ -z "$(past --since "$between" --until "$between")" ]
	# without --no-stream it ends too, for that time is over
	run -0 events --until "$between" -f event=start --format '{{.Name}}'
	[ "$output" = one ]
	# and here it waits for a second
	run -0 events --since 0s --until -1s
	[ -z "$output" ]
	run -125 --separate-stderr events --since 1m --until 2m
	fails_with 125 "--since is after --until"
	run -125 --separate-stderr events --since tomorrow
	fails_with 125 "--since"
}

@test "it ends with its reader, also when nothing happens any more" {
	in_root true
	timeout 20 bash -c '"$0" events --since 1m | head -n 1' "$WOLFFIA"
}

@test "a template that is wrong is said" {
	in_root true
	run -125 --separate-stderr events --no-stream --format '{{.Nonsense}}'
	fails_with 125 "Nonsense"
	run -125 --separate-stderr events here
	fails_with 125 "too many"
}

@test "a file of events that cannot be written stops nobody" {
	mkdir -p "$WOLFFIA_STORE"
	chmod 700 "$WOLFFIA_STORE"
	mkdir "$WOLFFIA_STORE/events"
	run -0 in_root echo fine
	[ "$output" = fine ]
	rmdir "$WOLFFIA_STORE/events"
}

@test "many at once: nothing is missing" {
	for i in 1 2 3 4 5 6 7 8; do
		in_root --name "c$i" true 3>&- &
	done
	wait
	for what in create start die remove; do
		[ "$(past -f event=$what | tr , '\n' | sort | tr '\n' ,)" = \
			"$(printf "$what c%d," 1 2 3 4 5 6 7 8 |
				tr , '\n' | sort | tr '\n' ,)" ]
	done
}

@test "there is no more of them than there may be" {
	mkdir -p "$WOLFFIA_STORE"
	chmod 700 "$WOLFFIA_STORE"
	head -c 1048500 /dev/zero | tr '\0' '\n' >"$WOLFFIA_STORE/events"
	chmod 600 "$WOLFFIA_STORE/events"
	in_root --name c true
	[ "$(past)" = "create c,start c,die c,remove c," ]
	[ "$(stat -c %s "$WOLFFIA_STORE/events.1")" -le 1048576 ]
	[ "$(stat -c %s "$WOLFFIA_STORE/events")" -lt 10000 ]
	[ "$(stat -c %a "$WOLFFIA_STORE/events")" = 600 ]
}
