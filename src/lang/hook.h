/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hook: a place where a probe decides what becomes of something: a packet, a connection, a request to the kernel. A
 * provider hands an instance its hook; everything that is particular to acting probes is in that record.
 *
 *	xdp:eth0 /pkt.tcp.dport == 22/ { @[pkt.ip.saddr] = count(); drop(); }
 *	                ^ packet.h                                   ^ verdict
 *
 * A verdict ends the probe at once, as return does. A probe that gives none lets things pass. Several probes at one
 * place are asked in the order of the script, until one gives a verdict other than pass(). Where the kernel has room
 * for one program only, they are made into one (`next`).
 *
 *	inst->hook = &skep_hook_xdp;
 *	r = skep_hook_match(c, point, hook, "acts on the packets of %s", iface);	// --unsafe?
 *	skep_hook_chain(c, inst);		// behind another probe at the same place
 */
#pragma once

#include "lang/check.h"
#include "lang/lower.h"

enum skep_verdict {
	SKEP_VERDICT_PASS,
	SKEP_VERDICT_DROP,
	SKEP_VERDICT_DENY, /* with an error, which whoever asks is given */
	SKEP_VERDICT_TX,
	SKEP_VERDICT_ABORTED,
	SKEP_VERDICT_REDIRECT,
	SKEP_VERDICT_MAX,
};

/* How much of a packet a hook sees; NONE: there is no packet. */
enum skep_packet_view {
	SKEP_PACKET_NONE,
	SKEP_PACKET_FRAME, /* struct xdp_md, from the Ethernet header on */
	SKEP_PACKET_SKB,   /* struct __sk_buff, from the Ethernet header on */
	SKEP_PACKET_IP,	   /* struct __sk_buff, from the IP header on */
};

/* How deny() hands its error over. */
enum skep_deny {
	SKEP_DENY_ALWAYS, /* it is EPERM, whatever happens */
	SKEP_DENY_RETVAL, /* helper set_retval */
	SKEP_DENY_RETURN, /* what the program returns: -errno */
};

struct skep_hook {
	const char *
		name; /* of the place, for messages: "xdp", "tc ... egress", "cgroup:...:connect4" */
	unsigned verdicts; /* bits of enum skep_verdict */
	int returns[SKEP_VERDICT_MAX];
	enum skep_packet_view packet;
	enum skep_deny deny;
};

#define SKEP_VERDICT_BIT(verdict) (1u << SKEP_VERDICT_##verdict)

const char *skep_verdict_name(enum skep_verdict verdict);
/* "pass(), drop()" of a hook, in the arena. */
char *skep_hook_verdicts(struct skep_arena *arena, const struct skep_hook *hook);

/* Whether --unsafe is given; otherwise -EINVAL and a message that ends in @what. */
int skep_hook_allowed(struct skep_compiler *c, const struct skep_attach_point *point,
		      const char *what) _must_check_;
/* Appends @inst to the earlier instance with its provider, flavour and target, if there is one. */
void skep_hook_chain(struct skep_compiler *c, struct skep_instance *inst);

/* Lowering: the verdict before anybody has given one, and what the program returns. */
void skep_hook_begin(struct skep_lower *l);
/* What the program returns, until something else is said; also of a test, which has no hook. */
void skep_hook_make_verdict(struct skep_lower *l, int first);
struct skep_val *skep_hook_verdict(struct skep_lower *l);
void skep_hook_set_verdict(struct skep_lower *l, struct skep_val *verdict);

/* Whether the program runs for a process: packets come and go outside of any. */
bool skep_hook_has_task(const struct skep_instance *inst);

/* Whether its program may call the helper, in general and on this kernel. */
bool skep_hook_has_helper(const struct skep_world *world, const struct skep_instance *inst,
			  int32_t helper);

/*
 * What the kernel lets this kind of program ask: a word that needs a process (comm), a stack, or the registers of a
 * function is refused here. 0, or -EINVAL after a message at @call.
 */
int skep_hook_check_word(struct skep_check *k, const struct skep_expr *call) _must_check_;
