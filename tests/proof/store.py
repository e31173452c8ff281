#!/usr/bin/env python3
"""The image store, when all of a command is killed, or one call fails.

    store.py MEDDLE WOLFFIA TOOLS [--points N] [--jobs N]
             [--only VERB[:PROCESS:CALL:N:ERRNO]]

Each verb that changes the store runs once, and its calls that change files of
the store are listed (meddle -c).  Then once for each of N of them, evenly
spread: all processes of the command are killed there.  After each

  - "images" lists what there was before, or what there should be afterwards,
  - "check" finds no damage, and what was there before still runs,
  - skopeo reads the store (at some of the points),
  - the command works when it is done again, and then no file is in the store
    that is not there when nothing was killed.

Another part of the points fail with an error in place of a kill; then the
command says so in one line, or has worked.
"""
import argparse
import os
import random
import shutil
import tempfile
import time

import ground
import images
from ground import Ground, Tap, children_of

HANG = 30
ERRORS = "ENOSPC EIO EMFILE ENOMEM".split()
BASE, TWO, MADE = "localhost/base:1", "localhost/two:1", "localhost/made:1"
# a command that only removes what was left half-done
NOTHING = ["rmi", "-f", "-q", "no-such-image"]
# what is no image, or changes with every command
OTHER = {"containers", "names", "events", "events.1", "lock", "layers.lock",
         "mounts", "volumes"}


class Verb:
    """before, undo: commands without faults around it.  hurt: what damages
    the store before; then it may be damaged until it is done again.  dated:
    what it makes has another digest each time."""

    def __init__(self, argv, before=(), undo=(), share=1, hurt=None,
                 dated=False):
        self.argv, self.before, self.undo = argv, before, undo
        self.share, self.hurt, self.dated = share, hurt, dated


def verbs(files, remote):
    load = ["load", "-q", "-i", files + "/two.tar"]
    remove = ["rmi", "-f", "-q"]
    return {
        "load": Verb(load, undo=[remove + [TWO]], share=3),
        "import": Verb(["import", "-q", files + "/rootfs.tar", MADE],
                       undo=[remove + [MADE]], dated=True),
        "pull": Verb(["pull", "-q", remote], undo=[remove + [remote]],
                     share=3),
        "rmi": Verb(remove + [TWO], before=[load], share=2),
        "prune": Verb(["image", "prune", "-a", "-f"], before=[load]),
        "check --repair": Verb(
            ["check", "-q", "--repair"], before=[load],
            undo=[remove + [TWO]], hurt="layers/%s/srv"),
    }


class Runner:
    def __init__(self, arguments, files, remote):
        self.arguments = arguments
        self.place = Ground(arguments.wolffia, arguments.tools)
        self.verbs = verbs(files, remote)
        self.changes = os.path.join(self.place.dir, "changes")
        self.log = os.path.join(self.place.dir, "log")
        with open(files + "/last") as file:
            self.last = file.read()
        self.expected = {}
        self.cases = 0
        self.files = files
        self.fill()

    def fill(self):
        """The store as it is before each verb.  A container keeps the first
        image from being pruned."""
        self.must("load", "-q", "-i", self.files + "/base.tar")
        self.must("create", "-q", "--name", "kept", BASE, "true")
        self.base = self.list()

    def wolffia(self, *argv):
        return self.place.run([self.arguments.wolffia] + list(argv),
                              seconds=HANG)

    def must(self, *argv):
        done = self.wolffia(*argv)
        if done.status != 0:
            raise RuntimeError("%s: %s %s" % (" ".join(argv), done.status,
                                              done.complained()))
        return done.said()

    def traced(self, verb, *how):
        done = self.place.run(
            [self.arguments.meddle, "-c", self.changes, "-l", self.log,
             *how, self.arguments.wolffia] + verb.argv, seconds=HANG)
        # until the tracer has written all
        self.place.wait_for(lambda: not any(
            s.name == "meddle" for s in children_of(os.getpid())))
        return done

    def names(self, verb):
        """What "images" says, sorted."""
        said = self.must("images", "--no-trunc", "--format",
                         "{{.Repository}}:{{.Tag}}" +
                         ("" if verb.dated else " {{.Digest}}"))
        return sorted(said.splitlines())

    def list(self, verb=None):
        """{path: size} of all files of images and work"""
        found = {}
        for path, dirs, files in os.walk(self.place.store):
            where = os.path.relpath(path, self.place.store)
            if where == ".":
                dirs[:] = [d for d in dirs if d not in OTHER]
                files = [f for f in files if f not in OTHER]
            for name in dirs + files:
                size = os.lstat(os.path.join(path, name)).st_size
                file = os.path.normpath(os.path.join(where, name))
                if verb and verb.dated and "blobs" in file and \
                        file not in self.base:
                    file = "a blob of %d bytes" % size
                found[file] = size if name in files else "directory"
        return found

    def prepare(self, verb):
        open(self.changes, "w").close()
        open(self.log, "w").close()
        for argv in verb.before:
            self.must(*argv)
        if verb.hurt:
            self.must("unshare", "touch", os.path.join(
                self.place.store, verb.hurt % self.last))

    def learn(self, name):
        """Return: [process, call, n] of each call that changes the store"""
        verb = self.verbs[name]
        for _ in range(2):  # the first may make what stays, as blobs/sha512
            self.prepare(verb)
            before = self.names(verb)
            done = self.traced(verb)
            if done.status != 0:
                raise RuntimeError("%s fails without a fault: %s" % (
                    name, done.complained()))
            self.expected[name] = before, self.names(verb), self.list(verb)
            with open(self.changes) as file:
                lines = [line.rstrip("\n").split("\t") for line in file]
            self.undo(verb)
        return [line[:3] for line in lines
                if any(path.startswith(self.place.store + "/")
                       for path in line[4:])]

    def undo(self, verb):
        for argv in verb.undo:
            self.must(*argv)
        self.base = self.list()

    def once(self, name, point):
        """Return: complaints, or None when the point was not reached"""
        verb = self.verbs[name]
        if name not in self.expected:
            self.learn(name)
        self.prepare(verb)
        done = self.traced(verb, "-f", ":".join(point))
        complaints = []
        try:
            self.judge(verb, done, point[3], complaints)
            self.check(name, verb, complaints)
            self.again(name, verb, complaints)
            self.undo(verb)
        except RuntimeError as error:
            complaints.append(str(error))
        with open(self.log) as file:
            hit = "hit\n" in file
        if complaints:
            self.place.renew_store()
            self.fill()
        self.place.forget_output()
        self.cases += 1
        return complaints if hit or complaints else None

    def judge(self, verb, done, how, complaints):
        if done.status is None:
            complaints.append("no end after %d s" % HANG)
            self.place.kill_all()
        elif how != "KILLALL" and done.status != 0 and \
                not ground.is_one_clear_line(done.complained()):
            complaints.append("status %d, and it said: %r" % (
                done.status, done.complained()))

    def check(self, name, verb, complaints):
        """What a user sees, before anything is done about it."""
        before, after, _ = self.expected[name]
        names = self.names(verb)
        if names not in (before, after):
            complaints.append("images are %s" % names)
        checked = self.wolffia("check", "-q")
        if "damaged" in checked.said() and not verb.hurt:
            complaints.append("check: " + checked.said())
        ran = self.wolffia("run", "-q", "--pull", "never", BASE, "true")
        if ran.status != 0:
            complaints.append("what was there does not run: " +
                              ran.complained())
        if self.cases % 10 == 0 and shutil.which("skopeo"):
            read = self.place.run(["skopeo", "inspect", "--raw", "oci:%s/oci:%s"
                                   % (self.place.store, BASE)])
            if read.status != 0:
                complaints.append("skopeo: " + read.complained())

    def again(self, name, verb, complaints):
        """Nothing is to be repaired by hand."""
        _, after, files = self.expected[name]
        # a second image takes the name of the first
        made = verb.dated and self.names(verb) == after
        done = self.wolffia(*(NOTHING if made else verb.argv))
        if done.status != 0:
            complaints.append("done again: %s" % done.complained())
        names = self.names(verb)
        if names != after:
            complaints.append("done again, images are %s" % names)
        compare(self.list(verb), files, complaints)
        if verb.hurt and self.wolffia("check", "-q").status != 0:
            complaints.append("it is not repaired")

    def close(self):
        self.place.close()


def compare(found, wanted, complaints):
    for path in sorted(set(found) | set(wanted)):
        if found.get(path) != wanted.get(path):
            complaints.append("%s: %s" % (path, "is left" if path not in wanted
                                          else "is gone" if path not in found
                                          else "differs"))


def make_files(directory):
    base, more, last = images.layers()
    images.Layout(directory + "/base", BASE, [base]).pack(
        directory + "/base.tar")
    two = images.Layout(directory + "/two", TWO, [base, more, last])
    two.pack(directory + "/two.tar")
    with open(directory + "/rootfs.tar", "wb") as file:
        file.write(images.layer(("made", b"made\n", 1000, 0o644)))
    with open(directory + "/last", "w") as file:
        file.write(two.digests[2].partition(":")[2])
    return two


def spread(points, n):
    """n of them, as far from one another as can be"""
    if n >= len(points):
        return points
    return [points[i * len(points) // n] for i in range(n)]


def choose(learned, shares, n, fault_part):
    """Return: [(verb, point)]: kills, and so many faults for each of them"""
    chance = random.Random(1)
    cases = []
    for name, points in learned:
        each = round(n * shares[name] / sum(shares.values()) + 0.5)
        cases += [(name, p + ["KILLALL"]) for p in spread(points, each)]
        cases += [(name, p + [chance.choice(ERRORS)])
                  for p in spread(points, round(each * fault_part))]
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("meddle")
    parser.add_argument("wolffia")
    parser.add_argument("tools")
    parser.add_argument("--points", type=int,
                        default=4000 if ground.is_long() else 300)
    parser.add_argument("--faults", type=float, default=0.15)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    arguments = ground.parse(parser)
    ground.become_user()
    ground.need_subids()
    for tool in "docker-registry", "skopeo":
        if not shutil.which(tool):
            ground.cannot("there is no " + tool)
    directory = tempfile.mkdtemp(prefix="wolffia-proof-images.")
    registry = images.Registry(directory)
    try:
        prove(arguments, directory,
              registry.push(make_files(directory), "two:1"))
    finally:
        registry.close()
        shutil.rmtree(directory, ignore_errors=True)


def prove(arguments, files, remote):
    only, _, point = arguments.only.partition(":")
    all_verbs = verbs(files, remote)
    names = [name for name in all_verbs if only in ("", name)]
    shares = {name: all_verbs[name].share for name in names}

    def work(what, part):
        runner = Runner(arguments, files, remote)
        try:
            return [(name, rest, what(runner, name, rest))
                    for name, rest in part]
        finally:
            runner.close()

    def learn(part):
        return work(lambda runner, name, _: runner.learn(name), part)

    def fail(part):
        return work(Runner.once, part)

    tap = Tap()
    begun = time.monotonic()
    if point:
        cases = [(only, point.split(":"))]
    else:
        learned = {name: points for name, _, points in ground.in_parallel(
            2, learn, [(name, None) for name in names])}
        cases = choose([(name, learned[name]) for name in names], shares,
                       arguments.points, arguments.faults)
    results = ground.in_parallel(max(2, arguments.jobs), fail, cases)
    report(tap, names, results)
    tap.note("%d points, %.1f s" % (len(cases), time.monotonic() - begun))
    tap.end()


def report(tap, names, results):
    for name in names:
        for is_kill, what in ((True, "killed at %d calls, the store is whole"),
                              (False, "%d failing calls, the store is whole")):
            mine = [r for r in results if r[0] == name and
                    (r[1][3] == "KILLALL") == is_kill]
            hit = [r for r in mine if r[2] is not None]
            if mine:
                tap.test("%s: %s" % (name, what % len(hit)),
                         ["%s: %s" % (":".join(p), line)
                          for _, p, lines in hit for line in lines] or
                         ([] if hit else ["no point was reached"]))


if __name__ == "__main__":
    main()
