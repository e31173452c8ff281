#!/bin/sh
# list_tree.sh DIRECTORY - every file below it, with owner, mode, and content
#
# Runs with GNU tools and with busybox, so that the same listing can be made
# of a tree on the host and of the root of a container.  Left out is what a
# container gets from its launcher, and what a directory's size and times say.
set -eu
cd "$1"
LC_ALL=C
export LC_ALL

# listed TYPE COMMAND... - the files of this type, through the command
listed()
{
  type=$1
  shift
  find . -mindepth 1 \( -path ./dev -o -path ./proc -o -path ./sys -o -path ./etc/hosts \
    -o -path ./etc/hostname -o -path ./etc/resolv.conf \) -prune -o \
    -type "$type" -exec "$@" {} +
}

{
  listed d stat -c 'directory %n mode %f owner %u:%g'
  for type in f l p s c b; do
    listed "$type" stat -c 'file %n mode %f owner %u:%g links %h size %s time %Y'
  done
  # shellcheck disable=SC2016  # for the inner shell
  listed l sh -c 'for link; do
    printf "link %s to %s\n" "$link" "$(readlink "$link")"
  done' sh
  listed f sha256sum
} | sort
