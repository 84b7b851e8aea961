/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data_asm.h"
#include "data_file.h"

enum section {
	NONE,
	ASM,
	RAW,
	MEM,
	RESULT,
	ERROR,
	IGNORED
};

static int wrong(struct data_case *c, const char *format, ...) _printf_(2, 3);
static int wrong(struct data_case *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(c->why, sizeof(c->why), format, ap);
	va_end(ap);
	return -EINVAL;
}

static char *trim(char *line)
{
	char *end;

	while (isspace((unsigned char)*line))
		line++;
	end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = 0;
	return line;
}

static int open_section(struct data_case *c, const char *line, enum section *ret_section)
{
	static const struct {
		const char *word;
		enum section section;
	} sections[] = {
		{ "asm", ASM },
		{ "raw", RAW },
		{ "mem", MEM },
		{ "result", RESULT },
		{ "error", ERROR },
		{ "c", IGNORED },
		{ "no register offset", IGNORED },
	};
	const char *word = strstr(line, "--") + 2;

	while (isspace((unsigned char)*word) || *word == '-')
		word++;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strcmp(word, sections[i].word) == 0) {
			*ret_section = sections[i].section;
			c->has_mem |= *ret_section == MEM;
			c->has_error |= *ret_section == ERROR;
			return 0;
		}
	snprintf(c->why, sizeof(c->why), "nobody knows a section '%s'", word);
	return -EOPNOTSUPP;
}

static int read_mem(struct data_case *c, const char *line)
{
	while (*line) {
		char byte[3] = { line[0], line[0] ? line[1] : 0, 0 };

		if (isspace((unsigned char)*line)) {
			line++;
			continue;
		}
		if (!isxdigit((unsigned char)byte[0]) || !isxdigit((unsigned char)byte[1]))
			return wrong(c, "not a byte: %s", line);
		if (c->mem_size == DATA_MEM_MAX)
			return wrong(c, "more than %d bytes of memory", DATA_MEM_MAX);
		c->mem[c->mem_size++] = (uint8_t)strtoul(byte, NULL, 16);
		line += 2;
	}
	return 0;
}

static int read_raw(struct data_case *c, char *line)
{
	for (char *save = NULL, *word = strtok_r(line, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		char *end;
		uint64_t value = strtoull(word, &end, 0);

		if (*end)
			return wrong(c, "not an instruction word: %s", word);
		if (c->n_insns == DATA_INSNS_MAX)
			return wrong(c, "more than %d instructions", DATA_INSNS_MAX);
		memcpy(&c->insns[c->n_insns++], &value, sizeof(value));
	}
	return 0;
}

static int read_result(struct data_case *c, const char *line)
{
	char *end;

	c->result = strtoull(line, &end, strstr(line, "0x") ? 16 : 10);
	if (*end || end == line)
		return wrong(c, "not a result: %s", line);
	c->has_result = true;
	return 0;
}

static int read_line(struct data_case *c, enum section section, char *line,
		     struct data_asm *assembler)
{
	switch (section) {
	case ASM:
		return data_asm_line(assembler, line);
	case RAW:
		return read_raw(c, line);
	case MEM:
		return read_mem(c, line);
	case RESULT:
		return read_result(c, line);
	case ERROR:
		snprintf(c->error, sizeof(c->error), "%s", line);
		return 0;
	case NONE:
		return wrong(c, "text in front of the first section: %s", line);
	case IGNORED:
		break;
	}
	return 0;
}

int data_read(const char *text, size_t len, struct data_case *ret_case)
{
	_cleanup_free_ char *copy = strndup(text, len);
	struct data_asm assembler = { .out = ret_case->insns, .max = DATA_INSNS_MAX };
	enum section section = NONE;
	char *save = NULL;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	memset(ret_case, 0, sizeof(*ret_case));
	for (char *line = strtok_r(copy, "\r\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\r\n", &save)) {
		line[strcspn(line, "#")] = 0;
		line = trim(line);
		if (!*line)
			continue;
		r = strstr(line, "--") == line ? open_section(ret_case, line, &section)
					       : read_line(ret_case, section, line, &assembler);
	}
	if (r == 0 && assembler.n)
		r = data_asm_finish(&assembler, &ret_case->n_insns);
	if (r < 0 && !ret_case->why[0])
		snprintf(ret_case->why, sizeof(ret_case->why), "%s", assembler.why);
	if (r == 0 && ret_case->n_insns == 0)
		r = wrong(ret_case, "there is no program");
	return r;
}
