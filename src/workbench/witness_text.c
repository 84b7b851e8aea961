/* SPDX-License-Identifier: Apache-2.0 */
/* Witnesses as text; the format is described in the header. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "isa/helper.h"
#include "workbench/witness.h"

#define LINE_MAX_BYTES (2 * SKEP_WITNESS_PACKET_MAX + 256)

static void add_hex(const uint8_t *bytes, size_t size, struct skep_str *out)
{
	if (!size)
		skep_str_addc(out, '-');
	for (size_t i = 0; i < size; i++)
		skep_str_addf(out, "%02x", bytes[i]);
}

void skep_witness_format(const struct skep_spec *spec, const struct skep_witness *w,
			 struct skep_str *out)
{
	skep_str_addf(out,
		      "# input that makes a program fault; run it with skep try --witness\n"
		      "program %s\n",
		      w->prog);
	if (w->ctx_size) {
		skep_str_add(out, "ctx ");
		add_hex(w->ctx, w->ctx_size, out);
		skep_str_addc(out, '\n');
	}
	skep_str_add(out, "packet ");
	add_hex(w->packet, w->packet_size, out);
	skep_str_addc(out, '\n');
	for (uint32_t i = 0; i < w->n_entries; i++) {
		const struct skep_witness_entry *e = &w->entries[i];
		const struct skep_spec_map *map = &spec->maps[e->map];

		skep_str_addf(out, "map %s ", map->name);
		add_hex(e->key, map->key_size, out);
		skep_str_addc(out, ' ');
		add_hex(e->value, MIN(map->value_size, SKEP_WITNESS_VALUE_MAX), out);
		skep_str_addc(out, '\n');
	}
	for (uint32_t i = 0; i < w->n_answers; i++) {
		const struct skep_helper *h = skep_helper_find(w->answers[i].helper);

		if (w->answers[i].helper)
			skep_str_addf(out, "helper %s 0x%" PRIx64 "\n", h ? h->name : "?",
				      w->answers[i].value);
		else
			skep_str_add(out, "helper - -\n");
	}
	if (w->unset_reg >= 0)
		skep_str_addf(out, "unset %u r%d\n", w->insn, w->unset_reg);
	else
		skep_str_addf(out, "fault %u\n", w->insn);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "-" is no bytes. */
static int read_hex(const char *text, uint8_t *bytes, size_t max, uint32_t *ret_size)
{
	size_t n = 0;

	for (; strcmp(text, "-") && *text; text += 2) {
		int high = nibble(text[0]), low = high < 0 ? -1 : nibble(text[1]);

		if (low < 0 || n == max)
			return -EINVAL;
		bytes[n++] = (uint8_t)(high << 4 | low);
	}
	*ret_size = (uint32_t)n;
	return 0;
}

static int read_entry(const struct skep_spec *spec, const char *name, const char *key,
		      const char *value, struct skep_witness *w)
{
	struct skep_witness_entry *e = &w->entries[w->n_entries];
	uint32_t size;

	if (w->n_entries == SKEP_WITNESS_ENTRIES_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < spec->n_maps; i++)
		if (skep_streq(spec->maps[i].name, name)) {
			e->map = i;
			if (read_hex(key, e->key, sizeof(e->key), &size) < 0 ||
			    size != spec->maps[i].key_size ||
			    read_hex(value, e->value, sizeof(e->value), &size) < 0 ||
			    size > spec->maps[i].value_size)
				return -EINVAL;
			w->n_entries++;
			return 0;
		}
	return -EINVAL;
}

static int read_answer(const char *name, const char *value, struct skep_witness *w)
{
	struct skep_witness_answer *a = &w->answers[w->n_answers];
	const struct skep_helper *h = skep_helper_find_name(name);
	char *end;

	if (w->n_answers == SKEP_WITNESS_ANSWERS_MAX)
		return -EINVAL;
	w->n_answers++;
	if (skep_streq(value, "-"))
		return 0;
	if (!h)
		return -EINVAL;
	errno = 0;
	a->helper = h->id;
	a->value = strtoull(value, &end, 0);
	return *end || errno || !*value ? -EINVAL : 0;
}

static int read_line(const struct skep_spec *spec, const char *line, struct skep_witness *w)
{
	_cleanup_free_ char *words = calloc(4, LINE_MAX_BYTES);
	char *what = words, *a = words + LINE_MAX_BYTES, *b = a + LINE_MAX_BYTES,
	     *c = b + LINE_MAX_BYTES;
	char format[64];
	int n;

	if (!words)
		return -ENOMEM;
	snprintf(format, sizeof(format), "%%%1$ds %%%1$ds %%%1$ds %%%1$ds", LINE_MAX_BYTES - 1);
	n = sscanf(line, format, what, a, b, c);
	if (n < 1 || what[0] == '#')
		return 0;
	if (n == 2 && skep_streq(what, "program") && strlen(a) < sizeof(w->prog)) {
		strcpy(w->prog, a);
		return 0;
	}
	if (n == 2 && skep_streq(what, "ctx"))
		return read_hex(a, w->ctx, sizeof(w->ctx), &w->ctx_size);
	if (n == 2 && skep_streq(what, "packet"))
		return read_hex(a, w->packet, sizeof(w->packet), &w->packet_size);
	if (n == 4 && skep_streq(what, "map"))
		return read_entry(spec, a, b, c, w);
	if (n == 3 && skep_streq(what, "helper"))
		return read_answer(a, b, w);
	if (n == 2 && skep_streq(what, "fault"))
		return sscanf(a, "%u", &w->insn) == 1 ? 0 : -EINVAL;
	if (n == 3 && skep_streq(what, "unset"))
		return sscanf(a, "%u", &w->insn) == 1 && sscanf(b, "r%d", &w->unset_reg) == 1 &&
				       w->unset_reg >= 0 && w->unset_reg <= 10
			       ? 0
			       : -EINVAL;
	return -EINVAL;
}

int skep_witness_parse(const struct skep_spec *spec, size_t prog, const char *text,
		       struct skep_diag *diag, struct skep_witness *ret_witness)
{
	_cleanup_free_ struct skep_witness *w = calloc(1, sizeof(*w));
	uint32_t number = 1;

	if (!w)
		return -ENOMEM;
	w->unset_reg = -1;
	w->insn = UINT32_MAX;
	for (; *text; number++) {
		size_t len = strcspn(text, "\n");
		_cleanup_free_ char *line = strndup(text, len);
		struct skep_loc loc = { number, 1, (uint32_t)len };

		if (!line)
			return -ENOMEM;
		if (len >= LINE_MAX_BYTES || read_line(spec, line, w) < 0) {
			skep_diag_error(diag, loc,
					"line %u is no line of a witness for this program", number);
			skep_diag_hint(
				diag,
				"program, ctx, packet, map, helper, fault or unset, as skep verify --witness writes them");
			return -EINVAL;
		}
		text += len + (text[len] == '\n');
	}
	if (!skep_streq(w->prog, spec->progs[prog].name)) {
		skep_diag_error(diag, SKEP_NO_LOC, "this witness is about the program '%s'",
				w->prog);
		return -EINVAL;
	}
	*ret_witness = *w;
	return 0;
}
