/* SPDX-License-Identifier: Apache-2.0 */
#include "live/budget.h"

#include <inttypes.h>
#include <time.h>

#include "live/session.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t programs_ns(const struct skep_session *s)
{
	uint64_t total = 0, runs, ns;

	for (size_t i = 0; i < s->plan->spec->n_progs; i++)
		if (s->engine->prog_stats(s->loaded, i, &runs, &ns) == 0)
			total += ns;
	return total;
}

static struct skep_budget now(const struct skep_session *s)
{
	return (struct skep_budget){
		.at_ns = clock_ns(CLOCK_MONOTONIC),
		.run_ns = programs_ns(s),
		.own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
	};
}

void skep_budget_start(struct skep_budget *budget, const struct skep_session *s)
{
	*budget = now(s);
	s->result->budget.after_ns = 0;
}

bool skep_budget_check(struct skep_budget *budget, struct skep_session *s)
{
	struct skep_budget before = *budget;
	struct skep_budget_use *use = &s->result->budget;
	uint64_t passed;

	*budget = now(s);
	passed = MAX(budget->at_ns - before.at_ns, UINT64_C(1000000));
	use->after_ns += budget->at_ns - before.at_ns;
	use->limit = s->options->max_cpu;
	use->programs = (budget->run_ns - before.run_ns) * 10000 / passed;
	use->own = (budget->own_ns - before.own_ns) * 10000 / passed;
	use->over = use->programs + use->own > use->limit;
	return use->over;
}

static void add_percent(uint64_t hundredths, struct skep_str *out)
{
	skep_str_addf(out, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
}

void skep_budget_text(const struct skep_budget_use *use, struct skep_str *out)
{
	skep_str_add(out, "skep: over budget: in the last second the programs took ");
	add_percent(use->programs, out);
	skep_str_add(out, " % of a processor and skep itself ");
	add_percent(use->own, out);
	skep_str_add(out, " %, more than ");
	add_percent(use->limit, out);
	skep_str_addf(out, " %%; detached after %" PRIu64 " s\n",
		      (use->after_ns + 500000000) / 1000000000);
}

void skep_budget_json(const struct skep_budget_use *use, struct skep_str *out)
{
	skep_str_add(out, "{\"type\": \"over_budget\", \"max_cpu\": ");
	add_percent(use->limit, out);
	skep_str_add(out, ", \"programs\": ");
	add_percent(use->programs, out);
	skep_str_add(out, ", \"skep\": ");
	add_percent(use->own, out);
	skep_str_add(out, "}\n");
}
