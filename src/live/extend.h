/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns that every tool and script can have besides its own: names of addresses (--dns), and more about the process that a
 * row is of (--with). They are fields of the schema like all others, so every shape and every sink has them.
 *
 *	row connect { pid, comm, daddr, dport }
 *		--dns			daddr is shown as a name; for programs there is daddr_name beside it
 *		--with container,user	... | container | user
 *
 * A row is of the process in its field `pid`. What the kernel knew of it when the row was made is in the row's head, if it was
 * the process that ran; otherwise /proc is asked when the row comes up. Rows without that field get no such columns.
 *
 *	skep_extend(plan, arena, &(struct skep_extend){ .with = o->with, .dns = o->dns, .for_people = true });
 */
#pragma once

#include "lang/plan.h"
#include "record/row.h"

struct skep_arena;

struct skep_extend {
	unsigned with; /* bits by enum skep_process_what */
	bool dns;
	bool for_people; /* a name takes the place of its address */
};

/* The words of --with, in the order of enum skep_process_what: they are the columns, too. */
extern const char *const skep_extend_words[SKEP_N_PROCESS_WHATS];

/* What has no effect. */
struct skep_extend_idle {
	bool with; /* on some row, as it has no field pid; or there is no row */
	bool dns;  /* nowhere: there is no address */
};

/* Changes the schemas of the plan's rows, and the keys of its maps where people see them. What is made lives in @arena. */
struct skep_extend_idle skep_extend(struct skep_plan *plan, struct skep_arena *arena,
				    const struct skep_extend *extend);

/* What the row @payload of @action is of, for the bytes at action->process_at. @whose may be NULL. */
void skep_extend_row(const struct skep_plan_action *action, const uint8_t *payload,
		     const struct skep_row_who *who, const struct skep_row_whose *whose,
		     struct skep_process *ret_process);
