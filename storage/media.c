#include "storage/media.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/manifest.h"

static const struct {
	const char *magic;
	size_t length;
	const char *suffix;
} compressions[] = {
	{ "\x1f\x8b", 2, "+gzip" },
	{ "\x28\xb5\x2f\xfd", 4, "+zstd" },
	{ "\xfd"
	  "7zXZ",
	  5, "+xz" },
	{ "BZh", 3, "+bzip2" },
};

int media_check_layer(const char *media_type, struct error *err)
{
	if ((text_starts_with(media_type, "application/vnd.oci.image.layer.") ||
	     text_starts_with(media_type,
			      "application/vnd.docker.image.rootfs.")) &&
	    !text_ends_with(media_type, "+encrypted"))
		return 0;
	return error_say(err, ENOTSUP, "a layer is of the unknown type %s",
			 media_type);
}

const char *media_compression(const void *head, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(compressions); i++)
		if (size >= compressions[i].length &&
		    memcmp(head, compressions[i].magic,
			   compressions[i].length) == 0)
			return compressions[i].suffix;
	return "";
}

int media_sniff_layer(int fd, char **ret, struct error *err)
{
	char head[8] = "";
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0)
		return error_set(err, errno, "read a layer");
	*ret = xasprintf("%s%s", MEDIA_LAYER,
			 media_compression(head, (size_t)n));
	return 0;
}

int layout_version_parse(const char *text, size_t size, struct error *err)
{
	scoped_json *document = NULL;
	const char *version = NULL;
	int r = json_parse(text, size, "oci-layout", &document, err);

	if (r < 0)
		return r;
	if (!json_is_object(document))
		return error_say(err, EINVAL, "oci-layout is not an object");
	r = json_get_string(document, "imageLayoutVersion", &version, err);
	if (r < 0)
		return error_prefix(err, "oci-layout");
	if (r == 0 || !text_starts_with(version, "1."))
		return error_say(err, ENOTSUP,
				 "the OCI layout is of version %s instead "
				 "of 1",
				 r ? version : "?");
	return 0;
}
