/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug files: where distributions put what they strip from a binary.
 *
 *	/usr/lib/debug/.build-id/ab/cdef...debug	by the build id
 *	DIR/NAME, DIR/.debug/NAME, /usr/lib/debug/DIR/NAME	by the name in .gnu_debuglink
 *
 * A file counts when it belongs to the binary: its build id is the same, or, where neither has one, the checksum is the one
 * that the binary asks for.
 *
 *	r = skep_debugfile_open(elf, "/usr/bin/x", &fd, &path);
 */
#pragma once

#include "obj/elf_sym.h"

/* @path: of the binary; may be NULL, then only the build id helps. -ENOENT: there is none. *ret_path is malloc'ed. */
int skep_debugfile_open(const struct skep_elf *elf, const char *path, int *ret_fd,
			char **ret_path) _must_check_;

/*
 * .gnu_debuglink: the name and the checksum in @size bytes at @data. Names with a slash are refused: they would lead anywhere.
 * Exposed for tests. -EINVAL.
 */
int skep_debuglink_parse(const void *data, size_t size, const char **ret_name,
			 uint32_t *ret_crc) _must_check_;
