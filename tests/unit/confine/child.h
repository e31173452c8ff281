/*
 * tests/unit/confine/child.h - what a test does to itself, in a child
 */
#pragma once

#include <stdbool.h>

/*
 * child_run - run @function in a child process
 * Return: what it returned, 0..127; 128+N when signal N ended it.
 */
int child_run(int (*function)(const void *argument), const void *argument);

/*
 * child_make_root - become root with all capabilities in a new user
 * namespace, in which only this id is mapped; also where we are root already
 * Return: false when this machine does not allow it.
 */
bool child_make_root(void);

/*
 * child_skip - this machine lacks what the test needs
 * With TESTS_MUST_RUN=1 in the environment the test fails instead.
 * Return: true when the test shall return.
 */
bool child_skip(const char *reason);
