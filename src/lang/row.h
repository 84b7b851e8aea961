/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the statement `row` stands in the tree: a call of the builtin of that name, whose arguments are the row's name
 * and then, for each field, its name, its unit ("" when it has none) and its value. The first two are literals.
 *
 *	parse_row.c ──► row("exec", "pid", "", pid, ...) ──► builtin/row.c
 *
 * A value with a condition is a ternary without its second half until getopt.c has left it out, or the condition away.
 *
 * `as span { ... }` behind it adds the same for each role, with a mark for a unit: a value of its own, which is not shown, or
 * the name of a field or of a kind as a literal.
 *
 *	row("io", "lat", "us", ..., "duration", "=field", "lat", "id", "=value", pid, "kind", "=value", "client")
 */
#pragma once

#define SKEP_ROW_FIRST 1 /* argument where the fields begin */
#define SKEP_ROW_STEP 3	 /* arguments of a field: name, unit, value */
#define SKEP_ROW_FIELDS_MAX 64

#define SKEP_ROW_HEX "hex" /* in the place of a unit: bytes are shown as hex digits */
#define SKEP_ROW_KEY "key" /* likewise: a number that tells rows apart */
#define SKEP_ROW_TOTAL '+' /* in front of a unit: what comes adds up */
#define SKEP_ROW_FIELD "=field"
#define SKEP_ROW_VALUE "=value"
#define SKEP_ROW_KIND "kind" /* a role for scripts only */
#define SKEP_ROW_ROLES_MAX 7
#define SKEP_ROW_ROLES "name, duration, start, failed, id, parent and kind"
