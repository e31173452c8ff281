#!/bin/sh
# Run bats as an ordinary user: root is not whom wolffia is for.
set -eu

skip() {
	echo "skipped: $1" >&2
	[ "${TESTS_MUST_RUN:-0}" = 1 ] && exit 1
	exit 77
}

command -v bats >/dev/null || skip "bats is not installed"

# What is for users of the other kind is not asked of this one; and below
# tests/proof/without not what traces by itself, or is about amounts, for a
# tracer is slow.
traced=${WITHOUT:+,!untraced}
user=${WOLFFIA_TEST_USER:-}
[ "$(id -u)" = 0 ] || user=$(id -un)
if grep -q "^$user:" /etc/subuid; then
	set -- --filter-tags "!one-id$traced" "$@"
else
	set -- --filter-tags "!many-ids$traced" "$@"
fi
[ "$(id -u)" = 0 ] || exec bats "$@"
[ -n "${WOLFFIA_TEST_USER:-}" ] ||
	skip "started by root, and WOLFFIA_TEST_USER names no ordinary user"
exec runuser -u "$WOLFFIA_TEST_USER" -- bats "$@"
