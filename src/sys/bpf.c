/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/bpf.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define RETRY_MAX 5
#define LOG_SIZE_FIRST (64u << 10)
#define LOG_SIZE_MAX (64u << 20)
#define LOG_END_BYTES 512 /* where the line with the figures is */

int skep_bpf(enum skep_bpf_cmd cmd, void *attr, unsigned size)
{
	int r;

	for (unsigned i = 0; i < RETRY_MAX; i++) {
		r = (int)syscall(SYS_bpf, cmd, attr, size);
		if (r >= 0)
			return r;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

/*
 * Makes something that holds memory. Kernels before 5.11 count that against the limit of locked memory, which is small, and
 * refuse what is beyond as not permitted: then the limit is lifted, for this process and those that it starts.
 */
static int make(enum skep_bpf_cmd cmd, void *attr, unsigned size)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit;
	int r = skep_bpf(cmd, attr, size);

	if (r != -EPERM || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY || setrlimit(RLIMIT_MEMLOCK, &all) < 0)
		return r;
	return skep_bpf(cmd, attr, size);
}

void skep_bpf_name(const char *name, char out[16])
{
	size_t i;

	memset(out, 0, 16);
	for (i = 0; name && name[i] && i < 15; i++) {
		unsigned char c = (unsigned char)name[i];

		out[i] = isalnum(c) || c == '_' || c == '.' ? (char)c : '_';
	}
}

int skep_bpf_map_create_full(const char *name, const struct skep_bpf_map_create *attr)
{
	struct skep_bpf_map_create a = *attr;

	skep_bpf_name(name, a.map_name);
	return make(SKEP_BPF_MAP_CREATE, &a, sizeof(a));
}

int skep_bpf_map_create(const char *name, uint32_t type, uint32_t key_size, uint32_t value_size,
			uint32_t max_entries, uint32_t flags)
{
	struct skep_bpf_map_create attr = {
		.map_type = type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = max_entries,
		.map_flags = flags,
	};

	return skep_bpf_map_create_full(name, &attr);
}

static int elem(enum skep_bpf_cmd cmd, int fd, const void *key, const void *value, uint64_t flags)
{
	struct skep_bpf_map_elem attr = {
		.map_fd = (uint32_t)fd,
		.key = skep_bpf_ptr(key),
		.value = skep_bpf_ptr(value),
		.flags = flags,
	};

	return skep_bpf(cmd, &attr, sizeof(attr));
}

int skep_bpf_map_lookup(int fd, const void *key, void *ret_value)
{
	return elem(SKEP_BPF_MAP_LOOKUP, fd, key, ret_value, 0);
}

int skep_bpf_map_update(int fd, const void *key, const void *value, uint64_t flags)
{
	return elem(SKEP_BPF_MAP_UPDATE, fd, key, value, flags);
}

int skep_bpf_map_delete(int fd, const void *key)
{
	return elem(SKEP_BPF_MAP_DELETE, fd, key, NULL, 0);
}

int skep_bpf_map_take(int fd, const void *key, void *ret_value)
{
	return elem(SKEP_BPF_MAP_LOOKUP_DELETE, fd, key, ret_value, 0);
}

int skep_bpf_map_next_key(int fd, const void *key, void *ret_key)
{
	return elem(SKEP_BPF_MAP_NEXT_KEY, fd, key, ret_key, 0);
}

int skep_bpf_map_freeze(int fd)
{
	struct skep_bpf_map_elem attr = { .map_fd = (uint32_t)fd };

	return skep_bpf(SKEP_BPF_MAP_FREEZE, &attr, sizeof(attr));
}

int skep_bpf_map_batch(int fd, bool delete, const void *in, void *out, void *keys, void *values,
		       uint32_t *count)
{
	struct skep_bpf_map_batch attr = {
		.in_batch = skep_bpf_ptr(in),
		.out_batch = skep_bpf_ptr(out),
		.keys = skep_bpf_ptr(keys),
		.values = skep_bpf_ptr(values),
		.count = *count,
		.map_fd = (uint32_t)fd,
	};
	int r;

	r = skep_bpf(delete ? SKEP_BPF_MAP_LOOKUP_DELETE_BATCH : SKEP_BPF_MAP_LOOKUP_BATCH, &attr,
		     sizeof(attr));
	*count = r == 0 || r == -ENOENT ? attr.count : 0;
	return r;
}

/* Since 6.4 a log that is too long loses its beginning and not its end, where the figures are. */
static bool has_end(const char *log)
{
	size_t len = strlen(log);

	return strstr(log + (len > LOG_END_BYTES ? len - LOG_END_BYTES : 0), "processed ");
}

int skep_bpf_prog_load(const struct skep_bpf_prog_load *attr, unsigned log_level, char **ret_log)
{
	struct skep_bpf_prog_load a = *attr;
	_cleanup_free_ char *log = NULL;
	uint32_t size;
	int r;

	if (!log_level)
		return make(SKEP_BPF_PROG_LOAD, &a, sizeof(a));
	for (size = LOG_SIZE_FIRST;; size *= 4) {
		free(log);
		log = malloc(size);
		if (!log)
			return -ENOMEM;
		log[0] = 0;
		a.log_buf = skep_bpf_ptr(log);
		a.log_size = size;
		a.log_level = log_level;
		r = make(SKEP_BPF_PROG_LOAD, &a, sizeof(a));
		log[size - 1] = 0;
		if (r != -ENOSPC || size >= LOG_SIZE_MAX ||
		    (log_level == SKEP_BPF_LOG_PATH && has_end(log)))
			break;
	}
	*ret_log = TAKE_PTR(log);
	return r;
}

int skep_bpf_test_run(int prog_fd, const void *ctx, size_t ctx_size, uint32_t *ret_value)
{
	struct skep_bpf_test_run attr = {
		.prog_fd = (uint32_t)prog_fd,
		.ctx_in = skep_bpf_ptr(ctx),
		.ctx_size_in = (uint32_t)ctx_size,
	};
	int r;

	r = skep_bpf(SKEP_BPF_TEST_RUN, &attr, sizeof(attr));
	if (r < 0)
		return r;
	*ret_value = attr.retval;
	return 0;
}

int skep_bpf_test_run_many(int prog_fd, uint32_t n, uint32_t *ret_ns)
{
	uint8_t frame[64] = {}; /* newer kernels want an Ethernet header at least */
	struct skep_bpf_test_run attr = {
		.prog_fd = (uint32_t)prog_fd,
		.data_in = skep_bpf_ptr(frame),
		.data_size_in = sizeof(frame),
		.repeat = n,
	};
	int r;

	r = skep_bpf(SKEP_BPF_TEST_RUN, &attr, sizeof(attr));
	if (r < 0)
		return r;
	*ret_ns = attr.duration;
	return 0;
}

int skep_bpf_btf_load(const void *data, size_t size, char *log, size_t log_size)
{
	struct skep_bpf_btf_load attr = {
		.btf = skep_bpf_ptr(data),
		.btf_size = (uint32_t)size,
		.log_buf = skep_bpf_ptr(log),
		.log_size = (uint32_t)log_size,
		.log_level = log ? 1 : 0,
	};

	return skep_bpf(SKEP_BPF_BTF_LOAD, &attr, sizeof(attr));
}

int skep_bpf_raw_tp_open(const char *name, int prog_fd, uint64_t cookie)
{
	struct skep_bpf_raw_tp attr = {
		.name = skep_bpf_ptr(name),
		.prog_fd = (uint32_t)prog_fd,
		.cookie = cookie,
	};

	return skep_bpf(SKEP_BPF_RAW_TP_OPEN, &attr, sizeof(attr));
}

int skep_bpf_link_create(const struct skep_bpf_link_create *attr)
{
	struct skep_bpf_link_create a = *attr;

	return skep_bpf(SKEP_BPF_LINK_CREATE, &a, sizeof(a));
}

int skep_bpf_link_update(int link_fd, int prog_fd)
{
	struct skep_bpf_link_update attr = {
		.link_fd = (uint32_t)link_fd,
		.new_prog_fd = (uint32_t)prog_fd,
	};

	return skep_bpf(SKEP_BPF_LINK_UPDATE, &attr, sizeof(attr));
}

static int old_attach(enum skep_bpf_cmd cmd, int prog_fd, int target_fd, uint32_t attach_type)
{
	struct skep_bpf_prog_attach attr = {
		.target_fd = (uint32_t)target_fd,
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = attach_type,
	};

	return skep_bpf(cmd, &attr, sizeof(attr));
}

int skep_bpf_prog_attach(int prog_fd, int target_fd, uint32_t attach_type)
{
	return old_attach(SKEP_BPF_PROG_ATTACH, prog_fd, target_fd, attach_type);
}

int skep_bpf_prog_detach(int prog_fd, int target_fd, uint32_t attach_type)
{
	return old_attach(SKEP_BPF_PROG_DETACH, prog_fd, target_fd, attach_type);
}

int skep_bpf_prog_query(int target_fd, uint32_t attach_type, uint32_t *ret_id)
{
	uint32_t ids[16] = {};
	struct skep_bpf_prog_query attr = {
		.target_fd = (uint32_t)target_fd,
		.attach_type = attach_type,
		.prog_ids = skep_bpf_ptr(ids),
		.prog_cnt = ARRAY_SIZE(ids),
	};
	int r = skep_bpf(SKEP_BPF_PROG_QUERY, &attr, sizeof(attr));

	if (r < 0 && r != -ENOSPC)
		return r;
	*ret_id = attr.prog_cnt ? ids[0] : 0;
	return 0;
}

int skep_bpf_link_perf(int prog_fd, int perf_fd, uint64_t cookie)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog_fd,
		.target_fd = (uint32_t)perf_fd,
		.attach_type = SKEP_BPF_ATTACH_PERF_EVENT,
	};

	attr.perf_event.cookie = cookie;
	return skep_bpf_link_create(&attr);
}

int skep_bpf_iter_create(int link_fd)
{
	struct skep_bpf_iter_create attr = { .link_fd = (uint32_t)link_fd };

	return skep_bpf(SKEP_BPF_ITER_CREATE, &attr, sizeof(attr));
}

int skep_bpf_obj_pin(int fd, const char *path)
{
	struct skep_bpf_obj_pin attr = { .path = skep_bpf_ptr(path), .fd = (uint32_t)fd };

	return skep_bpf(SKEP_BPF_OBJ_PIN, &attr, sizeof(attr));
}

int skep_bpf_obj_get(const char *path)
{
	struct skep_bpf_obj_pin attr = { .path = skep_bpf_ptr(path) };

	return skep_bpf(SKEP_BPF_OBJ_GET, &attr, sizeof(attr));
}

int skep_bpf_enable_stats(void)
{
	struct skep_bpf_enable_stats attr = {};

	return skep_bpf(SKEP_BPF_ENABLE_STATS, &attr, sizeof(attr));
}

int skep_bpf_fd_by_id(enum skep_bpf_cmd cmd, uint32_t id)
{
	struct skep_bpf_id attr = { .id = id };

	return skep_bpf(cmd, &attr, sizeof(attr));
}

int skep_bpf_next_id(enum skep_bpf_cmd cmd, uint32_t id, uint32_t *ret_id)
{
	struct skep_bpf_id attr = { .id = id };
	int r;

	r = skep_bpf(cmd, &attr, sizeof(attr));
	if (r < 0)
		return r;
	*ret_id = attr.next_id;
	return 0;
}

int skep_bpf_obj_info(int fd, void *info, uint32_t *size)
{
	struct skep_bpf_obj_info attr = {
		.fd = (uint32_t)fd,
		.info_len = *size,
		.info = skep_bpf_ptr(info),
	};
	int r;

	r = skep_bpf(SKEP_BPF_OBJ_INFO, &attr, sizeof(attr));
	if (r < 0)
		return r;
	*size = attr.info_len;
	return 0;
}

/* Walks all BTF objects, of programs too; one that goes away meanwhile is passed over. */
int skep_bpf_btf_fd_by_name(const char *name)
{
	uint32_t id = 0;
	int r;

	while ((r = skep_bpf_next_id(SKEP_BPF_BTF_NEXT_ID, id, &id)) == 0) {
		_cleanup_close_ int fd = skep_bpf_fd_by_id(SKEP_BPF_BTF_FD_BY_ID, id);
		char found[64] = "";
		struct skep_bpf_btf_info info = {
			.name = skep_bpf_ptr(found),
			.name_len = sizeof(found),
		};
		uint32_t size = sizeof(info);

		if (fd < 0 && fd != -ENOENT)
			return fd;
		if (fd < 0 || skep_bpf_obj_info(fd, &info, &size) < 0)
			continue;
		if (info.kernel_btf && !strcmp(found, name))
			return TAKE_FD(fd);
	}
	return r;
}
