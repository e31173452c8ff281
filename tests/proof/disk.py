"""What a disk has after a loss of power, by the calls that changed files.

A Disk has two pictures of a tree: what programs see, and what is on the disk
for sure.  A name gets there when its directory is synced, content when the
file is; nothing else does, which is the worst that a file system may do.

    disk.py PLAN    make the tree of a plan (see Disk.plan) as its own user
"""
import json
import os
import shutil
import sys


class Inode:
    def __init__(self, directory, source=None):
        self.directory = directory
        self.source = source  # where its content can be had
        self.synced = False
        self.seen, self.kept = {}, {}  # entries: {name: Inode}


class Disk:
    def __init__(self, top, paths):
        """top: of the tree that is watched.  paths: [(path below it, is it a
        directory?, source)], parents first; all of it is on the disk."""
        self.top = top
        self.root = Inode(True)
        self.everything = [self.root]
        for path, directory, source in paths:
            self._make(path, directory, source)
        self.sync_all()

    def _split(self, path):
        """Return: (the directory's Inode or None, the last name)"""
        at = self.root
        names = [n for n in path.split("/") if n and n != "."]
        for name in names[:-1]:
            at = at.seen.get(name) if at else None
        return at, names[-1] if names else None

    def _find(self, path):
        at, name = self._split(path)
        return at.seen.get(name) if at and name else at

    def _make(self, path, directory, source=None):
        at, name = self._split(path)
        if at is None or name in at.seen:
            return
        at.seen[name] = Inode(directory, source)
        self.everything.append(at.seen[name])

    def sync_all(self):
        for inode in self.everything:
            inode.synced, inode.kept = True, dict(inode.seen)

    def below(self, path):
        """Return: the path below the top, or None"""
        path = path.replace(" (deleted)", "")
        if path == self.top:
            return "."
        return path[len(self.top) + 1:] \
            if path.startswith(self.top + "/") else None

    def apply(self, call, first, second):
        """A call that has worked.  Return: {(Inode, name): Inode or None}, the
        entries that it changed."""
        first, second = self.below(first), self.below(second)
        if call == "syncfs":
            self.sync_all()
        if first is None and second is None:
            return {}
        if call in ("fsync", "fdatasync"):
            inode = self._find(first)
            if inode:
                inode.synced, inode.kept = True, dict(inode.seen)
        elif call in ("write", "writev", "pwrite64", "ftruncate"):
            inode = self._find(first)
            if inode:
                inode.synced = False
        elif call in ("openat", "mkdirat", "symlinkat", "mknodat"):
            return self._changed([first], lambda: self._make(
                first, call == "mkdirat"))
        elif call == "unlinkat":
            return self._changed([first], lambda: self._set(first, None))
        elif call == "linkat":
            return self._changed([second], lambda: self._set(
                second, self._find(first) if first else None))
        elif call.startswith("renameat"):
            return self._changed([first, second],
                                 lambda: self._rename(first, second))
        return {}

    def _set(self, path, inode):
        at, name = self._split(path)
        if at is None:
            return
        if inode is None:
            at.seen.pop(name, None)
        else:
            at.seen[name] = inode

    def _rename(self, first, second):
        a, b = self._find(first), self._find(second)
        self._set(second, a)
        # a directory that is not empty can only be exchanged
        self._set(first, b if b and b.directory and b.seen else None)

    def _changed(self, paths, change):
        places = [self._split(path) for path in paths]
        before = [at.seen.get(name) if at else None for at, name in places]
        change()
        return {(at, name): at.seen.get(name)
                for (at, name), old in zip(places, before)
                if at and at.seen.get(name) is not old}

    def plan(self, alone=None):
        """What would be there now: [[path, kind, source]], parents first.
        alone: these entries have got to the disk, too, before all others."""
        out = []
        self._plan(self.root, "", alone or {}, out)
        return out

    def _plan(self, inode, path, alone, out):
        entries = dict(inode.kept)
        for (at, name), new in alone.items():
            if at is inode and new:
                entries[name] = new
            elif at is inode:
                entries.pop(name, None)
        for name, entry in sorted(entries.items()):
            where = path + name
            if entry.directory:
                out.append([where, "directory", entry.source])
                self._plan(entry, where + "/", alone, out)
            else:
                out.append([where, "file" if entry.synced else "empty",
                            entry.source])

    def learn_sources(self, top):
        """Where the content of what was made has come to lie in the end."""
        self._learn(self.root, top)

    def _learn(self, inode, path):
        for name, entry in inode.seen.items():
            where = os.path.join(path, name)
            entry.source = entry.source or where
            if entry.directory:
                self._learn(entry, where)


def build(plan):
    """Make it: {"to": directory, "entries": Disk.plan()}."""
    for path, kind, source in plan["entries"]:
        to = os.path.join(plan["to"], path)
        if kind == "directory":
            os.mkdir(to)
        elif kind == "empty" or not source:
            open(to, "w").close()
        else:
            os.link(source, to, follow_symlinks=False)
    for path, kind, source in reversed(plan["entries"]):
        if kind == "directory" and source:
            to = os.path.join(plan["to"], path)
            st = os.stat(source)
            os.chown(to, st.st_uid, st.st_gid)
            shutil.copystat(source, to)


if __name__ == "__main__":
    with open(sys.argv[1]) as plan_file:
        build(json.load(plan_file))
