/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lsm: the places where the kernel asks its security modules whether something may be done. The kernel's types
 * describe each as a function bpf_lsm_NAME, whose parameters are what a probe is told. The first module that says no
 * is enough.
 */
#include <errno.h>
#include <string.h>

#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "lang/hook.h"
#include "lang/provider/function.h"

#define PREFIX "bpf_lsm_"
#define ADD \
	"add bpf to the list behind lsm= on the kernel's command line (/sys/kernel/security/lsm has it)"

extern const struct skep_provider skep_provider_lsm;

static const struct skep_hook asks = {
	.name = "lsm",
	.verdicts = SKEP_VERDICT_BIT(PASS) | SKEP_VERDICT_BIT(DENY),
	.deny = SKEP_DENY_RETURN,
};

/* It happens whatever anybody says. */
static const struct skep_hook tells = {
	.name = "this hook of lsm",
	.verdicts = SKEP_VERDICT_BIT(PASS),
};

static int no_hook(struct skep_compiler *c, const struct skep_attach_point *point, const char *name)
{
	const struct skep_btf *btf = c->world->btf;
	struct skep_nearest near = { .wanted = name };
	int r;

	for (uint32_t id = 0; (id = skep_btf_next(btf, id, SKEP_BTF_FUNC));) {
		const char *func = skep_btf_name(btf, id);

		if (skep_has_prefix(func, PREFIX))
			skep_nearest_add(&near, func + strlen(PREFIX));
	}
	r = skep_match_missing(c, point, &near, "this kernel has no security hook %s", name);
	skep_nearest_fini(&near);
	return r;
}

static int unable(struct skep_compiler *c, const struct skep_attach_point *point)
{
	uint32_t id;

	if (!c->world->btf ||
	    skep_btf_find(c->world->btf, PREFIX "file_open", SKEP_BTF_FUNC, &id) < 0)
		return skep_match_unable(
			c, point, "cgroup:PATH:connect4 and its like work without it",
			"this kernel is built without security hooks for programs");
	return skep_match_unable(c, point, ADD,
				 "this kernel does not ask programs: BPF is not "
				 "among its security modules");
}

static int lsm_match(struct skep_compiler *c, struct skep_probe_node *probe,
		     const struct skep_attach_point *point)
{
	const char *name = point->parts[1];
	const struct skep_btf *btf = c->world->btf;
	struct skep_instance *inst;
	struct skep_match *m;
	uint32_t id, proto;
	int r;

	if (skep_match_is_glob(name))
		return skep_match_usage(c, point, &skep_provider_lsm,
					"probes that act take one hook, not a pattern");
	r = skep_hook_allowed(c, point, "what processes may do");
	if (r < 0)
		return r;
	if (!skep_world_has(c->world, SKEP_WORLD_LSM) || !btf)
		return unable(c, point);
	if (skep_btf_find(btf, skep_arena_printf(c->arena, PREFIX "%s", name), SKEP_BTF_FUNC, &id) <
		    0 ||
	    skep_btf_proto(btf, id, &proto) < 0)
		return no_hook(c, point, name);
	inst = skep_instance_new(c, probe, point, &skep_provider_lsm);
	inst->hook = skep_btf_type(btf, proto).type ? &asks : &tells;
	inst->btf = btf;
	inst->btf_func = proto;
	inst->args_space = SKEP_SPACE_BTF;
	inst->args = skep_proto_args(&c->types, btf, proto, 0, SKEP_SPACE_BTF, name,
				     skep_arena_printf(c->arena, "function " PREFIX "%s", name));
	inst->preemptible = true;
	inst->proto.type = SKEP_PROG_LSM;
	inst->proto.attach_type = SKEP_AT_LSM_MAC;
	inst->proto.attach_btf_id = id;
	inst->proto.attach_btf_name = skep_btf_name(btf, id);
	inst->attach.kind = SKEP_ATTACH_TRACING;
	m = skep_instance_add(c, inst, point->text);
	m->target.name = name;
	m->target.symbol = name;
	m->target.cookie = 0;
	return 0;
}

static int lsm_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			  const struct skep_field *field, struct skep_value *ret_value)
{
	return skep_proto_lower(l, field, ret_value);
}

static int lsm_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		    bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const char *glob = pattern->n_parts > 1 ? pattern->parts[1] : "*";
	const struct skep_btf *btf = world->btf;

	for (uint32_t id = 0; btf && (id = skep_btf_next(btf, id, SKEP_BTF_FUNC));) {
		const char *func = skep_btf_name(btf, id);
		uint32_t proto;

		if (!skep_has_prefix(func, PREFIX) ||
		    !skep_glob_match(glob, func + strlen(PREFIX)) ||
		    skep_btf_proto(btf, id, &proto) < 0)
			continue;
		skep_str_addf(out, "lsm:%s\n", func + strlen(PREFIX));
		if (verbose)
			skep_proto_list(arena, btf, proto, 0, false, out);
	}
	return 0;
}

const struct skep_provider skep_provider_lsm = {
	.name = "lsm",
	.usage = "lsm:hook, such as lsm:file_open",
	.min_parts = 2,
	.max_parts = 2,
	.args_nullable = true,
	.match = lsm_match,
	.prologue = skep_provider_pid_filter,
	.lower_args = lsm_lower_args,
	.list = lsm_list,
};
