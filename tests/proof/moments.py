#!/usr/bin/env python3
"""kill -9 of a process of wolffia, whichever, at a random moment.

    moments.py WOLFFIA TOOLS [--times N] [--seed N] [--jobs N]

Each time a command of a container's life is begun beside what it needs, and
up to 150 ms later one of all processes that there are is killed.  Then: the
command ends, with a status that fits; ps says of the container what is so;
two seconds after it was removed no process is left, and nothing else.
"""
import argparse
import os
import random
import signal
import time

import ground
from ground import Ground, Tap, descendants_of

SECONDS = 2
HANG = 10
LATEST = 0.15
NAME = "kept"
STATUSES = {0, 125, 137}
# a page of its program that the server can bring no more is the command's SIGBUS
SIGBUS = 128 + signal.SIGBUS


def acts(root, volume):
    """name: (what is there before, the command)"""
    rootfs = ["--rootfs", root]
    forever = rootfs + ["sleep", "100"]
    shortly = rootfs + ["sleep", "0.1"]
    detached = ["run", "-d", "--name", NAME] + forever
    stop = ["stop", "-t", "0", NAME]
    return {
        "run": ([], ["run"] + shortly),
        "run @host": ([], ["run", "@host", "sleep", "0.1"]),
        "run --pid1": ([], ["run", "--pid1"] + shortly),
        "run -v": ([], ["run", "-v", volume + ":/v"] + shortly),
        "run --driver fuse-overlayfs": (
            [], ["run", "--driver", "fuse-overlayfs"] + shortly),
        "run -d": ([], detached),
        "run -d --restart": ([], ["run", "-d", "--name", NAME, "--restart",
                                  "on-failure:3"] + rootfs + ["false"]),
        "create": ([], ["create", "--name", NAME] + forever),
        "start": ([["create", "--name", NAME] + forever], ["start", NAME]),
        "start -a": ([["create", "--name", NAME] + shortly],
                     ["start", "-a", NAME]),
        "restart": ([detached], ["restart", "-t", "0", NAME]),
        "exec": ([detached], ["exec", NAME, "sleep", "0.05"]),
        "stop": ([detached], stop),
        "kill": ([detached], ["kill", NAME]),
        "rm": ([detached, stop], ["rm", NAME]),
        "rm -f": ([detached], ["rm", "-f", NAME]),
        "rename": ([detached], ["rename", NAME, "other"]),
        "run beside another": ([detached], ["run"] + shortly),
    }


class Killer:
    def __init__(self, arguments):
        self.place = Ground(arguments.wolffia, arguments.tools)
        self.program = arguments.wolffia
        self.volume = os.path.join(self.place.dir, "volume")
        os.mkdir(self.volume)
        self.acts = acts(self.place.root, self.volume)

    def wolffia(self, *argv):
        return self.place.run([self.program] + list(argv), seconds=HANG)

    def kill_one(self, chance):
        """Return: what was killed"""
        family = descendants_of(os.getpid())
        if not family:
            return "nobody"
        victim = chance.choice(family)
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return "nobody any more"
        return victim.name

    def check_truth(self, complaints):
        """ps says "running" of what runs, and of nothing else.  A launcher
        may take a moment to see that its container has ended."""
        for id in self.place.list():
            deadline = time.monotonic() + SECONDS
            while True:
                state = self.place.list().get(id)
                tried = self.wolffia("exec", id, "true")
                after = self.place.list().get(id)
                if state != after or (state == "running") == \
                        (tried.status == 0):
                    break
                if time.monotonic() > deadline:
                    complaints.append("ps says: %s; exec: %s %s" % (
                        state, tried.status, tried.complained().strip()))
                    break

    def once(self, name, chance):
        """Return: (what was killed, complaints)"""
        complaints = []
        before, command = self.acts[name]
        for argv in before:
            done = self.wolffia(*argv)
            if done.status != 0:
                raise RuntimeError("%s: %s" % (argv, done.complained()))
        started = self.place.begin([self.program] + command)
        moment = chance.uniform(0, LATEST)
        self.place.wait_for(lambda: False, seconds=moment)
        victim = self.kill_one(chance)
        self.place.wait_for(lambda: started.status is not None, seconds=HANG)
        where = "%s, %.1f ms, %s" % (name, 1000 * moment, victim)
        text = started.complained()
        of_server = victim == "fuse-overlayfs" and started.status == SIGBUS
        if started.status not in STATUSES and not of_server:
            complaints.append("status %s: %r" % (started.status, text))
        elif started.status == 125 and not ground.is_one_clear_line(text):
            complaints.append("it said: %r" % text)
        elif started.status == 0 and text:
            complaints.append("status 0, and it said: %r" % text)
        self.check_truth(complaints)
        complaints += self.place.remove_all(HANG)
        self.place.kill_all()
        self.place.sweep()
        complaints += self.place.clean()
        if complaints:
            self.place.renew_store()
        self.place.forget_output()
        return where, complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wolffia")
    parser.add_argument("tools")
    parser.add_argument("--times", type=int,
                        default=1400 if ground.is_long() else 200)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6)
                        if ground.is_long() else 1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    arguments = ground.parse(parser)
    ground.become_user()
    ground.need_subids()
    names = [name for name in acts("", "") if arguments.only in ("", name)]

    def work(part):
        killer = Killer(arguments)
        try:
            return [killer.once(names[i % len(names)], random.Random(
                "%d %d" % (arguments.seed, i))) for i in part]
        finally:
            killer.place.close()

    tap = Tap()
    tap.note("seed %d" % arguments.seed)
    before = time.monotonic()
    results = ground.in_parallel(arguments.jobs, work,
                                 list(range(arguments.times)))
    tap.test("kill -9 at %d random moments, nothing is left" % len(results),
             ["%s: %s" % (where, line)
              for where, lines in results for line in lines])
    hit = [w for w, _ in results if not w.endswith(("nobody", "more"))]
    tap.note("%d were alive; %.1f s" % (len(hit), time.monotonic() - before))
    tap.end()


if __name__ == "__main__":
    main()
