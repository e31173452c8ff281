/*
 * core/attached.h - a process of the user that is connected to the streams of
 * a command in a container: "exec", "attach", "start -a"
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "base/error.h"

/* What it is connected to; the descriptors are taken over. */
struct attached {
	int in;     /* standard input goes here; -1: nowhere */
	int out[2]; /* what comes is stdout, stderr; -1: nothing comes */
	bool tty;   /* out[0] is a terminal's: keys pass as they are */
	int end_fd; /* readable when the command has ended; stays the caller's
		     */
	const char *detach_keys; /* bytes that end the connection; "": none */
	bool pass_signals; /* to the command; else they end us, by themselves */
	void (*signal)(void *context, int number);
	void (*resize)(void *context, const struct winsize *size);
	void *context;
};

enum attached_end {
	ATTACHED_ENDED,    /* .end_fd is readable; all that came is written */
	ATTACHED_DETACHED, /* the keys were typed */
};

/* attached_run - Return: enum attached_end, -errno */
int attached_run(struct attached *attached, struct error *err);

#define ATTACHED_KEYS "ctrl-p,ctrl-q" /* docker's */

/*
 * attached_find_keys - pure: look for the detach keys in what is typed
 * @typed:     how many of them came last, and are held back; 0 at first
 * @data:      in: @size bytes; out: what is to be passed on, by so many more
 *             at most as there are keys
 * @ret_found: all of them came; what is behind them is dropped
 * Return: the bytes in @data
 */
size_t attached_find_keys(const char *keys, size_t *typed, char *data,
			  size_t size, bool *ret_found);

/*
 * attached_parse_keys - "ctrl-p,ctrl-q" as docker(1) writes them
 * @ret: up to 15 bytes and a NUL
 * Return: 0; -EINVAL
 */
int attached_parse_keys(const char *text, char ret[16], struct error *err);
