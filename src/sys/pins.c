/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/pins.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "base/str.h"
#include "sys/bpf.h"

#define BPF_FS_MAGIC 0xcafe4a11u
#define BPF_FS "/sys/fs/bpf"
#define FULL_MAX (SKEP_PINS_PATH_MAX + SKEP_PINS_NAME_MAX + 16)

const char *const skep_pin_kinds[SKEP_PIN_KINDS] = {
	[SKEP_PIN_LINK] = "link",
	[SKEP_PIN_PROG] = "prog",
	[SKEP_PIN_MAP] = "map",
};

int skep_pins_path(const char *dir, char *out, size_t size)
{
	int n;

	if (!*dir || skep_streq(dir, ".") || skep_streq(dir, ".."))
		return -EINVAL;
	n = snprintf(out, size, strchr(dir, '/') ? "%s" : BPF_FS "/%s", dir);
	if ((size_t)n >= MIN(size, (size_t)SKEP_PINS_PATH_MAX))
		return -ENAMETOOLONG;
	while (n > 1 && out[n - 1] == '/')
		out[--n] = '\0';
	return 0;
}

static void full_path(const char *path, enum skep_pin_kind kind, const char *name,
		      const char *suffix, char out[FULL_MAX])
{
	int n = snprintf(out, FULL_MAX, "%s/%s/", path, skep_pin_kinds[kind]);
	size_t end = (size_t)n + SKEP_PINS_NAME_MAX;

	for (; *name && (size_t)n < end; name++)
		out[n++] = isalnum((unsigned char)*name) || *name == '-' ? *name : '_';
	snprintf(out + n, FULL_MAX - (size_t)n, "%s", suffix);
}

static bool is_bpf_fs(const char *path)
{
	char parent[SKEP_PINS_PATH_MAX];
	struct statfs fs;
	char *slash;

	if (statfs(path, &fs) == 0)
		return (uint32_t)fs.f_type == BPF_FS_MAGIC;
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash == parent || !slash)
		return false;
	*slash = '\0';
	return statfs(parent, &fs) == 0 && (uint32_t)fs.f_type == BPF_FS_MAGIC;
}

static bool is_kind(const char *name)
{
	for (size_t i = 0; i < SKEP_PIN_KINDS; i++)
		if (skep_streq(name, skep_pin_kinds[i]))
			return true;
	return false;
}

int skep_pins_look(const char *path)
{
	struct dirent *entry;
	int r = 0;
	DIR *dir;

	if (!is_bpf_fs(path))
		return -EMEDIUMTYPE;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : errno == ENOTDIR ? -ENOTUNIQ : -errno;
	while ((entry = readdir(dir)) && r != -ENOTUNIQ)
		if (entry->d_name[0] != '.')
			r = is_kind(entry->d_name) ? -EEXIST : -ENOTUNIQ;
	closedir(dir);
	return r;
}

int skep_pins_foreign(const char *path, char name[SKEP_PINS_NAME_MAX])
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int r = -ENOENT;

	while (dir && r < 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_kind(entry->d_name)) {
			snprintf(name, SKEP_PINS_NAME_MAX, "%s", entry->d_name);
			r = 0;
		}
	if (dir)
		closedir(dir);
	return r;
}

int skep_pins_make(const char *path)
{
	char below[FULL_MAX];

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	for (size_t i = 0; i < SKEP_PIN_KINDS; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, skep_pin_kinds[i]);
		if (mkdir(below, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int skep_pins_lock(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* C's flock() is declared in a header that our own sys/file.h hides. */
	if (syscall(SYS_flock, fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return TAKE_FD(fd);
}

/* Pinned beside it first: at no moment is nothing there. */
int skep_pins_put(const char *path, enum skep_pin_kind kind, const char *name, int fd)
{
	char now[FULL_MAX], beside[FULL_MAX];
	int r;

	full_path(path, kind, name, "", now);
	r = skep_bpf_obj_pin(fd, now);
	if (r != -EEXIST)
		return r;
	full_path(path, kind, name, "-new", beside);
	unlink(beside); /* of somebody who was killed */
	r = skep_bpf_obj_pin(fd, beside);
	if (r == 0 && rename(beside, now) < 0) {
		r = -errno;
		unlink(beside);
	}
	return r;
}

int skep_pins_get(const char *path, enum skep_pin_kind kind, const char *name)
{
	char full[FULL_MAX];

	full_path(path, kind, name, "", full);
	return skep_bpf_obj_get(full);
}

int skep_pins_drop(const char *path, enum skep_pin_kind kind, const char *name)
{
	char full[FULL_MAX];

	full_path(path, kind, name, "", full);
	return unlink(full) < 0 ? -errno : 0;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int skep_pins_each(const char *path, enum skep_pin_kind kind,
		   int (*each)(void *data, const char *name), void *data)
{
	struct dirent **names;
	char below[FULL_MAX];
	int n, r = 0;

	snprintf(below, sizeof(below), "%s/%s", path, skep_pin_kinds[kind]);
	n = scandir(below, &names, visible, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = each(data, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return r;
}

struct removing {
	const char *path;
	enum skep_pin_kind kind;
};

static int remove_one(void *data, const char *name)
{
	struct removing *r = data;

	return skep_pins_drop(r->path, r->kind, name);
}

int skep_pins_remove(const char *path)
{
	char below[FULL_MAX];
	int r;

	for (size_t i = 0; i < SKEP_PIN_KINDS; i++) {
		struct removing removing = { path, (enum skep_pin_kind)i };

		r = skep_pins_each(path, removing.kind, remove_one, &removing);
		snprintf(below, sizeof(below), "%s/%s", path, skep_pin_kinds[i]);
		if (r == 0 && rmdir(below) < 0 && errno != ENOENT)
			r = -errno;
		if (r < 0)
			return r;
	}
	return rmdir(path) < 0 ? -errno : 0;
}
