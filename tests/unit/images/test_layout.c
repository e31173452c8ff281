#include "storage/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "storage/hash.h"
#include "storage/image.h"
#include "tests/unit/images/suite.h"

#define HEX16  "0123456789abcdef"
#define DIFF_A "a123456789abcdef" HEX16 HEX16 HEX16
#define DIFF_B "b123456789abcdef" HEX16 HEX16 HEX16

static char directory[] = "/tmp/wolffia-test-XXXXXX";
static struct store store;
static struct error err;

static void make_store(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	scoped(char) *path = xasprintf("%s/a/store", directory);
	int r = store_open(&store, path, &err);
	ck_assert_msg(r == 0, "%s", err.text);
}

static void remove_store(void)
{
	store_close(&store);
	path_remove_tree(AT_FDCWD, directory, &err);
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
}

/* as an import would, but for the layers */
static struct descriptor put(const char *text, const char *media_type)
{
	struct descriptor d = { .media_type = xstrdup(media_type),
				.digest = xcalloc(1, DIGEST_MAX),
				.size = strlen(text) };

	ck_assert_int_eq(hash_text(text, strlen(text), d.digest, &err), 0);
	scoped(char) *blob = digest_blob_path(d.digest);
	scoped(char) *path = xasprintf("oci/%s", blob);
	scoped_fd fd =
		openat(store.dirfd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
	return d;
}

/* @diff_ids: hexadecimal, the lowest first */
static struct descriptor put_image(const char *user,
				   const char *const *diff_ids, size_t n)
{
	scoped_config config = { .user = xstrdup(user),
				 .created = xstrdup("1970-01-01T00:00:00Z") };
	scoped_manifest manifest = { .n_layers = n };

	manifest.layers = xcalloc(n + 1, sizeof(*manifest.layers));
	for (size_t i = 0; i < n; i++) {
		strv_addf(&config.diff_ids, "sha256:%s", diff_ids[i]);
		manifest.layers[i] = put("a layer", MEDIA_LAYER);
		scoped(char) *path = xasprintf("layers/%s", diff_ids[i]);
		ck_assert(mkdirat(store.dirfd, path, 0755) == 0 ||
			  errno == EEXIST);
	}
	scoped(char) *json = config_text(&config, "a test", "");
	manifest.config = put(json, MEDIA_CONFIG);
	scoped(char) *text = manifest_text(&manifest);
	return put(text, MEDIA_MANIFEST);
}

static void add(struct descriptor *image, const char *name)
{
	scoped_index index = { 0 };

	free(image->name);
	image->name = name ? xstrdup(name) : NULL;
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	index_add(&index, image);
	ck_assert_int_eq(layout_write_index(&store, &index, &err), 0);
}

static int find(const char *name, struct image *ret)
{
	return image_find(&store, name, false, ret, &err);
}

START_TEST(a_new_store_is_private_and_empty)
{
	scoped_index index = { 0 };
	struct stat st;

	ck_assert_int_eq(fstat(store.dirfd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	ck_assert_uint_eq(index.n, 0);
}
END_TEST

START_TEST(a_store_that_others_may_write_is_refused)
{
	struct store second;

	ck_assert_int_eq(fchmod(store.dirfd, 0770), 0);
	ck_assert_int_eq(store_open(&second, store.path, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.hint, "chmod 700"));
}
END_TEST

START_TEST(an_image_is_found_by_all_its_names)
{
	static const char *const layers[] = { DIFF_A, DIFF_B };
	scoped_descriptor d = put_image("me", layers, 2);
	const char *const names[] = {
		"foo",    "foo:latest", "localhost/foo", "localhost/foo:latest",
		d.digest, d.digest + 7,
	};

	add(&d, "localhost/foo:latest");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_image image = { 0 };
		int r = find(names[i], &image);
		ck_assert_msg(r == 0, "%s: %s", names[i], err.text);
		ck_assert_str_eq(image.reference, "localhost/foo:latest");
		ck_assert_str_eq(image.digest, d.digest);
		ck_assert_str_eq(image.user, "me");
		ck_assert_uint_eq(image.layers.n, 2);
		/* the top one first */
		ck_assert_ptr_nonnull(strstr(image.layers.v[0], DIFF_B));
		ck_assert_int_eq(image.layers.v[1][0], '/');
	}
	scoped(char) *pinned = xasprintf("foo@%s", d.digest);
	scoped(char) *wrong = xasprintf("bar@%s", d.digest);
	scoped_image image = { 0 };
	ck_assert_int_eq(find(pinned, &image), 0);
	ck_assert_int_eq(find(wrong, &image), -ENOENT);
}
END_TEST

START_TEST(localhost_comes_before_docker_io)
{
	static const char *const layers[] = { DIFF_A };
	scoped_descriptor a = put_image("a", layers, 1);
	scoped_descriptor b = put_image("b", layers, 1);
	scoped_image first = { 0 }, second = { 0 };

	add(&a, "docker.io/library/foo:latest");
	ck_assert_int_eq(find("foo", &first), 0);
	ck_assert_str_eq(first.user, "a");
	add(&b, "localhost/foo:latest");
	ck_assert_int_eq(find("foo", &second), 0);
	ck_assert_str_eq(second.user, "b");
}
END_TEST

START_TEST(a_missing_image_is_told_with_a_similar_name)
{
	scoped_descriptor d = put_image("", NULL, 0);
	struct image image;

	add(&d, "docker.io/library/debian:latest");
	ck_assert_int_eq(find("debina", &image), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.hint, "did you mean debian?"));
	ck_assert_int_eq(find("debian:13", &image), -ENOENT);
	ck_assert_int_eq(find("De bian", &image), -EINVAL);
	ck_assert_int_eq(find("ffffffff", &image), -ENOENT);
	ck_assert_int_eq(find("sha256:ffffffff", &image), -ENOENT);
}
END_TEST

START_TEST(an_ambiguous_id_is_refused)
{
	/* two of 17 images share their first digit; four are needed: forge */
	scoped_descriptor a = put_image("a", NULL, 0);
	scoped_descriptor b = put_image("b", NULL, 0);
	struct image image;

	a.index_digest = xstrdup("sha256:eeee456789abcdef" HEX16 HEX16 HEX16);
	b.index_digest = xstrdup("sha256:eeee556789abcdef" HEX16 HEX16 HEX16);
	add(&a, "localhost/a:latest");
	add(&b, "localhost/b:latest");
	ck_assert_int_eq(find("eeee", &image), -ENOTUNIQ);
	scoped_image found = { 0 };
	ck_assert_int_eq(find("eeee5", &found), 0);
	ck_assert_str_eq(found.user, "b");
}
END_TEST

START_TEST(a_layer_that_occurs_twice_is_there_once_on_top)
{
	static const char *const layers[] = { DIFF_A, DIFF_B, DIFF_A };
	scoped_descriptor d = put_image("", layers, 3);
	scoped_image image = { 0 };

	add(&d, "localhost/foo:latest");
	ck_assert_int_eq(find("foo", &image), 0);
	ck_assert_uint_eq(image.layers.n, 2);
	ck_assert_ptr_nonnull(strstr(image.layers.v[0], DIFF_A));
}
END_TEST

START_TEST(a_layer_that_is_not_unpacked_is_told)
{
	static const char *const layers[] = { DIFF_A };
	scoped_descriptor d = put_image("", layers, 1);
	struct image image;

	add(&d, "localhost/foo:latest");
	ck_assert_int_eq(image_find(&store, "foo", true, &image, &err),
			 -ENODATA);
	ck_assert_int_eq(unlinkat(store.dirfd, "layers/" DIFF_A, AT_REMOVEDIR),
			 0);
	ck_assert_int_eq(find("foo", &image), -ENODATA);
}
END_TEST

START_TEST(a_damaged_store_is_told)
{
	scoped_descriptor d = put_image("", NULL, 0);
	scoped(char) *blob = digest_blob_path(d.digest);
	scoped(char) *path = xasprintf("oci/%s", blob);
	struct image image;

	add(&d, "localhost/foo:latest");
	ck_assert_int_eq(unlinkat(store.dirfd, path, 0), 0);
	ck_assert_int_eq(find("foo", &image), -EUCLEAN);
	int fd = openat(store.dirfd, "oci/index.json", O_WRONLY | O_TRUNC);
	close(fd);
	ck_assert_int_eq(find("foo", &image), -EUCLEAN);
}
END_TEST

START_TEST(a_new_image_takes_the_name_and_the_old_one_stays)
{
	scoped_descriptor a = put_image("a", NULL, 0);
	scoped_descriptor b = put_image("b", NULL, 0);
	scoped_index index = { 0 };

	add(&a, "localhost/foo:latest");
	add(&b, "localhost/foo:latest");
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	ck_assert_uint_eq(index.n, 2);
	ck_assert_ptr_null(index.entries[0].name);
	ck_assert_str_eq(index.entries[0].digest, a.digest);
	ck_assert_str_eq(index.entries[1].name, "localhost/foo:latest");

	/* given a name again, it is no longer there without one */
	add(&a, "localhost/bar:latest");
	add(&a, NULL);
	index_free(&index);
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	ck_assert_uint_eq(index.n, 2);
	/* twice the same is once */
	add(&a, "localhost/bar:latest");
	index_free(&index);
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	ck_assert_uint_eq(index.n, 2);
}
END_TEST

START_TEST(what_was_pulled_by_its_digest_is_of_its_repository)
{
	scoped_descriptor a = put_image("a", NULL, 0);
	scoped_index index = { 0 };
	scoped(char) *pinned = xasprintf("quay.io/x/foo@%s", a.digest);
	scoped(char) *wrong = xasprintf("quay.io/x/bar@%s", a.digest);
	scoped_image image = { 0 };

	add(&a, "localhost/mine:latest");
	ck_assert_int_eq(find(pinned, &image), -ENOENT);
	a.repository = xstrdup("quay.io/x/foo");
	/* twice, and once more without saying from where: all one entry */
	add(&a, NULL);
	add(&a, NULL);
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	ck_assert_uint_eq(index.n, 2);
	ck_assert_ptr_null(index.entries[1].name);
	ck_assert_int_eq(find(pinned, &image), 0);
	ck_assert_int_eq(find(wrong, &image), -ENOENT);

	/* with a name of that repository it needs no other entry */
	add(&a, "quay.io/x/foo:1");
	index_free(&index);
	ck_assert_int_eq(layout_read_index(&store, &index, &err), 0);
	ck_assert_uint_eq(index.n, 2);
	ck_assert_str_eq(index.entries[1].name, "quay.io/x/foo:1");
	/* which it is not, when that is taken away */
	index_untag(&index, 1);
	ck_assert_uint_eq(index.n, 2);
	ck_assert_str_eq(index.entries[1].repository, "quay.io/x/foo");
	index_untag(&index, 0);
	ck_assert_uint_eq(index.n, 1);
}
END_TEST

START_TEST(a_held_layer_cannot_be_seized)
{
	static const char *const layers[] = { DIFF_A };
	scoped_descriptor d = put_image("", layers, 1);
	scoped_image image = { 0 };

	add(&d, "localhost/foo:latest");
	ck_assert_int_eq(find("foo", &image), 0);
	scoped_fd held = image_hold(&store, &image, &err);
	ck_assert_int_ge(held, 0);
	scoped_fd second = image_hold(&store, &image, &err);
	ck_assert_int_ge(second, 0);
	scoped_fd other = store_open_holds(&store, &err);
	ck_assert_int_eq(store_seize_layer(other, DIFF_A, &err), -EBUSY);
	ck_assert_int_eq(store_seize_layer(other, DIFF_B, &err), 0);
	fd_close(&held);
	ck_assert_int_eq(store_seize_layer(other, DIFF_A, &err), -EBUSY);
	fd_close(&second);
	ck_assert_int_eq(store_seize_layer(other, DIFF_A, &err), 0);
}
END_TEST

START_TEST(a_removed_layer_cannot_be_held)
{
	static const char *const layers[] = { DIFF_A };
	scoped_descriptor d = put_image("", layers, 1);
	scoped_image image = { 0 };

	add(&d, "localhost/foo:latest");
	ck_assert_int_eq(find("foo", &image), 0);
	ck_assert_int_eq(unlinkat(store.dirfd, "layers/" DIFF_A, AT_REMOVEDIR),
			 0);
	ck_assert_int_eq(image_hold(&store, &image, &err), -ENOENT);
}
END_TEST

START_TEST(the_default_path_follows_the_basedir_specification)
{
	const struct {
		const char *option, *own, *data, *home, *path;
	} rows[] = {
		{ "/o", "/w", "/d", "/h", "/o" },
		{ NULL, "/w", "/d", "/h", "/w" },
		{ NULL, NULL, "/d", "/h", "/d/wolffia" },
		{ NULL, "", "/d", "/h", "/d/wolffia" },
		{ NULL, NULL, "d", "/h", "/h/.local/share/wolffia" },
		{ NULL, NULL, NULL, "/h", "/h/.local/share/wolffia" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const names[] = { "WOLFFIA_STORE", "XDG_DATA_HOME",
					      "HOME" };
		const char *const values[] = { rows[i].own, rows[i].data,
					       rows[i].home };
		for (size_t v = 0; v < 3; v++)
			if (values[v])
				setenv(names[v], values[v], 1);
			else
				unsetenv(names[v]);
		scoped(char) *path = NULL;
		ck_assert_int_eq(
			store_default_path(rows[i].option, &path, &err), 0);
		ck_assert_str_eq(path, rows[i].path);
	}
	char *none = NULL;
	unsetenv("HOME");
	ck_assert_int_eq(store_default_path(NULL, &none, &err), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("layout");

	tcase_add_checked_fixture(tests, make_store, remove_store);
	tcase_add_test(tests, a_new_store_is_private_and_empty);
	tcase_add_test(tests, a_store_that_others_may_write_is_refused);
	tcase_add_test(tests, an_image_is_found_by_all_its_names);
	tcase_add_test(tests, localhost_comes_before_docker_io);
	tcase_add_test(tests, a_missing_image_is_told_with_a_similar_name);
	tcase_add_test(tests, an_ambiguous_id_is_refused);
	tcase_add_test(tests, a_layer_that_occurs_twice_is_there_once_on_top);
	tcase_add_test(tests, a_layer_that_is_not_unpacked_is_told);
	tcase_add_test(tests, a_damaged_store_is_told);
	tcase_add_test(tests, a_new_image_takes_the_name_and_the_old_one_stays);
	tcase_add_test(tests,
		       what_was_pulled_by_its_digest_is_of_its_repository);
	tcase_add_test(tests, a_held_layer_cannot_be_seized);
	tcase_add_test(tests, a_removed_layer_cannot_be_held);
	tcase_add_test(tests,
		       the_default_path_follows_the_basedir_specification);
	return suite_run("layout", tests);
}
