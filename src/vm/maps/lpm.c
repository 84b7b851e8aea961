/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Longest prefix match: a binary tree with compressed paths.
 *
 * A key is a 32-bit length in bits and that many bits, most significant first. A node holds a prefix; its children
 * extend it, each beginning with another bit. Nodes that only part two ways have no value. A full tree of n values has
 * at most n - 1 of these, so 2n nodes are enough.
 */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"

struct node {
	uint32_t child[2]; /* number plus 1, or 0 */
	uint32_t bits;	   /* length of the prefix */
	bool used, has_value;
};

struct lpm {
	struct node *nodes;
	uint8_t *data; /* prefixes: data_size bytes a node */
	uint32_t data_size, max_bits;
	uint32_t root, count, fresh, free, capacity;
};

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct lpm *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	map->state = t;
	if (map->max_entries > 1u << 30)
		return -E2BIG;
	t->data_size = map->key_size - 4;
	t->max_bits = t->data_size * 8;
	t->capacity = map->max_entries * 2 + 1;
	r = vm_map_alloc(map->vm, t->capacity + 1ull, sizeof(*t->nodes), (void **)&t->nodes);
	if (r == 0)
		r = vm_map_alloc(map->vm, t->capacity + 1ull, t->data_size, (void **)&t->data);
	return r < 0 ? r : vm_values_alloc(map, t->capacity);
}

static void fini(struct skep_vm_map *map)
{
	struct lpm *t = map->state;

	if (t) {
		free(t->nodes);
		free(t->data);
		free(t);
	}
	free(map->values);
}

static uint32_t bits_of(const void *key)
{
	uint32_t bits;

	memcpy(&bits, key, sizeof(bits));
	return bits;
}

static const uint8_t *data_of(const void *key)
{
	return (const uint8_t *)key + 4;
}

static unsigned bit_at(const uint8_t *data, uint32_t i)
{
	return data[i / 8] >> (7 - i % 8) & 1;
}

static uint8_t *prefix_of(const struct lpm *t, uint32_t node)
{
	return t->data + (uint64_t)node * t->data_size;
}

/* How many leading bits are the same, at most @max. */
static uint32_t common(const uint8_t *a, const uint8_t *b, uint32_t max)
{
	uint32_t n = 0;

	while (n + 8 <= max && a[n / 8] == b[n / 8])
		n += 8;
	while (n < max && bit_at(a, n) == bit_at(b, n))
		n++;
	return n;
}

static void *lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	struct lpm *t = map->state;
	uint32_t bits = bits_of(key), found = 0, node = t->root;

	if (bits > t->max_bits)
		return NULL;
	while (node) {
		struct node *n = &t->nodes[node];

		if (n->bits > bits || common(prefix_of(t, node), data_of(key), n->bits) < n->bits)
			break;
		if (n->has_value)
			found = node;
		if (n->bits == t->max_bits || n->bits == bits)
			break;
		node = n->child[bit_at(data_of(key), n->bits)];
	}
	return found ? vm_value_of(map, found - 1, 0) : NULL;
}

static uint32_t new_node(struct lpm *t, uint32_t bits, const uint8_t *data)
{
	uint32_t node = t->free;

	if (node)
		t->free = t->nodes[node].child[0];
	else if (t->fresh < t->capacity)
		node = ++t->fresh;
	else
		return 0;
	t->nodes[node] = (struct node){ .bits = bits, .used = true };
	memcpy(prefix_of(t, node), data, t->data_size);
	return node;
}

static void free_node(struct lpm *t, uint32_t node)
{
	t->nodes[node] = (struct node){ .child = { t->free, 0 } };
	t->free = node;
}

/* The link where a node for this prefix is or belongs. *@ret_same: how far the node there agrees. */
static uint32_t *place(struct lpm *t, uint32_t bits, const uint8_t *data, uint32_t *ret_same)
{
	uint32_t *link = &t->root;

	*ret_same = 0;
	while (*link) {
		struct node *n = &t->nodes[*link];

		*ret_same = common(prefix_of(t, *link), data, MIN(n->bits, bits));
		if (*ret_same < n->bits || n->bits == bits)
			break;
		link = &n->child[bit_at(data, n->bits)];
	}
	return link;
}

static int insert(struct skep_vm_map *map, uint32_t *link, uint32_t same, const void *key,
		  const void *value)
{
	struct lpm *t = map->state;
	uint32_t bits = bits_of(key), old = *link, node, fork;

	if (t->count >= map->max_entries)
		return -ENOSPC;
	node = new_node(t, bits, data_of(key));
	if (!node)
		return -ENOSPC;
	if (old && same == bits) { /* the new one is a prefix of what is there */
		t->nodes[node].child[bit_at(prefix_of(t, old), bits)] = old;
		*link = node;
	} else if (old) { /* they part after `same` bits */
		fork = new_node(t, same, data_of(key));
		if (!fork) {
			free_node(t, node);
			return -ENOSPC;
		}
		t->nodes[fork].child[bit_at(data_of(key), same)] = node;
		t->nodes[fork].child[bit_at(prefix_of(t, old), same)] = old;
		*link = fork;
	} else {
		*link = node;
	}
	t->nodes[node].has_value = true;
	vm_value_copy(map, vm_value_of(map, node - 1, 0), value);
	t->count++;
	return 0;
}

static int put(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	struct lpm *t = map->state;
	uint32_t same, *link = place(t, bits_of(key), data_of(key), &same);
	struct node *n = *link ? &t->nodes[*link] : NULL;

	if (n && n->bits == bits_of(key) && same == n->bits) {
		if (n->has_value && (flags & SKEP_MAP_NOEXIST))
			return -EEXIST;
		if (!n->has_value && (flags & SKEP_MAP_EXIST))
			return -ENOENT;
		if (!n->has_value && t->count >= map->max_entries)
			return -ENOSPC;
		t->count += !n->has_value;
		n->has_value = true;
		vm_value_copy(map, vm_value_of(map, *link - 1, 0), value);
		return 0;
	}
	return flags & SKEP_MAP_EXIST ? -ENOENT : insert(map, link, same, key, value);
}

static int update(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
		  uint64_t flags)
{
	struct lpm *t = map->state;
	int r;

	if (flags > SKEP_MAP_EXIST || bits_of(key) > t->max_bits)
		return -EINVAL;
	vm_lock(&map->lock);
	r = put(map, key, value, flags);
	vm_unlock(&map->lock);
	return r;
}

/* Takes out a node without value that does not part two ways. */
static void splice(struct lpm *t, uint32_t *link)
{
	uint32_t node = *link;
	struct node *n = &t->nodes[node];

	if (n->has_value || (n->child[0] && n->child[1]))
		return;
	*link = n->child[0] ? n->child[0] : n->child[1];
	free_node(t, node);
}

static int take(struct skep_vm_map *map, const void *key)
{
	struct lpm *t = map->state;
	uint32_t *parent = NULL, *link = &t->root, bits = bits_of(key);

	while (*link) {
		struct node *n = &t->nodes[*link];

		if (n->bits > bits || common(prefix_of(t, *link), data_of(key), n->bits) < n->bits)
			return -ENOENT;
		if (n->bits == bits)
			break;
		parent = link;
		link = &n->child[bit_at(data_of(key), n->bits)];
	}
	if (!*link || !t->nodes[*link].has_value)
		return -ENOENT;
	t->nodes[*link].has_value = false;
	t->count--;
	splice(t, link);
	if (parent)
		splice(t, parent);
	return 0;
}

static int drop(struct skep_vm_map *map, const void *key)
{
	struct lpm *t = map->state;
	int r;

	if (bits_of(key) > t->max_bits)
		return -EINVAL;
	vm_lock(&map->lock);
	r = take(map, key);
	vm_unlock(&map->lock);
	return r;
}

static int next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	struct lpm *t = map->state;
	uint32_t node = 0, same;

	if (key && bits_of(key) <= t->max_bits) {
		node = *place(t, bits_of(key), data_of(key), &same);
		if (node && (t->nodes[node].bits != bits_of(key) || same != t->nodes[node].bits))
			node = 0;
	}
	while (++node <= t->fresh)
		if (t->nodes[node].used && t->nodes[node].has_value) {
			memcpy(ret_key, &t->nodes[node].bits, 4);
			memcpy((uint8_t *)ret_key + 4, prefix_of(t, node), t->data_size);
			return 0;
		}
	return -ENOENT;
}

const struct vm_map_ops vm_lpm_ops = {
	.init = init,
	.fini = fini,
	.lookup = lookup,
	.update = update,
	.remove = drop,
	.next = next,
};
