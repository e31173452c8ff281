#!/usr/bin/env bats
# Real root file systems, packed by umoci, skopeo and buildah: what those tools
# say is in them is what a container sees, and what is installed works.

load helper

setup_file() {
  IMAGES=$("$BATS_TEST_DIRNAME/../images/make_images.sh") || return
  WOLFFIA_STORE=$(mktemp -d "${BATS_TMPDIR:-/tmp}/wolffia-real.XXXXXX")/store
  export IMAGES WOLFFIA_STORE
  "$WOLFFIA_IMAGE" load --quiet "$IMAGES/oci"
  "$WOLFFIA_IMAGE" load --quiet -i "$IMAGES/buildah.oci-archive.tar"
  "$WOLFFIA_IMAGE" import "$IMAGES/debian.tar" plain
}

teardown_file() {
  "$WOLFFIA" images -q --no-trunc |
    xargs -r "$WOLFFIA_IMAGE" rmi -f >/dev/null
  rm -rf "$(dirname "$WOLFFIA_STORE")"
}

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
}

debian() {
  "$WOLFFIA" run --quiet "$@"
}

# The listing made in a container is the one made by the foreign tool.
same_tree() { # expected IMAGE-AND-OPTIONS...
  local expected=$1
  shift
  "$WOLFFIA" run --quiet --interactive "$@" sh -s / \
    <"$BATS_TEST_DIRNAME/../images/list_tree.sh" >listing
  [ "$(wc -l <listing)" -gt 500 ]
  diff "$expected" listing | head -n 20 >differences
  cat differences
  [ ! -s differences ]
}

@test "every packing of an image is the same image" {
  local ids archive
  export WOLFFIA_STORE=$DIR/store
  for archive in oci debian.docker-archive.tar debian.oci-archive.tar; do
    "$WOLFFIA_IMAGE" load --quiet "$IMAGES/$archive"
  done
  "$WOLFFIA" images
  [ "$("$WOLFFIA" images | tail -n +2 | wc -l)" -eq 3 ]
  ids=$("$WOLFFIA" images -q --no-trunc)
  [[ $ids =~ ^sha256:[0-9a-f]{64}$ ]]
  "$WOLFFIA_IMAGE" rmi -f "$ids"
  assert_store_empty
}

@test "Debian as umoci unpacks it, root being nobody on the host" {
  same_tree "$IMAGES/debian.list" --userns nomap debian
}

@test "Debian as umoci unpacks it, root being the caller" {
  same_tree "$IMAGES/debian.list" --userns as-me debian
}

@test "Debian as umoci unpacks it, under fuse-overlayfs alone" {
  same_tree "$IMAGES/debian.list" --driver fuse-overlayfs debian
}

@test "busybox as buildah has it" {
  same_tree "$IMAGES/buildah.list" --user 0 example.org/buildah:oci
}

# shellcheck disable=SC2016  # for the shell in the container
@test "what the image's configuration says is what runs" {
  run -0 debian example.org/buildah:oci sh -c 'id -u; echo $FLAVOUR'
  [ "$output" = "$(printf '33\nbuildah')" ]
  run -0 debian debian sh -c 'pwd; echo $FLAVOUR'
  [ "$output" = "$(printf '/root\numoci')" ]
}

@test "hard links are one file, and a hole is a hole" {
  run -0 debian debian sh -c '
    cd /opt
    [ odd/two -ef odd/deep/three ] && echo same
    du -k sparse/gnu'
  [ "${lines[0]}" = same ]
  # of 64 MiB
  [ "${lines[1]%%[!0-9]*}" -lt 1024 ]
}

@test "the root belongs to root under every driver" {
  local options
  for options in "--userns nomap" "--userns as-me" \
    "--driver fuse-overlayfs --userns nomap" \
    "--driver fuse-overlayfs --userns as-me" "--driver overlay --userns as-me"
  do
    # shellcheck disable=SC2086  # several options
    run -0 debian $options plain stat -c "%u:%g %a" / /etc /root
    [ "$output" = "$(printf '0:0 755\n0:0 755\n0:0 700')" ]
  done
}

@test "a file capability is there" {
  run -0 debian debian python3 -c '
import os, struct
value = os.getxattr("/opt/odd/capable", "security.capability")
print(struct.unpack("<II", value[:8]))'
  # effective, version 2 or 3; CAP_NET_BIND_SERVICE
  [[ $output =~ ^\((33554433|50331649),\ 1024\)$ ]]
}

@test "dpkg finds every file of every package as it was packed" {
  run -0 debian plain sh -c 'dpkg --verify && dpkg --list | grep -c ^ii'
  [[ $output =~ ^[0-9]+$ ]]
  [ "$output" -gt 80 ]
}

@test "apt-get installs a package from a folder" {
  mkdir -p package/DEBIAN package/usr/share/wolffia-hello folder
  echo "hello from a package" >package/usr/share/wolffia-hello/text
  cat >package/DEBIAN/control <<-END
	Package: wolffia-hello
	Version: 1
	Architecture: all
	Depends: libc6, dpkg
	Maintainer: Nobody <nobody@example.org>
	Description: a greeting
	END
  cat >package/DEBIAN/postinst <<-'END'
	#!/bin/sh
	set -e
	useradd --system wolffia-hello
	chown wolffia-hello /usr/share/wolffia-hello/text
	END
  chmod 755 package/DEBIAN/postinst
  dpkg-deb --root-owner-group --build package folder/hello.deb
  run -0 debian -v "$PWD/folder:/folder:ro" plain sh -c '
    apt-get install --yes /folder/hello.deb || exit
    dpkg --status wolffia-hello
    stat -c %U /usr/share/wolffia-hello/text
    cat /usr/share/wolffia-hello/text'
  [[ $output == *"Status: install ok installed"* ]]
  [ "${lines[-2]}" = wolffia-hello ]
  [ "${lines[-1]}" = "hello from a package" ]
}

@test "gcc compiles, and what it made runs" {
  run -0 debian -i plain sh -c 'gcc -Wall -x c -o /hello - && /hello' <<-'END'
	#include <stdio.h>
	int main(void) { return puts("hello from gcc") < 0; }
	END
  [ "$output" = "hello from gcc" ]
}

@test "python3 runs, with threads and processes" {
  run -0 debian plain python3 -c '
import os, threading
seen = []
threads = [threading.Thread(target=seen.append, args=(n,)) for n in range(50)]
for t in threads: t.start()
for t in threads: t.join()
pid = os.fork()
if pid == 0: os._exit(7)
print(len(seen), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))'
  [ "$output" = "50 7" ]
}

@test "root becomes another user, and owns files as one" {
  run -0 debian plain sh -c '
    su --shell /bin/sh --command "id -un; id -Gn" nobody
    echo x >/x && chown 12345:54321 /x && stat -c %u:%g /x
    su --shell /bin/sh --command "cat /etc/shadow" nobody 2>&1 || echo refused'
  [ "${lines[0]}" = nobody ]
  [ "${lines[1]}" = nogroup ]
  [ "${lines[2]}" = 12345:54321 ]
  [ "${lines[4]}" = refused ]
}

@test "a set-uid program gives root only where the profile says so" {
  local try='cp /usr/bin/id /usr/bin/id-root && chmod 4755 /usr/bin/id-root &&
    setpriv --reuid 1000 --regid 1000 --clear-groups /usr/bin/id-root -u'
  run -0 debian plain sh -c "$try"
  [ "$output" = 1000 ]
  run -0 debian --profile setuid plain sh -c "$try"
  [ "$output" = 0 ]
}

@test "what a container wrote is gone with it" {
  run -0 debian plain sh -c 'rm -rf /usr/share/doc && echo x >/etc/new'
  run -0 debian plain sh -c 'ls /usr/share/doc | wc -l; [ ! -e /etc/new ]'
  [ "${lines[0]}" -gt 50 ]
}
