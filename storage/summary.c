#include "storage/summary.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/image_store.h"
#include "storage/layout.h"

enum { BEGINNING = 16 }; /* digits */

/* "MANIFEST ID SIZE CREATED"; of the first as much as keeps two apart */
char *summary_text(const struct descriptor *entry,
		   const struct manifest *manifest,
		   const struct image_config *config)
{
	uint64_t size = entry->size + manifest->config.size;

	for (size_t i = 0; i < manifest->n_layers; i++)
		size += manifest->layers[i].size;
	return xasprintf(
		"%.*s %s %llu %s", BEGINNING, digest_hex(entry->digest),
		manifest->config.digest, (unsigned long long)size,
		strlen(config->created) < CREATED_MAX ? config->created : "");
}

/* the word before the next blank; @*text goes behind it */
static bool take_word(const char **text, char *to, size_t size)
{
	size_t n = strcspn(*text, " ");

	if (n >= size || (*text)[n] != ' ')
		return false;
	memcpy(to, *text, n);
	to[n] = '\0';
	*text += n + 1;
	return true;
}

bool summary_parse(const struct descriptor *entry, struct summary *ret)
{
	const char *text = entry->summary;
	char manifest[BEGINNING + 1], size[32];
	struct summary summary;
	struct error ignored;

	if (!text || !take_word(&text, manifest, sizeof(manifest)) ||
	    strncmp(manifest, digest_hex(entry->digest), BEGINNING) != 0 ||
	    !take_word(&text, summary.id, sizeof(summary.id)) ||
	    !digest_is_valid(summary.id) ||
	    !take_word(&text, size, sizeof(size)) ||
	    text_to_u64(size, UINT64_MAX, &summary.size, &ignored) < 0 ||
	    strlen(text) >= CREATED_MAX)
		return false;
	strcpy(summary.created, text);
	*ret = summary;
	return true;
}

static bool has_manifest(const struct store *store, const char *digest)
{
	scoped(char) *blob = digest_blob_path(digest);
	scoped(char) *path = xasprintf("oci/%s", blob);

	return faccessat(store->dirfd, path, F_OK, 0) == 0 ||
	       image_store_has_blob(store, digest);
}

int summary_read(const struct store *store, const struct descriptor *entry,
		 struct summary *ret, struct error *err)
{
	struct descriptor read = *entry;
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };

	if (summary_parse(entry, ret) && has_manifest(store, entry->digest))
		return 0;
	int r = layout_read_image(store, entry->digest, &manifest, &config,
				  err);
	if (r < 0)
		return r;
	scoped(char) *text = read.summary =
		summary_text(entry, &manifest, &config);
	if (!summary_parse(&read, ret))
		return error_say(err, 0, "%s: cannot be summed up: %.100s",
				 entry->digest, text);
	return 0;
}
