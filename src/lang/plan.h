/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan: what a script is once compiled. A spec for an engine, and everything user space must know to run it: what
 * the rows in the ring mean and what to do with each, which maps to print, which programs to run by hand and when.
 *
 *	script ──skep_compile──► plan ──live──► engine, ring, maps ──► rows, snapshots
 *
 * A plan is a plain value: made without a system call (the machine is seen through a world), the same every time.
 */
#pragma once

#include "obj/spec.h"
#include "obj/unwind.h"
#include "record/format.h"
#include "record/schema.h"
#include "record/snapshot.h"

/* What user space does when a row of this action arrives, in the order of the ring. */
enum skep_action_kind {
	SKEP_ACTION_PRINTF,
	SKEP_ACTION_PRINT, /* print(value): the payload's only field */
	/* print(@map, top, divide): payload u64 top, u64 divide; with a key: then the key, and its value if it was read */
	SKEP_ACTION_PRINT_MAP,
	SKEP_ACTION_CLEAR,
	SKEP_ACTION_ZERO,
	SKEP_ACTION_TIME, /* time(format): strftime of now in local time */
	SKEP_ACTION_JOIN, /* payload: u32 count, u32 whether there are more, then as many texts, one behind the other */
	SKEP_ACTION_CAT,    /* format gives the path */
	SKEP_ACTION_SYSTEM, /* format gives the command line, run by /bin/sh -c */
	SKEP_ACTION_EXIT,   /* payload: u64 exit status */
	/* `text` is a pcap file. Payload: u64 boot time, u32 bytes of the packet, u32 bytes that follow, these. */
	SKEP_ACTION_PACKET,
	SKEP_ACTION_ERRORF, /* as printf, to stderr, with "ERROR: " before */
	SKEP_ACTION_WARNF,
	SKEP_ACTION_ROW, /* row NAME { ... }: schema.name is the row's; the same name, the same fields */
	SKEP_ACTION_UNWATCH, /* payload: u64 address, whose watchpoints are detached */
	SKEP_ACTION_KIND_MAX,
};

#define SKEP_PACKET_HEAD 16
#define SKEP_PACKET_MAX 16384 /* bytes of a packet; what is beyond is left out */

struct skep_plan_action {
	enum skep_action_kind kind;
	struct skep_schema schema; /* of the payload behind the head (and who) */
	/* Fields of the schema that user space adds to the row (live/extend.h): bytes without them, and where the struct
	   skep_process is; 0: there are none. */
	uint32_t row_size, process_at;
	const char *text; /* format text as written, escapes resolved */
	struct skep_format format;
	unsigned map;  /* index in maps: PRINT_MAP, CLEAR, ZERO */
	bool with_key; /* PRINT_MAP of one element */
	bool has_tail; /* the field at `tail` of the payload is a text, and rows end behind its end */
	uint32_t tail;
	uint32_t join_max;
	const char *separator; /* JOIN */
	struct skep_loc loc;
};

/* How a language map is kept. */
enum skep_store {
	SKEP_STORE_HASH,	/* one entry a key: values that scripts assign */
	SKEP_STORE_PERCPU_HASH, /* one value a CPU a key: aggregations */
	SKEP_STORE_STRIPED, /* array of one element holding n_stripes values, `stripe_size` apart: scalar aggregations */
	SKEP_STORE_SCALAR, /* array of one element: u64 "was set", then the value */
};

/* Bytes of such a key, its end included; zeroes follow up to the key's size. */
#define SKEP_PLAN_SHORT_KEY 64

struct skep_plan_map {
	const char *name;  /* with @ */
	unsigned spec_map; /* index in spec->maps */
	/*
	 * One more than the index of a second map, with the same store, for keys that are texts below
	 * SKEP_PLAN_SHORT_KEY bytes; 0: there is none. No key is in both.
	 */
	unsigned short_map_plus1;
	enum skep_store store;
	uint32_t n_stripes, stripe_size;
	/* All but entries is filled in: what a snapshot of this map looks like. key_size is the language's part of the key. */
	struct skep_snapshot shape;
	/*
	 * Bytes of one value (of one CPU). Aggregations are u64 numbers: COUNT n; SUM total; MIN and MAX value, is_set;
	 * AVG and STATS count, total; HIST and LHIST buckets; TSERIES slots. SCALAR: the bytes behind the u64 "was set".
	 */
	uint32_t value_size;
	bool hasty; /* written to where interrupts are off: see skep_plan_has_room */
	bool print_at_end;
	struct skep_loc loc;
};

/*
 * Room for every key on every CPU up front is more than most scripts ever use. But while interrupts are off the kernel can
 * give only the few pieces that it has at hand: a program that may run there would lose new keys in a map that is nearly
 * empty. So a hasty map has its room up front if that is not too much on this machine.
 */
bool skep_plan_has_room(const struct skep_spec_map *map, unsigned n_cpus);

enum skep_user_probe_kind {
	SKEP_USER_BEGIN,
	SKEP_USER_END,
	SKEP_USER_INTERVAL,
	SKEP_USER_SIGNAL, /* skep itself got a signal */
	SKEP_USER_ITER,	  /* an iterator, run once when everything is attached: engine->iter_step */
	SKEP_USER_TEST,	 /* run once; it returns 0 when all is well. Beside it only BEGIN and END */
	SKEP_USER_BENCH, /* run often, by engine->run_many. Likewise */
};

/* A program that user space runs, mostly through the engine's test-run. */
struct skep_plan_user_probe {
	enum skep_user_probe_kind kind;
	unsigned prog;	    /* index in spec->progs */
	uint64_t period_ns; /* INTERVAL */
	int signal;	    /* SIGNAL */
	const char *pin;    /* ITER: it stays in the kernel as this file, and is not run */
	/*
	 * The kernel lacks a helper that it calls, so that user space runs it itself, on the kernel's maps (live/machine.h). Its
	 * program is_off. Never ITER, TEST, BENCH.
	 */
	bool by_machine;
};

/*
 * Losses that programs count themselves, so that nothing is lost in silence: loss_map is an array map with one
 * element, u64 counters[n_progs][SKEP_LOSS_MAX], by the program's index in the spec.
 */
#define SKEP_LOOP_ROUNDS_MAX 8388608  /* of a range, by the kernel */
#define SKEP_WHILE_ROUNDS_MAX 1048576 /* of while, which may be meant to end and does not */

enum skep_loss_cause {
	SKEP_LOSS_RING,	    /* no room in the ring for a row */
	SKEP_LOSS_MAP_FULL, /* no room for a new key */
	SKEP_LOSS_READ,	    /* a read of memory failed and gave zeroes */
	SKEP_LOSS_STACK,    /* a stack could not be stored */
	SKEP_LOSS_EXIT, /* no room in the ring for exit(): counted here instead of RING, and obeyed all the same */
	SKEP_LOSS_LOOP, /* a range had more rounds than the kernel runs, and was left out; a while too many, and was ended */
	SKEP_LOSS_UNWIND,  /* a user's stack is cut short, or a guess: no table says how to go on */
	SKEP_LOSS_SAMPLED, /* left out to stay within --max-cpu */
	SKEP_LOSS_MAX,
};

#define SKEP_TEXT_MAX 16384 /* the longest text, its end included */
#define SKEP_PATH_SIZE 4096 /* the longest path, its end included */

/* What bpftrace calls unstable, and lets a script forbid to itself. */
#define SKEP_UNSTABLE_TSERIES (1u << 0)
#define SKEP_UNSTABLE_MAP_DECL (1u << 1)
#define SKEP_UNSTABLE_DW_USTACK (1u << 2)
#define SKEP_UNSTABLE_TYPEINFO (1u << 3)

/* Limits and switches a script may set in its config block or the user on the command line. */
struct skep_plan_config {
	uint32_t max_map_keys;	 /* 4096 */
	uint32_t max_strlen;	 /* 1024, and SKEP_PATH_SIZE for what is a path by its name */
	uint32_t ring_bytes;	 /* power of two; 1 MiB */
	uint32_t max_cat_bytes;	 /* 10240 */
	uint32_t max_probes;	 /* 1024 */
	uint32_t max_progs;	 /* 1024 */
	uint32_t stack_depth;	 /* 127 */
	bool print_maps_on_exit; /* true */
	bool cpp_demangle;	 /* true */
	int missing_probes;	 /* 0 error, 1 warn, 2 ignore */
	int stack_style;	 /* skep_stack_style of stacks that name none */
	bool missing_said;	 /* the script says so itself */
	bool skip_self;		 /* false; probes leave out skep's own process (scope.h) */
	bool sort_by_total;	 /* false; avg() and stats() are sorted by what they add up to */
	unsigned switched_off;	 /* SKEP_UNSTABLE_ bits: using it is an error */
	const char *str_trunc_trailer; /* ".." */
	const char *license;	       /* "GPL" */
};

struct skep_plan {
	struct skep_spec *spec;
	struct skep_plan_action *actions;
	size_t n_actions;
	struct skep_plan_map *maps; /* in the order of their first appearance */
	size_t n_maps;
	struct skep_plan_user_probe *user_probes; /* in script order */
	size_t n_user_probes;
	const char **
		probe_names; /* concrete names: "tracepoint:syscalls:sys_enter_openat"; index is what rows carry */
	size_t n_probe_names;
	const char **
		probe_funcs; /* of each, the function behind it where its last part is not its name, else NULL */
	const char **
		prog_names; /* for each program of the spec, the probe as written: for reports and losses */
	const char **time_formats; /* strftime formats by index (SKEP_FIELD_TIMESTAMP) */
	size_t n_time_formats;
	int ring_map;			   /* index in spec->maps, or -1: no rows */
	struct skep_stack_map *stack_maps; /* of the kernel's walks, one for each depth */
	size_t n_stack_maps;
	int loss_map; /* or -1 */
	/*
	 * 1 + index of an array map with one u64: programs keep an event when a random number has none of its bits, so 2^n - 1
	 * keeps one of 2^n. 0: there is none.
	 */
	unsigned sample_map_plus1;
	const struct skep_unwind_maps *unwind; /* for the walk of user stacks, or NULL */
	const struct skep_kept_maps *kept;     /* stacks with numbers of our own, or NULL */
	/*
	 * Programs read the id of the traced child and of -p from a read-only map, so one plan serves any process: its first
	 * bytes are struct skep_plan_globals, filled by live before load. -1: no program asks.
	 */
	int globals_map;
	struct skep_plan_portable *portable; /* NULL: it is for the machine that made it */
	bool long_rows;			     /* rows carry struct skep_row_who */
	struct skep_plan_config config;
	uint64_t compile_ns; /* CPU time from text to spec, without index_ns */
	uint64_t
		index_ns; /* of it, to index the names of the kernel's types; 0 when no name was asked for */
};

/*
 * Of a plan for other machines: what they must have, and how its probes are found there (lang/fit.h). The spec's needs go
 * with it.
 */
struct skep_plan_origin {
	unsigned *names; /* index in probe_names of each target as it was found */
	size_t n_names;
	bool open; /* a pattern that takes what the machine has */
	const char
		*made_for; /* what targets must be like, in the provider's words; NULL: nothing */
};

struct skep_plan_portable {
	const char *arch;   /* as skep_arch()->name */
	const char *kernel; /* the build id of the kernel whose types it was made with; or NULL */
	uint32_t n_cpus;    /* at most */
	uint64_t features;  /* bits by skep_world_feature */
	bool wants_command; /* the script asks for cpid */
	uint64_t pid_ns_dev, pid_ns_ino; /* by fit, for the globals */
	const char *heads; /* the script's probes without their bodies: "kprobe:vfs_* { }" */
	struct skep_plan_origin *origins; /* of each attach record */
	size_t n_origins;
};

struct skep_plan_globals {
	uint32_t cpid;		/* process id of the -c child, 0 without */
	uint32_t pid;		/* -p, 0 without */
	uint64_t start_boot_ns; /* for elapsed: when tracing began */
	uint32_t n_cpus;	/* possible ones of this machine */
	uint32_t self;		/* skep's own process, which skip_self leaves out; 0: nobody */
	uint64_t pid_ns_dev, pid_ns_ino; /* as of skep_world */
	int64_t wall_offset_ns;		 /* for tseries: time since 1970 minus time since boot */
};

/* Whether a map is printed, or would be at the end: what a script keeps for itself alone says print_maps_on_exit = false. */
bool skep_plan_shows(const struct skep_plan *plan, size_t map);
/* The same, and is not only emptied at the end so that nobody sees it. */
bool skep_plan_is_result(const struct skep_plan *plan, size_t map);
/* Once all actions are known: which of the maps that no event fills are levels, as the script empties them. */
void skep_plan_find_levels(struct skep_plan *plan);
/* The schema of each type of row, once, as JSON records; @with_maps: also of the maps. */
void skep_plan_schemas(const struct skep_plan *plan, bool with_maps, struct skep_str *out);
