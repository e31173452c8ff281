# shellcheck shell=bash disable=SC2034  # used by those who read this
# lib.sh - what the measurements share; read by them, not run
#
# Who measures: an ordinary user.  Started by root a script goes on as the user
# in BENCH_USER.  On a machine with the old or the hybrid layout of cgroups crun
# and podman do not start; there root first makes a mount namespace in which
# /sys/fs/cgroup is a cgroup2 file system.  Nothing is unmounted, and the first
# mount namespace is left as it is.
#
#   BENCH_USER   who measures, when root starts it
#   BENCH_DIR    roots, images, containers: ~/.cache/wolffia-bench
#   WOLFFIA      the binary; else that of the build directory given

set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

has() {
	command -v "$1" >/dev/null
}

# bench_begin "$@": become the one who measures; find wolffia; make the floor
bench_begin() {
	if [ "$(id -u)" -eq 0 ]; then
		[ -n "${BENCH_USER:-}" ] ||
			die "started by root: BENCH_USER says who measures"
		bench_become_user "$@"
	fi
	BENCH_DIR=${BENCH_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/wolffia-bench}
	mkdir -p "$BENCH_DIR"
	export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$BENCH_DIR/run}
	mkdir -p "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	cd "$BENCH_DIR"
	: "${WOLFFIA:=$(command -v wolffia || true)}"
	[ -x "${WOLFFIA:-}" ] || die "WOLFFIA must name the binary to measure"
}

bench_become_user() {
	local path=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
	local home
	home=$(getent passwd "$BENCH_USER" | cut -d: -f6)
	local become=(runuser -u "$BENCH_USER" -- env -i "HOME=$home"
		"USER=$BENCH_USER" "PATH=$path" "LANG=C.UTF-8")
	local name
	for name in WOLFFIA BENCH_DIR BENCH_ROUNDS; do
		[ -z "${!name:-}" ] || become+=("$name=${!name}")
	done
	cd /
	if [ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)" != cgroup2fs ]; then
		exec unshare -m --propagation private sh -c \
			'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"' \
			sh "${become[@]}" "$bench/${0##*/}" "$@"
	fi
	exec "${become[@]}" "$bench/${0##*/}" "$@"
}

# our programs, made anew when their source is newer
bench_compile() {
	local cc=${CC:-cc}
	local floor=$BENCH_DIR/floor

	if [ ! -e "$floor" ] || [ "$bench/floor.c" -nt "$floor" ]; then
		"$cc" -O2 -std=gnu17 -D_GNU_SOURCE -o "$floor" "$bench/floor.c"
	fi
}

# bench_small_root: a root of two programs and of what every image has
bench_small_root() {
	local root=$BENCH_DIR/small

	export SMALL_ROOT=$root
	[ ! -e "$root/bin/sleep" ] || return 0
	mkdir -p "$root"/{bin,etc,proc,dev,sys,tmp,root}
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\n' >"$root/etc/group"
	touch "$root"/etc/{hosts,hostname,resolv.conf}
	# static: no loader is part of what is measured
	printf 'int main(void) { return 0; }\n' |
		"${CC:-cc}" -O2 -static -x c -o "$root/bin/true.new" -
	mv "$root/bin/true.new" "$root/bin/true"
	printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' |
		"${CC:-cc}" -O2 -static -x c -o "$root/bin/sleep.new" -
	mv "$root/bin/sleep.new" "$root/bin/sleep"
}

# bench_machine: what the figures were taken on
bench_machine() {
	local load
	read -r load _ </proc/loadavg
	echo "Linux $(uname -r), $(nproc) processors, load $load"
	local program
	for program in fuse-overlayfs bwrap crun runc podman; do
		! has "$program" || "$program" --version 2>&1 | sed -n 1p
	done
	"$WOLFFIA" --version | sed -n 1p
}

# bench_wait_for_quiet SECONDS: until the load is below 1.5, at most so long
bench_wait_for_quiet() {
	local end=$((SECONDS + $1)) load
	while read -r load _ </proc/loadavg; [ "${load%.*}${load#*.}" -ge 150 ]; do
		[ $SECONDS -lt $end ] || {
			echo "the machine is busy (load $load): medians are high" \
				"and scatter; the ratios count"
			return 0
		}
		sleep 5
	done
}

# bench_registry DIRECTORY: a docker-registry with DIRECTORY/registry.yml, until
# this script ends; $registry is its host:port
bench_registry() {
	local log=$1/registry.log

	: >"$log"
	docker-registry serve "$1/registry.yml" >>"$log" 2>&1 &
	# shellcheck disable=SC2064 # now
	trap "kill $!" EXIT
	registry=$(timeout 10 tail -n +1 -f --pid=$! "$log" |
		sed -n 's/.*listening on \(127.0.0.1:[0-9]*\).*/\1/p;T;q') || true
	[ -n "$registry" ] || die "no registry: $(tail -n 1 "$log")"
}
