/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, what its files share with each other and nobody else. lower.h is the interface for builtins and providers.
 *
 *	lower.c		instances to programs, the plan
 *	lower_stmt.c	statements
 *	lower_loop.c	loops that the kernel runs
 *	lower_capture.c	what their bodies share with the code around
 *	lower_expr.c	expressions
 *	lower_fn.c	functions of the script
 *	lower_access.c	fields, indices, pointers
 *	lower_cond.c	conditions and comparisons, as jumps
 *	lower_map.c	the script's maps
 *	lower_agg.c	what aggregations come to
 *	lower_known.c	what was read from them already
 *	lower_mem.c	bytes: objects, copies, reads
 *	lower_row.c	rows into the ring
 *	lower_task.c	who runs: task fields, ids
 */
#pragma once

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "lang/builtin.h"
#include "lang/lower.h"
#include "lang/provider.h"

/* Not a bug of the script: a tree that the checker should have refused. -EINVAL with a message. */
int skep_lower_bug(struct skep_lower *l, struct skep_loc loc, const char *what) _must_check_;

uint32_t skep_lower_stripes(const struct skep_lower *l);
struct skep_val *skep_lower_stripe(struct skep_lower *l, unsigned map, uint32_t off,
				   uint32_t stripe_size);
/* Address of @len constant bytes and a zero byte behind them. */
struct skep_val *skep_lower_literal(struct skep_lower *l, const char *text, size_t len);
/* Address of @size constant bytes, at a multiple of 8, readable at computed offsets. */
struct skep_val *skep_lower_table(struct skep_lower *l, const void *data, size_t size);
/* Address of at least @size zero bytes that programs cannot write. */
struct skep_val *skep_lower_zeroes(struct skep_lower *l, uint32_t size);
struct skep_val *skep_lower_at(struct skep_lower *l, struct skep_val *addr, int off);
/* One read by a helper, of text or of bytes; its result, negative when it failed. */
struct skep_val *skep_lower_read_call(struct skep_lower *l, bool is_text, struct skep_val *to,
				      struct skep_val *size, struct skep_val *from,
				      enum skep_space space);
/*
 * Text of at most @size bytes from wherever it is to @to: how many bytes it takes with its end, at least 1 and at most @size as
 * the verifier sees. A failed read gives an empty text and is counted.
 */
struct skep_val *skep_lower_read_text(struct skep_lower *l, struct skep_val *to, uint32_t size,
				      struct skep_val *from, enum skep_space space);
void skep_lower_check_read(struct skep_lower *l, struct skep_val *result);
/*
 * How str() and its kin read behind a value of this type, a number or a pointer. Kernels do not always say which of their
 * pointers are the user's, and numbers say nothing: unless it is known, the address decides.
 */
enum skep_space skep_lower_pointed(const struct skep_lower *l, const struct skep_type *type);
void skep_lower_clear(struct skep_lower *l, struct skep_val *addr, int off, uint32_t size);
int skep_lower_store_parts(struct skep_lower *l, const struct skep_value *value,
			   const struct skep_type *as, struct skep_val *addr, int off) _must_check_;
/* As skep_lower_store, but a string shorter than its field need not be padded. */
int skep_lower_store_row(struct skep_lower *l, const struct skep_value *value,
			 const struct skep_type *as, struct skep_val *addr, int off) _must_check_;

/* Jumps to @yes or @no. */
int skep_lower_cond(struct skep_lower *l, const struct skep_expr *expr, struct skep_block *yes,
		    struct skep_block *no) _must_check_;
bool skep_lower_is_cond(const struct skep_expr *expr);
/*
 * Brings two memory values where they can be compared: typed kernel memory and the context are read in place if what stands behind the end
 * of text there does not matter, all else is copied here.
 */
int skep_lower_near(struct skep_lower *l, struct skep_value *a, struct skep_value *b) _must_check_;
/* Jumps to @equal when the first @size bytes of two near values are the same, else to @different. */
void skep_lower_compare(struct skep_lower *l, const struct skep_value *a,
			const struct skep_value *b, uint32_t size, struct skep_block *equal,
			struct skep_block *different);
/* A value of one of two branches. */
int skep_lower_ternary(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value) _must_check_;

/*
 * The address of a member of what stands at @at + *off: its offset goes into *off, or, when it may be another one where the
 * program runs, into the address.
 */
struct skep_val *skep_lower_member(struct skep_lower *l, struct skep_val *at, int *off,
				   const struct skep_field *field);
/* The address in a typed pointer as a bare number, which the verifier lets be computed with. */
struct skep_val *skep_lower_untype(struct skep_lower *l, struct skep_val *ptr);
int skep_lower_field(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value) _must_check_;
int skep_lower_index(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value) _must_check_;
int skep_lower_deref(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value) _must_check_;
/* Bytes copied or cleared by plain loads and stores; more is a helper's work. */
#define SKEP_COPY_INLINE_MAX 128

/* Memory that plain loads reach. */
static inline bool skep_lower_direct(enum skep_space space)
{
	return space == SKEP_SPACE_BPF || space == SKEP_SPACE_CTX || space == SKEP_SPACE_BTF;
}

/* Where the value of a key is; NULL when there is no such key. Not of aggregations. */
int skep_lower_map_place(struct skep_lower *l, const struct skep_expr *expr,
			 struct skep_val **ret_addr) _must_check_;
int skep_lower_addr(struct skep_lower *l, const struct skep_expr *expr,
		    struct skep_value *ret_value) _must_check_;

int skep_lower_comm(struct skep_lower *l, const struct skep_type *type,
		    struct skep_value *ret_value) _must_check_;
/*
 * A variable's home in this body: an SSA variable, or memory. @begins: the next thing that happens is that it gets a
 * value.
 */
void skep_lower_local_home(struct skep_lower *l, struct skep_local *local, bool begins);
/* What the variable holds. */
struct skep_value skep_lower_local_get(struct skep_lower *l, struct skep_local *local);
/* The next thing that happens is that this variable gets a value, if nobody has seen it before. */
void skep_lower_local_begin(struct skep_lower *l, struct skep_local *local);
/* Zeroes, from here on. */
void skep_lower_local_clear(struct skep_lower *l, struct skep_local *local);
int skep_lower_local_set(struct skep_lower *l, struct skep_local *local,
			 const struct skep_value *value) _must_check_;
/* Arithmetic on two scalars whose operands have these types. */
struct skep_val *skep_lower_arith(struct skep_lower *l, enum skep_binary op,
				  const struct skep_type *left_type, struct skep_val *left,
				  const struct skep_type *right_type, struct skep_val *right);

/* The value of @m[keys] when it is known from an earlier read. */
bool skep_lower_known_find(const struct skep_lower *l, const struct skep_expr *map,
			   struct skep_value *ret_value);
void skep_lower_known_add(struct skep_lower *l, const struct skep_expr *map,
			  const struct skep_value *value);
/* This program writes @map (NULL: any map). */
void skep_lower_known_forget(struct skep_lower *l, const struct skep_map_info *map);

/* A body that a helper of the kernel calls, again and again: lower_capture.c. */
struct skep_callback {
	const char *name;
	struct skep_loc loc;
	unsigned n_params, ctx_param; /* the latter carries what @call gets as @record */
	/* In the body: continue is a jump to in->next, break one to in->stop. */
	int (*body)(struct skep_lower *in, void *data);
	/* Around it: calls the helper. @record is 0 when the body needs none. */
	void (*call)(struct skep_lower *l, struct skep_fn *fn, struct skep_val *record, void *data);
	void *data;
};

int skep_lower_callback(struct skep_lower *l, const struct skep_callback *cb) _must_check_;
/* Makes a variable of the code around known in a body that the kernel calls; false: it is none. */
bool skep_lower_capture(struct skep_lower *in, struct skep_local *local);
int skep_lower_for_map(struct skep_lower *l, const struct skep_stmt *stmt) _must_check_;
/* for $i : from..to by the helper loop. */
int skep_lower_for_range(struct skep_lower *l, const struct skep_stmt *stmt) _must_check_;
/* Leaves out events while user space wants fewer. */
void skep_lower_sample(struct skep_lower *l);
/* while by the helper loop. */
int skep_lower_while(struct skep_lower *l, const struct skep_stmt *stmt) _must_check_;
/* How much the verifier has to follow in a loop's body: 1 and more. */
uint64_t skep_lower_weight(const struct skep_block_node *body);
/* What reports call this function. @name is not copied. */
void skep_lower_name(struct skep_compiler *c, const struct skep_fn *fn, const char *name);

/* A call of a function of the script. */
int skep_lower_fn_call(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value) _must_check_;

/* The number that an aggregation comes to, over all CPUs; @key NULL: the map has no keys. */
struct skep_val *skep_lower_agg_read(struct skep_lower *l, const struct skep_map_info *map,
				     struct skep_val *key);

/* The value under the key at @key of a map whose value has a number or is one; zeroes when there is none. */
int skep_lower_map_get_at(struct skep_lower *l, const struct skep_map_info *map,
			  struct skep_val *key, struct skep_value *ret_value) _must_check_;
int skep_lower_map_get(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value) _must_check_;
int skep_lower_map_assign(struct skep_lower *l, const struct skep_expr *expr,
			  struct skep_value *ret_value) _must_check_;
/* ++ and --: @delta is 1 or -1; the value before or after it. */
int skep_lower_map_step(struct skep_lower *l, const struct skep_expr *map, int delta, bool before,
			struct skep_value *ret_value) _must_check_;
/* Makes the gen map behind a script's map and fills its plan record; done once for all maps before any code. */
void skep_lower_map_make(struct skep_compiler *c, struct skep_map_info *map,
			 struct skep_plan_map *plan);
