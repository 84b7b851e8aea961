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

/* The same with --packed: all texts are one block, which zlib's uncompress() makes of @bytes. */
struct skep_embedded_place {
	const char *name;
	size_t at; /* in the block: text, ended by a zero byte */
};

struct skep_embedded_pack {
	const struct skep_embedded_place *rows; /* the last one has no name */
	const unsigned char *bytes;
	size_t n_bytes, size; /* as they are, and of the block */
};
