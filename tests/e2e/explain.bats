#!/usr/bin/env bats
# wolffia explain: what it says is what a container then has.

# shellcheck disable=SC2016,SC2154 # $stderr is set by bats
load helper

setup() {
	: "${WOLFFIA:?}"
	helper_setup
	need jq
}

teardown() {
	helper_teardown
}

explain() {
	"$WOLFFIA" explain --format json run -q "$@"
}

# the risk's level and reasons, of a command line
risk() {
	explain "$@" 2>"$DIR/errors" | jq -r '.risk | .level, .reasons[].text'
}

has_subids() {
	grep -q "^\($(id -un)\|$(id -u)\):" /etc/subuid
}

@test "the text has all parts, in 80 columns" {
	run --separate-stderr "$WOLFFIA" explain run --tmpfs /t @host sh -c 'echo a b'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == Risk:* ]]
	local part
	for part in root command streams user 'your files' 'id map' mounts \
		namespaces network capabilities no_new_privs seccomp Landlock \
		hidden read-only limits environment plan; do
		grep -q "^$part" <<<"$output"
	done
	# a word that is longer than a line is not cut
	[ -z "$(awk 'length > 80 && NF > 2' <<<"$output")" ]
}

@test "nothing is started and no volume is made" {
	explain -v data:/data @host touch /data/x >/dev/null
	[ -z "$(ls -A "$WOLFFIA_STORE/containers")" ]
	[ -z "$(ls -A "$WOLFFIA_STORE/volumes")" ]
	[ -z "$(ls -A "$WOLFFIA_STORE/names")" ]
}

# bats test_tags=many-ids
@test "without volumes the caller is not in the container, and the risk low" {
	has_subids || skip "this user has no subordinate ids"
	[ "$(risk @host)" = low ]
	[ "$(explain @host | jq .user.caller_uid_inside)" = null ]
	[ "$(explain @host | jq .user.is_caller)" = false ]
}

# bats test_tags=one-id
@test "without subordinate ids root in the container is the caller: medium" {
	! has_subids || skip "this user has subordinate ids"
	[[ $(risk @host) == medium*"user 0 of the container is you"* ]]
	[ "$(explain @host | jq -r .user.mode)" = single ]
	[ "$(explain @host | jq .user.host_uid)" = "$(id -u)" ]
	[ "$(explain @host | jq '.user.uid_map | length')" = 1 ]
}

@test "a directory that can be written is medium; read-only it is less" {
	mkdir src
	[[ $(risk -v ./src:/src @host) == medium*"$DIR/src of the host can be changed"* ]]
	[[ $(risk -v ./src:/src:ro @host) != *"can be changed"* ]]
}

@test "links are resolved before they are judged" {
	mkdir -p "$HOME/.ssh"
	ln -s "$HOME/.ssh" innocent
	[[ $(risk -v ./innocent:/x:ro @host) == high*"your ssh keys"* ]]
	[ "$(explain -v ./innocent:/x:ro @host | jq -r '.mounts[0].real')" = \
		"$HOME/.ssh" ]
	run "$WOLFFIA" explain run -q -v ./innocent:/x:ro @host
	[[ $(tr -s '\n ' ' ' <<<"$output") == *"$DIR/innocent -> $HOME/.ssh"* ]]
}

@test "a socket is high, also read-only" {
	need python3
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("s")'
	[[ $(risk -v ./s:/s:ro @host) == high*"socket of a program outside"* ]]
	[ "$(explain -v ./s:/s:ro @host | jq '.mounts[0].socket')" = true ]
}

@test "walls that are taken away have their level" {
	[[ $(risk --security-opt seccomp=unconfined @host) == high*"filter"* ]]
	[[ $(risk --cap-add SYS_ADMIN @host) == high*CAP_SYS_ADMIN* ]]
	[[ $(risk --security-opt landlock=off @host) == medium*Landlock* ]]
	[[ $(risk --pids-limit 0 @host) == medium*"no limit of processes"* ]]
	[[ $(risk --profile none --i-know @host) == high* ]]
	[[ $(risk --network host @host) == [mh]*loopback* ]]
}

@test "--max-risk is a gate, and says why it is closed" {
	mkdir src
	run "$WOLFFIA" explain --max-risk high run -q -v ./src:/s @host
	[ "$status" -eq 0 ]
	run "$WOLFFIA" explain --max-risk medium run -q -v ./src:/s @host
	[ "$status" -eq 0 ]
	run --separate-stderr "$WOLFFIA" explain --format json --max-risk low \
		run -q -v ./src:/s @host
	[ "$status" -eq 1 ]
	[ "$(jq -r .risk.level <<<"$output")" = medium ]
	[[ $stderr == *"the risk is medium, above --max-risk low"* ]]
	run "$WOLFFIA" explain --max-risk none run @host
	[ "$status" -eq 125 ]
}

@test "what looks like a secret is not shown" {
	export TOKEN=hunter2
	run "$WOLFFIA" explain run -q -e TOKEN -e A=1 \
		-e DB=postgres://me:hunter2@db/x @host
	[[ $output == *"TOKEN=***"* ]]
	[[ $output == *"A=1"* ]]
	[[ $output != *hunter2* ]]
	[[ $(explain -e TOKEN @host) != *hunter2* ]]
}

@test "a wrong command line is said, and ends with 125" {
	run "$WOLFFIA" explain @host
	[ "$status" -eq 125 ]
	[[ $output == *"wolffia explain [OPTION...] run"* ]]
	run "$WOLFFIA" explain run --no-such-option @host
	[ "$status" -eq 125 ]
	run "$WOLFFIA" explain --format yaml run @host
	[ "$status" -eq 125 ]
	run "$WOLFFIA" explain run
	[ "$status" -eq 125 ]
}

# What is said against what is: the same command line, explained and run.

@test "capabilities, no_new_privs and seccomp are those of the workload" {
	local option
	for option in --cap-drop=ALL --cap-drop=KILL --cap-add=SYS_PTRACE \
		--security-opt=no-new-privileges=false --user=1:1; do
		echo "$option"
		[ "$option" != --user=1:1 ] || has_subids || continue
		"$WOLFFIA" run -q "$option" @host cat /proc/self/status >status
		explain "$option" @host cat /proc/self/status >said
		local real=$((16#$(awk '/^CapEff:/ { print $2 }' status)))
		local bits=0
		while ((real)); do
			((bits += real & 1, real >>= 1)) || true
		done
		[ "$bits" -eq "$(jq 'if .capabilities_of == "workload" then .capabilities | length else 0 end' said)" ]
		[ "$(awk '/^NoNewPrivs:/ { print $2 }' status)" -eq \
			"$(jq 'if .no_new_privileges then 1 else 0 end' said)" ]
		[ "$(awk '/^Seccomp:/ { print $2 }' status)" -eq 2 ]
	done
}

@test "the variables are those that the workload gets" {
	local args=(-e A=1 -e B=2 --hostname here @host)
	"$WOLFFIA" run -q "${args[@]}" env | sort >real
	explain "${args[@]}" |
		jq -r '.environment[] | .name + "=" + .value' | sort >said
	diff real said
}

@test "the limits are those that the workload gets" {
	local args=(--ulimit nofile=100:200 --ulimit core=0 @host sh -c)
	"$WOLFFIA" run -q "${args[@]}" \
		'echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -Sc)' >real
	explain "${args[@]}" true | jq -r '.limits.rlimits |
		"\(.nofile[0]) \(.nofile[1]) \(.core[0])"' >said
	diff real said
}

@test "what the workload writes belongs to the host's id that was said" {
	mkdir src
	local args=(-v ./src:/src @host touch /src/file)
	"$WOLFFIA" run -q "${args[@]}"
	explain "${args[@]}" >said
	[ "$(stat -c %u:%g src/file)" = \
		"$(jq -r '.user | "\(.host_uid):\(.host_gid)"' said)" ]
	[ "$("$WOLFFIA" run -q -v ./src:/src @host stat -c %u /src)" = \
		"$(jq .mounts[0].owner_inside said)" ]
}

@test "the namespaces are its own or the host's, as was said" {
	local args=(--network host @host) name
	"$WOLFFIA" run -q "${args[@]}" sh -c \
		'for n in user mnt pid net ipc uts cgroup; do
			echo $n $(readlink /proc/self/ns/$n); done' >real
	explain "${args[@]}" | jq -r '.namespaces | to_entries[] |
		select(.value == "own" or .value == "host") |
		"\(.key) \(.value)"' | sed 's/^mount/mnt/; s/^network/net/' >said
	[ "$(wc -l <said)" -eq 7 ]
	while read -r name link; do
		local expected=own
		[ "$(readlink "/proc/self/ns/$name")" != "$link" ] ||
			expected=host
		grep -qx "$name $expected" said
	done <real
}

@test "the plan is what --status-fd reports as done" {
	"$WOLFFIA" run -q --status-fd 3 @host true 3>status
	jq -r 'select(.event == "started").steps[].name' status | sort >real
	# the report is written in the last step
	explain @host true | jq -r '.plan[].step' | grep -vx 'note the start' |
		sort >said
	diff real said
}
