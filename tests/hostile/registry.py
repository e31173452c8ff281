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
import gzip
import hashlib
import json
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 15
KIB = 64 << 10
SKIP = 77
PASSWORD = "wolffia-sentinel-password"

OCI = "application/vnd.oci.image."
MANIFEST = OCI + "manifest.v1+json"
INDEX = OCI + "index.v1+json"
LAYER = OCI + "layer.v1.tar"
CONFIG = OCI + "config.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(kind, data, **more):
    return dict(mediaType=kind, digest=digest_of(data), size=len(data), **more)


BLOB = random.Random(1).randbytes(3 << 20)
OTHER = random.Random(2).randbytes(3 << 20)
SETTINGS = json.dumps({"os": "linux", "architecture": "amd64", "config": {},
                       "rootfs": {"type": "layers",
                                  "diff_ids": [digest_of(BLOB)]}}).encode()


def manifest(layers=None, **more):
    return dict(schemaVersion=2, mediaType=MANIFEST,
                config=descriptor(CONFIG, SETTINGS),
                layers=[descriptor(LAYER, BLOB)] if layers is None else layers,
                **more)


def encode(document):
    if isinstance(document, bytes):
        return document
    return json.dumps(document).encode()


GOOD = encode(manifest())


# --- the cases --------------------------------------------------------------

class Case:
    def __init__(self, function, error, says, verb, options, prepare):
        self.function = function
        self.error = error      # None: it works
        self.says = says        # a regular expression of the message
        self.verb = verb
        self.options = options
        self.prepare = prepare  # of the directory, before the client runs
        self.state = {}


CASES = {}


def case(error, says="", verb="pull", options=(), prepare=None, name=None):
    def add(function):
        key = name or function.__name__.replace("_", "-")
        assert key not in CASES, key
        CASES[key] = Case(function, error, says, verb, list(options), prepare)
        return function
    return add


def answers_manifest(document, kind=MANIFEST, headers=()):
    """A case whose manifest is this, and all else as it should be."""
    def answer(h):
        if not h.is_manifest:
            return h.by_the_book()
        return h.send(200, encode(document), [("Content-Type", kind)]
                      + list(headers))
    return answer


def manifest_case(name, error, says, document, kind=MANIFEST, headers=()):
    case(error, says, name=name)(answers_manifest(document, kind, headers))


HEX = hashlib.sha256(BLOB).hexdigest()
BAD_DIGESTS = [
    "", "sha256", "sha256:", ":" + HEX, HEX, "sha256:" + HEX[:63],
    "sha256:" + HEX + "0", "sha256:" + HEX.upper(), "SHA256:" + HEX,
    "Sha256:" + HEX, "sha256:" + "g" * 64, "sha256:" + HEX + "\n",
    " sha256:" + HEX, "sha256: " + HEX[1:], "sha256:" + HEX + " ",
    "sha256:../../../../etc/passwd", "sha256:" + "../" * 21 + "x",
    "../../blobs/sha256:" + HEX, "sha256/" + HEX, "sha256:sha256:" + HEX,
    "md5:" + HEX[:32], "sha1:" + HEX[:40], "sha384:" + HEX + HEX[:32],
    "sha512:" + HEX, "sha512:" + HEX + HEX.upper(), "blake3:" + HEX,
    "sha256+b64:" + HEX, "sha256:" + "\u0660" * 64, "sha256:" + HEX[:-1] + "\0",
    "sha256:" + HEX + "?x=y", "sha256:" + HEX + "/../x", 17, None, [HEX], {},
]
for number, bad in enumerate(BAD_DIGESTS):
    manifest_case("digest-%d" % number, "EINVAL", "digest|not valid JSON",
                  manifest([{"mediaType": LAYER, "digest": bad,
                             "size": len(BLOB)}]))

manifest_case("both-lists", "EBADMSG", "as an index and as a manifest",
              manifest(manifests=[]))
manifest_case("both-lists-index", "EBADMSG", "as an index and as a manifest",
              dict(schemaVersion=2, manifests=[], layers=[]), INDEX)
manifest_case("type-mismatch", "EBADMSG", "says that it is",
              dict(manifest(), mediaType=INDEX))
manifest_case("type-mismatch-header", "EBADMSG", "says that it is",
              manifest(), INDEX)
manifest_case("html", "EPROTO", "text/html", b"<html>log in</html>",
              "text/html")
manifest_case("octets", "EPROTO", "not an image", manifest(),
              "application/octet-stream")
manifest_case("schema-1", "EOPNOTSUPP", "format 1",
              dict(schemaVersion=1, fsLayers=[]),
              "application/vnd.docker.distribution.manifest.v1+prettyjws")
manifest_case("truncated-json", "EINVAL", "not valid JSON", GOOD[:-20])
manifest_case("duplicate-keys", "EINVAL", "not valid JSON",
              GOOD[:-1] + b',"layers":[]}')
manifest_case("deep-json", "EINVAL", "deeper",
              b'{"layers":' + b"[" * 90000 + b"]" * 90000 + b"}")
manifest_case("many-values", "EFBIG", "values",
              b'{"layers":[' + b"0," * 2000000 + b"0]}")
manifest_case("many-objects", "EFBIG", "values",
              b'{"layers":[' + b"{}," * 1300000 + b"{}]}")
manifest_case("utf-16", "EINVAL", "JSON", GOOD.decode().encode("utf-16"))
manifest_case("nul", "EINVAL", "JSON", GOOD.replace(b"layer.v1", b"\0ayer.v1"))
manifest_case("empty", "EINVAL", "JSON", b"")
manifest_case("not-an-object", "EINVAL", "object", b"[]")
manifest_case("negative-size", "EINVAL", "size",
              manifest([dict(descriptor(LAYER, BLOB), size=-1)]))
manifest_case("huge-size", "EINVAL", "size|JSON",
              manifest([dict(descriptor(LAYER, BLOB), size=1 << 64)]))
manifest_case("many-layers", "E2BIG", "more than",
              manifest([descriptor(LAYER, BLOB)] * 501))
manifest_case("wrong-name-of-digest", "EBADMSG", "digest is",
              manifest(), headers=[("Docker-Content-Digest",
                                    digest_of(b"x"))])
manifest_case("malformed-name-of-digest", "EBADMSG", "Docker-Content-Digest",
              manifest(), headers=[("Docker-Content-Digest",
                                    "sha256:../../x")])
manifest_case("foreign-urls", None, "",
              manifest([dict(descriptor(LAYER, BLOB),
                             urls=["http://127.0.0.1:1/evil"])]))


@case("EFBIG", "longer than")
def manifest_of_2_gib(h):
    if not h.is_manifest:
        return h.by_the_book()
    h.head(200, [("Content-Type", MANIFEST), ("Content-Length", 2 << 30)])
    h.pour(b"[" * 65536)


@case("EFBIG", "longer than")
def endless_manifest(h):
    if not h.is_manifest:
        return h.by_the_book()
    h.head(200, [("Content-Type", MANIFEST), ("Transfer-Encoding", "chunked")])
    h.pour(b" " * 65536, chunked=True)


def bomb():
    return gzip.compress(b"\0" * (64 << 20), 9)


@case("EPROTO", 'encoded as "gzip"')
def gzip_manifest(h):
    if not h.is_manifest:
        return h.by_the_book()
    h.send(200, bomb(), [("Content-Type", MANIFEST),
                         ("Content-Encoding", "gzip")])


@case("EPROTO", 'encoded as "gzip"')
def gzip_blob(h):
    if not h.is_layer:
        return h.by_the_book()
    h.send(200, bomb(), [("Content-Encoding", "gzip")])


def answers_blob(body, headers=()):
    def answer(h):
        if not h.is_layer:
            return h.by_the_book()
        return h.send(200, body, headers)
    return answer


case("EBADMSG", "its digest is", name="wrong-body")(answers_blob(OTHER))
case("EBADMSG", "announced", name="short-body")(answers_blob(BLOB[:-1]))
case("EBADMSG", "announced", name="long-body")(answers_blob(BLOB + b"x"))
manifest_case("size-too-small", "EBADMSG", "announced",
              manifest([dict(descriptor(LAYER, BLOB), size=len(BLOB) - 1)]))
manifest_case("size-too-large", "EBADMSG", "announced",
              manifest([dict(descriptor(LAYER, BLOB), size=len(BLOB) + 1)]))
manifest_case("size-of-a-terabyte", "EBADMSG", "announced",
              manifest([dict(descriptor(LAYER, BLOB), size=1 << 40)]))


@case("EBADMSG", "more bytes")
def endless_blob(h):
    if not h.is_layer:
        return h.by_the_book()
    h.head(200, [("Transfer-Encoding", "chunked")])
    h.pour(BLOB, chunked=True)


@case("EBADMSG", "fewer bytes|announced|status 416",
      options=["--backoff-ms", "1"])
def short_and_chunked(h):
    """An early end that looks like a good one, each time."""
    if not h.is_layer:
        return h.by_the_book()
    if h.headers.get("Range"):
        return h.send(416, b"")
    h.head(200, [("Transfer-Encoding", "chunked")])
    h.write(b"%x\r\n%s\r\n0\r\n\r\n" % (1000, BLOB[:1000]))


@case("ENOENT", "404")
def no_manifest(h):
    if h.is_manifest:
        return h.error(404, "MANIFEST_UNKNOWN")
    return h.by_the_book()


@case("ENOENT", "BLOB_UNKNOWN")
def no_blob(h):
    if h.is_layer:
        return h.error(404, "BLOB_UNKNOWN")
    return h.by_the_book()


@case("EACCES", "403")
def forbidden(h):
    return h.error(403, "DENIED")


@case("ENOENT", r"\\x1b\[31m")
def colours_in_an_error(h):
    return h.error(404, "\x1b[31mRED\r\nwolffia: all is well\x1b[0m")


@case("ENOENT", "404")
def endless_error(h):
    if not h.is_manifest:
        return h.by_the_book()
    h.head(404, [("Transfer-Encoding", "chunked")])
    h.pour(b"x" * 65536, chunked=True)


# --- indexes

def nested(depth):
    document = encode(manifest())
    kind = MANIFEST
    found = {}
    for _ in range(depth):
        found[digest_of(document)] = (document, kind)
        document = encode(dict(schemaVersion=2, mediaType=INDEX, manifests=[
            descriptor(kind, document, platform={"os": "linux",
                                                 "architecture": "amd64"})]))
        kind = INDEX
    found["latest"] = (document, kind)
    return found


def answers_index(found):
    def answer(h):
        if h.is_manifest and h.reference in found:
            document, kind = found[h.reference]
            return h.send(200, document, [("Content-Type", kind)])
        return h.by_the_book()
    return answer


AMD64 = ["--platform", "linux/amd64"]
case(None, options=AMD64, name="index")(answers_index(nested(1)))
case(None, options=AMD64, name="index-in-index")(answers_index(nested(3)))
case("ELOOP", "indexes in one another", options=AMD64,
     name="index-in-index-in-index")(answers_index(nested(4)))
case("ENOENT", "no image for linux/s390x; it has: linux/amd64",
     options=["--platform", "linux/s390x"],
     name="other-platform")(answers_index(nested(1)))


def lying_index(**lies):
    entry = dict(descriptor(MANIFEST, GOOD), **lies)
    return answers_index({"latest": (encode(dict(
        schemaVersion=2, mediaType=INDEX, manifests=[entry])), INDEX)})


case("EBADMSG", "bytes, not the",
     name="index-lies-about-size")(lying_index(size=5))
case("EBADMSG", "is a .*, not a", name="index-lies-about-type")(
    lying_index(mediaType="application/vnd.docker.distribution.manifest.v2"
                "+json"))
case("EBADMSG", "digest is", name="index-lies-about-digest")(
    lambda h: answers_index({
        "latest": (encode(dict(schemaVersion=2, mediaType=INDEX, manifests=[
            descriptor(MANIFEST, OTHER, platform={})])), INDEX),
        digest_of(OTHER): (GOOD, MANIFEST)})(h))


# --- redirects

def redirects(to, what="layer", status=307):
    def answer(h):
        if (h.is_layer if what == "layer" else h.is_manifest):
            target = to(h) if callable(to) else to
            return h.send(status, b"", [("Location", target)] if target
                          else [])
        return h.by_the_book()
    return answer


case("ELOOP", "redirects", name="redirect-loop")(redirects(lambda h: h.path))
case("ELOOP", "redirects", name="redirect-endless")(
    redirects(lambda h: h.path + "x", "manifest", 302))
case("EPERM", "not encrypted", name="redirect-to-http")(
    redirects(lambda h: h.server.foreign_http + "/x"))
case("EPERM", "not encrypted", name="redirect-of-manifest-to-http")(
    redirects(lambda h: h.server.foreign_http + "/x", "manifest", 301))
case("EPROTO", "not a URL", name="redirect-to-file")(
    redirects("file:///etc/passwd"))
case("EPROTO", "not a URL", name="redirect-to-gopher")(
    redirects("gopher://127.0.0.1:1/x"))
case("EPROTO", "not a URL", name="redirect-to-user")(
    redirects("https://user:word@127.0.0.1/x"))
case("EPROTO", "not a URL", name="redirect-to-noise")(
    redirects("https://\x01\x02/"))
case("EPROTO", "says not where", name="redirect-to-nowhere")(redirects(None))
case(None, name="redirect-to-https")(
    redirects(lambda h: h.server.foreign_https + "/good"))
case(None, name="redirect-with-password")(
    lambda h: redirects(lambda h: h.server.foreign_https + "/good")(h)
    if h.has_password() else h.ask_for_password())
case("EKEYREJECTED", "certificate", name="redirect-to-self-signed")(
    redirects(lambda h: h.server.self_signed + "/good"))
case("EACCES", "401", name="challenge-after-redirect")(
    redirects(lambda h: h.server.foreign_https + "/401", "manifest"))


# --- who are you

@case("EACCES", "401")
def challenge_loop(h):
    return h.ask_for_password()


@case("EACCES", "401")
def token_loop(h):
    return h.ask_for_token()


@case(None)
def token_works(h):
    if h.headers.get("Authorization") == "Bearer " + h.server.token:
        return h.by_the_book()
    return h.ask_for_token()


def realm_case(name, error, says, realm, **more):
    @case(error, says, name=name, **more)
    def answer(h):
        return h.challenge('Bearer realm="%s",service="s"'
                           % (realm(h) if callable(realm) else realm))


realm_case("realm-elsewhere", "EPERM", "somebody else's",
           "https://tokens.evil.example/token")
realm_case("realm-elsewhere-by-address", "EPERM", "somebody else's",
           "https://127.0.0.2/token")
realm_case("realm-http-elsewhere", "EPERM", "not encrypted",
           "http://127.0.0.2/token")
realm_case("realm-file", "EPROTO", "not a URL", "file:///etc/passwd")
realm_case("realm-user", "EPROTO", "not a URL", "https://u:p@127.0.0.1/token")
realm_case("realm-relative", "EPROTO", "not a URL", "/token")
realm_case("realm-long", "EPROTO", "malformed|headers",
           "https://127.0.0.1/" + "x" * 9000)
realm_case("realm-none", "EPROTO", "malformed", '",realm="')
realm_case("token-of-1-mib", "EFBIG", "longer than",
           lambda h: h.server.own + "/token/huge")
realm_case("token-endless", "EFBIG", "longer than",
           lambda h: h.server.own + "/token/endless")
realm_case("token-with-a-header", "EPROTO", "token in it is malformed",
           lambda h: h.server.own + "/token/crlf")
realm_case("token-empty", "EPROTO", "token in it is malformed",
           lambda h: h.server.own + "/token/empty")
realm_case("token-no-json", "EPROTO", "no token in it",
           lambda h: h.server.own + "/token/html")
realm_case("token-of-numbers", "EPROTO", "no token in it",
           lambda h: h.server.own + "/token/number")
realm_case("token-refused", "EACCES", "credentials for .* are refused",
           lambda h: h.server.own + "/token/401")
realm_case("token-sent-elsewhere", "EPROTO", "status 307",
           lambda h: h.server.own + "/token/redirect")
realm_case("token-of-gzip", "EPROTO", "encoded",
           lambda h: h.server.own + "/token/gzip")


@case("EPROTO", "malformed")
def challenge_malformed(h):
    return h.challenge('Bearer realm="x')


@case("EPROTO", "says not whose")
def challenge_without_realm(h):
    return h.challenge('Bearer service="x"')


@case("EACCES", "401")
def challenge_of_strangers(h):
    return h.challenge("Negotiate YII==")


# --- the line

@case("EFBIG", "headers")
def huge_headers(h):
    h.head(200, [("X-%d" % n, "x" * 1000) for n in range(1000)])


@case("EFBIG", "headers")
def endless_headers(h):
    h.write(b"HTTP/1.1 200 OK\r\n")
    h.pour(b"X-Header: " + b"x" * 1000 + b"\r\n")


@case("EFBIG|EPROTO|ENOMEM", "")
def one_huge_header(h):
    h.write(b"HTTP/1.1 200 OK\r\nX: ")
    h.pour(b"x" * 65536)


@case("EFBIG", "headers")
def endless_continue(h):
    h.pour(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 100)


@case("EPROTO", "")
def no_http(h):
    h.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)
    h.close_connection = True


@case("EPROTO", "")
def status_of_letters(h):
    h.write(b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n")
    h.close_connection = True


QUICK = ["--tries", "2", "--backoff-ms", "1", "--answer-ms", "1000",
         "--stall-s", "1"]


@case("ETIMEDOUT", "", options=QUICK)
def slow_headers(h):
    h.write(b"HTTP/1.1 200 OK\r\n")
    h.drip(b"X: y\r\n" * 100)


@case("ETIMEDOUT", "", options=QUICK)
def slow_manifest(h):
    if not h.is_manifest:
        return h.by_the_book()
    h.head(200, [("Content-Type", MANIFEST), ("Content-Length", len(GOOD))])
    h.drip(GOOD)


@case("ETIMEDOUT", "", options=QUICK)
def slow_blob(h):
    if not h.is_layer:
        return h.by_the_book()
    h.head(200, [("Content-Length", len(BLOB))])
    h.drip(BLOB)


@case("ETIMEDOUT", "", options=QUICK)
def silence(h):
    h.wait_for_end()


@case("ECONNRESET", "", options=QUICK)
def closes_at_once(h):
    h.close_connection = True


@case(None, options=["--backoff-ms", "1"])
def closes_early(h):
    """Never more than 400000 bytes: seven requests, each for the rest."""
    if not h.is_layer:
        return h.by_the_book()
    return h.send_part(400000)


@case("ECONNRESET", "tried", options=["--backoff-ms", "1", "--tries", "3"])
def closes_ever_earlier(h):
    """A byte more with each request is no progress."""
    if not h.is_layer:
        return h.by_the_book()
    return h.send_part(1)


@case(None, options=["--backoff-ms", "1"])
def range_is_ignored(h):
    """200 instead of 206: the bytes that are there are passed over."""
    if not h.is_layer:
        return h.by_the_book()
    first = not h.case.state
    h.case.state["seen"] = True
    h.head(200, [("Content-Length", len(BLOB))])
    h.write(BLOB[:1000000] if first else BLOB)
    h.close_connection = True


def part_case(name, error, says, content_range, body=None):
    @case(error, says, options=["--backoff-ms", "1"], name=name)
    def answer(h):
        asked = h.headers.get("Range")
        if not h.is_layer:
            return h.by_the_book()
        if not asked:
            return h.send_part(1000000)
        at = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
        h.head(206, ([("Content-Range", content_range % dict(
            at=at, last=len(BLOB) - 1, size=len(BLOB)))]
            if content_range else [])
            + [("Content-Length", len(BLOB) - at)])
        h.write((body or BLOB)[at:])


part_case("part-as-it-should-be", None, "", "bytes %(at)d-%(last)d/%(size)d")
part_case("part-of-unknown-size", None, "", "bytes %(at)d-%(last)d/*")
part_case("part-from-the-start", "EPROTO", "another part",
          "bytes 0-%(last)d/%(size)d")
part_case("part-from-elsewhere", "EPROTO", "another part",
          "bytes 7-%(last)d/%(size)d")
part_case("part-of-another-size", "EPROTO", "valid Content-Range|another part",
          "bytes %(at)d-%(last)d/99999999")
part_case("part-without-range", "EPROTO", "Content-Range", None)
part_case("part-of-noise", "EPROTO", "Content-Range", "bytes x-y/z")
part_case("part-of-another-blob", "EBADMSG", "its digest is",
          "bytes %(at)d-%(last)d/%(size)d", OTHER)


@case("EBADMSG", "fewer bytes", options=["--backoff-ms", "1"])
def range_not_satisfiable(h):
    if not h.is_layer:
        return h.by_the_book()
    if h.headers.get("Range"):
        return h.send(416, b"", [("Content-Range", "bytes */1000")])
    return h.send_part(1000000)


@case("EPROTO", "another part")
def part_that_nobody_asked_for(h):
    if not h.is_layer:
        return h.by_the_book()
    h.send(206, BLOB[:100], [("Content-Range", "bytes 0-99/%d" % len(BLOB))])


def part_of_it_is_there(data):
    def prepare(directory):
        with open(os.path.join(directory, HEX), "wb") as f:
            f.write(data)
    return prepare


@case(None, prepare=part_of_it_is_there(BLOB[:2000000]))
def goes_on_from_an_earlier_run(h):
    if h.is_layer and not h.headers.get("Range"):
        return h.error(500, "the bytes that are there were asked for again")
    return h.by_the_book()


@case(None, prepare=part_of_it_is_there(OTHER[:2000000]))
def an_earlier_run_left_nonsense(h):
    return h.by_the_book()


@case(None, prepare=part_of_it_is_there(OTHER))
def an_earlier_run_left_another_blob(h):
    return h.by_the_book()


@case(None, prepare=part_of_it_is_there(BLOB + b"x"))
def an_earlier_run_left_too_much(h):
    return h.by_the_book()


@case(None, prepare=part_of_it_is_there(BLOB))
def an_earlier_run_left_it_all(h):
    if h.is_layer:
        return h.error(500, "nothing had to be asked for")
    return h.by_the_book()


@case("EBADMSG", "its digest is",
      prepare=part_of_it_is_there(OTHER[:2000000]))
def nonsense_upon_nonsense(h):
    if h.is_layer:
        return h.serve(OTHER)
    return h.by_the_book()


# --- come again

@case("EBUSY", "31536000 seconds", options=["--backoff-ms", "1"])
def retry_after_a_year(h):
    return h.send(429, b"", [("Retry-After", "31536000")])


@case("EBUSY", "it asks to come again", options=["--backoff-ms", "1"])
def retry_after_a_date(h):
    return h.send(503, b"", [("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")])


@case("EBUSY", "429", options=["--backoff-ms", "1", "--tries", "3"])
def too_many_requests(h):
    return h.send(429, b"", [("Retry-After", "noise")])


@case("EIO", "503", options=["--backoff-ms", "1", "--tries", "3"])
def always_busy(h):
    return h.send(503, b"")


@case(None, options=["--backoff-ms", "1"])
def busy_twice(h):
    n = h.case.state.get(h.path, 0)
    h.case.state[h.path] = n + 1
    return h.send(503, b"") if n < 2 else h.by_the_book()


# --- lists

@case("EFBIG", "more than", verb="tags")
def tags_without_end(h):
    n = h.case.state["n"] = h.case.state.get("n", 0) + 1
    h.send(200, encode({"name": "x", "tags": ["t%d" % n]}),
           [("Link", '</v2/%s/tags/list?n=%d>; rel="next"'
             % (h.repository, n))])


@case("EFBIG", "more than", verb="tags")
def tags_without_number(h):
    h.send(200, encode({"tags": ["t%d" % n for n in range(20000)]}))


@case("EFBIG", "values", verb="tags")
def tags_of_nothing(h):
    h.send(200, b'{"tags":[' + b'"",' * 1000000 + b'""]}')


@case("EPERM", "somewhere else", verb="tags")
def tags_go_on_elsewhere(h):
    h.send(200, encode({"tags": ["x"]}),
           [("Link", '<%s/x>; rel="next"' % h.server.foreign_https)])


@case("EINVAL", "tags", verb="tags")
def tags_of_numbers(h):
    h.send(200, encode({"tags": [1, 2]}))


REFERRED = ["referrers", "@" + digest_of(GOOD)]


@case("EFBIG", "more than", verb=REFERRED)
def referrers_without_end(h):
    h.send(200, encode({"manifests": [descriptor(MANIFEST, GOOD)] * 20}),
           [("Content-Type", INDEX), ("Link", '<%s>; rel="next"' % h.path)])


@case("EINVAL", "digest", verb=REFERRED)
def referrers_with_paths(h):
    h.send(200, encode({"manifests": [
        dict(descriptor(MANIFEST, GOOD), digest="sha256:../../x")]}),
        [("Content-Type", INDEX)])


@case(None, verb=REFERRED)
def referrers_by_the_book(h):
    if "/referrers/" in h.path:
        return h.send(200, encode({"manifests": [
            dict(descriptor(MANIFEST, GOOD), artifactType="a/b")]}),
            [("Content-Type", INDEX)])
    return h.error(404, "UNKNOWN")


@case(None, verb=REFERRED)
def referrers_by_tag(h):
    if h.is_manifest and h.reference == digest_of(GOOD).replace(":", "-"):
        return h.send(200, encode(dict(schemaVersion=2, manifests=[
            descriptor(MANIFEST, GOOD)])), [("Content-Type", INDEX)])
    return h.error(404, "UNKNOWN")


# --- pushes; the layout has BLOB as its only layer

PUSH = "push"
CHUNKS = ["--chunk", "1000000", "--backoff-ms", "1"]


class Uploads:
    """By the book, with what a case does to it."""

    def __init__(self, location=None, fault=None, digest=None):
        self.location = location or (lambda h: h.upload_path())
        self.fault = fault
        self.digest = digest

    def __call__(self, h):
        state = h.case.state
        body = h.read_body() if h.command != "PATCH" or not self.fault else b""
        if h.command == "HEAD":
            return h.error(404, "BLOB_UNKNOWN")
        if h.command == "POST":
            state["data"] = b""
            return h.send(202, b"", [("Location", self.location(h))])
        if h.command == "PATCH":
            if self.fault and self.fault(h):
                return None
            state["data"] += body or h.read_body()
            return h.send(202, b"", self.progress(h))
        if h.command == "GET":
            return h.send(204, b"", self.progress(h))
        if "/manifests/" in h.path:
            return h.send(201, b"", [("Docker-Content-Digest",
                                      digest_of(body))])
        state["data"] += body
        wanted = re.search(r"[?&]digest=([^&]*)", h.path)[1]
        found = digest_of(state["data"])
        if wanted.replace("%3A", ":") != found:
            return h.error(400, "DIGEST_INVALID")
        return h.send(201, b"", [("Docker-Content-Digest",
                                  self.digest or found)])

    def progress(self, h):
        n = len(h.case.state["data"])
        return [("Location", self.location(h)),
                ("Range", "0-%d" % (n - 1 if n else 0))]


case(None, verb=PUSH, name="upload")(Uploads())
case(None, verb=PUSH, options=CHUNKS, name="upload-in-pieces")(Uploads())


def break_once(h):
    """Half a piece arrives, once for each upload."""
    state = h.case.state
    if state.get("broken") or len(state["data"]) < 1000000:
        return False
    state["broken"] = True
    state["data"] += h.rfile.read(500000)
    h.connection.shutdown(socket.SHUT_RDWR)
    h.close_connection = True
    return True


case(None, verb=PUSH, options=CHUNKS, name="upload-goes-on")(
    Uploads(fault=break_once))
case("EBADMSG", "stored it as", verb=PUSH, name="upload-stored-otherwise")(
    Uploads(digest=digest_of(b"x")))
case("EPERM", "not encrypted", verb=PUSH, name="upload-to-http")(
    Uploads(lambda h: h.server.foreign_http + "/x"))
case("EPROTO", "not a URL", verb=PUSH, name="upload-to-file")(
    Uploads(lambda h: "file:///tmp/x"))
case("ENOENT", "404", verb=PUSH, name="upload-elsewhere-with-password")(
    lambda h: Uploads(lambda h: h.server.foreign_https + "/x")(h)
    if h.has_password() else h.ask_for_password(h.read_body()))


@case("EPROTO", "has .* bytes of the", verb=PUSH, options=CHUNKS)
def upload_has_more_than_was_sent(h):
    if h.command == "PATCH":
        h.read_body()
        return h.send(202, b"", [("Location", h.upload_path()),
                                 ("Range", "0-99999999999")])
    return Uploads()(h)


@case("EPROTO", "says not where", verb=PUSH)
def upload_to_nowhere(h):
    h.read_body()
    return h.error(404, "X") if h.command == "HEAD" else h.send(202, b"")


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

    def head(self, status, headers):
        lines = ["HTTP/1.1 %d X" % status]
        lines += ["%s: %s" % (name, value) for name, value in headers]
        self.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def send(self, status, body, headers=()):
        length = [] if status in (204, 304) else \
            [("Content-Length", len(body))]
        self.head(status, list(headers) + length)
        if self.command != "HEAD":
            self.write(body)

    def error(self, status, text):
        self.send(status, encode({"errors": [{"code": text,
                                              "message": "m"}]}))

    def pour(self, data, chunked=False):
        piece = b"%x\r\n%s\r\n" % (len(data), data) if chunked else data
        while self.write(piece):
            pass

    def drip(self, data):
        for at in range(len(data)):
            if not self.write(data[at:at + 1]) or self.server.over.wait(0.1):
                break
        self.close_connection = True

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
        self.own = "%s://127.0.0.1:%d" % (scheme, self.server_port)
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


def make_certificate(directory, name, days=2):
    """A certificate of its own authority, for 127.0.0.1."""
    key, cert = (os.path.join(directory, name + s) for s in (".key", ".crt"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
         "-days", str(days), "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True)
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
        cert, context = make_certificate(top, "good")
        _, unknown = make_certificate(top, "unknown")
        self.registry = Server(Registry)
        self.foreign = [Server(Foreign), Server(Foreign, context),
                        Server(Foreign, unknown)]
        self.registry.foreign_http = self.foreign[0].own
        self.registry.foreign_https = self.foreign[1].own
        self.registry.self_signed = self.foreign[2].own
        trusted = os.path.join(self.home, ".config/containers/certs.d",
                               self.foreign[1].own[8:])
        os.makedirs(trusted)
        shutil.copy(cert, os.path.join(trusted, "ca.crt"))
        auth = base64.b64encode(("user:" + PASSWORD).encode()).decode()
        with open(os.path.join(self.home, "auth.json"), "w") as f:
            json.dump({"auths": {self.registry.own[7:]: {"auth": auth}}}, f)
        self.secrets = [PASSWORD, auth, self.registry.token]

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": self.home,
                "REGISTRY_AUTH_FILE": os.path.join(self.home, "auth.json"),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "")}

    def leaks(self):
        return [line for server in self.foreign for line in server.seen
                if "authorization" in line.lower()
                or any(s in line for s in self.secrets)]


def command(probe, name, this, world, directory):
    at = "%s/%s" % (world.registry.own[7:], name)
    line = [probe] + this.options
    if isinstance(this.verb, list):
        return line + [this.verb[0], at + this.verb[1]]
    more = {"pull": [directory], "push": [world.layout], "tags": []}
    return line + [this.verb, at] + more[this.verb]


def check_files(directory, worked):
    """Whole and right, or not looking whole; Return: what is wrong."""
    path = os.path.join(directory, HEX)
    data = open(path, "rb").read() if os.path.exists(path) else b""
    if worked and data != BLOB:
        return "the layer is not what it should be"
    if not worked and os.path.exists(os.path.join(directory, "manifest")):
        return "there is a manifest after a failure"
    if not worked and len(data) >= len(BLOB) and data != BLOB:
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
    before = time.monotonic()
    try:
        done = subprocess.run(command(probe, name, this, world, directory),
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
        world.registry.over.set()
        leaks = world.leaks()
        if leaks:
            print("FAILED   other origins saw: %s" % leaks)
            failed += 1
    print("%d cases, %d failed" % (len(names), failed))
    return failed > 0


sys.exit(main())
