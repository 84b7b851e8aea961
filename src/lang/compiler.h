/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the language: the state of one compilation, shared by match, check and lower.
 *
 * A script's probe becomes one or more *instances*: the program(s) made from its body. One instance serves all
 * targets whose arguments look the same (a wildcard of kernel functions, every system call when the body does not use
 * args); where `args` differs from target to target there is an instance for each.
 *
 *	probe_node ──provider.match──► instance(s) ──check──► types ──lower──► gen program + attach record
 */
#pragma once

#include "base/hash.h"
#include "gen/gen.h"
#include "lang/ast.h"
#include "lang/compile.h"
#include "lang/plan.h"

struct skep_hook;
struct skep_import;
struct skep_packet;
struct skep_provider;
struct skep_unwinder;
struct skep_value;

/* One concrete target. */
struct skep_match {
	const char *name; /* "tracepoint:syscalls:sys_enter_openat" */
	const char *func; /* function behind it, for `func`; or NULL */
	struct skep_attach_target target;
	unsigned probe_index; /* in plan->probe_names */
	unsigned func_index;  /* likewise: what func is, see func_index.h */
	int64_t number;	      /* provider's own: the system call number; -1 none */
};

/*
 * The parameters of a function, where arguments are read from registers: a FUNC_PROTO; @places tells where each of them is, NULL:
 * they are passed as the kernel's are.
 */
struct skep_proto_regs {
	const struct skep_btf *btf; /* NULL: not known */
	uint32_t proto;
	const struct skep_param_place *places;
	bool is_clone; /* a copy that the compiler changed: what places do not tell cannot be counted */
};

struct skep_instance {
	struct skep_probe_node *probe;
	const struct skep_attach_point *point;
	const struct skep_provider *provider;
	struct skep_match *matches;
	size_t n_matches;
	unsigned flavour;      /* provider's own: which of its ways of attaching was chosen */
	const char *signature; /* match: what its targets have in common */
	const void *own;       /* provider's own */
	unsigned table_plus1;  /* provider's own: 1 + index of a map in gen, 0 none yet */
	const struct skep_struct *args;	  /* fields of `args`, or NULL */
	const char *no_args;		  /* why there are none, where there might be some */
	struct skep_proto_regs args_of;	  /* to tell what is not in args, and why */
	struct skep_proto_regs result_of; /* what returns, where its type is known; places: NULL */
	enum skep_space args_space;	  /* of pointers in args: USER for system calls */
	uint32_t btf_func;		  /* BTF func_proto of the target, or 0 */
	const struct skep_btf *btf;	  /* of btf_func */
	struct skep_spec_prog proto;	  /* type, attach_type, attach_btf_id, name... */
	struct skep_spec_attach attach;	  /* all but prog and targets */
	bool preemptible; /* may run more than once at a time on the same CPU: aggregate atomically */
	bool interruptible; /* another program may run in its midst, but not itself again */
	bool can_wait;	    /* runs where the kernel can get memory: interrupts are never off */
	bool on_call; /* a function was just called or is about to return: nothing of it is on the stack */
	const struct skep_struct *context; /* what `ctx` points to, or NULL: it is not known */
	bool user_run;			   /* BEGIN, END, interval: user space has it run */
	struct skep_plan_user_probe
		user;	 /* when user_run; prog is filled later, by_machine by check */
	bool asks_scope; /* its body calls in_scope(): it is not narrowed in front (scope.h) */
	bool open;	 /* for other machines: a pattern that takes all that is found there */
	const char
		*made_for; /* what the code takes for granted of its targets, in words, or NULL */
	const struct skep_hook *hook; /* of a probe that acts, else NULL */
	struct skep_instance
		*next;	      /* in the same program: behind this one, or the other of a pair */
	bool chained;	      /* it is somebody's next */
	int64_t cookie_delta; /* from the cookie to the index of its name; 0 but in a pair */
	bool packed;	      /* its cookies hold func_index, too */
	struct skep_packet *packet; /* lower: fields of the packet that the program has read */
};

/* A map of the script. */
struct skep_map_info {
	const char *name;    /* without @ */
	struct skep_loc loc; /* first use */
	bool keyed, keyed_known;
	const struct skep_type
		*key; /* of several keys a TUPLE; NULL while unknown or without keys */
	const struct skep_type *value;	  /* NULL while unknown */
	const struct skep_map_decl *decl; /* let @name = kind(size), or NULL */
	bool lru, percpu;		  /* as declared */
	uint32_t max_entries;		  /* as declared, else 0 */
	const struct skep_expr_list
		*key_exprs;		    /* as first written, for the names of the key's parts */
	struct skep_loc key_loc, value_loc; /* what fixed them, for "was ... here" */
	unsigned index;			    /* in plan->maps, also its order of appearance */
	unsigned spec_map;		    /* by lower, as the next three */
	unsigned short_map_plus1;	    /* see skep_plan_map; 0: none */
	enum skep_store store;
	uint32_t value_size, stripe_size;
	bool atomic; /* writers may interrupt each other: see preemptible and interruptible */
	/* Of the checker. failed: what it holds is wrong and was told there, so that uses of it stay silent. */
	bool failed, many_writers, interruptible_writer;
	const char *unit;  /* of what an aggregation adds up: UCUM; NULL: not said */
	bool of_result;	   /* its first value is what a function returned */
	bool hasty_writer; /* one that may run with interrupts off */
	bool event_writer; /* one that an event runs, and not user space */
	bool looked_into; /* by a program: anything but adding to it, or what user space does to all of it */
	const struct skep_instance *writer; /* the first one seen */
};

/* A $variable. */
struct skep_local {
	const char *name;
	struct skep_loc loc;
	const struct skep_type *type; /* NULL while unknown */
	struct skep_var *var;	      /* lower: scalar types */
	struct skep_val *addr;	      /* lower: memory types, at addr + off */
	int off;
	const struct skep_value
		*parts;	   /* lower: a loop's (key, value), whose elements are where they are */
	unsigned instance; /* lower made var, addr or parts for this body */
	bool written;	   /* lower: assigned in this body */
	bool failed;	   /* its first value is wrong and was told: uses of it stay silent */
	bool fixed;	   /* its type was written down, or is given: it does not grow */
	bool no_btf; /* may be read before it is set: what it points to is not typed for the verifier */
	bool given; /* a function's text parameter, which is the caller's: not to be assigned to */
	bool element;	/* (key, value) of a loop through a map: not to be assigned to */
	bool addressed; /* &$x: it is in memory that lasts as long as the probe runs */
	bool declared;	/* by let or as a loop's: known in its block only */
	bool outlives; /* used behind the block that it began in: there it may never have been set */
	uint8_t width; /* bytes of the widest number it was given, where all is kept in 8; 0: none */
};

/* A constant of an enum of the script. */
struct skep_constant {
	int64_t value;
	const struct skep_type *of;
};

struct skep_compiler {
	struct skep_arena *arena;
	const struct skep_world *world;
	const struct skep_compile_options *options; /* with positional parameters only */
	const char *const *named; /* the others, without their "--": "name=value" */
	size_t n_named;
	struct skep_diag *diag;
	struct skep_types types;
	struct skep_hash networks;  /* of network(): what its lists are */
	struct skep_hash constants; /* of the script's enums: skep_constant */
	struct skep_plan_config config;
	struct skep_script *script;
	struct skep_import *import; /* of objects, or NULL */
	struct {
		SKEP_VEC(struct skep_instance *);
	} instances;
	struct {
		SKEP_VEC(struct skep_map_info *);
	} maps;
	struct {
		SKEP_VEC(const char *);
	} probe_names;
	struct skep_hash probe_index; /* from a name to its place in probe_names, plus 1 */
	struct skep_hash
		near_functions; /* "binary:function" that is not there to its struct skep_nearest */
	struct {
		SKEP_VEC(struct skep_plan_action);
	} actions;
	struct {
		SKEP_VEC(const char *);
	} time_formats;
	bool left_out; /* some probe is missing, which the script allows: what it would do to maps is not known either */
	bool incomplete; /* some probe was not matched: what its body would do to maps is not known */
	struct skep_gen *gen; /* from lower on */
	/* Indices in gen's maps; -1 until somebody needs them. */
	int ring_map, loss_map, globals_map;
	unsigned sample_map_plus1; /* 0: nobody samples */
	struct {
		SKEP_VEC(struct skep_stack_map);
	} stack_maps;
	int scratch_map, rodata_map, zero_map;
	int unknown_map;	 /* holds a zero that the verifier does not know */
	struct skep_str rodata;	 /* string literals */
	uint32_t path_size;	 /* room for a text that is a path by its name */
	bool stack_lens;	 /* the script asks for the length of stacks: each carries it */
	struct skep_fn *visitor; /* callback of len(), when some program uses it */
	struct skep_unwinder *unwinder; /* unwind.c, when some program uses it */
	const struct skep_unwind_maps *unwind_maps;
	struct skep_keeper *keeper; /* stack_keep.c, likewise */
	const struct skep_kept_maps *kept_maps;
	bool settling; /* the checker has tried for long: what still grows goes to its limit at once */
	unsigned n_passes; /* of the checker, over one instance each */
	unsigned n_bodies; /* lowered so far: programs, functions, bodies of loops */
	struct {
		SKEP_VEC(const char *);
	} prog_names; /* by index of gen's functions */
};

/* The index of a probe's concrete name, added when new. */
unsigned skep_compiler_probe(struct skep_compiler *c, const char *name);
/* The map called @name (without @), made when new. */
struct skep_map_info *skep_compiler_map(struct skep_compiler *c, const char *name,
					struct skep_loc loc);
/* The index of a strftime format, added when new. */
unsigned skep_compiler_time_format(struct skep_compiler *c, const char *format);
/* The text of a literal or of a parameter of the script; NULL: it is neither. check_const.c */
const char *skep_compiler_literal(const struct skep_compiler *c, const struct skep_expr *expr);
/* The record layout of a type: what user space needs to show a value. Strings are copied into the arena. */
struct skep_schema_field skep_compiler_field(struct skep_compiler *c, const struct skep_type *type,
					     const char *name, uint32_t offset);

/* The function of a probe that does not end with it, one on a line or with a name in quotes; else NULL. lower.c */
const char *skep_match_func(const struct skep_match *m);
/* match.c: fills instances from the script's attach points. -EINVAL, -ENOTSUP with all errors in the diag. */
int skep_match_all(struct skep_compiler *c) _must_check_;
/* check.c: types until maps settle. */
int skep_check_all(struct skep_compiler *c) _must_check_;
/* lower.c: all instances into c->gen; fills the plan but its spec. */
int skep_lower_all(struct skep_compiler *c, struct skep_plan *plan) _must_check_;
/* Parts of memory that each CPU has its own of: a power of two not below the number of CPUs. */
uint32_t skep_compiler_stripes(const struct skep_compiler *c);
