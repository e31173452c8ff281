#!/bin/sh
# make_images.sh - real root file systems, packed by foreign tools
#
# Prints the directory they are in.  They are made once a week for each Debian
# release, below $WOLFFIA_TEST_IMAGES (default: wolffia-tests in the user's
# cache), by an ordinary user with subordinate ids:
#
#   busybox.tar                  a root file system of busybox alone
#   debian.tar                   Debian by mmdebstrap, with gcc and python3
#   oci/                         that, and layers full of oddities, by umoci
#   debian.docker-archive.tar    the same image, packed by skopeo
#   debian.oci-archive.tar       the same, with layers of zstd
#   buildah.docker-archive.tar   busybox with layers by buildah
#   buildah.oci-archive.tar      the same
#   debian.list, buildah.list    what must be in them: list_tree.sh
#
# The layers have whiteouts, an opaque directory, files that become directories
# and the other way round, hard links, set-id files, file capabilities, odd
# names, and sparse files.  Packages come from where apt takes them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
umask 022
# shellcheck source=/dev/null  # the system's own file
. /etc/os-release
suite=${VERSION_CODENAME:?this distribution has no code name}
cache=${WOLFFIA_TEST_IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/wolffia-tests}
ready=$cache/$suite-$(date +%G-W%V)

step()
{
  printf '%s images: %s\n' "$(date +%T)" "$*" >&2
}

# As root of a user namespace that has all of the user's ids.
as_mapped_root()
{
  unshare --user --map-root-user --map-auto --mount -- "$@"
}

make_busybox()
{
  step "a root file system of busybox"
  mkdir -p root/bin root/etc root/root root/tmp root/proc root/sys root/dev
  cp "$(command -v busybox)" root/bin/busybox
  for applet in $(root/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "root/bin/$applet"
  done
  echo root:x:0:0:root:/root:/bin/sh >root/etc/passwd
  echo root:x:0: >root/etc/group
  tar -C root --owner=0 --group=0 --sort=name -cf busybox.tar .
  rm -r root
}

make_debian()
{
  step "Debian $suite by mmdebstrap"
  # shellcheck disable=SC2016  # apt fills these in
  apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
    --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' >sources
  set --
  [ ! -s sources ] || set -- sources
  mmdebstrap --quiet --mode=unshare --variant=minbase \
    --aptopt='Acquire::Retries "3"' \
    --include=gcc,libc6-dev,python3-minimal "$suite" debian.tar "$@"
}

# What a layer does to the one below it, seen from inside the tree.
change_first()
{
  rm -r usr/share/common-licenses
  rm etc/issue.net etc/debian_version
  mkdir etc/debian_version
  echo "a file became a directory" >etc/debian_version/file
  mkdir -p opt/odd opt/odd/deep opt/goes opt/opaque opt/opaque/inside
  cd opt/odd
  cp /bin/true setuid
  chown 1000:1000 setuid
  chmod 4755 setuid
  cp /bin/true setgid
  chown 0:42 setgid
  chmod 2755 setgid
  cp /bin/true capable
  setcap cap_net_bind_service+ep capable
  mkdir sticky
  chmod 1777 sticky
  echo three names, one file >one
  ln one two
  ln one deep/three
  echo closed >closed
  chmod 000 closed
  echo high >high_owner
  chown 65000:65001 high_owner
  truncate --size=32M sparse
  echo head | dd of=sparse conv=notrunc status=none
  echo tail | dd of=sparse bs=1M seek=31 conv=notrunc status=none
  mkfifo fifo
  ln -s /etc/passwd absolute
  ln -s ../../etc/passwd relative
  ln -s nowhere dangling
  echo blank >"a name with blanks"
  echo utf8 >"Wasserlinse-ü-小"
  name=$(printf '%0200d' 0)
  mkdir -p "$name/$name"
  echo long >"$name/$name/$name"
  touch --date=1970-01-01T00:00:01Z ancient
  touch --date=2100-01-01T00:00:00Z future
  cd ../..
  echo goes >opt/goes/file
  echo below >opt/opaque/below
  echo below >opt/opaque/inside/below
}

change_second()
{
  rm opt/odd/one
  rm -r opt/goes
  echo "a directory became a file" >opt/goes
  chmod 700 opt/odd/deep
  chown 7:7 "opt/odd/a name with blanks"
  echo "said again" >opt/odd/high_owner
  rm -r etc/debian_version
  ln -s os-release etc/debian_version
  echo back >etc/issue.net
}

# A layer by hand: a directory that hides all that was in it, and a sparse
# file as GNU tar writes it.
make_last_layer()
{
  mkdir -p last/opt/opaque last/opt/sparse
  touch last/opt/opaque/.wh..wh..opq
  echo above >last/opt/opaque/above
  truncate --size=64M last/opt/sparse/gnu
  echo tail | dd of=last/opt/sparse/gnu bs=1M seek=63 conv=notrunc status=none
  tar -C last --owner=0 --group=0 --sparse --format=pax \
    -cf last.tar opt
  rm -r last
}

# in the user namespace: one layer by umoci
change_image()
{
  umoci --log=error unpack --image oci:debian bundle
  (cd bundle/rootfs && "$1")
  umoci --log=error repack --image oci:debian bundle
  rm -rf bundle
}

# in the user namespace: the whole image, by umoci's own unpacking
list_image()
{
  umoci --log=error unpack --image oci:debian bundle
  "$here/list_tree.sh" bundle/rootfs >debian.list
  rm -rf bundle
}

make_layers()
{
  step "layers by umoci"
  umoci --log=error init --layout oci
  umoci --log=error new --image oci:debian
  umoci --log=error raw add-layer --image oci:debian debian.tar
  as_mapped_root "$0" --inside change_image change_first
  as_mapped_root "$0" --inside change_image change_second
  make_last_layer
  umoci --log=error raw add-layer --image oci:debian last.tar
  rm last.tar
  umoci --log=error config --image oci:debian --config.cmd /bin/bash \
    --config.env FLAVOUR=umoci --config.workingdir /root
  umoci --log=error gc --layout oci
  as_mapped_root "$0" --inside list_image
}

make_archives()
{
  step "archives by skopeo"
  skopeo --insecure-policy copy --quiet oci:oci:debian \
    docker-archive:debian.docker-archive.tar:example.org/debian:docker
  skopeo --insecure-policy copy --quiet --dest-compress-format zstd \
    oci:oci:debian \
    oci-archive:debian.oci-archive.tar:example.org/debian:oci
}

# in buildah's user namespace
change_buildah()
{
  cd "$(buildah mount "$1")"
  rm -r opt/gone
  rm opt/first
  echo second >opt/second
  cp bin/busybox opt/busybox
  setcap cap_chown+ep opt/busybox
  chown 33:33 opt/kept
  chmod 6755 opt/kept
  cd /
  buildah umount "$1" >/dev/null
}

list_buildah()
{
  tree=$(buildah mount "$1")
  "$here/list_tree.sh" "$tree" >buildah.list
  buildah umount "$1" >/dev/null
}

make_buildah()
{
  step "archives by buildah"
  export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
  CONTAINERS_STORAGE_CONF=$PWD/storage.conf
  export CONTAINERS_STORAGE_CONF
  printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' \
    "$PWD/graph" "$PWD/run" >storage.conf
  mkdir -p add/gone add/kept.d
  echo gone >add/gone/file
  for file in first kept "kept.d/a name"; do
    echo "$file" >"add/$file"
  done
  ln add/kept add/kept.d/link

  container=$(buildah from scratch)
  buildah add --quiet "$container" busybox.tar / >/dev/null
  buildah commit --quiet --rm "$container" layer-1 >/dev/null
  container=$(buildah from layer-1)
  buildah copy --quiet "$container" add /opt >/dev/null
  buildah config --env FLAVOUR=buildah --cmd /bin/sh --user 33 "$container"
  buildah commit --quiet --rm "$container" layer-2 >/dev/null
  container=$(buildah from layer-2)
  buildah unshare "$0" --inside change_buildah "$container"
  buildah commit --quiet "$container" layer-3 >/dev/null
  buildah unshare "$0" --inside list_buildah "$container"
  buildah push --quiet layer-3 \
    docker-archive:buildah.docker-archive.tar:example.org/buildah:docker
  buildah push --quiet layer-3 \
    oci-archive:buildah.oci-archive.tar:example.org/buildah:oci
  buildah unshare rm -rf graph run
  rm -rf add storage.conf
}

# The parts that run in a user namespace come back here.
if [ "${1:-}" = --inside ]; then
  shift
  "$@"
  exit
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -d "$ready" ]; then
  for old in "$cache"/*; do
    [ ! -d "$old" ] || as_mapped_root rm -rf "$old"
  done
  mkdir "$cache/unfinished"
  cd "$cache/unfinished"
  make_busybox
  make_debian
  make_layers
  make_archives
  make_buildah
  rm -f sources
  cd "$cache"
  mv unfinished "$ready"
  step "done"
fi
echo "$ready"
