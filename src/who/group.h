/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of processes by the names that people have for them: a cgroup by its path, a container by its name or id. The
 * answer is a number that a program in the kernel can compare (gen/scope.h).
 *
 *	--cgroup PATH ──────────────► directory of a hierarchy ──► its id and level
 *	--container NAME|ID|PID
 *	   │ state files of runtimes: name to id
 *	   └► /proc/PID/cgroup of all ► the component that is a container ──► the same
 *	                  └ none ────► the pid namespace
 *
 * No daemon is asked. Docker, Podman, containerd, CRI-O, Kubernetes, LXC and systemd-nspawn are known by how they name
 * their cgroups: 64 hexadecimal digits with their prefix or without, lxc.payload.NAME, machine-NAME.scope.
 *
 *	r = skep_group_cgroup("", "/system.slice/ssh.service", diag, &group);
 *	r = skep_group_container("", "web-1", diag, &group);
 *
 * @root stands in front of every path that is looked at: "" but in tests.
 *
 * Levels count from the real root. Inside of a cgroup or pid namespace nobody can know them: -ENOTSUP.
 */
#pragma once

#include "base/diag.h"

enum skep_group_kind {
	SKEP_GROUP_CGROUP,    /* version 2 */
	SKEP_GROUP_CGROUP_V1, /* in the hierarchy of a controller */
	SKEP_GROUP_PID_NS,
};

struct skep_group {
	enum skep_group_kind kind;
	uint64_t id;	/* of the cgroup's directory; the namespace's inode */
	unsigned level; /* 0: the root */
	char controller[16];
};

/* @path: in the file system, or from the root of a hierarchy; version 2 comes first. -ENOENT, -ENOTSUP. */
int skep_group_cgroup(const char *root, const char *path, struct skep_diag *diag,
		      struct skep_group *ret_group) _must_check_;
/*
 * @name: of the container, its id or the beginning of it (at least 4 digits), or the id of one of its processes.
 * -ENOENT: none such; -EEXIST: several; -ENOTSUP.
 */
int skep_group_container(const char *root, const char *name, struct skep_diag *diag,
			 struct skep_group *ret_group) _must_check_;

/* --- in between; exposed for tests ------------------------------------------------------------------------ */

#define SKEP_CONTAINER_NAME_MAX 128

/*
 * The container that a component of a cgroup's path stands for; false: none. @parent: the component in front of it, or "".
 * *ret_is_id: it is an id of 64 digits, not a name.
 */
bool skep_container_of(const char *parent, const char *component, size_t len,
		       char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id);
/* The same for one that crun, runc or ctr runs for nobody else, which has any name: they keep its state below /run. */
bool skep_container_run(const char *root, const char *parent, const char *component, size_t len,
			char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id);
/* Whether systemd has made the group for a container of crun or runc, by the end of its path: "crun-web.scope". */
bool skep_container_is_unit(const char *path);
/* The name of such a container, or of one that they made themselves: "web". False: the path has no end. */
bool skep_container_last(const char *path, char ret_name[static SKEP_CONTAINER_NAME_MAX],
			 bool *ret_is_id);
/*
 * The first component of @path, from @from on, that is a container, and its length; NULL: none. @root NULL: those of
 * skep_container_run are none.
 */
const char *skep_container_in(const char *root, const char *path, const char *from, size_t *ret_len,
			      char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id);
