"""What a hostile registry has for signatures; see registry.py.

The image itself is as it should be.  An Answer says what the tag of its
signatures is, what refers to it, and what other manifests and blobs there are.
"""
import base64
import hashlib
import json
import os
import subprocess

from registry_cases import (GOOD, INDEX, MANIFEST, case, descriptor, digest_of,
                            encode)

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = "application/vnd.oci.empty.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGN = "https://sigstore.dev/cosign/sign/v1"
IMAGE = digest_of(GOOD)
TAG = IMAGE.replace(":", "-")
OTHER = digest_of(b"another")
QUICK = ["--backoff-ms", "1", "--tries", "2"]


class Key:
    """The key that the policy has, as openssl(1) makes and uses it."""

    path = None

    def make(self, top):
        """Return: the policy that asks for it."""
        self.path = os.path.join(top, "signer.pem")
        public = os.path.join(top, "signer.pub")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", self.path],
                       check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-out",
                        public], check=True, capture_output=True)
        return {"default": [{"type": "sigstoreSigned", "keyPath": public,
                             "signedIdentity": {"type": "matchRepository"}}]}

    def sign(self, data):
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign",
                               self.path], input=data, check=True,
                              capture_output=True)
        return base64.b64encode(done.stdout).decode()


KEY = Key()


def payload(h, digest=IMAGE):
    name = "%s/%s" % (h.server.address, h.repository)
    return encode({"critical": {
        "identity": {"docker-reference": name},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature"}, "optional": None})


def statement(digest=IMAGE):
    return encode({"_type": "https://in-toto.io/Statement/v1",
                   "subject": [{"digest": {"sha256": digest[7:]}}],
                   "predicateType": SIGN, "predicate": {}})


def bundle(body, count=1):
    message = b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(),
                                       len(body), body)
    return encode({
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": "x"}},
        "dsseEnvelope": {"payload": base64.b64encode(body).decode(),
                         "payloadType": IN_TOTO,
                         "signatures": [{"sig": KEY.sign(message)}] * count}})


def layer(kind, data, sig=None, **more):
    notes = {"dev.cosignproject.cosign/signature": sig} if sig else {}
    return dict(descriptor(kind, data), annotations=notes, **more)


def attachment(layers, subject=None):
    config = descriptor(EMPTY, b"{}")
    document = dict(schemaVersion=2, mediaType=MANIFEST, config=config,
                    artifactType=BUNDLE, layers=layers)
    if subject:
        document["subject"] = {"mediaType": MANIFEST, "digest": subject,
                               "size": len(GOOD)}
    return encode(document)


class Answer:
    """The signatures of one request's image, as the registry has them."""

    def __init__(self):
        self.tag = None        # bytes of the manifest
        self.referrers = None  # descriptors
        self.blobs = {}        # by digest

    def add(self, data):
        self.blobs[digest_of(data)] = data
        return data

    def simple(self, data, sig=None, count=1):
        self.tag = attachment([layer(SIMPLE, self.add(data), sig)] * count)

    def refer(self, data, subject=IMAGE, kind=BUNDLE):
        document = self.add(attachment([layer(BUNDLE, self.add(data))],
                                       subject))
        self.referrers = (self.referrers or []) + [
            descriptor(MANIFEST, document, artifactType=kind)]

    def send(self, h):
        if h.is_manifest and h.reference == TAG + ".sig":
            if self.tag is None:
                return h.error(404, "MANIFEST_UNKNOWN")
            return h.send(200, self.tag, [("Content-Type", MANIFEST)])
        if h.is_manifest and h.reference == TAG:
            return h.error(404, "MANIFEST_UNKNOWN")
        if "/referrers/" in h.path:
            if self.referrers is None:
                return h.error(404, "NOT_FOUND")
            return h.send(200, encode({
                "schemaVersion": 2, "mediaType": INDEX,
                "manifests": self.referrers}), [("Content-Type", INDEX)])
        if h.reference in self.blobs:
            kind = [("Content-Type", MANIFEST)] if h.is_manifest else []
            return h.send(200, self.blobs[h.reference], kind)
        return h.by_the_book()


def signed(name, error, says="", options=()):
    """A case of a function that fills an Answer, once."""
    def add(fill):
        def answer(h):
            state = h.case.state
            if "answer" not in state:
                state["answer"] = Answer()
                fill(h, state["answer"])
            return state["answer"].send(h)
        case(error, says, verb=["trust", ":1"], options=options,
             name="signed-" + name)(answer)
        return fill
    return add


REFUSED = "EKEYREJECTED"


@signed("simple", None)
def _(h, a):
    a.simple(payload(h), KEY.sign(payload(h)))


@signed("bundle", None)
def _(h, a):
    a.refer(bundle(statement()))


@signed("bundle-listed-by-its-configuration", None)
def _(h, a):
    a.refer(bundle(statement()), kind=EMPTY)


@signed("behind-63-others", None)
def _(h, a):
    right = a.add(payload(h))
    wrong = a.add(encode({"not": "it"}))
    a.tag = attachment([layer(SIMPLE, wrong, KEY.sign(b"x"))] * 63 +
                       [layer(SIMPLE, right, KEY.sign(right))])


@signed("none", REFUSED, "no signature")
def _(h, a):
    pass


@signed("no-referrers", REFUSED, "no signature")
def _(h, a):
    a.referrers = []


@signed("simple-of-another-image", REFUSED, "of another image")
def _(h, a):
    a.simple(payload(h, OTHER), KEY.sign(payload(h, OTHER)))


@signed("bundle-of-another-image", REFUSED, "of another image")
def _(h, a):
    a.refer(bundle(statement(OTHER)))


@signed("payload-exchanged", REFUSED, "not by the key")
def _(h, a):
    a.simple(payload(h), KEY.sign(payload(h, OTHER)))


@signed("payload-is-not-its-digest", REFUSED, "no signature")
def _(h, a):
    wrong = payload(h, OTHER)
    a.simple(wrong, KEY.sign(payload(h)))
    a.blobs[digest_of(wrong)] = payload(h) + b" " * (len(wrong)
                                                    - len(payload(h)))


@signed("payload-of-a-gigabyte", REFUSED, "no signature")
def _(h, a):
    big = dict(layer(SIMPLE, payload(h), KEY.sign(payload(h))), size=1 << 30)
    a.tag = attachment([big])


@signed("bundle-of-a-gigabyte", REFUSED, "no signature")
def _(h, a):
    big = dict(layer(BUNDLE, b"x"), size=1 << 30)
    document = a.add(attachment([big], IMAGE))
    a.referrers = [descriptor(MANIFEST, document, artifactType=BUNDLE)]


@signed("payload-that-never-ends", REFUSED, "no signature")
def _(h, a):
    data = payload(h)
    a.simple(data, KEY.sign(data))
    send = a.send

    def pour(h):
        if h.reference != digest_of(data):
            return send(h)
        h.head(200, [("Transfer-Encoding", "chunked")])
        return h.pour(b"x" * 65536, chunked=True)
    a.send = pour


@signed("65-in-the-tag", REFUSED, "no signature")
def _(h, a):
    a.simple(payload(h), KEY.sign(payload(h)), count=65)


@signed("annotation-of-a-megabyte", REFUSED, "no signature")
def _(h, a):
    a.simple(payload(h), "A" * (1 << 20))


@signed("annotation-is-not-base64", REFUSED, "no signature")
def _(h, a):
    a.simple(payload(h), KEY.sign(payload(h)) + " ")


@signed("tag-is-not-a-manifest", REFUSED, "no signature")
def _(h, a):
    a.tag = b"[]"


@signed("tag-is-deep", REFUSED, "no signature")
def _(h, a):
    a.tag = b'{"layers":' + b"[" * 90000 + b"]" * 90000 + b"}"


@signed("tag-has-many-values", REFUSED, "no signature")
def _(h, a):
    a.tag = b'{"layers":[' + b"{}," * 1000000 + b"{}]}"


@signed("tag-is-broken", REFUSED, "no signature", options=QUICK)
def _(h, a):
    send = a.send
    a.send = lambda h: h.error(500, "X") if h.reference == TAG + ".sig" \
        else send(h)


@signed("tag-is-broken-and-a-bundle-is-right", None, options=QUICK)
def _(h, a):
    a.refer(bundle(statement()))
    send = a.send
    a.send = lambda h: h.error(500, "X") if h.reference == TAG + ".sig" \
        else send(h)


@signed("bundle-has-two-signatures", REFUSED, "no signature")
def _(h, a):
    a.refer(bundle(statement(), 2))


@signed("bundle-has-none", REFUSED, "no signature")
def _(h, a):
    a.refer(bundle(statement(), 0))


@signed("bundle-has-many-values", REFUSED, "no signature")
def _(h, a):
    a.refer(b"[" + b"{}," * 300000 + b"{}]")


@signed("statement-has-many-values", REFUSED, "is no image")
def _(h, a):
    a.refer(bundle(b"[" + b"{}," * 200000 + b"{}]"))


@signed("bundle-refers-to-another-image", REFUSED, "no signature")
def _(h, a):
    a.refer(bundle(statement()), subject=OTHER)


@signed("bundle-refers-to-nothing", REFUSED, "no signature")
def _(h, a):
    a.refer(bundle(statement()), subject=None)


@signed("10000-referrers", REFUSED, "no signature")
def _(h, a):
    a.referrers = [
        {"mediaType": MANIFEST, "size": 5, "artifactType": BUNDLE,
         "digest": "sha256:" + hashlib.sha256(b"%d" % n).hexdigest()}
        for n in range(10000)]


@signed("500-bundles", REFUSED, "not by the key")
def _(h, a):
    wrong = json.loads(bundle(statement()))
    for n in range(500):
        wrong["verificationMaterial"]["publicKey"]["hint"] = str(n)
        wrong["dsseEnvelope"]["payload"] = base64.b64encode(b"x").decode()
        a.refer(encode(wrong))


@signed("referrers-are-nonsense", REFUSED, "no signature")
def _(h, a):
    a.referrers = [5]
