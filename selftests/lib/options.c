// SPDX-License-Identifier: GPL-2.0
/* The command line of the C selftests. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "verbs_util.h"

struct options opt = {
	.port = 18515,
	.slow = 1,
};

static void options_usage(const char *name)
{
	fprintf(stderr,
		"usage: %s [-d DEV[@NETNS]] [-D DEV[@NETNS]] [-g GID] [-G GID] [-s SEED]\n"
		"\t[-b small|full] [-T SECONDS] [-t CASE] [-l | -c HOST] [-p PORT]\n", name);
	exit(KTAP_FAIL);
}

/* The only or first device, when none is named. */
static const char *options_default_device(void)
{
	struct ibv_device **list;
	const char *name = NULL;
	int count;

	list = ibv_get_device_list(&count);
	if (list && count)
		name = strdup(ibv_get_device_name(list[0]));
	if (list)
		ibv_free_device_list(list);
	return name;
}

void options_parse(int argc, char **argv)
{
	const char *budget = getenv("BUDGET"), *slow = getenv("SLOW");
	bool seeded = false, gid2 = false;
	int c;

	opt.gid[0] = -1;
	opt.gid[1] = -1;
	while ((c = getopt(argc, argv, "d:D:g:G:s:b:T:t:lc:p:")) != -1) {
		switch (c) {
		case 'd': opt.dev[0] = optarg; break;
		case 'D': opt.dev[1] = optarg; break;
		case 'g': opt.gid[0] = atoi(optarg); break;
		case 'G': opt.gid[1] = atoi(optarg); gid2 = true; break;
		case 's': opt.seed = strtoull(optarg, NULL, 0); seeded = true; break;
		case 'b': budget = optarg; break;
		case 'T': opt.seconds = atoi(optarg); break;
		case 't': opt.only = optarg; break;
		case 'l': opt.listen = true; break;
		case 'c': opt.host = optarg; break;
		case 'p': opt.port = atoi(optarg); break;
		default: options_usage(argv[0]);
		}
	}
	if (optind != argc)
		options_usage(argv[0]);
	if (slow)
		opt.slow = atoi(slow);
	opt.full = budget && !strcmp(budget, "full");
	if (!opt.dev[0])
		opt.dev[0] = options_default_device();
	if (!opt.dev[0]) {
		printf("1..0 # SKIP no RDMA device\n");
		exit(KTAP_SKIP);
	}
	if (!opt.dev[1])
		opt.dev[1] = opt.dev[0];
	if (!gid2)
		opt.gid[1] = opt.gid[0];
	if (!seeded)
		opt.seed = (uint64_t)time(NULL) << 16 ^ getpid();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %s -d %s -D %s -s 0x%llx -b %s\n", argv[0], opt.dev[0], opt.dev[1],
	       (unsigned long long)opt.seed, opt.full ? "full" : "small");
}
