#!/usr/bin/env python3
"""rounds.py - commands in turn that measure themselves

    rounds.py [-n ROUNDS] [--base NAME] [--json FILE] [--strict]
              [--check 'ITEMS NAME LIMIT BASE'] ... + NAME COMMAND ... + ...

Each command prints lines of "ITEM MICROSECONDS".  They run in turn, ROUNDS
times (5) after one round that does not count.  Prints for each item the median
of the base in milliseconds and, for the others, the median of the ratios to the
base, round by round.  A check says PASS or MISS for each of its items, given
with commas between them.
"""

import json
import statistics
import subprocess
import sys


def fail(text):
    sys.exit("rounds.py: " + text)


def parse(argv):
    options = {"-n": 5, "--base": None, "--json": None, "--check": [],
               "--strict": False}
    while argv and argv[0] != "+":
        key = argv.pop(0)
        if key not in options:
            fail(f"no option {key}")
        if key == "--strict":
            options[key] = True
            continue
        value = argv.pop(0)
        if key == "--check":
            options[key].append(value.split())
        else:
            options[key] = int(value) if key == "-n" else value
    commands = {}
    for word in argv:
        if word == "+":
            name = None
        elif name is None:
            name = word
            commands[name] = []
        else:
            commands[name].append(word)
    options["--base"] = options["--base"] or next(iter(commands))
    if options["--base"] not in commands:
        fail(f"the base {options['--base']} is not measured")
    return options, commands


def run(name, argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode != 0:
        fail(f"{name} ended with {done.returncode}: {done.stderr.strip()}")
    return {item: int(us) for item, us in
            (line.split() for line in done.stdout.splitlines())}


def ratio(times, item, name, base):
    return statistics.median(
        a / b for a, b in zip(times[name][item], times[base][item]))


def main():
    options, commands = parse(sys.argv[1:])
    times = {name: {} for name in commands}
    for i in range(options["-n"] + 1):
        for name, argv in commands.items():
            for item, us in run(name, argv).items():
                if i > 0:
                    times[name].setdefault(item, []).append(us)
    base = options["--base"]
    others = [name for name in commands if name != base]
    print(f"{'':12} {base + ' ms':>12}", *(f"{n:>16}" for n in others))
    for item, all_us in times[base].items():
        print(f"{item:12} {statistics.median(all_us) / 1000:12.1f}",
              *(f"{ratio(times, item, n, base):14.2f} x" for n in others))
    print(f"medians of {options['-n']} rounds; x: of the time of {base}")
    met = True
    for items, name, limit, to in options["--check"]:
        for item in items.split(","):
            if name not in times or to not in times:
                print(f"SKIP  {item}: {name} <= {limit} x {to}: not measured")
                continue
            found = ratio(times, item, name, to)
            good = found <= float(limit)
            met = met and good
            print(f"{'PASS' if good else 'MISS'}  {item}: {name} <= {limit} "
                  f"x {to}: {found:.2f}")
    if options["--json"]:
        with open(options["--json"], "w", encoding="utf-8") as file:
            json.dump(times, file, indent=1)
    if options["--strict"] and not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
