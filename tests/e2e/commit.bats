# diff, commit and export: what a container wrote, as its user sees it, and as
# foreign tools read it; and rmi of what a container was made of

# what is quoted is for the container's shell, $how is a list of options, and
# status and output come from bats
# shellcheck disable=SC2016,SC2086,SC2154

load helper_life

# every way in which a container's writes are kept
ways=("--userns single")
! possible "--userns nomap" || ways+=(
	"--userns nomap"
	"--userns nomap --driver fuse-overlayfs"
	"--userns as-me"
	"--userns as-me --driver overlay"
)

setup_file() {
	setup_run
	mkdir -p "$ROOT"/{gone,renamed,replaced,kept/deep}
	echo one >"$ROOT/gone/file"
	echo two >"$ROOT/renamed/file"
	echo three >"$ROOT/replaced/old"
	echo four >"$ROOT/kept/deep/file"
	echo five >"$ROOT/kept/removed"
	echo six >"$ROOT/kept/mode"
	tar -C "$ROOT" --numeric-owner --owner=0 --group=0 --sort=name \
		-cf "$BATS_FILE_TMPDIR/root.tar" .
	"$WOLFFIA" import -q "$BATS_FILE_TMPDIR/root.tar" base
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null 2>&1 || true
	"$WOLFFIA" rmi -fq next next2 2>/dev/null || true
	store_is_empty
	[ -z "$(ls -A "$WOLFFIA_STORE/tmp")" ]
}

# made NAME [OPTION...] IMAGE COMMAND...: a container that has ended
made() {
	local name=$1
	shift
	"$WOLFFIA" run -q --rm=false --name "$name" "$@"
}

# one of each kind of change
change='
	rm -rf /gone /kept/removed /replaced
	mkdir /replaced
	echo new >/replaced/new
	mv /renamed /moved
	echo more >>/kept/deep/file
	chmod 600 /kept/mode
	mkdir -p /added/dir
	echo added >/added/dir/file
	ln /added/dir/file /added/link
	ln -s /nowhere /added/symlink
	mkfifo /added/fifo
'

changes='A /added
A /added/dir
A /added/dir/file
A /added/fifo
A /added/link
A /added/symlink
D /gone
C /kept
C /kept/deep
C /kept/deep/file
C /kept/mode
D /kept/removed
A /moved
A /moved/file
D /renamed
C /replaced
A /replaced/new
D /replaced/old'

@test "diff tells what was added, changed and deleted, in the same words in all ways" {
	for how in "${ways[@]}"; do
		made c $how base sh -c "$change"
		run -0 --separate-stderr "$WOLFFIA" diff c
		[ -z "$stderr" ]
		diff <(echo "$changes") <(echo "$output")
		"$WOLFFIA" rm c
	done
}

@test "diff: a container that wrote nothing changed nothing" {
	# an image in which even the mount points are missing, or are links
	mkdir -p bare/bin bare/etc
	cp "$ROOT/bin/busybox" bare/bin/
	ln -s busybox bare/bin/true
	ln -s ../run/resolv.conf bare/etc/resolv.conf
	tar -C bare --numeric-owner --owner=0 --group=0 -cf bare.tar .
	"$WOLFFIA" import -q bare.tar next
	for how in "${ways[@]}"; do
		made c $how -v "$PWD/bare:/srv/volume/here:ro" \
			--tmpfs /var/tmp next true
		run -0 "$WOLFFIA" diff c
		[ -z "$output" ]
		"$WOLFFIA" rm c
	done
}

@test "diff of directories and of this machine's root" {
	made c --rootfs "$ROOT" sh -c "$change"
	run -0 "$WOLFFIA" diff c
	diff <(echo "$changes") <(echo "$output")
	made h @host sh -c 'mkdir /new; : >/tmp/file; mkdir /home/me'
	run -0 "$WOLFFIA" diff h
	diff <(printf '%s\n' 'C /home' 'A /home/me' 'A /new' 'C /tmp' \
		'A /tmp/file') <(echo "$output")
	made w --rootfs "$ROOT:rw" true
	run -125 --separate-stderr "$WOLFFIA" diff w
	one_clear_line
	[[ "$stderr" == *"writes into $ROOT itself"* ]]
}

@test "diff of a running container, and as JSON" {
	up_saying c ready sh -c 'echo x >/new; rm -r /gone; echo ready; sleep 100'
	run -0 "$WOLFFIA" diff --format json c
	jq -e '. == {changed: [], added: ["/new"], deleted: ["/gone"]}' <<<"$output"
	run -125 --separate-stderr "$WOLFFIA" diff --format yaml c
	one_clear_line
}

@test "diff: a name with a line feed is one line, and JSON even if it is no text" {
	made c base sh -c 'cd /tmp; : >"$(printf "a\nA etc")"; : >"$(printf "\377")"'
	run -0 "$WOLFFIA" diff c
	diff <(printf '%s\n' 'C /tmp' 'A /tmp/a\x0aA etc' 'A /tmp/\xff') \
		<(echo "$output")
	run -0 "$WOLFFIA" diff --format json c
	jq -e '.added == ["/tmp/a\nA etc", "/tmp/\\xff"]' <<<"$output"
}

# --- commit

# listing IMAGE [OPTION...]: all of its files but those of the system
listing() {
	local image=$1
	shift
	"$WOLFFIA" run -q "$@" "$image" sh -c '
		find / -xdev ! -path "/proc*" ! -path "/sys*" ! -path "/dev*" |
		grep -v "^/etc/host\|^/etc/resolv" | sort |
		while read -r f; do
			[ -d "$f" ] && stat -c "%n %f %u:%g" "$f" ||
				stat -c "%n %f %u:%g %Y" "$f"
			[ -f "$f" ] && [ ! -L "$f" ] && sha256sum <"$f" || true
		done'
}

@test "commit: the new image is what the container saw, in all ways" {
	for how in "${ways[@]}"; do
		made c $how base sh -c "$change"
		run -0 --separate-stderr "$WOLFFIA" commit c next:1
		[[ "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
		# who has one id is told each time that layers have one owner
		[ -z "$stderr" ] || ! possible "--userns nomap"
		listing next:1 $how >after
		"$WOLFFIA" export c | tar -xOf - kept/deep/file >content
		[ "$(<content)" = $'four\nmore' ]
		grep -q '^/added/dir/file ' after
		grep -q '^/moved/file ' after
		run ! grep -q '^/gone\|^/renamed\|old\|removed' after
		[ "$("$WOLFFIA" run -q $how next:1 cat /kept/deep/file)" = $'four\nmore' ]
		inodes=$("$WOLFFIA" run -q $how next:1 stat -c %i /added/link /added/dir/file)
		[ "$(uniq <<<"$inodes" | wc -l)" = 1 ]
		[ "$("$WOLFFIA" run -q $how next:1 stat -c %a /kept/mode)" = 600 ]
		mv after "after.${how// /}"
		"$WOLFFIA" rm c
		"$WOLFFIA" rmi next:1
	done
	# they made the same image, but for the moment in which it was
	for how in "${ways[@]}"; do
		diff <(grep -v '/added\|/moved\|/replaced\|/kept\|^/ ' after*single) \
			<(grep -v '/added\|/moved\|/replaced\|/kept\|^/ ' "after.${how// /}")
	done
}

# bats test_tags=many-ids
@test "commit keeps owners, capabilities and attributes" {
	mkdir -p r/bin
	cp "$ROOT/bin/busybox" r/bin/
	ln -s busybox r/bin/sh
	cp r/bin/busybox r/capable
	setfattr -n user.note -v kept r/capable
	"$WOLFFIA" unshare setcap cap_net_raw=ep "$PWD/r/capable"
	"$WOLFFIA" unshare tar -C r --xattrs --xattrs-include='*' \
		--numeric-owner --owner=7 --group=8 -cf cap.tar .
	"$WOLFFIA" import -q cap.tar next2
	for how in "--userns nomap" "--driver fuse-overlayfs"; do
		made c $how next2 /bin/busybox sh -c '
			/bin/busybox mv /capable /moved
			/bin/busybox mkdir /d
			/bin/busybox chown 12:34 /d'
		"$WOLFFIA" commit c next
		skopeo copy -q "oci:$WOLFFIA_STORE/oci:localhost/next:latest" \
			oci:out:x
		layer=$(jq -r '.layers[-1].digest' \
			"out/blobs/$(jq -r '.manifests[0].digest' out/index.json | tr : /)")
		tar -tvvf "out/blobs/${layer/://}" --numeric-owner --xattrs \
			--xattrs-include='*' >list
		grep -q ' 12/34 .* d/$' list
		grep -q ' 7/8 .* moved$' list
		grep -q 'security.capability' list
		grep -q 'user.note' list
		run ! grep -q 'overlay' list
		rm -r out
		"$WOLFFIA" rm c
		"$WOLFFIA" rmi next
	done
}

@test "commit of a commit, and the same thing twice" {
	made a base sh -c 'echo 1 >/one; rm /kept/mode'
	"$WOLFFIA" commit a next:1
	made b next:1 sh -c 'echo 2 >/two; rm /one; echo again >/kept/mode'
	"$WOLFFIA" commit b next:2
	run -0 "$WOLFFIA" run -q next:2 sh -c 'cat /two /kept/mode; [ ! -e /one ]'
	[ "$output" = $'2\nagain' ]
	run -0 "$WOLFFIA" diff b
	diff <(printf '%s\n' 'C /kept' 'A /kept/mode' 'D /one' 'A /two') \
		<(echo "$output")
	# with the clock held, the same container is the same image
	export SOURCE_DATE_EPOCH=1000000000
	first=$("$WOLFFIA" commit b)
	[ "$("$WOLFFIA" commit b)" = "$first" ]
	"$WOLFFIA" rm a b
	"$WOLFFIA" rmi -f next:1 next:2 "$first"
}

# parts_of CONTAINER: what is the entrypoint, what the command
parts_of() {
	"$WOLFFIA" inspect "$1" |
		jq -c '.[0] | [.Config.Entrypoint, .Config.Cmd, .Path, .Args]'
}

@test "inspect and commit know the entrypoint from the command" {
	made a --entrypoint '["sh", "-c"]' base true
	[ "$(parts_of a)" = '[["sh","-c"],["true"],"sh",["-c","true"]]' ]
	"$WOLFFIA" commit -q a next
	made b next 'exit 0'
	[ "$(parts_of b)" = '[["sh","-c"],["exit 0"],"sh",["-c","exit 0"]]' ]
	made c --entrypoint '' next sh -c 'exit 0'
	[ "$(parts_of c)" = '[[],["sh","-c","exit 0"],"sh",["-c","exit 0"]]' ]
	"$WOLFFIA" commit -q c next2
	[ "$("$WOLFFIA" inspect next next2 | jq -c '.[].Config | [.Entrypoint, .Cmd]' |
		xargs -d '\n')" = \
		'[["sh","-c"],["true"]] [[],["sh","-c","exit 0"]]' ]
}

# bats test_tags=many-ids
@test "commit: what the container was given, --change, and the history" {
	made c -e A=1 -w /tmp --label l=1 -u 1000 base sh -c 'true given'
	run -0 "$WOLFFIA" commit -a 'a person' -m 'a message' \
		-c 'ENV B=2' --change 'EXPOSE 80' --iidfile id c next
	digest=$output
	config=$(jq -r .config.digest "$WOLFFIA_STORE/oci/blobs/${digest/://}")
	[ "$(<id)" = "$config" ]
	file=$WOLFFIA_STORE/oci/blobs/${config/://}
	jq -e '.config.Env == ["A=1", "B=2"] and .config.WorkingDir == "/tmp" and
		.config.Cmd == ["sh", "-c", "true given"] and
		.config.User == "1000" and .config.Labels == {l: "1"} and
		.config.ExposedPorts == {"80/tcp": {}} and
		.author == "a person" and (.history | length) == 2 and
		.history[1].comment == "a message" and
		.history[1].created_by == "sh -c true given" and
		(.rootfs.diff_ids | length) == 2' "$file"
	run -125 --separate-stderr "$WOLFFIA" commit -c 'FLY high' c next2
	one_clear_line
	run -125 --separate-stderr "$WOLFFIA" commit --format docker c next2
	[[ "$stderr" == *"OCI format only"*"skopeo copy"* ]]
	run -125 --separate-stderr "$WOLFFIA" commit nobody next2
	one_clear_line
	run -125 --separate-stderr "$WOLFFIA" commit c 'No Name'
	one_clear_line
}

@test "commit of a running container pauses it, and lets it go on" {
	up_saying c ready sh -c 'echo ready; while :; do date >/now; done'
	"$WOLFFIA" commit c next
	[ "$(field c phase)" = 1 ]
	"$WOLFFIA" commit --pause=false c next
	"$WOLFFIA" pause c
	"$WOLFFIA" commit c next
	[ "$(field c phase)" = 2 ]
}

@test "a container that is read is not removed meanwhile" {
	made c base sh -c "$change"
	# a commit that stands still while it holds the container
	mkfifo id
	"$WOLFFIA" commit -q --iidfile id c next >digest &
	becomes 1 eval 'ls "$WOLFFIA_STORE/tmp" | grep -c lock'
	run -124 timeout 1 "$WOLFFIA" rm c
	cat id >/dev/null
	wait $!
	run -0 "$WOLFFIA" run -q next cat /kept/deep/file
	[ "$output" = $'four\nmore' ]
	"$WOLFFIA" rm c
}

@test "commit of a directory's container holds the changes, and says so" {
	made c --rootfs "$ROOT" sh -c 'echo x >/new; rm -r /gone'
	run -0 --separate-stderr "$WOLFFIA" commit c next
	[[ "$stderr" == *"only what the container changed"* ]]
	digest=$(jq -r '.layers[0].digest' "$WOLFFIA_STORE/oci/blobs/${output/://}")
	run -0 tar -tf "$WOLFFIA_STORE/oci/blobs/${digest/://}"
	[ "$output" = new ]
}

# bats test_tags=many-ids
@test "commit: names that an image would take for a removal are left out" {
	made c --userns nomap base sh -c 'echo x >/kept/.wh.mode; echo y >/new'
	run -0 --separate-stderr "$WOLFFIA" commit c next
	[[ "$stderr" == *"1 files whose names begin with .wh. were left out"* ]]
	run -0 "$WOLFFIA" run -q next cat /kept/mode /new
	[ "$output" = $'six\ny' ]
}

@test "skopeo and umoci read what was committed" {
	for tool in skopeo umoci jq; do
		command -v $tool >/dev/null ||
			skip_or_fail "$tool is not installed"
	done
	made c base sh -c "$change"
	"$WOLFFIA" commit c next:v1
	skopeo inspect "oci:$WOLFFIA_STORE/oci:localhost/next:v1" >inspected
	jq -e '.Layers | length == 2' inspected
	skopeo copy -q "oci:$WOLFFIA_STORE/oci:localhost/next:v1" oci:copy:v1
	umoci unpack --rootless --image copy:v1 bundle
	(cd bundle/rootfs && find . -mindepth 1 -printf '%P %y %s %m %l\n') |
		grep -v ' d ' | sort >umoci.list
	mkdir exported
	"$WOLFFIA" export c | tar -C exported --exclude=./dev -xf -
	# what lies where wolffia mounts something is not the image's
	(cd exported && find . -mindepth 1 -printf '%P %y %s %m %l\n') |
		grep -v ' d \|^etc/host\|^etc/resolv' | sort >ours.list
	diff <(grep -v '^etc/host\|^etc/resolv' umoci.list) ours.list
	chmod -R u+rwx bundle exported
}

@test "commit that is killed leaves the store whole" {
	made c base sh -c 'dd if=/dev/urandom of=/big bs=1M count=20 2>&1; '"$change"
	before=$("$WOLFFIA" images -q --no-trunc)
	for ms in 2 10 20 40 80 160 320; do
		timeout -s KILL "0.$(printf %03d $ms)" "$WOLFFIA" commit -q c >/dev/null || true
	done
	# the next command removes what is left, and the container is as it was
	after=$("$WOLFFIA" images -q --no-trunc)
	[ -z "$(ls -A "$WOLFFIA_STORE/tmp")" ]
	id=$("$WOLFFIA" commit -q c next)
	run -0 "$WOLFFIA" run -q next cat /kept/deep/file
	[ "$output" = $'four\nmore' ]
	for other in $after; do
		[[ "$before" == *$other* ]] || "$WOLFFIA" rmi -fq "$other"
	done
	[ -n "$id" ]
}

# --- export

@test "export, and import of it, is the same root" {
	made c base sh -c "$change"
	"$WOLFFIA" export -o root.tar c
	"$WOLFFIA" export c | cmp - root.tar
	"$WOLFFIA" import -q root.tar next
	"$WOLFFIA" commit -q c next2
	diff <(listing next) <(listing next2)
}

@test "export of a running container does not enter what is mounted in it" {
	mkdir volume
	echo 'hidden in a volume' >volume/file
	up_saying c ready -v "$PWD/volume:/data" --tmpfs /scratch \
		sh -c 'echo x >/scratch/lost; echo y >/new; echo ready; sleep 100'
	"$WOLFFIA" export c >root.tar
	run -0 tar --numeric-owner -tvf root.tar
	[[ "$output" == *" data/"* && "$output" == *" new"* ]]
	[[ "$output" == *"0/0 "*" proc/"* ]]
	[[ "$output" != *"data/file"* && "$output" != *lost* ]]
	[[ "$output" != *" proc/1"* && "$output" != *"dev/null"* ]]
	run ! grep -q 'hidden in a volume' root.tar
}

@test "export says what went wrong, and leaves no half of a tar" {
	made c base true
	run -125 --separate-stderr "$WOLFFIA" export nobody
	one_clear_line
	run -125 --separate-stderr bash -c '
		set -o pipefail; "$WOLFFIA" export c | head -c 100 >/dev/null'
	[[ "$stderr" == *"Broken pipe"* ]]
	run -125 --separate-stderr "$WOLFFIA" export -o /dev/full c
	[[ "$stderr" == *"No space left"* ]]
	run -125 --separate-stderr "$WOLFFIA" export -o nowhere/root.tar c
	one_clear_line
	run -125 --separate-stderr bash -c '
		ulimit -f 100; trap "" XFSZ; "$WOLFFIA" export -o half.tar c'
	[ ! -e half.tar ]
}

@test "nothing of the container is opened by who reads it" {
	# a reader of these would wait for ever: locales, users, tables
	made c base sh -c '
		mkdir -p /usr/lib/locale/C.utf8 /usr/lib/locale/C.UTF-8 \
			/usr/lib/x86_64-linux-gnu/gconv
		mkfifo /usr/lib/locale/locale-archive /usr/lib/locale/C.utf8/LC_CTYPE \
			/usr/lib/locale/C.UTF-8/LC_CTYPE /etc/nsswitch.conf \
			/usr/lib/x86_64-linux-gnu/gconv/gconv-modules \
			/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache
		rm -f /etc/passwd; mkfifo /etc/passwd
		: >"/$(printf "\303\274")"'
	run -0 timeout 20 bash -c '"$WOLFFIA" export c | tar -tf - | wc -l'
	[ "$output" -gt 50 ]
	run -0 timeout 20 "$WOLFFIA" diff c
	run -0 timeout 20 "$WOLFFIA" commit -q c next
}

# --- rmi

@test "rmi: an image that a container was made of" {
	made c base sh -c 'echo 1 >/one'
	"$WOLFFIA" commit -q c next
	made d next true
	run -125 --separate-stderr "$WOLFFIA" rmi next
	one_clear_line
	[[ "$stderr" == *"the container d, which does not run"*"wolffia rm d"* ]]
	up_next=$("$WOLFFIA" run -d --name e next sleep 100)
	[ -n "$up_next" ]
	"$WOLFFIA" rm d
	run -125 --separate-stderr "$WOLFFIA" rmi next
	[[ "$stderr" == *"the container e, which runs"*"wolffia rm -f e"* ]]
	# by force its name goes, and the container keeps what it needs
	run -0 "$WOLFFIA" rmi -f next
	[[ "$output" == "Untagged: localhost/next:latest" ]]
	"$WOLFFIA" stop -t 0 e
	"$WOLFFIA" rmi -f nobody || true
	"$WOLFFIA" export e | tar -tf - | grep -qx one
	"$WOLFFIA" commit -q e next2
	run -0 "$WOLFFIA" run -q next2 cat /one
	[ "$output" = 1 ]
}

@test "rmi: one of two names may go while a container is there" {
	made c base true
	"$WOLFFIA" commit -q c next:a
	made d next:a true
	"$WOLFFIA" import -q "$BATS_FILE_TMPDIR/root.tar" next:b
	"$WOLFFIA" rmi next:b
	run -125 "$WOLFFIA" rmi next:a
	"$WOLFFIA" rm c d
	"$WOLFFIA" rmi next:a
}

@test "a container that was never started has changed nothing, and becomes an image" {
	"$WOLFFIA" create --name c -e X=1 base echo made >/dev/null
	run -0 "$WOLFFIA" diff c
	[ -z "$output" ]
	run -0 --separate-stderr "$WOLFFIA" commit -q c next
	run -0 "$WOLFFIA" run -q next
	[ "$output" = made ]
	"$WOLFFIA" export c | tar -tf - | grep -qx kept/deep/file
}
