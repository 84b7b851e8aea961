/* SPDX-License-Identifier: Apache-2.0 */
/* Raw and BTF-typed tracepoints, fentry and fexit, and tracepoints through perf. */
#include <errno.h>
#include <string.h>

#include "sys/explain.h"
#include "sys/kernel_priv.h"
#include "sys/perf.h"
#include "sys/tracefs.h"

static enum skep_diag_level level_of(const struct skep_attach_target *t)
{
	return t->optional ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR;
}

int skep_attach_raw_tp(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct skep_attach_target *t, struct skep_diag *diag)
{
	int fd;

	fd = skep_bpf_raw_tp_open(t->name, loaded->progs[a->prog].fd, t->cookie);
	if (fd < 0) {
		skep_explain_attach(level_of(t), a, t->name, fd, diag);
		if (fd == -EINVAL && t->cookie)
			skep_diag_hint(diag, "this kernel may not know cookies of raw tracepoints "
					     "(they came with Linux 6.10)");
		return fd;
	}
	return skep_kernel_add_link(loaded, a->prog, fd);
}

/*
 * The older call makes the same link and is known to every kernel that can load such a program;
 * only a cookie needs the newer one.
 */
int skep_attach_tracing(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct skep_attach_target *t, struct skep_diag *diag)
{
	int prog_fd = loaded->progs[a->prog].fd, fd;
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = loaded->progs[a->prog].attach_type,
	};

	attr.tracing.cookie = t->cookie;
	fd = t->cookie ? skep_bpf_link_create(&attr) : skep_bpf_raw_tp_open(NULL, prog_fd, 0);
	if (fd < 0) {
		skep_explain_attach(level_of(t), a, t->name, fd, diag);
		return fd;
	}
	return skep_kernel_add_link(loaded, a->prog, fd);
}

/* One event is enough: the program hangs on the tracepoint itself and runs on every CPU. */
int skep_attach_tp(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		   const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	uint32_t id;
	int r;

	r = skep_tracefs_event_id(t->name, &id);
	if (r == 0) {
		attr.config = id;
		r = skep_perf_attach(&attr, -1, 0, loaded->progs[a->prog].fd, t->cookie);
	}
	if (r < 0) {
		skep_explain_attach(level_of(t), a, t->name, r, diag);
		return r;
	}
	return skep_kernel_add_link(loaded, a->prog, r);
}
