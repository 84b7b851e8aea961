/* SPDX-License-Identifier: Apache-2.0 */
/* Times as strftime() shows them, with microseconds. */
#include <string.h>

#include "base/clock.h"
#include "sys/cpus.h"
#include "who/who_priv.h"

/* strftime's format with %f replaced by the microseconds, which C does not have. */
static void expand_microseconds(const char *format, unsigned us, struct skep_str *out)
{
	for (; *format; format++) {
		if (format[0] == '%' && format[1] == 'f') {
			skep_str_addf(out, "%06u", us);
			format++;
		} else if (format[0] == '%' && format[1]) {
			skep_str_addn(out, format++, 2);
		} else {
			skep_str_addc(out, *format);
		}
	}
}

/* Where "%f" is; NULL: nowhere, or more than once. */
static const char *only_microseconds(const char *format)
{
	const char *found = NULL;

	for (; *format; format++) {
		if (format[0] != '%' || !format[1])
			continue;
		if (format[1] == 'f') {
			if (found)
				return NULL;
			found = format;
		}
		format++;
	}
	return found;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* False: not with this format. */
static bool learn_second(struct known_second *k, const char *format, time_t second,
			 const struct tm *tm)
{
	const char *at = only_microseconds(format);
	char head[64];

	k->format = NULL;
	if (!at || at == format || (size_t)(at - format) >= sizeof(head))
		return false; /* an empty text and one that is too long give 0 alike */
	memcpy(head, format, (size_t)(at - format));
	head[at - format] = '\0';
	k->after[0] = '\0';
	if (!strftime(k->before, sizeof(k->before), head, tm) ||
	    (at[2] && !strftime(k->after, sizeof(k->after), at + 2, tm)))
		return false;
	k->format = format;
	k->second = second;
	return true;
}
#pragma GCC diagnostic pop

static void add_second(const struct known_second *k, unsigned us, struct skep_str *out)
{
	char digits[6];

	for (int i = 5; i >= 0; i--, us /= 10)
		digits[i] = (char)('0' + us % 10);
	skep_str_add(out, k->before);
	skep_str_addn(out, digits, sizeof(digits));
	skep_str_add(out, k->after);
}

void skep_who_timestamp(void *data, uint64_t boot_ns, uint32_t index, struct skep_str *out)
{
	struct skep_who *who = data;
	const struct skep_who_options *o = &who->options;
	_cleanup_(skep_str_fini)
	struct skep_str format = {};
	const char *text_format;
	char text[512];
	unsigned us;
	uint64_t wall;
	time_t seconds;
	struct tm tm;

	if (!who->clock_offset_ns)
		who->clock_offset_ns = skep_clock_boot_offset_ns();
	if (!who->monotonic_offset_ns)
		who->monotonic_offset_ns = skep_clock_offset_ns();
	if (index && index == o->monotonic_format)
		wall = boot_ns + (uint64_t)who->monotonic_offset_ns;
	else
		wall = boot_ns + (uint64_t)who->clock_offset_ns;
	seconds = (time_t)(wall / 1000000000);
	us = (unsigned)(wall / 1000 % 1000000);
	text_format = index < o->n_time_formats ? o->time_formats[index] : "%H:%M:%S";
	if (skep_streq(who->second.format, text_format) && who->second.second == seconds) {
		add_second(&who->second, us, out);
		return;
	}
	localtime_r(&seconds, &tm);
	if (learn_second(&who->second, text_format, seconds, &tm)) {
		add_second(&who->second, us, out);
		return;
	}
	expand_microseconds(text_format, us, &format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	skep_str_addn(out, text, strftime(text, sizeof(text), skep_str_text(&format), &tm));
#pragma GCC diagnostic pop
}
