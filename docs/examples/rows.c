/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that loads one in C, sets a variable, shows its rows and reads a map, with <skep/skep.h>.
 *
 *	cc rows.c $(pkg-config --cflags --libs skep) -o rows
 *	./rows rows.bpf.o "$PID" 3			until three rows have come
 */
#include <stdio.h>
#include <stdlib.h>

#include <skep/skep.h>

static int n_left;

/* Called for each record. A negative value ends skep_app_poll. */
static int show(void *data, const struct skep_app_row *row)
{
	char comm[16];
	int64_t pid;

	if (skep_app_row_number(row, "pid", &pid) < 0 ||
	    skep_app_row_value(row, "comm", comm, sizeof(comm)) < 0)
		return -1;
	printf("%s: pid %lld is %s\n", row->map, (long long)pid, comm);
	return --n_left > 0 ? 0 : -1;
}

static int run(struct skep_app *app, const char *object, const char *pid)
{
	int r = skep_app_open(app, object);

	if (r == 0)
		r = skep_app_set(app, "target", pid);
	if (r == 0)
		r = skep_app_attach(app);
	if (r < 0)
		return r;
	fprintf(stderr, "attached\n");
	while (n_left > 0 && (r = skep_app_poll(app, -1, show, NULL)) >= 0)
		;
	skep_app_detach(app);
	return n_left > 0 ? r : 0;
}

int main(int argc, char **argv)
{
	struct skep_app *app;
	const char *text;
	int r;

	if (argc != 4 || skep_app_new(NULL, &app) < 0)
		return 2;
	n_left = atoi(argv[3]);
	r = run(app, argv[1], argv[2]);
	text = r < 0 ? NULL : skep_app_map_text(app, "calls", SKEP_APP_JSON);
	if (text)
		fputs(text, stdout);
	fputs(skep_app_why(app), stderr);
	skep_app_close(app);
	return r < 0;
}
