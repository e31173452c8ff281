# The verbs that show containers: ps, inspect, top, stats, info, version; and
# prune and systemd

# what is quoted is for the container's shell; status, output and pid come
# from bats and from the helper
# shellcheck disable=SC2016,SC2154

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

create() {
	id=$("$WOLFFIA" create --name "$1" --rootfs "$ROOT" "${@:2}")
}

# ended NAME [OPTION...] COMMAND...
ended() {
	up "$@"
	"$WOLFFIA" wait "$1" >/dev/null
}

# lacks PATTERN: the standard input has no such line
lacks() {
	local found
	found=$(grep -a "$1") || return 0
	echo "there is: $found" >&2
	return 1
}

names() {
	"$WOLFFIA" ps --format '{{.Names}}' "$@" | paste -sd ' '
}

# --- ps

@test "ps shows what runs, and with -a all; the newest first" {
	create made true
	up runs sleep 100
	ended over sh -c 'exit 3'
	[ "$(names)" = runs ]
	[ "$(names -a)" = "over runs made" ]
	[ "$(names -n 2)" = "over runs" ]
	[ "$(names -l)" = over ]
	run -0 "$WOLFFIA" ps -a
	[ "${#lines[@]}" = 4 ]
	[[ "${lines[0]}" =~ ^"CONTAINER ID"\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
	[[ "${lines[1]}" =~ "\"sh -c exit 3\"".*ago\ +"Exited (3) "[^\ ].*" ago".*over$ ]]
	[[ "${lines[2]}" =~ "\"sleep 100\"".*"Up ".*runs$ ]]
	[[ "${lines[3]}" =~ Created.*made$ ]]
}

@test "ps has other names, and docker's word before it" {
	create made true
	for verb in ls list "container ls" "container ps"; do
		# shellcheck disable=SC2086
		run -0 "$WOLFFIA" $verb -a -q
		[ "$output" = "${id:0:12}" ]
	done
	run -125 --separate-stderr "$WOLFFIA" container nonsense
	fails_with 125 'there is no verb "nonsense"'
	run -125 --separate-stderr "$WOLFFIA" container
	fails_with 125 "the verb is missing"
}

@test "ps -q prints ids, whole ones with --no-trunc" {
	create made true
	[ "$("$WOLFFIA" ps -aq)" = "${id:0:12}" ]
	[ "$("$WOLFFIA" ps -aq --no-trunc)" = "$id" ]
	# a format counts more, as with docker
	[ "$("$WOLFFIA" ps -aq --format '{{.Names}}')" = made ]
	[ -z "$("$WOLFFIA" ps -q)" ]
}

@test "ps says of each state what docker says" {
	up runs sleep 100
	"$WOLFFIA" pause runs
	[[ "$("$WOLFFIA" ps --format '{{.State}}: {{.Status}}')" =~ ^paused:\ Up\ .*\ \(Paused\)$ ]]
	"$WOLFFIA" unpause runs
	[[ "$("$WOLFFIA" ps --format '{{.State}}: {{.Status}}')" =~ ^running:\ Up\ [^\(]*$ ]]
	"$WOLFFIA" stop runs
	[[ "$("$WOLFFIA" ps -a --format '{{.State}}: {{.Status}}')" =~ ^exited:\ Exited\ \(143\)\ .*ago$ ]]
}

@test "ps never lies: a killed launcher's container has exited at once" {
	up kept sleep 100
	up gone --rm sleep 100
	launchers=("$(launcher_of kept)" "$(launcher_of gone)")
	kill -9 "${launchers[@]}"
	"$TOOLS/await_end" "${launchers[@]}"
	[ "$(names)" = "" ]
	# nobody saw when; and what removes itself is not there at all
	[ "$("$WOLFFIA" ps -a --format '{{.Names}}: {{.Status}}')" = "kept: Exited (137)" ]
	[ "$("$WOLFFIA" ps -a --format json | jq -c '.[0] | [.Pid, .Exited, .ExitCode]')" = "[0,true,137]" ]
	[ "$("$WOLFFIA" inspect kept | jq -c '.[0].State | [.Running, .Pid, .Error]')" = \
		'[false,0,"its launcher was killed"]' ]
}

@test "ps finds by name, id, label, state, exit status, age, volume" {
	create a --label env=prod --label team=x true
	mkdir data
	up b --label env=dev -v "$PWD/data:/mnt/data" -v vol:/vol sleep 100
	ended c sh -c 'exit 3'
	[ "$(names -f name=a)" = "" ]
	[ "$(names -a -f name=a)" = a ]
	[ "$(names -a -f name=^/b$)" = b ]
	[ "$(names -a -f name=a -f name=b)" = "b a" ]
	[ "$(names -a -f "id=^${id:0:12}")" = c ]
	[ "$(names -a -f label=env)" = "b a" ]
	[ "$(names -a -f label=env=prod -f label=team)" = a ]
	[ "$(names -a -f label=env -f name=b)" = b ]
	[ "$(names -a -f label!=env)" = c ]
	# these are of all, as with docker
	[ "$(names -f status=exited)" = c ]
	[ "$(names -f status=created -f status=running)" = "b a" ]
	[ "$(names -f exited=3)" = c ]
	[ "$(names -f exited=0)" = "" ]
	[ "$(names -a -f before=b)" = a ]
	[ "$(names -a -f since=a)" = "c b" ]
	[ "$(names -f volume=vol)" = b ]
	[ "$(names -f volume=/mnt/data)" = b ]
	[ "$(names -f "volume=$PWD/data")" = b ]
	[ "$(names -f volume=/mnt)" = "" ]
	# the filters first, then how many
	[ "$(names -n 1 -f label=env)" = b ]
}

@test "ps finds what was made from an image, and from its descendants" {
	tar -C "$ROOT" -cf root.tar .
	"$WOLFFIA" import root.tar box >/dev/null
	image=$("$WOLFFIA" images -q box)
	"$WOLFFIA" run -d --name of_box box sh -c 'echo >/more' >/dev/null
	"$WOLFFIA" wait of_box
	create other true
	for ancestor in box box:latest localhost/box "$image"; do
		[ "$(names -a -f ancestor="$ancestor")" = of_box ]
	done
	[ "$(names -a -f ancestor=other)" = "" ]
	run -0 "$WOLFFIA" ps -a --format '{{.Names}} {{.ImageID}}' -f ancestor=box
	[ "$output" = "of_box $image" ]
	"$WOLFFIA" commit -q of_box child >/dev/null
	"$WOLFFIA" create --name of_child child true >/dev/null
	[ "$(names -a -f ancestor=box)" = "of_child of_box" ]
	[ "$(names -a -f ancestor=child)" = of_child ]
	"$WOLFFIA" rm of_box of_child >/dev/null
	"$WOLFFIA" rmi child box >/dev/null
}

@test "ps: templates have docker's names" {
	create web --label a=1 --label b=x=y sh -c 'echo "long enough to be cut"'
	run -0 "$WOLFFIA" ps -a --format '{{.ID}}|{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Labels}}|{{.Label "b"}}|{{.Label "c"}}|{{.Networks}}|{{.Ports}}|{{.Size}}|{{.LocalVolumes}}|{{.Mounts}}'
	[ "$output" = "${id:0:12}|web|$ROOT|\"sh -c echo \\\"long en…\"|created|a=1,b=x=y|x=y||none||0B (virtual 0B)|0|" ]
	run -0 "$WOLFFIA" ps -a --format 'table {{.Names}}\t{{.Label "a"}}'
	[ "${lines[1]}" = "web     1" ]
	run -0 "$WOLFFIA" ps -a --no-trunc --format '{{.Command}}'
	[ "$output" = '"sh -c echo \"long enough to be cut\""' ]
	[[ "$("$WOLFFIA" ps -a --format '{{.CreatedAt}}')" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9:]{8}\ [+-][0-9]{4}\  ]]
	run -125 --separate-stderr "$WOLFFIA" ps -a --format '{{.Name}}'
	fails_with 125 'there is no "Name"'
	[[ "$stderr" == *"did you mean {{.Names}}?"* ]]
}

@test "ps --noheading, and templates with podman's names" {
	create made true
	run -0 "$WOLFFIA" ps -a --noheading
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == "${id:0:12}"*made ]]
	run -0 "$WOLFFIA" ps -a --noheading --format 'table {{.Names}}'
	[ "$output" = made ]
	run -0 "$WOLFFIA" ps --noheading
	[ -z "$output" ]
	up web sleep 100
	run -0 "$WOLFFIA" ps --format '{{.Pid}} {{.ExitCode}} {{.ExitedAt}} {{.StartedAt}} {{.Created}}'
	[[ "$output" =~ ^$(field web pid)\ 0\ -62135596800\ [0-9]{10}\ .*ago$ ]]
}

@test "ps: json has podman's names" {
	mkdir data
	up web --label a=1 -v "$PWD/data:/mnt" --network host sleep 100
	"$WOLFFIA" ps --format json >list
	[ "$(jq length list)" = 1 ]
	[ "$(jq -c '.[0] | [.Id, .Names, .Command, .State, .Labels, .Mounts, .Networks, .Exited, .AutoRemove, .Restarts]' list)" = \
		"[\"$id\",[\"web\"],[\"sleep\",\"100\"],\"running\",{\"a\":\"1\"},[\"/mnt\"],[\"host\"],false,false,0]" ]
	[ "$(jq '.[0].Pid' list)" = "$(field web pid)" ]
	now=$(date +%s)
	[ "$(jq --argjson now "$now" '.[0] | .Created <= $now and $now - .StartedAt < 100' list)" = true ]
	[ "$("$WOLFFIA" ps -f name=nobody --format json)" = "[]" ]
}

@test "ps -s counts what a container has written" {
	ended w sh -c 'head -c 5000 /dev/zero >/one; ln /one /two; mkdir -m 0 /closed; umask 077; mkdir /d; echo 12345 >/d/x'
	[ "$("$WOLFFIA" ps -as --format '{{.Size}}')" = "5.01kB (virtual 5.01kB)" ]
	[ "$("$WOLFFIA" ps -a --format json -s | jq '.[0].Size.rwSize')" = 5006 ]
	[ "$("$WOLFFIA" inspect -s --format '{{.SizeRw}}' w)" = 5006 ]
	run -0 "$WOLFFIA" ps -as
	[[ "${lines[0]}" == *SIZE ]]
}

@test "ps sorts" {
	create b sleep 1
	create a true
	create c echo
	[ "$(names -a --sort names)" = "a b c" ]
	[ "$(names -a --sort created)" = "b a c" ]
	[ "$(names -a --sort command)" = "c b a" ]
	run -125 --separate-stderr "$WOLFFIA" ps --sort name
	fails_with 125 "--sort"
	[[ "$stderr" == *"did you mean names?"* ]]
}

@test "what a command says does nothing to the terminal" {
	create evil sh -c $'\e]0;title\a\e[2J\u009b31m'
	for format in "table {{.Command}}" '{{.Command}}' json; do
		script -qec "\"$WOLFFIA\" ps -a --no-trunc --format '$format'" /dev/null >shown
		lacks $'[\e\a]' <shown
		lacks $'\u009b' <shown
	done
	"$WOLFFIA" ps -a --format json | jq -e '.[0].Command[2] | startswith("\u001b]0;title\u0007")'
	script -qec "\"$WOLFFIA\" inspect evil" /dev/null >shown
	lacks $'[\e\a]' <shown
	lacks $'\u009b' <shown
}

@test "ps says what is wrong with what was typed" {
	for bad in "--filter nonsense" "--filter nam=x" "--filter name=(" \
		"--filter status=runing" "--filter exited=x" "-n x" "-l -n 2" \
		"--format {{.Nope}}" "argument"; do
		create a true
		# shellcheck disable=SC2086
		run -125 --separate-stderr "$WOLFFIA" ps -a $bad
		[ "$status" = 125 ]
		one_clear_line
		[ -z "$output" ]
		"$WOLFFIA" rm a >/dev/null
	done
	run -125 --separate-stderr "$WOLFFIA" ps --filter before=nobody
	fails_with 125 'there is no container "nobody"'
}

# --- inspect

# bats test_tags=many-ids
@test "inspect tells all, in a list" {
	mkdir data
	up web --label a=1 -e A=1 -v "$PWD/data:/mnt:ro" --tmpfs /t \
		--cap-drop CHOWN --ulimit nofile=64 --restart on-failure:3 \
		--hostname h --stop-signal INT -w /tmp -u 1000 sleep 100
	"$WOLFFIA" inspect web >all
	[ "$(jq length all)" = 1 ]
	[ "$(jq -c '.[0] | [.Id, .Name, .Path, .Args, .RestartCount]' all)" = \
		"[\"$id\",\"web\",\"sleep\",[\"100\"],0]" ]
	[ "$(jq -c '.[0].State | [.Status, .Running, .Paused, .Dead, .ExitCode]' all)" = \
		'["running",true,false,false,0]' ]
	[ "$(jq '.[0].State.Pid' all)" = "$(field web pid)" ]
	[ "$(jq -c '.[0].Config | [.Hostname, .User, .WorkingDir, .Labels, .StopSignal, .Cmd]' all)" = \
		'["h","1000","/tmp",{"a":"1"},"SIGINT",["sleep","100"]]' ]
	jq -e '.[0].Config.Env | index("A=1")' all
	[ "$(jq -c '.[0].Mounts[0] | [.Type, .Source, .Destination, .RW]' all)" = \
		"[\"bind\",\"$PWD/data\",\"/mnt\",false]" ]
	[ "$(jq -c '.[0].HostConfig | [.Binds[0], .RestartPolicy, .CapDrop, .Ulimits, .AutoRemove, .NetworkMode]' all)" = \
		"[\"$PWD/data:/mnt:ro,rprivate,rbind\",{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},[\"CAP_CHOWN\"],[{\"Name\":\"nofile\",\"Soft\":64,\"Hard\":64}],false,\"none\"]" ]
	jq -e '.[0].HostConfig.Tmpfs["/t"]' all
	# a user who is not root has none that are effective
	[ "$(jq -c '.[0] | [.EffectiveCaps, (.BoundingCaps | length)]' all)" = '[[],7]' ]
	[ -d "$(jq -r '.[0].Wolffia.Upper' all)" ]
	[ "$(jq '.[0].Wolffia.LauncherPid' all)" = "$(launcher_of web)" ]
}

@test "inspect says how it ended" {
	ended c sh -c 'exit 3'
	[ "$("$WOLFFIA" inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Running}} {{.Wolffia.Cause}}' c)" = \
		"exited 3 false exit" ]
	up d sleep 100
	"$WOLFFIA" stop d
	[ "$("$WOLFFIA" inspect -f '{{.State.ExitCode}} {{.Wolffia.Signal}} {{.State.StoppedByUser}}' d)" = "143 15 true" ]
	create e true
	[ "$("$WOLFFIA" inspect -f '{{.State.Status}} {{.State.StartedAt}}' e)" = "created 0001-01-01T00:00:00Z" ]
}

@test "inspect by name, by id, by its beginning, and the latest; several at once" {
	create a true
	first=$id
	create b true
	for name in a "$first" "${first:0:8}"; do
		[ "$("$WOLFFIA" inspect -f '{{.Name}}' "$name")" = a ]
	done
	[ "$("$WOLFFIA" inspect -l -f '{{.Name}}')" = b ]
	run -0 "$WOLFFIA" inspect -f '{{.Name}}' b a
	[ "$output" = $'b\na' ]
	[ "$("$WOLFFIA" inspect a b | jq -c 'map(.Name)')" = '["a","b"]' ]
}

@test "inspect of what is not there is an error, and the rest is printed" {
	create a true
	run -125 --separate-stderr "$WOLFFIA" inspect nobody a
	[ "$(jq -c 'map(.Name)' <<<"$output")" = '["a"]' ]
	fails_with 125 'there is no container and no image "nobody"'
	run -125 --separate-stderr "$WOLFFIA" inspect nobody
	[ "$output" = "[]" ]
	run -125 --separate-stderr "$WOLFFIA" inspect --type image a
	fails_with 125 'a'
	run -125 --separate-stderr "$WOLFFIA" inspect --type volume a
	fails_with 125 "--type"
	run -125 --separate-stderr "$WOLFFIA" inspect
	fails_with 125 "missing"
}

@test "inspect of an image" {
	tar -C "$ROOT" -cf root.tar .
	"$WOLFFIA" import -c 'ENV A=1' -c 'CMD ["sh"]' -c 'EXPOSE 80' -c 'LABEL k=v' root.tar box >/dev/null
	"$WOLFFIA" inspect box >all
	[ "$(jq -c '.[0] | [.RepoTags, .Config.Cmd, .Config.ExposedPorts, .Labels, .Os, (.RootFS.Layers | length)]' all)" = \
		'[["localhost/box:latest"],["sh"],{"80/tcp":{}},{"k":"v"},"linux",1]' ]
	[ "$(jq -r '.[0].Id[0:12]' all)" = "$("$WOLFFIA" images -q box)" ]
	# a container of the same name comes first
	"$WOLFFIA" create --name box box true >/dev/null
	[ "$("$WOLFFIA" inspect -f '{{.ImageName}}' box)" = box ]
	[ "$("$WOLFFIA" inspect -f '{{.Image}}' box)" = "$(jq -r '.[0].Id' all)" ]
	[ "$("$WOLFFIA" inspect --type image -f '{{.Os}}' box)" = linux ]
	"$WOLFFIA" rm box >/dev/null
	"$WOLFFIA" rmi box >/dev/null
}

# --- top

@test "top shows the processes of the container, and no others" {
	up_saying web ready sh -c 'sleep 71 & sh -c "sleep 72; true" & echo ready; wait'
	up other sleep 73
	run -0 "$WOLFFIA" top web
	[[ "${lines[0]}" =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD$ ]]
	[ "$(grep -c 'sleep 7[12]$' <<<"$output")" = 2 ]
	lacks 'sleep 73' <<<"$output"
	lacks bats <<<"$output"
	# as Jenkins calls it
	run -0 "$WOLFFIA" top web -eo pid,comm
	[ "$(awk 'NR > 1 { print $2 }' <<<"$output" | sort | paste -sd ' ')" = "sh sh sleep sleep wolffia-init" ]
	[ "$(awk 'NR == 2 { print $1 }' <<<"$output")" = "$(field web pid)" ]
	run -0 "$WOLFFIA" top web aux
	[[ "${lines[0]}" == USER* ]]
	[ "${#lines[@]}" = 6 ]
}

@test "top takes podman's descriptors, too" {
	up web sleep 100
	run -0 "$WOLFFIA" top web pid user args
	[[ "${lines[0]}" =~ ^\ *PID\ USER\ +COMMAND$ ]]
	[ "${#lines[@]}" = 3 ]
	[ "$(awk 'NR == 2 { print $1 }' <<<"$output")" = "$(field web pid)" ]
	run -0 "$WOLFFIA" top web comm,state
	[[ "${lines[0]}" =~ ^COMMAND\ +STAT\ +PID$ ]]
	[ "${#lines[@]}" = 3 ]
	run -125 --separate-stderr "$WOLFFIA" top web pid capeff
	fails_with 125 '"capeff" is no descriptor of processes'
	one_clear_line
}

@test "top executes nothing of the container" {
	cp -a "$ROOT" trap
	rm -f trap/bin/ps
	printf '#!/bin/sh\ntouch /trapped\nsleep 1000\n' >trap/bin/ps
	chmod +x trap/bin/ps
	for place in usr/bin sbin usr/sbin usr/local/bin; do
		mkdir -p "trap/$place"
		cp trap/bin/ps "trap/$place/ps"
	done
	"$WOLFFIA" run -d --name evil --rootfs-rw "$PWD/trap" sh -c 'cd /; sleep 100; true' >/dev/null ||
		"$WOLFFIA" run -d --name evil --rootfs "$PWD/trap" sh -c 'cd /; sleep 100; true' >/dev/null
	run -0 timeout 20 "$WOLFFIA" top evil
	[[ "$output" == *"sleep 100"* ]]
	run -0 "$WOLFFIA" exec evil sh -c '[ ! -e /trapped ]'
	timeout 20 "$WOLFFIA" stats --no-stream evil
	run -0 "$WOLFFIA" exec evil sh -c '[ ! -e /trapped ]'
}

@test "top: a process cannot forge a row, nor write to the terminal" {
	up evil sh -c 'sleep 100; true' $'x\nroot 1 0 0 00:00 ? 00:00:00 forged\e[31m'
	run -0 "$WOLFFIA" top evil
	lacks $'\e' <<<"$output"
	lacks '^root' <<<"$output"
	# the heading, PID 1, the command, and its child if it is there yet
	[ "${#lines[@]}" -le 4 ]
}

@test "top says what is wrong" {
	create made true
	up web sleep 100
	run -125 --separate-stderr "$WOLFFIA" top made
	fails_with 125 "the container made is not running"
	run -125 --separate-stderr "$WOLFFIA" top web -eo comm
	fails_with 125 "no column PID"
	run -125 --separate-stderr "$WOLFFIA" top nobody
	fails_with 125 'there is no container "nobody"'
	run -125 --separate-stderr "$WOLFFIA" top
	fails_with 125 "missing"
	run -125 --separate-stderr "$WOLFFIA" top web --no-such-option
	[[ "$stderr" == *"wolffia: ps exited with status"* ]]
}

# --- stats

@test "stats shows what each uses" {
	up_saying busy ready sh -c 'echo ready; while :; do :; done'
	up idle sh -c 'sleep 100 & wait'
	run -0 timeout 30 "$WOLFFIA" stats --no-stream
	[[ "${lines[0]}" =~ ^"CONTAINER ID"\ +NAME\ +"CPU %"\ +"MEM USAGE / LIMIT"\ +"MEM %"\ +"NET I/O"\ +"BLOCK I/O"\ +PIDS$ ]]
	[ "${#lines[@]}" = 3 ]
	"$WOLFFIA" stats --no-stream --format json >all
	percent=$(jq -r '.[] | select(.name == "busy").cpu_percent' all)
	[ "${percent%%.*}" -ge 10 ]
	[ "$(jq -c '.[] | select(.name == "idle") | [.cpu_percent, .net_io, .pids]' all)" = '["0.00%","0B / 0B","3"]' ]
	[[ "$(jq -r '.[] | select(.name == "idle").mem_usage' all)" =~ ^[0-9.]+[KM]iB\ /\ [0-9.]+[MG]iB$ ]]
}

@test "stats: what is written is seen, also when its owner is an id of the container" {
	up_saying web ready sh -c 'dd if=/dev/zero of=/x bs=1M count=8 2>/dev/null; sync; echo ready; sleep 100'
	written() {
		"$WOLFFIA" stats --no-stream --format '{{.BlockIO}}' web
	}
	[[ "$(written)" =~ ^[0-9.]+k?M?B\ /\ [0-9.]+MB$ ]]
	# after a restart it has other namespaces, which are found again
	start_program "$WOLFFIA" stats --format '{{.BlockIO}}.' web
	await "MB."
	"$WOLFFIA" restart -t 0 web
	await "MB."
	await "MB."
	kill "$pid"
	await_end
}

@test "stats of what does not run is unknown, and is shown when it is named" {
	create made true
	run -0 timeout 30 "$WOLFFIA" stats --no-stream
	[ "${#lines[@]}" = 1 ]
	for how in made -a; do
		run -0 timeout 30 "$WOLFFIA" stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}' "$how"
		[ "$output" = "made -- -- / -- -- / -- --" ]
	done
	run -125 --separate-stderr timeout 30 "$WOLFFIA" stats nobody
	fails_with 125 'there is no container "nobody"'
}

@test "stats goes on, each second, until it is interrupted" {
	up web sleep 100
	start_program "$WOLFFIA" stats --format '{{.Name}} {{.PIDs}}'
	await "web 2"
	await "web 2"
	kill -INT "$pid"
	await_end
	[ "$status" = 130 ]
}

# --- info, version

@test "stats --interval and --no-reset" {
	up web sleep 100
	start_program "$WOLFFIA" stats -i 20ms --no-reset --format '{{.Name}} {{.PIDs}}'
	for _ in 1 2 3 4 5 6 7 8; do
		await "web 2"
	done
	kill -INT "$pid"
	await_end
	[ "$status" = 130 ]
	run "$TOOLS/in_terminal" -w "web 2" -s '' -w "web 2" -s '\003' "$WOLFFIA" stats -i 20ms --no-reset --format '{{.Name}} {{.PIDs}}'
	lacks $'\e' <<<"$output"
	for time in 0 x -1; do
		run --separate-stderr "$WOLFFIA" stats -i "$time" web
		fails_with 125 "--interval"
	done
}

@test "container exists and image exists answer by their status" {
	create made true
	run -0 "$WOLFFIA" container exists made
	[ -z "$output" ]
	run -0 "$WOLFFIA" container exists "${id:0:10}"
	run -1 "$WOLFFIA" container exists nobody
	[ -z "$output" ]
	tar -C "$ROOT" -c bin | "$WOLFFIA" import -q - localhost/there:1
	run -0 "$WOLFFIA" image exists there:1
	run -1 "$WOLFFIA" image exists there:2
	[ -z "$output" ]
	run -1 "$WOLFFIA" container exists there:1
	run -125 --separate-stderr "$WOLFFIA" image exists
	fails_with 125 "the name is missing"
	"$WOLFFIA" rmi -q there:1
}

@test "info counts containers" {
	create made true
	up runs sleep 100
	run -0 "$WOLFFIA" info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}} {{.Images}} {{.DockerRootDir}}'
	[ "$output" = "2 1 0 1 0 $WOLFFIA_STORE" ]
	run -0 "$WOLFFIA" info
	[[ "$output" == *"Containers: 2"* ]]
	[[ "$output" == *"Store: $WOLFFIA_STORE"* ]]
	"$WOLFFIA" info -f json | jq -e '.NCPU > 0 and .MemTotal > 0 and .OSType == "linux"'
}

@test "version has the form that scripts ask docker for" {
	version=$("$WOLFFIA" --version)
	[ "$("$WOLFFIA" version)" = "$version" ]
	[ "wolffia $("$WOLFFIA" version --format '{{.Client.Version}}')" = "$version" ]
	[ "wolffia $("$WOLFFIA" version -f '{{.Server.Version}}')" = "$version" ]
	"$WOLFFIA" version --format json | jq -e '.Client.Os == "linux"'
	run -125 --separate-stderr "$WOLFFIA" version more
	fails_with 125 "one argument too many"
}

# --- prune

@test "prune removes what does not run, and says what that gave" {
	create made true
	ended over sh -c 'head -c 5000 /dev/zero >/x'
	over=$id
	up runs sleep 100
	run -0 "$WOLFFIA" prune -f
	[ "${lines[0]}" = "Deleted Containers:" ]
	[[ "$output" == *"$over"* ]]
	[ "${lines[-1]}" = "Total reclaimed space: 5kB" ]
	[ "$(names -a)" = runs ]
	run -0 "$WOLFFIA" prune -f
	[ "$output" = "Total reclaimed space: 0B" ]
}

@test "prune asks, and takes nothing but a yes for one" {
	for answer in "" n no " y" x; do
		create made true
		run -125 --separate-stderr bash -c 'printf "%s\n" "$1" | "$WOLFFIA" prune' _ "$answer"
		fails_with 125 "nothing was removed"
		[ "$(names -a)" = made ]
		"$WOLFFIA" rm made >/dev/null
	done
	create made true
	run -125 --separate-stderr "$WOLFFIA" prune </dev/null
	[[ "$stderr" == *"--force does not ask"* ]]
	run -0 bash -c 'echo y | "$WOLFFIA" container prune'
	[ "$(names -a)" = "" ]
}

@test "prune has filters" {
	create old --label keep true
	create new true
	"$WOLFFIA" prune -f --filter until=1h >/dev/null
	[ "$(names -a)" = "new old" ]
	"$WOLFFIA" prune -f --filter label!=keep >/dev/null
	[ "$(names -a)" = old ]
	"$WOLFFIA" prune -f --filter label=other >/dev/null
	[ "$(names -a)" = old ]
	"$WOLFFIA" prune -f --filter label=keep >/dev/null
	[ "$(names -a)" = "" ]
	run -125 --separate-stderr "$WOLFFIA" prune -f --filter name=x
	fails_with 125 "cannot filter by"
}

# --- systemd

@test "systemd prints a unit that systemd takes" {
	command -v systemd-analyze >/dev/null || skip_or_fail "there is no systemd-analyze"
	mkdir run "a directory with %h \$HOME"
	for restart in no always on-failure on-failure:3 unless-stopped; do
		create web --restart "$restart" --stop-signal INT true
		"$WOLFFIA" systemd web >web.service
		XDG_RUNTIME_DIR=$PWD/run run -0 systemd-analyze verify --user --man=no "$PWD/web.service"
		[ -z "$output" ]
		"$WOLFFIA" rm web >/dev/null
	done
	# a program and a store with names that mean something to systemd
	cp "$WOLFFIA" "a directory with %h \$HOME/wolffia"
	odd="$PWD/a directory with %h \$HOME/wolffia"
	"$odd" --store "$PWD/a directory with %h \$HOME/store" create --name web --rootfs "$ROOT" true >/dev/null
	"$odd" --store "$PWD/a directory with %h \$HOME/store" systemd web >web.service
	XDG_RUNTIME_DIR=$PWD/run run -0 systemd-analyze verify --user --man=no "$PWD/web.service"
	[ -z "$output" ]
	"$odd" --store "$PWD/a directory with %h \$HOME/store" rm web >/dev/null
}

@test "systemd: what was asked for is in the unit" {
	create web true
	run -0 "$WOLFFIA" systemd web --time 90 --restart-policy on-abort --name my-web
	[[ "$output" == "# my-web.service"* ]]
	grep -qx 'TimeoutStopSec=100' <<<"$output"
	grep -qx 'Restart=on-abort' <<<"$output"
	run -0 "$WOLFFIA" systemd --files --name my-web web
	[ "$output" = "$PWD/my-web.service" ]
	grep -qx 'Type=notify' my-web.service
	run -125 --separate-stderr "$WOLFFIA" systemd web --name ../x
	fails_with 125 "is no name of a unit"
	run -125 --separate-stderr "$WOLFFIA" systemd web --restart-policy never
	fails_with 125 "--restart-policy"
	run -125 --separate-stderr "$WOLFFIA" systemd --new web
	fails_with 125 "--new"
	"$WOLFFIA" create --rm --name short --rootfs "$ROOT" true >/dev/null
	run -125 --separate-stderr "$WOLFFIA" systemd short
	fails_with 125 "is removed when it ends"
}

# said TEXT: it has come, or will; two who write have no order
said() {
	[[ "$said" == *"$1"* ]] || await "$1"
}

# the command of the unit's ExecStart= or ExecStop=, in the array "exec"
unit_command() {
	read -ra exec < <(sed -n "s/^$1=//p" web.service)
}

@test "a unit's service says that it is ready, and ends with the status of the command" {
	create web sh -c 'echo up; read -r status </go; exit "$status"'
	"$WOLFFIA" systemd web >web.service
	unit_command ExecStart
	for socket in "$PWD/notify" "@wolffia-test-$$"; do
		"$WOLFFIA" rm web >/dev/null
		create web sh -c 'mkfifo /go; echo up; read -r status </go; exit "$status"'
		start_program "$TOOLS/service_manager" "$socket" "${exec[@]}"
		for line in "notify READY=1" "notify MAINPID=" up; do
			said "$line"
		done
		[[ "$said" == *"notify MAINPID=$(launcher_of web)"* ]]
		# the end of the container may be quicker than that of this
		run "$WOLFFIA" exec web sh -c 'echo 42 >/go'
		await_end
		[ "$status" = 42 ]
		[[ "$said" == *"notify STOPPING=1"* ]]
		[[ "$said" != *stranger* ]]
	done
}

# newuidmap is held up
# bats test_tags=many-ids
@test "READY=1 is not said before the command runs, and never if it does not" {
	create web sh -c 'sleep 100'
	# newuidmap waits until it is let go on
	mkdir bin
	mkfifo here go
	real=$(command -v newuidmap)
	printf '#!/bin/sh\necho >"%s"\nread -r _ <"%s"\nexec "%s" "$@"\n' \
		"$PWD/here" "$PWD/go" "$real" >bin/newuidmap
	chmod +x bin/newuidmap
	PATH=$PWD/bin:$PATH start_program "$TOOLS/service_manager" "$PWD/notify" \
		"$WOLFFIA" start --foreground web
	read -r _ <here
	line=
	read -r -t 0.2 -u "$out_fd" line || true
	echo >go
	[ -z "$line" ]
	await "notify READY=1"
	"$WOLFFIA" stop web
	await_end
	[ "$status" = 143 ]
	create broken no-such-command
	run -127 "$TOOLS/service_manager" "$PWD/notify2" "$WOLFFIA" start --foreground broken
	[[ "$output" != *READY* ]]
}

@test "a unit stops its service with the container's signal, and that is success" {
	create web --stop-signal INT sleep 100
	"$WOLFFIA" systemd web >web.service
	unit_command ExecStart
	start_program "$TOOLS/service_manager" "$PWD/notify" "${exec[@]}"
	await "notify READY=1"
	unit_command ExecStop
	run -0 "${exec[@]}"
	await_end
	grep -qx "SuccessExitStatus=$status" web.service
	[ "$status" = 130 ]
	# systemd does it again when the service has ended by itself
	run -0 "${exec[@]}"
}

@test "under a service manager each end is an end" {
	create web --restart always sh -c 'exit 3'
	run -3 timeout 20 "$TOOLS/service_manager" "$PWD/notify" "$WOLFFIA" start --foreground web
	[ "$(field web restarts)" = 0 ]
	# it is still as it was made
	[ "$("$WOLFFIA" inspect -f '{{.HostConfig.RestartPolicy.Name}}' web)" = always ]
}

@test "the service manager's socket does not reach the container" {
	run -0 "$TOOLS/service_manager" "$PWD/notify" "$WOLFFIA" run --rm --rootfs "$ROOT" \
		sh -c 'env; tr "\0" "\n" </proc/1/environ 2>/dev/null; true'
	[[ "$output" == *"notify READY=1"* ]]
	[[ "$output" != *NOTIFY_SOCKET* ]]
}

@test "who is not in the foreground tells a service manager nothing" {
	# the launcher answers to exec when it has said all that it had to say
	run -0 "$TOOLS/service_manager" "$PWD/notify" sh -c '
		"$WOLFFIA" run -d --name web --rootfs "$ROOT" sleep 100
		"$WOLFFIA" exec web true'
	[[ "$output" != *READY* ]]
	[[ "$output" != *stranger* ]]
	# one that is there no more does not keep a container from running
	NOTIFY_SOCKET=$PWD/nobody run -0 in_root echo fine
	[ "$output" = fine ]
}
