# shellcheck shell=sh
# scripts/machine.sh - what the machine has to be: a device, an ordinary user
#
# To be sourced.  Nothing here depends on root's own HOME or environment.

# the users of the tests read each other's trees
umask 022

say()
{
  printf '==> %s\n' "$*"
}

fail()
{
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

is_root()
{
  [ "$(id -u)" -eq 0 ]
}

can_be_root()
{
  is_root || command -v sudo >/dev/null
}

as_root()
{
  if is_root; then
    "$@"
  else
    sudo "$@"
  fi
}

# machine_open_device PATH MAJOR MINOR - mode 0666, as udev's rules give it
#
# With a running udev its rules decide, and nothing is touched.
machine_open_device()
{
  if [ -e /run/udev/control ] ||
    { [ -c "$1" ] && [ "$(stat -c %a "$1")" = 666 ]; }; then
    return 0
  fi
  say "no udev here: open $1 to all users, as udev does elsewhere"
  can_be_root || fail "neither root nor sudo: chmod 0666 $1"
  [ -d "$(dirname "$1")" ] || as_root mkdir -p "$(dirname "$1")"
  [ -c "$1" ] || as_root mknod "$1" c "$2" "$3" || fail "mknod $1"
  as_root chmod 0666 "$1" || fail "chmod 0666 $1"
}

machine_open_devices()
{
  machine_open_device /dev/fuse 10 229
  machine_open_device /dev/net/tun 10 200
}

# The first id above every range that /etc/subuid or /etc/subgid grants.
machine_next_subid()
{
  cat /etc/subuid /etc/subgid 2>/dev/null |
    awk -F: 'BEGIN { next_id = 100000 }
      $2 + $3 > next_id { next_id = $2 + $3 }
      END { printf "%d\n", next_id }'
}

machine_has_subids()
{
  grep -q "^$1:" /etc/subuid 2>/dev/null &&
    grep -q "^$1:" /etc/subgid 2>/dev/null
}

# machine_make_user NAME - an ordinary user without subordinate ids
machine_make_user()
{
  if ! getent passwd "$1" >/dev/null; then
    say "create the ordinary user $1"
    useradd --create-home --shell /bin/bash -K HOME_MODE=0755 \
      -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "$1" || fail "useradd $1"
  fi
}

# machine_grant_subids NAME - 65,536 subordinate ids that nobody else has
machine_grant_subids()
{
  machine_has_subids "$1" && return 0
  first=$(machine_next_subid)
  range=$first-$((first + 65535))
  say "grant the subordinate ids $range to $1"
  usermod --add-subuids "$range" --add-subgids "$range" "$1" ||
    fail "usermod --add-subuids $range $1"
}

machine_home()
{
  getent passwd "$1" | cut -d: -f6
}

# as_user NAME COMMAND... - run it as this user, with that user's environment
#
# Of ours only what says where packages come from, and how tests behave.
as_user()
(
  name=$1
  home=$(machine_home "$1")
  shift
  # a lock of ours is not for what may go on in the background
  exec 9>&-
  [ "$(id -un)" != "$name" ] || exec "$@"
  cd "$home" || exit
  set -- HOME="$home" USER="$name" LOGNAME="$name" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 "$@"
  for variable in CI TESTS_MUST_RUN WOLFFIA_PROOF CP_RACES http_proxy \
    https_proxy no_proxy; do
    value=$(printenv "$variable") && set -- "$variable=$value" "$@"
  done
  exec runuser -u "$name" -- env -i "$@"
)

# quietly LOG COMMAND... - show what it printed only when it fails
quietly()
{
  log=$1
  shift
  "$@" >"$log" 2>&1 && return 0
  cat "$log"
  return 1
}

# machine_copy_source SOURCE USER DIRECTORY - a copy that the user owns
#
# A file that is as before keeps its time and any other is new, whatever its
# time in SOURCE: so a second build compiles what has changed, and all of it.
machine_copy_source()
{
  as_user "$2" rm -rf "$3.new"
  as_user "$2" mkdir -p "$3.new" "$3"
  tar -C "$1" --exclude-vcs --exclude='./build*' -c . |
    as_user "$2" tar -C "$3.new" --no-same-owner --touch -x
  # shellcheck disable=SC2016  # for the user's shell
  as_user "$2" sh -euc '
    cd "$1.new"
    find . -type f | while read -r file; do
      ! cmp -s "$file" "$1/$file" || touch -r "$1/$file" "$file"
    done
    rm -rf "$1"
    mv "$1.new" "$1"
  ' sh "$3"
}
