#include "storage/registry/platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/memory.h"

/* clang-format off */
/* what uname(2) and people say, and what an index says */
static const struct {
	const char *machine, *architecture, *variant;
} machines[] = {
	{ "x86_64",      "amd64",    "" },
	{ "x86-64",      "amd64",    "" },
	{ "aarch64",     "arm64",    "" },
	{ "aarch64_be",  "arm64be",  "" },
	{ "armv5tel",    "arm",      "v5" },
	{ "armv5tejl",   "arm",      "v5" },
	{ "armv6l",      "arm",      "v6" },
	{ "armv7l",      "arm",      "v7" },
	{ "armv8l",      "arm",      "v8" },
	{ "armel",       "arm",      "v6" },
	{ "armhf",       "arm",      "v7" },
	{ "i386",        "386",      "" },
	{ "i486",        "386",      "" },
	{ "i586",        "386",      "" },
	{ "i686",        "386",      "" },
	{ "loongarch64", "loong64",  "" },
	{ "ppc64",       "ppc64",    "" },
	{ "ppc64le",     "ppc64le",  "" },
	{ "riscv64",     "riscv64",  "" },
	{ "s390x",       "s390x",    "" },
};
/* clang-format on */

static void set(char to[16], const char *from)
{
	snprintf(to, 16, "%s", from);
}

/* arm64 has but one variant in use, and most say nothing of it */
static void normalize(struct platform *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (strcmp(p->architecture, machines[i].machine) != 0)
			continue;
		set(p->architecture, machines[i].architecture);
		if (!p->variant[0])
			set(p->variant, machines[i].variant);
		break;
	}
	if (strcmp(p->architecture, "arm64") == 0 &&
	    (strcmp(p->variant, "v8") == 0 || strcmp(p->variant, "8") == 0))
		p->variant[0] = '\0';
	if (strcmp(p->architecture, "arm") == 0 && !p->variant[0])
		set(p->variant, "v7");
}

static int malformed(const char *text, struct error *err)
{
	error_say(err, EINVAL, "\"%s\" is not a platform", text);
	return error_hint(err, "write OS/ARCHITECTURE[/VARIANT], as in "
			       "linux/arm64 or linux/arm/v7");
}

/* one word up to the next "/", of letters and digits; NULL: it is not one */
static const char *take_word(const char *from, char to[16])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t n = strspn(from, letters);

	if (n == 0 || n >= 16 || (from[n] && from[n] != '/'))
		return NULL;
	memcpy(to, from, n);
	to[n] = '\0';
	return from + n + (from[n] == '/');
}

int platform_parse(const char *text, struct platform *ret, struct error *err)
{
	struct platform p = { 0 };
	const char *rest = take_word(text, p.os);
	size_t length = strlen(text);

	if (!rest || !*rest || text[length - 1] == '/')
		return malformed(text, err);
	rest = take_word(rest, p.architecture);
	if (rest && *rest)
		rest = take_word(rest, p.variant);
	if (!rest || *rest)
		return malformed(text, err);
	normalize(&p);
	*ret = p;
	return 0;
}

void platform_from_machine(const char *machine, int level, struct platform *ret)
{
	*ret = (struct platform){ .os = "linux" };
	set(ret->architecture, machine);
	normalize(ret);
	if (strcmp(ret->architecture, "amd64") == 0)
		snprintf(ret->variant, sizeof(ret->variant), "v%d", level & 7);
}

/* x86-64 psABI, "Micro-Architecture Levels": by the telling ones of each */
static int processor_level(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2") ||
	    !__builtin_cpu_supports("ssse3") ||
	    !__builtin_cpu_supports("popcnt"))
		return 1;
	if (!__builtin_cpu_supports("avx2") ||
	    !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
		return 2;
	if (!__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vl"))
		return 3;
	return 4;
#else
	return 1;
#endif
}

void platform_of_machine(struct platform *ret)
{
	struct utsname name;

	if (uname(&name) < 0)
		name.machine[0] = '\0';
	platform_from_machine(name.machine, processor_level(), ret);
}

char *platform_text(const struct platform *platform)
{
	bool hidden = strcmp(platform->architecture, "amd64") == 0;
	const char *variant = hidden ? "" : platform->variant;

	return xasprintf("%s/%s%s%s", platform->os, platform->architecture,
			 *variant ? "/" : "", variant);
}

/* the number of "v7" or "7"; -1 when it is neither */
static int number(const char *variant)
{
	if (*variant == 'v')
		variant++;
	return *variant >= '1' && *variant <= '9' && !variant[1]
		       ? *variant - '0'
		       : -1;
}

/*
 * How well the variant @has runs where @wanted is asked for: 0 not at all.
 * On arm an entry without a variant may be any: last, but better than none.
 */
static int fitness_of_variant(const char *architecture, const char *has,
			      const char *wanted)
{
	int n = number(has), max = number(wanted);

	if (strcmp(architecture, "amd64") == 0) {
		if (!*has)
			return 10;
		max = max < 0 ? 1 : max;
		return n >= 1 && n <= max ? 10 - n : 0;
	}
	if (strcmp(architecture, "arm") == 0) {
		if (!*has)
			return 1;
		return n >= 5 && n <= max ? 1 + n : 0;
	}
	if (strcmp(has, wanted) == 0)
		return 10;
	return !*has ? 5 : 0;
}

static int fitness(const struct descriptor *entry,
		   const struct platform *wanted)
{
	struct platform has = { 0 };

	if (media_kind(entry->media_type) == MEDIA_IS_UNKNOWN)
		return 0;
	if (!entry->os && !entry->architecture)
		return 1;
	set(has.os, entry->os ? entry->os : wanted->os);
	set(has.architecture,
	    entry->architecture ? entry->architecture : wanted->architecture);
	if (strcmp(has.architecture, "arm64") == 0 && entry->variant &&
	    strcmp(entry->variant, "v8") == 0)
		has.variant[0] = '\0';
	else if (entry->variant)
		set(has.variant, entry->variant);
	if (strcmp(has.os, wanted->os) != 0 ||
	    strcmp(has.architecture, wanted->architecture) != 0)
		return 0;
	int fit = fitness_of_variant(has.architecture, has.variant,
				     wanted->variant);
	return fit ? 1 + fit : 0;
}

static int nothing_fits(const struct image_index *index,
			const struct platform *wanted, struct error *err)
{
	scoped(char) *want = platform_text(wanted);
	scoped(char) *all = xstrdup("");

	for (size_t i = 0; i < index->n && strlen(all) < 200; i++) {
		const struct descriptor *e = &index->entries[i];
		if (e->os && strcmp(e->os, "unknown") == 0)
			continue;
		char *longer = xasprintf(
			"%s%s%s/%s%s%s", all, *all ? ", " : "",
			e->os ? e->os : "?",
			e->architecture ? e->architecture : "?",
			e->variant ? "/" : "", e->variant ? e->variant : "");
		free(all);
		all = longer;
	}
	return error_say(err, ENOENT, "it has no image for %s; it has: %s",
			 want, *all ? all : "nothing");
}

int platform_choose(const struct image_index *index,
		    const struct platform *wanted, struct error *err)
{
	int best = 0, best_at = -1;

	for (size_t i = 0; i < index->n; i++) {
		int fit = fitness(&index->entries[i], wanted);
		if (fit > best) {
			best = fit;
			best_at = (int)i;
		}
	}
	return best_at >= 0 ? best_at : nothing_fits(index, wanted, err);
}
