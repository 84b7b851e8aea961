/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF symbols. A symbol is known by its number; numbers of .dynsym go on where those of .symtab
 * end.
 */
#include "obj/elf_sym.h"

#include <errno.h>

#include "obj/elf_priv.h"

#define SYM_OBJECT 1
#define SYM_FUNC 2
#define SYM_IFUNC 10
#define BIND_LOCAL 0
#define SECTION_UNDEFINED 0
#define NEST_MAX 64 /* functions looked at backwards from an address */

static uint32_t n_syms(const struct skep_elf *elf)
{
	return elf->tables[0].n + elf->tables[1].n;
}

static enum skep_elf_sym_kind kind_of(unsigned info)
{
	switch (info & 15) {
	case SYM_FUNC:
		return SKEP_ELF_FUNC;
	case SYM_IFUNC:
		return SKEP_ELF_IFUNC;
	case SYM_OBJECT:
		return SKEP_ELF_OBJECT;
	default:
		return SKEP_ELF_OTHER;
	}
}

/* Symbol @number without a look at its name, which is far away; false when it is not defined in this file. */
static bool read_numbers(const struct skep_elf *elf, uint32_t number, struct skep_elf_sym *ret)
{
	const struct elf_table *t = &elf->tables[number >= elf->tables[0].n];
	const uint8_t *p;
	uint64_t name;
	unsigned info;

	if (t != elf->tables)
		number -= elf->tables[0].n;
	p = t->syms + (size_t)number * (elf->is_64 ? 24 : 16);
	name = load_le(p, 4);
	info = p[elf->is_64 ? 4 : 12];
	if (load_le(p + (elf->is_64 ? 6 : 14), 2) == SECTION_UNDEFINED)
		return false;
	if (name >= t->strings_size)
		return false;
	*ret = (struct skep_elf_sym){
		.name = t->strings + name,
		.value = elf->is_64 ? load_le(p + 8, 8) : load_le(p + 4, 4),
		.size = elf->is_64 ? load_le(p + 16, 8) : load_le(p + 8, 4),
		.kind = kind_of(info),
		.is_local = info >> 4 == BIND_LOCAL,
	};
	return true;
}

/* Symbol @number; false when it is not defined in this file or has no name. */
static bool read_sym(const struct skep_elf *elf, uint32_t number, struct skep_elf_sym *ret)
{
	return read_numbers(elf, number, ret) && *ret->name;
}

static bool is_func(const struct skep_elf_sym *sym)
{
	return (sym->kind == SKEP_ELF_FUNC || sym->kind == SKEP_ELF_IFUNC) && sym->value;
}

/* The length of a name without its version. */
static size_t bare_len(const char *name)
{
	return strcspn(name, "@");
}

bool skep_elf_has_symbols(const struct skep_elf *elf)
{
	/* Symbol 0 of each table is nothing. */
	return elf->tables[0].n > 1 || elf->tables[1].n > 1;
}

int skep_elf_find(const struct skep_elf *elf, const char *name, enum skep_elf_sym_kind kind,
		  struct skep_elf_sym *ret_sym)
{
	size_t len = strlen(name);
	struct skep_elf_sym sym, local = {};

	for (uint32_t i = 0; i < n_syms(elf); i++) {
		skep_breathe(elf->breath, i);
		if (!read_sym(elf, i, &sym) || *sym.name != *name ||
		    strncmp(sym.name, name, len) != 0)
			continue;
		if (sym.name[len] && sym.name[len] != '@')
			continue;
		if (kind == SKEP_ELF_FUNC || kind == SKEP_ELF_STATIC
			    ? !is_func(&sym)
			    : kind != SKEP_ELF_ANY && sym.kind != kind)
			continue;
		if (kind == SKEP_ELF_STATIC && !sym.is_local)
			continue;
		if (!sym.is_local) {
			*ret_sym = sym;
			return 0;
		}
		if (!local.name)
			local = sym;
	}
	if (!local.name)
		return -ENOENT;
	*ret_sym = local;
	return 0;
}

/* What is sorted: most differ by their address, which is at hand. */
struct sorted {
	uint64_t value;
	uint32_t number;
};

/*
 * By address; then global before local, with a size before without; then by name, so that equal
 * ones meet.
 */
static int compare(const void *a, const void *b, void *data)
{
	const struct sorted *s = a, *t = b;
	const struct skep_elf *elf = data;
	struct skep_elf_sym x, y;

	if (s->value != t->value)
		return s->value < t->value ? -1 : 1;
	skep_breathe_now(elf->breath);
	if (!read_sym(elf, s->number, &x) || !read_sym(elf, t->number, &y))
		return 0;
	if (x.is_local != y.is_local)
		return x.is_local ? 1 : -1;
	if (!x.size != !y.size)
		return x.size ? -1 : 1;
	return strcmp(x.name, y.name);
}

static bool is_same(const struct skep_elf *elf, uint32_t a, uint32_t b)
{
	struct skep_elf_sym x, y;
	size_t len;

	skep_breathe_now(elf->breath);
	if (!read_sym(elf, a, &x) || !read_sym(elf, b, &y) || x.value != y.value)
		return false;
	len = bare_len(x.name);
	return len == bare_len(y.name) && memcmp(x.name, y.name, len) == 0;
}

static int build_index(const struct skep_elf *elf)
{
	struct elf_index *index = elf->index;
	_cleanup_free_ struct sorted *all = NULL;
	_cleanup_free_ uint32_t *syms = NULL;
	struct skep_elf_sym sym;
	size_t n = 0, kept = 0;

	if (index->syms)
		return 0;
	for (uint32_t i = 0; i < n_syms(elf); i++) {
		skep_breathe(elf->breath, i);
		n += read_sym(elf, i, &sym) && is_func(&sym);
	}
	all = calloc(n + 1, sizeof(*all));
	syms = calloc(n + 1, sizeof(*syms));
	if (!all || !syms)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < n_syms(elf); i++) {
		skep_breathe(elf->breath, i);
		if (read_sym(elf, i, &sym) && is_func(&sym))
			all[n++] = (struct sorted){ sym.value, i };
	}
	qsort_r(all, n, sizeof(*all), compare, (void *)elf);
	if (n && all[n - 1].value - all[0].value <= UINT32_MAX)
		index->behind = calloc(n, sizeof(*index->behind));
	index->first = all[0].value;
	for (size_t i = 0; i < n; i++) {
		if (i && all[i].value == all[i - 1].value &&
		    is_same(elf, syms[kept - 1], all[i].number))
			continue;
		if (index->behind)
			index->behind[kept] = (uint32_t)(all[i].value - index->first);
		syms[kept++] = all[i].number;
	}
	index->n = kept;
	index->syms = TAKE_PTR(syms);
	return 0;
}

int skep_elf_n_funcs(const struct skep_elf *elf, size_t *ret_n)
{
	int r = build_index(elf);

	if (r < 0)
		return r;
	*ret_n = elf->index->n;
	return 0;
}

struct skep_elf_sym skep_elf_func(const struct skep_elf *elf, size_t index)
{
	struct skep_elf_sym sym = { .name = "" };

	if (build_index(elf) == 0 && index < elf->index->n)
		(void)read_numbers(elf, elf->index->syms[index], &sym);
	return sym;
}

int skep_elf_next_func(const struct skep_elf *elf, const char *glob, size_t *index,
		       struct skep_elf_sym *ret_sym)
{
	int r = build_index(elf);

	if (r < 0)
		return r;
	while (*index < elf->index->n) {
		struct skep_elf_sym sym = skep_elf_func(elf, (*index)++);
		size_t len = bare_len(sym.name);
		bool match;

		if (sym.name[len]) {
			_cleanup_free_ char *bare = strndup(sym.name, len);

			if (!bare)
				return -ENOMEM;
			match = skep_glob_match(glob, bare);
		} else {
			match = skep_glob_match(glob, sym.name);
		}
		if (match) {
			*ret_sym = sym;
			return 0;
		}
	}
	return -ENOENT;
}

/* Where function @i begins: a search looks at many, each in another place of the file. */
static uint64_t begin_of(const struct skep_elf *elf, size_t i)
{
	const struct elf_index *index = elf->index;

	return index->behind ? index->first + index->behind[i] : skep_elf_func(elf, i).value;
}

int skep_elf_find_addr(const struct skep_elf *elf, uint64_t vaddr, struct skep_elf_sym *ret_sym)
{
	size_t low = 0, high;
	int r = build_index(elf);

	if (r < 0)
		return r;
	/* The first function beyond vaddr. */
	for (high = elf->index->n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (begin_of(elf, middle) <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	/*
	 * Backwards to the nearest that reaches it; of those that begin together the first is the
	 * best.
	 */
	for (size_t i = low, seen = 0; i-- > 0 && seen < NEST_MAX; seen++) {
		struct skep_elf_sym sym = skep_elf_func(elf, i);
		uint64_t start = sym.value;

		/* One without a size reaches to the next function. */
		if (sym.size ? vaddr - start >= sym.size : seen)
			continue;
		*ret_sym = sym;
		while (i-- > 0 && (sym = skep_elf_func(elf, i)).value == start)
			if (!sym.size || vaddr - start < sym.size)
				*ret_sym = sym;
		return 0;
	}
	return -ENOENT;
}

const char *skep_elf_nearest(const struct skep_elf *elf, const char *name)
{
	unsigned best = 2 + (unsigned)MIN(strlen(name), 16u) / 4;
	struct skep_elf_sym sym;
	const char *found = NULL;

	for (uint32_t i = 0; i < n_syms(elf) && best > 1; i++) {
		unsigned distance;

		if (!read_sym(elf, i, &sym) || !is_func(&sym))
			continue;
		distance = skep_edit_distance(sym.name, name, best - 1);
		if (distance && distance < best) {
			best = distance;
			found = sym.name;
		}
	}
	return found;
}
