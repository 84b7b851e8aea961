/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the vector files of the isa tests: a line is fields with " | " between them; lines that
 * begin with '#' and empty ones are comments.
 *
 *	struct vector v;
 *	FILE *f = vectors_open("valid.txt", &v);
 *	while (vectors_next(f, &v))
 *		use(v.line, v.fields[0], v.n_fields);
 *	fclose(f);
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include "isa/insn.h"

struct vector {
	unsigned line;
	char text[1024];
	char *fields[8]; /* the missing ones are "" */
	unsigned n_fields;
};

static inline FILE *vectors_open(const char *name, struct vector *v)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/isa/%s", SKEP_VECTORS, name);
	f = fopen(path, "re");
	if (!f)
		fprintf(stderr, "cannot read %s\n", path);
	memset(v, 0, sizeof(*v));
	return f;
}

static inline bool vectors_next(FILE *f, struct vector *v)
{
	while (fgets(v->text, sizeof(v->text), f)) {
		char *rest = v->text;

		v->line++;
		v->text[strcspn(v->text, "\n")] = '\0';
		if (v->text[0] == '#' || v->text[0] == '\0')
			continue;
		v->n_fields = 0;
		for (size_t i = 0; i < ARRAY_SIZE(v->fields); i++) {
			char *bar;

			v->fields[i] = rest;
			if (!*rest)
				continue;
			v->n_fields++;
			bar = strstr(rest, " | ");
			rest = bar ? bar + 3 : rest + strlen(rest);
			if (bar)
				*bar = '\0';
		}
		return true;
	}
	return false;
}

/*
 * Words from bytes in hexadecimal, little endian; the number of words, 0 when that is not what it
 * is.
 */
static inline size_t vectors_words(const char *hex, struct skep_insn words[2])
{
	unsigned char b[16] = {};
	size_t n = 0;

	for (int used; n < sizeof(b) && sscanf(hex, " %2hhx%n", &b[n], &used) == 1; n++)
		hex += used;
	if (*hex || (n != 8 && n != 16))
		return 0;
	for (size_t i = 0; i < n / 8; i++) {
		const unsigned char *p = &b[i * 8];

		words[i] = skep_insn_make(p[0], p[1] & 15, p[1] >> 4, (int16_t)(p[2] | p[3] << 8),
					  (int32_t)((uint32_t)p[4] | (uint32_t)p[5] << 8 |
						    (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24));
	}
	return n / 8;
}
