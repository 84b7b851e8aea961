/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces of this process's network namespace, as lang/world.h asks for them. */
#pragma once

#include "lang/world.h"

int skep_world_interface(const struct skep_world *world, const char *name,
			 struct skep_world_interface *ret_interface) _must_check_;
int skep_world_each_interface(const struct skep_world *world, const char *glob,
			      skep_world_name_fn fn, void *data) _must_check_;
