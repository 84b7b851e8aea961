/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match: what providers share when they turn attach points into instances.
 */
#pragma once

#include "base/vec.h"
#include "lang/nearest.h"
#include "lang/provider.h"

/*
 * A probe that is not there: an error, a warning or nothing, as the script's missing_probes says.
 * Returns -ENOENT or 0. The hint names what is @near (may be NULL). An error in a list in which another probe is there
 * becomes a warning later on (skep_match_all).
 */
int skep_match_missing(struct skep_compiler *c, const struct skep_attach_point *point,
		       const struct skep_nearest *near, const char *fmt, ...)
	_printf_(4, 5) _must_check_;
/* What this machine cannot do, and what works instead; -ENOTSUP. */
int skep_match_unable(struct skep_compiler *c, const struct skep_attach_point *point,
		      const char *hint, const char *fmt, ...) _printf_(4, 5) _must_check_;
/* The same for -l; a pattern that asks for more than one kind is not told: 0. */
int skep_match_list_unable(struct skep_diag *diag, const struct skep_attach_point *pattern,
			   const char *what, const char *hint) _must_check_;
/* Whether there is room for @n more probes (max_probes); -EINVAL with a message. */
int skep_match_room(struct skep_compiler *c, const struct skep_attach_point *point,
		    size_t n) _must_check_;
/* An attach point of the wrong shape: says @what and how it is written; -EINVAL. */
int skep_match_usage(struct skep_compiler *c, const struct skep_attach_point *point,
		     const struct skep_provider *provider, const char *fmt, ...)
	_printf_(4, 5) _must_check_;

/* A time or a rate: "1s", "100ms", "s:1", "hz:99", "1000000" (nanoseconds). */
struct skep_period {
	uint64_t ns;
	uint64_t hz; /* when not 0 it is used instead */
};
int skep_match_period(struct skep_compiler *c, const struct skep_attach_point *point,
		      const struct skep_provider *provider,
		      struct skep_period *ret_period) _must_check_;

static inline bool skep_world_has(const struct skep_world *world, enum skep_world_feature feature)
{
	return world->has && world->has(world, feature);
}

/* Whether @s has a '*' in it. */
bool skep_match_is_glob(const char *s);

/* Names in a row, in the arena. */
struct skep_names {
	struct skep_arena *arena;
	SKEP_VEC(const char *);
};
/* For the world's functions: @data is a struct skep_names, or a struct skep_nearest. */
int skep_names_add(void *data, const char *name);
int skep_nearest_collect(void *data, const char *name);
int skep_nearest_collect_symbol(void *data, const struct skep_world_symbol *symbol);

/* What a body takes from args. */
struct skep_used_args {
	const char *names[64];
	size_t n;
	bool whole; /* args stands alone, or more fields than fit here */
};
void skep_match_used_args(const struct skep_probe_node *probe, struct skep_used_args *ret_used);

/* Bits of the numbered arguments (arg0...) that a probe asks for. */
unsigned skep_match_used_numbers(const struct skep_probe_node *probe);

/*
 * Text that is the same for two targets when one program can serve both: the used fields with
 * place and type. A field that does not exist is written as such.
 */
char *skep_match_signature(struct skep_compiler *c, const struct skep_struct *args,
			   const struct skep_used_args *used);
/* The instance of @probe and @point with this flavour and signature, made when new. */
struct skep_instance *skep_match_group(struct skep_compiler *c, struct skep_probe_node *probe,
				       const struct skep_attach_point *point,
				       const struct skep_provider *provider, unsigned flavour,
				       const char *signature);

/* Whether a program must know which of its targets fired: the script asks, or rows carry it. */
bool skep_match_needs_probe(const struct skep_compiler *c, const struct skep_probe_node *probe);

/* The script's probes that are looked for on a machine, without their bodies: a script. */
const char *skep_match_heads(struct skep_compiler *c);

/* Prologue: leaves unless the process is the one given with -p. */
void skep_provider_pid_filter(struct skep_lower *l);
/* The process that uprobes and perf events follow, of -p or -c; 0: all. And a probe that does. */
int skep_match_process(const struct skep_compiler *c);
/* The process whose files names of binaries mean, or 0. */
int skep_match_files_of(const struct skep_compiler *c);
void skep_instance_follow(const struct skep_compiler *c, struct skep_instance *inst);
/* Which target fired, where each one's cookie is the index of its name. */
struct skep_val *skep_provider_cookie(struct skep_lower *l);

/* list_types.c: whether a pattern of -l asks for types ("struct NAME"), and its answer. -ENOENT, -ENOTSUP: the diag says why. */
bool skep_list_is_types(const char *pattern);
int skep_list_types(const struct skep_btf *btf, const char *pattern, bool verbose,
		    struct skep_diag *diag, struct skep_str *out) _must_check_;
