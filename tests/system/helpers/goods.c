/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goods: a program whose functions have the names that C++ and Rust give them, and debugging information.
 *
 *	goods [wait=MS] 3	i from 1 to 3, after a while, calls each of these once:
 *
 *	shop::sell(int)			i
 *	shop::sell(char const*)		"apple"
 *	shop::Stock::add(int, long)	&stock, i, 10 * i; stock is { count, name "fruits", { width 3, height 4 } }
 *	store::find (of Rust)		i
 *	weigh				2.5 * i, then i and &stock: a number that is in no general register; its line 102
 *					of src/wares.c is its first statement
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct box {
	short width, height;
};

enum color {
	RED = 1,
	GREEN,
	BLUE
};

struct stock {
	unsigned long count;
	const char *name;
	struct box box;
	unsigned int small : 3, large : 9;
	enum color color;
	struct stock *next;
	int numbers[4];
};

static struct stock stock = { 0, "fruits", { 3, 4 }, 5, 300, GREEN, &stock, { 1, 2, 3, 4 } };
static volatile long sink;

#define KEEP __attribute__((noinline, noclone, used))

KEEP void sell_number(int amount) __asm__("_ZN4shop4sellEi");
KEEP void sell_name(const char *name) __asm__("_ZN4shop4sellEPKc");
KEEP long stock_add(struct stock *this, int amount, long price) __asm__("_ZN4shop5Stock3addEil");
KEEP int find(unsigned char what) __asm__("_ZN5store4find17h0123456789abcdefE");
KEEP int weigh(double weight, int amount, const struct stock *of);

void sell_number(int amount)
{
	sink += amount;
}

void sell_name(const char *name)
{
	sink += name[0];
}

long stock_add(struct stock *this, int amount, long price)
{
	this->count += (unsigned long)amount;
	sink += price;
	return (long)this->count;
}

int find(unsigned char what)
{
	sink += what;
	return (int)sink;
}

/* clang-format off */
#line 100 "src/wares.c"
int weigh(double weight, int amount, const struct stock *of)
{
	sink += (long)weight + of->numbers[2];
	return amount;
}
#line 200 "goods.c"
/* clang-format on */

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[argc - 1]) : 1;

	if (argc > 2 && !strncmp(argv[1], "wait=", 5))
		usleep((useconds_t)atoi(argv[1] + 5) * 1000);
	for (int i = 1; i <= n; i++) {
		sell_number(i);
		sell_name("apple");
		stock_add(&stock, i, 10 * i);
		find((unsigned char)i);
		weigh(2.5 * i, i, &stock);
	}
	return 0;
}
