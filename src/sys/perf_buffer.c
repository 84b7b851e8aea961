/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/perf_buffer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "sys/bpf.h"
#include "sys/cpus.h"
#include "sys/perf.h"

#define RECORD_MAX 65536u /* the size of a record is 16 bits */

/* The ring of one CPU. */
struct ring {
	int fd; /* -1: the CPU is off */
	struct perf_event_mmap_page *page;
};

struct skep_perf_buffer {
	struct ring *rings;
	unsigned n_rings;
	size_t data_size; /* bytes of a ring, a power of two */
	size_t map_size;
	uint64_t lost;
	uint8_t bounce[RECORD_MAX]; /* for the record that wraps */
};

static int open_ring(struct skep_perf_buffer *b, int map_fd, uint32_t cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	struct ring *ring = &b->rings[cpu];
	void *memory;
	int r;

	ring->fd = skep_perf_open(&attr, -1, (int)cpu);
	if (ring->fd == -ENODEV) {
		ring->fd = -1; /* off */
		return 0;
	}
	if (ring->fd < 0) {
		r = ring->fd;
		ring->fd = -1;
		return r;
	}
	memory = mmap(NULL, b->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	ring->page = memory;
	r = skep_bpf_map_update(map_fd, &cpu, &ring->fd, 0);
	if (r < 0)
		return r;
	return ioctl(ring->fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}

int skep_perf_buffer_open(int map_fd, uint32_t max_entries, unsigned pages,
			  struct skep_perf_buffer **ret_buffer)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned n = MIN(skep_cpus_possible(), max_entries);
	struct skep_perf_buffer *b;
	int r = 0;

	if (!pages || (pages & (pages - 1)))
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->data_size = pages * page;
	b->map_size = b->data_size + page;
	b->rings = calloc(n + 1, sizeof(*b->rings));
	if (!b->rings) {
		free(b);
		return -ENOMEM;
	}
	for (; b->n_rings < n && r == 0; b->n_rings++)
		r = open_ring(b, map_fd, b->n_rings);
	if (r < 0) {
		skep_perf_buffer_close(b);
		return r;
	}
	*ret_buffer = b;
	return 0;
}

void skep_perf_buffer_close(struct skep_perf_buffer *b)
{
	if (!b)
		return;
	for (unsigned i = 0; i < b->n_rings; i++) {
		if (b->rings[i].page)
			munmap(b->rings[i].page, b->map_size);
		if (b->rings[i].fd >= 0)
			close(b->rings[i].fd);
	}
	free(b->rings);
	free(b);
}

int skep_perf_buffer_watch(const struct skep_perf_buffer *b, int epoll_fd, uint64_t tag)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = tag };

	for (unsigned i = 0; i < b->n_rings; i++)
		if (b->rings[i].fd >= 0 &&
		    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, b->rings[i].fd, &event) < 0)
			return -errno;
	return 0;
}

/* @len bytes from position @at on, in one piece. */
static const uint8_t *contiguous(struct skep_perf_buffer *b, const uint8_t *data, uint64_t at,
				 size_t len)
{
	size_t offset = at & (b->data_size - 1), head = b->data_size - offset;

	if (len <= head)
		return data + offset;
	memcpy(b->bounce, data + offset, head);
	memcpy(b->bounce + head, data, len - head);
	return b->bounce;
}

/* What stands behind the head of a record. 1: it was handed on, 0: it is something else. */
static int take(struct skep_perf_buffer *b, uint32_t type, const uint8_t *bytes, size_t len,
		const struct skep_ring_sink *sink)
{
	uint32_t size;
	uint64_t lost;
	int r;

	if (type == PERF_RECORD_LOST && len >= 16) {
		memcpy(&lost, bytes + 8, 8);
		b->lost += lost;
		return 0;
	}
	if (type != PERF_RECORD_SAMPLE)
		return 0;
	if (len < 4)
		return -EBADMSG;
	memcpy(&size, bytes, 4);
	if (size > len - 4)
		return -EBADMSG;
	r = sink->record(sink->data, bytes + 4, size);
	return r < 0 ? r : 1;
}

static int drain_ring(struct skep_perf_buffer *b, struct perf_event_mmap_page *page,
		      const struct skep_ring_sink *sink)
{
	const uint8_t *data = (const uint8_t *)page + (b->map_size - b->data_size);
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = page->data_tail;
	int n = 0, r = 0;

	while (tail < head && r >= 0) {
		struct perf_event_header header;
		const uint8_t *bytes = contiguous(b, data, tail, sizeof(header));

		memcpy(&header, bytes, sizeof(header));
		if (header.size < sizeof(header) || header.size > head - tail)
			return -EBADMSG;
		bytes = contiguous(b, data, tail, header.size);
		r = take(b, header.type, bytes + sizeof(header), header.size - sizeof(header),
			 sink);
		n += r == 1;
		tail += header.size;
		__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
	}
	return r < 0 ? r : n;
}

int skep_perf_buffer_drain(struct skep_perf_buffer *b, const struct skep_ring_sink *sink)
{
	int n = 0;

	for (unsigned i = 0; i < b->n_rings; i++) {
		int r = b->rings[i].page ? drain_ring(b, b->rings[i].page, sink) : 0;

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

uint64_t skep_perf_buffer_lost(const struct skep_perf_buffer *b)
{
	return b->lost;
}
