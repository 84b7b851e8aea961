/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are part of the program: scripts/embed makes a table of them when it is built.
 *
 *	sources += custom_target('tools', output: 'tools.c', depfile: 'tools.d',
 *		command: [embed, 'skep_embedded_tools', '@OUTPUT@', '@DEPFILE@', FOLDER])
 *
 *	extern const struct skep_embedded skep_embedded_tools[];
 *	for (const struct skep_embedded *f = skep_embedded_tools; f->name; f++) ...
 *
 * Rows are in the order of their names; the last one has none.
 */
#pragma once

#include <stddef.h>

struct skep_embedded {
	const char *name; /* of the file, without its folders */
	const char *text; /* size bytes and a zero byte */
	size_t size;
};
