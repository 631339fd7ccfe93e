/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's interfaces: frames to them, and frames from them.
 *
 * A tap is made when the data plane starts and lives as long as its descriptor. One
 * that somebody deletes, or that fails, is made again every second, with its
 * addresses and routes (tap_link.c); what comes meanwhile is dropped (KERNEL_GONE).
 *
 * Both directions are bounded: of what workers give, and of what the kernel has, a
 * call of dp_tap_poll takes a limited number, so that neither keeps the control thread
 * from its other work. What the kernel sends waits in the interface's queue while the
 * ring to worker 0 is nearly full.
 *
 * All descriptors are watched through one epoll instance, so the one that is given
 * outside stays the same whatever happens to an interface. Control thread only.
 */
#include "tap.h"

#include "addr_book.h"
#include "control.h"
#include "control_tx.h"
#include "port.h"
#include "probe.h"
#include "punt_rx.h"
#include "tap_link.h"
#include "tap_under.h"
#include "tun_open.h"
#include "wire.h"
#include "worker.h"

#include "sl_log.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	RETRY_MS = 1000,
	READ_BATCH = 64,        /* frames from one interface a call */
	WRITE_BATCH = 512,      /* packets to all interfaces a call */
	WRITE_BATCH_LEAST = 16, /* ... of one worker at least */
	SEGMENTS_MAX = 40,      /* a packet of 64 KB in buffers of 2 KB, and some */
};

struct tap {
	char name[IFNAMSIZ]; /* "": the port has none */
	int fd;              /* -1: it has disappeared */
	bool said;           /* that it cannot be made again */
	uint64_t retry_ms;
	struct rte_mbuf *spare; /* what the next frame is read into */
	uint64_t to_packets, to_bytes, from_packets, from_bytes;
};

enum written { WRITTEN, REFUSED, GONE };

static struct tap taps[DP_PORTS_MAX]; /* by port */
static unsigned int tap_count;
static int watch = -1; /* epoll instance of all descriptors */
static uint64_t now;   /* of the present call of dp_tap_poll */
static uint64_t next_retry_ms;

static int tap_make(unsigned int port, char *ret_error);
static void tap_lost(unsigned int port, int code);
static enum written frame_write(unsigned int port, const struct rte_mbuf *m);
static unsigned int frames_read(unsigned int port);
static unsigned int kernel_receive(struct dp_worker *w, unsigned int budget);

int
dp_tap_start(char ret_error[DP_ERROR_SIZE])
{
	for (unsigned int port = 0; port < dp_ports_count; port++) {
		const struct dp_port_conf *conf = &dp_ports[port].conf;
		int code;

		taps[port] = (struct tap){ .fd = -1 };
		if (!conf->tap)
			continue;
		if (strlen(conf->name) + 3 >= IFNAMSIZ) {
			snprintf(ret_error, DP_ERROR_SIZE,
				 "port %s: \"tap on\" needs a name of at most %d characters, because the "
				 "kernel "
				 "interface is called sl-%s",
				 conf->name, IFNAMSIZ - 4, conf->name);
			return -ENAMETOOLONG;
		}
		snprintf(taps[port].name, sizeof(taps[port].name), "sl-%s", conf->name);
		code = tap_make(port, ret_error);
		if (code != 0)
			return code;
		dp_tap_under_quiet(port);
		tap_count++;
	}
	return 0;
}

void
dp_tap_stop(void)
{
	for (unsigned int port = 0; port < DP_PORTS_MAX; port++) {
		if (taps[port].name[0] == '\0')
			continue;
		rte_pktmbuf_free(taps[port].spare);
		if (taps[port].fd >= 0)
			close(taps[port].fd);
	}
	if (watch >= 0)
		close(watch);
	watch = -1;
	tap_count = 0;
	next_retry_ms = 0;
	memset(taps, 0, sizeof(taps));
	dp_tap_link_fini();
	dp_tap_under_restore();
}

void
dp_tap_net_set(const struct dp_net_addr *addrs, unsigned int addr_count, const struct dp_route *routes,
	       unsigned int route_count)
{
	if (tap_count != 0 && dp_tap_link_net_set(addrs, addr_count, routes, route_count) != 0)
		sl_error("kernel interfaces keep their addresses and routes: out of memory");
}

void
dp_tap_moving_set(const struct dp_moving *moving, unsigned int count)
{
	if (tap_count != 0 && dp_tap_link_moving_set(moving, count) != 0)
		sl_error("kernel interfaces keep the addresses that move with groups: out of memory");
}

void
dp_tap_held_changed(void)
{
	if (tap_count != 0)
		dp_tap_link_held_changed();
}

unsigned int
dp_tap_link_locals(struct sl_addr ret_addrs[DP_PORTS_MAX])
{
	unsigned int count = 0;

	for (unsigned int port = 0; port < dp_ports_count; port++)
		if (dp_ports[port].conf.tap)
			ret_addrs[count++] = dp_addr_link_local(port);
	return count;
}

static void
taps_retry(void)
{
	char error[DP_ERROR_SIZE];

	next_retry_ms = now + RETRY_MS;
	for (unsigned int port = 0; port < dp_ports_count; port++) {
		struct tap *t = &taps[port];

		if (t->name[0] == '\0' || t->fd >= 0 || now < t->retry_ms)
			continue;
		if (tap_make(port, error) == 0) {
			sl_notice("port %s: kernel interface %s was made again", dp_ports[port].conf.name,
				  t->name);
			t->said = false;
			continue;
		}
		t->retry_ms = now + RETRY_MS;
		if (!t->said)
			sl_error("%s; tried again every second", error);
		t->said = true;
	}
	dp_tap_link_retry();
}

int
dp_tap_watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (watch < 0)
		watch = epoll_create1(EPOLL_CLOEXEC);
	return epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

unsigned int
dp_tap_poll(uint64_t now_ms)
{
	unsigned int work = 0;
	unsigned int budget =
		RTE_MAX(WRITE_BATCH / RTE_MAX(dp_workers_count, 1u), (unsigned int)WRITE_BATCH_LEAST);

	if (tap_count == 0)
		return 0;
	now = now_ms;
	for (unsigned int id = 0; id < dp_workers_count; id++)
		work += kernel_receive(dp_workers[id], budget);
	for (unsigned int port = 0; port < dp_ports_count; port++)
		if (taps[port].name[0] != '\0')
			work += frames_read(port);
	if (now >= next_retry_ms)
		taps_retry();
	return work;
}

bool
dp_tap_copy(const struct rte_mbuf *m)
{
	return m->port < dp_ports_count && frame_write(m->port, m) == WRITTEN;
}

unsigned int
dp_poll_fds(int *ret_fds, unsigned int max)
{
	if (watch < 0 || max == 0)
		return 0;
	ret_fds[0] = watch;
	return 1;
}

void
dp_tap_info(unsigned int port, struct dp_tap_info *ret_info)
{
	const struct tap *t = port < dp_ports_count ? &taps[port] : NULL;

	*ret_info = (struct dp_tap_info){ 0 };
	if (t == NULL || t->name[0] == '\0')
		return;
	*ret_info = (struct dp_tap_info){
		.present = t->fd >= 0,
		.index = t->fd >= 0 ? dp_tap_link_index(port) : 0,
		.to_kernel_packets = t->to_packets,
		.to_kernel_bytes = t->to_bytes,
		.from_kernel_packets = t->from_packets,
		.from_kernel_bytes = t->from_bytes,
	};
	snprintf(ret_info->name, sizeof(ret_info->name), "%s", t->name);
}

/* ---- making it ---- */

static int
refuse(unsigned int port, int code, const char *remedy, char *ret_error)
{
	snprintf(ret_error, DP_ERROR_SIZE, "port %s: kernel interface %s cannot be made (%s); %s%s",
		 dp_ports[port].conf.name, taps[port].name, strerror(-code), remedy,
		 code == -EPERM ? "; or say \"tap off\"" : "");
	return code;
}

/* The descriptor of a new interface, or -errno with the reason. */
static int
tap_open(unsigned int port, char *ret_error)
{
	const char *remedy;
	int fd = dp_tun_open(taps[port].name, IFF_TAP, &remedy);

	return fd >= 0 ? fd : refuse(port, fd, remedy, ret_error);
}

static int
tap_make(unsigned int port, char *ret_error)
{
	struct tap *t = &taps[port];
	int fd = tap_open(port, ret_error), code;

	if (fd < 0)
		return fd;
	code = dp_tap_link_add(port, t->name, dp_ports[port].mac, dp_ports[port].mtu);
	if (code == 0)
		code = dp_tap_watch(fd);
	if (code != 0) {
		dp_tap_link_lost(port);
		close(fd);
		return refuse(port, code, "it takes neither the port's MAC address nor MTU", ret_error);
	}
	t->fd = fd;
	return 0;
}

/* A descriptor without interface reads and writes nothing any more. */
static void
tap_lost(unsigned int port, int code)
{
	struct tap *t = &taps[port];

	sl_warn("port %s: kernel interface %s has disappeared (%s); it will be made again",
		dp_ports[port].conf.name, t->name, strerror(code));
	close(t->fd);
	t->fd = -1;
	t->retry_ms = now + RETRY_MS;
	dp_tap_link_lost(port);
}

/* ---- to the kernel ---- */

static enum written
frame_write(unsigned int port, const struct rte_mbuf *m)
{
	struct tap *t = &taps[port];
	struct iovec part[SEGMENTS_MAX];
	int parts = 0;

	if (t->name[0] == '\0' || t->fd < 0)
		return GONE;
	if (m->nb_segs > SEGMENTS_MAX)
		return REFUSED;
	for (const struct rte_mbuf *s = m; s != NULL; s = s->next)
		part[parts++] =
			(struct iovec){ .iov_base = rte_pktmbuf_mtod(s, void *), .iov_len = s->data_len };
	if (writev(t->fd, part, parts) >= 0) {
		t->to_packets++;
		t->to_bytes += m->pkt_len;
		return WRITTEN;
	}
	if (errno != EBADFD && errno != ENODEV)
		return REFUSED; /* down, or out of memory */
	tap_lost(port, errno);
	return GONE;
}

static unsigned int
kernel_receive(struct dp_worker *w, unsigned int budget)
{
	struct rte_mbuf *m[WRITE_BATCH];
	unsigned int count = rte_ring_sc_dequeue_burst(w->ring_kernel, (void **)m, budget, NULL);

	dp_control.rx += count;
	for (unsigned int i = 0; i < count; i++) {
		enum written result;

		if (dp_probe_receive(m[i]))
			continue;
		result = frame_write(m[i]->port, m[i]);
		if (result == WRITTEN)
			dp_punt_consume(m[i]);
		else
			dp_control_drop(m[i], result == GONE ? SL_DROP_KERNEL_GONE : SL_DROP_KERNEL_FULL);
	}
	return count;
}

/* ---- from the kernel ---- */

/* Buffers for the longest frame that may come, chained and empty. */
static struct rte_mbuf *
spare_make(uint32_t room)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (uint32_t have = 0; have < room;) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(dp_control.pool);

		if (m == NULL || (head != NULL && head->nb_segs == SEGMENTS_MAX)) {
			rte_pktmbuf_free(m);
			rte_pktmbuf_free(head);
			return NULL;
		}
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
		}
		last = m;
		have += rte_pktmbuf_tailroom(m);
	}
	return head;
}

/* The chain holds `len` bytes, in its first buffers; the others go. */
static void
chain_set(struct rte_mbuf *head, uint32_t len)
{
	uint32_t left = len;
	uint16_t segs = 1;
	struct rte_mbuf *m = head;

	for (;; m = m->next, segs++) {
		m->data_len = (uint16_t)RTE_MIN(left, (uint32_t)rte_pktmbuf_tailroom(m));
		left -= m->data_len;
		if (left == 0)
			break;
	}
	if (m->next != NULL)
		rte_pktmbuf_free(m->next);
	m->next = NULL;
	head->nb_segs = segs;
	head->pkt_len = len;
}

/* A frame is in the chain: on its way, or why not. */
static void
frame_take(unsigned int port, struct rte_mbuf *m, uint32_t len, uint32_t longest)
{
	struct tap *t = &taps[port];

	t->from_packets++;
	t->from_bytes += len;
	dp_control.generated++;
	if (len > longest || len < ETH_LEN) {
		dp_control_drop(m, len > longest ? SL_DROP_TOO_BIG : SL_DROP_TRUNCATED);
		return;
	}
	chain_set(m, len);
	if (m->nb_segs > 1 && !dp_ports[port].tx_segments)
		dp_control_drop(m, SL_DROP_SEGMENTS);
	else
		dp_control_tx(port, m);
}

/* False: there is nothing (or nothing to read it into). */
static bool
frame_read(unsigned int port)
{
	struct tap *t = &taps[port];
	uint32_t longest = dp_ports[port].mtu + (uint32_t)ETH_LEN;
	struct iovec part[SEGMENTS_MAX];
	ssize_t len;
	int parts = 0;

	if (t->spare == NULL)
		t->spare = spare_make(longest);
	if (t->spare == NULL)
		return false; /* it waits in the interface's queue */
	for (struct rte_mbuf *m = t->spare; m != NULL; m = m->next)
		part[parts++] = (struct iovec){ .iov_base = rte_pktmbuf_mtod(m, void *),
						.iov_len = rte_pktmbuf_tailroom(m) };
	len = readv(t->fd, part, parts);
	if (len < 0) {
		if (errno != EAGAIN && errno != EINTR)
			tap_lost(port, errno);
		return false;
	}
	frame_take(port, t->spare, (uint32_t)len, longest);
	t->spare = NULL;
	return true;
}

static unsigned int
frames_read(unsigned int port)
{
	unsigned int count = 0;

	while (count < READ_BATCH && taps[port].fd >= 0 && dp_control_tx_room() && frame_read(port))
		count++;
	return count;
}
