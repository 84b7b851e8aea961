/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Layouts that a header made from BTF has to repeat: gaps, bit fields, packed, aligned, unions, names that come twice. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum small {
	SMALL_A,
	SMALL_B
} __attribute__((packed));
enum wide {
	WIDE = 0x100000000ull,
	WIDER = -1ll
};
enum {
	UNNAMED_A = 5,
	UNNAMED_B = -7
};

struct gaps {
	u8 a;
	u64 b;
	u8 c __attribute__((aligned(64)));
	u32 d;
} __attribute__((aligned(256)));

struct fields {
	u32 a : 3;
	u32 : 0;
	u32 b : 31;
	u64 c : 40;
	u8 d : 7;
	u8 e : 2;
	enum small f : 1;
	_Bool g : 1;
	int h : 9;
	u64 i : 60;
};

struct __attribute__((packed)) tight {
	u8 a;
	u64 b;
	u32 c : 5;
	u32 d : 29;
	struct fields e;
	u8 f;
};

struct later;
struct inside {
	u8 a;
	struct tight b;
	union {
		u64 c;
		struct {
			u8 d, e;
			u32 f;
		};
		u8 g[3] __attribute__((aligned(32)));
	};
	struct {
		int h;
		struct gaps *i;
	} j[3];
	enum small k;
	enum wide l;
	int (*m)(struct inside *self, u64 (*n)[4], ...);
	const volatile char *const o[2];
	void (*(*p)(int))(struct later *);
	u64 q[];
};

union choice {
	u8 a;
	struct {
		u8 b[5];
	} c;
	u32 d : 20;
} __attribute__((aligned(16)));

struct nothing {
};

struct later {
	struct nothing a;
	union choice b;
	struct inside *c;
	u8 d[0];
};

struct gaps gaps;
struct fields fields;
struct tight tight;
struct inside inside;
union choice choice;
struct later later;
enum small small;
enum wide wide;
