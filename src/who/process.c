/* SPDX-License-Identifier: Apache-2.0 */
#include "who/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sys/file.h"
#include "who/group_priv.h"
#include "who/users.h"

#define STATUS_MAX (64 * 1024)
#define FRESH_S 1
#define DEAD_S 60
#define INIT_PID_NS 4026531836u

struct skep_known_process {
	uint32_t pid; /* 0: nothing is here */
	uint32_t ppid, uid;
	char comm[64]; /* escaped as /proc has it */
	char *path;    /* of its cgroup; NULL: not asked for yet */
	uint64_t read_s;
};

static bool read_number(const char *text, const char *key, uint32_t *ret_number)
{
	const char *at = strstr(text, key);

	if (!at)
		return false;
	*ret_number = (uint32_t)strtoul(at + strlen(key), NULL, 10);
	return true;
}

/* False: it has ended, or never was. */
static bool read_status(const char *root, uint32_t pid, struct skep_known_process *ret)
{
	struct skep_known_process p = { .pid = pid };
	_cleanup_free_ char *file = NULL, *text = NULL;

	if (asprintf(&file, "%s/proc/%" PRIu32 "/status", root, pid) < 0)
		skep_oom();
	if (skep_file_read(file, STATUS_MAX, &text, NULL) < 0 ||
	    !skep_has_prefix(text, "Name:\t") || !read_number(text, "\nPPid:", &p.ppid) ||
	    !read_number(text, "\nUid:", &p.uid))
		return false;
	snprintf(p.comm, sizeof(p.comm), "%.*s",
		 (int)MIN(strcspn(text + 6, "\n"), sizeof(p.comm) - 1), text + 6);
	*ret = p;
	return true;
}

/* NULL: nothing is known of it. */
static struct skep_known_process *know(struct skep_processes *ps, const char *root, uint32_t pid)
{
	uint64_t now_s = skep_clock_ns(CLOCK_MONOTONIC) / 1000000000;
	struct skep_known_process *at, read;
	bool is_it;

	if (!ps->known)
		ps->known = calloc(SKEP_PROCESSES_KEPT, sizeof(*ps->known));
	if (!ps->known)
		skep_oom();
	at = &ps->known[pid % SKEP_PROCESSES_KEPT];
	is_it = at->pid == pid && pid;
	if (is_it && at->read_s + FRESH_S >= now_s)
		return at;
	if (!pid || !read_status(root, pid, &read))
		return is_it && at->read_s + DEAD_S >= now_s ? at : NULL;
	free(at->path);
	read.read_s = now_s;
	*at = read;
	return at;
}

/* In a namespace of its own skep knows other numbers than the kernel tells. */
static bool other_numbers(struct skep_processes *ps, const char *root)
{
	_cleanup_free_ char *file = NULL;
	uint64_t inode;

	if (ps->own_ns)
		return ps->own_ns > 0;
	if (asprintf(&file, "%s/proc/self/ns/pid", root) < 0)
		skep_oom();
	ps->own_ns = skep_namespace_inode(file, &inode) == 0 && inode != INIT_PID_NS ? 1 : -1;
	return ps->own_ns > 0;
}

static void add_parents(struct skep_processes *ps, const char *root, const struct skep_process *p,
			struct skep_str *out)
{
	const struct skep_known_process *known = NULL;
	uint32_t pid = p->ppid;

	if (!p->is_known || other_numbers(ps, root)) {
		known = know(ps, root, p->pid);
		pid = known ? known->ppid : 0;
	}
	for (unsigned i = 0; pid && i < SKEP_PARENTS_MAX; i++) {
		known = know(ps, root, pid);
		skep_str_addf(out, "%s%s %" PRIu32, i ? ", " : "", known ? known->comm : "?", pid);
		pid = known ? known->ppid : 0;
	}
}

static void add_user(struct skep_processes *ps, const char *root, const struct skep_process *p,
		     bool number, struct skep_str *out)
{
	const struct skep_known_process *known = p->is_known ? NULL : know(ps, root, p->pid);
	uint32_t uid = known ? known->uid : p->uid;
	const char *name;

	if (!known && !p->is_known)
		return;
	name = number ? NULL : skep_user_name(uid);
	if (name)
		skep_str_add(out, name);
	else
		skep_str_addu(out, uid);
}

/* Of one whose group the kernel did not tell. */
static const struct skep_place *ask_place(struct skep_processes *ps, const char *root, uint32_t pid)
{
	struct skep_known_process *known = know(ps, root, pid);
	_cleanup_free_ char *file = NULL, *text = NULL;
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = NULL;
	const char *path;

	if (!known)
		return NULL;
	if (!known->path) {
		if (asprintf(&file, "%s/proc/%" PRIu32 "/cgroup", root, pid) < 0)
			skep_oom();
		if (skep_file_read(file, STATUS_MAX, &text, NULL) < 0)
			return NULL;
		arena = skep_arena_new();
		path = skep_place_path(root, text, arena);
		known->path = path ? strdup(path) : NULL;
	}
	return known->path ? skep_places_by_path(&ps->places, root, known->path) : NULL;
}

/* Of a group that is gone: its name alone may be a container's, whose runtime still has its files. */
static const struct skep_place *recall_place(struct skep_processes *ps, const char *root,
					     const struct skep_process *p)
{
	char path[SKEP_GROUP_NAME_MAX + 1];
	const struct skep_place *place;

	snprintf(path, sizeof(path), "/%.*s", SKEP_GROUP_NAME_MAX - 1, p->group_name);
	place = path[1] ? skep_places_by_path(&ps->places, root, path) : NULL;
	return place && *place->id ? place : NULL;
}

/*
 * What /proc says of the process. It is not believed when the kernel told another group, which is gone: the process has ended
 * then, and a zombie is in the root of each hierarchy of version 1.
 */
static const struct skep_place *ask_or_recall(struct skep_processes *ps, const char *root,
					      const struct skep_process *p)
{
	const struct skep_place *asked = ask_place(ps, root, p->pid);
	const char *last = asked ? strrchr(asked->path, '/') : NULL;

	if (asked && (!p->group || *asked->id ||
		      (last && p->group_name[0] &&
		       strncmp(last + 1, p->group_name, SKEP_GROUP_NAME_MAX - 1) == 0)))
		return asked;
	return recall_place(ps, root, p);
}

static const char *part_of(const struct skep_place *place, enum skep_process_what what)
{
	switch (what) {
	case SKEP_PROCESS_CONTAINER:
		return place->container;
	case SKEP_PROCESS_CONTAINER_ID:
		return place->id;
	case SKEP_PROCESS_IMAGE:
		return place->image;
	case SKEP_PROCESS_POD:
		return place->pod;
	case SKEP_PROCESS_NAMESPACE:
		return place->space;
	case SKEP_PROCESS_UNIT:
		return place->unit;
	default:
		return "";
	}
}

void skep_process_add(struct skep_processes *ps, const char *root, const struct skep_process *p,
		      enum skep_process_what what, struct skep_str *out)
{
	const struct skep_place *place = NULL;

	if (what == SKEP_PROCESS_USER || what == SKEP_PROCESS_UID) {
		add_user(ps, root, p, what == SKEP_PROCESS_UID, out);
		return;
	}
	if (what == SKEP_PROCESS_PARENTS) {
		add_parents(ps, root, p, out);
		return;
	}
	if (p->group)
		place = skep_places_by_id(&ps->places, root, p->group);
	if (!place)
		place = ask_or_recall(ps, root, p);
	if (place)
		skep_str_add(out, part_of(place, what));
	else if (p->group && what == SKEP_PROCESS_CONTAINER && p->group_name[0])
		skep_str_addf(out, "gone (%.*s)", SKEP_GROUP_NAME_MAX - 1, p->group_name);
	else if (p->group && what == SKEP_PROCESS_CONTAINER)
		skep_str_addf(out, "gone (cgroup %" PRIu64 ")", p->group & ~SKEP_PLACE_V1);
}

void skep_processes_fini(struct skep_processes *ps)
{
	for (size_t i = 0; ps->known && i < SKEP_PROCESSES_KEPT; i++)
		free(ps->known[i].path);
	free(ps->known);
	skep_places_fini(&ps->places);
	*ps = (struct skep_processes){};
}
