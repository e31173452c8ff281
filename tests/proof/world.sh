#!/bin/bash
# world.sh WOLFFIA SCRIPT - a small machine in user, mount and pid
# namespaces, for what takes an administrator: file systems that are full,
# read-only, or of others.  SCRIPT is sourced there by its id 0; `t COMMAND...`
# does something as the ordinary user "tester", who has subordinate ids.
#
# $W is the only directory of it that is written to; the store, $W/store, is a
# tmpfs with the options $WORLD_STORE.  newuidmap(1) is a copy, set-user-id for
# this world's root alone.  All processes end with the script.
set -eu

if [ "${INSIDE_WORLD:-}" != 1 ]; then
	INSIDE_WORLD=1 exec unshare --map-root-user --map-auto --mount \
		--propagation private --pid --fork --kill-child \
		--mount-proc -- "$0" "$@"
fi

W=/mnt
wolffia=$1 script=$2
mount -t tmpfs -o mode=755 none "$W"
cd "$W"
mkdir bin etc store root volume
cp "$wolffia" "$(dirname "$wolffia")/wolffia-image" bin/
for name in newuidmap newgidmap; do
	cp "$(command -v "$name")" bin/
	chmod u+s "bin/$name"
done
printf '%s\n' root:x:0:0::/:/bin/sh "tester:x:1000:1000::$W:/bin/sh" >etc/passwd
printf '%s\n' root:x:0: tester:x:1000: >etc/group
echo tester:2000:60000 >etc/subid
mount --bind etc/passwd /etc/passwd
mount --bind etc/group /etc/group
mount --bind etc/subid /etc/subuid
mount --bind etc/subid /etc/subgid
mount -t tmpfs -o "mode=700,uid=1000,gid=1000,${WORLD_STORE:-size=64m}" none store
mkdir -p root/bin root/etc root/tmp
for busybox in /bin/busybox /usr/bin/busybox /bin/busybox.static; do
	[ ! -x "$busybox" ] || cp "$busybox" root/bin/busybox
done
for applet in sh cat dd echo false ls mkdir rm seq sleep touch true; do
	ln -s busybox "root/bin/$applet"
done
echo root:x:0:0::/:/bin/sh >root/etc/passwd
chown -R 1000:1000 root volume
export PATH="$W/bin:$PATH" HOME="$W" WOLFFIA_STORE="$W/store"
unset XDG_RUNTIME_DIR XDG_DATA_HOME

# t COMMAND... - as the ordinary user
t() {
	setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}

# says STATUS COMMAND... - it ends so; what it says on stderr is in $said, and
# is at most one line and a hint
says() {
	local wanted=$1 status=0
	shift
	said=$(t timeout -s KILL 20 "$@" 2>&1 >/dev/null) || status=$?
	[ "$wanted" = any ] || [ "$status" = "$wanted" ] ||
		fail "status $status, not $wanted: $* ($said)"
	[ "$status" != 137 ] || fail "it hung: $*"
	[ "$(grep -vc '^  hint: ' <<<"$said")" -le 1 ] || fail "it said: $said"
	[ "$status" != 125 ] || [[ $said == "wolffia: "* ]] || fail "said: $said"
	# shellcheck disable=SC2034  # for the scripts
	last=$status
}

# nothing is left in the store but NAME...
left() {
	local found
	t wolffia rm --ignore no-such-container
	found=$(find store/names store/tmp store/mounts/* -mindepth 1 \
		-maxdepth 1 -printf '%f\n' 2>/dev/null | sort | tr '\n' ' ')
	[ "$found" = "${*:+$* }" ] || fail "in the store: $found"
	[ "$(find store/containers -mindepth 1 -maxdepth 1 ! -name .guard |
		wc -l)" = $# ] || fail "containers are left"
}

fail() {
	echo "$*" >&2
	exit 1
}

# shellcheck source=/dev/null
. "$script"
