# Registries for the tests: docker-registry on 127.0.0.1, on a port and in a
# directory of its own.  PROBE is the program tests/tools/registry_probe.

load "${BASH_SOURCE[0]%/*}/helper"

registry_setup() {
	: "${PROBE:?}"
	need docker-registry htpasswd openssl python3 skopeo curl jq
	helper_setup
	# what this machine is configured for is not what is tested
	export XDG_CONFIG_HOME=$HOME/.config XDG_CACHE_HOME=$HOME/.cache
	unset DOCKER_CONFIG
	CONTAINERS=$HOME/.config/containers
	mkdir -p "$CONTAINERS"
	SERVERS=
}

registry_teardown() {
	local pid
	for pid in $SERVERS; do
		kill "$pid" 2>/dev/null || true
	done
	helper_teardown
}

# start_registry NAME [LINE...]: with these lines of YAML more in its
# configuration.  $REGISTRY is its host:port, $LOG its log.
start_registry() {
	local name=$1 root=$DIR/registry.$1
	shift
	LOG=$DIR/$name.log
	mkdir -p "$root"
	cat >"$DIR/$name.yml" <<-END
	version: 0.1
	log: {level: info, formatter: text}
	storage:
	  filesystem: {rootdirectory: $root}
	http:
	  addr: 127.0.0.1:0
	END
	printf '%s\n' "$@" >>"$DIR/$name.yml"
	: >"$LOG"
	# it takes variables of this form for its own configuration
	env -u REGISTRY_AUTH_FILE docker-registry serve "$DIR/$name.yml" \
		>>"$LOG" 2>&1 3>&- &
	SERVERS+=" $!"
	REGISTRY=127.0.0.1:$(timeout 10 tail -n +1 -f --pid=$! "$LOG" 3>&- |
		sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p;T;q')
	[ "$REGISTRY" != 127.0.0.1: ] || { cat "$LOG" >&2; return 1; }
}

# make_certificate NAME [DAYS]: $DIR/NAME.key and .crt, which expires then
make_certificate() {
	printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >"$DIR/$1.ext"
	openssl req -newkey rsa:2048 -nodes -keyout "$DIR/$1.key" \
		-out "$DIR/$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$DIR/$1.csr" -signkey "$DIR/$1.key" \
		-out "$DIR/$1.crt" -days "${2:-2}" -extfile "$DIR/$1.ext" \
		2>/dev/null
}

# lines for start_registry: TLS with the certificate NAME
tls() {
	printf '  tls: {certificate: %s, key: %s}\n' "$DIR/$1.crt" "$DIR/$1.key"
}

# trust NAME REGISTRY: its certificate is an authority for that registry
trust() {
	mkdir -p "$CONTAINERS/certs.d/$2"
	cp "$DIR/$1.crt" "$CONTAINERS/certs.d/$2/ca.crt"
}

# lines for start_registry: the user "me" with the password "secret:1"
basic() {
	htpasswd -Bbn -C 4 me secret:1 >"$DIR/htpasswd"
	printf 'auth:\n  htpasswd: {realm: x, path: %s}\n' "$DIR/htpasswd"
}

# the layer $DIR/NAME.tar of SIZE bytes that do not compress, and an image of
# it in the OCI layout $DIR/NAME
make_image() {
	mkdir -p "$DIR/content"
	openssl enc -aes-128-ctr -nosalt -k "$1" -pbkdf2 -in /dev/zero \
		2>/dev/null | head -c "$2" >"$DIR/content/$1"
	tar --numeric-owner --owner=0 --group=0 --mtime=@1000000000 \
		-C "$DIR/content" -cf "$DIR/$1.tar" "$1"
	make_layout "$DIR/$1" "$1" '' "$DIR/$1.tar"
}

copy() {
	skopeo copy --quiet --insecure-policy --src-tls-verify=false \
		--dest-tls-verify=false "$@"
}

# quick and patient enough for this machine
probe() {
	timeout 60 "$PROBE" --backoff-ms 10 "$@"
}

# pull NAME [OPTION...]: into $DIR/pulled; what is there is what its names say
pull() {
	local name=$1
	shift
	mkdir -p "$DIR/pulled"
	probe "$@" pull "$name" "$DIR/pulled" || return
	(cd "$DIR/pulled" && for blob in [0-9a-f]*; do
		echo "$blob  $blob"
	done | sha256sum --check --quiet)
}

layer_of() {
	sha256sum "$DIR/$1.tar" | cut -d' ' -f1
}

# the last probe failed as it should: CODE, and words of the message
failed_with() {
	[ "$status" -eq 1 ] || { echo "status $status: $output" >&2; return 1; }
	[[ $output == "$1: "*"$2"* ]] || { echo "$output" >&2; return 1; }
	# one line, maybe a hint, and what the probe adds
	[ "$(grep -vc '^peak \|^  hint: ' <<<"$output")" -eq 1 ]
}

requests() { # PATTERN: how many lines of the registry's log are like that
	grep -c "$1" "$LOG" || true
}

# start_proxy BYTES COUNT [HOW]: see tests/tools/stalling_proxy.py, before the
# registry; $PROXY is its host:port, and await_stall waits until it has stalled
# once more
start_proxy() {
	mkfifo proxy
	"$BATS_TEST_DIRNAME/../tools/stalling_proxy.py" "$REGISTRY" "$@" \
		>proxy 3>&- &
	SERVERS+=" $!"
	exec {proxy_fd}<proxy
	read -r -t 10 -u "$proxy_fd" port
	# shellcheck disable=SC2034 # it is for the tests
	PROXY=127.0.0.1:$port
}

await_stall() {
	local line
	read -r -t 20 -u "$proxy_fd" line
	[ "$line" = stalled ]
}

# in the background, so that ^C is not ignored as a shell has it; $pid
begin() {
	env --default-signal "$@" >out 2>err </dev/null 3>&- &
	pid=$!
}

# end SIGNAL STATUS: send it to $pid, which ends with it
end() {
	local status=0
	kill -s "$1" "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq "$2" ] || {
		echo "status $status" >&2
		cat err >&2
		return 1
	}
}

# a registry that wants tokens, and who issues them
start_token_registry() {
	make_certificate tokens
	mkfifo port
	"$BATS_TEST_DIRNAME/../tools/token_server.py" tokens.key tokens.crt \
		me:secret:1 "$DIR/tokens.log" >port 3>&- &
	SERVERS+=" $!"
	read -r TOKENS <port
	: >tokens.log
	start_registry guarded "auth:" \
		"  token: {realm: 'http://127.0.0.1:$TOKENS/token', service: our registry, issuer: test, rootcertbundle: $DIR/tokens.crt}"
}

# a credential helper that notes what it is asked, and answers $1
make_helper() {
	mkdir -p bin
	cat >bin/docker-credential-test <<-END
	#!/bin/sh
	{ echo "\$*"; cat; echo; } >>"$DIR/asked"
	$1
	END
	chmod +x bin/docker-credential-test
	PATH=$DIR/bin:$PATH
}
