/* SPDX-License-Identifier: Apache-2.0 */
#include "top/filter.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/view.h"

static double unit_of(char letter)
{
	switch (tolower((unsigned char)letter)) {
	case 'k':
		return 1024;
	case 'm':
		return 1024 * 1024;
	case 'g':
		return 1024.0 * 1024 * 1024;
	default:
		return 0;
	}
}

static bool read_number(const char *text, double *ret_value)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || !isfinite(value))
		return false;
	if (*end && unit_of(*end) > 0)
		value *= unit_of(*end++);
	*ret_value = value;
	return !*end;
}

/* "cpu>": what stands in front of it is a column of numbers. */
static bool names_number(const struct skep_top_view *view, const char *word)
{
	size_t len = strcspn(word, "<>=!"), column;
	char name[32];

	if (!len || len >= sizeof(name) || !word[len])
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	return skep_top_column_find(view, name, &column) == 0 &&
	       skep_top_is_number(&view->columns[column]);
}

/* "cpu>50" */
static bool read_comparison(const struct skep_top_view *view, const char *word,
			    struct skep_top_filter_word *ret_word)
{
	size_t len = strcspn(word, "<>=!");
	const char *at = word + len;
	char name[32], compare = *at;
	bool equals = compare && at[1] == '=';

	if (!len || len >= sizeof(name) || !compare || (compare == '!' && !equals))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	if (skep_top_column_find(view, name, &ret_word->column) < 0 ||
	    !skep_top_is_number(&view->columns[ret_word->column]) ||
	    !read_number(at + 1 + equals, &ret_word->value))
		return false;
	ret_word->compare = compare == '!'   ? 'n'
			    : !equals	     ? compare
			    : compare == '<' ? 'l'
			    : compare == '>' ? 'g'
					     : '=';
	return true;
}

void skep_top_filter_parse(struct skep_top_filter *f, const struct skep_top_view *view,
			   const char *text)
{
	char *at = f->copy;

	f->n_words = 0;
	f->wrong = NULL;
	snprintf(f->copy, sizeof(f->copy), "%s", text);
	for (char *c = f->copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	while (f->n_words < SKEP_TOP_FILTER_WORDS) {
		struct skep_top_filter_word *word = &f->words[f->n_words];

		at += strspn(at, " ");
		if (!*at)
			return;
		*word = (struct skep_top_filter_word){ .none = *at == '!' };
		at += word->none;
		word->text = at;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
		if (!*word->text) /* "!" alone: more will be typed */
			continue;
		if (read_comparison(view, word->text, word))
			word->text = NULL;
		else if (!f->wrong && names_number(view, word->text))
			f->wrong = word->text;
		f->n_words++;
	}
}

/* Capitals of ASCII only: other letters as they are. */
static bool contains(const char *text, size_t size, const char *word)
{
	size_t len = strnlen(text, size), n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		while (k < n && tolower((unsigned char)text[i + k]) == (unsigned char)word[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool has_text(const struct skep_top_view *view, const void *row, const char *word)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];

		if (c->kind == SKEP_FIELD_STRING &&
		    contains((const char *)row + c->offset, c->size, word))
			return true;
	}
	return false;
}

static bool compares(const struct skep_top_filter_word *word, double value)
{
	switch (word->compare) {
	case '<':
		return value < word->value;
	case '>':
		return value > word->value;
	case 'l':
		return value <= word->value;
	case 'g':
		return value >= word->value;
	case 'n':
		return value < word->value || value > word->value;
	default:
		return !(value < word->value) && !(value > word->value);
	}
}

bool skep_top_filter_holds(const struct skep_top_filter *f, const struct skep_top_view *view,
			   const void *row)
{
	for (size_t i = 0; i < f->n_words; i++) {
		const struct skep_top_filter_word *word = &f->words[i];
		bool holds =
			word->text
				? has_text(view, row, word->text)
				: compares(word, skep_top_value(&view->columns[word->column], row));

		if (holds == word->none)
			return false;
	}
	return true;
}
