/* SPDX-License-Identifier: Apache-2.0 */
#include "isa/counter.h"

#include "base/str.h"

static const struct skep_counter software[] = {
	{ "cpu-clock", "cpu", 0, 1000000 },  { "task-clock", NULL, 1, 1000000 },
	{ "page-faults", "faults", 2, 100 }, { "context-switches", "cs", 3, 1000 },
	{ "cpu-migrations", NULL, 4, 1 },    { "minor-faults", NULL, 5, 100 },
	{ "major-faults", NULL, 6, 1 },	     { "alignment-faults", NULL, 7, 1 },
	{ "emulation-faults", NULL, 8, 1 },  { "dummy", NULL, 9, 1 },
	{ "bpf-output", NULL, 10, 1 },
};

static const struct skep_counter hardware[] = {
	{ "cpu-cycles", "cycles", 0, 1000000 },
	{ "instructions", NULL, 1, 1000000 },
	{ "cache-references", NULL, 2, 1000000 },
	{ "cache-misses", NULL, 3, 1000000 },
	{ "branch-instructions", "branches", 4, 100000 },
	{ "branch-misses", NULL, 5, 100000 },
	{ "bus-cycles", NULL, 6, 100000 },
	{ "frontend-stalls", NULL, 7, 1000000 },
	{ "backend-stalls", NULL, 8, 1000000 },
	{ "ref-cycles", NULL, 9, 1000000 },
};

const struct skep_counter *skep_counter_row(enum skep_counter_type type, size_t index)
{
	if (type == SKEP_COUNTER_SOFTWARE)
		return index < ARRAY_SIZE(software) ? &software[index] : NULL;
	return index < ARRAY_SIZE(hardware) ? &hardware[index] : NULL;
}

const struct skep_counter *skep_counter_find(enum skep_counter_type type, const char *name)
{
	const struct skep_counter *c;

	for (size_t i = 0; (c = skep_counter_row(type, i)); i++)
		if (skep_streq(c->name, name) || (c->alias && skep_streq(c->alias, name)))
			return c;
	return NULL;
}
