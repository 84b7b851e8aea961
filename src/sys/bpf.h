/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf(2): one thin function per command. No policy: what to retry, to explain or to fall back on is
 * the caller's.
 *
 * Every function returns 0 (or a descriptor, close-on-exec, where it says so) or -errno. Names
 * given to the kernel are cut and cleaned to what it accepts.
 *
 *	fd = skep_bpf_map_create("counts", SKEP_MAP_HASH, 4, 8, 1024, 0);
 *	r = skep_bpf_map_lookup(fd, &key, &value);
 *	fd = skep_bpf_prog_load(&attr, log_level, &log);
 *	fd = skep_bpf_raw_tp_open("sys_enter", prog_fd, 0);
 */
#pragma once

#include "sys/uapi.h"

/*
 * The system call itself. EINTR and EAGAIN (the verifier interrupted by a signal) are retried a few
 * times.
 */
int skep_bpf(enum skep_bpf_cmd cmd, void *attr, unsigned size) _must_check_;

/*
 * Copies @name as a kernel object's name: at most 15 bytes, every byte it would refuse becomes '_'.
 */
void skep_bpf_name(const char *name, char out[16]);

/* Returns a descriptor. */
int skep_bpf_map_create(const char *name, uint32_t type, uint32_t key_size, uint32_t value_size,
			uint32_t max_entries, uint32_t flags) _must_check_;
/* The same with everything that can be said of a map; the name is not looked at in @attr. */
int skep_bpf_map_create_full(const char *name, const struct skep_bpf_map_create *attr) _must_check_;
int skep_bpf_map_lookup(int fd, const void *key, void *ret_value) _must_check_;
int skep_bpf_map_update(int fd, const void *key, const void *value, uint64_t flags) _must_check_;
int skep_bpf_map_delete(int fd, const void *key) _must_check_;
/* Looks up and deletes, since Linux 5.14; @key NULL: the next element of a queue or a stack. -ENOENT: there is none. */
int skep_bpf_map_take(int fd, const void *key, void *ret_value) _must_check_;
int skep_bpf_map_next_key(int fd, const void *key, void *ret_key) _must_check_;
int skep_bpf_map_freeze(int fd) _must_check_;
/*
 * Up to *@count entries into @keys and @values. @in: NULL at the first call, then the token that
 * @out received (as large as a key, at least 4 bytes). *@count is what was copied; -ENOENT: that
 * was the end (the entries are valid), -ENOSPC: *@count is too small for one hash bucket, -EINVAL
 * or -EOPNOTSUPP: this map cannot. With @delete the entries are taken out.
 */
int skep_bpf_map_batch(int fd, bool delete, const void *in, void *out, void *keys, void *values,
		       uint32_t *count) _must_check_;

/*
 * Returns a descriptor. @log_level 0 asks for no log and ignores @ret_log; else *ret_log receives
 * the log (malloc), on failure too. Its buffer grows until the log fits, up to 64 MB. At level
 * SKEP_BPF_LOG_PATH its end is enough, which newer kernels keep. -ENOSPC: the program may be fine
 * or not, but the log did not fit.
 */
int skep_bpf_prog_load(const struct skep_bpf_prog_load *attr, unsigned log_level,
		       char **ret_log) _must_check_;
/*
 * Runs the program once. @ctx is copied in; the kinds we run this way have no output but
 * *ret_value.
 */
int skep_bpf_test_run(int prog_fd, const void *ctx, size_t ctx_size,
		      uint32_t *ret_value) _must_check_;
/* A program that takes packets, @n times on an empty frame; nanoseconds of one run. -EINTR: a signal came. */
int skep_bpf_test_run_many(int prog_fd, uint32_t n, uint32_t *ret_ns) _must_check_;

/* Return descriptors. */
int skep_bpf_btf_load(const void *data, size_t size, char *log, size_t log_size) _must_check_;
/*
 * @name NULL: what the program was verified against (tp_btf, fentry, fexit). Needs 6.10 when
 * @cookie is not 0.
 */
int skep_bpf_raw_tp_open(const char *name, int prog_fd, uint64_t cookie) _must_check_;
int skep_bpf_link_create(const struct skep_bpf_link_create *attr) _must_check_;
/*
 * Program @prog_fd in the place of the one that link @link_fd has, in one step. -EINVAL, -EOPNOTSUPP: links of this kind
 * cannot.
 */
int skep_bpf_link_update(int link_fd, int prog_fd) _must_check_;
/*
 * Hooks that are older than links, and stay attached until they are detached. @target_fd: a map, a device, whatever the
 * attach type wants. An exclusive one is replaced without a word: ask first.
 */
int skep_bpf_prog_attach(int prog_fd, int target_fd, uint32_t attach_type) _must_check_;
int skep_bpf_prog_detach(int prog_fd, int target_fd, uint32_t attach_type) _must_check_;
/* The id of a program that is attached there, or 0. -EINVAL, -EOPNOTSUPP: such a place cannot be asked here. */
int skep_bpf_prog_query(int target_fd, uint32_t attach_type, uint32_t *ret_id) _must_check_;
int skep_bpf_link_perf(int prog_fd, int perf_fd, uint64_t cookie) _must_check_;
/* What reads an iterator: a descriptor. */
int skep_bpf_iter_create(int link_fd) _must_check_;
/* Keeps an object of the kernel under a path in a file system of type bpf. */
int skep_bpf_obj_pin(int fd, const char *path) _must_check_;
/* What is kept there: a descriptor. -ENOENT. */
int skep_bpf_obj_get(const char *path) _must_check_;
/* Statistics are on for as long as the descriptor is open. */
int skep_bpf_enable_stats(void) _must_check_;
/* The kernel object with this id; @cmd is SKEP_BPF_PROG_FD_BY_ID or one of its siblings. */
int skep_bpf_fd_by_id(enum skep_bpf_cmd cmd, uint32_t id) _must_check_;

/*
 * The kernel's own BTF object with this name: "vmlinux", or a module. -ENOENT. Returns a
 * descriptor.
 */
int skep_bpf_btf_fd_by_name(const char *name) _must_check_;

/* @cmd is SKEP_BPF_PROG_NEXT_ID or a sibling. -ENOENT at the end. */
int skep_bpf_next_id(enum skep_bpf_cmd cmd, uint32_t id, uint32_t *ret_id) _must_check_;
/*
 * Fills @info as far as the kernel knows it. *@size is the room, afterwards the size of the
 * kernel's struct or less.
 */
int skep_bpf_obj_info(int fd, void *info, uint32_t *size) _must_check_;

static inline uint64_t skep_bpf_ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}
