#!/usr/bin/env bats
# Layers that are broken, or made to break who unpacks them, through import,
# load and pull: a clear error, little memory, and a store that is as it was.
# What becomes of each archive alone is in tests/hostile.

load helper_registry

setup() {
  registry_setup
  # what the archives are: functions of the hostile corpus
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$BATS_TEST_DIRNAME/../hostile \
    python3 - <<-'END'
	import gzip
	from make_archives import (END, entry, gzip_zeros, header, zstd_checked,
	                           zstd_frame, zstd_zeros)
	tar = entry("f", b"f\n" * 9999) + END
	zeros = 1 << 28
	pax = header(b"p", b"x", size=zeros)
	archives = {
	    "truncated.gz": gzip.compress(tar)[:-40],
	    "truncated.zst": zstd_frame(tar)[:9000],
	    "garbage.gz": b"\x1f\x8b\x08\0" + b"\xff" * 999,
	    "garbage.zst": zstd_frame(tar)[:60] + b"\xff" * 9999,
	    "wrong_checksum.zst": zstd_checked(tar, b"wsum"),
	    "window.zst": zstd_frame(tar, (31 - 10) << 3),
	    "bomb_pax.gz": gzip_zeros(pax, zeros, tar),
	    "bomb_pax.zst": zstd_zeros(pax, zeros, tar),
	    "twice.gz": gzip.compress(gzip.compress(tar)),
	}
	for name, content in archives.items():
	    with open("bad." + name, "wb") as file:
	        file.write(content)
	END
  make_layer good.tar f good
  image import -q good.tar good >/dev/null
}

teardown() {
  registry_teardown
}

state_of_store() {
  (cd "$WOLFFIA_STORE" && find . -path ./partial -prune -o ! -name events \
    ! -name layers.lock -printf '%p %y %s\n' | sort)
}

# refused VERB ARGUMENT...: with status 125, one line and maybe a hint, no
# process over 64 MiB, and no change of the store
refused() {
  local before
  before=$(state_of_store)
  run -125 timeout 60 python3 -c '
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], check=False).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if peak > 64 << 10:
    print("peak of", peak, "KiB")
sys.exit(status)' "$WOLFFIA_IMAGE" "$@"
  echo "$*: $output"
  [ "$(grep -vc '^  hint: ' <<<"$output")" -eq 1 ]
  [[ $output == "wolffia: cannot $1 "*"unpack "* ]]
  diff <(state_of_store) - <<<"$before"
  assert_nothing_left
}

@test "import refuses layers that are broken" {
  for archive in bad.*; do
    refused import -q "$archive" bad
  done
}

@test "load refuses an image with a layer that is broken" {
  for archive in bad.*; do
    make_layout "layout.$archive" bad '' "$archive"
    refused load -q "layout.$archive"
  done
}

@test "pull refuses an image with a layer that is broken" {
  start_registry plain
  for archive in bad.*; do
    make_layout "layout.$archive" bad '' "$archive"
    copy "oci:layout.$archive:bad" "docker://$REGISTRY/$archive:1"
    refused pull -q "$REGISTRY/$archive:1"
  done
}
