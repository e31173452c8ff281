#!/usr/bin/env bats
# `login` and `logout`, with docker-registry.

load helper_registry

setup() {
  registry_setup
  : "${TOOLS:?}"
  # where it is kept when nothing else is said
  unset REGISTRY_AUTH_FILE
  AUTH=$XDG_RUNTIME_DIR/containers/auth.json
}

teardown() {
  registry_teardown
}

wolffia() {
  timeout 120 "$WOLFFIA" "$@"
}

# login with the password on standard input
login() { # PASSWORD ARGUMENT...
  printf '%s\n' "$1" | wolffia login -u me --password-stdin "${@:2}"
}

in_terminal() {
  run --separate-stderr "$TOOLS/in_terminal" "$@"
}

basic_of() { # what "auth" is for USER:PASSWORD
  printf %s "$1" | base64 -w0
}

@test "what login keeps is what pull and push find, and skopeo too" {
  start_registry plain "$(basic)"
  make_image one 1000
  copy --dest-creds me:secret:1 oci:one "docker://$REGISTRY/a:1"
  run -125 wolffia pull -q "$REGISTRY/a:1"
  [[ $output == *"log in to $REGISTRY"* ]]

  run -0 --separate-stderr login secret:1 "$REGISTRY"
  [ "$output" = "Logged in to $REGISTRY as me: kept in $AUTH" ]
  [ -z "$stderr" ]
  [ "$(stat -c %a "$AUTH")" = 600 ]
  [ "$(stat -c %a "${AUTH%/*}")" = 700 ]
  [ "$(jq -c . "$AUTH")" = "{\"auths\":{\"$REGISTRY\":{\"auth\":\"$(basic_of me:secret:1)\"}}}" ]
  wolffia pull -q "$REGISTRY/a:1"
  wolffia push -q "$REGISTRY/a:1" "$REGISTRY/b:1"
  REGISTRY_AUTH_FILE=$AUTH skopeo inspect --tls-verify=false "docker://$REGISTRY/b:1" >/dev/null
  run -0 wolffia login --get-login "$REGISTRY"
  [ "$output" = me ]

  run -0 wolffia logout "$REGISTRY"
  [ "$output" = "Logged out of $REGISTRY: removed from $AUTH" ]
  [ "$(jq -c . "$AUTH")" = '{"auths":{}}' ]
  run -125 wolffia push -q "$REGISTRY/a:1" "$REGISTRY/b:2"
  run -125 wolffia login --get-login "$REGISTRY"
  [ "$output" = "wolffia: login: you are not logged in to $REGISTRY" ]
  run -0 wolffia logout "$REGISTRY"
  [[ $output == *"note: you were not logged in to $REGISTRY"* ]]
}

@test "what skopeo and docker keep is found, and their files are not changed" {
  start_registry plain "$(basic)"
  mkdir -p "$HOME/.docker"
  printf '{"auths":{"https://%s/v1/":{"auth":"%s"}},"psFormat":"x"}' \
    "$REGISTRY" "$(basic_of me:secret:1)" >"$HOME/.docker/config.json"
  cp "$HOME/.docker/config.json" before
  run -0 wolffia login "$REGISTRY"
  [ "$output" = "Logged in to $REGISTRY already as me" ]
  [ ! -e "$AUTH" ]
  run -125 wolffia logout "$REGISTRY"
  [[ $output == *"another program keeps"*"hint: "*"docker logout"* ]]
  cmp before "$HOME/.docker/config.json"

  rm "$HOME/.docker/config.json"
  skopeo login --tls-verify=false -u me -p secret:1 "$REGISTRY" >/dev/null
  run -0 wolffia login "$REGISTRY"
  [ "$output" = "Logged in to $REGISTRY already as me" ]
  wolffia logout "$REGISTRY"
  run -125 wolffia login --get-login "$REGISTRY"
}

@test "a wrong password is refused, and nothing is written" {
  start_registry plain "$(basic)"
  run -125 --separate-stderr login wrong-word "$REGISTRY"
  [[ $stderr == "wolffia: cannot log in to $REGISTRY: the credentials for $REGISTRY are refused"*"status 401"* ]]
  [[ $stderr == *"hint: look at the name and the password"* ]]
  [[ $stderr != *wrong-word* ]]
  [ ! -e "$XDG_RUNTIME_DIR/containers" ]

  login secret:1 "$REGISTRY"
  before=$(stat -c '%i %Y %s' "$AUTH")
  run -125 login wrong-word "$REGISTRY"
  [ "$(stat -c '%i %Y %s' "$AUTH")" = "$before" ]
  [ "$(ls -A "${AUTH%/*}")" = auth.json ]
}

@test "with tokens the server of tokens decides" {
  start_token_registry
  run -125 --separate-stderr login wrong-word "$REGISTRY"
  [[ $stderr == *"the credentials for $REGISTRY are refused"*"hint: look at the name"* ]]
  [ ! -e "$AUTH" ]
  login secret:1 "$REGISTRY"
  [ "$(tail -n 1 tokens.log | xargs)" = "GET me our registry" ]
}

@test "what is no registry, or cannot be asked, is told apart" {
  make_certificate good
  start_registry tls "$(tls good)" "$(basic)"
  run -125 login secret:1 "$REGISTRY"
  [[ $output == *"certificate"*"hint: "*"certs.d/$REGISTRY/ca.crt"* ]]
  mkdir certs && cp good.crt certs/ca.crt
  run -0 login secret:1 --cert-dir certs "$REGISTRY"
  wolffia logout "$REGISTRY"
  run -0 login secret:1 --tls-verify=false "$REGISTRY"
  wolffia logout "$REGISTRY"
  trust good "$REGISTRY"
  run -0 login secret:1 "https://$REGISTRY/v1/"
  wolffia logout "$REGISTRY"

  python3 -u -m http.server --bind 127.0.0.1 0 >port 2>/dev/null 3>&- &
  SERVERS+=" $!"
  other=$(timeout 10 tail -n +1 -f port 3>&- | sed -n 's/.* port \([0-9]*\).*/\1/p;T;q')
  run -125 login secret:1 "127.0.0.1:$other"
  [[ $output == *"127.0.0.1:$other is no registry"* ]]
  run -125 login secret:1 "127.0.0.1:1"
  [[ $output == *"onnect"* ]]
  run -125 login secret:1 "no-such-host.invalid"
  [[ $output == *"esolve host"* ]]
  run -125 login secret:1 "nodot"
  [[ $output == *'"nodot" is not the name of a registry'*"hint: write HOST or HOST:PORT"* ]]
  printf '[[registry]]\nlocation = "blocked.example"\nblocked = true\n' \
    >"$CONTAINERS/registries.conf"
  run -125 login secret:1 blocked.example
  [[ $output == *"is blocked"* ]]
  [ "$(jq -c .auths "$AUTH")" = '{}' ]
}

# a name that is this machine's, but not a loopback address
@test "plain http of another machine: a hint, and --tls-verify=false" {
  other=$(hostname -I | tr ' ' '\n' | grep -m 1 '^[0-9.]*$') ||
    lacking "this machine has no address"
  start_registry plain "$(basic)"
  "$BATS_TEST_DIRNAME/../tools/stalling_proxy.py" "$REGISTRY" 100000000 0 \
    down "$other" >port 3>&- &
  SERVERS+=" $!"
  port=$(timeout 10 tail -n +1 -f port 3>&- | head -n 1)
  run -125 login secret:1 "$other:$port"
  [[ $output == *"hint: "*"insecure = true"* ]]
  # it does not get better by asking again
  [[ $output == *"tried 3 times"* ]]
  [ "$(requests 'HTTP/1.1')" -eq 0 ]
  run -0 login secret:1 --tls-verify=false "$other:$port"
  wolffia logout "$other:$port"
}

@test "on a terminal the name and the password are asked for, and the password is not shown" {
  start_registry plain "$(basic)"
  in_terminal -w "Name at $REGISTRY: " -s 'me\012' \
    -w "Password of me at $REGISTRY: " -s 'secret:1\012' -w Logged \
    "$WOLFFIA" login "$REGISTRY"
  [ "$status" -eq 0 ]
  [[ $output == *"Logged in to $REGISTRY as me"* ]]
  [[ $output != *secret* ]]
  [[ $stderr == *"modes kept" ]]
  wolffia login --get-login "$REGISTRY"
  wolffia logout "$REGISTRY"

  # nothing typed is nothing, and ^C and ^D leave the terminal as it was
  in_terminal -w "Password" -s '\012' "$WOLFFIA" login -u me "$REGISTRY"
  [ "$status" -eq 125 ]
  [[ $output == *"the password is empty"* ]]
  in_terminal -w "Password" -s '\003' "$WOLFFIA" login -u me "$REGISTRY"
  [ "$status" -eq 130 ]
  [[ $stderr == *"modes kept" ]]
  in_terminal -w "Password" -s '!15' "$WOLFFIA" login -u me "$REGISTRY"
  [ "$status" -eq 143 ]
  [[ $stderr == *"modes kept" ]]
  in_terminal -w "Password" -s '\004' "$WOLFFIA" login -u me "$REGISTRY"
  [ "$status" -eq 125 ]
  [[ $output == *"there was no answer"* ]]
  [[ $stderr == *"modes kept" ]]
  [ "$(jq -c .auths "$AUTH")" = '{}' ]
}

@test "without a terminal nothing is asked: what to do is said" {
  start_registry plain "$(basic)"
  run -125 wolffia login -u me "$REGISTRY" </dev/null
  [[ $output == *"there is no terminal to ask on"*"hint: "*"--password-stdin"* ]]
  run -125 wolffia login --password-stdin "$REGISTRY" </dev/null
  [[ $output == *"--password-stdin needs --username"* ]]
  run -125 wolffia login -u me -p x --password-stdin "$REGISTRY" </dev/null
  [[ $output == *"exclude each other"* ]]
  run -125 login '' "$REGISTRY"
  [[ $output == *"standard input is not a password"* ]]
  run -125 wolffia login -u me:you -p x "$REGISTRY"
  [[ $output == *"a name with a colon"* ]]
  run -125 wolffia login one.example two.example </dev/null
  [ ! -e "$AUTH" ]
}

@test "a password on the command line is warned of, and ps shows it no longer" {
  start_registry plain "$(basic)"
  run -0 --separate-stderr wolffia login -u me -p secret:1 "$REGISTRY"
  [[ $stderr == "wolffia: note: --password can be seen by everybody"*"--password-stdin cannot" ]]
  wolffia logout "$REGISTRY"
  # while it waits for a registry that does not answer
  coproc SILENT { exec python3 -uc '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
print("there", flush=True)
c.recv(1); c.recv(10**6); s.accept()[0].recv(10**6)' 3>&-; }
  SERVERS+=" $SILENT_PID"
  exec {silent}<&"${SILENT[0]}"
  read -r port <&"$silent"
  begin "$WOLFFIA" login --username=me --password=seen-word "127.0.0.1:$port"
  read -r line <&"$silent"
  [ "$line" = there ]
  run tr '\0' ' ' <"/proc/$pid/cmdline"
  [[ $output == *"login --username=me --password=***"* ]]
  [[ $output != *seen-word* ]]
  end TERM 143
}

@test "a registry that asks for nothing cannot say whether a password is right" {
  start_registry plain
  run -0 --separate-stderr login any-word "$REGISTRY"
  [[ $stderr == *"note: $REGISTRY asks nobody for a password"* ]]
  [[ $output == "Logged in to $REGISTRY as me"* ]]
}

@test "all else in the file stays, through a link too, and an older form of the entry goes" {
  start_registry plain "$(basic)"
  mkdir -p "${AUTH%/*}" real
  printf '{"auths":{"other.example":{"auth":"%s","email":"x"},"https://%s/v1/":{"auth":"%s"}},"credHelpers":{"gcr.example":"gcloud"},"HttpHeaders":{"A":["b",1,2.5,null]}}' \
    "$(basic_of a:b)" "$REGISTRY" "$(basic_of old:old)" >real/auth.json
  chmod 644 real/auth.json
  ln -s "$DIR/real/auth.json" "$AUTH"
  login secret:1 "$REGISTRY"
  [ -L "$AUTH" ]
  [ "$(stat -c %a real/auth.json)" = 600 ]
  [ "$(jq -c . real/auth.json)" = "{\"auths\":{\"other.example\":{\"auth\":\"$(basic_of a:b)\",\"email\":\"x\"},\"$REGISTRY\":{\"auth\":\"$(basic_of me:secret:1)\"}},\"credHelpers\":{\"gcr.example\":\"gcloud\"},\"HttpHeaders\":{\"A\":[\"b\",1,2.5,null]}}" ]
  # one that is malformed is left alone
  echo '{"auths":' >real/auth.json
  run -125 login secret:1 "$REGISTRY"
  [[ $output == *"real/auth.json"* ]]
  [ "$(cat real/auth.json)" = '{"auths":' ]
}

@test "docker.io has many names: logout removes them all" {
  export REGISTRY_AUTH_FILE=$DIR/auth.json
  echo '{"auths":{"docker.io":{"auth":"YTpi"},"https://index.docker.io/v1/":{"auth":"YTpi"},"index.docker.io":{"auth":"YTpi"},"docker.io/me":{"auth":"YTpi"},"quay.io":{"auth":"YTpi"}}}' \
    >"$REGISTRY_AUTH_FILE"
  run -0 wolffia login --get-login
  [ "$output" = a ]
  run -0 wolffia login --get-login https://index.docker.io/v1/
  wolffia logout
  [ "$(jq -c '.auths | keys' auth.json)" = '["docker.io/me","quay.io"]' ]
  run -0 wolffia login --get-login docker.io/me
  wolffia logout docker.io/me
  run -0 wolffia logout --all
  [ "$output" = "Logged out of quay.io: removed from $REGISTRY_AUTH_FILE" ]
  [ "$(jq -c . auth.json)" = '{"auths":{}}' ]
  run -0 wolffia logout --all
  [[ $output == *"not logged in to any registry"* ]]
  run -125 wolffia logout --all quay.io
  export REGISTRY_AUTH_FILE=$DIR/none/auth.json
  run -0 wolffia logout quay.io
  [ ! -e none ]
}

@test "a credential helper is told to store, get and erase, and the file has no secret" {
  start_registry plain "$(basic)"
  # one that keeps what it is told
  make_helper "case \$1 in
    store) tail -n 1 '$DIR/asked' | jq -c . >'$DIR/kept' ;;
    get) [ -e '$DIR/kept' ] && cat '$DIR/kept' || { echo 'credentials not found in native keychain'; exit 1; } ;;
    erase) rm '$DIR/kept' ;;
    esac"
  for kind in credHelpers credsStore credential-helpers; do
    : >asked
    mkdir -p "${AUTH%/*}"
    rm -f "$CONTAINERS/registries.conf"
    case $kind in
    credHelpers) printf '{"credHelpers":{"%s":"test"}}' "$REGISTRY" >"$AUTH" ;;
    credsStore) echo '{"credsStore":"test"}' >"$AUTH" ;;
    credential-helpers)
      echo '{}' >"$AUTH"
      echo 'credential-helpers = ["test"]' >"$CONTAINERS/registries.conf"
      ;;
    esac
    run -0 login secret:1 "$REGISTRY"
    [[ $output == *"kept in docker-credential-test" ]]
    jq -e --arg r "$REGISTRY" \
      '.ServerURL == $r and .Username == "me" and .Secret == "secret:1"' kept
    run ! grep -q "$(basic_of me:secret:1)" "$AUTH"
    run -0 wolffia login "$REGISTRY"
    [ "$output" = "Logged in to $REGISTRY already as me" ]
    run -0 wolffia logout "$REGISTRY"
    [[ $output == *"removed from docker-credential-test" ]]
    [ ! -e kept ]
    [ "$(grep -c '^store$' asked)" -eq 1 ]
    [ "$(grep -c '^erase$' asked)" -eq 1 ]
  done
  # a helper that fails: nothing is kept elsewhere
  make_helper 'echo "the keyring is locked"; exit 1'
  echo '{"credsStore":"test"}' >"$AUTH"
  run -125 login secret:1 "$REGISTRY"
  [[ $output == *"it is right, but cannot be kept: docker-credential-test: the keyring is locked"* ]]
  [ "$(cat "$AUTH")" = '{"credsStore":"test"}' ]
}

@test "--authfile is where it is kept and found, and nowhere else" {
  start_registry plain "$(basic)"
  make_image one 1000
  copy --dest-creds me:secret:1 oci:one "docker://$REGISTRY/a:1"
  echo 'credential-helpers = ["test"]' >"$CONTAINERS/registries.conf"
  run -0 login secret:1 --authfile here.json "$REGISTRY"
  [ "$(stat -c %a here.json)" = 600 ]
  [ ! -e "$AUTH" ]
  wolffia pull -q --authfile here.json "$REGISTRY/a:1"
  wolffia push -q --authfile here.json "$REGISTRY/a:1" "$REGISTRY/b:1"
  rm "$CONTAINERS/registries.conf"
  run -125 wolffia push -q "$REGISTRY/a:1" "$REGISTRY/b:1"
  wolffia logout --authfile here.json "$REGISTRY"
  run -125 wolffia push -q --authfile here.json "$REGISTRY/a:1" "$REGISTRY/b:1"

  run -125 wolffia pull -q --authfile none.json "$REGISTRY/a:1"
  [[ $output == *"--authfile none.json: No such file"* ]]
  # --creds are for this once
  wolffia push -q --creds me:secret:1 "$REGISTRY/a:1" "$REGISTRY/b:1"
  run -125 wolffia pull -q --creds me:wrong-word "$REGISTRY/b:1"
  [[ $output == *"status 401"* ]]
  [[ $output != *wrong-word* ]]
  printf 'unqualified-search-registries = ["%s", "b.example"]\n' "$REGISTRY" \
    >"$CONTAINERS/registries.conf"
  run -125 wolffia pull -q --creds me:secret:1 a:1
  [[ $output == *"--creds are for one registry"* ]]
  run -125 wolffia pull -q --creds me "$REGISTRY/b:1" </dev/null
  [[ $output == *"no terminal to ask on"*"hint: write --creds me:PASSWORD"* ]]
  in_terminal -w "Password of me: " -s 'secret:1\012' \
    "$WOLFFIA" pull -q --creds me "$REGISTRY/b:1"
  [ "$status" -eq 0 ]
}

@test "--creds go to the registry that was named, and not to its mirrors" {
  start_registry mirror "$(basic)"
  mirror=$REGISTRY mirror_log=$LOG
  start_registry plain "$(basic)"
  make_image one 1000
  copy --dest-creds me:secret:1 oci:one "docker://$mirror/a:1"
  copy --dest-creds me:secret:1 oci:one "docker://$REGISTRY/a:1"
  printf '[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s"\n' \
    "$REGISTRY" "$mirror" >"$CONTAINERS/registries.conf"
  : >"$mirror_log"
  run -0 wolffia pull --creds me:secret:1 "$REGISTRY/a:1"
  [[ $output == *"note: $mirror/a: "*"status 401"* ]]
  grep -q '"GET /v2/a/manifests/1 HTTP/1.1" 401' "$mirror_log"
  run ! grep -q '"GET /v2/a/manifests/1 HTTP/1.1" 200' "$mirror_log"
  [ "$(requests '"GET /v2/a/manifests/1 HTTP/1.1" 200')" -eq 1 ]
}

@test "two logins at once: both are kept" {
  start_registry plain "$(basic)"
  # each has the lock for a moment; ten of them meet
  pids=
  for i in 0 1 2 3 4 5 6 7 8 9; do
    printf 'secret:1' | "$WOLFFIA" login -u me --password-stdin \
      "$REGISTRY/space$i" >"out$i" 2>&1 3>&- &
    pids+=" $!"
  done
  for pid in $pids; do
    wait "$pid"
  done
  [ "$(jq '.auths | length' "$AUTH")" -eq 10 ]
  [ "$(ls -A "${AUTH%/*}")" = auth.json ]
}

@test "a login that waits for another one's lock can be interrupted" {
  start_registry plain "$(basic)"
  mkdir -p "${AUTH%/*}"
  exec {lock}<"${AUTH%/*}"
  flock "$lock"
  printf 'secret:1' >password
  env --default-signal "$WOLFFIA" login -u me --password-stdin "$REGISTRY" \
    <password >out 2>err 3>&- {lock}<&- &
  pid=$!
  until grep -q -- "-> FLOCK .* $pid " /proc/locks; do
    kill -0 "$pid"
  done
  end INT 130
  [ ! -e "$AUTH" ]
}

@test "a login that is killed leaves the old file or the new one, and no obstacle" {
  need strace
  start_registry plain "$(basic)"
  login secret:1 "$REGISTRY"
  cp "$AUTH" before
  # the call by which it ends, and the how-manieth it is
  for point in fchmod:1 fsync:1 renameat:1 fsync:2; do
    status=0
    printf 'secret:1' | strace -f -qq -o trace -e trace="${point%:*}" \
      -e inject="${point%:*}:signal=KILL:when=${point#*:}" \
      "$WOLFFIA" login -u me --password-stdin "$REGISTRY/space" || status=$?
    [ "$status" -eq 137 ]
    if [ "$point" = fsync:2 ]; then
      jq -e --arg k "$REGISTRY/space" '.auths | length == 2 and has($k)' "$AUTH"
    else
      cmp before "$AUTH"
    fi
    [ -z "$(find "${AUTH%/*}" -type f -perm /077)" ]
  done
  login secret:1 "$REGISTRY/other"
  [ "$(ls -A "${AUTH%/*}")" = auth.json ]
}
