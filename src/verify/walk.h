/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk: one verification while it runs. Private to the folder.
 *
 *	skep_verify ─► walk_paths ─► for each open path: step ─► alu | jump | memory | call
 *	                    │                              │
 *	                    └─ at meetings: prune ◄────────┴─ precise (walks back along traces)
 *
 * A function that finds a fault calls skep_reject (once) and returns -EINVAL, or -EOPNOTSUPP after skep_undecided; the
 * walk then ends this path. Everything it allocates that outlives a step is in the arena, states excepted.
 */
#pragma once

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/btf.h"
#include "verify/code.h"
#include "verify/state.h"
#include "verify/verify.h"

/* How a frame came to be. */
enum skep_callback {
	SKEP_CALLBACK_NONE,
	SKEP_CALLBACK_SYNC,  /* a helper calls it, perhaps many times, before it returns */
	SKEP_CALLBACK_LATER, /* a timer calls it, after the program */
};

enum skep_decision {
	SKEP_DECISION_NONE,
	SKEP_DECISION_FALL,
	SKEP_DECISION_JUMP,
};

/* A path that is still to be walked. */
struct skep_open_path {
	struct skep_state *state;
	uint32_t insn;
};

/* A kept state, in the list of its instruction. */
struct skep_kept {
	struct skep_state *state;
	struct skep_kept *next;
	uint32_t hits, misses;
};

/* Values that one comparison narrowed together: registers and slots of one id. */
struct skep_link {
	uint8_t frame;
	bool is_slot;
	uint8_t index;
};

#define SKEP_LINKS_MAX 6

struct skep_links {
	struct skep_link link[SKEP_LINKS_MAX];
	uint32_t n;
};

/* How often an instruction was processed, went both ways, jumped back; how often a path ended there as known. */
struct skep_walk_counts {
	uint32_t visits, splits, backs, known;
};

struct skep_walk {
	const struct skep_spec *spec;
	const struct skep_spec_prog *prog;
	const struct skep_prog_kind *kind;
	const struct skep_verify_options *options;
	struct skep_arena *arena;
	struct skep_code code;
	struct skep_verify_result *result;

	struct skep_state *state; /* of the path that is walked */
	uint32_t insn;		  /* the instruction of this step */
	uint32_t next;		  /* where the path goes on, unless it ends */
	bool ended;		  /* the path is over */

	struct {
		SKEP_VEC(struct skep_open_path);
	} open;
	struct skep_kept **kept; /* per instruction */
	struct {
		SKEP_VEC(struct skep_state *);
	} states; /* every state that must live until the end: kept ones, dropped from the lists or not */
	struct {
		SKEP_VEC(struct skep_links);
	} links;
	struct {
		SKEP_VEC(struct skep_value);
	} left; /* what steps left in their destinations, when `records` */

	uint32_t next_id, next_instance;
	struct skep_special **special; /* special.c's, of each map and what is inside of it */
	struct skep_btf *own_btf;      /* of the object, or NULL */
	uint32_t root;		   /* the function that is judged: the program's, or a global one */
	bool *called;		   /* per function: global, and some call leads to it */
	uint32_t *stack_depth;	   /* per function: bytes used */
	uint32_t n_jumps, n_steps; /* on this path */
	uint32_t kept_jumps, kept_steps; /* the same when the last state was kept */
	uint32_t kept_slots;		 /* of all kept states, shared ones once */
	uint32_t max_insns, max_findings;
	const struct skep_spec_line *lines; /* of the linked program */
	size_t n_lines;
	uint8_t *
		address_kind; /* per instruction: enum skep_value_kind of the address it accessed before */
	struct skep_pairs_space *pairs_space; /* prune.c's, kept from one comparison to the next */
	struct skep_walk_counts *counts;      /* per instruction */
	bool any_constants; /* walk as if the contents of read-only maps could be any */
	bool read_constants, several_constants;
	const struct skep_spec_var *constant; /* the last one that was taken as what it is */
	bool records;			      /* steps keep what they left, for explanations */
	bool given_up;			      /* the bound on instructions is reached */
	struct skep_finding
		*reported; /* the newest finding, for its hint; NULL when it was not kept */
};

/* Findings (report.c). @reg: the register it is about or -1. */
#define skep_reject(walk, reason, reg, ...) \
	(skep_report((walk), (reason), (reg), __VA_ARGS__), -EINVAL)
#define skep_undecided(walk, ...) \
	(skep_report((walk), SKEP_REASON_UNKNOWN, -1, __VA_ARGS__), -EOPNOTSUPP)
void skep_report(struct skep_walk *walk, enum skep_reason reason, int reg, const char *fmt, ...)
	_printf_(4, 5);
void skep_report_hint(struct skep_walk *walk, const char *fmt, ...) _printf_(2, 3);

/* The source line of an instruction, or NULL. */
const struct skep_spec_line *skep_walk_line(const struct skep_walk *walk, uint32_t insn);
/* explain.c: gives the finding the steps that led to it, from the path that is walked. */
void skep_explain(struct skep_walk *walk, struct skep_finding *finding);
/* The decisions of the path that is walked. */
void skep_explain_path(struct skep_walk *walk, struct skep_finding *finding);
/* growth.c: tells in the newest finding which loops and branches made so many paths. */
void skep_growth(struct skep_walk *walk);
/* Notes in the newest step of @state what register @reg holds now. */
void skep_record(struct skep_walk *walk, struct skep_state *state, unsigned reg);

/* What the step left in its destination; NULL: not noted. */
static inline const struct skep_value *skep_walk_left(const struct skep_walk *walk,
						      const struct skep_step *step)
{
	return step->left ? &walk->left.data[step->left - 1] : NULL;
}

/* The frame and registers of this step. */
static inline struct skep_frame *skep_walk_frame(struct skep_walk *walk)
{
	return skep_state_frame(walk->state);
}

static inline struct skep_value *skep_walk_reg(struct skep_walk *walk, unsigned reg)
{
	return &skep_walk_frame(walk)->regs[reg];
}

static inline struct skep_step *skep_walk_step(struct skep_walk *walk)
{
	return &skep_vec_last(&walk->state->trace);
}

static inline uint32_t skep_walk_id(struct skep_walk *walk)
{
	return ++walk->next_id;
}

/* step.c */
int skep_step(struct skep_walk *walk) _must_check_;
/* The register must hold something: a finding otherwise. */
int skep_need_set(struct skep_walk *walk, unsigned reg) _must_check_;
/* Gives the register its new value, born here. R10 cannot be written. */
int skep_set_reg(struct skep_walk *walk, unsigned reg, const struct skep_value *value) _must_check_;
/* There may be one more open path; reports it when not. */
bool skep_may_open(struct skep_walk *walk);
/* Another path goes on at @insn with a copy of this state. Returns the copy, owned by the walk, or NULL at the limit. */
struct skep_state *skep_fork(struct skep_walk *walk, uint32_t insn);
/* Forgets R0 to R5, as a call does. */
void skep_forget_call_regs(struct skep_walk *walk);

/* depth.c: the stack of all functions that call each other, when all paths are walked. */
void skep_check_depth(struct skep_walk *walk);

/* alu.c, jump.c */
int skep_step_alu(struct skep_walk *walk, struct skep_insn insn) _must_check_;
int skep_step_jump(struct skep_walk *walk, struct skep_insn insn) _must_check_;
/* All values of this id are not NULL, or all are. */
void skep_settle_null(struct skep_state *state, uint32_t id, bool is_null);
/* Gives the number an id before it is copied, so that what is learnt of one is learnt of the other. */
void skep_link_number(struct skep_walk *walk, struct skep_value *v);

/* memory.c: loads and stores, and the checks that helpers' arguments share with them. */
enum skep_direction {
	SKEP_READ,
	SKEP_WRITE,
};

struct skep_access {
	unsigned reg;  /* that holds the address */
	int32_t off;   /* of the instruction */
	uint32_t size; /* bytes */
	enum skep_direction direction;
	bool sign_extend;
	bool by_helper; /* the size may be 0, and a helper does it */
	bool aligned;	/* has to be, wherever it is: atomic operations */
};

int skep_step_load(struct skep_walk *walk, struct skep_insn insn) _must_check_;
int skep_step_store(struct skep_walk *walk, struct skep_insn insn) _must_check_;
int skep_step_atomic(struct skep_walk *walk, struct skep_insn insn) _must_check_;
int skep_step_packet_load(struct skep_walk *walk, struct skep_insn insn) _must_check_;
/* Checks @access of memory; of a load @ret_value is what it gives (may be NULL), of a store @value is what it writes. */
int skep_access_memory(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *value, struct skep_value *ret_value) _must_check_;
/* Bytes off..off+size of an object of @limit bytes, with what is unknown in the value. */
int skep_walk_check_bounds(struct skep_walk *walk, const struct skep_value *v, unsigned reg,
			   int64_t off, uint64_t size, uint64_t limit,
			   const char *object) _must_check_;

/* stack.c */
int skep_stack_read(struct skep_walk *walk, const struct skep_access *access,
		    const struct skep_value *pointer, struct skep_value *ret_value) _must_check_;
int skep_stack_write(struct skep_walk *walk, const struct skep_access *access,
		     const struct skep_value *pointer, const struct skep_value *value) _must_check_;
/* A helper reads, or writes (and so initializes), a piece of the stack. */
int skep_stack_range(struct skep_walk *walk, const struct skep_access *access,
		     const struct skep_value *pointer, bool initializes) _must_check_;

/* context.c */
int skep_access_context(struct skep_walk *walk, const struct skep_access *access,
			const struct skep_value *pointer,
			struct skep_value *ret_value) _must_check_;
/* What R1 of the program is. */
int skep_context_enter(struct skep_walk *walk) _must_check_;
/* object.c: loads through pointers that BTF describes. */
int skep_access_object(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer, struct skep_value *ret_value) _must_check_;
/* The map itself: its fields may be read. */
int skep_access_map(struct skep_walk *walk, const struct skep_access *access,
		    const struct skep_value *pointer, struct skep_value *ret_value) _must_check_;
/* At @off of the type is this structure: the type itself, a member, one of a member. */
bool skep_type_has(const struct skep_btf *btf, uint32_t type, uint32_t off, const char *name);
/* socket.c */
int skep_access_socket(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer) _must_check_;

/* The map that a value is about: the spec's, or what is inside of a map of maps. */
static inline const struct skep_spec_map *skep_walk_map(const struct skep_walk *walk,
							const struct skep_value *v)
{
	const struct skep_spec_map *map = &walk->spec->maps[v->map];

	return v->inner_map ? map->inner : map;
}

/* call.c, helper.c, args.c, callback.c, returns.c */
/* What the arguments of one call of a helper say about each other and about the result. */
struct skep_call_facts {
	const struct skep_helper *helper;
	struct skep_value map; /* the MAP argument */
	bool has_map;
	uint32_t memory_size;	     /* CONST_SIZE */
	int64_t most;		     /* the largest SIZE */
	uint32_t ref;		     /* what a RELEASE helper gives back */
	bool key_exists;	     /* a constant index of an array, in range */
	int func_reg;		     /* FUNC, or -1 */
	struct skep_value timer_map; /* TIMER: the value that it is in */
};

/* special.c: members of map values that are the kernel's own. */
enum skep_special_kind {
	SKEP_SPECIAL_LOCK,
	SKEP_SPECIAL_TIMER,
	SKEP_SPECIAL_OTHER, /* what is not judged */
};

#define SKEP_SPECIAL_MAX 8

struct skep_special {
	struct skep_special_field {
		uint32_t off, size;
		enum skep_special_kind kind;
	} field[SKEP_SPECIAL_MAX];
	uint32_t n;
};

/* Of the map that @v (MAP, MAP_VALUE) is about. */
const struct skep_special *skep_walk_special(struct skep_walk *walk, const struct skep_value *v);
bool skep_special_has_lock(struct skep_walk *walk, const struct skep_value *v);
/* An access of a value touches none of them. */
int skep_special_access(struct skep_walk *walk, const struct skep_access *access,
			const struct skep_value *v) _must_check_;
int skep_arg_lock(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg) _must_check_;
int skep_arg_timer(struct skep_walk *walk, struct skep_call_facts *facts,
		   unsigned reg) _must_check_;
/* Whether programs of this kind may use all the maps that the code names. */
int skep_check_maps(struct skep_walk *walk) _must_check_;

/* iter.c */
int skep_call_kfunc(struct skep_walk *walk, struct skep_insn insn) _must_check_;
/* R1 points to an iterator that has not ended. */
bool skep_iter_is_active(const struct skep_state *state);

/* args_object.c; @arg: what is taken in @reg, which holds something. */
int skep_arg_wrong_kind(struct skep_walk *walk, const struct skep_call_facts *facts, unsigned reg,
			enum skep_helper_arg arg) _must_check_;
int skep_arg_context(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		     enum skep_helper_arg arg) _must_check_;
int skep_arg_socket(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		    enum skep_helper_arg arg) _must_check_;
int skep_arg_record(struct skep_walk *walk, struct skep_call_facts *facts,
		    unsigned reg) _must_check_;
int skep_arg_object(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		    enum skep_helper_arg arg) _must_check_;

int skep_walk_check_args(struct skep_walk *walk, struct skep_call_facts *facts) _must_check_;
int skep_step_call(struct skep_walk *walk, struct skep_insn insn) _must_check_;
int skep_step_exit(struct skep_walk *walk) _must_check_;
/*
 * Between rounds of a loop at @insn that may have any number of them: numbers that changed but did not matter so far are
 * taken as any, so that rounds get alike. The round before is looked for from the kept state @from on, upwards.
 */
void skep_widen(struct skep_state *now, const struct skep_state *from, uint32_t insn);
/* global.c */
bool skep_func_is_global(const struct skep_walk *walk, uint32_t func);
/* By its prototype, if that is known, the function returns something. */
bool skep_func_returns(const struct skep_walk *walk, uint32_t func);
/* A call of a global function: not entered, its types are enough. */
int skep_call_global(struct skep_walk *walk, uint32_t func) _must_check_;
/* Registers at the beginning of a global function, by its types. */
int skep_enter_global(struct skep_walk *walk, uint32_t func) _must_check_;
/* Another path goes on as if the running function had returned @result. Not for callbacks and the program itself. */
int skep_fork_return(struct skep_walk *walk, uint64_t result) _must_check_;
int skep_call_helper(struct skep_walk *walk, struct skep_insn insn) _must_check_;
/* @who gives back the reference. */
int skep_release_ref(struct skep_walk *walk, const char *who, uint32_t ref) _must_check_;
/* The licence is compatible with the GPL. */
bool skep_walk_is_gpl(const struct skep_walk *walk);
/* Another path goes through the callback once and comes back to this call. */
int skep_call_back(struct skep_walk *walk, const struct skep_call_facts *facts) _must_check_;
/* The range of R0 that the program's kind allows at exit. */
int skep_walk_check_return(struct skep_walk *walk, const char *who) _must_check_;

/* prune.c */
struct skep_pairs_space *skep_walk_pairs_new(void);
void skep_walk_pairs_free(struct skep_pairs_space *space);
/* At a meeting: *ret_known when an earlier state covers this one, so that the path ends here. */
int skep_meet(struct skep_walk *walk, bool *ret_known) _must_check_;
/* The path of this state is over: its kept ancestors have one open path less. */
void skep_close_path(struct skep_walk *walk, struct skep_state *state);

/* precise.c */
/* The decision at this step depends on the number in @reg: everything it came from has to be kept exact in comparisons. */
int skep_need_precise(struct skep_walk *walk, unsigned reg) _must_check_;
/* Registers (@regs, bits) and slots of each frame that have to be exact at the end of the trace of @state. */
struct skep_needs {
	uint16_t regs[SKEP_VERIFY_FRAMES_MAX];
	uint64_t slots[SKEP_VERIFY_FRAMES_MAX];
};
void skep_need_precise_of(struct skep_walk *walk, struct skep_state *state,
			  struct skep_needs needs);
