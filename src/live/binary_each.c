/* SPDX-License-Identifier: Apache-2.0 */
/* Binaries by a pattern: of paths, or of names that running processes have loaded or that are installed. */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "live/binary.h"
#include "live/usdt.h"

struct each {
	struct skep_arena *arena;
	const char *glob; /* of a path or a name */
	const char *root; /* "" or "/proc/PID/root" */
	int (*fn)(void *data, const char *path);
	void *data;
	struct skep_running *running; /* NULL: only this pattern is looked for */
	struct skep_hash seen;
	bool any;
};

/* A file that a process runs, by its path there. */
struct skep_running_file {
	int pid; /* one of those that do */
	const char *path;
	struct skep_running_file *next;
};

struct same_file {
	dev_t dev;
	ino_t ino;
};

/* libx.so and libx.so.1 are often one file: a probe in both would fire twice. */
static bool is_again(struct each *e, const struct stat *st)
{
	struct same_file *id = skep_arena_alloc(e->arena, sizeof(*id));

	id->dev = st->st_dev;
	id->ino = st->st_ino;
	if (skep_hash_get(&e->seen, id, sizeof(*id)))
		return true;
	skep_hash_set(&e->seen, id, sizeof(*id), id);
	return false;
}

/* @path is one that we can open. */
static int take(struct each *e, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || is_again(e, &st))
		return 0;
	e->any = true;
	return e->fn(e->data, path);
}

/* Without a root in front a path is told as what it leads to. */
static int take_resolved(struct each *e, const char *path)
{
	_cleanup_free_ char *absolute = *e->root ? NULL : realpath(path, NULL);

	return take(e, skep_arena_strdup(e->arena, absolute ? absolute : path));
}

static int each_path(struct each *e, const char *pattern)
{
	glob_t g;
	int r = 0;

	if (glob(pattern, 0, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
		r = take_resolved(e, g.gl_pathv[i]);
	globfree(&g);
	return r;
}

/* A file that a process runs, by its path there: of another file system it is reached through the process. */
static int of_process(void *data, const char *path)
{
	struct each *e = data;
	struct stat here, there;
	const char *full;

	if (!skep_glob_match(e->glob, strrchr(path, '/') + 1))
		return 0;
	full = skep_arena_printf(e->arena, "%s%s", e->root, path);
	if (stat(path, &here) == 0 && stat(full, &there) == 0 && here.st_ino == there.st_ino &&
	    here.st_dev == there.st_dev)
		full = path;
	return take(e, full);
}

static bool is_library(const struct each *e)
{
	return skep_has_prefix(e->glob, "lib");
}

/* Which libraries a process has takes much longer to find out than which program it is. */
static int each_file(struct skep_arena *arena, int pid, bool libraries,
		     int (*fn)(void *data, const char *path), void *data)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	if (libraries)
		return skep_usdt_each_mapped(arena, pid, fn, data);
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || path[0] != '/')
		return 0;
	path[n] = '\0';
	return fn(data, skep_arena_strdup(arena, path));
}

static int each_of_process(void *data, int pid)
{
	struct each *e = data;

	e->root = skep_arena_printf(e->arena, "/proc/%d/root", pid);
	return each_file(e->arena, pid, is_library(e), of_process, e);
}

static int each_process(int (*fn)(void *data, int pid), void *data)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int pid, r = 0;

	while (dir && r <= 0 && (entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		r = pid > 0 ? fn(data, pid) : 0;
		/* It has ended, or belongs to somebody else. */
		if (r == -ESRCH || r == -EACCES || r == -EPERM)
			r = 0;
		if (r < 0)
			break;
	}
	if (dir)
		closedir(dir);
	return r;
}

/* A key is a mount namespace, a root and a path: together they lead to one file. */
struct noting {
	struct each *e;
	struct skep_running_files *files;
	int pid;
	char key[2 * PATH_MAX + 64];
	size_t len; /* without the path */
};

static int note_running(void *data, const char *path)
{
	struct noting *n = data;
	struct skep_running_files *files = n->files;
	struct skep_running_file *file;

	snprintf(n->key + n->len, sizeof(n->key) - n->len, "%s", path);
	if (skep_hash_get_str(&files->known, n->key))
		return 0;
	file = skep_arena_alloc(n->e->arena, sizeof(*file));
	*file = (struct skep_running_file){ .pid = n->pid, .path = path };
	if (files->last)
		files->last->next = file;
	else
		files->first = file;
	files->last = file;
	skep_hash_set_str(&files->known, skep_arena_strdup(n->e->arena, n->key), file);
	return 0;
}

static int note_process(void *data, int pid)
{
	struct noting *n = data;
	char link[64];
	ssize_t len;

	n->pid = pid;
	snprintf(link, sizeof(link), "/proc/%d/ns/mnt", pid);
	len = readlink(link, n->key, 63);
	if (len < 0) /* it has ended, or belongs to somebody else */
		return 0;
	n->key[len++] = ' ';
	snprintf(link, sizeof(link), "/proc/%d/root", pid);
	len += MAX(readlink(link, n->key + len, PATH_MAX), 0);
	n->len = (size_t)len;
	return each_file(n->e->arena, pid, is_library(n->e), note_running, n);
}

/* Of many processes that run a file one is asked for it. If it has ended meanwhile, all are looked at again. */
static int each_noted(struct each *e)
{
	struct skep_running_files *files =
		is_library(e) ? &e->running->libraries : &e->running->programs;
	struct noting noting = { .e = e, .files = files };
	bool is_gone = false;
	int r = 0;

	if (!files->are_known)
		r = each_process(note_process, &noting);
	files->are_known = r == 0;
	for (const struct skep_running_file *f = files->first; f && r == 0; f = f->next) {
		if (!skep_glob_match(e->glob, strrchr(f->path, '/') + 1))
			continue;
		e->root = skep_arena_printf(e->arena, "/proc/%d/root", f->pid);
		r = of_process(e, f->path);
		is_gone |= kill(f->pid, 0) < 0 && errno == ESRCH;
	}
	return r == 0 && is_gone ? each_process(each_of_process, e) : r;
}

static int each_running(struct each *e)
{
	return e->running ? each_noted(e) : each_process(each_of_process, e);
}

void skep_running_fini(struct skep_running *running)
{
	skep_hash_fini(&running->programs.known);
	skep_hash_fini(&running->libraries.known);
}

/* What is not running yet. Some programs keep themselves out of the usual folders. */
static int each_installed(struct each *e)
{
	static const char *const own[] = { "/usr/lib/jvm/*/lib/server", "/usr/lib/postgresql/*/bin",
					   "/usr/sbin", "/usr/libexec" };
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";
	const char *directory;
	int r = 0;

	e->root = "";
	for (size_t i = 0; r == 0 && (directory = skep_binary_library_dir(i)) && is_library(e); i++)
		r = each_path(e, skep_arena_printf(e->arena, "%s/%s", directory, e->glob));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own); i++)
		r = each_path(e, skep_arena_printf(e->arena, "%s/%s", own[i], e->glob));
	while (r == 0 && !is_library(e) && *path) {
		size_t len = strcspn(path, ":");

		if (*path == '/')
			r = each_path(e, skep_arena_printf(e->arena, "%.*s/%s", (int)len, path,
							   e->glob));
		path += len + (path[len] ? 1 : 0);
	}
	return r;
}

int skep_binary_each(struct skep_arena *arena, const char *glob, int pid,
		     struct skep_running *running, int (*fn)(void *data, const char *path),
		     void *data)
{
	struct each e = {
		.arena = arena,
		.glob = glob,
		.root = "",
		.fn = fn,
		.data = data,
		.running = running,
	};
	int r;

	if (strchr(glob, '/')) {
		e.root = pid ? skep_arena_printf(arena, "/proc/%d/root", pid) : "";
		r = each_path(&e, skep_arena_printf(arena, "%s%s", e.root, glob));
	} else if (pid) {
		r = each_of_process(&e, pid);
	} else {
		r = each_running(&e);
		r = r == 0 ? each_installed(&e) : r;
	}
	skep_hash_fini(&e.seen);
	return r == 0 && !e.any ? -ENOENT : r;
}
