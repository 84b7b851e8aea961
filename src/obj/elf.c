/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF: headers, segments, sections, notes. The numbers are those of the System V ABI.
 */
#include <errno.h>

#include "obj/elf_priv.h"

#define CLASS_32 1
#define CLASS_64 2
#define DATA_LITTLE 1
#define TYPE_DYN 3
#define SEGMENT_LOAD 1
#define SEGMENT_NOTE 4
#define SECTION_SYMTAB 2
#define SECTION_STRTAB 3
#define SECTION_NOTE 7
#define SECTION_NOBITS 8
#define SECTION_DYNSYM 11
#define NOTE_BUILD_ID 3
#define DYN_NEEDED 1
#define MANY_SEGMENTS 0xffff /* the real number is in section 0 */
#define NAMES_ELSEWHERE 0xffff

/* Field offsets of both classes: { 32, 64 }. */
#define PICK(elf, in_32, in_64) ((elf)->is_64 ? (in_64) : (in_32))
#define WORD(elf) PICK(elf, 4, 8)

struct elf_section skep_elf_section_head(const struct skep_elf *elf, uint32_t i)
{
	const uint8_t *p = elf->data + elf->sections_off + (uint64_t)i * elf->section_size;

	return (struct elf_section){
		.name = (uint32_t)load_le(p, 4),
		.type = (uint32_t)load_le(p + 4, 4),
		.flags = load_le(p + 8, WORD(elf)),
		.addr = load_le(p + PICK(elf, 12, 16), WORD(elf)),
		.offset = load_le(p + PICK(elf, 16, 24), WORD(elf)),
		.size = load_le(p + PICK(elf, 20, 32), WORD(elf)),
		.link = (uint32_t)load_le(p + PICK(elf, 24, 40), 4),
		.info = (uint32_t)load_le(p + PICK(elf, 28, 44), 4),
		.align = load_le(p + PICK(elf, 32, 48), WORD(elf)),
		.entry_size = load_le(p + PICK(elf, 36, 56), WORD(elf)),
	};
}

static struct elf_segment read_segment(const struct skep_elf *elf, uint32_t i)
{
	const uint8_t *p = elf->data + elf->segments_off + (uint64_t)i * elf->segment_size;

	return (struct elf_segment){
		.type = (uint32_t)load_le(p, 4),
		.offset = load_le(p + PICK(elf, 4, 8), WORD(elf)),
		.vaddr = load_le(p + PICK(elf, 8, 16), WORD(elf)),
		.file_size = load_le(p + PICK(elf, 16, 32), WORD(elf)),
		.memory_size = load_le(p + PICK(elf, 20, 40), WORD(elf)),
	};
}

/* The string at @off of a table that ends with a terminator; "" outside. */
static const char *string_at(const char *strings, size_t size, uint64_t off)
{
	return off < size ? strings + off : "";
}

/* The strings of section @i, cut behind the last terminator; nothing when there are none. */
static void find_strings(const struct skep_elf *elf, uint32_t i, const char **ret, size_t *ret_size)
{
	struct elf_section s;
	const char *last;

	*ret = NULL;
	*ret_size = 0;
	if (i >= elf->n_sections)
		return;
	s = skep_elf_section_head(elf, i);
	if (s.type != SECTION_STRTAB || !s.size || !elf_inside(elf, s.offset, s.size))
		return;
	*ret = (const char *)elf->data + s.offset;
	last = memrchr(*ret, '\0', s.size);
	*ret_size = last ? (size_t)(last - *ret) + 1 : 0;
}

const char *skep_elf_section_name(const struct skep_elf *elf, uint32_t i)
{
	const char *names;
	size_t size;

	find_strings(elf, elf->names_section, &names, &size);
	return string_at(names, size, skep_elf_section_head(elf, i).name);
}

static int refuse(struct skep_diag *diag, const char *path, const char *what, bool is_cut)
{
	skep_diag_error(diag, SKEP_NO_LOC, "%s %s", path, what);
	if (is_cut)
		skep_diag_hint(diag, "the file is damaged or cut off; install it again");
	return -EINVAL;
}

static int read_ident(struct skep_elf *elf, const char *path, struct skep_diag *diag)
{
	const uint8_t *p = elf->data;

	if (elf->size < 4 || memcmp(p, "\177ELF", 4) != 0) {
		refuse(diag, path, "is not an ELF file", false);
		if (elf->size > 2 && memcmp(p, "#!", 2) == 0)
			skep_diag_hint(
				diag,
				"it is a script; name the program that runs it, or a library");
		return -EINVAL;
	}
	if (elf->size < 16)
		return refuse(diag, path, "ends inside its ELF header", true);
	if ((p[4] != CLASS_32 && p[4] != CLASS_64) || p[5] != DATA_LITTLE) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"%s is an ELF file for another kind of machine (%s)", path,
				p[5] != DATA_LITTLE ? "big endian" : "unknown word size");
		return -EOPNOTSUPP;
	}
	elf->is_64 = p[4] == CLASS_64;
	if (elf->size < PICK(elf, 52u, 64u))
		return refuse(diag, path, "ends inside its ELF header", true);
	return 0;
}

/* Numbers that did not fit the header are in section 0. */
static void read_large_counts(struct skep_elf *elf)
{
	const uint8_t *p = elf->data + elf->sections_off;
	uint64_t n = load_le(p + PICK(elf, 20, 32), WORD(elf));

	if (!elf->n_sections)
		elf->n_sections = (uint32_t)MIN(n, UINT32_MAX);
	if (elf->n_segments == MANY_SEGMENTS)
		elf->n_segments = (uint32_t)load_le(p + PICK(elf, 28, 44), 4);
	if (elf->names_section == NAMES_ELSEWHERE)
		elf->names_section = (uint32_t)load_le(p + PICK(elf, 24, 40), 4);
}

static int read_header(struct skep_elf *elf, const char *path, struct skep_diag *diag)
{
	const uint8_t *p = elf->data;
	unsigned o = PICK(elf, 40, 52); /* where the fields behind e_flags begin */

	elf->type = (uint16_t)load_le(p + 16, 2);
	elf->machine = (uint16_t)load_le(p + 18, 2);
	elf->entry = load_le(p + 24, WORD(elf));
	elf->segments_off = load_le(p + PICK(elf, 28, 32), WORD(elf));
	elf->sections_off = load_le(p + PICK(elf, 32, 40), WORD(elf));
	elf->segment_size = (uint32_t)load_le(p + o + 2, 2);
	elf->n_segments = (uint32_t)load_le(p + o + 4, 2);
	elf->section_size = (uint32_t)load_le(p + o + 6, 2);
	elf->n_sections = (uint32_t)load_le(p + o + 8, 2);
	elf->names_section = (uint32_t)load_le(p + o + 10, 2);
	if (!elf->sections_off)
		elf->n_sections = 0;
	else if (elf->section_size < PICK(elf, 40u, 64u))
		return refuse(diag, path, "has section headers of an impossible size", true);
	else if (!elf_inside(elf, elf->sections_off, elf->section_size))
		return refuse(diag, path, "ends before its section headers", true);
	else
		read_large_counts(elf);
	if (!elf_inside(elf, elf->sections_off, (uint64_t)elf->n_sections * elf->section_size))
		return refuse(diag, path, "ends before its section headers", true);
	if (!elf->segments_off)
		elf->n_segments = 0;
	if (elf->n_segments && elf->segment_size < PICK(elf, 32u, 56u))
		return refuse(diag, path, "has program headers of an impossible size", true);
	if (!elf_inside(elf, elf->segments_off, (uint64_t)elf->n_segments * elf->segment_size))
		return refuse(diag, path, "ends before its program headers", true);
	return 0;
}

static int read_tables(struct skep_elf *elf, const char *path, struct skep_diag *diag)
{
	unsigned entry = PICK(elf, 16, 24);

	for (uint32_t i = 0; i < elf->n_sections; i++) {
		struct elf_section s = skep_elf_section_head(elf, i);
		struct elf_table *t = &elf->tables[s.type == SECTION_DYNSYM];

		if ((s.type != SECTION_SYMTAB && s.type != SECTION_DYNSYM) || t->syms)
			continue;
		if (!elf_inside(elf, s.offset, s.size) || s.size / entry > INT32_MAX)
			return refuse(diag, path, "ends before its symbols", true);
		find_strings(elf, s.link, &t->strings, &t->strings_size);
		t->syms = elf->data + s.offset;
		t->n = (uint32_t)(s.size / entry);
	}
	return 0;
}

int skep_elf_parse(const void *data, size_t size, const char *path, struct skep_diag *diag,
		   struct skep_elf **ret_elf)
{
	_cleanup_(skep_elf_freep)
	struct skep_elf *elf = calloc(1, sizeof(*elf));
	int r;

	if (!elf)
		return -ENOMEM;
	elf->index = calloc(1, sizeof(*elf->index));
	if (!elf->index)
		return -ENOMEM;
	elf->data = data;
	elf->size = size;
	r = read_ident(elf, path, diag);
	if (r == 0)
		r = read_header(elf, path, diag);
	if (r == 0)
		r = read_tables(elf, path, diag);
	if (r < 0)
		return r;
	*ret_elf = TAKE_PTR(elf);
	return 0;
}

void skep_elf_free(struct skep_elf *elf)
{
	if (!elf)
		return;
	if (elf->index) {
		free(elf->index->syms);
		free(elf->index->behind);
	}
	free(elf->index);
	free(elf);
}

void skep_elf_breathe(struct skep_elf *elf, const struct skep_breath *breath)
{
	elf->breath = breath;
}

bool skep_elf_is_dyn(const struct skep_elf *elf)
{
	return elf->type == TYPE_DYN;
}

bool skep_elf_is_64(const struct skep_elf *elf)
{
	return elf->is_64;
}

uint16_t skep_elf_machine(const struct skep_elf *elf)
{
	return elf->machine;
}

uint64_t skep_elf_entry(const struct skep_elf *elf)
{
	return elf->entry;
}

int skep_elf_file_offset(const struct skep_elf *elf, uint64_t vaddr, uint64_t *ret_offset)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		struct elf_segment s = read_segment(elf, i);

		/* Beyond file_size a segment is zeroes, which are nowhere in the file. */
		if (s.type != SEGMENT_LOAD || vaddr < s.vaddr || vaddr - s.vaddr >= s.file_size)
			continue;
		if (!elf_inside(elf, s.offset, vaddr - s.vaddr))
			continue;
		*ret_offset = s.offset + (vaddr - s.vaddr);
		return 0;
	}
	return -ENOENT;
}

int skep_elf_vaddr(const struct skep_elf *elf, uint64_t offset, uint64_t *ret_vaddr)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		struct elf_segment s = read_segment(elf, i);

		if (s.type != SEGMENT_LOAD || offset < s.offset || offset - s.offset >= s.file_size)
			continue;
		*ret_vaddr = s.vaddr + (offset - s.offset);
		return 0;
	}
	return -ENOENT;
}

/* Looks for the build id in the notes at @offset. */
static bool scan_notes(const struct skep_elf *elf, uint64_t offset, uint64_t size,
		       const uint8_t **ret_id, size_t *ret_size)
{
	if (!elf_inside(elf, offset, size))
		return false;
	while (size >= 12) {
		const uint8_t *p = elf->data + offset;
		uint64_t name_len = load_le(p, 4), desc_len = load_le(p + 4, 4);
		uint64_t desc = 12 + ALIGN_UP(name_len, 4), end = desc + ALIGN_UP(desc_len, 4);

		if (desc + desc_len > size)
			return false;
		if (load_le(p + 8, 4) == NOTE_BUILD_ID && name_len == 4 &&
		    !memcmp(p + 12, "GNU", 4)) {
			*ret_id = p + desc;
			*ret_size = (size_t)desc_len;
			return true;
		}
		if (end >= size)
			return false;
		offset += end;
		size -= end;
	}
	return false;
}

int skep_elf_build_id(const struct skep_elf *elf, const uint8_t **ret_id, size_t *ret_size)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		struct elf_segment s = read_segment(elf, i);

		if (s.type == SEGMENT_NOTE &&
		    scan_notes(elf, s.offset, s.file_size, ret_id, ret_size))
			return 0;
	}
	for (uint32_t i = 0; i < elf->n_sections; i++) {
		struct elf_section s = skep_elf_section_head(elf, i);

		if (s.type == SECTION_NOTE && scan_notes(elf, s.offset, s.size, ret_id, ret_size))
			return 0;
	}
	return -ENOENT;
}

int skep_elf_section(const struct skep_elf *elf, const char *name, const void **ret_data,
		     size_t *ret_size)
{
	uint64_t vaddr;

	return skep_elf_section_at(elf, name, ret_data, ret_size, &vaddr);
}

int skep_elf_section_at(const struct skep_elf *elf, const char *name, const void **ret_data,
			size_t *ret_size, uint64_t *ret_vaddr)
{
	const char *names;
	size_t names_size;

	find_strings(elf, elf->names_section, &names, &names_size);
	for (uint32_t i = 0; i < elf->n_sections; i++) {
		struct elf_section s = skep_elf_section_head(elf, i);

		if (strcmp(string_at(names, names_size, s.name), name) != 0)
			continue;
		if (s.type == SECTION_NOBITS || !elf_inside(elf, s.offset, s.size))
			return -ENOENT;
		*ret_data = elf->data + s.offset;
		*ret_size = (size_t)s.size;
		*ret_vaddr = s.addr;
		return 0;
	}
	return -ENOENT;
}

int skep_elf_needed(const struct skep_elf *elf, size_t index, const char **ret_name)
{
	const uint8_t *entries;
	const void *data, *strings;
	size_t size, strings_size, entry = 2 * WORD(elf);
	const char *last, *name;

	if (skep_elf_section(elf, ".dynamic", &data, &size) < 0 ||
	    skep_elf_section(elf, ".dynstr", &strings, &strings_size) < 0)
		return -ENOENT;
	last = memrchr(strings, '\0', strings_size);
	strings_size = last ? (size_t)(last - (const char *)strings) + 1 : 0;
	entries = data;
	for (size_t i = 0; i + entry <= size; i += entry) {
		if (load_le(entries + i, WORD(elf)) != DYN_NEEDED || index--)
			continue;
		name = string_at(strings, strings_size,
				 load_le(entries + i + WORD(elf), WORD(elf)));
		if (!*name)
			return -ENOENT;
		*ret_name = name;
		return 0;
	}
	return -ENOENT;
}
