/*
 * cmd/image_tool.h - the other program, wolffia-image
 *
 * What reads and writes archives is a program of its own, so that the launcher
 * loads none of the libraries for it.  It lies beside this one, or in
 * ../libexec/wolffia.
 */
#pragma once

#include "base/error.h"

/*
 * image_tool_exec - become "wolffia-image @verb..."
 * @verb: the verb and its arguments, up to a NULL
 * Returns only on failure.
 */
int image_tool_exec(char *const verb[], struct error *err);

/*
 * image_tool_call - run it, with our standard streams, and wait
 * Return: 0; -ECHILD when it failed, and said why itself.
 */
int image_tool_call(char *const verb[], struct error *err);
