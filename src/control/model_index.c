/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a service by its key, listing services in order, and the memory of
 * a service with its servers.
 *
 * A hash finds; a list lists. The list is sorted by merging in what was added
 * since it was last asked for, so that a hundred thousand additions in a row
 * cost one sort and not a hundred thousand scans. Control thread only.
 */
#include "model_private.h"

#include <errno.h>
#include <stdlib.h>

enum { BUCKETS_MIN = 64 };

static uint32_t key_hash(const struct dp_service_key *key);
static void bucket_push(struct model_index *index, struct service *service);
static void list_push(struct model_service **head, struct model_service *service);
static void list_backlinks(struct model_service **head);
static struct model_service *list_merge(struct model_service *a, struct model_service *b);
static struct model_service *list_sort(struct model_service *list);

int
model_key_compare(const struct dp_service_key *a, const struct dp_service_key *b)
{
	int by_addr;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	/* ipvsadm lists IPv4 before IPv6, although mapped addresses are not the lowest. */
	if (sl_addr_is_v4(&a->vip) != sl_addr_is_v4(&b->vip))
		return sl_addr_is_v4(&a->vip) ? -1 : 1;
	by_addr = memcmp(a->vip.b, b->vip.b, sizeof(a->vip.b));
	if (by_addr != 0)
		return by_addr;
	return (a->port > b->port) - (a->port < b->port);
}

int
model_index_reserve(struct model_index *index, uint32_t more)
{
	uint32_t wanted = index->bucket_count > 0 ? index->bucket_count : BUCKETS_MIN;
	uint32_t old_count = index->bucket_count;
	struct service **old = index->bucket;
	struct service **bucket;

	while (wanted < index->count + more && wanted < UINT32_MAX / 2)
		wanted *= 2;
	if (wanted == old_count)
		return 0;
	bucket = calloc(wanted, sizeof(*bucket));
	if (bucket == NULL)
		return -ENOMEM;
	index->bucket = bucket;
	index->bucket_count = wanted;
	for (uint32_t i = 0; i < old_count; i++) {
		for (struct service *s = old[i], *next; s != NULL; s = next) {
			next = s->hashed;
			bucket_push(index, s);
		}
	}
	free(old);
	return 0;
}

void
model_index_add(struct model_index *index, struct service *service)
{
	bucket_push(index, service);
	list_push(&index->added, &service->pub);
	index->count++;
}

void
model_index_remove(struct model_index *index, struct service *service)
{
	*service->in_hash = service->hashed;
	if (service->hashed != NULL)
		service->hashed->in_hash = service->in_hash;
	*service->in_list = service->pub.next;
	if (service->pub.next != NULL)
		service_of(service->pub.next)->in_list = service->in_list;
	index->count--;
}

struct service *
model_index_find(const struct model_index *index, const struct dp_service_key *key)
{
	struct service *s;

	if (index->bucket_count == 0)
		return NULL;
	s = index->bucket[key_hash(key) & (index->bucket_count - 1)];
	while (s != NULL && model_key_compare(&s->pub.key, key) != 0)
		s = s->hashed;
	return s;
}

struct model_service *
model_index_sorted(struct model_index *index)
{
	if (index->added != NULL) {
		index->sorted = list_merge(index->sorted, list_sort(index->added));
		index->added = NULL;
		list_backlinks(&index->sorted);
	}
	return index->sorted;
}

void
model_index_fini(struct model_index *index)
{
	for (struct model_service *s = model_index_sorted(index), *next; s != NULL; s = next) {
		next = s->next;
		service_destroy(service_of(s));
	}
	free(index->bucket);
	*index = (struct model_index){ 0 };
}

struct service *
service_create(const struct dp_service_key *key)
{
	struct service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->pub.key = *key;
	service->next_order = 1;
	return service;
}

struct service *
service_copy(const struct service *from)
{
	struct service *to = calloc(1, sizeof(*to));
	struct model_real **link;

	if (to == NULL)
		return NULL;
	to->pub = from->pub;
	to->next_order = from->next_order;
	to->pub.next = NULL;
	to->pub.reals = NULL;
	link = &to->pub.reals;
	for (const struct model_real *real = from->pub.reals; real != NULL; real = real->next) {
		*link = malloc(sizeof(**link));
		if (*link == NULL) {
			service_destroy(to);
			return NULL;
		}
		**link = *real;
		(*link)->next = NULL;
		link = &(*link)->next;
	}
	return to;
}

void
service_destroy(struct service *service)
{
	if (service == NULL)
		return;
	for (struct model_real *real = service->pub.reals, *next; real != NULL; real = next) {
		next = real->next;
		free(real);
	}
	free(service);
}

struct model_real *
service_real_add(struct service *service, const struct sl_addr *addr, uint16_t port)
{
	struct model_real *real = calloc(1, sizeof(*real));

	if (real == NULL)
		return NULL;
	if (service->next_order == UINT32_MAX) {
		/* Four thousand million additions later: number them afresh, in the same order. */
		service->next_order = service->pub.real_count + 1;
		for (struct model_real *r = service->pub.reals; r != NULL; r = r->next)
			r->order = --service->next_order;
		service->next_order = service->pub.real_count + 1;
	}
	real->addr = *addr;
	real->port = port;
	real->health_weight = -1;
	real->order = service->next_order++;
	real->next = service->pub.reals;
	service->pub.reals = real;
	service->pub.real_count++;
	return real;
}

void
service_real_remove(struct service *service, struct model_real *real)
{
	struct model_real **link = &service->pub.reals;

	while (*link != real)
		link = &(*link)->next;
	*link = real->next;
	service->pub.real_count--;
	free(real);
}

/* FNV-1a over the key without its padding, then a mix for the low bits. */
static uint32_t
key_hash(const struct dp_service_key *key)
{
	uint64_t h = 14695981039346656037u;
	uint8_t tail[3] = { key->proto, key->port >> 8, key->port & 0xff };

	for (size_t i = 0; i < sizeof(key->vip.b); i++)
		h = (h ^ key->vip.b[i]) * 1099511628211u;
	for (size_t i = 0; i < sizeof(tail); i++)
		h = (h ^ tail[i]) * 1099511628211u;
	return (uint32_t)(h ^ (h >> 32));
}

static void
bucket_push(struct model_index *index, struct service *service)
{
	struct service **head = &index->bucket[key_hash(&service->pub.key) & (index->bucket_count - 1)];

	service->hashed = *head;
	if (*head != NULL)
		(*head)->in_hash = &service->hashed;
	service->in_hash = head;
	*head = service;
}

static void
list_push(struct model_service **head, struct model_service *service)
{
	service->next = *head;
	if (*head != NULL)
		service_of(*head)->in_list = &service->next;
	service_of(service)->in_list = head;
	*head = service;
}

static void
list_backlinks(struct model_service **head)
{
	for (struct model_service **link = head; *link != NULL; link = &(*link)->next)
		service_of(*link)->in_list = link;
}

static struct model_service *
list_merge(struct model_service *a, struct model_service *b)
{
	struct model_service *head = NULL, **link = &head;

	while (a != NULL && b != NULL) {
		struct model_service **least = model_key_compare(&a->key, &b->key) <= 0 ? &a : &b;

		*link = *least;
		*least = (*least)->next;
		link = &(*link)->next;
	}
	*link = a != NULL ? a : b;
	return head;
}

/* Bottom-up merge sort: run[i] is empty or a sorted list of 2^i services. */
static struct model_service *
list_sort(struct model_service *list)
{
	struct model_service *run[32] = { NULL };
	struct model_service *sorted = NULL;

	while (list != NULL) {
		struct model_service *one = list;
		unsigned int i = 0;

		list = list->next;
		one->next = NULL;
		for (; run[i] != NULL; i++) {
			one = list_merge(run[i], one);
			run[i] = NULL;
		}
		run[i] = one;
	}
	for (unsigned int i = 0; i < 32; i++)
		sorted = list_merge(run[i], sorted);
	return sorted;
}
