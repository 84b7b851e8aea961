/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/str.h"
#include "base/vec.h"
#include "sys/file.h"
#include "sys/kallsyms.h"

#define TRACEFS_MAGIC_NUMBER 0x74726163
#define FORMAT_BYTES_MAX (1u << 20)
#define NAME_BYTES_MAX 256

/* fsopen(2) and friends; numbers for C libraries that do not name them yet. */
#define CREATE_COMMAND 6 /* FSCONFIG_CMD_CREATE */

static int open_dir(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct statfs s;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &s) < 0)
		return -errno;
	if (s.f_type != TRACEFS_MAGIC_NUMBER)
		return -ENOENT; /* the empty directory where it could be mounted */
	return TAKE_FD(fd);
}

/* A mount that hangs nowhere in the tree of files. */
static int mount_private(void)
{
	_cleanup_close_ int fs = -1;
	int mount;

	fs = (int)syscall(SYS_fsopen, "tracefs", 1 /* close on exec */);
	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, CREATE_COMMAND, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, fs, 1 /* close on exec */, 0);
	return mount < 0 ? -errno : mount;
}

int skep_tracefs_dir(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	static int known = -1;
	int first = -ENOENT, r;

	if (known >= 0)
		return known;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		r = open_dir(places[i]);
		if (r >= 0)
			return known = r;
		if (r == -EACCES || r == -EPERM)
			first = r;
	}
	r = mount_private();
	if (r >= 0)
		return known = r;
	return r == -EPERM && first == -ENOENT ? -EPERM : first;
}

/* A file of an event, with no way for a name to lead elsewhere. */
static int read_event_file(const char *event, const char *file, size_t limit, char **ret_text)
{
	char path[2 * NAME_BYTES_MAX + 64];
	const char *slash = strchr(event, '/');
	int dir;

	if (!slash || slash == event || !slash[1] || strchr(slash + 1, '/') || event[0] == '.' ||
	    slash[1] == '.' || strlen(event) > (size_t)(2 * NAME_BYTES_MAX))
		return -EINVAL;
	dir = skep_tracefs_dir();
	if (dir < 0)
		return dir;
	snprintf(path, sizeof(path), "events/%s/%s", event, file);
	return skep_file_read_at(dir, path, limit, ret_text, NULL);
}

int skep_tracefs_event_id(const char *event, uint32_t *ret_id)
{
	_cleanup_free_ char *text = NULL;
	unsigned long id;
	char *end;
	int r;

	r = read_event_file(event, "id", 64, &text);
	if (r < 0)
		return r;
	id = strtoul(text, &end, 10);
	if (end == text || id > UINT32_MAX)
		return -EINVAL;
	*ret_id = (uint32_t)id;
	return 0;
}

int skep_tracefs_event_format(const char *event, char **ret_text)
{
	return read_event_file(event, "format", FORMAT_BYTES_MAX, ret_text);
}

struct names {
	SKEP_VEC(char *);
};

static void names_fini(struct names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->data[i]);
	skep_vec_fini(names);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Directories below @path that match, sorted. An exact name is looked up and not searched. */
static int list_dirs(int top, const char *path, const char *pattern, struct names *names)
{
	struct dirent *entry;
	struct stat st;
	char *copy;
	DIR *dir;
	int fd;

	fd = openat(top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!strchr(pattern, '*')) {
		if (pattern[0] && pattern[0] != '.' && !strchr(pattern, '/') &&
		    fstatat(fd, pattern, &st, 0) == 0 && S_ISDIR(st.st_mode) &&
		    (copy = strdup(pattern)))
			skep_vec_add(names, copy);
		close(fd);
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    !skep_glob_match(pattern, entry->d_name))
			continue;
		copy = strdup(entry->d_name);
		if (copy)
			skep_vec_add(names, copy);
	}
	closedir(dir);
	if (names->len)
		qsort(names->data, names->len, sizeof(*names->data), compare_names);
	return 0;
}

int skep_tracefs_events(const char *category, const char *name,
			int (*each)(void *data, const char *category, const char *name), void *data)
{
	_cleanup_(names_fini)
	struct names categories = {};
	int top = skep_tracefs_dir(), r;

	if (top < 0)
		return top;
	r = list_dirs(top, "events", category, &categories);
	for (size_t i = 0; i < categories.len && r == 0; i++) {
		_cleanup_(names_fini)
		struct names events = {};
		char path[NAME_BYTES_MAX + 16];

		/* Records that the tracer writes itself: nothing to attach to. */
		if (skep_streq(categories.data[i], "ftrace"))
			continue;
		snprintf(path, sizeof(path), "events/%s", categories.data[i]);
		r = list_dirs(top, path, name, &events);
		for (size_t k = 0; k < events.len && r == 0; k++)
			r = each(data, categories.data[i], events.data[k]);
	}
	return r;
}

struct made_search {
	int (*each)(void *data, const char *event);
	void *data;
};

/* "p:mine/event do_nanosleep", "p16:...", "s:synthetic/event u64 delay". */
static int made_line(void *data, char *line)
{
	struct made_search *s = data;
	char *event = strchr(line, ':');

	if (!event)
		return 0;
	event[1 + strcspn(event + 1, " \t")] = '\0';
	return s->each(s->data, event + 1);
}

int skep_tracefs_made_events(int (*each)(void *data, const char *event), void *data)
{
	struct made_search s = { each, data };
	int dir = skep_tracefs_dir(), r;

	if (dir < 0)
		return dir;
	r = skep_file_lines_at(dir, "dynamic_events", made_line, &s);
	return r == -ENOENT ? 0 : r;
}

struct function_search {
	const char *module, *name;
	int (*each)(void *data, const char *module, const char *name);
	void *data;
};

/* Names that the compiler or ftrace made up and that nothing can be attached to. */
static bool is_artificial(const char *name)
{
	return skep_has_prefix(name, "__ftrace_invalid") || skep_has_prefix(name, "__pfx_") ||
	       skep_has_prefix(name, "__cfi_") || skep_has_prefix(name, ".L");
}

static int offer(const struct function_search *s, const char *module, const char *name)
{
	if (is_artificial(name) || !skep_glob_match(s->name, name))
		return 0;
	if (s->module && !skep_glob_match(s->module, module ? module : "vmlinux"))
		return 0;
	return s->each(s->data, module, name);
}

/* "name" or "name [module]" */
static int function_line(void *data, char *line)
{
	char *space = strchr(line, ' '), *module = NULL, *end;

	if (space) {
		*space = 0;
		if (space[1] == '[' && (end = strchr(space + 1, ']'))) {
			*end = 0;
			module = space + 2;
		}
	}
	return offer(data, module, line);
}

static int function_symbol(void *data, const struct skep_ksym *symbol)
{
	return offer(data, symbol->module, symbol->name);
}

int skep_tracefs_functions(const char *module, const char *name,
			   int (*each)(void *data, const char *module, const char *name),
			   void *data, bool *ret_exact)
{
	struct function_search search = { module, name, each, data };
	bool exact = false;
	int top, r;

	if (!strchr(name, '*')) {
		/* The list is long and the kernel will say it itself. */
		r = each(data, module && !strchr(module, '*') ? module : NULL, name);
	} else {
		top = skep_tracefs_dir();
		r = top < 0 ? top
			    : skep_file_lines_at(top, "available_filter_functions", function_line,
						 &search);
		exact = r >= 0;
		if (r == -ENOENT || r == -EACCES || r == -EPERM || r == -EINVAL)
			r = skep_kallsyms_each(function_symbol, &search);
	}
	if (ret_exact)
		*ret_exact = exact;
	return r;
}
