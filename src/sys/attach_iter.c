/* SPDX-License-Identifier: Apache-2.0 */
/* Iterators: a link that does nothing until somebody reads from it. */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "sys/explain.h"
#include "sys/kernel.h"
#include "sys/kernel_priv.h"

#define STEP_BYTES 16 /* one for each object: so many are visited between two looks at the rings */

static int pin(const struct skep_spec_attach *a, int link, struct skep_diag *diag)
{
	int r = skep_bpf_obj_pin(link, a->pin);

	if (r == 0)
		return 0;
	skep_diag_error(diag, a->loc, "cannot make %s: %s", a->pin, skep_explain_errno(r));
	if (r == -EEXIST)
		skep_diag_hint(diag, "it may be of an earlier run: rm %s", a->pin);
	else if (r == -ENOENT || r == -EPERM || r == -EINVAL)
		skep_diag_hint(diag, "only a file system of type bpf takes it, which is mounted at "
				     "/sys/fs/bpf: mount -t bpf bpf /sys/fs/bpf");
	return r;
}

/* What is visited when it is not everything: "pid:7", "map:counts", "cgroup:/x". @fd: to be kept open until it is attached. */
static int narrow(const struct skep_loaded *loaded, const struct skep_spec_attach *a,
		  const char *name, union skep_bpf_iter_info *info, uint32_t *ret_len, int *ret_fd,
		  struct skep_diag *diag)
{
	int r = 0;

	*ret_fd = -1;
	*ret_len = 0;
	if (a->pid > 0 || (name && skep_has_prefix(name, "pid:"))) {
		info->task.pid =
			a->pid > 0 ? (uint32_t)a->pid : (uint32_t)strtoul(name + 4, NULL, 10);
		*ret_len = sizeof(info->task);
	} else if (name && skep_has_prefix(name, "map:")) {
		r = *ret_fd = skep_attach_open_map(loaded, a, name + 4, diag);
		info->map.map_fd = (uint32_t)r;
		*ret_len = sizeof(info->map);
	} else if (name && skep_has_prefix(name, "cgroup:")) {
		r = *ret_fd = skep_attach_open_cgroup(a, name + 7, diag);
		info->cgroup.order = SKEP_BPF_CGROUP_ITER_DESCENDANTS_PRE;
		info->cgroup.cgroup_fd = (uint32_t)r;
		*ret_len = sizeof(info->cgroup);
	}
	return MIN(r, 0);
}

int skep_attach_iter(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag)
{
	union skep_bpf_iter_info info = {};
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = SKEP_BPF_ATTACH_ITER,
	};
	_cleanup_close_ int kept = -1;
	int fd, r;

	r = narrow(loaded, a, t->name, &info, &attr.iter.info_len, &kept, diag);
	if (r < 0)
		return r;
	if (attr.iter.info_len)
		attr.iter.info = skep_bpf_ptr(&info);
	fd = skep_bpf_link_create(&attr);
	if (fd < 0) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, fd, diag);
		if (info.task.pid && attr.iter.info_len == sizeof(info.task) &&
		    (fd == -EINVAL || fd == -E2BIG))
			skep_diag_hint(diag, "iterators visit one process (-p) since Linux 6.1");
		else if (fd == -EBADF || (fd == -EINVAL && !attr.iter.info_len))
			skep_diag_hint(diag,
				       "it may want to know what to visit: --at %s=map:MAP, or "
				       "cgroup:DIR",
				       loaded->spec->progs[a->prog].name);
		return fd;
	}
	r = a->pin ? pin(a, fd, diag) : 0;
	if (r < 0) {
		close(fd);
		return r;
	}
	return skep_kernel_add_link(loaded, a->prog, fd);
}

int skep_kernel_iter_open(const struct skep_loaded *loaded, size_t prog)
{
	for (size_t i = 0; i < loaded->links.len; i++)
		if (loaded->links.data[i].prog == prog)
			return skep_bpf_iter_create(loaded->links.data[i].fd);
	return -EINVAL;
}

int skep_kernel_iter_step(struct skep_loaded *loaded, size_t prog)
{
	char bytes[STEP_BYTES];
	struct kprog *p;
	ssize_t n;
	int r;

	if (prog >= loaded->spec->n_progs)
		return -EINVAL;
	p = &loaded->progs[prog];
	if (p->iter_fd < 0) {
		r = skep_kernel_iter_open(loaded, prog);
		if (r < 0)
			return r;
		p->iter_fd = r;
	}
	n = read(p->iter_fd, bytes, sizeof(bytes));
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return 1;
	r = n < 0 ? -errno : 0;
	close(p->iter_fd);
	p->iter_fd = -1;
	return r;
}
