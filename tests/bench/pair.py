#!/usr/bin/env python3
"""pair.py - time commands against each other, in turn

    pair.py [OPTION...] + NAME COMMAND [ARG...] + NAME COMMAND [ARG...] ...

Runs A B C A B C ..., so that whatever else the machine does falls on all of
them alike, and prints for each the minimum, median and maximum, and the median
of its ratio to the base, taken round by round.  A round's ratio compares runs
that were neighbours in time: on a noisy machine it is the only figure that
means something.

No shell is involved: each command is started by posix_spawn(3) with /dev/null
as its standard streams, and timed on CLOCK_MONOTONIC from before the spawn
until wait4(2) has returned.  A command that fails ends the measurement, unless
--may-fail is given.  Processor time is that of the process and the children
that it waited for.

Options:
  -n N          rounds that count (50)
  -w N          rounds before, that do not (3)
  --base NAME   what the others are divided by (the first)
  --json FILE   write the figures as JSON; "-" is standard output, and nothing
                else is printed there
  --raw         with --json: the time of each single run, too
  --title TEXT  a line above the table
  --check 'NAME LIMIT BASE'   say whether the median of NAME's ratio to BASE is
                at most LIMIT: PASS or MISS; may be given more than once
  --strict      a MISS makes the exit status 1
"""

import json
import os
import statistics
import sys
import time


def fail(text):
    sys.exit("pair.py: " + text)


def parse(argv):
    """Return (options, [(name, command), ...])."""
    options = {"-n": 50, "-w": 3, "--base": None, "--json": None,
               "--title": None, "--raw": False, "--may-fail": False,
               "--check": [], "--strict": False}
    i = 0
    while i < len(argv) and argv[i] != "+":
        key = argv[i]
        if key in ("-h", "--help"):
            print(__doc__.strip())
            sys.exit(0)
        if key not in options:
            fail(f"no option {key}; --help lists them")
        if isinstance(options[key], bool):
            options[key] = True
            i += 1
            continue
        if i + 1 >= len(argv):
            fail(f"{key} wants a value")
        value = argv[i + 1]
        if isinstance(options[key], list):
            options[key].append(value)
            i += 2
            continue
        if isinstance(options[key], int):
            if not value.isdigit():
                fail(f"{key} wants a number, not {value}")
            value = int(value)
        options[key] = value
        i += 2
    for text in options["--check"]:
        words = text.split()
        if len(words) != 3 or not words[1].replace(".", "", 1).isdigit():
            fail(f"--check wants 'NAME LIMIT BASE', not {text!r}")
    commands = []
    for word in argv[i:]:
        if word == "+":
            commands.append([])
        else:
            commands[-1].append(word)
    for command in commands:
        if len(command) < 2:
            fail("after + come a name and a command")
    commands = [(c[0], c[1:]) for c in commands]
    names = [name for name, _ in commands]
    if not names or len(set(names)) != len(names):
        fail("give commands, each with a name of its own")
    options["--base"] = options["--base"] or names[0]
    if options["--base"] not in names:
        fail(f"the base {options['--base']} is none of the commands")
    if options["-n"] < 1:
        fail("-n wants at least 1")
    return options, commands


def find(program):
    """The full path, so that searching PATH is nobody's time."""
    if "/" in program:
        return program
    for directory in os.environ.get("PATH", "/usr/bin:/bin").split(":"):
        path = os.path.join(directory, program)
        if os.access(path, os.X_OK):
            return path
    fail(f"{program} is not installed")


def run(name, argv, may_fail):
    """Return (wall, processor) time in milliseconds."""
    nothing = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
    start = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=nothing)
    _, status, usage = os.wait4(pid, 0)
    end = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    if status != 0 and not may_fail:
        fail(f"{name} ended with {os.waitstatus_to_exitcode(status)}: "
             + " ".join(argv))
    return (end - start) / 1e6, (usage.ru_utime + usage.ru_stime) * 1e3


def measure(options, commands):
    """Return {name: ([wall], [processor])}."""
    times = {name: ([], []) for name, _ in commands}
    for i in range(options["-w"] + options["-n"]):
        for name, argv in commands:
            wall, cpu = run(name, argv, options["--may-fail"])
            if i >= options["-w"]:
                times[name][0].append(wall)
                times[name][1].append(cpu)
    return times


def ratios_of(times, name, base):
    return sorted(a / b for a, b in zip(times[name][0], times[base][0]))


def check(times, checks):
    """Print a line for each check; return whether all are met."""
    met = True
    for text in checks:
        name, limit, base = text.split()
        if name not in times or base not in times:
            print(f"SKIP  {name} <= {limit} x {base}: not measured")
            continue
        ratio = statistics.median(ratios_of(times, name, base))
        good = ratio <= float(limit)
        met = met and good
        print(f"{'PASS' if good else 'MISS'}  {name} <= {limit} x {base}: "
              f"{ratio:.3f}")
    return met


def summarise(times, base, raw):
    rows = []
    for name, (wall, cpu) in times.items():
        ratios = ratios_of(times, name, base)
        quarter = len(ratios) // 4
        row = {
            "name": name, "runs": len(wall),
            "min": min(wall), "median": statistics.median(wall),
            "max": max(wall), "cpu": statistics.median(cpu),
            "base": base, "ratio": statistics.median(ratios),
            "ratio_low": ratios[quarter], "ratio_high": ratios[-1 - quarter],
        }
        if raw:
            row["wall"] = wall
        rows.append(row)
    return rows


def show(rows, title, out):
    if title:
        print(title, file=out)
    width = max(len(r["name"]) for r in rows)
    print(f"{'':{width}}  {'min':>8} {'median':>8} {'max':>8} {'cpu':>8}"
          f"   ratio to {rows[0]['base']} (middle half)", file=out)
    for r in rows:
        print(f"{r['name']:{width}}  {r['min']:8.2f} {r['median']:8.2f} "
              f"{r['max']:8.2f} {r['cpu']:8.2f}   {r['ratio']:.3f} "
              f"({r['ratio_low']:.2f} - {r['ratio_high']:.2f})", file=out)
    print(f"milliseconds, {rows[0]['runs']} runs each, in turn", file=out)


def main():
    options, commands = parse(sys.argv[1:])
    commands = [(name, [find(argv[0])] + argv[1:]) for name, argv in commands]
    times = measure(options, commands)
    rows = summarise(times, options["--base"], options["--raw"])
    if options["--json"] == "-":
        json.dump(rows, sys.stdout, indent=1)
        print()
        return
    show(rows, options["--title"], sys.stdout)
    if options["--json"]:
        with open(options["--json"], "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    if not check(times, options["--check"]) and options["--strict"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
