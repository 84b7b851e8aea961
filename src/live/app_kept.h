/* SPDX-License-Identifier: Apache-2.0 */
/* What stays, for the files that take part: app_keep.c, app_slot.c, app_vars.c, app_unload.c. Nobody else includes this. */
#pragma once

#include "isa/mapkind.h"
#include "live/app_priv.h"
#include "sys/pins.h"

/* What one attach record has become. */
struct app_link {
	const char *name; /* under which it is kept */
	size_t prog;
	size_t first, n;	/* links of the engine that are new */
	int old_link, old_prog; /* of what it replaces, or -1 */
	bool is_updated;	/* the old link has the new program */
	bool is_slot;		/* the old stub jumps to the new program */
};

struct app_kept {
	char path[SKEP_PINS_PATH_MAX];
	bool replaces;
	bool is_made; /* the directories are ours, and empty */
	bool is_done;
	int lock_fd;
	int *map_fds; /* by map: taken over from what is kept, or -1 */
	/* By program: the stub that is attached in its stead and the map that it jumps through; 0: it is attached itself. */
	uint32_t *stubs, *slots;
	size_t n_progs; /* of the object; behind them are stubs */
	struct {
		SKEP_VEC(struct app_link);
	} links;
};

/* Where it is kept; @wanted: something must be. Explains. @out: SKEP_PINS_PATH_MAX bytes. */
int app_kept_path(struct skep_app *app, const char *dir, bool wanted, char *out) _must_check_;

/* Takes the links away, with their pins; programs and maps stay. */
void app_kept_detach(struct skep_app *app);

/* app_slot.c. Stubs for the programs whose links cannot be updated; each record has one target afterwards. */
void app_slots_add(struct skep_app *app);
/* After loading: what stubs of our own jump to. */
int app_slots_fill(struct skep_app *app) _must_check_;
bool app_slot_is_stub(const struct skep_app *app, size_t prog);
/* @stub: what is attached. 1: the stub that is attached already jumps to the new program; 0: it has none. */
int app_slot_exchange(struct skep_app *app, size_t stub, struct app_link *link) _must_check_;
void app_slot_restore(struct skep_app *app, const struct app_link *link);

/* app_vars.c. Whether variables of map @map lie in the one behind @fd as here; true for maps without variables. */
bool app_vars_same(struct skep_app *app, size_t map, int fd);
/* After loading: variables that lie elsewhere now have the values that they had. */
int app_vars_move(struct skep_app *app) _must_check_;
