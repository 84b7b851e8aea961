/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of records: what ring buffers, user ring buffers and perf event arrays are made of.
 *
 *	position: counts bytes for ever; a record's place is position modulo size
 *	memory:   size bytes, and as many again, so that a record that begins near the end goes on behind it
 *	record:   8 bytes of header (length, BUSY until it is committed, DISCARD), data rounded up to 8 bytes
 *
 * Producers reserve under the lock and commit without; one consumer at a time. A record is handed over only when all before
 * it are committed. What finds no room is counted.
 */
#pragma once

#include "vm/machine.h"

struct vm_ring {
	uint8_t *memory;
	uint64_t size; /* a power of two */
	uint64_t consumer, producer;
	uint64_t drops;
	uint32_t lock;
};

int vm_ring_init(struct skep_vm *vm, struct vm_ring *ring, uint64_t size) _must_check_;
void vm_ring_fini(struct vm_ring *ring);
/* NULL: no room; counted. */
void *vm_ring_take(struct vm_ring *ring, uint64_t size);
void vm_ring_done(void *data, bool discard);
/* The next finished record, or NULL; discarded ones are passed over. */
const void *vm_ring_front(struct vm_ring *ring, uint32_t *ret_size);
void vm_ring_pass(struct vm_ring *ring);
