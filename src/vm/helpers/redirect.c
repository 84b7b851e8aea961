/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects, clones and look-ups of routes and sockets: recorded, or answered as on a machine that has none. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"

#define XDP_ABORTED 0
#define XDP_REDIRECT 4
#define TC_ACT_SHOT 2
#define TC_ACT_REDIRECT 7
#define SK_DROP 0
#define SK_PASS 1

static uint64_t record(struct skep_vm_run *run, uint32_t how, uint64_t target, uint64_t flags)
{
	run->result.redirect = how;
	run->result.target = target;
	run->result.redirect_flags = flags;
	return run->prog->kind == SKEP_PROG_XDP ? XDP_REDIRECT : TC_ACT_REDIRECT;
}

VM_HELPER(redirect)
{
	if (run->prog->kind == SKEP_PROG_XDP && r2 != 0)
		return XDP_ABORTED;
	if (run->prog->kind != SKEP_PROG_XDP && r2 & ~1ull) /* BPF_F_INGRESS */
		return TC_ACT_SHOT;
	return record(run, SKEP_VM_REDIRECT_IFINDEX, (uint32_t)r1, r2);
}

VM_HELPER(redirect_peer)
{
	return r2 != 0 ? TC_ACT_SHOT : record(run, SKEP_VM_REDIRECT_PEER, (uint32_t)r1, r2);
}

VM_HELPER(redirect_neigh)
{
	if (r4 != 0 || (r3 && (uint32_t)r3 < 20))
		return TC_ACT_SHOT;
	return record(run, SKEP_VM_REDIRECT_NEIGH, (uint32_t)r1, 0);
}

/* The lower two bits of the flags are what to return when there is no such element. */
VM_HELPER(redirect_map)
{
	struct skep_vm_map *map = vm_map(r1);
	uint32_t key = (uint32_t)r2;
	bool device = map->kind->id == SKEP_MAP_DEVMAP || map->kind->id == SKEP_MAP_DEVMAP_HASH;

	/* Devices know broadcast (8) and leaving out the one it came from (16). */
	if (r3 & ~(uint64_t)(device ? 3 | 8 | 16 : 3))
		return XDP_ABORTED;
	if (!(r3 & 8) && !map->ops->lookup(map, 0, &key))
		return r3 & 3;
	run->result.map = map->index;
	return record(run, SKEP_VM_REDIRECT_MAP, key, r3);
}

VM_HELPER(clone_redirect)
{
	if (r3 & ~1ull)
		return vm_err(-EINVAL);
	run->result.n_clones++;
	run->result.target = (uint32_t)r2;
	return 0;
}

/* Sockets: r2 map, r3 key or index, r4 flags. */
static uint64_t to_socket(struct skep_vm_run *run, uint64_t map_address, const void *key,
			  uint64_t flags)
{
	struct skep_vm_map *map = vm_map(map_address);
	uint32_t index = 0;

	if (flags & ~1ull || !map->ops->lookup(map, 0, key))
		return SK_DROP;
	memcpy(&index, key, MIN(map->key_size, sizeof(index)));
	run->result.map = map->index;
	record(run, SKEP_VM_REDIRECT_MAP, index, flags);
	return SK_PASS;
}

VM_HELPER(sk_redirect_map)
{
	uint32_t index = (uint32_t)r3;

	return to_socket(run, r2, &index, r4);
}

VM_HELPER(sk_redirect_hash)
{
	return to_socket(run, r2, vm_ptr(r3), r4);
}

/* The socket of the context goes into the map: here, its cookie. */
VM_HELPER(sock_update)
{
	struct skep_vm_map *map = vm_map(r2);
	uint64_t cookie = run->env.socket_cookie;

	return vm_err(map->ops->update(map, 0, vm_ptr(r3), &cookie, r4));
}

/*
 * struct bpf_fib_lookup, as on a machine without routes: 4, BPF_FIB_LKUP_RET_NOT_FWDED. An embedder that has routes
 * answers through env.helper.
 */
VM_HELPER(fib_lookup)
{
	if ((uint32_t)r3 < 64)
		return vm_err(-EINVAL);
	return 4;
}

VM_HELPER(no_socket)
{
	return 0;
}

VM_HELPER(sk_release)
{
	return 0;
}

VM_HELPER(get_socket_cookie)
{
	return run->env.socket_cookie;
}

VM_HELPER(get_netns_cookie)
{
	return run->env.netns_cookie;
}

VM_HELPER(get_socket_uid)
{
	return run->env.uid;
}

VM_HELPER(skb_cgroup_id)
{
	return run->env.cgroup_id;
}

VM_HELPER(skb_ancestor_cgroup_id)
{
	uint64_t level = (uint32_t)r2;

	return level < ARRAY_SIZE(run->env.cgroup_ancestors) ? run->env.cgroup_ancestors[level] : 0;
}

VM_HELPER(skb_get_tunnel_key)
{
	memset(vm_ptr(r2), 0, (uint32_t)r3);
	return vm_err(-EINVAL); /* the packet came through no tunnel */
}

VM_HELPER(skb_set_tunnel_key)
{
	return (uint32_t)r3 < 4 ? vm_err(-EINVAL) : 0;
}

VM_HELPER(msg_bytes)
{
	return 0;
}

VM_HELPER(msg_pull_data)
{
	uint32_t from = (uint32_t)r2, to = (uint32_t)r3;

	if (r4 != 0 || to <= from || to > (uint64_t)(run->packet.end - run->packet.data))
		return vm_err(-EINVAL);
	return 0;
}
