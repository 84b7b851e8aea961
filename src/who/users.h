/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of users, from /etc/passwd read by ourselves: libc's own way loads plugins, which a static program cannot, and may
 * ask the network for each id.
 */
#pragma once

#include "base/macros.h"

/* The name, or NULL. Lives as long as the process; changes of the file after the first call are not seen. */
const char *skep_user_name(uint32_t uid);

/* The id of a name. -ENOENT. */
int skep_user_id(const char *name, uint32_t *ret_uid) _must_check_;

/* Takes the name and id out of one line of the file, in place; NULL: not such a line. Exposed for tests. */
const char *skep_user_parse(char *line, uint32_t *ret_uid);
