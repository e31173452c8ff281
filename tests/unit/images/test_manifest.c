#include "storage/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX16 "0123456789abcdef"
#define D     "\"sha256:" HEX16 HEX16 HEX16 HEX16 "\""
#define C     "{\"mediaType\":\"" MEDIA_CONFIG "\",\"digest\":" D ",\"size\":2}"
#define L     "{\"mediaType\":\"" MEDIA_LAYER "\",\"digest\":" D ",\"size\":2}"
#define M     "\"schemaVersion\":2,\"config\":" C ",\"layers\":[" L "]"

static const char *const bad_manifests[] = {
	"",
	"{",
	"[]",
	"null",
	"\"x\"",
	"{}",
	"{\"schemaVersion\":2}",
	"{\"schemaVersion\":1,\"config\":" C ",\"layers\":[]}",
	"{\"schemaVersion\":\"2\",\"config\":" C ",\"layers\":[]}",
	"{\"schemaVersion\":2,\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":" C "}",
	"{\"schemaVersion\":2,\"config\":null,\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":[],\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":" C ",\"layers\":{}}",
	"{\"schemaVersion\":2,\"config\":" C ",\"layers\":[1]}",
	"{\"schemaVersion\":2,\"config\":" C ",\"layers\":[null]}",
	"{\"schemaVersion\":2,\"config\":" C ",\"layers\":[[]]}",
	"{\"schemaVersion\":2,\"config\":" L ",\"layers\":[" L "]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"size\":2},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":" D "},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":" D ",\"size\":-1},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":" D ",\"size\":\"2\"},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":" D ",\"size\":1e3},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":" D ",\"size\":99999999999999999999},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":7,\"digest\":" D
	",\"size\":2},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":\"sha256:../../x\",\"size\":2},\"layers\":[]}",
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_CONFIG
	"\",\"digest\":7,\"size\":2},\"layers\":[]}",
	/* to one reader an index, to another a manifest: CVE-2021-41190 */
	"{" M ",\"manifests\":[]}",
	"{" M ",\"manifests\":null}",
	"{" M ",\"fsLayers\":[]}",
	"{\"mediaType\":\"" MEDIA_INDEX "\"," M "}",
	"{\"mediaType\":\"" MEDIA_DOCKER_LIST "\"," M "}",
	"{\"mediaType\":\"text/plain\"," M "}",
	"{\"mediaType\":1," M "}",
	"{" M "," M "}",
	"{" M "} x",
};

START_TEST(a_malformed_manifest_is_one_clear_error)
{
	const char *text = bad_manifests[_i];
	struct manifest manifest = { 0 };
	struct error err = { 0 };
	int r = manifest_parse(text, strlen(text), &manifest, &err);

	ck_assert_msg(r == -EINVAL, "%s", text);
	ck_assert_ptr_nonnull(strstr(err.text, "the image manifest"));
	ck_assert_ptr_null(manifest.layers);
}
END_TEST

static const char *const good_manifests[] = {
	"{" M "}",
	"{\"mediaType\":\"" MEDIA_MANIFEST "\"," M "}",
	"{\"mediaType\":\"" MEDIA_DOCKER_V2 "\"," M "}",
	"{\"mediaType\":null,\"annotations\":null,\"subject\":{}," M "}",
};

START_TEST(manifests_of_oci_and_docker_are_read)
{
	const char *text = good_manifests[_i];
	scoped_manifest manifest = { 0 };
	struct error err = { 0 };
	int r = manifest_parse(text, strlen(text), &manifest, &err);

	ck_assert_msg(r == 0, "%s: %s", text, err.text);
	ck_assert_uint_eq(manifest.n_layers, 1);
	ck_assert_uint_eq(manifest.layers[0].size, 2);
	ck_assert_str_eq(manifest.config.media_type, MEDIA_CONFIG);

	scoped(char) *again = manifest_text(&manifest);
	scoped_manifest second = { 0 };
	ck_assert_int_eq(manifest_parse(again, strlen(again), &second, &err),
			 0);
	ck_assert_str_eq(second.layers[0].digest, manifest.layers[0].digest);
}
END_TEST

START_TEST(more_layers_than_the_kernel_takes_are_refused)
{
	scoped(char) *text = xcalloc(1, 1 << 20);
	struct manifest manifest = { 0 };
	struct error err;
	char *to = stpcpy(text, "{\"schemaVersion\":2,\"config\":" C
				",\"layers\":[" L);

	for (int i = 0; i < LAYERS_MAX; i++)
		to = stpcpy(to, "," L);
	strcpy(to, "]}");
	ck_assert_int_eq(manifest_parse(text, strlen(text), &manifest, &err),
			 -E2BIG);
}
END_TEST

#define ENTRY(platform, digit)                                                 \
	"{\"mediaType\":\"" MEDIA_MANIFEST "\",\"digest\":\"sha256:" digit     \
	"123456789abcdef" HEX16 HEX16 HEX16 "\",\"size\":2" platform "}"
#define PLATFORM(os, arch, more)                                               \
	",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" more  \
	"}"

static const char *const bad_indexes[] = {
	"",
	"[]",
	"{\"schemaVersion\":2}",
	"{\"schemaVersion\":2,\"manifests\":{}}",
	"{\"schemaVersion\":2,\"manifests\":[{}]}",
	"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
	"{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}",
	"{\"mediaType\":\"" MEDIA_MANIFEST
	"\",\"schemaVersion\":2,\"manifests\":[]}",
	"{\"schemaVersion\":2,\"manifests\":[" ENTRY(",\"platform\":7",
						     "0") "]}",
	"{\"schemaVersion\":2,\"manifests\":[" ENTRY(",\"platform\":{\"os\":7}",
						     "0") "]}",
	"{\"schemaVersion\":2,\"manifests\":[" ENTRY(",\"annotations\":[]",
						     "0") "]}",
	"{\"schemaVersion\":2,\"manifests\":[" ENTRY(
		",\"annotations\":{\"" ANNOTATION_NAME "\":1}", "0") "]}",
};

START_TEST(a_malformed_index_is_one_clear_error)
{
	const char *text = bad_indexes[_i];
	struct image_index index = { 0 };
	struct error err = { 0 };
	int r = index_parse(text, strlen(text), &index, &err);

	ck_assert_msg(r == -EINVAL, "%s", text);
	ck_assert_ptr_nonnull(strstr(err.text, "the image index"));
}
END_TEST

static int choose(const char *entries, char *ret_digit)
{
	scoped(char) *text =
		xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);
	scoped(char) *native = xstrdup("");
	scoped_index index = { 0 };
	struct error err;

	/* "native" stands for this machine's architecture */
	for (const char *from = text; *from;) {
		bool here = strncmp(from, "native", 6) == 0;
		char *longer = here ? xasprintf("%s%s", native,
						manifest_architecture())
				    : xasprintf("%s%c", native, *from);
		free(native);
		native = longer;
		from += here ? 6 : 1;
	}
	ck_assert_int_eq(index_parse(native, strlen(native), &index, &err), 0);
	int at = index_choose(&index, &err);
	if (at >= 0)
		*ret_digit = index.entries[at].digest[7];
	return at;
}

START_TEST(the_entry_for_this_machine_is_chosen)
{
	char digit = 0;

	ck_assert_int_ge(
		choose(ENTRY(PLATFORM("linux", "other", ""), "0") "," ENTRY(
			       PLATFORM("windows", "native", ""),
			       "1") "," ENTRY(PLATFORM("linux", "native", ""),
					      "2"),
		       &digit),
		0);
	ck_assert_int_eq(digit, '2');
	/* a plain one before one for a better processor */
	choose(ENTRY(PLATFORM("linux", "native", ",\"variant\":\"v3\""),
		     "3") "," ENTRY(PLATFORM("linux", "native", ""), "4"),
	       &digit);
	ck_assert_int_eq(digit, '4');
	choose(ENTRY("", "5") "," ENTRY(PLATFORM("linux", "other", ""), "6"),
	       &digit);
	ck_assert_int_eq(digit, '5');
}
END_TEST

START_TEST(no_entry_for_this_machine_is_an_error)
{
	char digit = 0;

	ck_assert_int_eq(choose("", &digit), -ENOENT);
	ck_assert_int_eq(
		choose(ENTRY(PLATFORM("linux", "other", ""), "0"), &digit),
		-ENOENT);
	ck_assert_int_eq(
		choose(ENTRY(PLATFORM("unknown", "unknown", ""), "0"), &digit),
		-ENOENT);
}
END_TEST

static const char *const bad_archives[] = {
	"",
	"{}",
	"[]",
	"[1]",
	"[{}]",
	"[{\"Config\":7}]",
	"[{\"Config\":\"x\",\"Layers\":\"y\"}]",
	"[{\"Config\":\"x\",\"Layers\":[7]}]",
	"[{\"Config\":\"x\",\"RepoTags\":\"y\"}]",
	"[{\"Config\":\"x\",\"RepoTags\":[\"a\"],\"Layers\":[]},{}]",
};

START_TEST(a_malformed_docker_archive_is_one_clear_error)
{
	const char *text = bad_archives[_i];
	struct archive_manifest all = { 0 };
	struct error err = { 0 };
	int r = archive_manifest_parse(text, strlen(text), &all, &err);

	ck_assert_msg(r == -EINVAL, "%s", text);
	ck_assert_ptr_nonnull(strstr(err.text, "manifest.json"));
}
END_TEST

START_TEST(a_docker_archive_reads_what_it_wrote)
{
	static const char text[] =
		"[{\"Config\":\"blobs/c\",\"RepoTags\":[\"a:1\",\"b:2\"],"
		"\"Layers\":[\"blobs/x\",\"blobs/y\"]},"
		"{\"Config\":\"d\",\"RepoTags\":[],\"Layers\":[]}]";
	scoped_archive_manifest all = { 0 };
	struct error err = { 0 };
	int r = archive_manifest_parse(text, strlen(text), &all, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	scoped(char) *again = archive_manifest_text(&all);
	ck_assert_str_eq(again, text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("manifest");

	tcase_add_loop_test(tests, a_malformed_manifest_is_one_clear_error, 0,
			    ARRAY_SIZE(bad_manifests));
	tcase_add_loop_test(tests, manifests_of_oci_and_docker_are_read, 0,
			    ARRAY_SIZE(good_manifests));
	tcase_add_test(tests, more_layers_than_the_kernel_takes_are_refused);
	tcase_add_loop_test(tests, a_malformed_index_is_one_clear_error, 0,
			    ARRAY_SIZE(bad_indexes));
	tcase_add_test(tests, the_entry_for_this_machine_is_chosen);
	tcase_add_test(tests, no_entry_for_this_machine_is_an_error);
	tcase_add_loop_test(tests,
			    a_malformed_docker_archive_is_one_clear_error, 0,
			    ARRAY_SIZE(bad_archives));
	tcase_add_test(tests, a_docker_archive_reads_what_it_wrote);
	return suite_run("manifest", tests);
}
