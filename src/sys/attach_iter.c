/* SPDX-License-Identifier: Apache-2.0 */
/* Iterators: a link that does nothing until somebody reads from it. */
#include <errno.h>

#include "sys/explain.h"
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

int skep_attach_iter(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_iter_task task = { .pid = (uint32_t)a->pid };
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = SKEP_BPF_ATTACH_ITER,
	};
	int fd, r;

	if (a->pid > 0) {
		attr.iter.info = skep_bpf_ptr(&task);
		attr.iter.info_len = sizeof(task);
	}
	fd = skep_bpf_link_create(&attr);
	if (fd < 0) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, fd, diag);
		if (a->pid > 0 && (fd == -EINVAL || fd == -E2BIG))
			skep_diag_hint(diag, "iterators visit one process (-p) since Linux 6.1");
		return fd;
	}
	r = a->pin ? pin(a, fd, diag) : 0;
	if (r < 0) {
		close(fd);
		return r;
	}
	return skep_kernel_add_link(loaded, a->prog, fd);
}

static int open_visit(const struct skep_loaded *loaded, size_t prog)
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
		r = open_visit(loaded, prog);
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
