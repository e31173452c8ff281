#!/bin/sh
# format.sh ROOT [--fix] - the code is laid out as .clang-format says
#
# Versions differ in small things; Debian 12 and 13 both have this one.
set -u
cd "$1" || exit
if [ "${2:-}" = --fix ]; then
  set -- -i
else
  set -- --dry-run -Werror
fi
find base userns storage core cmd tests -name '*.[ch]' -print0 |
  xargs -0 "${CLANG_FORMAT:-clang-format-19}" --style=file "$@"
