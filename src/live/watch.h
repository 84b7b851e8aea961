/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watch: a script that is asked again and again what it knows, by somebody who shows that in his own way (skep top). A
 * session (live.h) runs a script to its end; a watch lies there until somebody looks.
 *
 *	compile ─► load ─► attach ─► [ visit: rows of the ring, iterators from their start │ read: maps ] ─► close
 *
 *	r = skep_watch_open(&options, diag, &watch);
 *	r = skep_watch_visit(watch, take_row, data);		// as often as one likes
 *	r = skep_watch_read(watch, "@bytes", arena, &snapshot);
 *	skep_watch_close(watch);
 *
 * Rows wait in the ring between two visits (or drains); those that find no room there are among the losses. Intervals, BEGIN, END and
 * signals of the script are not run. Nothing is printed.
 */
#pragma once

#include "lang/compile.h"
#include "live/losses.h"
#include "obj/engine.h"

struct skep_watch;

struct skep_watch_options {
	const struct skep_engine *engine;
	const struct skep_world *world; /* of the compilation alone */
	const char *name, *text;	/* of the script */
	const struct skep_scope *scope; /* of its probes, or NULL */
};

/* Lives during the call. */
typedef void (*skep_watch_row_fn)(void *data, const struct skep_schema *schema,
				  const void *payload);

/* -errno, and the diag says why: it cannot be compiled, loaded or attached here. */
int skep_watch_open(const struct skep_watch_options *options, struct skep_diag *diag,
		    struct skep_watch **ret_watch) _must_check_;
/* Accepts NULL. */
void skep_watch_close(struct skep_watch *watch);
SKEP_DEFINE_CLEANUP(struct skep_watch, skep_watch_close)

int skep_watch_visit(struct skep_watch *watch, skep_watch_row_fn row, void *data) _must_check_;
/* The rows that wait, without iterators: so that the ring has room between two visits that are far apart. */
int skep_watch_drain(struct skep_watch *watch, skep_watch_row_fn row, void *data) _must_check_;
/* -ENOENT: the script has no map of this name. */
int skep_watch_read(struct skep_watch *watch, const char *map, struct skep_arena *arena,
		    struct skep_snapshot *ret_snapshot) _must_check_;
/* One key of a map without short keys; that it is not there is no error. */
void skep_watch_delete(struct skep_watch *watch, const char *map, const void *key);
/* Adds what was lost since it was opened, by cause. */
void skep_watch_losses(struct skep_watch *watch, struct skep_losses *losses);
/* Time its programs have run, if the kernel measures that. */
uint64_t skep_watch_run_ns(struct skep_watch *watch);
