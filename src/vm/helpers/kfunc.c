/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the kernel that programs call by name, as far as this machine has them: numeric iterators and the
 * brackets around RCU. Inside the machine they are helpers with numbers of their own, from VM_KFUNC_FIRST on.
 */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"

#define LOOPS_MAX 8388608

/* struct bpf_iter_num: 8 bytes. */
struct iter_num {
	int32_t now, end;
};

static uint64_t iter_num_new(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			     uint64_t r4, uint64_t r5)
{
	struct iter_num it = { 0, 0 };
	int32_t start = (int32_t)r2, end = (int32_t)r3;
	int r = 0;

	if (start > end)
		r = -EINVAL;
	else if ((int64_t)end - start > LOOPS_MAX)
		r = -E2BIG;
	else
		it = (struct iter_num){ (int32_t)((uint32_t)start - 1), end };
	memcpy(vm_ptr(r1), &it, sizeof(it));
	return vm_err(r);
}

/* The address of the number, which is in the iterator; NULL at the end. */
static uint64_t iter_num_next(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			      uint64_t r4, uint64_t r5)
{
	struct iter_num it;
	bool more;

	memcpy(&it, vm_ptr(r1), sizeof(it));
	/* A start at the lowest number wraps when it is stepped back: compare as 32 bits do. */
	more = (int32_t)((uint32_t)it.now + 1) < it.end;
	it = more ? (struct iter_num){ (int32_t)((uint32_t)it.now + 1), it.end }
		  : (struct iter_num){ 0, 0 };
	memcpy(vm_ptr(r1), &it, sizeof(it));
	return more ? r1 : 0;
}

static uint64_t iter_num_destroy(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
				 uint64_t r4, uint64_t r5)
{
	memset(vm_ptr(r1), 0, sizeof(struct iter_num));
	return 0;
}

static uint64_t nothing(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,
			uint64_t r5)
{
	return 0;
}

static const struct skep_helper about[] = {
	{ .name = "bpf_iter_num_new",
	  .n_args = 3,
	  .args = { SKEP_ARG_OUT8, SKEP_ARG_ANY, SKEP_ARG_ANY } },
	{ .name = "bpf_iter_num_next", .n_args = 1, .args = { SKEP_ARG_OUT8 } },
	{ .name = "bpf_iter_num_destroy", .n_args = 1, .args = { SKEP_ARG_OUT8 } },
	{ .name = "bpf_rcu_read_lock" },
	{ .name = "bpf_rcu_read_unlock" },
};

static const struct vm_helper kfuncs[ARRAY_SIZE(about)] = {
	{ &about[0], iter_num_new, true },     { &about[1], iter_num_next, true },
	{ &about[2], iter_num_destroy, true }, { &about[3], nothing, false },
	{ &about[4], nothing, false },
};

const struct vm_helper *vm_kfunc_find(int32_t number)
{
	uint32_t i = (uint32_t)number - VM_KFUNC_FIRST;

	return i < ARRAY_SIZE(kfuncs) ? &kfuncs[i] : NULL;
}

int32_t vm_kfunc_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(about); i++)
		if (strcmp(about[i].name, name) == 0)
			return VM_KFUNC_FIRST + (int32_t)i;
	return 0;
}
