#!/usr/bin/env bats
# `push`, with docker-registry.

load helper_registry

setup() {
  registry_setup
  need umoci busybox
}

teardown() {
  registry_teardown
}

wolffia() {
  timeout 120 "$WOLFFIA" "$@"
}

# load NAME LAYER...: an image of these files into the store, under that name
load_image() {
  local name=$1
  shift
  rm -rf "$DIR/layout"
  make_layout "$DIR/layout" "$name" '' "$@"
  wolffia load -q -i "$DIR/layout" >/dev/null
}

# three layers of which the last says TEXT, as NAME in the store
load_app() { # NAME TEXT
  [ -e root.tar ] || make_rootfs root.tar
  [ -e data.tar ] || make_layer data.tar data/file "$(seq 100000)"
  make_layer text.tar text "$2"
  load_image "$1" root.tar data.tar text.tar
}

# NAME with one layer of SIZE bytes that do not compress
load_big() { # NAME SIZE
  make_image big "$2"
  load_image "$1" big.tar
}

digest_of() { # of an image of the store
  wolffia images --digests --format '{{.Repository}}:{{.Tag}} {{.Digest}}' |
    sed -n "s|^$1 ||p"
}

digest_there() { # of a name in the registry, by skopeo
  skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"
}

not_there() { # REPOSITORY:TAG of $REGISTRY
  [ "$(curl -s -o /dev/null -w '%{http_code}' \
    "http://$REGISTRY/v2/${1%:*}/manifests/${1##*:}")" = 404 ]
}

count() { # WORD: how many lines of stderr end with it
  grep -c "  $1\$" <<<"$stderr" || true
}

@test "what is pushed has a line for each layer, and its digest, and is what skopeo, umoci and buildah find" {
  need buildah
  start_registry plain
  load_app "$REGISTRY/team/app:1" hello
  digest=$(digest_of "$REGISTRY/team/app:1")
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ "$output" = "$digest" ]
  [ "${stderr_lines[0]}" = "Pushing $REGISTRY/team/app:1" ]
  [ "${#stderr_lines[@]}" -eq 4 ]
  [ "$(count pushed)" -eq 3 ]
  [[ $stderr != *$'\033'* ]]
  [ "$(digest_there "$REGISTRY/team/app:1")" = "$digest" ]
  run -0 wolffia events --until 0s --filter event=push
  [[ $output == *" image push "*"$REGISTRY/team/app:1"* ]]

  copy --preserve-digests "docker://$REGISTRY/team/app:1" oci:again:x
  umoci unpack --rootless --image again:x bundle >/dev/null
  [ "$(cat bundle/rootfs/text)" = hello ]
  chmod -R u+w bundle
  export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
  container=$(buildah from -q --tls-verify=false \
    --signature-policy <(echo '{"default":[{"type":"insecureAcceptAnything"}]}') \
    "docker://$REGISTRY/team/app:1")
  buildah copy -q "$container" text.tar /more
  buildah rm "$container" >/dev/null
  buildah rmi -a -f >/dev/null
}

@test "what is pushed is pulled into another store and runs, with the same digest" {
  start_registry plain
  load_app localhost/app:1 hello
  wolffia push -q app:1 "$REGISTRY/team/app:2"
  run -0 --separate-stderr wolffia --store "$DIR/second" run -q \
    "$REGISTRY/team/app:2" cat /text
  [ "$output" = hello ]
  [ "$(wolffia --store "$DIR/second" images -q --no-trunc)" = \
    "$(wolffia images -q --no-trunc)" ]
  run -0 wolffia --store "$DIR/second" images --format '{{.Digest}}'
  [ "$output" = "$(digest_of localhost/app:1)" ]
  wolffia --store "$DIR/second" rmi -f "$REGISTRY/team/app:2"
}

@test "a layer that an image has twice is sent once" {
  start_registry plain
  make_layer text.tar text hello
  load_image "$REGISTRY/team/app:1" text.tar text.tar
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ "$(count pushed)" -eq 1 ]
  [ "$(requests '"POST /v2/team/app/blobs/uploads/ ')" -eq 2 ]
  [ "$(jq '.layers | length' <(skopeo inspect --raw --tls-verify=false \
    "docker://$REGISTRY/team/app:1"))" -eq 2 ]
}

@test "what the repository has is not sent again" {
  start_registry plain
  load_app "$REGISTRY/team/app:1" one
  wolffia push -q "$REGISTRY/team/app:1"
  before=$(requests '"P[A-Z]* /v2/team/app/blobs/')
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ "$(count exists)" -eq 3 ]
  [ "$(requests '"P[A-Z]* /v2/team/app/blobs/')" -eq "$before" ]
  # of one that has changed, what has changed: a layer and the configuration
  load_app "$REGISTRY/team/app:1" two
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ "$(count exists)" -eq 2 ]
  [ "$(count pushed)" -eq 1 ]
  [ "$(requests '"PUT /v2/team/app/blobs/')" -eq 6 ]
  [ "$(digest_there "$REGISTRY/team/app:1")" = \
    "$(digest_of "$REGISTRY/team/app:1")" ]
}

@test "a layer of another image of the same registry is mounted, and sent if that is not there" {
  start_registry plain
  load_app "$REGISTRY/team/base:1" base
  wolffia push -q "$REGISTRY/team/base:1"
  load_app "$REGISTRY/team/app:1" app
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ "$(count 'mounted from team/base')" -eq 2 ]
  [ "$(count pushed)" -eq 1 ]
  [ "$(requests '"POST /v2/team/app/blobs/uploads/?mount=.*from=team%2Fbase HTTP/1.1" 201')" -eq 2 ]
  # names of another registry, or of none, are nothing to mount from
  load_image "localhost/team/app:1" text.tar
  load_image "other.example/team/x:1" text.tar
  load_image "$REGISTRY/team/new:1" text.tar
  run -0 --separate-stderr wolffia push "$REGISTRY/team/new:1"
  [ "$(count 'mounted from team/app')" -eq 1 ]
  [ "$(requests 'from=team%2Fx')" -eq 0 ]
  # one that was never pushed is called so, but is not there
  make_layer never.tar never "$(seq 1000)"
  load_image "$REGISTRY/team/never:1" never.tar
  load_image "$REGISTRY/team/late:1" never.tar text.tar
  run -0 --separate-stderr wolffia push "$REGISTRY/team/late:1"
  [ "$(count pushed)" -eq 1 ]
  [ "$(requests '"POST /v2/team/late/blobs/uploads/?mount=.*from=team%2Fnever HTTP/1.1" 202')" -eq 1 ]
  run -0 wolffia --store "$DIR/second" pull -q "$REGISTRY/team/late:1"
  wolffia --store "$DIR/second" rmi -f "$REGISTRY/team/late:1"
}

@test "a connection that breaks in the middle of a layer costs time, and nothing else" {
  start_registry plain
  start_proxy 1000000 2 cut
  load_big "$PROXY/team/app:1" 6000000
  run -0 --separate-stderr wolffia push "$PROXY/team/app:1"
  [ "$(count pushed)" -eq 1 ]
  await_stall
  await_stall
  [ "$output" = "$(digest_there "$REGISTRY/team/app:1")" ]
  # what arrived is whole
  copy --preserve-digests "docker://$REGISTRY/team/app:1" oci:again
  [ -e "again/blobs/sha256/$(sha256sum big.tar | cut -d' ' -f1)" ]
}

@test "^C and SIGTERM in the middle end it soon, leave nothing, and the next push works" {
  start_registry plain
  start_proxy 1000000 2 up
  load_big "$PROXY/team/app:1" 6000000
  for signal in INT:130 TERM:143; do
    begin "$WOLFFIA" push "$PROXY/team/app:1"
    await_stall
    end "${signal%:*}" "${signal#*:}"
    grep -q 'cannot push .*: interrupted' err
    grep -q 'hint: the layers that have arrived stay there' err
    [ ! -s out ]
    not_there team/app:1
    assert_nothing_left
  done
  run -0 wolffia push -q "$PROXY/team/app:1"
  [ "$output" = "$(digest_there "$REGISTRY/team/app:1")" ]
}

@test "on a terminal there are bars, and nothing is left of them" {
  need script
  start_registry plain
  start_proxy 1000000 1 up
  load_big "$PROXY/team/app:1" 6000000
  TERM=xterm NO_COLOR=1 begin script -qefc \
    "stty cols 70; exec '$WOLFFIA' push '$PROXY/team/app:1'" typescript
  await_stall
  timeout 20 stdbuf -oL tr '\r' '\n' < <(timeout 20 tail -n +1 -f typescript) |
    grep -qm 1 '\[=*> *\]'
  child=$(pgrep -P "$pid" -f 'wolffia-image push')
  kill -s INT -- "-$child"
  wait "$pid" || true
  grep -q $'\r\033\\[Jwolffia: cannot push .*: interrupted' typescript
}

@test "a layer that is refused ends the others, and no tag is set" {
  start_registry plain
  load_app "$REGISTRY/team/app:1" hello
  layer=$(sha256sum data.tar | cut -d' ' -f1)
  # damaged in the store, but of the same size
  printf x | dd of="$WOLFFIA_STORE/oci/blobs/sha256/$layer" conv=notrunc \
    bs=1 seek=1000 status=none
  run -125 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ -z "$output" ]
  [[ $stderr == *"cannot push $REGISTRY/team/app:1: blob sha256:$layer of the store is damaged"* ]]
  [[ $stderr == *"hint: "*"wolffia check"* ]]
  not_there team/app:1
  # shorter, and not there at all: nothing is sent
  before=$(requests '"POST')
  truncate -s 1000 "$WOLFFIA_STORE/oci/blobs/sha256/$layer"
  run -125 wolffia push "$REGISTRY/team/app:1"
  [[ $output == *"blob sha256:$layer of the store has 1000 bytes"* ]]
  rm "$WOLFFIA_STORE/oci/blobs/sha256/$layer"
  run -125 wolffia push "$REGISTRY/team/app:1"
  [[ $output == *"open blob sha256:$layer of the store: No such file"* ]]
  [ "$(requests '"POST')" -eq "$before" ]
}

@test "with a password and TLS: who may, pushes, and others are told what to do" {
  make_certificate good
  start_registry tls "$(tls good)" "$(basic)"
  load_app "$REGISTRY/team/app:1" hello
  run -125 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [[ $stderr == *"certificate"*"hint: "*"certs.d/$REGISTRY/ca.crt"* ]]
  trust good "$REGISTRY"
  run -125 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [[ $stderr == *"status 401"*"hint: "*"log in to $REGISTRY"* ]]
  probe store "$REGISTRY" me wrong-word
  run -125 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [[ $stderr == *"status 401"*"hint: your user at $REGISTRY may not do this"* ]]
  [[ $stderr != *wrong-word* ]]
  probe store "$REGISTRY" me secret:1
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:1"
  [ "$(count pushed)" -eq 3 ]
}

@test "with tokens: one for the repository, and for a mount one that reads the other" {
  start_token_registry
  probe store "$REGISTRY" me secret:1
  load_app "$REGISTRY/private/base:1" base
  wolffia push -q "$REGISTRY/private/base:1"
  [ "$(cat tokens.log)" = "GET me our registry repository:private/base:pull,push" ]
  load_app "$REGISTRY/private/app:1" app
  : >tokens.log
  run -0 --separate-stderr wolffia push "$REGISTRY/private/app:1"
  [ "$(count 'mounted from private/base')" -eq 2 ]
  [ "$(sort -u tokens.log)" = "GET me our registry repository:private/app:pull,push
GET me our registry repository:private/app:pull,push repository:private/base:pull" ]
  # nobody in particular may read, and not write
  echo '{}' >"$REGISTRY_AUTH_FILE"
  wolffia tag "$REGISTRY/private/app:1" "$REGISTRY/public/app:1"
  run -125 --separate-stderr wolffia push "$REGISTRY/public/app:1"
  [[ $stderr == *"have to log in to $REGISTRY"* ]]
}

@test "it goes to the registry that was typed, and to no other" {
  start_registry mirror
  mirror=$REGISTRY mirror_log=$LOG
  start_registry plain
  load_app localhost/app:1 hello
  cat >"$CONTAINERS/registries.conf" <<-END
	unqualified-search-registries = ["$REGISTRY"]
	[aliases]
	"app" = "$REGISTRY/app"
	[[registry]]
	location = "$REGISTRY"
	[[registry.mirror]]
	location = "$mirror"
	insecure = true
	[[registry]]
	location = "blocked.example"
	blocked = true
	END
  run -125 --separate-stderr wolffia push app:1
  [[ $stderr == *'cannot push app:1: "app:1" names no registry'* ]]
  [[ $stderr == *'hint: write where to: wolffia push app:1 docker.io/library/app:1; or'*'wolffia tag' ]]
  run -125 --separate-stderr wolffia push localhost/app:1
  [[ $stderr == *"localhost is not a registry"*"hint: "*"wolffia push localhost/app:1 REGISTRY/NAME"* ]]
  run -125 --separate-stderr wolffia push app:1 other
  [[ $stderr == *'"other" names no registry'*"as in docker.io/library/other:latest" ]]
  run -125 --separate-stderr wolffia push "$(wolffia images -q)"
  [[ $stderr == *"a digest does not say where to"* ]]
  run -125 --separate-stderr wolffia push app:1 \
    "$REGISTRY/app@$(digest_of localhost/app:1)"
  [[ $stderr == *"pushed under a tag"* ]]
  run -125 --separate-stderr wolffia push app:1 blocked.example/app
  [[ $stderr == *"blocked.example/app:latest is blocked"* ]] ||
    [[ $stderr == *"blocked.example/app is blocked"* ]]
  run -125 --separate-stderr wolffia push none "$REGISTRY/none"
  [[ $stderr == *'no image "none" in the store'* ]]
  run -125 --separate-stderr wolffia push app:1 x y
  [ "$(requests 'HTTP/1.1')" -eq 0 ]

  run -0 --separate-stderr wolffia push app:1 "docker://$REGISTRY/app"
  [ "${stderr_lines[0]}" = "Pushing $REGISTRY/app:latest" ]
  [ "$(grep -c 'HTTP/1.1' "$mirror_log")" -eq 0 ]
  digest_there "$REGISTRY/app:latest"
}

@test "push --all-tags pushes what is called after the repository, and nothing else" {
  start_registry plain
  load_app "$REGISTRY/team/app:1" one
  load_app "$REGISTRY/team/app:2" two
  load_app "$REGISTRY/team/apple:1" three
  run -0 --separate-stderr wolffia push -a "$REGISTRY/team/app"
  [ "${#lines[@]}" -eq 2 ]
  [ "$(digest_there "$REGISTRY/team/app:1")" = "$(digest_of "$REGISTRY/team/app:1")" ]
  [ "$(digest_there "$REGISTRY/team/app:2")" = "$(digest_of "$REGISTRY/team/app:2")" ]
  not_there team/apple:1
  run -125 wolffia push -a "$REGISTRY/team/app:1"
  [[ $output == *"names one image already"* ]]
  run -125 wolffia push -a "$REGISTRY/team/nothing"
  [[ $output == *"no image that is called after it"* ]]
  run -125 wolffia push -a "$REGISTRY/team/app" "$REGISTRY/other"
}

@test "push -q prints the digest and nothing else, --digestfile keeps it" {
  start_registry plain
  load_app "$REGISTRY/team/app:1" one
  run -0 --separate-stderr wolffia push -q --digestfile digest \
    "$REGISTRY/team/app:1"
  [ "$output" = "$(digest_of "$REGISTRY/team/app:1")" ]
  [ -z "$stderr" ]
  [ "$(cat digest)" = "$output" ]
  run -125 wolffia push -q --digestfile none/digest "$REGISTRY/team/app:1"
  [[ $output == *"open none/digest: No such file"* ]]
}

@test "an image of an image store that is only read is pushed" {
  start_registry plain
  load_app "$REGISTRY/team/app:1" one
  mv "$WOLFFIA_STORE" shared
  find shared -printf '%p %m %U %s %T@\n' | sort >before
  chmod -R a-w shared/oci
  run -0 wolffia --imagestore "$DIR/shared" push -q "$REGISTRY/team/app:1"
  [ "$output" = "$(digest_there "$REGISTRY/team/app:1")" ]
  # one that was named here has its documents here and its layers there
  wolffia --imagestore "$DIR/shared" tag "$REGISTRY/team/app:1" \
    "$REGISTRY/team/named:1"
  run -0 --separate-stderr wolffia --imagestore "$DIR/shared" push \
    "$REGISTRY/team/named:1"
  [ "$(count 'mounted from team/app')" -eq 3 ]
  chmod -R u+w shared/oci
  find shared -printf '%p %m %U %s %T@\n' | sort | diff before -
  wolffia rmi -f "$REGISTRY/team/named:1"
  mv shared "$WOLFFIA_STORE.own"
  rm -rf "$WOLFFIA_STORE"
  mv "$WOLFFIA_STORE.own" "$WOLFFIA_STORE"
}

@test "of an image for several platforms the part that the store has is pushed, and a note says so" {
  start_registry plain
  load_app "$REGISTRY/team/app:one" one
  wolffia push -q "$REGISTRY/team/app:one"
  digest=$(digest_of "$REGISTRY/team/app:one")
  printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[{"mediaType":"%s.manifest.v1+json","digest":"%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}]}' \
    "$OCI" "$OCI" "$digest" "$(stat -c %s \
      "$WOLFFIA_STORE/oci/blobs/${digest/://}")" "$(go_arch)" >index.json
  curl -fsS -X PUT -H "Content-Type: $OCI.index.v1+json" \
    --data-binary @index.json "http://$REGISTRY/v2/team/app/manifests/all"
  wolffia pull -q "$REGISTRY/team/app:all"
  run -0 --separate-stderr wolffia push "$REGISTRY/team/app:all" \
    "$REGISTRY/other/app:1"
  [ "$output" = "$digest" ]
  [[ $stderr == *"note: "*"several platforms"*"linux/$(go_arch)"* ]]
  [ "$(digest_there "$REGISTRY/other/app:1")" = "$digest" ]
}

@test "a big layer takes no more memory than a small one" {
  start_registry plain
  load_big "$REGISTRY/team/app:1" 100000000
  # private memory that can be written, setrlimit(2); sanitizers take a lot
  limit=40000
  ! grep -qa __asan_init "$WOLFFIA_IMAGE" || limit=unlimited
  (ulimit -d "$limit" && exec timeout 120 "$WOLFFIA_IMAGE" push -q \
    "$REGISTRY/team/app:1")
  digest_there "$REGISTRY/team/app:1"
}
