/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring: reads the records of a BPF ring buffer map from its shared memory.
 *
 *	 page 0            page 1            page 2 ...
 *	+-----------------+-----------------+--------------------------------+
 *	| consumer_pos    | producer_pos    | size bytes of records          |
 *	| we write        | kernel writes   | at position & (size - 1)       |
 *	+-----------------+-----------------+--------------------------------+
 *	 both positions only grow
 *	 record: u32 length (bit 31 busy: not committed yet, bit 30 discarded), u32 for the
 *	 kernel, the bytes, padded to 8. Documentation/bpf/ringbuf.rst.
 *
 * The kernel offers the data twice in a row so that no record wraps, but every page of such a
 * mapping counts as our memory, twice. We map it once and copy the record that wraps, one in each
 * round.
 *
 * Order: the producer's position is read before the record's length, which is read before its bytes
 * (acquire); our position is published after the record was used (release), only then may the
 * kernel overwrite it.
 *
 *	r = skep_ring_open(map_fd, size, &ring);
 *	n = skep_ring_drain(ring, &sink);
 *	skep_ring_close(ring);
 */
#pragma once

#include "base/macros.h"
#include "obj/engine.h"

struct skep_ring;

/* Borrows @map_fd only for the call. @size: max_entries of the map. */
int skep_ring_open(int map_fd, uint32_t size, struct skep_ring **ret_ring) _must_check_;
void skep_ring_close(struct skep_ring *ring);

/*
 * Hands all committed records to @sink, at most one round of the ring, so that a storm of events
 * cannot hold the caller forever. Returns how many, or what the sink returned when that was
 * negative (its record counts as taken). -EBADMSG: the ring's content makes no sense (never seen).
 */
int skep_ring_drain(struct skep_ring *ring, const struct skep_ring_sink *sink) _must_check_;
/* At how many drains the ring had no room for a record as large as the largest so far: some may have been lost. */
uint64_t skep_ring_full(const struct skep_ring *ring);
