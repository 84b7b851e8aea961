/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The current task of a run: a structure as this kernel has it, zero but for who the process is, for programs that read it
 * in place of asking helpers. And the registers of a system call.
 */
#include <string.h>

#include "sys/vmlinux.h"
#include "workbench/try_priv.h"

static void put(const struct skep_btf *btf, uint32_t type, const char *member, uint8_t *task,
		uint32_t size, const void *value, uint32_t n)
{
	struct skep_btf_member m;

	if (skep_btf_find_member(btf, type, member, &m) == 0 && m.bit_offset / 8 + n <= size)
		memcpy(task + m.bit_offset / 8, value, n);
}

int try_make_task(struct try_job *j, struct skep_vm_run *run)
{
	struct skep_vm_env *env = skep_vm_run_env(run);
	const struct skep_btf *btf;
	uint32_t type, size;
	uint64_t address;
	uint8_t *task;
	int r;

	if (skep_vmlinux_btf(NULL, &btf) < 0 ||
	    skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &type) < 0 ||
	    skep_btf_size(btf, type, &size) < 0)
		return 0; /* then it is the null pointer */
	task = skep_arena_alloc(j->arena, size);
	address = (uint64_t)(uintptr_t)task;
	put(btf, type, "pid", task, size, &env->pid, 4);
	put(btf, type, "tgid", task, size, &env->tgid, 4);
	put(btf, type, "comm", task, size, env->comm, sizeof(env->comm));
	put(btf, type, "group_leader", task, size, &address, 8);
	put(btf, type, "real_parent", task, size, &address, 8);
	put(btf, type, "parent", task, size, &address, 8);
	r = skep_vm_run_allow(run, task, size, false);
	if (r == 0)
		env->task = address;
	return r;
}

int try_make_regs(struct try_job *j, struct skep_vm_run *run)
{
	uint64_t address;

	memcpy(&address, j->ctx, j->wants_regs ? sizeof(address) : 0);
	if (!j->wants_regs || address)
		return 0;
	if (!j->regs)
		j->regs = skep_arena_calloc(j->arena, 1, TRY_REGS_BYTES);
	address = (uint64_t)(uintptr_t)j->regs;
	memcpy(j->ctx, &address, sizeof(address));
	return skep_vm_run_allow(run, j->regs, TRY_REGS_BYTES, false);
}
