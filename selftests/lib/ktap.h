/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frame of a C selftest: a table of cases, each run in a child of its own
 * with a time limit, reported as KTAP. Exit status as the kernel's kselftests:
 * 0 pass, 1 fail, 4 skip.
 */
#ifndef SELFTESTS_KTAP_H
#define SELFTESTS_KTAP_H

#include <stddef.h>
#include <stdio.h>

enum ktap_result {
	KTAP_PASS = 0,
	KTAP_FAIL = 1,
	KTAP_SKIP = 4,
};

/**
 * struct ktap_case - one line of the report
 * @name: what is shown
 * @run: enum ktap_result; called in a child process, which exits afterwards
 * @seconds: after which it has failed; 0 means KTAP_SECONDS
 */
struct ktap_case {
	const char *name;
	int (*run)(void);
	unsigned int seconds;
};

#define KTAP_SECONDS	60

/*
 * Run the cases whose name contains @only (NULL: all), report, and return the
 * exit status of the program.
 */
int ktap_run(const struct ktap_case *cases, size_t count, const char *only);

/* A skip needs a reason: return ktap_skip("no such thing here"). */
int ktap_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define ktap_msg(fmt, ...) printf("# " fmt "\n", ##__VA_ARGS__)

/* In a function that returns enum ktap_result: what must hold, and what else to say. */
#define EXPECT(cond, fmt, ...)						\
	do {								\
		if (!(cond)) {						\
			ktap_msg("%s:%d: not %s: " fmt, __FILE__,	\
				 __LINE__, #cond, ##__VA_ARGS__);	\
			return KTAP_FAIL;				\
		}							\
	} while (0)

#define EXPECT_EQ(have, want)						\
	do {								\
		long long have_ = (have), want_ = (want);		\
									\
		EXPECT(have_ == want_, "%lld (0x%llx), want %lld",	\
		       have_, have_, want_);				\
	} while (0)

/* Pass on what a step that is itself enum ktap_result says. */
#define TRY(step)							\
	do {								\
		int result_ = (step);					\
									\
		if (result_) {						\
			if (result_ != KTAP_SKIP)			\
				ktap_msg("%s:%d: in %s", __FILE__,	\
					 __LINE__, #step);		\
			return result_;					\
		}							\
	} while (0)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif /* SELFTESTS_KTAP_H */
