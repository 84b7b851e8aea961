/* SPDX-License-Identifier: Apache-2.0 */
#include "live/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "live/session.h"

#define ONE_OF_MAX 4096 /* below that it would be no sample any more */
#define STEP_MAX 16
#define CALM_SECONDS 5

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
	budget->one_of = 1;
	s->result->budget.after_ns = 0;
}

static void add_percent(uint64_t hundredths, struct skep_str *out)
{
	skep_str_addf(out, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
}

/* What was measured, as text or as the record of @type. */
static void add_use(const struct skep_budget_use *use, struct skep_str *out)
{
	skep_str_add(out, "skep: over budget: in the last second the programs took ");
	add_percent(use->programs, out);
	skep_str_add(out, " % of a processor and skep itself ");
	add_percent(use->own, out);
	skep_str_add(out, " %, more than ");
	add_percent(use->limit, out);
}

static void add_use_json(const char *type, const struct skep_budget_use *use, struct skep_str *out)
{
	skep_str_addf(out, "{\"type\": \"%s\", \"max_cpu\": ", type);
	add_percent(use->limit, out);
	skep_str_add(out, ", \"programs\": ");
	add_percent(use->programs, out);
	skep_str_add(out, ", \"skep\": ");
	add_percent(use->own, out);
}

/* --- sampling --------------------------------------------------------------------------------- */

static void tell_sampling(const struct skep_session *s, const struct skep_budget *budget)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_budget_use *use = &s->result->budget;
	struct skep_str *out = skep_output_text(s->out);

	if (s->options->format == SKEP_LIVE_JSON) {
		add_use_json("sampling", use, out);
		skep_str_addf(out, ", \"one_of\": %" PRIu64 "}\n", budget->one_of);
		skep_output_record_done(s->out);
	}
	if (s->options->quiet)
		return;
	if (use->over)
		add_use(use, &text);
	else
		skep_str_add(&text, "skep: far below the limit of ");
	if (!use->over)
		add_percent(use->limit, &text);
	if (budget->one_of > 1)
		skep_str_addf(&text, " %%; one of %" PRIu64 " events is looked at from now on\n",
			      budget->one_of);
	else
		skep_str_add(&text, " %; all events are looked at again\n");
	skep_output_flush(s->out);
	fputs(text.data, stderr);
}

/* False: it cannot be done. */
static bool sample(struct skep_budget *budget, struct skep_session *s, uint64_t one_of)
{
	uint64_t mask = one_of - 1;
	uint32_t zero = 0;

	if (!s->plan->sample_map_plus1 || one_of > ONE_OF_MAX ||
	    s->engine->map_set(s->loaded, s->plan->sample_map_plus1 - 1, &zero, &mask, 0) < 0)
		return false;
	budget->one_of = one_of;
	tell_sampling(s, budget);
	return true;
}

/* As many fewer as the limit is exceeded by, but not all at once: the next second may be another one. */
static bool sample_down(struct skep_budget *budget, struct skep_session *s)
{
	const struct skep_budget_use *use = &s->result->budget;
	uint64_t factor = 2;

	while (factor < STEP_MAX && factor * use->limit < use->programs + use->own)
		factor *= 2;
	return budget->one_of < ONE_OF_MAX &&
	       sample(budget, s, MIN(budget->one_of * factor, (uint64_t)ONE_OF_MAX));
}

static void sample_up(struct skep_budget *budget, struct skep_session *s)
{
	const struct skep_budget_use *use = &s->result->budget;

	budget->calm = (use->programs + use->own) * 4 < use->limit ? budget->calm + 1 : 0;
	if (budget->one_of == 1 || budget->calm < CALM_SECONDS)
		return;
	budget->calm = 0;
	(void)sample(budget, s, budget->one_of / 2);
}

bool skep_budget_check(struct skep_budget *budget, struct skep_session *s)
{
	struct skep_budget_use *use = &s->result->budget;
	struct skep_budget before = *budget;
	uint64_t passed;

	*budget = now(s);
	budget->one_of = before.one_of;
	budget->calm = before.calm;
	passed = MAX(budget->at_ns - before.at_ns, UINT64_C(1000000));
	use->after_ns += budget->at_ns - before.at_ns;
	use->limit = s->options->max_cpu;
	use->programs = (budget->run_ns - before.run_ns) * 10000 / passed;
	use->own = (budget->own_ns - before.own_ns) * 10000 / passed;
	use->over = use->programs + use->own > use->limit;
	if (!use->over)
		sample_up(budget, s);
	else if (sample_down(budget, s))
		use->over = false;
	return use->over;
}

/* --- the end ---------------------------------------------------------------------------------- */

void skep_budget_text(const struct skep_budget_use *use, struct skep_str *out)
{
	add_use(use, out);
	skep_str_addf(out, " %%; detached after %" PRIu64 " s\n",
		      (use->after_ns + 500000000) / 1000000000);
}

void skep_budget_json(const struct skep_budget_use *use, struct skep_str *out)
{
	add_use_json("over_budget", use, out);
	skep_str_add(out, "}\n");
}
