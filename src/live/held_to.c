/* SPDX-License-Identifier: Apache-2.0 */
/* A session that is held to its budget: what can be done in it, and how it is told. */
#include <stdio.h>

#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "live/session.h"

#define PAUSE_MAX 64	  /* targets: closing each may take some milliseconds */
#define TYPE_BREAKPOINT 5 /* perf_event_open: PERF_TYPE_BREAKPOINT */

static bool sample(void *data, uint64_t one_of)
{
	struct skep_session *s = data;
	uint64_t mask = one_of - 1;
	uint32_t zero = 0;

	return s->plan->sample_map_plus1 &&
	       s->engine->map_set(s->loaded, s->plan->sample_map_plus1 - 1, &zero, &mask, 0) >= 0;
}

static bool pause_all(void *data, bool pause)
{
	return skep_session_pause(data, pause);
}

static void changed(void *data, const struct skep_budget *budget)
{
	struct skep_session *s = data;
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (s->options->format == SKEP_LIVE_JSON) {
		skep_budget_change_json(budget, skep_output_text(s->out));
		skep_output_record_done(s->out);
	}
	if (s->options->quiet)
		return;
	skep_budget_change_text(budget, &text);
	skep_output_flush(s->out);
	fputs(text.data, stderr);
}

/*
 * Probes that only look may be away for a while. Those that decide something may not, nor what is pinned; a watchpoint may
 * have been taken away by the script.
 */
static bool can_pause(const struct skep_spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		switch (a->kind) {
		case SKEP_ATTACH_USER:
			continue;
		case SKEP_ATTACH_RAW_TP:
		case SKEP_ATTACH_TP:
		case SKEP_ATTACH_KPROBE:
		case SKEP_ATTACH_KRETPROBE:
		case SKEP_ATTACH_UPROBE:
		case SKEP_ATTACH_URETPROBE:
			break;
		case SKEP_ATTACH_TRACING: /* others of the kind decide: LSM, fmod_ret */
			if (spec->progs[a->prog].type != SKEP_PROG_TRACING ||
			    spec->progs[a->prog].attach_type == SKEP_AT_MODIFY_RETURN)
				return false;
			break;
		case SKEP_ATTACH_PERF:
			if (a->perf_type == TYPE_BREAKPOINT)
				return false;
			break;
		default:
			return false;
		}
		if (a->pin)
			return false;
		n += a->n_targets;
	}
	return n <= PAUSE_MAX;
}

int skep_session_budget(struct skep_session *s, struct skep_budget *budget)
{
	struct skep_budget_on on = {
		.engine = s->engine,
		.loaded = s->loaded,
		.n_progs = s->plan->spec->n_progs,
		.limit = s->options->max_cpu,
		.sample = sample,
		.pause = can_pause(s->plan->spec) ? pause_all : NULL,
		.changed = changed,
		.data = s,
	};

	return skep_budget_open(budget, &on);
}
