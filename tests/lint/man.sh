#!/bin/sh
# man.sh ROOT - the manual pages are well-formed, each verb that is listed has
# one that is installed, and wolffia-format(7) has every function of templates,
# and none else
set -u
cd "$1" || exit
bad=0
for page in man/*.[1-8]; do
  [ -s "$page" ] || { echo "$page is empty"; bad=1; }
  said=$(groff -mdoc -Tutf8 -ww -z "$page" 2>&1)
  [ -z "$said" ] || { echo "$page: $said"; bad=1; }
done

# the others are other names, and have no text: NULL
verbs=$(sed -n '/^} verbs\[\] = {/,/^};/p' cmd/main.c | tr -d '\n\t' |
  grep -o '{ "[a-z]*", verb_[a-z]*, *"' | cut -d'"' -f2)
[ -n "$verbs" ] || { echo "no verbs in cmd/main.c"; bad=1; }
for verb in $verbs; do
  [ "$verb" != help ] || continue
  grep -q "man/wolffia-$verb\.1'\|symlink('wolffia-$verb\.1'" cmd/meson.build ||
    { echo "no man page of $verb is installed"; bad=1; }
done

known=$(sed -n '/ functions\[\] = {/,/^};/s/^\t{ "\([a-z]*\)".*/\1/p' \
  cmd/template/functions.c | sort | tr '\n' ' ')
told=$(sed -n '/^\.Ss Functions/,/^\.S[sh] Tables/s/^\.It Cm//p' \
  man/wolffia-format.7 | tr ' ' '\n' | grep -x '[a-z][a-z]*' |
  sort | tr '\n' ' ')
[ -n "$known" ] || { echo "no functions in cmd/template/functions.c"; bad=1; }
[ "$known" = "$told" ] || {
  echo "wolffia-format(7) has these functions: $told"
  echo "and templates have these: $known"
  bad=1
}
exit "$bad"
