/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server's weight, from all who have a say in it (weight.h).
 *
 * keepalived: misc_dynamic replaces the configured weight, FILE_CHECKs add to
 * it. HAProxy: the agent's percentage is of what comes of that, rounded up so
 * that it becomes 0 by 0 percent alone.
 */
#include "weight.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int64_t clamp(int64_t weight);
static void why_add(char why[WEIGHT_WHY_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

uint32_t
weight_of(const struct weight_says *says, char ret_why[WEIGHT_WHY_SIZE])
{
	int64_t weight = says->configured;
	char why[WEIGHT_WHY_SIZE] = "";

	if (says->replaced) {
		weight = clamp(says->replacement);
		why_add(why, "misc_dynamic says %lld", (long long)weight);
	}
	if (says->added != 0) {
		weight = clamp(weight + says->added);
		why_add(why, "FILE_CHECK adds %lld", (long long)says->added);
	}
	if (says->percent >= 0 && says->percent != 100) {
		weight = clamp((weight * says->percent + 99) / 100);
		why_add(why, "agent says %d%%", says->percent);
	}
	if (says->zero != NULL) {
		weight = 0;
		why[0] = '\0';
		why_add(why, "%s", says->zero);
	}
	if (ret_why != NULL)
		memcpy(ret_why, why, WEIGHT_WHY_SIZE);
	return (uint32_t)weight;
}

static int64_t
clamp(int64_t weight)
{
	return weight < 0 ? 0 : weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
}

static void
why_add(char why[WEIGHT_WHY_SIZE], const char *format, ...)
{
	size_t len = strlen(why);
	va_list args;

	len += (size_t)snprintf(why + len, WEIGHT_WHY_SIZE - len, "%s", len > 0 ? ", " : "");
	if (len >= WEIGHT_WHY_SIZE)
		return;
	va_start(args, format);
	vsnprintf(why + len, WEIGHT_WHY_SIZE - len, format, args);
	va_end(args);
}
