#!/usr/bin/env python3
"""The image store after a loss of power.

    power.py MEDDLE WOLFFIA TOOLS [--jobs N] [--only VERB]

Each verb of store.py runs once, and the calls that change files are written
down (meddle -c).  From them follows what the disk has for sure after each of
them: names whose directory was synced, content that was synced.  A store is
made of that, once with all that is not synced lost, and once with the last
call alone having got to the disk before all others.  There

  - "check" finds no damage, "images" lists what there was before or what there
    should be afterwards, and what was there before runs,
  - after "prune" nothing is left that no image needs,
  - when the command has said that it is done, it is done.
"""
import argparse
import json
import os
import time

import disk
import ground
import store
from ground import Tap


class Power(store.Runner):
    def trace(self, name):
        """Return: (what was there, [(call, path, path)])"""
        verb = self.verbs[name]
        self.learn(name)
        self.prepare(verb)
        top = self.place.store
        self.backup = self.place.dir + "/before"
        self.must("unshare", "rm", "-rf", self.backup)
        self.must("unshare", "cp", "-a", top, self.backup)
        paths = [(path, kind == "directory", os.path.join(self.backup, path))
                 for path, kind in self.list().items()]
        done = self.traced(verb)
        if done.status != 0:
            raise RuntimeError("%s: %s" % (name, done.complained()))
        with open(self.changes) as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        return paths, [(line[1], line[4], line[5]) for line in lines
                       if int(line[3]) >= 0 and not self.is_other(line[4])]

    def is_other(self, path):
        below = os.path.relpath(path or "/", self.place.store)
        return below.split("/")[0] in store.OTHER

    def states(self, name):
        """Return: [(where, plan, is it the end?)], each different one once"""
        paths, calls = self.trace(name)
        # what was made lies in the store, from where it will be linked
        whole = disk.Disk(self.place.store, paths)
        for call in calls:
            whole.apply(*call)
        whole.learn_sources(self.place.store)
        again = disk.Disk(self.place.store, paths)
        found, known = [], set()

        def add(where, plan):
            text = json.dumps(plan)
            if text not in known:
                known.add(text)
                found.append([where, plan])

        for n, call in enumerate(calls):
            changed = again.apply(*call)
            for inode, source in zip(again.everything, whole.everything):
                inode.source = source.source
            where = "%d %s %s %s" % (n, call[0], call[1], call[2])
            where = where.replace(self.place.store + "/", "")
            add(where, again.plan())
            if changed and not all(self.is_work(p) for p in call[1:] if p):
                add(where + ", alone", again.plan(changed))
        found.append(["the end", again.plan()])
        return found

    def is_work(self, path):
        return path.startswith((self.place.store + "/tmp",
                                self.place.store + "/partial"))

    def prove(self, name):
        """Return: (how many states, complaints)"""
        complaints = []
        states = self.states(name)
        after = self.place.store
        for where, plan in states:
            self.place.store = self.place.dir + "/lost"
            self.place.environment["WOLFFIA_STORE"] = self.place.store
            said = []
            try:
                self.build(plan)
                self.look(name, where == "the end", said)
            except RuntimeError as error:
                said.append(str(error))
            complaints += ["%s: %s" % (where, line) for line in said]
            self.place.store = after
            self.place.environment["WOLFFIA_STORE"] = after
            self.must("unshare", "rm", "-rf", self.place.dir + "/lost")
            self.place.forget_output()
        self.undo(self.verbs[name])
        return len(states), complaints

    def build(self, plan):
        to = self.place.store
        os.mkdir(to, 0o700)
        for name in store.OTHER & set(os.listdir(self.backup)):
            self.must("unshare", "cp", "-a", "%s/%s" % (self.backup, name), to)
        with open(self.place.dir + "/plan", "w") as file:
            json.dump({"to": to, "entries": plan}, file)
        self.must("unshare", "python3", "-B", disk.__file__,
                  self.place.dir + "/plan")

    def look(self, name, is_end, complaints):
        verb = self.verbs[name]
        before, after, _ = self.expected[name]
        self.check(name, verb, complaints)
        names = self.names(verb)
        if is_end and names != after:
            complaints.append("it was done, and images are %s" % names)
        self.must("image", "prune", "-f")
        if is_end or not verb.hurt:
            left = self.wolffia("check", "-q").said()
            if left:
                complaints.append("after prune: " + left.splitlines()[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("meddle")
    parser.add_argument("wolffia")
    parser.add_argument("tools")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    arguments = ground.parse(parser)
    store.with_images(lambda files, remote: prove(
        arguments, files, remote))


def prove(arguments, files, remote):
    names = [name for name in store.verbs(files, remote)
             if arguments.only in ("", name)]

    def work(part):
        runner = Power(arguments, files, remote)
        try:
            return [(name, runner.prove(name)) for name in part]
        finally:
            runner.close()

    tap = Tap()
    begun = time.monotonic()
    results = dict(ground.in_parallel(max(2, arguments.jobs), work, names))
    for name in names:
        n, complaints = results[name]
        tap.test("%s: no loss of power in %d states damages the store" % (
            name, n), complaints)
    tap.note("%.1f s" % (time.monotonic() - begun))
    tap.end()


if __name__ == "__main__":
    main()
