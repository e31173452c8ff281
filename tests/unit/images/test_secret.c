#include "storage/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define WORD36 "abcdefghijklmnopqrstuvwxyz0123456789"
#define HEX64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define JWT    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXg"
#define PAIR   SECRET_PAIR
#define LINE   SECRET_LINE
#define SAME   NULL /* there is none in it */

/* clang-format off */
static const struct {
	enum secret_form form;
	const char *text, *masked;
} cases[] = {
	/* by names */
	{ PAIR, "DB_PASSWORD=hunter2", "DB_PASSWORD=h***" },
	{ PAIR, "DB_PASSWORD=correct horse battery staple",
	  "DB_PASSWORD=corr***" },
	{ PAIR, "db.password=hunter2", "db.password=h***" },
	{ PAIR, "GITHUB_TOKEN=abcdefgh", "GITHUB_TOKEN=ab***" },
	{ PAIR, "AUTHTOKEN=abcdefgh", "AUTHTOKEN=ab***" },
	{ PAIR, "CLIENT_SECRET=abcdefgh", "CLIENT_SECRET=ab***" },
	{ PAIR, "SECRET_KEY_BASE=abcdefgh", "SECRET_KEY_BASE=ab***" },
	{ PAIR, "AWS_ACCESS_KEY_ID=abcdefgh", "AWS_ACCESS_KEY_ID=ab***" },
	{ PAIR, "AWS_SECRET_ACCESS_KEY=a/b+c=de", "AWS_SECRET_ACCESS_KEY=a/***" },
	{ PAIR, "VAULT_SECRET_ID=abcdefgh", "VAULT_SECRET_ID=ab***" },
	{ PAIR, "STRIPE_API_KEY=abcdefgh", "STRIPE_API_KEY=ab***" },
	{ PAIR, "DOCKER_AUTH_CONFIG={\"auths\":{}}",
	  "DOCKER_AUTH_CONFIG={\"a***" },
	{ PAIR, "DB_PASS=abcd", "DB_PASS=a***" },
	{ PAIR, "PASS=abc", "PASS=***" },
	{ PAIR, "MYSQL_PWD=abcd", "MYSQL_PWD=a***" },
	{ PAIR, "PASSWORD=\x1b[2Jabcdefgh", "PASSWORD=***" },
	{ PAIR, "PASSWORD=\xc3\xbcnic\xc3\xb6" "de", "PASSWORD=***" },
	{ PAIR, "PASSWORD=-x", "PASSWORD=***" },
	{ PAIR, "PASSWORD=1234", "PASSWORD=1***" },
	/* what is about a secret, or is none */
	{ PAIR, "PATH=/usr/local/bin:/usr/bin:/bin", SAME },
	{ PAIR, "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D", SAME },
	{ PAIR, "GPG_KEYS=A035C8C19219BA82 1ECEA86B64E628F8", SAME },
	{ PAIR, "PYTHON_SHA256=" HEX64, SAME },
	{ PAIR, "TOKEN_VERSION=1.2.3", SAME },
	{ PAIR, "SECRET_SHA256=" HEX64, SAME },
	{ PAIR, "POSTGRES_PASSWORD_FILE=/run/secrets/x", SAME },
	{ PAIR, "PASSWORD_FILE=secret.txt", SAME },
	{ PAIR, "PASSWORD=/run/secrets/x", SAME },
	{ PAIR, "PASSWORD=./secrets/x", SAME },
	{ PAIR, "PASSWORD=~/secrets/x", SAME },
	{ PAIR, "PASSWORD=file:///secrets/x", SAME },
	{ PAIR, "PASSWORD=", SAME },
	{ PAIR, "PASSWORD", SAME },
	{ PAIR, "=PASSWORD", SAME },
	{ PAIR, "", SAME },
	{ PAIR, "ALLOW_EMPTY_PASSWORD=yes", SAME },
	{ PAIR, "USE_TOKEN=False", SAME },
	{ PAIR, "PASSWORD=${X}", SAME },
	{ PAIR, "PASSWORD=****", SAME },
	{ PAIR, "PASSWORD=xxxxxxxx", SAME },
	{ PAIR, "PASSWORD=<your password>", SAME },
	{ PAIR, "PASSWORD={{ .password }}", SAME },
	{ PAIR, "TOKEN_URL=https://example.org/token", SAME },
	{ PAIR, "MAX_TOKENS=4096", SAME },
	{ PAIR, "TOKENIZERS_PARALLELISM=false", SAME },
	{ PAIR, "POSTGRES_HOST_AUTH_METHOD=trust", SAME },
	{ PAIR, "RABBITMQ_PGP_KEY_ID=0x0A9AF2115F4687BD29803A206B73A36E6026DFCA",
	  SAME },
	{ PAIR, "SSH_PUBLIC_KEY=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", SAME },
	{ PAIR, "KEYBOARD=us", SAME },
	{ PAIR, "PWD=work", SAME },
	{ PAIR, "COMPASS=north", SAME },
	{ PAIR, "NODE_VERSION=20.1.0", SAME },
	/* by shapes */
	{ PAIR, "X=AKIAIOSFODNN7EXAMPLE", "X=AKIA***" },
	{ PAIR, "X=AKIAIOSFODNN7EXAMPLE2", SAME },
	{ PAIR, "X=AKIASHORT", SAME },
	{ PAIR, "X=ghp_" WORD36, "X=ghp_***" },
	{ PAIR, "X=github_pat_" WORD36 "_" WORD36, "X=gith***" },
	{ PAIR, "X=highp_" WORD36, SAME },
	{ PAIR, "X=glpat-abcdefghijklmnopqrst", "X=glpa***" },
	{ PAIR, "X=xoxb-1234567890-abcdef", "X=xoxb***" },
	{ PAIR, "X=npm_" WORD36, "X=npm_***" },
	{ PAIR, "X=npm_config_cache", SAME },
	{ PAIR, "X=hf_" WORD36, "X=hf_a***" },
	{ PAIR, "X=dop_v1_" HEX64, "X=dop_***" },
	{ PAIR, "X=" JWT, "X=eyJh***" },
	{ PAIR, "X=eyJhbGciOiJIUzI1NiJ9", SAME },
	{ PAIR, "X=-----BEGIN RSA PRIVATE KEY-----\nabc", "X=----***" },
	{ PAIR, "X=-----BEGIN PUBLIC KEY-----\nabc", SAME },
	{ PAIR, "X=sk-" WORD36 WORD36, "X=sk-a***" },
	{ PAIR, "X=sk-learn", SAME },
	{ PAIR, "X=a ghp_" WORD36 " b glpat-abcdefghijklmnopqrst c",
	  "X=a ghp_*** b glpa*** c" },
	{ PAIR, "DATABASE_URL=postgres://u:sup3rs3cret@db:5432/x",
	  "DATABASE_URL=postgres://u:su***@db:5432/x" },
	{ PAIR, "X=redis://:abcdefgh@h", "X=redis://:ab***@h" },
	{ PAIR, "X=https://u@h/a:b@c", SAME },
	{ PAIR, "X=https://h:80/a@b", SAME },
	{ PAIR, "X=https://u:$PASSWORD@h/", SAME },
	{ PAIR, "X=://u:p@h/", SAME },
	/* notes of builders */
	{ LINE, "RUN |2 TOKEN=abcdefgh FOO=y /bin/sh -c true # buildkit",
	  "RUN |2 TOKEN=ab*** FOO=y /bin/sh -c true # buildkit" },
	{ LINE, "|2 FOO=y TOKEN=two words /bin/sh -c true",
	  "|2 FOO=y TOKEN=tw*** /bin/sh -c true" },
	{ LINE, "|1 TOKEN=a /b c /bin/sh -c true",
	  "|1 TOKEN=a*** /bin/sh -c true" },
	{ LINE, "|1 TOKEN=abcdefgh", "|1 TOKEN=ab***" },
	{ LINE, "|1 TOKEN= /bin/sh -c true", SAME },
	{ LINE, "|1 TOKEN=\"ab cd\" /bin/sh", "|1 TOKEN=\"*** /bin/sh" },
	{ LINE, "ARG TOKEN", SAME },
	{ LINE, "ARG TOKEN=abcdefgh", "ARG TOKEN=ab***" },
	{ LINE, "ENV A=b TOKEN=abcd efgh C=d", "ENV A=b TOKEN=ab*** C=d" },
	{ LINE, "/bin/sh -c #(nop)  ENV TOKEN=abcd efgh",
	  "/bin/sh -c #(nop)  ENV TOKEN=ab***" },
	{ LINE, "/bin/sh -c #(nop)  CMD [\"sh\"]", SAME },
	{ LINE, "ENV PYTHON_SHA256=" HEX64, SAME },
	/* command lines */
	{ LINE, "sh -c TOKEN=abcdefgh make; true", "sh -c TOKEN=ab*** make; true" },
	{ LINE, "TOKEN='ab cd ef' make", "TOKEN='ab***' make" },
	{ LINE, "TOKEN=\"abcdefgh\"", "TOKEN=\"ab***\"" },
	{ LINE, "TOKEN=\"abcdefgh", "TOKEN=\"ab***" },
	{ LINE, "TOKEN=$(cat /run/secrets/x) make", SAME },
	{ LINE, "TOKEN=\"$X\" make", SAME },
	{ LINE, "TOKEN=`cat x` make", SAME },
	{ LINE, "[ \"$TOKEN\" == x ]", SAME },
	{ LINE, "x --password=abcdefgh -y", "x --password=ab*** -y" },
	{ LINE, "x --password abcdefgh -y", "x --password ab*** -y" },
	{ LINE, "x --password -y", SAME },
	{ LINE, "x --password \"$X\"", SAME },
	{ LINE, "x --password-stdin y", SAME },
	{ LINE, "x --password", SAME },
	/* options and their values, in two words */
	{ LINE, "x --password   abcdefgh; y", "x --password   ab***; y" },
	{ LINE, "x --db-password 'ab cd ef' y", "x --db-password 'ab***' y" },
	{ LINE, "x -token abcdefgh", "x -token ab***" },
	{ LINE, "x --apiKey abcdefgh --api-key=abcdefgh",
	  "x --apiKey ab*** --api-key=ab***" },
	{ LINE, "x --api-key abcdefgh", "x --api-key ab***" },
	{ LINE, "x --client-secret abcdefgh", "x --client-secret ab***" },
	{ LINE, "x --secret-key abcdefgh", "x --secret-key ab***" },
	{ LINE, "tailscale up --authkey abcdefgh",
	  "tailscale up --authkey ab***" },
	{ LINE, "CMD [\"x\" \"--token\" \"abcdefgh\" \"-y\"]",
	  "CMD [\"x\" \"--token\" \"ab***\" \"-y\"]" },
	{ LINE, "CMD [\"x\", \"--token\", \"abcdefgh\"]",
	  "CMD [\"x\", \"--token\", \"ab***\"]" },
	{ LINE, "CMD [\"x\",\"--token\",\"abcdefgh\"]",
	  "CMD [\"x\",\"--token\",\"ab***\"]" },
	{ LINE, "CMD [\"sh\" \"-c\" \"x --token \\\"ab cd ef\\\" y\"]",
	  "CMD [\"sh\" \"-c\" \"x --token \\\"ab***\\\" y\"]" },
	{ LINE, "docker login -u me -p abcdefgh h && mkdir -p /x y",
	  "docker login -u me -p ab*** h && mkdir -p /x y" },
	{ LINE, "[\"docker\" \"login\" \"-p\" \"abcdefgh\"]",
	  "[\"docker\" \"login\" \"-p\" \"ab***\"]" },
	{ LINE, "sshpass -p abcdefgh ssh -p 2222 h",
	  "sshpass -p ab*** ssh -p 2222 h" },
	/* and those that are none */
	{ LINE, "mkdir -p abcdefgh", SAME },
	{ LINE, "docker login h; docker run -p 8080:80 x", SAME },
	{ LINE, "mysql -p database", SAME },
	{ LINE, "catlogin -p abcdefgh", SAME },
	{ LINE, "adduser --disabled-password app", SAME },
	{ LINE, "adduser --disabled-password --gecos '' app", SAME },
	{ LINE, "mysqld --initialize --no-password root", SAME },
	{ LINE, "x --password-stdin abcdefgh", SAME },
	{ LINE, "x --password-file abcdefgh", SAME },
	{ LINE, "x --password /run/secrets/x", SAME },
	{ LINE, "x --password '' y", SAME },
	{ LINE, "x --token $TOKEN", SAME },
	{ LINE, "gpg --export-secret-key me", SAME },
	{ LINE, "gpg --passphrase-fd 0", SAME },
	{ LINE, "docker build --secret id=x,src=y .", SAME },
	{ LINE, "podman run --secret name x", SAME },
	{ LINE, "x --max-token 4096 --eos-token </s>", SAME },
	{ LINE, "x --private-key id_rsa", SAME },
	{ LINE, "x --token\nabcdefgh", SAME },
	{ LINE, "echo a password token abcdefgh", SAME },
	{ LINE, "CMD [\"x\" \"--token\"] abcdefgh", SAME },
	{ LINE, "CMD [\"x\" \"--token\" \"--y\"]", SAME },
	{ LINE, "x --password \"$X\" \"abcdefgh\"", SAME },
	{ LINE, "x --keyserver keys.example.org --recv-keys ABCDEF", SAME },
	{ LINE, "curl -H 'Authorization: Bearer abcdefgh' x",
	  "curl -H 'Authorization: Bearer ab***' x" },
	{ LINE, "curl -H \"Authorization: Bearer $X\" x", SAME },
	{ LINE, "curl -H 'Authorization:' x", SAME },
	{ LINE, "curl 'https://h/?token=abcdefgh&x=y'",
	  "curl 'https://h/?token=ab***&x=y'" },
	{ LINE, "git clone https://u:abcdefgh@h/r && cd r",
	  "git clone https://u:ab***@h/r && cd r" },
	{ LINE, "echo //registry.npmjs.org/:_authToken=abcdefgh >.npmrc",
	  "echo //registry.npmjs.org/:_authToken=ab*** >.npmrc" },
	{ LINE, "pip install --index-url https://h/simple x==1.0", SAME },
	{ LINE, "", SAME },
	{ LINE, "-", SAME },
	{ LINE, "--", SAME },
	{ LINE, "://", SAME },
	/* a word of a command, behind an option */
	{ SECRET_VALUE, "correct horse", "cor***" },
	{ SECRET_VALUE, "ghp_" WORD36, "ghp_***" },
	{ SECRET_VALUE, "$X", SAME },
	{ SECRET_VALUE, "/run/secrets/x", SAME },
	{ SECRET_VALUE, "/run/x TOKEN=abcdefgh", "/run/x TOKEN=ab***" },
	{ SECRET_VALUE, "", SAME },
};
/* clang-format on */

START_TEST(a_secret_is_masked_and_nothing_else)
{
	const char *text = cases[_i].text;
	scoped(char) *masked = secret_mask(text, cases[_i].form);

	ck_assert_str_eq(masked, cases[_i].masked ? cases[_i].masked : text);
}
END_TEST

static const struct {
	enum secret_form form;
	const char *text, *name, *kind;
} told[] = {
	{ PAIR, "DB_PASSWORD=hunter2", "DB_PASSWORD", "a secret" },
	{ PAIR, "GITHUB_TOKEN=ghp_" WORD36, "GITHUB_TOKEN", "a GitHub token" },
	{ PAIR, "X=y ghp_" WORD36, "X", "a GitHub token" },
	{ PAIR, "X=a://u:p@h", "X", "a password in a URL" },
	{ LINE, "ENV A=B TOKEN=y", "TOKEN", "a secret" },
	{ LINE, "x --password y", "password", "a secret" },
	{ LINE, "echo " JWT, "", "a JSON web token" },
};

START_TEST(a_secret_has_a_name_and_a_kind)
{
	struct secret_scan scan = secret_scan(told[_i].text, told[_i].form);
	struct secret secret;

	ck_assert(secret_next(&scan, &secret));
	scoped(char) *name =
		xstrndup(told[_i].text + secret.name_at, secret.name_size);
	ck_assert_str_eq(name, told[_i].name);
	ck_assert_str_eq(secret.kind, told[_i].kind);
	ck_assert(!secret_next(&scan, &secret));
}
END_TEST

/* which of the words are values of options before them? "*" marks them */
static const struct {
	const char *words[8];
	const char *values;
} commands[] = {
	{ { "x", "--password", "a", "b" }, "--*-" },
	{ { "--token", "a", "--api-key", "b" }, "-*-*" },
	{ { "x", "--password=a", "b" }, "---" },
	{ { "x", "--password", "--token", "a" }, "---*" },
	{ { "x", "--disabled-password", "a" }, "---" },
	{ { "x", "password", "a" }, "---" },
	{ { "x", "-p", "a" }, "---" },
	{ { "docker", "login", "-p", "a" }, "---*" },
	{ { "login", "-p", "a" }, "---" },
	{ { "sshpass", "-p", "a", "ssh", "-p", "1", "h" }, "--*----" },
	{ { "mkdir", "-p", "login", "a" }, "----" },
	{ { "a" }, "-" },
};

START_TEST(a_word_behind_an_option_is_its_value)
{
	scoped_strv words = { 0 };

	strv_extend(&words, (char *const *)(uintptr_t)commands[_i].words);
	ck_assert_uint_eq(words.n, strlen(commands[_i].values));
	for (size_t i = 0; i < words.n; i++)
		ck_assert_int_eq(secret_word_form(&words, i),
				 commands[_i].values[i] == '*' ? SECRET_VALUE
							       : SECRET_LINE);
}
END_TEST

/* a hostile image may have 4 MiB of each of these; what took the square of it
 * would not end in time with one either */
static const char *const repeated[] = {
	"A_TOKEN=x ",
	"A_TOKEN=$ ",
	"TOKEN=\"$ TOKEN='$ ",
	"a-",
	"eyJ-",
	"eyJabcdefghij.",
	"://",
	"a://u:",
	"a:",
	"-----BEGIN ",
	"-----BEGIN PRIVATE KEY",
	"SG.",
	"sk-",
	"authorization: ",
	"--password ",
	"--password x ",
	"-p ",
	"login -p ",
	"\"--token\" ",
	"a",
	"=",
	" ",
};

START_TEST(a_large_text_takes_no_longer_than_its_size_says)
{
	const char *part = repeated[_i];
	size_t n = strlen(part), size = (1 << 20) / n * n;
	scoped(char) *text = xcalloc(size + 1, 1);

	for (size_t i = 0; i < size; i += n)
		memcpy(text + i, part, n);
	for (int form = 0; form <= SECRET_VALUE; form++)
		free(secret_mask(text, (enum secret_form)form));
	/* as a trace of ARGs */
	memcpy(text, "|1 ", 3);
	free(secret_mask(text, SECRET_LINE));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("secret");

	tcase_add_loop_test(tests, a_secret_is_masked_and_nothing_else, 0,
			    ARRAY_SIZE(cases));
	tcase_add_loop_test(tests, a_secret_has_a_name_and_a_kind, 0,
			    ARRAY_SIZE(told));
	tcase_add_loop_test(tests, a_word_behind_an_option_is_its_value, 0,
			    ARRAY_SIZE(commands));
	tcase_set_timeout(tests, 30);
	tcase_add_loop_test(tests,
			    a_large_text_takes_no_longer_than_its_size_says, 0,
			    ARRAY_SIZE(repeated));
	return suite_run("secret", tests);
}
