/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt: the static probes that a program's author left in it. Each place of a probe is a uprobe on
 * its nop; its note says in which registers or where in memory the arguments are. Places that keep
 * them alike share a program, and all do when the body does not ask for arguments.
 */
#include <errno.h>
#include <string.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/provider/function.h"
#include "obj/usdt.h"

extern const struct skep_provider skep_provider_usdt;

struct search {
	struct skep_compiler *c;
	struct skep_probe_node *probe;
	const struct skep_attach_point *point;
	const char *provider, *name; /* patterns */
	unsigned used;		     /* bits of the arguments that the body asks for */
	bool glob, multi, by_name;
	size_t found, beyond;
};

/* Where an argument is kept, much as the assembler has it; a symbol by its distance from the probe. */
static void describe(const struct skep_world_usdt *p, unsigned n, struct skep_str *out)
{
	const struct skep_usdt_arg *arg = &p->args[n];

	skep_str_addf(out, "%sarg%u ", out->len ? ", " : "", n);
	if (n >= p->n_args || arg->kind == SKEP_USDT_UNKNOWN) {
		skep_str_add(out, n >= p->n_args ? "nowhere" : "unknown");
		return;
	}
	skep_str_addf(out, "%s%u@", arg->is_signed ? "-" : "", arg->size);
	switch (arg->kind) {
	case SKEP_USDT_CONST:
		skep_str_addf(out, "$%lld", (long long)arg->value);
		break;
	case SKEP_USDT_REG:
		skep_str_addf(out, "%%%s", arg->base);
		if (arg->shift)
			skep_str_addf(out, ">>%u", arg->shift);
		break;
	case SKEP_USDT_LINKED:
		skep_str_addf(out, "%lld(%%ip)", (long long)((uint64_t)arg->value - p->address));
		break;
	default:
		skep_str_addf(out, "%lld(%s", (long long)arg->value, arg->base ? "%" : "");
		skep_str_add(out, arg->base ? arg->base : "");
		if (arg->index)
			skep_str_addf(out, ",%%%s,%u", arg->index, arg->scale);
		skep_str_add(out, ")");
	}
}

/* Where the arguments are that the body asks for; NULL: it asks for none. */
static const char *places(struct search *s, const struct skep_world_usdt *p)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	for (unsigned n = 0; n < SKEP_USDT_ARGS_MAX; n++)
		if (s->used >> n & 1)
			describe(p, n, &out);
	return out.len ? skep_arena_strdup(s->c->arena, out.data) : NULL;
}

/* Places that keep alike what the body asks for share a program. */
static struct skep_instance *instance_for(struct search *s, const struct skep_world_usdt *p,
					  const char *name)
{
	const char *made_for = places(s, p);
	const char *signature = skep_arena_printf(s->c->arena, "%s|%s", s->by_name ? name : "",
						  made_for ? made_for : "");
	struct skep_instance *inst =
		skep_match_group(s->c, s->probe, s->point, &skep_provider_usdt, 0, signature);

	if (inst->n_matches)
		return inst;
	inst->made_for = made_for;
	inst->open = s->c->types.needs && s->glob;
	inst->args_space = SKEP_SPACE_USER;
	inst->preemptible = true;
	inst->can_wait = true;
	inst->proto.type = SKEP_PROG_KPROBE;
	if (s->multi)
		inst->proto.attach_type = SKEP_ATTACH_TYPE_UPROBE_MULTI;
	inst->attach.kind = SKEP_ATTACH_UPROBE;
	skep_instance_follow(s->c, inst);
	inst->own = skep_arena_memdup(s->c->arena, p, sizeof(*p));
	return inst;
}

static int on_probe(void *data, const struct skep_world_usdt *p)
{
	struct search *s = data;
	struct skep_arena *arena = s->c->arena;
	const char *name;
	struct skep_match *m;

	/* Past the limit only how many there are is of interest. */
	if (s->found > s->c->config.max_probes) {
		s->beyond++;
		return 0;
	}
	name = skep_arena_printf(arena, "usdt:%s:%s:%s", p->binary, p->provider, p->name);
	m = skep_instance_add(s->c, instance_for(s, p, name), name);
	m->func = skep_arena_strdup(arena, p->name);
	m->target.name = skep_arena_strdup(arena, p->binary);
	m->target.symbol = m->func;
	m->target.offset = p->offset;
	m->target.semaphore = p->semaphore;
	m->target.optional = s->glob;
	s->found++;
	return 0;
}

/* The world says what is wrong with the binary, but not where in the script. */
static int no_binary(struct search *s, int error, const struct skep_diag *said)
{
	const char *binary = s->point->parts[1];
	int missing_probes = error == -ENOENT ? s->c->config.missing_probes : 0;
	enum skep_diag_level level = missing_probes ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR;

	s->c->left_out |= missing_probes != 0;
	if (missing_probes == 2)
		return 0;
	for (size_t i = 0; i < said->n_items; i++) {
		skep_diag_add(s->c->diag, level, s->point->loc, "%s", said->items[i].what);
		if (said->items[i].hint)
			skep_diag_hint(s->c->diag, "%s", said->items[i].hint);
	}
	if (!said->n_items) {
		skep_diag_add(s->c->diag, level, s->point->loc,
			      "cannot read the program or library %s", binary);
		skep_diag_hint(s->c->diag, "give its path, such as /usr/bin/python3, or a "
					   "library's name, such as libc");
	}
	if (s->c->types.needs)
		skep_diag_hint(s->c->diag, "its arguments are read where this machine's binary has "
					   "them: compile the script where it is");
	return missing_probes ? 0 : -EINVAL;
}

static int stop_at_first(void *data, const struct skep_world_usdt *p)
{
	*(bool *)data = true;
	return -EEXIST;
}

/* Whether a binary has any static probe: most were built without. */
static bool has_any(const struct skep_world *w, const char *binary, int pid)
{
	bool any = false;

	(void)!w->each_usdt(w, binary, pid, "*", "*", NULL, stop_at_first, &any);
	return any;
}

static int collect_name(void *data, const struct skep_world_usdt *p)
{
	skep_nearest_add(data, p->name);
	return 0;
}

static int no_probe(struct search *s)
{
	const struct skep_world *w = s->c->world;
	const char *binary = s->point->parts[1];
	struct skep_nearest near = { .wanted = s->name };
	int r;

	(void)!w->each_usdt(w, binary, skep_match_files_of(s->c), "*", "*", NULL, collect_name,
			    &near);
	if (s->point->n_parts == 4)
		r = skep_match_missing(s->c, s->point, &near, "%s has no static probe %s:%s",
				       binary, s->provider, s->name);
	else
		r = skep_match_missing(s->c, s->point, &near, "%s has no static probe %s", binary,
				       s->name);
	if (!near.n && s->c->config.missing_probes != 2)
		skep_diag_hint(s->c->diag,
			       has_any(w, binary, skep_match_files_of(s->c))
				       ? "list what there is: skep trace -l 'usdt:%s:*'; a uprobe "
					 "on a function works without them"
				       : "%s has none at all; a uprobe on a function works without "
					 "them",
			       binary);
	skep_nearest_fini(&near);
	return r;
}

/* For other machines: a probe of which the code asks nothing is whatever they have. */
static int take_any(struct search *s)
{
	struct skep_world_usdt any = {
		.binary = s->point->parts[1],
		.provider = s->provider,
		.name = s->name,
	};

	return on_probe(s, &any);
}

/* As for uprobe: all of a point by multi links, or none. */
static bool has_multi(const struct skep_compiler *c)
{
	return skep_world_has(c->world, SKEP_WORLD_UPROBE_MULTI) &&
	       (!skep_match_process(c) || skep_world_has(c->world, SKEP_WORLD_UPROBE_MULTI_PID));
}

/* All that is mapped is meant of a process only. */
static bool is_found(const char *binary, int pid)
{
	return !skep_streq(binary, "*") || pid;
}

static int usdt_match(struct skep_compiler *c, struct skep_probe_node *probe,
		      const struct skep_attach_point *point)
{
	const struct skep_world *w = c->world;
	const char *binary = point->parts[1];
	struct search s = {
		.c = c,
		.probe = probe,
		.point = point,
		.provider = point->n_parts == 4 ? point->parts[2] : "*",
		.name = point->parts[point->n_parts - 1],
		.used = skep_match_used_numbers(probe),
	};
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	int r;

	if (!w->each_usdt || !skep_arch())
		return skep_match_unable(c, point, "skep doctor says what does",
					 "uprobes do not work on this machine");
	if (!is_found(binary, skep_match_files_of(c))) {
		r = skep_match_usage(
			c, point, &skep_provider_usdt,
			"a pattern of binaries says more, as libruby* or /opt/*/bin/*");
		skep_diag_hint(c->diag, "with -p PID 'usdt:*:NAME' looks into all that the process "
					"has loaded");
		return r;
	}
	s.glob = skep_match_is_glob(binary) || skep_match_is_glob(s.provider) ||
		 skep_match_is_glob(s.name);
	s.multi = has_multi(c);
	s.by_name = !s.multi && !skep_world_has(w, SKEP_WORLD_COOKIE) &&
		    skep_match_needs_probe(c, probe);
	if (c->types.needs && !s.used)
		return take_any(&s);
	r = w->each_usdt(w, binary, skep_match_files_of(c), s.provider, s.name, &said, on_probe,
			 &s);
	if (r < 0)
		return no_binary(&s, r, &said);
	if (s.beyond)
		return skep_match_room(c, point, s.beyond);
	return s.found ? 0 : no_probe(&s);
}

static int usdt_arg(struct skep_check *k, unsigned n, const struct skep_type **ret_type)
{
	const struct skep_world_usdt *p = k->inst->own;

	if (n >= p->n_args) {
		skep_diag_error(k->c->diag, k->at, "%s has no arg%u", k->inst->matches[0].name, n);
		if (p->n_args)
			skep_diag_hint(k->c->diag, "it has %zu argument%s", p->n_args,
				       p->n_args == 1 ? "" : "s");
		else
			skep_diag_hint(k->c->diag, "it has no arguments");
		return -ENOENT;
	}
	if (p->args[n].kind == SKEP_USDT_UNKNOWN) {
		skep_diag_error(k->c->diag, k->at,
				"where arg%u of %s is kept is not understood (all: '%s')", n,
				k->inst->matches[0].name, p->args_text);
		skep_diag_hint(k->c->diag, "not supported yet: floating-point numbers, and CPUs "
					   "other than x86-64; use reg(\"NAME\") for a register");
		return -ENOENT;
	}
	*ret_type = skep_type_int(8, p->args[n].is_signed);
	return 0;
}

static struct skep_val *load_reg(struct skep_lower *l, const char *name)
{
	int offset = skep_arch_reg_offset(skep_arch(), name);

	/* Only on a CPU whose binaries have no operands that are understood. */
	if (offset < 0)
		return skep_ir_const(l->fn, 0);
	return skep_ir_load(l->fn, skep_ir_ctx(l->fn), offset, 8, SKEP_LOAD_PURE);
}

static struct skep_val *address_of(struct skep_lower *l, const struct skep_world_usdt *p,
				   const struct skep_usdt_arg *arg)
{
	struct skep_val *at, *index;

	/* The program may be loaded anywhere, but its parts keep their distances. */
	if (arg->kind == SKEP_USDT_LINKED)
		return skep_ir_opi(l->fn, SKEP_OP_ADD, load_reg(l, "ip"),
				   (uint64_t)arg->value - p->address);
	at = arg->base ? load_reg(l, arg->base) : skep_ir_const(l->fn, 0);
	if (arg->index) {
		index = skep_ir_opi(l->fn, SKEP_OP_MUL, load_reg(l, arg->index), arg->scale);
		at = skep_ir_op(l->fn, SKEP_OP_ADD, at, index);
	}
	return skep_ir_opi(l->fn, SKEP_OP_ADD, at, (uint64_t)arg->value);
}

static int usdt_lower_arg(struct skep_lower *l, unsigned n, struct skep_value *ret_value)
{
	const struct skep_world_usdt *p = l->inst->own;
	const struct skep_usdt_arg *arg = &p->args[n];
	const struct skep_type *type = skep_type_int(arg->size, arg->is_signed);
	struct skep_value v = {};
	int r;

	switch (arg->kind) {
	case SKEP_USDT_CONST:
		v.val = skep_ir_const(l->fn, (uint64_t)arg->value);
		break;
	case SKEP_USDT_REG:
		v.val = load_reg(l, arg->base);
		if (arg->shift)
			v.val = skep_ir_opi(l->fn, SKEP_OP_SHR, v.val, arg->shift);
		break;
	default:
		r = skep_lower_load(l, type, address_of(l, p, arg), 0, SKEP_SPACE_USER, &v);
		if (r < 0)
			return r;
	}
	/* A register holds garbage above a narrow number. */
	if (arg->size < 8)
		v.val = skep_ir_extend(l->fn, v.val, arg->size, arg->is_signed);
	*ret_value = (struct skep_value){ .type = skep_type_int(8, arg->is_signed), .val = v.val };
	return 0;
}

struct listing {
	struct skep_str *out;
	struct skep_hash seen;
	struct skep_arena *arena;
	bool verbose;
};

/* A probe with several places is one. */
static int list_probe(void *data, const struct skep_world_usdt *p)
{
	struct listing *l = data;
	char *name = skep_arena_printf(l->arena, "usdt:%s:%s:%s", p->binary, p->provider, p->name);

	if (skep_hash_get_str(&l->seen, name))
		return 0;
	skep_hash_set_str(&l->seen, name, l);
	skep_str_addf(l->out, "%s\n", name);
	for (size_t i = 0; l->verbose && i < p->n_args; i++)
		skep_str_addf(l->out, "    %s%u arg%zu\n", p->args[i].is_signed ? "int" : "uint",
			      p->args[i].size * 8u, i);
	return 0;
}

static int usdt_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		     bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	bool all_kinds = skep_match_is_glob(pattern->parts[0]);
	const char *binary = pattern->n_parts > 1 ? pattern->parts[1] : "*";
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct listing l = { .out = out, .arena = arena, .verbose = verbose };
	size_t before = out->len;
	int r;

	if (!world->each_usdt)
		return 0;
	if (!is_found(binary, pid)) {
		if (all_kinds)
			return 0;
		skep_diag_error(diag, SKEP_NO_LOC,
				"static probes are listed of programs and libraries that are "
				"named, or of a process");
		skep_diag_hint(diag, "name it: skep trace -l 'usdt:/usr/bin/python3:*', or "
				     "skep trace -p PID -l 'usdt:*'");
		return -EINVAL;
	}
	r = world->each_usdt(world, binary, pid, pattern->n_parts > 3 ? pattern->parts[2] : "*",
			     pattern->n_parts > 2 ? pattern->parts[pattern->n_parts - 1] : "*",
			     all_kinds ? NULL : diag, list_probe, &l);
	skep_hash_fini(&l.seen);
	if (all_kinds)
		return 0;
	if (r == 0 && out->len == before && !has_any(world, binary, pid)) {
		skep_diag_error(diag, SKEP_NO_LOC, "%s has no static probes", binary);
		skep_diag_hint(diag,
			       "they are there when a program was built with them; functions can "
			       "be probed without: skep trace -l 'uprobe:%s:*'",
			       binary);
		return -ENOENT;
	}
	return r;
}

static const char *const aliases[] = { "U", NULL };

const struct skep_provider skep_provider_usdt = {
	.name = "usdt",
	.aliases = aliases,
	.usage = "usdt:/path/of/binary:provider:name, or without the provider",
	.min_parts = 3,
	.max_parts = 4,
	.match = usdt_match,
	.arg = usdt_arg,
	.lower_arg = usdt_lower_arg,
	.lower_probe = skep_provider_cookie,
	.list = usdt_list,
};
