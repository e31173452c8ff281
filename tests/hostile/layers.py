#!/usr/bin/env python3
"""Unpacked layers, as overlay file systems show them (run by meson test).

    layers.py UNPACK_ONE

Whiteouts and opaque directories are read by the kernel's overlayfs and by
fuse-overlayfs alike; where the file system refuses device 0:0, by
fuse-overlayfs; and with one id fuse-overlayfs shows the owners that were
meant.  A full file system is an error that says so.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import make_archives as m
import run

LOWER = [m.directory("d/"), m.entry("d/old", b"old"),
         m.directory("o/"), m.entry("o/old", b"old"),
         m.directory("r/"), m.entry("r/old", b"old"),
         m.entry("gone", b"x"), m.entry("kept", b"kept"),
         m.directory("gone_directory/"), m.entry("gone_directory/f", b"x"),
         m.entry("replaced", b"old")]
UPPER = [m.entry("d/.wh.old"), m.entry("d/new", b"new"),
         m.entry("o/new", b"new"), m.entry("o/.wh..wh..opq"),
         m.entry(".wh.r"), m.directory("r/"), m.entry("r/new", b"new"),
         m.entry(".wh.gone"), m.entry(".wh.gone_directory"),
         m.entry("replaced", b"new"), m.entry(".wh.replaced"),
         m.entry(".wh.was_never_there")]
MERGED = ["d", "d/new", "kept", "o", "o/new", "r", "r/new", "replaced"]


def listing(top):
    found = []
    for path, dirs, files in os.walk(top):
        found += [os.path.relpath(os.path.join(path, n), top)
                  for n in dirs + files]
    return sorted(found)


def unpack(tool, entries, target, *options, expect="ok"):
    with tempfile.NamedTemporaryFile() as tar:
        tar.write(b"".join(entries) + m.END)
        tar.flush()
        os.makedirs(target, exist_ok=True)
        said = subprocess.run([tool, "layer", *options, tar.name, target],
                              capture_output=True, text=True,
                              check=True).stdout
    said = dict(zip(run.FIELDS, said.rstrip("\n").split("\t")))
    if said["result"] != expect:
        sys.exit("not ok - unpack: " + said["text"])
    return said


def mount_kernel(lower, on):
    subprocess.run(["mount", "-t", "overlay", "-o",
                    "userxattr,lowerdir=" + ":".join(lower), "x", on],
                   check=True)


def mount_fuse(lower, on, more=""):
    # in the foreground it would have to be waited for; this returns mounted
    subprocess.run(["fuse-overlayfs", "-o",
                    "lowerdir=" + ":".join(lower) + more, on], check=True)


class Checks:
    def __init__(self):
        self.bad = 0

    def same(self, what, is_, wanted):
        self.bad += is_ != wanted
        print("%s - %s" % ("ok" if is_ == wanted else "not ok", what))
        if is_ != wanted:
            print("# is     %r\n# wanted %r" % (is_, wanted))


def shown(mount, lower, on, *more):
    os.makedirs(on, exist_ok=True)
    mount(lower, on, *more)
    try:
        return listing(on)
    finally:
        subprocess.run(["umount", on], check=True)


def main():
    tool = os.path.abspath(sys.argv[1])
    if os.environ.get("HOSTILE_INSIDE") != "1":
        run.enter_namespace()
    if not shutil.which("fuse-overlayfs"):
        run.cannot("fuse-overlayfs is not installed")
    base = tempfile.mkdtemp(prefix="layers.")
    checks = Checks()
    os.chdir(base)
    try:
        unpack(tool, LOWER, "lower")
        said = unpack(tool, UPPER, "upper")
        layers = [base + "/upper", base + "/lower"]
        checks.same("whiteouts are devices", said["whiteouts"], "0")
        for name, mount in ("kernel", mount_kernel), ("fuse", mount_fuse):
            checks.same("merged by " + name,
                        shown(mount, layers, base + "/merged"), MERGED)

        # an overlay refuses device 0:0, as a store inside a container would
        for name in "a", "b", "c", "refuses":
            os.mkdir(name)
        subprocess.run(["mount", "-t", "overlay", "-o",
                        "userxattr,lowerdir=a,upperdir=b,workdir=c", "x",
                        "refuses"], check=True)
        for order in 1, -1:
            where = "refuses/%d" % order
            said = unpack(tool, UPPER[::order], where)
            checks.same("whiteouts are files", int(said["whiteouts"]) > 0,
                        True)
            checks.same("merged by fuse from files",
                        shown(mount_fuse, [base + "/" + where,
                                           base + "/lower"],
                              base + "/merged"), MERGED)
        subprocess.run(["umount", "-l", "refuses"], check=True)

        unpack(tool, [m.directory("d", mode=0o2710, uid=1000, gid=1001),
                      m.entry("f", b"", mode=0o4000, uid=65535, gid=7)],
               "single", "single")
        os.makedirs("merged", exist_ok=True)
        mount_fuse([base + "/single"], "merged", ",xattr_permissions=2")
        owners = {}
        for name in "", "d", "f":
            st = os.lstat("merged/" + name)
            owners[name] = (st.st_uid, st.st_gid, oct(st.st_mode & 0o7777))
        subprocess.run(["umount", "merged"], check=True)
        checks.same("owners kept in attributes", owners, {
            "": (0, 0, "0o755"), "d": (1000, 1001, "0o2710"),
            "f": (65535, 7, "0o4000")})

        os.mkdir("full")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "x", "full"],
                       check=True)
        said = unpack(tool, [m.entry("f", b"x" * (2 << 20))], "full",
                      expect="ENOSPC")
        subprocess.run(["umount", "full"], check=True)
        checks.same("what a full disk says", said["text"],
                    "unpack it: write 'f': No space left on device")
    finally:
        os.chdir("/")
        subprocess.run(["chmod", "-R", "u+rwX", base], check=True)
        shutil.rmtree(base)
    sys.exit(1 if checks.bad else 0)


if __name__ == "__main__":
    main()
