/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the machine and rights of this process that decide what of the kernel's abilities can be used: capabilities,
 * lockdown, security modules, limits, sysctls. Which of them stand in the way, and what to change then.
 *
 *	struct skep_setting all[SKEP_N_SETTINGS];
 *	skep_settings(arena, config_text, all);
 *	if (all[SKEP_SETTING_CAPABILITIES].change) ...
 */
#pragma once

#include "base/arena.h"

/* Those that take more than a look at a file come first. */
enum skep_setting_id {
	SKEP_SETTING_CAPABILITIES,
	SKEP_SETTING_LOCKDOWN,
	SKEP_SETTING_MEMLOCK,
	SKEP_SETTING_FILES,
	SKEP_SETTING_FTRACE = SKEP_SETTING_FILES,
	SKEP_N_SETTINGS = SKEP_SETTING_FILES + 7,
};

struct skep_setting {
	const char *name;
	const char *value;  /* "not told": the kernel has no such file, or it cannot be read */
	const char *change; /* NULL: it stands in nobody's way */
};

/* @config: of the running kernel, or NULL. Asks the kernel anew, and may try to make a map of 16 MB for a moment. */
void skep_settings(struct skep_arena *arena, const char *config,
		   struct skep_setting ret_all[SKEP_N_SETTINGS]);
/* How far the kernel is locked down, or, where nothing tells of it, as @config forces it to be from the start. NULL: not known. */
const char *skep_setting_lockdown(const char *config);
