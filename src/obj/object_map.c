/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps. In .maps a variable's type describes each one: a struct whose members are pointers, of which the types say
 * everything and the values nothing. `int (*max_entries)[1024]` is the number 1024, `__u32 *key` a type.
 *
 * In the older section maps a map is a struct of numbers.
 */
#include <errno.h>

#include "isa/mapkind.h"
#include "obj/object_priv.h"

#define PIN_NONE 0
#define PIN_BY_NAME 1
#define LEGACY_SIZE 20 /* type, key_size, value_size, max_entries, flags */

/* A map under construction. */
struct draft {
	struct reader *r;
	struct obj_file *f;
	const char *name;
	bool is_inner;
	struct skep_spec_map map;
	uint64_t values_off; /* of the array of first elements in the variable; 0: it has none */
};

static int wrong(const struct draft *d, const char *member, const char *what)
{
	return obj_refuse(d->r, d->f, "map '%s': %s %s", d->name, member, what);
}

/*
 * The elements of the array that is a number are ints, unless they say what the records of a ring are (bpf/row.bpf.h): the
 * one place in a definition where a type can stand that other loaders do not look at.
 */
static void note_row(struct draft *d, uint32_t type)
{
	uint32_t n, elem;
	enum skep_btf_kind kind;

	if (skep_btf_array(d->r->btf, type, &elem, &n) == 0 && n == 0)
		type = elem;
	kind = skep_btf_kind(d->r->btf, skep_btf_strip(d->r->btf, type, true));
	if (kind == SKEP_BTF_STRUCT || kind == SKEP_BTF_UNION)
		d->map.btf_row_type = skep_btf_strip(d->r->btf, type, false);
}

/* A number as its type says it: a pointer to an array of so many, or an enum with one constant. */
static int number(struct draft *d, const struct skep_btf_member *m, uint64_t *ret)
{
	const struct skep_btf *btf = d->r->btf;
	struct skep_btf_enumerator e;
	uint32_t target, elem, n;

	if (skep_btf_pointee(btf, m->type, &target) == 0 &&
	    skep_btf_array(btf, target, &elem, &n) == 0) {
		note_row(d, elem);
		*ret = n;
		return 0;
	}
	if (skep_btf_enumerator(btf, m->type, 0, &e) == 0) {
		*ret = e.value;
		return 0;
	}
	return wrong(d, m->name, "is not written as __uint() or __ulong() has it");
}

static int number32(struct draft *d, const struct skep_btf_member *m, uint32_t *ret)
{
	uint64_t value = 0; /* gcc -O3 does not see that errors leave before */
	int e = number(d, m, &value);

	if (e < 0)
		return e;
	if (value > UINT32_MAX)
		return wrong(d, m->name, "is too large");
	*ret = (uint32_t)value;
	return 0;
}

/* A size that is given as a number or through a type: both must agree. */
static int size_of(struct draft *d, const struct skep_btf_member *m, bool is_type, uint32_t *size,
		   uint32_t *type)
{
	uint32_t found, target;
	int e;

	if (!is_type) {
		e = number32(d, m, &found);
		if (e < 0)
			return e;
	} else {
		if (skep_btf_pointee(d->r->btf, m->type, &target) < 0)
			return wrong(d, m->name, "is not written as __type() has it");
		if (skep_btf_size(d->r->btf, target, &found) < 0)
			return wrong(d, m->name, "is a type without a size");
		*type = target;
	}
	if (*size && *size != found)
		return wrong(d, m->name, "is given twice, with different sizes");
	*size = found;
	return 0;
}

static int read_definition(struct draft *d, uint32_t type);

/* The first elements: an array of pointers to maps like the one described, or to programs. */
static int values(struct draft *d, const struct skep_btf_member *m)
{
	const struct skep_btf *btf = d->r->btf;
	struct draft inner = {
		.r = d->r,
		.f = d->f,
		.name = skep_arena_printf(d->r->arena, "%s.inner", d->name),
		.is_inner = true,
	};
	uint32_t elem, n, target, proto;
	int e;

	if (d->is_inner)
		return wrong(d, "values", "make maps of maps of maps, which kernels do not have");
	if (skep_btf_array(btf, m->type, &elem, &n) < 0 || skep_btf_pointee(btf, elem, &target) < 0)
		return wrong(d, "values", "are not written as __array() has it");
	d->values_off = m->bit_offset / 8;
	d->map.value_size = 4;
	if (skep_btf_proto(btf, target, &proto) == 0)
		return 0;
	inner.map.name = inner.name;
	e = read_definition(&inner, target);
	if (e < 0)
		return e;
	d->map.inner = skep_arena_memdup(d->r->arena, &inner.map, sizeof(inner.map));
	return 0;
}

static int pinning(struct draft *d, const struct skep_btf_member *m)
{
	uint32_t how;
	int e = number32(d, m, &how);

	if (e < 0)
		return e;
	if (how != PIN_NONE && how != PIN_BY_NAME)
		return wrong(d, "pinning", "is neither none nor by name");
	if (d->is_inner && how != PIN_NONE)
		return wrong(d, "pinning", "is not for a map inside of another");
	d->map.pinned = how == PIN_BY_NAME;
	return 0;
}

static int read_member(struct draft *d, const struct skep_btf_member *m)
{
	struct skep_spec_map *map = &d->map;

	if (skep_streq(m->name, "type"))
		return number32(d, m, &map->type);
	if (skep_streq(m->name, "max_entries"))
		return number32(d, m, &map->max_entries);
	if (skep_streq(m->name, "map_flags"))
		return number32(d, m, &map->flags);
	if (skep_streq(m->name, "numa_node"))
		return number32(d, m, &map->numa_node);
	if (skep_streq(m->name, "map_extra"))
		return number(d, m, &map->extra);
	if (skep_streq(m->name, "key_size"))
		return size_of(d, m, false, &map->key_size, NULL);
	if (skep_streq(m->name, "value_size"))
		return size_of(d, m, false, &map->value_size, NULL);
	if (skep_streq(m->name, "key"))
		return size_of(d, m, true, &map->key_size, &map->btf_key_type);
	if (skep_streq(m->name, "value"))
		return size_of(d, m, true, &map->value_size, &map->btf_value_type);
	if (skep_streq(m->name, "values"))
		return values(d, m);
	if (skep_streq(m->name, "pinning"))
		return pinning(d, m);
	return obj_refuse(d->r, d->f, "map '%s' has an attribute '%s' that is not known", d->name,
			  m->name);
}

/*
 * Rings whose `value` is the type of their records: the kernel wants no values in a ring, and descriptors in an array of
 * perf events.
 */
static void settle_ring(struct draft *d)
{
	const struct skep_map_kind *kind = skep_map_kind_find(d->map.type);
	struct skep_spec_map *map = &d->map;

	if (!kind || !(kind->traits & SKEP_TRAIT_RING)) {
		map->btf_row_type = 0;
		return;
	}
	if (map->btf_value_type)
		note_row(d, map->btf_value_type);
	if (map->type == SKEP_MAP_PERF_EVENT_ARRAY)
		map->key_size = map->value_size = 4;
	else if (map->btf_row_type)
		map->value_size = 0;
	if (map->btf_row_type)
		map->btf_key_type = map->btf_value_type = 0;
}

static int read_definition(struct draft *d, uint32_t type)
{
	struct skep_btf_type t = skep_btf_type(d->r->btf, skep_btf_strip(d->r->btf, type, true));
	int e;

	if (t.kind != SKEP_BTF_STRUCT)
		return obj_refuse(d->r, d->f, "map '%s' is not described by a struct", d->name);
	for (uint32_t i = 0; i < t.vlen; i++) {
		struct skep_btf_member m;

		e = skep_btf_member(d->r->btf, t.id, i, &m);
		if (e == 0)
			e = read_member(d, &m);
		if (e < 0)
			return e;
	}
	if (!d->map.type)
		return obj_refuse(d->r, d->f, "map '%s' has no type", d->name);
	settle_ring(d);
	return 0;
}

static void add_map(struct reader *r, struct obj_file *f, const struct skep_spec_map *map,
		    uint32_t section, uint32_t offset, uint64_t values_off)
{
	struct obj_map place = {
		.section = section,
		.offset = offset,
		.map = (uint32_t)r->maps.len,
		.values_off = values_off,
	};

	skep_vec_add(&r->maps, *map);
	skep_vec_add(&f->maps, place);
}

static int read_variable(struct reader *r, struct obj_file *f, uint32_t section,
			 const struct skep_btf_secvar *place)
{
	struct skep_btf_type var = skep_btf_type(r->btf, place->type);
	struct draft d = { .r = r, .f = f, .name = var.name, .map.name = var.name };
	int e;

	if (var.kind != SKEP_BTF_VAR || !*var.name)
		return obj_refuse(r, f, "section .maps holds something that is not a variable");
	if (var.vlen == 2)
		return 0; /* of another file */
	if (place->offset >= f->sections[section].size)
		return obj_refuse(r, f, "map '%s' lies beyond the end of section .maps", var.name);
	e = read_definition(&d, var.type);
	if (e == 0)
		add_map(r, f, &d.map, section, place->offset, d.values_off);
	return e;
}

static int read_described(struct reader *r, struct obj_file *f, uint32_t section)
{
	uint32_t id = obj_datasec(f, ".maps");
	struct skep_btf_secvar place;

	if (!id) {
		obj_refuse(r, f, "its maps have no types");
		skep_diag_hint(r->diag, "compile it with -g");
		return -EINVAL;
	}
	for (uint32_t i = 0; skep_btf_secvar(r->btf, id, i, &place) == 0; i++) {
		int e = read_variable(r, f, section, &place);

		if (e < 0)
			return e;
	}
	return 0;
}

/*
 * A definition begins at each symbol and ends at the next, or where its symbol says.
 */
static int read_legacy_map(struct reader *r, struct obj_file *f, uint32_t section,
			   const struct obj_sym *sym)
{
	const struct obj_section *s = &f->sections[section];
	uint32_t words[LEGACY_SIZE / 4] = {};
	struct skep_spec_map map = { .name = sym->name };

	if (!s->data || s->size - sym->value < 16)
		return obj_refuse(r, f, "map '%s' lies beyond the end of section maps", sym->name);
	memcpy(words, s->data + sym->value, MIN(s->size - sym->value, LEGACY_SIZE));
	for (uint32_t i = LEGACY_SIZE; i < sym->size; i++)
		if (s->data[sym->value + i]) {
			obj_refuse(r, f, "map '%s' is described by more than type, sizes and flags",
				   sym->name);
			skep_diag_hint(
				r->diag,
				"describe it in section .maps, by its BTF, as of libbpf 1.0");
			return -EOPNOTSUPP;
		}
	map.type = words[0];
	map.key_size = words[1];
	map.value_size = words[2];
	map.max_entries = words[3];
	map.flags = words[4];
	add_map(r, f, &map, section, sym->value, 0);
	return 0;
}

static int read_legacy(struct reader *r, struct obj_file *f, uint32_t section)
{
	for (uint32_t i = 0; i < f->n_syms; i++) {
		const struct obj_sym *sym = &f->syms[i];
		int e;

		if (sym->section != section || sym->type == SYM_SECTION || !*sym->name)
			continue;
		e = read_legacy_map(r, f, section, sym);
		if (e < 0)
			return e;
	}
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct obj_map *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int obj_read_maps(struct reader *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		struct obj_file *f = &r->files[i];
		int e = 0;

		for (uint32_t k = 1; k < f->n_sections && e == 0; k++) {
			if (f->sections[k].role == ROLE_MAPS)
				e = read_described(r, f, k);
			else if (f->sections[k].role == ROLE_LEGACY_MAPS)
				e = read_legacy(r, f, k);
			else if (f->sections[k].role == ROLE_OPS)
				e = obj_read_ops(r, f, k);
		}
		if (e < 0)
			return e;
		if (f->maps.len)
			qsort(f->maps.data, f->maps.len, sizeof(*f->maps.data), compare_places);
	}
	return 0;
}

const struct obj_map *obj_map_at(const struct obj_file *f, uint32_t section, uint32_t offset)
{
	size_t low = 0, high = f->maps.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct obj_map *m = &f->maps.data[mid];

		if (m->section < section || (m->section == section && m->offset <= offset))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || f->maps.data[low - 1].section != section)
		return NULL;
	return &f->maps.data[low - 1];
}
