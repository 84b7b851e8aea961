/* SPDX-License-Identifier: Apache-2.0 */
/* Names, units and numbers of Prometheus' text format. */
#include "record/prom.h"

#include <inttypes.h>
#include <string.h>

#include "base/vec.h"
#include "record/prom_priv.h"
#include "record/record_priv.h"

#define PREFIX "skep"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "readBytes" is "read_bytes". */
void prom_name(const char *text, struct skep_str *out)
{
	size_t start = out->len;
	bool gap = false;

	for (const char *p = text; *p; p++) {
		bool hump = is_upper(*p) && p > text && is_lower(p[-1]);

		if (!is_lower(*p) && !is_upper(*p) && !is_digit(*p)) {
			gap = true;
			continue;
		}
		if ((gap || hump) && out->len > start)
			skep_str_addc(out, '_');
		else if (out->len == start && is_digit(*p) && !start)
			skep_str_addc(out, '_');
		gap = false;
		skep_str_addc(out, is_upper(*p) ? (char)(*p - 'A' + 'a') : *p);
	}
	if (out->len == start)
		skep_str_add(out, "value");
}

void prom_quoted(const char *text, size_t len, struct skep_str *out)
{
	size_t i = 0, n;

	skep_str_addc(out, '"');
	while (i < len) {
		n = skep_utf8_len(text + i, len - i);
		if (n == 0)
			skep_str_add(out, "\xef\xbf\xbd");
		else if (text[i] == '\n')
			skep_str_add(out, "\\n");
		else if (text[i] == '"' || text[i] == '\\')
			skep_str_addf(out, "\\%c", text[i]);
		else
			skep_str_addn(out, text + i, n);
		i += n ? n : 1;
	}
	skep_str_addc(out, '"');
}

/* Basic units: a number is shifted left and divided by 10^@places. */
static const struct {
	const char *unit, *name;
	uint8_t shift, places;
} units[] = {
	{ "ns", "seconds", 0, 9 },  { "us", "seconds", 0, 6 },	{ "ms", "seconds", 0, 3 },
	{ "s", "seconds", 0, 0 },   { "By", "bytes", 0, 0 },	{ "KiBy", "bytes", 10, 0 },
	{ "MiBy", "bytes", 20, 0 }, { "GiBy", "bytes", 30, 0 }, { "%", "ratio", 0, 2 },
};

static size_t find_unit(const char *unit)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(units) && (!unit || !skep_streq(units[i].unit, unit)))
		i++;
	return i;
}

void prom_number(uint64_t value, bool is_signed, const char *unit, struct skep_str *out)
{
	size_t i = find_unit(unit);
	bool negative = is_signed && (int64_t)value < 0, known = i < ARRAY_SIZE(units);
	uint64_t n = negative ? -value : value, power = 1;
	unsigned places = known ? units[i].places : 0, shift = known ? units[i].shift : 0;

	/* What is so large has been counted wrongly, but it does not become small. */
	n = n << shift >> shift == n ? n << shift : UINT64_MAX;
	for (unsigned k = 0; k < places; k++)
		power *= 10;
	skep_str_addf(out, "%s%" PRIu64, negative ? "-" : "", n / power);
	if (n % power) {
		skep_str_addf(out, ".%0*" PRIu64, (int)places, n % power);
		while (out->data[out->len - 1] == '0')
			out->data[--out->len] = '\0';
	}
}

static void cut_suffix(struct skep_str *s, const char *suffix)
{
	if (!skep_has_suffix(s->data, suffix))
		return;
	s->len -= strlen(suffix);
	s->data[s->len] = '\0';
}

/* The unit stands behind the name, once, and in the word that Prometheus has for it. */
static void add_unit(struct skep_str *name, const char *unit)
{
	size_t i = find_unit(unit);

	if (i == ARRAY_SIZE(units))
		return;
	cut_suffix(name, unit[0] == 'n'	  ? "_ns"
			 : unit[0] == 'u' ? "_us"
			 : unit[0] == 'm' ? "_ms"
					  : units[i].name);
	cut_suffix(name, "_");
	skep_str_addf(name, "_%s", units[i].name);
}

static bool is_taken(const struct skep_prom *prom, const char *name)
{
	for (size_t i = 0; i < prom->n_names; i++)
		if (skep_streq(prom->names[i], name))
			return true;
	return false;
}

static void take(struct skep_prom *prom, const char *name)
{
	char **names = reallocarray(prom->names, prom->n_names + 1, sizeof(*names));

	if (!names)
		skep_oom();
	prom->names = names;
	names[prom->n_names] = strdup(name);
	if (!names[prom->n_names++])
		skep_oom();
}

/* A help text ends with its line. */
static void add_help(const char *text, struct skep_str *out)
{
	for (; *text; text++) {
		if (*text == '\n' || *text == '\\')
			skep_str_add(out, *text == '\n' ? "\\n" : "\\\\");
		else
			skep_str_addc(out, *text);
	}
	skep_str_addc(out, '\n');
}

const char *skep_prom_type_name(enum skep_prom_type type)
{
	static const char *const names[] = { "counter", "gauge", "histogram", "summary" };

	return names[type];
}

static void tell(const struct skep_prom *prom, const char *name, enum skep_prom_type type,
		 const char *unit, const char *help)
{
	size_t i = find_unit(unit);
	_cleanup_(skep_str_fini)
	struct skep_str full = {};

	skep_str_addf(&full, "%s%s", name, type == SKEP_PROM_COUNTER ? "_total" : "");
	prom->tell(prom->tell_data,
		   &(struct skep_prom_metric){ full.data, type,
					       i < ARRAY_SIZE(units) ? units[i].name : NULL, help,
					       prom->snapshot });
}

char *prom_begin(struct skep_prom *prom, const char *base, const char *member, const char *unit,
		 enum skep_prom_type type, const char *help, struct skep_str *out)
{
	static const char *const meant[] = { "_total", "_count", "_sum", "_bucket", "_info" };
	struct skep_str name = {};
	size_t len;

	skep_str_add(&name, PREFIX "_");
	prom_name(base, &name);
	if (member) {
		skep_str_addc(&name, '_');
		prom_name(member, &name);
	}
	add_unit(&name, unit);
	for (size_t i = 0; i < ARRAY_SIZE(meant); i++)
		if (skep_has_suffix(name.data, meant[i]) &&
		    !(type == SKEP_PROM_GAUGE && skep_streq(member ? member : "", "info")))
			skep_str_add(&name, "_value");
	len = name.len;
	for (unsigned n = 2; is_taken(prom, name.data); n++) {
		name.len = len;
		skep_str_addf(&name, "_%u", n);
	}
	take(prom, name.data);
	if (prom->tell) {
		tell(prom, name.data, type, unit, help);
		return name.data;
	}
	skep_str_addf(out, "# HELP %s%s ", name.data, type == SKEP_PROM_COUNTER ? "_total" : "");
	add_help(help, out);
	skep_str_addf(out, "# TYPE %s%s %s\n", name.data, type == SKEP_PROM_COUNTER ? "_total" : "",
		      skep_prom_type_name(type));
	return name.data;
}

void skep_prom_count(struct skep_prom *prom, const char *name, const char *help,
		     const struct skep_prom_label *labels, size_t n_labels, uint64_t count,
		     struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str full = {};

	skep_str_add(&full, PREFIX "_");
	prom_name(name, &full);
	if (!is_taken(prom, full.data))
		free(prom_begin(prom, name, NULL, NULL, SKEP_PROM_COUNTER, help, out));
	if (prom->tell)
		return;
	skep_str_addf(out, "%s_total", full.data);
	for (size_t i = 0; i < n_labels; i++) {
		skep_str_addc(out, i ? ',' : '{');
		prom_name(labels[i].name, out);
		skep_str_addc(out, '=');
		prom_quoted(labels[i].value, strlen(labels[i].value), out);
	}
	skep_str_addf(out, "%s %" PRIu64 "\n", n_labels ? "}" : "", count);
}

void skep_prom_fini(struct skep_prom *prom)
{
	for (size_t i = 0; i < prom->n_names; i++)
		free(prom->names[i]);
	free(prom->names);
	*prom = (struct skep_prom){};
}
