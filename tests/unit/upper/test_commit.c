#include "storage/commit.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/json.h"
#include "storage/import.h"
#include "storage/layout.h"
#include "tests/unit/upper/trees.h"

static struct store store;
static struct stage stage;
static struct upper_place place;

/* in a process of its own, which may confine itself */
static int call_fork(const void *context,
		     int (*function)(void *, struct error *), void *argument,
		     struct error *why)
{
	struct shared {
		int result;
		struct error err;
	} *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	(void)context;
	pid_t pid = fork();
	if (pid == 0) {
		shared->result = function(argument, &shared->err);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ck_assert_msg(status == 0, "wait status %d", status);
	int r = shared->result;
	if (r < 0)
		*why = shared->err;
	munmap(shared, sizeof(*shared));
	return r;
}

static const struct stage_ids ids = { .ids = 1, .call = call_fork };

static void make_store(void)
{
	make_directory();
	become_root_of_namespace();
	ck_ok(store_open(&store, "store", &err));
	ck_ok(stage_open(&stage, &store, &ids, &err));
	dir("upper");
	place = (struct upper_place){ .dirfd = AT_FDCWD, .upper = "upper" };
}

static void remove_store(void)
{
	strv_free(&place.lower);
	ck_ok(stage_discard(&stage, &err));
	store_close(&store);
	remove_directory();
}

/* an image with /etc/motd, /gone and /d/old; its digest, the caller's */
static char *make_base(void)
{
	scoped_index images = { 0 };
	struct import_options options = { .what = "it", .name = "base" };

	ck_assert_int_eq(system("mkdir -p r/etc r/d && echo old >r/etc/motd && "
				"touch r/gone r/d/old && "
				"tar -C r --numeric-owner -cf base.tar . && "
				"rm -r r"),
			 0);
	strv_add(&options.changes, "ENV A=1");
	strv_add(&options.changes, "CMD [\"/bin/old\"]");
	scoped_fd fd = open("base.tar", O_RDONLY | O_CLOEXEC);
	ck_ok(import_image(&stage, fd, &options, &images, &err));
	ck_ok(stage_commit(&stage, &images, &err));
	ck_ok(stage_discard(&stage, &err));
	ck_ok(stage_open(&stage, &store, &ids, &err));
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	ck_ok(layout_read_image(&store, images.entries[0].digest, &manifest,
				&config, &err));
	scoped(char) *name = store_layer_name(config.diff_ids.v[0], false);
	strv_addf(&place.lower, "%s/layers/%s", store.path, name);
	strv_free(&options.changes);
	return xstrdup(images.entries[0].digest);
}

static bool in_layer(const char *diff_id, const char *path, struct stat *st)
{
	scoped(char) *name = store_layer_name(diff_id, false);
	scoped(char) *whole =
		xasprintf("%s/layers/%s/%s", store.path, name, path);

	return lstat(whole, st) == 0;
}

START_TEST(an_image_is_its_base_and_what_was_written)
{
	scoped(char) *base = make_base();
	struct tarball_notes notes;
	scoped_index images = { 0 };
	struct stat st;
	struct commit_options options = { .place = &place,
					  .base = base,
					  .name = "next:1",
					  .author = "me",
					  .message = "a change",
					  .created_by = "/bin/sh" };

	strv_add(&options.changes, "ENV B=2");
	dir("upper/etc");
	file("upper/etc/motd", "new");
	file("upper/etc/hosts", "");
	whiteout("upper/gone");
	dir("upper/d");
	attribute("upper/d", "user.overlay.opaque", "y");
	ck_ok(commit_image(&stage, &options, &notes, &images, &err));
	ck_ok(stage_commit(&stage, &images, &err));
	ck_assert_str_eq(images.entries[0].name, "localhost/next:1");

	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	ck_ok(layout_read_image(&store, images.entries[0].digest, &manifest,
				&config, &err));
	ck_assert_uint_eq(manifest.n_layers, 2);
	ck_assert_uint_eq(config.env.n, 2);
	ck_assert_str_eq(config.cmd.v[0], "/bin/old");
	const char *layer = config.diff_ids.v[1];
	ck_assert(in_layer(layer, "etc/motd", &st));
	ck_assert(!in_layer(layer, "etc/hosts", &st));
	ck_assert(in_layer(layer, "gone", &st) && S_ISCHR(st.st_mode));
	ck_assert(in_layer(layer, "d/old", &st) && S_ISCHR(st.st_mode));

	scoped(char) *text = NULL;
	ck_ok(layout_read_blob(&store, manifest.config.digest, MANIFEST_MAX,
			       &text, &err));
	ck_assert_ptr_nonnull(
		strstr(text, "\"created_by\":\"wolffia import\""));
	ck_assert_ptr_nonnull(strstr(text, "\"comment\":\"a change\""));
	ck_assert_ptr_nonnull(strstr(text, "\"author\":\"me\""));
	strv_free(&options.changes);
}
END_TEST

/* the image @digest again, its layer being of docker's type; the caller's */
static char *as_docker_names_it(const char *digest)
{
	scoped(char) *text = NULL;
	scoped_descriptor other = { 0 };
	struct image_index none = { 0 };

	ck_ok(layout_read_blob(&store, digest, MANIFEST_MAX, &text, &err));
	char *type = strstr(text, MEDIA_LAYER);
	ck_assert_ptr_nonnull(type);
	scoped(char) *changed =
		xasprintf("%.*s%s%s", (int)(type - text), text,
			  "application/vnd.docker.image.rootfs.diff.tar",
			  type + strlen(MEDIA_LAYER));
	ck_ok(stage_text(&stage, changed, &other, &err));
	ck_ok(stage_commit(&stage, &none, &err));
	return take_ptr(other.digest);
}

START_TEST(layers_with_dockers_names_get_those_of_the_manifest)
{
	scoped(char) *base = make_base();
	scoped(char) *docker = as_docker_names_it(base);
	struct tarball_notes notes;
	scoped_index images = { 0 };
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct commit_options options = { .place = &place, .base = docker };

	file("upper/new", "");
	ck_ok(commit_image(&stage, &options, &notes, &images, &err));
	ck_ok(stage_commit(&stage, &images, &err));
	ck_ok(layout_read_image(&store, images.entries[0].digest, &manifest,
				&config, &err));
	ck_assert_str_eq(manifest.layers[0].media_type, MEDIA_LAYER);
	ck_assert_str_eq(manifest.layers[1].media_type, MEDIA_LAYER "+gzip");
}
END_TEST

START_TEST(a_directory_may_have_many_files)
{
	struct tarball_notes notes;
	scoped_index images = { 0 };
	struct commit_options options = { .place = &place };
	char path[48];

	/* the sort of so many names asks the system for its memory */
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "upper/a rather long name %d", i);
		file(path, "");
	}
	ck_ok(commit_image(&stage, &options, &notes, &images, &err));
	ck_assert_uint_eq(notes.files, 3000);
}
END_TEST

START_TEST(without_a_base_the_layer_is_the_first)
{
	struct tarball_notes notes;
	scoped_index images = { 0 };
	struct commit_options options = { .place = &place };

	strv_addf(&place.lower, "%s/dir", tree_directory);
	dir("dir");
	file("dir/gone", "");
	file("upper/f", "");
	file("upper/.wh.f", "");
	dir("upper/.wh.d");
	file("upper/.wh.d/x", "");
	whiteout("upper/gone");
	ck_ok(commit_image(&stage, &options, &notes, &images, &err));
	ck_assert_uint_eq(notes.names, 3);
	ck_assert_uint_eq(notes.files, 1);
	ck_assert_ptr_null(images.entries[0].name);
	ck_ok(stage_commit(&stage, &images, &err));
}
END_TEST

START_TEST(what_is_wrong_is_said_before_the_work)
{
	scoped(char) *base = make_base();
	struct tarball_notes notes;
	struct image_index images;
	struct commit_options options = { .place = &place, .base = base };
	struct commit_options change = options, gone = options, text = options;

	options.name = "Not A Name";
	ck_assert_int_eq(commit_image(&stage, &options, &notes, &images, &err),
			 -EINVAL);
	strv_add(&change.changes, "FLY high");
	ck_assert_int_eq(commit_image(&stage, &change, &notes, &images, &err),
			 -EINVAL);
	strv_free(&change.changes);
	text.message = "\xff";
	ck_assert_int_eq(commit_image(&stage, &text, &notes, &images, &err),
			 -EINVAL);
	gone.base = "sha256:0123456789abcdef0123456789abcdef"
		    "0123456789abcdef0123456789abcdef";
	ck_assert_int_eq(commit_image(&stage, &gone, &notes, &images, &err),
			 -EUCLEAN);
	ck_assert_int_lt(faccessat(stage.dirfd, "layer", F_OK, 0), 0);
}
END_TEST

START_TEST(the_process_that_reads_can_reach_nothing_else)
{
	struct tarball_notes notes;
	scoped_index images = { 0 };
	struct commit_options options = { .place = &place };

	/* a link in the upper's place leads out of it */
	ck_sys(rmdir("upper"));
	dir("outside");
	file("outside/f", "secret");
	ck_sys(symlink("outside", "upper"));
	ck_assert_int_eq(commit_image(&stage, &options, &notes, &images, &err),
			 -ENOTDIR);
}
END_TEST

START_TEST(what_an_extended_configuration_does_not_know_is_kept)
{
	static const char base[] =
		"{\"os\":\"linux\",\"author\":\"you\",\"container\":\"x\","
		"\"config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]},"
		"\"Cmd\":[\"old\"],\"Env\":[\"A=1\"]},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},"
		"\"history\":[{\"created_by\":\"first\"}]}";
	const struct config_history history = { .created_by = "second" };
	scoped_config config = { 0 };
	scoped(char) *text = NULL;
	scoped_json *wanted = json_loads(
		"{\"os\":\"linux\",\"author\":\"you\","
		"\"config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]},"
		"\"Env\":[\"A=1\"]},\"rootfs\":{\"type\":\"layers\"},"
		"\"history\":[{\"created_by\":\"first\"},"
		"{\"created_by\":\"second\"}]}",
		0, NULL);

	ck_ok(config_parse(base, strlen(base), &config, &err));
	strv_free(&config.cmd);
	ck_ok(config_extend(base, &config, &history, &text, &err));
	scoped_json *got = json_loads(text, 0, NULL);
	ck_assert_msg(json_equal(got, wanted), "%s", text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("commit");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, make_store, remove_store);
	tcase_add_test(tests, an_image_is_its_base_and_what_was_written);
	tcase_add_test(tests,
		       layers_with_dockers_names_get_those_of_the_manifest);
	tcase_add_test(tests, a_directory_may_have_many_files);
	tcase_add_test(tests, without_a_base_the_layer_is_the_first);
	tcase_add_test(tests, what_is_wrong_is_said_before_the_work);
	tcase_add_test(tests, the_process_that_reads_can_reach_nothing_else);
	tcase_add_test(tests,
		       what_an_extended_configuration_does_not_know_is_kept);
	return suite_run("commit", tests);
}
