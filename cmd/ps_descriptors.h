/*
 * cmd/ps_descriptors.h - podman's way to say what "top" shows
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"

/*
 * ps_descriptors - pure: "pid user args" or "pid,user,args" as options of ps(1)
 * @typed: what follows the name of the container
 * @ret:   the options, when they are descriptors: the column PID is among them
 * Return: 1; 0: the first word is none, and they are options of ps(1); -EINVAL
 * another word is none.
 */
int ps_descriptors(const struct strv *typed, struct strv *ret,
		   struct error *err);
