#!/usr/bin/env bats
# history, and what history and inspect say of secrets in images
#
# A test is a subshell, and its variables are its own:
# shellcheck disable=SC2030,SC2031
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
	need jq
	make_layer a.tar f one
	make_layer b.tar f two
}

teardown() {
	helper_teardown
}

# make_told NAME HISTORY-JSON [CONFIG-JSON [LAYER...]]: an image that says so
make_told() {
	local name=$1 history=$2 config=${3:-} ids='' file
	shift "$(($# < 3 ? $# : 3))"
	[ $# -gt 0 ] || set -- a.tar b.tar
	for file; do
		ids+=${ids:+,}\"sha256:$(sha256sum "$file" | cut -d' ' -f1)\"
	done
	rm -rf told
	make_layout told "$name" "{\"architecture\":\"$(go_arch)\",\"os\":\"linux\",\"created\":\"2026-01-02T03:04:05Z\",\"config\":${config:-{\}},\"history\":$history,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[$ids]}}" "$@"
	image load -q told >/dev/null
}

usual='[{"created":"2025-01-02T03:04:05Z","created_by":"ADD rootfs.tar / # buildkit","comment":"from afar"},
{"created":"2025-01-02T03:05:06.789Z","created_by":"CMD [\"sh\"]","empty_layer":true},
{"created":"2025-01-02T03:06:07Z","created_by":"RUN /bin/sh -c apt-get update \t&& apt-get install --yes something # buildkit"}]'

@test "history shows the newest first, with sizes of layers" {
	make_told box:1 "$usual"
	id=$(image images -q box:1)
	run -0 --separate-stderr "$WOLFFIA" history box:1
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[0]} =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ ${lines[1]} =~ ^$id\ +[0-9]+\ (months|years)\ ago\ +RUN\ /bin/sh\ -c\ apt-get\ update\ \ \&\&\ apt-get\ \.\.\.\ +10\.2kB\ *$ ]]
	[[ ${lines[2]} =~ ^\<missing\>\ +.*\ CMD\ \[\"sh\"\]\ +0B\ *$ ]]
	[[ ${lines[3]} =~ ^\<missing\>\ +.*\ ADD\ rootfs\.tar\ /\ \#\ buildkit\ +10\.2kB\ +from\ afar$ ]]
	run -0 "$WOLFFIA" image history -q box:1
	[ "$output" = "$id"$'\n<missing>\n<missing>' ]
	run -0 "$WOLFFIA" history -q --no-trunc box:1
	[ "${lines[0]}" = "$(image images -q --no-trunc box:1)" ]
}

@test "history for programs: json, templates, --no-trunc and --human=false" {
	make_told box:1 "$usual"
	run -0 --separate-stderr "$WOLFFIA" history --format json box:1
	[ "$(jq -r '.[0].CreatedBy' <<<"$output")" = "$(jq -r '.[2].created_by' <<<"$usual")" ]
	[ "$(jq -r '.[0].ID' <<<"$output")" = "$(image images -q --no-trunc box:1)" ]
	[ "$(jq -c '.[2] | del(.CreatedSince)' <<<"$output")" = \
		'{"ID":"<missing>","CreatedAt":"2025-01-02T03:04:05Z","CreatedBy":"ADD rootfs.tar / # buildkit","Size":"10.2kB","Comment":"from afar"}' ]
	run -0 "$WOLFFIA" history --human=false --format '{{.CreatedSince}} {{.Size}}' box:1
	[ "$output" = $'2025-01-02T03:06:07Z 10240\n2025-01-02T03:05:06Z 0\n2025-01-02T03:04:05Z 10240' ]
	run -0 "$WOLFFIA" history -H --no-trunc --format '{{.CreatedBy}}' box:1
	[ "${lines[0]}" = "$(jq -r '.[2].created_by' <<<"$usual")" ]
	run -0 "$WOLFFIA" history --format 'table {{.Comment}}\t{{.CreatedAt}}' box:1
	[[ ${lines[0]} =~ ^COMMENT\ +CREATED\ AT$ ]]
	[[ ${lines[3]} =~ ^from\ afar\ +2025-01-02T03:04:05Z$ ]]
	# the sizes are what images counts
	image images --format '{{.Size}}' box:1
	run "$WOLFFIA" history --format '{{.Wrong}}' box:1
	assert_failed
}

@test "a command line is not cut in the middle of a character" {
	make_told box:1 "[{\"created_by\":\"$(printf 'ü%.0s' {1..45})\"},{\"created_by\":\"$(printf 'ü%.0s' {1..46})\"}]"
	run -0 "$WOLFFIA" history --format '{{.CreatedBy}}' box:1
	[ "${lines[0]}" = "$(printf 'ü%.0s' {1..42})..." ]
	[ "${lines[1]}" = "$(printf 'ü%.0s' {1..45})" ]
}

@test "a history that is missing, or disagrees with the layers, is shown all the same" {
	image import a.tar made
	run -0 --separate-stderr "$WOLFFIA" history made
	[ "${#lines[@]}" -eq 2 ]
	[ -z "$stderr" ]
	make_told none:1 null
	run -0 --separate-stderr "$WOLFFIA" history none:1
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[1]} =~ ^[0-9a-f]{12}\ +N/A\ +10\.2kB\ *$ ]]
	[[ ${lines[2]} =~ ^\<missing\>\ +N/A\ +10\.2kB\ *$ ]]
	[ "$stderr" = "wolffia: note: the history of none:1 tells of 0 layers, and it has 2: what belongs together is a guess" ]
	make_told few:1 '[{"created_by":"one"}]'
	run -0 --separate-stderr "$WOLFFIA" history --format '{{.CreatedBy}}/{{.Size}}' few:1
	[ "$output" = $'/10.2kB\none/10.2kB' ]
	[[ $stderr == *"tells of 1 layers, and it has 2"* ]]
	make_told many:1 '[{"created_by":"1"},{"created_by":"2"},{"created_by":"3"},{"created":"yesterday"}]'
	run -0 --separate-stderr "$WOLFFIA" history --format '{{.CreatedBy}}/{{.Size}}/{{.CreatedSince}}' many:1
	[ "$output" = $'/N/A/N/A\n3/N/A/N/A\n2/10.2kB/N/A\n1/10.2kB/N/A' ]
	[[ $stderr == *"tells of 4 layers, and it has 2"* ]]
}

@test "a history that is malformed is an error of history, and of nothing else" {
	for history in '{}' '[1]' '[{"created_by":1}]' '[{"empty_layer":"no"}]'; do
		make_told bad:1 "$history"
		run "$WOLFFIA" history bad:1
		assert_failed
		[[ $output == *"the history of the image: "* ]]
		run -0 --separate-stderr "$WOLFFIA" inspect -f '{{.Architecture}} {{json .History}}' bad:1
		[ "$output" = "$(go_arch) []" ]
		[ -z "$stderr" ]
	done
	for arguments in '' nothing 'one two'; do
		# shellcheck disable=SC2086
		run "$WOLFFIA" history $arguments
		assert_failed
	done
}

@test "control characters in a history move no terminal" {
	make_told box:1 '[{"created_by":"\u001b[2J\u0007\u202ered\nnext","comment":"\u001b]0;title\u0007"},{"created":"\u001b[2J"}]'
	run -0 "$WOLFFIA" history --no-trunc box:1
	[ "${#lines[@]}" -eq 3 ]
	[[ $output == *'\x1b[2J\x07'*'red\x0anext'*'\x1b]0;title\x07'* ]]
	run ! grep -q $'[\x01-\x09\x0b-\x1f\x7f]' <<<"$output"
	run -0 "$TOOLS/in_terminal" "$WOLFFIA" history --format '{{.CreatedBy}}{{.Comment}}' box:1
	run ! grep -q $'\x1b' <<<"$output"
	# a name of a variable goes to standard error
	make_told named:1 '[]' '{"Env":["\u001b[2JPASSWORD=abcdefgh"]}'
	run -0 "$WOLFFIA" history named:1
	[[ $output == *'\x1b[2JPASSWORD'* ]]
	run ! grep -q $'\x1b' <<<"$output"
}

secret='[{"created_by":"ADD x / # buildkit"},
{"created_by":"ARG NPM_TOKEN=topsecret1","empty_layer":true},
{"created_by":"RUN |2 NPM_TOKEN=top secret2 V=1 /bin/sh -c npm ci # buildkit"},
{"created_by":"/bin/sh -c #(nop)  ENV DB_PASSWORD=topsecret3","empty_layer":true},
{"created_by":"RUN /bin/sh -c git clone https://me:topsecret4@h/r","comment":"AKIAIOSFODNN7EXAMPLE","empty_layer":true},
{"created_by":"RUN /bin/sh -c adduser --disabled-password app && x --api-key topsecret7","empty_layer":true},
{"created_by":"CMD [\"x\" \"--token\" \"topsecret8\"]","empty_layer":true}]'
settings='{"Env":["PATH=/bin","GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D","DB_PASSWORD=topsecret3","PW_FILE=/run/secrets/pw"],"Labels":{"a.token":"topsecret5"},"Entrypoint":["x","--token","topsecret9","--api-key"],"Cmd":["topsecret0","--password=topsecret6"]}'

@test "history and inspect point at secrets, and print none whole" {
	make_told leaky:1 "$secret" "$settings"
	cat >wanted <<-'W'
		wolffia: warning: leaky:1: Config.Env DB_PASSWORD holds what looks like a secret: to***
		wolffia: warning: leaky:1: Config.Labels a.token holds what looks like a secret: to***
		wolffia: warning: leaky:1: Config.Entrypoint token holds what looks like a secret: to***
		wolffia: warning: leaky:1: Config.Cmd api-key holds what looks like a secret: to***
		wolffia: warning: leaky:1: Config.Cmd password holds what looks like a secret: to***
		wolffia: warning: leaky:1: History[1] NPM_TOKEN holds what looks like a secret: to***
		wolffia: warning: leaky:1: History[2] NPM_TOKEN holds what looks like a secret: to***
		wolffia: warning: leaky:1: History[3] DB_PASSWORD holds what looks like a secret: to***
		wolffia: warning: leaky:1: History[4] holds what looks like a password in a URL: to***
		wolffia: warning: leaky:1: History[4] holds what looks like an AWS access key: AKIA***
		wolffia: warning: leaky:1: History[5] api-key holds what looks like a secret: to***
		wolffia: warning: leaky:1: History[6] token holds what looks like a secret: to***
	W
	for verb in "history --no-trunc" "history --format json" "history --format {{.CreatedBy}}{{.Comment}}" \
		inspect "inspect -f {{json_.}}"; do
		IFS=' ' read -ra words <<<"$verb"
		"$WOLFFIA" "${words[@]//json_/json }" leaky:1 >said 2>warned
		diff wanted <(grep -v hint warned)
		[[ $(grep hint warned) == *"--mount=type=secret; --show-secrets"* ]]
		run ! grep -E 'topsecret|secret2|EXAMPLE' said warned
		grep -q '\*\*\*' said
	done
	run -0 jq -c '.[0] | .Config.Env, .Labels, .Config.Cmd, .History[2].created_by, .Config.Entrypoint' \
		<("$WOLFFIA" inspect leaky:1 2>/dev/null)
	[ "${lines[0]}" = '["PATH=/bin","GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D","DB_PASSWORD=to***","PW_FILE=/run/secrets/pw"]' ]
	[ "${lines[1]}" = '{"a.token":"to***"}' ]
	[ "${lines[2]}" = '["to***","--password=to***"]' ]
	[ "${lines[3]}" = '"RUN |2 NPM_TOKEN=to*** V=1 /bin/sh -c npm ci # buildkit"' ]
	[ "${lines[4]}" = '["x","--token","to***","--api-key"]' ]
	run -0 jq -c '.[0].Wolffia.Secrets | length, .[0]' <("$WOLFFIA" inspect leaky:1 2>/dev/null)
	[ "$output" = $'12\n{"Where":"Config.Env","Name":"DB_PASSWORD","Kind":"a secret","Hint":"to***"}' ]
}

@test "--show-secrets gives the values, and says that they are there" {
	make_told leaky:1 "$secret" "$settings"
	run -0 --separate-stderr "$WOLFFIA" inspect --show-secrets leaky:1
	[ "$(jq -c '.[0].Config' <<<"$output" | jq -c '{Env, Labels, Entrypoint, Cmd}')" = "$settings" ]
	[ "$(jq -c '[.[0].History[] | {created_by}]' <<<"$output")" = "$(jq -c 'map({created_by})' <<<"$secret")" ]
	[[ $stderr == *"Config.Env DB_PASSWORD"* ]]
	run ! grep topsecret <<<"$stderr"
	run -0 --separate-stderr "$WOLFFIA" history --show-secrets --no-trunc --format '{{.CreatedBy}}' leaky:1
	[ "${lines[5]}" = "ARG NPM_TOKEN=topsecret1" ]
}

@test "an image without secrets is told without a word" {
	make_told plain:1 "$usual" '{"Env":["PATH=/bin","GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D","PYTHON_SHA256=53c3","PYTHON_VERSION=3.12.1","EMPTY_PASSWORD=","PASSWORD_FILE=/run/secrets/x"]}'
	for verb in history inspect; do
		run -0 --separate-stderr "$WOLFFIA" $verb plain:1
		[ -z "$stderr" ]
		[[ $output != *'***'* ]]
	done
	[ "$("$WOLFFIA" inspect -f '{{json .Wolffia.Secrets}}' plain:1)" = "[]" ]
}

@test "of very many secrets some are said, and their number" {
	make_told leaky:1 "$(jq -nc '[range(3000) | {created_by: "ENV A_TOKEN=abcdefgh", empty_layer: true}]')"
	run -0 --separate-stderr "$WOLFFIA" history -q leaky:1
	[ "$(grep -c 'holds what looks' <<<"$stderr")" -eq 20 ]
	[[ $stderr == *"leaky:1: and 2980 more"* ]]
}

@test "an image of an image store has a history" {
	make_told box:1 "$usual"
	mv "$WOLFFIA_STORE" shared
	run -0 "$WOLFFIA" --imagestore "$DIR/shared" history -q box:1
	[ "${#lines[@]}" -eq 3 ]
	rm -r "$WOLFFIA_STORE"
	mv shared "$WOLFFIA_STORE"
}
