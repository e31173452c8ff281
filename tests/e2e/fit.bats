#!/usr/bin/env bats
# A file system that cannot hold a store is found before a layer is fetched,
# loaded or imported, by pull, load, import and doctor.

load helper_registry

setup() {
  registry_setup
  need_elsewhere
  mkdir mnt
  export WOLFFIA_STORE=$DIR/mnt/store
  # a sanitizer cannot look for leaks under strace
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

teardown() {
  registry_teardown
}

# a registry with the image of one layer of 4 MB, which is $DIR/one.tar too
start_all() {
  start_registry plain
  IMAGE=$REGISTRY/team/app
  make_image one 4000000
  copy oci:one "docker://$IMAGE:1"
  LAYER=$(layer_of one)
}

# refused WORDS... -- SCRIPT: on what SCRIPT mounts each verb fails with all of
# the WORDS, and no byte of a layer was asked for
refused() {
  local words=()
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  for verb in "pull -q $IMAGE:1" "load -q one" "import -q one.tar app"; do
    # shellcheck disable=SC2086 # words
    run -125 elsewhere "$2" timeout 60 "$WOLFFIA_IMAGE" $verb
    echo "$verb: $output"
    for word in "${words[@]}"; do
      [[ $output == *"$word"* ]]
    done
  done
  [ "$(requests "\"GET /v2/team/app/blobs/sha256:$LAYER ")" -eq 0 ]
}

@test "an image that has no room is refused with how much is needed and free" {
  start_all
  run -125 elsewhere "mount -t tmpfs -o size=6m,mode=777 t mnt" \
    timeout 60 "$WOLFFIA_IMAGE" pull -q "$IMAGE:1"
  echo "$output"
  [[ $output == *"at least 800"?" kB are needed and "*" kB are free in $WOLFFIA_STORE"* ]]
  [[ $output == *"hint: make room"* ]]
  [ "$(requests "\"GET /v2/team/app/blobs/sha256:$LAYER ")" -eq 0 ]
  # with room for it
  elsewhere "mount -t tmpfs -o size=20m,mode=777 t mnt" \
    timeout 60 "$WOLFFIA_IMAGE" pull -q "$IMAGE:1"
}

@test "an archive that has no room is refused before it is read" {
  make_image one 4000000
  for verb in "load -q one.tar" "import -q one.tar app"; do
    # shellcheck disable=SC2086 # words
    run -125 elsewhere "mount -t tmpfs -o size=3m,mode=777 t mnt" \
      timeout 60 "$WOLFFIA_IMAGE" $verb
    echo "$verb: $output"
    [[ $output == *"at least 4003 kB are needed and "*" are free in "* ]]
  done
}

@test "a file system without hard links is refused" {
  need strace
  start_all
  prefix='prefix="strace -f -qq -o /dev/null -e trace=linkat -e inject=linkat:error=EPERM"'
  refused "has no hard links" "--store DIR" -- \
    "mount -t tmpfs -o mode=777 t mnt; $prefix"
}

@test "with one id a file system without attributes is refused" {
  need strace
  start_all
  prefix='prefix="strace -f -qq -o /dev/null -e trace=fsetxattr -e inject=fsetxattr:error=EOPNOTSUPP"'
  refused "keeps no extended attributes" "--store DIR" -- \
    "mount -t tmpfs -o mode=777 t mnt; $prefix"
}

@test "a read-only file system is said to be one" {
  start_all
  refused "ead-only file system" -- \
    "mount -t tmpfs -o mode=777 t mnt; mkdir -m 700 mnt/store; mount -o remount,ro,bind mnt"
}

@test "what is mounted noexec holds images that run" {
  make_rootfs root.tar
  elsewhere "mount -t tmpfs -o noexec,mode=777 t mnt" sh -ec '
    "$WOLFFIA" import -q root.tar app >/dev/null
    [ "$("$WOLFFIA" run --userns single app /bin/sh -c "echo it runs")" = "it runs" ]'
}

@test "doctor finds the same" {
  need strace
  prefix='prefix="strace -f -qq -o /dev/null -e trace=linkat -e inject=linkat:error=EPERM"'
  run elsewhere "mount -t tmpfs -o mode=777 t mnt; $prefix" "$WOLFFIA" doctor
  [[ $output == *"has no hard links"* ]]
}
