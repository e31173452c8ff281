/*
 * meddle - run a program and let system calls of it fail
 *
 *   meddle [-l FILE] [-c FILE] [-d CALL=ERRNO]... [-f PROCESS:CALL:N:ERRNO]
 *          [-s LINE] PROGRAM [ARGUMENT...]
 *
 *   -d   CALL fails with ERRNO, always and in every process
 *   -s   LINE on standard error stays unsaid: what writes it, whole and in one
 *        call, is told that it was written
 *   -f   the N-th CALL of PROCESS fails with ERRNO, once; ERRNO KILL: it is
 *        killed there; KILLALL: and so are all others that are traced
 *   -l   write a line "PROCESS CALL N" for each call to FILE, and "hit" when
 *        the point of -f is reached
 *   -c   write the calls that change files to FILE, as changes.h has it
 *
 * A call that fails has done nothing, but for close(2), which always closes.
 *
 * PROCESS is 0 for the program, 0.1 for the first process that this one makes,
 * 0.1.2 for the second of that one, and so on.
 *
 * A tracer (ptrace(2)) does it, since a seccomp filter of an ordinary user
 * takes their rights from set-user-id programs, and wolffia needs newuidmap.
 * For the same reason it lets go of a process that executes another program,
 * unless that is called wolffia*, in the moment before it does so.  strace(1)
 * cannot do that.
 *
 * All that is traced has one processor with the tracer, for to wake one up on
 * another takes far longer than a stop does; what is let go of has them all.
 *
 * The program has the process number of meddle itself, as with "strace -D".
 * Calls of process 0 count from the first fcntl(2) on, with which wolffia
 * begins: what is before that is the dynamic linker's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "changes.h"

enum {
	CALLS_MOST = 512,
	PROCESSES_MOST = 512,
	DENIED_MOST = 8,
	KILL = -1,
	KILL_ALL = -2,
};

struct process {
	pid_t pid; /* 0: a free place */
	char name[64];
	unsigned children;
	bool known;    /* who made it has been told */
	bool waits;    /* it stopped before it was known */
	bool counting; /* see above */
	int fail_with; /* at the end of this call; 0: it is not meddled with */
	long unsaid;   /* bytes that this call is said to have written */
	uint64_t argument; /* its first */
	uint16_t count[CALLS_MOST];
	struct change change; /* of this call */
	unsigned change_n;
};

struct fault {
	char process[64];
	int call;
	unsigned n;
	int error; /* or KILL, KILL_ALL */
};

static struct process processes[PROCESSES_MOST];
static struct fault fault = { .call = -1 };
static struct {
	int call, error;
} denied[DENIED_MOST];
static size_t n_denied;
static char unsaid[256];     /* with the end of the line */
static cpu_set_t processors; /* that we were given */
static FILE *list, *changes;
static bool killing; /* all, and those that are being made */

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

static void usage(const char *what)
{
	fprintf(stderr, "meddle: %s\n", what);
	exit(125);
}

static int call_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number < 0 || number >= CALLS_MOST)
		usage(name);
	return number;
}

static int error_number(const char *name)
{
	for (int i = 1; i < 200; i++)
		if (strerrorname_np(i) && strcmp(strerrorname_np(i), name) == 0)
			return i;
	if (strcmp(name, "KILL") == 0)
		return KILL;
	if (strcmp(name, "KILLALL") == 0)
		return KILL_ALL;
	usage(name);
	return 0;
}

static void parse_fault(char *text)
{
	char *process = strsep(&text, ":"), *call = strsep(&text, ":");
	char *n = strsep(&text, ":");

	if (!text)
		usage("-f PROCESS:CALL:N:ERRNO");
	snprintf(fault.process, sizeof(fault.process), "%s", process);
	fault.call = call_number(call);
	fault.n = (unsigned)atoi(n);
	fault.error = error_number(text);
}

static void parse_denied(char *text)
{
	char *call = strsep(&text, "=");

	if (!text || n_denied == DENIED_MOST)
		usage("-d CALL=ERRNO");
	denied[n_denied].call = call_number(call);
	denied[n_denied++].error = error_number(text);
}

static struct process *find(pid_t pid)
{
	struct process *free_place = NULL;

	for (size_t i = 0; i < PROCESSES_MOST; i++) {
		if (processes[i].pid == pid)
			return &processes[i];
		if (!processes[i].pid && !free_place)
			free_place = &processes[i];
	}
	if (!free_place)
		usage("too many processes");
	*free_place = (struct process){ .pid = pid };
	return free_place;
}

static bool is_any_left(void)
{
	for (size_t i = 0; i < PROCESSES_MOST; i++)
		if (processes[i].pid)
			return true;
	return false;
}

/*
 * A call is skipped by making it close(-1).  As a call that there is not it
 * would be the end of a process whose own filter kills for one that it does
 * not know; all of wolffia's filters allow close(2).
 *
 * What the registers say of a call is the only part that no two kinds of
 * machine have in common.
 */
#if defined(__x86_64__)
static void set_register(pid_t pid, size_t offset, uint64_t value)
{
	ptrace(PTRACE_POKEUSER, pid, offset, value);
}

static void skip_call(pid_t pid)
{
	set_register(pid, offsetof(struct user, regs.orig_rax), SYS_close);
	set_register(pid, offsetof(struct user, regs.rdi), (uint64_t)-1);
}

/* and @argument, the first, is where it was */
static void set_result(pid_t pid, long result, uint64_t argument)
{
	set_register(pid, offsetof(struct user, regs.rax), (uint64_t)result);
	set_register(pid, offsetof(struct user, regs.rdi), argument);
}
#elif defined(__aarch64__)
static void set_result(pid_t pid, long result, uint64_t argument)
{
	struct user_regs_struct regs;
	struct iovec data = { &regs, sizeof(regs) };

	(void)argument; /* its register is the result's */
	ptrace(PTRACE_GETREGSET, pid, 1 /* NT_PRSTATUS */, &data);
	regs.regs[0] = (unsigned long)result;
	ptrace(PTRACE_SETREGSET, pid, 1, &data);
}

static void skip_call(pid_t pid)
{
	int other = SYS_close;
	struct iovec data = { &other, sizeof(other) };

	ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &data);
	set_result(pid, -1, 0);
}
#else
#error "how does this machine say what a system call is and returns?"
#endif

/* Return: bytes of the process's memory, up to @size; -1 */
static ssize_t read_memory(pid_t pid, uint64_t address, char *ret, size_t size)
{
	char from[32];

	snprintf(from, sizeof(from), "/proc/%d/mem", (int)pid);
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, ret, size, (off_t)address);
	close(fd);
	return n;
}

/* does it execute a program that we follow? */
static bool follows(pid_t pid, uint64_t path)
{
	char text[PATH_MAX] = "";

	if (read_memory(pid, path, text, sizeof(text) - 1) <= 0)
		return false;
	const char *slash = strrchr(text, '/');
	return strncmp(slash ? slash + 1 : text, "wolffia", 7) == 0 ||
	       strncmp(text, "/proc/self/fd/", 14) == 0; /* sealed */
}

/* does it write the line that is to stay unsaid? */
static bool is_unsaid(pid_t pid, const uint64_t *args)
{
	size_t length = strlen(unsaid);
	char text[sizeof(unsaid)];

	return length > 0 && args[0] == STDERR_FILENO && args[2] == length &&
	       read_memory(pid, args[1], text, length) == (ssize_t)length &&
	       memcmp(text, unsaid, length) == 0;
}

static int denial_of(int call)
{
	for (size_t i = 0; i < n_denied; i++)
		if (denied[i].call == call)
			return denied[i].error;
	return 0;
}

static int fault_of(struct process *p, int call)
{
	unsigned n = ++p->count[call];

	if (list && fault.call < 0) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
							      call);
		fprintf(list, "%s %s %u\n", p->name, name, n);
		free(name);
	}
	if (call != fault.call || n != fault.n ||
	    strcmp(p->name, fault.process) != 0)
		return 0;
	if (list) {
		fputs("hit\n", list);
		fflush(list);
	}
	return fault.error;
}

static void kill_all(void)
{
	killing = true;
	for (size_t i = 0; i < PROCESSES_MOST; i++)
		if (processes[i].pid)
			kill(processes[i].pid, SIGKILL);
}

/* Return: false when it was let go */
static bool enter_call(struct process *p, const struct __ptrace_syscall_info *i)
{
	int call = (int)i->entry.nr;

	p->fail_with = 0;
	p->unsaid = 0;
	p->argument = i->entry.args[0];
	if (call < 0 || call >= CALLS_MOST)
		return true;
	if (call == SYS_fcntl)
		p->counting = true;
	p->fail_with = denial_of(call);
	if (p->counting && !p->fail_with)
		p->fail_with = fault_of(p, call);
	p->change.call = NULL;
	if (changes && p->counting)
		change_begin(&p->change, p->pid, call, i->entry.args);
	p->change_n = p->count[call];
	if (p->fail_with == KILL)
		kill(p->pid, SIGKILL);
	else if (p->fail_with == KILL_ALL)
		kill_all();
	else if (p->fail_with && call != SYS_close)
		skip_call(p->pid);
	else if (call == SYS_write && is_unsaid(p->pid, i->entry.args)) {
		p->unsaid = (long)i->entry.args[2];
		skip_call(p->pid);
	}
	if (call != SYS_execve || p->fail_with ||
	    follows(p->pid, i->entry.args[0]))
		return true;
	sched_setaffinity(p->pid, sizeof(processors), &processors);
	ptrace(PTRACE_DETACH, p->pid, 0, 0);
	p->pid = 0;
	return false;
}

static bool move_call(struct process *p)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) < 0)
		return true;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		return enter_call(p, &info);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->change.call) {
		change_note(changes, &p->change, p->name, p->change_n,
			    p->fail_with > 0 ? -p->fail_with
					     : (long)info.exit.rval);
		p->change.call = NULL;
	}
	if (p->fail_with > 0)
		set_result(p->pid, -p->fail_with, p->argument);
	else if (p->unsaid)
		set_result(p->pid, p->unsaid, p->argument);
	p->fail_with = 0;
	p->unsaid = 0;
	return true;
}

static void go_on(struct process *p, int signal)
{
	ptrace(PTRACE_SYSCALL, p->pid, 0, signal);
}

static void know_child(struct process *parent)
{
	unsigned long pid = 0;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid) < 0)
		return;
	struct process *child = find((pid_t)pid);
	snprintf(child->name, sizeof(child->name), "%.50s.%u", parent->name,
		 ++parent->children);
	child->known = child->counting = true;
	if (child->waits)
		go_on(child, 0);
}

static bool is_stop(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
	       signal == SIGTTOU;
}

static void move(struct process *p, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (killing)
		kill(p->pid, SIGKILL);
	if (!p->known) {
		p->waits = true;
		return;
	}
	if (event == PTRACE_EVENT_STOP && is_stop(signal)) {
		ptrace(PTRACE_LISTEN, p->pid, 0, 0);
		return;
	}
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	    event == PTRACE_EVENT_CLONE)
		know_child(p);
	if (event)
		signal = 0;
	if (signal == (SIGTRAP | 0x80)) {
		signal = 0;
		if (!move_call(p))
			return;
	}
	go_on(p, signal);
}

static void trace_all(void)
{
	int status;

	while (is_any_left()) {
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			break;
		if (WIFSTOPPED(status))
			move(find(pid), status);
		else
			find(pid)->pid = 0;
	}
}

/* The tracer holds nothing that others wait for the end of. */
_Noreturn static void trace(pid_t pid, const char *log,
			    const char *log_of_changes, int ready)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

	setsid();
	dup2(ready, 3);
	syscall(SYS_close_range, 4, ~0u, 0);
	for (int i = 0; i < 3; i++)
		close(i);
	open("/dev/null", O_RDWR);
	open("/dev/null", O_RDWR);
	open("/dev/null", O_RDWR);
	list = log ? fopen(log, "ae") : NULL;
	changes = log_of_changes ? fopen(log_of_changes, "ae") : NULL;
	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
	    waitpid(pid, NULL, __WALL) < 0)
		_exit(1);
	struct process *first = find(pid);
	strcpy(first->name, "0");
	first->known = true;
	go_on(first, 0);
	if (write(3, "", 1) != 1)
		_exit(1);
	close(3);
	trace_all();
	if (list)
		fclose(list);
	if (changes)
		fclose(changes);
	_exit(0);
}

static void use_one_processor(void)
{
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof(processors), &processors) < 0)
		fail("sched_getaffinity");
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		fail("sched_setaffinity");
}

static void start_tracer(const char *log, const char *log_of_changes)
{
	pid_t me = getpid();
	int ready[2];
	char byte;

	/* where only a parent may trace (ptrace(2), /proc/sys/kernel/yama) */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	if (pipe2(ready, O_CLOEXEC) < 0)
		fail("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		/* no child of the program's */
		if (fork() == 0)
			trace(me, log, log_of_changes, ready[1]);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		usage("cannot trace");
	close(ready[0]);
}

int main(int argc, char **argv)
{
	const char *log = NULL, *log_of_changes = NULL;

	for (int c; (c = getopt(argc, argv, "+l:c:d:f:s:")) != -1;) {
		switch (c) {
		case 'l':
			log = optarg;
			break;
		case 'c':
			log_of_changes = optarg;
			break;
		case 'd':
			parse_denied(optarg);
			break;
		case 'f':
			parse_fault(optarg);
			break;
		case 's':
			snprintf(unsaid, sizeof(unsaid), "%s\n", optarg);
			break;
		default:
			return 125;
		}
	}
	if (optind == argc)
		usage("which program?");
	use_one_processor();
	start_tracer(log, log_of_changes);
	execvp(argv[optind], argv + optind);
	fail(argv[optind]);
}
