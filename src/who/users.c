/* SPDX-License-Identifier: Apache-2.0 */
#include "who/users.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "sys/file.h"

#define PASSWD_MAX (16 * 1024 * 1024)

struct user {
	uint32_t uid;
	const char *name;
};

static struct {
	bool loaded;
	char *text;
	struct {
		SKEP_VEC(struct user);
	} list; /* in the order of the file: the first name of an id counts */
} users;

/* "name:password:uid:..." */
const char *skep_user_parse(char *line, uint32_t *ret_uid)
{
	char *password = strchr(line, ':'), *uid, *end;
	unsigned long value;

	uid = password ? strchr(password + 1, ':') : NULL;
	if (!uid || password == line || uid[1] < '0' || uid[1] > '9')
		return NULL;
	value = strtoul(uid + 1, &end, 10);
	if (*end != ':' || value > UINT32_MAX)
		return NULL;
	*password = '\0';
	*ret_uid = (uint32_t)value;
	return line;
}

static void load(void)
{
	char *line, *next;
	struct user u;

	users.loaded = true;
	if (skep_file_read("/etc/passwd", PASSWD_MAX, &users.text, NULL) < 0)
		return;
	for (line = users.text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		u.name = skep_user_parse(line, &u.uid);
		if (u.name)
			skep_vec_add(&users.list, u);
	}
}

const char *skep_user_name(uint32_t uid)
{
	if (!users.loaded)
		load();
	for (size_t i = 0; i < users.list.len; i++) {
		if (users.list.data[i].uid == uid)
			return users.list.data[i].name;
	}
	return NULL;
}

int skep_user_id(const char *name, uint32_t *ret_uid)
{
	if (!users.loaded)
		load();
	for (size_t i = 0; i < users.list.len; i++) {
		if (skep_streq(users.list.data[i].name, name)) {
			*ret_uid = users.list.data[i].uid;
			return 0;
		}
	}
	return -ENOENT;
}
