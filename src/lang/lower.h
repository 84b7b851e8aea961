/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: from a checked tree to gen's values.
 *
 * A scalar is a gen value. Everything else is a place: an address with an offset, and the space that says how it may be
 * read. Kernel and user memory stays where it is until somebody needs its bytes: `args.filename` costs nothing
 * until str() or a comparison asks.
 *
 *	struct skep_value v;
 *	r = skep_lower_expr(l, expr, &v);         // v.val is the number, or the address
 *	r = skep_lower_bytes(l, &v);              // a place in the program's own memory now
 *
 * Large objects (strings, keys, rows) do not fit the kernel's 512 bytes of stack: skep_lower_scratch gives memory that belongs to
 * this program on this CPU while it runs.
 */
#pragma once

#include "lang/compiler.h"

#define SKEP_STACK_OBJECT_MAX 64 /* larger objects live in scratch memory */

struct skep_value {
	const struct skep_type *type;
	struct skep_val *val;  /* scalar: the value; memory: the base address */
	int off;	       /* memory: added to val */
	enum skep_space space; /* memory: where it is */
	bool padded; /* STRING outside of the program's own memory: only zeroes stand behind its end */
	bool ended; /* STRING elsewhere: a pointer to one, whose last byte is room for the end; not an array, which may be full */
	const char *
		literal; /* STRING known at compile time: its bytes, or NULL; val may then be NULL */
	size_t literal_len;
	const struct skep_value
		*parts; /* TUPLE not yet in memory: its elements, or NULL; val is then NULL */
};

#define SKEP_KNOWN_MAX 8

/* An element of a map that this program has read: lower_known.c. */
struct skep_known {
	const struct skep_expr *map; /* @m[keys] */
	struct skep_value value;
};

struct skep_frame;

struct skep_lower {
	struct skep_compiler *c;
	struct skep_instance *inst;
	unsigned instance; /* number of this body, from 1: ties locals to their code */
	unsigned prog;	   /* index of the program: losses count for it */
	struct skep_gen *gen;
	struct skep_fn *fn;
	struct skep_block
		*start; /* left open while the body is built: code that must run before all of it */
	struct skep_fn *body; /* of a probe: the function that begins with start; else NULL */
	struct skep_var
		*ids[2]; /* of its thread and process, once somebody has asked: either_ns_id() */
	struct skep_block *done;   /* leaves the probe or function */
	struct skep_frame *frame;  /* of a body that the kernel calls, else NULL: lower_capture.c */
	struct skep_local *result; /* of a function: what it returns, or NULL */
	struct skep_local *verdict; /* of a probe that acts: what its program returns, or NULL */
	uint64_t rounds;	    /* of the loops around, as far as the verifier follows them */
	struct skep_block *next, *stop; /* of the innermost loop: continue, break; or NULL */
	unsigned conditional;		/* depth of what runs only on some paths */
	bool in_predicate; /* building the predicate: what it has read holds for the body */
	struct skep_known known[SKEP_KNOWN_MAX];
	unsigned n_known;
	bool untyped; /* read kernel memory through helpers: an address that is computed cannot be loaded from directly */
};

/* --- expressions ------------------------------------------------------------------------------------------ */

int skep_lower_expr(struct skep_lower *l, const struct skep_expr *expr,
		    struct skep_value *ret_value) _must_check_;
/* The expression as a number (its type must be scalar). */
int skep_lower_scalar(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_val **ret_val) _must_check_;
/* The same for computing with it: an address becomes a number for the verifier, too. */
int skep_lower_number(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_val **ret_val) _must_check_;
int skep_lower_block(struct skep_lower *l, const struct skep_block_node *block) _must_check_;

/* Brings a memory value into the program's own memory (space BPF): copies what is elsewhere to stack or scratch. */
int skep_lower_bytes(struct skep_lower *l, struct skep_value *value) _must_check_;
/* Writes a value of any type to addr + off as its type's bytes in memory; shorter strings are padded with zeroes. */
int skep_lower_store(struct skep_lower *l, const struct skep_value *value,
		     const struct skep_type *as, struct skep_val *addr, int off) _must_check_;
/* What stands at a place: scalars are loaded (however the space demands), others stay a place. */
int skep_lower_load(struct skep_lower *l, const struct skep_type *type, struct skep_val *addr,
		    int off, enum skep_space space, struct skep_value *ret_value) _must_check_;

/* --- memory and the kernel -------------------------------------------------------------------------------- */

/* Zeroed or uninitialised memory of the program's own: stack when small, else scratch. */
struct skep_val *skep_lower_object(struct skep_lower *l, uint32_t size, const char *name,
				   int *ret_off);
/* The same, and never on the stack: its address may be kept as a number. */
struct skep_val *skep_lower_lasting(struct skep_lower *l, uint32_t size);
/* Reads @size bytes at @from (kernel or user) to to + to_off; a failed read gives zeroes and is counted. */
void skep_lower_read(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
		     struct skep_val *from, enum skep_space space);
/* The same for a terminated string of at most @size bytes; the rest of the buffer is NOT cleared unless @pad. */
void skep_lower_read_str(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
			 struct skep_val *from, enum skep_space space, bool pad);
/* The same for an array of @size char, which may be full: then there is no zero byte at its end. */
void skep_lower_read_chars(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
			   struct skep_val *from, enum skep_space space, bool pad);
/* Counts a loss of this program. */
void skep_lower_loss(struct skep_lower *l, enum skep_loss_cause cause);
/*
 * Number in the current task, through the members @path, by direct loads where the kernel allows them; zero-extended, as ids
 * are. NULL: use a helper instead.
 */
struct skep_val *skep_lower_task_field(struct skep_lower *l, const char *const *path,
				       size_t n_path);
/* The pointer there, as a bare number; NULL: there is none. */
struct skep_val *skep_lower_task_pointer(struct skep_lower *l, const char *const *path,
					 size_t n_path);
/* The same of element @index of the array that @array leads to. */
struct skep_val *skep_lower_task_element(struct skep_lower *l, const char *const *array,
					 size_t n_array, unsigned index, const char *const *path,
					 size_t n_path);
/* The typed current task (get_current_task_btf), shared; NULL where the helper is missing. */
struct skep_val *skep_lower_task(struct skep_lower *l);
/* A global of struct skep_plan_globals. */
struct skep_val *skep_lower_global(struct skep_lower *l, uint32_t offset, unsigned size);
/* Process and thread id in the namespace of skep itself; by direct loads where that is cheaper. */
struct skep_val *skep_lower_tgid(struct skep_lower *l);
struct skep_val *skep_lower_tid(struct skep_lower *l);
/* The same in the machine's first namespace. */
struct skep_val *skep_lower_init_tgid(struct skep_lower *l);
struct skep_val *skep_lower_init_tid(struct skep_lower *l);
/* The index of the fired probe in the plan's names. */
struct skep_val *skep_lower_probe_index(struct skep_lower *l);

/* Constant text as a value. @text lives as long as the compilation. */
struct skep_value skep_lower_text(struct skep_lower *l, const char *text, size_t len);

/* --- maps ------------------------------------------------------------------------------------------------- */

/* Address of the key that @map (an expression @m[...]) names, in the program's memory. Only for maps with keys. */
int skep_lower_map_key(struct skep_lower *l, const struct skep_expr *map,
		       struct skep_val **ret_key) _must_check_;
/* The address of a scalar map's value behind its "was set" word (store SCALAR). */
struct skep_val *skep_lower_map_scalar(struct skep_lower *l, const struct skep_map_info *map);

/* --- rows ------------------------------------------------------------------------------------------------- */

/* A row between its reservation and its end: the payload is at addr + off. */
struct skep_row_build {
	struct skep_val *addr;
	int off;
	struct skep_block *done;
};

/*
 * Registers the action, reserves a row of the size its schema says and fills the head; a full ring is counted. The
 * caller stores the payload and ends the row.
 */
int skep_lower_row_begin(struct skep_lower *l, const struct skep_plan_action *action,
			 struct skep_row_build *ret_row) _must_check_;
/*
 * The same for a row of which only a part may be sent: it is built in scratch memory with room for @max_size bytes of
 * payload, and ends with the call that sends @size of them, which the verifier must see to be at most as many. Gives 0, or
 * the error when the ring is full, which is counted.
 */
int skep_lower_row_open(struct skep_lower *l, const struct skep_plan_action *action,
			uint32_t max_size, struct skep_row_build *ret_row) _must_check_;
struct skep_val *skep_lower_row_send(struct skep_lower *l, const struct skep_row_build *row,
				     struct skep_val *size);
void skep_lower_row_end(struct skep_lower *l, const struct skep_row_build *row);
/* Both, around storing @values, whose types the schema's fields were made from, in order. */
int skep_lower_row(struct skep_lower *l, const struct skep_plan_action *action,
		   const struct skep_value *values, size_t n_values) _must_check_;
/*
 * Evaluates the arguments of a call from number @from on, gives the action its schema from them (the names are the
 * arguments' texts) and sends the row.
 */
int skep_lower_row_args(struct skep_lower *l, struct skep_plan_action *action,
			const struct skep_expr *call, size_t from) _must_check_;
