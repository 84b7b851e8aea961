/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile, software, hardware: perf counters, one on every CPU, which run the program each time
 * they have counted far enough. The numbers are the kernel's UAPI (perf_event_open).
 */
#include <ctype.h>
#include <errno.h>

#include "isa/counter.h"
#include "isa/progkind.h"
#include "lang/match.h"

extern const struct skep_provider skep_provider_profile, skep_provider_software,
	skep_provider_hardware;

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
	inst = perf_instance(c, probe, point, &skep_provider_profile, SKEP_COUNTER_SOFTWARE,
			     SKEP_COUNTER_CPU_CLOCK);
	inst->attach.perf_freq = period.hz;
	inst->attach.perf_period = period.ns;
	return 0;
}

static int unknown_counter(struct skep_compiler *c, const struct skep_attach_point *point,
			   enum skep_counter_type type)
{
	struct skep_nearest near = { .wanted = point->parts[1] };
	const struct skep_counter *counter;
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (size_t i = 0; (counter = skep_counter_row(type, i)); i++) {
		skep_nearest_add(&near, counter->name);
		skep_str_addf(&all, "%s%s", i ? ", " : "", counter->name);
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
			 const struct skep_provider *provider, enum skep_counter_type type)
{
	const struct skep_counter *found = skep_counter_find(type, point->parts[1]);
	uint64_t period;

	if (!found)
		return unknown_counter(c, point, type);
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
	return counter_match(c, probe, point, &skep_provider_software, SKEP_COUNTER_SOFTWARE);
}

static int hardware_match(struct skep_compiler *c, struct skep_probe_node *probe,
			  const struct skep_attach_point *point)
{
	return counter_match(c, probe, point, &skep_provider_hardware, SKEP_COUNTER_HARDWARE);
}

static int profile_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	skep_str_add(out, "profile:hz:\nprofile:ms:\nprofile:s:\nprofile:us:\n");
	return 0;
}

static int list(const struct skep_attach_point *pattern, const char *provider,
		enum skep_counter_type type, struct skep_str *out)
{
	const char *glob = pattern->n_parts > 1 ? pattern->parts[1] : "*";
	const struct skep_counter *counter;
	size_t before = out->len;

	for (size_t i = 0; (counter = skep_counter_row(type, i)); i++) {
		if (skep_glob_match(glob, counter->name))
			skep_str_addf(out, "%s:%s:\n", provider, counter->name);
		if (counter->alias && skep_glob_match(glob, counter->alias))
			skep_str_addf(out, "%s:%s:\n", provider, counter->alias);
	}
	skep_list_sort(out, before);
	return 0;
}

static int software_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			 bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(pattern, "software", SKEP_COUNTER_SOFTWARE, out);
}

static int hardware_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			 bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(pattern, "hardware", SKEP_COUNTER_HARDWARE, out);
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
