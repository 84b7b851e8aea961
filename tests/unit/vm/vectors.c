/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"

static bool starts(const char *line, const char *word, const char **ret_rest)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || (line[n] && line[n] != ' '))
		return false;
	*ret_rest = line + n + (line[n] == ' ');
	return true;
}

static void read_mem(struct vector *v, const char *text)
{
	v->has_mem = true;
	while (isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1])) {
		char byte[3] = { text[0], text[1], 0 };

		assert_true(v->mem_size < sizeof(v->mem));
		v->mem[v->mem_size++] = (uint8_t)strtoul(byte, NULL, 16);
		text += 2 + (text[2] == ' ');
	}
}

static void finish(struct vector *v, const char *code, size_t len,
		   void (*run)(void *data, const struct vector *vector), void *data)
{
	struct skep_diag diag = { .source_name = v->name, .source_text = code, .source_len = len };
	int r = skep_asm(code, len, NULL, &v->insns, &diag);

	if (r < 0) {
		struct skep_str out = {};

		skep_diag_format(&diag, false, false, &out);
		fail_msg("%s, line %u: %s", v->name, v->line, skep_str_text(&out));
	}
	skep_diag_fini(&diag);
	run(data, v);
	skep_insns_fini(&v->insns);
}

void vectors_each(const char *name, void (*run)(void *data, const struct vector *vector),
		  void *data)
{
	char path[512], line[1024];
	struct skep_str code = {};
	struct vector v = {};
	unsigned number = 0, cases = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/vm/%s", SKEP_VECTORS, name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("cannot read %s", path);
	while (fgets(line, sizeof(line), f)) {
		const char *rest;

		number++;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || !line[0])
			continue;
		if (starts(line, "case", &rest)) {
			v = (struct vector){ .line = number, .ask_kernel = true };
			snprintf(v.name, sizeof(v.name), "%.60s: %s", name, rest);
			skep_str_reset(&code);
		} else if (starts(line, "mem", &rest)) {
			read_mem(&v, rest);
		} else if (starts(line, "kernel no", &rest)) {
			v.ask_kernel = false;
		} else if (starts(line, "gives", &rest)) {
			v.outcome = GIVES;
			v.value = strtoull(rest, NULL, 0);
			finish(&v, skep_str_text(&code), code.len, run, data);
			cases++;
		} else if (starts(line, "faults", &rest) || starts(line, "refused", &rest)) {
			v.outcome = line[0] == 'f' ? FAULTS : REFUSED;
			snprintf(v.text, sizeof(v.text), "%s", rest);
			finish(&v, skep_str_text(&code), code.len, run, data);
			cases++;
		} else {
			skep_str_add(&code, line);
			skep_str_addc(&code, '\n');
		}
	}
	fclose(f);
	skep_str_fini(&code);
	assert_true(cases > 0);
}
