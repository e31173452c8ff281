"""What the proofs stand on: a store of their own, and every process seen.

A Ground adopts whatever loses its parent (PR_SET_CHILD_SUBREAPER), so that
the end of each process that a command started is an event.  clean() says what
is left in the store, the mounts, the control groups and the locks.
"""
import ctypes
import json
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback

SKIP = 77
APPLETS = ("sh cat echo true false sleep ls id kill head test wc stat dd "
           "mkdir rm touch yes env")


def cannot(why):
    """Leave: this machine or this user cannot do it."""
    print("1..0 # SKIP " + why)
    print("cannot run: " + why, file=sys.stderr)
    sys.exit(1 if os.environ.get("TESTS_MUST_RUN") == "1" else SKIP)


def is_long():
    """Is there time for everything?  ./check --long"""
    return os.environ.get("WOLFFIA_PROOF") == "long"


def become_user():
    """Root is no user of wolffia: run this again as $WOLFFIA_TEST_USER."""
    if os.geteuid() != 0:
        return
    user = os.environ.get("WOLFFIA_TEST_USER")
    if not user:
        cannot("started by root, and WOLFFIA_TEST_USER names no user")
    os.execvp("runuser", ["runuser", "-u", user, "--", "python3", "-B",
                          os.path.abspath(sys.argv[0])] + sys.argv[1:])


def parse(parser):
    """The arguments; programs and directories are absolute."""
    arguments = parser.parse_args()
    for name in "program", "wolffia", "meddle", "tools":
        if hasattr(arguments, name):
            setattr(arguments, name,
                    os.path.abspath(getattr(arguments, name)))
    return arguments


def need_subids():
    """Most of wolffia needs them; who has none is tested elsewhere."""
    import pwd
    name = pwd.getpwuid(os.getuid()).pw_name
    with open("/etc/subuid") as file:
        if not any(line.startswith(name + ":") for line in file):
            cannot(name + " has no subordinate ids")


def static_busybox():
    for path in "/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static":
        if os.access(path, os.X_OK):
            with open(path, "rb") as file:
                if b"/ld-linux" not in file.read(4096):
                    return path
    cannot("there is no static busybox")


def make_root(root, tools):
    """A small root file system of the user's, with the probes in it."""
    for name in "bin", "etc", "tmp", "root":
        os.makedirs(os.path.join(root, name))
    shutil.copy(static_busybox(), root + "/bin/busybox")
    for applet in APPLETS.split():
        os.symlink("busybox", root + "/bin/" + applet)
    for name in os.listdir(tools):
        if name.startswith("probe_") and not name.endswith(".p"):
            shutil.copy(os.path.join(tools, name), root + "/bin/" + name)
    with open(root + "/etc/passwd", "w") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\n")
    os.chmod(root + "/tmp", 0o1777)


class Status:
    """/proc/PID/status and what belongs to it; None when it is gone"""

    def __init__(self, pid):
        self.pid = pid
        with open("/proc/%d/status" % pid) as file:
            fields = dict(line.split(":", 1) for line in file)
        self.name = fields["Name"].strip()
        self.state = fields["State"].split()[0]
        self.parent = int(fields["PPid"])
        self.ns_pids = [int(n) for n in fields["NSpid"].split()]
        with open("/proc/%d/stat" % pid) as file:
            self.started = int(file.read().rsplit(")", 1)[1].split()[19])


def status_of(pid):
    try:
        return Status(pid)
    except (OSError, KeyError):
        return None


def children_of(pid):
    """Living children, the oldest first."""
    found = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                found += [status_of(int(n)) for n in file.read().split()]
    except OSError:
        pass
    found = [s for s in found if s and s.state not in "ZX"]
    return sorted(found, key=lambda s: (s.started, s.pid))


def descendants_of(pid):
    found = []
    for child in children_of(pid):
        found += [child] + descendants_of(child.pid)
    return found


def cgroups():
    """The control groups that containers may have made."""
    return sorted(path for path, _, _ in os.walk("/sys/fs/cgroup")
                  if "wolffia" in path)


def locks_below(top):
    """What is locked there, by (device, inode) of /proc/locks."""
    inodes = set()
    for path, dirs, files in os.walk(top):
        for name in files:
            try:
                st = os.lstat(os.path.join(path, name))
            except OSError:
                continue
            inodes.add("%02x:%02x:%d" % (os.major(st.st_dev),
                                         os.minor(st.st_dev), st.st_ino))
    with open("/proc/locks") as file:
        return [line.strip() for line in file
                if set(line.split()) & inodes]


class Started:
    """A program that runs, or has ended: its status as a shell has it"""

    def __init__(self, pid, stdout, stderr):
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.status = None

    def said(self):
        with open(self.stdout, errors="replace") as file:
            return file.read()

    def complained(self):
        with open(self.stderr, errors="replace") as file:
            return file.read()


class Ground:
    def __init__(self, wolffia, tools, top=None, root=None):
        self.wolffia, self.tools = wolffia, tools
        self.dir = tempfile.mkdtemp(prefix="wolffia-proof.", dir=top)
        self.store = os.path.join(self.dir, "store")
        self.root = root or os.path.join(self.dir, "root")
        if not root:
            make_root(self.root, tools)
        self.n = 0
        self.known = {}
        self.environment = {
            key: value for key, value in os.environ.items()
            if key in ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                       "LSAN_OPTIONS")}
        self.environment.update(HOME=self.dir, WOLFFIA_STORE=self.store)
        if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
            cannot("no subreaper")
        self._make_wakeup()
        self.stores = 0
        self.renew_store()
        self.picture = self._picture()

    def renew_store(self):
        """An empty one, whatever was left in the one before."""
        self.kill_all()
        if self.stores:
            os.rename(self.store, "%s.%d" % (self.store, self.stores))
        self.stores += 1
        made = self.run([self.wolffia, "run", "--rootfs", self.root, "true"])
        if made.status != 0:
            raise RuntimeError("it does not work: " + made.complained())

    def _make_wakeup(self):
        self.wakeup = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wakeup[1], warn_on_full_buffer=False)

    # --- processes

    def begin(self, argv, environment=None, stdin=None, terminal=None,
              pipe=False):
        """Start a program; its output goes to files."""
        self.n += 1
        out = os.path.join(self.dir, "out.%d" % self.n)
        err = os.path.join(self.dir, "err.%d" % self.n)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        actions = [(os.POSIX_SPAWN_OPEN, 2, err, flags, 0o600)]
        reader = None
        if terminal is not None:
            actions = [(os.POSIX_SPAWN_DUP2, terminal, fd) for fd in (0, 1, 2)]
            open(out, "w").close()
            open(err, "w").close()
        else:
            actions += [(os.POSIX_SPAWN_OPEN, 0, stdin or "/dev/null",
                         os.O_RDONLY, 0)]
            if pipe:
                reader, writer = os.pipe2(os.O_CLOEXEC)
                actions += [(os.POSIX_SPAWN_DUP2, writer, 1)]
                open(out, "w").close()
            else:
                actions += [(os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600)]
        env = dict(self.environment, **(environment or {}))
        pid = os.posix_spawnp(argv[0], argv, env, file_actions=actions,
                              setsigmask=[], setsigdef=[signal.SIGCHLD,
                                                        signal.SIGINT,
                                                        signal.SIGPIPE])
        started = Started(pid, out, err)
        started.pipe = reader
        if pipe:
            os.close(writer)
        self.known[pid] = started
        return started

    def reap(self):
        """Return: True when there is no child any more."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid in self.known:
                code = os.waitstatus_to_exitcode(status)
                self.known.pop(pid).status = code if code >= 0 else 128 - code

    def wait_for(self, what, fds=(), seconds=10):
        """Until what() is true, looking whenever a child ends or one of fds
        has something.  Return: what it was at the end."""
        deadline = time.monotonic() + seconds
        while True:
            self.reap()
            result = what()
            left = deadline - time.monotonic()
            if result or left <= 0:
                return result
            select.select([self.wakeup[0]] + list(fds), [], [], left)
            try:
                while os.read(self.wakeup[0], 4096):
                    pass
            except BlockingIOError:
                pass

    def run(self, argv, seconds=20, **how):
        """To its end.  Return: Started, with .status None if it hung."""
        started = self.begin(argv, **how)
        self.wait_for(lambda: started.status is not None, seconds=seconds)
        return started

    def await_all(self, seconds):
        """Until no process is left.  Return: those that are."""
        if self.wait_for(self.reap, seconds=seconds):
            return []
        return descendants_of(os.getpid())

    def kill_all(self):
        """End what should not be there any more."""
        for _ in range(100):
            if self.reap():
                return
            for status in descendants_of(os.getpid()):
                try:
                    os.kill(status.pid, signal.SIGKILL)
                except OSError:
                    pass
            self.wait_for(self.reap, seconds=0.1)

    # --- what is there

    def _picture(self):
        with open("/proc/self/mountinfo") as file:
            mounts = file.read()
        return mounts, cgroups()

    def clean(self, kept=()):
        """What is there and should not be, one line each.  kept: names of
        containers that stay."""
        lines = []
        mounts, groups = self._picture()
        if mounts != self.picture[0]:
            lines.append("other mounts: %s" % sorted(
                set(mounts.splitlines()) ^ set(self.picture[0].splitlines())))
        if groups != self.picture[1]:
            lines.append("other control groups")
        for where in "mounts/lower", "mounts/root", "tmp":
            for name in self._list(where):
                lines.append("%s in the store" % os.path.join(where, name))
        names = self._list("names")
        for name in set(names) ^ set(kept):
            lines.append("name %s: %s" % (name, "is left" if name in names
                                          else "is gone"))
        ids = [name for name in self._list("containers") if name[0] != "."]
        named = [os.readlink(os.path.join(self.store, "names", name))
                 for name in names]
        for id in set(ids) ^ set(named):
            lines.append("containers/%s: %s" % (
                id, "is left" if id in ids else "is gone"))
        lines += ["lock: " + line for line in locks_below(self.store)]
        return lines

    def _list(self, where):
        try:
            return sorted(os.listdir(os.path.join(self.store, where)))
        except FileNotFoundError:
            return []

    def sweep(self):
        """What a next command does; a quick one."""
        return self.run([self.wolffia, "rm", "--ignore", "no-such-container"])

    def list(self):
        """{id: state}, as ps says it"""
        listed = self.run([self.wolffia, "ps", "-a", "--no-trunc", "--format",
                           "{{.ID}} {{.State}}"])
        if listed.status != 0:
            raise RuntimeError("ps: " + listed.complained())
        return dict(line.split() for line in listed.said().splitlines())

    def remove_all(self, seconds):
        """Remove containers until no process is left: whoever was killed, its
        launcher may be on the way to one that is not on the list yet.
        Return: what went wrong."""
        complaints = []
        deadline = time.monotonic() + seconds
        left = True
        while left and time.monotonic() < deadline:
            removed = self.run([self.wolffia, "rm", "--force", "--all"])
            if removed.status != 0:
                complaints.append("rm -f -a: " + removed.complained())
            left = self.await_all(0.1 if self.list() else 2)
        return complaints + ["left: %s %d" % (s.name, s.pid) for s in left]

    def record(self, name):
        path = os.path.join(self.store, "names", name)
        path = os.path.join(self.store, "containers", os.readlink(path))
        with open(os.path.join(path, "status.json")) as file:
            return json.load(file)

    def forget_output(self):
        for name in os.listdir(self.dir):
            if re.match(r"(out|err)\.\d+$", name):
                os.unlink(os.path.join(self.dir, name))

    def close(self):
        self.kill_all()
        # what belongs to ids of containers as well
        self.run([self.wolffia, "unshare", "rm", "-rf", self.dir])
        shutil.rmtree(self.dir, ignore_errors=True)


def is_one_clear_line(text):
    """One line of complaint, and at most a hint."""
    lines = [line for line in text.splitlines() if line]
    return bool(lines) and lines[0].startswith("wolffia: ") and (
        len(lines) == 1 or
        (len(lines) == 2 and lines[1].startswith("  hint: ")))


def in_parallel(jobs, work, cases):
    """work(list of cases) -> list of results, in so many processes; each
    has a part of the cases."""
    if jobs <= 1:
        return work(cases)
    readers = []
    for i in range(jobs):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(reader)
                with os.fdopen(writer, "w") as out:
                    json.dump(work(cases[i::jobs]), out)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writer)
        readers.append((pid, os.fdopen(reader)))
    results = []
    for pid, reader in readers:
        text = reader.read()
        if os.waitpid(pid, 0)[1] != 0:
            raise RuntimeError("a part of the cases could not be run")
        results += json.loads(text)
    return results


class Tap:
    """What meson reads"""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def test(self, name, complaints):
        self.n += 1
        if complaints:
            self.failed += 1
        print("%s %d - %s" % ("not ok" if complaints else "ok", self.n, name))
        for line in complaints[:60]:
            print("# " + line)
        if len(complaints) > 60:
            print("# and %d more" % (len(complaints) - 60))
        sys.stdout.flush()

    def note(self, text):
        print("# " + text)
        sys.stdout.flush()

    def end(self):
        print("1..%d" % self.n)
        sys.exit(1 if self.failed else 0)
