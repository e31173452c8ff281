#include "storage/tree_walk.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/fs.h>

#include "tests/unit/upper/trees.h"

/* "d a", "f a/b", "< a" ... of the tree below @path */
static char *walk_all(const char *path)
{
	scoped_fd root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree_walk *walk = NULL;
	struct tree_entry entry;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	int r;

	ck_ok(tree_walk_new(root, &walk, &err));
	while ((r = tree_walk_next(walk, &entry, &err)) > 0)
		fprintf(to, "%c %s\n",
			r == TREE_LEAVE             ? '<'
			: entry.mounted             ? 'm'
			: S_ISDIR(entry.st.st_mode) ? 'd'
			: S_ISLNK(entry.st.st_mode) ? 'l'
						    : 'f',
			entry.path);
	tree_walk_free(walk);
	fclose(to);
	ck_ok(r);
	return text;
}

START_TEST(names_come_sorted_by_bytes_and_directories_before_their_content)
{
	dir("t");
	dir("t/a");
	file("t/a/z", "");
	file("t/a-b", "");
	file("t/B", "");
	file("t/\xff\n", "");
	dir("t/c");
	dir("t/c/empty");
	ck_sys(symlink("/", "t/d"));
	scoped(char) *all = walk_all("t");
	ck_assert_str_eq(all, "f B\n"
			      "d a\n"
			      "f a/z\n"
			      "< a\n"
			      "f a-b\n"
			      "d c\n"
			      "d c/empty\n"
			      "< c/empty\n"
			      "< c\n"
			      "l d\n"
			      "f \xff\n\n");
}
END_TEST

START_TEST(a_directory_can_be_passed_over)
{
	struct tree_walk *walk = NULL;
	struct tree_entry entry;

	dir("t");
	dir("t/a");
	file("t/a/z", "");
	file("t/b", "");
	scoped_fd root = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(tree_walk_new(root, &walk, &err));
	ck_assert_int_eq(tree_walk_next(walk, &entry, &err), TREE_ENTRY);
	tree_walk_skip(walk);
	ck_assert_int_eq(tree_walk_next(walk, &entry, &err), TREE_ENTRY);
	ck_assert_str_eq(entry.path, "b");
	ck_assert_int_eq(tree_walk_next(walk, &entry, &err), TREE_END);
	tree_walk_free(walk);
}
END_TEST

/* @depth directories "d", one in the other, with a file "f" in each */
static void make_deep(const char *root, int depth)
{
	scoped_fd at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < depth; i++) {
		ck_sys(mkdirat(at, "d", 0755));
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_sys(next);
		fd_close(&at);
		at = next;
		scoped_fd made =
			openat(at, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		ck_sys(made);
	}
}

START_TEST(a_deep_tree_takes_few_descriptors)
{
	struct rlimit few = { 200, 200 };
	size_t files = 0;

	dir("t");
	make_deep("t", 2000);
	ck_sys(setrlimit(RLIMIT_NOFILE, &few));
	scoped(char) *all = walk_all("t");
	for (const char *s = all; (s = strstr(s, "\nf ")); s++)
		files++;
	ck_assert_uint_eq(files, 2000);
}
END_TEST

START_TEST(a_path_that_no_system_call_takes_is_an_error)
{
	struct tree_walk *walk = NULL;
	struct tree_entry entry;
	int r;

	dir("t");
	make_deep("t", 2100);
	scoped_fd root = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(tree_walk_new(root, &walk, &err));
	while ((r = tree_walk_next(walk, &entry, &err)) > 0)
		;
	tree_walk_free(walk);
	ck_assert_int_eq(r, -ENAMETOOLONG);
}
END_TEST

START_TEST(what_is_mounted_in_it_is_not_entered)
{
	become_root_of_namespace();
	dir("t");
	dir("t/m");
	ck_sys(mount("none", "t/m", "tmpfs", 0, NULL));
	file("t/m/secret", "");
	file("t/n", "");
	scoped(char) *all = walk_all("t");
	ck_assert_str_eq(all, "m m\nf n\n");
	ck_sys(umount("t/m"));
}
END_TEST

START_TEST(a_directory_that_was_moved_is_not_taken_for_the_one_in_its_place)
{
	struct tree_walk *walk = NULL;
	struct tree_entry entry;
	int r = 0;

	dir("t");
	make_deep("t", 300);
	scoped_fd root = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(tree_walk_new(root, &walk, &err));
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(tree_walk_next(walk, &entry, &err),
				 TREE_ENTRY);
	/* its descriptor is among those that were closed; all the way back
	 * there are directories of the same names, but others */
	ck_sys(rename("t/d/d/d", "gone"));
	dir("t/d/d/d");
	make_deep("t/d/d/d", 300);
	while ((r = tree_walk_next(walk, &entry, &err)) > 0)
		;
	tree_walk_free(walk);
	ck_assert_int_eq(r, -ESTALE);
}
END_TEST

/* a child that swaps the names @a and @b until it is killed */
static pid_t start_swapping(const char *a, const char *b)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b,
				    RENAME_EXCHANGE) < 0)
				_exit(1);
	return pid;
}

static void stop(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status));
}

/* walk and read it all; what @seen counts must not be seen */
static void read_all(int root, int *links, int *files)
{
	struct tree_walk *walk = NULL;
	struct tree_entry entry;
	int r;

	ck_ok(tree_walk_new(root, &walk, &err));
	while ((r = tree_walk_next(walk, &entry, &err)) > 0) {
		char text[16] = "";
		if (r == TREE_ENTRY && S_ISLNK(entry.st.st_mode))
			(*links)++;
		if (r != TREE_ENTRY || !S_ISREG(entry.st.st_mode))
			continue;
		ck_assert_str_ne(entry.name, "sentinel");
		scoped_fd fd = tree_open_file(&entry, &err);
		if (fd < 0) {
			ck_assert_int_eq(fd, -ESTALE);
			continue;
		}
		ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
		ck_assert_str_ne(text, "secret");
		(*files)++;
	}
	tree_walk_free(walk);
	ck_ok(r);
}

START_TEST(a_link_swapped_for_a_directory_or_a_file_is_never_followed)
{
	int links = 0, files = 0;

	dir("outside");
	file("outside/sentinel", "secret");
	dir("t");
	dir("t/x");
	file("t/x/inside", "plain");
	file("t/f", "plain");
	ck_sys(symlink("../outside", "aside"));
	ck_sys(symlink("../outside/sentinel", "aside_f"));
	scoped_fd root = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t one = start_swapping("t/x", "aside");
	pid_t two = start_swapping("t/f", "aside_f");
	/* a hundred times, and until it has met both */
	for (int i = 0; i < 100 || links == 0 || files == 0; i++)
		read_all(root, &links, &files);
	stop(one);
	stop(two);
	ck_assert_int_gt(links, 0);
	ck_assert_int_gt(files, 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tree_walk");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, make_directory, remove_directory);
	tcase_add_test(
		tests,
		names_come_sorted_by_bytes_and_directories_before_their_content);
	tcase_add_test(tests, a_directory_can_be_passed_over);
	tcase_add_test(tests, a_deep_tree_takes_few_descriptors);
	tcase_add_test(tests, a_path_that_no_system_call_takes_is_an_error);
	tcase_add_test(tests, what_is_mounted_in_it_is_not_entered);
	tcase_add_test(
		tests,
		a_directory_that_was_moved_is_not_taken_for_the_one_in_its_place);
	tcase_add_test(
		tests,
		a_link_swapped_for_a_directory_or_a_file_is_never_followed);
	return suite_run("tree_walk", tests);
}
