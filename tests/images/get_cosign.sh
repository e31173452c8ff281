#!/bin/sh
# get_cosign.sh - cosign(1), which signs images for the tests
#
# Prints the path of the program: the machine's own, or that of Debian 13,
# which is fetched by an ordinary user from where apt takes packages, checked
# by apt's keys, kept beside the images of make_images.sh, and not installed.
set -eu

wanted=trixie
if command -v cosign; then
  exit 0
fi
cache=${WOLFFIA_TEST_IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/wolffia-tests}
mkdir -p "$cache"
exec 9>"$cache/cosign.lock"
flock 9
if [ ! -x "$cache/cosign" ]; then
  printf '%s images: cosign of Debian %s\n' "$(date +%T)" "$wanted" >&2
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  mkdir -p lists/partial cache/archives/partial
  : >status
  # shellcheck disable=SC1091  # the system's own file
  . /etc/os-release
  # shellcheck disable=SC2016  # apt fills these in
  apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
    "Codename: ${VERSION_CODENAME:?}" \
    --format 'deb $(REPO_URI) '"$wanted main" | sort -u >sources.list
  set -- -qq -o Dir::Etc::SourceList="$work/sources.list" \
    -o Dir::Etc::SourceParts=- -o Dir::State="$work" \
    -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" \
    -o Dir::Cache="$work/cache" -o Acquire::Languages=none \
    -o Acquire::Retries=3
  apt-get "$@" update >&2
  apt-get "$@" download cosign >&2
  dpkg-deb -x cosign_*.deb tree
  mv tree/usr/bin/cosign "$cache/cosign"
fi
echo "$cache/cosign"
