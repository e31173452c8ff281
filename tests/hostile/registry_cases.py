"""What a hostile registry does, case by case; see registry.py.

A case is a function that answers one request; by_the_book() is what an honest
registry would answer.  Beside it stands how the client has to end: the name of
an errno (None: it works) and a regular expression of its message.
"""
import fcntl
import gzip
import hashlib
import json
import os
import random
import re
import socket
import subprocess
import threading
import time

SECONDS = 15

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
HEX = hashlib.sha256(BLOB).hexdigest()
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


def check_layer(directory):
    """Return: None, or what is wrong with the layer that was pulled."""
    with open(os.path.join(directory, HEX), "rb") as f:
        return None if f.read() == BLOB else "the layer is another one"


# --- the cases --------------------------------------------------------------

class Case:
    def __init__(self, function, error, says, verb, options, prepare, where,
                 run):
        self.function = function
        self.error = error      # None: it works
        self.says = says        # a regular expression of the message
        self.verb = verb
        self.options = options
        self.prepare = prepare  # of the directory, before the client runs
        self.where = where      # a server of World
        self.run = run          # instead of one run of the client
        self.state = {}
        self.half = threading.Event()


CASES = {}


def case(error, says="", verb="pull", options=(), prepare=None, name=None,
         where="plain", run=None):
    def add(function):
        key = name or function.__name__.replace("_", "-")
        assert key not in CASES, key
        CASES[key] = Case(function, error, says, verb, list(options), prepare,
                          where, run)
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
manifest_case("one-layer-twice", None, "",
              manifest([descriptor(LAYER, BLOB)] * 2))
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
case("EACCES", "401", name="token-challenge-after-redirect")(
    redirects(lambda h: h.server.foreign_https + "/401-token", "manifest"))


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


@case("EFBIG", "headers")
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
def steady_manifest(h):
    """Not so slow that it counts as a stall, but without an end."""
    if not h.is_manifest:
        return h.by_the_book()
    h.head(200, [("Content-Type", MANIFEST), ("Content-Length", 4 << 20)])
    h.drip(b" " * 4000000, 500)


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


# --- certificates

def by_the_book(h):
    return h.by_the_book()


case(None, where="tls", name="tls")(by_the_book)
case("EKEYREJECTED", "expired", where="expired",
     name="tls-expired")(by_the_book)
case("EKEYREJECTED", "target host|no alternative certificate",
     where="misnamed", name="tls-of-another-name")(by_the_book)
case("EKEYREJECTED", "self-signed", where="unknown",
     name="tls-of-nobody")(by_the_book)
case("EPERM", "not encrypted", where="tls", name="tls-redirect-to-http")(
    redirects(lambda h: h.server.own.replace("https:", "http:") + h.path))
case("EPERM", "not encrypted", where="tls", name="tls-redirect-to-loopback")(
    redirects(lambda h: h.server.foreign_http + "/x", "manifest"))
case(None, where="tls", name="tls-redirect-to-https")(
    redirects(lambda h: h.server.foreign_https + "/good"))
realm_case("tls-realm-http", "EPERM", "not encrypted",
           lambda h: h.server.own.replace("https:", "http:") + "/token/good",
           where="tls")
realm_case("tls-realm-elsewhere", "EPERM", "somebody else's",
           "https://evil.example/token", where="tls")


# --- the client is interrupted, or its reader is slow

def interrupt_and_go_on(probe, name, this, world, directory):
    """^C while a layer is on its way: what is there is of use."""
    line = world.command(probe, name, this, directory)
    client = subprocess.Popen(line, env=world.environment(),
                              stderr=subprocess.PIPE, text=True)
    this.half.wait(SECONDS)
    client.send_signal(2)
    said = client.communicate(timeout=SECONDS)[1]
    if client.returncode != 1 or not said.startswith("ECANCELED: "):
        return "interrupted, it said: %s" % said
    size = os.path.getsize(os.path.join(directory, HEX))
    if not 500000 <= size <= 1000000:
        return "interrupted, it has %d bytes" % size
    this.state["again"] = True
    subprocess.run(line, env=world.environment(), check=True,
                   capture_output=True, timeout=SECONDS)
    if this.state.get("asked") != "bytes=%d-" % size:
        return "it asked for %s" % this.state.get("asked")
    return check_layer(directory)


@case(None, run=interrupt_and_go_on)
def interrupted(h):
    state = h.case.state
    if not h.is_layer:
        return h.by_the_book()
    state["asked"] = h.headers.get("Range")
    if state.get("again"):
        return h.by_the_book()
    h.head(200, [("Content-Length", len(BLOB))])
    h.write(BLOB[:1000000])
    # the client has got it when the kernel has been rid of it
    while h.unsent():
        time.sleep(0.01)
    h.case.half.set()
    return h.wait_for_end()


def read_slowly(probe, name, this, world, directory):
    """A pipe that is always full: nothing is lost, nothing comes twice."""
    this.verb = "tags"
    line = world.command(probe, name, this, directory)[:-2]
    line += ["--tee", "blob", world.place(this, name), digest_of(BLOB),
             str(len(BLOB)), directory]
    client = subprocess.Popen(line, env=world.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    fcntl.fcntl(client.stdout, fcntl.F_SETPIPE_SZ, 4096)
    data = b""
    while piece := os.read(client.stdout.fileno(), 1000):
        data += piece
    said = client.communicate(timeout=SECONDS)[1].decode()
    if client.returncode or data != BLOB:
        return "%d bytes arrived: %s" % (len(data), said)
    return check_layer(directory)


@case(None, run=read_slowly)
def a_full_pipe(h):
    return h.by_the_book()


def reader_is_gone(probe, name, this, world, directory):
    this.verb = "tags"
    line = world.command(probe, name, this, directory)[:-2]
    line += ["--tee", "blob", world.place(this, name), digest_of(BLOB),
             str(len(BLOB)), directory]
    client = subprocess.Popen(
        ["env", "--ignore-signal=PIPE"] + line, env=world.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.read(client.stdout.fileno(), 1000)
    client.stdout.close()
    said = client.stderr.read().decode()
    client.wait(SECONDS)
    client.stderr.close()
    if client.returncode != 1 or "\nEPIPE: " not in said:
        return "without its reader it said: %s" % said
    return None


@case(None, run=reader_is_gone)
def a_broken_pipe(h):
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


def uploads_but(method, answer):
    """By the book, but for requests of this method about blobs."""
    def function(h):
        if h.command != method or "/manifests/" in h.path:
            return Uploads()(h)
        return answer(h)
    return function


def push_case(name, error, says, method, answer, options=()):
    case(error, says, verb=PUSH, name=name,
         options=list(options or CHUNKS))(uploads_but(method, answer))


def refuse(status, *headers):
    def answer(h):
        h.read_body()
        return h.send(status, b"", list(headers))
    return answer


def refuse_once(status, *headers):
    def answer(h):
        if h.case.state.setdefault("refused", set()) & {h.command}:
            return Uploads()(h)
        h.case.state["refused"].add(h.command)
        return refuse(status, *headers)(h)
    return answer


def hang_up(h):
    """Some of it arrives."""
    h.rfile.read(int(h.headers.get("Content-Length") or 0) // 2)
    h.connection.shutdown(socket.SHUT_RDWR)
    h.close_connection = True


def take_a_byte(h):
    """Of each piece, and says so."""
    body = h.read_body()
    h.case.state["data"] += body[:1] or b"x"
    n = len(h.case.state["data"])
    return h.send(202, b"", [("Location", h.upload_path()),
                             ("Range", "0-%d" % n)])


def known_as(digest=None, size=None):
    """It has the blob already, but says something odd of it."""
    def answer(h):
        h.head(200, [("Content-Length", len(BLOB) if size is None else size)]
               + ([("Docker-Content-Digest", digest)] if digest else []))
    return answer


for status, code in ((413, "EPROTO"), (400, "EPROTO"), (404, "ENOENT"),
                     (401, "EACCES"), (403, "EACCES")):
    for m in ("POST", "PATCH", "PUT"):
        push_case("upload-%s-%d" % (m.lower(), status), code, str(status), m,
                  refuse(status))
for status, code in ((429, "EBUSY"), (503, "EIO"), (500, "EIO")):
    for m in ("HEAD", "POST", "PATCH", "PUT"):
        push_case("upload-%s-%d" % (m.lower(), status), code, str(status), m,
                  refuse(status))
        push_case("upload-%s-%d-once" % (m.lower(), status), None, "", m,
                  refuse_once(status))
push_case("upload-in-a-year", "EBUSY", "come again in", "PATCH",
          refuse(429, ("Retry-After", "31536000")))
push_case("upload-breaks-always", "ECONNRESET|EIO", "tried 6 times", "PATCH",
          hang_up)
push_case("upload-ends-never", "ECONNRESET|EIO", "tried 6 times", "PUT",
          hang_up)
push_case("upload-by-the-byte", "EIO", "tried 6 times.*took .* bytes of",
          "PATCH", take_a_byte)


def forget(count):
    """The first @count uploads are gone in the middle of it."""
    def answer(h):
        state = h.case.state
        if not state["data"] or state.setdefault("forgotten", 0) >= count:
            return Uploads()(h)
        state["forgotten"] += 1
        state["data"] = b""
        return refuse(404)(h)
    return answer


# each begins with the first byte, and not where the one before had got to
push_case("upload-is-forgotten", "ENOENT", "tried 3 times.*404", "PATCH",
          forget(99))
push_case("upload-is-forgotten-once", None, "", "PATCH", forget(1))
push_case("upload-is-forgotten-twice", None, "", "PATCH", forget(2))
push_case("upload-is-forgotten-at-its-end", None, "", "PUT", forget(1))
push_case("upload-is-unknown", "ENOENT", "tried 3 times.*404", "PATCH",
          refuse(404))
push_case("upload-out-of-order", "EPROTO", "tried 6 times.*416", "PATCH",
          refuse(416))
push_case("blob-known-otherwise", "EBADMSG", "stored it as", "HEAD",
          known_as(digest_of(b"x")))
push_case("blob-known-shorter", None, "", "HEAD", known_as(size=5))
push_case("blob-is-an-upload", "EPROTO", "202", "HEAD", refuse(202))

MOUNT = ["--from", "other"] + CHUNKS


def mount_or_begin(answer):
    def function(h):
        return answer(h) if "mount=" in h.path else Uploads()(h)
    return function


for status in (400, 401, 403, 404, 405):
    push_case("mount-%d" % status, None, "", "POST",
              mount_or_begin(refuse(status)), MOUNT)
push_case("mounted-otherwise", "EBADMSG", "stored it as", "POST",
          mount_or_begin(refuse(201, ("Docker-Content-Digest",
                                      digest_of(b"x")))), MOUNT)


@case("ENOENT", "404", verb=PUSH, options=CHUNKS)
def upload_goes_on_elsewhere_with_password(h):
    if not h.has_password():
        return h.ask_for_password(h.read_body())
    if h.command != "PATCH" or not h.case.state["data"]:
        return Uploads(lambda h: h.server.foreign_https + "/x"
                       if h.case.state["data"] else h.upload_path())(h)
    return h.error(500, "X")


@case(None, verb=PUSH, options=CHUNKS)
def upload_is_whole_but_the_answer_is_lost(h):
    """The blob is there, and the upload is known no more."""
    state = h.case.state
    if h.command == "GET":
        return h.error(404, "BLOB_UPLOAD_UNKNOWN")
    if h.command == "HEAD" and h.reference in state:
        return h.head(200, [("Content-Length", state[h.reference])])
    if h.command != "PUT" or "/manifests/" in h.path:
        return Uploads()(h)
    h.read_body()
    state[digest_of(state["data"])] = len(state["data"])
    h.connection.shutdown(socket.SHUT_RDWR)
    h.close_connection = True
    return None
