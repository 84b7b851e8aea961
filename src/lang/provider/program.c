/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fentry:bpf:NAME, fexit:bpf:ID:NAME: functions of programs that run in the kernel. What they pass is described by the
 * program's own types, with one difference: where the program sees its context (struct xdp_md), the trampoline sees what
 * that stands for in the kernel (struct xdp_buff).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/progkind.h"
#include "lang/provider/function.h"

static const struct {
	const char *seen, *real;
} contexts[] = {
	{ "__sk_buff", "struct sk_buff" },
	{ "xdp_md", "struct xdp_buff" },
	{ "bpf_sock", "struct sock" },
	{ "bpf_sock_addr", "struct bpf_sock_addr_kern" },
	{ "bpf_sock_ops", "struct bpf_sock_ops_kern" },
	{ "bpf_sockopt", "struct bpf_sockopt_kern" },
	{ "bpf_sysctl", "struct bpf_sysctl_kern" },
	{ "bpf_sk_lookup", "struct bpf_sk_lookup_kern" },
	{ "bpf_perf_event_data", "struct bpf_perf_event_data_kern" },
	{ "sk_msg_md", "struct sk_msg" },
	{ "sk_reuseport_md", "struct sk_reuseport_kern" },
};

static const struct skep_type *real_type(struct skep_types *types, const struct skep_type *type)
{
	const struct skep_type *real;

	if (type->kind != SKEP_TYPE_PTR || !type->elem || type->elem->kind != SKEP_TYPE_STRUCT)
		return type;
	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
		if (!skep_streq(type->elem->str->name, contexts[i].seen))
			continue;
		real = skep_type_of_kernel(types, contexts[i].real);
		return real ? skep_type_ptr(types, real, SKEP_SPACE_KERNEL) : type;
	}
	return type;
}

static const struct skep_struct *args_of(struct skep_compiler *c, const struct skep_struct *seen)
{
	struct skep_struct *args = skep_arena_memdup(c->arena, seen, sizeof(*seen));
	struct skep_field *fields =
		skep_arena_memdup(c->arena, seen->fields, seen->n_fields * sizeof(*fields));

	for (size_t i = 0; i < seen->n_fields; i++)
		fields[i].type = real_type(&c->types, fields[i].type);
	args->fields = fields;
	return args;
}

struct search {
	struct skep_compiler *c;
	struct skep_probe_node *probe;
	const struct skep_attach_point *point;
	const struct skep_provider *provider;
	uint32_t attach_type;
	bool glob;
	size_t found;
};

/* Programs of this kind are what such a probe is made of: the kernel does not let them trace each other. */
static bool is_left_out(const struct search *s, const struct skep_world_program *f)
{
	return s->glob && (f->type == SKEP_PROG_TRACING || f->type == SKEP_PROG_EXT);
}

static int add_function(void *data, const struct skep_world_program *f)
{
	struct search *s = data;
	struct skep_instance *inst;
	struct skep_match *m;
	uint32_t proto;

	if (is_left_out(s, f) || skep_btf_proto(f->btf, f->func, &proto) < 0)
		return 0;
	if (skep_match_room(s->c, s->point, 1) < 0)
		return -EINVAL;
	inst = skep_instance_new(s->c, s->probe, s->point, s->provider);
	inst->btf = f->btf;
	inst->btf_func = proto;
	inst->args_space = SKEP_SPACE_KERNEL;
	inst->args = args_of(s->c, skep_proto_args(&s->c->types, f->btf, proto, 0,
						   SKEP_SPACE_KERNEL, f->name, NULL));
	inst->interruptible = true;
	inst->proto.type = SKEP_PROG_TRACING;
	inst->proto.attach_type = s->attach_type;
	inst->proto.attach_btf_id = f->func;
	inst->proto.attach_prog_id = f->id;
	inst->attach.kind = SKEP_ATTACH_TRACING;
	m = skep_instance_add(s->c, inst,
			      skep_arena_printf(s->c->arena, "%s:bpf:%u:%s", s->provider->name,
						f->id, f->name));
	m->func = skep_arena_strdup(s->c->arena, f->name);
	m->target.name = m->target.symbol = m->func;
	m->target.cookie = 0; /* it is the only one, and older kernels refuse cookies here */
	m->target.optional = s->glob;
	s->found++;
	return 0;
}

/* "bpf:NAME", "bpf:ID:NAME". False: the middle is no number. */
static bool read_id(const struct skep_attach_point *point, uint32_t *ret_id)
{
	unsigned long value;
	char *end;

	*ret_id = 0;
	if (point->n_parts < 4 || skep_streq(point->parts[2], "*"))
		return true;
	errno = 0;
	value = strtoul(point->parts[2], &end, 10);
	if (!isdigit((unsigned char)point->parts[2][0]) || *end || errno || !value ||
	    value > UINT32_MAX)
		return false;
	*ret_id = (uint32_t)value;
	return true;
}

static int collect_near(void *data, const struct skep_world_program *f)
{
	skep_nearest_add(data, f->name);
	return 0;
}

static int missing(struct search *s, uint32_t id, const char *name)
{
	const struct skep_world *w = s->c->world;
	struct skep_nearest near = { .wanted = name };
	int r;

	(void)!w->each_program(w, id, "*", collect_near, &near);
	r = skep_match_missing(s->c, s->point, &near,
			       id ? "program %2$u has no function %1$s that can be traced"
				  : "no running program has a function %s that can be traced",
			       name, id);
	skep_nearest_fini(&near);
	return r;
}

int skep_program_match(struct skep_compiler *c, struct skep_probe_node *probe,
		       const struct skep_attach_point *point, const struct skep_provider *provider,
		       uint32_t attach_type)
{
	const struct skep_world *w = c->world;
	const char *name = point->parts[point->n_parts - 1];
	struct search s = {
		.c = c,
		.probe = probe,
		.point = point,
		.provider = provider,
		.attach_type = attach_type,
		.glob = skep_match_is_glob(name),
	};
	uint32_t id;
	int r;

	if (!read_id(point, &id))
		return skep_match_usage(c, point, provider, "'%s' is not the id of a program",
					point->parts[2]);
	if (c->types.needs)
		return skep_match_unable(c, point, "name a kernel function instead",
					 "not supported ahead of time: %s of running programs",
					 point->parts[0]);
	if (!w->each_program)
		return skep_match_unable(c, point, "use a kernel function that the program calls",
					 "programs cannot be traced here");
	r = w->each_program(w, id, name, add_function, &s);
	if (r < 0)
		return r;
	return s.found ? 0 : missing(&s, id, name);
}

static void narrow(struct skep_lower *l, const struct skep_type *type, struct skep_val *slot,
		   struct skep_value *ret_value)
{
	struct skep_val *val = skep_ir_load(l->fn, slot, 0, 8, 0);

	if (type->kind == SKEP_TYPE_INT && type->size < 8)
		val = skep_ir_extend(l->fn, val, type->size, type->is_signed);
	*ret_value = (struct skep_value){ .type = type, .val = val };
}

/*
 * By helpers. Of pointers the verifier shows only those whose types it knows; and where the result stands depends on whether
 * the kernel took the types of the program for true, which it does not tell.
 */
int skep_program_lower_args(struct skep_lower *l, const struct skep_field *field,
			    struct skep_value *ret_value)
{
	struct skep_val *slot = skep_ir_slot(l->fn, 8, field->name);

	skep_ir_store(l->fn, slot, 0, 8, skep_ir_const(l->fn, 0));
	skep_ir_call(l->fn, SKEP_HELPER_GET_FUNC_ARG, 0, 3, skep_ir_ctx(l->fn),
		     skep_ir_const(l->fn, field->offset / 8), slot);
	narrow(l, field->type, slot, ret_value);
	return 0;
}

int skep_program_lower_retval(struct skep_lower *l, const struct skep_type *type,
			      struct skep_value *ret_value)
{
	struct skep_val *slot = skep_ir_slot(l->fn, 8, "retval");

	skep_ir_store(l->fn, slot, 0, 8, skep_ir_const(l->fn, 0));
	skep_ir_call(l->fn, SKEP_HELPER_GET_FUNC_RET, 0, 2, skep_ir_ctx(l->fn), slot);
	narrow(l, type, slot, ret_value);
	return 0;
}

struct listing {
	struct skep_arena *arena;
	const char *kind;
	bool verbose, is_return;
	struct skep_str *out;
};

static int list_function(void *data, const struct skep_world_program *f)
{
	struct listing *l = data;
	uint32_t proto;

	if (f->type == SKEP_PROG_TRACING || f->type == SKEP_PROG_EXT ||
	    skep_btf_proto(f->btf, f->func, &proto) < 0)
		return 0;
	skep_str_addf(l->out, "%s:bpf:%u:%s\n", l->kind, f->id, f->name);
	if (l->verbose)
		skep_proto_list(l->arena, f->btf, proto, 0, l->is_return, l->out);
	return 0;
}

int skep_program_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		      const char *kind, bool verbose, bool is_return, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct listing l = { arena, kind, verbose, is_return, out };
	uint32_t id;

	if (!world->each_program || !read_id(pattern, &id))
		return 0;
	return world->each_program(world, id, pattern->parts[pattern->n_parts - 1], list_function,
				   &l);
}
