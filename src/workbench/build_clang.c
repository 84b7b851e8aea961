/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler: where it is, and one run of it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "workbench/build_priv.h"

#define OUTPUT_MAX (64u << 20)

/* Clang can make BPF since long; older ones lack types that headers of today need. */
static const char *const names[] = { "clang",	 "clang-22", "clang-21", "clang-20", "clang-19",
				     "clang-18", "clang-17", "clang-16", "clang-15", "clang-14" };

static char *in_path(const char *name, struct skep_arena *arena)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? skep_arena_strdup(arena, name) : NULL;
	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t len = strcspn(path, ":");
		char *full = skep_arena_printf(arena, "%.*s/%s", (int)len, path, name);

		if (len && access(full, X_OK) == 0)
			return full;
		path += len + (path[len] == ':');
	}
	return NULL;
}

int build_find_clang(const char *wanted, struct skep_arena *arena, struct skep_diag *diag,
		     const char **ret_path)
{
	const char *found = wanted ? in_path(wanted, arena) : NULL;

	for (size_t i = 0; !wanted && !found && i < ARRAY_SIZE(names); i++)
		found = in_path(names[i], arena);
	if (!found) {
		skep_diag_error(diag, SKEP_NO_LOC, "there is no %s here, which compiles C to BPF",
				wanted ? wanted : "clang");
		skep_diag_hint(diag,
			       "install it: apt install clang (or a package such as clang-19)");
		return -ENOPKG;
	}
	*ret_path = found;
	return 0;
}

static int read_back(int fd, struct skep_str *out)
{
	char part[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, part, sizeof(part), at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (out->len + (size_t)n > OUTPUT_MAX)
			return -E2BIG;
		skep_str_addn(out, part, (size_t)n);
		at += n;
	}
	return 0;
}

static int spawn(const char *const *argv, int out_fd, int err_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&files))
		return -ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return -ENOMEM;
	}
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r = r ? r : posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	r = r ? r : posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	/* Signals wait for the end of a build; a compiler obeys them at once. */
	r = r ? r : posix_spawnattr_setsigmask(&attr, &none);
	r = r ? r : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = r ? r : posix_spawn(ret_pid, argv[0], &files, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

int build_run(const char *const *argv, struct skep_str *ret_out, struct skep_str *ret_err)
{
	_cleanup_close_ int out_fd = memfd_create("skep-out", MFD_CLOEXEC);
	_cleanup_close_ int err_fd = memfd_create("skep-err", MFD_CLOEXEC);
	int status, r;
	pid_t pid;

	if (out_fd < 0 || err_fd < 0)
		return -errno;
	r = spawn(argv, out_fd, err_fd, &pid);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	r = read_back(out_fd, ret_out);
	if (r == 0)
		r = read_back(err_fd, ret_err);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
