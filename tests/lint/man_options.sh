#!/bin/sh
# The man page has every option of the table, with its letter, its alias and
# its placeholder, and none that the table lacks; refused ones are named too.
#
# usage: man_options.sh DUMP_OPTIONS wolffia-run.1 [VERB]
set -eu
LC_ALL=C
export LC_ALL

dump=$1
page=$2
table=$(mktemp)
items=$(mktemp)
trap 'rm -f "$table" "$items"' EXIT

"$dump" "${3:-run}" >"$table"
[ -s "$table" ] || { echo "no options from $dump"; exit 1; }
# ".It Fl e , Fl -env Ar NAME ..." and ".It Fl -privileged"
sed -n 's/\\&//g; s/^\.It \(.*Fl -.*\)$/\1 /p' "$page" >"$items"

awk -F '\t' -v items="$items" -v page="$page" '
function fail(text) {
	print page ": " text
	failed = 1
}
BEGIN {
	while ((getline line < page) > 0) {
		n = split(line, word, " ")
		for (i = 1; i < n; i++)
			if (word[i] ~ /^\.?Cm$/)
				said[word[i + 1]] = 1
	}
	while ((getline line < items) > 0) {
		n = split(line, word, " ")
		for (i = 1; i < n; i++)
			if (word[i] == "Fl" && word[i + 1] ~ /^-./) {
				name = substr(word[i + 1], 2)
				if (name in item)
					fail("--" name " is there twice")
				item[name] = " " line
			}
	}
}
{
	known[$3] = 1
	if ($4 != "-")
		known[$4] = 1
	if (!($3 in item)) {
		fail("--" $3 " is missing")
		next
	}
	if ($2 != "-" && index(item[$3], " Fl " $2 " ") == 0)
		fail("--" $3 ": its letter -" $2 " is missing")
	if ($4 != "-" && !($4 in item))
		fail("--" $3 ": its other name --" $4 " is missing")
	if ($1 == "value" || $1 == "list") {
		if (item[$3] !~ / (Ar|Cm) /)
			fail("--" $3 ": its value is missing")
	} else if ($1 == "flag" && item[$3] ~ / Ar /)
		fail("--" $3 ": it takes no value")
	n = $6 == "-" ? 0 : split($6, word, "|")
	for (i = 1; i <= n; i++)
		if (!(word[i] in said))
			fail("--" $3 ": its value " word[i] " is not explained")
}
END {
	for (name in item)
		if (!(name in known))
			fail("there is no option --" name)
	exit failed
}' "$table"
