/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section names: what SEC("…") says of a program in an object, as one table. The convention is libbpf's; objects
 * rely on it to say which kind a program is and where it wants to be attached.
 *
 *	SEC("tp_btf/sched_switch")  ─►  tracing, trace_raw_tp, verified against "sched_switch"
 *	    ^kind  ^target
 *
 *	row = skep_section_find("kprobe.multi/tcp_*", &target);		// target: "tcp_*"
 *	prog->type = row->prog;
 *	prog->attach_type = row->attach_type;
 */
#pragma once

#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "obj/spec.h"

enum skep_section_trait {
	SKEP_SECTION_SLEEPABLE = 1 << 0,
	SKEP_SECTION_FRAGS = 1 << 1,   /* XDP that knows packets in several pieces */
	SKEP_SECTION_TYPED = 1 << 2,   /* verified against the one thing that the target names */
	SKEP_SECTION_NO_LOAD = 1 << 3, /* cannot even be loaded: see `unsupported` */
	/* The target is what it is verified against, and the place of the program (a cgroup, another program) is not said. */
	SKEP_SECTION_PLACE_APART = 1 << 4,
};

/* How a target stands behind the name. */
enum skep_section_target {
	SKEP_TARGET_NONE, /* "xdp": nothing may follow */
	SKEP_TARGET_SOME, /* "kprobe" alone, or "kprobe/FUNCTION" */
};

struct skep_section_row {
	const char *name;
	uint32_t prog;	      /* enum skep_prog_kind_id */
	uint32_t attach_type; /* enum skep_attach_type; 0 also when the kind has none */
	unsigned traits;
	enum skep_section_target target;
	/* How it is attached. Where, if the name does not say it (an interface, a cgroup, a map): obj/aim.h. */
	enum skep_attach_kind attach;
	const char *
		unsupported; /* what is missing when it cannot be loaded or attached at all, or NULL */
};

/* The row of section @name, and in *ret_target what follows its '/' (NULL: nothing does); NULL: no such kind. */
const struct skep_section_row *skep_section_find(const char *name, const char **ret_target);
/*
 * The same for a section as it is in an object: a '?' in front (only loaded on demand) does not count, and what only begins
 * with the name of a kind is taken for it, as old objects need it ("xdp_prog").
 */
const struct skep_section_row *skep_section_of(const char *section, const char **ret_target,
					       bool *ret_loosely);
/* Row @index; NULL behind the last. */
const struct skep_section_row *skep_section_row(size_t index);
/* The name of a row that resembles @name, or NULL; for messages. */
const char *skep_section_nearest(const char *name);
/*
 * How the kernel's types name what a program of this attach type is verified against: with this word before
 * ("btf_trace_" of "btf_trace_sched_switch"), as a type of this kind (enum skep_btf_kind: a TYPEDEF or a FUNC).
 */
const char *skep_section_btf_prefix(uint32_t attach_type, unsigned *ret_kind);
