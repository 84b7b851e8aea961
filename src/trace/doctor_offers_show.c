/* SPDX-License-Identifier: Apache-2.0 */
/* What programs can be made of, for people and as JSON. */
#include <errno.h>
#include <string.h>

#include "isa/progkind.h"
#include "sys/config.h"
#include "trace/doctor_priv.h"

#define N_PROGS (SKEP_PROG_NETFILTER + 1)
#define N_MAPS (SKEP_MAP_INSN_ARRAY + 1)

/*
 * Kinds.
 */

struct kinds {
	const char *title, *member; /* in text, in JSON */
	const struct skep_doctor_kind *all;
	uint32_t n;
	const char *(*name)(uint32_t kind);
	const char *(*needs)(uint32_t kind);
};

static const char *prog_name(uint32_t kind)
{
	return skep_prog_kind_find(kind)->name;
}

static const char *map_name(uint32_t kind)
{
	return skep_map_kind_find(kind)->name;
}

static struct kinds progs_of(const struct skep_doctor *d)
{
	return (struct kinds){ "kinds of programs", "program_kinds",	   d->offers.progs, N_PROGS,
			       prog_name,	    skep_doctor_prog_needs };
}

static struct kinds maps_of(const struct skep_doctor *d)
{
	return (struct kinds){ "kinds of maps", "map_kinds", d->offers.maps,
			       N_MAPS,		map_name,    skep_doctor_map_needs };
}

/* The option that a kind needs and this configuration has not; NULL: none, or it is not known. */
static const char *lacks(const struct skep_doctor *d, const struct kinds *kinds, uint32_t kind)
{
	const char *option = kinds->needs(kind);

	return option && d->config && !skep_config_is_set(d->config, option, strlen(option))
		       ? option
		       : NULL;
}

/* Of a kind that is not there: why, and what would give it. */
static void explain(const struct skep_doctor *d, const struct kinds *kinds, uint32_t kind,
		    struct skep_str *why, struct skep_str *change)
{
	const char *option = lacks(d, kinds, kind), *text, *help;

	if (option) {
		skep_str_addf(why, "%s: not in this configuration", option);
		skep_str_addf(change, "a kernel with %s", option);
		return;
	}
	help = skep_doctor_refusal(d, kinds->all[kind].error, &text);
	skep_str_add(why, text);
	if (help)
		skep_str_add(change, help);
	else if (!d->config && kinds->needs(kind))
		skep_str_addf(change, "a kernel with %s, or a newer one", kinds->needs(kind));
	else
		skep_str_add(change, "a newer kernel");
}

/* The same in few words. */
static void add_missing(const struct skep_doctor *d, const struct kinds *kinds, uint32_t kind,
			struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str why = {}, change = {};
	int error = kinds->all[kind].error;

	explain(d, kinds, kind, &why, &change);
	if (lacks(d, kinds, kind))
		skep_str_add(out, lacks(d, kinds, kind));
	else
		skep_str_add(out,
			     skep_str_text(error == -EPERM || error == -EACCES ? &why : &change));
}

/* How many are there, and which are not. */
static void add_kinds(const struct skep_doctor *d, struct kinds kinds, struct skep_str *out)
{
	const char *before = ", not: ";
	uint32_t there = 0;

	for (uint32_t k = 1; k < kinds.n; k++)
		there += kinds.all[k].works != SKEP_DOCTOR_NO;
	skep_str_addf(out, "  %-18s  %s%u of %u", kinds.title, d->here ? "" : "at most ", there,
		      kinds.n - 1);
	for (uint32_t k = 1; k < kinds.n; k++) {
		if (kinds.all[k].works != SKEP_DOCTOR_NO)
			continue;
		skep_str_addf(out, "%s%s (", before, kinds.name(k));
		add_missing(d, &kinds, k, out);
		skep_str_addc(out, ')');
		before = ", ";
	}
	skep_str_addc(out, '\n');
}

static void kinds_json(const struct skep_doctor *d, struct kinds kinds, struct skep_str *out)
{
	skep_str_addf(out, ", \"%s\": [", kinds.member);
	for (uint32_t k = 1; k < kinds.n; k++) {
		_cleanup_(skep_str_fini)
		struct skep_str why = {}, change = {};

		if (d->here && !d->offers.tried)
			break;
		if (kinds.all[k].works == SKEP_DOCTOR_NO)
			explain(d, &kinds, k, &why, &change);
		skep_doctor_item(kinds.name(k), "works", skep_doctor_word(kinds.all[k].works),
				 skep_str_text(&why), skep_str_text(&change), out);
	}
	skep_str_addc(out, ']');
}

/*
 * Calls.
 */

/* What may be called: helpers, or functions, or helpers that may not be called here. */
struct calls {
	size_t n;
	const char *(*name)(const struct skep_doctor_offers *o, size_t i);
	uint64_t (*kinds)(const struct skep_doctor_offers *o, size_t i);
};

static const char *helper_name(const struct skep_doctor_offers *o, size_t i)
{
	return skep_helper_find((int32_t)i + 1)->name;
}

static uint64_t helper_kinds(const struct skep_doctor_offers *o, size_t i)
{
	return o->helpers[i + 1];
}

static uint64_t helper_lacks(const struct skep_doctor_offers *o, size_t i)
{
	return skep_helper_find((int32_t)i + 1)->prog_kinds & skep_doctor_offers_asked(o) &
	       ~o->helpers[i + 1];
}

static const char *function_name(const struct skep_doctor_offers *o, size_t i)
{
	return o->functions[i].name;
}

static uint64_t function_kinds(const struct skep_doctor_offers *o, size_t i)
{
	return o->functions[i].kinds;
}

static struct calls helpers_of(const struct skep_doctor_offers *o)
{
	return (struct calls){ SKEP_HELPER_END - 1, helper_name, helper_kinds };
}

static struct calls functions_of(const struct skep_doctor_offers *o)
{
	return (struct calls){ o->n_functions, function_name, function_kinds };
}

/* Names of those that @kind may call (0: all of @all) and not all of @all may. */
static void add_names(const struct skep_doctor_offers *o, const struct calls *calls, uint32_t kind,
		      uint64_t all, struct skep_str *out)
{
	const char *before = "\n    ";

	for (size_t i = 0; i < calls->n; i++) {
		uint64_t kinds = calls->kinds(o, i);

		if (kind ? !(kinds & SKEP_KIND(kind)) || (kinds & all) == all
			 : (kinds & all) != all)
			continue;
		skep_str_addf(out, "%s%s", before, calls->name(o, i));
		before = ", ";
	}
	skep_str_addc(out, '\n');
}

static bool is_same(const struct skep_doctor_offers *o, const struct calls *calls, uint32_t kind,
		    uint32_t other)
{
	for (size_t i = 0; i < calls->n; i++)
		if (!(calls->kinds(o, i) & SKEP_KIND(kind)) !=
		    !(calls->kinds(o, i) & SKEP_KIND(other)))
			return false;
	return true;
}

/* A paragraph for each set of kinds that may call the same; without what all of @all may. */
static void add_sets(const struct skep_doctor_offers *o, const struct calls *calls, uint64_t all,
		     const char *more, struct skep_str *out)
{
	uint64_t left = skep_doctor_offers_asked(o);

	for (uint32_t k = 1; k < N_PROGS; k++) {
		size_t n = 0;

		for (size_t i = 0; i < calls->n; i++)
			n += calls->kinds(o, i) & SKEP_KIND(k) && (calls->kinds(o, i) & all) != all;
		if (!(left & SKEP_KIND(k)) || !n)
			continue;
		skep_str_addf(out, "  %s", prog_name(k));
		for (uint32_t other = k + 1; other < N_PROGS; other++) {
			if (!(left & SKEP_KIND(other)) || !is_same(o, calls, k, other))
				continue;
			left &= ~SKEP_KIND(other);
			skep_str_addf(out, ", %s", prog_name(other));
		}
		skep_str_addf(out, ": %zu%s", n, more);
		add_names(o, calls, k, all, out);
	}
}

static void add_calls(const struct skep_doctor_offers *o, struct calls calls, const char *title,
		      struct skep_str *out)
{
	uint64_t all = skep_doctor_offers_asked(o);
	size_t n = 0;

	for (size_t i = 0; i < calls.n; i++)
		n += (calls.kinds(o, i) & all) == all;
	skep_str_addf(out, "\n%s:\n", title);
	if (n) {
		skep_str_addf(out, "  every kind: %zu", n);
		add_names(o, &calls, 0, all, out);
	}
	add_sets(o, &calls, all, n ? " more" : "", out);
}

static void calls_json(const struct skep_doctor_offers *o, struct calls calls, const char *member,
		       struct skep_str *out)
{
	skep_str_addf(out, ", \"%s\": [", member);
	for (size_t i = 0; o->pairs && i < calls.n; i++) {
		skep_str_add(out, i ? ", {" : "{");
		skep_doctor_member("name", calls.name(o, i), out);
		skep_str_add(out, ", \"programs\": [");
		for (uint32_t k = 1; k < N_PROGS; k++)
			if (calls.kinds(o, i) & SKEP_KIND(k))
				skep_str_addf(out, "%s\"%s\"",
					      out->data[out->len - 1] == '[' ? "" : ", ",
					      prog_name(k));
		skep_str_add(out, "]}");
	}
	skep_str_addc(out, ']');
}

/*
 * All of it.
 */

static void add_counts(const struct skep_doctor_offers *o, struct skep_str *out)
{
	const char *before = ", not: ";

	skep_str_addf(out, "  %-18s  %d of %d", "helpers", MIN(o->last_helper, SKEP_HELPER_END - 1),
		      SKEP_HELPER_END - 1);
	for (int32_t h = o->last_helper + 1; h < SKEP_HELPER_END; h++, before = ", ")
		skep_str_addf(out, "%s%s", before, skep_helper_find(h)->name);
	skep_str_addf(out, "\n  %-18s  ", "functions (kfuncs)");
	if (o->marks || o->pairs)
		skep_str_addf(out, "%zu%s\n", o->n_functions,
			      o->marks ? "" : " called bpf_*; this kernel does not mark them");
	else
		skep_str_add(out, "not told, this kernel does not mark them\n");
}

void skep_doctor_offers_text(const struct skep_doctor *d, struct skep_str *out)
{
	static const struct calls missing = { SKEP_HELPER_END - 1, helper_name, helper_lacks };
	const struct skep_doctor_offers *o = &d->offers;

	skep_str_add(out, "\nWhat programs can be made of:\n");
	add_kinds(d, progs_of(d), out);
	add_kinds(d, maps_of(d), out);
	if (!o->tried)
		return;
	add_counts(o, out);
	if (!o->pairs) {
		skep_str_add(out, "  Which kind may call which: skep doctor --all\n");
		return;
	}
	add_calls(o, helpers_of(o),
		  "Helpers that each kind of program may call, ext those of what it replaces", out);
	skep_str_add(out, "\nHelpers that other kernels let it call:\n");
	add_sets(o, &missing, ~0ull, "", out);
	add_calls(o, functions_of(o), "Functions of the kernel that it may call", out);
}

void skep_doctor_offers_json(const struct skep_doctor *d, struct skep_str *out)
{
	const struct skep_doctor_offers *o = &d->offers;

	kinds_json(d, progs_of(d), out);
	kinds_json(d, maps_of(d), out);
	calls_json(o, helpers_of(o), "helpers", out);
	calls_json(o, functions_of(o), "functions", out);
}
