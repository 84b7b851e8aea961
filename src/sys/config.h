/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the running kernel was configured, for objects that ask (obj/object.h), and which version it calls itself. Only
 * for their sake: what a kernel can do is found by trying (sys/feature.h).
 *
 *	_cleanup_(skep_str_fini) struct skep_str text = {};
 *	r = skep_config_read(NULL, &text);		// "CONFIG_HZ=250\n…"
 *	options.config = skep_str_text(&text);
 */
#pragma once

#include "base/str.h"

/*
 * The text of file @path, which may be compressed with gzip; NULL: of the first that is there of /proc/config.gz,
 * /boot/config-RELEASE and /lib/modules/RELEASE/config. -ENOENT; -EFBIG: more than a configuration has.
 */
int skep_config_read(const char *path, struct skep_str *out) _must_check_;
/* Whether the line "NAME=y", or =m, is in @config; the name has @len bytes. */
bool skep_config_is_set(const char *config, const char *name, size_t len);
/* As KERNEL_VERSION() of C has it: 6.12.3 is 0x60c03. 0: it is not told. */
uint32_t skep_config_kernel_version(void);
