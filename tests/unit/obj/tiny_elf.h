/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small shared library made by hand: one segment of code, a build id, .symtab and .dynsym, in
 * either word size.
 */
#pragma once

#include "blobs.h"

#define TINY_VADDR 0x4000
#define TINY_TEXT 0x100 /* offset of the code in the file */
#define TINY_TEXT_SIZE 0x40

struct tiny_elf {
	uint8_t *data;
	size_t size;
};

/* Writing with the word size of the file. */
struct tiny_writer {
	struct skep_str s;
	bool is_64;
};

static inline void put(struct tiny_writer *w, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		skep_str_addc(&w->s, (char)(value >> i * 8));
}

static inline void put_word(struct tiny_writer *w, uint64_t value)
{
	put(w, value, w->is_64 ? 8 : 4);
}

static inline void put_sym(struct tiny_writer *w, uint32_t name, unsigned info, unsigned section,
			   uint64_t value, uint64_t size)
{
	put(w, name, 4);
	if (w->is_64) {
		put(w, info, 2);
		put(w, section, 2);
		put(w, value, 8);
		put(w, size, 8);
	} else {
		put(w, value, 4);
		put(w, size, 4);
		put(w, info, 2);
		put(w, section, 2);
	}
}

static inline void put_section(struct tiny_writer *w, uint32_t name, uint32_t type, uint64_t offset,
			       uint64_t size, uint32_t link)
{
	put(w, name, 4);
	put(w, type, 4);
	put_word(w, 0);
	put_word(w, 0);
	put_word(w, offset);
	put_word(w, size);
	put(w, link, 4);
	put(w, 0, 4);
	put_word(w, 1);
	put_word(w, 0);
}

static inline void put_segment(struct tiny_writer *w, uint32_t type, uint64_t offset,
			       uint64_t vaddr, uint64_t size)
{
	put(w, type, 4);
	if (w->is_64)
		put(w, 5, 4);
	put_word(w, offset);
	put_word(w, vaddr);
	put_word(w, vaddr);
	put_word(w, size);
	put_word(w, size);
	if (!w->is_64)
		put(w, 5, 4);
	put_word(w, 16);
}

static inline void put_header(struct tiny_writer *w, uint64_t sections_off)
{
	skep_str_addn(&w->s, "\177ELF", 4);
	put(w, w->is_64 ? 2 : 1, 1);
	put(w, 1, 1);
	put(w, 1, 1);
	skep_str_pad(&w->s, '\0', 9);
	put(w, 3, 2);
	put(w, w->is_64 ? 62 : 3, 2);
	put(w, 1, 4);
	put_word(w, TINY_VADDR + 0x10);
	put_word(w, w->is_64 ? 64 : 52);
	put_word(w, sections_off);
	put(w, 0, 4);
	put(w, w->is_64 ? 64 : 52, 2);
	put(w, w->is_64 ? 56 : 32, 2);
	put(w, 2, 2);
	put(w, w->is_64 ? 64 : 40, 2);
	put(w, 6, 2);
	put(w, 5, 2);
}

/*
 * Laid out at fixed places: code 0x100, note 0x140, strings 0x180, symbols 0x200, dynamic ones
 * 0x300, sections 0x380.
 */
static inline struct tiny_elf make_tiny_elf(bool is_64)
{
	static const char strings[] =
		"\0alpha\0beta\0chooser\0table\0missing\0inner\0alpha@@V1\0.note\0.text";
	struct tiny_writer w = { .is_64 = is_64 };
	unsigned sym = is_64 ? 24 : 16;
	struct tiny_elf t;

	put_header(&w, 0x380);
	put_segment(&w, 1, TINY_TEXT, TINY_VADDR, TINY_TEXT_SIZE);
	put_segment(&w, 4, 0x140, 0x140, 20);
	skep_str_pad(&w.s, '\0', TINY_TEXT - w.s.len);
	skep_str_pad(&w.s, '\x90', TINY_TEXT_SIZE);
	put(&w, 4, 4);
	put(&w, 4, 4);
	put(&w, 3, 4);
	skep_str_addn(&w.s, "GNU\0\xde\xad\xbe\xef", 8);
	skep_str_pad(&w.s, '\0', 0x180 - w.s.len);
	skep_str_addn(&w.s, strings, sizeof(strings));
	skep_str_pad(&w.s, '\0', 0x200 - w.s.len);
	put_sym(&w, 0, 0, 0, 0, 0);
	put_sym(&w, 1, 0x12, 1, TINY_VADDR + 0x10, 0x10);
	put_sym(&w, 7, 0x12, 1, TINY_VADDR + 0x20, 4);
	put_sym(&w, 12, 0x1a, 1, TINY_VADDR + 0x30, 0);
	put_sym(&w, 20, 0x11, 1, TINY_VADDR + 0x38, 8);
	put_sym(&w, 26, 0x12, 0, 0, 0);
	put_sym(&w, 34, 0x02, 1, TINY_VADDR + 0x20, 2);
	skep_str_pad(&w.s, '\0', 0x300 - w.s.len);
	put_sym(&w, 0, 0, 0, 0, 0);
	put_sym(&w, 40, 0x12, 1, TINY_VADDR + 0x10, 0x10);
	skep_str_pad(&w.s, '\0', 0x380 - w.s.len);
	put_section(&w, 0, 0, 0, 0, 0);
	put_section(&w, 56, 1, TINY_TEXT, TINY_TEXT_SIZE, 0);
	put_section(&w, 50, 7, 0x140, 20, 0);
	put_section(&w, 0, 2, 0x200, 7 * sym, 5);
	put_section(&w, 0, 11, 0x300, 2 * sym, 5);
	put_section(&w, 0, 3, 0x180, sizeof(strings), 0);
	/* An own block of exactly its size, so that a read beyond the end is seen. */
	t.size = w.s.len;
	t.data = malloc(t.size);
	if (!t.data)
		skep_oom();
	memcpy(t.data, w.s.data, t.size);
	skep_str_fini(&w.s);
	return t;
}
