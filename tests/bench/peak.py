#!/usr/bin/env python3
"""peak.py - the memory of a program's processes together, at its highest

    peak.py [--limit KIB] NAME COMMAND [ARG...]

Runs COMMAND, looks every few milliseconds at the processes below it whose name
begins with NAME, and prints the largest sum of their proportional set sizes
(PSS, smaps_rollup in proc(5)) that it saw, in KiB, and how many processes that
were.  With --limit it says PASS or MISS.

Root starts it, since nobody else may read how processes are mapped that are not
dumpable; tests/bench/pull goes on as BENCH_USER:

    BENCH_USER=NAME WOLFFIA=/path/to/wolffia peak.py --limit 65536 \\
        wolffia tests/bench/pull -n 1 wolffia
"""

import os
import subprocess
import sys


def below(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children",
                      encoding="ascii") as file:
                for child in file.read().split():
                    found += [child] + below(child)
    except OSError:  # it has just ended
        pass
    return found


def memory_of(pid, name):
    """Return its PSS in KiB; 0 if it is none of those."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            if not file.read().startswith(name):
                return 0
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def main():
    arguments = sys.argv[1:]
    limit = None
    if arguments[:1] == ["--limit"]:
        limit = int(arguments[1])
        arguments = arguments[2:]
    if len(arguments) < 2 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return
    if os.getuid() != 0:
        sys.exit("peak.py: root starts it: see --help")
    name = arguments[0]
    peak = (0, 0)
    process = subprocess.Popen(arguments[1:], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    while True:
        try:
            process.wait(0.02)
            break
        except subprocess.TimeoutExpired:
            sizes = [memory_of(pid, name) for pid in below(process.pid)]
            peak = max(peak, (sum(sizes), sum(s > 0 for s in sizes)))
    if process.returncode != 0 or not peak[0]:
        sys.exit(f"peak.py: {arguments[1]} ended with {process.returncode}")
    print(f"{name}: {peak[0]} KiB in {peak[1]} processes")
    if limit is not None:
        print("PASS" if peak[0] <= limit else "MISS",
              f" {name} <= {limit} KiB: {peak[0]}")


if __name__ == "__main__":
    main()
