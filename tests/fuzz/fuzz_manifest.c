/* All documents of an image; the first byte says which. */
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "storage/history.h"
#include "storage/manifest.h"
#include "storage/media.h"
#include "storage/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_manifest(const char *text, size_t size, struct error *err)
{
	scoped_manifest manifest = { 0 };

	if (manifest_parse(text, size, &manifest, err) == 0)
		free(manifest_text(&manifest));
}

static void read_config(const char *text, size_t size, struct error *err)
{
	scoped_config config = { 0 };
	scoped_history history = { 0 };
	struct history_row *rows = NULL;

	if (config_parse(text, size, &config, err) == 0)
		free(config_text(&config, "", ""));
	if (history_parse(text, size, &history, err) == 0) {
		history_rows(&history, config.diff_ids.n, &rows);
		free(rows);
	}
}

static void read_index(const char *text, size_t size, struct error *err)
{
	scoped_index index = { 0 };
	struct summary summary;

	if (index_parse(text, size, &index, err) < 0)
		return;
	index_choose(&index, err);
	for (size_t i = 0; i < index.n; i++)
		summary_parse(&index.entries[i], &summary);
	free(index_text(&index));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_archive_manifest archive = { 0 };
	struct error err;

	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	switch (data[0] % 5) {
	case 0:
		read_index(text, size - 1, &err);
		break;
	case 1:
		read_manifest(text, size - 1, &err);
		break;
	case 2:
		read_config(text, size - 1, &err);
		break;
	case 3:
		if (archive_manifest_parse(text, size - 1, &archive, &err) == 0)
			free(archive_manifest_text(&archive));
		break;
	case 4:
		layout_version_parse(text, size - 1, &err);
		break;
	}
	return 0;
}
