#!/usr/bin/env python3
"""Unpack every hostile archive beside a sentinel tree (run by meson test).

    run.py UNPACK_ONE [CASE...]

Runs as an ordinary user with subordinate ids, in a user namespace of them
made by unshare(1).  Started by root it becomes $WOLFFIA_TEST_USER (wolf).
For each archive: the sentinel is as it was, to the last attribute; the result
and the tree are what make_archives.py expects; at most 10 seconds; no
confined process over 256 MiB.
"""
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 10
KIB = 256 << 10
SKIP = 77


def cannot(why):
    print("cannot run: " + why, file=sys.stderr)
    sys.exit(1 if os.environ.get("TESTS_MUST_RUN") == "1" else SKIP)


def enter_namespace():
    """Run this file again as id 0 of a namespace with subordinate ids."""
    command = ["unshare", "--map-root-user", "--map-auto", "--mount",
               "--propagation", "private"]
    if os.geteuid() == 0:
        user = os.environ.get("WOLFFIA_TEST_USER", "wolf")
        if subprocess.run(["id", user], capture_output=True).returncode:
            cannot("root is not who runs this, and there is no user " + user)
        command = ["runuser", "-u", user, "--"] + command
    probe = subprocess.run(command + ["true"], capture_output=True, text=True)
    if probe.returncode:
        cannot("no user namespace with subordinate ids: " + probe.stderr)
    os.environ["HOSTILE_INSIDE"] = "1"
    # what this user may not read the archives of must still be readable
    sys.exit(subprocess.run(command + ["python3"] + sys.argv).returncode)


def picture(top):
    """All that there is to know about a tree, but for access times."""
    seen = []
    for path, dirs, files in os.walk(top):
        for name in [""] + dirs + files:
            full = os.path.join(path, name) if name else path
            st = os.lstat(full)
            what = None
            if stat.S_ISLNK(st.st_mode):
                what = os.readlink(full)
            elif stat.S_ISREG(st.st_mode):
                with open(full, "rb") as f:
                    what = f.read()
            xattrs = os.listxattr(full, follow_symlinks=False)
            seen.append((full, st.st_mode, st.st_uid, st.st_gid, st.st_nlink,
                         st.st_size, st.st_mtime_ns, st.st_ctime_ns, what,
                         tuple(sorted(xattrs))))
    return sorted(seen, key=lambda s: s[0])


def make_sentinel(top):
    os.mkdir(top)
    for name in "file", "passwd", "secret":
        with open(os.path.join(top, name), "w") as f:
            f.write("sentinel " + name + "\n")
    os.chmod(os.path.join(top, "secret"), 0o600)
    os.mkdir(os.path.join(top, "self"))
    os.symlink("file", os.path.join(top, "link"))
    os.mkfifo(os.path.join(top, "fifo"))
    for name in os.listdir(top):
        os.utime(os.path.join(top, name), (1, 1), follow_symlinks=False)
    os.utime(top, (1, 1))


KINDS = {"file": stat.S_ISREG, "directory": stat.S_ISDIR,
         "link": stat.S_ISLNK, "fifo": stat.S_ISFIFO,
         "whiteout": lambda m: stat.S_ISCHR(m)}


def xattr(fd_path, name):
    try:
        return os.getxattr(fd_path, name, follow_symlinks=False)
    except OSError:
        return None


def check_path(root, path, want):
    """What is wrong at @path, as a list of sentences."""
    # step by step: some are longer than PATH_MAX would like with a prefix
    os.chdir(root)
    parts = [p for p in path.split("/") if p]
    try:
        for part in parts[:-1]:
            os.chdir(part)
        here = parts[-1] if parts else "."
        st = os.lstat(here)
    except OSError as e:
        return [] if want is None else ["%s: %s" % (path[:80], e)]
    if want is None:
        return ["%s is there" % path]
    bad = []

    def same(what, is_, wanted):
        if is_ != wanted:
            bad.append("%s: %s is %r, not %r" % (path[:80], what, is_,
                                                 wanted))

    if not KINDS[want["type"]](st.st_mode):
        return ["%s is no %s but %o" % (path[:80], want["type"], st.st_mode)]
    if want["type"] == "whiteout":
        same("device", st.st_rdev, 0)
    if "content" in want:
        with open(here, "rb") as f:
            same("content", f.read().decode("latin-1"), want["content"])
    if "target" in want:
        same("target", os.readlink(here), want["target"])
    if "mode" in want:
        same("mode", oct(stat.S_IMODE(st.st_mode)), oct(want["mode"]))
    for key, is_ in ("uid", st.st_uid), ("gid", st.st_gid), \
            ("size", st.st_size), ("mtime", int(st.st_mtime_ns // 10**9)):
        if key in want:
            same(key, is_, want[key])
    if want.get("small") and st.st_blocks > 64:
        bad.append("%s has %d blocks" % (path, st.st_blocks))
    if "same_as" in want:
        same("inode", st.st_ino,
             os.lstat(os.path.join(root, want["same_as"])).st_ino)
    if "opaque" in want:
        for name in "user.overlay.opaque", "user.fuseoverlayfs.opaque":
            same(name, xattr(here, name), b"y")
    if "caps" in want:
        value = xattr(here, "security.capability") or b""
        # read in the namespace that wrote it, it is version 2 again
        same("capabilities", value.hex(), want["caps"])
    for name, value in want.get("xattrs", {}).items():
        is_ = xattr(here, name)
        same(name, is_.decode() if is_ is not None else None, value)
    return bad


FIELDS = ["result", "memory", "diff_id", "files", "bytes", "devices",
          "xattrs", "whiteouts", "highest", "text"]


def run_case(tool, corpus, case, base, sanitized):
    target = os.path.join(base, "target")
    os.mkdir(target, 0o700)
    begin = time.monotonic()
    options = [o for o in case["options"] if o != "memory"]
    done = subprocess.run(
        [tool] + options + [os.path.join(corpus, case["file"]),
                                    target],
        capture_output=True, timeout=60, errors="surrogateescape", text=True)
    seconds = time.monotonic() - begin
    if done.returncode or not done.stdout:
        return ["the tool ended with %d: %s" % (done.returncode,
                                                done.stderr[-2000:])], seconds
    said = dict(zip(FIELDS, done.stdout.rstrip("\n").split("\t")))
    bad = []
    expect = case["expect"]
    if said["result"] not in ([expect] if expect == "ok" else expect):
        bad.append("%s (%s), expected %s" % (said["result"], said["text"],
                                             expect))
    if seconds > SECONDS * (5 if sanitized else 1):
        bad.append("took %.1f s" % seconds)
    if int(said["memory"]) > KIB and not sanitized:
        bad.append("took %s KiB" % said["memory"])
    if any(ord(ch) < 32 or ord(ch) == 127 for ch in said["text"]):
        bad.append("control characters in the message")
    if said["result"] == "ok" and "diff_id" in case and \
            said["diff_id"] != case["diff_id"]:
        bad.append("diff id " + said["diff_id"])
    if said["result"] == "ok":
        for path, want in case["check"].items():
            if path == "*":
                bad += ["%s is %s, not %d" % (k, said[k], v)
                        for k, v in want.items() if int(said[k]) != v]
            else:
                bad += check_path(target, path, want)
    if done.stderr:
        bad.append("stderr: " + done.stderr[-2000:])
    return bad, seconds


def use_memory(base):
    """Put a tmpfs on @base, so that the times are ours and not a disk's."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g,mode=0755",
                       "tmpfs", base], capture_output=True).returncode:
        return False
    try:
        os.setxattr(base, "user.probe", b"x")
    except OSError:
        # before Linux 6.6 a tmpfs has no user attributes
        subprocess.run(["umount", base], check=True)
        return False
    return True


def remove(path):
    os.chdir("/")
    subprocess.run(["rm", "-rf", path], check=True)


def main():
    tool, only = os.path.abspath(sys.argv[1]), sys.argv[2:]
    if os.environ.get("HOSTILE_INSIDE") != "1":
        enter_namespace()
    base = tempfile.mkdtemp(prefix="hostile.")
    in_memory = use_memory(base)
    failed = 0
    try:
        sentinel = os.path.join(base, "sentinel")
        corpus = os.path.join(base, "corpus")
        make_sentinel(sentinel)
        subprocess.run([sys.executable,
                        os.path.join(HERE, "make_archives.py"), corpus,
                        sentinel], check=True)
        with open(os.path.join(corpus, "expect.json")) as f:
            cases = json.load(f)
        cases = [c for c in cases if not only or
                 any(o in c["file"] for o in only)]
        sanitized = subprocess.run([tool, "sanitized"]).returncode == 0
        if sanitized:
            cases = [c for c in cases if "memory" not in c["options"]]
        before = picture(sentinel)
        print("1..%d" % len(cases))
        for number, case in enumerate(cases, 1):
            bad, seconds = run_case(tool, corpus, case, base, sanitized)
            if picture(sentinel) != before:
                bad.append("THE SENTINEL CHANGED")
                remove(sentinel)
                make_sentinel(sentinel)
                before = picture(sentinel)
            remove(os.path.join(base, "target"))
            print("%s %d - %s %.2f s" % ("not ok" if bad else "ok", number,
                                         case["file"], seconds))
            for line in bad:
                print("# " + line)
            failed += bool(bad)
    finally:
        os.chdir("/")
        if in_memory:
            subprocess.run(["umount", base], check=True)
        remove(base)
    print("# %d of %d failed" % (failed, len(cases)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
