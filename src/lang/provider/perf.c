/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile, software, hardware: perf counters, one on every CPU, which run the program each time
 * they have counted far enough. The numbers are the kernel's UAPI (perf_event_open).
 */
#include <ctype.h>
#include <errno.h>

#include "isa/progkind.h"
#include "lang/match.h"

#define TYPE_HARDWARE 0
#define TYPE_SOFTWARE 1
#define CPU_CLOCK 0

extern const struct skep_provider skep_provider_profile, skep_provider_software,
	skep_provider_hardware;

/* @period: events between two runs when the script does not say. */
struct counter {
	const char *name, *alias;
	uint64_t config, period;
};

static const struct counter software[] = {
	{ "cpu-clock", "cpu", 0, 1000000 },  { "task-clock", NULL, 1, 1000000 },
	{ "page-faults", "faults", 2, 100 }, { "context-switches", "cs", 3, 1000 },
	{ "cpu-migrations", NULL, 4, 1 },    { "minor-faults", NULL, 5, 100 },
	{ "major-faults", NULL, 6, 1 },	     { "alignment-faults", NULL, 7, 1 },
	{ "emulation-faults", NULL, 8, 1 },  { "dummy", NULL, 9, 1 },
	{ "bpf-output", NULL, 10, 1 },
};

static const struct counter hardware[] = {
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

static struct skep_instance *perf_instance(struct skep_compiler *c, struct skep_probe_node *probe,
					   const struct skep_attach_point *point,
					   const struct skep_provider *provider, uint32_t type,
					   uint64_t config)
{
	struct skep_instance *inst = skep_instance_new(c, probe, point, provider);

	inst->proto.type = SKEP_PROG_PERF_EVENT;
	inst->attach.kind = SKEP_ATTACH_PERF;
	inst->attach.perf_type = type;
	inst->attach.perf_config = config;
	inst->attach.all_cpus = true;
	skep_instance_follow(c, inst);
	skep_instance_add(c, inst, point->text);
	return inst;
}

static int profile_match(struct skep_compiler *c, struct skep_probe_node *probe,
			 const struct skep_attach_point *point)
{
	struct skep_period period;
	struct skep_instance *inst;
	int r;

	r = skep_match_period(c, point, &skep_provider_profile, &period);
	if (r < 0)
		return r;
	inst = perf_instance(c, probe, point, &skep_provider_profile, TYPE_SOFTWARE, CPU_CLOCK);
	inst->attach.perf_freq = period.hz;
	inst->attach.perf_period = period.ns;
	return 0;
}

static int unknown_counter(struct skep_compiler *c, const struct skep_attach_point *point,
			   const struct counter *counters, size_t n)
{
	struct skep_nearest near = { .wanted = point->parts[1] };
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (size_t i = 0; i < n; i++) {
		skep_nearest_add(&near, counters[i].name);
		skep_str_addf(&all, "%s%s", i ? ", " : "", counters[i].name);
	}
	skep_diag_error(c->diag, point->loc, "there is no %s event '%s'", point->parts[0],
			point->parts[1]);
	if (near.n)
		skep_diag_hint(c->diag, "did you mean %s?", skep_nearest_text(&near, c->arena));
	else
		skep_diag_hint(c->diag, "the events are %s", skep_str_text(&all));
	skep_nearest_fini(&near);
	return -EINVAL;
}

static int counter_match(struct skep_compiler *c, struct skep_probe_node *probe,
			 const struct skep_attach_point *point,
			 const struct skep_provider *provider, uint32_t type,
			 const struct counter *counters, size_t n)
{
	const struct counter *found = NULL;
	uint64_t period;

	for (size_t i = 0; i < n; i++)
		if (skep_streq(counters[i].name, point->parts[1]) ||
		    (counters[i].alias && skep_streq(counters[i].alias, point->parts[1])))
			found = &counters[i];
	if (!found)
		return unknown_counter(c, point, counters, n);
	period = found->period;
	if (point->n_parts > 2) {
		char *end;

		errno = 0;
		period = strtoull(point->parts[2], &end, 10);
		if (errno || *end || !period || !isdigit((unsigned char)point->parts[2][0]))
			return skep_match_usage(c, point, provider, "'%s' is not a count",
						point->parts[2]);
	}
	perf_instance(c, probe, point, provider, type, found->config)->attach.perf_period = period;
	return 0;
}

static int software_match(struct skep_compiler *c, struct skep_probe_node *probe,
			  const struct skep_attach_point *point)
{
	return counter_match(c, probe, point, &skep_provider_software, TYPE_SOFTWARE, software,
			     ARRAY_SIZE(software));
}

static int hardware_match(struct skep_compiler *c, struct skep_probe_node *probe,
			  const struct skep_attach_point *point)
{
	return counter_match(c, probe, point, &skep_provider_hardware, TYPE_HARDWARE, hardware,
			     ARRAY_SIZE(hardware));
}

static int profile_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	skep_str_add(out, "profile:hz:\nprofile:ms:\nprofile:s:\nprofile:us:\n");
	return 0;
}

static int list(const struct skep_attach_point *pattern, const char *provider,
		const struct counter *counters, size_t n, struct skep_str *out)
{
	const char *glob = pattern->n_parts > 1 ? pattern->parts[1] : "*";

	size_t before = out->len;

	for (size_t i = 0; i < n; i++) {
		if (skep_glob_match(glob, counters[i].name))
			skep_str_addf(out, "%s:%s:\n", provider, counters[i].name);
		if (counters[i].alias && skep_glob_match(glob, counters[i].alias))
			skep_str_addf(out, "%s:%s:\n", provider, counters[i].alias);
	}
	skep_list_sort(out, before);
	return 0;
}

static int software_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			 bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(pattern, "software", software, ARRAY_SIZE(software), out);
}

static int hardware_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			 bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(pattern, "hardware", hardware, ARRAY_SIZE(hardware), out);
}

static const char *const profile_aliases[] = { "p", NULL };
static const char *const software_aliases[] = { "s", NULL };
static const char *const hardware_aliases[] = { "h", NULL };

const struct skep_provider skep_provider_profile = {
	.name = "profile",
	.aliases = profile_aliases,
	.usage = "profile:hz:99, profile:ms:10 or profile:1s",
	.min_parts = 2,
	.max_parts = 3,
	.match = profile_match,
	.list = profile_list,
};

const struct skep_provider skep_provider_software = {
	.name = "software",
	.aliases = software_aliases,
	.usage = "software:event:count, such as software:page-faults:100",
	.min_parts = 2,
	.max_parts = 3,
	.ends_empty = true,
	.match = software_match,
	.list = software_list,
};

const struct skep_provider skep_provider_hardware = {
	.name = "hardware",
	.aliases = hardware_aliases,
	.usage = "hardware:event:count, such as hardware:cache-misses:1000",
	.min_parts = 2,
	.max_parts = 3,
	.ends_empty = true,
	.match = hardware_match,
	.list = hardware_list,
};
