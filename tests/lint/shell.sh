#!/bin/sh
# shell.sh ROOT - shellcheck finds nothing in the shell scripts
#
# Of tests in bats only what it warns of, and not SC2016, for what is quoted is for the shell in
# the container; SC2154, for bats sets variables; SC2164, for it ends a test at
# the first failure; SC2002 and SC2094, for how a stream is connected is what is
# tested; SC2238, for "env" may be a file's name.
set -u
cd "$1" || exit
bad=0

# the files of ours whose name or first line says that a shell reads them
scripts()
{
  find . \( -path './build*' -o -path ./.git \) -prune -o -type f -print |
    while read -r file; do
      case $file in
      *.bats | *.bash) kind=bats ;;
      *.sh) kind=script ;;
      *) head -c 40 "$file" | grep -qaE '^#!.*/(env )?(ba)?sh' || continue
        kind=script ;;
      esac
      [ "$kind" != "$1" ] || echo "$file"
    done
}

scripts script |
  xargs -n 8 -P "$(nproc)" shellcheck --external-sources --source-path=SCRIPTDIR || bad=1
scripts bats |
  xargs -n 8 -P "$(nproc)" shellcheck --external-sources --source-path=SCRIPTDIR \
    --severity=warning --exclude=SC2016,SC2154,SC2164,SC2002,SC2094,SC2238 || bad=1
exit "$bad"
