#include "storage/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "storage/collect.h"
#include "storage/layout.h"
#include "storage/manifest.h"
#include "tests/unit/images/suite.h"

static char directory[] = "/tmp/wolffia-test-XXXXXX";
static struct store store;
static struct error err;

/* the files are this process's own: no namespace is needed */
static int call_here(const void *context,
		     int (*function)(void *, struct error *), void *argument,
		     struct error *why)
{
	(void)context;
	return function(argument, why);
}

static const struct stage_ids ids = { .single = true,
				      .ids = 1,
				      .call = call_here };

static void make_store(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(store_open(&store, directory, &err), 0);
}

static void remove_store(void)
{
	store_close(&store);
	path_remove_tree(AT_FDCWD, directory, &err);
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
}

static bool exists(const char *path)
{
	return faccessat(store.dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static size_t count(const char *path)
{
	scoped(char) *command =
		xasprintf("ls -A '%s/%s' | wc -l", store.path, path);
	FILE *from = popen(command, "r");
	size_t n = 999;

	ck_assert_int_eq(fscanf(from, "%zu", &n), 1);
	pclose(from);
	return n;
}

/* a file with @text, at its beginning */
static int file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

START_TEST(a_discarded_stage_leaves_nothing)
{
	struct stage stage;
	scoped_descriptor d = { 0 };

	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	ck_assert_uint_eq(count("tmp"), 2);
	ck_assert_int_eq(stage_text(&stage, "{}", &d, &err), 0);
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
	ck_assert_uint_eq(count("tmp"), 0);
	ck_assert_uint_eq(count("oci/blobs/sha256"), 0);
}
END_TEST

START_TEST(a_blob_must_be_what_was_wanted)
{
	struct stage stage;
	scoped_descriptor d = { 0 }, got = { 0 };
	scoped_fd fd = file("hello"), longer = file("hello!");
	scoped_fd shorter = file("hell"), other = file("jello");

	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	ck_assert_int_eq(stage_blob(&stage, fd, false, NULL, "it", &d, &err),
			 0);
	ck_assert_str_eq(d.digest, "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b1"
				   "61e5c1fa7425e73043362938b9824");
	ck_assert_uint_eq(d.size, 5);
	ck_assert_int_eq(
		stage_blob(&stage, longer, false, &d, "it", &got, &err),
		-EBADMSG);
	ck_assert_int_eq(
		stage_blob(&stage, shorter, false, &d, "it", &got, &err),
		-EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "it is 4 bytes long"));
	ck_assert_int_eq(stage_blob(&stage, other, false, &d, "it", &got, &err),
			 -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "wrong digest"));
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
}
END_TEST

START_TEST(a_stage_whose_owner_was_killed_is_swept)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct stage stage;
		scoped_descriptor d = { 0 };
		if (stage_open(&stage, &store, &ids, &err) < 0 ||
		    stage_text(&stage, "{}", &d, &err) < 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	/* it lives: nobody takes its work away */
	ck_assert_int_eq(stage_sweep(&store, &ids, &err), 0);
	ck_assert_uint_eq(count("tmp"), 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(stage_sweep(&store, &ids, &err), 1);
	ck_assert_uint_eq(count("tmp"), 0);
	ck_assert_int_eq(stage_sweep(&store, &ids, &err), 0);
}
END_TEST

#define HEX16 "0123456789abcdef"
#define LAYER "layers/" HEX16 HEX16 HEX16 HEX16

START_TEST(what_a_killed_commit_made_visible_is_swept_too)
{
	int fd =
		openat(store.dirfd, "oci/blobs/sha256/" HEX16 HEX16 HEX16 HEX16,
		       O_CREAT | O_WRONLY, 0600);

	close(fd);
	ck_assert_int_eq(mkdirat(store.dirfd, LAYER, 0755), 0);
	ck_assert_int_eq(mkdirat(store.dirfd, "tmp/x", 0700), 0);
	close(openat(store.dirfd, "tmp/x.lock", O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(stage_sweep(&store, &ids, &err), 1);
	ck_assert(!exists(LAYER));
	ck_assert_uint_eq(count("oci/blobs/sha256"), 0);
	ck_assert_uint_eq(count("tmp"), 0);
}
END_TEST

START_TEST(garbage_that_is_in_use_stays)
{
	scoped_garbage garbage = GARBAGE_NONE;
	struct image_index none = { 0 };
	struct stage stage;

	ck_assert_int_eq(mkdirat(store.dirfd, LAYER, 0755), 0);
	scoped_fd holds = store_open_holds(&store, &err);
	ck_assert_int_eq(store_hold_layer(&store, holds,
					  &LAYER[strlen("layers/")], &err),
			 0);
	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	ck_assert_int_eq(collect_find(&store, &none, &garbage, &err), 0);
	ck_assert_uint_eq(garbage.layers.n, 0);
	ck_assert_uint_eq(garbage.busy.n, 1);
	garbage_free(&garbage);
	fd_close(&holds);
	ck_assert_int_eq(collect_find(&store, &none, &garbage, &err), 0);
	ck_assert_uint_eq(garbage.layers.n, 1);
	/* and now nobody begins to use it */
	ck_assert_int_eq(collect_remove(&stage, &garbage, &err), 0);
	ck_assert(!exists(LAYER));
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
	ck_assert_uint_eq(count("tmp"), 0);
}
END_TEST

/* an image with one layer in @stage; the diff id is @diff_id */
static void stage_image(struct stage *stage, const char *diff_id,
			struct descriptor *manifest)
{
	scoped_descriptor layer = { 0 }, config = { 0 };
	scoped_fd tar = file("a tar");
	scoped(char) *config_text_ =
		xasprintf("{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
			  "\"diff_ids\":[\"%s\"]}}",
			  diff_id);

	ck_assert_int_eq(
		stage_blob(stage, tar, false, NULL, "it", &layer, &err), 0);
	ck_assert_int_eq(stage_text(stage, config_text_, &config, &err), 0);
	scoped(char) *text = xasprintf(
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\","
		"\"digest\":\"%s\",\"size\":%d},\"layers\":[{"
		"\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":5}]}",
		MEDIA_CONFIG, config.digest, (int)config.size, MEDIA_LAYER,
		layer.digest);
	manifest->media_type = xstrdup(MEDIA_MANIFEST);
	ck_assert_int_eq(stage_text(stage, text, manifest, &err), 0);
}

/* containers/@id/image says @text */
static void make_user(const char *id, const char *text)
{
	scoped(char) *dir = xasprintf("containers/%s", id);
	scoped(char) *path = xasprintf("%s/image", dir);

	if (mkdirat(store.dirfd, dir, 0700) < 0)
		ck_assert_int_eq(errno, EEXIST);
	scoped_fd fd = openat(store.dirfd, path,
			      O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
}

START_TEST(what_a_stopped_container_needs_stays)
{
	scoped_garbage garbage = GARBAGE_NONE;
	struct image_index none = { 0 };
	scoped_descriptor image = { 0 };
	struct stage stage;

	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	stage_image(&stage, "sha256:" HEX16 HEX16 HEX16 HEX16, &image);
	ck_assert_int_eq(stage_commit(&stage, &none, &err), 0);
	ck_assert_int_eq(mkdirat(store.dirfd, LAYER, 0755), 0);
	ck_assert_int_eq(mkdirat(store.dirfd, LAYER ".single", 0755), 0);
	scoped(char) *line = xasprintf("%s\n", image.digest);
	make_user("c1", line);
	ck_assert_int_eq(collect_find(&store, &none, &garbage, &err), 0);
	ck_assert_uint_eq(garbage.layers.n, 0);
	ck_assert_uint_eq(garbage.blobs.n, 0);
	garbage_free(&garbage);
	/* until it is removed */
	ck_assert_int_eq(unlinkat(store.dirfd, "containers/c1/image", 0), 0);
	ck_assert_int_eq(collect_find(&store, &none, &garbage, &err), 0);
	ck_assert_uint_eq(garbage.layers.n, 2);
	ck_assert_uint_eq(garbage.blobs.n, 3);
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
}
END_TEST

START_TEST(an_image_that_is_held_outlives_its_removal)
{
	scoped_garbage garbage = GARBAGE_NONE;
	struct image_index none = { 0 };
	scoped_descriptor image = { 0 };
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct stage stage, other;

	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	stage_image(&stage, "sha256:" HEX16 HEX16 HEX16 HEX16, &image);
	ck_assert_int_eq(stage_commit(&stage, &none, &err), 0);
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
	ck_assert_int_eq(mkdirat(store.dirfd, LAYER ".single", 0755), 0);
	ck_assert_int_eq(layout_read_image(&store, image.digest, &manifest,
					   &config, &err),
			 0);
	/* while one works with it, another removes all that nobody names */
	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	ck_assert_int_eq(stage_hold_image(&stage, image.digest, &manifest,
					  &config, &err),
			 0);
	ck_assert_int_eq(stage_open(&other, &store, &ids, &err), 0);
	ck_assert_int_eq(collect_find(&store, &none, &garbage, &err), 0);
	ck_assert_uint_eq(garbage.busy.n, 1);
	ck_assert_int_eq(collect_remove(&other, &garbage, &err), 0);
	ck_assert_int_eq(stage_discard(&other, &err), 0);
	ck_assert_uint_eq(count("oci/blobs/sha256"), 0);
	ck_assert(exists(LAYER ".single"));
	/* and it is there again */
	ck_assert_int_eq(stage_commit(&stage, &none, &err), 0);
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
	ck_assert_uint_eq(count("oci/blobs/sha256"), 3);
	/* what is gone already cannot be held */
	ck_assert_int_eq(path_remove_tree(store.dirfd, LAYER ".single", &err),
			 0);
	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	ck_assert_int_eq(stage_hold_image(&stage, image.digest, &manifest,
					  &config, &err),
			 -ENOENT);
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
}
END_TEST

START_TEST(the_containers_of_an_image_are_found)
{
	static const char one[] = "sha256:" HEX16 HEX16 HEX16 HEX16;
	static const char other[] =
		"sha256:0" HEX16 HEX16 HEX16 "0123456789abcde";
	scoped_strv users = { 0 };

	make_user("c1", one);
	make_user("c2", other);
	make_user("c3", one);
	make_user("unfinished", "");
	ck_assert_int_eq(mkdirat(store.dirfd, "containers/host", 0700), 0);
	ck_assert_int_eq(collect_users(&store, one, &users, &err), 0);
	ck_assert_uint_eq(users.n, 2);
	ck_assert(strv_contains(&users, "c1") && strv_contains(&users, "c3"));
}
END_TEST

START_TEST(nothing_is_collected_while_a_container_needs_nobody_knows_what)
{
	static const char *const texts[] = {
		/* an image that is not there */
		"sha256:" HEX16 HEX16 HEX16 HEX16 "\n",
		"sha256:../../x\n",
		"nonsense",
	};
	struct image_index none = { 0 };
	scoped_garbage garbage = GARBAGE_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		make_user("c1", texts[i]);
		ck_assert_int_eq(collect_find(&store, &none, &garbage, &err),
				 -EUCLEAN);
		ck_assert_ptr_nonnull(strstr(err.hint, "wolffia rm c1"));
	}
}
END_TEST

START_TEST(a_commit_that_fails_leaves_nothing)
{
	struct stage stage;
	scoped_descriptor d = { 0 };
	struct image_index images = { .entries = &d, .n = 1 };

	ck_assert_int_eq(stage_open(&stage, &store, &ids, &err), 0);
	ck_assert_int_eq(stage_text(&stage, "{}", &d, &err), 0);
	d.media_type = xstrdup(MEDIA_MANIFEST);
	/* the index cannot be replaced by a file */
	ck_assert_int_eq(mkdirat(store.dirfd, "oci/index.json.new", 0700), 0);
	ck_assert_int_lt(stage_commit(&stage, &images, &err), 0);
	ck_assert_int_eq(stage_discard(&stage, &err), 0);
	ck_assert_uint_eq(count("oci/blobs/sha256"), 0);
	ck_assert_uint_eq(count("tmp"), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("stage");

	tcase_add_checked_fixture(tests, make_store, remove_store);
	tcase_add_test(tests, a_discarded_stage_leaves_nothing);
	tcase_add_test(tests, a_blob_must_be_what_was_wanted);
	tcase_add_test(tests, a_stage_whose_owner_was_killed_is_swept);
	tcase_add_test(tests, what_a_killed_commit_made_visible_is_swept_too);
	tcase_add_test(tests, garbage_that_is_in_use_stays);
	tcase_add_test(tests, what_a_stopped_container_needs_stays);
	tcase_add_test(tests, an_image_that_is_held_outlives_its_removal);
	tcase_add_test(tests, the_containers_of_an_image_are_found);
	tcase_add_test(
		tests,
		nothing_is_collected_while_a_container_needs_nobody_knows_what);
	tcase_add_test(tests, a_commit_that_fails_leaves_nothing);
	return suite_run("stage", tests);
}
