/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes of a plan, looked for on this machine as a script's are: its heads are matched, and their targets take the place
 * of those in the plan.
 *
 *	kprobe, uprobe		all that is found, with this machine's way of attaching
 *	usdt			likewise, and each program has the places that keep arguments where it looks for them
 *	xdp, tc, cgroup		the interface or group of that name
 *	tracepoint and others	what the plan has, as far as it is here; of open patterns all
 */
#include <errno.h>
#include <string.h>

#include "lang/fit_priv.h"
#include "lang/match.h"

struct probe_name {
	const char *name, *func;
};

struct probes {
	struct skep_fit *fit;
	struct skep_compiler c; /* after matching: its instances */
	struct {
		SKEP_VEC(struct probe_name);
	} names;	       /* the plan's, and those that come to them */
	unsigned *known_plus1; /* by the name's number in c: what a pattern's target got in names */
};

/* --- looking ---------------------------------------------------------------------------------- */

static struct skep_loc loc_in_script(const struct skep_plan *plan, const char *text)
{
	for (size_t i = 0; i < plan->spec->n_attaches; i++)
		if (skep_streq(plan->spec->attaches[i].probe, text))
			return plan->spec->attaches[i].loc;
	return SKEP_NO_LOC;
}

static int look(struct probes *p, const struct skep_compile_options *options)
{
	const char *heads = p->fit->plan->portable->heads;
	struct skep_parse_options parse = {};
	struct skep_script *script;
	int r;

	if (!heads[0])
		return 0;
	p->c = (struct skep_compiler){
		.arena = p->fit->arena,
		.world = p->fit->world,
		.options = options,
		.types = { .arena = p->fit->arena, .btf = p->fit->world->btf },
		.config = p->fit->plan->config,
	};
	r = skep_parse(p->fit->arena, heads, strlen(heads), &parse, p->fit->diag, &script);
	if (r < 0)
		return r;
	for (size_t i = 0; i < script->n_probes; i++) {
		struct skep_probe_node *probe = script->probes[i];

		for (size_t k = 0; k < probe->n_points; k++)
			probe->points[k].loc = loc_in_script(p->fit->plan, probe->points[k].text);
	}
	p->c.script = script;
	p->c.diag = p->fit->diag;
	r = skep_match_all(&p->c);
	p->known_plus1 =
		skep_arena_calloc(p->fit->arena, p->c.probe_names.len, sizeof(*p->known_plus1));
	return r;
}

static bool same(const char *a, const char *b)
{
	return a && b ? skep_streq(a, b) : !a && !b;
}

/* Instances of the first point with this text whose targets are like that, one after the other. */
static const struct skep_instance *next_instance(const struct probes *p, const char *text,
						 const char *made_for, size_t *at)
{
	const struct skep_attach_point *point = NULL;
	size_t i;

	for (i = 0; i < p->c.instances.len; i++) {
		const struct skep_instance *inst = p->c.instances.data[i];

		if (!skep_streq(inst->point->text, text) || !same(inst->made_for, made_for))
			continue;
		point = point ? point : inst->point;
		if (inst->point == point && i >= *at) {
			*at = i + 1;
			return inst;
		}
	}
	return NULL;
}

#define FOR_EACH_MATCH(p, text, made_for, inst, m)                       \
	for (size_t at_ = 0, once_ = 1; once_; once_ = 0)                \
		for (const struct skep_instance *inst;                   \
		     (inst = next_instance(p, text, made_for, &at_));)   \
			for (const struct skep_match *m = inst->matches; \
			     m < inst->matches + inst->n_matches; m++)

static bool is_here(const struct probes *p, const char *text, const char *name)
{
	FOR_EACH_MATCH(p, text, NULL, inst, m)
	if (skep_streq(m->name, name))
		return true;
	return false;
}

/* --- functions -------------------------------------------------------------------------------- */

/* The place of the next target's name: the one that code has as a constant, or that of the pattern, or a new one. */
static unsigned take_name(struct probes *p, const struct skep_plan_origin *origin, size_t i,
			  const struct skep_match *m)
{
	struct probe_name name = { m->name, skep_match_func(m) };
	unsigned *known_plus1 = &p->known_plus1[m->probe_index];

	if (origin->n_names && (!origin->open || (i == 0 && !origin->made_for))) {
		p->names.data[origin->names[0]] = name;
		*known_plus1 = origin->names[0] + 1;
		return origin->names[0];
	}
	if (*known_plus1)
		return *known_plus1 - 1;
	skep_vec_add(&p->names, name);
	*known_plus1 = (unsigned)p->names.len;
	return (unsigned)p->names.len - 1;
}

static int other_kind(struct probes *p, const struct skep_spec_attach *a)
{
	skep_diag_error(p->fit->diag, a->loc,
			"not supported ahead of time: returns of Go functions");
	skep_diag_hint(p->fit->diag, "run the script itself");
	return -ENOTSUP;
}

static int take_functions(struct probes *p, struct skep_spec_attach *a,
			  const struct skep_plan_origin *origin)
{
	size_t n = 0, i = 0;

	FOR_EACH_MATCH(p, a->probe, origin->made_for, inst, m)
	n++;
	a->targets = skep_arena_calloc(p->fit->arena, n, sizeof(*a->targets));
	a->n_targets = n;
	FOR_EACH_MATCH(p, a->probe, origin->made_for, inst, m)
	{
		if (inst->attach.kind != a->kind)
			return other_kind(p, a);
		p->fit->plan->spec->progs[a->prog].attach_type = inst->proto.attach_type;
		a->targets[i] = m->target;
		a->targets[i].cookie = take_name(p, origin, i, m);
		i++;
	}
	return 0;
}

/* --- places that are acted on ------------------------------------------------------------------ */

static void take_places(struct probes *p, struct skep_spec_attach *a,
			const struct skep_plan_origin *origin)
{
	size_t n = 0;

	FOR_EACH_MATCH(p, a->probe, origin->made_for, inst, m)
	n++;
	a->targets = skep_arena_calloc(p->fit->arena, n, sizeof(*a->targets));
	a->n_targets = 0;
	FOR_EACH_MATCH(p, a->probe, origin->made_for, inst, m)
	a->targets[a->n_targets++] = m->target;
}

/* --- events ----------------------------------------------------------------------------------- */

/* Whether some record of the plan has this event of the pattern. */
static bool is_in_plan(const struct probes *p, const char *text, const char *name)
{
	const struct skep_plan *plan = p->fit->plan;

	for (size_t i = 0; i < plan->spec->n_attaches; i++) {
		const struct skep_plan_origin *o = &plan->portable->origins[i];

		if (!skep_streq(plan->spec->attaches[i].probe, text))
			continue;
		for (size_t k = 0; k < o->n_names; k++)
			if (skep_streq(plan->probe_names[o->names[k]], name))
				return true;
	}
	return false;
}

static void tell_left_out(struct probes *p, const struct skep_spec_attach *a, size_t n,
			  const char *first)
{
	if (!n)
		return;
	skep_diag_warn(p->fit->diag, a->loc,
		       "%zu probe%s of this pattern left out: %s%s not there when the script was "
		       "compiled",
		       n, n == 1 ? " is" : "s are", first, n == 1 ? " was" : " and others were");
	skep_diag_hint(p->fit->diag, "compile the script on this kernel, or run it as it is");
}

/* A target for an event that was not there when the script was compiled; false: the program cannot serve it. */
static bool new_event(struct probes *p, const struct skep_spec_attach *a, const char *name,
		      struct skep_attach_target *ret_target)
{
	const struct skep_world *w = p->fit->world;
	struct skep_arena *arena = p->fit->arena;
	const char *category = strchr(name, ':'), *event = strrchr(name, ':');
	const char *path;
	uint32_t id;

	if (!category || event == category)
		return false;
	path = skep_arena_printf(arena, "%.*s/%s", (int)(event - category - 1), category + 1,
				 event + 1);
	*ret_target = (struct skep_attach_target){ .name = path, .optional = true };
	if (a->kind == SKEP_ATTACH_TP) {
		skep_vec_add(&p->names, (struct probe_name){ .name = name });
		ret_target->cookie = p->names.len - 1;
		return true;
	}
	ret_target->name = event + 1;
	return w->btf &&
	       skep_btf_find(w->btf, skep_arena_printf(arena, "btf_trace_%s", event + 1),
			     SKEP_BTF_TYPEDEF, &id) == 0 &&
	       !(w->tracepoint_is_made && w->tracepoint_is_made(w, path));
}

/* Of an open pattern what is new here, behind what the plan has. @first: the first record of its probe. */
static void take_new_events(struct probes *p, struct skep_spec_attach *a,
			    const struct skep_plan_origin *origin, bool first)
{
	const char *left_out = NULL;
	struct skep_attach_target t;
	size_t n = 0, room = a->n_targets;

	FOR_EACH_MATCH(p, a->probe, origin->made_for, inst, m)
	room++;
	if (origin->open) {
		struct skep_attach_target *more =
			skep_arena_calloc(p->fit->arena, room, sizeof(*more));

		memcpy(more, a->targets, a->n_targets * sizeof(*more));
		a->targets = more;
	}
	FOR_EACH_MATCH(p, a->probe, origin->made_for, inst, m)
	{
		if (is_in_plan(p, a->probe, m->name))
			continue;
		if (origin->open && new_event(p, a, m->name, &t)) {
			a->targets[a->n_targets++] = t;
			continue;
		}
		left_out = left_out ? left_out : m->name;
		n++;
	}
	if (first)
		tell_left_out(p, a, n, left_out);
}

static void take_events(struct probes *p, struct skep_spec_attach *a,
			const struct skep_plan_origin *origin, bool first)
{
	const char *const *names = p->fit->plan->probe_names;
	size_t n = 0;

	/* One target, and its program tells the events apart: system calls. */
	if (origin->n_names != a->n_targets) {
		bool any = false;

		for (size_t i = 0; i < origin->n_names; i++)
			any |= is_here(p, a->probe, names[origin->names[i]]);
		a->n_targets = any ? a->n_targets : 0;
	} else {
		for (size_t i = 0; i < origin->n_names; i++)
			if (is_here(p, a->probe, names[origin->names[i]]))
				a->targets[n++] = a->targets[i];
		a->n_targets = n;
	}
	take_new_events(p, a, origin, first);
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_first(const struct skep_plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (skep_streq(plan->spec->attaches[i].probe, plan->spec->attaches[index].probe))
			return false;
	return true;
}

static int take(struct probes *p, size_t index)
{
	struct skep_plan *plan = p->fit->plan;
	struct skep_spec_attach *a = &plan->spec->attaches[index];
	const struct skep_plan_origin *origin = &plan->portable->origins[index];

	switch (a->kind) {
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
	case SKEP_ATTACH_UPROBE:
	case SKEP_ATTACH_URETPROBE:
		return take_functions(p, a, origin);
	case SKEP_ATTACH_XDP:
	case SKEP_ATTACH_TC_INGRESS:
	case SKEP_ATTACH_TC_EGRESS:
	case SKEP_ATTACH_CGROUP:
		take_places(p, a, origin);
		return 0;
	case SKEP_ATTACH_TP:
	case SKEP_ATTACH_RAW_TP:
	case SKEP_ATTACH_TRACING:
		take_events(p, a, origin, is_first(plan, index));
		return 0;
	default:
		return 0;
	}
}

/* The first record of a probe whose program is for such targets, else any record of it. */
static size_t record_for(const struct skep_plan *plan, const struct skep_instance *inst)
{
	size_t any = plan->spec->n_attaches;

	for (size_t i = 0; i < plan->spec->n_attaches; i++) {
		if (!skep_streq(plan->spec->attaches[i].probe, inst->point->text))
			continue;
		if (same(plan->portable->origins[i].made_for, inst->made_for))
			return i;
		if (any == plan->spec->n_attaches || !plan->portable->origins[any].made_for)
			any = i;
	}
	return any;
}

/* What is here and no program was made for would be missed in silence. */
static int check_made_for(const struct probes *p)
{
	const struct skep_plan *plan = p->fit->plan;

	for (size_t i = 0; i < p->c.instances.len; i++) {
		const struct skep_instance *inst = p->c.instances.data[i];
		size_t k = inst->made_for ? record_for(plan, inst) : plan->spec->n_attaches;

		if (k == plan->spec->n_attaches || !plan->portable->origins[k].made_for ||
		    same(plan->portable->origins[k].made_for, inst->made_for))
			continue;
		skep_diag_error(p->fit->diag, plan->spec->attaches[k].loc,
				inst->attach.kind == SKEP_ATTACH_UPROBE
					? "this binary keeps arguments elsewhere: %s; the code was "
					  "made for %s"
					: "this interface has %s; the code was made for %s",
				inst->made_for, plan->portable->origins[k].made_for);
		skep_diag_hint(p->fit->diag, "run the script itself, or compile it here");
		return -ENOTSUP;
	}
	return 0;
}

/* Records without targets go, and their programs are not loaded: nobody calls a function that is no program. */
static void drop_empty(struct skep_fit *fit)
{
	struct skep_plan *plan = fit->plan;
	struct skep_spec *spec = plan->spec;
	size_t n = 0;

	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (a->n_targets || a->kind == SKEP_ATTACH_USER || a->kind == SKEP_ATTACH_PERF) {
			plan->portable->origins[n] = plan->portable->origins[i];
			spec->attaches[n++] = *a;
			continue;
		}
		fit->dead[a->prog] = true;
		spec->progs[a->prog].type = 0;
	}
	spec->n_attaches = plan->portable->n_origins = n;
}

static void give_names(struct probes *p)
{
	struct skep_plan *plan = p->fit->plan;
	size_t n = p->names.len;

	plan->probe_names = skep_arena_calloc(p->fit->arena, n, sizeof(*plan->probe_names));
	plan->probe_funcs = skep_arena_calloc(p->fit->arena, n, sizeof(*plan->probe_funcs));
	for (size_t i = 0; i < n; i++) {
		plan->probe_names[i] = p->names.data[i].name;
		plan->probe_funcs[i] = p->names.data[i].func;
	}
	plan->n_probe_names = n;
}

static void fini(struct probes *p)
{
	skep_vec_fini(&p->names);
	skep_vec_fini(&p->c.instances);
	skep_vec_fini(&p->c.probe_names);
	skep_hash_fini(&p->c.probe_index);
	skep_hash_fini(&p->c.near_functions);
}

int skep_fit_probes(struct skep_fit *fit)
{
	struct skep_plan *plan = fit->plan;
	struct skep_compile_options options = {
		.pid = fit->options->pid,
		.child = fit->options->child,
		.unsafe = fit->options->unsafe,
	};
	struct probes p = { .fit = fit };
	int r;

	for (size_t i = 0; i < plan->n_probe_names; i++)
		skep_vec_add(&p.names,
			     (struct probe_name){
				     .name = plan->probe_names[i],
				     .func = plan->probe_funcs ? plan->probe_funcs[i] : NULL,
			     });
	r = look(&p, &options);
	if (r == 0)
		r = check_made_for(&p);
	for (size_t i = 0; i < plan->spec->n_attaches && r == 0; i++)
		r = take(&p, i);
	if (r == 0) {
		give_names(&p);
		drop_empty(fit);
	}
	fini(&p);
	return r;
}
