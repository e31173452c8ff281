#!/usr/bin/env python3
"""count_tests.py BROKEN [LOG...] - the closing line of ./check

Counts what meson's JSON logs report, one test of a program each where the
program says so (TAP, or the summary of a libcheck program), else one for the
program.  BROKEN parts, which could not even run their tests, count as failed.
So does a program that plans no test at all.  A skipped test counts as failed when TESTS_MUST_RUN is 1.

Prints "N passed, N failed[, N skipped]"; exits 1 unless all passed.
"""
import json
import os
import re
import sys

TAP = re.compile(r"^(not )?ok\b[^#\n]*(#\s*(skip|todo))?", re.I | re.M)
EMPTY = re.compile(r"^1\.\.0\s*$", re.M)
CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)


def count(test):
    """One test program's (passed, failed, skipped)."""
    passed = failed = skipped = 0
    output = test.get("stdout") or ""
    for bad, directive, _ in TAP.findall(output):
        if directive:
            skipped += 1
        elif bad:
            failed += 1
        else:
            passed += 1
    for checks, failures, errors in CHECK.findall(output):
        failed += int(failures) + int(errors)
        passed += int(checks) - int(failures) - int(errors)
    if EMPTY.search(output):
        failed += 1
    if test["result"] == "SKIP":
        skipped = max(skipped, 1)
    elif test["result"] not in ("OK", "EXPECTEDFAIL"):
        failed = max(failed, 1)
    elif passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def main():
    passed, failed, skipped = 0, int(sys.argv[1]), 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                p, f, s = count(test)
                passed, failed, skipped = passed + p, failed + f, skipped + s
                if f or s:
                    word = "failed" if f else "skipped"
                    print(f"    {word}: {test['name']} ({path})")
    if os.environ.get("TESTS_MUST_RUN") == "1":
        failed, skipped = failed + skipped, 0
    if passed + failed == 0:
        failed = 1
    rest = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{rest}")
    return 1 if failed else 0


sys.exit(main())
