/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of <skep/skep.h> share. Nobody else includes this.
 *
 *	app.c		life, objects, loading, attaching
 *	app_place.c	where programs are attached
 *	app_set.c	global variables
 *	app_rows.c	rings
 *	app_kept.h	what stays in the kernel
 *	app_maps.c	maps
 *	app_sinks.c	where else it all goes
 */
#pragma once

#include <skep/skep.h>

#include "base/vec.h"
#include "live/budget.h"
#include "live/feed.h"
#include "live/feed_print.h"
#include "obj/btf.h"
#include "obj/engine.h"
#include "obj/object.h"

/* What was said with skep_app_at, in order. */
struct app_place {
	const char *prog; /* NULL: every program whose section does not say */
	const char *place;
	bool used;
};

/* A variable that was set before loading. */
struct app_set {
	const char *name, *value;
};

struct app_kept;
struct skep_sink;

struct skep_app {
	struct skep_app_options options;
	struct skep_arena *arena;
	struct skep_diag diag;
	struct skep_str why;
	struct skep_str text; /* what functions that return text return */
	struct {
		SKEP_VEC(struct skep_object_file);
	} files;
	struct {
		SKEP_VEC(struct app_place);
	} places;
	struct {
		SKEP_VEC(struct app_set);
	} sets;
	struct app_kept *kept; /* or NULL */
	bool is_read;	       /* the files have become the spec */
	bool is_chosen;	       /* by skep_app_use */
	bool is_attached;
	size_t refused; /* the program that the kernel rejected, or SIZE_MAX */
	struct skep_spec spec;
	size_t n_maps;	      /* of the object; behind them are those that we add */
	struct skep_btf *btf; /* of the spec, or NULL */
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	struct skep_feed *feed; /* with loaded */
	struct skep_feed_printer printer;
	bool is_printing;
	uint64_t limit; /* hundredths of a percent; 0: none */
	struct skep_budget budget;
	struct {
		SKEP_VEC(struct skep_sink *);
	} sinks;
	uint64_t since_ns; /* attached */
	int sinks_fd;	   /* ticks, with sinks */
	int stats_fd,
		wait_fd; /* with a limit: statistics are on, and what waits for rows and for it */
};

/* Files to spec, once. Every function that looks at programs, maps or variables calls it first. */
int app_read(struct skep_app *app) _must_check_;
/* Index of the program, or SIZE_MAX. */
size_t app_find_prog(const struct skep_app *app, const char *name);
/* Index of the map, or SIZE_MAX. */
size_t app_find_map(const struct skep_app *app, const char *name);
/* Those that will be loaded, or are. */
bool app_prog_is_on(const struct skep_app *app, size_t prog);

/* app_set.c. Into what is loaded, unless it is a constant. */
int app_set_again(struct skep_app *app, const struct app_set *set) _must_check_;

/* app_keep.c. The first two and the last are fine when nothing is kept. */
void app_kept_fini(struct skep_app *app);
/* Before loading, when it is known where programs go. */
int app_kept_open(struct skep_app *app) _must_check_;
/* As engine->attach: or the exchange of what is attached. */
int app_kept_attach(struct skep_app *app, size_t index) _must_check_;
/* Everything is attached: keeps it, and removes what is not wanted any more. */
int app_kept_done(struct skep_app *app) _must_check_;
/* It failed: all is as it was. */
void app_kept_undo(struct skep_app *app);

/* app_limit.c. All do nothing without a limit. */
int app_limit_open(struct skep_app *app) _must_check_;
void app_limit_close(struct skep_app *app);
/* -EDQUOT: it was exceeded, and nothing is attached any more. */
int app_limit_step(struct skep_app *app) _must_check_;

/* app_limit.c: skep_app_fd is readable when @fd is. -1: none. */
int app_wait_for(struct skep_app *app, int fd) _must_check_;

/* app_sinks.c. All do nothing without sinks. */
int app_sinks_watch(struct skep_app *app) _must_check_;
void app_sinks_row(struct skep_app *app, const struct skep_feed_row *row);
void app_sinks_step(struct skep_app *app);
void app_sinks_close(struct skep_app *app);

/* app_rows.c: what programs write is kept from here on. After loading, before attaching. */
int app_rows_open(struct skep_app *app) _must_check_;
/* Empties the text, and prints to it from now on. With a feed. */
void app_print_as(struct skep_app *app, enum skep_app_format format);
/* app_maps.c. What people want to see when they do not say which. */
bool app_map_is_shown(const struct skep_app *app, size_t map);
/* To the printer: these. */
void app_tell_maps(struct skep_app *app);
void app_rows_close(struct skep_app *app);

/* app_place.c: makes attach records of what was said with skep_app_at. Before loading. */
int app_place_all(struct skep_app *app) _must_check_;
