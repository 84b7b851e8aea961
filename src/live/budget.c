/* SPDX-License-Identifier: Apache-2.0 */
#include "live/budget.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/timerfd.h>
#include <time.h>

#define ONE_OF_MAX 4096 /* below that it would be no sample any more */
#define CALM_SECONDS 5
#define SECOND_MS 1000
#define TRIAL_MS 250
#define ON_MS_MIN 5 /* attaching takes about as long */
#define PERIOD_MS_MAX (8 * SECOND_MS)
/* Of the limit that slices are to take: less than half, as two may fall into one second of whoever looks. */
#define ON_PER_CENT 45

/* --- measuring -------------------------------------------------------------------------------- */

static uint64_t programs_ns(const struct skep_budget_on *on)
{
	uint64_t total = 0, runs, ns;

	for (size_t i = 0; i < on->n_progs; i++)
		if (on->engine->prog_stats(on->loaded, i, &runs, &ns) == 0)
			total += ns;
	return total;
}

/* What was taken since the last time, as a part of what passed since then. */
static void measure(struct skep_budget *budget)
{
	struct skep_budget_use *use = &budget->use;
	uint64_t at_ns = skep_clock_ns(CLOCK_MONOTONIC), run_ns = programs_ns(&budget->on);
	uint64_t own_ns = skep_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t passed = MAX(at_ns - budget->at_ns, UINT64_C(1000000));

	use->after_ns = at_ns - budget->start_ns;
	use->programs = (run_ns - budget->run_ns) * 10000 / passed;
	use->own = (own_ns - budget->own_ns) * 10000 / passed;
	use->over = use->programs + use->own > use->limit;
	budget->at_ns = at_ns;
	budget->run_ns = run_ns;
	budget->own_ns = own_ns;
}

static void wait_ms(struct skep_budget *budget, uint64_t ms)
{
	struct itimerspec in = { .it_value = { .tv_sec = (time_t)(ms / 1000),
					       .tv_nsec = (long)(ms % 1000) * 1000000 } };

	if (!ms)
		in.it_value.tv_nsec = 1;
	(void)timerfd_settime(budget->fd, 0, &in, NULL);
}

int skep_budget_open(struct skep_budget *budget, const struct skep_budget_on *on)
{
	*budget = (struct skep_budget){
		.on = *on,
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.one_of = 1,
		.on_ms = SECOND_MS,
		.period_ms = SECOND_MS,
		.use = { .limit = on->limit },
	};
	if (budget->fd < 0)
		return -errno;
	measure(budget);
	budget->start_ns = budget->at_ns;
	wait_ms(budget, SECOND_MS);
	return 0;
}

void skep_budget_close(struct skep_budget *budget)
{
	if (budget->fd >= 0)
		close(budget->fd);
	budget->fd = -1;
}

uint64_t skep_budget_paused_ms(const struct skep_budget *budget)
{
	uint64_t ns = budget->paused_ns;

	if (budget->phase == SKEP_BUDGET_PAUSED)
		ns += skep_clock_ns(CLOCK_MONOTONIC) - budget->paused_at_ns;
	return ns / 1000000;
}

/* --- what can be done ------------------------------------------------------------------------- */

static void changed(struct skep_budget *budget)
{
	budget->calm = 0;
	if (budget->on.changed)
		budget->on.changed(budget->on.data, budget);
}

static bool sample(struct skep_budget *budget, uint64_t one_of)
{
	if (!budget->on.sample || !budget->on.sample(budget->on.data, one_of))
		return false;
	budget->one_of = one_of;
	return true;
}

/* As many fewer as the limit is exceeded by. */
static bool sample_down(struct skep_budget *budget)
{
	uint64_t one_of = budget->one_of * 2;

	while (one_of < ONE_OF_MAX &&
	       one_of / budget->one_of * budget->use.limit < budget->use.programs + budget->use.own)
		one_of *= 2;
	if (budget->one_of >= ONE_OF_MAX || !sample(budget, MIN(one_of, (uint64_t)ONE_OF_MAX)))
		return false;
	budget->phase = SKEP_BUDGET_TRIAL;
	wait_ms(budget, TRIAL_MS);
	changed(budget);
	return true;
}

static bool pause_all(struct skep_budget *budget)
{
	budget->paused_at_ns = skep_clock_ns(CLOCK_MONOTONIC);
	if (!budget->on.pause || !budget->on.pause(budget->on.data, true))
		return false;
	budget->phase = SKEP_BUDGET_PAUSED;
	wait_ms(budget, budget->period_ms - budget->on_ms);
	return true;
}

static bool resume(struct skep_budget *budget)
{
	if (!budget->on.pause(budget->on.data, false))
		return false;
	budget->paused_ns += skep_clock_ns(CLOCK_MONOTONIC) - budget->paused_at_ns;
	budget->phase = budget->on_ms == SECOND_MS ? SKEP_BUDGET_FULL : SKEP_BUDGET_SLICE;
	wait_ms(budget, budget->on_ms);
	return true;
}

/*
 * So that what takes @used now stays within the limit: shorter slices, and where they would be too short, rarer ones: one
 * in at most @period_max_ms.
 */
static bool plan_slices(struct skep_budget *budget, uint64_t used, uint64_t period_max_ms)
{
	uint64_t period_ms = budget->period_ms, on_ms;

	for (;; period_ms *= 2) {
		on_ms = budget->on_ms * budget->use.limit * ON_PER_CENT / 100 * period_ms /
			budget->period_ms / MAX(used, UINT64_C(1));
		if (on_ms >= ON_MS_MIN)
			break;
		if (period_ms >= period_max_ms)
			return false;
	}
	budget->on_ms = MIN(on_ms, (uint64_t)SECOND_MS);
	budget->period_ms = period_ms;
	return true;
}

/* More is looked at: slices as often as before, then longer ones. */
static void plan_more(struct skep_budget *budget, uint64_t used)
{
	uint64_t on_ms = budget->on_ms;

	if (budget->period_ms > SECOND_MS) {
		budget->period_ms /= 2;
		return;
	}
	if (plan_slices(budget, used, SECOND_MS))
		budget->on_ms = MIN(on_ms * 2, budget->on_ms);
}

/* @helped: leaving out events did something, so it stays. */
static bool slice(struct skep_budget *budget, bool helped)
{
	if (!plan_slices(budget, budget->use.programs + budget->use.own, SECOND_MS))
		return false;
	if ((!helped && budget->one_of > 1 && !sample(budget, 1)) || !pause_all(budget)) {
		budget->on_ms = budget->period_ms = SECOND_MS;
		return false;
	}
	changed(budget);
	return true;
}

/* --- the steps -------------------------------------------------------------------------------- */

/* A second of all events, or of those that are picked. */
static bool step_full(struct skep_budget *budget)
{
	measure(budget);
	if (budget->use.over)
		return !sample_down(budget) && !slice(budget, budget->one_of > 1);
	wait_ms(budget, SECOND_MS);
	budget->calm = (budget->use.programs + budget->use.own) * 4 < budget->use.limit
			       ? budget->calm + 1
			       : 0;
	if (budget->one_of > 1 && budget->calm >= CALM_SECONDS &&
	    sample(budget, budget->one_of / 2))
		changed(budget);
	return false;
}

/* Fewer events are looked at since a moment ago: was it enough? */
static bool step_trial(struct skep_budget *budget)
{
	uint64_t before = budget->use.programs;

	measure(budget);
	budget->phase = SKEP_BUDGET_FULL;
	if (budget->use.over)
		return !slice(budget, budget->use.programs * 2 < before) && !sample_down(budget);
	wait_ms(budget, SECOND_MS);
	return false;
}

static bool step_paused(struct skep_budget *budget)
{
	uint64_t used, on_ms = budget->on_ms, period_ms = budget->period_ms;

	measure(budget);
	used = budget->use.programs + budget->use.own;
	/* one second on a busy machine is no reason to end, so slices may become rarer */
	if (budget->use.over && !plan_slices(budget, used, PERIOD_MS_MAX))
		return true;
	budget->calm = used * 4 < budget->use.limit ? budget->calm + 1 : 0;
	if (budget->calm >= 2)
		plan_more(budget, used);
	if (!resume(budget))
		return true;
	budget->use.over = false;
	if (budget->on_ms != on_ms || budget->period_ms != period_ms)
		changed(budget);
	return false;
}

bool skep_budget_step(struct skep_budget *budget)
{
	uint64_t n;

	if (read(budget->fd, &n, sizeof(n)) != sizeof(n))
		return false;
	switch (budget->phase) {
	case SKEP_BUDGET_FULL:
		budget->use.over = step_full(budget);
		break;
	case SKEP_BUDGET_TRIAL:
		budget->use.over = step_trial(budget);
		break;
	case SKEP_BUDGET_SLICE: /* what it took counts for the whole second, so it is looked at when that is over */
		budget->use.over = !pause_all(budget);
		break;
	case SKEP_BUDGET_PAUSED:
		budget->use.over = step_paused(budget);
		break;
	}
	return budget->use.over;
}

/* --- telling ---------------------------------------------------------------------------------- */

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

void skep_budget_change_text(const struct skep_budget *budget, struct skep_str *out)
{
	bool sliced = budget->phase >= SKEP_BUDGET_SLICE;

	if (budget->use.over)
		add_use(&budget->use, out);
	else
		skep_str_add(out, sliced ? "skep: the limit is " : "skep: far below the limit of ");
	if (!budget->use.over)
		add_percent(budget->use.limit, out);
	if (budget->one_of > 1)
		skep_str_addf(out, " %%; one of %" PRIu64 " events is looked at", budget->one_of);
	else
		skep_str_add(out, " %; all events are looked at");
	if (sliced)
		skep_str_addf(out, " during %" PRIu64 " ms of ", budget->on_ms);
	if (sliced && budget->period_ms > SECOND_MS)
		skep_str_addf(out, "every %" PRIu64 " seconds", budget->period_ms / SECOND_MS);
	else if (sliced)
		skep_str_add(out, "each second");
	skep_str_add(out, budget->one_of > 1 || sliced ? " from now on\n" : " again\n");
}

void skep_budget_change_json(const struct skep_budget *budget, struct skep_str *out)
{
	add_use_json("sampling", &budget->use, out);
	skep_str_addf(out, ", \"one_of\": %" PRIu64, budget->one_of);
	if (budget->phase >= SKEP_BUDGET_SLICE)
		skep_str_addf(out, ", \"on_ms\": %" PRIu64 ", \"period_ms\": %" PRIu64,
			      budget->on_ms, budget->period_ms);
	skep_str_add(out, "}\n");
}

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
