/* SPDX-License-Identifier: Apache-2.0 */
/* Dashboards: for Grafana, and alert rules for Prometheus. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "live/world.h"
#include "record/dashboard.h"
#include "sys/explain.h"
#include "trace/dashboards.h"
#include "trace/tool.h"

static const char help[] =
	"usage: skep dashboards TOOL | FILE | skep\n"
	"       skep dashboards --alerts\n"
	"       skep dashboards -o FOLDER [TOOL | FILE]...\n"
	"\n"
	"Makes a dashboard of Grafana for what a tool or script gives Prometheus (--to prom),\n"
	"or, called skep, for how skep itself is: losses, pages. Nothing is run.\n"
	"\n"
	"  -o FOLDER      write NAME.json for each, and skep.json and skep.rules.yml; without\n"
	"                 names of all tools that work here\n"
	"  --alerts       the alert rules\n"
	"  -h, --help     this\n"
	"\n"
	"examples:\n"
	"  skep dashboards biolatency >biolatency.json\n"
	"  skep dashboards -o /var/lib/grafana/dashboards biolatency runqlat\n";

struct command {
	const char *folder;
	bool alerts;
	const char *const *names;
	size_t n_names;
	const struct skep_world *world;
	unsigned n_written, n_left_out;
};

static int usage(const char *what, const char *hint)
{
	fprintf(stderr, "skep: %s\n       = %s\n", what, hint);
	return SKEP_EXIT_USAGE;
}

static int write_file(const char *folder, const char *name, const char *ending,
		      const struct skep_str *text)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {};
	int r;

	skep_str_addf(&path, "%s/%s%s", folder, name, ending);
	r = skep_cli_write(path.data, skep_str_text(text), text->len);
	if (r < 0)
		fprintf(stderr, "skep: cannot write '%s': %s\n", path.data, strerror(-r));
	return r < 0 ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

/* @optional: when it cannot be compiled here it is counted, as skep doctor tells why. */
static int one(struct command *c, const char *name, bool optional)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_diag diag = {};
	int r = skep_dashboards_one(name, c->world, arena, &diag, &out);

	if (r == -ENOENT && diag.n_items == 0)
		return skep_cli_unknown_tool(name, arena);
	if (r < 0 && optional)
		c->n_left_out++;
	else if (r < 0)
		skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r < 0)
		return optional	       ? SKEP_EXIT_FINE
		       : r == -ENOTSUP ? SKEP_EXIT_CANNOT
				       : SKEP_EXIT_FAILED;
	c->n_written++;
	if (c->folder)
		return write_file(c->folder, skep_dashboards_name(name, arena), ".json", &out);
	return skep_cli_write(NULL, out.data, out.len) < 0 ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

static int folder(struct command *c)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str rules = {};
	const struct skep_tool *tool;
	int code;

	if (mkdir(c->folder, 0755) < 0 && errno != EEXIST) {
		fprintf(stderr, "skep: cannot make '%s': %s\n", c->folder, strerror(errno));
		return SKEP_EXIT_FAILED;
	}
	skep_dashboard_alerts(&rules);
	code = write_file(c->folder, "skep", ".rules.yml", &rules);
	if (!code)
		code = one(c, "skep", false);
	for (size_t i = 0; !code && i < c->n_names; i++)
		code = one(c, c->names[i], false);
	for (size_t i = 0; !code && !c->n_names && (tool = skep_tool_at(i, arena)); i++)
		code = one(c, tool->name, true);
	if (!code)
		fprintf(stderr, "skep: %u dashboards and skep.rules.yml are in %s\n", c->n_written,
			c->folder);
	if (!code && c->n_left_out)
		fprintf(stderr, "skep: %u tools do not work here: skep doctor says why\n",
			c->n_left_out);
	return code;
}

static int parse(int argc, char **argv, struct command *c)
{
	for (int i = 1; i < argc; i++) {
		if (skep_streq(argv[i], "--alerts"))
			c->alerts = true;
		else if (skep_streq(argv[i], "-o") && i + 1 < argc)
			c->folder = argv[++i];
		else if (argv[i][0] == '-')
			return usage("an option is wrong, or lacks its value",
				     "skep dashboards --help lists them");
		else /* names move to the front */
			((const char **)argv)[++c->n_names] = argv[i];
	}
	c->names = (const char *const *)argv + 1;
	if (!c->folder && !c->alerts && c->n_names != 1)
		return usage(
			c->n_names ? "several dashboards are several files"
				   : "of which tool or script?",
			"skep dashboards -o FOLDER writes them; skep dashboards TOOL shows one");
	return SKEP_EXIT_FINE;
}

int skep_cmd_dashboards(int argc, char **argv)
{
	struct command c = {};
	struct skep_kernel_world *world = NULL;
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str rules = {};
	int code, r;

	if (argc > 1 && (skep_streq(argv[1], "-h") || skep_streq(argv[1], "--help"))) {
		skep_cli_page(help);
		return SKEP_EXIT_FINE;
	}
	code = parse(argc, argv, &c);
	if (code)
		return code;
	if (c.alerts && !c.folder) {
		skep_dashboard_alerts(&rules);
		return skep_cli_write(NULL, rules.data, rules.len) < 0 ? SKEP_EXIT_FAILED
								       : SKEP_EXIT_FINE;
	}
	r = skep_world_new(&diag, &world);
	skep_cli_tell(&diag, false);
	if (r < 0)
		return SKEP_EXIT_CANNOT;
	c.world = skep_world_get(world);
	code = c.folder ? folder(&c) : one(&c, c.names[0], false);
	skep_world_free(world);
	return code;
}
