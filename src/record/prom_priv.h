/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by prom.c and prom_snapshot.c only. */
#pragma once

#include "record/prom.h"

/*
 * Begins a metric: HELP and TYPE. @base and @member (or NULL) are put together; @unit is a field's, or NULL. The name is
 * malloc'ed, without "_total", which is in @out already for counters.
 */
char *prom_begin(struct skep_prom *prom, const char *base, const char *member, const char *unit,
		 enum skep_prom_type type, const char *help, struct skep_str *out);
/* A name as metrics and labels have it. */
void prom_name(const char *text, struct skep_str *out);
/* A label's value in quotes. */
void prom_quoted(const char *text, size_t len, struct skep_str *out);
/* An integer in this unit (or NULL) as a number of the basic one, without loss. */
void prom_number(uint64_t value, bool is_signed, const char *unit, struct skep_str *out);
