/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/nest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/signals.h"
#include "sys/file.h"
#include "who/cgroup.h"

#define PROCS_MAX (1024 * 1024)
#define ROUNDS_MAX 16 /* of moving what forks meanwhile */
#define WAIT_MS 100
#define WAITS_MAX 50

/* "0::/user.slice/x" of /proc/self/cgroup; NULL: none. */
static char *own_path(void)
{
	_cleanup_free_ char *text = NULL;
	const char *line;

	if (skep_file_read("/proc/self/cgroup", 65536, &text, NULL) < 0)
		return NULL;
	line = skep_has_prefix(text, "0::") ? text : strstr(text, "\n0::");
	if (!line)
		return NULL;
	line = strchr(line, '/');
	return line ? strndup(line, strcspn(line, "\n")) : NULL;
}

static int move(const char *dir, const char *pid)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_close_ int fd = -1;

	if (asprintf(&file, "%s/cgroup.procs", dir) < 0)
		return -ENOMEM;
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pid, strlen(pid)) < 0)
		return -errno;
	return 0;
}

static int cannot(struct skep_diag *diag, const char *what, int error)
{
	skep_diag_error(diag, SKEP_NO_LOC, "--children needs a cgroup for the command: %s: %s",
			what, strerror(error));
	skep_diag_hint(diag,
		       "--pid cpid sees the command alone; --cgroup PATH sees a group that is "
		       "there already");
	return -ENOTSUP;
}

int skep_nest_make(struct skep_nest *ret_nest, int pid, struct skep_diag *diag)
{
	_cleanup_free_ char *own = own_path();
	const char *mount = skep_cgroup_mount();
	struct skep_nest nest = {};
	sigset_t ends;
	char number[16];
	int r;

	if (!mount || !own)
		return cannot(diag, "cgroup2 is not mounted", ENOENT);
	if (asprintf(&nest.path, "%s/skep-%d", skep_streq(own, "/") ? "" : own, (int)getpid()) <
		    0 ||
	    asprintf(&nest.dir, "%s%s", mount, nest.path) < 0)
		skep_oom();
	skep_end_signals(&ends);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (mkdir(nest.dir, 0755) < 0 && errno != EEXIST) {
		r = cannot(diag, nest.dir, errno);
		free(TAKE_PTR(nest.dir));
		free(TAKE_PTR(nest.path));
		return r;
	}
	snprintf(number, sizeof(number), "%d", pid);
	r = move(nest.dir, number);
	if (r < 0) {
		r = cannot(diag, nest.dir, -r);
		skep_nest_end(&nest, diag);
		return r;
	}
	*ret_nest = nest;
	return 0;
}

/* False: it was empty. */
static bool send_home(const char *dir, const char *home)
{
	_cleanup_free_ char *file = NULL, *text = NULL;
	char *line, *next;

	if (asprintf(&file, "%s/cgroup.procs", dir) < 0 ||
	    skep_file_read(file, PROCS_MAX, &text, NULL) < 0 || !*text)
		return false;
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		(void)!move(home, line);
	}
	return true;
}

/*
 * A task that was killed a moment ago is no longer in the list, and holds the group until it is gone. cgroup.events tells when
 * that is; a wait that is missed costs WAIT_MS.
 */
static int remove_group(const char *dir)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_close_ int fd = -1;
	struct pollfd p = { .events = POLLPRI };
	char text[256];

	if (asprintf(&file, "%s/cgroup.events", dir) < 0)
		skep_oom();
	p.fd = fd = open(file, O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0;; i++) {
		/* Reading arms the poll: what changes from here on is told. */
		if (fd >= 0)
			(void)!pread(fd, text, sizeof(text), 0);
		if (rmdir(dir) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY || i == WAITS_MAX)
			return -errno;
		poll(&p, 1, WAIT_MS);
	}
}

void skep_nest_end(struct skep_nest *nest, struct skep_diag *diag)
{
	_cleanup_free_ char *home = nest->dir ? strdup(nest->dir) : NULL;
	int r;

	if (home) {
		*strrchr(home, '/') = '\0';
		for (unsigned i = 0; i < ROUNDS_MAX && send_home(nest->dir, home); i++)
			;
		r = remove_group(nest->dir);
		if (r < 0)
			skep_diag_warn(diag, SKEP_NO_LOC,
				       "the cgroup of --children stays behind: %s: %s", nest->dir,
				       strerror(-r));
	}
	free(TAKE_PTR(nest->dir));
	free(TAKE_PTR(nest->path));
}
