/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rawtracepoint:event: the kernel's own arguments of an event, before they become a record. BTF
 * describes them as the type btf_trace_EVENT, a function whose first parameter is not for
 * programs.
 *
 * With args.name the program is BTF-typed where the kernel has that: pointers are followed by
 * plain loads. argN is a bare number, which a typed program could not compute with, so it takes
 * the older kind.
 */
#include <errno.h>
#include <string.h>

#include "isa/progkind.h"
#include "lang/provider/function.h"
#include "lang/walk.h"

#define BTF_PREFIX "btf_trace_"
#define ARGS_MAX 12

extern const struct skep_provider skep_provider_rawtracepoint;

struct raw_event {
	const char *name;
	const struct skep_btf *btf;
	uint32_t id, proto;
};

static bool is_described(const struct skep_btf *btf, uint32_t id, struct raw_event *ret_event)
{
	const char *name = skep_btf_name(btf, id);

	if (!skep_has_prefix(name, BTF_PREFIX) || skep_btf_proto(btf, id, &ret_event->proto) < 0)
		return false;
	ret_event->name = name + strlen(BTF_PREFIX);
	ret_event->btf = btf;
	ret_event->id = id;
	return true;
}

/*
 * The type has no names for its parameters. Functions that the kernel makes for the event have:
 * of these one with as many parameters, or the type itself.
 */
static uint32_t named_proto(const struct skep_btf *btf, struct skep_arena *arena, const char *event,
			    uint32_t proto)
{
	static const char *const prefixes[] = { "__probestub_", "__traceiter_", "__bpf_trace_" };
	uint32_t vlen = skep_btf_type(btf, proto).vlen, func, named;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *name = skep_arena_printf(arena, "%s%s", prefixes[i], event);

		if (skep_btf_find(btf, name, SKEP_BTF_FUNC, &func) == 0 &&
		    skep_btf_proto(btf, func, &named) == 0 &&
		    skep_btf_type(btf, named).vlen == vlen)
			return named;
	}
	return proto;
}

bool skep_raw_event_proto(const struct skep_btf *btf, struct skep_arena *arena, const char *name,
			  uint32_t *ret_proto)
{
	struct raw_event event;
	uint32_t id;

	if (skep_btf_find(btf, skep_arena_printf(arena, BTF_PREFIX "%s", name), SKEP_BTF_TYPEDEF,
			  &id) < 0 ||
	    !is_described(btf, id, &event))
		return false;
	*ret_proto = named_proto(btf, arena, name, event.proto);
	return true;
}

static const struct skep_btf *btf_of(const struct skep_world *world,
				     const struct skep_attach_point *point)
{
	if (point->n_parts < 3 || skep_streq(point->parts[1], "vmlinux") ||
	    skep_streq(point->parts[1], "*"))
		return world->btf;
	return world->module_btf ? world->module_btf(world, point->parts[1]) : NULL;
}

/* argN of the body, which BTF-typed programs do not give. */
static bool uses_numbers(const struct skep_probe_node *probe)
{
	char name[] = "arg0";

	for (; name[3] <= '9'; name[3]++)
		if (skep_probe_uses(probe, name))
			return true;
	return false;
}

static bool find_typed_use(void *data, struct skep_expr *expr)
{
	static const char *const words[] = { "args", "kfunc_allowed", "socket_cookie" };
	bool *found = data;
	bool named = expr->kind == SKEP_EXPR_NAME || expr->kind == SKEP_EXPR_CALL;

	for (size_t i = 0; named && i < ARRAY_SIZE(words); i++)
		*found = *found || skep_streq(expr->call.name, words[i]);
	/* comm(pid) asks a function of the kernel, which only typed programs may call. */
	if (expr->kind == SKEP_EXPR_CALL && expr->call.args.len &&
	    skep_streq(expr->call.name, "comm"))
		*found = true;
	return !*found;
}

/* Whether the body says what a BTF-typed program can do better, or alone. */
static bool wants_typed(const struct skep_probe_node *probe)
{
	bool found = false;

	skep_walk_probe(probe, find_typed_use, &found);
	return found;
}

static void add_event(struct skep_compiler *c, struct skep_probe_node *probe,
		      const struct skep_attach_point *point, const struct raw_event *event)
{
	const struct skep_world *w = c->world;
	struct skep_instance *inst =
		skep_instance_new(c, probe, point, &skep_provider_rawtracepoint);
	bool typed = event->btf && wants_typed(probe) && !uses_numbers(probe) &&
		     skep_world_has(w, SKEP_WORLD_TP_BTF);
	struct skep_match *m;

	inst->interruptible = true;
	inst->proto.type = typed ? SKEP_PROG_TRACING : SKEP_PROG_RAW_TRACEPOINT;
	inst->attach.kind = typed ? SKEP_ATTACH_TRACING : SKEP_ATTACH_RAW_TP;
	inst->args_space = typed ? SKEP_SPACE_BTF : SKEP_SPACE_KERNEL;
	if (event->btf) {
		inst->btf = event->btf;
		inst->btf_func = event->proto;
		inst->args = skep_proto_args(
			&c->types, event->btf,
			named_proto(event->btf, c->arena, event->name, event->proto), 1,
			inst->args_space, event->name,
			skep_arena_printf(c->arena, "rawtracepoint %s", event->name));
	}
	if (typed) {
		inst->proto.attach_type = SKEP_ATTACH_TYPE_RAW_TP;
		inst->proto.attach_btf_id = event->id;
		inst->proto.attach_btf_name =
			skep_arena_printf(c->arena, BTF_PREFIX "%s", event->name);
		if (event->btf != w->btf && event->id >= skep_btf_first_id(event->btf))
			inst->proto.attach_module = point->parts[1];
	}
	m = skep_instance_add(c, inst,
			      skep_arena_printf(c->arena, "rawtracepoint:%s", event->name));
	m->target.name = event->name;
	m->target.cookie = 0; /* it is the only one, and older kernels refuse cookies here */
	m->target.optional = skep_match_is_glob(point->text);
}

static int missing(struct skep_compiler *c, const struct skep_attach_point *point,
		   const struct skep_btf *btf, const char *name)
{
	struct skep_nearest near = { .wanted = name };
	struct raw_event event;
	int r;

	for (uint32_t id = 0; btf && (id = skep_btf_next(btf, id, SKEP_BTF_TYPEDEF));)
		if (is_described(btf, id, &event))
			skep_nearest_add(&near, event.name);
	r = skep_match_missing(c, point, &near,
			       skep_match_is_glob(name) ? "no raw tracepoint matches %s"
							: "there is no raw tracepoint %s",
			       name);
	skep_nearest_fini(&near);
	return r;
}

static int raw_match(struct skep_compiler *c, struct skep_probe_node *probe,
		     const struct skep_attach_point *point)
{
	const struct skep_btf *btf = btf_of(c->world, point);
	const char *name = point->parts[point->n_parts - 1];
	struct raw_event event = { .name = name };
	size_t found = 0;
	uint32_t id;

	if (!skep_match_is_glob(name)) {
		if (!btf) {
			/* Nobody can tell whether it exists: attaching will. */
			add_event(c, probe, point, &event);
			return 0;
		}
		if (skep_btf_find(btf, skep_arena_printf(c->arena, BTF_PREFIX "%s", name),
				  SKEP_BTF_TYPEDEF, &id) < 0 ||
		    !is_described(btf, id, &event))
			return missing(c, point, btf, name);
		add_event(c, probe, point, &event);
		return 0;
	}
	for (id = 0; btf && (id = skep_btf_next(btf, id, SKEP_BTF_TYPEDEF));) {
		if (!is_described(btf, id, &event) || !skep_glob_match(name, event.name))
			continue;
		add_event(c, probe, point, &event);
		found++;
	}
	return found ? 0 : missing(c, point, btf, name);
}

static int raw_arg(struct skep_check *k, unsigned n, const struct skep_type **ret_type)
{
	const struct skep_instance *inst = k->inst;
	unsigned count = inst->btf ? skep_btf_type(inst->btf, inst->btf_func).vlen : ARGS_MAX + 1;

	/* The prototype's first parameter is not passed on. */
	if (n + 1 >= count) {
		skep_diag_error(k->c->diag, k->at, "%s has no arg%u", inst->matches[0].name, n);
		skep_diag_hint(k->c->diag, "it has %u argument%s", count ? count - 1 : 0,
			       count == 2 ? "" : "s");
		return -ENOENT;
	}
	*ret_type = skep_type_int(8, false);
	return 0;
}

static int raw_lower_arg(struct skep_lower *l, unsigned n, struct skep_value *ret_value)
{
	struct skep_field f = { .type = skep_type_int(8, false), .offset = n * 8 };

	return skep_proto_lower(l, &f, ret_value);
}

static int raw_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			  const struct skep_field *field, struct skep_value *ret_value)
{
	return skep_proto_lower(l, field, ret_value);
}

static int raw_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		    bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_btf *btf = btf_of(world, pattern);
	const char *name = pattern->n_parts > 1 ? pattern->parts[pattern->n_parts - 1] : "*";
	struct raw_event event;

	for (uint32_t id = 0; btf && (id = skep_btf_next(btf, id, SKEP_BTF_TYPEDEF));) {
		if (!is_described(btf, id, &event) || !skep_glob_match(name, event.name))
			continue;
		skep_str_addf(out, "rawtracepoint:%s\n", event.name);
		if (verbose)
			skep_proto_list(arena, btf,
					named_proto(btf, arena, event.name, event.proto), 1, false,
					out);
	}
	return 0;
}

static const char *const aliases[] = { "rt", NULL };

const struct skep_provider skep_provider_rawtracepoint = {
	.name = "rawtracepoint",
	.aliases = aliases,
	.usage = "rawtracepoint:event or rawtracepoint:module:event, such as "
		 "rawtracepoint:sched_switch",
	.min_parts = 2,
	.max_parts = 3,
	.args_nullable = true,
	.match = raw_match,
	.arg = raw_arg,
	.prologue = skep_provider_pid_filter,
	.lower_arg = raw_lower_arg,
	.lower_args = raw_lower_args,
	.list = raw_list,
};
