#include "storage/link_table.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

/* its slot, or the free one where it would be */
static struct link_slot *find_slot(const struct link_table *table, dev_t dev,
				   ino_t ino)
{
	/* inode numbers are neighbours; Fibonacci hashing spreads them */
	uint64_t hash = ((uint64_t)ino ^ ((uint64_t)dev << 32)) *
			UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 20) & (table->room - 1);

	while (table->slots[at].path &&
	       (table->slots[at].dev != dev || table->slots[at].ino != ino))
		at = (at + 1) & (table->room - 1);
	return &table->slots[at];
}

static void grow(struct link_table *table)
{
	struct link_table larger = { .room = table->room ? table->room * 2 : 64,
				     .n = table->n };

	larger.slots = xcalloc(larger.room, sizeof(*larger.slots));
	for (size_t i = 0; i < table->room; i++) {
		const struct link_slot *slot = &table->slots[i];
		if (slot->path)
			*find_slot(&larger, slot->dev, slot->ino) = *slot;
	}
	free(table->slots);
	*table = larger;
}

const char *link_table_find(struct link_table *table, const struct stat *st,
			    const char *path)
{
	if (table->n * 2 >= table->room)
		grow(table);
	struct link_slot *slot = find_slot(table, st->st_dev, st->st_ino);
	if (slot->path)
		return slot->path;
	*slot = (struct link_slot){ st->st_dev, st->st_ino, xstrdup(path) };
	table->n++;
	return NULL;
}

void link_table_free(struct link_table *table)
{
	for (size_t i = 0; i < table->room; i++)
		free(table->slots[i].path);
	free(table->slots);
	*table = (struct link_table){ 0 };
}
