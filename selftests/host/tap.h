/* SPDX-License-Identifier: GPL-2.0 */
/* Test results as TAP. */
#ifndef _VRDMA_TAP_H
#define _VRDMA_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_tests;
static int tap_failed;

static void tap_ok(bool ok, const char *what, ...)
{
	va_list args;

	printf("%sok %d - ", ok ? "" : "not ", ++tap_tests);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	printf("\n");
	tap_failed += !ok;
}

/* The exit status. */
static int tap_end(void)
{
	printf("1..%d\n# %d passed, %d failed\n", tap_tests, tap_tests - tap_failed,
	       tap_failed);
	return !!tap_failed;
}

#endif /* _VRDMA_TAP_H */
