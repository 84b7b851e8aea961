/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracepoint formats: the kernel's description of an event's record (tracefs,
 * events/CATEGORY/EVENT/format) as a struct of the language. A pure parser: text in, fields out.
 *
 *	field:int dfd;	offset:16;	size:8;	signed:0;
 *
 * The size and sign of the record hold, not those of the C type: system call arguments are 8
 * bytes wide whatever they are called. Texts of variable length (__data_loc, __rel_loc) are
 * pointers to their first element; the field's data_loc or rel_loc says how to find it.
 */
#pragma once

#include "base/diag.h"
#include "lang/type.h"

#define SKEP_TRACEPOINT_FIELDS_MAX 256

/*
 * @name: for the struct, "sys_enter_openat". @space: where pointers among the fields point.
 * -EINVAL: not such a text (@diag says what, without a place). Fields that make no sense are left
 * out.
 */
int skep_tracepoint_parse(struct skep_types *types, const char *name, const char *text,
			  enum skep_space space, struct skep_diag *diag,
			  const struct skep_struct **ret_struct) _must_check_;
/* The fields as the text declares them, one an indented line, without the common ones: for -lv. */
void skep_tracepoint_list(const char *text, struct skep_str *out);

/*
 * Such a text from the kernel's types, for who may not read tracefs, and for kernels that do not run here. *ret_class: the
 * class whose record it is; another name than the event's is the likeliest of those that take the same.
 * -ENOENT: no such event; -ENODATA: several classes are as likely.
 */
int skep_tracepoint_describe(const struct skep_btf *btf, const char *category, const char *event,
			     struct skep_str *out, const char **ret_class) _must_check_;
/*
 * Calls @each with "CATEGORY/EVENT" for every event whose name matches the pattern. The types do not know categories: any
 * but "syscalls" is believed. Stops when @each returns other than 0 and returns that. -ENODATA: of a pattern that depends on
 * categories; @each was given what may match, of any category.
 */
int skep_tracepoint_known(const struct skep_btf *btf, const char *category, const char *glob,
			  int (*each)(void *data, const char *path), void *data) _must_check_;
