#include "core/confine/seccomp.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/memory.h"
#include "core/confine/seccomp_programs.h" /* made of seccomp.list */

static const struct {
	const struct sock_filter *code;
	size_t n;
} programs[][2] = {
/* clang-format off */
#define PROGRAM(name) { name, ARRAY_SIZE(name) }
	[SECCOMP_PROFILE_DEFAULT] = { PROGRAM(program_default),
	                              PROGRAM(program_default_pid1) },
	[SECCOMP_PROFILE_NESTED]  = { PROGRAM(program_nested),
	                              PROGRAM(program_nested_pid1) },
	/* clang-format on */
};

const struct sock_filter *seccomp_program(enum seccomp_profile profile,
					  bool pid1, size_t *ret_n)
{
	*ret_n = programs[profile][pid1].n;
	return programs[profile][pid1].code;
}

int seccomp_install(enum seccomp_profile profile, bool pid1, struct error *err)
{
	size_t n = 0;
	const struct sock_filter *code = seccomp_program(profile, pid1, &n);
	struct sock_fprog program = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)code, /* only read */
	};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
		error_set(err, errno, "install the system call filter");
		if (err->code == EACCES)
			return error_hint(err, "without no_new_privs this "
					       "takes CAP_SYS_ADMIN");
		return -err->code;
	}
	if (!seccomp_is_installed())
		return error_say(err, EPROTO,
				 "the system call filter is not "
				 "there after it was installed");
	return 0;
}

bool seccomp_is_installed(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}
