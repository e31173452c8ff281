/*
 * cmd/image_secrets.h - what looks like a secret in an image, for "inspect"
 * and "history"
 *
 * Values are never whole here: storage/secret.h's hints stand for them.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "storage/history.h"
#include "storage/manifest.h"

/*
 * image_secrets_find - in its environment, labels, command and history
 * @history: may be NULL
 * Return: an array of {"Where", "Name", "Kind", "Hint"}, a new reference;
 * "Where" is "Config.Env" or "History[3]", counted from the oldest, from 0
 */
json_t *image_secrets_find(const struct image_config *config,
			   const struct history *history);

/*
 * image_secrets_warn - say them on standard error, and what to do about it
 * @image: its name, or what it was called by
 * @shown: they are shown anyway
 */
void image_secrets_warn(const char *image, const json_t *secrets, bool shown);
