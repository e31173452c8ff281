#include "userns/idmap.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define LAST (ID_NONE - 1) /* 2^32-2: the largest id */

/* what a map is, as text: "inside outside count, ..." */
static const char *text_of(const struct idmap *map)
{
	static char text[4096];
	struct error err = { 0 };

	text[0] = '\0';
	ck_assert_msg(idmap_text(map, text, sizeof(text), &err) >= 0, "%s",
		      err.text);
	return text;
}

/* clang-format off */
/* a second extent beside 10 100 10 */
static const struct {
	const char *what;
	struct idextent extent;
	int result;
} seconds[] = {
	{ "right before it",       { 0, 90, 10 },          0 },
	{ "right behind it",       { 20, 110, 10 },        0 },
	{ "crossed",               { 20, 90, 10 },         0 },
	{ "nothing at all",        { 10, 100, 0 },         0 },
	{ "the same",              { 10, 100, 10 },        -EEXIST },
	{ "the same inside",       { 10, 200, 10 },        -EEXIST },
	{ "the same outside",      { 30, 100, 10 },        -EEXIST },
	{ "its first id inside",   { 1, 200, 10 },         -EEXIST },
	{ "its last id inside",    { 19, 200, 1 },         -EEXIST },
	{ "its first id outside",  { 30, 91, 10 },         -EEXIST },
	{ "its last id outside",   { 30, 109, 5 },         -EEXIST },
	{ "around it",             { 5, 200, 20 },         -EEXIST },
	{ "within it",             { 12, 200, 2 },         -EEXIST },
	{ "the last id inside",    { LAST, 200, 1 },       0 },
	{ "the last id outside",   { 30, LAST, 1 },        0 },
	{ "up to the last id",     { LAST - 9, LAST - 9, 10 }, 0 },
	{ "-1 inside",             { ID_NONE, 200, 1 },    -ERANGE },
	{ "-1 outside",            { 30, ID_NONE, 1 },     -ERANGE },
	{ "beyond the last inside", { LAST, 200, 2 },      -ERANGE },
	{ "beyond the last outside", { 30, LAST, 2 },      -ERANGE },
	{ "around the end inside", { LAST, 200, ID_NONE }, -ERANGE },
	{ "around the end outside", { 200, LAST, ID_NONE }, -ERANGE },
};

/* 0 1000 1, 1 100000 65536, 70000 4294967294 1 */
static const struct {
	uint32_t inside, outside;
} pairs[] = {
	{ 0, 1000 },
	{ 1, 100000 },
	{ 65536, 165535 },
	{ 70000, LAST },
};

static const uint32_t not_inside[] = { 65537, 69999, 70001, LAST, ID_NONE };
static const uint32_t not_outside[] = { 0, 999, 1001, 99999, 165536, LAST - 1,
					ID_NONE };

static const struct {
	const char *what;
	struct idmap map;
	uint32_t size;
	bool is_identity;
} sizes[] = {
	{ "nothing",          { 0, { { 0 } } },                            0, true },
	{ "one id",           { 1, { { 0, 1000, 1 } } },                   1, false },
	{ "not from 0 on",    { 1, { { 1, 1, 5 } } },                      0, true },
	{ "in order",         { 2, { { 0, 9, 1 }, { 1, 1, 7 } } },         8, false },
	{ "in another order", { 3, { { 4, 4, 1 }, { 1, 1, 3 }, { 0, 0, 1 } } },
	                                                                   5, true },
	{ "with a gap",       { 2, { { 0, 0, 3 }, { 4, 4, 9 } } },         3, true },
	{ "all of them",      { 1, { { 0, 0, ID_NONE } } },          ID_NONE, true },
};

static const struct {
	const char *what;
	uint32_t caller;
	struct idrange ranges[3];
	size_t n;
	uint32_t limit;
	int result;
	const char *map;
} outers[] = {
	{ "the usual",   1000, { { 100000, 65536 } }, 1, 65536, 0,
	  "0 1000 1\n1 100000 65535\n" },
	{ "no range",    1000, { { 0 } }, 0, 65536, 0, "0 1000 1\n" },
	{ "one id only", 1000, { { 100000, 65536 } }, 1, 1, 0, "0 1000 1\n" },
	{ "in their order", 1000, { { 300, 5 }, { 200, 5 } }, 2, 65536, 0,
	  "0 1000 1\n1 300 5\n6 200 5\n" },
	{ "cut in the second", 1000, { { 300, 5 }, { 200, 5 }, { 100, 5 } }, 3,
	  8, 0, "0 1000 1\n1 300 5\n6 200 2\n" },
	{ "cut between two", 1000, { { 300, 5 }, { 200, 5 } }, 2, 6, 0,
	  "0 1000 1\n1 300 5\n" },
	{ "an empty range", 1000, { { 300, 0 }, { 200, 5 } }, 2, 6, 0,
	  "0 1000 1\n1 200 5\n" },
	{ "the last id", LAST, { { 100000, 10 } }, 1, 65536, 0,
	  "0 4294967294 1\n1 100000 10\n" },
	{ "up to the last id", 1000, { { LAST - 9, 10 } }, 1, 65536, 0,
	  "0 1000 1\n1 4294967285 10\n" },
	{ "nobody",      ID_NONE, { { 0 } }, 0, 65536, -ERANGE, NULL },
	{ "the caller's own id", 100005, { { 100000, 10 } }, 1, 65536, -EEXIST,
	  NULL },
	{ "ranges that overlap", 1000, { { 300, 5 }, { 304, 5 } }, 2, 65536,
	  -EEXIST, NULL },
	{ "beyond the last id", 1000, { { LAST - 9, 11 } }, 1, 65536, -ERANGE,
	  NULL },
};

static const struct {
	uint32_t ids;
	int result;
	const char *map;
} nomaps[] = {
	{ 0,     -ERANGE, NULL },
	{ 1,     -ERANGE, NULL },
	{ 2,     0, "0 1 1\n" },
	{ 65536, 0, "0 1 65535\n" },
};

/* outer ids 0 (the caller) to ids - 1 */
static const struct {
	const char *what;
	uint32_t who, ids;
	int result;
	const char *map;
} inners[] = {
	{ "root",                0,     65536, 0, "0 0 65536\n" },
	{ "root, alone",         0,     1,     0, "0 0 1\n" },
	{ "the first after root", 1,    65536, 0,
	  "0 1 1\n1 0 1\n2 2 65534\n" },
	{ "in the middle",       1000,  65536, 0,
	  "0 1 1000\n1000 0 1\n1001 1001 64535\n" },
	{ "the last but one",    65534, 65536, 0,
	  "0 1 65534\n65534 0 1\n65535 65535 1\n" },
	{ "the last",            65535, 65536, 0, "0 1 65535\n65535 0 1\n" },
	{ "right behind",        65536, 65536, 0, "0 1 65535\n65536 0 1\n" },
	{ "far behind",          LAST,  65536, 0,
	  "0 1 65535\n4294967294 0 1\n" },
	{ "a user, alone",       1000,  1,     0, "1000 0 1\n" },
	{ "nobody",              ID_NONE, 65536, -ERANGE, NULL },
};

static const struct {
	const char *what;
	struct idmap map, parent;
	int result;
	const char *text;
} splits[] = {
	{ "nothing",        { 0, { { 0 } } }, { 1, { { 0, 5, 5 } } }, 0, "" },
	{ "in one extent",  { 1, { { 7, 1, 3 } } }, { 1, { { 0, 5, 5 } } }, 0,
	  "7 1 3\n" },
	{ "the whole of it", { 1, { { 0, 0, 5 } } }, { 1, { { 0, 5, 5 } } }, 0,
	  "0 0 5\n" },
	{ "over a border",  { 1, { { 0, 0, 65536 } } },
	  { 2, { { 0, 1000, 1 }, { 1, 100000, 65535 } } }, 0,
	  "0 0 1\n1 1 65535\n" },
	{ "over two borders", { 1, { { 10, 1, 8 } } },
	  { 3, { { 0, 100, 3 }, { 3, 200, 3 }, { 6, 300, 3 } } }, 0,
	  "10 1 2\n12 3 3\n15 6 3\n" },
	{ "over borders out of order", { 1, { { 10, 1, 8 } } },
	  { 3, { { 6, 300, 3 }, { 0, 100, 3 }, { 3, 200, 3 } } }, 0,
	  "10 1 2\n12 3 3\n15 6 3\n" },
	{ "each by itself", { 2, { { 0, 2, 2 }, { 9, 0, 2 } } },
	  { 2, { { 0, 100, 3 }, { 3, 200, 3 } } }, 0,
	  "0 2 1\n1 3 1\n9 0 2\n" },
	{ "up to the last id", { 1, { { 0, LAST - 1, 2 } } },
	  { 2, { { LAST, 5, 1 }, { 0, 10, LAST } } }, 0,
	  "0 4294967293 1\n1 4294967294 1\n" },
	{ "not mapped",     { 1, { { 0, 5, 1 } } }, { 1, { { 0, 5, 5 } } },
	  -ERANGE, NULL },
	{ "mapped in part", { 1, { { 0, 4, 2 } } }, { 1, { { 0, 5, 5 } } },
	  -ERANGE, NULL },
	{ "a gap between",  { 1, { { 0, 0, 9 } } },
	  { 2, { { 0, 5, 4 }, { 5, 50, 4 } } }, -ERANGE, NULL },
};
/* clang-format on */

START_TEST(extents_overlap_on_neither_side_and_end_at_the_last_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		struct idmap map = { 0 };
		const struct idextent *e = &seconds[i].extent;
		struct error err;

		ck_assert_int_eq(idmap_add(&map, 10, 100, 10, &err), 0);
		int r = idmap_add(&map, e->inside, e->outside, e->count, &err);
		ck_assert_msg(r == seconds[i].result, "%s: %d", seconds[i].what,
			      r);
		ck_assert_uint_eq(map.n, r == 0 && e->count > 0 ? 2 : 1);
	}
}
END_TEST

START_TEST(a_map_has_64_extents_at_most)
{
	struct idmap map = { 0 };
	struct error err;

	for (uint32_t i = 0; i < IDMAP_MAX; i++)
		ck_assert_int_eq(idmap_add(&map, i, 2 * i, 1, &err), 0);
	ck_assert_int_eq(idmap_add(&map, 999, 999, 1, &err), -E2BIG);
	ck_assert_uint_eq(map.n, IDMAP_MAX);
}
END_TEST

START_TEST(an_id_is_translated_in_both_directions)
{
	const struct idmap map = {
		3, { { 0, 1000, 1 }, { 1, 100000, 65536 }, { 70000, LAST, 1 } }
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		ck_assert_uint_eq(idmap_to_outside(&map, pairs[i].inside),
				  pairs[i].outside);
		ck_assert_uint_eq(idmap_to_inside(&map, pairs[i].outside),
				  pairs[i].inside);
	}
	for (size_t i = 0; i < ARRAY_SIZE(not_inside); i++)
		ck_assert_uint_eq(idmap_to_outside(&map, not_inside[i]),
				  ID_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(not_outside); i++)
		ck_assert_uint_eq(idmap_to_inside(&map, not_outside[i]),
				  ID_NONE);
}
END_TEST

START_TEST(the_size_of_a_map_ends_at_its_first_gap)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ck_assert_msg(idmap_size(&sizes[i].map) == sizes[i].size,
			      "%s: %u", sizes[i].what,
			      idmap_size(&sizes[i].map));
		ck_assert_msg(idmap_is_identity(&sizes[i].map) ==
				      sizes[i].is_identity,
			      "%s", sizes[i].what);
	}
}
END_TEST

static const struct idmap untouched = { 1, { { 4, 7, 11 } } };

static void check(const char *what, const struct idmap *map, int r,
		  const char *text, int result)
{
	const char *found = text_of(map);

	ck_assert_msg(r == result, "%s: %d", what, r);
	ck_assert_msg(strcmp(found, result == 0 ? text : "4 7 11\n") == 0,
		      "%s:\n%s", what, found);
}

START_TEST(in_the_outer_map_the_caller_is_0_and_the_ranges_follow)
{
	for (size_t i = 0; i < ARRAY_SIZE(outers); i++) {
		struct idmap map = untouched;
		struct error err;
		int r = idmap_outer(&map, outers[i].caller, outers[i].ranges,
				    outers[i].n, outers[i].limit, &err);

		check(outers[i].what, &map, r, outers[i].map, outers[i].result);
	}
}
END_TEST

START_TEST(without_the_caller_all_ids_move_down_by_one)
{
	for (size_t i = 0; i < ARRAY_SIZE(nomaps); i++) {
		struct idmap map = untouched;
		struct error err;
		int r = idmap_inner_nomap(&map, nomaps[i].ids, &err);

		check("nomap", &map, r, nomaps[i].map, nomaps[i].result);
		if (r == 0)
			ck_assert_uint_eq(idmap_to_inside(&map, 0), ID_NONE);
	}
}
END_TEST

START_TEST(the_caller_can_be_any_id_of_the_container)
{
	for (size_t i = 0; i < ARRAY_SIZE(inners); i++) {
		struct idmap map = untouched;
		struct error err;
		int r = idmap_inner_as(&map, inners[i].who, inners[i].ids,
				       &err);

		check(inners[i].what, &map, r, inners[i].map, inners[i].result);
		if (r < 0)
			continue;
		ck_assert_uint_eq(idmap_to_outside(&map, inners[i].who), 0);
		/* each outer id has exactly one place */
		uint32_t sum = 0;
		for (size_t j = 0; j < map.n; j++)
			sum += map.extents[j].count;
		ck_assert_uint_eq(sum, inners[i].ids);
	}
}
END_TEST

START_TEST(no_extent_spans_two_of_the_parent)
{
	for (size_t i = 0; i < ARRAY_SIZE(splits); i++) {
		struct idmap map = untouched;
		struct error err;
		int r = idmap_split(&map, &splits[i].map, &splits[i].parent,
				    &err);

		check(splits[i].what, &map, r, splits[i].text,
		      splits[i].result);
		for (uint32_t id = 0; r == 0 && id < 70000; id++)
			if (idmap_to_outside(&map, id) !=
			    idmap_to_outside(&splits[i].map, id))
				ck_abort_msg("%s: id %u", splits[i].what, id);
	}
}
END_TEST

START_TEST(a_split_into_too_many_extents_is_refused)
{
	struct idmap parent = { 0 }, map = { 1, { { 0, 0, 64 } } }, split;
	struct error err;

	for (uint32_t i = 0; i < 64; i++)
		ck_assert_int_eq(idmap_add(&parent, i, 2 * i, 1, &err), 0);
	ck_assert_int_eq(idmap_split(&split, &map, &parent, &err), 0);
	ck_assert_uint_eq(split.n, 64);
	map = (struct idmap){ 2, { { 0, 0, 63 }, { 63, 62, 2 } } };
	ck_assert_int_eq(idmap_split(&split, &map, &parent, &err), -EEXIST);
	for (uint32_t i = 0; i < 63; i++)
		parent.extents[i] = (struct idextent){ i, i, 1 };
	map = (struct idmap){ 2, { { 0, 0, 63 }, { 63, 1000, 2 } } };
	parent.extents[63] = (struct idextent){ 1000, 1000, 1 };
	ck_assert_int_eq(idmap_split(&split, &map, &parent, &err), -ERANGE);
}
END_TEST

/* @option: the text for fuse-overlayfs */
static void check_texts(const struct idmap *map, const char *lines,
			const char *option)
{
	char text[256];
	struct error err;
	const size_t n = strlen(lines), m = strlen(option);

	ck_assert_int_eq(idmap_text(map, text, n + 1, &err), (int)n);
	ck_assert_str_eq(text, lines);
	ck_assert_int_eq(idmap_text(map, text, n, &err), -ENOSPC);
	ck_assert_int_eq(idmap_text(map, text, 1, &err), -ENOSPC);
	ck_assert_int_eq(idmap_text(map, text, 0, &err), -ENOSPC);
	ck_assert_int_eq(idmap_fuse_option(map, text, m + 1, &err), (int)m);
	ck_assert_str_eq(text, option);
	ck_assert_int_eq(idmap_fuse_option(map, text, m, &err), -ENOSPC);
}

START_TEST(a_map_is_written_for_the_kernel_and_for_fuse_overlayfs)
{
	const struct idmap one = { 1, { { 0, 1, 65535 } } };
	const struct idmap three = {
		3, { { 0, 1, 1000 }, { 1000, 0, 1 }, { 1001, 1001, 64535 } }
	};

	check_texts(&one, "0 1 65535\n", "0:1:65535");
	check_texts(&three, "0 1 1000\n1000 0 1\n1001 1001 64535\n",
		    "0:1:1000:1000:0:1:1001:1001:64535");
}
END_TEST

START_TEST(the_largest_map_has_room_in_a_page)
{
	struct idmap map = { 0 };
	char text[4096];
	struct error err;

	for (uint32_t i = 0; i < IDMAP_MAX; i++)
		map.extents[map.n++] =
			(struct idextent){ LAST - i, LAST - i, 1000000000 };
	ck_assert_int_gt(idmap_text(&map, text, sizeof(text), &err), 0);
	ck_assert_int_gt(idmap_fuse_option(&map, text, sizeof(text), &err), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("idmap");

	tcase_add_test(tests,
		       extents_overlap_on_neither_side_and_end_at_the_last_id);
	tcase_add_test(tests, a_map_has_64_extents_at_most);
	tcase_add_test(tests, an_id_is_translated_in_both_directions);
	tcase_add_test(tests, the_size_of_a_map_ends_at_its_first_gap);
	tcase_add_test(tests,
		       in_the_outer_map_the_caller_is_0_and_the_ranges_follow);
	tcase_add_test(tests, without_the_caller_all_ids_move_down_by_one);
	tcase_add_test(tests, the_caller_can_be_any_id_of_the_container);
	tcase_add_test(tests, no_extent_spans_two_of_the_parent);
	tcase_add_test(tests, a_split_into_too_many_extents_is_refused);
	tcase_add_test(tests,
		       a_map_is_written_for_the_kernel_and_for_fuse_overlayfs);
	tcase_add_test(tests, the_largest_map_has_room_in_a_page);
	return suite_run("idmap", tests);
}
