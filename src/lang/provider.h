/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider: a kind of probe. One constant record in one file of provider/, one row in provider/table.c.
 *
 * A provider turns an attach point into instances, says what `args`, `argN`, `retval` are there, and makes the code that
 * reads them. Adding a kind of probe is its file, its row, and its attach in `sys`.
 */
#pragma once

#include "lang/check.h"
#include "lang/lower.h"

struct skep_provider {
	const char *name;
	const char *const *aliases;    /* NULL-terminated, without the name */
	const char *usage;	       /* "tracepoint:category:event" */
	unsigned min_parts, max_parts; /* of the attach point, the name included */
	bool args_nullable; /* pointers among args may be NULL, and the verifier may know */
	bool ends_empty;    /* an empty last part is as good as none: software:faults: */
	bool returns;	    /* what `return value` gives means something */
	bool always;	    /* also in a compilation for tests or benchmarks */

	/* Adds instances for an attach point. Nothing found: an error with the nearest names (missing_probes decides). */
	int (*match)(struct skep_compiler *c, struct skep_probe_node *probe,
		     const struct skep_attach_point *point);

	/* Types. NULL: this kind of probe has none, and the checker says so. -ENOENT after a message of its own. */
	int (*arg)(struct skep_check *k, unsigned n, const struct skep_type **ret_type);
	int (*retval)(struct skep_check *k, const struct skep_type **ret_type);

	/* Code at the start of the program: leaves (jumps to l->done) when the event is not for this instance. */
	void (*prologue)(struct skep_lower *l);
	int (*lower_arg)(struct skep_lower *l, unsigned n, struct skep_value *ret_value);
	int (*lower_retval)(struct skep_lower *l, struct skep_value *ret_value);
	/* args.field: the place of the field (or its value). */
	int (*lower_args)(struct skep_lower *l, const struct skep_expr *expr,
			  const struct skep_field *field, struct skep_value *ret_value);
	/* The probe's index for rows and `probe`. NULL: constant when there is one match, else from the cookie. */
	struct skep_val *(*lower_probe)(struct skep_lower *l);

	/* -l: names matching the pattern, one a line. */
	int (*list)(const struct skep_world *world, const struct skep_attach_point *pattern,
		    bool verbose, int pid, struct skep_diag *diag, struct skep_str *out);
};

extern const struct skep_provider *const skep_providers[]; /* NULL-terminated */
const struct skep_provider *skep_provider_find(const char *name);

/* New instance for a probe; zeroed but for probe, point, provider. */
struct skep_instance *skep_instance_new(struct skep_compiler *c, struct skep_probe_node *probe,
					const struct skep_attach_point *point,
					const struct skep_provider *provider);
/* Adds a target to an instance; registers its name in the plan. */
struct skep_match *skep_instance_add(struct skep_compiler *c, struct skep_instance *inst,
				     const char *name);
/* list.c: sorts what a list has added behind @from, each entry with the indented lines below it, and drops what came twice. */
void skep_list_sort(struct skep_str *out, size_t from);
/* iter.c: what the reader of an iterator reads from, for helpers; NULL: it cannot be told. */
struct skep_val *skep_iter_seq(struct skep_lower *l);
/* Whether the body or predicate of a probe mentions the bare word or call @name (such as "args"). */
bool skep_probe_uses(const struct skep_probe_node *probe, const char *name);
