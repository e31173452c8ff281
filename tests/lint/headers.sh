#!/bin/sh
# headers.sh ROOT - each header compiles alone, first of all includes
set -u
cd "$1" || exit
bad=0
for header in base/*.h userns/*.h storage/*.h storage/*/*.h core/*.h core/*/*.h cmd/*.h cmd/*/*.h; do
  echo "#include \"$header\"" |
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. \
      -Wall -Wextra -Werror -fsyntax-only -x c - || bad=1
done
exit "$bad"
