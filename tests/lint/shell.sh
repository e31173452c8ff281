#!/bin/sh
# shell.sh ROOT - shellcheck finds nothing in the shell scripts
set -u
cd "$1" || exit
{
  find . -path './build*' -prune -o -path './.git' -prune -o \
    -type f \( -name '*.sh' -o -name '*.bash' -o -name '*.bats' \) -print
  # and those whose first line says so
  find . -path './build*' -prune -o -path './.git' -prune -o -type f -print |
    while read -r file; do
      head -n 1 "$file" | grep -qaE '^#!.*/(env )?(ba)?sh' && echo "$file"
    done
} | sort -u | xargs shellcheck --external-sources
