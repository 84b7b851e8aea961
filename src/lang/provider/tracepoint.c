/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracepoint:category:event, by the cheapest way that shows the same:
 *
 *	syscalls	the raw system call events (syscalls.h)
 *	plain		the raw tracepoint of the same name, when the body wants no more than to
 *			know that it was passed
 *	perf		all else: the program's context is the event's record
 *
 * A raw tracepoint is left in a fraction of a millisecond, an event of perf in 65 to 90.
 */
#include "lang/tracepoint.h"

#include <errno.h>
#include <string.h>

#include "isa/progkind.h"
#include "lang/lower_priv.h"
#include "lang/provider/syscalls.h"

extern const struct skep_provider skep_provider_tracepoint;

static unsigned flavour_of(const struct skep_instance *inst)
{
	return inst->flavour & SKEP_TRACEPOINT_FLAVOUR;
}

static bool is_syscall(const struct skep_instance *inst)
{
	return flavour_of(inst) == SKEP_TRACEPOINT_RAW || flavour_of(inst) == SKEP_TRACEPOINT_BTF;
}

/* One event that matches. */
struct event {
	const char *path; /* "syscalls/sys_enter_read" */
	char *category;
	const char *name;
	const struct skep_struct *args; /* when the body uses args */
};

static void split_path(struct skep_arena *arena, const char *path, struct event *ret_event)
{
	const char *slash = strchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : strlen(path);

	*ret_event = (struct event){
		.path = path,
		.category = skep_arena_strndup(arena, path, len),
		.name = slash ? slash + 1 : "",
	};
}

static int with_origin(struct skep_compiler *c, struct event *event)
{
	struct skep_struct copy = *event->args;

	copy.origin = skep_arena_printf(c->arena, "tracepoint %s", event->path);
	event->args = skep_arena_memdup(c->arena, &copy, sizeof(copy));
	return 0;
}

static int load_format(struct skep_compiler *c, const struct skep_attach_point *point,
		       struct event *event)
{
	const struct skep_world *w = c->world;
	enum skep_space space =
		skep_streq(event->category, "syscalls") ? SKEP_SPACE_USER : SKEP_SPACE_KERNEL;
	const char *text;
	int r = w->tracepoint_format ? w->tracepoint_format(w, event->category, event->name, &text)
				     : -ENOENT;

	if (r < 0) {
		skep_diag_error(c->diag, point->loc, "cannot read the format of tracepoint %s:%s",
				event->category, event->name);
		skep_diag_hint(c->diag, "its arguments are described in tracefs, which root may "
					"read: is it mounted at /sys/kernel/tracing?");
		return -EINVAL;
	}
	r = skep_tracepoint_parse(&c->types, event->name, text, space, c->diag, &event->args);
	if (r < 0 || !c->types.needs)
		return r;
	return with_origin(c, event);
}

/* One attach point while it is matched. */
struct search {
	struct skep_compiler *c;
	struct skep_probe_node *probe;
	const struct skep_attach_point *point;
	struct skep_used_args used;
	bool uses_args, uses_ctx, uses_kstack, uses_stack, needs_probe;
};

/*
 * Whether the raw tracepoint of this name is this event's: not when somebody made the event at run
 * time and borrowed the name.
 */
static bool is_plain(const struct search *s, const struct event *event)
{
	const struct skep_world *w = s->c->world;
	uint32_t id;

	/* Those of a pattern that must tell themselves apart need cookies, which older kernels have for events of perf only. */
	if (s->c->types.needs && s->needs_probe && skep_match_is_glob(s->point->text))
		return false;
	return !s->uses_args && !s->uses_ctx && !s->uses_stack && w->btf &&
	       skep_world_has(w, SKEP_WORLD_RAW_TP) &&
	       skep_btf_find(w->btf, skep_arena_printf(s->c->arena, "btf_trace_%s", event->name),
			     SKEP_BTF_TYPEDEF, &id) == 0 &&
	       !(w->tracepoint_is_made && w->tracepoint_is_made(w, event->path));
}

static void setup(struct skep_compiler *c, struct skep_instance *inst)
{
	switch (flavour_of(inst)) {
	case SKEP_TRACEPOINT_PERF:
		inst->proto.type = SKEP_PROG_TRACEPOINT;
		inst->attach.kind = SKEP_ATTACH_TP;
		break;
	case SKEP_TRACEPOINT_PLAIN:
		inst->proto.type = SKEP_PROG_RAW_TRACEPOINT;
		inst->attach.kind = SKEP_ATTACH_RAW_TP;
		inst->interruptible = true;
		break;
	default:
		skep_syscalls_setup(c, inst);
	}
}

/*
 * Whether the kernel's own stack can be had at a perf tracepoint of a system call. Older kernels hand the registers of
 * user space over there, and the stack is empty (seen on 6.1); newer ones their own (seen on 6.18, and taken for granted
 * from the enumerator on that came in between).
 */
static bool perf_has_kstack(const struct skep_world *w)
{
	struct skep_btf_enumerator enumerator;
	uint32_t id;

	return w->btf &&
	       skep_btf_find_enumerator(w->btf, "BPF_TRACE_UPROBE_SESSION", &id, &enumerator) == 0;
}

/*
 * Whether the choice between perf's events and the raw ones is a question of cost alone. Older kernels do not count what
 * perf's programs miss, and their verifiers do not follow sizes in its records (seen on 6.1; not on 6.12, which has
 * cookies of raw tracepoints).
 */
static bool is_free_to_choose(const struct skep_world *w)
{
	return skep_world_has(w, SKEP_WORLD_RAW_TP_COOKIE);
}

/* Attach points of the script that name one side of one system call. */
static size_t named_calls(const struct skep_script *script)
{
	size_t n = 0;

	for (size_t i = 0; i < script->n_probes; i++)
		for (size_t k = 0; k < script->probes[i]->n_points; k++) {
			const struct skep_attach_point *p = &script->probes[i]->points[k];

			n += p->n_parts == 3 && skep_streq(p->parts[1], "syscalls") &&
			     !skep_match_is_glob(p->text);
		}
	return n;
}

/*
 * A program on the raw event runs at every system call of the machine, if only to leave: 27 ns, where perf takes 7 for
 * any number of programs (6.18). At the calls themselves it is cheaper by 20, and it is gone at once in the end. So
 * the two sides of one call have it; six of them would make every other call slower by 160 ns.
 */
static bool is_crowd(const struct search *s)
{
	return named_calls(s->c->script) > 2 && !s->c->types.needs &&
	       is_free_to_choose(s->c->world) && !skep_match_is_glob(s->point->text) &&
	       !s->uses_kstack && skep_world_has(s->c->world, SKEP_WORLD_TRACEFS);
}

/*
 * Whether it is raw_syscalls:sys_enter or sys_exit, with fields that the raw event has too. All calls are wanted, so the
 * cheapest program wins: it has one match without a number.
 */
static bool is_any_call(const struct search *s, const struct event *event, bool *ret_exit)
{
	*ret_exit = skep_streq(event->name, "sys_exit");
	return skep_streq(event->category, "raw_syscalls") && s->uses_args && !s->uses_ctx &&
	       is_free_to_choose(s->c->world) && !s->uses_stack && !s->c->types.needs &&
	       !skep_match_is_glob(s->point->text) &&
	       (*ret_exit || skep_streq(event->name, "sys_enter")) &&
	       skep_syscalls_can(event->args, *ret_exit, &s->used);
}

static unsigned choose_flavour(const struct search *s, const struct event *event, int *ret_number)
{
	bool is_exit = false;
	unsigned flavour;

	*ret_number = -1;
	if (is_any_call(s, event, &is_exit)) {
		flavour = skep_syscalls_flavour(s->c);
		return flavour != SKEP_TRACEPOINT_PERF && is_exit ? flavour | SKEP_TRACEPOINT_EXIT
								  : flavour;
	}
	if (!skep_streq(event->category, "syscalls"))
		return is_plain(s, event) ? SKEP_TRACEPOINT_PLAIN : SKEP_TRACEPOINT_PERF;
	*ret_number = skep_syscalls_number(event->name, &is_exit);
	/*
	 * Before the raw event's program stand frames of its own and of the kernel's call of it: walking them costs more
	 * than perf's way to the program. Of hundreds of calls, being attached at once is worth more.
	 */
	if (*ret_number < 0 || s->uses_ctx ||
	    (s->uses_kstack && !skep_match_is_glob(s->point->text) &&
	     perf_has_kstack(s->c->world)) ||
	    (s->uses_args && !skep_syscalls_can(event->args, is_exit, &s->used)) || is_crowd(s))
		return SKEP_TRACEPOINT_PERF;
	flavour = skep_syscalls_flavour(s->c);
	return flavour != SKEP_TRACEPOINT_PERF && is_exit ? flavour | SKEP_TRACEPOINT_EXIT
							  : flavour;
}

/* Whether a program of this flavour that serves several events can tell which of them fired. */
static bool has_cookie(const struct skep_world *w, unsigned flavour)
{
	switch (flavour) {
	case SKEP_TRACEPOINT_PERF:
		return skep_world_has(w, SKEP_WORLD_COOKIE);
	case SKEP_TRACEPOINT_PLAIN:
		return skep_world_has(w, SKEP_WORLD_RAW_TP_COOKIE);
	default:
		return true; /* the number of the system call does it */
	}
}

/* What one program can serve together has the same flavour and signature. */
static int add_event(const struct search *s, struct event *event)
{
	struct skep_compiler *c = s->c;
	const char *signature = "";
	struct skep_instance *inst;
	struct skep_match *m;
	unsigned flavour;
	int number;

	bool glob = skep_match_is_glob(s->point->text);

	if (s->uses_args) {
		int r = load_format(c, s->point, event);

		if (r < 0)
			return r;
		signature = skep_match_signature(c, event->args, &s->used);
	}
	flavour = choose_flavour(s, event, &number);
	if (s->needs_probe && !has_cookie(c->world, flavour))
		signature = event->path;
	/* On other machines two records that look the same here may differ. */
	if (c->types.needs && s->uses_args && flavour == SKEP_TRACEPOINT_PERF)
		signature = event->path;
	inst = skep_match_group(c, s->probe, s->point, &skep_provider_tracepoint, flavour,
				signature);
	if (!inst->n_matches) {
		inst->args = event->args;
		inst->can_wait = skep_streq(event->category, "syscalls");
		inst->open = c->types.needs && glob && !s->uses_args &&
			     (flavour == SKEP_TRACEPOINT_PERF ||
			      (flavour == SKEP_TRACEPOINT_PLAIN && !s->needs_probe));
		inst->args_space = inst->can_wait ? SKEP_SPACE_USER : SKEP_SPACE_KERNEL;
		setup(c, inst);
	}
	m = skep_instance_add(c, inst,
			      skep_arena_printf(c->arena, "tracepoint:%s:%s", event->category,
						event->name));
	m->number = number;
	m->target.optional = glob;
	m->target.name = flavour == SKEP_TRACEPOINT_PLAIN ? event->name : event->path;
	if (!has_cookie(c->world, flavour))
		m->target.cookie = 0;
	return 0;
}

static int missing(struct skep_compiler *c, const struct skep_attach_point *point, int error)
{
	const struct skep_world *w = c->world;
	struct skep_names names = { .arena = c->arena };
	struct skep_nearest near = {
		.wanted = skep_arena_printf(c->arena, "%s:%s", point->parts[1], point->parts[2]),
	};
	int r;

	if (error == -ENODATA)
		return skep_match_unable(c, point,
					 "name the events; tracefs, which root may read, tells "
					 "those of a category",
					 "the kernel's types do not tell which tracepoints match "
					 "%s",
					 near.wanted);
	if (w->each_tracepoint)
		(void)!w->each_tracepoint(w, "*", skep_names_add, &names);
	/* Who may not list them all may know those of a category. */
	if (w->each_tracepoint && !names.len)
		(void)!w->each_tracepoint(w, skep_arena_printf(c->arena, "%s/*", point->parts[1]),
					  skep_names_add, &names);
	for (size_t i = 0; i < names.len; i++) {
		char *name = skep_arena_strdup(c->arena, names.data[i]), *slash = strchr(name, '/');

		if (!slash)
			continue;
		/* The event alone, too: the category may be what is wrong. */
		if (skep_streq(slash + 1, point->parts[2])) {
			*slash = ':';
			free(near.n == SKEP_NEAREST_MAX ? near.best[--near.n].name : NULL);
			skep_nearest_add(&near, name);
			continue;
		}
		*slash = ':';
		skep_nearest_add(&near, name);
	}
	if (!names.len)
		r = skep_match_unable(c, point,
				      "tracepoints are listed in tracefs, which root may read: is "
				      "it mounted at /sys/kernel/tracing?",
				      "no tracepoints can be seen on this machine");
	else
		r = skep_match_missing(c, point, &near,
				       skep_match_is_glob(near.wanted)
					       ? "no tracepoint matches %s"
					       : "there is no tracepoint %s",
				       near.wanted);
	skep_nearest_fini(&near);
	skep_vec_fini(&names);
	return r;
}

static int tracepoint_match(struct skep_compiler *c, struct skep_probe_node *probe,
			    const struct skep_attach_point *point)
{
	const struct skep_world *w = c->world;
	struct skep_names names = { .arena = c->arena };
	struct search s = {
		.c = c,
		.probe = probe,
		.point = point,
		.uses_ctx = skep_probe_uses(probe, "ctx"),
		.uses_kstack = skep_probe_uses(probe, "kstack"),
		.uses_stack = skep_probe_uses(probe, "kstack") ||
			      skep_probe_uses(probe, "ustack") ||
			      skep_probe_uses(probe, "dw_ustack"),
		.needs_probe = skep_match_needs_probe(c, probe),
	};
	int r = 0;

	if (w->each_tracepoint)
		r = w->each_tracepoint(
			w, skep_arena_printf(c->arena, "%s/%s", point->parts[1], point->parts[2]),
			skep_names_add, &names);
	if (r < 0 || !names.len) {
		skep_vec_fini(&names);
		return missing(c, point, r);
	}
	skep_match_used_args(probe, &s.used);
	s.uses_args = s.used.n || s.used.whole;
	r = skep_match_room(c, point, names.len);
	for (size_t i = 0; i < names.len && r >= 0; i++) {
		struct event event;

		split_path(c->arena, names.data[i], &event);
		r = add_event(&s, &event);
	}
	skep_vec_fini(&names);
	return r < 0 ? r : 0;
}

static void tracepoint_prologue(struct skep_lower *l)
{
	if (is_syscall(l->inst))
		skep_syscalls_prologue(l);
	else
		skep_provider_pid_filter(l);
}

/*
 * The record is the context, but for its first 8 bytes, which the kernel keeps to itself: of them
 * only common_pid is of use, and that is who runs. A text of variable length stands where the u32
 * in the record says.
 */
static int tracepoint_lower_args(struct skep_lower *l, const struct skep_expr *expr,
				 const struct skep_field *field, struct skep_value *ret_value)
{
	struct skep_val *ctx, *place, *at;
	int off = 0;

	if (skep_streq(field->name, "common_pid")) {
		*ret_value =
			(struct skep_value){ .type = field->type, .val = skep_lower_init_tid(l) };
		return 0;
	}
	if (is_syscall(l->inst))
		return skep_syscalls_lower_args(l, expr, field, ret_value);
	ctx = skep_ir_ctx(l->fn);
	place = skep_lower_member(l, ctx, &off, field);
	/* How bytes are aligned in the record of another machine is not known: they are read with a helper. */
	if (!field->data_loc && !field->rel_loc)
		return skep_lower_load(l, field->type, place, off,
				       l->c->types.needs && !skep_type_is_scalar(field->type)
					       ? SKEP_SPACE_KERNEL
					       : SKEP_SPACE_CTX,
				       ret_value);
	at = skep_ir_load(l->fn, place, off, 4, SKEP_LOAD_PURE);
	at = skep_ir_opi(l->fn, SKEP_OP_AND, at, 0xffff);
	if (field->rel_loc)
		ctx = skep_lower_at(l, place, off + 4);
	*ret_value = (struct skep_value){
		.type = field->type,
		.val = skep_ir_op(l->fn, SKEP_OP_ADD, ctx, at),
		.space = SKEP_SPACE_KERNEL,
	};
	return 0;
}

static struct skep_val *tracepoint_lower_probe(struct skep_lower *l)
{
	if (l->inst->n_matches == 1 && !l->inst->open)
		return skep_ir_const(l->fn, l->inst->matches[0].probe_index);
	if (is_syscall(l->inst))
		return skep_syscalls_lower_probe(l);
	return skep_provider_cookie(l);
}

struct listing {
	const struct skep_world *world;
	struct skep_arena *arena;
	bool verbose;
	struct skep_str *out;
};

static int list_event(void *data, const char *path)
{
	struct listing *l = data;
	struct event event;
	const char *text;

	split_path(l->arena, path, &event);
	skep_str_addf(l->out, "tracepoint:%s:%s\n", event.category, event.name);
	if (!l->verbose || !l->world->tracepoint_format ||
	    l->world->tracepoint_format(l->world, event.category, event.name, &text) < 0)
		return 0;
	skep_tracepoint_list(text, l->out);
	return 0;
}

static int tracepoint_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			   bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct listing l = { .world = world, .arena = arena, .verbose = verbose, .out = out };
	const char *category = pattern->n_parts > 1 ? pattern->parts[1] : "*";
	const char *event = pattern->n_parts > 2 ? pattern->parts[2] : "*";

	if (!world->each_tracepoint)
		return 0;
	return world->each_tracepoint(world, skep_arena_printf(arena, "%s/%s", category, event),
				      list_event, &l);
}

static const char *const aliases[] = { "t", NULL };

const struct skep_provider skep_provider_tracepoint = {
	.name = "tracepoint",
	.aliases = aliases,
	.usage = "tracepoint:category:event, such as tracepoint:syscalls:sys_enter_openat",
	.min_parts = 3,
	.max_parts = 3,
	.match = tracepoint_match,
	.prologue = tracepoint_prologue,
	.lower_args = tracepoint_lower_args,
	.lower_probe = tracepoint_lower_probe,
	.list = tracepoint_list,
};
