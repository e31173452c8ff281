#!/usr/bin/env bats
# `pull`, and `run` and `create` that pull, with docker-registry.

load helper_registry

setup() {
  registry_setup
  need umoci busybox
  start_registry plain
  IMAGE=$REGISTRY/team/app
}

teardown() {
  registry_teardown
}

wolffia() {
  timeout 60 "$WOLFFIA" "$@"
}

# make_app NAME TEXT: an image of three layers, of which the first can be run
# and the last says TEXT, in the layout $DIR/NAME
make_app() {
  [ -e root.tar ] || make_rootfs root.tar
  [ -e data.tar ] || make_layer data.tar data/file "$(seq 100000)"
  make_layer "$1.tar" text "$2"
  make_layout "$1" "$1" '' root.tar data.tar "$1.tar"
}

# push NAME TO: the layout as $IMAGE:TO; $DIGEST is what it is there
push() {
  copy "oci:$1" "docker://$IMAGE:$2"
  DIGEST=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' \
    "docker://$IMAGE:$2")
}

# what is in the store, without the beginnings of blobs that are kept, and the
# file that holds the locks of layers, which is made when it is missing
state_of_store() {
  [ -e "$WOLFFIA_STORE" ] || wolffia run @host true
  (cd "$WOLFFIA_STORE" && find . -path ./partial -prune -o ! -name events \
    ! -name layers.lock -printf '%p %y\n' | sort)
}

layer_of_image() { # the only one of make_image
  skopeo inspect --raw --tls-verify=false "docker://$IMAGE:1" |
    jq -r '.layers[0].digest'
}

# it has stalled, and something of the layer is in its file
await_bytes() {
  local layer
  layer=$(layer_of_image)
  await_stall
  [ "$(head -c 1 < <(timeout 20 tail -F -c +1 \
    "$WOLFFIA_STORE/partial/$layer" 2>/dev/null 3>&-) | od -An -c)" ]
}

assert_resumed() { # after a pull of the image of make_image one
  local layer
  layer=$(layer_of_image)
  [ "$(requests "\"GET /v2/team/app/blobs/$layer HTTP/1.1\" 206")" -eq 1 ]
  [ -z "$(ls -A "$WOLFFIA_STORE/partial")" ]
}

@test "an image of several layers is pulled, with a line for each, and its digest" {
  make_app one 1
  push one 1
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "$output" = "$DIGEST" ]
  [ "${stderr_lines[0]}" = "Pulling $IMAGE:1" ]
  [ "${#stderr_lines[@]}" -eq 4 ]
  [ "$(grep -c '  done$' <<<"$stderr")" -eq 3 ]
  [[ $stderr != *$'\033'* ]]
  assert_nothing_left
  [ -z "$(ls -A "$WOLFFIA_STORE/partial")" ]
  run -0 wolffia images --format '{{.Repository}}:{{.Tag}} {{.Digest}}'
  [ "$output" = "$IMAGE:1 $DIGEST" ]
  run -0 wolffia events --until 0s --filter event=pull
  [[ $output == *" image pull "*"$IMAGE:1"* ]]
}

@test "pull -q prints the digest and nothing else" {
  make_app one 1
  push one 1
  run -0 --separate-stderr wolffia pull -q "$IMAGE:1"
  [ "$output" = "$DIGEST" ]
  [ -z "$stderr" ]
}

@test "an image that is what it was is not fetched again" {
  make_app one 1
  push one 1
  wolffia pull -q "$IMAGE:1"
  before=$(requests '"GET /v2/team/app/blobs/')
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "$output" = "$DIGEST" ]
  [ "${stderr_lines[1]}" = "$IMAGE:1 is up to date" ]
  [ "$(requests '"GET /v2/team/app/blobs/')" -eq "$before" ]
  [ "$(requests '"GET /v2/team/app/manifests/1 HTTP/1.1" 304')" -eq 1 ]

  # and one that has changed is, but for the layers that have not
  make_app two 2
  push two 1
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "$output" = "$DIGEST" ]
  [ "$(grep -c '  was there$' <<<"$stderr")" -eq 2 ]
  [ "$(grep -c '  done$' <<<"$stderr")" -eq 1 ]
}

@test "a layer that several images of one command have is fetched once" {
  make_app one 1
  make_app two 2
  push one 1
  push two 2
  run -0 --separate-stderr wolffia pull "$IMAGE:1" "$IMAGE:2"
  [ "${#lines[@]}" -eq 2 ]
  layer=$(jq -r '.layers[1].digest' <(skopeo inspect --raw \
    --tls-verify=false "docker://$IMAGE:1"))
  [ "$(requests "\"GET /v2/team/app/blobs/$layer ")" -eq 1 ]

  # one that is not there keeps none of the others away
  wolffia rmi -f "$IMAGE:1" "$IMAGE:2"
  run --separate-stderr wolffia pull -q "$IMAGE:none" "$IMAGE:2"
  [ "$status" -eq 125 ]
  [[ $stderr == "wolffia: cannot pull $IMAGE:none: "*404* ]]
  [ "$output" = "$DIGEST" ]
}

@test "pull --all-tags fetches every tag" {
  make_app one 1
  make_app two 2
  push one 1
  push two 2
  run -0 wolffia pull -q -a "$IMAGE"
  [ "${#lines[@]}" -eq 2 ]
  [ "$(wolffia images --format '{{.Tag}}' | sort | xargs)" = "1 2" ]
  run wolffia pull -a "$IMAGE:1"
  assert_failed
  [[ $output == *"names one image already"* ]]
}

@test "by its digest, with a tag or without, an image is pulled and run" {
  make_app one by-digest
  push one 1
  run -0 wolffia pull -q "$IMAGE@$DIGEST"
  before=$(requests GET)
  run -0 wolffia run --pull never "$IMAGE@$DIGEST" cat /text
  [ "$output" = by-digest ]
  run -0 wolffia run "$IMAGE:1@$DIGEST" cat /text
  [ "$output" = by-digest ]
  [ "$(requests GET)" -eq "$before" ]
  wolffia rmi "$IMAGE@$DIGEST"
  run -0 wolffia pull -q "$IMAGE:1@$DIGEST"
  [ "$output" = "$DIGEST" ]
  # the tag says nothing: it is the digest that was asked for
  run wolffia run --pull never "$IMAGE:1" true
  [ "$status" -eq 125 ]
}

@test "of an index the image for this machine is pulled, or that of --platform" {
  entries=
  for arch in "$(go_arch)" s390x; do
    config=$(printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}' "$arch")
    make_layout "$arch" "$arch" "$config"
    push "$arch" "$arch"
    entries+=${entries:+,}$(printf '{"mediaType":"%s.manifest.v1+json","digest":"%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}' \
      "$OCI" "$DIGEST" "$(skopeo inspect --raw --tls-verify=false \
        "docker://$IMAGE:$arch" | wc -c)" "$arch")
  done
  printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' \
    "$OCI" "$entries" >index.json
  curl -fsS -X PUT -H "Content-Type: $OCI.index.v1+json" \
    --data-binary @index.json "http://$REGISTRY/v2/team/app/manifests/all"
  wolffia pull -q "$IMAGE:all"
  [ "$(wolffia inspect --format '{{.Architecture}}' "$IMAGE:all")" = "$(go_arch)" ]
  run -0 --separate-stderr wolffia pull "$IMAGE:all"
  [ "${stderr_lines[1]}" = "$IMAGE:all is up to date" ]
  wolffia pull -q --platform linux/s390x "$IMAGE:all"
  [ "$(wolffia inspect --format '{{.Architecture}}' "$IMAGE:all")" = s390x ]
  run wolffia pull -q --platform linux/riscv64 "$IMAGE:all"
  assert_failed
  [[ $output == *"no image for linux/riscv64"* ]]
  # a manifest by itself is for one only
  run wolffia pull -q --platform linux/riscv64 "$IMAGE:s390x"
  assert_failed
  [[ $output == *"it is for linux/s390x and no other platform"* ]]
  # a run that wants another one than there is fetches it
  run wolffia run --pull never --platform "linux/$(go_arch)" "$IMAGE:all" true
  assert_failed
  [[ $output == *"wolffia pull --platform linux/$(go_arch) $IMAGE:all"* ]]
  run wolffia run -q --platform "linux/$(go_arch)" "$IMAGE:all" true
  [ "$(wolffia inspect --format '{{.Architecture}}' "$IMAGE:all")" = "$(go_arch)" ]
}

@test "^C leaves the store as it was, and the next pull asks for the rest" {
  make_image one 3000000
  push one 1
  before=$(state_of_store)
  start_proxy 1000000 1
  begin "$WOLFFIA" pull "$PROXY/team/app:1"
  await_bytes
  end INT 130
  grep -q 'hint: what has come is kept' err
  diff <(state_of_store) - <<<"$before"
  [ -z "$(wolffia images -q)" ]
  [ "$(ls "$WOLFFIA_STORE/partial")" ]
  wolffia pull -q "$PROXY/team/app:1"
  assert_resumed
}

# make_wide FILES: an image whose layer takes a while to unpack, and none to come
make_wide() {
  python3 - "$1" <<-'END' | gzip -1 >wide.tar.gz
	import sys, tarfile
	with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
	    for i in range(int(sys.argv[1])):
	        tar.addfile(tarfile.TarInfo("d%d/f%d" % (i % 100, i)))
	END
  local diff_id
  diff_id=$(gzip -dc wide.tar.gz | sha256sum | cut -d' ' -f1)
  make_layout wide wide "$(printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(go_arch)" "$diff_id")" wide.tar.gz
}

@test "^C while a layer is unpacked, all of which has come, leaves the store as it was" {
  make_wide 60000
  push wide 1
  before=$(state_of_store)
  layer=$(layer_of_image)
  # the first unpacks what comes through a pipe, the second what was there
  for signal in INT:130 TERM:143; do
    rm -rf unpacking bin
    mkfifo unpacking
    mkdir bin
    # who unpacks becomes root of its ids first: it says so, once
    cat >bin/newuidmap <<-END
	#!/bin/sh
	mkdir '$DIR/bin/once' 2>/dev/null && echo >'$DIR/unpacking'
	exec $(command -v newuidmap) "\$@"
	END
    chmod +x bin/newuidmap
    PATH=$DIR/bin:$PATH begin "$WOLFFIA" pull "$IMAGE:1"
    read -r -t 20 <unpacking
    # the blob is in the stage: it has come, and is right
    [ "$(head -c 1 < <(timeout 20 tail -F -c +1 \
      "$WOLFFIA_STORE"/tmp/*/"blobs/$layer" 2>/dev/null 3>&-) | wc -c)" -eq 1 ]
    end "${signal%:*}" "${signal#*:}"
    grep -q 'hint: what has come is kept' err
    [ -z "$(wolffia images -q)" ]
    diff <(state_of_store) - <<<"$before"
    cmp wide.tar.gz "$WOLFFIA_STORE/partial/$layer"
  done
  wolffia pull -q "$IMAGE:1"
  [ "$(requests "\"GET /v2/team/app/blobs/$layer ")" -eq 1 ]
  assert_nothing_left
  [ -z "$(ls -A "$WOLFFIA_STORE/partial")" ]
}

@test "after SIGKILL the next pull asks for the rest" {
  make_image one 3000000
  push one 1
  start_proxy 1000000 1
  begin "$WOLFFIA_IMAGE" pull "$PROXY/team/app:1"
  await_bytes
  end KILL 137
  [ -z "$(wolffia images -q)" ]
  assert_nothing_left
  wolffia pull -q "$PROXY/team/app:1"
  assert_resumed
}

@test "a run that is interrupted while it pulls ends with the signal, and leaves nothing" {
  make_image one 3000000
  push one 1
  before=$(state_of_store)
  start_proxy 1000000 2
  for signal in INT:130 TERM:143; do
    begin "$WOLFFIA" run "$PROXY/team/app:1" true
    await_bytes
    end "${signal%:*}" "${signal#*:}"
    [ ! -s out ]
    diff <(state_of_store) - <<<"$before"
    # the one that pulled has ended before: its lock is gone
    [ "$(ls "$WOLFFIA_STORE/partial")" ]
  done
}

@test "two pulls of one image at a time do not wait for one another" {
  make_image one 3000000
  push one 1
  start_proxy 1000000 1
  begin "$WOLFFIA" pull "$PROXY/team/app:1"
  await_stall
  run -0 wolffia pull -q "$PROXY/team/app:1"
  [ "$output" = "$DIGEST" ]
  end INT 130
  [ "$(wolffia images -q --no-trunc | wc -l)" -eq 1 ]
  assert_nothing_left
}

@test "an unpacker that fails while the transfer waits for it ends the pull, and says why" {
  make_image one 4000000
  push one 1
  mkdir bin
  # until more has come than the pipe to the unpacker holds
  cat >bin/newuidmap <<-'END'
	#!/bin/bash
	while [ "$(cat "$WOLFFIA_STORE"/partial/* | wc -c)" -le 1048576 ]; do
		[ $SECONDS -lt 10 ] || break
	done
	echo "out of order" >&2
	exit 1
	END
  chmod +x bin/newuidmap
  PATH=$PWD/bin:$PATH run wolffia pull -q "$IMAGE:1"
  assert_failed
  [[ $output == *"out of order"* ]]
  layer=$(layer_of_image)
  [ "$(requests "\"GET /v2/team/app/blobs/$layer ")" -eq 1 ]
  wolffia pull -q "$IMAGE:1"
}

@test "on a terminal there are bars, and nothing is left of them" {
  need script
  make_image one 3000000
  push one 1
  start_proxy 1000000 1
  TERM=xterm NO_COLOR=1 begin script -qefc \
    "stty cols 70; exec '$WOLFFIA' pull '$PROXY/team/app:1'" typescript
  await_stall
  # painted a moment later
  timeout 20 stdbuf -oL tr '\r' '\n' < <(timeout 20 tail -n +1 -f typescript) |
    grep -qm 1 '\[=*> *\]'
  run ! grep -q $'\033\\[32m' typescript
  child=$(pgrep -P "$pid" -f 'wolffia-image pull')
  # as ^C does: to all of the group, and so to those that unpack
  kill -s INT -- "-$child"
  wait "$pid" || true
  # all of the bar is away before anything else is said
  grep -q $'\r\033\\[Jwolffia: cannot pull .*: interrupted' typescript
}

@test "run pulls an image that is missing: its output is the workload's alone" {
  make_app one hello
  push one 1
  run -0 --separate-stderr wolffia run "$IMAGE:1" cat /text
  [ "$output" = hello ]
  [ "$stderr" = "Pulling $IMAGE:1" ]
  before=$(requests GET)
  run -0 --separate-stderr wolffia run "$IMAGE:1" cat /text
  [ "$output" = hello ]
  [ -z "$stderr" ]
  [ "$(requests GET)" -eq "$before" ]
  wolffia rmi "$IMAGE:1"
  run -0 --separate-stderr wolffia run -q "$IMAGE:1" cat /text
  [ -z "$stderr" ]
  wolffia rmi "$IMAGE:1"
  run -0 --separate-stderr wolffia create --name made "$IMAGE:1" cat /text
  [ "${#lines[@]}" -eq 1 ]
  run -0 wolffia start -a made
  [ "$output" = hello ]
  wolffia rm made
}

@test "run --pull never fetches nothing and says how to; explain never does" {
  make_app one hello
  push one 1
  before=$(requests GET)
  run wolffia run --pull never "$IMAGE:1" true
  assert_failed
  [[ $output == *"hint: fetch it with: wolffia pull $IMAGE:1"* ]]
  run wolffia explain run "$IMAGE:1"
  assert_failed
  [[ $output == *"wolffia pull $IMAGE:1"* ]]
  [ "$(requests GET)" -eq "$before" ]
}

@test "run --pull always asks each time, and fetches what has changed" {
  make_app one first
  push one 1
  run -0 --separate-stderr wolffia run --pull always "$IMAGE:1" cat /text
  [ "$output" = first ]
  before=$(requests '"GET /v2/team/app/blobs/')
  run -0 --separate-stderr wolffia run --pull always "$IMAGE:1" cat /text
  [[ $stderr == *"$IMAGE:1 is up to date" ]]
  [ "$(requests '"GET /v2/team/app/blobs/')" -eq "$before" ]
  make_app two second
  push two 1
  run -0 --separate-stderr wolffia run "$IMAGE:1" cat /text
  [ "$output" = first ]
  run -0 --separate-stderr wolffia run --pull=always "$IMAGE:1" cat /text
  [ "$output" = second ]
}

@test "an image that cannot be had is one clear line, and no container" {
  wolffia images
  run wolffia run -q "$IMAGE:none" true
  assert_failed
  [[ $output == *"cannot pull $IMAGE:none: "*"404"* ]]
  [ -z "$(wolffia ps -aq)" ]
}

@test "short names mean the same to pull, run, inspect and rmi" {
  make_app one hello
  push one 1
  copy "oci:one" "docker://$REGISTRY/other:1"
  cat >"$CONTAINERS/registries.conf" <<-END
	unqualified-search-registries = ["$REGISTRY"]
	[aliases]
	"app" = "$IMAGE"
	END
  run -0 --separate-stderr wolffia run app:1 cat /text
  [ "$output" = hello ]
  [ "$stderr" = "Pulling $IMAGE:1" ]
  run -0 --separate-stderr wolffia pull other:1
  [ "${stderr_lines[0]}" = "Pulling $REGISTRY/other:1" ]
  before=$(requests GET)
  run -0 wolffia run other:1 cat /text
  run -0 wolffia run --pull never app:1 cat /text
  [ "$(requests GET)" -eq "$before" ]
  run -0 wolffia inspect --format '{{index .RepoTags 0}}' app:1
  wolffia rmi app:1
  wolffia rmi other:1
  [ -z "$(wolffia images -q)" ]
  # what stands for nothing is docker's
  echo 'unqualified-search-registries = []' >"$CONTAINERS/registries.conf"
  run wolffia run --pull never debian true
  [[ $output == *'no image "debian" in the store'* ]]
}

@test "what was pulled by its digest is shown with its repository" {
  show() {
    wolffia images --format '{{.Repository}} {{.Tag}} {{.Digest}}' "$@"
  }
  make_app one by-digest
  push one 1
  copy oci:one "docker://$REGISTRY/team/other:1"
  wolffia pull -q "$IMAGE@$DIGEST"
  [ "$(show)" = "$IMAGE <none> $DIGEST" ]
  [ "$(show team/app)" = "$IMAGE <none> $DIGEST" ]
  [ -z "$(show -f dangling=true)" ]
  run -0 wolffia inspect -f '{{.RepoTags}} {{.RepoDigests}}' "${DIGEST#sha256:}"
  [ "$output" = "[] [$IMAGE@$DIGEST]" ]
  # it is no rubbish
  wolffia prune -f >/dev/null
  [ "$(show)" = "$IMAGE <none> $DIGEST" ]
  # of another repository it is another image, of the same bytes
  wolffia pull -q "$REGISTRY/team/other@$DIGEST"
  [ "$(show | cut -d' ' -f1 | sort | xargs)" = "$IMAGE $REGISTRY/team/other" ]
  wolffia tag "$IMAGE@$DIGEST" "$IMAGE:x"
  [ "$(show app)" = "$IMAGE x $DIGEST" ]
  wolffia rmi "$REGISTRY/team/other@$DIGEST" "$IMAGE:x"
  [ -z "$(show)" ]
  assert_nothing_left
}
