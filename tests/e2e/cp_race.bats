# cp against a container that fights it (CVE-2018-15664, CVE-2019-14271,
# CVE-2021-41089, CVE-2026-41567, CVE-2026-41568)
#
# CP_RACES is the number of copies of each test: 300 unless it is set; 10,000
# before a release.

# shellcheck disable=SC2016,SC2086,SC2154

load helper_life

setup_file() {
	setup_run
	export RACES=${CP_RACES:-300}
	# on the host, and not in the container
	export SENTINEL="$BATS_FILE_TMPDIR/sentinel"
}

# The containers that fight have the caller as their root (as-me): else ids
# alone would keep the sentinel safe.
setup() {
	cd "$BATS_TEST_TMPDIR"
	umask 022
	mkdir -p "$SENTINEL/sub"
	echo SENTINEL | tee "$SENTINEL/secret" >"$SENTINEL/sub/secret"
	chmod 600 "$SENTINEL/secret"
	chmod 710 "$SENTINEL/sub"
	touch -d @1 "$SENTINEL"/{secret,sub/secret,sub,.}
	before=$(picture)
}

teardown() {
	teardown_life
	# what is in it belongs to ids of the container
	[ ! -d root ] || "$WOLFFIA" unshare rm -rf root
	rm -rf "$SENTINEL"
}

# but for access times
picture() {
	find "$SENTINEL" -printf '%p %i %M %u %g %s %n %T@ %C@\n'
	find "$SENTINEL" -type f -exec sha256sum {} +
}

sentinel_is_as_it_was() {
	[ "$(picture)" = "$before" ] || { picture; return 1; }
}

# nothing of it is below the directory $1, in a tar, a file or a name
no_sentinel_in() {
	! grep -rqa SENTINEL "$1"
}

# what the container does with the directory $1: names that are a directory or
# a file in one moment and in the next a link to the sentinel, by several ways
fight() {
	cat <<-EOS
	cd $1
	mkdir -p d1/sub d2/sub d3/sub
	for d in d1 d2 d3; do
		echo harmless >\$d/secret
		echo harmless >\$d/sub/secret
	done
	echo harmless | tee f1 >f2
	ln -s $SENTINEL l1
	ln -s ../../../../../../../../../..$SENTINEL l2
	ln -s /proc/1/root$SENTINEL l3
	ln -s $SENTINEL/secret lf1
	ln -s ../../../../../../../../$SENTINEL/secret lf2
	exec probe_moving swap d1 l1 d2 l2 d3 l3 f1 lf1 f2 lf2
	EOS
}

# race COMMAND... : as often as one of $kinds in a test should be, with %d and %f
# the names that move; $worked of them succeeded
worked=0
race() {
	local d f i=0 word
	local -a command
	while [ $i -lt $((RACES / kinds)) ]; do
		for d in d1 d2 d3; do
			for f in f1 f2; do
				command=()
				for word; do
					word=${word//%d/$d}
					command+=("${word//%f/$f}")
				done
				! "${command[@]}" 2>>errors >/dev/null ||
					((++worked))
				((++i))
			done
		done
	done
}

cp_() {
	"$WOLFFIA" cp -q "$@"
}

# it was a fight: some got through, some did not
was_a_fight() {
	echo "$worked copies worked; $(sort errors | uniq -c | sort -n | tail -n 5)"
	[ "$worked" -gt 0 ] && [ -s errors ]
}

@test "out of a container that swaps its directories for links: nothing of the host's comes" {
	kinds=6
	up_saying c moving --userns as-me sh -c "mkdir /w; $(fight /w)"
	mkdir out
	race "$WOLFFIA" cp -q c:/w/%d/secret out/secret
	race "$WOLFFIA" cp -q c:/w/%f out/
	race "$WOLFFIA" cp -qL c:/w/%f out/f
	race "$WOLFFIA" cp -q c:/w/%d/ out/
	race bash -c '"$WOLFFIA" cp -q c:/w/%d/. - | tar -xO | { ! grep -q SENTINEL || touch out/SENTINEL; }'
	race bash -c 'rm -rf out/w; "$WOLFFIA" cp -q c:/w out/; ! grep -rqa SENTINEL out || touch SENTINEL'
	no_sentinel_in out
	[ ! -e SENTINEL ] && [ ! -e out/SENTINEL ]
	sentinel_is_as_it_was
	was_a_fight
}

@test "into a container that swaps its directories for links: nothing of the host's is written" {
	kinds=7
	up_saying c moving --userns as-me sh -c "mkdir /w; $(fight /w)"
	mkdir -p t/sub d1 d2 d3
	chmod 777 t t/sub
	echo new | tee secret t/secret t/sub/secret f1 f2 d1/secret d2/secret >d3/secret
	tar -c d1 d2 d3 >a.tar
	race "$WOLFFIA" cp -q secret c:/w/%d/
	race "$WOLFFIA" cp -q secret c:/w/%d/secret
	race "$WOLFFIA" cp -q secret c:/w/%f
	race "$WOLFFIA" cp -q t/. c:/w/%d
	race "$WOLFFIA" cp -qa %d c:/w/
	race bash -c '"$WOLFFIA" cp -q - c:/w <a.tar'
	race bash -c '"$WOLFFIA" cp -qa - c:/w/%d <a.tar'
	sentinel_is_as_it_was
	was_a_fight
}

@test "a volume that the container fights over, from here and by way of the container" {
	kinds=11
	mkdir vol
	up_saying c moving -v "$PWD/vol:/vol" sh -c "$(fight /vol)"
	mkdir -p out t/sub
	chmod 777 t t/sub
	echo new | tee t/secret t/sub/secret >secret
	# the container's files of the same names, to be copied over the links
	for d in d1 d2 d3; do cp -a t $d; done
	mkdir from
	mv d1 d2 d3 from
	cp secret from/f1
	cp secret from/f2
	cp_ from c:/
	race bash -c 'rm -rf out/vol; "$WOLFFIA" cp -q c:/vol out/; ! grep -rqa SENTINEL out || touch SENTINEL'
	race "$WOLFFIA" cp -q c:/vol/%d/secret out/secret
	# the same files from this side of the mount
	race bash -c '"$WOLFFIA" cp -q vol c:/tmp/; "$WOLFFIA" cp -q c:/tmp/vol - | tar -xO | { ! grep -qa SENTINEL || touch SENTINEL; }'
	race "$WOLFFIA" cp -q c:/from/. vol
	race "$WOLFFIA" cp -qa c:/from/. vol/
	race "$WOLFFIA" cp -q from/. c:/vol
	race "$WOLFFIA" cp -q secret c:/vol/%d/
	# paths of this side that lead through it
	race "$WOLFFIA" cp -q c:/from/f1 vol/%d/secret
	race "$WOLFFIA" cp -q c:/from/. vol/%d
	race "$WOLFFIA" cp -q c:/from/f1 vol/%f
	race bash -c '"$WOLFFIA" cp -qL vol/%f c:/tmp/f; "$WOLFFIA" cp -q vol/%d/secret c:/tmp/f; "$WOLFFIA" cp -q c:/tmp/f - | { ! grep -qa SENTINEL || touch SENTINEL; }'
	no_sentinel_in out
	[ ! -e SENTINEL ]
	sentinel_is_as_it_was
	was_a_fight
}

# the root $1 with everything in it that a library could want to load, and
# every program that could be wanted to unpack something; $traps: all of it
make_traps() {
	local at
	traps=()
	for at in etc lib lib64 lib/x86_64-linux-gnu usr/lib \
		usr/lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu/gconv \
		usr/lib/locale usr/lib/locale/C.utf8 usr/lib/locale/de_DE.utf8 \
		usr/share/locale usr/share/zoneinfo usr/bin usr/local/bin sbin; do
		mkdir -p "$1/$at"
		traps+=("$1/$at")
	done
	for at in etc/{nsswitch.conf,ld.so.cache,ld.so.preload,localtime} \
		etc/{locale.alias,passwd,group,subuid,host.conf,gai.conf} \
		lib/x86_64-linux-gnu/libnss_{files,compat,systemd,trap}.so.2 \
		lib/x86_64-linux-gnu/{libc.so.6,libgcc_s.so.1,libarchive.so.13} \
		lib64/ld-linux-x86-64.so.2 usr/share/locale/locale.alias \
		usr/lib/x86_64-linux-gnu/gconv/gconv-modules{,.cache} \
		usr/lib/x86_64-linux-gnu/gconv/{UTF-16,ISO8859-1}.so \
		usr/lib/locale/locale-archive usr/lib/locale/C.utf8/LC_CTYPE \
		usr/lib/locale/de_DE.utf8/LC_{CTYPE,MESSAGES}; do
		echo "passwd: trap" >"$1/$at"
	done
	for at in usr/bin bin usr/local/bin; do
		for program in xz unxz gzip gunzip pigz unpigz zstd unzstd \
			bzip2 tar newuidmap; do
			printf '#!/bin/sh\ntouch /TRAP\n' >"$1/$at/$program"
			chmod 755 "$1/$at/$program"
		done
	done
}

# a source with what makes libraries look something up: names that are no
# ASCII, and none in UTF-8; owners without names; an old time
make_source() {
	mkdir -p src
	echo x >src/$'\xc3\xa4\xe2\x82\xac'
	echo x >src/$'\xff\xfe'
	ln -s $'\xc3\xa4' src/$'link\xc3\xb6'
	touch -d 1970-01-02 src/*
	seq 300 | (cd src && xargs touch)
}

@test "no library or program of the container is opened, loaded or executed" {
	cp -a "$ROOT" root
	make_traps "$PWD/root"
	make_source
	mkdir root/data
	tar --owner=trapuser:777 --group=trapgroup:777 --format=pax -c src >a.tar
	for program in gzip bzip2 xz zstd; do
		! command -v $program >/dev/null || $program -k a.tar
	done
	for state in running created; do
		"$WOLFFIA" create --name c --rootfs "$PWD/root:rw" \
			sh -c 'exec sleep 1000' >/dev/null
		[ $state = created ] || "$WOLFFIA" start c
		for lang in C C.UTF-8 de_DE.UTF-8 trap; do
			run --separate-stderr env LANG=$lang LC_ALL=$lang \
				TZ=:/etc/localtime "$TOOLS/watch_opens" \
				"${traps[@]}" -- bash -ec '
				cp() { command timeout 20 "$WOLFFIA" cp "$@"; }
				cp src c:/data/ && cp -a src c:/data/a
				cp -L src c:/data
				for tar in a.tar*; do cp - c:/data <$tar; cp -a - c:/data <$tar; done
				rm -rf back; cp c:/data/src back; rm -rf back; cp -a c:/data back
				cp c:/data - >/dev/null; cp c:/data/src/. - >/dev/null
				! cp c:/data/none . 2>/dev/null
				! cp src c:/none/none 2>/dev/null
				! cp - c:/data <src/1 2>/dev/null'
			[ "$status" = 0 ] || { echo "$lang: $stderr"; return 1; }
			opened=$(grep ^opened <<<"$stderr") || true
			[ -z "$opened" ] ||
				{ echo "$lang: $opened"; return 1; }
			[ ! -e root/TRAP ]
		done
		"$WOLFFIA" rm -f c
	done
}

@test "after its chroot(2) the worker opens by openat2(2) alone, and executes nothing" {
	command -v strace >/dev/null || skip_or_fail "strace is not installed"
	# a sanitizer cannot look for leaks under strace
	export ASAN_OPTIONS=detect_leaks=0
	make_source
	# one that runs: newuidmap, being set-user-id, does not work under strace
	up c sleep 1000
	for pair in "src c:/tmp/" "c:/tmp/src back" "c:/tmp/src -"; do
		strace -f -qq -o trace "$WOLFFIA" cp $pair >/dev/null
		worker=$(sed -n 's/^\([0-9]*\) *chroot(.*/\1/p' trace)
		[[ "$worker" =~ ^[0-9]+$ ]]
		sed -n "s/^$worker *//p" trace >all
		# nothing of the caller's streams is left in it
		for fd in 0 1 2; do
			grep -q "^dup2([0-9]*, $fd" all
		done
		sed '1,/^chroot(/d' all >after
		# what it asks of the kernel, but for what its confinement takes
		bad=$(grep '^\(open\|openat\|execve\|execveat\|connect\|socket\)(' after |
			grep -v '^openat(AT_FDCWD, .*O_PATH\|^openat([0-9]*, .*O_DIRECTORY') || true
		[ -z "$bad" ] || { echo "$bad"; return 1; }
		grep -q '^openat2(\|openat2 resumed' after
		rm -rf back
	done
}

@test "a device of the container is not made here, nor one of ours there" {
	up c sh -c 'mkdir /w; mkfifo /w/fifo; probe_moving socket /w/socket; exec sleep 1000'
	becomes /w/socket "$WOLFFIA" exec c ls /w/socket
	run -0 --separate-stderr timeout 20 "$WOLFFIA" cp c:/dev dev
	[ -z "$(find dev -type b -o -type c)" ]
	[[ "$stderr" == *"devices and sockets were left out"* ]]
	run -0 --separate-stderr timeout 20 "$WOLFFIA" cp c:/w w
	[ "$(find w ! -type d -printf '%y %f\n')" = "p fifo" ]
	run -0 --separate-stderr timeout 20 "$WOLFFIA" cp c:/dev c:/w 2>/dev/null ||
		[[ "$stderr" == *"same container"* ]]
}
