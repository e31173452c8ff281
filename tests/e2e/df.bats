#!/usr/bin/env bats
# df: what takes the room, and what would come free
#
# bats gives $output, $lines, $status and $stderr:
# shellcheck disable=SC2154

load helper

setup() {
	helper_setup
	make_rootfs root.tar
	head -c 3000000 /dev/urandom | base64 -w0 >content
	make_layer more.tar etc/more "$(<content)"
	make_layout one localhost/one:1 '' root.tar
	make_layout two localhost/two:1 '' root.tar more.tar
	tar -C one -cf one.tar .
	tar -C two -cf two.tar .
	image load -q -i one.tar >/dev/null
	image load -q -i two.tar >/dev/null
}

teardown() {
	"$WOLFFIA" rm -af >/dev/null 2>&1 || true
	helper_teardown
}

used() { # PATH...: bytes, each file once
	"$WOLFFIA" unshare du -scB1 "$@" | tail -1 | cut -f1
}

row() { # TYPE MEMBER
	"$WOLFFIA" df --format json |
		jq -r --arg t "$1" --arg m "$2" '.[]|select(.Type==$t)|.[$m]'
}

# blobs and layers, without the directories that hold them
images_used() {
	used "$WOLFFIA_STORE"/oci/blobs/sha256/* "$WOLFFIA_STORE"/layers/*
}

@test "df has the rows and columns of docker" {
	run -0 "$WOLFFIA" df
	[[ ${lines[0]} =~ ^TYPE\ +TOTAL\ +ACTIVE\ +SIZE\ +RECLAIMABLE$ ]]
	[[ ${lines[1]} =~ ^Images\ +2\ +0\ +[0-9.]+MB\ +[0-9.]+MB\ \(100%\)$ ]]
	[[ ${lines[2]} =~ ^Containers\ +0\ +0\ +0B\ +0B$ ]]
	[[ ${lines[3]} =~ ^Local\ Volumes\ +0\ +0\ +0B\ +0B$ ]]
	run -0 "$WOLFFIA" system df --format '{{.Type}}: {{.TotalCount}}'
	[ "${lines[0]}" = "Images: 2" ]
	run -125 "$WOLFFIA" df --format '{{.Nothing}}'
	run -125 "$WOLFFIA" df more
	run -0 "$WOLFFIA" df --store "$DIR/empty"
	[[ ${lines[1]} =~ ^Images\ +0\ +0\ +0B\ +0B$ ]]
}

# bats test_tags=many-ids
@test "df counts what images share once, and files with several names" {
	[ "$(row Images RawSize)" -eq "$(images_used)" ]
	image unpack -q --single two:1
	[ "$(row Images RawSize)" -eq "$(images_used)" ]
	# a layer that is linked to another takes no room of its own
	before=$(row Images RawSize)
	"$WOLFFIA" unshare cp -al "$WOLFFIA_STORE/layers/$(sha256sum more.tar | cut -d' ' -f1)" \
		"$WOLFFIA_STORE/layers/$(sha256sum content | cut -d' ' -f1)"
	[ "$(row Images RawSize)" -eq "$(images_used)" ]
	[ $(($(row Images RawSize) - before)) -lt 100000 ]
}

@test "what df calls reclaimable is what prune frees" {
	"$WOLFFIA" create -q --name user one:1 /bin/sh >/dev/null
	echo nobody | put_blob "$WOLFFIA_STORE/oci" >/dev/null
	[ "$(row Images Active)" -eq 1 ]
	reclaimable=$(row Images RawReclaimable)
	[ "$reclaimable" -gt 4000000 ]
	before=$(images_used)
	"$WOLFFIA" image prune -af >/dev/null
	[ $((before - $(images_used))) -eq "$reclaimable" ]
	[ "$(row Images RawReclaimable)" -eq 0 ]
	# an image that has lost its name is still needed
	image rmi -qf one:1
	[ "$(row Images TotalCount)" -eq 0 ]
	[ "$(row Images RawReclaimable)" -eq 0 ]
	"$WOLFFIA" rm user >/dev/null
	[ "$(row Images RawReclaimable)" -eq "$(images_used)" ]
}

@test "df counts containers and volumes, and which of them are active" {
	"$WOLFFIA" run -q --rm=false --name over -v data:/data one:1 \
		/bin/busybox dd if=/dev/zero of=/data/x bs=1k count=1000 2>/dev/null
	"$WOLFFIA" run -qd --name runs one:1 /bin/busybox dd if=/dev/zero of=/dev/null >/dev/null
	mkdir "$WOLFFIA_STORE/volumes/other"
	head -c 50000 /dev/zero >"$WOLFFIA_STORE/volumes/other/y"
	[ "$(row Containers TotalCount) $(row Containers Active)" = "2 1" ]
	[ "$(row Containers RawReclaimable)" -gt 0 ]
	[ "$(row Containers RawReclaimable)" -lt "$(row Containers RawSize)" ]
	[ "$(row 'Local Volumes' TotalCount) $(row 'Local Volumes' Active)" = "2 1" ]
	[ "$(row 'Local Volumes' RawSize)" -eq "$(used "$WOLFFIA_STORE"/volumes/*)" ]
	[ "$(row 'Local Volumes' RawReclaimable)" -eq "$(used "$WOLFFIA_STORE/volumes/other")" ]
}

@test "df -v shows each of them, and what of an image others have, too" {
	"$WOLFFIA" create -q --name user -v data:/data two:1 /bin/sh >/dev/null
	mkdir -p "$WOLFFIA_STORE/volumes/data"
	run -0 "$WOLFFIA" df -v
	[[ $output =~ REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE\ +SHARED\ SIZE\ +UNIQUE\ SIZE\ +CONTAINERS ]]
	[[ $output =~ localhost/two\ +1\ +[0-9a-f]{12}\ +[^$'\n']*MB\ +[0-9.]+MB\ +[0-9.]+MB\ +1$'\n' ]]
	[[ $output =~ localhost/one\ +1\ +[0-9a-f]{12}\ +[^$'\n']*\ +0$'\n' ]]
	[[ $output =~ CONTAINER\ ID\ +IMAGE\ +SIZE\ +STATUS\ +NAMES ]]
	[[ $output =~ two:1\ +[0-9.]+k?B\ +created\ +user ]]
	[[ $output =~ VOLUME\ NAME\ +LINKS\ +SIZE ]]
	[[ $output =~ data\ +1\ +[0-9.]+k?B ]]
}
