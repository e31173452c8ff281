#!/usr/bin/env python3
"""Tokens for a registry of the tests, as docker-registry's manual has it.

    token_server.py KEY CERTIFICATE USER:PASSWORD LOG

Prints its port.  USER may pull and push, others may pull what is called
"public/...".  Each request is a line of LOG: who, and for which scopes.  The
signature is made by openssl(1).
"""
import base64
import json
import subprocess
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY, CERTIFICATE, ACCOUNT, LOG = sys.argv[1:]
USER = ACCOUNT.split(":")[0]
REFRESH = "refresh-token-of-" + USER


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims):
    with open(CERTIFICATE, encoding="ascii") as f:
        der = "".join(line.strip() for line in f if "--" not in line)
    header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
    text = ".".join(encode(json.dumps(part).encode())
                    for part in (header, claims))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", KEY],
                               input=text.encode(), capture_output=True,
                               check=True).stdout
    return text + "." + encode(signature)


def allowed(who, scope):
    kind, name, actions = scope.split(":")
    wanted = actions.split(",")
    if who is None:
        wanted = [a for a in wanted
                  if a == "pull" and name.startswith("public/")]
    return {"type": kind, "name": name, "actions": wanted}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def who(self):
        """The user, None for nobody, False for a wrong password."""
        sent = self.headers.get("Authorization")
        if not sent:
            return None
        kind, text = sent.split(" ", 1)
        right = kind == "Basic" and \
            base64.b64decode(text).decode() == ACCOUNT
        return USER if right else False

    def grant(self, who, query):
        scopes = query.get("scope", [])
        with open(LOG, "a", encoding="utf-8") as log:
            log.write("%s %s %s %s\n" % (self.command, who or "nobody",
                                         query.get("service", ["-"])[0],
                                         " ".join(scopes)))
        if who is False:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        now = int(time.time())
        token = sign({"iss": "test", "aud": query["service"][0],
                      "sub": who or "", "iat": now, "nbf": now - 10,
                      "exp": now + 300, "jti": str(time.monotonic_ns()),
                      "access": [allowed(who, s) for s in scopes]})
        key = "access_token" if self.command == "POST" else "token"
        return self.answer(200, {key: token, "expires_in": 300})

    def do_GET(self):
        query = urllib.parse.urlparse(self.path).query
        self.grant(self.who(), urllib.parse.parse_qs(query))

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(size).decode())
        right = form.get("refresh_token") == [REFRESH] and \
            form.get("grant_type") == ["refresh_token"]
        self.grant(USER if right else False, form)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
