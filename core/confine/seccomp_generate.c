/*
 * core/confine/seccomp_generate.c - seccomp.list in, filter programs out
 *
 *   seccomp_generate ARCH programs LIST    C arrays of struct sock_filter
 *   seccomp_generate ARCH names LIST       { number, "name" }, for the tests
 *   seccomp_generate ARCH check LIST       is every call that libseccomp knows
 *                                          mentioned? (a test runs this)
 *
 * Runs when wolffia is built, for the architecture that it is built for.
 * libseccomp gives the numbers of the names.  The programs are made here: its
 * filters have one answer for all that has no rule and one comparison for each
 * argument, and the list needs neither ENOSYS for arguments nor families side
 * by side.
 *
 * A program is a search tree over ranges of numbers with the same verdict,
 * about eight comparisons deep.  It loads nothing but the number and the
 * architecture for a call without conditions; such programs the kernel runs
 * in advance, once for each number, and then never again (Linux 5.11,
 * seccomp_cache_prepare()).
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MAX_NUMBER = 1024, /* no architecture is near it, x32 apart */
	MAX_RULES = 1024,
	MAX_VALUES = 8,
	MAX_CONDITIONS = 4,
	MAX_PROGRAM = BPF_MAXINSNS,
};

enum { TAG_NESTED = 1, TAG_PID1 = 2 };

/* the verdicts, in the kernel's words */
enum {
	ALLOW = SECCOMP_RET_ALLOW,
	UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS,
};
static const uint32_t kill_process = SECCOMP_RET_KILL_PROCESS;

struct condition {
	unsigned int argument; /* 0..5 */
	uint32_t mask;
	uint32_t values[MAX_VALUES]; /* one of them */
	size_t n_values;
};

struct rule {
	int number; /* of the system call */
	unsigned int tags;
	unsigned int line;
	uint32_t verdict;
	struct condition conditions[MAX_CONDITIONS]; /* all of them */
	size_t n_conditions;
	bool used; /* in a program: not hidden by the rules before it */
};

static struct rule rules[MAX_RULES];
static size_t n_rules;
static char *names[MAX_NUMBER]; /* of the calls that the list mentions */

static struct young {
	char *name;
	int number;
} young[64]; /* "number NAME N" */
static size_t n_young;

/* clang-format off */
static const struct architecture {
	const char *name;    /* as meson's cpu_family() */
	uint32_t scmp, audit;
} architectures[] = {
	{ "x86_64",  SCMP_ARCH_X86_64,  AUDIT_ARCH_X86_64 },
	{ "aarch64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64 },
};

#define CONSTANT(name) { #name, name }
static const struct {
	const char *name;
	uint32_t value;
} constants[] = {
	/* all that clone(2) takes; CLONE_NEWTIME is only for clone3(2), its
	 * bit is in the number of the signal here */
	{ "CLONE_NEW*", CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
	                CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
	                CLONE_NEWNET },
	CONSTANT(AF_UNIX), CONSTANT(AF_INET), CONSTANT(AF_INET6),
	CONSTANT(AF_NETLINK), CONSTANT(NETLINK_ROUTE),
	CONSTANT(SOCK_STREAM), CONSTANT(SOCK_DGRAM), CONSTANT(SOCK_RAW),
	CONSTANT(IPPROTO_TCP), CONSTANT(IPPROTO_UDP), CONSTANT(IPPROTO_ICMP),
	CONSTANT(IPPROTO_ICMPV6), CONSTANT(IPPROTO_UDPLITE),
	{ "IPPROTO_MPTCP", 262 }, /* until glibc 2.32 is the floor */
	{ "TCP_ULP", 31 },        /* <netinet/tcp.h>, not musl's */
	CONSTANT(TIOCSTI), CONSTANT(TIOCSETD),
	{ "TIOCLINUX", 0x541c },  /* <asm/ioctls.h>, not everybody's */
	CONSTANT(PR_SET_PDEATHSIG), CONSTANT(PR_SET_MM),
	CONSTANT(PER_LINUX), CONSTANT(PER_LINUX32), CONSTANT(UNAME26),
	CONSTANT(ADDR_NO_RANDOMIZE),
}, errnos[] = {
	CONSTANT(EPERM), CONSTANT(ENOSYS), CONSTANT(EAFNOSUPPORT),
	CONSTANT(EPROTONOSUPPORT), CONSTANT(ESOCKTNOSUPPORT),
	CONSTANT(ENOPROTOOPT),
};
/* clang-format on */

static const struct architecture *arch;
static const char *list_name;
static unsigned int line_number;

static _Noreturn void fail(const char *what, const char *word)
{
	fprintf(stderr, "%s:%u: %s%s%s\n", list_name, line_number, what,
		word ? ": " : "", word ? word : "");
	exit(1);
}

/* ------------------------------------------------------------ the list */

static uint32_t constant(const char *word)
{
	char *end = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (strcmp(constants[i].name, word) == 0)
			return constants[i].value;
	errno = 0;
	unsigned long value = strtoul(word, &end, 0);
	if (!isdigit((unsigned char)*word) || *end || errno ||
	    value > UINT32_MAX)
		fail("what is this value", word);
	return (uint32_t)value;
}

static uint32_t value_of(char *word)
{
	uint32_t value = 0;

	for (char *rest = word, *one; (one = strsep(&rest, "|"));)
		value |= constant(one);
	return value;
}

static int number_of(const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch->scmp, name);

	for (size_t i = 0; i < n_young; i++) {
		if (strcmp(young[i].name, name) != 0)
			continue;
		if (number >= 0 && number != young[i].number)
			fail("libseccomp has another number for", name);
		return young[i].number;
	}
	/* below zero: libseccomp has the name, for another architecture */
	if (number < 0)
		fail("no such system call here; a tag for it?", name);
	return number;
}

static void parse_number(char *rest)
{
	char *name = strsep(&rest, " ");
	uint32_t number = rest ? constant(rest) : MAX_NUMBER;

	if (number >= MAX_NUMBER || n_young == ARRAY_SIZE(young))
		fail("number NAME N", name);
	young[n_young++] =
		(struct young){ .name = strdup(name), .number = (int)number };
}

static char *next_word(char **rest)
{
	char *word = *rest ? strsep(rest, " ") : NULL;

	return word && *word ? word : NULL;
}

/* "argN [& MASK] == V | in V... | has-no MASK"; Return: the word behind it */
static char *parse_condition(char **rest, struct condition *ret)
{
	char *word = next_word(rest);

	if (!word || strncmp(word, "arg", 3) != 0 || word[3] < '0' ||
	    word[3] > '5' || word[4])
		fail("arg0 to arg5, not", word);
	ret->argument = (unsigned int)(word[3] - '0');
	ret->mask = UINT32_MAX;
	word = next_word(rest);
	if (word && strcmp(word, "&") == 0) {
		word = next_word(rest);
		ret->mask = value_of(word ? word : (char[]){ "" });
		word = next_word(rest);
	}
	const char *how = word ? word : "";
	word = next_word(rest);
	if (!word)
		fail("a value is missing", NULL);
	if (strcmp(how, "has-no") == 0) {
		ret->mask &= value_of(word);
		ret->values[ret->n_values++] = 0;
		return next_word(rest);
	}
	if (strcmp(how, "==") != 0 && strcmp(how, "in") != 0)
		fail("what is this comparison", how);
	bool one = strcmp(how, "==") == 0;
	do {
		if (ret->n_values == (one ? 1 : MAX_VALUES))
			fail("too many values", word);
		ret->values[ret->n_values++] = value_of(word);
		word = next_word(rest);
	} while (word && strcmp(word, "and") != 0);
	return word;
}

static uint32_t parse_verdict(const char *word, char **rest)
{
	if (strcmp(word, "allow") == 0)
		return ALLOW;
	if (strcmp(word, "kill") == 0)
		return kill_process;
	if (strcmp(word, "errno") != 0)
		fail("allow, errno or kill, not", word);
	word = next_word(rest);
	for (size_t i = 0; word && i < ARRAY_SIZE(errnos); i++)
		if (strcmp(errnos[i].name, word) == 0)
			return SECCOMP_RET_ERRNO | errnos[i].value;
	fail("what is this errno", word);
}

static void add_rule(const struct rule *rule, const char *name)
{
	if (rule->number >= MAX_NUMBER || n_rules == MAX_RULES)
		fail("too many rules, or a high number", name);
	rules[n_rules++] = *rule;
	if (!names[rule->number])
		names[rule->number] = strdup(name);
}

/* Return: false when the line is for another architecture */
static bool parse_tags(char **rest, unsigned int *ret)
{
	for (char *colon; (colon = strchr(*rest, ':')); *rest = colon + 2) {
		*colon = '\0';
		const char *tag = *rest;
		bool is_arch = false;
		for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
			is_arch |= strcmp(tag, architectures[i].name) == 0;
		if (is_arch && strcmp(tag, arch->name) != 0)
			return false;
		if (strcmp(tag, "nested") == 0)
			*ret |= TAG_NESTED;
		else if (strcmp(tag, "pid1") == 0)
			*ret |= TAG_PID1;
		else if (!is_arch)
			fail("what is this tag", tag);
		if (colon[1] != ' ')
			fail("a space belongs behind the tag", tag);
	}
	return true;
}

static void parse_line(char *text)
{
	struct rule rule = { .line = line_number };
	size_t first = n_rules;
	char *rest = text;

	if (!parse_tags(&rest, &rule.tags))
		return;
	char *word = next_word(&rest);
	if (strcmp(word, "number") == 0) {
		parse_number(rest);
		return;
	}
	rule.verdict = parse_verdict(word, &rest);
	while ((word = next_word(&rest)) && strcmp(word, "when") != 0) {
		rule.number = number_of(word);
		add_rule(&rule, word);
	}
	if (n_rules == first)
		fail("which system call?", NULL);
	while (word) {
		if (rule.n_conditions == MAX_CONDITIONS)
			fail("too many conditions", NULL);
		word = parse_condition(&rest,
				       &rule.conditions[rule.n_conditions++]);
	}
	for (size_t i = first; i < n_rules; i++) {
		memcpy(rules[i].conditions, rule.conditions,
		       sizeof(rule.conditions));
		rules[i].n_conditions = rule.n_conditions;
	}
}

/* one space between words, none at the ends, nothing from '#' on */
static void tidy(char *text)
{
	char *to = text;

	text[strcspn(text, "#\n")] = '\0';
	for (const char *from = text; *from; from++) {
		bool is_space = isspace((unsigned char)*from);
		if (!is_space)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static void parse_list(FILE *list)
{
	char text[512];

	while (fgets(text, sizeof(text), list)) {
		line_number++;
		if (!strchr(text, '\n'))
			fail("a line without an end, or too long", NULL);
		tidy(text);
		if (*text)
			parse_line(text);
	}
}

/* --------------------------------------------------------- the program */

/*
 * A program is written from its end to its beginning: jumps only go forward,
 * so where they go is known by then.  A place is the distance of an
 * instruction from the end, counted from 1; the last one written is `length`.
 */
static struct sock_filter program[MAX_PROGRAM];
static size_t length;

static size_t emit(uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (length == MAX_PROGRAM)
		fail("the program is too long", NULL);
	program[length++] = (struct sock_filter){ code, jt, jf, k };
	return length;
}

/* How far a conditional jump goes; a test makes it less, so that the detours
 * of longer programs are tried before there is one. */
#ifndef REACH
#define REACH 255
#endif

/* as near as a conditional jump that comes in @room instructions can reach */
static size_t near(size_t place, size_t room)
{
	if (length + room - place <= REACH)
		return place;
	return emit(BPF_JMP | BPF_JA, 0, 0, (uint32_t)(length - place));
}

static size_t emit_jump(uint16_t code, uint32_t k, size_t yes, size_t no)
{
	yes = near(yes, 2);
	no = near(no, 1);
	if (length - yes > REACH || length - no > REACH)
		fail("a jump goes too far", NULL);
	return emit(BPF_JMP | code | BPF_K, (uint8_t)(length - yes),
		    (uint8_t)(length - no), k);
}

static size_t emit_load(size_t offset)
{
	return emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* the nearest return of @verdict, or a new one */
static size_t place_of(uint32_t verdict)
{
	for (size_t i = length; i > 0 && length - i < 200; i--)
		if (program[i - 1].code == (BPF_RET | BPF_K) &&
		    program[i - 1].k == verdict)
			return i;
	return emit(BPF_RET | BPF_K, 0, 0, verdict);
}

static size_t emit_condition(const struct condition *c, size_t yes, size_t no)
{
	for (size_t i = c->n_values; i-- > 0;)
		no = emit_jump(BPF_JEQ, c->values[i], yes, no);
	if (c->mask != UINT32_MAX)
		emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, c->mask);
	/* the low half, on the little-endian machines that there are */
	return emit_load(offsetof(struct seccomp_data, args) +
			 c->argument * sizeof(uint64_t));
}

static bool is_for(const struct rule *rule, int number, unsigned int tags)
{
	return rule->number == number && (rule->tags & ~tags) == 0;
}

/* the rules of @number from @i on; the last one has no condition */
static size_t emit_rules(size_t i, int number, unsigned int tags)
{
	while (i < n_rules && !is_for(&rules[i], number, tags))
		i++;
	if (i == n_rules)
		fail("the last line of a call has no condition", names[number]);
	struct rule *rule = &rules[i];
	rule->used = true;
	if (rule->n_conditions == 0)
		return place_of(rule->verdict);
	size_t no = emit_rules(i + 1, number, tags);
	size_t yes = place_of(rule->verdict);
	for (size_t c = rule->n_conditions; c-- > 0;)
		yes = emit_condition(&rule->conditions[c], yes, no);
	return yes;
}

struct range {
	int first;    /* the next range's first is behind its last */
	bool depends; /* on arguments: one number, with rules */
	uint32_t verdict;
};

/* Return: how many ranges; the last one has no end */
static size_t find_ranges(unsigned int tags, struct range *ret)
{
	size_t n = 0;

	for (int number = 0; number <= MAX_NUMBER; number++) {
		struct range range = { number, false, UNKNOWN };
		for (size_t i = 0; i < n_rules; i++) {
			if (!is_for(&rules[i], number, tags))
				continue;
			range.depends = rules[i].n_conditions > 0;
			range.verdict = rules[i].verdict;
			rules[i].used = true;
			break;
		}
		if (n == 0 || range.depends || ret[n - 1].depends ||
		    range.verdict != ret[n - 1].verdict)
			ret[n++] = range;
	}
	return n;
}

static size_t emit_tree(const struct range *ranges, size_t n, unsigned int tags)
{
	if (n == 1)
		return ranges->depends ? emit_rules(0, ranges->first, tags)
				       : place_of(ranges->verdict);
	size_t half = n / 2;
	size_t yes = emit_tree(ranges + half, n - half, tags);
	size_t no = emit_tree(ranges, half, tags);
	return emit_jump(BPF_JGE, (uint32_t)ranges[half].first, yes, no);
}

static void make_program(unsigned int tags)
{
	static struct range ranges[MAX_NUMBER + 1];
	size_t n = find_ranges(tags, ranges);

	length = 0;
	size_t top = emit_tree(ranges, n, tags);
	/* numbers with the bit of x32 are above all ranges: UNKNOWN */
	if (top != length)
		emit(BPF_JMP | BPF_JA, 0, 0, (uint32_t)(length - top));
	emit_load(offsetof(struct seccomp_data, nr));
	size_t native = length;
	size_t foreign = place_of(kill_process);
	emit_jump(BPF_JEQ, arch->audit, native, foreign);
	emit_load(offsetof(struct seccomp_data, arch));
}

static void print_program(const char *name, unsigned int tags)
{
	make_program(tags);
	printf("static const struct sock_filter %s[] = {\n", name);
	for (size_t i = length; i-- > 0;)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", program[i].code,
		       program[i].jt, program[i].jf, program[i].k);
	printf("};\n");
}

static int print_programs(void)
{
	printf("/* made of seccomp.list for %s by seccomp_generate */\n",
	       arch->name);
	print_program("program_default", 0);
	print_program("program_default_pid1", TAG_PID1);
	print_program("program_nested", TAG_NESTED);
	print_program("program_nested_pid1", TAG_NESTED | TAG_PID1);
	for (size_t i = 0; i < n_rules; i++) {
		line_number = rules[i].line;
		if (!rules[i].used)
			fail("the lines before leave nothing for this one",
			     names[rules[i].number]);
	}
	return 0;
}

static int print_names(void)
{
	printf("#define POLICY_ARCH 0x%08x\n", arch->audit);
	printf("static const char *const policy_names[%d] = {\n", MAX_NUMBER);
	for (int i = 0; i < MAX_NUMBER; i++)
		if (names[i])
			printf("\t[%d] = \"%s\",\n", i, names[i]);
	printf("};\n");
	return 0;
}

/* a call that nobody thought of is refused, but it should be thought of */
static int check_names(void)
{
	int missing = 0;

	for (int i = 0; i < MAX_NUMBER; i++) {
		char *name = seccomp_syscall_resolve_num_arch(arch->scmp, i);
		if (name && !names[i]) {
			fprintf(stderr, "%s: %s (%d, %s) is not mentioned\n",
				list_name, name, i, arch->name);
			missing++;
		}
		free(name);
	}
	return missing > 0;
}

int main(int argc, char **argv)
{
	FILE *list = argc == 4 ? fopen(argv[3], "re") : NULL;

	if (!list) {
		fprintf(stderr, "usage: seccomp_generate ARCH "
				"programs|names|check LIST\n");
		return 2;
	}
	list_name = argv[3];
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
		if (strcmp(architectures[i].name, argv[1]) == 0)
			arch = &architectures[i];
	if (!arch)
		fail("no policy for this architecture yet", argv[1]);
	parse_list(list);
	fclose(list);
	if (strcmp(argv[2], "programs") == 0)
		return print_programs();
	if (strcmp(argv[2], "names") == 0)
		return print_names();
	if (strcmp(argv[2], "check") == 0)
		return check_names();
	fail("programs, names or check, not", argv[2]);
}
