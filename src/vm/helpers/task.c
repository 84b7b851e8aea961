/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers about who runs, where and when: what the environment says. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

VM_HELPER(ktime_get_ns)
{
	return vm_time(run, 0);
}

VM_HELPER(ktime_get_boot_ns)
{
	return vm_time(run, 1);
}

VM_HELPER(ktime_get_coarse_ns)
{
	return vm_time(run, 2);
}

VM_HELPER(ktime_get_tai_ns)
{
	return vm_time(run, 3);
}

VM_HELPER(jiffies64)
{
	return vm_time(run, 4);
}

VM_HELPER(get_prandom_u32)
{
	return vm_random(run);
}

VM_HELPER(get_smp_processor_id)
{
	return vm_cpu(run);
}

VM_HELPER(get_numa_node_id)
{
	return run->env.numa_node;
}

VM_HELPER(get_current_pid_tgid)
{
	return (uint64_t)run->env.tgid << 32 | run->env.pid;
}

VM_HELPER(get_current_uid_gid)
{
	return (uint64_t)run->env.gid << 32 | run->env.uid;
}

VM_HELPER(get_current_comm)
{
	size_t size = (uint32_t)r2, n = strnlen(run->env.comm, sizeof(run->env.comm));
	char *to = vm_ptr(r1);

	memset(to, 0, size);
	if (size)
		memcpy(to, run->env.comm, MIN(n, size - 1));
	return 0;
}

VM_HELPER(get_current_task)
{
	return run->env.task;
}

/* struct bpf_pidns_info: pid, tgid. Any namespace is taken for the process's own. */
VM_HELPER(get_ns_current_pid_tgid)
{
	const uint32_t info[2] = { run->env.ns_pid, run->env.ns_tgid };

	if ((uint32_t)r4 != sizeof(info)) {
		memset(vm_ptr(r3), 0, (uint32_t)r4);
		return vm_err(-EINVAL);
	}
	memcpy(vm_ptr(r3), info, sizeof(info));
	return 0;
}

VM_HELPER(get_current_cgroup_id)
{
	return run->env.cgroup_id;
}

VM_HELPER(get_current_ancestor_cgroup_id)
{
	uint64_t level = (uint32_t)r1;

	return level < ARRAY_SIZE(run->env.cgroup_ancestors) ? run->env.cgroup_ancestors[level] : 0;
}

VM_HELPER(get_cgroup_classid)
{
	return run->env.cgroup_classid;
}

VM_HELPER(get_attach_cookie)
{
	return run->env.attach_cookie;
}

VM_HELPER(get_func_ip)
{
	return run->env.func_ip;
}

/* Registers are the context of programs that have any. */
VM_HELPER(task_pt_regs)
{
	return run->ctx;
}

VM_HELPER(send_signal)
{
	if ((uint32_t)r1 == 0 || (uint32_t)r1 > 64)
		return vm_err(-EINVAL);
	return vm_err(run->env.signal ? run->env.signal(run->env.data, (uint32_t)r1, false)
				      : -EPERM);
}

VM_HELPER(send_signal_thread)
{
	if ((uint32_t)r1 == 0 || (uint32_t)r1 > 64)
		return vm_err(-EINVAL);
	return vm_err(run->env.signal ? run->env.signal(run->env.data, (uint32_t)r1, true)
				      : -EPERM);
}

/* Recorded: what the function would return instead. */
VM_HELPER(override_return)
{
	run->ret_value = (uint32_t)r2;
	run->result.target = r2;
	return 0;
}

VM_HELPER(get_retval)
{
	return vm_err((int32_t)run->ret_value);
}

VM_HELPER(set_retval)
{
	run->ret_value = (uint32_t)r1;
	return 0;
}

/* Arguments of a traced function: the context holds them as 64-bit words, their number in front. */
static uint64_t n_args(const struct skep_vm_run *run)
{
	return run->ctx_size >= 8 ? run->ctx_size / 8 - 1 : 0;
}

VM_HELPER(get_func_arg)
{
	uint32_t i = (uint32_t)r2;

	if (i >= n_args(run))
		return vm_err(-EINVAL);
	memcpy(vm_ptr(r3), (const uint8_t *)vm_ptr(run->ctx) + 8 * (size_t)i, 8);
	return 0;
}

VM_HELPER(get_func_ret)
{
	if (n_args(run) == 0)
		return vm_err(-EOPNOTSUPP);
	memcpy(vm_ptr(r2), (const uint8_t *)vm_ptr(run->ctx) + 8 * n_args(run), 8);
	return 0;
}

VM_HELPER(get_func_arg_cnt)
{
	return n_args(run);
}

/* Stacks. */

#define SKIP_MASK 0xffu

VM_HELPER(get_stackid)
{
	uint32_t skip = (uint32_t)r3 & SKIP_MASK;

	if (r3 & ~0x7ffull)
		return vm_err(-EINVAL);
	if (skip >= run->env.n_stack || run->env.n_stack > ARRAY_SIZE(run->env.stack))
		return vm_err(-EFAULT);
	return vm_err(vm_stack_id(vm_map(r2), run->env.stack + skip, run->env.n_stack - skip, r3));
}

static uint64_t copy_stack(struct skep_vm_run *run, uint64_t to, uint32_t size, uint64_t flags)
{
	uint32_t skip = (uint32_t)flags & SKIP_MASK, n, wanted = size / 8;

	if (flags & ~0x9ffull || size % 8) {
		memset(vm_ptr(to), 0, size);
		return vm_err(-EINVAL);
	}
	if (size == 0)
		return 0;
	if (skip > run->env.n_stack || run->env.n_stack > ARRAY_SIZE(run->env.stack)) {
		memset(vm_ptr(to), 0, size);
		return vm_err(-EFAULT);
	}
	n = MIN(run->env.n_stack - skip, wanted);
	memcpy(vm_ptr(to), run->env.stack + skip, (size_t)n * 8);
	memset((uint8_t *)vm_ptr(to) + (size_t)n * 8, 0, size - (size_t)n * 8);
	return (uint64_t)n * 8;
}

VM_HELPER(get_stack)
{
	return copy_stack(run, r2, (uint32_t)r3, r4);
}

VM_HELPER(get_task_stack)
{
	return copy_stack(run, r2, (uint32_t)r3, r4);
}

VM_HELPER(get_branch_snapshot)
{
	return vm_err(-ENOENT); /* as on a processor that does not record branches */
}

/* Files: an address and its name are the environment's to know. */
VM_HELPER(d_path)
{
	uint32_t size = (uint32_t)r3;

	memset(vm_ptr(r2), 0, size);
	if (size == 0)
		return 0;
	return vm_err(-EINVAL);
}

VM_HELPER(ima_hash)
{
	memset(vm_ptr(r2), 0, (uint32_t)r3);
	return vm_err(-EOPNOTSUPP);
}
