/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets: reading, writing, growing and shrinking them. One buffer with room in front and behind (machine.h); whatever
 * moves its ends tells the context (vm_packet_moved).
 */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

#define ETH_HLEN 14
#define META_MAX 255

static uint32_t length(const struct skep_vm_run *run)
{
	return (uint32_t)(run->packet.end - run->packet.data);
}

/* Where @size bytes at @offset are, or NULL. */
static uint8_t *at(const struct skep_vm_run *run, uint64_t offset64, uint64_t size64)
{
	uint32_t offset = (uint32_t)offset64, size = (uint32_t)size64;

	if (!run->packet.data || offset > 0x7fffffff || (uint64_t)offset + size > length(run))
		return NULL;
	return run->packet.data + offset;
}

/* struct __sk_buff: reading and writing. */

VM_HELPER(skb_load_bytes)
{
	const uint8_t *from = at(run, r2, r4);

	if (!from) {
		memset(vm_ptr(r3), 0, (uint32_t)r4);
		return vm_err(-EFAULT);
	}
	memcpy(vm_ptr(r3), from, (uint32_t)r4);
	return 0;
}

/* @r5: 0 from the link layer's header, 1 from the network's, which here begins behind an Ethernet header. */
VM_HELPER(skb_load_bytes_relative)
{
	if (r5 > 1) {
		memset(vm_ptr(r3), 0, (uint32_t)r4);
		return vm_err(-EFAULT);
	}
	return vm_helper_skb_load_bytes(run, r1, r2 + (r5 ? ETH_HLEN : 0), r3, r4, 0);
}

/* BPF_F_RECOMPUTE_CSUM 1, BPF_F_INVALIDATE_HASH 2. */
VM_HELPER(skb_store_bytes)
{
	uint8_t *to = at(run, r2, r4);

	if (r5 & ~3ull)
		return vm_err(-EINVAL);
	if (!to)
		return vm_err(-EFAULT);
	memmove(to, vm_ptr(r3), (uint32_t)r4);
	if (r5 & 2)
		run->hash = 0;
	return 0;
}

VM_HELPER(skb_pull_data)
{
	return (uint32_t)r2 <= length(run) ? 0 : vm_err(-ENOMEM);
}

static uint64_t resize(struct skep_vm_run *run, int64_t delta)
{
	if (!run->packet.data || delta > run->packet.limit - run->packet.end ||
	    -delta > run->packet.end - run->packet.data)
		return vm_err(-EINVAL);
	if (delta > 0)
		memset(run->packet.end, 0, (size_t)delta);
	run->packet.end += delta;
	vm_packet_moved(run);
	return 0;
}

VM_HELPER(skb_change_tail)
{
	uint32_t size = (uint32_t)r2;

	if (r3 != 0 || size < ETH_HLEN || size > VM_PACKET_MAX)
		return vm_err(-EINVAL);
	return resize(run, (int64_t)size - length(run));
}

/* Moves the front: @delta bytes more (or less) in front of what is there. */
static uint64_t move_front(struct skep_vm_run *run, int64_t delta)
{
	if (!run->packet.data || delta > run->packet.data - run->packet.buffer ||
	    -delta > run->packet.end - run->packet.data)
		return vm_err(-EINVAL);
	run->packet.data -= delta;
	run->packet.meta = run->packet.data;
	if (delta > 0)
		memset(run->packet.data, 0, (size_t)delta);
	vm_packet_moved(run);
	return 0;
}

VM_HELPER(skb_change_head)
{
	if (r3 != 0 || (uint32_t)r2 > VM_HEADROOM)
		return vm_err(-EINVAL);
	return move_front(run, (uint32_t)r2);
}

/*
 * Room between headers: @r3 0 behind the network header, 1 behind the link header (the only places there are). Flags
 * other than the position of headers are not looked at.
 */
VM_HELPER(skb_adjust_room)
{
	int32_t delta = (int32_t)r2;
	uint32_t keep = (uint32_t)r3 == 1 ? ETH_HLEN : ETH_HLEN + 20;
	uint8_t *old = run->packet.data;

	if (!old || (uint32_t)r3 > 1 || delta > 0xfff || delta < -0xfff)
		return vm_err(-EINVAL);
	if (length(run) < keep || (delta < 0 && length(run) - keep < (uint32_t)-delta))
		return vm_err(-EINVAL);
	if (delta > old - run->packet.buffer)
		return vm_err(-ENOMEM);
	memmove(old - delta, old, keep);
	if (delta > 0)
		memset(old - delta + keep, 0, (size_t)delta);
	run->packet.data = run->packet.meta = old - delta;
	vm_packet_moved(run);
	return 0;
}

/* VLAN tags are put into the packet itself, behind the addresses. */
VM_HELPER(skb_vlan_push)
{
	uint16_t proto = (uint16_t)r2, tci = __builtin_bswap16((uint16_t)r3);
	uint16_t used = proto == __builtin_bswap16(0x88a8) ? proto : __builtin_bswap16(0x8100);
	uint8_t *data;

	if (length(run) < ETH_HLEN || run->packet.data - run->packet.buffer < 4)
		return vm_err(-ENOMEM);
	data = run->packet.data - 4;
	memmove(data, run->packet.data, 12);
	memcpy(data + 12, &used, 2);
	memcpy(data + 14, &tci, 2);
	run->packet.data = run->packet.meta = data;
	vm_packet_moved(run);
	return 0;
}

VM_HELPER(skb_vlan_pop)
{
	uint8_t *data = run->packet.data;
	uint16_t proto;

	if (length(run) < ETH_HLEN + 4)
		return 0;
	memcpy(&proto, data + 12, 2);
	if (proto != __builtin_bswap16(0x8100) && proto != __builtin_bswap16(0x88a8))
		return 0;
	memmove(data + 4, data, 12);
	run->packet.data = run->packet.meta = data + 4;
	vm_packet_moved(run);
	return 0;
}

VM_HELPER(get_hash_recalc)
{
	if (!run->hash && run->packet.data)
		run->hash = vm_hash(run->packet.data, MIN(length(run), 64u), 0) | 1;
	return run->hash;
}

VM_HELPER(set_hash)
{
	run->hash = (uint32_t)r2;
	return 0;
}

VM_HELPER(set_hash_invalid)
{
	run->hash = 0;
	return 0;
}

/* XDP. */

VM_HELPER(xdp_get_buff_len)
{
	return length(run);
}

VM_HELPER(xdp_load_bytes)
{
	const uint8_t *from = at(run, r2, r4);

	if (!from)
		return vm_err(-EINVAL);
	memcpy(vm_ptr(r3), from, (uint32_t)r4);
	return 0;
}

VM_HELPER(xdp_store_bytes)
{
	uint8_t *to = at(run, r2, r4);

	if (!to)
		return vm_err(-EINVAL);
	memmove(to, vm_ptr(r3), (uint32_t)r4);
	return 0;
}

/* A positive delta takes bytes off the front; metadata moves along. At least an Ethernet header must stay. */
VM_HELPER(xdp_adjust_head)
{
	int32_t delta = (int32_t)r2;
	int64_t meta = run->packet.data - run->packet.meta;

	if (!run->packet.data || (int64_t)length(run) - delta < ETH_HLEN ||
	    run->packet.data - run->packet.buffer + delta < meta)
		return vm_err(-EINVAL);
	run->packet.data += delta;
	memmove(run->packet.data - meta, run->packet.meta, (size_t)meta);
	run->packet.meta = run->packet.data - meta;
	vm_packet_moved(run);
	return 0;
}

VM_HELPER(xdp_adjust_meta)
{
	int64_t size = run->packet.data - run->packet.meta - (int32_t)r2;

	if (!run->packet.data || size < 0 || size > run->packet.data - run->packet.buffer)
		return vm_err(-EINVAL);
	if (size % 4 || size > META_MAX)
		return vm_err(-EACCES);
	run->packet.meta = run->packet.data - size;
	vm_packet_moved(run);
	return 0;
}

VM_HELPER(xdp_adjust_tail)
{
	int32_t delta = (int32_t)r2;

	if ((int64_t)length(run) + delta < ETH_HLEN)
		return vm_err(-EINVAL);
	return resize(run, delta);
}

VM_HELPER(check_mtu)
{
	uint32_t mtu = 1500, given;
	int64_t size;

	memcpy(&given, vm_ptr(r3), sizeof(given));
	if (r5 & ~1ull)
		return vm_err(-EINVAL);
	size = (given ? given + ETH_HLEN : (int64_t)length(run)) + (int32_t)r4;
	memcpy(vm_ptr(r3), &mtu, sizeof(mtu));
	return size > (int64_t)mtu + ETH_HLEN ? 1 : 0; /* BPF_MTU_CHK_RET_FRAG_NEEDED */
}
