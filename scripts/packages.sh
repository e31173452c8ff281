# shellcheck shell=sh disable=SC2034  # the lists are for those who source it
# scripts/packages.sh - what the distribution has to supply, by purpose
#
# To be sourced.  Another distribution is a new branch of packages_known and,
# where its names differ, another set of these lists.

# to compile: the compiler, the build system, and the libraries' headers
packages_build="gcc libc6-dev meson ninja-build pkgconf python3
  libcap-dev libseccomp-dev libjansson-dev libarchive-dev libisal-dev libssl-dev
  libsubid-dev libcurl4-openssl-dev libpsl-dev"

# to start a container: the file system server, newuidmap and newgidmap
packages_run="fuse-overlayfs uidmap"

# to make an image on the spot, in ./try
packages_try="busybox-static"

# to test: frameworks, a second compiler, linters, and foreign image tools
packages_test="check bats busybox-static attr libcap2-bin strace jq bsdutils
  clang lld llvm clang-format-19 cppcheck shellcheck universal-ctags man-db groff
  mmdebstrap umoci skopeo buildah podman netavark libarchive-tools zstd xz-utils
  bzip2 procps systemd
  docker-registry apache2-utils openssl curl"

# to measure against: what others use for the same
packages_bench="bubblewrap crun hyperfine
  libdeflate-dev zlib1g-dev"

# Is this a distribution whose package names we know?
packages_known()
{
  [ -r /etc/os-release ] || return 1
  (
    # shellcheck disable=SC1091  # the system's own file
    . /etc/os-release
    case " ${ID:-} ${ID_LIKE:-} " in
    *" debian "*) exit 0 ;;
    *) exit 1 ;;
    esac
  )
}

packages_is_installed()
{
  dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -q '^installed$'
}

# packages_install NAME... - install those that are missing; ask nothing
packages_install()
{
  if ! packages_known; then
    say "not Debian or one of its children: have these installed: $*"
    return 0
  fi
  packages_missing=
  for package in "$@"; do
    packages_is_installed "$package" ||
      packages_missing="$packages_missing $package"
  done
  [ -n "$packages_missing" ] || return 0
  say "install from the distribution:$packages_missing"
  can_be_root ||
    fail "neither root nor sudo: apt-get install$packages_missing"
  as_root apt-get update -qq || fail "apt-get update"
  # shellcheck disable=SC2086  # a list of names
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq --yes --no-install-recommends \
    -o Dpkg::Use-Pty=0 $packages_missing >/dev/null ||
    fail "apt-get could not install:$packages_missing"
}
