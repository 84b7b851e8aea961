/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins: what stays in the kernel when the process that made it ends, as files of the BPF file system. Everything that
 * belongs together is below one directory:
 *
 *	/sys/fs/bpf/NAME/link/PROG-PLACE	what keeps a program attached
 *	                 prog/PROG
 *	                 map/MAP
 *
 * A name is what the file system takes: other bytes than letters, digits, '_' and '-' become '_', for it keeps dots for
 * itself (".rodata" is "_rodata").
 *
 *	r = skep_pins_path("tcpwatch", path, sizeof(path));	// "/sys/fs/bpf/tcpwatch"
 *	r = skep_pins_make(path);
 *	r = skep_pins_put(path, SKEP_PIN_MAP, "counts", map_fd);
 *	fd = skep_pins_get(path, SKEP_PIN_MAP, "counts");
 *	r = skep_pins_remove(path);				// detaches, too
 */
#pragma once

#include "base/macros.h"

#define SKEP_PINS_PATH_MAX 512
#define SKEP_PINS_NAME_MAX 128

enum skep_pin_kind {
	SKEP_PIN_LINK,
	SKEP_PIN_PROG,
	SKEP_PIN_MAP,
	SKEP_PIN_KINDS,
};

extern const char *const skep_pin_kinds[SKEP_PIN_KINDS]; /* "link", "prog", "map" */

/* @dir, or what it stands for when it is a bare name. -EINVAL, -ENAMETOOLONG. */
int skep_pins_path(const char *dir, char *out, size_t size) _must_check_;
/*
 * 0: there is nothing; -EEXIST: something is kept there; -ENOTUNIQ: something else than pins of ours is; -EMEDIUMTYPE: it is
 * not below a BPF file system.
 */
int skep_pins_look(const char *path) _must_check_;
/* The name of something there that is none of ours; -ENOENT: nothing is. */
int skep_pins_foreign(const char *path, char name[SKEP_PINS_NAME_MAX]) _must_check_;
/* Makes the directories, as far as they are missing, for root alone. */
int skep_pins_make(const char *path) _must_check_;
/* Nobody else changes it while the descriptor that this returns is open. -EBUSY: somebody does. */
int skep_pins_lock(const char *path) _must_check_;

/* Keeps @fd under that name; in the place of what was kept so, at once. */
int skep_pins_put(const char *path, enum skep_pin_kind kind, const char *name, int fd) _must_check_;
/* A descriptor, or -ENOENT. */
int skep_pins_get(const char *path, enum skep_pin_kind kind, const char *name) _must_check_;
int skep_pins_drop(const char *path, enum skep_pin_kind kind, const char *name) _must_check_;
/* In the order of names. Stops when @each returns other than 0 and returns that. */
int skep_pins_each(const char *path, enum skep_pin_kind kind,
		   int (*each)(void *data, const char *name), void *data) _must_check_;
/* All of them, links first, and the directories. -ENOTEMPTY: there is something else in it, which stays. */
int skep_pins_remove(const char *path) _must_check_;
