#!/usr/bin/env bats
# wolffia doctor: what is wrong is found, one thing at a time, and nothing else.

# shellcheck disable=SC2016 # what is in single quotes is expanded by others
load helper

setup() {
	: "${WOLFFIA:?}"
	helper_setup
}

teardown() {
	helper_teardown
}

has_subids() {
	grep -q "^\($(id -un)\|$(id -u)\):" /etc/subuid
}

# the line (and what is folded) of one check
finding() {
	awk -v name="$1" '
		/^[a-zA-Z]/ { on = substr($0, 7, length(name) + 1) == name " " }
		on' <<<"$output" | tr -s '\n ' ' '
}

# only these checks failed
assert_failed() {
	local failed
	failed=$(awk '/^FAIL/ { print substr($0, 7, 20) }' <<<"$output" |
		sed 's/ *$//' | paste -sd,)
	[ "$failed" = "$1" ] || {
		echo "failed: $failed, wanted: $1"
		echo "$output"
		return 1
	}
}

@test "where a container starts doctor says so, and one does start" {
	run "$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == "A container can be started." ]]
	assert_failed ""
	"$WOLFFIA" run -q @host true
}

@test "every line has a verdict or belongs to the one above" {
	run "$WOLFFIA" doctor
	grep -q '^ok  ' <<<"$output"
	run ! grep -Ev '^((ok  |warn|FAIL|skip)  [^ ]| {27}[^ ]| {6}-> |$|A container)' <<<"$output"
}

@test "nothing is left behind, and no store is made" {
	"$WOLFFIA" doctor
	[ ! -e "$WOLFFIA_STORE" ]
	[ -z "$(find "$DIR" -name '*doctor*')" ]
	[ "$(cd "$DIR" && echo *)" = "auth.json home run" ]
}

@test "a store that is there is not changed" {
	image images
	find "$WOLFFIA_STORE" -printf '%p %m %T@ %s\n' | grep -v '/tmp ' |
		sort >"$DIR/before"
	"$WOLFFIA" doctor
	find "$WOLFFIA_STORE" -printf '%p %m %T@ %s\n' | grep -v '/tmp ' |
		sort >"$DIR/after"
	diff "$DIR/before" "$DIR/after"
	assert_nothing_left
}

@test "--json is one object, with the same verdicts" {
	need jq
	run --separate-stderr "$WOLFFIA" doctor --json
	[ "$status" -eq 0 ]
	[ "$(jq .can_start <<<"$output")" = true ]
	[ "$(jq '[.checks[] | select(.text == "" or .name == "")] | length' \
		<<<"$output")" = 0 ]
	[ "$(jq -r '.checks[] | select(.name == "kernel").verdict' \
		<<<"$output")" != FAIL ]
	[ "$(jq '.checks | length' <<<"$output")" -ge 20 ]
}

@test "--quiet says only what is not all right" {
	run "$WOLFFIA" doctor --quiet
	[ "$status" -eq 0 ]
	[[ $'\n'$output != *$'\n'ok* ]]
	[[ $output != *"can be started"* ]]
}

@test "an argument is refused" {
	run "$WOLFFIA" doctor me
	[ "$status" -eq 125 ]
	[[ $output == *'no argument "me"'* ]]
}

# bats test_tags=one-id
@test "without a range there is a warning, and a usermod line with a free one" {
	! has_subids || skip "this user has subordinate ids"
	run "$WOLFFIA" doctor
	[ "$status" -eq 0 ]
	[[ $(finding "subordinate ids") == warn* ]]
	[[ $output == *"usermod --add-subuids "*"usermod --add-subgids "* ]]
	local range first last
	range=$(sed -n 's/.*--add-subuids \([0-9-]*\) .*/\1/p' <<<"$output")
	first=${range%-*} last=${range#*-}
	[ $((last - first)) -eq 65535 ]
	awk -F: -v first="$first" -v last="$last" '
		$2 <= last && $2 + $3 > first { exit 1 }' /etc/subuid
}

# bats test_tags=many-ids
@test "with a range its ids are really mapped" {
	has_subids || skip "this user has no subordinate ids"
	run "$WOLFFIA" doctor
	[[ $(finding "subordinate ids") == ok* ]]
	[[ $(finding "id mapping") == ok*" 65537 user "* ]]
}

# bats test_tags=many-ids
@test "no_new_privs is why newuidmap gains no rights" {
	has_subids || skip "this user has no subordinate ids"
	need setpriv
	run setpriv --no-new-privs "$WOLFFIA" doctor
	[ "$status" -eq 1 ]
	assert_failed "newuidmap,newgidmap,id mapping"
	[[ $(finding newuidmap) == *"no_new_privs"* ]]
	[[ $(finding "mount proc") == skip* ]]
	run setpriv --no-new-privs "$WOLFFIA" run @host true
	[ "$status" -eq 125 ]
	[[ $output == *"no_new_privs"* ]]
}

@test "a user namespace of one's own is no failure in itself" {
	need_elsewhere
	run elsewhere : "$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $(finding "subordinate ids") == warn* ]]
}

@test "max_user_namespaces = 0 is said, by doctor and by run" {
	need_elsewhere
	local script='echo 0 >/proc/sys/user/max_user_namespaces'
	run elsewhere "$script" "$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 1 ]
	assert_failed "user namespace"
	[[ $(finding "user namespace") == *"user.max_user_namespaces is 0"* ]]
	[[ $(finding "mount proc") == skip* ]]
	run elsewhere "$script" "$WOLFFIA" run @host true
	[ "$status" -eq 125 ]
	[[ $output == *"user.max_user_namespaces is 0"*hint:* ]]
}

@test "the one namespace that is left is too few for the inner one" {
	need_elsewhere
	run elsewhere 'echo 1 >/proc/sys/user/max_user_namespaces' \
		"$WOLFFIA" doctor
	[ "$status" -eq 1 ]
	# the kernel gives back in its own time what the test before had
	[ "$status" -eq 1 ]
	[[ $(tr -s '\n ' ' ' <<<"$output") == *"user.max_user_namespaces = 1 here"* ]]
}

@test "a chroot is said, by doctor and by run" {
	need_elsewhere
	local dir root=$DIR/root
	for dir in usr etc proc dev sys; do
		mkdir -p "$root/$dir"
	done
	mkdir -p "$root$DIR" "$root$(dirname "$WOLFFIA")"
	for dir in bin lib lib32 lib64 sbin; do
		[ ! -L "/$dir" ] || cp -P "/$dir" "$root/"
		[ -L "/$dir" ] || [ ! -d "/$dir" ] || mkdir "$root/$dir"
	done
	cat >"$DIR/script" <<-EOF
		for dir in usr etc proc dev sys bin lib lib32 lib64 sbin; do
			[ -L "/\$dir" ] || [ ! -d "/\$dir" ] ||
				mount --rbind "/\$dir" "$root/\$dir"
		done
		mount --bind "$(dirname "$WOLFFIA")" "$root$(dirname "$WOLFFIA")"
		mount --bind "$DIR/home" "$root$DIR"
		prefix="/usr/sbin/chroot $root"
	EOF
	run elsewhere ". $DIR/script" \
		"$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $(finding "user namespace") == FAIL*"in a chroot"* ]]
	run elsewhere ". $DIR/script" \
		"$WOLFFIA" run @host true
	[ "$status" -eq 125 ]
	[[ $output == *"in a chroot"*hint:* ]]
}

@test "without fuse-overlayfs doctor says how to install it" {
	need_elsewhere
	need fuse-overlayfs
	run elsewhere "mount --bind /dev/null $(command -v fuse-overlayfs)" \
		"$WOLFFIA" doctor
	[ "$status" -eq 1 ]
	assert_failed "fuse-overlayfs"
	[[ $output == *"-> install it: apt install fuse-overlayfs"* ]]
	[[ $(finding "file system server") == skip* ]]
}

@test "a fuse-overlayfs that does not serve is found" {
	need_elsewhere
	need fuse-overlayfs
	printf '#!/bin/sh\n[ "$1" = --version ] && exec echo version 9\necho "no such luck" >&2\nexit 3\n' \
		>"$DIR/broken"
	chmod 755 "$DIR/broken"
	run elsewhere "mount --bind $DIR/broken $(command -v fuse-overlayfs)" \
		"$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 1 ]
	assert_failed "file system server"
	[[ $(finding "file system server") == *"no such luck"* ]]
	[[ $(finding "fuse-overlayfs") == *"version 9"* ]]
}

@test "a /dev/fuse that may not be opened is found" {
	need_elsewhere
	install -m 000 /dev/null "$DIR/closed"
	run elsewhere "mount --bind $DIR/closed /dev/fuse" "$WOLFFIA" doctor
	[ "$status" -eq 1 ]
	assert_failed "/dev/fuse,file system server"
	[[ $output == *"chmod 0666 /dev/fuse"* ]]
}

@test "something else in the place of /dev/fuse is found" {
	need_elsewhere
	run elsewhere "mount --bind /dev/null /dev/fuse" "$WOLFFIA" doctor
	[ "$status" -eq 1 ]
	[[ $(finding /dev/fuse) == FAIL*"10:229"* ]]
}

@test "what hides a part of /proc is named" {
	need_elsewhere
	run elsewhere "mount --bind /dev/null /proc/kallsyms" "$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 1 ]
	assert_failed "mount proc"
	[[ $(finding "mount proc") == *"/proc/kallsyms is hidden"* ]]
	[[ $output == *"unmask=ALL"* ]]
}

@test "a store that others may write is found" {
	mkdir -m 777 "$WOLFFIA_STORE"
	run "$WOLFFIA" doctor
	[ "$status" -eq 1 ]
	assert_failed "store"
	[[ $output == *"-> chmod 700 '$WOLFFIA_STORE'"* ]]
	chmod 700 "$WOLFFIA_STORE"
	"$WOLFFIA" doctor
}

@test "a store of somebody else, and one that cannot be made, are found" {
	run "$WOLFFIA" --store /usr doctor
	[ "$status" -eq 1 ]
	[[ $(finding store) == FAIL*"belongs to user 0"* ]]
	run "$WOLFFIA" --store /usr/share/none doctor
	[ "$status" -eq 1 ]
	[[ $(finding store) == FAIL*"make a directory in /usr/share"* ]]
}

@test "a store on noexec, and one on an unfit file system, are found" {
	need_elsewhere
	mkdir "$DIR/mnt"
	export WOLFFIA_STORE=$DIR/mnt/store
	run elsewhere "mount -t tmpfs -o noexec,mode=777 t $DIR/mnt" \
		"$WOLFFIA" doctor
	[ "$status" -eq 0 ]
	[[ $(finding store) == warn*noexec* ]]
	mkdir "$DIR/l" "$DIR/u" "$DIR/w"
	run elsewhere "mount -t overlay -o userxattr,lowerdir=$DIR/l,upperdir=$DIR/u,workdir=$DIR/w o $DIR/mnt" \
		"$WOLFFIA" doctor
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $(finding "kernel overlay") == warn*overlay* ]]
}

# a fuse-overlayfs that never answers, and tells the test that it was asked
hanging_server() {
	mkfifo "$DIR/asked"
	printf '#!/bin/sh\necho yes >%s/asked\nexec sleep 1000.%s\n' "$DIR" "$$" \
		>"$DIR/hanging"
	chmod 755 "$DIR/hanging"
}

@test "a test that hangs is ended, and the others go on" {
	need_elsewhere
	need fuse-overlayfs
	hanging_server
	# whoever asks finds a reader
	exec 4<>"$DIR/asked"
	run elsewhere "mount --bind $DIR/hanging $(command -v fuse-overlayfs)" \
		"$WOLFFIA" doctor
	exec 4>&-
	echo "$output"
	[ "$status" -eq 1 ]
	assert_failed "fuse-overlayfs,file system server"
	[[ $(finding "file system server") == *"no answer within"* ]]
	[[ $(finding Landlock) == ok* || $(finding Landlock) == warn* ]]
	[ -z "$(find "$DIR" -name '*doctor*')" ]
	run ! pgrep -u "$(id -u)" -f "^sleep 1000\.$$\$"
}

@test "asked to end it leaves nothing behind" {
	need_elsewhere
	need fuse-overlayfs
	hanging_server
	exec="exec" elsewhere \
		"mount --bind $DIR/hanging $(command -v fuse-overlayfs)" \
		"$WOLFFIA" doctor >"$DIR/output" 3>&- &
	local pid=$! status=0
	read -r _ <"$DIR/asked"
	[ -n "$(find "$DIR" -name '*doctor*')" ]
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ -z "$(find "$DIR" -name '*doctor*')" ]
}
