/* SPDX-License-Identifier: Apache-2.0 */
/* Iterators: programs that run when somebody reads. */
#include <errno.h>

#include "live/app_priv.h"
#include "sys/kernel.h"

#define TEXT_MAX (16u << 20)

static int read_all(int fd, struct skep_str *out)
{
	char bytes[16384];

	for (;;) {
		ssize_t n = read(fd, bytes, sizeof(bytes));

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (out->len < TEXT_MAX)
			skep_str_addn(out, bytes, (size_t)n);
	}
}

static int visit(struct skep_app *app, const struct skep_spec_attach *a)
{
	_cleanup_close_ int fd = skep_kernel_iter_open(app->loaded, a->prog);
	int r = fd < 0 ? fd : read_all(fd, &app->text);

	if (r < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC, "%s cannot be run: %s",
				app->spec.progs[a->prog].name, strerror(-r));
	return r;
}

int skep_app_visit(struct skep_app *app, const char **ret_text)
{
	int n = 0, r = 0;

	skep_str_reset(&app->text);
	if (app->is_attached)
		for (size_t i = 0; r >= 0 && i < app->spec.n_attaches; i++) {
			const struct skep_spec_attach *a = &app->spec.attaches[i];

			if (a->kind != SKEP_ATTACH_ITER || !app_prog_is_on(app, a->prog))
				continue;
			r = visit(app, a);
			n++;
		}
	if (r < 0)
		return r;
	*ret_text = skep_str_text(&app->text);
	return n;
}
