/* SPDX-License-Identifier: Apache-2.0 */
/* Maps as a spec describes them, and what is in them before programs run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "isa/mapkind.h"
#include "sys/cpus.h"
#include "sys/explain.h"
#include "sys/load_priv.h"
#include "sys/ops.h"

#define PIN_DIR "/sys/fs/bpf"

/* First contents of an array's element 0; the rest of the element stays zero. */
static int write_contents(const struct skep_spec_map *s, int fd)
{
	_cleanup_free_ void *value = NULL;
	uint32_t zero = 0;

	if (!s->data || !s->data_size)
		return 0;
	if (s->data_size > s->value_size)
		return -EINVAL;
	value = calloc(1, s->value_size);
	if (!value)
		return -ENOMEM;
	memcpy(value, s->data, s->data_size);
	return skep_bpf_map_update(fd, &zero, value, 0);
}

/*
 * Sizes that depend on the machine: a buffer for each CPU where none is asked for, rings of whole pages and a power of
 * two.
 */
static uint32_t entries_of(const struct skep_spec_map *s)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = page;

	if (s->type == SKEP_MAP_PERF_EVENT_ARRAY && !s->max_entries)
		return skep_cpus_possible();
	if (s->type != SKEP_MAP_RINGBUF && s->type != SKEP_MAP_USER_RINGBUF)
		return s->max_entries;
	while (size < s->max_entries && size < 1u << 31)
		size *= 2;
	return (uint32_t)size;
}

static struct skep_bpf_map_create describe(const struct skep_spec_map *s)
{
	struct skep_bpf_map_create attr = {
		.map_type = s->type,
		.key_size = s->key_size,
		.value_size = s->value_size,
		.max_entries = entries_of(s),
		.map_flags = s->flags,
		.numa_node = s->numa_node,
		.map_extra = s->extra,
	};

	/*
	 * Only both together, frozen and read-only for programs, make the verifier take a value as
	 * constant.
	 */
	if (s->read_only)
		attr.map_flags |= SKEP_BPF_F_RDONLY_PROG;
	return attr;
}

/* Types are a comfort, but for kinds that do not take any, and for values with locks and timers, which need them. */
static int create(const struct load *l, const struct skep_spec_map *s,
		  struct skep_bpf_map_create *attr)
{
	int fd;

	if (l->btf.has_types && (s->btf_key_type || s->btf_value_type)) {
		attr->btf_fd = (uint32_t)l->loaded->btf_fd;
		attr->btf_key_type_id = s->btf_key_type;
		attr->btf_value_type_id = s->btf_value_type;
		fd = skep_bpf_map_create_full(s->name, attr);
		if (fd >= 0)
			return fd;
		attr->btf_fd = attr->btf_key_type_id = attr->btf_value_type_id = 0;
	}
	return skep_bpf_map_create_full(s->name, attr);
}

/* The kernel learns from a map of that kind what a map of maps will hold; it need not live on. */
static int create_nested(const struct load *l, const struct skep_spec_map *s,
			 struct skep_bpf_map_create *attr)
{
	struct skep_bpf_map_create inner = describe(s->inner);
	_cleanup_close_ int fd = create(l, s->inner, &inner);

	if (fd < 0)
		return fd;
	attr->inner_map_fd = (uint32_t)fd;
	return create(l, s, attr);
}

/*
 * Maps that are kept.
 */

/* Flags that kernels add to maps of some kinds by themselves. */
#define ADDED_FLAGS (SKEP_BPF_F_RDONLY_PROG)

/* 1: it is, 0: it is not, or -errno. */
static int has_shape(int fd, const struct skep_bpf_map_create *wanted)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int r = skep_bpf_obj_info(fd, &info, &size);

	if (r < 0)
		return r;
	return info.type == wanted->map_type && info.key_size == wanted->key_size &&
	       info.value_size == wanted->value_size && info.max_entries == wanted->max_entries &&
	       (info.map_flags & ~ADDED_FLAGS) == (wanted->map_flags & ~ADDED_FLAGS);
}

static int check_kept(const struct skep_spec_map *s, const struct skep_bpf_map_create *wanted,
		      int fd, const char *path, struct skep_diag *diag)
{
	int r = has_shape(fd, wanted);

	if (r < 0)
		return r;
	if (r)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "map '%s' is kept as %s, and is another one there",
			s->name, path);
	skep_diag_hint(diag, "if nobody uses it any more: rm %s", path);
	return -EEXIST;
}

/* A descriptor of what is kept under the map's name, or of a new one that is from now on. */
static int open_kept(const struct load *l, const struct skep_spec_map *s,
		     struct skep_bpf_map_create *attr, bool *ret_is_new)
{
	_cleanup_close_ int fd = -1;
	char path[256];
	int r;

	snprintf(path, sizeof(path), PIN_DIR "/%s", s->name);
	fd = skep_bpf_obj_get(path);
	if (fd >= 0) {
		r = check_kept(s, attr, fd, path, l->diag);
		*ret_is_new = false;
		return r < 0 ? r : TAKE_FD(fd);
	}
	if (fd != -ENOENT)
		return fd;
	fd = s->inner ? create_nested(l, s, attr) : create(l, s, attr);
	if (fd < 0)
		return fd;
	r = skep_bpf_obj_pin(fd, path);
	if (r < 0) {
		skep_diag_error(l->diag, SKEP_NO_LOC, "cannot keep map '%s' as %s: %s", s->name,
				path, skep_explain_errno(r));
		skep_diag_hint(l->diag,
			       "it needs a file system of type bpf: mount -t bpf bpf " PIN_DIR);
		return r;
	}
	*ret_is_new = true;
	return TAKE_FD(fd);
}

/*
 * All of them.
 */

/* A descriptor of the map that is there, -ENOENT when there is none that fits. */
static int take_over(const struct load *l, size_t index, const struct skep_bpf_map_create *attr)
{
	int fd = l->map_fds ? l->map_fds[index] : -1, r;

	if (fd < 0)
		return -ENOENT;
	r = has_shape(fd, attr);
	if (r < 0)
		return r;
	if (r) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	skep_diag_warn(l->diag, SKEP_NO_LOC,
		       "map '%s' has another shape than the one that is kept: it begins anew",
		       l->loaded->spec->maps[index].name);
	return -ENOENT;
}

/* A struct of functions of the kernel; kernels before 6.4 have no links for it. */
static int make_ops(const struct load *l, size_t index)
{
	const struct skep_spec_map *s = &l->loaded->spec->maps[index];
	struct skep_bpf_map_create attr = describe(s);
	int r = skep_ops_describe(l, s, &attr);

	if (r < 0)
		return r;
	r = skep_bpf_map_create_full(s->name, &attr);
	if (r == -EINVAL) {
		attr.map_flags &= ~SKEP_MAP_LINK;
		r = skep_bpf_map_create_full(s->name, &attr);
	}
	if (r < 0)
		skep_explain_map(s, r, l->diag);
	l->loaded->maps[index].fd = MAX(r, -1);
	return MIN(r, 0);
}

static int make_map(const struct load *l, size_t index)
{
	const struct skep_spec_map *s = &l->loaded->spec->maps[index];
	struct kmap *m = &l->loaded->maps[index];
	struct skep_bpf_map_create attr = describe(s);
	size_t n_errors = l->diag ? l->diag->n_errors : 0;
	bool is_new = false;
	int r = take_over(l, index, &attr);

	if (s->type == SKEP_MAP_STRUCT_OPS)
		return make_ops(l, index);
	if (r != -ENOENT) {
		m->fd = r < 0 ? -1 : r;
		m->max_entries = attr.max_entries;
		return MIN(r, 0);
	}
	is_new = true;
	if (s->pinned)
		r = open_kept(l, s, &attr, &is_new);
	else
		r = s->inner ? create_nested(l, s, &attr) : create(l, s, &attr);
	if (r < 0) {
		if (!l->diag || l->diag->n_errors == n_errors)
			skep_explain_map(s, r, l->diag);
		return r;
	}
	m->fd = r;
	m->max_entries = attr.max_entries;
	if (!is_new)
		return 0;
	r = write_contents(s, m->fd);
	if (r == 0 && s->read_only)
		r = skep_bpf_map_freeze(m->fd);
	if (r < 0)
		skep_diag_error(l->diag, SKEP_NO_LOC,
				"cannot write the first contents of map '%s': %s", s->name,
				skep_explain_errno(r));
	return r;
}

/* One descriptor that is readable when any ring has records. */
static int watch_ring(struct skep_loaded *loaded, size_t map)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = map };

	if (loaded->epoll_fd < 0) {
		loaded->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		if (loaded->epoll_fd < 0)
			return -errno;
	}
	if (epoll_ctl(loaded->epoll_fd, EPOLL_CTL_ADD, loaded->maps[map].fd, &event) < 0)
		return -errno;
	return 0;
}

int skep_load_maps(struct load *l)
{
	struct skep_loaded *loaded = l->loaded;
	const struct skep_spec *spec = loaded->spec;
	int r;

	for (size_t i = 0; i < spec->n_maps; i++) {
		r = make_map(l, i);
		if (r < 0)
			return r;
		if (spec->maps[i].type != SKEP_MAP_RINGBUF)
			continue;
		r = watch_ring(loaded, i);
		if (r < 0) {
			skep_diag_error(l->diag, SKEP_NO_LOC, "cannot watch ring buffer '%s': %s",
					spec->maps[i].name, skep_explain_errno(r));
			return r;
		}
	}
	return 0;
}

/* A program that is off has no descriptor, and its element stays empty. */
static int fill_slot(const struct skep_loaded *loaded, const struct skep_spec_map *s, int map_fd,
		     const struct skep_spec_slot *slot)
{
	int fd = -1;

	if (s->inner && slot->index < loaded->spec->n_maps)
		fd = loaded->maps[slot->index].fd;
	else if (!s->inner && slot->index < loaded->spec->n_progs)
		fd = loaded->progs[slot->index].fd;
	return fd < 0 ? 0 : skep_bpf_map_update(map_fd, &slot->key, &fd, 0);
}

int skep_load_slots(struct load *l)
{
	const struct skep_spec *spec = l->loaded->spec;

	for (size_t i = 0; i < spec->n_maps; i++) {
		const struct skep_spec_map *s = &spec->maps[i];

		for (size_t k = 0; k < s->n_slots && s->type != SKEP_MAP_STRUCT_OPS; k++) {
			int r = fill_slot(l->loaded, s, l->loaded->maps[i].fd, &s->slots[k]);

			if (r == 0)
				continue;
			skep_diag_error(l->diag, SKEP_NO_LOC,
					"cannot write element %u of map '%s': %s", s->slots[k].key,
					s->name, skep_explain_errno(r));
			return r;
		}
	}
	return 0;
}
