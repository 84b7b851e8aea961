/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data_asm.h"

struct operand {
	enum {
		NOTHING,
		REGISTER,
		NUMBER,
		MEMORY,
		LABEL
	} kind;
	unsigned reg;
	int64_t value; /* number, offset of memory */
	bool relative; /* written with a sign: +3 */
	char label[64];
};

struct statement {
	char op[32];
	bool lock, fetch, local;
	struct operand operands[4];
	size_t n;
};

static int wrong(struct data_asm *a, const char *format, ...) _printf_(2, 3);
static int wrong(struct data_asm *a, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(a->why, sizeof(a->why), format, ap);
	va_end(ap);
	return -EINVAL;
}

/* Words. */

static bool read_register(const char **at, unsigned *ret)
{
	const char *s = *at;
	char *end;

	s += *s == '%';
	if (*s != 'r' || !isdigit((unsigned char)s[1]))
		return false;
	*ret = (unsigned)strtoul(s + 1, &end, 10);
	*at = end;
	return *ret <= SKEP_R10;
}

static bool read_number(const char **at, int64_t *ret)
{
	const char *s = *at;
	bool negative = *s == '-';
	char *end;

	s += *s == '-' || *s == '+';
	if (!isdigit((unsigned char)*s))
		return false;
	*ret = (int64_t)strtoull(s, &end, 0);
	*ret = negative ? -*ret : *ret;
	*at = end;
	return true;
}

static int read_operand(struct data_asm *a, const char *text, struct operand *o)
{
	const char *at = text;

	memset(o, 0, sizeof(*o));
	if (*at == '[') {
		o->kind = MEMORY;
		at++;
		if (!read_register(&at, &o->reg))
			return wrong(a, "no register in '%s'", text);
		if (*at != ']' && !read_number(&at, &o->value))
			return wrong(a, "no offset in '%s'", text);
		return *at == ']' && !at[1] ? 0 : wrong(a, "'%s' does not end", text);
	}
	if (read_register(&at, &o->reg) && !*at) {
		o->kind = REGISTER;
		return 0;
	}
	at = text;
	if (read_number(&at, &o->value) && !*at) {
		o->kind = NUMBER;
		o->relative = *text == '+';
		return 0;
	}
	o->kind = LABEL;
	snprintf(o->label, sizeof(o->label), "%s", text);
	return 0;
}

/* Blanks inside of brackets go, so that memory is one word. */
static void squeeze(char *line)
{
	bool inside = false;
	char *to = line;

	for (; *line; line++) {
		inside = *line == '[' || (inside && *line != ']');
		if (!(inside && isspace((unsigned char)*line)))
			*to++ = *line == ',' ? ' ' : *line;
	}
	*to = 0;
}

static int read_statement(struct data_asm *a, char *line, struct statement *s)
{
	char *save = NULL;
	int r;

	memset(s, 0, sizeof(*s));
	squeeze(line);
	for (char *word = strtok_r(line, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (strcmp(word, "lock") == 0 && !s->op[0]) {
			s->lock = true;
		} else if (strcmp(word, "fetch") == 0 && s->lock && s->n == 0) {
			s->fetch = true;
		} else if (!s->op[0]) {
			snprintf(s->op, sizeof(s->op), "%s", word);
		} else if (strcmp(word, "local") == 0 && s->n == 0) {
			s->local = true;
		} else if (s->n == 4) {
			return wrong(a, "too many operands of %s", s->op);
		} else {
			r = read_operand(a, word, &s->operands[s->n++]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Instructions. */

static int emit(struct data_asm *a, struct skep_insn insn)
{
	if (a->n >= a->max)
		return wrong(a, "more than %zu instructions", a->max);
	a->out[a->n++] = insn;
	return 0;
}

/* Leaves the field of the instruction that comes next to data_asm_finish. */
static int use_label(struct data_asm *a, const char *name)
{
	if (a->n_uses == DATA_LABELS_MAX)
		return wrong(a, "too many jumps");
	snprintf(a->uses[a->n_uses].name, sizeof(a->uses[0].name), "%s", name);
	a->uses[a->n_uses++].at = a->n;
	return 0;
}

static bool is(const struct statement *s, size_t n, int k0, int k1, int k2)
{
	const int kinds[3] = { k0, k1, k2 };

	if (s->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((int)s->operands[i].kind != kinds[i])
			return false;
	return true;
}

/* Takes a number at the end of a word: "add32" gives "add" and 32. */
static unsigned split(char *word)
{
	size_t n = strlen(word);
	unsigned value;

	while (n && isdigit((unsigned char)word[n - 1]))
		n--;
	value = (unsigned)strtoul(word + n, NULL, 10);
	word[n] = 0;
	return value;
}

static int alu(struct data_asm *a, const struct statement *s, const char *name, unsigned width)
{
	static const struct {
		const char *name;
		unsigned op;
		int off;
	} ops[] = {
		{ "add", SKEP_ALU_ADD, 0 },  { "sub", SKEP_ALU_SUB, 0 },
		{ "mul", SKEP_ALU_MUL, 0 },  { "div", SKEP_ALU_DIV, 0 },
		{ "sdiv", SKEP_ALU_DIV, 1 }, { "or", SKEP_ALU_OR, 0 },
		{ "and", SKEP_ALU_AND, 0 },  { "lsh", SKEP_ALU_LSH, 0 },
		{ "rsh", SKEP_ALU_RSH, 0 },  { "mod", SKEP_ALU_MOD, 0 },
		{ "smod", SKEP_ALU_MOD, 1 }, { "xor", SKEP_ALU_XOR, 0 },
		{ "mov", SKEP_ALU_MOV, 0 },  { "arsh", SKEP_ALU_ARSH, 0 },
		{ "neg", SKEP_ALU_NEG, 0 },
	};
	unsigned class = width == 32 ? SKEP_CLASS_ALU : SKEP_CLASS_ALU64;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct operand *o = s->operands;

		if (strcmp(name, ops[i].name) != 0 || (width != 0 && width != 32 && width != 64))
			continue;
		if (is(s, 1, REGISTER, 0, 0) && ops[i].op == SKEP_ALU_NEG)
			return emit(a, skep_insn_make(class | ops[i].op, o[0].reg, 0, 0, 0));
		if (is(s, 2, REGISTER, REGISTER, 0))
			return emit(a, skep_insn_make(class | SKEP_SRC_X | ops[i].op, o[0].reg,
						      o[1].reg, ops[i].off, 0));
		if (is(s, 2, REGISTER, NUMBER, 0))
			return emit(a, skep_insn_make(class | ops[i].op, o[0].reg, 0, ops[i].off,
						      (int32_t)o[1].value));
		return wrong(a, "%s has other operands", name);
	}
	return -ENOENT;
}

static int swap(struct data_asm *a, const struct statement *s, const char *name, unsigned width)
{
	unsigned opcode, reg = s->operands[0].reg;

	if (strcmp(name, "le") == 0)
		opcode = SKEP_CLASS_ALU | SKEP_ALU_END;
	else if (strcmp(name, "be") == 0)
		opcode = SKEP_CLASS_ALU | SKEP_SRC_X | SKEP_ALU_END;
	else if (strcmp(name, "swap") == 0 || strcmp(name, "bswap") == 0)
		opcode = SKEP_CLASS_ALU64 | SKEP_ALU_END;
	else
		return -ENOENT;
	if (!is(s, 1, REGISTER, 0, 0))
		return wrong(a, "%s has one register", name);
	return emit(a, skep_insn_make(opcode, reg, 0, 0, (int32_t)width));
}

/* movsx832, movsx1664...: from so many bits to so many. */
static int movsx(struct data_asm *a, const struct statement *s, const char *name, unsigned widths)
{
	unsigned from = widths / 100, to = widths % 100;

	if (strcmp(name, "movsx") != 0)
		return -ENOENT;
	if (!is(s, 2, REGISTER, REGISTER, 0) || (to != 32 && to != 64))
		return wrong(a, "%s has two registers and two widths", name);
	return emit(a, to == 32 ? skep_insn_movsx32(s->operands[0].reg, s->operands[1].reg, from)
				: skep_insn_movsx64(s->operands[0].reg, s->operands[1].reg, from));
}

static int size_of(const char *letters)
{
	return strcmp(letters, "b") == 0    ? SKEP_SIZE_B
	       : strcmp(letters, "h") == 0  ? SKEP_SIZE_H
	       : strcmp(letters, "w") == 0  ? SKEP_SIZE_W
	       : strcmp(letters, "dw") == 0 ? SKEP_SIZE_DW
					    : -1;
}

static int memory(struct data_asm *a, const struct statement *s)
{
	const struct operand *o = s->operands;
	const char *op = s->op;
	int size;

	if (strcmp(op, "lddw") == 0) {
		struct skep_insn_pair pair = skep_insn_ld_imm64(o[0].reg, (uint64_t)o[1].value);
		int r;

		if (!is(s, 2, REGISTER, NUMBER, 0))
			return wrong(a, "lddw has a register and a number");
		r = emit(a, pair.insn[0]);
		return r < 0 ? r : emit(a, pair.insn[1]);
	}
	if (strncmp(op, "ldxs", 4) == 0 && (size = size_of(op + 4)) >= 0 &&
	    is(s, 2, REGISTER, MEMORY, 0))
		return emit(a, skep_insn_loadsx((enum skep_size)size, o[0].reg, o[1].reg,
						(int)o[1].value));
	if (strncmp(op, "ldx", 3) == 0 && (size = size_of(op + 3)) >= 0 &&
	    is(s, 2, REGISTER, MEMORY, 0))
		return emit(a, skep_insn_load((enum skep_size)size, o[0].reg, o[1].reg,
					      (int)o[1].value));
	if (strncmp(op, "stx", 3) == 0 && (size = size_of(op + 3)) >= 0 &&
	    is(s, 2, MEMORY, REGISTER, 0))
		return emit(a, skep_insn_store((enum skep_size)size, o[0].reg, (int)o[0].value,
					       o[1].reg));
	if (strncmp(op, "st", 2) == 0 && (size = size_of(op + 2)) >= 0 &&
	    is(s, 2, MEMORY, NUMBER, 0))
		return emit(a, skep_insn_store_imm((enum skep_size)size, o[0].reg, (int)o[0].value,
						   (int32_t)o[1].value));
	return -ENOENT;
}

static int atomic(struct data_asm *a, const struct statement *s, const char *name, unsigned width)
{
	const struct operand *o = s->operands;
	enum skep_size size = width == 32 ? SKEP_SIZE_W : SKEP_SIZE_DW;
	int op;

	op = strcmp(name, "add") == 0	    ? SKEP_ATOMIC_ADD
	     : strcmp(name, "or") == 0	    ? SKEP_ATOMIC_OR
	     : strcmp(name, "and") == 0	    ? SKEP_ATOMIC_AND
	     : strcmp(name, "xor") == 0	    ? SKEP_ATOMIC_XOR
	     : strcmp(name, "xchg") == 0    ? SKEP_ATOMIC_XCHG
	     : strcmp(name, "cmpxchg") == 0 ? SKEP_ATOMIC_CMPXCHG
					    : -1;
	if (op < 0 || !is(s, 2, MEMORY, REGISTER, 0))
		return wrong(a, "no such atomic operation: %s", s->op);
	if (s->fetch)
		op |= SKEP_ATOMIC_FETCH;
	return emit(a, skep_insn_atomic(size, op, o[0].reg, (int)o[0].value, o[1].reg));
}

/* Where it goes is the last operand. */
static int target(struct data_asm *a, const struct operand *o, int64_t *ret)
{
	*ret = 0;
	if (o->kind == LABEL)
		return use_label(a, o->label);
	if (o->kind != NUMBER)
		return wrong(a, "not a place to jump to");
	*ret = o->value;
	return 0;
}

static int jump(struct data_asm *a, const struct statement *s, const char *name, unsigned width)
{
	static const struct {
		const char *name;
		unsigned op;
	} ops[] = {
		{ "jeq", SKEP_JMP_JEQ },   { "jgt", SKEP_JMP_JGT },   { "jge", SKEP_JMP_JGE },
		{ "jset", SKEP_JMP_JSET }, { "jne", SKEP_JMP_JNE },   { "jsgt", SKEP_JMP_JSGT },
		{ "jsge", SKEP_JMP_JSGE }, { "jlt", SKEP_JMP_JLT },   { "jle", SKEP_JMP_JLE },
		{ "jslt", SKEP_JMP_JSLT }, { "jsle", SKEP_JMP_JSLE },
	};
	unsigned class = width == 32 ? SKEP_CLASS_JMP32 : SKEP_CLASS_JMP;
	const struct operand *o = s->operands;
	int64_t to;
	int r;

	if (strcmp(name, "ja") == 0 && s->n == 1) {
		r = target(a, &o[0], &to);
		if (r < 0)
			return r;
		return emit(a, width == 32 ? skep_insn_jal((int32_t)to) : skep_insn_ja((int)to));
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(name, ops[i].name) != 0)
			continue;
		if (s->n != 3 || o[0].kind != REGISTER)
			return wrong(a, "%s has three operands", name);
		r = target(a, &o[2], &to);
		if (r < 0)
			return r;
		if (o[1].kind == REGISTER)
			return emit(a, skep_insn_make(class | SKEP_SRC_X | ops[i].op, o[0].reg,
						      o[1].reg, (int)to, 0));
		return emit(a, skep_insn_make(class | ops[i].op, o[0].reg, 0, (int)to,
					      (int32_t)o[1].value));
	}
	return -ENOENT;
}

static int call(struct data_asm *a, const struct statement *s)
{
	const struct operand *o = s->operands;
	int64_t to;
	int r;

	if (s->n != 1)
		return wrong(a, "call has one operand");
	if (o[0].kind == REGISTER)
		return emit(a, skep_insn_make(SKEP_CLASS_JMP | SKEP_SRC_X | SKEP_JMP_CALL, o[0].reg,
					      0, 0, 0));
	if (!s->local)
		return emit(a, skep_insn_call((int32_t)o[0].value));
	r = target(a, &o[0], &to);
	return r < 0 ? r : emit(a, skep_insn_call_local((int32_t)to));
}

static int define(struct data_asm *a, const char *name, size_t at)
{
	if (a->n_labels == DATA_LABELS_MAX)
		return wrong(a, "too many labels");
	snprintf(a->labels[a->n_labels].name, sizeof(a->labels[0].name), "%s", name);
	a->labels[a->n_labels++].at = at;
	return 0;
}

static const size_t *find(const struct data_asm *a, const char *name)
{
	for (size_t i = 0; i < a->n_labels; i++)
		if (strcmp(a->labels[i].name, name) == 0)
			return &a->labels[i].at;
	return NULL;
}

static int instruction(struct data_asm *a, struct statement *s)
{
	char name[sizeof(s->op)];
	unsigned width;
	int r;

	if (strcmp(s->op, "exit") == 0) {
		r = find(a, "exit") ? 0 : define(a, "exit", a->n);
		return r < 0 ? r : emit(a, skep_insn_exit());
	}
	if (strcmp(s->op, "call") == 0)
		return call(a, s);
	memcpy(name, s->op, sizeof(name));
	width = split(name);
	if (s->lock)
		return atomic(a, s, name, width);
	r = memory(a, s);
	if (r == -ENOENT)
		r = alu(a, s, name, width);
	if (r == -ENOENT)
		r = swap(a, s, name, width);
	if (r == -ENOENT)
		r = movsx(a, s, name, width);
	if (r == -ENOENT)
		r = jump(a, s, name, width);
	return r == -ENOENT ? wrong(a, "no such instruction: %s", s->op) : r;
}

int data_asm_line(struct data_asm *a, char *line)
{
	struct statement s;
	char *colon;
	int r;

	while ((colon = strchr(line, ':'))) {
		*colon = 0;
		r = define(a, line, a->n);
		if (r < 0)
			return r;
		line = colon + 1;
		line += strspn(line, " \t");
	}
	r = read_statement(a, line, &s);
	return r < 0 || !s.op[0] ? r : instruction(a, &s);
}

int data_asm_finish(struct data_asm *a, size_t *ret_n)
{
	for (size_t i = 0; i < a->n_uses; i++) {
		struct skep_insn *insn = &a->out[a->uses[i].at];
		const size_t *at = find(a, a->uses[i].name);
		int64_t distance;

		if (!at)
			return wrong(a, "no label %s", a->uses[i].name);
		distance = (int64_t)*at - (int64_t)a->uses[i].at - 1;
		if (skep_insn_is_call(*insn) || insn->opcode == (SKEP_CLASS_JMP32 | SKEP_JMP_JA))
			insn->imm = (int32_t)distance;
		else
			insn->off = (int16_t)distance;
	}
	*ret_n = a->n;
	return 0;
}
