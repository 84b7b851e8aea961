/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchpoint: accesses of a place in memory, through the few breakpoint registers of the CPU. The
 * address is the same number in every process, unless -p says which one is meant.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/progkind.h"
#include "lang/match.h"

#define TYPE_BREAKPOINT 5 /* perf_event_open: PERF_TYPE_BREAKPOINT, HW_BREAKPOINT_R, W, X */
#define MODE_READ 1
#define MODE_WRITE 2
#define MODE_EXECUTE 4

extern const struct skep_provider skep_provider_watchpoint;

static int read_number(const char *text, uint64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	return errno || *end ? -EINVAL : 0;
}

/* Each letter once; 0: something else. */
static uint32_t read_mode(const char *text)
{
	uint32_t mode = 0;

	for (; *text; text++) {
		uint32_t bit = *text == 'r'   ? MODE_READ
			       : *text == 'w' ? MODE_WRITE
			       : *text == 'x' ? MODE_EXECUTE
					      : 0;

		if (!bit || (mode & bit))
			return 0;
		mode |= bit;
	}
	return (mode & MODE_EXECUTE) && mode != MODE_EXECUTE ? 0 : mode;
}

static int watchpoint_match(struct skep_compiler *c, struct skep_probe_node *probe,
			    const struct skep_attach_point *point)
{
	const struct skep_provider *provider = &skep_provider_watchpoint;
	const char *address_text = point->parts[1], *mode_text = point->parts[3];
	struct skep_instance *inst;
	uint64_t address, size;
	uint32_t mode = read_mode(mode_text);
	int r;

	if (read_number(address_text, &address) < 0) {
		r = skep_match_usage(c, point, provider, "'%s' is not an address", address_text);
		skep_diag_hint(c->diag, "not supported yet: arguments of functions; use uprobe and "
					"its arg0");
		return r;
	}
	if (read_number(point->parts[2], &size) < 0 ||
	    (size != 1 && size != 2 && size != 4 && size != 8))
		return skep_match_usage(c, point, provider,
					"'%s' is not a length: 1, 2, 4 or 8 bytes can be watched",
					point->parts[2]);
	if (!mode)
		return skep_match_usage(c, point, provider,
					"'%s' is not a kind of access: r, w, rw or x", mode_text);
	if (address % size)
		return skep_match_usage(c, point, provider,
					"%s is not a multiple of %llu, as the CPU wants it",
					address_text, (unsigned long long)size);
#if defined(__x86_64__)
	if (mode == MODE_READ) {
		r = skep_match_usage(c, point, provider, "this CPU cannot watch reads alone");
		skep_diag_hint(c->diag, "rw is told of reads and writes");
		return r;
	}
	if (mode == MODE_EXECUTE && size != 8)
		return skep_match_usage(c, point, provider, "the length of x is 8");
#endif
	inst = skep_instance_new(c, probe, point, provider);
	inst->proto.type = SKEP_PROG_PERF_EVENT;
	inst->attach.kind = SKEP_ATTACH_PERF;
	inst->attach.perf_type = TYPE_BREAKPOINT;
	inst->attach.perf_bp_type = mode;
	inst->attach.perf_config1 = address;
	inst->attach.perf_config2 = size;
	inst->attach.perf_period = 1;
	inst->attach.all_cpus = true;
	skep_instance_follow(c, inst);
	skep_instance_add(c, inst, point->text);
	return 0;
}

static int watchpoint_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			   bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	skep_str_add(out, "watchpoint:ADDRESS:LENGTH:MODE\n");
	return 0;
}

static const char *const aliases[] = { "w", NULL };

const struct skep_provider skep_provider_watchpoint = {
	.name = "watchpoint",
	.aliases = aliases,
	.usage = "watchpoint:0x7ffe1000:8:w (address, bytes, and r, w, rw or x)",
	.min_parts = 4,
	.max_parts = 4,
	.match = watchpoint_match,
	.list = watchpoint_list,
};
