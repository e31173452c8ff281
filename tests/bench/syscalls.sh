#!/bin/bash
# syscalls.sh - is the floor a fair yardstick?  Its system calls and wolffia's
#
#     BENCH_USER=NAME WOLFFIA=/path/to/wolffia syscalls.sh [STACK...]
#
# Counts by name, with strace -f -c, of all processes of one start of /bin/true
# on each stack (fuse, overlay, single).  Root runs it: newuidmap is set-user-id,
# and strace keeps that only when root starts the program as somebody else (-u).
# The roots, the floor and the store are those of tests/bench/start.
set -euo pipefail

bench=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" -eq 0 ] || {
	echo "syscalls.sh: root runs it, see its first lines" >&2
	exit 1
}
home=$(getent passwd "${BENCH_USER:?}" | cut -d: -f6)
dir=${BENCH_DIR:-$home/.cache/wolffia-bench}
small=$dir/small
floor=("$dir/floor" --dir "$dir/floor-containers")
ours=("${WOLFFIA:?}" run -q --store "$dir/store")
counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT
chmod 755 "$counts"
cd "$dir"

# count FILE COMMAND...
count() {
	local file=$counts/$1
	shift
	HOME=$home PATH=/usr/bin:/bin strace -u "$BENCH_USER" -f -c \
		-U calls,name -o "$file" "$@" </dev/null >/dev/null
}

compare() {
	python3 "$bench/compare-counts.py" "$counts/floor" "$counts/wolffia"
}

for stack in "${@:-fuse overlay single}"; do
	for name in $stack; do
		case $name in
		fuse) a=(--stack fuse) b=() ;;
		overlay) a=(--stack overlay) b=(--driver overlay) ;;
		single) a=(--stack overlay --single) b=(--userns single) ;;
		*) echo "syscalls.sh: no stack $name" >&2; exit 1 ;;
		esac
		count floor "${floor[@]}" "${a[@]}" "$small" /bin/true
		count wolffia "${ours[@]}" "${b[@]}" --rootfs "$small" /bin/true
		echo "== $name"
		compare
	done
done
