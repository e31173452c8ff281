#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>

#include "cmd/confine_parsers.h"

uint64_t capabilities_all(void)
{
	return (UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1;
}

uint64_t capabilities_default(void)
{
	return 0x8004c00eb & capabilities_all();
}

int capabilities_parse(const char *word, uint64_t *ret, struct error *err)
{
	char name[64];
	cap_value_t value = 0;

	snprintf(name, sizeof(name), "%s%s",
		 strncasecmp(word, "cap_", 4) == 0 ? "" : "cap_", word);
	if (cap_from_name(name, &value) < 0)
		return error_say(err, EINVAL, "\"%s\" is not a capability",
				 word);
	*ret = UINT64_C(1) << value;
	return 0;
}

int rlimits_parse(const char *text, struct spec_rlimit *ret, struct error *err)
{
	unsigned long long soft = 0, hard = 0;
	int n = sscanf(text, "nofile=%llu:%llu", &soft, &hard);

	if (n < 1)
		return error_say(err, EINVAL, "\"%s\" is not a limit", text);
	ret->resource = RLIMIT_NOFILE;
	ret->limit.rlim_cur = soft;
	ret->limit.rlim_max = n == 2 ? hard : soft;
	return 0;
}
