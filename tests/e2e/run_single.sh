#!/bin/sh
# The same as a user without subordinate ids, whom WOLFFIA_TEST_USER_SINGLE
# names: they get a container too, of one id.
set -eu
WOLFFIA_TEST_USER=${WOLFFIA_TEST_USER_SINGLE:-}
export WOLFFIA_TEST_USER
exec "$(dirname "$0")/run.sh" "$@"
