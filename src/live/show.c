/* SPDX-License-Identifier: Apache-2.0 */
#include "live/show.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "live/session.h"
#include "sys/cpus.h"

void skep_live_globals(const struct skep_plan *plan, uint32_t n_cpus,
		       struct skep_plan_globals *ret_globals)
{
	const struct skep_plan_portable *portable = plan->portable;

	*ret_globals = (struct skep_plan_globals){
		.start_boot_ns = skep_clock_ns(CLOCK_BOOTTIME),
		.n_cpus = n_cpus,
		.wall_offset_ns = skep_clock_boot_offset_ns(),
		.pid_ns_dev = portable ? portable->pid_ns_dev : 0,
		.pid_ns_ino = portable ? portable->pid_ns_ino : 0,
	};
}

static int show(struct skep_session *s)
{
	struct skep_ring_sink sink = { .record = skep_session_record, .data = s };
	int r = skep_session_who(s);

	/* the records of a JSON session begin with their schemas, which nobody here asks for */
	if (r >= 0 && s->options->format != SKEP_LIVE_JSON)
		r = skep_emit_open(s);
	if (r >= 0 && s->plan->ring_map >= 0)
		r = s->engine->ring_drain(s->loaded, (size_t)s->plan->ring_map, &sink);
	if (r < 0)
		return r;
	skep_emit_pause(s);
	s->exiting = false;
	skep_session_print_maps(s);
	return skep_losses_collect(&s->result->losses, s->plan, s->engine, s->loaded);
}

int skep_live_show(struct skep_plan *plan, const struct skep_engine *engine,
		   struct skep_loaded *loaded, enum skep_live_format format, struct skep_diag *diag,
		   struct skep_losses *ret_losses, struct skep_str *out)
{
	struct skep_live_options options = { .engine = engine, .format = format };
	struct skep_output text = { .fd = -1, .interrupt_fd = -1, .keeps = true };
	struct skep_live_result result = {};
	struct skep_session s = {
		.plan = plan,
		.options = &options,
		.engine = engine,
		.loaded = loaded,
		.out = &text,
		.diag = diag,
		.result = &result,
		.signal_fd = -1,
		.only_shows = true,
		.clock_offset_ns = skep_clock_boot_offset_ns(),
	};
	int r = show(&s);

	skep_emit_close(&s);
	skep_who_free(s.who);
	free(s.row);
	skep_session_forget_maps(&s);
	skep_str_addn(out, skep_str_text(&text.buffer), text.buffer.len);
	skep_str_fini(&text.buffer);
	if (r < 0) {
		skep_losses_fini(&result.losses);
		return r;
	}
	*ret_losses = result.losses;
	return 0;
}
