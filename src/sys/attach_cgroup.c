/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups. Programs are attached to those of version 2; a machine may have both, with version 2 somewhere below the place
 * where it otherwise is, so names are also looked for from its root on.
 */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>

#include "sys/explain.h"
#include "sys/kernel_priv.h"

#define CGROUP1_MAGIC 0x27e0eb
#define CGROUP2_MAGIC 0x63677270

/* Where version 2 is mounted. */
static bool find_root(char root[4096])
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	bool found = false;
	struct mntent *m;

	while (f && !found && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2")) {
			snprintf(root, 4096, "%s", m->mnt_dir);
			found = true;
		}
	if (f)
		endmntent(f);
	return found;
}

/* A descriptor of a cgroup of version 2; *ret_is_v1 tells of the other version. */
static int try_open(const char *path, bool *ret_is_v1)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	*ret_is_v1 = fs.f_type == CGROUP1_MAGIC;
	return fs.f_type == CGROUP2_MAGIC ? TAKE_FD(fd) : -EBADF;
}

int skep_attach_open_cgroup(const struct skep_spec_attach *a, const char *name,
			    struct skep_diag *diag)
{
	bool is_v1 = false, unused, has_root;
	char root[4096], *path = NULL;
	int fd = try_open(name, &is_v1), below;

	if (fd >= 0)
		return fd;
	has_root = find_root(root);
	if (has_root && asprintf(&path, "%s/%s", root, name) < 0)
		return -ENOMEM;
	below = path ? try_open(path, &unused) : -ENOENT;
	free(path);
	if (below >= 0)
		return below;
	if (fd != -EBADF) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, name, fd, diag);
	} else {
		skep_diag_error(diag, a->loc, "cannot attach %s: %s is %s",
				a->probe ? a->probe : "the probe", name,
				is_v1 ? "a cgroup of version 1" : "no cgroup");
		fd = -EINVAL;
	}
	if (has_root)
		skep_diag_hint(diag, "cgroups of version 2, which take programs, are below %s",
			       root);
	else
		skep_diag_hint(diag, "cgroups of version 2, which take programs, are mounted "
				     "nowhere: mount -t cgroup2 none DIR");
	return fd;
}

int skep_attach_cgroup(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_close_ int dir = skep_attach_open_cgroup(a, t->name, diag);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.target_fd = (uint32_t)dir,
		.attach_type = loaded->progs[a->prog].attach_type,
	};
	int r;

	if (dir < 0)
		return dir;
	r = skep_bpf_link_create(&attr);
	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
	if (r == -EPERM)
		skep_diag_hint(diag, "a program there allows no others below it (bpftool cgroup "
				     "tree shows it), or this process may not");
	return r;
}
