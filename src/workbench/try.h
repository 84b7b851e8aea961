/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trying: a program runs once, or a few times, on input that is given, and what it did is told. In the machine of our own
 * any kind of program runs, those as well that a kernel runs only when something happens; in the kernel those that it can
 * test-run.
 *
 *	 input ──► interpreter ─┐
 *	           JIT ─────────┼──► result: value, packet, lines, maps, records; or a fault ──► text, JSON
 *	           kernel ──────┘
 *
 * A map can have one of the kernel's behind it (skep/vm.h, struct skep_vm_map_backing): what the program reads is read there
 * when it asks, what it writes is written there, at the latest when a run ends.
 *
 *	struct skep_try_input with = { .bytes = packet, .size = n, .engine = SKEP_TRY_JIT };
 *
 *	r = skep_try(&input, prog, &with, arena, diag, &result);
 *	if (r == 0 || r == -EFAULT)
 *		skep_try_text(&result, &out);		// "r0: 2 (0x2)", maps, output
 */
#pragma once

#include "workbench/input.h"

#define SKEP_TRY_ENTRIES_MAX 4096 /* shown of each map; the others are counted */

enum skep_try_engine {
	SKEP_TRY_INTERPRETER,
	SKEP_TRY_JIT,
	SKEP_TRY_KERNEL,
};

/* A map of the kernel's behind a map of the program. */
struct skep_try_behind {
	const char *name;
	const char *source; /* id:42, or the file that keeps it */
};

struct skep_try_input {
	enum skep_try_engine engine;
	const void
		*bytes; /* the packet of kinds that have one, else the context; or NULL: zeroes */
	size_t size;
	const void *ctx; /* the context of kinds that have a packet, or NULL */
	size_t ctx_size;
	const char *const *fields; /* "NAME=NUMBER": parts of the context, over all else */
	size_t n_fields;
	unsigned repeat; /* runs, on the same maps; 0: 1 */
	uint32_t pid;	 /* what the helpers say of the process */
	const char *comm;
	const struct skep_try_behind *behind;
	size_t n_behind;
	bool json; /* what a script shows comes as records, one a line */
};

struct skep_try_bytes {
	const uint8_t *data;
	size_t size;
};

/* The texts are as BTF has it (workbench/typed.h), or NULL when it does not. */
struct skep_try_entry {
	struct skep_try_bytes key, value; /* of per-CPU kinds all values, side by side */
	const char *key_text, *value_text;
};

struct skep_try_record {
	struct skep_try_bytes bytes;
	const char *text;
};

struct skep_try_map {
	const char *name;
	uint32_t kind, value_size;
	struct skep_try_entry *entries;	 /* by key; of arrays those that are not zero */
	size_t n_entries, more;		 /* more: not shown */
	struct skep_try_record *records; /* of rings */
	size_t n_records;
	/* Of sections of data with types: name and value of each variable, as texts. */
	struct skep_try_entry *vars;
	size_t n_vars;
};

struct skep_try_result {
	const char *program;
	uint32_t kind;
	enum skep_try_engine engine;
	unsigned runs;
	uint64_t ns; /* of a run, the mean */

	bool faulted;
	uint32_t fault_insn;
	const char *fault;
	const struct skep_spec_line *fault_line; /* or NULL */

	uint64_t value;		      /* R0; the kernel tells its lower half */
	struct skep_try_bytes packet; /* as it is now */
	bool packet_changed;
	unsigned redirect; /* SKEP_VM_REDIRECT_..., 0: none */
	uint64_t target;
	const char **lines; /* printed */
	size_t n_lines;
	struct skep_try_map *maps; /* those that hold something */
	size_t n_maps;
	/* Of a script: what it printed, its rows and maps; then `maps` holds nothing. */
	const char *shown;    /* or NULL */
	const char *notes[4]; /* what is not told, and why; as many as are not NULL */
};

/* Kinds that get a packet. */
bool skep_try_has_packet(uint32_t prog_type);
/* Kinds that the kernel runs on demand. */
bool skep_try_kernel_runs(uint32_t prog_type);

/*
 * Everything in @ret_result is in @arena or the input's. -EFAULT: the program did something wrong, the result says what and
 * where. Other errors have the diag, and no result.
 */
int skep_try(const struct skep_input *input, size_t prog, const struct skep_try_input *with,
	     struct skep_arena *arena, struct skep_diag *diag,
	     struct skep_try_result *ret_result) _must_check_;

void skep_try_text(const struct skep_try_result *result, struct skep_str *out);
/* One object on one line. */
void skep_try_json(const struct skep_try_result *result, struct skep_str *out);
