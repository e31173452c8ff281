#!/usr/bin/env python3
"""A hostile registry, and what our client makes of it (run by meson test).

    registry.py REGISTRY_PROBE [CASE...]

Each case is a repository of one server on 127.0.0.1 that answers as the
distribution specification says, but for one thing.  The client has to end
with the error that is written beside the case, in one line, within SECONDS
and with less than KIB of memory; nothing that is wrong may look complete; and
no other origin may see a byte of the password.
"""
import base64
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from fcntl import ioctl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True  # the sources may be somebody else's
from registry_cases import (BLOB, CASES, GOOD, HEX, MANIFEST, SECONDS,
                            SETTINGS, bomb, check_layer, descriptor,
                            digest_of, encode)
import registry_signatures

KIB = 64 << 10
SKIP = 77
PASSWORD = "wolffia-sentinel-password"


# --- the servers ------------------------------------------------------------

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def write(self, data):
        try:
            self.wfile.write(data)
            self.wfile.flush()
            return True
        except OSError:
            self.close_connection = True
            return False

    def head(self, status, headers, body=b""):
        lines = ["HTTP/1.1 %d X" % status]
        lines += ["%s: %s" % (name, value) for name, value in headers]
        self.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
                   + body)

    def send(self, status, body, headers=()):
        length = [] if status in (204, 304) else \
            [("Content-Length", len(body))]
        self.head(status, list(headers) + length,
                  b"" if self.command == "HEAD" else body)

    def error(self, status, text):
        self.send(status, encode({"errors": [{"code": text,
                                              "message": "m"}]}))

    def pour(self, data, chunked=False):
        piece = b"%x\r\n%s\r\n" % (len(data), data) if chunked else data
        while self.write(piece):
            pass

    def drip(self, data, step=1):
        """@step bytes every tenth of a second."""
        for at in range(0, len(data), step):
            if not self.write(data[at:at + step]) or \
                    self.server.over.wait(0.1):
                break
        self.close_connection = True

    def unsent(self):
        """Bytes that the peer has not acknowledged: SIOCOUTQ of tcp(7)."""
        room = ioctl(self.connection, termios.TIOCOUTQ, b"\0" * 4)
        return struct.unpack("i", room)[0]

    def wait_for_end(self):
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


class Registry(Handler):
    """The server under test; faults are the cases'."""

    def begin(self):
        self.case = None
        path = self.path.split("?")[0]
        match = re.fullmatch(r"/v2/([^/]+)/(.*)", path)
        self.repository, rest = match.groups() if match else ("", "")
        self.case = CASES.get(self.repository)
        self.reference = rest.split("/")[-1]
        self.is_manifest = rest.startswith("manifests/")
        self.is_layer = rest == "blobs/" + digest_of(BLOB)

    def do_GET(self):
        self.begin()
        if self.path.startswith("/token/"):
            return self.token()
        if self.path == "/v2/":
            return self.send(200, b"{}")
        if not self.case:
            return self.error(404, "NAME_UNKNOWN")
        return self.case.function(self)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def by_the_book(self):
        if self.is_manifest:
            return self.send(200, GOOD, [("Content-Type", MANIFEST)])
        if self.is_layer:
            return self.serve(BLOB)
        if self.reference == digest_of(SETTINGS):
            return self.serve(SETTINGS)
        return self.error(404, "UNKNOWN")

    def serve(self, data):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if not asked:
            return self.send(200, data)
        at = int(asked[1])
        return self.send(206, data[at:], [
            ("Content-Range", "bytes %d-%d/%d" % (at, len(data) - 1,
                                                  len(data)))])

    def send_part(self, n):
        """As it should be, but the connection ends after @n bytes."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        at = int(asked[1]) if asked else 0
        self.head(206 if asked else 200, [
            ("Content-Length", len(BLOB) - at)] + ([
                ("Content-Range", "bytes %d-%d/%d" % (
                    at, len(BLOB) - 1, len(BLOB)))] if asked else []))
        self.write(BLOB[at:at + n])
        self.close_connection = True

    def has_password(self):
        return self.headers.get("Authorization", "").startswith("Basic ")

    def challenge(self, text):
        self.send(401, b"", [("WWW-Authenticate", text)])

    def ask_for_password(self, _=None):
        self.challenge('Basic realm="x"')

    def ask_for_token(self):
        self.challenge('Bearer realm="%s/token/good",service="s"'
                       % self.server.own)

    def upload_path(self):
        return "/v2/%s/blobs/uploads/1?_state=x" % self.repository

    def token(self):
        kind = self.path.split("/")[2].split("?")[0]
        plain = {"good": self.server.token, "huge": "x" * (1 << 20),
                 "crlf": "x\r\nX-Evil: y", "empty": "", "number": 5}
        if kind in plain:
            return self.send(200, encode({"token": plain[kind]}))
        if kind == "html":
            return self.send(200, b"<html>")
        if kind == "gzip":
            return self.send(200, bomb(), [("Content-Encoding", "gzip")])
        if kind == "401":
            return self.error(401, "UNAUTHORIZED")
        if kind == "redirect":
            return self.send(307, b"", [("Location",
                                         self.server.foreign_https + "/x")])
        self.head(200, [("Transfer-Encoding", "chunked")])
        return self.pour(b"x" * 65536, chunked=True)


class Foreign(Handler):
    """Another origin.  Whatever it gets of a password, it remembers."""

    def do_GET(self):
        text = self.requestline + str(self.headers)
        self.server.seen.append(text)
        if self.command in ("PUT", "POST", "PATCH"):
            self.read_body()
        if self.path == "/good":
            return self.send(200, BLOB)
        if self.path == "/401":
            return self.send(401, b"", [("WWW-Authenticate",
                                         'Basic realm="x"')])
        if self.path == "/401-token":
            return self.send(401, b"", [("WWW-Authenticate",
                                         'Bearer realm="%s/token"'
                                         % self.server.own)])
        return self.error(404, "UNKNOWN")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler, context=None):
        super().__init__(("127.0.0.1", 0), handler)
        self.seen = []
        self.over = threading.Event()
        self.token = "good-token"
        self.context = context
        scheme = "https" if context else "http"
        self.address = "127.0.0.1:%d" % self.server_port
        self.own = scheme + "://" + self.address
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, address):
        request.settimeout(60)
        first = request.recv(1, socket.MSG_PEEK)
        if self.context:
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        elif first == b"\x16":  # TLS, where plain http is spoken
            return
        super().finish_request(request, address)

    def handle_error(self, request, address):
        if os.environ.get("HOSTILE_DEBUG"):
            super().handle_error(request, address)


def make_certificate(directory, name, days=2, host="IP:127.0.0.1"):
    """A certificate of its own authority; negative days: it has expired."""
    key, cert, request, extensions = (
        os.path.join(directory, name + s)
        for s in (".key", ".crt", ".csr", ".ext"))
    with open(extensions, "w") as f:
        f.write("subjectAltName=" + host)
    for line in (
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=x"],
            ["x509", "-req", "-in", request, "-signkey", key, "-out", cert,
             "-days", str(days), "-extfile", extensions]):
        subprocess.run(["openssl"] + line, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


def write_layout(directory):
    blobs = os.path.join(directory, "blobs", "sha256")
    os.makedirs(blobs)
    for data in (BLOB, SETTINGS, GOOD):
        with open(os.path.join(blobs, digest_of(data)[7:]), "wb") as f:
            f.write(data)
    with open(os.path.join(directory, "index.json"), "wb") as f:
        f.write(encode({"schemaVersion": 2, "manifests": [
            descriptor(MANIFEST, GOOD)]}))


class World:
    """The servers, and a home with a password for the first of them."""

    def __init__(self, top):
        self.top = top
        self.home = os.path.join(top, "home")
        self.layout = os.path.join(top, "layout")
        write_layout(self.layout)
        certificates = {
            "good": make_certificate(top, "good"),
            "expired": make_certificate(top, "expired", days=-1),
            "misnamed": make_certificate(top, "misnamed", host="DNS:x.example"),
            "unknown": make_certificate(top, "unknown"),
        }
        self.foreign = [Server(Foreign)] + [
            Server(Foreign, certificates[c][1]) for c in ("good", "unknown")]
        self.registries = {
            "plain": Server(Registry),
            "tls": Server(Registry, certificates["good"][1]),
            "expired": Server(Registry, certificates["expired"][1]),
            "misnamed": Server(Registry, certificates["misnamed"][1]),
            "unknown": Server(Registry, certificates["unknown"][1]),
        }
        for server in self.registries.values():
            server.foreign_http = self.foreign[0].own
            server.foreign_https = self.foreign[1].own
            server.self_signed = self.foreign[2].own
        self.trust(self.foreign[1], certificates["good"][0])
        self.trust(self.registries["tls"], certificates["good"][0])
        for name in ("expired", "misnamed"):
            self.trust(self.registries[name], certificates[name][0])
        auth = base64.b64encode(("user:" + PASSWORD).encode()).decode()
        with open(os.path.join(self.home, "auth.json"), "w") as f:
            json.dump({"auths": {server.address: {"auth": auth}
                                 for server in self.registries.values()}}, f)
        with open(os.path.join(self.home, ".config/containers/policy.json"),
                  "w") as f:
            json.dump(registry_signatures.KEY.make(top), f)
        self.secrets = [PASSWORD, auth, self.registries["plain"].token]

    def trust(self, server, cert):
        directory = os.path.join(self.home, ".config/containers/certs.d",
                                 server.address)
        os.makedirs(directory)
        shutil.copy(cert, os.path.join(directory, "ca.crt"))

    def place(self, this, name):
        return "%s/%s" % (self.registries[this.where].address, name)

    def command(self, probe, name, this, directory):
        at = self.place(this, name)
        line = [probe] + this.options
        if isinstance(this.verb, list):
            return line + [this.verb[0], at + this.verb[1]]
        more = {"pull": [directory], "push": [self.layout], "tags": []}
        return line + [this.verb, at] + more[this.verb]

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": self.home,
                "REGISTRY_AUTH_FILE": os.path.join(self.home, "auth.json"),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "")}

    def leaks(self):
        return [line for server in self.foreign for line in server.seen
                if "authorization" in line.lower()
                or any(s in line for s in self.secrets)]


def check_files(directory, worked):
    """Whole and right, or not looking whole; Return: what is wrong."""
    if worked:
        return check_layer(directory)
    if os.path.exists(os.path.join(directory, "manifest")):
        return "there is a manifest after a failure"
    path = os.path.join(directory, HEX)
    if os.path.exists(path) and os.path.getsize(path) >= len(BLOB) and \
            check_layer(directory):
        return "what is wrong is still there"
    return None


def sanitized(probe):
    with open(probe, "rb") as f:
        return b"__asan_init" in f.read()


def run_case(probe, name, this, world, limit_memory):
    """Return: None, or what is wrong with how it ended."""
    directory = tempfile.mkdtemp(dir=world.top)
    if this.prepare:
        this.prepare(directory)
    this.state.clear()
    if this.run:
        return this.run(probe, name, this, world, directory)
    before = time.monotonic()
    try:
        done = subprocess.run(world.command(probe, name, this, directory),
                              env=world.environment(), capture_output=True,
                              text=True, timeout=SECONDS, errors="replace",
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "it took more than %d seconds" % SECONDS
    said = done.stderr.splitlines()
    peak = [int(line.split()[1]) for line in said if line.startswith("peak ")]
    said = [line for line in said if not line.startswith("peak ")]
    if os.environ.get("HOSTILE_DEBUG"):
        print("%s: %s, %s KiB, %.1f s" % (name, said, peak,
                                          time.monotonic() - before))
    if done.returncode not in (0, 1) or len(peak) != 1:
        return "status %d: %s" % (done.returncode, said)
    if limit_memory and peak[0] > KIB:
        return "it took %d KiB of memory" % peak[0]
    if any(s in done.stdout + done.stderr for s in world.secrets):
        return "a secret was printed: %s" % said
    if not this.error:
        if done.returncode:
            return "it should have worked, but: %s" % said
    elif not done.returncode:
        return "it should have failed with " + this.error
    elif not re.match("(%s): .*(%s)" % (this.error, this.says), said[0]):
        return "it failed otherwise: %s" % said
    elif len(said) != 1 + (len(said) > 1 and said[1].startswith("  hint: ")):
        return "more than one line: %s" % said
    if this.verb == "pull":
        return check_files(directory, not this.error)
    return None


def cannot(why):
    print("cannot run: " + why, file=sys.stderr)
    sys.exit(1 if os.environ.get("TESTS_MUST_RUN") == "1" else SKIP)


def main():
    probe, names = sys.argv[1], sys.argv[2:] or list(CASES)
    if not shutil.which("openssl"):
        cannot("openssl is not installed")
    failed = 0
    # what a sanitizer keeps is not the program's
    limit_memory = not sanitized(probe)
    with tempfile.TemporaryDirectory(prefix="wolffia-registry.") as top:
        world = World(top)
        for name in names:
            wrong = run_case(probe, name, CASES[name], world, limit_memory)
            print("%-8s %s%s" % ("FAILED" if wrong else "ok", name,
                                 ": " + wrong if wrong else ""), flush=True)
            failed += wrong is not None
        for server in world.registries.values():
            server.over.set()
        leaks = world.leaks()
        if leaks:
            print("FAILED   other origins saw: %s" % leaks)
            failed += 1
    print("%d cases, %d failed" % (len(names), failed))
    return failed > 0


sys.exit(main())
