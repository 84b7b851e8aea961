/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Details: all that is known of one row, as lines. Of what belongs to a process: its parents, its group, what it was started with, and
 * its connections.
 *
 *	skep_top_details(&w, kind, row, &page);
 *	skep_top_page_clear(&page);
 */
#pragma once

#include "top/frame.h"

void skep_top_details(const struct skep_top_watching *w, enum skep_top_kind kind, const void *row,
		      struct skep_top_page *page);
void skep_top_page_add(struct skep_top_page *page, const char *fmt, ...) _printf_(2, 3);
void skep_top_page_clear(struct skep_top_page *page);
