/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers: what the machine does when a program calls one.
 *
 * One file for each family, one row in rows.h for each helper. A helper is a function of the run and R1 to R5; what
 * the descriptor (isa/helper_rows.h) says of its arguments holds when it is called: maps are maps of a kind that it
 * takes, memory is the program's and as large as its size says. What it reads elsewhere (probe_read) goes through
 * vm_read. It returns R0; a negative errno as the kernel gives it.
 *
 *	VM_HELPER(get_numa_node_id)
 *	{
 *		return run->env.numa_node;
 *	}
 */
#pragma once

#include "vm/helpers/rows.h"
#include "vm/machine.h"

typedef uint64_t vm_helper_fn(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			      uint64_t r4, uint64_t r5);

struct vm_helper {
	const struct skep_helper *about;
	vm_helper_fn *fn; /* NULL: known, but not in this machine */
	bool checks;	  /* some argument has to be checked */
};

/*
 * Functions of the kernel that this machine has (kfunc.c) are helpers with such numbers. By name: the number, or 0.
 */
#define VM_KFUNC_FIRST 0x4b000000
int32_t vm_kfunc_number(const char *name);
const struct vm_helper *vm_kfunc_find(int32_t number);

/* NULL: no helper has this number. */
const struct vm_helper *vm_helper_find(int32_t id);

/*
 * Calls it: the embedder's own first, then ours, with the arguments checked when the run is. A fault sets run->stop. The
 * engines call this for every helper.
 */
uint64_t vm_helper_call(struct skep_vm_run *run, const struct vm_helper *helper, uint64_t r1,
			uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);

/* Arguments against the descriptor; sets the fault. (args.c) */
bool vm_args_check(struct skep_vm_run *run, const struct skep_helper *about,
		   const uint64_t args[5]);

/* Memory that need not be the program's: -EFAULT and zeroes when it cannot be read. */
int vm_read(struct skep_vm_run *run, void *to, uint32_t size, uint64_t address, bool user);

static inline void *vm_ptr(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static inline struct skep_vm_map *vm_map(uint64_t address)
{
	return (struct skep_vm_map *)(uintptr_t)address;
}

/* A negative errno as R0 holds it. */
static inline uint64_t vm_err(int r)
{
	return (uint64_t)(int64_t)r;
}

/* The program's own memory that begins at @address: how much, or 0. In unchecked runs: all there is. */
uint64_t vm_span(struct skep_vm_run *run, uint64_t address);

/*
 * Text as the kernel's format functions make it (format.c). @args: n_args numbers. Returns the length that all of it
 * would have with its end, or -errno; at most @size bytes are written, the last one 0.
 */
int vm_format(struct skep_vm_run *run, char *out, size_t size, const char *format,
	      size_t format_len, const uint64_t *args, unsigned n_args);

#define VM_HELPER(name)                                                                           \
	uint64_t vm_helper_##name(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3, \
				  uint64_t r4, uint64_t r5)

#define DECLARE(constant, name) VM_HELPER(name);
VM_HELPER_ROWS(DECLARE)
#undef DECLARE
