/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xdp, tc: the packets of a network interface. XDP sees them first, as the driver has them; tc sees what comes in after
 * that, and what goes out. An interface has room for one XDP program, so probes on the same one are made one; on tc
 * they are, too, which saves the kernel a program.
 */
#include <errno.h>

#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "lang/hook.h"
#include "lang/match.h"

#define XDP_ABORTED 0
#define XDP_DROP 1
#define XDP_PASS 2
#define XDP_TX 3
#define XDP_REDIRECT 4
/* As if this program were not there: the next one is asked. */
#define TC_NEXT -1
#define TC_DROP 2
#define TC_REDIRECT 7

#define FRAME_VERDICTS                                                            \
	(SKEP_VERDICT_BIT(PASS) | SKEP_VERDICT_BIT(DROP) | SKEP_VERDICT_BIT(TX) | \
	 SKEP_VERDICT_BIT(ABORTED) | SKEP_VERDICT_BIT(REDIRECT))
#define SKB_VERDICTS (SKEP_VERDICT_BIT(PASS) | SKEP_VERDICT_BIT(DROP) | SKEP_VERDICT_BIT(REDIRECT))

extern const struct skep_provider skep_provider_xdp, skep_provider_tc;

static const struct skep_hook xdp_hook = {
	.name = "xdp",
	.verdicts = FRAME_VERDICTS,
	.returns = {
		[SKEP_VERDICT_PASS] = XDP_PASS,
		[SKEP_VERDICT_DROP] = XDP_DROP,
		[SKEP_VERDICT_TX] = XDP_TX,
		[SKEP_VERDICT_ABORTED] = XDP_ABORTED,
		[SKEP_VERDICT_REDIRECT] = XDP_REDIRECT,
	},
	.packet = SKEP_PACKET_FRAME,
};

#define TC_HOOK(text, view)                                          \
	{                                                            \
		.name = text,                                      \
		.verdicts = SKB_VERDICTS,                          \
		.returns = {                                       \
			[SKEP_VERDICT_PASS] = TC_NEXT,             \
			[SKEP_VERDICT_DROP] = TC_DROP,             \
			[SKEP_VERDICT_REDIRECT] = TC_REDIRECT,     \
		},                                                 \
		.packet = view, \
	}

/* By direction; then without Ethernet headers. */
static const struct skep_hook tc_hooks[2][2] = {
	{ TC_HOOK("tc:...:ingress", SKEP_PACKET_SKB), TC_HOOK("tc:...:egress", SKEP_PACKET_SKB) },
	{ TC_HOOK("tc:...:ingress", SKEP_PACKET_IP), TC_HOOK("tc:...:egress", SKEP_PACKET_IP) },
};

static int no_interface(struct skep_compiler *c, const struct skep_attach_point *point,
			const char *name)
{
	const struct skep_world *w = c->world;
	struct skep_nearest near = { .wanted = name };
	struct skep_names all = { .arena = c->arena };
	const char *text = "";
	int r;

	if (w->each_interface && w->each_interface(w, "*", skep_names_add, &all) >= 0)
		for (size_t i = 0; i < all.len; i++) {
			skep_nearest_add(&near, all.data[i]);
			if (i < 8)
				text = skep_arena_printf(c->arena, "%s%s%s", text, i ? ", " : "",
							 all.data[i]);
		}
	if (near.n || !text[0]) {
		r = skep_match_missing(c, point, &near, "there is no network interface '%s'", name);
	} else {
		r = skep_match_missing(c, point, NULL, "there is no network interface '%s'", name);
		skep_diag_hint(c->diag, "there are %s", text);
	}
	skep_nearest_fini(&near);
	skep_vec_fini(&all);
	return r;
}

static int find_interface(struct skep_compiler *c, const struct skep_attach_point *point,
			  const struct skep_provider *provider,
			  struct skep_world_interface *ret_interface)
{
	const struct skep_world *w = c->world;
	const char *name = point->parts[1];

	if (skep_match_is_glob(name))
		return skep_match_usage(c, point, provider,
					"probes that act take one interface, not a pattern");
	if (!w->interface || w->interface(w, name, ret_interface) < 0)
		return no_interface(c, point, name);
	return 0;
}

static struct skep_instance *add(struct skep_compiler *c, struct skep_probe_node *probe,
				 const struct skep_attach_point *point,
				 const struct skep_provider *provider, const struct skep_hook *hook)
{
	struct skep_instance *inst = skep_instance_new(c, probe, point, provider);
	struct skep_match *m = skep_instance_add(c, inst, point->text);

	inst->hook = hook;
	inst->preemptible = true; /* a packet that is sent on may come to another such program */
	m->target.name = point->parts[1];
	m->target.cookie = 0;
	skep_hook_chain(c, inst);
	return inst;
}

static int xdp_match(struct skep_compiler *c, struct skep_probe_node *probe,
		     const struct skep_attach_point *point)
{
	struct skep_world_interface interface;
	struct skep_instance *inst;
	int r;

	r = skep_hook_allowed(c, point, "the packets of an interface");
	if (r == 0)
		r = find_interface(c, point, &skep_provider_xdp, &interface);
	if (r < 0)
		return r;
	if (!skep_world_has(c->world, SKEP_WORLD_XDP))
		return skep_match_unable(c, point, "tc:INTERFACE:ingress may work instead",
					 "this kernel has no XDP");
	if (!interface.has_frames)
		return skep_match_unable(c, point, "tc:INTERFACE:ingress works instead",
					 "%s has no Ethernet headers, which xdp needs",
					 interface.name);
	inst = add(c, probe, point, &skep_provider_xdp, &xdp_hook);
	inst->proto.type = SKEP_PROG_XDP;
	inst->proto.attach_type = SKEP_AT_XDP;
	inst->attach.kind = SKEP_ATTACH_XDP;
	return 0;
}

static int tc_match(struct skep_compiler *c, struct skep_probe_node *probe,
		    const struct skep_attach_point *point)
{
	const char *way = point->parts[2];
	bool egress = skep_streq(way, "egress");
	struct skep_world_interface interface;
	struct skep_instance *inst;
	int r;

	if (!egress && !skep_streq(way, "ingress"))
		return skep_match_usage(c, point, &skep_provider_tc,
					"'%s' is no way that packets go: ingress or egress", way);
	r = skep_hook_allowed(c, point, "the packets of an interface");
	if (r == 0)
		r = find_interface(c, point, &skep_provider_tc, &interface);
	if (r < 0)
		return r;
	if (!skep_world_has(c->world, SKEP_WORLD_TC))
		return skep_match_unable(c, point, "xdp:INTERFACE may work instead",
					 "this kernel has no programs in traffic control");
	inst = add(c, probe, point, &skep_provider_tc, &tc_hooks[!interface.has_frames][egress]);
	inst->proto.type = SKEP_PROG_SCHED_CLS;
	inst->attach.kind = egress ? SKEP_ATTACH_TC_EGRESS : SKEP_ATTACH_TC_INGRESS;
	inst->made_for = interface.has_frames ? "Ethernet frames" : "packets that begin with IP";
	return 0;
}

struct listing {
	const char *before, *behind;
	struct skep_str *out;
};

static int list_name(void *data, const char *name)
{
	struct listing *l = data;

	skep_str_addf(l->out, "%s:%s%s\n", l->before, name, l->behind);
	return 0;
}

static int list(const struct skep_world *world, const struct skep_attach_point *pattern,
		struct listing *listing)
{
	const char *glob = pattern->n_parts > 1 ? pattern->parts[1] : "*";

	return world->each_interface ? world->each_interface(world, glob, list_name, listing) : 0;
}

static int xdp_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		    bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, &(struct listing){ "xdp", "", out });
}

static int tc_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		   bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	static const char *const ways[] = { ":ingress", ":egress" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ways) && r >= 0; i++) {
		if (pattern->n_parts > 2 && !skep_glob_match(pattern->parts[2], ways[i] + 1))
			continue;
		r = list(world, pattern, &(struct listing){ "tc", ways[i], out });
	}
	return r;
}

const struct skep_provider skep_provider_xdp = {
	.name = "xdp",
	.usage = "xdp:interface, such as xdp:eth0",
	.min_parts = 2,
	.max_parts = 2,
	.match = xdp_match,
	.list = xdp_list,
};

const struct skep_provider skep_provider_tc = {
	.name = "tc",
	.usage = "tc:interface:ingress or tc:interface:egress",
	.min_parts = 3,
	.max_parts = 3,
	.match = tc_match,
	.list = tc_list,
};
