/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups of version 2 by number and by path. The number of a cgroup (bpf_get_current_cgroup_id) is its
 * directory's in the cgroup2 file system, wherever that is mounted: alone at /sys/fs/cgroup, or beside version 1 below it.
 *
 * Paths start at the mount: "/system.slice/ssh.service"; "/" is the root group.
 */
#pragma once

#include "base/str.h"

/* Where cgroup2 is mounted, kept for the life of the process; NULL when it is not. */
const char *skep_cgroup_mount(void);
/* @path as above, or below the mount as the file system shows it. -ENOENT. */
int skep_cgroup_id(const char *path, uint64_t *ret_id) _must_check_;
/* Its directory, malloc'ed. -ENOENT. */
int skep_cgroup_dir(const char *path, char **ret_dir) _must_check_;
/* -ENOENT: no such group (any more). */
int skep_cgroup_path(uint64_t id, struct skep_str *out) _must_check_;
/* The same for a number of the memory hierarchy of version 1. */
int skep_cgroup_path_v1(uint64_t id, struct skep_str *out) _must_check_;

/* The mount point of cgroup2 in the text of /proc/mounts, malloc'ed; NULL: none. Exposed for tests. */
char *skep_cgroup_find_mount(const char *mounts);
