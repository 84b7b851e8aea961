/* SPDX-License-Identifier: Apache-2.0 */
#include "live/match.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/dl.h"
#include "base/str.h"

/* Of pcre2.h, whose numbers stay. */
#define ZERO_TERMINATED ((size_t)-1)
#define MATCH_INVALID_UTF 0x04000000u
#define UCP 0x00020000u

struct skep_match {
	const char *columns;
	size_t columns_len;
	const char *expression;
	void *code, *data; /* NULL: it is a plain text */
};

static struct {
	void *(*compile)(const uint8_t *pattern, size_t len, uint32_t options, int *ret_error,
			 size_t *ret_at, void *context);
	void (*code_free)(void *code);
	int (*error_message)(int error, uint8_t *buffer, size_t size);
	void *(*data_create)(const void *code, void *context);
	void (*data_free)(void *data);
	int (*match)(const void *code, const uint8_t *text, size_t len, size_t from,
		     uint32_t options, void *data, void *context);
} pcre;

static struct skep_dl pcre_dl = SKEP_DL("libpcre2-8.so.0", "libpcre2-8-0");

static int open_library(struct skep_diag *diag)
{
	static const char *const names[] = {
		"pcre2_compile_8",	     "pcre2_code_free_8",
		"pcre2_get_error_message_8", "pcre2_match_data_create_from_pattern_8",
		"pcre2_match_data_free_8",   "pcre2_match_8",
	};
	int r = skep_dl_open(&pcre_dl, names, ARRAY_SIZE(names), &pcre);

	if (r == 0)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "regular expressions need the library %s%s",
			pcre_dl.soname,
			r == -ENOTSUP ? ", and this program is one without libraries" : "");
	skep_diag_hint(diag, "%s%s", r == -ENOTSUP ? "" : "install libpcre2-8-0; ",
		       "a text without any of . * + ? [ ] ( ) { } | ^ $ \\ is found without it");
	return -ENOTSUP;
}

static int compile(struct skep_match *m, struct skep_diag *diag)
{
	uint8_t why[128];
	size_t at;
	int error, r = open_library(diag);

	if (r < 0)
		return r;
	/* Texts of the kernel may be anything: what is no UTF-8 matches nothing. */
	m->code = pcre.compile((const uint8_t *)m->expression, ZERO_TERMINATED,
			       MATCH_INVALID_UTF | UCP, &error, &at, NULL);
	if (m->code) {
		m->data = pcre.data_create(m->code, NULL);
		if (!m->data)
			skep_oom();
		return 0;
	}
	pcre.error_message(error, why, sizeof(why));
	skep_diag_error(diag, SKEP_NO_LOC, "'%s' is no regular expression: %s, at its byte %zu",
			m->expression, (const char *)why, at + 1);
	skep_diag_hint(diag, "a \\ in front makes a character what it is: \\. \\+ \\(");
	return -EINVAL;
}

int skep_match_new(const char *text, struct skep_diag *diag, struct skep_match **ret_match)
{
	const char *equals = strchr(text, '=');
	struct skep_match *m;
	int r = 0;

	if (!equals || equals == text) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' names no column", text);
		skep_diag_hint(diag, "--match takes COLUMN[,COLUMN]=EXPRESSION: --match comm=^git");
		return -EINVAL;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->columns = text;
	m->columns_len = (size_t)(equals - text);
	m->expression = equals + 1;
	if (strpbrk(m->expression, ".*+?[](){}|^$\\"))
		r = compile(m, diag);
	if (r < 0) {
		skep_match_free(m);
		return r;
	}
	*ret_match = m;
	return 0;
}

void skep_match_free(struct skep_match *m)
{
	if (m && m->code) {
		pcre.data_free(m->data);
		pcre.code_free(m->code);
	}
	free(m);
}

static bool names(const struct skep_match *m, const char *field)
{
	const char *end = m->columns + m->columns_len;
	size_t len;

	for (const char *p = m->columns; p < end; p += len + 1) {
		len = strcspn(p, ",=");
		if (strncmp(p, field, len) == 0 && !field[len])
			return true;
	}
	return false;
}

bool skep_match_knows(const struct skep_match *m, const struct skep_schema *schema)
{
	for (size_t i = 0; i < schema->n_fields; i++)
		if (names(m, schema->fields[i].name))
			return true;
	return false;
}

static bool is_found(struct skep_match *m, const struct skep_str *text)
{
	if (!m->code)
		return strstr(skep_str_text(text), m->expression);
	return pcre.match(m->code, (const uint8_t *)skep_str_text(text), text->len, 0, 0, m->data,
			  NULL) > 0;
}

bool skep_match_takes(struct skep_match *m, const struct skep_schema *schema, const void *payload,
		      const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	bool any = false, found = false;

	for (size_t i = 0; !found && i < schema->n_fields; i++) {
		if (!names(m, schema->fields[i].name))
			continue;
		any = true;
		skep_str_reset(&text);
		skep_field_text(&schema->fields[i], payload, resolver, &text);
		found = is_found(m, &text);
	}
	return found || !any;
}
