/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup: what the processes of a control group ask of the kernel, and their packets. The kernel asks every program at
 * a place, those of the groups around it, too; one that says no is enough.
 */
#include "lang/provider/cgroup.h"

#include <errno.h>

#include "lang/match.h"

extern const struct skep_provider skep_provider_cgroup;

static const struct skep_cgroup_place *find_place(const char *name)
{
	for (const struct skep_cgroup_place *p = skep_cgroup_places; p->name; p++)
		if (skep_streq(p->name, name))
			return p;
	return NULL;
}

static int no_place(struct skep_compiler *c, const struct skep_attach_point *point,
		    const char *name)
{
	struct skep_nearest near = { .wanted = name };
	const char *all = "";

	for (const struct skep_cgroup_place *p = skep_cgroup_places; p->name; p++) {
		skep_nearest_add(&near, p->name);
		all = skep_arena_printf(c->arena, "%s%s%s", all, all[0] ? ", " : "", p->name);
	}
	skep_diag_error(c->diag, point->loc, "cgroups have no place called '%s'", name);
	if (near.n)
		skep_diag_hint(c->diag, "did you mean %s?", skep_nearest_text(&near, c->arena));
	else
		skep_diag_hint(c->diag, "there are %s", all);
	skep_nearest_fini(&near);
	return -EINVAL;
}

static int cgroup_match(struct skep_compiler *c, struct skep_probe_node *probe,
			const struct skep_attach_point *point)
{
	const struct skep_cgroup_place *place = find_place(point->parts[2]);
	const struct skep_world *w = c->world;
	struct skep_instance *inst;
	struct skep_match *m;
	const char *dir;
	int r;

	if (!place)
		return no_place(c, point, point->parts[2]);
	r = skep_hook_allowed(c, point, "what the processes of a cgroup may do");
	if (r < 0)
		return r;
	if (!skep_world_has(w, SKEP_WORLD_CGROUP))
		return skep_match_unable(c, point, "skep doctor says what this kernel can do",
					 "this kernel has no programs in cgroups");
	if (!w->cgroup_dir || w->cgroup_dir(w, point->parts[1], &dir) < 0) {
		skep_diag_error(c->diag, point->loc, "there is no cgroup %s", point->parts[1]);
		skep_diag_hint(c->diag, "paths begin at the mount of cgroup2, such as "
					"/system.slice; groups of version 1 have no programs");
		return -ENOENT;
	}
	inst = skep_instance_new(c, probe, point, &skep_provider_cgroup);
	inst->hook = &place->hook;
	inst->own = place;
	inst->args = skep_cgroup_args(&c->types, place);
	inst->args_space = SKEP_SPACE_BPF;
	inst->preemptible = true;
	inst->proto.type = place->prog_type;
	inst->proto.attach_type = place->attach_type;
	inst->proto.name = place->name;
	inst->attach.kind = SKEP_ATTACH_CGROUP;
	m = skep_instance_add(c, inst, point->text);
	m->target.name = dir;
	m->target.cookie = 0;
	return 0;
}

static void cgroup_prologue(struct skep_lower *l)
{
	if (skep_hook_has_task(l->inst))
		skep_provider_pid_filter(l);
}

static void list_args(const struct skep_cgroup_place *place, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_types types = { .arena = arena };
	const struct skep_struct *args = skep_cgroup_args(&types, place);

	for (size_t i = 0; args && i < args->n_fields; i++)
		skep_str_addf(out, "    %s %s\n", skep_type_text(&types, args->fields[i].type),
			      args->fields[i].name);
}

static int cgroup_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		       bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	const char *glob = pattern->n_parts > 2 ? pattern->parts[2] : "*";

	for (const struct skep_cgroup_place *p = skep_cgroup_places; p->name; p++) {
		if (!skep_glob_match(glob, p->name))
			continue;
		skep_str_addf(out, "cgroup:PATH:%s\n", p->name);
		if (verbose)
			list_args(p, out);
	}
	return 0;
}

const struct skep_provider skep_provider_cgroup = {
	.name = "cgroup",
	.usage = "cgroup:path:place, such as cgroup:/system.slice:connect4",
	.min_parts = 3,
	.max_parts = 3,
	.match = cgroup_match,
	.prologue = cgroup_prologue,
	.lower_args = skep_cgroup_lower_args,
	.list = cgroup_list,
};
