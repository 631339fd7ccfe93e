/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Beginning a process from one with gigabytes mapped and several threads.
 *
 * fork would copy the page tables of all of that, for milliseconds in which the
 * loop stands still. So the child is made with CLONE_VM and CLONE_VFORK: it
 * runs in our memory on a stack of its own until it becomes the command, and
 * this thread stands still meanwhile, other threads do not. In the child,
 * therefore, nothing may be done that touches what is shared with them: no
 * allocation, no lock, no library function that has state. Users and groups
 * are set by the system calls themselves, because the library's functions
 * change them in every thread. Signals are blocked around it, so that no
 * handler of ours runs in the child.
 */
#include "script_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 64 * 1024, SIGNALS = 64, SIGCANCEL_NPTL = 32, SIGSETXID_NPTL = 33 };

/* What the child needs and what it says of a failure. */
struct birth {
	char *const *argv;
	uid_t uid;
	gid_t gid;
	bool as_other; /* the user is not the one we are */
	int null_fd;
	int rc;
};

static int child_run(void *context);
static void oom_score_reset(void);
static int user_set(const struct birth *birth);

int
script_spawn(char *const argv[], uid_t uid, gid_t gid, pid_t *ret_pid, int *ret_pidfd)
{
	/* One call at a time (control thread), and over when clone returns. */
	static _Alignas(16) char stack[STACK_SIZE];
	struct birth birth = {
		.argv = argv,
		.uid = uid,
		.gid = gid,
		.as_other = geteuid() == 0 || geteuid() != uid || getegid() != gid,
		.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC),
	};
	sigset_t all, before;
	int pidfd = -1;
	pid_t pid;

	if (birth.null_fd < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone(child_run, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &birth,
		    &pidfd);
	if (pid < 0)
		birth.rc = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(birth.null_fd);
	if (pid < 0)
		return birth.rc;
	if (birth.rc < 0) {
		siginfo_t info;

		/* It has ended already: clone returned because of that. */
		waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
		close(pidfd);
		return birth.rc;
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

/* In our memory, until execve or the end. */
static int
child_run(void *context)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char *const environment[] = { path, NULL };
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	struct birth *birth = context;
	sigset_t none;

	for (int s = 1; s <= SIGNALS; s++)
		if (s != SIGCANCEL_NPTL && s != SIGSETXID_NPTL)
			sigaction(s, &by_default, NULL);
	sigemptyset(&none);
	oom_score_reset();
	if (setpgid(0, 0) < 0 || dup2(birth->null_fd, STDIN_FILENO) < 0 ||
	    dup2(birth->null_fd, STDOUT_FILENO) < 0 || dup2(birth->null_fd, STDERR_FILENO) < 0 ||
	    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) < 0 || user_set(birth) < 0 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) < 0 || execve(birth->argv[0], birth->argv, environment) < 0)
		birth->rc = -errno;
	_exit(127);
}

/* The daemon may be kept from the kernel's out-of-memory killer; a command that leaks must not be. */
static void
oom_score_reset(void)
{
	static const char zero[] = "0";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, zero, strlen(zero)) < 0)
		return;
}

static int
user_set(const struct birth *birth)
{
	if (!birth->as_other)
		return 0;
	if (syscall(SYS_setgroups, 1, &birth->gid) < 0 ||
	    syscall(SYS_setresgid, birth->gid, birth->gid, birth->gid) < 0 ||
	    syscall(SYS_setresuid, birth->uid, birth->uid, birth->uid) < 0)
		return -1;
	return 0;
}
