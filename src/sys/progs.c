/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/progs.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "sys/bpf.h"

#define PROGS_MAX 4096	    /* looked at */
#define FUNCS_MAX 1024	    /* of one program */
#define BTF_MAX (16u << 20) /* bytes of the types of one */

struct func_info {
	uint32_t insn, type;
};

struct skep_progs {
	struct {
		SKEP_VEC(struct skep_prog_function);
	} functions;
	struct {
		SKEP_VEC(struct skep_btf *);
	} btfs;
};

int skep_progs_btf(uint32_t id, struct skep_btf **ret_btf)
{
	_cleanup_close_ int fd = skep_bpf_fd_by_id(SKEP_BPF_BTF_FD_BY_ID, id);
	struct skep_bpf_btf_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_free_ void *data = NULL;
	int r;

	if (fd < 0)
		return fd;
	r = skep_bpf_obj_info(fd, &info, &size);
	if (r < 0)
		return r;
	if (!info.btf_size || info.btf_size > BTF_MAX)
		return -EFBIG;
	data = malloc(info.btf_size);
	if (!data)
		return -ENOMEM;
	info = (struct skep_bpf_btf_info){
		.btf = skep_bpf_ptr(data),
		.btf_size = info.btf_size,
	};
	size = sizeof(info);
	r = skep_bpf_obj_info(fd, &info, &size);
	if (r < 0)
		return r;
	r = skep_btf_parse(data, info.btf_size, NULL, skep_btf_release_malloc, NULL, ret_btf);
	if (r == 0)
		(void)TAKE_PTR(data);
	return r;
}

/* What the kernel says of a program, and which types its functions have. */
static int read_info(int fd, struct skep_bpf_prog_info *ret_info, struct func_info **ret_funcs,
		     size_t *ret_n)
{
	_cleanup_free_ struct func_info *funcs = NULL;
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info), n;
	int r;

	r = skep_bpf_obj_info(fd, &info, &size);
	if (r < 0)
		return r;
	n = info.nr_func_info;
	if (!info.btf_id || !info.jited_len || !n || n > FUNCS_MAX ||
	    info.func_info_rec_size != sizeof(*funcs))
		return -ENOENT;
	funcs = calloc(n, sizeof(*funcs));
	if (!funcs)
		return -ENOMEM;
	info = (struct skep_bpf_prog_info){
		.nr_func_info = n,
		.func_info_rec_size = sizeof(*funcs),
		.func_info = skep_bpf_ptr(funcs),
	};
	size = sizeof(info);
	r = skep_bpf_obj_info(fd, &info, &size);
	if (r < 0)
		return r;
	*ret_info = info;
	*ret_funcs = TAKE_PTR(funcs);
	*ret_n = MIN(info.nr_func_info, n);
	return 0;
}

static void add_program(struct skep_progs *progs, int fd)
{
	_cleanup_free_ struct func_info *funcs = NULL;
	struct skep_bpf_prog_info info;
	struct skep_btf *btf;
	size_t n;

	if (read_info(fd, &info, &funcs, &n) < 0 || skep_progs_btf(info.btf_id, &btf) < 0)
		return;
	skep_vec_add(&progs->btfs, btf);
	for (size_t i = 0; i < n; i++) {
		struct skep_prog_function f = {
			.prog_id = info.id,
			.prog_type = info.type,
			.name = skep_btf_name(btf, funcs[i].type),
			.btf = btf,
			.func = funcs[i].type,
		};

		if (f.name[0])
			skep_vec_add(&progs->functions, f);
	}
}

int skep_progs_load(struct skep_progs **ret_progs)
{
	_cleanup_(skep_progs_freep)
	struct skep_progs *progs = calloc(1, sizeof(*progs));
	uint32_t id = 0;
	int r;

	if (!progs)
		return -ENOMEM;
	for (unsigned n = 0; n < PROGS_MAX; n++) {
		_cleanup_close_ int fd = -1;

		r = skep_bpf_next_id(SKEP_BPF_PROG_NEXT_ID, id, &id);
		if (r == -ENOENT)
			break;
		if (r < 0)
			return r;
		/* One that is gone by now is no loss. */
		fd = skep_bpf_fd_by_id(SKEP_BPF_PROG_FD_BY_ID, id);
		if (fd >= 0)
			add_program(progs, fd);
	}
	*ret_progs = TAKE_PTR(progs);
	return 0;
}

void skep_progs_free(struct skep_progs *progs)
{
	if (!progs)
		return;
	for (size_t i = 0; i < progs->btfs.len; i++)
		skep_btf_free(progs->btfs.data[i]);
	skep_vec_fini(&progs->btfs);
	skep_vec_fini(&progs->functions);
	free(progs);
}

size_t skep_progs_n(const struct skep_progs *progs)
{
	return progs->functions.len;
}

const struct skep_prog_function *skep_progs_at(const struct skep_progs *progs, size_t index)
{
	return &progs->functions.data[index];
}
