/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what is not the program's: the kernel's and a process's memory, as the environment has them. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"

static uint64_t read_bytes(struct skep_vm_run *run, uint64_t to, uint64_t size, uint64_t from,
			   bool user)
{
	return vm_err(vm_read(run, vm_ptr(to), (uint32_t)size, from, user));
}

/*
 * A string with its end: returns its length with the end, which is cut when there is no room. What cannot be read, also
 * in the middle of the string, is -EFAULT and zeroes.
 */
static uint64_t read_string(struct skep_vm_run *run, uint64_t to, uint64_t size64, uint64_t from,
			    bool user)
{
	uint32_t size = (uint32_t)size64, n = 0;
	char *out = vm_ptr(to);

	if (size == 0)
		return 0;
	while (n < size) {
		/* No further than to the end of an aligned block: the next one may not be readable. */
		uint32_t part = 32 - (uint32_t)((from + n) % 32);
		const char *end;

		part = MIN(part, size - n);
		if (vm_read(run, out + n, part, from + n, user) < 0) {
			part = 1;
			if (vm_read(run, out + n, part, from + n, user) < 0) {
				memset(out, 0, size);
				return vm_err(-EFAULT);
			}
		}
		end = memchr(out + n, 0, part);
		if (end) {
			n = (uint32_t)(end - out);
			memset(out + n, 0, size - n);
			return n + 1;
		}
		n += part;
	}
	out[size - 1] = 0;
	return size;
}

VM_HELPER(probe_read)
{
	return read_bytes(run, r1, r2, r3, false);
}

VM_HELPER(probe_read_kernel)
{
	return read_bytes(run, r1, r2, r3, false);
}

VM_HELPER(probe_read_user)
{
	return read_bytes(run, r1, r2, r3, true);
}

VM_HELPER(probe_read_str)
{
	return read_string(run, r1, r2, r3, false);
}

VM_HELPER(probe_read_kernel_str)
{
	return read_string(run, r1, r2, r3, false);
}

VM_HELPER(probe_read_user_str)
{
	return read_string(run, r1, r2, r3, true);
}

VM_HELPER(copy_from_user)
{
	return read_bytes(run, r1, r2, r3, true);
}

VM_HELPER(copy_from_user_task)
{
	if (r5 != 0)
		return vm_err(-EINVAL);
	return read_bytes(run, r1, r2, r3, true);
}

VM_HELPER(probe_write_user)
{
	if (!run->env.write_user)
		return vm_err(-EPERM);
	return vm_err(run->env.write_user(run->env.data, r1, vm_ptr(r2), (uint32_t)r3));
}
