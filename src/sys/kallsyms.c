/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/kallsyms.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/vec.h"
#include "sys/file.h"

#define KALLSYMS_PATH "/proc/kallsyms"

/*
 * A table is one sorted array of numbers: the distance from the lowest address above, where the
 * name is below. Kernel and modules lie within a few GB of each other; a symbol that is 64 GB away,
 * or whose name is behind 256 MB of others, is left out.
 */
#define NAME_BITS 28
#define NAME_MASK ((1ull << NAME_BITS) - 1)
#define DISTANCE_MAX ((1ull << (64 - NAME_BITS)) - 1)
#define MODULE_MARK '\1' /* in the pool: this byte, the module's name, then the symbol's */

struct skep_kallsyms {
	uint64_t base;
	uint64_t *keys;
	size_t n;
	char *pool;
};

/* A quarter of a million lines: strtoull() took most of the time. Where the digits end: @text if there are none, or too many. */
static char *parse_address(char *text, uint64_t *ret_address)
{
	uint64_t address = 0;
	char *p = text;

	for (;; p++) {
		unsigned digit = (unsigned char)*p - '0', letter = ((unsigned char)*p | 32u) - 'a';

		if (digit > 9)
			digit = letter < 6 ? letter + 10 : 16;
		if (digit > 15)
			break;
		address = address << 4 | digit;
	}
	*ret_address = address;
	return p - text > 16 ? text : p;
}

/* "ffffffff81000000 T name\t[module]"; false: something else. Cuts the line into its parts. */
static bool parse_line(char *line, char *ret_type, struct skep_ksym *ret_symbol)
{
	struct skep_ksym s = {};
	char *p, *end, *name;

	p = parse_address(line, &s.address);
	if (p == line || p[0] != ' ' || !p[1] || p[2] != ' ')
		return false;
	*ret_type = p[1];
	name = p + 3;
	p = name;
	p += strcspn(p, " \t\n\r\v\f");
	if (*p) {
		*p++ = 0;
		p = strchr(p, '[');
		end = p ? strchr(p, ']') : NULL;
		if (end) {
			*end = 0;
			s.module = p + 1;
		}
	}
	if (!*name)
		return false;
	s.name = name;
	*ret_symbol = s;
	return true;
}

static bool is_code(char type)
{
	return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

/* One pass over the list. Tells a list without addresses from an empty one. */
struct pass {
	int (*each)(void *data, const struct skep_ksym *symbol);
	void *data;
	bool any_type, seen, seen_address;
};

static int pass_line(void *data, char *line)
{
	struct pass *pass = data;
	struct skep_ksym symbol;
	char type;

	if (!parse_line(line, &type, &symbol))
		return 0;
	pass->seen = true;
	if (symbol.address)
		pass->seen_address = true;
	if (!pass->any_type && !is_code(type))
		return 0;
	return pass->each(pass->data, &symbol);
}

static int run_pass(const char *path, struct pass *pass)
{
	int r;

	r = skep_file_lines_at(AT_FDCWD, path, pass_line, pass);
	if (r == 0 && pass->seen && !pass->seen_address)
		return -EPERM;
	return r;
}

int skep_kallsyms_each(int (*each)(void *data, const struct skep_ksym *symbol), void *data)
{
	struct pass pass = { .each = each, .data = data };
	int r;

	r = run_pass(KALLSYMS_PATH, &pass);
	return r == -EPERM ? 0 : r; /* names are of use without addresses */
}

struct loading {
	struct {
		SKEP_VEC(uint64_t);
	} addresses;
	struct {
		SKEP_VEC(uint32_t);
	} names;
	char *pool;
	size_t len, cap;
};

static void loading_fini(struct loading *l)
{
	skep_vec_fini(&l->addresses);
	skep_vec_fini(&l->names);
	free(l->pool);
}

static int add_text(struct loading *l, const char *text, size_t len)
{
	size_t cap = l->cap ? l->cap : 1u << 20;
	char *p;

	while (cap - l->len < len)
		cap *= 2;
	if (cap != l->cap) {
		p = realloc(l->pool, cap);
		if (!p)
			return -ENOMEM;
		l->pool = p;
		l->cap = cap;
	}
	memcpy(l->pool + l->len, text, len);
	l->len += len;
	return 0;
}

static int load_symbol(void *data, const struct skep_ksym *symbol)
{
	struct loading *l = data;
	const char mark = MODULE_MARK;
	size_t at = l->len;
	int r = 0;

	if (at > NAME_MASK)
		return 0;
	if (symbol->module) {
		r = add_text(l, &mark, 1);
		if (r == 0)
			r = add_text(l, symbol->module, strlen(symbol->module) + 1);
	}
	if (r == 0)
		r = add_text(l, symbol->name, strlen(symbol->name) + 1);
	if (r < 0)
		return r;
	if (!skep_vec_push(&l->addresses, symbol->address) ||
	    !skep_vec_push(&l->names, (uint32_t)at))
		return -ENOMEM;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Makes keys of what was loaded, in the place of the addresses. */
static void make_table(struct loading *l, struct skep_kallsyms *t)
{
	bool sorted = true;
	void *p;

	t->base = UINT64_MAX;
	for (size_t i = 0; i < l->addresses.len; i++)
		if (l->addresses.data[i])
			t->base = MIN(t->base, l->addresses.data[i]);
	for (size_t i = 0; i < l->addresses.len; i++) {
		uint64_t distance = l->addresses.data[i] - t->base;

		if (!l->addresses.data[i] || distance > DISTANCE_MAX)
			continue;
		l->addresses.data[t->n] = distance << NAME_BITS | l->names.data[i];
		if (t->n && l->addresses.data[t->n] < l->addresses.data[t->n - 1])
			sorted = false;
		t->n++;
	}
	if (!sorted)
		qsort(l->addresses.data, t->n, sizeof(*l->addresses.data), compare_keys);
	/* Give back what the growing arrays have too much. */
	p = realloc(l->addresses.data, MAX(t->n, (size_t)1) * sizeof(*t->keys));
	t->keys = p ? p : l->addresses.data;
	p = realloc(l->pool, MAX(l->len, (size_t)1));
	t->pool = p ? p : l->pool;
	l->addresses.data = NULL;
	l->pool = NULL;
}

int skep_kallsyms_load_file(const char *path, struct skep_kallsyms **ret_table)
{
	_cleanup_(loading_fini)
	struct loading l = {};
	struct pass pass = { .each = load_symbol, .data = &l };
	struct skep_kallsyms *t;
	int r;

	r = run_pass(path, &pass);
	if (r < 0)
		return r;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	make_table(&l, t);
	*ret_table = t;
	return 0;
}

int skep_kallsyms_load(struct skep_kallsyms **ret_table)
{
	return skep_kallsyms_load_file(KALLSYMS_PATH, ret_table);
}

void skep_kallsyms_free(struct skep_kallsyms *table)
{
	if (!table)
		return;
	free(table->keys);
	free(table->pool);
	free(table);
}

size_t skep_kallsyms_count(const struct skep_kallsyms *table)
{
	return table->n;
}

static struct skep_ksym symbol_at(const struct skep_kallsyms *t, size_t index)
{
	const char *text = t->pool + (t->keys[index] & NAME_MASK);
	struct skep_ksym s = { .address = t->base + (t->keys[index] >> NAME_BITS) };

	if (*text == MODULE_MARK) {
		s.module = text + 1;
		text = s.module + strlen(s.module) + 1;
	}
	s.name = text;
	return s;
}

bool skep_kallsyms_at(const struct skep_kallsyms *t, uint64_t address, struct skep_ksym *ret_symbol)
{
	uint64_t distance = address - t->base;
	size_t low = 0, high = t->n;

	if (address < t->base || !t->n)
		return false;
	/* The first symbol behind it. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->keys[mid] >> NAME_BITS > distance)
			high = mid;
		else
			low = mid + 1;
	}
	low--;
	/* Names at one address are in the order of the list. */
	while (low && t->keys[low - 1] >> NAME_BITS == t->keys[low] >> NAME_BITS)
		low--;
	*ret_symbol = symbol_at(t, low);
	return true;
}

bool skep_kallsyms_find(const struct skep_kallsyms *t, const char *name,
			struct skep_ksym *ret_symbol)
{
	for (size_t i = 0; i < t->n; i++) {
		struct skep_ksym s = symbol_at(t, i);

		if (strcmp(s.name, name))
			continue;
		*ret_symbol = s;
		return true;
	}
	return false;
}

struct looking {
	const char *name;
	uint64_t address;
};

static int look(void *data, const struct skep_ksym *symbol)
{
	struct looking *l = data;

	if (strcmp(symbol->name, l->name))
		return 0;
	l->address = symbol->address;
	return 1;
}

int skep_kallsyms_address(const char *name, uint64_t *ret_address)
{
	struct looking looking = { .name = name };
	struct pass pass = { .each = look, .data = &looking, .any_type = true };
	int r;

	if (skep_kallsyms_ask(name, ret_address) == 0)
		return 0;
	r = run_pass(KALLSYMS_PATH, &pass);
	if (r < 0)
		return r;
	if (r == 0)
		return -ENOENT;
	if (!looking.address)
		return -EPERM;
	*ret_address = looking.address;
	return 0;
}

/*
 * For each wanted address the best symbol so far, kept only at the first wanted address behind it:
 * those after it share it unless they have a better one, which one walk at the end finds out.
 */
struct best {
	uint64_t address;
	char *name, *module;
};

struct resolving {
	const uint64_t *addresses;
	size_t n;
	struct best *best;
};

static int consider(void *data, const struct skep_ksym *symbol)
{
	struct resolving *r = data;
	size_t low = 0, high = r->n;
	struct best *b;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->addresses[mid] < symbol->address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == r->n || !symbol->address)
		return 0;
	b = &r->best[low];
	if (b->address >= symbol->address)
		return 0;
	free(b->name);
	free(b->module);
	b->address = symbol->address;
	b->name = strdup(symbol->name);
	b->module = symbol->module ? strdup(symbol->module) : NULL;
	return b->name && (b->module || !symbol->module) ? 0 : -ENOMEM;
}

int skep_kallsyms_resolve(const uint64_t *addresses, size_t n,
			  void (*each)(void *data, size_t index, const struct skep_ksym *symbol),
			  void *data)
{
	struct resolving resolving = { .addresses = addresses, .n = n };
	struct pass pass = { .each = consider, .data = &resolving };
	const struct best *last = NULL;
	int r;

	if (!n)
		return 0;
	resolving.best = calloc(n, sizeof(*resolving.best));
	if (!resolving.best)
		return -ENOMEM;
	r = run_pass(KALLSYMS_PATH, &pass);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct skep_ksym symbol;

		if (resolving.best[i].name)
			last = &resolving.best[i];
		if (!last)
			continue;
		symbol = (struct skep_ksym){ last->address, last->name, last->module };
		each(data, i, &symbol);
	}
	for (size_t i = 0; i < n; i++) {
		free(resolving.best[i].name);
		free(resolving.best[i].module);
	}
	free(resolving.best);
	return r;
}
