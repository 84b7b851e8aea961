/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "obj/btf.h"
#include "sys/inventory_priv.h"
#include "sys/progs.h"

#define COUNTED_MAX 50000 /* entries of all maps together, in one take */
#define FUNCS_MAX 1024
#define MAPS_MAX 4096

uint64_t skep_inventory_fdinfo(int fd, const char *key)
{
	char path[64], text[1024];
	_cleanup_close_ int info = -1;
	const char *at;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return SKEP_UNKNOWN;
	text[n] = 0;
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 10) : SKEP_UNKNOWN;
}

/* --- programs --------------------------------------------------------------------------------- */

/* The kernel keeps 15 bytes of a name; its types have all of it. Its first function is the program itself. */
static char *whole_name(int fd, const struct skep_bpf_prog_info *has)
{
	struct func {
		uint32_t insn, type;
	} * funcs;
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	char *name = NULL;

	if (strnlen(has->name, sizeof(has->name)) < sizeof(has->name) - 1 || !has->btf_id ||
	    !has->nr_func_info || has->nr_func_info > FUNCS_MAX ||
	    has->func_info_rec_size != sizeof(*funcs))
		return strndup(has->name, sizeof(has->name));
	funcs = calloc(has->nr_func_info, sizeof(*funcs));
	info.nr_func_info = has->nr_func_info;
	info.func_info_rec_size = sizeof(*funcs);
	info.func_info = skep_bpf_ptr(funcs);
	if (funcs && skep_bpf_obj_info(fd, &info, &size) == 0 &&
	    skep_progs_btf(has->btf_id, &btf) == 0 &&
	    skep_has_prefix(skep_btf_name(btf, funcs[0].type), has->name))
		name = strdup(skep_btf_name(btf, funcs[0].type));
	free(funcs);
	return name ? name : strndup(has->name, sizeof(has->name));
}

static void read_maps(int fd, struct skep_inventory_known *known, uint32_t n)
{
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (!n || n > MAPS_MAX)
		return;
	known->maps = calloc(n, sizeof(*known->maps));
	info.nr_map_ids = n;
	info.map_ids = skep_bpf_ptr(known->maps);
	if (known->maps && skep_bpf_obj_info(fd, &info, &size) == 0)
		known->n_maps = MIN(info.nr_map_ids, n);
}

static void forget(struct skep_inventory_known *known)
{
	free(known->name);
	free(known->maps);
	*known = (struct skep_inventory_known){ .id = known->id };
}

/* Index of the first with this id or a higher one. */
static size_t find_known(const struct skep_inventory_kept *k, uint32_t id)
{
	size_t low = 0, high = k->known.len;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (k->known.data[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct skep_inventory_known *know(struct skep_inventory_kept *k, int fd,
					 const struct skep_bpf_prog_info *info)
{
	size_t at = find_known(k, info->id);
	struct skep_inventory_known *known;

	if (at == k->known.len || k->known.data[at].id != info->id) {
		skep_vec_add(&k->known, (struct skep_inventory_known){});
		memmove(k->known.data + at + 1, k->known.data + at,
			(k->known.len - 1 - at) * sizeof(*known));
		k->known.data[at] = (struct skep_inventory_known){ .id = info->id };
	}
	known = &k->known.data[at];
	known->seen = true;
	if (known->name && known->load_time == info->load_time)
		return known;
	forget(known); /* an id that was given again */
	known->seen = true;
	known->load_time = info->load_time;
	known->bytes = skep_inventory_fdinfo(fd, "memlock:");
	known->name = whole_name(fd, info);
	read_maps(fd, known, info->nr_map_ids);
	if (!k->calls)
		k->calls = skep_calls_new();
	known->can = skep_calls_can(k->calls, fd, info, &known->can_hidden);
	return known;
}

static void take_prog(struct skep_inventory_kept *k, int fd)
{
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	const struct skep_inventory_known *known;

	if (skep_bpf_obj_info(fd, &info, &size) < 0)
		return;
	known = know(k, fd, &info);
	skep_vec_add(&k->progs,
		     (struct skep_inventory_prog){
			     .id = info.id,
			     .type = info.type,
			     .uid = info.created_by_uid,
			     .name = skep_arena_strdup(k->arena, known->name ? known->name : ""),
			     .loaded_ns = info.load_time,
			     .runs = info.run_cnt,
			     .run_ns = info.run_time_ns,
			     .misses = size < offsetof(struct skep_bpf_prog_info, verified_insns)
					       ? SKEP_UNKNOWN
					       : info.recursion_misses,
			     .n_insns = info.xlated_len / 8,
			     .native_bytes = info.jited_len,
			     .bytes = known->bytes,
			     .attach_btf_obj = info.attach_btf_obj_id,
			     .attach_btf_id = info.attach_btf_id,
			     .maps = known->maps,
			     .n_maps = known->n_maps,
			     .can = known->can,
			     .can_hidden = known->can_hidden,
		     });
	memcpy(skep_vec_last(&k->progs).tag, info.tag, sizeof(info.tag));
}

static void forget_gone(struct skep_inventory_kept *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->known.len; i++) {
		if (k->known.data[i].seen)
			k->known.data[n++] = k->known.data[i];
		else
			forget(&k->known.data[i]);
	}
	k->known.len = n;
}

/* --- everything by its id --------------------------------------------------------------------- */

static int each(struct skep_inventory_kept *k, enum skep_bpf_cmd next, enum skep_bpf_cmd open,
		void (*take)(struct skep_inventory_kept *k, int fd))
{
	uint32_t id = 0;
	int r;

	for (size_t n = 0; (r = skep_bpf_next_id(next, id, &id)) == 0; n++) {
		_cleanup_close_ int fd = -1;

		if (n >= SKEP_INVENTORY_OBJECTS_MAX) {
			k->left_out++;
			continue;
		}
		fd = skep_bpf_fd_by_id(open, id);
		if (fd >= 0) /* else it is gone, or is not yet what it will be */
			take(k, fd);
		else if (fd == -EPERM || fd == -EACCES)
			return fd;
	}
	return r == -ENOENT ? 0 : r;
}

static int refused(int r, struct skep_diag *diag)
{
	skep_diag_error(diag, SKEP_NO_LOC, "cannot list what is in the kernel: %s", strerror(-r));
	if (r == -EPERM || r == -EACCES)
		skep_diag_hint(diag, "programs, maps and links of all users are shown to root only "
				     "(CAP_SYS_ADMIN); run it with sudo");
	return r;
}

#define COMPARE(a, b)                              \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)

static int compare_places(const void *a, const void *b)
{
	const struct skep_inventory_place *x = a, *y = b;

	COMPARE(x->prog, y->prog);
	COMPARE(x->link, y->link);
	return strcmp(x->text, y->text);
}

static int compare_holders(const void *a, const void *b)
{
	const struct skep_inventory_holder *x = a, *y = b;

	COMPARE(x->kind, y->kind);
	COMPARE(x->id, y->id);
	COMPARE(x->pid, y->pid);
	COMPARE(x->fd, y->fd);
	return 0;
}

static int compare_pins(const void *a, const void *b)
{
	const struct skep_inventory_pin *x = a, *y = b;

	COMPARE(x->kind, y->kind);
	COMPARE(x->id, y->id);
	return strcmp(x->path, y->path);
}

static void reset(struct skep_inventory_kept *k)
{
	skep_arena_free(k->arena);
	k->arena = skep_arena_new();
	k->progs.len = k->maps.len = k->links.len = 0;
	k->places.len = k->holders.len = k->pins.len = 0;
	k->left_out = 0;
	k->budget = COUNTED_MAX;
	for (size_t i = 0; i < k->known.len; i++)
		k->known.data[i].seen = false;
}

#define SORT(vec, compare)                                                            \
	do {                                                                          \
		if ((vec).len)                                                        \
			qsort((vec).data, (vec).len, sizeof(*(vec).data), (compare)); \
	} while (0)

int skep_inventory_take(struct skep_inventory *inv, const struct skep_inventory_options *options,
			struct skep_diag *diag)
{
	struct skep_inventory_kept *k = inv->kept;
	int r;

	reset(k);
	k->options = options;
	r = each(k, SKEP_BPF_PROG_NEXT_ID, SKEP_BPF_PROG_FD_BY_ID, take_prog);
	if (r == 0)
		r = each(k, SKEP_BPF_MAP_NEXT_ID, SKEP_BPF_MAP_FD_BY_ID, skep_inventory_take_map);
	if (r == 0)
		r = each(k, SKEP_BPF_LINK_NEXT_ID, SKEP_BPF_LINK_FD_BY_ID,
			 skep_inventory_take_link);
	if (r < 0)
		return refused(r, diag);
	forget_gone(k);
	inv->by_iterator = skep_inventory_take_holders(k);
	skep_inventory_take_pins(k);
	SORT(k->places, compare_places);
	SORT(k->holders, compare_holders);
	SORT(k->pins, compare_pins);
	skep_inventory_take_hooks(k);
	SORT(k->places, compare_places);
	inv->progs = k->progs.data, inv->n_progs = k->progs.len;
	inv->maps = k->maps.data, inv->n_maps = k->maps.len;
	inv->links = k->links.data, inv->n_links = k->links.len;
	inv->places = k->places.data, inv->n_places = k->places.len;
	inv->holders = k->holders.data, inv->n_holders = k->holders.len;
	inv->pins = k->pins.data, inv->n_pins = k->pins.len;
	inv->left_out = k->left_out;
	return 0;
}

int skep_inventory_new(struct skep_inventory **ret_inv)
{
	struct skep_inventory *inv = calloc(1, sizeof(*inv));
	struct skep_inventory_kept *k = calloc(1, sizeof(*k));

	if (!inv || !k) {
		free(inv);
		free(k);
		return -ENOMEM;
	}
	k->iter_fd = -1;
	inv->kept = k;
	*ret_inv = inv;
	return 0;
}

void skep_inventory_free(struct skep_inventory *inv)
{
	struct skep_inventory_kept *k;

	if (!inv)
		return;
	k = inv->kept;
	for (size_t i = 0; i < k->known.len; i++)
		forget(&k->known.data[i]);
	skep_vec_fini(&k->known);
	skep_vec_fini(&k->progs);
	skep_vec_fini(&k->maps);
	skep_vec_fini(&k->links);
	skep_vec_fini(&k->places);
	skep_vec_fini(&k->holders);
	skep_vec_fini(&k->pins);
	skep_calls_free(k->calls);
	skep_arena_free(k->arena);
	if (k->iter_fd >= 0)
		close(k->iter_fd);
	free(k);
	free(inv);
}

/* --- looking up ------------------------------------------------------------------------------- */

/* The run of elements of an ascending array for which compare() is 0. */
static const void *find_run(const void *data, size_t n, size_t size, const void *key,
			    int (*compare)(const void *key, const void *element), size_t *ret_n)
{
	const char *p = data;
	size_t low = 0, high = n, end;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(key, p + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < n && compare(key, p + end * size) == 0;)
		end++;
	*ret_n = end - low;
	return end > low ? p + low * size : NULL;
}

struct object {
	enum skep_inventory_kind kind;
	uint32_t id;
};

static int find_holder(const void *key, const void *element)
{
	const struct object *o = key;
	const struct skep_inventory_holder *h = element;

	COMPARE(o->kind, h->kind);
	COMPARE(o->id, h->id);
	return 0;
}

static int find_pin(const void *key, const void *element)
{
	const struct object *o = key;
	const struct skep_inventory_pin *p = element;

	COMPARE(o->kind, p->kind);
	COMPARE(o->id, p->id);
	return 0;
}

static int find_place(const void *key, const void *element)
{
	COMPARE(*(const uint32_t *)key, ((const struct skep_inventory_place *)element)->prog);
	return 0;
}

static int find_prog(const void *key, const void *element)
{
	COMPARE(*(const uint32_t *)key, ((const struct skep_inventory_prog *)element)->id);
	return 0;
}

static int find_map(const void *key, const void *element)
{
	COMPARE(*(const uint32_t *)key, ((const struct skep_inventory_map *)element)->id);
	return 0;
}

const struct skep_inventory_prog *skep_inventory_prog(const struct skep_inventory *inv, uint32_t id)
{
	size_t n;

	return find_run(inv->progs, inv->n_progs, sizeof(*inv->progs), &id, find_prog, &n);
}

const struct skep_inventory_map *skep_inventory_map(const struct skep_inventory *inv, uint32_t id)
{
	size_t n;

	return find_run(inv->maps, inv->n_maps, sizeof(*inv->maps), &id, find_map, &n);
}

const struct skep_inventory_holder *skep_inventory_holders(const struct skep_inventory *inv,
							   enum skep_inventory_kind kind,
							   uint32_t id, size_t *ret_n)
{
	struct object object = { kind, id };

	return find_run(inv->holders, inv->n_holders, sizeof(*inv->holders), &object, find_holder,
			ret_n);
}

const struct skep_inventory_pin *skep_inventory_pins(const struct skep_inventory *inv,
						     enum skep_inventory_kind kind, uint32_t id,
						     size_t *ret_n)
{
	struct object object = { kind, id };

	return find_run(inv->pins, inv->n_pins, sizeof(*inv->pins), &object, find_pin, ret_n);
}

const struct skep_inventory_place *skep_inventory_places(const struct skep_inventory *inv,
							 uint32_t prog, size_t *ret_n)
{
	return find_run(inv->places, inv->n_places, sizeof(*inv->places), &prog, find_place, ret_n);
}
