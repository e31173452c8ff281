#!/usr/bin/env bats
# tag, untag, and which names mean which image
#
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
	make_layer a.tar f one
	make_layer b.tar f two
}

teardown() {
	helper_teardown
}

names() {
	image images --format '{{.Repository}}:{{.Tag}}' "$@" | sort |
		tr '\n' ' '
}

digest_of() {
	image images --format '{{.Digest}}' "$1"
}

@test "tag gives an image more names, and says nothing" {
	digest=$(image import a.tar one)
	run -0 image tag one two quay.io/me/three:3 docker.io/four
	[ -z "$output" ]
	[ "$(names)" = "docker.io/library/four:latest localhost/one:latest localhost/two:latest quay.io/me/three:3 " ]
	for name in one two three:3 four; do
		[ "$(digest_of "$name")" = "$digest" ]
	done
	[ "$(image images -q | wc -l)" -eq 1 ]
	image rmi one two quay.io/me/three:3
	[ "$(names)" = "docker.io/library/four:latest " ]
	image rmi four
	assert_store_empty
}

@test "tag finds its image by name, digest and id" {
	digest=$(image import a.tar one)
	id=$(image images -q one)
	image tag "$digest" by-digest
	image tag "$id" by-id
	image tag "one@$digest" by-both
	[ "$(names | wc -w)" -eq 4 ]
	[ "$(image images -q | wc -l)" -eq 1 ]
}

@test "tag takes a name from another image, which stays" {
	first=$(image import a.tar one)
	second=$(image import b.tar two)
	image tag two one
	[ "$(digest_of one)" = "$second" ]
	run -0 image images -f dangling=true --format '{{.Digest}} {{.Repository}}'
	[ "$output" = "$first <none>" ]
	# what has the name already keeps it
	image tag two one two
	[ "$(names)" = "<none>:<none> localhost/one:latest localhost/two:latest " ]
}

@test "tag gives a nameless image a name, and then it is not nameless" {
	digest=$(image import a.tar)
	image tag "$digest" one
	[ "$(names)" = "localhost/one:latest " ]
}

@test "tag refuses what is no image and no name, and then does nothing" {
	image import a.tar one
	for target in One 'a b' x:y:z "one@sha256:$(printf %064d 0)" ''; do
		run image tag one good "$target"
		assert_failed
	done
	run image tag nothing two
	assert_failed
	[[ $output == *'cannot tag nothing: there is no image "nothing"'* ]]
	for arguments in '' one; do
		# shellcheck disable=SC2086
		run image tag $arguments
		assert_failed
	done
	[ "$(names)" = "localhost/one:latest " ]
}

@test "tags at the same time lose nothing" {
	image import a.tar one
	for i in 1 2 3 4 5 6 7 8; do
		image tag one "two:$i" &
	done
	wait
	[ "$(names two | wc -w)" -eq 8 ]
}

@test "untag takes names, and the image stays" {
	digest=$(image import a.tar one)
	image tag one two three
	run -0 image untag one two
	[ -z "$output" ]
	[ "$(names)" = "localhost/one:latest localhost/three:latest " ]
	run -0 image untag three
	[ "$(names)" = "<none>:<none> " ]
	[ "$(image images -f dangling=true --format '{{.Digest}}')" = "$digest" ]
	# there is nothing more to take, and nothing is wrong with that
	run -0 image untag "$digest"
	image tag "$digest" one
	image rmi one
	assert_store_empty
}

@test "untag refuses a name of another image, and then does nothing" {
	image import a.tar one
	image tag one more
	image import b.tar two
	for name in two nothing "$(image images -q one)"; do
		run image untag one more "$name"
		assert_failed
		[[ $output == *"\"$name\" is no name of it"* ]]
	done
	run image untag nothing
	assert_failed
	run image untag
	assert_failed
	[ "$(names)" = "localhost/more:latest localhost/one:latest localhost/two:latest " ]
}

@test "the command that the hint of untag gives is right" {
	image import a.tar one
	image tag one two
	run image untag one three
	hint=$(sed -n 's/.*list its names with: wolffia //p' <<<"$output")
	run -0 bash -c "'$WOLFFIA' $hint"
	[ "$output" = "[localhost/one:latest localhost/two:latest]" ]
}

@test "events tell of tags" {
	digest=$(image import a.tar one)
	image tag one two
	image untag two
	run -0 "$WOLFFIA" events --since 1h --until 0s \
		--filter event=tag --filter event=untag --format '{{.Status}} {{.Name}} {{.ID}}'
	[[ ${lines[0]} == "tag localhost/two:latest "* ]]
	[[ $output == *"untag localhost/one:latest"* ]]
	[[ $output == *"untag localhost/two:latest"* ]]
}

@test "a short name of a docker-archive is docker's" {
	need jq
	id=$(sha256sum a.tar | cut -d' ' -f1)
	mkdir archive
	cp a.tar archive/layer.tar
	jq -n --arg id "sha256:$id" '{os: "linux",
		rootfs: {type: "layers", diff_ids: [$id]}}' >archive/c.json
	echo '[{"Config":"c.json","RepoTags":["debian:12","me/own:1","quay.io/x/y:1","localhost/z:1"],"Layers":["layer.tar"]}]' \
		>archive/manifest.json
	tar -C archive -cf archive.tar .
	image load archive.tar
	[ "$(names)" = "docker.io/library/debian:12 docker.io/me/own:1 localhost/z:1 quay.io/x/y:1 " ]
	# and it is found by what users type
	for name in debian:12 library/debian:12 me/own:1 z:1; do
		run -0 image tag "$name" "found:${name//[\/:]/-}"
	done
	image import b.tar debian:12
	[ "$(names debian)" = "docker.io/library/debian:12 localhost/debian:12 " ]
	# the local one comes first
	[ "$(image rmi debian:12 | head -n 1)" = "Untagged: localhost/debian:12" ]
	[ "$(image rmi debian:12)" = "Untagged: docker.io/library/debian:12" ]
}

@test "images finds a name in any registry" {
	image import a.tar foo:1
	image tag foo:1 quay.io/me/foo:2 127.0.0.1:5000/foo:3 docker.io/foo:4 foobar:5
	[ "$(names foo)" = "127.0.0.1:5000/foo:3 docker.io/library/foo:4 localhost/foo:1 quay.io/me/foo:2 " ]
	[ "$(names me/foo)" = "quay.io/me/foo:2 " ]
	[ "$(names foo:3)" = "127.0.0.1:5000/foo:3 " ]
	[ "$(names 127.0.0.1:5000/foo)" = "127.0.0.1:5000/foo:3 " ]
	[ "$(names 'foo*' | wc -w)" -eq 5 ]
	[ "$(names "foo@$(digest_of foo:1)" | wc -w)" -eq 4 ]
	[ -z "$(names bar)" ]
	[ "$(names -f 'reference=*/me/*')" = "quay.io/me/foo:2 " ]
}
