/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An eBPF machine in your program: maps, helper functions, and an interpreter that checks every access to memory.
 * Needs libc, no kernel and no root.
 *
 *	                       ┌── maps      add_map, or from instructions that name them by index
 *	  struct skep_vm  ─────┤
 *	                       └── programs  add_prog: instructions as clang or an assembler makes them
 *	       │
 *	       └── struct skep_vm_run        a stack and a packet buffer: one for each thread that runs programs
 *
 *	struct skep_vm *vm;
 *	struct skep_vm_run *run;
 *	struct skep_vm_result result;
 *	uint32_t prog;
 *
 *	r = skep_vm_new(NULL, &vm);
 *	r = skep_vm_add_prog(vm, &(struct skep_vm_prog_def){ .name = "mine", .insns = code, .n_insns = n }, why, sizeof(why),
 *			     &prog);
 *	r = skep_vm_run_new(vm, &run);
 *	r = skep_vm_run_prog(run, prog, &(struct skep_vm_input){ .ctx = memory, .ctx_size = size }, &result);
 *	if (r == -EFAULT) puts(skep_vm_fault_text(run));
 *
 * docs: examples/embed.c is the whole of it, and is compiled and run by the tests.
 *
 * Guarantees
 * - In checked mode (the default) no program, whatever its bytes, reads or writes anything but its stack, its context,
 *   its packet, values of maps, records of rings that it reserved, and memory that you allowed; it ends after at most
 *   max_steps jumps backwards and calls. What it did wrong is told: which instruction, which address, what lies nearest.
 * - No state is global. Machines do not know of each other. Several threads may run programs of one machine, each with
 *   its own skep_vm_run; maps are shared between them. Adding maps and programs is for one thread, before the others run.
 * - Nothing is allocated after skep_vm_run_new.
 * - Time, randomness, process ids and the like come from struct skep_vm_env: the same input gives the same run.
 *
 * Errors are negative errno values. Structures that you fill in begin with zeroes for what you leave out; they only grow
 * at their end, and `size` tells which version you were compiled with.
 */
#ifndef SKEP_VM_H
#define SKEP_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_vm;
struct skep_vm_run;

/* How programs are run. */
enum skep_vm_mode {
	SKEP_VM_CHECKED,   /* every access is checked */
	SKEP_VM_UNCHECKED, /* none: only for programs that a verifier has found safe */
};

/*
 * What helpers tell programs about the world. All zero: a machine with one CPU, process 1, whose clock starts at 1 s and
 * goes on by 1 us each time it is asked, and whose random numbers are always the same.
 */
struct skep_vm_env {
	void *data; /* given to the functions below */
	uint64_t time_ns,
		time_step_ns; /* the clock since boot: its first answer, and how it goes on */
	uint64_t wall_ns;     /* what is to be added for the time of day (TAI) */
	uint64_t random_seed;
	uint32_t cpu, numa_node;
	uint32_t pid, tgid, ns_pid,
		ns_tgid; /* thread and process, as the kernel has it; in their namespace */
	uint32_t uid, gid;
	char comm[16];
	uint64_t cgroup_id, cgroup_ancestors[8]; /* by level */
	uint64_t cgroup_classid;
	uint64_t task; /* address of struct task_struct */
	uint64_t attach_cookie, func_ip;
	uint64_t socket_cookie, netns_cookie;
	uint64_t stack[64]; /* instruction pointers, innermost first */
	uint32_t n_stack;

	/* Replaces the clock. @which: 0 monotonic, 1 since boot, 2 coarse, 3 TAI, 4 jiffies. */
	uint64_t (*time)(void *data, unsigned which);
	uint32_t (*random)(void *data);
	uint32_t (*current_cpu)(void *data);
	/*
	 * Memory that is not the program's own: probe_read, copy_from_user and the like. 0 or -EFAULT. Without it,
	 * only memory that the program itself can reach is readable.
	 */
	int (*read)(void *data, uint64_t address, void *to, uint32_t size, bool user);
	int (*write_user)(void *data, uint64_t address, const void *from, uint32_t size);
	/* A line of trace_printk, without the end of line. */
	void (*print)(void *data, const char *text, size_t len);
	/* send_signal and its kin. 0 or -errno. */
	int (*signal)(void *data, uint32_t signal, bool thread);
	/* Any helper: called instead of what the machine has. False: not mine. @args: R1 to R5. */
	bool (*helper)(void *data, struct skep_vm_run *run, int32_t id, const uint64_t args[5],
		       uint64_t *ret_value);
};

struct skep_vm_map_def;
struct skep_vm_map_backing;

struct skep_vm_config {
	size_t size; /* sizeof(struct skep_vm_config) */
	enum skep_vm_mode mode;
	uint32_t n_cpus;     /* values of a per-CPU map; 0: 1 */
	uint32_t max_maps;   /* 0: 256 */
	uint32_t max_progs;  /* 0: 256 */
	uint32_t max_insns;  /* of one program; 0: a million */
	uint64_t memory_max; /* bytes of all maps; 0: 4 GiB */
	uint64_t max_steps;  /* jumps backwards and calls of one run; 0: 2^32 */
	bool allow_callx;    /* calls of the function or helper in a register (opcode 0x8d) */
	bool jit; /* programs become machine code when they are added; the interpreter runs those watched */
	struct skep_vm_env env;
	/*
	 * Asked for each map that is added without a backing of its own, those of objects too: what is behind it, or NULL
	 * for an ordinary one. @def is what it would be; what is returned is copied.
	 */
	const struct skep_vm_map_backing *(*backing)(void *data, const struct skep_vm_map_def *def);
	void *backing_data;
	/*
	 * Asked when instruction @insn of program @prog loads from memory that is not the program's, at register @reg. True: it gets 0, as from a
	 * pointer to an object of the kernel's that leads nowhere; false, and when it is NULL: a fault.
	 */
	bool (*absent)(void *data, uint32_t prog, uint32_t insn, uint32_t reg);
	void *absent_data;
};

/*
 * @config NULL: all defaults. -ENOMEM, -EINVAL (a structure of another version), -EOPNOTSUPP (no JIT for this CPU).
 */
int skep_vm_new(const struct skep_vm_config *config, struct skep_vm **ret_vm);
void skep_vm_free(struct skep_vm *vm); /* accepts NULL; its runs must be gone */
/* To be changed while no program runs. */
struct skep_vm_env *skep_vm_env(struct skep_vm *vm);

/*
 * A map whose elements are elsewhere, above all in the kernel: what bpf(2) does, with its values and errors (0 or
 * -errno). Kinds: hash, array, per-CPU both, LRU both, LPM trie, queue, stack (of the last two the key is NULL, set is
 * push, get is peek, and only they need take).
 *
 * A program gets the address of a copy. What it writes there goes back when it looks the key up again, when it walks the
 * map, and when it ends; so atomic operations are atomic only within the machine. Values below an LPM trie's keys can be
 * read only. What fails without the program having been told ends the run with SKEP_VM_FAULT_BACKING. One thread at a
 * time may run programs of a machine that has such maps. First contents of an object's map are not written.
 */
struct skep_vm_map_backing {
	void *data; /* given to the functions */
	/* Values that per-CPU kinds have of one key; must be the machine's n_cpus. */
	uint32_t n_cpus;
	int (*get)(void *data, const void *key, void *ret_value);
	int (*set)(void *data, const void *key, const void *value, uint64_t flags);
	int (*remove)(void *data, const void *key);
	int (*next)(void *data, const void *key, void *ret_key);
	int (*take)(void *data, void *ret_value);
};

/*
 * Maps. Kinds, flags and errors are the kernel's.
 */
struct skep_vm_map_def {
	const char *name; /* for messages; or NULL */
	uint32_t kind;	  /* enum bpf_map_type */
	uint32_t key_size, value_size, max_entries, flags;
	uint64_t extra;	    /* of bloom filters: how many hash functions */
	uint32_t inner;	    /* of maps of maps: index of a map like those in it */
	uint32_t timer_off; /* where in the value a struct bpf_timer is, plus 1; 0: none */
	uint32_t lock_off;  /* likewise struct bpf_spin_lock */
	const struct skep_vm_map_backing *backing; /* copied; NULL: the elements are here */
};

/*
 * Returns 0 and the map's index. -EINVAL, -E2BIG: the kernel would not make it either; @why says why. -ENOSPC: more maps
 * or memory than the configuration allows.
 */
int skep_vm_add_map(struct skep_vm *vm, const struct skep_vm_map_def *def, char *why,
		    size_t why_size, uint32_t *ret_map);

/*
 * As bpf(2) has it: values of per-CPU kinds are arrays of n_cpus values, each rounded up to 8 bytes; the value of a map of
 * maps or of programs is an index. Keys and values have the sizes of the definition.
 */
int skep_vm_map_get(struct skep_vm *vm, uint32_t map, const void *key, void *ret_value);
int skep_vm_map_set(struct skep_vm *vm, uint32_t map, const void *key, const void *value,
		    uint64_t flags);
int skep_vm_map_delete(struct skep_vm *vm, uint32_t map, const void *key);
/* The key after @key; NULL: the first. -ENOENT at the end. */
int skep_vm_map_next(struct skep_vm *vm, uint32_t map, const void *key, void *ret_key);
/* Gets and deletes: queues, stacks, hashes. */
int skep_vm_map_take(struct skep_vm *vm, uint32_t map, const void *key, void *ret_value);
/* The values of an array, as programs see them; each is rounded up to 8 bytes. -EOPNOTSUPP for other kinds. */
int skep_vm_map_memory(struct skep_vm *vm, uint32_t map, void **ret_memory, size_t *ret_size);
/*
 * Hands every record of a ring buffer or perf event array to @record and removes it. Returns how many. A negative return
 * of @record stops and is returned; that record is gone.
 */
int skep_vm_ring_drain(struct skep_vm *vm, uint32_t map,
		       int (*record)(void *data, uint32_t cpu, const void *bytes, size_t size),
		       void *data);
/* Records that found no room so far. */
uint64_t skep_vm_ring_drops(const struct skep_vm *vm, uint32_t map);
/* Appends a record to a user ring buffer, for programs to drain. -ENOSPC. */
int skep_vm_ring_send(struct skep_vm *vm, uint32_t map, const void *bytes, size_t size);

/*
 * Programs.
 */
struct skep_vm_prog_def {
	const char *name;
	uint32_t
		kind; /* enum bpf_prog_type, which says what R1 points to; 0: memory without structure */
	uint32_t attach_type;
	/* 64-bit words in this machine's byte order, subprograms included; copied. */
	const void *insns;
	uint32_t n_insns;
};

/*
 * Loads of map addresses (src 1, 2, 5, 6 of opcode 0x18) name the map by its index in this machine. Returns 0 and the
 * program's index. -EINVAL: not a program (@why says which instruction and what about it); -E2BIG; -ENOSPC; with a JIT
 * -EPERM: this process may have no executable memory.
 */
int skep_vm_add_prog(struct skep_vm *vm, const struct skep_vm_prog_def *def, char *why,
		     size_t why_size, uint32_t *ret_prog);

/*
 * An object as clang -target bpf makes it (the bytes of a .bpf.o): all of its maps with their first contents, and all of its
 * programs. CO-RE relocations stay as compiled. After a failure the machine is good for nothing but skep_vm_free.
 */
int skep_vm_add_object(struct skep_vm *vm, const void *bytes, size_t size, char *why,
		       size_t why_size);
/* By name: a program's function, a map's variable, ".rodata" and the like. -ENOENT. */
int skep_vm_find_map(const struct skep_vm *vm, const char *name, uint32_t *ret_map);
int skep_vm_find_prog(const struct skep_vm *vm, const char *name, uint32_t *ret_prog);

/*
 * Running.
 */
int skep_vm_run_new(struct skep_vm *vm, struct skep_vm_run **ret_run);
void skep_vm_run_free(struct skep_vm_run *run); /* accepts NULL */
/* The environment of this run alone, a copy of the machine's at first. */
struct skep_vm_env *skep_vm_run_env(struct skep_vm_run *run);
/*
 * Lets programs of this run reach @size bytes at @memory. At most 16 such areas. -ENOSPC. Size 0: forget all.
 */
int skep_vm_run_allow(struct skep_vm_run *run, const void *memory, size_t size, bool writable);

struct skep_vm_input {
	/*
	 * What R1 points to: a structure of the program's kind (struct xdp_md, struct __sk_buff, registers...), read and
	 * written in place. NULL: zeroes. Its pointers to the packet are filled in.
	 */
	void *ctx;
	size_t ctx_size;
	/* The packet, copied; or NULL. */
	const void *packet;
	size_t packet_size;
	const uint64_t
		*args; /* when not NULL: R1 to R5 as they are, instead of the context's address */
};

#define SKEP_VM_REDIRECT_NONE 0
#define SKEP_VM_REDIRECT_IFINDEX 1 /* to the interface `target` */
#define SKEP_VM_REDIRECT_MAP 2	   /* to element `target` of map `map` */
#define SKEP_VM_REDIRECT_PEER 3
#define SKEP_VM_REDIRECT_NEIGH 4

struct skep_vm_result {
	uint64_t value;	       /* R0 */
	uint64_t steps;	       /* jumps backwards and calls */
	const uint8_t *packet; /* as it is now, in the run's memory until its next run; or NULL */
	size_t packet_size;
	size_t meta_size; /* bytes of metadata in front of the packet */
	/* What the program asked for: a redirect is only recorded. */
	uint32_t redirect, map;
	uint64_t target, redirect_flags;
	uint32_t n_clones; /* of clone_redirect */
};

/*
 * Runs a program once. 0; -EFAULT: it did something wrong, skep_vm_run_fault tells what; -EINVAL: no such program, or input
 * that does not fit its kind. *@ret_result is written on success.
 */
int skep_vm_run_prog(struct skep_vm_run *run, uint32_t prog, const struct skep_vm_input *input,
		     struct skep_vm_result *ret_result);

/* Calls what timers are due at @now_ns (those of programs run by @run or others). Returns how many were. */
int skep_vm_run_timers(struct skep_vm_run *run, uint64_t now_ns);

enum skep_vm_fault_kind {
	SKEP_VM_FAULT_NONE,
	SKEP_VM_FAULT_READ,    /* outside of every known region */
	SKEP_VM_FAULT_WRITE,   /* likewise, or in a region that is read-only */
	SKEP_VM_FAULT_ARG,     /* an argument of a helper is not what it must be */
	SKEP_VM_FAULT_CALL,    /* a call of what is not there */
	SKEP_VM_FAULT_DEPTH,   /* too many frames */
	SKEP_VM_FAULT_STEPS,   /* more steps than allowed */
	SKEP_VM_FAULT_INSN,    /* an instruction that this machine does not have */
	SKEP_VM_FAULT_LEAK,    /* ended with a reserved record */
	SKEP_VM_FAULT_BACKING, /* what is behind a map failed: the text says how */
};

struct skep_vm_fault {
	enum skep_vm_fault_kind kind;
	uint32_t prog, insn; /* where */
	uint64_t address;    /* of READ, WRITE, ARG */
	uint32_t size;
	int32_t helper; /* whose argument, or 0 */
	uint32_t arg;	/* 1 to 5 */
};

/* The newest run's fault, kind NONE when there was none. */
const struct skep_vm_fault *skep_vm_run_fault(const struct skep_vm_run *run);
/* The same as a sentence; "" when there was none. Lives until the next run. */
const char *skep_vm_fault_text(struct skep_vm_run *run);

/*
 * Watching: @step is called before each instruction. @regs: R0 to R10, which it may change. Not 0: the run stops with
 * -ECANCELED. NULL: no more watching. Needs no other mode, costs about 3 ns an instruction.
 */
void skep_vm_run_watch(struct skep_vm_run *run,
		       int (*step)(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11]),
		       void *data);

#ifdef __cplusplus
}
#endif

#endif
