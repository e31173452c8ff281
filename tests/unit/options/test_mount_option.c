#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/mount_option.h"

typedef int parser(const char *, struct mount_option *, struct error *);

#define V mount_option_parse_volume
#define M mount_option_parse_mount
#define T mount_option_parse_tmpfs

/* clang-format off */
static const struct {
	parser *parse;
	const char *text;
	const char *mount; /* as describe() says it */
} good[] = {
	{ V, "/a:/b", "bind /a /b" },
	{ V, "./a:/b", "bind ./a /b" },
	{ V, ".:/b", "bind . /b" },
	{ V, "..:/b", "bind .. /b" },
	{ V, "../a:/b", "bind ../a /b" },
	{ V, "/:/x", "bind / /x" },
	{ V, "/a:/b/", "bind /a /b" },
	{ V, "/a:/b//c/./d", "bind /a /b/c/d" },
	{ V, "/a b:/c d", "bind /a b /c d" },
	{ V, "/a:/b:ro", "bind /a /b ro" },
	{ V, "/a:/b:rw", "bind /a /b" },
	{ V, "/a:/b:ro,noexec", "bind /a /b ro noexec" },
	{ V, "/a:/b:exec", "bind /a /b" },
	{ V, "/a:/b:bind", "bind /a /b norecurse" },
	{ V, "/a:/b:rbind", "bind /a /b" },
	{ V, "/a:/b:nosymfollow", "bind /a /b nosymfollow" },
	{ V, "/a:/b:z", "bind /a /b (notice)" },
	{ V, "/a:/b:ro,Z", "bind /a /b ro (notice)" },
	{ V, "/a:/b:cached", "bind /a /b (notice)" },
	{ V, "/a:/b:nosuid,nodev,rprivate", "bind /a /b" },
	{ V, "/a:/b:ro,ro", "bind /a /b ro" },
	{ V, "cache:/b", "volume cache /b" },
	{ V, "my.cache_1-x:/b:ro", "volume my.cache_1-x /b ro" },
	{ V, "9:/b", "volume 9 /b" },
	{ T, "/t", "tmpfs - /t noexec mode=1777" },
	{ T, "/t:size=64m", "tmpfs - /t noexec size=67108864 mode=1777" },
	{ T, "/t:size=1g,mode=0755,ro", "tmpfs - /t ro noexec size=1073741824 mode=755" },
	{ T, "/t:exec", "tmpfs - /t mode=1777" },
	{ T, "/t:rw,noexec,nosuid,nodev,mode=700", "tmpfs - /t noexec mode=700" },
	{ M, "type=bind,src=/a,dst=/b", "bind /a /b" },
	{ M, "type=bind,source=./a,target=/b,readonly", "bind ./a /b ro" },
	{ M, "dst=/b,type=bind,src=/a,ro", "bind /a /b ro" },
	{ M, "type=bind,src=/a,destination=/b,readonly=true", "bind /a /b ro" },
	{ M, "type=bind,src=/a,dst=/b,readonly=false", "bind /a /b" },
	{ M, "type=bind,src=/a,dst=/b,bind-recursive=disabled", "bind /a /b norecurse" },
	{ M, "type=bind,src=/a,dst=/b,bind-recursive=enabled", "bind /a /b" },
	{ M, "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly", "bind /a /b ro" },
	{ M, "type=bind,src=/a,dst=/b,bind-nonrecursive", "bind /a /b norecurse" },
	{ M, "type=bind,src=/a,dst=/b,bind-propagation=rprivate", "bind /a /b" },
	{ M, "type=bind,src=/a,dst=/b,noexec,nosymfollow", "bind /a /b noexec nosymfollow" },
	{ M, "type=bind,src=/a:b,dst=/c:d", "bind /a:b /c:d" },
	{ M, "type=bind,\"src=/a,b\",dst=/c", "bind /a,b /c" },
	{ M, "type=bind,\"src=/a\"\"b\",dst=/c", "bind /a\"b /c" },
	{ M, "type=bind,src=/a,dst=/b,relabel=shared", "bind /a /b (notice)" },
	{ M, "type=bind,src=/a,dst=/b,consistency=cached", "bind /a /b (notice)" },
	{ M, "src=cache,dst=/b", "volume cache /b" },
	{ M, "type=volume,src=cache,dst=/b,ro", "volume cache /b ro" },
	{ M, "type=tmpfs,dst=/t", "tmpfs - /t noexec mode=1777" },
	{ M, "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0700", "tmpfs - /t noexec size=1048576 mode=700" },
	{ M, "type=tmpfs,dst=/t,exec,ro=1", "tmpfs - /t ro mode=1777" },
};

static const struct {
	parser *parse;
	const char *text;
	int code;
	const char *message; /* in the text or in the hint */
} bad[] = {
	{ V, "", EINVAL, "no \":\"" },
	{ V, "/a", EINVAL, "--tmpfs /a" },
	{ V, ":/b", EINVAL, "the source is empty" },
	{ V, "/a:", EINVAL, "\"\", is not absolute" },
	{ V, "/a:b", EINVAL, "write /b" },
	{ V, "/a:./b", EINVAL, "is not absolute" },
	{ V, "/a:/b/../c", EINVAL, "\"..\"" },
	{ V, "/a:/..", EINVAL, "\"..\"" },
	{ V, "/a:/b:ro:rw", EINVAL, "--mount type=bind" },
	{ V, "a/b:/c", EINVAL, "write ./a/b" },
	{ V, ".hidden:/c", EINVAL, "write ./.hidden" },
	{ V, "_x:/c", EINVAL, "cannot be the name of a volume" },
	{ V, "a b:/c", EINVAL, "cannot be the name of a volume" },
	{ V, "~/a:/c", EINVAL, "$HOME" },
	{ V, "/a:/b:", EINVAL, "no option \"\"" },
	{ V, "/a:/b:ro,", EINVAL, "no option \"\"" },
	{ V, "/a:/b:r0", EINVAL, "did you mean ro?" },
	{ V, "/a:/b:noexce", EINVAL, "did you mean noexec?" },
	{ V, "/a:/b:nosymfolow", EINVAL, "did you mean nosymfollow?" },
	{ V, "/a:/b:rows", EINVAL, "no option \"rows\"" },
	{ V, "/a:/b:RO", EINVAL, "no option \"RO\"" },
	{ V, "/a:/b: ro", EINVAL, "no option \" ro\"" },
	{ V, "/a:/b:ro,rw", EINVAL, "contradicts" },
	{ V, "/a:/b:exec,noexec", EINVAL, "contradicts" },
	{ V, "/a:/b:rbind,bind", EINVAL, "contradicts" },
	{ V, "/a:/b:shared", EOPNOTSUPP, "private" },
	{ V, "/a:/b:ro,rshared", EOPNOTSUPP, "private" },
	{ V, "/a:/b:slave", EOPNOTSUPP, "private" },
	{ V, "/a:/b:rslave", EOPNOTSUPP, "private" },
	{ V, "/a:/b:unbindable", EOPNOTSUPP, "private" },
	{ V, "/a:/b:suid", EOPNOTSUPP, "set-user-ID" },
	{ V, "/a:/b:dev", EOPNOTSUPP, "devices" },
	{ V, "/a:/b:U", EOPNOTSUPP, "--userns as-me" },
	{ V, "/a:/b:O", EOPNOTSUPP, "not there yet" },
	{ V, "/a:/b:idmap", EOPNOTSUPP, "--userns" },
	{ V, "/a:/b:size=1m", EINVAL, "no option \"size=1m\"" },
	{ T, "t", EINVAL, "write /t" },
	{ T, "", EINVAL, "is not absolute" },
	{ T, "/t/../x", EINVAL, "\"..\"" },
	{ T, "/t:size=", EINVAL, "size: \"\" is not a size" },
	{ T, "/t:size=x", EINVAL, "size: \"x\" is not a size" },
	{ T, "/t:size=-1", EINVAL, "is not a size" },
	{ T, "/t:size=50%", EINVAL, "is not a size" },
	{ T, "/t:size=0", EINVAL, "without any limit" },
	{ T, "/t:size", EINVAL, "no option \"size\"" },
	{ T, "/t:sise=1m", EINVAL, "did you mean size?" },
	{ T, "/t:mode=8", EINVAL, "is not octal" },
	{ T, "/t:mode=10000", EINVAL, "is not octal" },
	{ T, "/t:mode=", EINVAL, "is not octal" },
	{ T, "/t:mode=000755", EINVAL, "is not octal" },
	{ T, "/t:mode=+7", EINVAL, "is not octal" },
	{ T, "/t:uid=1000", EOPNOTSUPP, "size= and mode=" },
	{ T, "/t:nr_inodes=1", EOPNOTSUPP, "size= and mode=" },
	{ T, "/t:z", EINVAL, "no option \"z\"" },
	{ T, "/t:ro:rw", EINVAL, "no option \"ro:rw\"" },
	{ T, "/t:suid", EOPNOTSUPP, "set-user-ID" },
	{ M, "", EINVAL, "no option \"\"" },
	{ M, "type=bind", EINVAL, "dst=, the path in the container" },
	{ M, "type=bind,dst=/b", EINVAL, "src=, the path on this machine" },
	{ M, "dst=/b", EINVAL, "src=, the name of the volume" },
	{ M, "type=bind,src=,dst=/b", EINVAL, "source is empty" },
	{ M, "type=bind,src=a,dst=/b", EINVAL, "write ./a" },
	{ M, "type=volume,src=/a,dst=/b", EINVAL, "type=bind mounts a path" },
	{ M, "src=../a,dst=/b", EINVAL, "cannot be the name of a volume" },
	{ M, "type=nfs,src=/a,dst=/b", EINVAL, "type: \"nfs\" is not one of: bind, tmpfs, volume" },
	{ M, "type=bnid,src=/a,dst=/b", EINVAL, "did you mean bind?" },
	{ M, "type=bind,src=/a,src=/c,dst=/b", EINVAL, "source is given twice" },
	{ M, "type=bind,src=/a,dst=/b,target=/c", EINVAL, "given twice" },
	{ M, "type=bind,src=/a,dst=b", EINVAL, "write /b" },
	{ M, "type=bind,src=/a,dst", EINVAL, "wants a value: dst=..." },
	{ M, "type=bind,src=/a,dst=/b,readonli", EINVAL, "did you mean readonly?" },
	{ M, "type=bind,src=/a,dst=/b,readonly=maybe", EINVAL, "not one of: true, 1, false, 0" },
	{ M, "type=bind,src=/a,dst=/b,tmpfs-size=1m", EINVAL, "not for type=bind" },
	{ M, "type=tmpfs,src=/a,dst=/b", EINVAL, "not for type=tmpfs" },
	{ M, "type=volume,src=a,dst=/b,bind-recursive=enabled", EINVAL, "not for type=volume" },
	{ M, "type=bind,src=/a,dst=/b,bind-propagation=shared", EOPNOTSUPP, "private" },
	{ M, "type=bind,src=/a,dst=/b,bind-propagation=ro", EINVAL, "not a propagation" },
	{ M, "type=bind,src=/a,dst=/b,bind-recursive=writable", EOPNOTSUPP, "with all mounts" },
	{ M, "type=bind,src=/a,dst=/b,suid", EOPNOTSUPP, "set-user-ID" },
	{ M, "type=bind,src=/a,dst=/b,U", EOPNOTSUPP, "--userns as-me" },
	{ M, "type=volume,src=a,dst=/b,volume-opt=x=y", EOPNOTSUPP, "without drivers" },
	{ M, "type=bind,src=/a,dst=/b,", EINVAL, "no option \"\"" },
	{ M, "type=bind,\"src=/a,dst=/b", EINVAL, "does not end" },
	{ M, "type=bind,\"src=/a\"x,dst=/b", EINVAL, "does not end" },
	{ M, "type=bind,src=\"/a\",dst=/b", EINVAL, "middle of a field" },
	{ M, "type=tmpfs,dst=/t,tmpfs-mode=9", EINVAL, "is not octal" },
};
/* clang-format on */

static char *describe(const struct mount_option *option)
{
	static const char *const kinds[] = { "bind", "tmpfs", "volume" };
	const struct spec_mount *m = &option->mount;
	char size[32] = "", mode[32] = "";

	if (m->size)
		snprintf(size, sizeof(size), " size=%llu",
			 (unsigned long long)m->size);
	if (m->mode)
		snprintf(mode, sizeof(mode), " mode=%o", m->mode);
	return xasprintf("%s %s %s%s%s%s%s%s%s%s", kinds[m->kind],
			 m->source ? m->source : "-", m->target,
			 m->read_only ? " ro" : "", m->exec ? "" : " noexec",
			 m->no_recurse ? " norecurse" : "",
			 m->symlinks ? "" : " nosymfollow", size, mode,
			 option->notice ? " (notice)" : "");
}

START_TEST(good_mounts_are_read)
{
	struct mount_option option = { 0 };
	struct error err = { 0 };

	int r = good[_i].parse(good[_i].text, &option, &err);
	ck_assert_msg(r == 0, "%s: %s", good[_i].text, err.text);
	scoped(char) *text = describe(&option);
	ck_assert_str_eq(text, good[_i].mount);
	mount_option_free(&option);
}
END_TEST

START_TEST(bad_mounts_are_refused_with_a_reason)
{
	struct mount_option option = { .notice = "untouched" };
	struct error err = { 0 };

	int r = bad[_i].parse(bad[_i].text, &option, &err);
	ck_assert_msg(r == -bad[_i].code, "%s: %d %s", bad[_i].text, r,
		      err.text);
	ck_assert_msg(strstr(err.text, bad[_i].message) ||
			      strstr(err.hint, bad[_i].message),
		      "%s: %s (%s)", bad[_i].text, err.text, err.hint);
	ck_assert_str_eq(option.notice, "untouched");
	ck_assert_ptr_null(option.mount.target);
}
END_TEST

START_TEST(a_name_of_a_volume_has_at_most_255_bytes)
{
	char text[300] = "";
	struct mount_option option = { 0 };
	struct error err = { 0 };

	memset(text, 'a', 255);
	strcpy(text + 255, ":/b");
	ck_assert_int_eq(V(text, &option, &err), 0);
	mount_option_free(&option);
	strcpy(text + 255, "a:/b");
	ck_assert_int_eq(V(text, &option, &err), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mount_option");
	TCase *tests = tcase_create("mount_option");

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, good_mounts_are_read, 0, ARRAY_SIZE(good));
	tcase_add_loop_test(tests, bad_mounts_are_refused_with_a_reason, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, a_name_of_a_volume_has_at_most_255_bytes);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
