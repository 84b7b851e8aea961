/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for itself: infrared receivers, functions of other programs, programs that are run once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys/explain.h"
#include "sys/kernel_priv.h"

/*
 * Infrared: attached to the device until it is detached.
 */

struct receiver {
	int device_fd, prog_fd;
	uint32_t attach_type;
};

static void leave_receiver(void *data)
{
	struct receiver *r = data;

	(void)!skep_bpf_prog_detach(r->prog_fd, r->device_fd, r->attach_type);
	close(r->prog_fd);
	close(r->device_fd);
	free(r);
}

int skep_attach_lirc(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_close_ int device = open(t->name, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int prog = fcntl(loaded->progs[a->prog].fd, F_DUPFD_CLOEXEC, 3);
	_cleanup_free_ struct receiver *receiver = malloc(sizeof(*receiver));
	uint32_t attach_type = loaded->progs[a->prog].attach_type;
	int r = device < 0 || prog < 0 ? -errno : 0;

	if (!receiver)
		return -ENOMEM;
	if (r == 0)
		r = skep_bpf_prog_attach(prog, device, attach_type);
	if (r < 0) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
		skep_diag_hint(diag,
			       "it has to be the device of an infrared receiver (/dev/lirc0), "
			       "on a kernel with CONFIG_BPF_LIRC_MODE2");
		return r;
	}
	*receiver = (struct receiver){ TAKE_FD(device), TAKE_FD(prog), attach_type };
	return skep_kernel_add_undo(loaded, a->prog, leave_receiver, TAKE_PTR(receiver));
}

/* Which program and which function of it: that was settled when it was loaded (load_replace.c). */
int skep_attach_replace(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct skep_attach_target *t, struct skep_diag *diag)
{
	int fd = skep_bpf_raw_tp_open(NULL, loaded->progs[a->prog].fd, 0);

	if (fd >= 0)
		return skep_kernel_add_link(loaded, a->prog, fd);
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, fd, diag);
	if (fd == -EBUSY)
		skep_diag_hint(diag, "that function is replaced already, or others trace it");
	return fd;
}

int skep_attach_once(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag)
{
	const char *name = loaded->spec->progs[a->prog].name;
	uint32_t value = 0;
	int r = skep_bpf_test_run(loaded->progs[a->prog].fd, NULL, 0, &value);

	if (r < 0) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, name, r, diag);
		return r;
	}
	if (value)
		skep_diag_add(diag, SKEP_DIAG_NOTE, a->loc, "program '%s' ran once and returned %d",
			      name, (int)value);
	return 0;
}
