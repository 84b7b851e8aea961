/* SPDX-License-Identifier: Apache-2.0 */
/* Where a program is attached, what makes it run there, and what its result is for. */
#include <string.h>

#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "obj/aim.h"
#include "workbench/explain_priv.h"

struct place {
	uint32_t prog, attach_type; /* attach_type 0: any */
	const char *where, *fires, *returns;
};

static const char ignored[] = "Its result is not looked at.";
static const char packet[] = "Its result says what becomes of the packet.";
static const char allows[] = "Its result says whether the process may: 1 yes, 0 no.";

/* The first row that fits. */
static const struct place places[] = {
	{ SKEP_PROG_TRACEPOINT, 0, "at a tracepoint, a place that the kernel's authors marked",
	  "Whenever the kernel comes by, on the CPU where that happens; the context holds the event's fields.",
	  "0 keeps the event from others that watch the same place through perf; most return 0." },
	{ SKEP_PROG_RAW_TRACEPOINT, 0,
	  "at a tracepoint, with the arguments that the kernel gives it",
	  "Whenever the kernel comes by; the context holds the arguments as 64-bit numbers.",
	  ignored },
	{ SKEP_PROG_KPROBE, 0, "at a function, of the kernel (kprobe) or of a program (uprobe)",
	  "Whenever the function is called, or returns; the context holds the registers of that moment.",
	  ignored },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_RAW_TP,
	  "at a tracepoint, with arguments that have types",
	  "Whenever the kernel comes by; pointers are followed as in the kernel itself.", ignored },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_FENTRY, "at the beginning of a function of the kernel",
	  "Whenever it is called; the kernel jumps here by an instruction that it keeps free for that.",
	  ignored },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_FEXIT, "where a function of the kernel returns",
	  "Whenever it returns; its arguments are known as well as its result.", ignored },
	{ SKEP_PROG_TRACING, SKEP_AT_MODIFY_RETURN,
	  "in front of a function of the kernel that may be replaced", "Whenever it is called.",
	  "Other than 0, it is the function's result, and the function is left out." },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_ITER, "behind a file, as an iterator",
	  "When somebody reads the file: once for each thing that there is, and once more at the end.",
	  "0: go on; 1: once more with the same thing, with a larger buffer." },
	{ SKEP_PROG_PERF_EVENT, 0, "at a counter of a CPU or of the kernel",
	  "Each time that the counter has gone so far, as often a second as one asks for.",
	  ignored },
	{ SKEP_PROG_XDP, 0, "in the driver of a network interface",
	  "For each packet that arrives there, before the kernel has looked at it.",
	  "XDP_PASS goes on to the kernel, XDP_DROP ends here, XDP_TX is sent back, XDP_REDIRECT goes elsewhere." },
	{ SKEP_PROG_SCHED_CLS, 0, "in the traffic control of a network interface",
	  "For each packet that comes in (ingress) or goes out (egress).", packet },
	{ SKEP_PROG_SCHED_ACT, 0, "in the traffic control of a network interface",
	  "For each packet that a filter leads to it.", packet },
	{ SKEP_PROG_CGROUP_SKB, 0, "at a cgroup, a group of processes",
	  "For each packet of their sockets.", "1 lets it pass, 0 drops it." },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, 0, "at a cgroup, a group of processes",
	  "When one of them calls connect(), bind(), sendmsg() or the like, before it is done.",
	  allows },
	{ SKEP_PROG_CGROUP_SOCK, 0, "at a cgroup, a group of processes",
	  "When one of them makes a socket.", allows },
	{ SKEP_PROG_CGROUP_SYSCTL, 0, "at a cgroup, a group of processes",
	  "When one of them reads or writes a file below /proc/sys.", allows },
	{ SKEP_PROG_CGROUP_DEVICE, 0, "at a cgroup, a group of processes",
	  "When one of them opens a device.", allows },
	{ SKEP_PROG_CGROUP_SOCKOPT, 0, "at a cgroup, a group of processes",
	  "When one of them calls getsockopt() or setsockopt().", allows },
	{ SKEP_PROG_SOCK_OPS, 0, "at a cgroup, a group of processes",
	  "At the turns in the life of their TCP connections; which one it is, the context says.",
	  "What it means depends on the turn; 1 for most." },
	{ SKEP_PROG_SK_LOOKUP, 0, "at a network namespace",
	  "When a packet for a new connection looks for its socket.",
	  "SK_PASS goes on, with the socket that was assigned if one was; SK_DROP refuses." },
	{ SKEP_PROG_SK_MSG, 0, "at a map of sockets", "When a socket of the map sends.", packet },
	{ SKEP_PROG_SK_SKB, 0, "at a map of sockets", "When a socket of the map has received.",
	  packet },
	{ SKEP_PROG_SOCKET_FILTER, 0, "at one socket", "For each packet that the socket would get.",
	  "How many bytes of it the socket gets; 0: nothing." },
	{ SKEP_PROG_LSM, 0, "at a question of the kernel's security modules",
	  "Before the kernel allows what the question is about.",
	  "0 allows it, a negative number is the error of a refusal." },
	{ SKEP_PROG_NETFILTER, 0, "at a hook of netfilter", "For each packet that comes by.",
	  packet },
	{ SKEP_PROG_STRUCT_OPS, 0,
	  "in a table of functions of the kernel, which skep run registers",
	  "When the kernel calls that member of the table.", "What it means is up to the member." },
	{ SKEP_PROG_SYSCALL, 0, "nowhere", "When user space runs it, by BPF_PROG_TEST_RUN.",
	  "It goes to who runs it." },
};

static const struct skep_spec_attach *attach_of(const struct skep_explain *e)
{
	const struct skep_spec *spec = &e->input->spec;

	for (size_t i = 0; i < spec->n_attaches; i++)
		if (spec->attaches[i].prog == e->index)
			return &spec->attaches[i];
	return NULL;
}

static void add_targets(const struct skep_spec_attach *a, struct skep_str *out)
{
	for (size_t i = 0; i < a->n_targets && i < 4; i++) {
		const struct skep_attach_target *t = &a->targets[i];

		if (!t->name)
			continue;
		skep_str_addf(out, "%s%s", i ? ", " : ": ", t->name);
		if (t->symbol)
			skep_str_addf(out, ":%s", t->symbol);
	}
	if (a->n_targets > 4)
		skep_str_addf(out, " and %zu more", a->n_targets - 4);
}

void explain_place(struct skep_explain *e, struct skep_arena *arena)
{
	const struct skep_spec_attach *a = attach_of(e);
	const struct skep_spec_prog *p = e->prog;
	_cleanup_(skep_str_fini)
	struct skep_str where = {};

	e->fires = "";
	e->returns = "";
	if (a && a->kind == SKEP_ATTACH_USER && e->input->kind == SKEP_INPUT_SCRIPT) {
		e->where = "nowhere: skep runs it by itself";
		e->fires = "BEGIN before everything, END behind it, interval as time passes.";
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i].prog == p->type &&
		    (!places[i].attach_type || places[i].attach_type == p->attach_type)) {
			skep_str_add(&where, places[i].where);
			e->fires = places[i].fires;
			e->returns = places[i].returns;
			break;
		}
	if (a && a->n_targets)
		add_targets(a, &where);
	else if (p->section && strchr(p->section, '/'))
		skep_str_addf(&where, ": %s", strchr(p->section, '/') + 1);
	else if (p->type != SKEP_PROG_STRUCT_OPS)
		skep_str_add(&where, ", which whoever attaches it names: skep run --at PLACE");
	e->where = skep_arena_strdup(arena, skep_str_text(&where));
}
