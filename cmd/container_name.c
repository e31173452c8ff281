#include "cmd/container_name.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/memory.h"

/* clang-format off */
static const char *const adjectives[] = {
	"airy", "alpine", "amber", "ancient", "bold", "brave", "breezy",
	"bright", "brisk", "calm", "clear", "clever", "cosy", "crisp",
	"curious", "dappled", "dewy", "eager", "early", "fair", "fleet",
	"floating", "fresh", "gentle", "gleaming", "golden", "graceful",
	"green", "happy", "hardy", "hidden", "humble", "jolly", "keen",
	"kind", "lively", "lucid", "lucky", "mellow", "merry", "mossy",
	"nimble", "patient", "placid", "proud", "quick", "quiet", "rootless",
	"rustic", "shady", "shiny", "silent", "silver", "smooth", "snug",
	"sparkling", "steady", "sunny", "swift", "tender", "tidy", "tiny",
	"verdant", "witty",
};
static const char *const plants[] = {
	"acacia", "alder", "anemone", "arnica", "aspen", "aster", "azolla",
	"basil", "birch", "borage", "bramble", "bryony", "campion", "cedar",
	"celandine", "chervil", "chicory", "clover", "columbine", "comfrey",
	"cowslip", "crocus", "daisy", "dogwood", "duckweed", "elder", "fern",
	"fescue", "foxglove", "gentian", "hazel", "heather", "iris", "ivy",
	"juniper", "larch", "laurel", "lavender", "lichen", "linden", "lotus",
	"lupin", "mallow", "maple", "marigold", "meadowsweet", "mint", "moss",
	"nettle", "oak", "orchid", "poppy", "primrose", "reed", "rowan",
	"rush", "sage", "sedge", "sorrel", "thistle", "thyme", "violet",
	"willow", "yarrow",
};
/* clang-format on */

static int fill_random(void *to, size_t size, struct error *err)
{
	/* up to 256 bytes come whole (getrandom(2)) */
	if (getrandom(to, size, 0) != (ssize_t)size)
		return error_set(err, errno, "get random numbers");
	return 0;
}

int container_id_new(char **ret, struct error *err)
{
	uint8_t bytes[32];
	int r = fill_random(bytes, sizeof(bytes), err);

	if (r < 0)
		return r;
	char *id = xcalloc(2 * sizeof(bytes) + 1, 1);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	*ret = id;
	return 0;
}

/* four hexadecimal digits of the id, as a number */
static unsigned digits_at(const char *id, size_t offset)
{
	unsigned value = 0;

	sscanf(id + offset, "%4x", &value);
	return value;
}

char *container_name_for(const char *id)
{
	return xasprintf("%s_%s_%.4s",
			 adjectives[digits_at(id, 0) % ARRAY_SIZE(adjectives)],
			 plants[digits_at(id, 4) % ARRAY_SIZE(plants)], id + 8);
}
