/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "isa/mapkind.h"
#include "sys/kernel.h"
#include "sys/kernel_priv.h"
#include "sys/progs.h"

static struct kmap *map_at(struct skep_loaded *loaded, size_t map)
{
	return map < loaded->spec->n_maps ? &loaded->maps[map] : NULL;
}

int skep_kernel_map_get(struct skep_loaded *loaded, size_t map, const void *key, void *ret_value)
{
	struct kmap *m = map_at(loaded, map);

	return m ? skep_bpf_map_lookup(m->fd, key, ret_value) : -EINVAL;
}

int skep_kernel_map_set(struct skep_loaded *loaded, size_t map, const void *key, const void *value,
			uint64_t flags)
{
	struct kmap *m = map_at(loaded, map);

	return m ? skep_bpf_map_update(m->fd, key, value, flags) : -EINVAL;
}

int skep_kernel_map_delete(struct skep_loaded *loaded, size_t map, const void *key)
{
	struct kmap *m = map_at(loaded, map);

	return m ? skep_bpf_map_delete(m->fd, key) : -EINVAL;
}

/* Of hashes since Linux 5.14. */
int skep_kernel_map_take(struct skep_loaded *loaded, size_t map, const void *key, void *ret_value)
{
	struct kmap *m = map_at(loaded, map);

	return m ? skep_bpf_map_take(m->fd, key, ret_value) : -EINVAL;
}

int skep_kernel_map_next(struct skep_loaded *loaded, size_t map, const void *key, void *ret_key)
{
	struct kmap *m = map_at(loaded, map);

	return m ? skep_bpf_map_next_key(m->fd, key, ret_key) : -EINVAL;
}

/*
 * Values of an array lie one after the other, each rounded up to 8 bytes; the mapping is made of
 * whole pages.
 */
int skep_kernel_map_mmap(struct skep_loaded *loaded, size_t map, void **ret_memory,
			 size_t *ret_size)
{
	struct kmap *m = map_at(loaded, map);
	const struct skep_spec_map *s;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t bytes, size;
	void *memory;

	if (!m)
		return -EINVAL;
	s = &loaded->spec->maps[map];
	if (s->type != SKEP_MAP_ARRAY || !(s->flags & SKEP_BPF_F_MMAPABLE))
		return -EOPNOTSUPP;
	bytes = ALIGN_UP((uint64_t)s->value_size, 8) * s->max_entries;
	size = ALIGN_UP(bytes, page);
	if (!m->memory) {
		memory = mmap(NULL, size, s->read_only ? PROT_READ : PROT_READ | PROT_WRITE,
			      MAP_SHARED, m->fd, 0);
		if (memory == MAP_FAILED)
			return -errno;
		m->memory = memory;
		m->memory_size = size;
	}
	*ret_memory = m->memory;
	*ret_size = bytes;
	return 0;
}

int skep_kernel_ring_drain(struct skep_loaded *loaded, size_t map,
			   const struct skep_ring_sink *sink)
{
	struct kmap *m = map_at(loaded, map);
	const struct skep_spec_map *s;
	int r;

	if (!m)
		return -EINVAL;
	s = &loaded->spec->maps[map];
	if (m->perf)
		return skep_perf_buffer_drain(m->perf, sink);
	if (s->type != SKEP_MAP_RINGBUF)
		return -EINVAL;
	if (!m->ring) {
		r = skep_ring_open(m->fd, m->max_entries, &m->ring);
		if (r < 0)
			return r;
	}
	return skep_ring_drain(m->ring, sink);
}

uint64_t skep_kernel_ring_full(const struct skep_loaded *loaded, size_t map)
{
	const struct kmap *m = map < loaded->spec->n_maps ? &loaded->maps[map] : NULL;

	return m && m->ring ? skep_ring_full(m->ring) : 0;
}

int skep_kernel_perf_open(struct skep_loaded *loaded, size_t map, unsigned pages)
{
	struct kmap *m = map_at(loaded, map);
	int r;

	if (!m || m->perf || loaded->spec->maps[map].type != SKEP_MAP_PERF_EVENT_ARRAY)
		return -EINVAL;
	r = skep_perf_buffer_open(m->fd, m->max_entries, pages, &m->perf);
	if (r < 0)
		return r;
	if (loaded->epoll_fd < 0)
		loaded->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loaded->epoll_fd < 0 ? -errno
				    : skep_perf_buffer_watch(m->perf, loaded->epoll_fd, map);
}

uint64_t skep_kernel_perf_lost(const struct skep_loaded *loaded, size_t map)
{
	bool is_open = map < loaded->spec->n_maps && loaded->maps[map].perf;

	return is_open ? skep_perf_buffer_lost(loaded->maps[map].perf) : 0;
}

void skep_kernel_maps_close(struct skep_loaded *loaded)
{
	for (size_t i = 0; loaded->maps && i < loaded->spec->n_maps; i++) {
		struct kmap *m = &loaded->maps[i];

		skep_ring_close(m->ring);
		skep_perf_buffer_close(m->perf);
		if (m->memory)
			munmap(m->memory, m->memory_size);
		if (m->fd >= 0)
			close(m->fd);
	}
	free(loaded->maps);
	loaded->maps = NULL;
}

int skep_kernel_map_types(int fd, struct skep_btf **ret_btf, uint32_t *ret_value_type)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int r = skep_bpf_obj_info(fd, &info, &size);

	if (r == 0 && !info.btf_id)
		r = -ENOENT;
	if (r == 0)
		r = skep_progs_btf(info.btf_id, ret_btf);
	if (r == 0)
		*ret_value_type = info.btf_value_type_id;
	return r;
}
