/* SPDX-License-Identifier: Apache-2.0 */
#include "live/scope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "who/group.h"
#include "who/users.h"

/* The next number of a list with commas; *text is moved behind it. */
static int next_pid(const char **text, uint32_t *ret_pid)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(*text, &end, 10);
	if (**text < '0' || **text > '9' || errno || value == 0 || value > INT32_MAX ||
	    (*end && *end != ','))
		return -EINVAL;
	*text = *end ? end + 1 : end;
	if (*end && !**text) /* a comma at the end */
		return -EINVAL;
	*ret_pid = (uint32_t)value;
	return 0;
}

static int check_pids(const char *text, struct skep_diag *diag)
{
	const char *at = text;
	uint32_t pid;
	size_t n = 0;

	do {
		if (next_pid(&at, &pid) < 0) {
			skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a list of process ids",
					text);
			skep_diag_hint(diag, "write them with commas between: --pid 4711,4712; "
					     "cpid is the process of -c");
			return -EINVAL;
		}
		if (++n > SKEP_SCOPE_PIDS_MAX) {
			skep_diag_error(diag, SKEP_NO_LOC, "--pid takes at most %d processes",
					SKEP_SCOPE_PIDS_MAX);
			skep_diag_hint(diag,
				       "start them in one cgroup, and name that: --cgroup PATH");
			return -EINVAL;
		}
	} while (*at);
	return 0;
}

int skep_live_scope_check(const struct skep_live_scope *w, struct skep_diag *diag)
{
	int r = w->pid && !skep_streq(w->pid, "cpid") ? check_pids(w->pid, diag) : 0;

	if (r < 0)
		return r;
	if (w->comm && (!*w->comm || strlen(w->comm) > SKEP_SCOPE_COMM_MAX)) {
		skep_diag_error(diag, SKEP_NO_LOC, "no thread can be called '%s'", w->comm);
		skep_diag_hint(diag, "the kernel keeps %d bytes of a name: --comm '%.*s'",
			       SKEP_SCOPE_COMM_MAX, SKEP_SCOPE_COMM_MAX, w->comm);
		return -EINVAL;
	}
	return 0;
}

/* The process must be there, and be a process: a thread's id would never match. */
static int check_process(uint32_t pid, struct skep_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	unsigned long tgid;
	const char *line;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", pid);
	if (skep_file_read(path, 65536, &text, NULL) < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "there is no process %" PRIu32, pid);
		skep_diag_hint(diag, "--pid takes ids of processes that run, as ps shows them");
		return -ESRCH;
	}
	line = strstr(text, "\nTgid:");
	tgid = line ? strtoul(line + strlen("\nTgid:"), NULL, 10) : pid;
	if (tgid == pid)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "%" PRIu32 " is a thread of process %lu", pid, tgid);
	skep_diag_hint(diag, "give --pid %lu, and in the script /tid == %" PRIu32 "/", tgid, pid);
	return -ESRCH;
}

static int find_pids(struct skep_arena *arena, const char *text, struct skep_diag *diag,
		     struct skep_scope *scope)
{
	uint32_t *pids = skep_arena_calloc(arena, SKEP_SCOPE_PIDS_MAX, sizeof(*pids));
	int r;

	while (*text && scope->n_pids < SKEP_SCOPE_PIDS_MAX) {
		r = next_pid(&text, &pids[scope->n_pids]);
		if (r >= 0)
			r = check_process(pids[scope->n_pids++], diag);
		if (r < 0)
			return r;
	}
	scope->pids = pids;
	return 0;
}

static void take_child(struct skep_arena *arena, const struct skep_live_child *child,
		       struct skep_scope *scope)
{
	uint32_t *pid = skep_arena_alloc(arena, sizeof(*pid));

	*pid = (uint32_t)child->pid;
	scope->pids = pid;
	scope->n_pids = 1;
}

static int find_user(const char *text, struct skep_diag *diag, struct skep_scope *scope)
{
	unsigned long value;
	char *end;

	scope->has_uid = true;
	if (skep_user_id(text, &scope->uid) == 0)
		return 0;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && value < UINT32_MAX) {
		scope->uid = (uint32_t)value;
		return 0;
	}
	skep_diag_error(diag, SKEP_NO_LOC, "there is no user '%s' in /etc/passwd", text);
	skep_diag_hint(diag, "--user takes a number, too");
	return -ENOENT;
}

static struct skep_scope_group convert(struct skep_arena *arena, const struct skep_group *group)
{
	static const enum skep_scope_group_kind kinds[] = {
		[SKEP_GROUP_CGROUP] = SKEP_SCOPE_CGROUP,
		[SKEP_GROUP_CGROUP_V1] = SKEP_SCOPE_CGROUP_V1,
		[SKEP_GROUP_PID_NS] = SKEP_SCOPE_PID_NS,
	};

	return (struct skep_scope_group){
		.kind = kinds[group->kind],
		.id = group->id,
		.level = group->level,
		.controller = skep_arena_strdup(arena, group->controller),
	};
}

int skep_live_scope_find(struct skep_arena *arena, const struct skep_live_scope *w,
			 const struct skep_live_child *child, struct skep_diag *diag,
			 struct skep_scope **ret_scope)
{
	struct skep_scope *scope = skep_arena_alloc(arena, sizeof(*scope));
	struct skep_scope_group *groups = skep_arena_calloc(arena, 3, sizeof(*groups));
	struct skep_group group;
	int r = 0;

	if (w->pid && skep_streq(w->pid, "cpid"))
		take_child(arena, child, scope);
	else if (w->pid)
		r = find_pids(arena, w->pid, diag, scope);
	if (r >= 0 && child->cgroup) {
		r = skep_group_cgroup("", child->cgroup, diag, &group);
		if (r >= 0)
			groups[scope->n_groups++] = convert(arena, &group);
	}
	if (r >= 0 && w->user)
		r = find_user(w->user, diag, scope);
	if (r >= 0 && w->cgroup) {
		r = skep_group_cgroup("", w->cgroup, diag, &group);
		if (r >= 0)
			groups[scope->n_groups++] = convert(arena, &group);
	}
	if (r >= 0 && w->container) {
		r = skep_group_container("", w->container, diag, &group);
		if (r >= 0)
			groups[scope->n_groups++] = convert(arena, &group);
	}
	if (r < 0)
		return r;
	scope->comm = w->comm;
	scope->groups = groups;
	*ret_scope = skep_scope_is_empty(scope) ? NULL : scope;
	return 0;
}
