/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpack: the files of a packed table (base/embed.h).
 *
 *	static struct skep_unpacked tools = { &skep_embedded_tools, NULL };
 *	text = skep_unpacked_at(&tools, 0, &name);	// NULL behind the last
 */
#pragma once

#include "base/embed.h"

struct skep_unpacked {
	const struct skep_embedded_pack *pack;
	char *block; /* made at the first use */
};

/* The text of file @index and its name. Ends the process when memory is out. */
const char *skep_unpacked_at(struct skep_unpacked *u, size_t index, const char **ret_name);
/* Texts that it gave are gone; the next use makes them again. */
void skep_unpacked_release(struct skep_unpacked *u);
