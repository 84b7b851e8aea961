/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a try share. Nobody else includes this. */
#pragma once

#include <time.h>

#include <skep/vm.h>

#include "base/clock.h"
#include "lang/plan.h"
#include "obj/engine.h"
#include "workbench/try.h"

struct try_behind {
	int fd; /* of the kernel's map; -1: nothing is behind this map */
	const char *name;
};

struct try_job {
	const struct skep_input *input;
	const struct skep_try_input *with;
	struct skep_spec spec; /* with this program only */
	size_t prog;
	struct skep_arena *arena;
	struct skep_diag *diag;
	struct skep_try_result *result;
	struct skep_loaded *loaded;
	const struct skep_engine *engine;
	unsigned n_cpus;
	int prog_fd; /* in the kernel: borrowed, or of a program that was there already */
	uint8_t *ctx;
	size_t ctx_size;
	uint16_t *
		objects; /* by instruction the registers that lead to an object of the kernel's; NULL: not asked yet */
	size_t n_objects;
	unsigned n_absent; /* loads from there that found nothing */
	uint8_t *regs;	   /* of a system call, when something is set there */
	bool wants_regs;   /* the context begins with the registers of a system call */
	struct skep_plan_globals globals;   /* of a script */
	struct try_behind *behind;	    /* of each map of the spec */
	struct skep_vm_map_backing backing; /* of the map that was asked for last */
};

/* try_context.c: fills in ctx, of at least the kind's size. */
int try_make_context(struct try_job *j) _must_check_;

/* Where something is in the context. */
struct try_place {
	uint32_t offset, size;
	bool in_regs; /* in the registers of a system call instead */
};

/* try_event.c: "category/event" that the program hangs at, by its section or as a script attaches it; or NULL. */
const char *try_event(const struct try_job *j);
/* Of a script's program for one system call: what its tracepoint has, in the registers. */
bool try_call_field(const struct try_job *j, const char *name, struct try_place *ret_place);
bool try_event_field(const struct try_job *j, const char *name, struct try_place *ret_place);
/* What fields there are, as a hint. */
void try_event_hint(const struct try_job *j);

/* try_kernel.c: loads, runs; closed by skep_try. */
int try_kernel(struct try_job *j) _must_check_;

/* try_behind.c: opens the kernel's maps and fits the spec to them, before anything is loaded. */
int try_behind_open(struct try_job *j) _must_check_;
void try_behind_close(struct try_job *j);
/* What the machine asks (struct skep_vm_config); @data: the job. */
const struct skep_vm_map_backing *try_behind(void *data, const struct skep_vm_map_def *def);

#define TRY_REGS_BYTES 512 /* more than struct pt_regs has on any machine */

/* try_task.c: the registers of a system call, all zero, where the context has none. */
int try_make_regs(struct try_job *j, struct skep_vm_run *run) _must_check_;
/* try_task.c: what get_current_task gives. */
int try_make_task(struct try_job *j, struct skep_vm_run *run) _must_check_;

/* try_absent.c: for struct skep_vm_config. @data: the job. */
bool try_absent(void *data, uint32_t prog, uint32_t insn, uint32_t reg);

/* try_script.c: what a script's programs are told, before anything is loaded; and what they left to be shown. */
void try_script_begin(struct try_job *j);
int try_script_end(struct try_job *j) _must_check_;

/* try_maps.c: fills in the result's maps. */
void try_collect_maps(struct try_job *j);

/* Adds a remark to the result. @text lives as long as the arena. */
void try_note(struct try_job *j, const char *text);
