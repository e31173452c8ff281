#!/usr/bin/env python3
"""Write the corpus of hostile archives, and what must become of each.

    make_archives.py DIRECTORY SENTINEL

SENTINEL is the absolute path of a directory that the archives try to reach;
the tests unpack into a directory beside it.  Writes DIRECTORY/*.tar* and
DIRECTORY/expect.json, a list of

    file     name in DIRECTORY
    expect   "ok", or a list of the errno names that are right
    options  for unpack_one; "memory": rests on the limit of memory
    check    path -> what must be there (see run.py); null: nothing
    diff_id  sha256 of the uncompressed stream, where the result is "ok"

Everything is made by hand: the point of most of these archives is that no
honest program writes them.
"""
import bz2
import gzip
import hashlib
import itertools
import json
import lzma
import os
import struct
import sys
import zlib

OLD = 1000000000
END = b"\0" * 1024


def number(value, width):
    """A number field: octal, or base 256 where octal cannot say it."""
    if value < 0 or value >= 8 ** (width - 1):
        return b"\x80\xff"[value < 0:][:1] + \
            (value % 256 ** (width - 1)).to_bytes(width - 1, "big")
    return b"%0*o\0" % (width - 1, value)


def header(name, kind=b"0", size=0, mode=0o644, uid=0, gid=0, mtime=OLD,
           link=b"", major=0, minor=0, checksum=None, magic=b"ustar\00000",
           tail=None):
    h = bytearray(512)
    h[0:len(name[:100])] = name[:100]
    h[100:108] = number(mode, 8)
    h[108:116] = number(uid, 8)
    h[116:124] = number(gid, 8)
    h[124:136] = number(size, 12)
    h[136:148] = number(mtime, 12)
    h[148:156] = b" " * 8
    h[156:157] = kind
    h[157:157 + len(link[:100])] = link[:100]
    h[257:265] = magic
    h[329:337] = number(major, 8)
    h[337:345] = number(minor, 8)
    if tail:
        h[345:345 + len(tail)] = tail
    total = sum(h) if checksum is None else checksum
    h[148:156] = b"%06o\0 " % total
    return bytes(h)


def pad(data):
    return data + b"\0" * (-len(data) % 512)


def pax_record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    n = len(body)
    while len(b"%d" % n) + len(body) != n:
        n = len(b"%d" % n) + len(body)
    return b"%d" % n + body


def pax(records, kind=b"x"):
    data = b"".join(pax_record(k, v) for k, v in records)
    return header(b"pax", kind, len(data)) + pad(data)


def long_name(kind, name):
    return header(b"././@LongLink", kind, len(name) + 1,
                  magic=b"ustar  \0") + pad(name + b"\0")


def entry(name, data=b"", kind=b"0", **fields):
    """One entry, its long names by pax records."""
    records = []
    if isinstance(name, str):
        name = os.fsencode(name)
    link = fields.get("link", b"")
    if isinstance(link, str):
        link = os.fsencode(link)
    fields["link"] = link
    if len(name) > 100:
        records.append((b"path", name))
    if len(link) > 100:
        records.append((b"linkpath", link))
    for key, value in fields.pop("xattrs", {}).items():
        records.append((b"SCHILY.xattr." + key.encode(), value))
    front = pax(records) if records else b""
    fields.setdefault("size", len(data))
    return front + header(name, kind, **fields) + pad(data)


def directory(name, **fields):
    fields.setdefault("mode", 0o755)
    return entry(name, kind=b"5", **fields)


def symlink(name, target, **fields):
    return entry(name, kind=b"2", link=target, mode=0o777, **fields)


def hardlink(name, target, **fields):
    return entry(name, kind=b"1", link=target, **fields)


def zstd_frame(data, window=None):
    """A Zstandard frame of raw blocks (RFC 8878)."""
    out = b"\x28\xb5\x2f\xfd" + bytes([0, window if window else 0x50])
    blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)] or [b""]
    for i, block in enumerate(blocks):
        head = len(block) << 3 | (i == len(blocks) - 1)
        out += head.to_bytes(3, "little") + block
    return out


def zstd_checked(data, checksum):
    """The same with a content checksum, right or not."""
    frame = bytearray(zstd_frame(data))
    frame[4] |= 4
    return bytes(frame) + checksum


def zstd_zeros(before, zeros, after=b""):
    """A frame of before + that many zero bytes + after: 4 bytes for 128 KiB."""
    run = (1 << 17 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    first = zstd_frame(before)
    head, block = first[:6], first[6:]
    size = int.from_bytes(block[:3], "little") & ~1
    return head + size.to_bytes(3, "little") + block[3:] + \
        run * (zeros >> 17) + zstd_frame(after)[6:]


def xz_with_dictionary(data, code):
    """An xz stream whose header claims another dictionary size."""
    xz = bytearray(lzma.compress(data, check=lzma.CHECK_CRC32))
    size = (xz[12] + 1) * 4
    assert xz[14] == 0x21 and xz[15] == 1
    xz[16] = code
    xz[12 + size - 4:12 + size] = struct.pack(
        "<I", zlib.crc32(bytes(xz[12:12 + size - 4])))
    return bytes(xz)


def gzip_zeros(before, zeros, after=b""):
    """gzip of before + that many zero bytes + after, without holding them."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = [pack.compress(before)]
    block = b"\0" * (1 << 20)
    for _ in range(zeros >> 20):
        out.append(pack.compress(block))
    out += [pack.compress(after), pack.flush()]
    return b"".join(out)


class Corpus:
    def __init__(self, where, sentinel):
        self.where = where
        self.sentinel = sentinel
        self.inside = sentinel.lstrip("/")
        self.cases = []

    def raw(self, name, content, expect, check=None, options=None,
            stream=None):
        with open(os.path.join(self.where, name), "wb") as f:
            f.write(content)
        if isinstance(expect, str) and expect != "ok":
            expect = [expect]
        case = {"file": name, "expect": expect, "check": check or {},
                "options": options or []}
        if stream is not None:
            case["diff_id"] = "sha256:" + hashlib.sha256(stream).hexdigest()
        self.cases.append(case)

    def add(self, name, entries, expect="ok", check=None, *options):
        stream = b"".join(entries) + END
        self.raw(name + ".tar", stream, expect, check, list(options),
                 stream if expect == "ok" else None)


def file_of(content, **more):
    return dict(type="file", content=content, **more)


def escapes(c):
    s, i = c.sentinel, c.inside
    evil = b"evil\n"
    c.add("dotdot", [entry("../sentinel/file", evil)], "EXDEV")
    c.add("dotdot_deep", [entry("a/../../sentinel/file", evil)], "EXDEV")
    c.add("dotdot_inside", [entry("a/../b", evil)], "EXDEV")
    c.add("dotdot_last", [directory("a/..")], "EXDEV")
    c.add("dotdot_pax", [pax([(b"path", b"../sentinel/file")]),
                         entry("harmless", evil)], "EXDEV")
    c.add("dotdot_longname", [long_name(b"L", b"../sentinel/file"),
                              entry("harmless", evil)], "EXDEV")
    c.add("dotdot_dots_only", [entry("...", evil)], "ok",
          {"...": file_of("evil\n")})
    c.add("absolute", [entry(s + "/file", evil)], "ok",
          {i + "/file": file_of("evil\n")})
    c.add("absolute_slashes", [entry("//./" + s + "//file", evil)], "ok",
          {i + "/file": file_of("evil\n")})
    c.add("link_directory", [symlink("x", s), entry("x/file", evil)], "ok",
          {"x": {"type": "link", "target": s},
           i + "/file": file_of("evil\n")})
    c.add("link_directory_relative",
          [symlink("x", "../sentinel"), entry("x/file", evil)], "ok",
          {"sentinel/file": file_of("evil\n")})
    c.add("link_directory_climb",
          [symlink("x", "../" * 40 + i), entry("x/file", evil)], "ok",
          {i + "/file": file_of("evil\n")})
    c.add("link_file", [symlink("f", s + "/file"), entry("f", evil)], "ok",
          {"f": file_of("evil\n")})
    c.add("link_file_relative",
          [symlink("f", "../sentinel/file"), entry("f", evil)], "ok",
          {"f": file_of("evil\n")})
    c.add("link_chain", [symlink("a", "b"), symlink("b", "c"),
                         symlink("c", s), entry("a/file", evil)], "ok",
          {i + "/file": file_of("evil\n")})
    c.add("link_to_root", [symlink("x", "/"), entry("x" + s + "/file", evil)],
          "ok", {i + "/file": file_of("evil\n")})
    c.add("link_two_steps", [symlink("a", "."), symlink("a/b", ".."),
                             entry("b/sentinel/file", evil)], "ok",
          {"sentinel/file": file_of("evil\n")})
    c.add("link_is_root", [symlink("./", s), entry("file", evil)], "EBADMSG")
    c.add("file_is_root", [entry("./", evil, kind=b"0")],
          ["ok", "EBADMSG"])
    c.add("link_then_slash", [symlink("x", s), directory("x/", mode=0o777)],
          "ok", {"x": {"type": "directory", "mode": 0o777}})
    c.add("chmod_through_link", [symlink("x", s), directory("x", mode=0)],
          "ok", {"x": {"type": "directory", "mode": 0}})
    c.add("link_loop", [symlink("a", "b"), symlink("b", "a"),
                        entry("a/x", evil)], "ELOOP")
    c.add("link_to_itself", [symlink("a", "a"), entry("a/x", evil)], "ELOOP")
    c.add("link_growing", [symlink("a", "a/b"), entry("a/x", evil)], "ELOOP")
    c.add("link_dangling", [symlink("lib", "usr/lib"), entry("lib/x", evil)],
          "ok", {"usr/lib/x": file_of("evil\n"),
                 "usr/lib": {"type": "directory", "mode": 0o755}})
    c.add("link_dangling_chain",
          [symlink("l%d" % n, "m/l%d" % (n + 1)) for n in range(60)] +
          [symlink("m", "."), entry("l0/x", evil)], "ELOOP")
    c.add("link_to_file", [entry("f", b"x"), symlink("l", "f"),
                           entry("l/x", evil)], "ENOTDIR")
    c.add("link_no_target", [symlink("l", "")], "EBADMSG")
    c.add("usr_merge", [directory("usr/"), directory("usr/lib/"),
                        symlink("lib", "usr/lib"), entry("lib/x", evil)],
          "ok", {"usr/lib/x": file_of("evil\n"),
                 "lib": {"type": "link", "target": "usr/lib"}})
    for name in "proc", "dev", "workdir":
        c.add("link_" + name, [symlink(name, s), directory(name + "/self"),
                               entry(name + "/file", evil)], "ok",
              {i + "/file": file_of("evil\n")})
    c.add("link_proc_self", [symlink("p", "/proc/self/root" + s),
                             entry("p/file", evil)], "ok",
          {"proc/self/root" + s + "/file": file_of("evil\n")})
    c.add("link_passwd", [symlink("etc/passwd", s + "/passwd"),
                          entry("etc/passwd", evil)], "ok",
          {"etc/passwd": file_of("evil\n")})


def hardlinks(c):
    s, i = c.sentinel, c.inside
    a = entry("a", b"a\n")
    c.add("hard_dotdot", [hardlink("h", "../sentinel/file"),
                          entry("h", b"evil")], "EXDEV")
    c.add("hard_absolute", [a, hardlink("b", "/a")], "ok",
          {"b": file_of("a\n", same_as="a")})
    c.add("hard_absolute_outside", [hardlink("h", s + "/file")], "ENOENT")
    c.add("hard_through_link", [symlink("x", s), hardlink("h", "x/file")],
          "ENOENT")
    c.add("hard_through_relative_link",
          [symlink("x", "../sentinel"), hardlink("h", "x/file")], "ENOENT")
    c.add("hard_to_link", [symlink("x", s + "/file"), hardlink("h", "x"),
                           entry("h", b"evil\n")], "ok",
          {"h": file_of("evil\n"), "x": {"type": "link",
                                         "target": s + "/file"}})
    c.add("hard_to_link_kept", [symlink("x", s + "/file"),
                                hardlink("h", "x", mode=0o777)], "ok",
          {"h": {"type": "link", "target": s + "/file"}})
    c.add("hard_to_directory", [directory("d/"), hardlink("h", "d")],
          "EBADMSG")
    c.add("hard_to_root", [hardlink("h", "/")], "EBADMSG")
    c.add("hard_to_itself", [hardlink("h", "h")], "ENOENT")
    c.add("hard_to_itself_again", [a, hardlink("a", "a")], "ok",
          {"a": file_of("a\n")})
    c.add("hard_replaces", [a, entry("b", b"b\n"), hardlink("b", "a")], "ok",
          {"b": file_of("a\n", same_as="a")})
    c.add("hard_below_link", [directory("usr/"), symlink("l", "usr"),
                              entry("usr/f", b"f\n"), hardlink("l/g", "l/f")],
          "ok", {"usr/g": file_of("f\n", same_as="usr/f")})
    c.add("hard_pax", [pax([(b"linkpath", b"../sentinel/file")]),
                       hardlink("h", "a")], "EXDEV")
    c.add("hard_long", [long_name(b"K", b"../sentinel/file"),
                        hardlink("h", "a")], "EXDEV")
    c.add("hard_to_set_id", [entry("s", b"", mode=0o4755, uid=1000),
                             hardlink("t", "s")], "ok",
          {"t": {"type": "file", "mode": 0o4755, "uid": 1000}})


def whiteouts(c):
    s, i = c.sentinel, c.inside
    opq = ".wh..wh..opq"
    for name, path in ("dotdot", ".wh..."), ("dot", ".wh.."), \
            ("nothing", ".wh."), ("deep_dotdot", "a/.wh..."):
        c.add("whiteout_" + name, [entry(path)], "EBADMSG", None, "layer")
    # umoci, for a directory that became a link or a file: hides nothing more,
    # least of all where the link leads
    c.add("whiteout_below_link", [symlink("x", s), entry("x/.wh.file")],
          "ok", {i: None, "x": {"type": "link", "target": s}}, "layer")
    c.add("opaque_below_link", [symlink("x", s), entry("x/" + opq)], "ok",
          {i: None, "x": {"type": "link", "target": s}}, "layer")
    c.add("whiteout_below_file", [entry("x", b"x\n"), entry("x/y/.wh.z")],
          "ok", {"x": file_of("x\n")}, "layer")
    c.add("whiteout_below_whiteout", [entry(".wh.x"), entry("x/.wh.y")],
          "ok", {"x": {"type": "whiteout"}}, "layer")
    c.add("file_above_whiteout", [entry("x/.wh.y"), entry("x", b"x\n")],
          "ok", {"x": file_of("x\n")}, "layer")
    c.add("whiteout_is_link", [symlink(".wh.x", s + "/file")], "ok",
          {"x": {"type": "whiteout"}, ".wh.x": None}, "layer")
    c.add("whiteout_with_content", [entry(".wh.x", b"x" * 5000)], "ok",
          {"x": {"type": "whiteout"}, ".wh.x": None}, "layer")
    c.add("whiteout_as_parent", [entry(".wh.x/y")], "EBADMSG", None, "layer")
    c.add("opaque_is_directory", [directory("d/" + opq + "/")], "ok",
          {"d": {"type": "directory", "opaque": True}, "d/" + opq: None},
          "layer")
    c.add("opaque_root", [entry(opq), entry("f", b"f\n")], "ok",
          {"": {"type": "directory", "opaque": True}, "f": file_of("f\n")},
          "layer")
    c.add("aufs_notes", [directory(".wh..wh.plnk/"),
                         entry(".wh..wh.plnk/1.2", b"x"),
                         entry(".wh..wh.aufs", b"x"), entry("f", b"f\n")],
          "ok", {".wh..wh.plnk": None, ".wh..wh.aufs": None,
                 "f": file_of("f\n")}, "layer")
    c.add("hard_to_whiteout", [entry(".wh.x"), hardlink("h", ".wh.x")],
          "EBADMSG", None, "layer")
    c.add("hard_to_whiteout_node", [entry(".wh.x"), hardlink("h", "x")],
          "ENOENT", None, "layer")
    c.add("whiteout_no_layer", [entry(".wh.x", b"x\n")], "ok",
          {".wh.x": file_of("x\n"), "x": None})
    c.add("whiteout_makes_parents", [entry("a/b/.wh.x")], "ok",
          {"a/b/x": {"type": "whiteout"}}, "layer")
    pieces = {"d": directory("d/", mode=0o700), "o": entry("d/" + opq),
              "f": entry("d/f", b"f\n"), "w": entry(".wh.d")}
    for order in itertools.permutations("dofw"):
        c.add("opaque_order_" + "".join(order), [pieces[p] for p in order],
              "ok", {"d": {"type": "directory", "opaque": True,
                           "mode": 0o700},
                     "d/f": file_of("f\n")}, "layer")
    pieces = {"f": entry("f", b"f\n"), "w": entry(".wh.f")}
    for order in itertools.permutations("fw"):
        c.add("whiteout_order_" + "".join(order),
              [pieces[p] for p in order], "ok", {"f": file_of("f\n")},
              "layer")
    c.add("whiteout_twice", [entry(".wh.f"), entry(".wh.f")], "ok",
          {"f": {"type": "whiteout"}}, "layer")


def kinds(c):
    c.add("devices", [entry("null", kind=b"3", major=1, minor=3),
                      entry("sda", kind=b"4", major=8),
                      entry("hidden", kind=b"3"), entry("f", b"f\n")], "ok",
          {"null": None, "sda": None, "hidden": None, "f": file_of("f\n"),
           "*": {"devices": 3}}, "layer")
    c.add("fifo_passwd", [entry("etc/passwd", b"x"),
                          entry("etc/passwd", kind=b"6", mode=0o666)], "ok",
          {"etc/passwd": {"type": "fifo", "mode": 0o666}})
    c.add("fifo_then_file", [entry("p", kind=b"6"), entry("p", b"x\n")],
          "ok", {"p": file_of("x\n")})
    caps = struct.pack("<IIIII", 0x02000001, 0x400, 0, 0, 0)
    c.add("set_id_and_caps", [
        entry("s", b"x\n", mode=0o6755, uid=1000, gid=1001,
              xattrs={"security.capability": caps})], "ok",
          {"s": file_of("x\n", mode=0o6755, uid=1000, gid=1001,
                        caps=caps.hex())})
    c.add("bad_caps", [entry("s", b"", xattrs={
        "security.capability": b"nonsense"})], "EINVAL")
    ours = {"user.overlay.opaque": b"y", "user.overlay.redirect": b"/etc",
            "user.overlay.metacopy": b"", "trusted.overlay.opaque": b"y",
            "trusted.x": b"y", "user.fuseoverlayfs.opaque": b"y",
            "user.containers.override_stat": b"0:0:4755",
            "security.selinux": b"x", "security.ima": b"x",
            "system.posix_acl_access": b"x", "user.": b"x"}
    checks = {k: None for k in ours if k.startswith("user.") and k != "user."}
    checks["user.fine"] = "yes"
    c.add("xattrs", [
        directory("d", xattrs=dict(ours, **{"user.fine": b"yes"})),
        entry("f", b"", xattrs=dict(ours, **{"user.fine": b"yes"})),
        symlink("l", "x", xattrs={"user.fine": b"yes"})], "ok",
          {"d": {"type": "directory", "xattrs": checks},
           "f": {"type": "file", "xattrs": checks},
           "*": {"xattrs": 2 * len(ours) + 1}})
    c.add("xattrs_many", [entry("f", b"", xattrs={
        "user.%d" % n: b"x" for n in range(100)})], "EFBIG")
    c.add("xattr_long", [entry("f", b"", xattrs={"user.x": b"x" * 70000})],
          "EFBIG")
    c.add("duplicates", [
        entry("a", b"1"), directory("a/"), entry("a/b", b"2"),
        directory("a/", mode=0o700), entry("c", b"3"), symlink("c", "a"),
        directory("c/"), entry("c/x", b"4"), entry("c", b"5"),
        directory("d/e/f/"), entry("d/e/f/g", b"6"), symlink("d", "a"),
        entry("e", b"7"), entry("e", kind=b"6"), entry("e", b"8")], "ok",
          {"a": {"type": "directory", "mode": 0o700}, "a/b": file_of("2"),
           "c": file_of("5"), "d": {"type": "link", "target": "a"},
           "e": file_of("8")})
    c.add("parent_replaced", [
        directory("a/"), entry("a/1", b"1"), symlink("a", c.sentinel),
        entry("a/file", b"2")], "ok",
          {c.inside + "/file": file_of("2"),
           "a": {"type": "link", "target": c.sentinel}})
    c.add("shorter_again", [entry("f", b"x" * 9000), entry("f", b"y\n")],
          "ok", {"f": file_of("y\n")})
    c.add("hard_then_rewrite", [entry("a", b"a\n"), hardlink("b", "a"),
                                entry("b", b"b\n")], "ok",
          {"a": file_of("a\n"), "b": file_of("b\n")})
    c.add("file_as_parent", [entry("a", b"x"), entry("a/b", b"y")],
          "ENOTDIR")
    c.add("fifo_as_parent", [entry("a", kind=b"6"), entry("a/b", b"y")],
          "ENOTDIR")


def ids(c):
    for name, uid in ("minus_one", -1), ("beyond", 65536), \
            ("no_id", 2 ** 32 - 1), ("wraps", 2 ** 32), ("huge", 2 ** 50):
        c.add("uid_" + name, [entry("f", b"", uid=uid)], "ERANGE")
        c.add("gid_" + name, [entry("f", b"", gid=uid)], "ERANGE")
    c.add("uid_last", [entry("f", b"", uid=65535, gid=65535)], "ok",
          {"f": {"type": "file", "uid": 65535, "gid": 65535},
           "*": {"highest": 65535}})
    c.add("uid_pax_negative", [pax([(b"uid", b"-5")]), entry("f")],
          ["ERANGE", "EBADMSG"])
    c.add("uid_of_device", [entry("n", kind=b"3", uid=70000)], "ERANGE")
    c.add("single", [
        entry("f", b"f\n", mode=0o4000, uid=70000, gid=5),
        directory("d", mode=0), entry("x", b"", mode=0o111),
        entry("i/x", b""), symlink("l", "f", uid=7), entry("p", kind=b"6")],
          "ok",
          {"f": file_of("f\n", mode=0o600, uid=0, xattrs={
              "user.containers.override_stat": "70000:5:04000"}),
           "d": {"type": "directory", "mode": 0o700, "xattrs": {
               "user.containers.override_stat": "0:0:00"}},
           "i": {"type": "directory", "mode": 0o755, "xattrs": {
               "user.containers.override_stat": "0:0:0755"}},
           "": {"type": "directory", "mode": 0o755, "xattrs": {
               "user.containers.override_stat": "0:0:0755"}},
           "x": {"type": "file", "mode": 0o711, "uid": 0},
           "l": {"type": "link", "target": "f", "uid": 0},
           "p": {"type": "fifo", "uid": 0}}, "single", "ids=0")
    c.add("single_no_id", [entry("f", uid=2 ** 32 - 1)], "ERANGE", None,
          "single")


def names(c):
    nfc, nfd = b"\xc3\xa9", b"e\xcc\x81"
    for how, make in ("raw", lambda n, d: entry(n, d)), \
            ("pax", lambda n, d: pax([(b"path", n)]) + entry("z", d)):
        c.add("unicode_" + how, [make(nfc, b"nfc\n"), make(nfd, b"nfd\n")],
              "ok", {os.fsdecode(nfc): file_of("nfc\n"),
                     os.fsdecode(nfd): file_of("nfd\n")})
        bad = b"bad\xff\xfe\xc3"
        c.add("invalid_utf8_" + how, [make(bad, b"x\n")], "ok",
              {os.fsdecode(bad): file_of("x\n")})
    c.add("unicode_links", [
        pax([(b"linkpath", nfd)]) + symlink("s", "z"),
        entry(nfd, b"nfd\n"),
        pax([(b"linkpath", nfd)]) + hardlink("h", "z")], "ok",
          {"s": {"type": "link", "target": os.fsdecode(nfd)},
           "h": file_of("nfd\n")})
    c.add("name_255", [entry("n" * 255, b"x\n")], "ok",
          {"n" * 255: file_of("x\n")})
    c.add("name_300", [entry("n" * 300, b"x\n")], "ENAMETOOLONG")
    c.add("path_6000", [entry("n" * 99 + ("/" + "n" * 99) * 59, b"x")],
          "ENAMETOOLONG")
    c.add("link_6000", [symlink("l", "n/" * 3000)], "ENAMETOOLONG")
    c.add("depth_2000", [entry("a/" * 1999 + "f", b"x\n")], "ok",
          {"a/" * 1999 + "f": file_of("x\n")})
    c.add("depth_2000_again", [entry("a/" * 1999 + "f%d" % n, b"x\n")
                               for n in range(50)], "ok")
    c.add("depth_2000_links", [directory("a/" * 1900)] +
          [symlink("l", "a")] +
          [entry("l/" + "a/" * 1899 + "b%d/f" % n) for n in range(200)],
          "ok")
    c.add("name_empty", [header(b"", b"0")], "EBADMSG")
    c.add("name_empty_file", [header(b"", b"5") + entry("f", b"f\n")],
          ["EBADMSG"])
    c.add("name_slashes", [entry("///", b"x", kind=b"0")],
          ["EBADMSG", "ok"])
    odd = "a\nb\tc\x1b[2Jd\x7f"
    c.add("control_characters", [entry(odd, b"x\n")], "ok",
          {odd: file_of("x\n")})
    c.add("control_in_message", [entry("\x1b[2J\x07", b"x", uid=70000)],
          "ERANGE")
    c.add("nul_in_pax", [pax([(b"path", b"a\0../../b")]), entry("f", b"x")],
          ["ok", "EBADMSG", "EXDEV"])
    c.add("times", [entry("n", mtime=-1), entry("o", mtime=-2 ** 40),
                    entry("h", mtime=2 ** 60), directory("d", mtime=OLD + 5),
                    entry("d/f", b"x", mtime=OLD + 6),
                    pax([(b"mtime", b"1.999999999999")]) + entry("p"),
                    pax([(b"mtime", b"-1.5")]) + entry("q"),
                    symlink("l", "x", mtime=OLD + 7),
                    entry("d/g", b"x")], "ok",
          {"n": {"type": "file", "mtime": -1},
           "d": {"type": "directory", "mtime": OLD + 5},
           "d/f": {"type": "file", "mtime": OLD + 6},
           "l": {"type": "link", "target": "x", "mtime": OLD + 7},
           "p": {"type": "file", "mtime": 1}})
    c.add("root_entry", [directory("./", mode=0o711, uid=3, mtime=OLD + 9),
                         entry("./f", b"x")], "ok",
          {"": {"type": "directory", "mode": 0o711, "uid": 3,
                "mtime": OLD + 9}})
    c.add("root_default", [entry("f", b"x")], "ok",
          {"": {"type": "directory", "mode": 0o755, "uid": 0}})
    c.add("root_hidden", [directory("./", mode=0), entry("f", b"f\n")],
          "ok", {"f": file_of("f\n")})


def formats(c):
    good = entry("f", b"f\n")
    tar = good + END
    ok = {"f": file_of("f\n")}
    for name, content in ("gz", gzip.compress(tar)), \
            ("bz2", bz2.compress(tar)), ("xz", lzma.compress(tar)), \
            ("zst", zstd_frame(tar)), \
            ("zst_two_frames", zstd_frame(tar[:600]) + zstd_frame(tar[600:])):
        c.raw("good.tar." + name, content, "ok", ok, stream=tar)
        c.raw("truncated.tar." + name, content[:len(content) * 2 // 3],
              "EBADMSG")
    c.raw("two_members.tar.gz",
          gzip.compress(tar[:600]) + gzip.compress(tar[600:]), "ok", ok,
          stream=tar)
    c.raw("garbage_behind.tar.gz", gzip.compress(tar) + b"garbage" * 99,
          "EBADMSG")
    c.raw("zeros_behind.tar.gz", gzip.compress(tar) + b"\0" * 999, "ok", ok,
          stream=tar)
    c.raw("nested.tar.gz.zst", zstd_frame(gzip.compress(tar)), "EBADMSG")
    c.raw("nested.tar.gz.gz", gzip.compress(gzip.compress(tar)), "EBADMSG")
    c.raw("nested.tar.xz.gz", gzip.compress(lzma.compress(tar)), "EBADMSG")
    wrapped = tar
    for _ in range(30):
        wrapped = gzip.compress(wrapped)
    c.raw("nested_30", wrapped, "EBADMSG")
    c.raw("lzma_alone.tar.lzma",
          lzma.compress(tar, format=lzma.FORMAT_ALONE), "EBADMSG")
    corrupt = bytearray(gzip.compress(tar))
    corrupt[-6] ^= 1
    c.raw("wrong_crc.tar.gz", bytes(corrupt), "EBADMSG")
    c.raw("window_bomb.tar.zst", zstd_frame(tar, (31 - 10) << 3),
          ["EBADMSG", "EFBIG"])
    c.raw("window_128m.tar.zst", zstd_frame(tar, (27 - 10) << 3), "ok", ok,
          stream=tar)
    c.raw("garbage_behind.tar.zst", zstd_frame(tar) + b"garbage" * 99,
          ["ok", "EBADMSG"])
    c.raw("wrong_checksum.tar.zst", zstd_checked(tar, b"wsum"), "EBADMSG")
    c.raw("members_100000.tar.gz", gzip.compress(tar[:600])
          + gzip.compress(b"") * 100000 + gzip.compress(tar[600:]), "ok", ok,
          stream=tar)
    c.raw("frames_100000.tar.zst", zstd_frame(tar[:600])
          + zstd_frame(b"") * 100000 + zstd_frame(tar[600:]), "ok", ok,
          stream=tar)
    c.raw("skippable_frames.tar.zst", zstd_frame(tar[:600])
          + (b"\x50\x2a\x4d\x18" + b"\0" * 4) * 100000
          + zstd_frame(tar[600:]), "ok", ok, stream=tar)
    c.raw("dictionary_4g.tar.xz", xz_with_dictionary(tar, 40),
          "EFBIG", None, ["memory"])
    c.raw("dictionary_64m.tar.xz", xz_with_dictionary(tar, 28), "ok", ok,
          stream=tar)
    zeros = 1 << 28
    c.raw("bomb_file.tar.gz", gzip_zeros(header(b"f", size=zeros), zeros,
                                         END), "EFBIG", None,
          ["bytes=%d" % (16 << 20)])
    c.raw("bomb_padding.tar.gz", gzip_zeros(good, zeros), "EFBIG", None,
          ["bytes=%d" % (16 << 20), "files=1000"])
    c.raw("bomb_file.tar.zst", zstd_zeros(header(b"f", size=zeros), zeros,
                                          END), "EFBIG", None,
          ["bytes=%d" % (16 << 20)])
    c.raw("bomb_padding.tar.zst", zstd_zeros(good, zeros), "EFBIG", None,
          ["bytes=%d" % (16 << 20), "files=1000"])
    c.raw("bomb_pax.tar.zst", zstd_zeros(header(b"p", b"x", size=zeros),
                                         zeros, tar), ["EFBIG", "EBADMSG"])
    c.raw("bomb_pax.tar.gz", gzip_zeros(header(b"p", b"x", size=zeros),
                                        zeros, tar), ["EFBIG", "EBADMSG"])
    c.raw("bomb_longname.tar.gz",
          gzip_zeros(header(b"p", b"L", size=zeros, magic=b"ustar  \0"),
                     zeros, tar), ["EFBIG", "EBADMSG"])
    c.raw("bomb_device.tar.gz",
          gzip_zeros(header(b"f", b"3", size=zeros), zeros, END),
          ["EFBIG", "ok", "EBADMSG"], None, ["bytes=%d" % (16 << 20),
                                             "files=1000"])
    c.raw("bomb_whiteout.tar.gz",
          gzip_zeros(header(b".wh.f", size=zeros), zeros, END), "EFBIG",
          None, ["layer", "bytes=%d" % (16 << 20)])
    c.raw("garbage_behind.tar", tar + b"garbage!" * 999, "ok", ok,
          stream=tar + b"garbage!" * 999)
    c.raw("second_archive_behind.tar", tar + entry("g", b"g") + END, "ok",
          {"f": file_of("f\n"), "g": None},
          stream=tar + entry("g", b"g") + END)
    c.raw("empty", b"", "EBADMSG")
    c.raw("no_entries.tar", END, "ok", {}, stream=END)
    c.raw("garbage", bytes(range(256)) * 40, "EBADMSG")
    c.raw("zip", b"PK\x03\x04" + b"\0" * 600, "EBADMSG")
    c.raw("cpio", b"070701" + b"0" * 600, "EBADMSG")
    c.raw("truncated_header.tar", tar[:300], "EBADMSG")
    c.raw("truncated_data.tar", entry("f", b"x" * 5000)[:2000], "EBADMSG")
    c.raw("no_end.tar", good, "ok", ok, stream=good)


def headers(c):
    good = entry("f", b"f\n")
    c.add("bad_checksum", [header(b"f", checksum=1)], "EBADMSG")
    c.add("bad_checksum_later", [good, header(b"g", checksum=1)], "EBADMSG")
    c.add("size_negative", [header(b"f", size=-1)], "EBADMSG")
    c.add("size_negative_big", [header(b"f", size=-2 ** 60)], "EBADMSG")
    c.add("size_huge", [header(b"f", size=2 ** 62) + b"x" * 512], "EBADMSG")
    c.add("size_64bit", [header(b"f", size=2 ** 64 - 1) + b"x" * 512],
          "EBADMSG")
    c.add("size_pax_negative", [pax([(b"size", b"-1")]), good],
          ["EBADMSG", "ok"])
    inner = entry("smuggled", b"smuggled\n")
    c.add("pax_size_smuggle", [
        pax([(b"size", b"%d" % len(inner))]), header(b"outer", size=0),
        inner, entry("after", b"x")], "ok",
          {"outer": {"type": "file", "size": len(inner)}, "smuggled": None,
           "after": file_of("x")})
    c.add("pax_size_smaller", [
        pax([(b"size", b"0")]), header(b"outer", size=len(inner)), inner],
          "ok", {"outer": file_of(""), "smuggled": file_of("smuggled\n")})
    c.add("pax_length_short", [
        header(b"p", b"x", 10) + pad(b"5 path=x\n\n"), good],
          ["EBADMSG", "ok"])
    c.add("pax_length_long", [
        header(b"p", b"x", 20) + pad(b"999 path=../evil\n\n\n\n"), good],
          ["EBADMSG"])
    c.add("pax_length_huge", [
        header(b"p", b"x", 40) +
        pad(b"99999999999999999999 path=../evil\n\n\n\n\n\n"), good],
          ["EBADMSG"])
    c.add("pax_global_path", [pax([(b"path", b"../sentinel/file")], b"g"),
                              good], ["ok", "EXDEV"])
    c.add("pax_twice", [pax([(b"path", b"one")]), pax([(b"path", b"two")]),
                        good], ["ok", "EBADMSG"])
    c.add("pax_only", [pax([(b"path", b"one")])], ["ok", "EBADMSG"])
    c.add("pax_chain", [pax([(b"comment", b"x")])] * 3000 + [good],
          ["ok", "EBADMSG"])
    c.add("longname_only", [long_name(b"L", b"name")], ["ok", "EBADMSG"])
    c.add("unknown_type", [entry("u", b"u\n", kind=b"Z"), good],
          ["ok", "EBADMSG"])
    c.add("volume_header", [entry("v", kind=b"V"), good], ["ok", "EBADMSG"])
    c.add("multi_volume", [entry("v", b"x", kind=b"M"), good],
          ["ok", "EBADMSG"])
    sparse_map = b"2\n0\n5\n1099511627771\n5\n"
    data = pad(sparse_map) + b"startfinal"
    c.add("sparse_1tib", [
        pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
             (b"GNU.sparse.name", b"sparse"),
             (b"GNU.sparse.realsize", b"%d" % 2 ** 40)]) +
        entry("z", data), good], "ok",
          {"sparse": {"type": "file", "size": 2 ** 40, "small": True},
           "f": file_of("f\n")})
    c.add("sparse_name_dotdot", [
        pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
             (b"GNU.sparse.name", b"../sentinel/file"),
             (b"GNU.sparse.realsize", b"10")]) +
        entry("z", pad(b"1\n0\n5\n") + b"start")], "EXDEV")
    for name, text in ("backwards", b"2\n100\n5\n0\n5\n"), \
            ("overlapping", b"2\n0\n5\n3\n5\n"), \
            ("beyond", b"1\n99999\n5\n"), ("negative", b"1\n-5\n5\n"), \
            ("endless", b"99999999999\n0\n5\n"), ("words", b"x\ny\n"):
        c.add("sparse_" + name, [
            pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                 (b"GNU.sparse.name", b"sparse"),
                 (b"GNU.sparse.realsize", b"200")]) +
            entry("z", pad(text) + b"startfinal")], ["EBADMSG", "ok"])
    c.add("sparse_too_large", [
        pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
             (b"GNU.sparse.name", b"sparse"),
             (b"GNU.sparse.realsize", b"%d" % (2 ** 63 - 1))]) +
        entry("z", pad(b"1\n0\n5\n") + b"start")],
          ["EFBIG", "EBADMSG", "EINVAL", "ok"])
    c.add("hardlink_with_data", [entry("a", b"a\n"),
                                 entry("b", b"bbb\n", kind=b"1", link="a"),
                                 good], ["ok", "EBADMSG"])


def large(c):
    many = [entry("d%d/f%d" % (n // 1000, n), b"x") for n in range(100000)]
    c.add("files_100000", many, "ok", {"d99/f99999": file_of("x"),
                                       "*": {"files": 100100}})
    c.add("files_100000_scattered",
          [entry("d%d/f%d" % (n % 1000, n), b"") for n in range(100000)],
          "ok", {"d999/f99999": file_of("")})
    c.add("too_many_files", [entry("f%d" % n) for n in range(101)], "EFBIG",
          None, "files=100")
    c.add("too_many_implied", [entry("a/" * 101 + "f")], "EFBIG", None,
          "files=100")
    c.add("too_many_bytes", [entry("f", b"x" * 1001)], "EFBIG", None,
          "bytes=1000")
    c.add("same_name_10000", [entry("f", b"%d" % n) for n in range(10000)],
          "ok", {"f": file_of("9999")})
    c.add("flip_10000", [entry("f") if n % 2 else directory("f")
                         for n in range(10001)], "ok",
          {"f": {"type": "directory"}})


def main():
    where, sentinel = sys.argv[1:]
    os.makedirs(where, exist_ok=True)
    corpus = Corpus(where, sentinel)
    for part in (escapes, hardlinks, whiteouts, kinds, ids, names, formats,
                 headers, large):
        part(corpus)
    with open(os.path.join(where, "expect.json"), "w") as f:
        json.dump(corpus.cases, f, indent=1)


if __name__ == "__main__":
    main()
