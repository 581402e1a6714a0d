# SPDX-License-Identifier: GPL-2.0
# Everything is built in a Debian root of its own (docs/testing.md); `native` builds the
# module for the running kernel instead.

KDIR ?= /lib/modules/$(shell uname -r)/build

all: module provider

demo:
	scripts/install-deps
	scripts/vm run -- /src/selftests/demo.sh

demo-hosts:
	scripts/install-deps
	scripts/vm run --hosts 2 -- env SHOW=1 /src/selftests/hosts.sh

check:
	scripts/check

module:
	scripts/build-module

provider:
	scripts/build-provider

# The oldest and the newest kernel the module serves, warnings fatal.
kernels:
	scripts/build-module --kernel 6.1
	scripts/build-module --kernel 6.12
	scripts/build-module --kernel 7.2

shell:
	scripts/vm shell

native:
	$(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_INFINIBAND_VRDMA=m modules

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

.PHONY: all demo demo-hosts check module provider kernels shell native clean
