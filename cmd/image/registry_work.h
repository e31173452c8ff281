/*
 * cmd/image/registry_work.h - what the verbs that speak with registries have
 * in common: their options, signals, and what is shown
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cmd/image/transfer_show.h"
#include "cmd/registry_options.h"
#include "storage/registry/client.h"
#include "storage/registry/config.h"
#include "storage/registry/credential.h"

struct registry_work {
	enum transfer_style style;
	struct registries registries;
	int cancel_fd; /* readable when a signal wants us to end */
	struct http *http;
	struct client_options client;
	struct credential typed; /* of --creds */
};

/* registry_begin - from here on signals that end us are caught.
 * Return: 0, -errno; registry_end() is due in any case */
int registry_begin(struct registry_work *work,
		   const struct registry_options *options, bool quiet,
		   struct error *err);
void registry_end(struct registry_work *work);

/* registry_begin_to_keep - for login and logout: nothing is shown, and the file
 * of --authfile need not be there yet */
int registry_begin_to_keep(struct registry_work *work,
			   const struct registry_options *options,
			   struct error *err);

/* registry_let_signals - end us as they do others, from here on */
void registry_let_signals(void);

/* registry_status - what a shell says of the signal that was caught */
int registry_status(const struct registry_work *work);

/* for struct pull and struct push; @context is the struct registry_work */
void registry_show_begin(void *context, const struct transfer *layers,
			 size_t n);
void registry_show_end(void *context);
