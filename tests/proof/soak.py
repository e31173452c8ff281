#!/usr/bin/env python3
"""Thousands of starts, eight at a time: nothing grows.

    soak.py WOLFFIA TOOLS [--starts N] [--at-once N] [--seed N]

Some containers live all the time, and commands are executed in them.  Beside
them others are started in all ways that there are, and each does what it
should.  What there is at the beginning, after the first fiftieth of it, is
there at the end, and no more: descriptors and memory of the processes that
live, mounts, keys, locks, files of the store, processes.
"""
import argparse
import os
import pwd
import random
import subprocess
import time

import ground
from ground import Ground, Tap, children_of, descendants_of, locks_below

GROWTH_KIB = 512
LIVING = {
    "living-plain": ["--rootfs"],
    "living-fuse": ["--driver", "fuse-overlayfs", "--rootfs"],
    "living-terminal": ["-t", "-i", "--rootfs"],
}
PATIENCE = 60


def ways(root, volume):
    """[commands of one start]; each is arguments, standard input, and what
    it answers: status and output"""
    rootfs = ["--rootfs", root]

    def run(*options, ask="echo ok", answer="ok\n", status=0, given=None):
        return [(["run", *options, *rootfs, "sh", "-c", ask], given,
                 (status, answer))]

    def kept(name, begin, *commands):
        return [begin] + list(commands) + [(["rm", name], None, (0, None))]

    def detached(name, *options, ask="sleep 100"):
        return (["run", "-d", "--name", name, *options, *rootfs, "sh", "-c",
                 ask], None, (0, None))

    def command(*argv, answer=None, given=None):
        return (list(argv), given, (0, answer))

    living = random.choice(sorted(LIVING))
    me = "start-%d" % os.getpid()
    return [
        run(),
        run("--rm"),
        run("--read-only", "-v", volume + ":/v"),
        run("-i", ask="cat", answer="given\n", given="given\n"),
        run("--pid1", status=3, ask="echo ok; exit 3"),
        run("--userns", "as-me", "-w", "/tmp", ask="pwd", answer="/tmp\n"),
        run("--driver", "fuse-overlayfs", ask="echo x >/x; cat /x",
            answer="x\n"),
        run("--cap-drop", "ALL", "--tmpfs", "/t", "-e", "A=b", ask="echo $A",
            answer="b\n"),
        run("-u", "1", "--ulimit", "nofile=64", ask="ulimit -n",
            answer="64\n"),
        run("--timeout", "60", ask="sleep 0.05; kill -9 $$", status=137,
            answer=""),
        [(["run", "@host", "true"], None, (0, ""))],
        kept(me, detached(me), command("exec", me, "echo", "in",
                                       answer="in\n"),
             command("stop", "-t", "0", me)),
        kept(me, detached(me, "-t"), command("kill", me),
             command("start", me), command("pause", me),
             command("unpause", me), command("stop", "-t", "0", me)),
        kept(me, command("create", "--name", me, *rootfs, "echo", "made"),
             command("start", "-a", me, answer="made\n"),
             command("start", "-a", me, answer="made\n")),
        [detached(me, "--restart", "on-failure:2", ask="false"),
         command("wait", me, answer="1\n"), command("rm", "-f", me)],
        [detached(me, "--rm"), command("rm", "-f", me)],
        [command("exec", living, "echo", "in", answer="in\n")],
        [command("exec", "-i", living, "cat", given="x\n", answer="x\n")],
        [command("ps", "-a")],
    ]


class Soak:
    def __init__(self, arguments):
        self.place = Ground(arguments.wolffia, arguments.tools)
        self.program = arguments.wolffia
        self.volume = os.path.join(self.place.dir, "volume")
        os.mkdir(self.volume)
        self.lives = []

    def start_living(self):
        for name, options in LIVING.items():
            done = self.place.run(
                [self.program, "run", "-d", "--name", name, *options,
                 self.place.root, "sleep", "100000"], seconds=PATIENCE)
            if done.status != 0:
                raise RuntimeError(done.complained())
        self.lives = [(s.pid, s.name) for s in descendants_of(os.getpid())]

    def do(self, chance):
        """One start in one way.  Return: how many starts that were"""
        random.seed(chance.random())
        commands = chance.choice(ways(self.place.root, self.volume))
        for argv, given, (status, answer) in commands:
            done = subprocess.run(
                [self.program] + argv, input=given, capture_output=True,
                text=True, timeout=PATIENCE, env=self.place.environment,
                stdin=None if given is not None else subprocess.DEVNULL)
            if done.returncode != status or done.stderr or (
                    answer is not None and done.stdout != answer):
                raise RuntimeError("%s: status %d, %r, %r" % (
                    argv, done.returncode, done.stdout, done.stderr))
        return sum(argv[0] in ("run", "start", "exec")
                   for argv, _, _ in commands)

    def do_many(self, seeds):
        started = 0
        failures = []
        for seed in seeds:
            try:
                started += self.do(random.Random(seed))
            except (RuntimeError, subprocess.TimeoutExpired) as problem:
                failures.append("%s: %s" % (seed, problem))
        return [(started, failures)]

    def measure(self):
        """{what: how much}"""
        found = {}
        for pid, name in self.lives:
            what = "%s %d" % (name, pid)
            try:
                # the size of the directory is their number since Linux 6.2
                found[what + " descriptors"] = \
                    os.stat("/proc/%d/fd" % pid).st_size
                found[what + " KiB"] = memory_of(pid)
            except OSError:
                found[what + " has ended"] = 1
        with open("/proc/self/mountinfo") as file:
            found["mounts"] = len(file.readlines())
        # the log of events is turned over once, and then has its size
        found["store's files"] = sum(
            len(set(dirs + files) - {"events.1"})
            for path, dirs, files in os.walk(self.place.store))
        found["locks"] = len(locks_below(self.place.store))
        found["processes"] = len(descendants_of(os.getpid()))
        found["keys"] = keys()
        return found


def memory_of(pid):
    """KiB that are its own: of Pss where it can be read"""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            for line in file:
                if line.startswith("Pss_Anon:"):
                    return int(line.split()[1])
    except PermissionError:
        pass
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    return 0


def keys():
    """Of the kernel's keyrings, those of the user and its containers' root"""
    ids = {os.getuid()}
    with open("/etc/subuid") as file:
        for line in file:
            owner, start, _ = line.split(":")
            if owner == pwd.getpwuid(os.getuid()).pw_name:
                ids.add(int(start))
    count = 0
    try:
        with open("/proc/key-users") as file:
            for line in file:
                fields = line.replace(":", " ").split()
                if int(fields[0]) in ids:
                    count += int(fields[2].split("/")[0])
    except OSError:
        pass
    return count


def compare(before, after):
    complaints = []
    for what in sorted(set(before) | set(after)):
        a, b = before.get(what, 0), after.get(what, 0)
        # keys that are not used any more go when the kernel has time
        room = GROWTH_KIB if what.endswith("KiB") else \
            100 if what == "keys" else 0
        if b > a + room:
            complaints.append("%s: %d at first, then %d" % (what, a, b))
    return complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wolffia")
    parser.add_argument("tools")
    parser.add_argument("--starts", type=int,
                        default=5000 if ground.is_long() else 400)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6)
                        if ground.is_long() else 1)
    arguments = ground.parse(parser)
    ground.become_user()
    ground.need_subids()
    tap = Tap()
    tap.note("seed %d" % arguments.seed)
    soak = Soak(arguments)
    started, failures = 0, []

    def go_on(until):
        nonlocal started
        while started < until and len(failures) < 20:
            seeds = ["%d %d %d" % (arguments.seed, started, i)
                     for i in range(arguments.at_once * 4)]
            for n, lines in ground.in_parallel(arguments.at_once,
                                               soak.do_many, seeds):
                started += n
                failures.extend(lines)
            soak.place.reap()

    soak.start_living()
    go_on(max(40, arguments.starts // 50))
    before = soak.measure()
    begin = time.monotonic()
    first = started
    go_on(arguments.starts)
    took = time.monotonic() - begin
    soak.place.wait_for(lambda: soak.place.reap() or len(children_of(
        os.getpid())) <= len(LIVING), seconds=2)
    after = soak.measure()
    tap.test("%d starts, %d at a time, each as it should" % (
        started, arguments.at_once), failures)
    tap.test("nothing has grown", compare(before, after))
    tap.note("%.1f s, %.1f ms a start" % (
        took, 1000 * took / max(1, started - first)))
    for what in sorted(after):
        tap.note("%s: %d, then %d" % (what, before.get(what, 0),
                                      after[what]))
    complaints = soak.place.remove_all(10)
    soak.place.kill_all()
    soak.place.sweep()
    tap.test("nothing is left", complaints + soak.place.clean())
    soak.place.close()
    tap.end()


if __name__ == "__main__":
    main()
