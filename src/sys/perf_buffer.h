/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf buffer: reads what programs write with bpf_perf_event_output(), one ring a CPU, from their shared memory.
 *
 *	map[cpu] = event ──► page 0: head (the kernel's), tail (ours) | 2^n pages of records
 *
 *	 record: u32 type, u16 misc, u16 size; of a sample u32 length and the bytes, padded so that the whole is a
 *	 multiple of 8; of a loss u64 id, u64 how many. perf_event_open(2).
 *
 * A record is as long as the program wrote it plus 0 to 7 bytes of padding: its own length is not told. Records of one CPU
 * come in their order; those of several do not.
 *
 *	r = skep_perf_buffer_open(map_fd, max_entries, 16, &buffer);	// before the programs are attached
 *	n = skep_perf_buffer_drain(buffer, &sink);
 *	skep_perf_buffer_close(buffer);
 */
#pragma once

#include "base/macros.h"
#include "obj/engine.h"

struct skep_perf_buffer;

/*
 * Opens a ring of @pages pages (a power of two) for each CPU that is on and below @max_entries, and puts them into the map.
 */
int skep_perf_buffer_open(int map_fd, uint32_t max_entries, unsigned pages,
			  struct skep_perf_buffer **ret_buffer) _must_check_;
void skep_perf_buffer_close(struct skep_perf_buffer *buffer);
/* Adds every ring to an epoll descriptor, with @tag as its data. */
int skep_perf_buffer_watch(const struct skep_perf_buffer *buffer, int epoll_fd,
			   uint64_t tag) _must_check_;
/*
 * Hands all records to @sink, at most one round of each ring. Returns how many, or what the sink returned when that was
 * negative (its record counts as taken). -EBADMSG: the content makes no sense (never seen).
 */
int skep_perf_buffer_drain(struct skep_perf_buffer *buffer,
			   const struct skep_ring_sink *sink) _must_check_;
/* Records that found no room, as far as the rings have told. */
uint64_t skep_perf_buffer_lost(const struct skep_perf_buffer *buffer);
