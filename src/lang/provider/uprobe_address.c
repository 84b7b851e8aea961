/* SPDX-License-Identifier: Apache-2.0 */
/* Places of a uprobe that go by an address, or by a line of the source. */
#include "lang/provider/uprobe.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

int skep_uprobe_by_address(struct skep_uprobe_search *s, const char *binary, const char *text)
{
	const struct skep_world *w = s->c->world;
	struct skep_world_symbol symbol = {}, function;
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	char *end;
	uint64_t address;
	int r;

	errno = 0;
	address = strtoull(text, &end, 0);
	if (errno || *end)
		return skep_match_usage(s->c, s->point, skep_uprobe_provider(s->is_return),
					"'%s' is neither a function nor an address", text);
	r = w->user_offset
		    ? w->user_offset(w, binary, skep_match_files_of(s->c), address, &said, &symbol)
		    : -ERANGE;
	if (r == -ERANGE)
		return skep_match_missing(s->c, s->point, NULL, "%s has no code at %s", binary,
					  text);
	if (r < 0)
		return skep_uprobe_no_binary(s, binary, r, &said);
	if (!symbol.module)
		symbol.module = binary;
	function = symbol;
	function.offset -= symbol.inside;
	if (skep_uprobe_add_returns(s, &function, text))
		return skep_uprobe_tell_left_out(s);
	if (skep_uprobe_check_place(s, &function, symbol.inside) < 0)
		return -EINVAL;
	s->offset = symbol.inside;
	symbol.offset -= symbol.inside;
	skep_uprobe_add(s, &symbol, text);
	return 0;
}

static int on_line(void *data, const struct skep_world_symbol *symbol)
{
	struct skep_uprobe_search *s = data;

	/* Debugging information may be wrong; what nobody can tell is believed. */
	if (s->c->world->is_user_instruction && symbol->name && symbol->inside) {
		struct skep_world_symbol function = *symbol;

		function.offset -= symbol->inside;
		if (s->c->world->is_user_instruction(s->c->world, &function, symbol->inside) == 0)
			return skep_uprobe_check_place(s, &function, symbol->inside);
	}
	skep_uprobe_add(s, symbol, symbol->name ? symbol->name : "?");
	return 0;
}

static bool read_number(const char *text, unsigned *ret_number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || !value || value > INT32_MAX)
		return false;
	*ret_number = (unsigned)value;
	return true;
}

/* BINARY@FILE:LINE[:COLUMN] */
int skep_uprobe_by_line(struct skep_uprobe_search *s, const char *at)
{
	const struct skep_attach_point *point = s->point;
	const struct skep_provider *provider = skep_uprobe_provider(s->is_return);
	struct skep_compiler *c = s->c;
	const char *binary =
		skep_arena_strndup(c->arena, point->parts[1], (size_t)(at - point->parts[1]));
	unsigned line, column = 0, nearest = 0;
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	int r;

	if (s->is_return)
		return skep_match_usage(c, point, provider, "a line has no return");
	if (!read_number(point->parts[2], &line) || !at[1] ||
	    (point->n_parts == 4 && !read_number(point->parts[3], &column)))
		return skep_match_usage(c, point, provider, "'%s' is not a line of a file",
					strchr(point->text, '@') + 1);
	if (!c->world->user_line)
		return skep_match_unable(c, point, "name a function", "lines are not known here");
	s->by_line = true;
	r = c->world->user_line(c->world, binary, skep_match_files_of(c), at + 1, line, column,
				&said, on_line, s, &nearest);
	if (r < 0 && said.n_items)
		return skep_uprobe_no_binary(s, binary, r, &said);
	if (r < 0 && r != -ENOENT)
		return -EINVAL;
	if (s->found)
		return 0;
	r = skep_match_missing(c, point, NULL, "%s has no code at line %u%s of %s", binary, line,
			       column ? " and that column" : "", at + 1);
	if (nearest)
		skep_diag_hint(c->diag,
			       nearest > line ? "the next line that has some is %u"
					      : "the last line before it that has some is %u",
			       nearest);
	else
		skep_diag_hint(c->diag, "there is no code of a file of that name");
	return r;
}
