#include "cmd/template/template.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/template/table_docker.h"
#include "tests/unit/template/table_go.h"

/* clang-format off */
/* Where we are not Go, on purpose. */
static const char own[] =
	"{'Nil':null,'Obj':{},'Entrypoint':null,'Labels':{'a':null},"
	" 'Annotations':null,'Ports':'80->80/tcp','ID':'x','Half':0.5,"
	" 'Row':{'Labels':'k=v','Label':{'k':'v'}},"
	" 'Mixed':[1,null,'a']}";

static const struct expected decided[] = {
	/* docker knows the types of what is null */
	{ "{{.Nil}} {{.Entrypoint}} {{.Annotations}} {{.Labels}}",
	  "<nil> [] map[] map[a:<nil>]" },
	{ "{{json .Nil}} {{json .Entrypoint}} {{json .Annotations}}",
	  "null null null" },
	{ "{{printf \"%v %v %v\" .Nil .Entrypoint .Annotations}}",
	  "<nil> [] map[]" },
	{ "{{len .Entrypoint}} {{len .Annotations}} {{len .Nil}}", "0 0 0" },
	{ "{{range .Nil}}x{{end}}{{range .Entrypoint}}x{{else}}-{{end}}", "-" },
	{ "{{join .Entrypoint \",\"}}{{join .Nil \",\"}}|", "|" },
	{ "{{if .Nil}}x{{end}}{{if .Obj}}struct{{end}}{{if .Annotations}}x{{end}}",
	  "struct" },
	{ "{{range .Mixed}}{{.}},{{end}} {{.Mixed}} {{join .Mixed \",\"}}",
	  "1,<no value>,a, [1 <nil> a] 1,<no value>,a" },
	/* maps have keys of anybody */
	{ "{{.Labels.b}} {{.Labels.a}} {{.Annotations.a}}",
	  "<no value> <no value> <no value>" },
	{ "{{index .Labels \"b\"}}|{{index .Annotations \"b\"}}|", "||" },
	{ "{{.Labels.b.c.d}} {{eq (index .Labels \"b\") \"\"}}",
	  "<no value> true" },
	{ "{{print .Labels.b}} {{json .Labels.b}} {{eq .Labels.b nil}}",
	  "<nil> null true" },
	/* the method of docker ps */
	{ "{{.Label \"b\"}}|{{$.Label \"b\"}}|{{\"b\" | .Label}}", "||" },
	{ "{{.Row.Labels}} {{.Row.Label \"k\"}}{{(.Row).Label \"x\"}}{{with "
	  ".Row}}{{.Label \"k\"}}{{end}}", "k=v vv" },
	/* a member that may be missing, and one with two names */
	{ "{{.Health}} {{if .Health}}x{{else}}-{{end}}", "<nil> -" },
	{ "{{.Id}} {{.ID}}", "x x" },
	/* a type by name is no more than a hint */
	{ "{{.Ports}} {{upper .Ports}}", "80->80/tcp 80->80/TCP" },
	{ "{{eq .Half 0.5}} {{lt .Half 1}} {{gt 1 .Half}} {{eq 1 1.0}}",
	  "true true true true" },
	{ "{{index . \"ID\"}} {{range $k, $v := .Obj}}x{{end}}{{len .Obj}}",
	  "x 0" },
	/* what a shell passes on */
	{ "a\\tb\\nc\\\\d{{\"\\t\"}}", "a\tb\nc\\\\d\t" },
	{ "a\\n {{- 1 -}} \\t\\n b\\", "a1b\\" },
	{ "{{with .Nil}}x{{else with .ID}}{{.}}{{end}}", "x" },
	{ "{{$x := 1}}{{$x=2}}{{$x}}", "2" },
	{ "{{$ = 3}}{{.ID}}{{$}}", "x3" },
};

/* Of the sample: message, hint. */
static const struct {
	const char *template, *message, *hint;
} bad[] = {
	{ "{{.Nmae}}", "at \"{{.Nmae\": there is no \"Nmae\"",
	  "did you mean {{.Name}}?" },
	{ "{{.Obj.d.y}}", "at \"{{.Obj.d.y\": there is no \"y\"",
	  "{{json .}} shows all names" },
	{ "{{index .Obj \"zzz\"}}",
	  "at \"{{index .Obj \"zzz\"\": there is no \"zzz\"",
	  "{{json .}} shows all names" },
	{ "x\ny{{.Name}}\n{{.Nmae}}",
	  "line 3, at \"{{.Nmae\": there is no \"Nmae\"",
	  "did you mean {{.Name}}?" },
	{ "{{.Name.X}}", "at \"{{.Name.X\": a text has no \"X\"", "" },
	{ "{{.Int.X}}", "at \"{{.Int.X\": a number has no \"X\"", "" },
	{ "{{.List.X}}", "at \"{{.List.X\": a list has no \"X\"", "" },
	{ "{{.Health.Status}}",
	  "at \"{{.Health.Status\": nil has no \"Status\"",
	  "{{with .A}}...{{end}} passes over what is not there" },
	{ "{{index .Health 0}}", "at \"{{index .Health 0\": nil cannot be "
	  "indexed", "{{with .A}}...{{end}} passes over what is not there" },
	{ "{{index .Labels.x 0}}", "at \"{{index .Labels.x 0\": no value "
	  "cannot be indexed",
	  "{{with .A}}...{{end}} passes over what is not there" },
	{ "{{.Name", "at \"{{.Name\": expected }}", "" },
	{ "{{", "at \"{{\": expected }}", "" },
	{ "{{}}", "at \"{{}}\": expected a value before }}", "" },
	{ "{{.Name}", "at \"{{.Name}\": this sign has no meaning here", "" },
	{ "{{{.Name}}", "at \"{{{\": this sign has no meaning here", "" },
	{ "{{.}.}}", "at \"{{.}\": this sign has no meaning here", "" },
	{ "{{.Name |}}", "at \"{{.Name |}}\": expected a value before }}", "" },
	{ "{{.Name |}}{{.Int}}",
	  "at \"{{.Name |}}\": expected a value before }}", "" },
	{ "{{| .Name}}",
	  "at \"{{|\": expected a member, function or value", "" },
	{ "{{.Name | .Int}}",
	  "at \"{{.Name | .Int\": what follows a | must be a function", "" },
	{ "{{.Name .Int}}",
	  "at \"{{.Name .Int\": only a function has arguments", "" },
	{ "{{1 2}}", "at \"{{1 2\": only a function has arguments", "" },
	{ "{{Name}}", "at \"{{Name\": there is no function \"Name\"",
	  "a member is written with a dot: .Name" },
	{ "{{uper .Name}}", "at \"{{uper\": there is no function \"uper\"",
	  "did you mean upper? a member is written with a dot: .uper" },
	{ "{{html .Name}}", "at \"{{html\": there is no function \"html\"",
	  "a member is written with a dot: .html" },
	{ "{{upper}}", "at \"{{upper\": upper wants 1 argument, not 0", "" },
	{ "{{eq .Int}}",
	  "at \"{{eq .Int\": eq wants at least 2 arguments, not 1", "" },
	{ "{{.Int | upper .Name}}",
	  "at \"{{.Int | upper .Name\": upper wants 1 argument, not 2", "" },
	{ "{{upper .Int}}", "at \"{{upper .Int\": upper wants a text as "
	  "argument 1, not a number", "" },
	{ "{{join .Name \",\"}}", "at \"{{join .Name \",\"\": join wants a "
	  "list as argument 1, not a text", "" },
	{ "{{pad .Name 1 true}}", "at \"{{pad .Name 1 true\": pad wants a "
	  "number as argument 3, not true or false", "" },
	{ "{{printf .Int}}", "at \"{{printf .Int\": printf wants a text as "
	  "argument 1, not a number", "" },
	{ "{{print upper}}",
	  "at \"{{print upper\": a function among arguments needs ( )", "" },
	{ "{{pad .Name -1 0}}",
	  "at \"{{pad .Name -1 0\": pad with -1 and 0 blanks", "" },
	{ "{{truncate .Name -1}}",
	  "at \"{{truncate .Name -1\": truncate to -1 bytes", "" },
	{ "{{eq .Name 1}}", "at \"{{eq .Name 1\": a text and a number cannot "
	  "be compared", "" },
	{ "{{eq .List .List}}", "at \"{{eq .List .List\": a list and a list "
	  "cannot be compared", "" },
	{ "{{lt true false}}", "at \"{{lt true false\": true or false and "
	  "true or false cannot be compared", "" },
	{ "{{len .Int}}", "at \"{{len .Int\": a number has no length", "" },
	{ "{{index .List 3}}",
	  "at \"{{index .List 3\": index 3 is out of range: a list of 3", "" },
	{ "{{index .List -1}}",
	  "at \"{{index .List -1\": index -1 is out of range: a list of 3",
	  "" },
	{ "{{index .List \"x\"}}",
	  "at \"{{index .List \"x\"\": index of a list wants a number, not a "
	  "text", "" },
	{ "{{index .Labels 1}}", "at \"{{index .Labels 1\": index of a map "
	  "wants a text, not a number", "" },
	{ "{{index .Int 1}}",
	  "at \"{{index .Int 1\": a number cannot be indexed", "" },
	{ "{{slice .Id 0 99}}",
	  "at \"{{slice .Id 0 99\": slice: 99 is out of range: a text of 16",
	  "" },
	{ "{{slice .Id -1}}",
	  "at \"{{slice .Id -1\": slice: -1 is out of range: a text of 16",
	  "" },
	{ "{{slice .Id 3 2}}",
	  "at \"{{slice .Id 3 2\": slice: 2 is out of range: a text of 16",
	  "" },
	{ "{{slice .Id 0 1 1}}",
	  "at \"{{slice .Id 0 1 1\": slice of a text wants at most 2 numbers",
	  "" },
	{ "{{slice .Int 0}}", "at \"{{slice .Int 0\": slice wants a text or a "
	  "list, not a number", "" },
	{ "{{slice .Id \"0\"}}",
	  "at \"{{slice .Id \"0\"\": slice wants numbers, not a text", "" },
	{ "{{range .Int}}{{end}}",
	  "at \"{{range .Int\": range wants a list or a map, not a number",
	  "" },
	{ "{{range .List}}x", "at \"{{range .List\": {{range}} without {{end}}",
	  "" },
	{ "{{if .True}}x{{else}}y",
	  "at \"{{if .True\": {{if}} without {{end}}", "" },
	{ "{{if .True}}{{else if .Int}}",
	  "at \"{{else if .Int\": {{if}} without {{end}}", "" },
	{ "{{if}}x{{end}}", "at \"{{if}}\": expected a value before }}", "" },
	{ "x{{end}}", "at \"{{end\": there is no if, with or range for it", "" },
	{ "{{else}}", "at \"{{else\": there is no if, with or range for it",
	  "" },
	{ "{{if .Int}}{{else}}{{else}}{{end}}",
	  "at \"{{else\": expected {{end}}, there was an {{else}}", "" },
	{ "{{if .Int}}x{{end .Int}}", "at \"{{end .Int\": expected }}", "" },
	{ "{{range .List}}{{else if .Int}}{{end}}",
	  "at \"{{else if\": expected }}", "" },
	{ "{{break}}", "at \"{{break\": this is for the body of a range", "" },
	{ "{{range .List}}{{else}}{{continue}}{{end}}",
	  "at \"{{continue\": this is for the body of a range", "" },
	{ "{{define \"x\"}}{{end}}",
	  "at \"{{define\": templates of one's own are not supported", "" },
	{ "{{print if}}",
	  "at \"{{print if\": \"if\" can only stand first in {{ }}", "" },
	{ "{{nil}}", "at \"{{nil\": nil alone says nothing", "" },
	{ "{{$x}}", "at \"{{$x\": there is no variable \"$x\"",
	  "write {{$x := ...}} before it" },
	{ "{{$x = 1}}", "at \"{{$x = 1}}\": there is no variable \"$x\"",
	  "write {{$x := ...}} before it" },
	{ "{{$x := $x}}", "at \"{{$x := $x\": there is no variable \"$x\"",
	  "write {{$x := ...}} before it" },
	{ "{{range $i, $e := .List}}{{end}}{{$i}}",
	  "at \"{{$i\": there is no variable \"$i\"",
	  "write {{$i := ...}} before it" },
	{ "{{if .Int}}{{$x := 1}}{{else}}{{$x}}{{end}}",
	  "at \"{{$x\": there is no variable \"$x\"",
	  "write {{$x := ...}} before it" },
	{ "{{$a, $b := .List}}",
	  "at \"{{$a,\": two variables are for range only", "" },
	{ "{{range $a, $b, $c := .List}}{{end}}",
	  "at \"{{range $a, $b,\": range sets two variables at most", "" },
	{ "{{range $a, 1 := .List}}{{end}}",
	  "at \"{{range $a, 1\": expected a variable", "" },
	{ "{{range $a, $b .List}}{{end}}",
	  "at \"{{range $a, $b .List\": expected := or =", "" },
	{ "{{$x := }}", "at \"{{$x := }}\": expected a value before }}", "" },
	{ "{{\"abc}}", "at \"{{\"abc}}\": the quotation does not end", "" },
	{ "{{\"a\nb\"}}", "line 1, at \"{{\"a\": the quotation does not end",
	  "" },
	{ "{{`abc}}", "at \"{{`abc}}\": the quotation does not end", "" },
	{ "{{\"\\z\"}}", "at \"{{\"\\z\"\": what follows the \\ is not known",
	  "" },
	{ "{{\"\\x4\"}}",
	  "at \"{{\"\\x4\"\": what follows the \\ is not known", "" },
	{ "{{\"\\ud800\"}}",
	  "at \"{{\"\\ud800\"\": what follows the \\ is not known", "" },
	{ "{{\"\\U00110000\"}}",
	  "at \"{{\"\\U00110000\"\": what follows the \\ is not known", "" },
	{ "{{\"\\400\"}}",
	  "at \"{{\"\\400\"\": what follows the \\ is not known", "" },
	{ "{{'ab'}}", "at \"{{'ab'\": expected one character between the ' '",
	  "" },
	{ "{{''}}", "at \"{{''\": expected one character between the ' '", "" },
	{ "{{12x}}", "at \"{{12x\": this is not a number", "" },
	{ "{{0x}}", "at \"{{0x\": this is not a number", "" },
	{ "{{-}}", "at \"{{-\": this is not a number", "" },
	{ "{{9223372036854775808}}",
	  "at \"{{9223372036854775808\": the number is too large", "" },
	{ "{{1e999}}", "at \"{{1e999\": the number is too large", "" },
	{ "{{(.Name}}", "at \"{{(.Name}}\": expected )", "" },
	{ "{{.Name)}}", "at \"{{.Name)\": expected }}", "" },
	{ "{{()}}", "at \"{{()\": expected a member, function or value", "" },
	{ "{{\"x\".Name}}",
	  "at \"{{\"x\".Name\": a member of this cannot be taken", "" },
	{ "{{..Name}}",
	  "at \"{{..Name\": a member of this cannot be taken", "" },
	{ "{{.List.0}}", "at \"{{.List.0\": expected a blank, | or }}", "" },
	{ "{{print\"x\"}}", "at \"{{print\"x\"\": expected a blank, | or }}",
	  "" },
	{ "{{print (1)(2)}}", "at \"{{print (1)(\": expected a blank, | or }}",
	  "" },
	{ "{{/* x }}", "at \"{{\": a comment is {{/* ... */}}, without blanks",
	  "" },
	{ "{{/* x */ }}",
	  "at \"{{\": a comment is {{/* ... */}}, without blanks", "" },
	{ "{{ /* x */}}", "at \"{{ /\": this sign has no meaning here", "" },
	{ "{{\"\x1b[31m}}",
	  "at \"{{\"\\x1b[31m}}\": the quotation does not end", "" },
	{ "{{if true}}{{print \"a long text that is looked for\" \"or another "
	  "text\" .Nmae}}{{end}}",
	  "at \"...int \"a long text that is looked for\" \"or another text\" .Nmae\": "
	  "there is no \"Nmae\"", "did you mean {{.Name}}?" },
};
/* clang-format on */

static json_t *parse(const char *text)
{
	scoped(char) *copy = xstrdup(text);

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	json_t *json = json_loads(copy, 0, NULL);
	ck_assert_ptr_nonnull(json);
	return json;
}

static int render(const char *text, const char *data, enum template_for reader,
		  char **ret, size_t *ret_n, struct error *err)
{
	scoped_json *object = parse(data);
	scoped_template *template = NULL;
	int r = template_parse(text, &template, err);

	return r < 0 ? r
		     : template_render(template, object, reader, ret, ret_n,
				       err);
}

static void check_text(const struct expected *expected, const char *data)
{
	scoped(char) *text = NULL;
	size_t n = 0;
	struct error err = { 0 };
	int r = render(expected->template, data, TEMPLATE_FOR_PROGRAM, &text,
		       &n, &err);

	ck_assert_msg(r == 0, "%s: %s", expected->template, err.text);
	ck_assert_msg(strcmp(text, expected->text) == 0,
		      "%s\n gives %s\n and not %s", expected->template, text,
		      expected->text);
	ck_assert_uint_eq(n, strlen(text));
}

START_TEST(what_people_ask_docker_is_answered_as_docker_does)
{
	check_text(&real[_i], container);
}
END_TEST

START_TEST(the_language_is_that_of_go)
{
	check_text(&good[_i], sample);
}
END_TEST

START_TEST(where_it_is_another_that_is_on_purpose)
{
	check_text(&decided[_i], own);
}
END_TEST

START_TEST(a_mistake_is_told_with_its_place)
{
	char *text = NULL;
	size_t n = 0;
	struct error err = { 0 };
	int r = render(bad[_i].template, sample, TEMPLATE_FOR_PROGRAM, &text,
		       &n, &err);

	ck_assert_msg(r == -EINVAL, "%s: %d %s", bad[_i].template, r,
		      text ? text : err.text);
	ck_assert_int_eq(err.code, EINVAL);
	ck_assert_ptr_null(text);
	scoped(char) *message = xasprintf("--format: %s", bad[_i].message);
	ck_assert_str_eq(err.text, message);
	ck_assert_str_eq(err.hint, bad[_i].hint);
}
END_TEST

/* @n times @piece */
static char *repeated(const char *piece, size_t n)
{
	size_t size = strlen(piece);
	char *text = xcalloc(n * size + 1, 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * size, piece, size);
	return text;
}

static void check_too_much(const char *template, const char *message)
{
	char *text = NULL;
	size_t n = 0;
	struct error err = { 0 };
	int r = render(template, sample, TEMPLATE_FOR_PROGRAM, &text, &n, &err);

	ck_assert_msg(r == -E2BIG, "%.60s: %d %s", template, r, err.text);
	ck_assert_msg(strstr(err.text, message), "%s", err.text);
	ck_assert_ptr_null(text);
}

START_TEST(a_template_that_is_too_long_or_deep_is_refused)
{
	scoped(char) *longest = repeated("x", TEMPLATE_MAX);
	scoped(char) *longer = repeated("x", TEMPLATE_MAX + 1);
	scoped(char) *open = repeated("(", 50000);
	scoped(char) *parentheses = xasprintf("{{%s", open);
	scoped(char) *blocks = repeated("{{if 1}}", 8000);
	scoped(char) *branches = repeated("{{else if 1}}", 5000);
	scoped(char) *chain = xasprintf("{{if 1}}%s{{end}}", branches);
	scoped(char) *ends = repeated("{{end}}", TEMPLATE_DEPTH);
	scoped(char) *starts = repeated("{{with 1}}", TEMPLATE_DEPTH);
	scoped(char) *deepest = xasprintf("%sx%s", starts, ends);

	check_text(&(struct expected){ longest, longest }, sample);
	check_text(&(struct expected){ deepest, "x" }, sample);
	check_too_much(longer, "a template of 65537 bytes; at most 65536");
	check_too_much(parentheses, "more than 100 blocks in one another");
	check_too_much(blocks, "more than 100 blocks in one another");
	check_too_much(chain, "more than 100 blocks in one another");
}
END_TEST

START_TEST(a_template_that_never_ends_is_ended)
{
	/* 3 to the power of 50 */
	scoped(char) *starts = repeated("{{range $.List}}", 50);
	scoped(char) *ends = repeated("{{end}}", 50);
	scoped(char) *rounds = xasprintf("%s%s", starts, ends);
	/* 2 to the power of 60 bytes */
	scoped(char) *doubles = repeated("{{$x = print $x $x}}", 60);
	scoped(char) *text = xasprintf("{{$x := \"x\"}}%s", doubles);
	scoped(char) *wide = repeated("{{printf \"%999999d\" 1}}", 40);
	/* 128 times and 256 times a million bytes, read and made */
	scoped(char) *same = repeated("{{eq $x $x}}", 150);
	scoped(char) *reads =
		xasprintf("{{$x := printf \"%%999999d\" 1}}%s", same);
	scoped(char) *made = repeated("{{$x = printf \"%999999d\" 1}}", 300);
	scoped(char) *makes = xasprintf("{{$x := 1}}%s", made);

	check_too_much(rounds, "the template does too much");
	check_too_much(text, "the text passes 32 MiB");
	check_too_much(wide, "the output passes 32 MiB");
	check_too_much(reads, "the template does too much");
	check_too_much(makes, "the template does too much");
	check_too_much("{{pad \"x\" 9223372036854775807 0}}",
		       "the text passes 32 MiB");
	check_too_much("{{split (printf \"%999999d\" 1) \"\"}}",
		       "split makes more than 100000 pieces");
}
END_TEST

/* clang-format off */
static const char painted[] = "{'V':'a\\u001b[31m\\t\\n\\u202eb','L':['\\u001b']}";

static const struct {
	const char *template, *program, *terminal, *table;
} readers[] = {
	{ "{{.V}}|",
	  "a\x1b[31m\t\n\u202e""b|",
	  "a\\x1b[31m\t\n\\xe2\\x80\\xaeb|",
	  "a\\x1b[31m\\x09\\x0a\\xe2\\x80\\xaeb|" },
	{ "{{print .L \"\\n\"}}", "[\x1b]\n", "[\\x1b]\n", "[\\x1b]\\x0a" },
	{ "{{range .L}}{{$x := .}}{{$x}}{{end}}", "\x1b", "\\x1b", "\\x1b" },
	{ "{{\"\" | printf \"%s%s\" (index .L 0)}}", "\x1b", "\\x1b", "\\x1b" },
	{ "{{json .L}}", "[\"\\u001b\"]", "[\"\\u001b\"]", "[\"\\u001b\"]" },
	/* who writes the template may paint */
	{ "{{\"\\x1b[1m\\t\\n\"}}\x1b", "\x1b[1m\t\n\x1b", "\x1b[1m\t\n\x1b",
	  "\\x1b[1m\t\n\x1b" },
};

/* template, headings or "", heading */
static const char *const headings[][3] = {
	{ "{{.ID}}\\t{{.Names}}", "", "ID\tNAMES" },
	{ "{{.ID}}\\t{{.Names}}", "{'ID':'CONTAINER ID','Names':'NAMES'}",
	  "CONTAINER ID\tNAMES" },
	{ "{{.Id}}", "{'ID':'CONTAINER ID'}", "CONTAINER ID" },
	{ "{{.ID}}{{\"\\t\"}}{{.Names}}", "", "ID\tNAMES" },
	{ "{{.ID}}: {{upper .Names}}", "", "ID: NAMES" },
	{ "{{slice .ID 0 3}} {{json .Names}} {{.Names | join \",\"}}", "",
	  "ID NAMES NAMES" },
	{ "{{if eq .State \"running\"}}{{.Status}}{{else}}-{{end}}", "", "STATE" },
	{ "{{range $i, $n := .Names}}{{$n}} {{end}}", "", "NAMES" },
	{ "{{with .State}}{{.Status}}{{end}}", "", "STATE" },
	{ "{{.State.Status}} {{(index .Mounts 0).Source}} {{$.ID}}", "",
	  "STATUS SOURCE ID" },
	{ "{{.State.Status}}", "{'State':'THE STATE'}", "STATUS" },
	{ "{{.Label \"com.docker.my-key\"}} {{index .Labels \"a.b_c\"}}", "",
	  "my key b c" },
	{ "{{$x := .ID}}{{$x}}{{/* c */}}{{.}}{{json .}}{{print nil}}", "",
	  "<nil>" },
	{ "{{(.ID)}}{{printf \"%s\" (print (.Names))}}", "", "IDNAMES" },
};
/* clang-format on */

START_TEST(values_do_not_paint_a_terminal)
{
	const char *const wanted[] = {
		[TEMPLATE_FOR_PROGRAM] = readers[_i].program,
		[TEMPLATE_FOR_TERMINAL] = readers[_i].terminal,
		[TEMPLATE_FOR_TABLE] = readers[_i].table,
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		scoped(char) *text = NULL;
		size_t n = 0;
		struct error err = { 0 };
		ck_assert_int_eq(render(readers[_i].template, painted,
					(enum template_for)i, &text, &n, &err),
				 0);
		ck_assert_msg(strcmp(text, wanted[i]) == 0, "%s for %zu: %s",
			      readers[_i].template, i, text);
	}
}
END_TEST

START_TEST(a_text_may_have_any_byte)
{
	static const char wanted[] = "a b\0\xff\xc3|";
	scoped(char) *text = NULL;
	size_t n = 0;
	struct error err = { 0 };

	ck_assert_int_eq(render("{{.Name}}{{\"\\x00\\xff\"}}"
				"{{slice .Utf8 0 1}}|",
				sample, TEMPLATE_FOR_PROGRAM, &text, &n, &err),
			 0);
	ck_assert_uint_eq(n, sizeof(wanted) - 1);
	ck_assert_mem_eq(text, wanted, sizeof(wanted));
}
END_TEST

START_TEST(a_table_is_headed_by_the_members)
{
	const char *const *row = headings[_i];
	scoped_json *names = *row[1] ? parse(row[1]) : NULL;
	scoped_template *template = NULL;
	scoped(char) *text = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(template_parse(row[0], &template, &err), 0);
	ck_assert_int_eq(template_heading(template, names, &text, &err), 0);
	ck_assert_msg(strcmp(text, row[2]) == 0, "%s: %s", row[0], text);
}
END_TEST

START_TEST(a_member_without_a_heading_is_told)
{
	scoped_json *names = parse("{'Names':'NAMES'}");
	scoped_template *template = NULL;
	char *text = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(template_parse("{{.Nmaes}}", &template, &err), 0);
	ck_assert_int_eq(template_heading(template, names, &text, &err),
			 -EINVAL);
	ck_assert_str_eq(err.text, "--format: at \"{{.Nmaes\": there is no "
				   "\"Nmaes\"");
	ck_assert_str_eq(err.hint, "did you mean {{.Names}}?");
	ck_assert_ptr_null(text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("template");

	tcase_add_loop_test(tests,
			    what_people_ask_docker_is_answered_as_docker_does,
			    0, ARRAY_SIZE(real));
	tcase_add_loop_test(tests, the_language_is_that_of_go, 0,
			    ARRAY_SIZE(good));
	tcase_add_loop_test(tests, where_it_is_another_that_is_on_purpose, 0,
			    ARRAY_SIZE(decided));
	tcase_add_loop_test(tests, a_mistake_is_told_with_its_place, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, a_template_that_is_too_long_or_deep_is_refused);
	tcase_add_test(tests, a_template_that_never_ends_is_ended);
	tcase_add_loop_test(tests, values_do_not_paint_a_terminal, 0,
			    ARRAY_SIZE(readers));
	tcase_add_test(tests, a_text_may_have_any_byte);
	tcase_add_loop_test(tests, a_table_is_headed_by_the_members, 0,
			    ARRAY_SIZE(headings));
	tcase_add_test(tests, a_member_without_a_heading_is_told);
	tcase_set_timeout(tests, 60);
	return suite_run("template", tests);
}
