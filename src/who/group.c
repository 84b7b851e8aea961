/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups by path, in every hierarchy that is mounted. */
#include "who/group.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "sys/file.h"
#include "who/group_priv.h"

#define MOUNTS_MAX (16 * 1024 * 1024)
#define INIT_CGROUP_NS 4026531835u /* the kernel's fixed inode numbers */

static const char *const controllers[] = {
	"cpuset",  "cpu",	 "cpuacct",  "blkio",	"memory", "devices", "freezer",
	"net_cls", "perf_event", "net_prio", "hugetlb", "pids",	  "rdma",    "misc",
};

/* Whether a comma-separated list has this word. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (;; list += n + 1) {
		n = strcspn(list, ",");
		if (n == len && strncmp(list, word, n) == 0)
			return true;
		if (!list[n])
			return false;
	}
}

const char *skep_cgroup_controller(const char *list)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (has_word(list, controllers[i]))
			return controllers[i];
	return NULL;
}

static char *next_word(char **at)
{
	char *word = *at;
	size_t len = strcspn(word, " \n");

	*at = word[len] ? word + len + 1 : word + len;
	word[len] = '\0';
	return word;
}

int skep_hierarchies_read(const char *root, struct skep_hierarchies *ret)
{
	_cleanup_free_ char *file = NULL;
	char *line, *next;
	int r;

	*ret = (struct skep_hierarchies){};
	if (asprintf(&file, "%s/proc/self/mounts", root) < 0)
		return -ENOMEM;
	r = skep_file_read(file, MOUNTS_MAX, &ret->text, NULL);
	if (r < 0)
		return r;
	for (line = ret->text; *line; line = next) {
		char *at = line, *path, *type, *options;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		next_word(&at);
		path = next_word(&at);
		type = next_word(&at);
		options = next_word(&at);
		if (skep_streq(type, "cgroup2"))
			skep_vec_add(&ret->list, (struct skep_hierarchy){ .path = path });
		else if (skep_streq(type, "cgroup"))
			skep_vec_add(&ret->list,
				     (struct skep_hierarchy){
					     .path = path,
					     .is_v1 = true,
					     .controller = skep_cgroup_controller(options) });
	}
	return 0;
}

void skep_hierarchies_fini(struct skep_hierarchies *h)
{
	free(h->text);
	skep_vec_fini(&h->list);
}

/* Components of a path below its hierarchy. */
static unsigned count_levels(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1] && path[1] != '/';
	return n;
}

/* Levels count from the real root only outside of a namespace. */
static int check_namespace(const char *root, struct skep_diag *diag)
{
	_cleanup_free_ char *path = NULL;
	uint64_t inode;

	if (asprintf(&path, "%s/proc/self/ns/cgroup", root) < 0)
		return -ENOMEM;
	if (skep_namespace_inode(path, &inode) < 0 || inode == INIT_CGROUP_NS)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC,
			"skep runs inside of a cgroup namespace and cannot tell groups apart");
	skep_diag_hint(diag, "run it on the host");
	return -ENOTSUP;
}

int skep_namespace_inode(const char *path, uint64_t *ret_inode)
{
	char link[64];
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	char *number;

	if (n < 0)
		return -errno;
	link[n] = '\0';
	number = strchr(link, '[');
	if (!number)
		return -EINVAL;
	*ret_inode = strtoull(number + 1, NULL, 10);
	return 0;
}

int skep_hierarchy_group(const char *root, const struct skep_hierarchy *h, const char *below,
			 struct skep_diag *diag, struct skep_group *ret_group)
{
	_cleanup_free_ char *path = NULL;
	struct skep_group group = { .kind = h->is_v1 ? SKEP_GROUP_CGROUP_V1 : SKEP_GROUP_CGROUP };
	struct stat st;
	int r;

	if (asprintf(&path, "%s%s/%s", root, h->path, below) < 0)
		return -ENOMEM;
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (h->is_v1 && !h->controller) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"%s is in a hierarchy without a controller, which cannot be seen "
				"from a program",
				path);
		skep_diag_hint(diag, "name its path in another one: /sys/fs/cgroup/memory, for "
				     "example");
		return -ENOTSUP;
	}
	r = check_namespace(root, diag);
	if (r < 0)
		return r;
	group.id = st.st_ino;
	group.level = count_levels(path + strlen(root) + strlen(h->path));
	if (h->is_v1)
		snprintf(group.controller, sizeof(group.controller), "%s", h->controller);
	*ret_group = group;
	return 0;
}

/* The hierarchy that holds @path of the file system, innermost mount; *ret_below is the rest. */
static const struct skep_hierarchy *holder(const struct skep_hierarchies *h, const char *path,
					   const char **ret_below)
{
	const struct skep_hierarchy *best = NULL;

	for (size_t i = 0; i < h->list.len; i++) {
		const struct skep_hierarchy *one = &h->list.data[i];
		size_t len = strlen(one->path);

		if (!skep_has_prefix(path, one->path) || (path[len] && path[len] != '/') ||
		    (best && strlen(best->path) > len))
			continue;
		best = one;
		*ret_below = path + len;
	}
	return best;
}

static int find_cgroup(const char *root, const struct skep_hierarchies *h, const char *path,
		       struct skep_diag *diag, struct skep_group *ret_group)
{
	_cleanup_free_ char *full = NULL, *real = NULL, *real_root = NULL;
	const struct skep_hierarchy *in = NULL;
	const char *below;
	int r = -ENOENT;

	if (asprintf(&full, "%s%s", root, path) < 0)
		return -ENOMEM;
	real = realpath(full, NULL); /* "cpu" is often a link to "cpu,cpuacct" */
	real_root = realpath(*root ? root : "/", NULL);
	if (real && real_root)
		in = holder(h, real + (*root ? strlen(real_root) : 0), &below);
	if (in)
		return skep_hierarchy_group(root, in, below, diag, ret_group);
	for (unsigned v1 = 0; v1 <= 1; v1++) {
		for (size_t i = 0; r == -ENOENT && i < h->list.len; i++) {
			in = &h->list.data[i];
			if (in->is_v1 == v1 && (!v1 || in->controller))
				r = skep_hierarchy_group(root, in, path, diag, ret_group);
		}
	}
	return r;
}

int skep_group_cgroup(const char *root, const char *path, struct skep_diag *diag,
		      struct skep_group *ret_group)
{
	_cleanup_(skep_hierarchies_fini)
	struct skep_hierarchies h = {};
	int r;

	r = skep_hierarchies_read(root, &h);
	if (r >= 0)
		r = find_cgroup(root, &h, path, diag, ret_group);
	if (r < 0 && r != -ENOTSUP) {
		skep_diag_error(diag, SKEP_NO_LOC, "there is no cgroup '%s'", path);
		skep_diag_hint(diag, "a path such as /system.slice/ssh.service; "
				     "cat /proc/PID/cgroup tells that of a process");
	}
	return r;
}
