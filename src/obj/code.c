/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths of x86-64 instructions, in 64-bit mode. Facts: the opcode maps in the manuals of Intel
 * (volume 2, appendix A) and AMD (volume 3, appendix A).
 *
 *	prefixes, REX │ opcode or VEX, EVEX, XOP │ ModRM, SIB, displacement │ immediate
 */
#include "obj/code.h"

#include <errno.h>
#include <string.h>

#define LENGTH_MAX 15

/*
 * What follows an opcode, one letter each, 16 in a row:
 *
 *	.  nothing		m  ModRM		x  no such instruction
 *	b  one byte		M  ModRM, one byte	w  two bytes
 *	z  4 bytes (2)		Z  ModRM, 4 bytes (2)	d  4 bytes
 *	v  4 bytes (2, 8)	o  an address		e  three bytes
 *	t  ModRM, one byte when its middle field is 0 or 1	T  the same with 4 bytes (2)
 *
 * (2): with a 66 prefix; (8): with REX.W.
 */
static const char one_byte[] = "mmmmbzxxmmmmbzxx" /* 00; 0f leads to the next map */
			       "mmmmbzxxmmmmbzxx"
			       "mmmmbzxxmmmmbzxx" /* 20 */
			       "mmmmbzxxmmmmbzxx"
			       "xxxxxxxxxxxxxxxx" /* 40: REX */
			       "................"
			       "xxxmxxxxzZbM...." /* 60 */
			       "bbbbbbbbbbbbbbbb"
			       "MZxMmmmmmmmmmmmm" /* 80 */
			       "..........x....."
			       "oooo....bz......" /* a0 */
			       "bbbbbbbbvvvvvvvv"
			       "MMw.xxMZe.w..bx." /* c0 */
			       "mmmmxxx.mmmmmmmm"
			       "bbbbbbbbddxb...." /* e0 */
			       "x.xx..tT......mm";

static const char two_bytes[] = "mmmmx.....x.xm.M" /* 0f 00 */
				"mmmmmmmmmmmmmmmm"
				"mmmmxxxxmmmmmmmm" /* 0f 20 */
				"........xxxxxxxx" /* 38 and 3a lead to further maps */
				"mmmmmmmmmmmmmmmm" /* 0f 40 */
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm" /* 0f 60 */
				"MMMMmmm.mmmmmmmm"
				"dddddddddddddddd" /* 0f 80 */
				"mmmmmmmmmmmmmmmm"
				"...mMmxx...mMmmm" /* 0f a0 */
				"mmmmmmmmmmMmmmmm"
				"mmMmMMMm........" /* 0f c0 */
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm" /* 0f e0 */
				"mmmmmmmmmmmmmmmm";

struct cursor {
	const uint8_t *at, *end;
	bool word, address32, rex_w; /* prefixes 66 and 67; REX.W */
};

static int next(struct cursor *c)
{
	return c->at < c->end ? *c->at++ : -1;
}

static bool skip(struct cursor *c, size_t n)
{
	if ((size_t)(c->end - c->at) < n)
		return false;
	c->at += n;
	return true;
}

/* ModRM with all that it brings; *ret_reg is its middle field. */
static bool modrm(struct cursor *c, unsigned *ret_reg)
{
	int byte = next(c), sib;
	unsigned mod, rm;

	if (byte < 0)
		return false;
	mod = (unsigned)byte >> 6;
	rm = byte & 7;
	*ret_reg = (unsigned)byte >> 3 & 7;
	if (mod == 3)
		return true;
	if (rm == 4) {
		sib = next(c);
		if (sib < 0)
			return false;
		if (mod == 0 && (sib & 7) == 5)
			return skip(c, 4);
	} else if (mod == 0 && rm == 5) {
		return skip(c, 4);
	}
	return skip(c, mod == 0 ? 0 : mod == 1 ? 1 : 4);
}

static bool operands(struct cursor *c, char what)
{
	size_t full = c->word && !c->rex_w ? 2 : 4;
	unsigned reg = 0;

	if (strchr("mMZtT", what) && !modrm(c, &reg))
		return false;
	switch (what) {
	case '.':
	case 'm':
		return true;
	case 'b':
	case 'M':
		return skip(c, 1);
	case 'w':
		return skip(c, 2);
	case 'e':
		return skip(c, 3);
	case 'd':
		return skip(c, 4);
	case 'z':
	case 'Z':
		return skip(c, full);
	case 'v':
		return skip(c, c->rex_w ? 8 : full);
	case 'o':
		return skip(c, c->address32 ? 4 : 8);
	case 't':
		return skip(c, reg < 2 ? 1 : 0);
	case 'T':
		return skip(c, reg < 2 ? full : 0);
	default:
		return false;
	}
}

/* Of the maps that VEX, EVEX and XOP name by number. */
static char vector_operands(unsigned map, unsigned opcode)
{
	switch (map) {
	case 1:
		return two_bytes[opcode] == 'd' ? 'm' : two_bytes[opcode];
	case 2:
	case 5:
	case 6:
	case 9:
		return 'm';
	case 3:
	case 8:
		return 'M';
	case 10:
		return 'Z';
	default:
		return 'x';
	}
}

/* @first: c4 or c5 (VEX), 62 (EVEX), 8f (XOP). */
static bool vector(struct cursor *c, int first)
{
	int p = next(c), opcode;
	unsigned map = first == 0xc5 ? 1 : first == 0x62 ? p & 7 : p & 31;

	if (p < 0 || !skip(c, first == 0xc5 ? 0 : first == 0x62 ? 2 : 1))
		return false;
	opcode = next(c);
	c->word = false; /* 66 is inside */
	return opcode >= 0 && operands(c, vector_operands(map, (unsigned)opcode));
}

static bool escaped(struct cursor *c)
{
	int opcode = next(c);

	if (opcode < 0)
		return false;
	if (opcode == 0x38 || opcode == 0x3a)
		return next(c) >= 0 && operands(c, opcode == 0x38 ? 'm' : 'M');
	return operands(c, two_bytes[opcode]);
}

static int prefixes(struct cursor *c)
{
	int byte;

	for (;;) {
		byte = next(c);
		switch (byte) {
		case 0x66:
			c->word = true;
			break;
		case 0x67:
			c->address32 = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0xf0:
		case 0xf2:
		case 0xf3:
			break;
		default:
			return byte;
		}
	}
}

int skep_code_x86_64_length(const void *code, size_t size)
{
	struct cursor c = { .at = code, .end = (const uint8_t *)code + MIN(size, LENGTH_MAX) };
	int byte = prefixes(&c);
	bool good;

	if (byte >= 0x40 && byte <= 0x4f) {
		c.rex_w = byte & 8;
		byte = next(&c);
	}
	if (byte < 0)
		return -EINVAL;
	if (byte == 0x0f)
		good = escaped(&c);
	else if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
		good = vector(&c, byte);
	else if (byte == 0x8f && c.at < c.end && (*c.at & 0x38))
		good = vector(&c, byte);
	else
		good = operands(&c, one_byte[byte]);
	return good ? (int)(c.at - (const uint8_t *)code) : -EINVAL;
}

int skep_code_begins(enum skep_code_machine machine, const void *code, size_t size, uint64_t offset)
{
	uint64_t at = 0;

	if (offset >= size)
		return -EINVAL;
	if (machine == SKEP_CODE_FIXED_4)
		return offset % 4 == 0;
	while (at < offset) {
		int n = skep_code_x86_64_length((const uint8_t *)code + at, size - at);

		if (n < 0)
			return n;
		at += (uint64_t)n;
	}
	return at == offset;
}
