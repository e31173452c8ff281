# What the end-to-end tests have in common.
#
# WOLFFIA and WOLFFIA_IMAGE are the executables; each test has a directory of
# its own, $DIR, and a store of its own, $WOLFFIA_STORE.

# bats gives $status and $output:
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0

# skip, unless everything must run
lacking() {
	if [ "${TESTS_MUST_RUN:-0}" = 1 ]; then
		echo "lacking: $1" >&2
		return 1
	fi
	skip "$1"
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || lacking "$tool is not installed"
	done
}

helper_setup() {
	: "${WOLFFIA_IMAGE:?}"
	umask 022
	DIR=$(mktemp -d "${BATS_TMPDIR:-/tmp}/wolffia-e2e.XXXXXX")
	export HOME=$DIR/home WOLFFIA_STORE=$DIR/store
	export XDG_RUNTIME_DIR=$DIR/run REGISTRY_AUTH_FILE=$DIR/auth.json
	mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
	echo '{}' >"$REGISTRY_AUTH_FILE"
	cd "$DIR" || return
}

helper_teardown() {
	cd /
	# layers belong to subordinate ids: only the program can remove them
	if [ -d "$WOLFFIA_STORE" ]; then
		image images -q --no-trunc 2>/dev/null |
			xargs -r "$WOLFFIA_IMAGE" rmi -f >/dev/null 2>&1 || true
	fi
	chmod -R u+rwx "$DIR" 2>/dev/null || true
	rm -rf "$DIR"
}

# a verb about images, without the launcher where another program has it
image() {
	case $1 in
	images) "$WOLFFIA" "$@" ;;
	*) "$WOLFFIA_IMAGE" "$@" ;;
	esac
}

# a root file system of busybox, in the file $1
make_rootfs() {
	need busybox
	local root=$DIR/rootfs
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/etc" "$root/tmp"
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	ln -s busybox "$root/bin/cat"
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	chmod 1777 "$root/tmp"
	tar --numeric-owner --owner=0 --group=0 --sort=name \
		--mtime=@1000000000 -C "$root" -cf "$1" .
	rm -rf "$root"
}

# a small tar in the file $1 with a file $2 that holds $3, owned by $4
make_layer() {
	local root=$DIR/layer.d owner=${4:-0}
	rm -rf "$root"
	mkdir -p "$root/$(dirname "$2")"
	printf '%s\n' "$3" >"$root/$2"
	tar --numeric-owner --owner="$owner" --group="$owner" --sort=name \
		--mtime=@1000000000 -C "$root" -cf "$1" .
	rm -rf "$root"
}

# write a text as a blob of the layout $1; its digest goes to stdout
put_blob() {
	local digest
	mkdir -p "$1/blobs/sha256"
	cat >"$1/incoming"
	digest=$(sha256sum "$1/incoming" | cut -d' ' -f1)
	mv "$1/incoming" "$1/blobs/sha256/$digest"
	echo "sha256:$digest"
}

descriptor() { # layout media-type digest
	printf '{"mediaType":"%s","digest":"%s","size":%s' "$2" "$3" \
		"$(stat -c %s "$1/blobs/${3/://}")"
}

OCI=application/vnd.oci.image

# an OCI layout by hand: layout name config-JSON-or-"" layer-file...
# With a configuration the diff ids are what it says.
make_layout() {
	local layout=$1 name=$2 config=$3 layers='' ids='' digest file
	shift 3
	mkdir -p "$layout"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	for file; do
		digest=$(put_blob "$layout" <"$file")
		layers+=${layers:+,}$(descriptor "$layout" \
			$OCI.layer.v1.tar "$digest")\}
		ids+=${ids:+,}\"$digest\"
	done
	[ -n "$config" ] || config=$(printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
		"$(go_arch)" "$ids")
	digest=$(printf %s "$config" | put_blob "$layout")
	printf '{"schemaVersion":2,"config":%s},"layers":[%s]}' \
		"$(descriptor "$layout" $OCI.config.v1+json "$digest")" \
		"$layers" >"$layout/manifest"
	digest=$(put_blob "$layout" <"$layout/manifest")
	rm "$layout/manifest"
	printf '{"schemaVersion":2,"manifests":[%s%s}]}' \
		"$(descriptor "$layout" $OCI.manifest.v1+json "$digest")" \
		"${name:+,\"annotations\":{\"org.opencontainers.image.ref.name\":\"$name\"\}}" \
		>"$layout/index.json"
}

go_arch() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}

# nothing is in the store, and nothing is left of any work
assert_store_empty() {
	assert_nothing_left
	[ -z "$(ls -A "$WOLFFIA_STORE/layers")" ]
	[ -z "$(find "$WOLFFIA_STORE/oci" -path '*/blobs/*' -type f)" ]
	[ -z "$(image images -q)" ]
}

assert_nothing_left() {
	[ -z "$(ls -A "$WOLFFIA_STORE/tmp")" ]
}

# the last run failed as failures do: 125, one line, and maybe a hint
assert_failed() {
	[ "$status" -eq 125 ]
	[ "$(grep -c '^wolffia: ' <<<"$output")" -eq 1 ]
	[ "$(grep -vc '^wolffia: \|^  hint: ' <<<"$output")" -eq 0 ]
}

# Run the script $1 in a user and mount namespace of the test's own, as the
# same user and with all capabilities there, and then the rest of the
# arguments without any, below what the script sets $prefix to.  There are no
# subordinate ids in it.  With $exec=exec this shell becomes that process.
elsewhere() {
	local script=$1
	shift
	: >"$DIR/empty"
	${exec:-} unshare --user --map-current-user --keep-caps --mount sh -ec '
		mount --bind "$0/empty" /etc/subuid
		mount --bind "$0/empty" /etc/subgid
		eval "$1"
		shift
		exec $prefix setpriv --inh-caps=-all --ambient-caps=-all \
			--bounding-set=-all -- "$@"' "$DIR" "$script" "$@"
}

need_elsewhere() {
	need unshare setpriv
	elsewhere : true || lacking "no user namespace can be made here"
}
