/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "isa/arch.h"
#include "isa/mapkind.h"
#include "lang/fit_priv.h"
#include "lang/match.h"

static int refuse(struct skep_fit *fit, const char *hint, const char *what)
{
	skep_diag_error(fit->diag, SKEP_NO_LOC, "this machine cannot run it: %s", what);
	skep_diag_hint(fit->diag, "%s", hint);
	return -ENOTSUP;
}

static int check_machine(struct skep_fit *fit)
{
	const struct skep_plan_portable *p = fit->plan->portable;
	const struct skep_arch *arch = skep_arch();

	if (!arch || !skep_streq(arch->name, p->arch))
		return refuse(fit, "compile the script on a machine with this one's kind of CPU",
			      skep_arena_printf(fit->arena, "it is code for %s", p->arch));
	if (fit->world->n_cpus > p->n_cpus)
		return refuse(fit,
			      skep_arena_printf(fit->arena, "compile it with --cpus %u",
						fit->world->n_cpus),
			      skep_arena_printf(fit->arena,
						"it was compiled for at most %u CPUs, and here may "
						"be %u",
						p->n_cpus, fit->world->n_cpus));
	if (p->wants_command && !fit->options->has_command) {
		skep_diag_error(fit->diag, SKEP_NO_LOC,
				"cpid is the process that -c starts, and there is no -c");
		skep_diag_hint(fit->diag, "add -c 'COMMAND'");
		return -EINVAL;
	}
	return 0;
}

/* What kernels from 6.1 on can be built without. */
static int check_features(struct skep_fit *fit)
{
	static const struct {
		enum skep_world_feature feature;
		const char *what;
	} names[] = {
		{ SKEP_WORLD_KPROBE, "this kernel cannot probe its functions (no kprobes)" },
		{ SKEP_WORLD_FENTRY, "this kernel has no fentry and fexit" },
		{ SKEP_WORLD_OVERRIDE, "this kernel does not let programs override results" },
	};
	uint64_t left = fit->plan->portable->features;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t bit = UINT64_C(1) << names[i].feature;

		if ((left & bit) && !skep_world_has(fit->world, names[i].feature))
			return refuse(fit, "skep doctor says what it can do", names[i].what);
		left &= ~bit;
	}
	for (unsigned i = 0; i < SKEP_WORLD_FEATURE_MAX; i++)
		if ((left >> i & 1) && !skep_world_has(fit->world, (enum skep_world_feature)i))
			return refuse(fit, "run the script itself: it does without where it can",
				      "the kernel is older than Linux 6.1, or built without "
				      "something that the script uses");
	return 0;
}

static void fit_room(struct skep_fit *fit, unsigned index)
{
	struct skep_spec_map *map = &fit->plan->spec->maps[index];

	if (map->type != SKEP_MAP_PERCPU_HASH)
		return;
	map->flags &= ~SKEP_MAP_NO_PREALLOC;
	if (!skep_plan_has_room(map, fit->world->n_cpus))
		map->flags |= SKEP_MAP_NO_PREALLOC;
}

static void fit_rooms(struct skep_fit *fit)
{
	for (size_t i = 0; i < fit->plan->n_maps; i++) {
		const struct skep_plan_map *m = &fit->plan->maps[i];

		if (!m->hasty)
			continue;
		fit_room(fit, m->spec_map);
		if (m->short_map_plus1)
			fit_room(fit, m->short_map_plus1 - 1);
	}
}

static void follow_process(struct skep_fit *fit)
{
	const struct skep_fit_options *o = fit->options;

	for (size_t i = 0; i < fit->plan->spec->n_attaches; i++) {
		struct skep_spec_attach *a = &fit->plan->spec->attaches[i];
		bool perf = a->kind == SKEP_ATTACH_PERF;

		if (perf || a->kind == SKEP_ATTACH_UPROBE || a->kind == SKEP_ATTACH_URETPROBE) {
			a->pid = o->pid ? o->pid : o->child;
			a->with_children = perf && !o->pid && o->child;
		} else if (a->kind == SKEP_ATTACH_ITER) {
			a->pid = o->pid;
		}
	}
}

int skep_plan_fit(struct skep_arena *arena, const struct skep_world *world,
		  const struct skep_fit_options *options, struct skep_diag *diag,
		  struct skep_plan *plan)
{
	struct skep_fit fit = {
		.arena = arena,
		.world = world,
		.options = options,
		.diag = diag,
		.plan = plan,
		.same_kernel = options->kernel && plan->portable->kernel &&
			       skep_streq(options->kernel, plan->portable->kernel),
		.dead = skep_arena_calloc(arena, plan->spec->n_progs, sizeof(bool)),
	};
	int r;

	r = check_machine(&fit);
	if (r == 0)
		r = check_features(&fit);
	if (r == 0)
		r = skep_fit_probes(&fit);
	if (r == 0 && !fit.same_kernel)
		r = skep_fit_attach_types(&fit);
	if (r == 0)
		r = skep_fit_needs(&fit);
	if (r < 0)
		return r;
	if (!fit.same_kernel)
		skep_fit_enums(&fit);
	plan->portable->pid_ns_dev = world->pid_ns_dev;
	plan->portable->pid_ns_ino = world->pid_ns_ino;
	fit_rooms(&fit);
	follow_process(&fit);
	return 0;
}
