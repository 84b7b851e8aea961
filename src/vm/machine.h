/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine inside: what the files of this folder, of maps/, helpers/ and jit/ know of each other.
 *
 *	skep_vm ──┬── maps[]   one array, so that a map's address is checked in one comparison
 *	          ├── progs[]  ops[]: decoded once, index for index with the instructions (code.h)
 *	          ├── areas[]  memory of map values, sorted by address (memory.h)
 *	          └── timers[]
 *	skep_vm_run ── stack, registers of callers, packet, windows of memory checked last, fault
 *
 * Addresses in programs are those of this process: a pointer to the stack, to the context, to a map's value is what it
 * says. Packets lie below 4 GiB, for contexts hold their addresses in 32 bits (struct xdp_md). A map's address is that of
 * its struct skep_vm_map; a function's that of its struct vm_func.
 *
 * Helpers get the run and R1 to R5, and return R0 (helpers/helpers.h). Whatever calls them has checked their arguments
 * against the descriptor, or runs unchecked.
 *
 * Use: an engine (the interpreter, a JIT) is a function vm_engine_fn; vm_call calls a function of the program with the
 * engine that runs it, whatever that is.
 */
#pragma once

#include <skep/vm.h>

#include "isa/helper.h"
#include "isa/insn.h"
#include "isa/mapkind.h"

#define VM_FRAMES_MAX 8 /* the kernel's bound on nested calls */
#define VM_STACK_BYTES (VM_FRAMES_MAX * SKEP_STACK_SIZE)
#define VM_TAIL_CALLS_MAX 33
#define VM_MAY_GOTO_MAX 8388608
#define VM_ALLOWED_MAX 16
#define VM_RECORDS_MAX 32
#define VM_TIMERS_MAX 64
#define VM_PACKET_MAX 65536
#define VM_HEADROOM 256	 /* bytes that a program may grow the packet at its front */
#define VM_TAILROOM 4096 /* and at its end */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

struct skep_context;
struct vm_prog;
struct vm_map_ops;
struct vm_helper;

/* A decoded instruction; code is an enum vm_code (code.h). */
struct vm_op {
	uint16_t code;
	uint8_t dst, src;
	int32_t off; /* of memory; of jumps: how many instructions from the next one */
	int64_t imm; /* sign-extended; of 64-bit constants all of it; of calls a struct vm_helper or vm_func */
};

struct vm_func {
	const struct vm_prog *prog;
	uint32_t start;	    /* instruction */
	uint32_t frames;    /* of a JIT: of the deepest chain of calls that begins with it */
	const void *native; /* likewise its code */
};

/* Runs a function until its exit; @args: R1 to R5. */
typedef uint64_t vm_engine_fn(struct skep_vm_run *run, const struct vm_prog *prog, uint32_t start,
			      const uint64_t args[5]);

/* What a context says of the packet, as far as runs write it there. */
struct vm_packet_field {
	uint16_t offset;
	uint8_t size;
	uint8_t kind; /* enum skep_ctx_kind: SKEP_CTX_SCALAR is the length */
};

#define VM_PACKET_FIELDS_MAX 4

struct vm_prog {
	struct skep_vm *vm;
	char name[32];
	uint32_t index, kind, attach_type;
	struct skep_insn *insns;
	struct vm_op *ops;
	uint32_t n_insns;
	struct vm_func *funcs; /* ascending; the first is the program itself */
	uint32_t n_funcs;
	bool has_packet; /* its kind runs on packets */
	uint8_t n_packet_fields;
	struct vm_packet_field packet_fields[VM_PACKET_FIELDS_MAX];
	const struct skep_context *context; /* of its kind, or NULL */
	vm_engine_fn *native;		    /* of a JIT, or NULL */
	void *code;			    /* pages of machine code, NULL without a JIT */
	size_t code_size, code_used;
};

struct skep_vm_map {
	const struct vm_map_ops *ops; /* NULL: no map here */
	const struct skep_map_kind *kind;
	struct skep_vm *vm;
	uint32_t index;
	uint32_t key_size, value_size, max_entries, flags;
	/*
	 * What programs may reach: n_values values, each stride bytes after the other. NULL where programs get no addresses.
	 * Per-CPU kinds have the values of one element side by side.
	 */
	uint8_t *values;
	uint64_t n_values;
	uint32_t stride;
	uint32_t n_cpus; /* values of one element: 1, or of per-CPU kinds the machine's */
	uint32_t timer_off, lock_off; /* plus 1; 0: none */
	uint64_t extra;
	struct skep_vm_map *inner; /* of maps of maps */
	uint32_t lock;		   /* writers; see maps.h */
	uint32_t version;	   /* counts changes of the structure */
	void *state;		   /* the kind's own */
	char name[32];
};

/* Memory of a map's values. */
struct vm_area {
	uint64_t lo, hi;
	struct skep_vm_map *map;
};

struct vm_timer {
	struct skep_vm_map *map; /* NULL: not used */
	uint8_t *value;		 /* the element it is in */
	const struct vm_func *func;
	uint64_t expires_ns; /* 0: not started */
};

struct skep_vm {
	struct skep_vm_config config;
	struct skep_vm_map *maps;
	uint32_t n_maps;
	struct vm_prog **progs;
	uint32_t n_progs;
	struct vm_area *areas;
	uint32_t n_areas;
	uint64_t memory_used;
	uint32_t n_backed; /* maps that are elsewhere (maps/backed.c) */
	uint32_t timer_lock;
	struct vm_timer timers[VM_TIMERS_MAX];
};

/*
 * A region that was found valid: an access of 1 << k bytes at a is inside when a - lo < count[k].
 */
struct vm_window {
	uint64_t lo;
	uint64_t count[4];
};

/* What a caller keeps while a function of the program runs. */
struct vm_frame {
	const struct vm_prog *prog;
	const struct vm_op *back;
	uint64_t saved[4]; /* R6 to R9 */
};

/* A record of a ring buffer that was reserved and not yet given back. */
struct vm_record {
	uint8_t *data;
	uint32_t size;
	struct skep_vm_map *map;
};

struct vm_packet {
	uint8_t *buffer; /* below 4 GiB; NULL when no program of the machine runs on packets */
	uint8_t *meta, *data, *end;
	uint8_t *limit; /* end of the buffer */
};

struct skep_vm_run {
	_Alignas(16) uint8_t stack[VM_STACK_BYTES];
	struct skep_vm *vm;
	vm_engine_fn *engine;	    /* what runs the current program */
	const struct vm_prog *prog; /* the current one: tail calls change it */
	const struct vm_op *op;	    /* where it is, when it is not in the engine's hands */
	uint32_t depth;		    /* frames in use */
	bool checked;
	bool absent; /* the load that was looked at gets 0: there is nothing */
	bool stop;   /* the run is over: a fault, or an exit from inside of a helper */
	uint32_t tail_calls, may_goto;
	int64_t steps;	   /* left */
	uint64_t stack_lo; /* the current frame's lowest byte */
	/* Of jit/: the frame pointer of the last frame; where to leave to. */
	uint64_t stack_floor, native_sp;
	struct vm_window read, write;
	struct vm_frame frames[VM_FRAMES_MAX + 1];
	uint32_t deepest; /* frames that the last run may have written to */

	uint64_t ctx;
	uint32_t ctx_size;
	struct vm_packet packet;
	struct {
		uint64_t lo, size;
		bool writable;
	} allowed[VM_ALLOWED_MAX];
	uint32_t n_allowed;
	struct vm_record records[VM_RECORDS_MAX];
	uint32_t n_records;

	struct skep_vm_env env;
	uint64_t clock_ns, random_state;
	struct skep_vm_result result;
	struct skep_vm_fault fault;
	char fault_near[128], fault_text[320];
	const char *fault_why;
	uint32_t hash;		 /* of the packet, for set_hash and get_hash_recalc */
	uint32_t ret_value;	 /* of get_retval and set_retval */
	uint8_t blank_ctx[8192]; /* a context of zeroes, for runs that were given none */
	uint8_t *scratch; /* VM_PACKET_MAX bytes for helpers that have to turn things around */

	int (*watch)(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11]);
	void *watch_data;
};

/* Calls a function of the running program from a helper. Stops (run->stop) when the stack is used up. */
uint64_t vm_call(struct skep_vm_run *run, const struct vm_func *func, const uint64_t args[5]);

/* Ends the run with a fault at the current instruction. Keeps the first one. */
void vm_fault(struct skep_vm_run *run, enum skep_vm_fault_kind kind, uint64_t address,
	      uint32_t size, const char *why);

/* The CPU that the run says it is on. */
uint32_t vm_cpu(const struct skep_vm_run *run);
/* The clock; @which as in struct skep_vm_env. */
uint64_t vm_time(struct skep_vm_run *run, unsigned which);
uint32_t vm_random(struct skep_vm_run *run);

/* The map at that address, or NULL. */
static inline struct skep_vm_map *vm_map_at(const struct skep_vm *vm, uint64_t address)
{
	uint64_t offset = address - (uint64_t)(uintptr_t)vm->maps;

	if (offset % sizeof(*vm->maps) || offset / sizeof(*vm->maps) >= vm->n_maps)
		return NULL;
	return (struct skep_vm_map *)(uintptr_t)address;
}

/* The function of the current program at that address, or NULL. */
static inline const struct vm_func *vm_func_at(const struct vm_prog *prog, uint64_t address)
{
	uint64_t offset = address - (uint64_t)(uintptr_t)prog->funcs;

	if (offset % sizeof(*prog->funcs) || offset / sizeof(*prog->funcs) >= prog->n_funcs)
		return NULL;
	return (const struct vm_func *)(uintptr_t)address;
}

/* Spin locks: held for a few instructions, never while a program runs. */
static inline void vm_lock(uint32_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(lock, __ATOMIC_RELAXED))
			;
}

static inline void vm_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* Tells the context where the packet is now, and forgets windows into it. */
void vm_packet_moved(struct skep_vm_run *run);

/* What is to run the programs of this run, from now to its end. */
vm_engine_fn *vm_engine_of(const struct skep_vm_run *run, const struct vm_prog *prog);

/* What is done before and after every run of a program (or timer), and clears what the last one left. */
void vm_run_reset(struct skep_vm_run *run, const struct vm_prog *prog);
void vm_run_finish(struct skep_vm_run *run);
