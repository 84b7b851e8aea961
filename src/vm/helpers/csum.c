/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of the Internet: ones' complement sums of 16-bit words, RFC 1071, and their changes, RFC 1624. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"

#define HDR_FIELD_MASK 0xfu /* size of what changed: 0 (a difference), 2, 4 */
#define MARK_MANGLED_0 (1u << 5)
#define MARK_ENFORCE (1u << 6)
#define PSEUDO_HDR (1u << 4)
#define L4_IPV6 (1u << 7)
#define ENOTSUPP_KERNEL 524 /* no checksum of the whole packet is kept */

static uint32_t sum(const uint8_t *at, uint32_t size, uint64_t start)
{
	uint64_t total = start;
	uint16_t word;

	for (; size >= 2; size -= 2, at += 2) {
		memcpy(&word, at, 2);
		total += word;
	}
	if (size) {
		word = 0;
		memcpy(&word, at, 1);
		total += word;
	}
	total = (total & 0xffffffff) + (total >> 32);
	return (uint32_t)((total & 0xffffffff) + (total >> 32));
}

static uint16_t fold(uint64_t value)
{
	while (value >> 16)
		value = (value & 0xffff) + (value >> 16);
	return (uint16_t)value;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t total = (a & 0xffffffff) + (b & 0xffffffff);

	return (total & 0xffffffff) + (total >> 32);
}

/*
 * The seed plus the sum of @to, without that of @from, folded to 16 bits. (Older kernels want sizes that are multiples of 4,
 * and do not fold.)
 */
VM_HELPER(csum_diff)
{
	uint32_t from = (uint32_t)r2, to = (uint32_t)r4, seed = (uint32_t)r5;
	uint64_t result = seed;

	if (to)
		result = add(result, sum(vm_ptr(r3), to, 0));
	if (from && to)
		result = add(result, (uint32_t)~sum(vm_ptr(r1), from, 0));
	else if (from)
		result = (uint32_t)~add(sum(vm_ptr(r1), from, 0), (uint32_t)~seed);
	return fold(result);
}

static uint8_t *field_at(struct skep_vm_run *run, uint64_t offset64)
{
	uint32_t offset = (uint32_t)offset64;

	if (!run->packet.data || offset > 0xffff || offset % 2 ||
	    run->packet.data + offset + 2 > run->packet.end)
		return NULL;
	return run->packet.data + offset;
}

/* New checksum for a field that goes from @from to @to. */
static int replace(uint8_t *at, uint64_t from, uint64_t to, uint64_t size)
{
	uint16_t old;
	uint64_t total;

	memcpy(&old, at, 2);
	total = (uint16_t)~old;
	switch (size) {
	case 0: /* @to is a difference as csum_diff gives it */
		if (from != 0)
			return -EINVAL;
		total += fold((uint32_t)to);
		break;
	case 2:
		total += (uint16_t)~from + (uint64_t)(uint16_t)to;
		break;
	case 4:
		total += fold((uint32_t)~from) + (uint64_t)fold((uint32_t)to);
		break;
	default:
		return -EINVAL;
	}
	old = (uint16_t)~fold(total);
	memcpy(at, &old, 2);
	return 0;
}

VM_HELPER(l3_csum_replace)
{
	uint8_t *at = field_at(run, r2);

	if (r5 & ~(uint64_t)HDR_FIELD_MASK)
		return vm_err(-EINVAL);
	if (!at)
		return vm_err(-EFAULT);
	return vm_err(replace(at, r3, r4, r5 & HDR_FIELD_MASK));
}

VM_HELPER(l4_csum_replace)
{
	uint8_t *at = field_at(run, r2);
	uint16_t old, zero = 0xffff;
	int r;

	if (r5 & ~(uint64_t)(HDR_FIELD_MASK | MARK_MANGLED_0 | MARK_ENFORCE | PSEUDO_HDR | L4_IPV6))
		return vm_err(-EINVAL);
	if (!at)
		return vm_err(-EFAULT);
	memcpy(&old, at, 2);
	/* Of UDP, 0 says that there is no checksum. */
	if ((r5 & MARK_MANGLED_0) && !(r5 & MARK_ENFORCE) && !old)
		return 0;
	r = replace(at, r3, r4, r5 & HDR_FIELD_MASK);
	memcpy(&old, at, 2);
	if (r == 0 && (r5 & MARK_MANGLED_0) && !old)
		memcpy(at, &zero, 2);
	return vm_err(r);
}

VM_HELPER(csum_update)
{
	return vm_err(-ENOTSUPP_KERNEL);
}

VM_HELPER(csum_level)
{
	return r2 > 3 ? vm_err(-EINVAL) : r2 == 0 ? vm_err(-EACCES) : 0;
}
