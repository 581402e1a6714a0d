#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs talk between containers on two hosts: their network is a vxlan tunnel between the
# hosts, and what RDMA moves travels between the hosts' HCAs.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"

ktap_print_header
two_hosts ipv4
results \
	"+rc_pingpong, checked|pingpong ibv_rc_pingpong -c" \
	"rc_pingpong with events, checked|pingpong ibv_rc_pingpong -e -c" \
	"+uc_pingpong, checked|pingpong ibv_uc_pingpong -c" \
	"+ud_pingpong, checked|pingpong ibv_ud_pingpong -s 1024 -c" \
	"+srq_pingpong, checked|pingpong ibv_srq_pingpong -c" \
	"+rping|rping_pair -C 10" \
	"+ucmatose|on_port 7471 ucmatose" \
	"+udaddy|on_port 7174 udaddy" \
	"+rdma_server and rdma_client|server_and_client" \
	"+rstream|stream -T b -T v -S 16384 -C 50 -I 1" \
	"+ib_send_bw|perftest ib_send_bw -s 65536" \
	"+ib_send_lat|perftest ib_send_lat -s 64" \
	"ib_send_bw over rdma_cm|perftest ib_send_bw -s 4096 -R" \
	"ib_send_bw over UD|perftest ib_send_bw -c UD -s 1024" \
	"+ib_write_bw|perftest ib_write_bw -s 65536" \
	"+ib_write_lat|perftest ib_write_lat -s 64" \
	"ib_write_bw both ways on 4 QPs|perftest ib_write_bw -b -q 4 -s 65536" \
	"+ib_read_bw|perftest ib_read_bw -s 65536" \
	"+ib_read_lat|perftest ib_read_lat -s 64" \
	"+ib_atomic_bw|perftest ib_atomic_bw" \
	"+ib_atomic_lat|perftest ib_atomic_lat" \
	"+every byte of random traffic|data_pair" \
	"+rc_pingpong over IPv6, checked|over_ipv6 pingpong ibv_rc_pingpong -c" \
	"+rping over IPv6|over_ipv6 rping_pair -C 10" \
	"ib_read_bw over IPv6|over_ipv6 perftest ib_read_bw -s 65536" \
	"+rc_pingpong with the other host itself, checked|with_own pingpong ibv_rc_pingpong -c" \
	"+rping with the other host itself|with_own rping_pair -C 10" \
	"+lanes of the first host carried it|lanes_carried 1" \
	"+lanes of the second host carried it|lanes_carried 2" \
	"+both hosts can be left|hosts_are_left"
ktap_finished
