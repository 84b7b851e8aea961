/* SPDX-License-Identifier: Apache-2.0 */
#include "who/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "sys/file.h"
#include "who/group_priv.h"

#define KERNFS_HANDLE 0xfe /* FILEID_KERNFS: a handle that is the 64-bit number */
#define DEPTH_MAX 64

/* Spaces and the like stand in octal: "\040". */
static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

char *skep_cgroup_find_mount(const char *mounts)
{
	while (*mounts) {
		const char *where = strchr(mounts, ' '), *type, *end = strchrnul(mounts, '\n');
		char *path;

		type = where && where < end ? strchr(where + 1, ' ') : NULL;
		if (type && type < end && strncmp(type, " cgroup2 ", 9) == 0) {
			path = strndup(where + 1, (size_t)(type - where - 1));
			if (path)
				unescape(path);
			return path;
		}
		mounts = *end ? end + 1 : end;
	}
	return NULL;
}

const char *skep_cgroup_mount(void)
{
	_cleanup_free_ char *text = NULL;
	static char *mount;
	static bool looked;

	if (!looked && skep_file_read("/proc/self/mounts", 16 * 1024 * 1024, &text, NULL) == 0)
		mount = skep_cgroup_find_mount(text);
	looked = true;
	return mount;
}

/* A directory of the cgroup2 file system, through whichever of its mounts. */
static bool is_group(const char *path, uint64_t *ret_id)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC || stat(path, &st) < 0)
		return false;
	*ret_id = st.st_ino;
	return true;
}

/* *ret_dir may be NULL; else it is malloc'ed. */
static int find(const char *path, uint64_t *ret_id, char **ret_dir)
{
	const char *mount = skep_cgroup_mount();
	_cleanup_free_ char *full = NULL;
	struct stat st;

	if (is_group(path, ret_id)) { /* /sys/fs/cgroup/x */
		full = strdup(path);
	} else {
		if (!mount)
			return -ENOENT;
		if (asprintf(&full, "%s/%s", mount, path) < 0)
			full = NULL;
		else if (stat(full, &st) < 0)
			return -errno;
		else
			*ret_id = st.st_ino;
	}
	if (!full)
		return -ENOMEM;
	if (ret_dir)
		*ret_dir = TAKE_PTR(full);
	return 0;
}

int skep_cgroup_id(const char *path, uint64_t *ret_id)
{
	uint64_t id;
	int r = find(path, &id, NULL);

	if (r == 0)
		*ret_id = id;
	return r;
}

int skep_cgroup_dir(const char *path, char **ret_dir)
{
	uint64_t id;

	return find(path, &id, ret_dir);
}

/* The kernel finds the directory itself; needs CAP_DAC_READ_SEARCH. */
static int path_by_handle(const char *mount, uint64_t id, struct skep_str *out)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = { .head = { .handle_bytes = 8, .handle_type = KERNFS_HANDLE }, .id = id };
	_cleanup_close_ int mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char link[64], path[4096];
	ssize_t n;

	if (mount_fd < 0)
		return -errno;
	fd = open_by_handle_at(mount_fd, &handle.head, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	if (!skep_has_prefix(path, mount))
		return -ENOENT;
	skep_str_add(out, path[strlen(mount)] ? path + strlen(mount) : "/");
	return 0;
}

/* Looks through all directories below @fd (taken over). @path is the one it stands for. */
static int walk(int fd, uint64_t id, unsigned depth, struct skep_str *path)
{
	DIR *dir = fdopendir(fd);
	size_t len = path->len;
	struct dirent *e;
	int r = -ENOENT, child;

	if (!dir) {
		close(fd);
		return -errno;
	}
	while (r == -ENOENT && depth < DEPTH_MAX && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		path->len = len;
		skep_str_addf(path, "/%s", e->d_name);
		if (e->d_ino == id) {
			r = 0;
			break;
		}
		child = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			r = walk(child, id, depth + 1, path);
	}
	closedir(dir);
	return r;
}

static int path_below(const char *mount, uint64_t id, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {};
	struct stat st;
	int r, fd;

	if (path_by_handle(mount, id, out) == 0)
		return 0;
	if (stat(mount, &st) == 0 && st.st_ino == id) {
		skep_str_addc(out, '/');
		return 0;
	}
	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = walk(fd, id, 0, &path);
	if (r == 0)
		skep_str_add(out, skep_str_text(&path));
	return r;
}

int skep_cgroup_path(uint64_t id, struct skep_str *out)
{
	const char *mount = skep_cgroup_mount();

	return mount ? path_below(mount, id, out) : -ENOENT;
}

int skep_cgroup_path_v1(uint64_t id, struct skep_str *out)
{
	_cleanup_(skep_hierarchies_fini)
	struct skep_hierarchies h = {};
	int r = skep_hierarchies_read("", &h);

	for (size_t i = 0; r >= 0 && i < h.list.len; i++)
		if (h.list.data[i].is_v1 && skep_streq(h.list.data[i].controller, "memory"))
			return path_below(h.list.data[i].path, id, out);
	return r < 0 ? r : -ENOENT;
}
