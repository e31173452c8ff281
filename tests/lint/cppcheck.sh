#!/bin/sh
# cppcheck.sh ROOT - cppcheck finds nothing that cppcheck.txt does not excuse
set -u
cd "$1" || exit
cppcheck --quiet --std=c11 --language=c --platform=unix64 -j 2 -I. \
  --include=tests/lint/cppcheck.h --inline-suppr \
  --enable=warning,performance,portability \
  --suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 \
  base userns storage core cmd
