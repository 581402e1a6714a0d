// SPDX-License-Identifier: GPL-2.0
/* Runs the cases of a C selftest and reports them. */
#include "ktap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KTAP_REASON	160

static char *ktap_reason;	/* shared with the child that runs the case */

int ktap_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ktap_reason, KTAP_REASON, fmt, args);
	va_end(args);
	return KTAP_SKIP;
}

/* The kernel's stacks of a process that does not end, for the report. */
static void ktap_print_stack(pid_t pid)
{
	char path[64], line[160];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		printf("# stack: %s", line);
	fclose(file);
}

static double ktap_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* waitpid() with a limit; 0 when the limit has passed. */
static pid_t ktap_wait(pid_t pid, double seconds, int *status)
{
	double end = ktap_now() + seconds;
	pid_t got;

	while (!(got = waitpid(pid, status, WNOHANG)) && ktap_now() < end)
		usleep(2000);
	return got;
}

/* SLOW in the environment: how many times as long as elsewhere things may take. */
static unsigned int ktap_slow(void)
{
	const char *slow = getenv("SLOW");

	return slow ? atoi(slow) : 1;
}

static int ktap_run_case(const struct ktap_case *c)
{
	unsigned int seconds = (c->seconds ? c->seconds : KTAP_SECONDS) * ktap_slow();
	int status = 0;
	pid_t pid;

	ktap_reason[0] = 0;
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("# fork");
		return KTAP_FAIL;
	}
	if (!pid) {
		setpgid(0, 0);
		setvbuf(stdout, NULL, _IOLBF, 0);
		exit(c->run());
	}
	setpgid(pid, pid);
	if (!ktap_wait(pid, seconds, &status)) {
		ktap_msg("still running after %u seconds", seconds);
		ktap_print_stack(pid);
		kill(-pid, SIGKILL);
		if (!ktap_wait(pid, 30, &status)) {
			ktap_msg("and not gone 30 seconds after SIGKILL");
			ktap_print_stack(pid);
		}
		return KTAP_FAIL;
	}
	kill(-pid, SIGKILL);	/* helpers a failed case left behind */
	if (WIFSIGNALED(status)) {
		ktap_msg("killed by signal %d", WTERMSIG(status));
		return KTAP_FAIL;
	}
	status = WEXITSTATUS(status);
	return status == KTAP_PASS || status == KTAP_SKIP ? status : KTAP_FAIL;
}

int ktap_run(const struct ktap_case *cases, size_t count, const char *only)
{
	unsigned int pass = 0, fail = 0, skip = 0, number = 0, plan = 0;
	size_t i;

	for (i = 0; i < count; i++)
		plan += !only || strstr(cases[i].name, only);
	ktap_reason = mmap(NULL, KTAP_REASON, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ktap_reason == MAP_FAILED)
		return KTAP_FAIL;

	printf("TAP version 13\n1..%u\n", plan);
	for (i = 0; i < count; i++) {
		if (only && !strstr(cases[i].name, only))
			continue;
		number++;
		switch (ktap_run_case(&cases[i])) {
		case KTAP_PASS:
			pass++;
			printf("ok %u %s\n", number, cases[i].name);
			break;
		case KTAP_SKIP:
			skip++;
			printf("ok %u %s # SKIP %s\n", number, cases[i].name, ktap_reason);
			break;
		default:
			fail++;
			printf("not ok %u %s\n", number, cases[i].name);
		}
		fflush(stdout);
	}
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", pass, fail, skip);
	fflush(stdout);
	if (fail || !plan)
		return KTAP_FAIL;
	return pass ? KTAP_PASS : KTAP_SKIP;
}
