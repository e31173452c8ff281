#!/usr/bin/env bats
# One id is all there is: what works without subordinate ids, and what is said.
#
# Whoever has subordinate ids asks for the same by hand.  ./check runs this as
# a user who has none.

load helper

setup() {
  helper_setup
  single=(--userns single)
  grep -q "^$(id -un):" /etc/subuid || single=()
}

teardown() {
  helper_teardown
}

# the notices go elsewhere: $output is the container's
contained() {
  "$WOLFFIA" run "${single[@]}" "$@" 2>stderr
}

@test "root in the container is the caller, and nobody else is there" {
  run -0 contained @host sh -c 'id -u; cat /proc/self/uid_map'
  [ "${lines[0]}" = 0 ]
  [ "${#lines[@]}" -eq 2 ]
  read -r inside _ count <<<"${lines[1]}"
  [ "$inside $count" = "0 1" ]
}

@test "what the host closes to the caller stays closed" {
  run contained @host cat /etc/shadow
  [ "$status" -eq 1 ]
  grep -q "Permission denied" stderr
}

# bats test_tags=one-id
@test "the missing ids are told once, with the line that grants them" {
  [ "${#single[@]}" -eq 0 ] || skip "$(id -un) has subordinate ids"
  run -0 contained @host true
  [ "$(grep -c . stderr)" -eq 1 ]
  grep -q "usermod --add-subuids [0-9]*-[0-9]* $(id -un)" stderr
}

@test "an image runs, and its files are root's" {
  make_rootfs rootfs.tar
  "$WOLFFIA" import rootfs.tar small >/dev/null 2>&1
  run -0 contained small sh -c 'busybox stat -c %u:%g /bin/busybox; echo x >/x'
  [ "$output" = 0:0 ]
}

# bats test_tags=one-id
@test "the owners of layers are kept for the day there are more ids" {
  [ "${#single[@]}" -eq 0 ] || skip "$(id -un) has subordinate ids"
  make_layer layer.tar owned text 33
  "$WOLFFIA" import layer.tar owned >/dev/null 2>&1
  file=$(find "$WOLFFIA_STORE/layers" -name owned)
  [ "$(stat -c %u "$file")" -eq "$(id -u)" ]
  getfattr --absolute-names -d "$file" | grep -q '33:33'
}

@test "groups that cannot be given are refused, with a reason" {
  run contained --group-add 0 @host true
  [ "$status" -eq 125 ]
  grep -q "group-add 0: .* one id" stderr
  [ "$(grep -c hint stderr)" -eq 1 ]
}

@test "an id that is not there is refused, with a reason" {
  run contained --user 5 @host true
  [ "$status" -eq 125 ]
  grep -q "user 5" stderr
  grep -q "no such id" stderr
}
