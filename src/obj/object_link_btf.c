/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of linked objects: those of all files, one behind the other. Of sections there is one description each, with the
 * variables of all files; what is found in another file is not declared any more, for the kernel takes no such functions.
 */
#include <errno.h>

#include "obj/object_link.h"

#define SECVAR 12 /* type, offset, size */
#define LINKAGE_GLOBAL 1
#define LINKAGE_EXTERN 2

struct joined {
	struct obj_link *l;
	bool *defined;	       /* by type: declared here, defined elsewhere */
	struct skep_str *secs; /* by type: variables of a section's first description */
	bool *left_out;	       /* by type: another description of it */
};

static bool is_extern(const struct skep_btf *btf, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(btf, id);

	return (t.kind == SKEP_BTF_VAR || t.kind == SKEP_BTF_FUNC) && t.vlen == LINKAGE_EXTERN;
}

/* Whether the section has a variable of this name already. */
static bool is_there(const struct skep_btf *btf, const struct skep_str *vars, uint32_t id)
{
	const char *name = skep_btf_name(btf, id);

	for (size_t at = 0; at < vars->len; at += SECVAR)
		if (skep_streq(skep_btf_name(btf, skep_load32(vars->data + at)), name))
			return true;
	return false;
}

/* Variables of one description, behind those that are there. */
static void add_vars(struct joined *j, const struct obj_file *f, uint32_t id, struct skep_str *vars)
{
	const struct skep_btf *btf = j->l->r.btf;
	struct btf_raw raw = skep_btf_raw(btf, id);
	uint32_t section = obj_section_named(f, skep_btf_string(btf, raw.name));
	uint32_t base = section ? j->l->placed[f - j->l->r.files][section].base : 0;

	for (uint32_t i = 0; i < SKEP_BTF_INFO_VLEN(raw.info); i++) {
		uint32_t words[3];

		memcpy(words, raw.tail + i * SECVAR, SECVAR);
		if (is_extern(btf, words[0])) {
			const char *name = skep_btf_name(btf, words[0]);

			j->defined[words[0]] = skep_hash_get_str(&j->l->r.globals, name) ||
					       is_there(btf, vars, words[0]);
			if (j->defined[words[0]])
				continue;
		} else {
			words[1] += base;
		}
		skep_str_addn(vars, words, SECVAR);
	}
}

static int compare_offsets(const void *a, const void *b)
{
	uint32_t x = skep_load32((const uint8_t *)a + 4), y = skep_load32((const uint8_t *)b + 4);

	return x < y ? -1 : x > y;
}

/* All descriptions of a section in that of the first file that has one. */
static void gather(struct joined *j, size_t file, uint32_t id)
{
	const struct skep_btf *btf = j->l->r.btf;
	const char *name = skep_btf_name(btf, id);
	bool once = skep_streq(name, "license") || skep_streq(name, "version");
	struct skep_str *vars = &j->secs[id];

	for (size_t i = file; i < j->l->r.n_files; i++) {
		const struct obj_file *f = &j->l->r.files[i];
		uint32_t other = i == file ? id : obj_datasec(f, name);

		if (!other || !f->first_type)
			continue;
		if (i == file || !once)
			add_vars(j, f, other, vars);
		if (i > file)
			j->left_out[other] = true;
	}
	if (vars->len)
		qsort(vars->data, vars->len / SECVAR, SECVAR, compare_offsets);
}

static void gather_all(struct joined *j)
{
	const struct skep_btf *btf = j->l->r.btf;

	for (size_t i = 0; i < j->l->r.n_files; i++) {
		const struct obj_file *f = &j->l->r.files[i];
		uint32_t id = f->first_type ? f->first_type - 1 : 0;

		while (f->first_type && (id = skep_btf_next(btf, id, SKEP_BTF_DATASEC)) &&
		       id < f->end_type)
			if (!j->left_out[id])
				gather(j, i, id);
	}
	/* Functions of other files that are declared outside of any section. */
	for (uint32_t id = 1; id < btf->n_types; id++)
		if (is_extern(btf, id) &&
		    skep_hash_get_str(&j->l->r.globals, skep_btf_name(btf, id)))
			j->defined[id] = true;
}

static void add_words(struct skep_str *out, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t words[3] = { a, b, c };

	skep_str_addn(out, words, sizeof(words));
}

static void add_section(struct joined *j, uint32_t id, struct btf_raw raw, struct skep_str *out)
{
	const char *name = skep_btf_string(j->l->r.btf, raw.name);
	const struct skep_str *vars = &j->secs[id];
	uint32_t size = 0;

	for (size_t i = 0; i < skep_elf_out_count(j->l->file); i++)
		if (skep_streq(skep_elf_out_at(j->l->file, i)->name, name))
			size = (uint32_t)skep_elf_out_at(j->l->file, i)->bytes.len;
	/* A kernel takes no section without variables. */
	if (j->left_out[id] || !vars->len) {
		add_words(out, 0, SKEP_BTF_INFO(SKEP_BTF_PTR, 0, 0), 0);
		return;
	}
	add_words(out, raw.name, SKEP_BTF_INFO(SKEP_BTF_DATASEC, vars->len / SECVAR, 0), size);
	skep_str_addn(out, vars->data, vars->len);
}

/* A function that is defined elsewhere, whose parameters have no names here, as no kernel takes it; or a tag of one. */
static bool is_useless(const struct joined *j, uint32_t id, struct btf_raw raw)
{
	unsigned kind = SKEP_BTF_INFO_KIND(raw.info);

	return (kind == SKEP_BTF_FUNC && j->defined[id]) ||
	       (kind == SKEP_BTF_DECL_TAG && j->defined[raw.word] &&
		skep_btf_kind(j->l->r.btf, raw.word) == SKEP_BTF_FUNC);
}

static void add_types(struct joined *j, struct skep_str *out)
{
	const struct skep_btf *btf = j->l->r.btf;
	const struct skep_btf_header *h = (const void *)j->l->r.spec.btf;

	for (uint32_t id = 1; id < btf->n_types; id++) {
		struct btf_raw raw = skep_btf_raw(btf, id);
		uint32_t from = btf->offsets[id - btf->first_id], linkage = LINKAGE_GLOBAL;
		uint32_t to =
			id + 1 < btf->n_types ? btf->offsets[id + 1 - btf->first_id] : h->types_len;
		size_t at = out->len;

		if (SKEP_BTF_INFO_KIND(raw.info) == SKEP_BTF_DATASEC) {
			add_section(j, id, raw, out);
			continue;
		}
		if (is_useless(j, id, raw)) { /* numbers stay as they are */
			add_words(out, 0, SKEP_BTF_INFO(SKEP_BTF_PTR, 0, 0), 0);
			continue;
		}
		skep_str_addn(out, btf->types + from, to - from);
		if (j->defined[id])
			memcpy(out->data + at + SKEP_BTF_HEAD_SIZE, &linkage, 4);
	}
}

/*
 * .BTF.ext
 */

struct ext {
	struct obj_link *l;
	enum obj_part part;
	struct skep_str records[SKEP_ELF_OUT_MAX]; /* by section */
};

static int keep_record(struct reader *r, struct obj_file *f, uint32_t section, const uint8_t *p,
		       void *data)
{
	static const uint32_t n_words[] = { 2, 4, 4 };
	struct ext *x = data;
	const struct obj_placed *at = &x->l->placed[f - r->files][section];
	uint32_t words[4] = {};
	size_t i = 0;

	if (!at->out)
		return 0;
	memcpy(words, p, n_words[x->part] * 4);
	words[0] += at->base;
	if (x->part == OBJ_PART_LINES) {
		words[1] += words[1] ? f->first_name : 0;
		words[2] += words[2] ? f->first_name : 0;
	} else {
		words[1] = obj_type(f, words[1]);
	}
	if (x->part == OBJ_PART_CORES)
		words[2] += f->first_name;
	while (skep_elf_out_at(x->l->file, i) != at->out)
		i++;
	skep_str_addn(&x->records[i], words, n_words[x->part] * 4);
	return 0;
}

/* Where the text stands among the names of types; 0: nowhere. */
static uint32_t string_at(const struct skep_btf *btf, const char *text)
{
	size_t len = strlen(text) + 1;
	const char *at = btf->strings, *end = at + btf->strings_len;

	while ((at = memmem(at, (size_t)(end - at), text, len))) {
		if (at == btf->strings || !at[-1])
			return (uint32_t)(at - btf->strings);
		at++;
	}
	return 0;
}

static void add32(struct skep_str *out, uint32_t value)
{
	skep_str_addn(out, &value, sizeof(value));
}

static int add_part(struct obj_link *l, enum obj_part part, struct skep_str *out)
{
	struct ext *x = skep_arena_alloc(l->r.arena, sizeof(*x));
	uint32_t size = part == OBJ_PART_FUNCS ? 8 : 16;
	size_t begin = out->len;
	int e = 0;

	x->l = l;
	x->part = part;
	for (size_t i = 0; i < l->r.n_files && e == 0; i++)
		if (l->r.files[i].btf && l->r.files[i].ext)
			e = obj_walk_ext(&l->r, &l->r.files[i], part, keep_record, x);
	add32(out, size);
	for (size_t i = 0; i < skep_elf_out_count(l->file); i++) {
		struct skep_str *records = &x->records[i];

		if (records->len) {
			add32(out, string_at(l->r.btf, skep_elf_out_at(l->file, i)->name));
			add32(out, (uint32_t)(records->len / size));
			skep_str_addn(out, records->data, records->len);
		}
		skep_str_fini(records);
	}
	if (out->len == begin + 4) { /* no records */
		out->len = begin;
	}
	return e;
}

static int add_ext(struct obj_link *l)
{
	struct skep_btf_ext_header head = { .magic = SKEP_BTF_MAGIC,
					    .version = 1,
					    .header_len = sizeof(head) };
	struct skep_elf_out *s;
	_cleanup_(skep_str_fini)
	struct skep_str parts = {};
	int e = add_part(l, OBJ_PART_FUNCS, &parts);

	head.funcs_len = head.lines_off = (uint32_t)parts.len;
	if (e == 0)
		e = add_part(l, OBJ_PART_LINES, &parts);
	head.cores_off = (uint32_t)parts.len;
	head.lines_len = head.cores_off - head.lines_off;
	if (e == 0)
		e = add_part(l, OBJ_PART_CORES, &parts);
	head.cores_len = (uint32_t)parts.len - head.cores_off;
	s = skep_elf_out(l->file, ".BTF.ext", SHT_PROGBITS, 0);
	if (e < 0 || !s)
		return e < 0 ? e : -E2BIG;
	skep_str_addn(&s->bytes, &head, sizeof(head));
	if (parts.len)
		skep_str_addn(&s->bytes, parts.data, parts.len);
	return 0;
}

int obj_link_types(struct obj_link *l)
{
	const struct skep_btf *btf = l->r.btf;
	_cleanup_(skep_str_fini)
	struct skep_str types = {};
	struct skep_btf_header h;
	struct skep_elf_out *s;
	struct joined j = { .l = l };
	int e;

	if (!btf)
		return 0;
	j.defined = skep_arena_calloc(l->r.arena, btf->n_types, sizeof(*j.defined));
	j.left_out = skep_arena_calloc(l->r.arena, btf->n_types, sizeof(*j.left_out));
	j.secs = skep_arena_calloc(l->r.arena, btf->n_types, sizeof(*j.secs));
	gather_all(&j);
	add_types(&j, &types);
	for (uint32_t id = 1; id < btf->n_types; id++)
		skep_str_fini(&j.secs[id]);
	e = add_ext(l);
	s = skep_elf_out(l->file, ".BTF", SHT_PROGBITS, 0);
	if (e < 0 || !s)
		return e < 0 ? e : -E2BIG;
	h = (struct skep_btf_header){
		.magic = SKEP_BTF_MAGIC,
		.version = SKEP_BTF_VERSION,
		.header_len = sizeof(h),
		.types_len = (uint32_t)types.len,
		.strings_off = (uint32_t)types.len,
		.strings_len = btf->strings_len,
	};
	skep_str_addn(&s->bytes, &h, sizeof(h));
	skep_str_addn(&s->bytes, types.data, types.len);
	skep_str_addn(&s->bytes, btf->strings, btf->strings_len);
	return 0;
}
