/*
 * cmd/selection.h - which containers a verb is for, besides those that are
 * named: all, the latest, those that pass filters, those of id files
 */
#pragma once

#include "cmd/container_verb.h"

/* As a member "which" of a verb's options. */
struct selection {
	enum flag all, latest, ignore;
	struct strv filters, cidfiles;
};

#define SELECTION_FILTERS "id=, name=, label=, status=, exited= or until="

/* clang-format off */
/* rows of an option table; @letter of --filter: 0 where -f is another */
#define SELECTION_ROWS(letter, all_of) \
FLAG('a', "all", which.all, all_of), \
FLAG('l', "latest", which.latest, "the one that was made last"), \
LIST(letter, "filter", which.filters, "KEY=VALUE", \
     "those with " SELECTION_FILTERS), \
LIST(0, "cidfile", which.cidfiles, "FILE", \
     "the one whose id run --cidfile wrote into this file")
#define SELECTION_IGNORE_ROW \
FLAG('i', "ignore", which.ignore, \
     "say nothing of containers that are not there")
/* clang-format on */

/*
 * selection_add - add to the arguments of @verb what @selection means
 * @wanted: of those that --all and --filter find, these; NULL: each
 * Return: 0, and at least one name, unless --all, --filter or --ignore found
 * none; -errno after the error was printed.
 */
int selection_add(struct container_verb *verb, struct selection *selection,
		  bool (*wanted)(const struct container *container));

void selection_free(struct selection *selection);

bool selection_runs(const struct container *container);
bool selection_may_pause(const struct container *container);
bool selection_is_paused(const struct container *container);
bool selection_is_idle(const struct container *container);
