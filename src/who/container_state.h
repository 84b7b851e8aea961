/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers as the state files of their runtimes have them: Docker, containerd (Kubernetes, k3s, nerdctl), CRI-O, Podman.
 *
 *	skep_containers(root, id, take, data);		// of one id, until take says enough; NULL: of all
 *
 * @root stands in front of every path that is looked at: "" but in tests.
 */
#pragma once

#include "base/str.h"
#include "who/group.h"

#define SKEP_CONTAINERS_MAX 4096 /* of one runtime that are looked at */

/* "" is what is not known. */
struct skep_container {
	char id[SKEP_CONTAINER_NAME_MAX];
	struct skep_str name, image, pod, space; /* the namespace of the pod */
};

void skep_container_fini(struct skep_container *container);
/* One with several names comes once for each of them. True: enough; and so is the result. */
typedef bool skep_container_fn(void *data, const struct skep_container *container);
bool skep_containers(const char *root, const char *id, skep_container_fn *take, void *data);
/* The pod that kubelet says a cgroup is of: by the uid in its path, from the names of the logs. False: it is of none. */
bool skep_container_pod(const char *root, const char *path, struct skep_container *container);
/* "shop/cart-7d9f/web": the pod in front of the name. */
void skep_container_label(const struct skep_container *container, struct skep_str *out);
