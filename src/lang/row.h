/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the statement `row` stands in the tree: a call of the builtin of that name, whose arguments are the row's name
 * and then, for each field, its name, its unit ("" when it has none) and its value. The first two are literals.
 *
 *	parse_row.c ──► row("exec", "pid", "", pid, ...) ──► builtin/row.c
 */
#pragma once

#define SKEP_ROW_FIRST 1 /* argument where the fields begin */
#define SKEP_ROW_STEP 3	 /* arguments of a field: name, unit, value */
#define SKEP_ROW_FIELDS_MAX 64
