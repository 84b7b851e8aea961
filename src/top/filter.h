/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter: which rows are shown, as one types it.
 *
 *	nginx			it stands in one of the texts, capitals or not
 *	!root			it stands in none
 *	cpu>50  rss>=100M  pid=4711	a number; K, M, G are powers of 1024
 *
 * All words must hold. What is no comparison with a column that is there is a text; when such a column stands in front of
 * it, @wrong tells the word.
 *
 *	skep_top_filter_parse(&filter, view, "nginx cpu>5");
 *	if (skep_top_filter_holds(&filter, view, row)) ...
 */
#pragma once

#include "base/macros.h"

#define SKEP_TOP_FILTER_MAX 120 /* bytes of its text */
#define SKEP_TOP_FILTER_WORDS 8

struct skep_top_view;

struct skep_top_filter_word {
	const char *text; /* lower case, in the filter's own copy; NULL: a number is compared */
	bool none;	  /* it must not hold */
	size_t column;
	char compare; /* '<', '>', '=', 'l' for <=, 'g' for >=, 'n' for != */
	double value;
};

struct skep_top_filter {
	char copy[SKEP_TOP_FILTER_MAX + 1];
	struct skep_top_filter_word words[SKEP_TOP_FILTER_WORDS];
	size_t n_words;	   /* 0: all rows */
	const char *wrong; /* NULL, or a word that begins as a comparison and is none: "cpu>>5" */
};

/* More text, and more words, than there is room for are left out. */
void skep_top_filter_parse(struct skep_top_filter *filter, const struct skep_top_view *view,
			   const char *text);
bool skep_top_filter_holds(const struct skep_top_filter *filter, const struct skep_top_view *view,
			   const void *row);
