// SPDX-License-Identifier: GPL-2.0
/*
 * Open the device with one of each object, say "held", and on SIGUSR1 end without
 * tidying up.  For tests that do something to the device meanwhile.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/verbs_util.h"

int main(int argc, char **argv)
{
	struct ep_cfg cfg = {};
	struct node node;
	sigset_t release;
	struct ep ep;
	int signal;

	options_parse(argc, argv);
	sigemptyset(&release);
	sigaddset(&release, SIGUSR1);
	sigprocmask(SIG_BLOCK, &release, NULL);
	if (node_open(&node, 0) || ep_create(&ep, &node, &cfg))
		return KTAP_FAIL;
	puts("held");
	sigwait(&release, &signal);
	_exit(KTAP_PASS);
}
