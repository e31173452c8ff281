/*
 * tests/fuzz/fuzz_user.c - a user string and the container's two files
 *
 * Input: the text of --user, a NUL, etc/passwd, a NUL, etc/group.  Built with
 * -Dfuzzing=true it is a libFuzzer target; else it replays the files that are
 * its arguments, so that each test run goes through the corpus.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/confine/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

#define MUST(condition) must(condition, #condition)

static void check_user(const struct user_request *request,
		       const struct user *user)
{
	int has_gid = 0;

	MUST(user->uid != UINT32_MAX && user->gid != UINT32_MAX);
	MUST(user->home[0] == '/' && user->shell[0] == '/');
	MUST(!strpbrk(user->home, "\n:") && !strpbrk(user->shell, "\n:"));
	if (!request->user.is_name)
		MUST(user->uid == request->user.id);
	if (request->group.given && !request->group.is_name)
		MUST(user->gid == request->group.id);
	if (request->group.given)
		MUST(user->n == 1);
	for (size_t i = 0; i < user->n; i++) {
		has_gid |= user->groups[i] == user->gid;
		MUST(user->groups[i] != UINT32_MAX);
		MUST(i == 0 || user->groups[i - 1] < user->groups[i]);
	}
	MUST(has_gid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(char) *copy = xcalloc(size + 1, 1);
	struct user_request request;
	scoped_user user = { 0 };
	struct error err = { 0 };

	memcpy(copy, data, size);
	char *end = copy + size, *passwd = memchr(copy, '\0', size + 1);
	if (passwd < end)
		passwd++;
	char *group = memchr(passwd, '\0', (size_t)(end - passwd) + 1);
	size_t passwd_size = (size_t)(group - passwd);
	group = group < end ? group + 1 : end;

	if (user_parse(copy, &request, &err) < 0) {
		MUST(err.code > 0 && err.text[0]);
		return 0;
	}
	/* exact sizes, so that a read behind the end is seen */
	scoped(char) *p = xstrndup(passwd, passwd_size);
	scoped(char) *g = xstrndup(group, (size_t)(end - group));
	int r = user_find(&request, NULL, p, strlen(p), g, strlen(g), &user,
			  &err);
	if (r == 0)
		check_user(&request, &user);
	else
		MUST(err.code == -r && err.text[0]);
	return 0;
}

#ifndef FUZZING
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		scoped(char) *text = NULL;
		struct error err;
		ssize_t n = fd_read_file(-1, argv[i], 1 << 20, &text, &err);
		must(n >= 0, argv[i]);
		LLVMFuzzerTestOneInput((const uint8_t *)text, (size_t)n);
	}
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
#endif
