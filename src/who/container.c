/* SPDX-License-Identifier: Apache-2.0 */
/* Containers by name, id or process: /proc and the state files of runtimes tell. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "who/container_state.h"
#include "who/group_priv.h"

#define ID_PREFIX_MIN 4
#define CGROUP_FILE_MAX (64 * 1024)
#define STATUS_FILE_MAX (64 * 1024)
#define IDS_MAX 8		/* containers that a name may mean, or that a message names */
#define INIT_PID_NS 4026531836u /* the kernel's fixed inode number */

struct names {
	char list[IDS_MAX][SKEP_CONTAINER_NAME_MAX];
	size_t n;
};

/* What is looked for, and what was found. */
struct search {
	const char *root, *query;
	struct skep_diag *diag;
	struct names ids;   /* of the containers with that name, from state files */
	struct names found; /* different containers that match */
	struct names seen;  /* those that do not */
	unsigned long pid;  /* a process of the first that was found */
	char v2[4096]; /* its path in version 2, up to the container; "" when that does not show it */
	char v1[4096], controller[16];
};

static bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (skep_streq(names->list[i], name))
			return true;
	return false;
}

static void names_add(struct names *names, const char *name)
{
	if (names->n < IDS_MAX && !names_have(names, name))
		snprintf(names->list[names->n++], SKEP_CONTAINER_NAME_MAX, "%s", name);
}

static bool matches(const struct search *s, const char *name, bool is_id)
{
	if (skep_streq(name, s->query) || (is_id && names_have(&s->ids, name)))
		return true;
	return is_id && strlen(s->query) >= ID_PREFIX_MIN && skep_has_prefix(name, s->query);
}

/* One line of /proc/PID/cgroup, "4:memory:/docker/0123...". Notes the container that its path is in, if it is wanted. */
static void look_at_line(struct search *s, unsigned long pid, char *line, bool any)
{
	char name[SKEP_CONTAINER_NAME_MAX];
	char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
	const char *controller, *at;
	bool is_id;
	size_t len = 0;

	if (!path)
		return;
	*list++ = *path++ = '\0';
	for (at = path; (at = skep_container_in(s->root, path, at, &len, name, &is_id));
	     at += len) {
		if (any || matches(s, name, is_id))
			break;
		names_add(&s->seen, name);
	}
	if (!at)
		return;
	names_add(&s->found, name);
	if (!skep_streq(s->found.list[0], name))
		return;
	s->pid = s->pid ? s->pid : pid;
	controller = skep_cgroup_controller(list);
	path[at - path + (ptrdiff_t)len] = '\0';
	if (!*list && strcmp(line, "0") == 0) {
		snprintf(s->v2, sizeof(s->v2), "%s", path);
	} else if (controller && !*s->v1) {
		snprintf(s->v1, sizeof(s->v1), "%s", path);
		snprintf(s->controller, sizeof(s->controller), "%s", controller);
	}
}

/* @any: whichever container the process is in is the one. */
static int look_at_process(struct search *s, unsigned long pid, bool any)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	char *line, *next;
	int r;

	if (asprintf(&path, "%s/proc/%lu/cgroup", s->root, pid) < 0)
		return -ENOMEM;
	r = skep_file_read(path, CGROUP_FILE_MAX, &text, NULL);
	if (r < 0)
		return r;
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		look_at_line(s, pid, line, any);
	}
	return 0;
}

static int look_at_all(struct search *s)
{
	_cleanup_free_ char *path = NULL;
	struct dirent *e;
	DIR *dir;

	if (asprintf(&path, "%s/proc", s->root) < 0)
		return -ENOMEM;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)
				    e->d_name[0])) /* one that has ended meanwhile is no matter */
			(void)!look_at_process(s, strtoul(e->d_name, NULL, 10), false);
	closedir(dir);
	return 0;
}

/* The pid namespace of a process, and how deep it is. */
static int pid_namespace(const struct search *s, unsigned long pid, struct skep_group *ret_group)
{
	_cleanup_free_ char *ns = NULL, *status = NULL, *own = NULL, *text = NULL;
	struct skep_group group = { .kind = SKEP_GROUP_PID_NS };
	uint64_t inode;
	const char *line;
	int r;

	if (asprintf(&ns, "%s/proc/%lu/ns/pid", s->root, pid) < 0 ||
	    asprintf(&status, "%s/proc/%lu/status", s->root, pid) < 0 ||
	    asprintf(&own, "%s/proc/self/ns/pid", s->root) < 0)
		return -ENOMEM;
	r = skep_namespace_inode(ns, &group.id);
	if (r < 0)
		return r;
	r = skep_file_read(status, STATUS_FILE_MAX, &text, NULL);
	if (r < 0)
		return r;
	if (skep_namespace_inode(own, &inode) == 0 && inode != INIT_PID_NS) {
		skep_diag_error(s->diag, SKEP_NO_LOC,
				"skep runs inside of a pid namespace and cannot tell others apart");
		skep_diag_hint(s->diag, "run it on the host");
		return -ENOTSUP;
	}
	line = strstr(text, "\nNSpid:");
	if (!line)
		return -ENOTSUP;
	for (line++; *line && *line != '\n'; line++)
		group.level += *line == '\t';
	if (group.level < 2)
		return -ENOENT; /* the one that everybody is in */
	group.level--;
	*ret_group = group;
	return 0;
}

/* By what kind of group the container can be told apart here. */
static int choose_group(struct search *s, struct skep_group *ret_group)
{
	_cleanup_(skep_hierarchies_fini)
	struct skep_hierarchies h = {};
	int r;

	r = skep_hierarchies_read(s->root, &h);
	if (r < 0)
		return r;
	for (unsigned v1 = 0; v1 <= 1; v1++) {
		const char *path = v1 ? s->v1 : s->v2;

		for (size_t i = 0; *path && i < h.list.len; i++) {
			const struct skep_hierarchy *in = &h.list.data[i];

			if (in->is_v1 != v1 || (v1 && !skep_streq(in->controller, s->controller)))
				continue;
			r = skep_hierarchy_group(s->root, in, path, s->diag, ret_group);
			if (r != -ENOENT)
				return r;
		}
	}
	return pid_namespace(s, s->pid, ret_group);
}

static bool is_pid(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 10 && !text[n];
}

static void tell_seen(const struct search *s)
{
	_cleanup_(skep_str_fini)
	struct skep_str list = {};

	for (size_t i = 0; i < s->seen.n; i++)
		skep_str_addf(&list, "%s%.12s", i ? ", " : "", s->seen.list[i]);
	if (list.len)
		skep_diag_hint(s->diag, "these run here: %s%s", list.data,
			       s->seen.n == IDS_MAX ? " ..." : "");
	else
		skep_diag_hint(s->diag, "no container can be seen here; the id of one of its "
					"processes does, too, and --cgroup takes a path");
}

/* The ids of those that are called so: "web", or "shop/cart-7d9f/web". */
static bool take_called(void *data, const struct skep_container *c)
{
	struct search *s = data;
	_cleanup_(skep_str_fini)
	struct skep_str label = {};

	skep_container_label(c, &label);
	if (c->name.len && (skep_streq(c->name.data, s->query) || skep_streq(label.data, s->query)))
		names_add(&s->ids, c->id);
	return s->ids.n == IDS_MAX;
}

static int find_container(struct search *s, struct skep_group *ret_group)
{
	unsigned long pid;
	int r;

	(void)skep_containers(s->root, NULL, take_called, s);
	r = look_at_all(s);
	if (r < 0)
		return r;
	if (s->found.n > 1) {
		skep_diag_error(s->diag, SKEP_NO_LOC, "'%s' may be several containers", s->query);
		skep_diag_hint(s->diag, "such as %.16s and %.16s: give more of its id",
			       s->found.list[0], s->found.list[1]);
		return -EEXIST;
	}
	if (s->found.n)
		return choose_group(s, ret_group);
	if (!is_pid(s->query))
		return -ENOENT;
	pid = strtoul(s->query, NULL, 10);
	r = look_at_process(s, pid, true);
	if (r < 0)
		return -ENOENT;
	return s->found.n ? choose_group(s, ret_group) : pid_namespace(s, pid, ret_group);
}

int skep_group_container(const char *root, const char *name, struct skep_diag *diag,
			 struct skep_group *ret_group)
{
	_cleanup_free_ struct search *s = calloc(1, sizeof(*s));
	size_t before = diag ? diag->n_errors : 0;
	int r;

	if (!s)
		return -ENOMEM;
	s->root = root;
	s->query = name;
	s->diag = diag;
	r = find_container(s, ret_group);
	if (r == -ENOENT && (!diag || diag->n_errors == before)) {
		if (is_pid(name))
			skep_diag_error(diag, SKEP_NO_LOC,
					"'%s' is neither a container nor a process in one", name);
		else
			skep_diag_error(diag, SKEP_NO_LOC, "there is no container '%s'", name);
		tell_seen(s);
	}
	return r;
}
