#!/usr/bin/env bats
# The client of registries against docker-registry, with images that skopeo,
# umoci and buildah made and pushed, and the other way round.

load helper_registry

setup() {
  registry_setup
}

teardown() {
  registry_teardown
}

@test "what skopeo pushes is pulled, in both formats" {
  start_registry plain
  make_image one 300000
  for format in oci v2s2; do
    copy --format "$format" "oci:one" "docker://$REGISTRY/a/$format:1"
    rm -rf pulled
    pull "$REGISTRY/a/$format:1"
    [ "$(ls pulled | wc -l)" -eq 3 ]
    digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' \
      "docker://$REGISTRY/a/$format:1")
    [ "sha256:$(sha256sum <pulled/manifest | cut -d' ' -f1)" = "$digest" ]
    run -0 probe look "$REGISTRY/a/$format:1"
    [[ $output == "$digest application/vnd."* ]]
    rm -rf pulled
    pull "$REGISTRY/a/$format@$digest"
  done
}

@test "what umoci and buildah make is pulled" {
  need umoci buildah
  start_registry plain
  make_image one 300000
  mkdir -p layer/etc && echo hello >layer/etc/motd
  umoci insert --rootless --image one:one layer/etc /etc >/dev/null
  copy "oci:one:one" "docker://$REGISTRY/umoci:1"
  pull "$REGISTRY/umoci:1"
  [ "$(ls pulled | wc -l)" -eq 4 ]
  rm -rf pulled

  export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
  container=$(buildah from scratch)
  buildah copy -q "$container" layer / >/dev/null
  buildah commit -q "$container" built >/dev/null
  buildah rm "$container" >/dev/null
  for format in oci v2s2; do
    buildah push -q --tls-verify=false --format "$format" built \
      "docker://$REGISTRY/buildah:$format"
    rm -rf pulled
    pull "$REGISTRY/buildah:$format"
    tar -tzf pulled/"$(jq -r '.layers[0].digest[7:]' pulled/manifest)" |
      grep -q etc/motd
  done
  buildah rmi -a -f >/dev/null
}

@test "what is pushed is what skopeo and a second pull find" {
  start_registry plain
  make_image one 300000
  run -0 --separate-stderr probe push "$REGISTRY/a/b:1" one
  [ "$(grep -c ' sent$' <<<"$output")" -eq 2 ]
  digest=$(tail -n 1 <<<"$output")
  [ "$digest" = "$(skopeo inspect --tls-verify=false \
    --format '{{.Digest}}' "docker://$REGISTRY/a/b:1")" ]
  copy --preserve-digests "docker://$REGISTRY/a/b:1" oci:again
  [ -e "again/blobs/sha256/$(layer_of one)" ]
  pull "$REGISTRY/a/b:1"

  # the second time nothing is sent
  run -0 --separate-stderr probe push "$REGISTRY/a/b:2" one
  [ "$(grep -c ' was there$' <<<"$output")" -eq 2 ]
}

@test "a blob of another repository is mounted, not sent" {
  start_registry plain
  make_image one 300000
  probe push "$REGISTRY/a/b:1" one
  run -0 --separate-stderr probe --from a/b push "$REGISTRY/c/d:1" one
  [ "$(grep -c ' mounted$' <<<"$output")" -eq 2 ]
  pull "$REGISTRY/c/d:1"

  # from where it is not, it is sent
  make_image two 300000
  run -0 --separate-stderr probe --from a/b push "$REGISTRY/c/d:2" two
  [ "$(grep -c ' sent$' <<<"$output")" -eq 2 ]
  pull "$REGISTRY/c/d:2"
}

@test "an upload in pieces arrives whole" {
  start_registry plain
  make_image one 3000000
  probe --chunk 700000 push "$REGISTRY/a/b:1" one
  [ "$(requests '"PATCH /v2/a/b/blobs/uploads/')" -eq 6 ]
  pull "$REGISTRY/a/b:1"
}

@test "a pull goes on from the bytes that are there" {
  start_registry plain
  make_image one 3000000
  copy "oci:one" "docker://$REGISTRY/a:1"
  layer=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/a:1" |
    jq -r '.layers[0].digest[7:]')
  pull "$REGISTRY/a:1"
  truncate -s 1234567 "pulled/$layer"
  pull "$REGISTRY/a:1"
  [ "$(requests "\"GET /v2/a/blobs/sha256:$layer HTTP/1.1\" 206")" -eq 1 ]
  # and when all is there, only the manifest is asked for
  before=$(requests '"GET /v2/a/blobs/')
  pull "$REGISTRY/a:1"
  [ "$(requests '"GET /v2/a/blobs/')" -eq "$before" ]
}

@test "a tag that means what it meant is not fetched" {
  start_registry plain
  make_image one 1000
  copy "oci:one" "docker://$REGISTRY/a:1"
  digest=$(probe get "$REGISTRY/a:1" 2>/dev/null | cut -d' ' -f1)
  run -0 --separate-stderr probe --known "$digest" get "$REGISTRY/a:1"
  [ "$output" = unchanged ]
  make_image two 1000
  copy "oci:two" "docker://$REGISTRY/a:1"
  run -0 --separate-stderr probe --known "$digest" get "$REGISTRY/a:1"
  [[ $output == sha256:* ]]
}

@test "of an index the image for the platform is pulled" {
  start_registry plain
  entries=
  for arch in amd64 arm64 s390x; do
    config=$(printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}' $arch)
    make_layout "$arch" "$arch" "$config"
    probe push "$REGISTRY/multi:$arch" "$arch"
    read -r digest type size < <(probe look "$REGISTRY/multi:$arch")
    entries+=${entries:+,}$(printf '{"mediaType":"%s","digest":"%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}' "$type" "$digest" "$size" $arch)
  done
  printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' \
    "$OCI" "$entries" >index.json
  curl -fsS -X PUT -H "Content-Type: $OCI.index.v1+json" \
    --data-binary @index.json "http://$REGISTRY/v2/multi/manifests/all"
  for arch in arm64 s390x; do
    rm -rf pulled
    pull "$REGISTRY/multi:all" --platform "linux/$arch"
    [ "$(jq -r .architecture pulled/"$(jq -r '.config.digest[7:]' \
      pulled/manifest)")" = "$arch" ]
  done
  rm -rf pulled
  pull "$REGISTRY/multi:all"
  jq -e ".architecture == \"$(go_arch)\"" \
    pulled/"$(jq -r '.config.digest[7:]' pulled/manifest)"
  run probe --platform linux/riscv64 pull "$REGISTRY/multi:all" pulled
  failed_with ENOENT "no image for linux/riscv64; it has: linux/amd64"
}

@test "TLS: an authority in certs.d, and no other way" {
  make_certificate good
  start_registry tls "$(tls good)"
  make_image one 1000
  copy "oci:one" "docker://$REGISTRY/a:1"
  run probe get "$REGISTRY/a:1"
  failed_with EKEYREJECTED "certificate"
  [[ $output == *"certs.d/$REGISTRY/ca.crt"* ]]

  # of another port it is no authority
  trust good 127.0.0.1
  run probe get "$REGISTRY/a:1"
  failed_with EKEYREJECTED "certificate"

  trust good "$REGISTRY"
  pull "$REGISTRY/a:1"

  # "insecure" is about plain http, not about whose certificate it is
  rm -r "$CONTAINERS/certs.d"
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" \
    >"$CONTAINERS/registries.conf"
  run probe get "$REGISTRY/a:1"
  failed_with EKEYREJECTED "certificate"
}

@test "TLS: a client certificate for a registry that wants one" {
  make_certificate good
  make_certificate client
  start_registry tls "  tls: {certificate: $DIR/good.crt, key: $DIR/good.key, clientcas: [$DIR/client.crt]}"
  trust good "$REGISTRY"
  run probe --tries 2 login "$REGISTRY/a"
  [ "$status" -eq 1 ]
  certs=$CONTAINERS/certs.d/$REGISTRY
  cp client.crt "$certs/client.cert"
  run probe login "$REGISTRY/a"
  failed_with EINVAL "client.cert is there, but not "
  cp client.key "$certs/client.key"
  run -0 probe login "$REGISTRY/a"
}

@test "a password: from auth.json, for its exact registry" {
  make_certificate good
  start_registry tls "$(tls good)" "$(basic)"
  trust good "$REGISTRY"
  make_image one 1000
  copy --dest-creds me:secret:1 "oci:one" "docker://$REGISTRY/a/b:1"

  run probe get "$REGISTRY/a/b:1"
  failed_with EACCES "status 401"
  [[ $output == *"log in to $REGISTRY first"* ]] ||
    [[ $output == *"have to log in to $REGISTRY"* ]]

  run -0 --separate-stderr probe store "$REGISTRY" me secret:1
  [ "$output" = "$REGISTRY_AUTH_FILE" ]
  [ "$(stat -c %a "$REGISTRY_AUTH_FILE")" = 600 ]
  run -0 probe login "$REGISTRY/a"
  pull "$REGISTRY/a/b:1"
  # localhost is another name: it gets nothing
  trust good "localhost:${REGISTRY#*:}"
  run probe get "localhost:${REGISTRY#*:}/a/b:1"
  failed_with EACCES "status 401"

  # what skopeo writes we read, and the reverse
  skopeo inspect --cert-dir "$CONTAINERS/certs.d/$REGISTRY" \
    "docker://$REGISTRY/a/b:1" >/dev/null
  run -0 --separate-stderr probe erase "$REGISTRY"
  [ "$output" = "$REGISTRY_AUTH_FILE: gone" ]
  run probe get "$REGISTRY/a/b:1"
  failed_with EACCES "status 401"
  skopeo login --cert-dir "$CONTAINERS/certs.d/$REGISTRY" \
    -u me -p secret:1 "$REGISTRY" >/dev/null
  rm -rf pulled
  pull "$REGISTRY/a/b:1"

  # the wrong one is asked for once, and never shown
  probe store "$REGISTRY" me wrong-word
  before=$(requests '"GET /v2/a/b/')
  run probe get "$REGISTRY/a/b:1"
  failed_with EACCES "status 401"
  [[ $output != *wrong-word* ]]
  [ $(($(requests '"GET /v2/a/b/') - before)) -eq 1 ]
}

@test "a password: the namespace decides" {
  start_registry plain "$(basic)"
  probe store "$REGISTRY" me wrong
  probe store "$REGISTRY/mine" me secret:1
  run probe tags "$REGISTRY/other/x"
  failed_with EACCES "status 401"
  run probe tags "$REGISTRY/mine/x"
  failed_with ENOENT "NAME_UNKNOWN"
}

@test "a password: a credential helper is asked, and told" {
  start_registry plain "$(basic)"
  make_helper 'echo "{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"secret:1\"}"'
  printf '{"credHelpers":{"%s":"test"}}' "$REGISTRY" >"$REGISTRY_AUTH_FILE"
  run -0 probe login "$REGISTRY/a"
  [ "$(cat asked)" = "$(printf 'get\n%s' "$REGISTRY")" ]

  : >asked
  run -0 --separate-stderr probe store "$REGISTRY" me new-word
  [ "$output" = docker-credential-test ]
  grep -q '^store$' asked
  jq -e '.Username == "me" and .Secret == "new-word"' <<<"$(grep '^{' asked)"
  # the file knows that there is one, and no more
  [ "$(jq -c .auths "$REGISTRY_AUTH_FILE")" = "{\"$REGISTRY\":{}}" ]
  run -0 probe erase "$REGISTRY"
  grep -q '^erase$' asked

  # in registries.conf, before the files
  echo '{}' >"$REGISTRY_AUTH_FILE"
  echo 'credential-helpers = ["containers-auth.json", "test"]' \
    >"$CONTAINERS/registries.conf"
  run -0 probe login "$REGISTRY/a"
}

@test "a credential helper that fails says so, and no secret" {
  start_registry plain "$(basic)"
  printf '{"credHelpers":{"%s":"test"}}' "$REGISTRY" >"$REGISTRY_AUTH_FILE"
  run probe login "$REGISTRY/a"
  failed_with ENOENT "docker-credential-test is not installed"

  make_helper 'echo "the keyring is locked"; exit 1'
  run probe login "$REGISTRY/a"
  failed_with EIO "docker-credential-test: the keyring is locked"

  make_helper 'echo "{\"Secret\":\"secret:1\""; exit 3'
  run probe login "$REGISTRY/a"
  failed_with EIO "exited with status 3"
  [[ $output != *secret:1* ]]

  make_helper 'echo "{\"Secret\":\"secret:1\"}"'
  run probe login "$REGISTRY/a"
  failed_with EPROTO "no user name and secret"
  [[ $output != *secret:1* ]]

  make_helper 'kill -9 $$'
  run probe login "$REGISTRY/a"
  failed_with EIO "was killed by SIGKILL"

  make_helper 'yes'
  run probe login "$REGISTRY/a"
  failed_with EPROTO "more than 65536 bytes"

  make_helper 'echo "credentials not found in native keychain"; exit 1'
  run probe login "$REGISTRY/a"
  failed_with EACCES "status 401"

  # what it leaves running is not waited for
  make_helper 'sleep 1000 & echo $! >sleeper
    echo "{\"Username\":\"me\",\"Secret\":\"secret:1\"}"'
  run -0 probe login "$REGISTRY/a"
  kill "$(cat sleeper)"
}

@test "tokens: one for all that is pulled, for no more than that" {
  start_token_registry
  make_image one 300000
  probe store "$REGISTRY" me secret:1
  probe push "$REGISTRY/public/a:1" one
  probe push "$REGISTRY/private/a:1" one
  grep -q '^GET me our registry repository:private/a:pull,push$' tokens.log

  : >tokens.log
  pull "$REGISTRY/private/a:1"
  [ "$(cat tokens.log)" = "GET me our registry repository:private/a:pull" ]

  # for a mount both repositories have to be named
  : >tokens.log
  run -0 --separate-stderr probe --from private/a push "$REGISTRY/private/b:1" one
  [ "$(grep -c ' mounted$' <<<"$output")" -eq 2 ]
  grep -q ' repository:private/b:pull,push repository:private/a:pull$' tokens.log
}

@test "tokens: for nobody what is public, and words for the rest" {
  start_token_registry
  make_image one 300000
  probe store "$REGISTRY" me secret:1
  probe push "$REGISTRY/public/a:1" one
  probe push "$REGISTRY/private/a:1" one
  echo '{}' >"$REGISTRY_AUTH_FILE"
  : >tokens.log
  pull "$REGISTRY/public/a:1"
  [ "$(cat tokens.log)" = "GET nobody our registry repository:public/a:pull" ]
  run probe get "$REGISTRY/private/a:1"
  failed_with EACCES "status 401"
  [[ $output == *"log in to $REGISTRY"* ]]
  probe store "$REGISTRY" me wrong-word
  run probe get "$REGISTRY/private/a:1"
  failed_with EACCES "the credentials for $REGISTRY are refused"
}

@test "tokens: an identity token is exchanged for them" {
  start_token_registry
  make_image one 1000
  probe store "$REGISTRY" me secret:1
  probe push "$REGISTRY/private/a:1" one
  printf '{"auths":{"%s":{"identitytoken":"refresh-token-of-me"}}}' \
    "$REGISTRY" >"$REGISTRY_AUTH_FILE"
  : >tokens.log
  pull "$REGISTRY/private/a:1"
  [ "$(cat tokens.log)" = "POST me our registry repository:private/a:pull" ]
}

@test "plain http: for loopback, or when named insecure, and not else" {
  start_registry plain
  make_image one 1000
  probe push "$REGISTRY/a:1" one
  port=${REGISTRY#*:}
  pull "localhost:$port/a:1"
  # a name that only libcurl knows to be this machine
  run probe --tries 2 get "plain.localhost:$port/a:1"
  failed_with ECONNABORTED "https://plain.localhost:$port"
  [[ $output == *'"insecure = true"'* ]]
  printf '[[registry]]\nlocation = "plain.localhost:%s"\ninsecure = true\n' \
    "$port" >"$CONTAINERS/registries.conf"
  rm -rf pulled
  pull "plain.localhost:$port/a:1"
}

@test "registries.conf: mirrors before the registry, notes on what failed" {
  start_registry mirror
  mirror=$REGISTRY
  start_registry plain
  make_image one 1000
  make_image two 1000
  probe push "$mirror/copies/a:1" one
  probe push "$REGISTRY/a:1" one
  probe push "$REGISTRY/a:2" two
  cat >"$CONTAINERS/registries.conf" <<-END
	[[registry]]
	prefix = "images.example"
	location = "$REGISTRY"
	[[registry.mirror]]
	location = "127.0.0.1:1"
	[[registry.mirror]]
	location = "$mirror/copies"
	END
  run -0 probe pull images.example/a:1 "$DIR"
  [[ $output == *"passed over: 127.0.0.1:1/a: "* ]]
  [[ $output == *" $mirror/copies/a"* ]]
  # what the mirror lacks the registry has
  run -0 probe pull images.example/a:2 "$DIR"
  [[ $output == *"passed over: $mirror/copies/a: "*"404"* ]]
  [[ $output == *" $REGISTRY/a"* ]]
  # a place that failed later on can be passed over
  run -0 probe --skip 2 pull images.example/a:1 "$DIR"
  [[ $output == *" $REGISTRY/a"* ]]
  run probe pull images.example/a:3 "$DIR"
  [ "$status" -eq 1 ]
  [[ $output == *"ENOENT: "* ]]

  mkdir "$CONTAINERS/registries.conf.d"
  printf '[[registry]]\nprefix = "images.example"\nblocked = true\n' \
    >"$CONTAINERS/registries.conf.d/50-no.conf"
  run probe pull images.example/a:1 "$DIR"
  failed_with EPERM "images.example/a:1 is blocked"
}

@test "registries.conf: what is not understood stops everything" {
  echo 'insecure-registries = ["x"]' >"$CONTAINERS/registries.conf"
  run probe resolve debian
  failed_with EINVAL "$CONTAINERS/registries.conf: the key \"insecure-registries\""
  # a drop-in is only read where its neighbours are
  echo 'unqualified-search-registries = ["a.io"]' >"$CONTAINERS/registries.conf"
  mkdir -p "$CONTAINERS/registries.conf.d" "$XDG_CACHE_HOME/containers"
  echo 'unqualified-search-registries = ["b.io"]' \
    >"$CONTAINERS/registries.conf.d/b.conf"
  echo 'nonsense' >"$CONTAINERS/registries.conf.d/b.conf.bak"
  run -0 --separate-stderr probe resolve debian
  [ "$output" = b.io/debian:latest ]
  # what podman recorded wins
  printf '[aliases]\n"debian" = "c.io/x/debian"\n' \
    >"$XDG_CACHE_HOME/containers/short-name-aliases.conf"
  run -0 --separate-stderr probe resolve debian:12
  [ "$output" = c.io/x/debian:12 ]
}

@test "tags and referrers are listed" {
  start_registry plain
  make_image one 1000
  for n in 1 2 3; do
    probe push "$REGISTRY/a:t$n" one
  done
  run -0 --separate-stderr probe tags "$REGISTRY/a"
  [ "$(sort <<<"$output")" = "$(printf 't1\nt2\nt3')" ]
  # this registry is older than the interface: an index with a tag
  digest=$(probe get "$REGISTRY/a:t1" 2>/dev/null | cut -d' ' -f1)
  run -0 --separate-stderr probe referrers "$REGISTRY/a@$digest"
  [ -z "$output" ]
  printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[{"mediaType":"%s.manifest.v1+json","digest":"%s","size":%s,"artifactType":"x/y"}]}' \
    "$OCI" "$OCI" "$digest" "$(probe look "$REGISTRY/a:t1" 2>/dev/null |
      cut -d' ' -f3)" >index.json
  curl -fsS -X PUT -H "Content-Type: $OCI.index.v1+json" \
    --data-binary @index.json \
    "http://$REGISTRY/v2/a/manifests/${digest/:/-}"
  run -0 --separate-stderr probe referrers "$REGISTRY/a@$digest"
  [ "$output" = "$digest x/y" ]
  run -0 --separate-stderr probe referrers "$REGISTRY/a@$digest" a/b
  [ -z "$output" ]
}

@test "the launcher does not load what speaks with registries" {
  run -0 ldd "$WOLFFIA"
  [[ $output != *libcurl* && $output != *libpsl* ]]
}
