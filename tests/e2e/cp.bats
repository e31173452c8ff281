# cp: files to and from containers, as docker(1) has it

# what is quoted is for the container's shell, $how is a list of options, and
# status, output and stderr come from bats; what is at the start of a line with
# "!" is the last of its test
# shellcheck disable=SC2016,SC2086,SC2154

load helper_life

# every kind of root, and of ids
ways=(
	"--userns nomap base"
	"--userns nomap --driver fuse-overlayfs base"
	"--userns as-me base"
	"--userns as-me --user 1000 base"
	"--userns keep-id --user 1000 base"
	"--userns single base"
	"--rootfs $BATS_FILE_TMPDIR/root"
	"--rootfs $BATS_FILE_TMPDIR/root --driver fuse-overlayfs"
	"--rootfs $BATS_FILE_TMPDIR/rw:rw"
	"@host"
)

setup_file() {
	setup_run
	tar -C "$ROOT" --numeric-owner --owner=0 --group=0 --sort=name \
		-cf "$BATS_FILE_TMPDIR/root.tar" .
	"$WOLFFIA" import -q "$BATS_FILE_TMPDIR/root.tar" base
	cp -a "$ROOT" "$BATS_FILE_TMPDIR/rw"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	umask 022
}

teardown() {
	chmod -R u+rwX . 2>/dev/null || true
	teardown_life
}

cp_() {
	"$WOLFFIA" cp "$@"
}

# a tree of all that is copied, in the directory $1
make_tree() {
	mkdir -p "$1/sub/empty"
	echo one >"$1/file"
	printf '#!/bin/sh\n' >"$1/sub/program"
	chmod 750 "$1/sub/program"
	chmod 600 "$1/file"
	ln -s sub/program "$1/link"
	ln -s /nowhere "$1/sub/dangling"
	ln "$1/file" "$1/sub/hard"
	chmod 1777 "$1/sub/empty"
	touch -hd @1000000000 "$1/file" "$1/link" "$1/sub/dangling" \
		"$1/sub/program" "$1/sub/empty"
	touch -d @1100000000.123456789 "$1/sub"
}

# all that there is to know of the tree $1, but for its owner
picture() {
	(cd "$1" && find . -printf '%M %n %s %T@ %l %p\n' | sed 's/^\(d[^ ]* [0-9]* \)[0-9]*/\1/' | sort -k6 &&
		find . -type f -print0 | sort -z | xargs -0 sha256sum)
}

# same A B [SED]: are they?
same() {
	diff <(picture "$1" | sed "${3:-}") <(picture "$2" | sed "${3:-}")
}

# --- what is copied, and where to

@test "files go in and come out, from every kind of container in every state" {
	make_tree tree
	for how in "${ways[@]}"; do
		possible "$how" || continue
		"$WOLFFIA" create --name c ${how/ base/ base} sleep 1000 \
			>/dev/null
		for state in created running paused exited; do
			case $state in
			running) "$WOLFFIA" start c ;;
			paused) "$WOLFFIA" pause c ;;
			exited) "$WOLFFIA" kill c && "$WOLFFIA" wait c ;;
			esac
			echo "$how: $state"
			run -0 --separate-stderr cp_ tree "c:/tmp/$state"
			[ -z "$output$stderr" ]
			run -0 --separate-stderr cp_ "c:/tmp/$state" back
			[ -z "$output$stderr" ]
			case $how in
			# it counts only those links whose names it has seen
			*fuse-overlayfs* | @host) same tree back 's/ 2 4/ 1 4/' ;;
			*) same tree back ;;
			esac
			[ -z "$(find back ! -user "$(id -u)")" ]
			rm -r back
			# and what was put in before is still there
			cp_ c:/tmp/created/file - | tar -xO | grep -qx one
		done
		"$WOLFFIA" rm -f c
	done
}

@test "what was put into a created container is there when it runs" {
	echo 'echo it runs; cat /etc/issue' >program
	chmod 755 program
	echo hello >issue
	for how in "--userns nomap" "--userns nomap --rm" \
		"--driver fuse-overlayfs --rm" "--userns single --rm"; do
		possible "$how" || continue
		"$WOLFFIA" create --name c $how --rootfs "$ROOT" sh /program
		cp_ program c:/
		cp_ issue c:/etc
		run -0 "$WOLFFIA" start -a c
		[ "$output" = $'it runs\nhello' ]
		"$WOLFFIA" rm -f c
	done
}

# A row: the source and the target as they are typed, and what there is then.
# Here: f and d/x are files, d a directory, t the target directory, t/f and
# t/d/old are files in it
rules() {
	cat <<-'EOR'
	f        t          t/f=new
	f        t/         t/f=new
	f        t/.        t/f=new
	f        t/g        t/g=new
	f        t/f        t/f=new
	f        t/g/       there is no such directory
	f        t/f/       is not a directory
	f        t/n/g      No such file or directory
	f        t/d        t/d/f=new
	d        t          t/d/x=new t/d/old=old
	d        t/         t/d/x=new t/d/old=old
	d/       t          t/d/x=new
	d/.      t          t/x=new t/f=old
	d/./     t/         t/x=new t/f=old
	d/.      t/d        t/d/x=new t/d/old=old
	d        t/e        t/e/x=new
	d        t/e/       t/e/x=new
	d/.      t/e        t/e/x=new
	d        t/f        a directory cannot be copied to a file
	d/.      t/f        a directory cannot be copied to a file
	d        t/n/e      No such file or directory
	e/d      t          only another one can be copied over it
	e/f      t          no directory can be copied over it
	f/       t          is not a directory
	f/.      t          Not a directory
	n        t          there is no such file
	n/f      t          No such file or directory
	EOR
}

make_sides() {
	mkdir -p "$1/d" "$1/e/f" "$1/t/d"
	echo new | tee "$1/f" "$1/d/x" >"$1/e/d"
	echo old | tee "$1/t/f" >"$1/t/d/old"
}

# check_rule RESULT: each NAME=CONTENT of it, or the text of the error
check_rule() {
	local pair
	if [[ "$1" != *=* ]]; then
		fails_with 125 "$1"
		one_clear_line
		return
	fi
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	for pair in $1; do
		[ "$(cat "t_/${pair%=*}")" = "${pair#*=}" ] ||
			{ echo "$pair: $(ls -R t_)"; return 1; }
	done
}

@test "docker's rules of source and target, into a container" {
	up c sleep 1000
	make_sides .
	while read -r from to result <&3; do
		echo "$from -> $to: $result"
		"$WOLFFIA" exec c rm -rf /w
		"$WOLFFIA" exec c mkdir /w
		cp_ t c:/w/
		run --separate-stderr cp_ "$from" "c:/w/$to"
		rm -rf t_
		mkdir t_
		cp_ c:/w/. t_
		check_rule "$result"
	done 3< <(rules)
}

@test "docker's rules of source and target, out of a container" {
	up c sleep 1000
	make_sides .
	cp_ . c:/w
	while read -r from to result <&3; do
		echo "$from -> $to: $result"
		rm -rf t_
		mkdir t_
		cp -a t t_
		run --separate-stderr cp_ "c:/w/$from" "t_/$to"
		check_rule "$result"
	done 3< <(rules)
}

@test "relative paths of a container begin at its root; colons" {
	up c sleep 1000
	echo one >a:b
	mkdir c:
	echo two >c:/f
	cp_ ./a:b c:tmp/x
	cp_ ./c:/f c:tmp/../tmp/y:z
	cp_ "$PWD/a:b" c:/tmp/w
	run -0 "$WOLFFIA" exec c cat /tmp/x /tmp/y:z /tmp/w
	[ "$output" = $'one\ntwo\none' ]
	cp_ c:tmp/y:z .
	grep -qx two y:z
}

@test "a link as the source is a link, unless -L or a slash says otherwise" {
	up c sh -c 'mkdir /d; echo x >/d/f; ln -s d /to-d; ln -s /d/f /to-f; exec sleep 1000'
	becomes x "$WOLFFIA" exec c cat /to-f
	cp_ c:/to-d c:/to-f . 2>/dev/null || true
	for side in c:/ in/; do
		if [ $side = in/ ]; then
			cp_ c:/. in
			target=c:/tmp
			see() { "$WOLFFIA" exec c "$@"; }
			at=/tmp
		else
			mkdir out
			target=out
			see() { "$@"; }
			at=out
		fi
		cp_ "${side}to-d" "$target/l1"
		cp_ "${side}to-f" "$target/l2"
		cp_ -L "${side}to-d" "$target/l3"
		cp_ --follow-link "${side}to-d" "$target"
		cp_ "${side}to-d/" "$target/l5"
		cp_ "${side}to-d/." "$target/l6"
		cp_ "${side}to-d/f" "$target/l7"
		[ "$(see readlink $at/l1)" = d ]
		[ "$(see readlink $at/l2)" = /d/f ]
		for name in l3/f to-d/f l5/f l6/f l7; do
			[ "$(see cat $at/$name)" = x ]
		done
	done
	# in the container a link leads to the container's file
	cp_ -L c:/to-f l4
	[ "$(cat l4)" = x ]
}

@test "a link as the target is followed, also to what is not there yet" {
	up c sh -c 'mkdir /d; ln -s /d /to-d; ln -s /d/f /to-f; ln -s /none/f /to-none; exec sleep 1000'
	becomes /none/f "$WOLFFIA" exec c readlink /to-none
	echo x >f
	echo y >g
	cp_ f c:/to-f
	cp_ g c:/to-d
	run -0 "$WOLFFIA" exec c cat /d/f /d/g
	[ "$output" = $'x\ny' ]
	run --separate-stderr cp_ f c:/to-none
	fails_with 125 "No such file or directory"
	mkdir d
	ln -s d to-d
	ln -s d/f to-f
	cp_ c:/d/f to-f
	cp_ c:/d/g to-d
	[ "$(cat d/f d/g)" = $'x\ny' ]
	[ -L to-f ]
}

@test "links that a container may have made do not lead out of its volume" {
	mkdir vol ro outside
	echo secret >outside/f
	ln -s ../outside vol/out
	ln -s ../outside/f vol/f
	ln -s ../outside/new vol/new
	ln -s inner vol/in
	mkdir vol/inner
	ln -s "$PWD/vol" to-vol
	ln -s ../outside ro/out
	up c -v "$PWD/vol:/vol" -v "$PWD/ro:/ro:ro" sleep 1000
	echo x >x
	for from in c:/etc/passwd x; do
		for to in vol/f vol/new vol/out vol/out/new to-vol/out/ "$PWD/vol/out"; do
			if [ $from = x ]; then
				pair="-L $to c:/tmp/x"
			else
				pair="$from $to"
			fi
			[ "$pair" != "-L vol/new c:/tmp/x" ] || continue
			run --separate-stderr cp_ $pair
			fails_with 125 "a link in $PWD/vol leads out of it"
			one_clear_line
		done
	done
	[ "$(ls outside; cat outside/f)" = $'f\nsecret' ]
	# what stays in it, what a container cannot change, what is not a volume
	cp_ c:/etc/passwd vol/in
	cp_ c:/etc/passwd to-vol/
	cp_ vol/f c:/tmp/link
	cp_ -L ro/out c:/tmp/ro
	cp_ c:/etc/passwd vol/../outside/
	[ -s vol/inner/passwd ] && [ -s vol/passwd ] && [ -s outside/passwd ]
	run -0 "$WOLFFIA" exec c readlink /tmp/link
	[ "$output" = ../outside/f ]
}

# --- the two streams

@test "- as the target is a tar on standard output" {
	make_tree tree
	up c sleep 1000
	cp_ tree c:/tmp
	cp_ c:/tmp/tree - >a.tar
	run -0 tar -tf a.tar
	[ "${lines[0]}" = tree/ ]
	[[ "$output" == *tree/sub/program* ]]
	mkdir a
	tar -C a -xpf a.tar
	same tree a/tree
	cp_ c:/tmp/tree/. - | tar -t >list
	[ "$(head -n 1 list)" = ./ ]
	grep -qx ./sub/program list
	cp_ c:/tmp/tree/file - | tar -tv >list
	[[ "$(<list)" =~ ^-rw-------\ 0/0\ .*\ file$ ]]
	cp_ -L c:/tmp/tree/link - | tar -tv >list
	[[ "$(<list)" =~ ^-rwxr-x---\ 0/0\ .*\ link$ ]]
	run ! in_terminal_ "$WOLFFIA" cp c:/tmp -
	[[ "$output" == *"not written to a terminal"* ]]
}

in_terminal_() {
	"$TOOLS/in_terminal" "$@"
}

@test "- as the source is a tar on standard input, compressed or not" {
	make_tree tree
	up c sleep 1000
	for program in cat gzip bzip2 xz zstd; do
		command -v $program >/dev/null || continue
		"$WOLFFIA" exec c mkdir "/tmp/$program"
		tar -c --format=pax tree | $program | cp_ - "c:/tmp/$program"
		cp_ "c:/tmp/$program/tree" $program
		same tree $program
	done
	# links to directories on the way are followed, as the container sees them
	"$WOLFFIA" exec c ln -s /tmp/cat/tree/sub /opt
	mkdir -p opt
	echo x >opt/new
	tar -c opt/new | cp_ - c:/
	run -0 "$WOLFFIA" exec c cat /tmp/cat/tree/sub/new
	[ "$output" = x ]
	# but not replaced
	tar -c opt >a.tar
	run --separate-stderr cp_ - c:/ <a.tar
	fails_with 125 "'opt' is there and is not a directory"
	for to in /etc/passwd /nowhere; do
		run --separate-stderr cp_ - c:$to <a.tar
		fails_with 125 "a tar is unpacked to a directory"
		one_clear_line
	done
	for bad in "" "no tar"; do
		run --separate-stderr cp_ - c:/tmp <<<"$bad"
		fails_with 125 "Unrecognized archive format"
		one_clear_line
	done
	run ! in_terminal_ "$WOLFFIA" cp - c:/tmp
	[[ "$output" == *"is a terminal"* ]]
	# an error is not kept back until the end of a stream that has none
	mkfifo endless
	exec {hold}<>endless
	cat a.tar >&$hold
	run --separate-stderr timeout 20 "$WOLFFIA" cp - c:/nowhere <endless
	fails_with 125 "a tar is unpacked to a directory"
	exec {hold}>&-
}

@test "a tar that lies about a size, or is cut off, leaves no half of a file" {
	up c sleep 1000
	head -c 100000 /dev/urandom >f
	tar -cf a.tar f
	head -c 50000 a.tar >cut.tar
	# 0100000 bytes and 077777777 of them
	{
		head -c 124 a.tar
		printf '00077777777\0'
		tail -c +137 a.tar
	} >lie.tar
	for tar in cut.tar lie.tar; do
		run --separate-stderr cp_ - c:/tmp <$tar
		[ "$status" = 125 ]
		one_clear_line
		run -1 "$WOLFFIA" exec c test -e /tmp/f
	done
}

# --- owners, modes, places where one may not write

# bats test_tags=many-ids
@test "files become root's in a container, and with -a keep their numbers" {
	up c sleep 1000
	echo x >f
	chmod 4755 f
	mkdir d
	cp f d/
	chmod 6775 d/f
	cp_ f c:/tmp/
	cp_ d c:/tmp/
	cp_ -a f c:/tmp/a
	cp_ --archive d c:/tmp/ad
	me=$(id -u):$(id -g)
	run -0 "$WOLFFIA" exec c stat -c '%u:%g %a' /tmp/f /tmp/d/f /tmp/a \
		/tmp/ad /tmp/ad/f
	# the set-user-id bit was the caller's, not root's
	[ "${lines[0]}" = "0:0 755" ]
	[ "${lines[1]}" = "0:0 775" ]
	[ "${lines[2]}" = "$me 4755" ]
	[ "${lines[3]}" = "$me 755" ]
	[ "${lines[4]}" = "$me 6775" ]
	tar --owner=33 --group=34 -c f >a.tar
	cp_ - c:/tmp <a.tar
	run -0 "$WOLFFIA" exec c stat -c '%u:%g %a' /tmp/f
	[ "$output" = "0:0 755" ]
	cp_ -a - c:/tmp <a.tar
	run -0 "$WOLFFIA" exec c stat -c '%u:%g %a' /tmp/f
	[ "$output" = "33:34 4755" ]
	# with the owner that it has in an image the bit stays
	tar --owner=0 --group=0 -c f | cp_ - c:/tmp
	run -0 "$WOLFFIA" exec c stat -c '%u:%g %a' /tmp/f
	[ "$output" = "0:0 4755" ]
	tar --owner=70000 --group=0 -c f >a.tar
	run --separate-stderr cp_ -a - c:/tmp <a.tar
	fails_with 125 "the container has no such ids"
	one_clear_line
	# what it would have replaced was removed, and nothing half came
	run -1 "$WOLFFIA" exec c test -e /tmp/f
}

# bats test_tags=many-ids
@test "files become the caller's, and never set-id, when they come out" {
	up c sh -c 'echo x >/f; chown 33:34 /f; chmod 4755 /f; mkdir -m 7777 /d; exec sleep 1000'
	becomes 7777 "$WOLFFIA" exec c stat -c %a /d
	cp_ c:/f c:/d . 2>/dev/null || true
	cp_ c:/f f
	cp_ c:/d d
	[ "$(stat -c '%u:%g %a' f d)" = "$(id -u):$(id -g) 755"$'\n'"$(id -u):$(id -g) 1777" ]
	run -0 --separate-stderr cp_ -a c:/f g
	[[ "$stderr" == "wolffia: note: files that became yours"*": 1" ]]
	[ "$(stat -c '%u:%g %a' g)" = "$(id -u):$(id -g) 755" ]
	run -0 --separate-stderr cp_ -aq c:/f g
	[ -z "$stderr" ]
	# in the tar they are as they are
	cp_ c:/f - | tar -tv | grep -q '^-rwsr-xr-x 33/34 '
}

# bats test_tags=many-ids
@test "directories that are there keep mode, owner and time" {
	up c sh -c 'mkdir -p /t/d; chmod 710 /t/d; chown 5:6 /t/d; touch -d @1000000000 /t/d; exec sleep 1000'
	becomes "710 5:6 1000000000" "$WOLFFIA" exec c stat -c '%a %u:%g %Y' /t/d
	mkdir -p d t/d
	chmod 755 d
	chmod 711 t t/d
	touch -d @1000000000 t/d
	cp_ d c:/t
	run -0 "$WOLFFIA" exec c stat -c '%a %u:%g %Y' /t/d
	[ "$output" = "710 5:6 1000000000" ]
	cp_ c:/t/d t
	cp_ -a c:/t/d t
	cp_ c:/t/. t
	[ "$(stat -c '%a %Y' t/d)" = "711 1000000000" ]
	[ "$(stat -c %a t)" = 711 ]
	# with -a a container's becomes what the source says
	cp_ -a d c:/t
	run -0 "$WOLFFIA" exec c stat -c '%a %u:%g' /t/d
	[ "$output" = "755 $(id -u):$(id -g)" ]
}

@test "a directory that may not be written is copied with what is in it" {
	mkdir -p ro/sub
	echo x >ro/sub/f
	chmod 555 ro/sub ro
	up c sleep 1000
	cp_ ro c:/tmp
	cp_ c:/tmp/ro back
	same ro back
	chmod 000 ro/sub/f
	run --separate-stderr cp_ ro c:/tmp/x
	fails_with 125 "in ro: open /sub/f: Permission denied"
	one_clear_line
	run --separate-stderr cp_ ro/sub/f c:/tmp/x
	fails_with 125 "open /ro/sub/f: Permission denied"
	run --separate-stderr cp_ c:/tmp/ro/sub ro
	fails_with 125 "Permission denied"
	one_clear_line
}

@test "nothing is written to a read-only root or volume, and all is read" {
	mkdir vol
	echo x | tee f >vol/f
	for state in running exited; do
		"$WOLFFIA" create --name c --read-only -v "$PWD/vol:/vol:ro" \
			--tmpfs /tmp --rootfs "$ROOT" sleep 1000
		[ $state = exited ] || "$WOLFFIA" start c
		for to in /f /etc/passwd /vol /vol/f; do
			run --separate-stderr cp_ f "c:$to"
			fails_with 125 "Read-only file system"
			one_clear_line
		done
		[ "$(ls vol)" = f ]
		cp_ c:/vol/f - | tar -xO | grep -qx x
		cp_ c:/etc/passwd - | tar -xO | grep -q ^root:
		cp_ f c:/tmp
		"$WOLFFIA" rm -f c
	done
}

@test "volumes are seen: of a container that runs, as they are now" {
	mkdir bind
	echo outside >bind/f
	"$WOLFFIA" create --name c -v "$PWD/bind:/bind" -v named:/named \
		--tmpfs /scratch --rootfs "$ROOT" sleep 1000
	echo new >g
	cp_ g c:/bind/
	cp_ g c:/named/
	cp_ c:/bind/f f
	[ "$(cat f bind/g)" = $'outside\nnew' ]
	"$WOLFFIA" start c
	"$WOLFFIA" exec c sh -c 'echo live >/scratch/f; cat /named/g'
	cp_ c:/scratch/f - | tar -xO | grep -qx live
	cp_ g c:/scratch/
	run -0 "$WOLFFIA" exec c cat /scratch/g
	[ "$output" = new ]
	# also those in a directory that is copied
	cp_ c:/. all
	[ "$(cat all/bind/f all/named/g all/scratch/f)" = $'outside\nnew\nlive' ]
	"$WOLFFIA" kill c
	"$WOLFFIA" wait c
	# a tmpfs has no content without its container
	run --separate-stderr cp_ c:/scratch/f .
	fails_with 125 "there is no such file"
	cp_ c:/named/g - | tar -xO | grep -qx new
	rm -r bind
	run --separate-stderr cp_ c:/named/g .
	[ "$status" = 125 ]
	one_clear_line
}

@test "files of the kernel are no files: /proc, /sys, /dev" {
	up c sleep 1000
	for path in /proc/cpuinfo /proc/1/root /proc/self /proc /sys/kernel; do
		run --separate-stderr cp_ c:$path out
		[ "$status" = 125 ]
		one_clear_line
		[ ! -e out ]
	done
	run --separate-stderr cp_ c:/dev/zero out
	fails_with 125 "it is a device"
	run --separate-stderr cp_ /dev/zero c:/tmp
	fails_with 125 "it is a device"
	run --separate-stderr cp_ /proc/cpuinfo c:/tmp
	fails_with 125 "made by the kernel"
	run --separate-stderr cp_ c:/etc/passwd /dev/null
	fails_with 125 "neither a file nor a directory"
	run --separate-stderr cp_ g c:/dev/null
	[ "$status" = 125 ]
	run -0 "$WOLFFIA" exec c test -c /dev/null
	run -0 --separate-stderr cp_ c:/ all
	[ -z "$stderr" ]
	[ -z "$(find all/proc all/sys all/dev -mindepth 1)" ]
	grep -q ^root: all/etc/passwd
	# devices in a directory are left out, and it is said
	run -0 --separate-stderr cp_ c:/dev dev
	[[ "$stderr" == "wolffia: note: devices and sockets were left out: "* ]]
	[ ! -e dev/null ] && [ -L dev/fd ]
}

@test "/etc/hosts of a container that runs is written in place" {
	up c sleep 1000
	echo "127.0.0.1 here" >hosts
	cp_ hosts c:/etc/hosts
	run -0 "$WOLFFIA" exec c cat /etc/hosts
	[ "$output" = "127.0.0.1 here" ]
	cp_ c:/etc/hosts - | tar -xO | grep -qx "127.0.0.1 here"
	"$WOLFFIA" kill c
	"$WOLFFIA" wait c
	# it was of that start: what is left is an empty file
	cp_ c:/etc/hosts out
	[ ! -s out ]
}

# --- unusual files

@test "FIFOs, sockets, hard links, holes, attributes, strange names" {
	mkdir d
	mkfifo d/fifo
	"$TOOLS/probe_moving" socket d/socket
	truncate -s 1T d/holes
	printf x | dd of=d/holes bs=1 seek=500G conv=notrunc status=none
	echo one >"d/$(printf '%0255d' 0)"
	echo two >"d/"$'not\xffutf8'
	echo three >"d/"$'line\nfeed \e[31m\\'
	echo four >"d/"$'\xc3\xa4'
	ln d/fifo d/fifo2
	setfattr -n user.key -v value d/holes d || skip_or_fail "no attributes"
	up c sleep 1000
	run -0 --separate-stderr timeout 60 "$WOLFFIA" cp d c:/tmp/
	[ "$stderr" = "wolffia: note: devices and sockets were left out: 1" ]
	run -0 --separate-stderr timeout 60 "$WOLFFIA" cp c:/tmp/d back
	[ -z "$stderr" ]
	rm d/socket
	diff <(cd d && find . -printf '%M %n %s %p\n' | grep -v ' \.$' | sort) \
		<(cd back && find . -printf '%M %n %s %p\n' | grep -v ' \.$' | sort)
	[ "$(cat back/0* back/not* back/line* back/$'\xc3\xa4')" = $'one\ntwo\nthree\nfour' ]
	[ "$(stat -c %b back/holes)" -lt 100 ]
	[ "$(dd if=back/holes bs=1 skip=500G count=1 status=none)" = x ]
	[ "$(getfattr --only-values -n user.key back/holes)" = value ]
	[ "$(getfattr --only-values -n user.key back)" = value ]
	"$WOLFFIA" exec c probe_moving socket /tmp/socket
	run --separate-stderr cp_ c:/tmp/socket .
	fails_with 125 "it is a socket"
	run --separate-stderr cp_ back/fifo c:/tmp/x
	[ "$status" = 0 ]
}

# bats test_tags=untraced
@test "directories of any depth end in an error, not in a crash" {
	# not in an overlay, whose directories cost the more the deeper they are
	mkdir deep
	(cd deep && "$TOOLS/probe_files" deep 100000)
	up c -v "$PWD/deep:/deep" sleep 1000
	for from in c:/deep deep; do
		for to in c:/tmp out -; do
			[ ${from%:*} != ${to%:*} ] && [ $from$to != deepout ] &&
				[ $from$to != deep- ] || continue
			echo "$from -> $to"
			run --separate-stderr timeout 60 bash -c \
				"'$WOLFFIA' cp $from $to >/dev/null"
			fails_with 125 "a path is longer than 4095 bytes"
			one_clear_line
		done
	done
	# and what is less deep is copied
	mkdir ok
	(cd ok && "$TOOLS/probe_files" deep 1900)
	cp_ ok c:/tmp
	cp_ c:/tmp/ok back
	[ "$(find back | wc -l)" = 1901 ]
}

# bats test_tags=untraced
@test "many files: a directory of 20,000" {
	mkdir many
	(cd many && seq 20000 | xargs touch)
	up c sleep 1000
	cp_ many c:/tmp
	cp_ c:/tmp/many back
	[ "$(ls back | sort -n | sha256sum)" = "$(seq 20000 | sha256sum)" ]
}

# --- at the same time

# bats test_tags=untraced
@test "a file that grows and shrinks while it is read" {
	up_saying c moving probe_moving resize /file
	for _ in {1..50}; do
		run -0 --separate-stderr cp_ c:/file out
		[ -z "$stderr" ] ||
			[[ "$stderr" == "wolffia: note: files that changed while they were read: 1" ]]
		# nothing but what was written, and zeros where there was less
		[ -z "$(tr -d 'x\0' <out)" ]
		cp_ -q c:/ - | tar -t >/dev/null
	done
}

@test "two copies at once, and a start in the middle of one" {
	"$WOLFFIA" create --name c --rootfs "$ROOT" sleep 1000
	echo x >f
	tar -c f >a.tar
	mkfifo pipe
	"$WOLFFIA" cp - c:/tmp <pipe &
	copy=$!
	exec {hold}>pipe
	head -c 512 a.tar >&$hold
	# it is in the container by now, or waits to be: the others wait for it
	"$WOLFFIA" cp f c:/root/ {hold}>&- &
	second=$!
	"$WOLFFIA" start c {hold}>&- >/dev/null &
	start=$!
	tail -c +513 a.tar >&$hold
	exec {hold}>&-
	wait $copy
	wait $second
	wait $start
	run -0 "$WOLFFIA" exec c cat /tmp/f /root/f
	[ "$output" = $'x\nx' ]
}

@test "killed in the middle it leaves no process and no lock" {
	for state in created running; do
		"$WOLFFIA" create --name c --driver fuse-overlayfs \
			--rootfs "$ROOT" sleep 1000
		[ $state = created ] || "$WOLFFIA" start c
		mkfifo pipe
		"$WOLFFIA" cp - c:/tmp <pipe &
		copy=$!
		exec {hold}>pipe
		# the stages, the worker, and the mounts are there
		becomes yes bash -c 'n=$(pgrep -cP '$copy'); [ "$n" -ge 3 ] && echo yes'
		children=$(pgrep -P $copy)
		kill -9 $copy
		wait $copy || true
		exec {hold}>&-
		"$TOOLS/await_end" $children
		rm pipe
		echo x >f
		cp_ f c:/tmp/g
		[ $state = running ] || "$WOLFFIA" start c
		run -0 "$WOLFFIA" exec c cat /tmp/g
		"$WOLFFIA" rm -f c
	done
}

# --- other ends

@test "from one container to another" {
	make_tree tree
	up a sleep 1000
	"$WOLFFIA" create --name b --userns single --rootfs "$ROOT" sleep 1000
	cp_ tree a:/tmp/
	cp_ a:/tmp/tree b:/tmp/
	cp_ b:/tmp/tree back
	same tree back
	cp_ b:/tmp/tree a:/root
	run -0 "$WOLFFIA" exec a cat /root/tree/file
	[ "$output" = one ]
	run --separate-stderr cp_ a:/tmp/tree a:/srv
	fails_with 125 "both are in the same container"
	one_clear_line
}

@test "what cannot be: one clear line" {
	up c sleep 1000
	while read -r from to text <&3; do
		run --separate-stderr cp_ "$from" "$to"
		fails_with 125 "$text"
		one_clear_line
	done 3<<-'EOR'
	a b neither is in a container
	- - neither is in a container
	nobody:/x . there is no container "nobody"
	. nobody:/x there is no container "nobody"
	c: . lacks the path
	:x c:/ lacks the container
	EOR
	run --separate-stderr cp_
	fails_with 125 "the source or the target is missing"
	run --separate-stderr cp_ a b c
	fails_with 125 "one argument too many"
	run --separate-stderr cp_ --follow a b
	fails_with 125 "--follow"
	run -0 "$WOLFFIA" cp --help
	[[ "$output" == "Usage: wolffia cp "* ]]
}

@test "a file system that is full is said so, and half a file is removed" {
	up c --tmpfs /small:size=1m sleep 1000
	head -c 3000000 /dev/urandom >big
	run --separate-stderr cp_ big c:/small
	fails_with 125 "write 'big': No space left on device"
	one_clear_line
	run -0 "$WOLFFIA" exec c ls -A /small
	[ -z "$output" ]
	cp_ big c:/tmp
	run --separate-stderr bash -c 'ulimit -f 1000; exec "$WOLFFIA" cp c:/tmp/big out'
	fails_with 125 "write 'out': File too large"
	one_clear_line
	[ ! -e out ]
	if [ -c /dev/full ]; then
		run --separate-stderr bash -c 'exec "$WOLFFIA" cp c:/tmp/big - >/dev/full'
		fails_with 125 "No space left on device"
		one_clear_line
	fi
	run --separate-stderr bash -c '"$WOLFFIA" cp c:/tmp/big - | true; exit ${PIPESTATUS[0]}'
	fails_with 125 "Broken pipe"
	one_clear_line
}

@test "what was done is said on a terminal, and nowhere else" {
	up c sleep 1000
	head -c 12345 /dev/zero >f
	run -0 in_terminal_ "$WOLFFIA" cp f c:/tmp
	[[ "$output" == *"Successfully copied 12.3kB to c:/tmp"* ]]
	run -0 in_terminal_ "$WOLFFIA" cp -q f c:/tmp
	[[ "$output" != *Success* ]]
	run -0 --separate-stderr cp_ f c:/tmp
	[ -z "$output$stderr" ]
}
