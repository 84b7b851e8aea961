/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define HEADER_BYTES 8u
#define BUSY_BIT (1u << 31)
#define DISCARD_BIT (1u << 30)

struct skep_ring {
	uint64_t *consumer_pos;
	const uint64_t *producer_pos;
	const uint8_t *data;
	uint32_t size; /* a power of two */
	size_t page;
	uint8_t *bounce; /* for the record that wraps */
	size_t bounce_size;
	uint32_t largest; /* bytes that a record took so far, its head included */
	uint64_t n_full;
};

int skep_ring_open(int map_fd, uint32_t size, struct skep_ring **ret_ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct skep_ring *ring;
	void *consumer, *producer;
	int r;

	if (!size || (size & (size - 1)) || size % page)
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED) {
		r = -errno;
		free(ring);
		return r;
	}
	producer = mmap(NULL, page + size, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (producer == MAP_FAILED) {
		r = -errno;
		munmap(consumer, page);
		free(ring);
		return r;
	}
	ring->consumer_pos = consumer;
	ring->producer_pos = producer;
	ring->data = (const uint8_t *)producer + page;
	ring->size = size;
	ring->page = page;
	*ret_ring = ring;
	return 0;
}

void skep_ring_close(struct skep_ring *ring)
{
	if (!ring)
		return;
	munmap(ring->consumer_pos, ring->page);
	munmap((void *)(uintptr_t)ring->producer_pos, ring->page + ring->size);
	free(ring->bounce);
	free(ring);
}

/* @len bytes from @offset on, in one piece. */
static int contiguous(struct skep_ring *ring, uint32_t offset, uint32_t len,
		      const uint8_t **ret_bytes)
{
	uint32_t head = ring->size - offset;

	if (len <= head) {
		*ret_bytes = ring->data + offset;
		return 0;
	}
	if (len > ring->bounce_size) {
		uint8_t *p = realloc(ring->bounce, len);

		if (!p)
			return -ENOMEM;
		ring->bounce = p;
		ring->bounce_size = len;
	}
	memcpy(ring->bounce, ring->data + offset, head);
	memcpy(ring->bounce + head, ring->data, len - head);
	*ret_bytes = ring->bounce;
	return 0;
}

int skep_ring_drain(struct skep_ring *ring, const struct skep_ring_sink *sink)
{
	const uint32_t mask = ring->size - 1;
	uint64_t pos = *ring->consumer_pos, last = pos + ring->size;
	const uint8_t *bytes;
	uint32_t len;
	int n = 0, r;

	/* The kernel counts no record that found no room; but whether there was room for one more can be seen. */
	if (ring->largest &&
	    __atomic_load_n(ring->producer_pos, __ATOMIC_ACQUIRE) - pos + ring->largest > mask)
		ring->n_full++;
	while (pos < last && pos < __atomic_load_n(ring->producer_pos, __ATOMIC_ACQUIRE)) {
		len = __atomic_load_n((const uint32_t *)(ring->data + (pos & mask)),
				      __ATOMIC_ACQUIRE);
		if (len & BUSY_BIT)
			break;
		if ((len & ~DISCARD_BIT) > ring->size - HEADER_BYTES)
			return -EBADMSG;
		r = 0;
		if (!(len & DISCARD_BIT)) {
			r = contiguous(ring, (uint32_t)((pos + HEADER_BYTES) & mask), len, &bytes);
			if (r < 0)
				return r;
			r = sink->record(sink->data, bytes, len);
			n++;
		}
		len = ALIGN_UP((len & ~DISCARD_BIT) + HEADER_BYTES, 8u);
		ring->largest = MAX(ring->largest, len);
		pos += len;
		__atomic_store_n(ring->consumer_pos, pos, __ATOMIC_RELEASE);
		if (r < 0)
			return r;
	}
	return n;
}

uint64_t skep_ring_full(const struct skep_ring *ring)
{
	return ring->n_full;
}
