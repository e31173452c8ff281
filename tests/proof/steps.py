#!/usr/bin/env python3
"""kill -9 of each process of a launch before each step of the plan.

    steps.py WOLFFIA_STOPS WOLFFIA TOOLS [--jobs N] [--only VARIANT[:STEP[:VICTIM]]]

WOLFFIA_STOPS is wolffia with core/stops.c in it: before each step it tells us
and waits.  First every variant is started once and let go on step by step, to
see which processes there are at each; then once for each of them, which is
killed there, and the rest goes on.  Two seconds later no process is left;
after one further command nothing is; a container that is to be kept is there,
says that it ended, and can be started again.
"""
import argparse
import os
import select
import signal
import socket
import sys
import time

import ground
from ground import Ground, Tap, children_of, descendants_of, status_of

SECONDS = 2
COMMAND = ["sh", "-c", "echo ready; exec sleep 100"]
KEPT = "kept"
# steps behind the one that runs the command
SETTLE = "give up the rights of the start"  # PID 1's own
BEHIND = SETTLE, "take over the root", "note the start"


class Variant:
    def __init__(self, name, argv, detached=False, kept=False, prepare=None,
                 terminal=False, round=1):
        self.name, self.argv = name, argv
        self.detached, self.kept, self.prepare = detached, kept, prepare
        self.terminal, self.round = terminal, round


def variants(root, volume):
    def run(*options):
        return ["run"] + list(options) + ["--rootfs", root] + COMMAND
    create = ["create", "--name", KEPT, "--rootfs", root] + COMMAND
    return [
        Variant("rootfs", run()),
        Variant("host", ["run", "@host"] + COMMAND),
        Variant("fuse", run("--driver", "fuse-overlayfs", "-v",
                            volume + ":/tmp")),
        Variant("pid1", run("--pid1")),
        Variant("terminal", run("-t"), terminal=True),
        Variant("detached", run("-d", "--name", KEPT), detached=True,
                kept=True),
        Variant("start", ["start", KEPT], detached=True, kept=True,
                prepare=create),
    ]


def can_read(fd):
    return bool(select.select([fd], [], [], 0)[0])


class Launch:
    """One launch that we hold before each of its steps"""

    def __init__(self, place, program, variant):
        self.place, self.variant = place, variant
        self.launcher = self.outer = None
        path = os.path.join(place.dir, "stops")
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen(1)
        self.connection = self.slave = None
        self.last = {}  # of each actor: the number of its last step
        self.seen = b""
        how = {"environment": {"WOLFFIA_STOPS": path}}
        if variant.terminal:
            self.master, self.slave = os.openpty()
            how["terminal"] = self.slave
        else:
            how["pipe"] = True
        self.started = place.begin([program] + variant.argv, **how)
        self.output = self.master if variant.terminal else self.started.pipe

    def close(self):
        self.let_go()
        self.listener.close()
        os.close(self.output)
        if self.slave is not None:
            os.close(self.slave)

    def let_go(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _hear(self):
        if self.connection is None:
            self.connection, _ = self.listener.accept()
            self.connection.setsockopt(socket.SOL_SOCKET,
                                       socket.SO_PASSCRED, 1)
        text, ancillary, _, _ = self.connection.recvmsg(
            256, socket.CMSG_SPACE(12))
        if not text:
            self.let_go()
            return None
        pid = int.from_bytes(ancillary[0][2][:4], sys.byteorder)
        number, actor, name = text.decode().split(" ", 2)
        self.last[actor] = int(number)
        if actor == "launcher":
            self.launcher = pid
        if actor == "outer":
            self.outer = pid
        return "%s %s" % (number, name)

    def output_fds(self):
        return [] if self.variant.detached else [self.output]

    def is_ready(self):
        """Does the command run, and is its launcher done with the start?"""
        if self.variant.detached:
            return self.started.status is not None
        if can_read(self.output):
            try:
                self.seen += os.read(self.output, 4096)
            except OSError:  # a terminal that nobody has open
                pass
        return b"ready" in self.seen

    def _look(self):
        """Return: a step; "running"; "" nothing yet; None: it is over"""
        fd = self.connection or self.listener
        if can_read(fd):
            step = self._hear()
            if step:
                return step
        if self.is_ready():
            return "running"
        return "" if self.started.status is None else None

    def next_step(self):
        """Return: its name; "running"; None when there is none any more."""
        found = []

        def look():
            found[:] = [self._look()]
            return found[0] != ""

        self.place.wait_for(look, fds=self.output_fds() +
                            [self.connection or self.listener])
        return found[0] or None

    def go_on(self):
        self.connection.send(b".")

    def victims(self):
        """{what it is: Status} of all that the launch consists of"""
        found = {}
        me = status_of(self.started.pid)
        if me and me.pid != self.launcher and me.state not in "ZX":
            found["caller"] = me
        launcher = status_of(self.launcher)
        if launcher is None:
            return found
        found["launcher"] = launcher
        for status in descendants_of(self.launcher):
            found.setdefault(self._class_of(status), status)
        return found

    def _class_of(self, status):
        if len(status.ns_pids) > 1:
            return "init" if status.ns_pids[1] == 1 else "command"
        if status.pid == self.outer:
            return "outer"
        if status.name in ("newuidmap", "newgidmap"):
            return status.name
        if status.parent == self.launcher and self.outer is None:
            return "outer"
        return "server"


def prepare(place, variant, wolffia):
    if variant.prepare:
        done = place.run([wolffia] + variant.prepare)
        if done.status != 0:
            raise RuntimeError("cannot prepare: " + done.complained())


def forget(place, wolffia):
    place.kill_all()
    place.run([wolffia, "rm", "--force", "--all"])


def step_number(step):
    return 1000 if step == "running" else int(step.split()[0])


def check_states(place, variant, step):
    """Nothing is said to run that has not begun."""
    states = list(place.list().values())
    if step == "running":
        right = [["running"]]
    elif variant.prepare:
        right = [["created"]]
    else:
        right = [[], ["created"]]
    if states not in right:
        raise RuntimeError("%s, %s: ps says %s" % (variant.name, step, states))


def check_title(launch):
    """The command runs, and can read the command line of PID 1."""
    init = launch.victims()["init"].pid
    with open("/proc/%d/cmdline" % init, "rb") as file:
        title = file.read().strip(b"\0")
    if title != b"wolffia-init":
        raise RuntimeError("PID 1 is still called %r" % title)


def list_points(place, program, wolffia, variant):
    """[(step, victim, goes_on)], from a launch that nobody disturbs"""
    points = []
    prepare(place, variant, wolffia)
    launch = Launch(place, program, variant)
    while True:
        step = launch.next_step()
        if step is None:
            raise RuntimeError("%s ended: %s" % (
                variant.name, launch.started.complained()))
        points += [(step, victim) for victim in launch.victims()]
        check_states(place, variant, step)
        if step.endswith(SETTLE):
            check_title(launch)
        if step == "running":
            break
        launch.go_on()
    launch.close()
    forget(place, wolffia)
    # who did its last step was about to end by itself, but for the guard
    last = len(points) if variant.name == "pid1" else launch.last["outer"]
    return [(step, victim, victim == "outer" and step_number(step) > last)
            for step, victim in points]


def check_kept(place, wolffia, variant, complaints):
    """It is there, is said to have ended, and can be started again."""
    states = list(place.list().values())
    if states not in (["created"], ["exited"]):
        complaints.append("ps says: %s" % states)
    waited = place.run([wolffia, "wait", KEPT])
    if waited.status != 0:
        complaints.append("wait: " + waited.complained())
    elif states == ["exited"] and waited.said().strip() not in ("125", "137"):
        complaints.append("wait says: " + waited.said())
    started = place.run([wolffia, "start", KEPT])
    if started.status != 0:
        complaints.append("cannot be started again: " + started.complained())
    stopped = place.run([wolffia, "stop", "-t", "0", KEPT])
    if stopped.status != 0:
        complaints.append("stop: " + stopped.complained())
    complaints += ["after the second start: %s %d" % (s.name, s.pid)
                   for s in place.await_all(SECONDS)]


def has_name(place):
    return os.path.lexists(os.path.join(place.store, "names", KEPT))


def allowed_ends(launch, victim, step, goes_on):
    """(exit statuses, is a line of complaint wanted? None: as it likes)"""
    variant = launch.variant
    if victim == "caller" or goes_on and not variant.detached or \
            victim == "launcher" and not variant.detached:
        return [137], False
    if goes_on or variant.detached and step == "running":
        return [0], False
    if variant.detached and step.endswith(BEHIND) and \
            not (victim == "init" and step.endswith(SETTLE)):
        return [0, 125], None  # it was there, and is no more
    if victim == "command":
        return [137], False
    if variant.name == "pid1" and victim == "init" and \
            step.endswith(("run the command", "running") + BEHIND):
        return [125, 137], None  # it is, or is about to be, the command
    return [125, 137], True


def check_end(launch, victim, step, goes_on, complaints):
    """How what was started ended, and what it said."""
    started = launch.started
    statuses, wants_line = allowed_ends(launch, victim, step, goes_on)
    if started.status not in statuses:
        complaints.append("status %s, not %s" % (started.status, statuses))
    if wants_line is None:
        return
    text = started.complained()
    if launch.variant.terminal:
        text = launch.seen.decode(errors="replace").replace("\r", "")
        text = text.replace("ready\n", "")
    # the command's own complaint, of a root that is gone
    text = "".join(line for line in text.splitlines(True)
                   if not line.startswith(("sh: ", "sleep: ")))
    if wants_line and not ground.is_one_clear_line(text) or \
            not wants_line and text:
        complaints.append("it said: %r" % text)


def hold_at(launch, step):
    """Let it go on until there.  Return: is it there?"""
    while True:
        now = launch.next_step()
        if now is None or now == step:
            return now is not None
        launch.go_on()


def end_the_rest(place, launch, victim, goes_on, complaints):
    """Return: seconds that it took, and did it go on?"""
    before = time.monotonic()
    launch.let_go()
    if victim in ("newuidmap", "newgidmap"):
        # it may have done its work
        place.wait_for(lambda: launch.is_ready() or
                       launch.started.status is not None,
                       fds=launch.output_fds())
        goes_on = launch.is_ready() and launch.started.status in (None, 0)
    if goes_on:
        place.wait_for(launch.is_ready, fds=launch.output_fds())
        if not launch.is_ready():
            complaints.append("it did not go on")
        os.kill(launch.launcher, signal.SIGKILL)
        before = time.monotonic()
    left = place.await_all(SECONDS)
    complaints += ["left after %d s: %s %d" % (SECONDS, s.name, s.pid)
                   for s in left]
    return time.monotonic() - before, goes_on


def check_store(place, wolffia, variant, step, complaints):
    place.sweep()
    kept = [KEPT] if variant.kept and has_name(place) else []
    if not kept and variant.prepare:
        complaints.append("what was created is gone")
    if not kept and variant.kept and step == "running":
        complaints.append("what ran and was to be kept is gone")
    complaints += place.clean(kept)
    if kept:
        check_kept(place, wolffia, variant, complaints)
        place.run([wolffia, "rm", KEPT])
        complaints += place.clean()


def kill_at(place, program, wolffia, variant, step, victim, goes_on):
    """Return: (complaints, seconds until all had ended; None: not reached)"""
    complaints = []
    prepare(place, variant, wolffia)
    launch = Launch(place, program, variant)
    there = launch.victims() if hold_at(launch, step) else {}
    if victim not in there:
        launch.close()
        forget(place, wolffia)
        return [], None
    os.kill(there[victim].pid, signal.SIGKILL)
    if victim == "caller":
        seconds = 0
        end_survivor(place, launch, wolffia, complaints)
    else:
        seconds, goes_on = end_the_rest(place, launch, victim, goes_on,
                                        complaints)
    launch.is_ready()
    check_end(launch, victim, step, goes_on, complaints)
    launch.close()
    place.kill_all()
    check_store(place, wolffia, variant, step, complaints)
    place.forget_output()
    return complaints, seconds


def end_survivor(place, launch, wolffia, complaints):
    """Who waited for the start was killed: the container goes its way, and
    ends when it is told to."""
    launch.let_go()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if place.run([wolffia, "kill", KEPT]).status == 0:
            break
    else:
        complaints.append("it did not go on without who started it")
    left = place.await_all(SECONDS)
    complaints += ["survived kill: %s %d" % (s.name, s.pid) for s in left]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("wolffia")
    parser.add_argument("tools")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    arguments = ground.parse(parser)
    ground.become_user()
    ground.need_subids()
    only = (arguments.only.split(":") + ["", "", ""])[:3]

    def work(part):
        place = Ground(arguments.wolffia, arguments.tools)
        volume = os.path.join(place.dir, "volume")
        os.mkdir(volume)
        all_variants = variants(place.root, volume)
        results = []
        try:
            for index, point in part:
                variant = all_variants[index]
                if point is None:
                    results.append((index, list_points(
                        place, arguments.program, arguments.wolffia,
                        variant)))
                    continue
                complaints, seconds = kill_at(
                    place, arguments.program, arguments.wolffia, variant,
                    *point)
                results.append((index, *point[:2], complaints, seconds))
        finally:
            place.close()
        return results

    names = [v.name for v in variants("", "")]
    asked = [i for i, name in enumerate(names) if only[0] in ("", name)]
    tap = Tap()
    before = time.monotonic()
    found = ground.in_parallel(arguments.jobs, work,
                               [(i, None) for i in asked])
    cases = [(index, tuple(point)) for index, points in found
             for point in points
             if only[1] in point[0] and only[2] in ("", point[1])]
    results = ground.in_parallel(arguments.jobs, work, cases)
    for index in asked:
        mine = [r for r in results if r[0] == index]
        complaints = ["%s killed before \"%s\": %s" % (victim, step, line)
                      for _, step, victim, lines, _ in mine for line in lines]
        reached = [r[4] for r in mine if r[4] is not None]
        tap.test("%s: kill -9 at %d points, nothing is left" %
                 (names[index], len(reached)),
                 complaints or ([] if reached else ["no point was reached"]))
        tap.note("%d points not reached again; the slowest end took %.2f s" %
                 (len(mine) - len(reached), max(reached, default=0)))
    tap.note("%.1f s" % (time.monotonic() - before))
    tap.end()


if __name__ == "__main__":
    main()
