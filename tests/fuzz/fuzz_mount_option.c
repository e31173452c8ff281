/*
 * -v, --mount and --tmpfs: whatever is typed, a parser either refuses it with
 * words or hands out a mount that has what the launch relies on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "cmd/mount_option.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_mount(const struct spec_mount *mount)
{
	scoped(char) *normal = path_normalize("/", mount->target);

	require(strcmp(normal, mount->target) == 0);
	require((mount->kind == MOUNT_TMPFS) == !mount->source);
	require(mount->mode <= 07777);
	if (mount->kind == MOUNT_BIND)
		require(mount->source[0] == '/' || mount->source[0] == '.');
	/* it becomes the last part of a path in the store */
	if (mount->kind == MOUNT_VOLUME)
		require(mount->source[0] != '.' &&
			!strchr(mount->source, '/') &&
			strlen(mount->source) <= 255);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	int (*const parsers[])(const char *, struct mount_option *,
			       struct error *) = {
		mount_option_parse_volume,
		mount_option_parse_mount,
		mount_option_parse_tmpfs,
	};
	scoped(char) *text = xcalloc(size + 1, 1);

	if (size)
		memcpy(text, data, size);
	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		struct mount_option option = { 0 };
		struct error err = { 0 };
		int r = parsers[i](text, &option, &err);

		require(r == 0 || (r < 0 && err.code == -r && *err.text));
		if (r == 0)
			check_mount(&option.mount);
		else
			require(!option.mount.source && !option.mount.target);
		mount_option_free(&option);
	}
	return 0;
}
