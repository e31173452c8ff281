#!/usr/bin/env bats
# import, load, images, rmi, unpack
#
# The names that are listed and counted here are digests and suffixes:
# shellcheck disable=SC2012,SC2086
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# A pipe is what is tested:
# shellcheck disable=SC2002
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
}

teardown() {
	helper_teardown
}

# --- import ---

@test "import makes an image of a tar, and images shows it" {
	make_rootfs root.tar
	run -0 --separate-stderr image import -c 'CMD ["/bin/sh"]' root.tar box
	[[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
	[ -z "$stderr" ]
	digest=$output
	run -0 image images --digests --no-trunc
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +DIGEST\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ ${lines[1]} =~ ^localhost/box\ +latest\ +$digest\ +sha256: ]]
	assert_nothing_left
}

@test "import takes gzip, zstd, xz and standard input" {
	need gzip zstd xz
	make_rootfs root.tar
	gzip -k root.tar
	zstd -q root.tar
	xz -k0 root.tar
	for suffix in gz zst xz; do
		run -0 image import "root.tar.$suffix" "box:$suffix"
	done
	image import - box:stdin <root.tar
	cat root.tar | image import - box:pipe
	run -0 image images -q box
	[ "${#lines[@]}" -ge 1 ]
	# one tree, for they have one diff id
	[ "$(ls "$WOLFFIA_STORE/layers" | wc -l)" -eq 1 ]
	[ "$(ls "$WOLFFIA_STORE/layers")" = "$(sha256sum root.tar | cut -d' ' -f1)" ]
}

@test "import and load take a file by the caller's descriptor, whatever is behind it" {
	make_rootfs root.tar
	make_layout one localhost/one:1 '' root.tar
	tar -C one -cf one.tar .
	"$WOLFFIA" import <(cat root.tar) box:substituted
	cat root.tar | "$WOLFFIA" import /dev/stdin box:piped
	"$WOLFFIA" import /dev/stdin box:stdin <root.tar
	"$WOLFFIA" import /dev/fd/7 box:seven 7<root.tar
	"$WOLFFIA" load <(cat one.tar)
	cat one.tar | "$WOLFFIA" load -i /dev/stdin
	"$WOLFFIA" load -i /proc/self/fd/7 7<one.tar
	"$WOLFFIA" load /dev/fd/7 7<one
	# nor has it to have a name
	exec 7<root.tar 8<one.tar
	rm root.tar one.tar
	"$WOLFFIA" import /dev/fd/7 box:removed
	"$WOLFFIA" load /dev/fd/8
	run -0 "$WOLFFIA" images box
	[ "${#lines[@]}" -eq 6 ]
	[ "$(ls "$WOLFFIA_STORE/layers" | wc -l)" -eq 1 ]
	assert_nothing_left
}

@test "import sets what --change says" {
	need skopeo
	make_layer a.tar f hello
	image import -c 'CMD ["/bin/sh", "-l"]' -c 'ENV A=b C="d e"' \
		-c USER=1000:1000 -c 'WORKDIR /srv' -c 'EXPOSE 80' \
		-c 'VOLUME /data' -c 'LABEL k=v' -c 'STOPSIGNAL SIGINT' \
		-c 'ENTRYPOINT ["/init"]' -m 'made by hand' a.tar box
	run -0 skopeo inspect --config "oci:$WOLFFIA_STORE/oci:localhost/box:latest"
	for text in '"User": "1000:1000"' '"A=b"' '"C=d e"' '"-l"' '"/srv"' \
		'"80/tcp": {}' '"/data": {}' '"k": "v"' '"SIGINT"' '"/init"' \
		'made by hand'; do
		[[ $output == *"$text"* ]]
	done
}

@test "import of the same input at the same SOURCE_DATE_EPOCH is the same image" {
	make_layer a.tar f hello
	export SOURCE_DATE_EPOCH=1000000000
	first=$(image import a.tar one)
	second=$(image import a.tar two)
	[ "$first" = "$second" ]
	run -0 image images --format '{{.CreatedAt}}' one
	[ "$output" = "2001-09-09 01:46:40 +0000 UTC" ]
}

@test "import without a name is known by its digest" {
	make_layer a.tar f hello
	digest=$(image import a.tar)
	run -0 image images
	[[ ${lines[1]} == '<none>'* ]]
	run -0 image rmi "$digest"
	assert_store_empty
}

@test "import refuses what is no tar" {
	echo "this is no archive, but a line of text" >text
	head -c 100000 /dev/urandom >noise
	: >empty
	mkdir directory
	for file in text noise empty directory missing; do
		run image import "$file" box
		assert_failed
		[[ $output == *"cannot import $file"* ]]
	done
	assert_store_empty
}

@test "import refuses a truncated archive at any place" {
	need gzip zstd
	make_rootfs root.tar
	gzip -k root.tar
	zstd -q root.tar
	for file in root.tar root.tar.gz root.tar.zst; do
		size=$(stat -c %s $file)
		for percent in 10 50 90 99; do
			head -c $((size * percent / 100)) $file >part
			run image import part box
			assert_failed
		done
	done
	assert_store_empty
}

@test "import refuses an id outside the map" {
	make_layer a.tar f hello 4000000000
	run image import a.tar box
	[ "$(grep -c "$(id -un)" /etc/subuid)" -gt 0 ] ||
		lacking "no subordinate ids"
	assert_failed
	[[ $output == *4000000000* ]]
	assert_store_empty
}

@test "import refuses a bad name or change before it does anything" {
	make_layer a.tar f hello
	for name in 'Box' 'a b' 'x:y:z' '../x' "x@sha256:$(printf %064d 0)"; do
		run image import a.tar "$name"
		assert_failed
	done
	for change in FROM 'CMD [' 'ENV x' 'WORKDIR x' $'USER a\nb' \
		$'LABEL a=\xff'; do
		run image import -c "$change" a.tar box
		assert_failed
	done
	assert_store_empty
}

# --- load ---

@test "load reads what skopeo writes, in every form" {
	need skopeo gzip zstd
	make_rootfs root.tar
	image import -c 'CMD ["/bin/sh"]' root.tar box
	src=oci:$WOLFFIA_STORE/oci:localhost/box:latest
	skopeo copy -q "$src" oci-archive:oci.tar:foo:oci
	skopeo copy -q "$src" docker-archive:docker.tar:quay.io/foo/bar:docker
	skopeo copy -q "$src" oci:layout:foo:layout
	skopeo copy -q -f v2s2 "$src" docker-archive:plain.tar
	gzip -k oci.tar docker.tar
	zstd -q oci.tar docker.tar
	image rmi box
	assert_store_empty

	for file in oci.tar oci.tar.gz oci.tar.zst; do
		run -0 image load -i $file
		[ "$output" = "Loaded image: localhost/foo:oci" ]
	done
	for file in docker.tar docker.tar.gz docker.tar.zst; do
		run -0 image load $file
		[ "$output" = "Loaded image: quay.io/foo/bar:docker" ]
	done
	run -0 image load layout
	[ "$output" = "Loaded image: localhost/foo:layout" ]
	run -0 image load <plain.tar
	[[ $output == "Loaded image: sha256:"* ]]
	cat oci.tar.gz | image load -i -
	[ "$(ls "$WOLFFIA_STORE/layers" | wc -l)" -eq 1 ]
	assert_nothing_left
}

@test "load reads what umoci writes" {
	need umoci
	umoci init --layout lay
	umoci new --image lay:base
	umoci unpack --rootless --image lay:base bundle
	echo one >bundle/rootfs/one
	umoci repack --image lay:app bundle
	run -0 image load lay
	[[ $output == *"Loaded image: localhost/app:latest"* ]]
	[[ $output == *"Loaded image: localhost/base:latest"* ]]
	run -0 image rmi app base
	assert_store_empty
}

@test "load reads what buildah writes, with shared layers and whiteouts" {
	need buildah
	export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
	cd "$DIR"
	mkdir ctx
	echo a >ctx/a
	printf 'FROM scratch\nCOPY a /a\nCOPY a /dir/b\nCMD ["/a"]\n' \
		>ctx/Dockerfile
	buildah bud -q --root "$DIR/b" --runroot "$DIR/br" --layers -t one ctx ||
		lacking "buildah does not run here"
	buildah push -q --root "$DIR/b" --runroot "$DIR/br" one \
		docker-archive:one.tar:one:1
	buildah push -q --root "$DIR/b" --runroot "$DIR/br" one \
		oci-archive:two.tar:two
	run -0 image load one.tar
	run -0 image load two.tar
	[ "$(image images -q | wc -l)" -eq 1 ]
	chmod -R u+rwx "$DIR/b" "$DIR/br"
}

@test "skopeo reads our layout, and its copy is the same image" {
	need skopeo
	make_rootfs root.tar
	digest=$(image import root.tar box)
	src=oci:$WOLFFIA_STORE/oci:localhost/box:latest
	run -0 skopeo inspect "$src"
	[[ $output == *"$digest"* ]]
	skopeo copy -q "$src" dir:copy
	[ "sha256:$(sha256sum copy/manifest.json | cut -d' ' -f1)" = "$digest" ]
}

@test "load chooses the image for this machine out of an index" {
	make_layer a.tar f native
	make_layer b.tar f foreign
	make_layout one "" "" a.tar
	make_layout two "" "" b.tar
	cp -rn two/. one/
	entry() {
		sed -n 's/.*"manifests":\[\(.*\)}\]}/\1/p' "$1/index.json"
	}
	printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s,%s]}' \
		$OCI.index.v1+json \
		"$(entry two),\"platform\":{\"os\":\"linux\",\"architecture\":\"mips\"}}" \
		"$(entry one),\"platform\":{\"os\":\"linux\",\"architecture\":\"$(go_arch)\"}}" \
		>index
	digest=$(put_blob one <index)
	printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"multi"}}]}' \
		"$(descriptor one $OCI.index.v1+json "$digest")" >one/index.json
	run -0 image load one
	[ "$output" = "Loaded image: localhost/multi:latest" ]
	[ "$(cat "$WOLFFIA_STORE"/layers/*/f)" = native ]
	# by the digest of the index, too
	run -0 image rmi "multi@$digest"
	assert_store_empty
}

@test "load tells that there is no image for this machine" {
	make_layer a.tar f x
	make_layout lay foo "" a.tar
	sed -i 's/"annotations"/"platform":{"os":"linux","architecture":"mips"},&/' \
		lay/index.json
	run image load lay
	assert_failed
	[[ $output == *linux/mips* ]]
	assert_store_empty
}

@test "load refuses a wrong digest in every place" {
	make_layer a.tar f x
	for what in manifest config layer; do
		rm -rf lay
		make_layout lay foo "" a.tar
		manifest=$(grep -o '[0-9a-f]\{64\}' lay/index.json)
		config=$(grep -o '[0-9a-f]\{64\}' lay/blobs/sha256/$manifest | head -1)
		layer=$(grep -o '[0-9a-f]\{64\}' lay/blobs/sha256/$manifest | tail -1)
		# one bit, and the same size
		printf '\x7b' | dd of="lay/blobs/sha256/${!what}" bs=1 seek=40 \
			conv=notrunc status=none
		run image load lay
		assert_failed
		[[ $output == *"wrong digest"* ]]
		tar -cf lay.tar -C lay .
		run image load lay.tar
		assert_failed
		assert_store_empty
	done
}

@test "load refuses blobs that are too short, too long, or missing" {
	make_layer a.tar f x
	for change in 'truncate -s -1' 'truncate -s +1' 'truncate -s 0' 'rm'; do
		rm -rf lay
		make_layout lay foo "" a.tar
		layer=$(sha256sum a.tar | cut -d' ' -f1)
		$change lay/blobs/sha256/$layer
		run image load lay
		assert_failed
		assert_store_empty
	done
}

@test "load refuses a layer with another diff id" {
	make_layer a.tar f x
	zero=$(printf %064d 0)
	make_layout lay foo "{\"architecture\":\"$(go_arch)\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$zero\"]}}" a.tar
	run image load lay
	assert_failed
	[[ $output == *"diff id"* ]]
	assert_store_empty
}

@test "a layer of the store is no excuse for a blob with another content" {
	make_layer a.tar f good
	make_layer b.tar f evil
	image import a.tar box
	good=$(sha256sum a.tar | cut -d' ' -f1)
	make_layout lay foo "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$good\"]}}" b.tar
	run image load lay
	assert_failed
	[ "$(cat "$WOLFFIA_STORE"/layers/$good/f)" = good ]
}

@test "load refuses a configuration with a wrong type" {
	make_layer a.tar f x
	id=$(sha256sum a.tar | cut -d' ' -f1)
	rootfs="\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$id\"]}"
	for config in '"config":7' '"config":{"Env":"A=b"}' \
		'"config":{"Cmd":"sh"}' '"config":{"User":7}' \
		'"config":{"Env":["A"]}' '"config":{"Volumes":["/a"]}' \
		'"config":{"User":"a\nb"}'; do
		rm -rf lay
		make_layout lay foo "{$rootfs,$config}" a.tar
		run image load lay
		assert_failed
		[[ $output == *"the image configuration"* ]]
	done
	rm -rf lay
	make_layout lay foo '{"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' a.tar
	run image load lay
	assert_failed
	[[ $output == *"0 diff ids"* ]]
	assert_store_empty
}

@test "load refuses documents that are too large, before it reads them" {
	make_layer a.tar f x
	make_layout lay foo "$(head -c 5000000 /dev/zero | tr '\0' ' '){}" a.tar
	run image load lay
	assert_failed
	[[ $output == *"too large"* ]]
	head -c 17000000 /dev/zero | tr '\0' ' ' >lay/index.json
	run image load lay
	assert_failed
	[[ $output == *"more than"* ]]
	truncate -s 100G lay/index.json
	run timeout 20 "$WOLFFIA_IMAGE" load lay
	assert_failed
	assert_store_empty
}

@test "load refuses what is an index and a manifest" {
	make_layer a.tar f x
	make_layout lay foo "" a.tar
	sed -i 's/}$/,"layers":[]}/' lay/index.json
	run image load lay
	assert_failed
	assert_store_empty
}

@test "load follows no link and reads no FIFO" {
	make_layer a.tar f x
	layer=$(sha256sum a.tar | cut -d' ' -f1)
	make_layout lay foo "" a.tar
	mv lay/blobs/sha256/$layer away
	ln -s "$DIR/away" lay/blobs/sha256/$layer
	run image load lay
	assert_failed
	rm lay/blobs/sha256/$layer
	mkfifo lay/blobs/sha256/$layer
	run timeout 10 "$WOLFFIA_IMAGE" load lay
	assert_failed
	rm lay/index.json
	ln -s /etc/passwd lay/index.json
	run image load lay
	assert_failed
	assert_store_empty
}

@test "load of a docker archive stays in the archive" {
	make_layer a.tar f x
	id=$(sha256sum a.tar | cut -d' ' -f1)
	mkdir ar
	echo "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$id\"]}}" >ar/c.json
	for layer in ../a.tar /../a.tar "$DIR/a.tar" link; do
		ln -sf "$DIR/a.tar" ar/link
		echo "[{\"Config\":\"c.json\",\"RepoTags\":[\"x\"],\"Layers\":[\"$layer\"]}]" >ar/manifest.json
		tar -cf ar.tar -C ar .
		run image load ar.tar
		assert_failed
		assert_store_empty
	done
	# a link inside of it is what docker save itself writes
	cp a.tar ar/layer.tar
	ln -sf layer.tar ar/link
	echo "[{\"Config\":\"c.json\",\"RepoTags\":[\"x\"],\"Layers\":[\"link\"]}]" >ar/manifest.json
	tar -cf ar.tar -C ar .
	run -0 image load ar.tar
}

@test "load refuses a truncated archive at any place" {
	need skopeo gzip
	make_rootfs root.tar
	image import root.tar box
	src=oci:$WOLFFIA_STORE/oci:localhost/box:latest
	skopeo copy -q "$src" oci-archive:oci.tar:foo
	skopeo copy -q "$src" docker-archive:docker.tar:foo:bar
	image rmi box
	gzip -k oci.tar docker.tar
	for file in oci.tar docker.tar oci.tar.gz docker.tar.gz; do
		size=$(stat -c %s $file)
		for percent in 5 50 90; do
			head -c $((size * percent / 100)) $file >part
			run image load part
			assert_failed
		done
	done
	assert_store_empty
}

@test "load tells that a root file system is for import" {
	make_rootfs root.tar
	run image load root.tar
	assert_failed
	[[ $output == *"wolffia import"* ]]
	mkdir d
	run image load d
	assert_failed
	run image load missing
	assert_failed
	run image load /dev/null
	assert_failed
	assert_store_empty
}

@test "a second load of an image takes its old name" {
	make_layer a.tar f one
	make_layer b.tar f two
	make_layout one foo "" a.tar
	make_layout two foo "" b.tar
	image load one
	image load two
	run -0 image images --format '{{.Repository}}:{{.Tag}}' -f dangling=true
	[ "$output" = "<none>:<none>" ]
	run -0 image images --format '{{.Repository}}:{{.Tag}}' -f dangling=false
	[ "$output" = "localhost/foo:latest" ]
}

# --- kill -9 ---

@test "a load that is killed leaves nothing visible, and is swept" {
	make_rootfs root.tar
	for i in 1 2 3; do
		make_layer l$i.tar "file$i" "$i"
	done
	make_layout lay foo "" root.tar l1.tar l2.tar l3.tar
	tar -cf lay.tar -C lay .
	for i in $(seq 1 25); do
		# anywhere in the 0.3 s that it takes
		timeout --foreground -s KILL "0.$(printf %03d $((RANDOM % 300 + 1)))" \
			"$WOLFFIA_IMAGE" load lay.tar >/dev/null 2>&1 || true
		if image images -q foo | grep -q .; then
			# it was too late: then all of it is there
			image rmi foo >/dev/null
			continue
		fi
	done
	# those of the last one may need a moment to die, and the sweep only
	# takes what nobody holds
	for i in $(seq 1 200); do
		image images >/dev/null
		[ -z "$(ls -A "$WOLFFIA_STORE/tmp")" ] && break
	done
	assert_store_empty
	run -0 image load lay.tar
	run -0 image rmi foo
	assert_store_empty
}

@test "loads at the same time do not disturb one another" {
	make_rootfs root.tar
	for i in 1 2 3 4 5 6; do
		make_layer l$i.tar "file$i" "$i"
		make_layout lay$i foo:$i "" root.tar l$i.tar
	done
	for i in 1 2 3 4 5 6; do
		image load lay$i >/dev/null &
	done
	wait
	[ "$(image images -q foo | wc -l)" -eq 6 ]
	[ "$(ls "$WOLFFIA_STORE/layers" | wc -l)" -eq 7 ]
	# and removals do not take what a load relies on
	for i in 1 2 3; do
		image rmi foo:$i >/dev/null &
		image load lay$i >/dev/null &
	done
	wait
	for i in 4 5 6; do
		image rmi foo:$i >/dev/null
	done
	image load lay4
	[ -d "$WOLFFIA_STORE/layers/$(sha256sum root.tar | cut -d' ' -f1)" ]
	assert_nothing_left
}

@test "progress is for terminals only" {
	need script
	make_layer a.tar f x
	run -0 --separate-stderr image import a.tar foo
	[ -z "$stderr" ]
	run -0 script -qec "'$WOLFFIA_IMAGE' import a.tar foo" /dev/null
	[[ $output == *"Unpacking a.tar"* ]]
	run -0 script -qec "'$WOLFFIA_IMAGE' import -q a.tar foo" /dev/null
	[[ $output != *"Unpacking"* ]]
}

# --- images ---

@test "images filters and formats" {
	make_layer a.tar f x
	image import -c 'LABEL k=v' a.tar foo:1
	image import a.tar foo:2
	image import a.tar quay.io/bar/baz:1
	run -0 image images --format '{{.Repository}}:{{.Tag}}' \
		--filter reference='foo:*'
	[ "${#lines[@]}" -eq 2 ]
	run -0 image images --format '{{.Tag}}' -f label=k=v
	[ "$output" = 1 ]
	run -0 image images --format '{{.Repository}}' -f reference='*/*/baz'
	[ "$output" = quay.io/bar/baz ]
	run -0 image images --format '{{.Tag}}' foo:2
	[ "$output" = 2 ]
	run -0 image images --format 'table {{.Tag}}\t{{.ID}}' foo:2
	[[ ${lines[0]} =~ ^TAG\ +IMAGE\ ID$ ]]
	# a list, as podman has it; a line for each, as docker
	run -0 image images --format json foo:2
	[ "$(jq -r 'map(.Repository + ":" + .Tag) | join(",")' <<<"$output")" = \
		localhost/foo:2 ]
	run -0 image images --format '{{json .}}' foo:2
	[[ $output == '{"Repository":"localhost/foo","Tag":"2",'* ]]
	run -0 image images -q foo:2
	[[ $output =~ ^[0-9a-f]{12}$ ]]
	for bad in '--format={{.Tga}}' '--format={{.Tag' '--filter=x=y' \
		'--frmat=x' '-x'; do
		run image images "$bad"
		assert_failed
	done
	run image images '--format={{.Tga}}'
	[[ $output == *'{{.Tag}}'* ]]
}

@test "images is quick by what the index notes, and right without it" {
	make_rootfs root.tar
	image import -q root.tar foo
	index=$WOLFFIA_STORE/oci/index.json
	all='{{.ID}} {{.Digest}} {{.CreatedAt}} {{.Size}}'
	noted=$(image images --format "$all")
	[[ $(jq -r '.manifests[0].annotations["io.github.wolffia.summary"]' "$index") == *" sha256:"* ]]
	# a sanitizer cannot look for leaks under strace
	run -0 env ASAN_OPTIONS=detect_leaks=0 \
		strace -f -e trace=openat,open -o trace "$WOLFFIA" images
	[ "$(grep -c 'blobs/' trace)" -eq 0 ]
	# one that others wrote, and one of another image
	jq 'del(.manifests[].annotations["io.github.wolffia.summary"])' "$index" >bare
	jq '.manifests[].annotations["io.github.wolffia.summary"] |= sub("^.{8}"; "00000000")' \
		"$index" >stale
	for other in bare stale; do
		cp "$other" "$index"
		[ "$(image images --format "$all")" = "$noted" ]
	done
	# whoever writes it next notes it again
	image tag foo bar
	[ "$(grep -o 'wolffia.summary' "$index" | wc -l)" -eq 2 ]
	[[ $(cat "$index") != *'"00000000'* ]]
}

@test "images fails when its output cannot be written" {
	[ -w /dev/full ] || lacking "/dev/full"
	run -125 bash -c "'$WOLFFIA' images >/dev/full"
	[[ $output == *"standard output"* ]]
}

# --- rmi ---

@test "rmi removes a name, and at last the image" {
	make_layer a.tar f x
	export SOURCE_DATE_EPOCH=1
	digest=$(image import a.tar one)
	image import a.tar two
	run image rmi "$digest"
	assert_failed
	[[ $output == *"several names"* ]]
	run -0 image rmi one
	[ "$output" = "Untagged: localhost/one:latest" ]
	run -0 image rmi two
	[ "${lines[1]}" = "Deleted: $digest" ]
	assert_store_empty
}

@test "rmi keeps the layers that another image needs" {
	make_layer a.tar f x
	make_layer b.tar g y
	make_layer c.tar h z
	make_layout one one "" a.tar b.tar
	make_layout two two "" a.tar c.tar
	image load one
	image load two
	[ "$(ls "$WOLFFIA_STORE/layers" | wc -l)" -eq 3 ]
	image rmi one
	[ "$(ls "$WOLFFIA_STORE/layers" | wc -l)" -eq 2 ]
	[ -e "$WOLFFIA_STORE/layers/$(sha256sum a.tar | cut -d' ' -f1)" ]
	[ ! -e "$WOLFFIA_STORE/layers/$(sha256sum b.tar | cut -d' ' -f1)" ]
	image rmi two
	assert_store_empty
}

@test "rmi goes on after an image that is not there" {
	make_layer a.tar f x
	image import a.tar foo
	run -125 image rmi foo bar
	[[ $output == *"Untagged: localhost/foo:latest"* ]]
	[[ $output == *'no image "bar"'* ]]
	run -0 image rmi -f bar
	run image rmi
	assert_failed
	assert_store_empty
}

@test "rmi removes layers that the user could not remove" {
	mkdir -p r/d
	echo x >r/d/f
	tar --numeric-owner --owner=1234 --group=1234 --mode='a-rwx' -C r -cf a.tar .
	rm -rf r
	image import a.tar foo
	run -0 image rmi foo
	assert_store_empty
}

@test "rmi leaves a layer alone that somebody holds" {
	need python3
	make_layer a.tar f x
	image import a.tar foo
	layer=$(ls "$WOLFFIA_STORE/layers")
	# as image_hold() does for a container
	cat >hold.py <<-'END'
		import fcntl, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
		lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0,
		                   int(sys.argv[2][:15], 16), 1, 0)
		fcntl.fcntl(fd, fcntl.F_OFD_SETLK, lock)
		print("held", flush=True)
		sys.stdin.read()
	END
	coproc python3 hold.py "$WOLFFIA_STORE/layers.lock" "$layer" 3>&-
	read -r line <&"${COPROC[0]}"
	[ "$line" = held ]
	run image rmi foo
	assert_failed
	[[ $output == *"a container uses it"* ]]
	[ -n "$(image images -q foo)" ]
	run -0 image rmi -f foo
	[ -d "$WOLFFIA_STORE/layers/$layer" ]
	kill "$COPROC_PID"
	wait "$COPROC_PID" || true
	image import a.tar bar
	image rmi bar
	assert_store_empty
}

# --- the store ---

@test "nobody else may read the store, and a writable one is refused" {
	make_layer a.tar f x
	umask 000
	image import a.tar foo
	[ "$(stat -c %a "$WOLFFIA_STORE")" = 700 ]
	[ -z "$(find "$WOLFFIA_STORE" -path '*/layers/*' -prune -o \
		-perm /077 -print)" ]
	chmod 770 "$WOLFFIA_STORE"
	run image images
	assert_failed
	[[ $output == *"chmod 700"* ]]
	chmod 700 "$WOLFFIA_STORE"
}

@test "unpack makes the layers for use without subordinate ids" {
	make_layer a.tar f x 1000
	image import a.tar foo
	run -0 image unpack --single foo
	layer=$(sha256sum a.tar | cut -d' ' -f1)
	[ "$(stat -c %u "$WOLFFIA_STORE/layers/$layer.single/f")" = "$(id -u)" ]
	[ "$(cat "$WOLFFIA_STORE/layers/$layer.single/f")" = x ]
	run -0 image rmi foo
	assert_store_empty
}

@test "a damaged index is told, and nothing is removed" {
	make_layer a.tar f x
	image import a.tar foo
	cp "$WOLFFIA_STORE/oci/index.json" saved
	echo '{' >"$WOLFFIA_STORE/oci/index.json"
	for verb in images 'rmi foo' 'import a.tar bar'; do
		run image $verb
		assert_failed
		[[ $output == *"the store is damaged"* ]]
	done
	cp saved "$WOLFFIA_STORE/oci/index.json"
	[ -n "$(image images -q foo)" ]
}

@test "a wrong verb or option is told with the right one" {
	run image imprt
	assert_failed
	[[ $output == *"did you mean import?"* ]]
	run image load --inptu x
	assert_failed
	[[ $output == *"--input"* ]]
	for verb in images import load rmi unpack; do
		run -0 image $verb --help
		[[ $output == "Usage: wolffia $verb "* ]]
	done
}
