#!/bin/sh
# layers.sh ROOT - who may include whom: base <- userns, storage <- core <- cmd
#
# userns and storage do not see each other.  An include is written from the
# root, so that each line says where a thing comes from.
set -u
cd "$1" || exit
bad=0

# allow ROOM PATTERN - a file of ROOM includes only rooms that match PATTERN
allow()
{
  grep -rnE --include='*.[ch]' '^#[[:space:]]*include[[:space:]]*"' "$1" |
    grep -vE "include[[:space:]]*\"($2)/" && bad=1
}

allow base 'base'
allow userns 'base|userns'
allow storage 'base|storage'
allow core 'base|userns|storage|core'
allow cmd 'base|userns|storage|core|cmd'
[ "$bad" -eq 0 ] || echo "these includes look into a room they may not see"
exit "$bad"
