#!/bin/sh
# functions.sh ROOT - no function is longer than 80 lines
#
# Past 45 lines a function usually holds two ideas; past 80 it does.
set -u
cd "$1" || exit
find base userns storage core cmd tests -name '*.[ch]' -print0 |
  xargs -0 ctags -x --languages=C --langmap=C:.c.h --kinds-C=f \
    -D 'START_TEST(name)=static void name(int _i)' -D END_TEST= \
    --_xformat='%F %n %{end} %N' |
  awk '$3 - $2 + 1 > 80 {
      printf "%s:%d: %s() has %d lines\n", $1, $2, $4, $3 - $2 + 1
      bad = 1
    }
    END {
      if (!NR) print "found no function at all"
      exit bad || !NR
    }'
