/*
 * cmd/image_tool.h - the other program, wolffia-image
 *
 * What reads and writes archives is a program of its own, so that the launcher
 * loads none of the libraries for it.  It lies beside this one, or in
 * ../libexec/wolffia.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * image_tool_exec - become "wolffia-image @verb..."
 * @verb: the verb and its arguments, up to a NULL
 * Returns only on failure.
 */
int image_tool_exec(char *const verb[], struct error *err);

/*
 * image_tool_call - run it, with our standard output and error, and wait
 * Return: 0; -ECHILD when it failed: it has said why itself, and @err says
 * nothing.  A signal that ends us is passed on, and ends us when it has ended.
 */
int image_tool_call(char *const verb[], struct error *err);

/*
 * image_tool_ask - the same, but what it prints is for us
 * @answer: gets the first line, without its newline; what does not fit is lost
 */
int image_tool_ask(char *const verb[], char *answer, size_t size,
		   struct error *err);
