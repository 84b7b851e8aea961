/* SPDX-License-Identifier: Apache-2.0 */
#include "live/family.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"

#define LIST_MAX (64 * 1024)

struct pids {
	SKEP_VEC(int);
};

static void add_listed(const char *path, struct pids *pids)
{
	char *text, *at, *end;
	long pid;

	if (skep_file_read(path, LIST_MAX, &text, NULL) < 0)
		return;
	for (at = text; pids->len < SKEP_FAMILY_MAX; at = end) {
		pid = strtol(at, &end, 10);
		if (end == at)
			break;
		skep_vec_add(pids, (int)pid);
	}
	free(text);
}

/* Each thread has children of its own. */
static void add_children(int pid, struct pids *pids)
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, atoi(e->d_name));
		add_listed(path, pids);
	}
	closedir(dir);
}

void skep_family_find(int pid, struct skep_family *ret_family)
{
	struct skep_family family = {};
	struct pids pids = {};
	int fd;

	add_children(pid, &pids);
	/* What is found is looked at in its turn: parents come first. */
	for (size_t i = 0; i < pids.len; i++) {
		fd = (int)syscall(SYS_pidfd_open, pids.data[i], 0);
		if (fd < 0)
			continue;
		(void)!syscall(SYS_pidfd_send_signal, fd, SIGSTOP, NULL, 0);
		skep_vec_add(&family, fd);
		add_children(pids.data[i], &pids);
	}
	skep_vec_fini(&pids);
	*ret_family = family;
}

void skep_family_signal(const struct skep_family *family, int sig)
{
	for (size_t i = 0; i < family->len; i++)
		(void)!syscall(SYS_pidfd_send_signal, family->data[i], sig, NULL, 0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool skep_family_wait(const struct skep_family *family, int timeout_ms)
{
	int64_t until = now_ms() + timeout_ms;
	int r;

	for (size_t i = 0; i < family->len; i++) {
		struct pollfd p = { .fd = family->data[i], .events = POLLIN };

		do
			r = poll(&p, 1, (int)MAX(until - now_ms(), INT64_C(0)));
		while (r < 0 && errno == EINTR);
		if (r <= 0)
			return false;
	}
	return true;
}

void skep_family_fini(struct skep_family *family)
{
	for (size_t i = 0; i < family->len; i++)
		close(family->data[i]);
	skep_vec_fini(family);
}
