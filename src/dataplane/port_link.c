/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a port's link up? Its device says so, and where packets come from an interface of the kernel's, that has to say
 * so too: DPDK's drivers for such interfaces (af_packet, af_xdp) call theirs up whatever happens.
 *
 * Any thread. An answer is kept for a few milliseconds.
 */
#include "port.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINK_FRESH_MS = 5 };

/*
 * Drivers may ask their device, which is not for two threads at a time: whoever comes second has
 * the answer of the first.
 */
static struct {
	pthread_mutex_t lock;
	_Atomic uint64_t asked_tsc;
	_Atomic bool up;
	_Atomic uint32_t mbps;
} links[DP_PORTS_MAX] = { [0 ... DP_PORTS_MAX - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };

bool
dp_port_link_is_up(unsigned int port, uint32_t *ret_mbps)
{
	uint64_t now = rte_rdtsc(), fresh = rte_get_tsc_hz() / 1000 * LINK_FRESH_MS;
	unsigned int interface = dp_ports[port].interface;
	struct rte_eth_link link = { 0 };

	if ((atomic_load(&links[port].asked_tsc) == 0 ||
	     now - atomic_load(&links[port].asked_tsc) >= fresh) &&
	    pthread_mutex_trylock(&links[port].lock) == 0) {
		bool up = rte_eth_link_get_nowait(dp_ports[port].ethdev, &link) == 0 &&
			  link.link_status == RTE_ETH_LINK_UP;

		up = up && (interface == 0 || dp_interface_is_up(interface));
		atomic_store(&links[port].up, up);
		atomic_store(&links[port].mbps,
			     link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN ? link.link_speed : 0);
		atomic_store(&links[port].asked_tsc, now);
		pthread_mutex_unlock(&links[port].lock);
	}
	if (ret_mbps != NULL)
		*ret_mbps = atomic_load(&links[port].mbps);
	return atomic_load(&links[port].up);
}

void
dp_port_link_forget(unsigned int port)
{
	atomic_store(&links[port].asked_tsc, 0);
}

bool
dp_interface_is_up(unsigned int index)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_ifindex = (int)index };
	bool up;

	/* A process without a descriptor to spare has not lost its link. */
	if (fd < 0)
		return true;
	/* One that was made anew under the name is not the driver's; and for an unknown name the kernel looks for a module. */
	up = ioctl(fd, SIOCGIFNAME, &request) == 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
	     (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	close(fd);
	return up;
}
