/* SPDX-License-Identifier: Apache-2.0 */
/* Records: perf_event_open(2), linux/perf_event.h. */
#include "sys/loads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "base/str.h"
#include "base/vec.h"
#include "sys/cpus.h"
#include "sys/file.h"
#include "sys/perf.h"

#define RING_PAGES 64
#define COMMS_MAX 1024
#define RECORD_MAX 65536

/* At the end of every record, as our sample_type asks for. */
struct who {
	uint32_t pid, tid;
	uint64_t time;
};

struct bpf_record {
	uint16_t type, flags;
	uint32_t id;
	uint8_t tag[8];
};

enum {
	BPF_LOADED = 1,
	BPF_UNLOADED = 2
}; /* bpf_record.type */

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
	char symbol[256]; /* of the last KSYMBOL of this CPU */
};

struct comm {
	uint32_t pid;
	char name[16];
};

struct skep_loads {
	int epoll_fd;
	size_t size; /* of a ring's data */
	struct {
		SKEP_VEC(struct ring);
	} rings;
	struct comm comms[COMMS_MAX]; /* the latest, in turn */
	size_t next_comm;
	uint64_t lost;
	uint8_t record[RECORD_MAX]; /* one that goes over the end of the ring */
	void (*each)(void *data, const struct skep_load *load);
	void *data;
};

static int open_ring(struct skep_loads *loads, uint32_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.bpf_event = 1,
		.ksymbol = 1,
		.comm = 1,
		.inherit = pid != 0,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	struct epoll_event event = { .events = EPOLLIN };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct ring ring = { .fd = skep_perf_open(&attr, pid ? (int)pid : -1, cpu) };

	if (ring.fd < 0)
		return ring.fd;
	ring.page = mmap(NULL, page + loads->size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, 0);
	if (ring.page == MAP_FAILED || epoll_ctl(loads->epoll_fd, EPOLL_CTL_ADD, ring.fd, &event)) {
		int r = -errno;

		if (ring.page != MAP_FAILED)
			munmap(ring.page, page + loads->size);
		close(ring.fd);
		return r;
	}
	skep_vec_add(&loads->rings, ring);
	return 0;
}

int skep_loads_open(uint32_t pid, struct skep_loads **ret_loads)
{
	_cleanup_(skep_loads_closep)
	struct skep_loads *loads = calloc(1, sizeof(*loads));
	_cleanup_free_ int *cpus = NULL;
	size_t n;
	int r;

	if (!loads)
		return -ENOMEM;
	loads->size = RING_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	loads->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loads->epoll_fd < 0)
		return -errno;
	r = skep_cpus_online(&cpus, &n);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = open_ring(loads, pid, cpus[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < loads->rings.len; i++)
		if (ioctl(loads->rings.data[i].fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
			return -errno;
	*ret_loads = TAKE_PTR(loads);
	return 0;
}

void skep_loads_close(struct skep_loads *loads)
{
	if (!loads)
		return;
	for (size_t i = 0; i < loads->rings.len; i++) {
		munmap(loads->rings.data[i].page, (size_t)sysconf(_SC_PAGESIZE) + loads->size);
		close(loads->rings.data[i].fd);
	}
	skep_vec_fini(&loads->rings);
	if (loads->epoll_fd >= 0)
		close(loads->epoll_fd);
	free(loads);
}

int skep_loads_fd(const struct skep_loads *loads)
{
	return loads->epoll_fd;
}

uint64_t skep_loads_lost(const struct skep_loads *loads)
{
	return loads->lost;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void keep_comm(struct skep_loads *loads, const uint8_t *body, size_t size)
{
	struct comm *comm = &loads->comms[loads->next_comm++ % COMMS_MAX];
	uint32_t ids[2];

	if (size < sizeof(ids) + sizeof(struct who))
		return;
	memcpy(ids, body, sizeof(ids));
	comm->pid = ids[0];
	snprintf(comm->name, sizeof(comm->name), "%.*s", (int)(size - sizeof(ids)),
		 (const char *)body + sizeof(ids));
}

/* Its name while it is there, else the last that it gave itself. */
static void name_process(const struct skep_loads *loads, uint32_t pid, char ret_comm[16])
{
	_cleanup_free_ char *text = NULL;
	char path[64];

	ret_comm[0] = 0;
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	if (pid && skep_file_read(path, 4096, &text, NULL) == 0) {
		text[strcspn(text, "\n")] = 0;
		snprintf(ret_comm, 16, "%s", text);
		return;
	}
	for (size_t i = 0; i < MIN(loads->next_comm, (size_t)COMMS_MAX); i++) {
		const struct comm *comm = &loads->comms[(loads->next_comm - 1 - i) % COMMS_MAX];

		if (comm->pid == pid) {
			snprintf(ret_comm, 16, "%s", comm->name);
			return;
		}
	}
}

/* "bpf_prog_0123456789abcdef_name": of the first function of a program, which comes first. */
static void keep_symbol(struct ring *ring, const uint8_t *body, size_t size)
{
	const size_t name_at = 16;

	if (size <= name_at + sizeof(struct who) || ring->symbol[0])
		return;
	snprintf(ring->symbol, sizeof(ring->symbol), "%.*s", (int)(size - name_at),
		 (const char *)body + name_at);
}

static void report(struct skep_loads *loads, struct ring *ring, const uint8_t *body, size_t size)
{
	struct bpf_record record;
	struct skep_load load = { .name = "" };
	struct who who;
	char comm[16], tag[17];
	const char *at;

	if (size < sizeof(record) + sizeof(who))
		return;
	memcpy(&record, body, sizeof(record));
	memcpy(&who, body + size - sizeof(who), sizeof(who));
	for (size_t i = 0; i < sizeof(record.tag); i++)
		snprintf(tag + 2 * i, 3, "%02x", record.tag[i]);
	at = strstr(ring->symbol, tag); /* else it is of another one */
	if (at && at[16] == '_')
		load.name = at + 17;
	name_process(loads, who.pid, comm);
	load.unload = record.type == BPF_UNLOADED;
	load.id = record.id;
	load.pid = who.pid;
	load.tid = who.tid;
	load.monotonic_ns = who.time;
	load.comm = comm;
	memcpy(load.tag, record.tag, sizeof(load.tag));
	if (record.type == BPF_LOADED || record.type == BPF_UNLOADED)
		loads->each(loads->data, &load);
	ring->symbol[0] = 0;
}

static void take(struct skep_loads *loads, struct ring *ring, const uint8_t *record)
{
	struct perf_event_header head;
	const uint8_t *body = record + sizeof(head);
	uint64_t lost[2];

	memcpy(&head, record, sizeof(head));
	switch (head.type) {
	case PERF_RECORD_COMM:
		keep_comm(loads, body, head.size - sizeof(head));
		break;
	case PERF_RECORD_KSYMBOL:
		keep_symbol(ring, body, head.size - sizeof(head));
		break;
	case PERF_RECORD_BPF_EVENT:
		report(loads, ring, body, head.size - sizeof(head));
		break;
	case PERF_RECORD_LOST:
		if (head.size < sizeof(head) + sizeof(lost))
			break;
		memcpy(lost, body, sizeof(lost));
		loads->lost += lost[1];
		break;
	default:
		break;
	}
}

static void read_ring(struct skep_loads *loads, struct ring *ring)
{
	const uint8_t *data = (uint8_t *)ring->page + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;

	while (tail < head) {
		size_t at = tail % loads->size, first;
		struct perf_event_header h;

		memcpy(&h, data + at, sizeof(h)); /* records are multiples of 8 bytes */
		if (h.size < sizeof(h) || h.size > head - tail)
			break;
		first = MIN((size_t)h.size, loads->size - at);
		memcpy(loads->record, data + at, first);
		memcpy(loads->record + first, data, h.size - first);
		take(loads, ring, loads->record);
		tail += h.size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

void skep_loads_read(struct skep_loads *loads,
		     void (*each)(void *data, const struct skep_load *load), void *data)
{
	loads->each = each;
	loads->data = data;
	for (size_t i = 0; i < loads->rings.len; i++)
		read_ring(loads, &loads->rings.data[i]);
}
