#!/usr/bin/env python3
"""Copy out of every hostile archive beside a sentinel tree, as cp does with
what comes out of a container (run by meson test).

    copies.py COPY_ONE [CASE...]

The corpus and the sentinel are those of run.py.  Each archive is copied to an
empty directory, and to one in which every first component of its names is a
symbolic link to the sentinel already; to a directory of this machine, and to
the root of a container.  Whatever comes of it: the sentinel is as it was, to
the last attribute; no process crashes; at most 10 seconds.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import run

HERE = os.path.dirname(os.path.abspath(__file__))


def first_components(path):
    """Of whatever looks like the head of an entry, rightly or not."""
    with open(path, "rb") as f:
        data = f.read(1 << 20)
    names = set()
    for at in range(0, len(data), 512):
        name = data[at:at + 100].split(b"\0")[0].lstrip(b"/.")
        first = name.split(b"/")[0]
        if first and data[at + 257:at + 262] == b"ustar":
            names.add(first)
    return names


def make_target(target, archive, sentinel, links):
    os.mkdir(target)
    for name in first_components(archive) if links else []:
        os.symlink(sentinel.encode(), os.path.join(target.encode(), name))


def run_case(tool, archive, target, how):
    begin = time.monotonic()
    bad = []
    try:
        done = subprocess.run([tool, how, archive, target],
                              capture_output=True, text=True,
                              errors="replace", timeout=run.SECONDS)
    except subprocess.TimeoutExpired:
        return ["it did not end"], "", run.SECONDS
    said = done.stdout.rstrip("\n").split("\t")
    if done.returncode:
        bad.append("exit status %d" % done.returncode)
    if done.stderr:
        bad.append("stderr: " + done.stderr[-2000:])
    return bad, said[0], time.monotonic() - begin


def main():
    tool, only = os.path.abspath(sys.argv[1]), sys.argv[2:]
    if os.environ.get("HOSTILE_INSIDE") != "1":
        run.enter_namespace()
    base = tempfile.mkdtemp(prefix="copies.")
    in_memory = run.use_memory(base)
    failed = number = 0
    results = {}
    try:
        sentinel = os.path.join(base, "sentinel")
        corpus = os.path.join(base, "corpus")
        target = os.path.join(base, "target")
        run.make_sentinel(sentinel)
        subprocess.run([sys.executable,
                        os.path.join(HERE, "make_archives.py"), corpus,
                        sentinel], check=True)
        with open(os.path.join(corpus, "expect.json")) as f:
            names = sorted({case["file"] for case in json.load(f)
                            if "memory" not in case["options"]})
        names = [n for n in names if not only or any(o in n for o in only)]
        before = run.picture(sentinel)
        print("1..%d" % (4 * len(names)))
        for name in names:
            for how in "host", "root":
                for links in False, True:
                    archive = os.path.join(corpus, name)
                    make_target(target, archive, sentinel, links)
                    bad, said, seconds = run_case(tool, archive, target, how)
                    results[said] = results.get(said, 0) + 1
                    if run.picture(sentinel) != before:
                        bad.append("THE SENTINEL CHANGED")
                        run.remove(sentinel)
                        run.make_sentinel(sentinel)
                        before = run.picture(sentinel)
                    run.remove(target)
                    number += 1
                    failed += bool(bad)
                    print("%s %d - %s %s%s: %s %.2f s" %
                          ("not ok" if bad else "ok", number, name, how,
                           " with links" if links else "", said, seconds))
                    for line in bad:
                        print("# " + line)
    finally:
        os.chdir("/")
        if in_memory:
            subprocess.run(["umount", base], check=True)
        run.remove(base)
    print("# %d of %d failed; %s" % (failed, number, results))
    # a test in which nothing ever worked would say nothing
    sys.exit(1 if failed or (not only and results.get("ok", 0) < 20) else 0)


if __name__ == "__main__":
    main()
