/* SPDX-License-Identifier: Apache-2.0 */
/* Printing, and the functions on strings. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/memory.h"

#define LINE_MAX_BYTES 1024
#define ARGS_MAX 12

static uint64_t print(struct skep_vm_run *run, const char *format, uint32_t size,
		      const uint64_t *args, unsigned n)
{
	char line[LINE_MAX_BYTES];
	int r;

	if (size == 0 || format[size - 1] != 0)
		return vm_err(-EINVAL);
	r = vm_format(run, line, sizeof(line), format, size, args, n);
	if (r < 0)
		return vm_err(r);
	if (run->env.print) {
		size_t len = strlen(line);

		if (len && line[len - 1] == '\n')
			len--;
		run->env.print(run->env.data, line, len);
	}
	return (uint64_t)r - 1;
}

VM_HELPER(trace_printk)
{
	const uint64_t args[3] = { r3, r4, r5 };

	return print(run, vm_ptr(r1), (uint32_t)r2, args, 3);
}

/* Numbers in an array of 64-bit words. */
static int load_args(uint64_t from, uint64_t size, uint64_t *args, unsigned *ret_n)
{
	if (size % 8 || size > ARGS_MAX * 8 || (size && !from))
		return -EINVAL;
	if (size)
		memcpy(args, vm_ptr(from), size);
	*ret_n = (unsigned)(size / 8);
	return 0;
}

VM_HELPER(trace_vprintk)
{
	uint64_t args[ARGS_MAX];
	unsigned n;
	int r = load_args(r3, (uint32_t)r4, args, &n);

	return r < 0 ? vm_err(r) : print(run, vm_ptr(r1), (uint32_t)r2, args, n);
}

VM_HELPER(snprintf)
{
	uint64_t args[ARGS_MAX], span = vm_span(run, r3);
	unsigned n;
	int r = load_args(r4, (uint32_t)r5, args, &n);

	if (r < 0)
		return vm_err(r);
	return vm_err(vm_format(run, vm_ptr(r1), (uint32_t)r2, vm_ptr(r3),
				strnlen(vm_ptr(r3), span), args, n));
}

/* What an iterator shows: one piece after the other to the printer. */
VM_HELPER(seq_write)
{
	if (run->env.print)
		run->env.print(run->env.data, vm_ptr(r2), (uint32_t)r3);
	return 0;
}

VM_HELPER(seq_printf)
{
	uint64_t args[ARGS_MAX];
	char line[LINE_MAX_BYTES];
	unsigned n;
	int r = load_args(r4, (uint32_t)r5, args, &n);

	if (r < 0)
		return vm_err(r);
	r = vm_format(run, line, sizeof(line), vm_ptr(r2), (uint32_t)r3, args, n);
	if (r < 0)
		return vm_err(r);
	if (run->env.print)
		run->env.print(run->env.data, line, strlen(line));
	return 0;
}

VM_HELPER(strncmp)
{
	const char *a = vm_ptr(r1), *b = vm_ptr(r3);
	uint64_t size = (uint32_t)r2, span = vm_span(run, r3);

	for (uint64_t i = 0; i < size && i < span; i++) {
		if (a[i] != b[i])
			return vm_err((uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1);
		if (!a[i])
			break;
	}
	return 0;
}

/* One number at the front of the text: how many bytes it takes, or -errno. Base in the low 5 bits of @flags; 0: from the text. */
static uint64_t parse(const char *text, uint32_t size, uint64_t flags, bool is_signed, uint64_t to)
{
	unsigned base = (unsigned)flags & 31;
	uint32_t i = 0, first;
	bool negative = false, any = false;
	uint64_t value = 0;

	memset(vm_ptr(to), 0, 8);
	if (flags & ~31ull || (base != 0 && base != 8 && base != 10 && base != 16))
		return vm_err(-EINVAL);
	while (i < size && strchr(" \t\n\v\f\r", text[i]) && text[i])
		i++;
	if (i < size && text[i] == '-') {
		if (!is_signed)
			return vm_err(-EINVAL);
		negative = true;
		i++;
	}
	if (base == 0)
		base = i + 1 < size && text[i] == '0' && (text[i + 1] | 32) == 'x' ? 16
		       : i < size && text[i] == '0'				   ? 8
										   : 10;
	if (base == 16 && i + 1 < size && text[i] == '0' && (text[i + 1] | 32) == 'x')
		i += 2;
	for (first = i; i < size; i++) {
		unsigned c = (unsigned char)text[i], digit;

		digit = c >= '0' && c <= '9'		     ? c - '0'
			: (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
							     : 99;
		if (digit >= base)
			break;
		any = true;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return vm_err(-ERANGE);
	}
	(void)first;
	if (!any)
		return vm_err(-EINVAL);
	if (is_signed && value > (uint64_t)INT64_MAX + negative)
		return vm_err(-ERANGE);
	value = negative ? 0 - value : value;
	memcpy(vm_ptr(to), &value, 8);
	return i;
}

VM_HELPER(strtol)
{
	return parse(vm_ptr(r1), (uint32_t)r2, r3, true, r4);
}

VM_HELPER(strtoul)
{
	return parse(vm_ptr(r1), (uint32_t)r2, r3, false, r4);
}
