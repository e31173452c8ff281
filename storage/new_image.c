#include "storage/new_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/import.h"
#include "storage/reference.h"

int new_image_name(const char *text, char **ret, struct error *err)
{
	scoped_reference ref = { 0 };
	int r = reference_parse(text, &ref, err);

	if (r < 0)
		return r;
	if (ref.digest)
		return error_say(err, EINVAL,
				 "\"%s\": an image is not named by a digest",
				 text);
	*ret = reference_name(&ref, "localhost");
	return 0;
}

int new_image_stamp(struct image_config *config, struct error *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = time(NULL);
	char text[32];
	struct tm tm;
	uint64_t seconds = 0;

	if (epoch && *epoch) {
		int r = text_to_u64(epoch, INT32_MAX * 64ull, &seconds, err);
		if (r < 0)
			return error_prefix(err, "SOURCE_DATE_EPOCH");
		now = (time_t)seconds;
	}
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	free(config->created);
	config->created = xstrdup(text);
	return 0;
}

int new_image_change(struct image_config *config, const struct strv *changes,
		     struct error *err)
{
	scoped_config check = { 0 };

	for (size_t i = 0; i < changes->n; i++) {
		int r = import_change(config, changes->v[i], err);
		if (r < 0)
			return r;
	}
	scoped(char) *text = config_text(config, "", "");
	return config_parse(text, strlen(text), &check, err);
}

void new_image_entry(struct descriptor *entry)
{
	*entry = (struct descriptor){
		.media_type = xstrdup(MEDIA_MANIFEST),
		.os = xstrdup("linux"),
		.architecture = xstrdup(manifest_architecture()),
	};
}
