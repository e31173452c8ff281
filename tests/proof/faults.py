#!/usr/bin/env python3
"""One system call at a time fails, in any process of wolffia.

    faults.py MEDDLE WOLFFIA TOOLS [--points N] [--seed N] [--all] [--kill]
              [--jobs N] [--only SCENARIO[:PROCESS:CALL:N:ERRNO]]

First each scenario runs once and its system calls are listed; then once for
each point that was chosen: a call of a process, and an error.  The seed
decides which; --all takes every call once.  With --kill the process is killed
there, in place of the call.

Each time: no hang; either it works as if nothing had happened, or there is a
status that is not zero and one line (and maybe a hint); what the workload
saw of its confinement is what it sees without the fault, to the last byte;
and nothing is left.
"""
import argparse
import os
import random
import re
import time

import ground
from ground import Ground, Tap, children_of, descendants_of

ERRORS = "EPERM ENOMEM EIO ENOSPC EMFILE EINTR EAGAIN ENOSYS".split()
# they do not return, cannot fail, or only for what no program of ours passes
# (their pages of the manual); brk(2) does not fail with an error
NEVER = set("""exit exit_group rt_sigreturn restart_syscall uname umask getpid
getppid gettid getuid geteuid getgid getegid set_tid_address set_robust_list
rseq rt_sigaction rt_sigpending rt_sigprocmask sched_yield brk""".split())
# and others only in some ways
ONLY = {"wait4": ["EINTR"], "waitid": ["EINTR"]}
HANG = 10
NAME = "kept"


class Command:
    """traced: faults are in it.  probes: its output is of the probe."""

    def __init__(self, *argv, traced=False, probes=False):
        self.argv, self.traced, self.probes = list(argv), traced, probes


class Scenario:
    """before: what is prepared without faults.  stays: the container that was
    prepared is there afterwards, whatever failed."""

    def __init__(self, name, before, commands, share=1, stays=True):
        self.name, self.before, self.commands = name, before, commands
        self.share, self.stays = share, stays and before


def scenarios(root, volume, tools):
    probe = "probe_confinement"
    rootfs = ["--rootfs", root]
    sleeping = ["sh", "-c", "echo >/written; exec sleep 100"]
    reporting = ["sh", "-c", "probe_confinement >/v/new; mv /v/new /v/report;"
                 "exec sleep 100"]
    detached = Command("run", "-d", "--name", NAME, *rootfs, *sleeping)
    create = Command("create", "--name", NAME, *rootfs, *sleeping)
    stop = Command("stop", "-t", "0", NAME)
    execute = Command("exec", NAME, probe, probes=True)

    def run(*argv):
        return [Command("run", *argv, traced=True, probes=True)]

    def traced(command):
        return Command(*command.argv, traced=True, probes=command.probes)

    return [
        Scenario("run", [], run("-i", *rootfs, probe), 4),
        Scenario("run as me", [], run("-v", volume + ":/v", "--read-only",
                                      *rootfs, probe), 2),
        Scenario("run --pid1", [], run("--pid1", *rootfs, probe), 2),
        Scenario("run --driver fuse-overlayfs", [],
                 run("--driver", "fuse-overlayfs", *rootfs, probe), 1),
        Scenario("run @host", [], run("-v", tools + ":/v", "@host",
                                      "/v/" + probe), 1),
        Scenario("run without seccomp", [],
                 run("--security-opt", "seccomp=unconfined", *rootfs, probe)),
        Scenario("run -d, exec, stop", [],
                 [Command("run", "-d", "--name", NAME, "-v", volume + ":/v",
                          *rootfs, *reporting, traced=True), execute, stop],
                 3),
        Scenario("exec", [detached], [traced(execute), stop]),
        Scenario("create", [], [traced(create), Command("start", NAME), stop]),
        Scenario("start", [create], [traced(Command("start", NAME)), execute,
                                     stop], 2),
        Scenario("stop", [detached], [traced(stop)]),
        Scenario("rm", [detached, stop], [traced(Command("rm", NAME))],
                 stays=False),
        Scenario("rm -f", [detached], [traced(Command("rm", "-f", NAME))],
                 stays=False),
        Scenario("run beside another", [detached],
                 run("-i", *rootfs, probe) + [execute]),
        Scenario("ps beside another", [detached],
                 [traced(Command("ps")), execute]),
        Scenario("rename", [create], [traced(Command("rename", NAME,
                                                     "other"))]),
    ]


class Normal:
    """What the probe said, without what is chance"""

    def __init__(self):
        self.host = {os.readlink("/proc/self/ns/" + name)
                     for name in os.listdir("/proc/self/ns")}

    def _namespace(self, match):
        text = match.group(0)
        return text if text in self.host else match.group(1) + ":own"

    def __call__(self, text):
        text = re.sub(r"([a-z]+):\[\d+\]", self._namespace, text)
        host = re.search(r"^host ([0-9a-f]{12})$", text, re.M)
        if host:
            text = text.replace(host.group(1), "HOST")
        return text


class Runner:
    def __init__(self, arguments):
        self.arguments = arguments
        self.place = Ground(arguments.wolffia, arguments.tools)
        # the sanitizers' search for leaks is no friend of a tracer
        self.place.environment["ASAN_OPTIONS"] = "detect_leaks=0"
        self.volume = os.path.join(self.place.dir, "volume")
        os.mkdir(self.volume)
        self.input = os.path.join(self.place.dir, "input")
        open(self.input, "w").close()
        os.chmod(self.input, 0o666)
        self.log = os.path.join(self.place.dir, "log")
        self.scenarios = scenarios(self.place.root, self.volume,
                                   arguments.tools)
        self.normal = Normal()
        self.expected = {}

    def wolffia(self, *argv):
        return self.place.run([self.arguments.wolffia] + list(argv),
                              seconds=HANG)

    def reset(self):
        self.place.kill_all()
        self.wolffia("rm", "--force", "--all")
        report = os.path.join(self.volume, "report")
        if os.path.exists(report):
            os.unlink(report)

    def report(self):
        """What a detached probe wrote."""
        path = os.path.join(self.volume, "report")

        def is_there():
            return os.path.exists(path)
        if not self.place.wait_for(is_there, seconds=0):
            deadline = time.monotonic() + HANG
            while not is_there() and time.monotonic() < deadline:
                self.place.wait_for(is_there, seconds=0.01)
        if not is_there():
            return ""
        with open(path) as file:
            return self.normal(file.read())

    def prepare(self, scenario):
        for command in scenario.before:
            done = self.wolffia(*command.argv)
            if done.status != 0:
                raise RuntimeError("%s: cannot prepare: %s %s, there are %s" % (
                    scenario.name, done.status, done.complained(),
                    [(s.name, s.pid) for s in descendants_of(os.getpid())]))

    def do(self, scenario, meddling):
        """Return: [(Started, what the probe said)] of each command"""
        results = []
        for command in scenario.commands:
            prefix = [self.arguments.meddle, "-l", self.log] + meddling \
                if command.traced else []
            done = self.place.run(prefix + [self.arguments.wolffia] +
                                  command.argv, seconds=HANG,
                                  stdin=self.input)
            said = self.normal(done.said()) if command.probes else ""
            if "/v/report" in " ".join(command.argv) and done.status == 0:
                said = self.report()
            results.append((done, said))
            if done.status is None:
                break
        return results

    def learn(self, scenario):
        """Return: its points; what it should say is remembered."""
        open(self.log, "w").close()
        self.prepare(scenario)
        results = self.do(scenario, [])
        for done, _ in results:
            if done.status != 0 or done.complained():
                raise RuntimeError("%s fails without a fault: %s %s" % (
                    scenario.name, done.status, done.complained()))
        self.expected[scenario.name] = [said for _, said in results]
        self.wolffia("rm", "--force", "--all")
        self.await_tracer()
        self.reset()
        with open(self.log) as file:
            return [line.split() for line in file if line != "hit\n"]

    def await_tracer(self):
        """Until it has written all."""
        self.place.wait_for(lambda: not any(
            s.name == "meddle" for s in children_of(os.getpid())))

    def was_hit(self):
        with open(self.log) as file:
            return "hit\n" in file

    def judge(self, done, said, expected, killed, complaints):
        if done.status is None:
            complaints.append("no end after %d s: %s" % (HANG, [
                "%s %d" % (s.name, s.pid)
                for s in descendants_of(os.getpid())]))
            return
        text = done.complained()
        # the command may be a process that was killed, or wait for one
        if done.status != 0 and not ground.is_one_clear_line(text) and \
                not (killed and done.status == 137 and not text):
            complaints.append("status %d, and it said: %r" % (done.status,
                                                             text))
        # a command that was killed at once, or with its PID 1, has been
        # started all the same; and who asks for it later is told
        if done.status == 0 and said != expected and \
                not (not said and (killed or ground.is_one_clear_line(text))):
            complaints.append("status 0, and the workload saw: %s" %
                              difference(expected, said))
        elif not expected.startswith(said):
            complaints.append("status %d, and the workload saw: %s" % (
                done.status, difference(expected, said)))

    def check_left(self, scenario, complaints):
        kept = [n for n in (NAME, "other") if os.path.lexists(
            os.path.join(self.place.store, "names", n))]
        if scenario.stays and not kept:
            complaints.append("the container that was there is gone")
        complaints += self.place.remove_all(HANG)
        self.place.sweep()
        complaints += self.place.clean()

    def fail_at(self, scenario, point):
        """Return: complaints, or None when the point was not reached"""
        if scenario.name not in self.expected:
            self.learn(scenario)
        complaints = []
        open(self.log, "w").close()
        self.prepare(scenario)
        results = self.do(scenario, ["-f", ":".join(point)])
        for (done, said), expected in zip(results,
                                          self.expected[scenario.name]):
            self.judge(done, said, expected, point[3] == "KILL", complaints)
        if results[-1][0].status is None:
            self.place.kill_all()
        self.check_left(scenario, complaints)
        if complaints:
            complaints += ["  (it said: %s)" % done.complained().strip()
                           for done, _ in results if done.complained()]
            self.place.renew_store()
        self.place.forget_output()
        return complaints if self.was_hit() or complaints else None


def difference(expected, said):
    a, b = expected.splitlines(), said.splitlines()
    return "without %r, with %r" % ([x for x in a if x not in b][:8],
                                    [x for x in b if x not in a][:8])


def choose(points, n, take_all, kill, chance):
    """n of the points, each kind of call of each process before the second
    of a kind; with an error for each"""
    points = [p for p in points if kill or p[1] not in NEVER]
    if not take_all:
        kinds = {}
        for point in chance.sample(points, len(points)):
            kinds.setdefault((point[0], point[1]), []).append(point)
        rounds = []
        lists = chance.sample(list(kinds.values()), len(kinds))
        while any(lists):
            rounds += [of_kind.pop() for of_kind in lists if of_kind]
        points = rounds[:n]
    return [point + ["KILL" if kill else
                     chance.choice(ONLY.get(point[1], ERRORS))]
            for point in points]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("meddle")
    parser.add_argument("wolffia")
    parser.add_argument("tools")
    parser.add_argument("--points", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true",
                        default=ground.is_long())
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    arguments = ground.parse(parser)
    ground.become_user()
    ground.need_subids()
    scenario_name, _, point = arguments.only.partition(":")
    names = [s.name for s in scenarios("", "", "")]
    shares = [s.share for s in scenarios("", "", "")]
    asked = [i for i, name in enumerate(names)
             if scenario_name in ("", name)]

    def learn(part):
        runner = Runner(arguments)
        try:
            return [(i, runner.learn(runner.scenarios[i])) for i in part]
        finally:
            runner.place.close()

    def fail(part):
        runner = Runner(arguments)
        try:
            return [(i, p, runner.fail_at(runner.scenarios[i], p))
                    for i, p in part]
        finally:
            runner.place.close()

    tap = Tap()
    before = time.monotonic()
    if point:
        cases = [(asked[0], point.split(":"))]
    else:
        cases = []
        each = arguments.points / sum(shares[i] for i in asked)
        for i, points in sorted(ground.in_parallel(arguments.jobs, learn,
                                                   asked)):
            chance = random.Random("%d %s" % (arguments.seed, names[i]))
            cases += [(i, p) for p in choose(
                points, round(each * shares[i] + 0.5), arguments.all,
                arguments.kill, chance)]
    results = ground.in_parallel(arguments.jobs, fail, cases)
    what = "kill -9 at %d system calls, nothing is left" if arguments.kill \
        else "%d failing calls, each said or harmless"
    for i in asked:
        mine = [r for r in results if r[0] == i]
        complaints = ["%s: %s" % (":".join(p), line)
                      for _, p, lines in mine for line in lines or []]
        hit = len([r for r in mine if r[2] is not None])
        tap.test("%s: %s" % (names[i], what % hit), complaints)
        if hit < len(mine):
            tap.note("%d were not reached again" % (len(mine) - hit))
    tap.note("seed %d, %d points, %.1f s" % (
        arguments.seed, len(cases), time.monotonic() - before))
    tap.end()


if __name__ == "__main__":
    main()
