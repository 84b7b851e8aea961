/* SPDX-License-Identifier: Apache-2.0 */
/* system(): a line of shell, its output caught so that it stays in the order of the rows. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "live/session.h"

#define OUTPUT_MAX (16 * 1024 * 1024) /* of one command; more is read and dropped */

extern char **environ;

static int spawn(const char *command, int out_fd, pid_t *ret_pid)
{
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	int r;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	r = -posix_spawn(ret_pid, "/bin/sh", &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return r;
}

/* Waits for the command, and gives its status; one that was told to end gets half a second for it, and has none. */
static int reap(pid_t pid, bool told)
{
	int status = 0, r = 0;

	for (unsigned i = 0; told && i < 50 && r == 0; i++) {
		r = waitpid(pid, &status, WNOHANG);
		if (r == 0)
			usleep(10000);
	}
	if (told && r == 0)
		kill(pid, SIGKILL);
	while (r == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return told ? 0 : status;
}

int skep_session_system(const char *command, int signal_fd, struct skep_str *out)
{
	_cleanup_close_ int from = -1;
	char buffer[4096];
	bool told = false;
	int fds[2], r;
	pid_t pid;
	ssize_t n = 1;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	r = spawn(command, fds[1], &pid);
	close(fds[1]);
	if (r < 0)
		return r;
	while (n > 0) {
		struct pollfd p[2] = { { .fd = from, .events = POLLIN },
				       { .fd = signal_fd, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents & POLLIN) { /* we are to stop: so is the command */
			kill(pid, SIGTERM);
			told = true;
			break;
		}
		if (!p[0].revents)
			continue;
		n = read(from, buffer, sizeof(buffer));
		if (n > 0 && out->len < OUTPUT_MAX)
			skep_str_addn(out, buffer, (size_t)n);
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	return reap(pid, told);
}
