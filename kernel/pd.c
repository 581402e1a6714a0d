// SPDX-License-Identifier: GPL-2.0
/* Protection domains. */
#include "pd.h"

#include "vdev.h"

int vrdma_alloc_pd(struct ib_pd *ibpd, struct ib_udata *udata)
{
	return vrdma_device_charge(to_vdev(ibpd->device), VRDMA_OBJ_PD);
}

int vrdma_dealloc_pd(struct ib_pd *ibpd, struct ib_udata *udata)
{
	vrdma_device_discharge(to_vdev(ibpd->device), VRDMA_OBJ_PD);
	return 0;
}
