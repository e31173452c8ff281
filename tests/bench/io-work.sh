# shellcheck shell=bash
# io-work.sh - what tests/bench/io does in each root; run by its bash there
#
# Prints "NAME MICROSECONDS" for each piece of work.  The first three read what
# this mount has not seen yet, "again" what it has; all files are in the host's
# page cache from the rounds before.

LC_ALL=C
work=${WORK:-/var/tmp}

timed() {
	local name=$1 start=$EPOCHREALTIME end
	shift
	"$@" >/dev/null || {
		echo "io-work: $name: failed: $*" >&2
		exit 1
	}
	end=$EPOCHREALTIME
	echo "$name $((${end/./} - ${start/./}))"
}

create() {
	local i
	mkdir "$work/new"
	for ((i = 0; i < 2000; i++)); do
		echo "$i" >"$work/new/$i"
	done
}

execute() {
	local i
	for ((i = 0; i < 200; i++)); do
		/bin/true
	done
}

walk() {
	find /usr /etc /var -xdev
}

look() {
	find /usr /etc /var -xdev -printf '%s %U %m\n'
}

# what the workload's user may not read does not count
read_all() {
	find /usr /etc /var/lib -xdev -type f -readable -exec cat {} +
}

timed find walk
timed stat look
timed read read_all
timed find-again walk
timed stat-again look
timed read-again read_all
timed create create
timed copy cp -a /usr/share "$work/copy"
timed remove rm -rf "$work/copy" "$work/new"
timed exec execute
