#!/usr/bin/env python3
"""count_tests.py BROKEN [LOG...] - the closing line of ./check

Counts what meson's JSON logs report, one test of a program each where the
program says so (TAP, or the summary of a libcheck program), else one for the
program.  BROKEN parts, which could not even run their tests, count as failed,
and so does a program that plans no test at all.

A test that one user must skip and another user's run has passed is no skipped
test.  One that nobody ran counts as failed when TESTS_MUST_RUN is 1.

Prints "N passed, N failed[, N skipped]"; exits 1 unless all passed.
"""
import json
import os
import re
import sys

TAP = re.compile(r"^(not )?ok\b *\d* *(?:- )?(.*?)(?: *# *(skip|todo)\b.*)?$",
                 re.I | re.M)
EMPTY = re.compile(r"^1\.\.0\s*$", re.M)
CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)


class Count:
    def __init__(self):
        self.passed, self.failed = 0, 0
        self.passed_names, self.skipped_names = set(), []

    def add(self, test, log):
        """Add one test program."""
        before = self.passed, self.failed, len(self.skipped_names)
        output = test.get("stdout") or ""
        for bad, name, directive in TAP.findall(output):
            if directive:
                self.skipped_names.append(name)
            elif bad:
                self.failed += 1
            else:
                self.passed += 1
                self.passed_names.add(name)
        for checks, failures, errors in CHECK.findall(output):
            bad = int(failures) + int(errors)
            self.failed += bad
            self.passed += int(checks) - bad
        if EMPTY.search(output):
            self.failed += 1
        told = (self.passed, self.failed, len(self.skipped_names)) != before
        if test["result"] == "SKIP":
            if len(self.skipped_names) == before[2]:
                self.skipped_names.append(test["name"])
        elif test["result"] not in ("OK", "EXPECTEDFAIL"):
            if self.failed == before[1]:
                self.failed += 1
        elif not told:
            self.passed += 1
        if self.failed != before[1]:
            print(f"    failed: {test['name']} ({log})")

    def skipped(self):
        return [n for n in self.skipped_names if n not in self.passed_names]


def main():
    count = Count()
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                count.add(json.loads(line), path)
    failed = count.failed + int(sys.argv[1])
    skipped = count.skipped()
    for name in skipped:
        print(f"    skipped: {name}")
    if os.environ.get("TESTS_MUST_RUN") == "1":
        failed, skipped = failed + len(skipped), []
    if count.passed + failed == 0:
        failed = 1
    rest = f", {len(skipped)} skipped" if skipped else ""
    print(f"{count.passed} passed, {failed} failed{rest}")
    return 1 if failed else 0


sys.exit(main())
