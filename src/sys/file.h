/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files of /proc and /sys. They have no size beforehand and are read in one go.
 *
 *	r = skep_file_read("/sys/devices/system/cpu/online", 4096, &text, NULL);
 *	r = skep_file_read_number("/sys/bus/event_source/devices/uprobe/type", &type);
 */
#pragma once

#include "base/macros.h"

/*
 * The whole file, terminated by a zero byte that *ret_len (may be NULL) does not count. malloc'ed.
 * -EFBIG: more than @limit bytes.
 */
int skep_file_read(const char *path, size_t limit, char **ret_text, size_t *ret_len) _must_check_;
/* The same below directory @dir. */
int skep_file_read_at(int dir, const char *path, size_t limit, char **ret_text,
		      size_t *ret_len) _must_check_;
/* A file that others can put in place: -EINVAL when it is a pipe or a device, which could hold us up. */
int skep_file_read_regular(const char *path, size_t limit, char **ret_text,
			   size_t *ret_len) _must_check_;
/*
 * openat() of what the user names, with the user's own rights: when the program file has CAP_DAC_READ_SEARCH, that is for
 * the kernel's files and not for anybody's who may run the program. -1 and errno, as open() has it.
 */
int skep_file_open_own(int dir, const char *path, int flags) _must_check_;
/* A number in decimal, or in hexadecimal after 0x. -EINVAL: the file holds something else. */
int skep_file_read_number(const char *path, uint64_t *ret_number) _must_check_;

/*
 * Calls @each with every line (terminated, without its newline, may be written to) of a file that
 * is too long to hold, with 64 kB of memory. Longer lines than 4 kB come in pieces. Stops when
 * @each returns other than 0 and returns that.
 */
int skep_file_lines_at(int dir, const char *path, int (*each)(void *data, char *line),
		       void *data) _must_check_;
