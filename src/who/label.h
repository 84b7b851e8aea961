/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels: what people call the group that a process is in. For a container its name as its runtime has it, in front of it
 * its pod ("shop/cart-7d9f/web"), for the rest the unit of systemd, or the path.
 *
 *	number of a cgroup ──► its path ──► the component that is a container ──► the runtime's state files
 *
 * No daemon is asked. What was found is kept, so that the name outlives the container; of a group that was gone before anybody
 * asked, that is said.
 *
 *	skep_label_add(&labels, "", id, SKEP_LABEL_NAME, &out);
 *	skep_labels_fini(&labels);
 *
 * @root stands in front of every path that is looked at: "" but in tests.
 */
#pragma once

#include "base/str.h"
#include "base/vec.h"

enum skep_label_what {
	SKEP_LABEL_NAME,
	SKEP_LABEL_IMAGE, /* "" for what is no container, or not known */
	SKEP_LABEL_ID,	  /* the first twelve digits, or its name when it has no other */
};

#define SKEP_LABELS_MAX 4096 /* more than these are looked up each time */
/* The number is one of the memory hierarchy of version 1, where version 2 tells containers not apart. */
#define SKEP_LABEL_V1 (UINT64_C(1) << 63)

struct skep_label {
	uint64_t id;
	enum skep_label_what what;
	char *text;
};

struct skep_labels {
	SKEP_VEC(struct skep_label);
};

void skep_label_add(struct skep_labels *labels, const char *root, uint64_t id,
		    enum skep_label_what what, struct skep_str *out);
void skep_labels_fini(struct skep_labels *labels);

/* The label of the group with this path. Exposed for tests. */
void skep_label_of_path(const char *root, const char *path, enum skep_label_what what,
			struct skep_str *out);
