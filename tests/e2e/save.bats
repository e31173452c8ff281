#!/usr/bin/env bats
# save: images of the store go into an archive, or a directory
#
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# A pipe is what is tested:
# shellcheck disable=SC2002
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
	make_layer a.tar f one
	make_layer b.tar f two
}

teardown() {
	[ -z "${writer:-}" ] || wait "$writer" || true
	end_podman
	helper_teardown
}

# podman leaves a process behind, which holds its user namespace
end_podman() {
	local file=$XDG_RUNTIME_DIR/libpod/tmp/pause.pid pid
	[ -s "$file" ] || return 0
	pid=$(<"$file")
	kill "$pid"
	rm "$file"
	# it is no child of ours: a pidfd tells its end
	python3 -c 'import os, select, sys
try:
    fd = os.pidfd_open(int(sys.argv[1]))
except ProcessLookupError:
    sys.exit()
sys.exit(not select.select([fd], [], [], 10)[0])' "$pid"
}

digest_of() {
	image images --format '{{.Digest}}' "$1"
}

# "NAME DIGEST" of all images of the store $1
listed() {
	image images --store "$1" --format '{{.Repository}}:{{.Tag}} {{.Digest}}' | sort
}

# an image $1 of two layers, the lower one of $2 bytes that cannot be packed
make_two_layers() {
	head -c "$2" /dev/urandom >noise
	tar --numeric-owner --owner=0 --group=0 -cf noise.tar noise
	make_layout two.layout "$1" '' noise.tar a.tar
	image load -q two.layout >/dev/null
}

# no file but those that were there: nothing half-done, hidden or not
only() {
	[ "$(ls -A out)" = "$1" ]
}

@test "load of what save wrote is the same image, by a file, a pipe and a directory" {
	digest=$(image import a.tar box:1)
	make_rootfs root.tar
	image import -c 'CMD ["/bin/sh"]' root.tar quay.io/me/root
	image tag quay.io/me/root docker.io/rooted
	listed "$WOLFFIA_STORE" >wanted
	all=(box:1 quay.io/me/root rooted)
	for format in docker-archive oci-archive; do
		run -0 image save --format $format -o $format.tar "${all[@]}"
		[ -z "$output" ]
		image load --store "$DIR/$format" $format.tar
		diff wanted <(listed "$DIR/$format")
	done
	image save "${all[@]}" | image load --store "$DIR/pipe"
	diff wanted <(listed "$DIR/pipe")
	run -0 image save --format oci-dir -o layout "${all[@]}"
	[ -z "$output" ]
	image load --store "$DIR/directory" layout
	diff wanted <(listed "$DIR/directory")
	for store in docker-archive oci-archive pipe directory; do
		image rmi --store "$DIR/$store" box:1 quay.io/me/root rooted
	done
}

@test "an archive has names in full, and what images share once" {
	need jq
	make_layout one one '' a.tar b.tar
	make_layout two two '' a.tar
	image load -q one
	image load -q two
	image tag one docker.io/debian:12
	image save -o all.tar one debian:12 two one
	tar -tf all.tar >names
	[ -z "$(sort names | uniq -d)" ]
	# two manifests, two configurations, two layers
	[ "$(grep -c 'blobs/sha256/.' names)" -eq 6 ]
	run -0 jq -c 'map([.RepoTags, (.Layers | length)])' \
		<(tar -xOf all.tar manifest.json)
	[ "$output" = '[[["localhost/one:latest","docker.io/library/debian:12"],2],[["localhost/two:latest"],1]]' ]
	for annotation in org.opencontainers.image.ref.name io.containerd.image.name; do
		run -0 jq -r --arg a $annotation '.manifests[].annotations[$a]' \
			<(tar -xOf all.tar index.json)
		[ "$output" = $'localhost/one:latest\ndocker.io/library/debian:12\nlocalhost/two:latest' ]
	done
	[ "$(tar -xOf all.tar oci-layout)" = '{"imageLayoutVersion":"1.0.0"}' ]
	# every blob is what its name says
	mkdir x
	tar -C x -xf all.tar
	(cd x/blobs/sha256 && for blob in *; do echo "$blob  $blob"; done | sha256sum -c --quiet)
	# the lists are what a reader of a stream needs first
	[ "$(head -n 3 names | tr '\n' ' ')" = "oci-layout index.json manifest.json " ]
	image save --format oci-archive one | tar -t >names
	run ! grep manifest.json names
}

@test "the same images make the same bytes, in any store and at any time" {
	image import a.tar one
	image import b.tar two
	image save -o 1.tar one two
	image load -q --store "$DIR/other" 1.tar
	TZ=Asia/Tokyo LC_ALL=C image save --store "$DIR/other" -o 2.tar one two
	cmp 1.tar 2.tar
	image rmi --store "$DIR/other" one two
}

@test "who asks for a digest or an id gets an image without a name" {
	need jq
	digest=$(image import a.tar one)
	for name in "$digest" "one@$digest" "$(image images -q one)"; do
		run -0 jq -c 'map(.RepoTags)' <(image save "$name" | tar -xO manifest.json)
		[ "$output" = '[[]]' ]
		image save "$name" | image load --store "$DIR/other"
		[ "$(listed "$DIR/other")" = "<none>:<none> $digest" ]
	done
	image rmi --store "$DIR/other" "$digest"
}

@test "skopeo reads both archives and the directory, by name, with any compression" {
	need skopeo
	make_rootfs root.tar
	image import -c 'CMD ["/bin/sh"]' root.tar plain
	for format in gzip zstd; do
		skopeo copy -q --dest-compress --dest-compress-format $format \
			"oci:$WOLFFIA_STORE/oci:localhost/plain:latest" "oci:$format:localhost/$format:latest"
		image load -q $format
	done
	image save -o all.tar plain gzip zstd
	image save --format oci-dir -o all plain gzip zstd
	tree=$(sha256sum <root.tar)
	for name in plain gzip zstd; do
		for from in docker-archive:all.tar oci-archive:all.tar oci:all; do
			skopeo copy -q "$from:localhost/$name:latest" "dir:$name.d"
			layer=$(skopeo inspect --format '{{index .Layers 0}}' "dir:$name.d")
			[ "$(zcat -f "$name.d/${layer#sha256:}" | zstdcat -f | sha256sum)" = "$tree" ]
			rm -r "$name.d"
		done
	done
	# of one image the name is not needed
	image save -o one.tar zstd
	for from in docker-archive oci-archive; do
		run -0 skopeo inspect --config "$from:one.tar"
		[[ $output == *'"/bin/sh"'* ]]
	done
	[ "$(skopeo inspect --format '{{.Digest}}' oci-archive:one.tar)" = "$(digest_of zstd)" ]
}

@test "podman loads one image and several, with their names" {
	need podman skopeo
	make_rootfs root.tar
	image import root.tar plain
	skopeo copy -q --dest-compress "oci:$WOLFFIA_STORE/oci:localhost/plain:latest" \
		"oci:gzip:quay.io/me/gzip:3"
	image load -q gzip
	peer=(podman --root "$DIR/podman" --runroot "$DIR/podman.run"
		--storage-driver vfs --cgroup-manager cgroupfs --events-backend none)
	image save -o one.tar plain
	image save plain quay.io/me/gzip:3 >both.tar
	image save --format oci-archive -o oci.tar quay.io/me/gzip:3
	for archive in one.tar both.tar oci.tar; do
		run -0 "${peer[@]}" load -q -i $archive
		case $archive in
		one.tar) [[ $output == *"localhost/plain:latest"* ]] ;;
		both.tar) [[ $output == *"localhost/plain:latest"*"quay.io/me/gzip:3"* ]] ;;
		oci.tar) [[ $output == *"quay.io/me/gzip:3"* ]] ;;
		esac
		"${peer[@]}" rmi -af >/dev/null
	done
	"${peer[@]}" unshare rm -rf "$DIR/podman" "$DIR/podman.run"
	[ -s "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid" ]
	end_podman
}

@test "save to a terminal is refused, with what to do" {
	image import a.tar one
	run -0 "$TOOLS/in_terminal" sh -c "'$WOLFFIA' save one; echo status \$?"
	[[ $output == *"nothing for a terminal"* ]]
	[[ $output == *"hint: "*"--output FILE"* ]]
	[[ $output == *"status 125"* ]]
	[[ $output != *index.json* ]]
}

@test "on a terminal there is progress, and with -q none" {
	image import a.tar one
	run -0 "$TOOLS/in_terminal" "$WOLFFIA" save -o x.tar one
	[[ $output == *"Writing layer 1 of 1"* ]]
	run -0 --separate-stderr "$TOOLS/in_terminal" "$WOLFFIA" save -q -o x.tar one
	[ -z "$output" ]
}

@test "save refuses what it cannot do, and makes nothing" {
	image import a.tar one
	mkdir full out
	: >full/f
	for arguments in '' '-o out/x nothing' '-o out/x one nothing' \
		'--format oci-dir one' '--format docker-dir -o out/x one' \
		'--format oci-dir -o full one' '--format oci-dir -o full/f one' \
		'-o full one' '-o missing/x one'; do
		# shellcheck disable=SC2086
		run image save $arguments
		assert_failed
	done
	run image save -o '' one
	assert_failed
	only ''
	[ "$(ls -A full)" = f ]
}

@test "a file is replaced when all is there, and one that may not be written is not" {
	image import a.tar one
	mkdir out
	echo before >out/x
	ln -s x out/link
	image save -o out/link one
	[ -L out/link ]
	tar -tf out/x >/dev/null
	[ "$(stat -c %a out/x)" = 644 ]
	chmod 444 out/x
	run image save -o out/x one
	assert_failed
	[[ $output == *"out/x: Permission denied"* ]]
	# an empty directory is as good as none
	mkdir out/d
	image save --format oci-dir -o out/d one
	[ -s out/d/index.json ]
	rm -r out/d out/link
	only x
}

@test "what is no regular file is written to" {
	image import a.tar one
	image save one >wanted
	mkfifo pipe
	cat pipe >got &
	image save -o pipe one
	wait $!
	cmp wanted got
	[ -p pipe ]
	image save -o - one | cmp - wanted
	image save -o /dev/stdout one | cmp - wanted
	"$WOLFFIA" save -o >(cat >pipe) one
	cmp wanted pipe
	# a file that has no name any more
	{ echo longer; cat wanted wanted; } >gone
	exec 7<>gone
	rm gone
	"$WOLFFIA" save -o /dev/fd/7 one
	cmp wanted - </dev/fd/7
	run image save -o /dev/full one
	assert_failed
	[[ $output == *"No space left on device"* ]]
}

@test "who stops reading is an error, in one line" {
	make_two_layers two 300000
	image save two 2>said | head -c 1 >/dev/null
	[ "${PIPESTATUS[0]}" -eq 125 ]
	[ "$(cat said)" = "wolffia: cannot save two: write the tar: write: Broken pipe" ]
}

@test "nothing is left of an archive that got too large, and what was there stays" {
	make_two_layers two 300000
	mkdir out
	echo before >out/x
	for target in x y; do
		run bash -c "ulimit -f 100; exec '$WOLFFIA_IMAGE' save -o out/$target two"
		assert_failed
		[[ $output == *"File too large"* ]]
	done
	only x
	[ "$(cat out/x)" = before ]
	run bash -c "ulimit -f 100; exec '$WOLFFIA_IMAGE' save --format oci-dir -o out/d two"
	assert_failed
	only x
}

# interrupted SIGNAL CALL:when=N PROGRAM...: the signal comes with the N-th CALL,
# when a part is written
interrupted() {
	# LeakSanitizer cannot work below strace
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	local signal=$1 call=$2
	shift 2
	run strace -f -qq -o trace -e "inject=$call:signal=$signal" "$@"
}

@test "nothing is left of an archive when ^C or kill -9 comes" {
	need strace
	make_two_layers two 600000
	mkdir out
	echo before >out/x
	for signal in SIGINT SIGTERM SIGHUP SIGKILL; do
		for target in x y; do
			interrupted $signal write:when=2 "$WOLFFIA_IMAGE" save -o out/$target two
			[ "$status" -eq $((128 + $(kill -l $signal))) ]
			only x
		done
	done
	[ "$(cat out/x)" = before ]
	# one that is ignored goes on being ignored
	interrupted SIGINT write:when=2 env --ignore-signal=INT "$WOLFFIA_IMAGE" save -o out/y two
	[ "$status" -eq 0 ]
	tar -tf out/y >/dev/null
}

@test "nothing is left where a file cannot be without a name" {
	need strace
	make_two_layers two 600000
	mkdir out
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	denied=(-e inject=openat:error=EOPNOTSUPP:when=2 -P "$DIR/out")
	run -0 strace -f -qq -o trace "${denied[@]}" "$WOLFFIA_IMAGE" save -o "$DIR/out/x" two
	grep -q 'O_TMPFILE.*INJECTED' trace
	image save two | cmp - out/x
	run bash -c "ulimit -f 100; exec strace -f -qq -o trace ${denied[*]} '$WOLFFIA_IMAGE' save -o '$DIR/out/y' two"
	grep -q 'O_TMPFILE.*INJECTED' trace
	assert_failed
	only x
}

@test "nothing is left of a directory when ^C comes" {
	need strace
	make_two_layers two 600000
	mkdir out
	for signal in SIGINT SIGTERM SIGHUP; do
		interrupted $signal write:when=5 "$WOLFFIA_IMAGE" save --format oci-dir -o out/d two
		[ "$status" -eq $((128 + $(kill -l $signal))) ]
		only ''
	done
}

@test "what a save that was killed left of a directory, the next one removes" {
	need strace
	make_two_layers two 600000
	mkdir out
	left() {
		find out -mindepth 1 -maxdepth 1 -name '.wolffia-*' | wc -l
	}
	killed() {
		interrupted SIGKILL write:when=5 "$WOLFFIA_IMAGE" save --format oci-dir -o out/d two
		[ "$status" -eq 137 ]
	}
	killed
	[ "$(left)" -eq 1 ]
	# where others might exchange it nothing is removed, nor what looks like it
	chmod 777 out
	killed
	[ "$(left)" -eq 2 ]
	chmod 755 out
	mkdir out/.wolffia-mine
	image save -o out/x two
	[ "$(ls -A out)" = $'.wolffia-mine\nx' ]
	killed
	image save --format oci-dir -o out/d two
	[ "$(ls -A out)" = $'.wolffia-mine\nd\nx' ]
}

@test "what another save is writing stays" {
	need strace flock
	make_two_layers two 600000
	mkdir -p out/.wolffia-0123456789abcdef
	exec 5<out/.wolffia-0123456789abcdef
	flock 5
	image save -o out/x two 5<&-
	[ "$(ls -A out)" = $'.wolffia-0123456789abcdef\nx' ]
	exec 5<&-
	image save -o out/x two
	[ "$(ls -A out)" = x ]
	# one that writes holds what it makes before anything is in it
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	strace -f -qq -o trace -e trace=flock,mkdirat \
		"$WOLFFIA_IMAGE" save --format oci-dir -o out/d two
	grep -A1 'mkdirat(.*"\.wolffia-' trace | grep -q 'flock([0-9]*, LOCK_EX) *= 0'
}

@test "a blob that is not what its name says is not passed on" {
	make_two_layers two 300000
	layer=$(sha256sum noise.tar | cut -d' ' -f1)
	blob=$WOLFFIA_STORE/oci/blobs/sha256/$layer
	mkdir out
	printf x | dd of="$blob" bs=1 seek=250000 conv=notrunc status=none
	for format in docker-archive oci-archive oci-dir; do
		run image save --format $format -o out/x two
		assert_failed
		[[ $output == *"blob sha256:$layer is not what its name says"* ]]
		[[ $output == *"wolffia check"* ]]
		only ''
	done
	truncate -s 1000 "$blob"
	run image save -o out/x two
	assert_failed
	rm "$blob"
	run image save -o out/x two
	assert_failed
	[[ $output == *"the store is damaged"* ]]
	only ''
}

@test "an image that is removed while it is saved is no damage" {
	make_two_layers two 300000
	mkfifo pipe
	image save -o pipe two 2>said &
	writer=$!
	exec 5<pipe
	# it writes, and waits in the first layer
	head -c 512 <&5 >/dev/null
	image rmi two
	cat <&5 >/dev/null
	exec 5<&-
	run wait $writer
	writer=
	[ "$(cat said)" = "wolffia: cannot save two: image localhost/two:latest was removed while it was saved" ]
}

@test "an image of an image store is saved like one's own" {
	digest=$(image import a.tar one)
	mv "$WOLFFIA_STORE" shared
	chmod go-w shared
	run -0 "$WOLFFIA" --imagestore "$DIR/shared" save -o x.tar one
	image load --store "$DIR/other" x.tar
	[ "$(listed "$DIR/other")" = "localhost/one:latest $digest" ]
	image rmi --store "$DIR/other" one
	mv "$WOLFFIA_STORE" unused
	mv shared "$WOLFFIA_STORE"
}

@test "events tell of it" {
	image import a.tar one
	image save one >/dev/null
	run -0 "$WOLFFIA" events --since 1h --until 0s --filter event=save --format '{{.Status}} {{.Name}}'
	[ "$output" = "save localhost/one:latest" ]
}
