/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs of functions of the kernel (struct_ops): congestion control of TCP, queueing disciplines, schedulers. The object has
 * the struct as it was compiled; the kernel's may have members elsewhere, more of them, or fewer.
 *
 *	object:	struct tcp_congestion_ops___mine { .name = "slow", .ssthresh = program }	map, kind struct_ops
 *	kernel:	struct bpf_struct_ops_tcp_congestion_ops { ..., struct tcp_congestion_ops data }
 *
 *	skep_ops_describe	what the map is made as
 *	skep_ops_aim		which function of the struct a program is verified as
 *	skep_ops_fill		the value, member by member; then it is registered: by a link, or by being written
 */
#pragma once

#include "sys/load_priv.h"

int skep_ops_describe(const struct load *l, const struct skep_spec_map *map,
		      struct skep_bpf_map_create *attr) _must_check_;
/* @index: the program in the spec. */
int skep_ops_aim(const struct load *l, size_t index, struct skep_spec_prog *p) _must_check_;
