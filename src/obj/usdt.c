/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/usdt.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define NOTE_PROBE 3
#define OPERAND_MAX 256

void skep_usdt_begin(const struct skep_elf *elf, struct skep_usdt_notes *ret_notes)
{
	const void *data, *base;
	size_t size;

	*ret_notes = (struct skep_usdt_notes){ .word = skep_elf_is_64(elf) ? 8 : 4 };
	if (skep_elf_section_at(elf, ".stapsdt.base", &base, &size, &ret_notes->base) == 0)
		ret_notes->has_base = true;
	if (skep_elf_section(elf, ".note.stapsdt", &data, &size) < 0)
		return;
	ret_notes->data = data;
	ret_notes->size = size;
}

static uint64_t load(const uint8_t *p, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)p[i] << i * 8;
	return value;
}

/* A text of the note that ends inside of it, and *p behind it; NULL: it does not end. */
static const char *take_text(const uint8_t **p, const uint8_t *end)
{
	const char *text = (const char *)*p;
	const uint8_t *last = memchr(*p, '\0', (size_t)(end - *p));

	if (!last)
		return NULL;
	*p = last + 1;
	return text;
}

static bool read_note(const struct skep_usdt_notes *notes, const uint8_t *desc, size_t size,
		      struct skep_usdt *ret)
{
	const uint8_t *p = desc + 3 * notes->word, *end = desc + size;
	uint64_t base, moved;

	if (size < 3 * notes->word)
		return false;
	ret->address = load(desc, notes->word);
	base = load(desc + notes->word, notes->word);
	ret->semaphore = load(desc + 2 * notes->word, notes->word);
	moved = notes->has_base && base ? notes->base - base : 0;
	ret->address += moved;
	if (ret->semaphore)
		ret->semaphore += moved;
	ret->provider = take_text(&p, end);
	ret->name = ret->provider ? take_text(&p, end) : NULL;
	ret->args = ret->name ? take_text(&p, end) : NULL;
	return ret->args && *ret->provider && *ret->name;
}

int skep_usdt_next(struct skep_usdt_notes *notes, struct skep_usdt *ret_probe)
{
	while (notes->size >= 12) {
		const uint8_t *p = notes->data;
		uint64_t name_len = load(p, 4), desc_len = load(p + 4, 4);
		uint64_t desc = 12 + ALIGN_UP(name_len, 4), all = desc + ALIGN_UP(desc_len, 4);
		bool is_probe = load(p + 8, 4) == NOTE_PROBE && name_len == sizeof("stapsdt");
		struct skep_usdt probe;

		if (desc + desc_len > notes->size)
			break;
		is_probe = is_probe && memcmp(p + 12, "stapsdt", name_len) == 0 &&
			   read_note(notes, p + desc, (size_t)desc_len, &probe);
		all = MIN(all, (uint64_t)notes->size);
		notes->data += all;
		notes->size -= (size_t)all;
		if (!is_probe)
			continue;
		*ret_probe = probe;
		return 0;
	}
	notes->size = 0;
	return -ENOENT;
}

/* Registers of x86-64: as a whole, and the names of their lower 4, 2 and 1 bytes. */
static const struct {
	const char *name, *wide, *four, *two, *one;
} registers[] = {
	{ "ax", "rax", "eax", "ax", "al" },	  { "bx", "rbx", "ebx", "bx", "bl" },
	{ "cx", "rcx", "ecx", "cx", "cl" },	  { "dx", "rdx", "edx", "dx", "dl" },
	{ "si", "rsi", "esi", "si", "sil" },	  { "di", "rdi", "edi", "di", "dil" },
	{ "bp", "rbp", "ebp", "bp", "bpl" },	  { "sp", "rsp", "esp", "sp", "spl" },
	{ "r8", "r8", "r8d", "r8w", "r8b" },	  { "r9", "r9", "r9d", "r9w", "r9b" },
	{ "r10", "r10", "r10d", "r10w", "r10b" }, { "r11", "r11", "r11d", "r11w", "r11b" },
	{ "r12", "r12", "r12d", "r12w", "r12b" }, { "r13", "r13", "r13d", "r13w", "r13b" },
	{ "r14", "r14", "r14d", "r14w", "r14b" }, { "r15", "r15", "r15d", "r15w", "r15b" },
};

/* The register called @name, without its '%'; *ret_shift is 8 for the second byte (%ah). */
static const char *find_register(const char *name, uint8_t *ret_shift)
{
	*ret_shift = 0;
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		const char *r = registers[i].name;

		if (skep_streq(registers[i].wide, name) || skep_streq(registers[i].four, name) ||
		    skep_streq(registers[i].two, name) || skep_streq(registers[i].one, name))
			return r;
		if (i < 4 && name[0] == r[0] && name[1] == 'h' && !name[2]) {
			*ret_shift = 8;
			return r;
		}
	}
	return NULL;
}

/* The register at @p, up to @stop, and behind it; NULL: there is none. */
static const char *take_register(char **p, const char *stops)
{
	char name[8];
	size_t n = strcspn(*p, stops);
	uint8_t shift;

	if (**p != '%' || n < 2 || n > sizeof(name))
		return NULL;
	memcpy(name, *p + 1, n - 1);
	name[n - 1] = '\0';
	*p += n;
	return find_register(name, &shift);
}

/* A number with its sign; false: there is none, or it does not fit. */
static bool take_number(char **p, int64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)(*p)[(*p)[0] == '-' || (*p)[0] == '+']))
		return false;
	errno = 0;
	*ret_value = **p == '-' ? strtoll(*p, &end, 0) : (int64_t)strtoull(*p, &end, 0);
	*p = end;
	return errno == 0;
}

/* What stands in front of the parenthesis: "8", "-8", "symbol", "8+symbol", "symbol-8", nothing. */
static bool read_displacement(const struct skep_elf *elf, char *text, bool *ret_linked,
			      int64_t *ret_value)
{
	struct skep_elf_sym sym;
	int64_t value = 0, part;

	*ret_linked = false;
	while (*text) {
		if (take_number(&text, &part)) {
			value = (int64_t)((uint64_t)value + (uint64_t)part);
			continue;
		}
		if (*text == '+')
			text++;
		size_t n = strcspn(text, "+-");
		char rest = text[n];

		if (!n || *ret_linked || !elf)
			return false;
		text[n] = '\0';
		if (skep_elf_find(elf, text, SKEP_ELF_ANY, &sym) < 0)
			return false;
		text[n] = rest;
		text += n;
		*ret_linked = true;
		value = (int64_t)((uint64_t)value + sym.value);
	}
	*ret_value = value;
	return true;
}

/* "disp(base,index,scale)" and its shorter forms; "symbol(%rip)". */
static void read_memory(const struct skep_elf *elf, char *text, char *paren,
			struct skep_usdt_arg *arg)
{
	char *p = paren + 1;
	int64_t scale = 1;
	bool linked, relative;

	*paren = '\0';
	if (!read_displacement(elf, text, &linked, &arg->value))
		return;
	relative = skep_has_prefix(p, "%rip)");
	if (relative || linked) {
		if (relative && linked && !p[5])
			arg->kind = SKEP_USDT_LINKED;
		return;
	}
	if (*p != ',' && !(arg->base = take_register(&p, ",)")))
		return;
	if (*p == ',') {
		p++;
		arg->index = take_register(&p, ",)");
		if (!arg->index)
			return;
		if (*p == ',') {
			p++;
			if (!take_number(&p, &scale))
				return;
		}
	}
	if (p[0] != ')' || p[1] || (scale != 1 && scale != 2 && scale != 4 && scale != 8))
		return;
	arg->scale = (uint8_t)scale;
	arg->kind = SKEP_USDT_MEM;
}

static void read_operand(const struct skep_elf *elf, char *text, struct skep_usdt_arg *arg)
{
	char *paren = strchr(text, '(');

	if (*text == '$') {
		text++;
		if (take_number(&text, &arg->value) && !*text)
			arg->kind = SKEP_USDT_CONST;
	} else if (*text == '%') {
		arg->base = find_register(text + 1, &arg->shift);
		if (arg->base)
			arg->kind = SKEP_USDT_REG;
	} else if (paren) {
		read_memory(elf, text, paren, arg);
	}
}

/* "-4@" in front of the operand; without it the argument is as wide as a register. */
static bool read_size(char **text, struct skep_usdt_arg *arg)
{
	char *at = strchr(*text, '@'), *end;
	long size;

	arg->size = 8;
	if (!at)
		return true;
	size = strtol(*text, &end, 10);
	*text = at + 1;
	/* "8f@": a floating-point number, which programs cannot compute with. */
	if (end != at)
		return false;
	arg->is_signed = size < 0;
	size = labs(size);
	arg->size = (uint8_t)size;
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static void read_arg(const struct skep_elf *elf, bool known_cpu, const char *text, size_t len,
		     struct skep_usdt_arg *ret_arg)
{
	char copy[OPERAND_MAX], *p = copy;

	*ret_arg = (struct skep_usdt_arg){ .size = 8 };
	if (!known_cpu || len >= sizeof(copy))
		return;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (read_size(&p, ret_arg))
		read_operand(elf, p, ret_arg);
	else
		ret_arg->size = 8;
}

int skep_usdt_args(const struct skep_elf *elf, const struct skep_usdt *probe,
		   struct skep_usdt_arg *args, size_t cap, size_t *ret_n)
{
	const char *p = probe->args;
	bool known_cpu = !elf || skep_elf_machine(elf) == EM_X86_64;
	size_t n = 0, len;

	for (p += strspn(p, " \t"); *p; p += len, p += strspn(p, " \t")) {
		if (n == cap)
			return -E2BIG;
		len = strcspn(p, " \t");
		read_arg(elf, known_cpu, p, len, &args[n++]);
	}
	*ret_n = n;
	return 0;
}
