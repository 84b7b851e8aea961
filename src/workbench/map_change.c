/* SPDX-License-Identifier: Apache-2.0 */
/* One entry: seen, set, deleted. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/mapkind.h"
#include "live/value.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "sys/image.h"
#include "workbench/input.h"
#include "workbench/map_priv.h"

#define HEX "hex:"

struct change {
	const struct skep_open_map *open;
	const struct skep_feed_map *map;
	const struct skep_map_change *what;
	struct skep_arena *arena;
	struct skep_diag *diag;
	unsigned traits;
	uint8_t *key, *value; /* NULL: the map has none, or none was given */
	size_t value_bytes;   /* of a lookup */
};

/*
 * Text to bytes.
 */

static int take_hex(const struct change *c, const char *what, const char *text, uint8_t *bytes,
		    uint32_t size)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (skep_input_hex(text, strlen(text), &out) != SKEP_HEX_BYTES || out.len != size) {
		skep_diag_error(c->diag, SKEP_NO_LOC,
				"%s=" HEX "%s are not the %u bytes of map '%s' but %zu", what, text,
				size, c->map->name, out.len);
		return -EINVAL;
	}
	memcpy(bytes, out.data, size);
	return 0;
}

/* Without types: a number of the machine's byte order. */
static int take_number(const struct change *c, const char *what, const char *text, uint8_t *bytes,
		       uint32_t size)
{
	bool negative = text[0] == '-';
	unsigned long long x;
	char *end;

	errno = 0;
	x = negative ? (unsigned long long)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	if (end == text || *end || (size != 1 && size != 2 && size != 4 && size != 8)) {
		skep_diag_error(c->diag, SKEP_NO_LOC,
				"map '%s' has no types, so that '%s' cannot be its %s",
				c->map->name, text, what);
		skep_diag_hint(c->diag, "write its %u bytes as hex digits: %s=" HEX "...", size,
			       what);
		return -EINVAL;
	}
	if (errno || (size < 8 && !negative && x >> (size * 8)) ||
	    (size < 8 && negative && (long long)x < -(1ll << (size * 8 - 1)))) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "%s does not fit into the %u bytes of the %s",
				text, size, what);
		return -ERANGE;
	}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(bytes, &x, size);
#else
	memcpy(bytes, (const uint8_t *)&x + 8 - size, size);
#endif
	return 0;
}

/* "10.1.2.0/24", of a trie whose keys are a length and an address. */
static bool take_net(const struct change *c, const char *text, uint32_t size, uint8_t *bytes)
{
	char address[64], end;
	unsigned bits;

	if (c->map->type != SKEP_MAP_LPM_TRIE || (size != 8 && size != 20) ||
	    sscanf(text, "%63[0-9a-fA-F.:]/%3u%c", address, &bits, &end) != 2 ||
	    bits > (size - 4) * 8 ||
	    inet_pton(size == 8 ? AF_INET : AF_INET6, address, bytes + 4) != 1)
		return false;
	memcpy(bytes, &bits, sizeof(bits));
	return true;
}

static int take(const struct change *c, const char *what, const char *text, uint32_t type,
		uint32_t size, uint8_t *bytes)
{
	struct skep_value_place place = { .type = type, .size = size };
	uint32_t of;

	if (skep_has_prefix(text, HEX))
		return take_hex(c, what, text + strlen(HEX), bytes, size);
	if (take_net(c, text, size, bytes))
		return 0;
	if (c->map->btf && type && skep_btf_size(c->map->btf, type, &of) == 0 && of == size &&
	    skep_btf_kind(c->map->btf, type) != SKEP_BTF_DATASEC)
		return skep_value_parse(c->map->btf, &place, what, text, bytes, c->diag);
	return take_number(c, what, text, bytes, size);
}

/* A map or a program by its name, as a descriptor. */
static int take_object(const struct change *c, const char *text, uint8_t *bytes, int *ret_fd)
{
	struct skep_maps maps;
	int fd, r;

	if (c->traits & SKEP_TRAIT_NESTED) {
		r = skep_maps_open(text, c->arena, c->diag, &maps);
		if (r < 0)
			return r;
		fd = maps.items[0].fd;
		maps.items[0].fd = -1;
		skep_maps_close(&maps);
	} else {
		fd = skep_image_open(text, c->diag);
	}
	if (fd < 0)
		return fd;
	memcpy(bytes, &fd, sizeof(fd));
	*ret_fd = fd;
	return 0;
}

static int need(const struct change *c, const char *text, const char *what, bool has)
{
	if (has && !text) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "map '%s' needs a %s: %s=...", c->map->name,
				what, what);
		return -EINVAL;
	}
	if (!has && text) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "entries of map '%s' have no %s",
				c->map->name, what);
		return -EINVAL;
	}
	return 0;
}

static int take_key(struct change *c)
{
	bool has = !(c->traits & SKEP_TRAIT_KEYLESS);
	const char *text = c->what->key;
	int r;

	/* The only value of an array needs no number. */
	if (!text && c->traits & SKEP_TRAIT_INDEXED && c->map->max_entries == 1)
		text = HEX "00000000";
	r = need(c, text, "key", has);
	if (r < 0 || !has)
		return r;
	c->key = skep_arena_alloc(c->arena, ALIGN_UP(c->map->key_size, 8u));
	return take(c, "key", text, c->map->key_type, c->map->key_size, c->key);
}

/*
 * What the kernel refuses.
 */

static const char *why_not(const struct change *c, int r)
{
	bool indexed = c->traits & SKEP_TRAIT_INDEXED;
	enum skep_map_action action = c->what->action;

	if (r == -ENOENT && c->map->type == SKEP_MAP_BLOOM_FILTER)
		return "it was never told that value";
	if (r == -ENOENT)
		return c->traits & SKEP_TRAIT_KEYLESS ? "it is empty" : "it has no such key";
	if (r == -EEXIST)
		return "it has that key already";
	if (r == -E2BIG && indexed)
		return "the index is beyond its end";
	if (r == -E2BIG || r == -ENOSPC)
		return "it is full";
	if (r == -EPERM && c->open->info.is_frozen)
		return "it is frozen: user space cannot write it any more";
	if (r == -EPERM && c->map->flags & (SKEP_MAP_F_RDONLY | SKEP_MAP_F_WRONLY))
		return "it was made so that user space cannot do that";
	if ((r == -EINVAL || r == -ENOTSUP) && action == SKEP_MAP_DELETE && indexed)
		return "elements of an array are always there; set them to zero";
	if (r == -ENOTSUP || r == -524 || r == -EOPNOTSUPP)
		return "the kernel does not let user space do that with this kind";
	return skep_explain_errno(r);
}

static int refuse(const struct change *c, int r)
{
	static const char *const words[] = { "read", "set", "delete" };
	bool is_entry = c->what->key != NULL;

	skep_diag_error(c->diag, SKEP_NO_LOC, "cannot %s%s%s of map '%s': %s",
			words[c->what->action], is_entry ? " key " : " the entry",
			is_entry ? c->what->key : "", c->map->name, why_not(c, r));
	if ((r == -E2BIG || r == -ENOSPC) && c->what->action == SKEP_MAP_SET)
		skep_diag_hint(c->diag, "it has room for %u entries", c->map->max_entries);
	return r == -524 ? -EOPNOTSUPP : r;
}

/*
 * The actions.
 */

static int map_get(const struct change *c, void *value)
{
	if (c->map->fd >= 0)
		return skep_bpf_map_lookup(c->map->fd, c->key, value);
	return c->map->engine->map_get(c->map->loaded, c->map->index, c->key, value);
}

static int get(struct change *c, const struct skep_map_show *show, struct skep_str *out)
{
	struct skep_feed_set set;
	int r;

	if (!skep_feed_map_has_values(c->map->type) && c->map->type != SKEP_MAP_BLOOM_FILTER)
		return skep_feed_map_read(c->map, &show->options, c->arena, c->diag, &set);
	c->value = skep_arena_alloc(c->arena, ALIGN_UP(c->value_bytes, 8));
	if (c->map->type == SKEP_MAP_BLOOM_FILTER) {
		r = need(c, c->what->value, "value", true);
		if (r == 0)
			r = take(c, "value", c->what->value, c->map->value_type, c->map->value_size,
				 c->value);
		if (r < 0)
			return r;
	}
	r = map_get(c, c->value);
	if (r < 0)
		return refuse(c, r);
	if (c->map->type == SKEP_MAP_BLOOM_FILTER) {
		skep_str_add(out, "it may be there\n");
		return 0;
	}
	return map_show_entry(c->map, c->key, c->value, show, c->arena, out);
}

static int set_cpus(struct change *c, const uint8_t *one)
{
	size_t stride = ALIGN_UP((size_t)c->map->value_size, 8);
	int cpu = c->what->cpu;
	int r;

	if (cpu >= 0 && (unsigned)cpu >= c->map->n_cpus) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "this machine has no CPU %d", cpu);
		return -EINVAL;
	}
	if (cpu >= 0) { /* the others keep what they have */
		r = map_get(c, c->value);
		if (r < 0 && r != -ENOENT)
			return refuse(c, r);
	}
	for (unsigned i = 0; i < c->map->n_cpus; i++)
		if (cpu < 0 || i == (unsigned)cpu)
			memcpy(c->value + i * stride, one, c->map->value_size);
	return 0;
}

static int set(struct change *c)
{
	bool is_object = c->traits & SKEP_TRAIT_NESTED || c->map->type == SKEP_MAP_PROG_ARRAY;
	_cleanup_close_ int object = -1;
	uint8_t *one;
	int r = need(c, c->what->value, "value", true);

	if (r < 0)
		return r;
	c->value = one = skep_arena_alloc(c->arena, ALIGN_UP(c->value_bytes, 8));
	if (c->traits & SKEP_TRAIT_PER_CPU)
		one = skep_arena_alloc(c->arena, c->map->value_size);
	r = is_object
		    ? take_object(c, c->what->value, one, &object)
		    : take(c, "value", c->what->value, c->map->value_type, c->map->value_size, one);
	if (r == 0 && one != c->value)
		r = set_cpus(c, one);
	if (r < 0)
		return r;
	r = skep_bpf_map_update(c->map->fd, c->key, c->value, c->what->flags);
	return r < 0 ? refuse(c, r) : 0;
}

/* Of a queue or stack the next element. */
static int delete (struct change *c)
{
	int r;

	if (c->traits & SKEP_TRAIT_KEYLESS) {
		c->value = skep_arena_alloc(c->arena, ALIGN_UP(c->value_bytes, 8));
		r = skep_bpf_map_take(c->map->fd, NULL, c->value);
	} else {
		r = skep_bpf_map_delete(c->map->fd, c->key);
	}
	return r < 0 ? refuse(c, r) : 0;
}

int skep_map_change(const struct skep_open_map *map, const struct skep_map_change *change,
		    const struct skep_map_show *show, struct skep_str *out, struct skep_diag *diag)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_map_kind *kind = skep_map_kind_find(map->map.type);
	struct change c = {
		.open = map,
		.map = &map->map,
		.what = change,
		.arena = arena,
		.diag = diag,
		.traits = kind ? kind->traits : 0,
		.value_bytes = map->map.value_size,
	};
	int r;

	if (map->fd < 0 && change->action != SKEP_MAP_GET) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"maps of a file are what it says; only those of the kernel change");
		return -EROFS;
	}
	if (c.traits & SKEP_TRAIT_RING && change->action != SKEP_MAP_GET) {
		skep_diag_error(diag, SKEP_NO_LOC, "map '%s' is a ring: it has no entries",
				map->map.name);
		skep_diag_hint(diag, "skep run shows the rows of an object that it loads");
		return -EOPNOTSUPP;
	}
	if (c.traits & SKEP_TRAIT_PER_CPU)
		c.value_bytes = ALIGN_UP((size_t)map->map.value_size, 8) * map->map.n_cpus;
	r = c.traits & SKEP_TRAIT_RING ? 0 : take_key(&c);
	if (r < 0)
		return r;
	return change->action == SKEP_MAP_GET	? get(&c, show, out)
	       : change->action == SKEP_MAP_SET ? set(&c)
						: delete (&c);
}

int skep_map_pin(const struct skep_open_map *map, const char *path, struct skep_diag *diag)
{
	int r = map->fd < 0 ? -EROFS : skep_bpf_obj_pin(map->fd, path);

	if (r == 0)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "cannot keep map '%s' as %s: %s", map->map.name, path,
			r == -EROFS ? "it is not in the kernel" : skep_explain_errno(r));
	if (r == -EINVAL || r == -EPERM)
		skep_diag_hint(diag, "the folder must be on a file system of type bpf, such as "
				     "/sys/fs/bpf");
	return r;
}
