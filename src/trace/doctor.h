/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor's report: what a kernel can do, which commands and tools work therefore, and what to change where they do not.
 *
 *	skep_doctor_here(arena, world, &report);		// tries each feature, compiles each tool
 *	skep_doctor_config(arena, config_text, &report);	// of another machine: from its kernel's configuration
 *	skep_doctor_text(&report, &out);			// or skep_doctor_json()
 *
 * A configuration does not say what its version can do: features that hang on that alone are not known then, and tools are
 * judged by the kinds of their probes. Nor does it say what is refused when it
 * runs.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "isa/helper.h"
#include "isa/mapkind.h"
#include "lang/world.h"
#include "sys/feature.h"
#include "sys/setting.h"

enum skep_doctor_answer {
	SKEP_DOCTOR_NO,
	SKEP_DOCTOR_PARTLY,
	SKEP_DOCTOR_YES,
	SKEP_DOCTOR_UNKNOWN,
};

struct skep_doctor_tool {
	const char *name, *why; /* @why: "" when it works */
	enum skep_doctor_answer works;
	struct skep_doctor_tool *next;
};

/* A kind of programs or maps. */
struct skep_doctor_kind {
	enum skep_doctor_answer works;
	int error; /* what the trial met, or 0 */
};

/* A function of the kernel (kfunc), and SKEP_KIND() of each kind of programs that may call it. */
struct skep_doctor_function {
	const char *name;
	uint64_t kinds;
};

/* What programs can be made of: kinds by their numbers, and what can be called. */
struct skep_doctor_offers {
	bool tried; /* else it is what the configuration leaves open */
	bool pairs; /* which kind may call which is known as well */
	bool marks; /* the kernel's types mark functions that are made for programs */
	struct skep_doctor_kind progs[SKEP_PROG_NETFILTER + 1], maps[SKEP_MAP_INSN_ARRAY + 1];
	int32_t last_helper;			/* the highest number */
	uint64_t helpers[SKEP_HELPER_END];	/* SKEP_KIND() of each kind that may call it */
	struct skep_doctor_function *functions; /* by name */
	size_t n_functions;
};

struct skep_doctor {
	const char *machine;	    /* "Linux 6.12.1, x86_64, 4 CPUs", or of which file this is */
	const char *release, *arch; /* of this machine, or NULL */
	unsigned n_cpus;
	const char *
		config; /* text of the configuration that it is about; NULL: it is nowhere to be read */
	bool here;
	struct skep_setting settings[SKEP_N_SETTINGS]; /* when @here */
	enum skep_doctor_answer features[SKEP_N_FEATURES];
	struct skep_doctor_tool *tools;
	struct skep_doctor_offers offers;
};

/*
 * Without the rights to try anything the features are unknown, and settings all that it tells. @world: NULL then. @pairs: each
 * kind of program is asked for each helper and function, which takes some tenths of a second.
 */
void skep_doctor_here(struct skep_arena *arena, const struct skep_world *world, bool pairs,
		      struct skep_doctor *ret);
/* -EINVAL: it is no kernel's configuration. */
int skep_doctor_config(struct skep_arena *arena, const char *config,
		       struct skep_doctor *ret) _must_check_;
void skep_doctor_text(const struct skep_doctor *report, struct skep_str *out);
void skep_doctor_json(const struct skep_doctor *report, struct skep_str *out);
