#!/usr/bin/env bats
# policy.json: which images are accepted, with docker-registry and with
# signatures by cosign, in both of its forms.

load helper_registry

setup_file() {
  COSIGN=$("$BATS_TEST_DIRNAME/../images/get_cosign.sh" 3>&-) || COSIGN=
  export COSIGN
}

setup() {
  registry_setup
  [ -x "$COSIGN" ] || lacking "cosign: it could not be fetched"
  export COSIGN_PASSWORD=''
  start_registry plain
  IMAGE=$REGISTRY/team/app
  make_rootfs root.tar
  make_layout one one '' root.tar
  push one "$IMAGE:1"
  cosign generate-key-pair
}

teardown() {
  registry_teardown
}

wolffia() {
  timeout 60 "$WOLFFIA" "$@"
}

cosign() {
  "$COSIGN" "$@" >"$DIR/cosign.log" 2>&1 ||
    { cat "$DIR/cosign.log" >&2; return 1; }
}

# push LAYOUT NAME; $DIGEST is what it is there
push() {
  copy "oci:$1" "docker://$2"
  DIGEST=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' \
    "docker://$2")
}

# as cosign 1 and 2 do: sign REPOSITORY DIGEST [KEY]
sign() {
  cosign sign --yes --key "${3:-cosign.key}" --tlog-upload=false \
    --allow-insecure-registry "$1@$2"
}

# as cosign 3 does, a bundle that refers to the image: sign_bundle REPOSITORY
# DIGEST [KEY [TYPE]]
sign_bundle() {
  echo '{}' >predicate
  cosign attest --yes --key "${3:-cosign.key}" --tlog-upload=false \
    --new-bundle-format --predicate predicate --allow-insecure-registry \
    --type "${4:-https://sigstore.dev/cosign/sign/v1}" "$1@$2"
}

# policy DEFAULT [SCOPES]: SCOPES are of the transport docker
policy() {
  printf '{"default":[%s],"transports":{"docker":{%s}}}' "$1" "${2:-}" \
    >"$CONTAINERS/policy.json"
}

ANY='{"type":"insecureAcceptAnything"}'
REJECT='{"type":"reject"}'

# signed [IDENTITY [KEY]]: a requirement
signed() {
  printf '{"type":"sigstoreSigned","keyPath":"%s","signedIdentity":{"type":"%s"}}' \
    "$DIR/${2:-cosign.pub}" "${1:-matchRepository}"
}

# the last pull was refused: WORDS of the message
assert_refused() {
  output=$(sed '/^Pulling /d' <<<"$output")
  assert_failed
  [[ $output == "wolffia: cannot pull "*"$1"* ]] ||
    { echo "$output" >&2; return 1; }
  [ -z "$(wolffia images -q)" ]
  [ -z "$(ls -A "$WOLFFIA_STORE/partial")" ]
}

refused_without_layers() { # WORDS
  assert_refused "$1"
  [ "$(requests '"GET /v2/team/app/blobs/'"$LAYER")" -eq 0 ]
}

layer_of_registry() {
  skopeo inspect --raw --tls-verify=false "docker://$IMAGE:1" |
    jq -r '.layers[0].digest'
}

@test "without a policy, and by default where one says so, every image is accepted" {
  wolffia pull -q "$IMAGE:1"
  policy "$REJECT" "\"$REGISTRY/team\":[$ANY]"
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "${stderr_lines[1]}" = "$IMAGE:1 is up to date" ]
}

@test "what is rejected is not asked for" {
  policy "$ANY" "\"$IMAGE\":[$REJECT]"
  before=$(requests .)
  run wolffia pull "$IMAGE:1"
  assert_refused "$IMAGE:1 is rejected by the scope $IMAGE of $CONTAINERS/policy.json"
  run wolffia run "$IMAGE:1" true
  [ "$status" -eq 125 ]
  [[ $output == *"is rejected by the scope"* ]]
  [ "$(requests .)" -eq "$before" ]
  # of another name it says nothing
  copy oci:one "docker://$REGISTRY/team/other:1"
  wolffia pull -q "$REGISTRY/team/other:1"
}

@test "a signature of cosign in its tag is accepted, and the image runs" {
  sign "$IMAGE" "$DIGEST"
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "$output" = "$DIGEST" ]
  [ "${stderr_lines[1]}" = "Signed by $DIR/cosign.pub" ]
  [ "$(requests '"GET /v2/team/app/referrers/')" -eq 0 ]
  run -0 wolffia run "$IMAGE:1" sh -c 'echo works'
  [ "$output" = works ]
}

@test "a bundle that refers to the image is accepted" {
  sign_bundle "$IMAGE" "$DIGEST"
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "${stderr_lines[1]}" = "Signed by $DIR/cosign.pub" ]
}

@test "an image without a signature is refused before its first layer" {
  LAYER=$(layer_of_registry)
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run wolffia pull "$IMAGE:1"
  refused_without_layers "it has no signature"
  [[ $output == *"hint: looked for the tag sha256-*.sig and for sigstore bundles"* ]]
  run wolffia run --pull always "$IMAGE:1" true
  [ "$status" -eq 125 ]
  [[ $output == *"it has no signature"* ]]
}

@test "signatures by another key are refused, in both forms" {
  LAYER=$(layer_of_registry)
  mkdir other
  (cd other && cosign generate-key-pair)
  sign "$IMAGE" "$DIGEST" other/cosign.key
  sign_bundle "$IMAGE" "$DIGEST" other/cosign.key
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run wolffia pull "$IMAGE:1"
  refused_without_layers "its signatures are not by the key"
  # one of several keys is enough, and all requirements have to be met
  policy "$REJECT" "\"$IMAGE\":[{\"type\":\"sigstoreSigned\",\"keyPaths\":[\"$DIR/cosign.pub\",\"$DIR/other/cosign.pub\"],\"signedIdentity\":{\"type\":\"matchRepository\"}}]"
  wolffia pull -q "$IMAGE:1"
  wolffia rmi "$IMAGE:1" >/dev/null
  policy "$REJECT" "\"$IMAGE\":[$(signed matchRepository cosign.pub),$(signed matchRepository other/cosign.pub)]"
  run wolffia pull "$IMAGE:1"
  assert_refused "its signatures are not by the key"
  sign "$IMAGE" "$DIGEST"
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "${stderr_lines[1]}" = "Signed by $DIR/cosign.pub, $DIR/other/cosign.pub" ]
}

@test "a signature that was moved to another image is refused" {
  sign "$IMAGE" "$DIGEST"
  sign_bundle "$IMAGE" "$DIGEST"
  make_layer text.tar text other
  make_layout two two '' root.tar text.tar
  old=$DIGEST
  push two "$IMAGE:1"
  # both attachments, as whoever can push there can make them
  copy "docker://$IMAGE:${old/:/-}.sig" "docker://$IMAGE:${DIGEST/:/-}.sig"
  type=$OCI.index.v1+json
  curl -sf -H "Accept: $type" \
    "http://$REGISTRY/v2/team/app/manifests/${old/:/-}" |
    curl -sf -X PUT -H "Content-Type: $type" --data-binary @- \
      "http://$REGISTRY/v2/team/app/manifests/${DIGEST/:/-}"
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run wolffia pull "$IMAGE:1"
  assert_refused "the signature is of another image"
}

@test "a signature for another repository is refused unless the policy says so" {
  OTHER=$REGISTRY/team/copy
  sign "$IMAGE" "$DIGEST"
  copy oci:one "docker://$OTHER:1"
  copy "docker://$IMAGE:${DIGEST/:/-}.sig" "docker://$OTHER:${DIGEST/:/-}.sig"
  policy "$REJECT" "\"$REGISTRY/team\":[$(signed)]"
  run wolffia pull "$OTHER:1"
  assert_refused "the signature is for another name"
  [[ $output == *"hint: it names \"$IMAGE\""* ]]
  for identity in \
    "{\"type\":\"exactRepository\",\"dockerRepository\":\"$IMAGE\"}" \
    "{\"type\":\"remapIdentity\",\"prefix\":\"$OTHER\",\"signedPrefix\":\"$IMAGE\"}"; do
    policy "$REJECT" "\"$REGISTRY/team\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"$DIR/cosign.pub\",\"signedIdentity\":$identity}]"
    wolffia pull -q "$OTHER@$DIGEST"
  done
}

@test "an attestation of something else is no signature" {
  sign_bundle "$IMAGE" "$DIGEST" cosign.key https://slsa.dev/provenance/v1
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run wolffia pull "$IMAGE:1"
  assert_refused "what the key signed is no image"
}

@test "a signature of the index is one of what is in it, and so is one of the manifest" {
  manifest=$DIGEST
  size=$(skopeo inspect --raw --tls-verify=false "docker://$IMAGE:1" | wc -c)
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s","digest":"%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}]}' \
    $OCI.index.v1+json $OCI.manifest.v1+json "$manifest" "$size" \
    "$(go_arch)" >index
  curl -sf -X PUT -H "Content-Type: $OCI.index.v1+json" \
    --data-binary @index "http://$REGISTRY/v2/team/app/manifests/2"
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  run wolffia pull "$IMAGE:2"
  assert_refused "it has no signature"
  sign_bundle "$IMAGE" "sha256:$(sha256sum index | cut -d' ' -f1)"
  wolffia pull -q "$IMAGE:2"
  run wolffia pull "$IMAGE:1"
  [ "$status" -eq 125 ]
  sign "$IMAGE" "$manifest"
  wolffia pull -q "$IMAGE:1"
}

@test "an image that has not changed is still checked" {
  sign "$IMAGE" "$DIGEST"
  policy "$REJECT" "\"$IMAGE\":[$(signed)]"
  wolffia pull -q "$IMAGE:1"
  run -0 --separate-stderr wolffia pull "$IMAGE:1"
  [ "${stderr_lines[1]}" = "Signed by $DIR/cosign.pub" ]
  policy "$REJECT" "\"$IMAGE\":[$(signed matchExact)]"
  run wolffia pull "$IMAGE:1"
  [ "$status" -eq 125 ]
  [[ $output == *"the signature is for another name"* ]]
  [ -n "$(wolffia images -q)" ]
}

@test "it is the name that was typed that counts, whatever mirror has it" {
  name=registry.invalid/team/app
  printf '[[registry]]\nprefix="registry.invalid"\nlocation="registry.invalid"\n[[registry.mirror]]\nlocation="%s"\ninsecure=true\n' \
    "$REGISTRY" >"$CONTAINERS/registries.conf"
  policy "$ANY" "\"$name\":[$REJECT]"
  run wolffia pull "$name:1"
  assert_refused "$name:1 is rejected"
  sign "$IMAGE" "$DIGEST"
  policy "$REJECT" "\"$name\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"$DIR/cosign.pub\",\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"$IMAGE\"}}]"
  wolffia pull -q "$name:1"
}

@test "what the policy asks for and is not checked here rejects, and nothing is ignored" {
  for requirement in '{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k"}' \
    '{"type":"sigstoreSigned","fulcio":{}}' \
    "{\"type\":\"sigstoreSigned\",\"keyPath\":\"$DIR/cosign.pub\",\"rekorPublicKeyPath\":\"/k\"}"; do
    policy "$ANY" "\"$IMAGE\":[$requirement]"
    run wolffia pull "$IMAGE:1"
    assert_refused "which wolffia cannot check"
  done
  policy "$ANY" "\"$IMAGE\":[{\"type\":\"insecureAcceptAnythin\"}]"
  run wolffia pull "$REGISTRY/team/other:1"
  assert_refused "a requirement of a type that is not known"
  echo '{"default":' >"$CONTAINERS/policy.json"
  run wolffia pull "$IMAGE:1"
  assert_refused "$CONTAINERS/policy.json"
  chmod 0 "$CONTAINERS/policy.json"
  run wolffia pull "$IMAGE:1"
  assert_refused "Permission denied"
}

@test "a key that is missing, or is none, is named" {
  policy "$REJECT" "\"$IMAGE\":[$(signed matchRepository nosuch.pub)]"
  run wolffia pull "$IMAGE:1"
  assert_refused "nosuch.pub: No such file"
  policy "$REJECT" "\"$IMAGE\":[$(signed matchRepository cosign.key)]"
  run wolffia pull "$IMAGE:1"
  assert_refused "cosign.key is not one public key in PEM"
}

@test "--signature-policy names another file" {
  policy "$ANY"
  printf '{"default":[%s]}' "$REJECT" >strict
  run wolffia pull --signature-policy strict "$IMAGE:1"
  assert_refused "$IMAGE:1 is rejected by the default of strict"
  run wolffia pull --signature-policy nosuch "$IMAGE:1"
  assert_refused "there is no nosuch"
}

@test "keys of RSA and Ed25519 verify what they signed" {
  cosign generate --allow-insecure-registry "$IMAGE@$DIGEST"
  cp cosign.log payload
  for kind in "RSA -pkeyopt rsa_keygen_bits:3072" ED25519; do
    # shellcheck disable=SC2086  # words
    openssl genpkey -quiet -algorithm $kind -out plain.pem
    openssl pkey -in plain.pem -pubout -out kind.pub
    openssl pkeyutl -sign -inkey plain.pem -rawin -in payload |
      base64 -w 0 >sig
    cosign attach signature --payload payload --signature sig \
      --allow-insecure-registry "$IMAGE@$DIGEST"
    policy "$REJECT" "\"$IMAGE\":[$(signed matchRepository kind.pub)]"
    wolffia pull -q "$IMAGE:1"
  done
}

@test "load and import ask the policy, too" {
  policy "$REJECT"
  run wolffia load one
  [ "$status" -eq 125 ]
  [[ $output == *"$DIR/one is rejected by the default of"* ]]
  run wolffia import root.tar
  [ "$status" -eq 125 ]
  [[ $output == *"$DIR/root.tar is rejected by the default of"* ]]
  run wolffia import /dev/fd/7 7<root.tar
  [ "$status" -eq 125 ]
  [[ $output == *"$DIR/root.tar is rejected by the default of"* ]]
  copy oci:one docker-archive:one.tar:one:1
  printf '{"default":[%s],"transports":{"docker-archive":{"":[%s]},"oci":{"%s":[%s]},"oci-archive":{"":[%s]}}}' \
    "$REJECT" "$ANY" "$DIR" "$ANY" "$(signed)" >"$CONTAINERS/policy.json"
  wolffia load one
  wolffia load -i one.tar
  wolffia load <one.tar
  wolffia load <(cat one.tar)
  # a descriptor is one more way to the file
  wolffia load /dev/fd/7 7<one
  copy oci:one oci-archive:one.oci:one
  run wolffia load -i one.oci
  [ "$status" -eq 125 ]
  [[ $output == *"an archive has none"* ]]
  assert_nothing_left
}
