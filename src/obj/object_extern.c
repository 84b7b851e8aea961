/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Externs: what an object declares and the kernel has. In section .kconfig settings of its configuration, which
 * become numbers in a read-only map of that name; in .ksyms its variables and functions, which stay names.
 */
#include <errno.h>
#include <stdio.h>

#include "isa/mapkind.h"
#include "obj/object_priv.h"

#define LINK_EXTERN 2

enum setting_kind {
	SETTING_BOOL,
	SETTING_CHAR,
	SETTING_TRISTATE,
	SETTING_NUMBER,
	SETTING_TEXT
};

struct setting {
	const struct obj_file *f;
	struct obj_extern *x;
	const char *name;
	enum setting_kind kind;
	bool is_signed, weak, is_known;
	uint32_t size, align;
};

struct settings {
	SKEP_VEC(struct setting);
};

static int bad_setting(const struct reader *r, const struct setting *s, const char *what,
		       const char *value, size_t len)
{
	return obj_refuse(r, s->f, "setting %s=%.*s %s", s->name, (int)MIN(len, (size_t)64), value,
			  what);
}

/* What kind of value a variable can take. */
static int classify(const struct reader *r, const struct obj_file *f, uint32_t type,
		    struct setting *s)
{
	struct skep_btf_type t = skep_btf_type(r->btf, skep_btf_strip(r->btf, type, true)), elem;

	s->size = s->align = t.size_bytes;
	s->is_signed = t.is_signed;
	switch (t.kind) {
	case SKEP_BTF_INT:
		s->kind = t.is_bool	      ? SETTING_BOOL
			  : t.size_bytes == 1 ? SETTING_CHAR
					      : SETTING_NUMBER;
		if (t.size_bytes == 1 || t.size_bytes == 2 || t.size_bytes == 4 ||
		    t.size_bytes == 8)
			return 0;
		break;
	case SKEP_BTF_ENUM:
		s->kind = SETTING_TRISTATE;
		if (t.size_bytes == 4 && skep_streq(t.name, "libbpf_tristate"))
			return 0;
		break;
	case SKEP_BTF_ARRAY:
		elem = skep_btf_type(r->btf, skep_btf_strip(r->btf, t.type, true));
		s->kind = SETTING_TEXT;
		s->size = t.n_elems;
		s->align = 1;
		if (elem.kind == SKEP_BTF_INT && elem.size_bytes == 1 && t.n_elems)
			return 0;
		break;
	default:
		break;
	}
	return obj_refuse(r, f, "setting %s has a type that no setting can have", s->name);
}

/* Whether the symbol called @name may be missing. */
static bool is_weak(const struct obj_file *f, const char *name)
{
	for (uint32_t i = 0; i < f->n_syms; i++)
		if (f->syms[i].section == SHN_UNDEFINED && skep_streq(f->syms[i].name, name))
			return f->syms[i].bind == BIND_WEAK;
	return false;
}

/* Several declarations of one function, as of different kernels, have flavours: name___v1. */
static struct obj_extern *add_extern(struct reader *r, struct obj_file *f, const char *name,
				     uint32_t type, enum extern_kind kind)
{
	struct obj_extern *x = skep_arena_alloc(r->arena, sizeof(*x));

	x->kind = kind;
	x->type = type;
	x->name = skep_arena_strndup(r->arena, name, skep_core_name_len(name));
	skep_hash_set_str(&f->externs, name, x);
	return x;
}

static int find_settings(struct reader *r, struct obj_file *f, struct settings *settings)
{
	uint32_t id = obj_datasec(f, ".kconfig");
	struct skep_btf_secvar place;

	for (uint32_t i = 0; id && skep_btf_secvar(r->btf, id, i, &place) == 0; i++) {
		struct skep_btf_type var = skep_btf_type(r->btf, place.type);
		struct setting s = { .f = f, .name = var.name };
		int e;

		if (var.kind != SKEP_BTF_VAR || !*var.name)
			return obj_refuse(r, f, "section .kconfig holds something without a name");
		e = classify(r, f, var.type, &s);
		if (e < 0)
			return e;
		s.weak = is_weak(f, var.name);
		s.x = add_extern(r, f, var.name, var.type, EXTERN_CONFIG);
		skep_vec_add(settings, s);
	}
	return 0;
}

static void find_symbols(struct reader *r, struct obj_file *f)
{
	uint32_t id = obj_datasec(f, ".ksyms");
	struct skep_btf_secvar place;

	for (uint32_t i = 0; id && skep_btf_secvar(r->btf, id, i, &place) == 0; i++) {
		struct skep_btf_type t = skep_btf_type(r->btf, place.type);
		bool typed = skep_btf_strip(r->btf, t.type, false);

		if (t.kind == SKEP_BTF_FUNC)
			add_extern(r, f, t.name, t.type, EXTERN_FUNC);
		else if (t.kind == SKEP_BTF_VAR)
			add_extern(r, f, t.name, t.type, typed ? EXTERN_VAR : EXTERN_ADDRESS);
	}
}

/*
 * The map: the widest first, so that there are no gaps.
 */

static int compare_settings(const void *a, const void *b)
{
	const struct setting *x = a, *y = b;

	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int lay_out(struct reader *r, struct settings *settings, struct skep_spec_map *map)
{
	uint64_t at = 0;

	qsort(settings->data, settings->len, sizeof(*settings->data), compare_settings);
	for (size_t i = 0; i < settings->len; i++) {
		struct setting *s = &settings->data[i], *last = &settings->data[i ? i - 1 : 0];
		struct skep_spec_var var = { s->name, (uint32_t)r->maps.len, 0, s->size, 0 };

		s->x->map = (uint32_t)r->maps.len;
		if (i && skep_streq(s->name, last->name) && s->size == last->size) {
			s->x->offset = last->x->offset; /* the same of another file */
			continue;
		}
		at = ALIGN_UP(at, s->align);
		s->x->offset = var.offset = (uint32_t)at;
		at += s->size;
		if (at > SKEP_OBJECT_SIZE_MAX)
			return obj_refuse(r, s->f, "the settings are larger than %u MiB",
					  SKEP_OBJECT_SIZE_MAX >> 20);
		skep_vec_add(&r->vars, var);
	}
	map->value_size = map->data_size = (uint32_t)at;
	map->data = skep_arena_alloc(r->arena, at);
	return 0;
}

/*
 * Values.
 */

static int store_number(const struct reader *r, const struct setting *s, uint64_t value,
			bool negative, uint8_t *to, const char *text, size_t len)
{
	unsigned bits = MIN(s->size, 8u) * 8;
	bool fits;

	if (s->is_signed)
		fits = negative ? (int64_t)value >= -(int64_t)((1ull << (bits - 1)) - 1) - 1
				: value < 1ull << (bits - 1);
	else
		fits = !negative && (bits == 64 || value < 1ull << bits);
	if (!fits)
		return bad_setting(r, s, "does not fit its variable", text, len);
	memcpy(to, &value, s->size);
	return 0;
}

static int parse_letter(const struct reader *r, const struct setting *s, char letter, uint8_t *to)
{
	if (s->kind == SETTING_BOOL && letter != 'm') {
		*to = letter == 'y';
		return 0;
	}
	if (s->kind == SETTING_CHAR) {
		*to = (uint8_t)letter;
		return 0;
	}
	if (s->kind == SETTING_TRISTATE) {
		*to = letter == 'n' ? 0 : letter == 'y' ? 1 : 2;
		return 0;
	}
	return bad_setting(r, s, "does not fit the type of its variable", &letter, 1);
}

static int parse_text(const struct reader *r, const struct setting *s, const char *text, size_t len,
		      uint8_t *to)
{
	if (s->kind != SETTING_TEXT)
		return bad_setting(r, s, "is a text, and its variable is none", text, len);
	if (len < 2 || text[len - 1] != '"')
		return bad_setting(r, s, "has no end", text, len);
	/* Cut at the variable's size, and terminated. */
	memcpy(to, text + 1, MIN(len - 2, (size_t)s->size - 1));
	return 0;
}

static int parse_value(const struct reader *r, const struct setting *s, const char *text,
		       size_t len, uint8_t *to)
{
	char copy[32];
	char *end;
	uint64_t value;

	if (len && *text == '"')
		return parse_text(r, s, text, len, to);
	if (len == 1 && strchr("ynm", *text))
		return parse_letter(r, s, *text, to);
	if (!len || len >= sizeof(copy))
		return bad_setting(r, s, "is no value", text, len);
	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	errno = 0;
	value = *copy == '-' ? (uint64_t)strtoll(copy, &end, 0) : strtoull(copy, &end, 0);
	if (errno || *end)
		return bad_setting(r, s, "is no value", text, len);
	if (s->kind != SETTING_NUMBER && s->kind != SETTING_CHAR)
		return bad_setting(r, s, "does not fit the type of its variable", text, len);
	return store_number(r, s, value, *copy == '-', to, text, len);
}

/* The setting that a line is about, or NULL; *ret_value is what stands behind '='. */
static struct setting *setting_of(struct skep_hash *names, const char *line, size_t len,
				  const char **ret_value)
{
	const char *equals = memchr(line, '=', len);

	if (!equals || strncmp(line, "CONFIG_", 7) != 0)
		return NULL;
	*ret_value = equals + 1;
	return skep_hash_get(names, line, (size_t)(equals - line));
}

static int read_config(struct reader *r, struct skep_hash *names, uint8_t *data)
{
	const char *at = r->options->config, *end = at ? at + r->options->config_len : NULL;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *value;
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
		struct setting *s = len > 7 ? setting_of(names, at, len, &value) : NULL;

		if (s) {
			size_t n = len - (size_t)(value - at);
			int e;

			while (n && (value[n - 1] == '\r' || value[n - 1] == ' '))
				n--;
			e = parse_value(r, s, value, n, data + s->x->offset);
			if (e < 0)
				return e;
			s->is_known = true;
		}
		at += len + 1;
	}
	return 0;
}

/* What is not in any configuration. */
static int read_special(struct reader *r, struct setting *s, uint8_t *to)
{
	const struct skep_btf *kernel = r->options->target ? r->options->target->kernel : NULL;
	uint64_t value = 0;
	uint32_t id;

	if (skep_streq(s->name, "LINUX_KERNEL_VERSION")) {
		value = r->options->kernel_version;
		s->is_known = value;
	} else if (skep_streq(s->name, "LINUX_HAS_SYSCALL_WRAPPER") && kernel) {
		value = skep_btf_find(kernel, "__x64_sys_bpf", SKEP_BTF_FUNC, &id) == 0 ||
			skep_btf_find(kernel, "__arm64_sys_bpf", SKEP_BTF_FUNC, &id) == 0;
		s->is_known = true;
	} else if (skep_streq(s->name, "LINUX_HAS_BPF_COOKIE") && kernel) {
		struct skep_btf_enumerator e;

		value = skep_btf_find_enumerator(kernel, "BPF_FUNC_get_attach_cookie", &id, &e) ==
			0;
		s->is_known = true;
	}
	return s->is_known && value ? store_number(r, s, value, false, to, "", 0) : 0;
}

static int fill(struct reader *r, struct settings *settings, uint8_t *data)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash names = {};
	int e = 0;

	for (size_t i = 0; i < settings->len; i++)
		if (!skep_hash_get_str(&names, settings->data[i].name))
			skep_hash_set_str(&names, settings->data[i].name, &settings->data[i]);
	e = read_config(r, &names, data);
	for (size_t i = 0; i < settings->len && e == 0; i++) {
		struct setting *s = &settings->data[i], *first = skep_hash_get_str(&names, s->name);

		if (!s->is_known)
			e = read_special(r, s, data + s->x->offset);
		if (e < 0 || s->is_known || first->is_known || s->weak)
			continue;
		if (!r->options->config || skep_has_prefix(s->name, "LINUX_")) {
			skep_diag_warn(
				r->diag, SKEP_NO_LOC,
				"%s: %s counts as 0, for the kernel's configuration is not known",
				s->f->name, s->name);
			continue;
		}
		obj_refuse(r, s->f, "the kernel's configuration does not have %s", s->name);
		e = -ENOENT;
	}
	return e;
}

int obj_read_externs(struct reader *r)
{
	struct skep_spec_map map = {
		.name = ".kconfig",
		.type = SKEP_MAP_ARRAY,
		.key_size = 4,
		.max_entries = 1,
		.flags = SKEP_MAP_MMAPABLE | SKEP_MAP_RDONLY_PROG,
		.read_only = true,
	};
	struct settings settings = {};
	int e = 0;

	for (size_t i = 0; i < r->n_files && e == 0; i++) {
		e = find_settings(r, &r->files[i], &settings);
		find_symbols(r, &r->files[i]);
	}
	if (e == 0 && settings.len) {
		e = lay_out(r, &settings, &map);
		if (e == 0)
			e = fill(r, &settings, (uint8_t *)map.data);
		skep_vec_add(&r->maps, map);
	}
	skep_vec_fini(&settings);
	return e;
}
