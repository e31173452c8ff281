#include "base/strv.h"

#include "base/memory.h"
#include "tests/unit/images/suite.h"

START_TEST(an_empty_list_is_an_argv_all_the_same)
{
	scoped_strv list = { 0 };

	ck_assert_ptr_nonnull(strv_argv(&list));
	ck_assert_ptr_null(strv_argv(&list)[0]);
	ck_assert(!strv_contains(&list, ""));
	ck_assert_ptr_null(strv_get_env(&list, "A"));
}
END_TEST

START_TEST(a_list_ends_with_null_after_every_addition)
{
	scoped_strv list = { 0 };

	for (size_t i = 0; i < 100; i++) {
		strv_addf(&list, "%zu", i);
		ck_assert_uint_eq(list.n, i + 1);
		ck_assert_ptr_null(list.v[i + 1]);
	}
	ck_assert_str_eq(list.v[0], "0");
	ck_assert_str_eq(list.v[99], "99");
}
END_TEST

START_TEST(what_is_added_is_copied_and_what_is_taken_is_owned)
{
	scoped_strv list = { 0 };
	char text[] = "a";
	char *taken = xstrdup("b");

	strv_add(&list, text);
	strv_take(&list, taken);
	text[0] = 'x';
	ck_assert_str_eq(list.v[0], "a");
	ck_assert_ptr_eq(list.v[1], taken);
}
END_TEST

START_TEST(a_list_is_extended_by_copies_and_by_nothing)
{
	scoped_strv list = { 0 }, more = { 0 };

	strv_add(&list, "a");
	strv_extend(&list, NULL);
	strv_extend(&list, strv_argv(&more));
	ck_assert_uint_eq(list.n, 1);
	strv_add(&more, "b");
	strv_add(&more, "c");
	strv_extend(&list, more.v);
	ck_assert_uint_eq(list.n, 3);
	ck_assert_str_eq(list.v[2], "c");
	ck_assert_ptr_ne(list.v[2], more.v[1]);
}
END_TEST

START_TEST(a_list_contains_whole_words_only)
{
	scoped_strv list = { 0 };

	strv_add(&list, "abc");
	ck_assert(strv_contains(&list, "abc"));
	ck_assert(!strv_contains(&list, "ab"));
	ck_assert(!strv_contains(&list, "abcd"));
}
END_TEST

START_TEST(what_is_removed_leaves_a_list_that_can_grow_again)
{
	scoped_strv list = { 0 };

	for (size_t i = 0; i < 20; i++)
		strv_addf(&list, "%zu", i);
	ck_assert(!strv_remove(&list, "20"));
	ck_assert(strv_remove(&list, "0"));
	ck_assert(!strv_remove(&list, "0"));
	ck_assert_str_eq(list.v[0], "19");
	ck_assert(strv_remove(&list, "18"));
	ck_assert_uint_eq(list.n, 18);
	ck_assert_ptr_null(list.v[18]);
	for (size_t i = 1; i < 20; i++)
		if (i != 18) {
			scoped(char) *text = xasprintf("%zu", i);
			ck_assert(strv_contains(&list, text));
		}
	while (list.n)
		ck_assert(strv_remove(&list, list.v[0]));
	for (size_t i = 0; i < 20; i++)
		strv_addf(&list, "%zu", i);
	ck_assert_str_eq(list.v[19], "19");
	ck_assert_ptr_null(list.v[20]);
}
END_TEST

START_TEST(a_freed_list_is_empty_and_can_be_used_again)
{
	struct strv list = { 0 };

	strv_add(&list, "a");
	strv_free(&list);
	ck_assert_ptr_null(list.v);
	ck_assert_uint_eq(list.n, 0);
	strv_free(&list);
	strv_add(&list, "b");
	ck_assert_str_eq(list.v[0], "b");
	strv_free(&list);
}
END_TEST

START_TEST(a_variable_is_set_in_its_old_place)
{
	scoped_strv env = { 0 };

	strv_add(&env, "A=1");
	strv_add(&env, "AB=2");
	strv_add(&env, "C=3");
	strv_set_env(&env, "AB=4");
	strv_set_env(&env, "B=5");
	ck_assert_uint_eq(env.n, 4);
	ck_assert_str_eq(env.v[0], "A=1");
	ck_assert_str_eq(env.v[1], "AB=4");
	ck_assert_str_eq(env.v[3], "B=5");
}
END_TEST

START_TEST(a_variable_is_found_by_its_whole_name)
{
	scoped_strv env = { 0 };

	strv_add(&env, "AB=x=y");
	strv_add(&env, "EMPTY=");
	strv_add(&env, "BARE");
	ck_assert_str_eq(strv_get_env(&env, "AB"), "x=y");
	ck_assert_str_eq(strv_get_env(&env, "EMPTY"), "");
	ck_assert_ptr_null(strv_get_env(&env, "A"));
	ck_assert_ptr_null(strv_get_env(&env, "ABC"));
	ck_assert_ptr_null(strv_get_env(&env, "BARE"));
	ck_assert_ptr_null(strv_get_env(&env, "AB=x"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("strv");

	tcase_add_test(tests, an_empty_list_is_an_argv_all_the_same);
	tcase_add_test(tests, a_list_ends_with_null_after_every_addition);
	tcase_add_test(tests,
		       what_is_added_is_copied_and_what_is_taken_is_owned);
	tcase_add_test(tests, a_list_is_extended_by_copies_and_by_nothing);
	tcase_add_test(tests, a_list_contains_whole_words_only);
	tcase_add_test(tests,
		       what_is_removed_leaves_a_list_that_can_grow_again);
	tcase_add_test(tests, a_freed_list_is_empty_and_can_be_used_again);
	tcase_add_test(tests, a_variable_is_set_in_its_old_place);
	tcase_add_test(tests, a_variable_is_found_by_its_whole_name);
	return suite_run("strv", tests);
}
