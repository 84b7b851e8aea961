/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by top.c and prepare.c only: one run of the live view. */
#pragma once

#include <signal.h>

#include "live/child.h"
#include "top/screen.h"
#include "top/top.h"
#include "top/ui.h"

struct top {
	const struct skep_top_options *options;
	struct skep_arena *arena;
	struct skep_diag *diag;
	struct skep_top_watching w;
	struct skep_top_machine machine;
	struct skep_top_ui ui;
	struct skep_top_screen *screen; /* NULL: lines */
	struct skep_top_frame frame;
	struct skep_top_printer printer;
	struct skep_child child;
	int signal_fd;
	sigset_t old_mask;
	unsigned n_shown;
	uint64_t next_ns;		 /* when to look */
	uint64_t own_ns, prog_ns, at_ns; /* of --max-cpu: at the last look */
	bool ended, over, pipe_gone;
};

/*
 * What comes before the first look: what is shown, of whom, and whether on a screen; the command, which waits; signals, which
 * come through signal_fd from now on. *ret_scope NULL: all processes.
 */
int top_prepare(struct top *t, struct skep_scope **ret_scope, bool *ret_screen) _must_check_;
void top_close_signals(struct top *t);
