/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration file changes in the services that run.
 *
 * Three things stand side by side, each sorted by key: the file applied last
 * (old), the new file (new), and what runs. One walk over the three decides
 * each service, and inside a service each server, by who has it:
 *
 *   old new runs
 *    -   -   x    made by command: stays
 *    -   x   -    added
 *    -   x   x    made by command and now in the file: takes the file's values
 *    x   -   -    removed by command already
 *    x   -   x    removed
 *    x   x   -    removed by command: stays so, unless its text changed: added
 *    x   x   x    fields whose text changed take the file's values
 *
 * A sorry server is one of its service's servers here, behind all others. What
 * health made of a server (out, another weight) stays with one that stays.
 *
 * Nothing that runs is touched here: the result is a staged change. Control
 * thread only.
 */
#include "model_private.h"
#include "tunnel.h"

#include <errno.h>
#include <stdlib.h>

enum { OLD, NEW, RUNS, SIDES };

/* Keys of one side, sorted, each with the index of its object on that side. */
struct item {
	struct dp_service_key key; /* of a server: its address and port */
	int index;
};
struct side {
	struct item *item;
	unsigned int count, at;
};

/* What the merging of one file carries along. */
struct merge {
	struct model_change *change;
	struct model_error *error;
	const struct conf *conf;        /* the new file */
	const struct conf_place *place; /* of the object being looked at */
};

static int merge_services(struct merge *merge, struct model *model, const struct conf *conf,
			  struct side side[SIDES], struct service **running);
static int merge_service(struct merge *merge, const struct conf_service *old, const struct conf_service *new,
			 struct service *running);
static int merge_check(struct merge *merge, const struct service *future, const struct conf_service *new);
static int sorry_check(struct merge *merge, const struct conf_service *new);
static int merge_fields(struct merge *merge, struct service *future, const struct conf_service *old,
			const struct conf_service *new);
static int merge_reals(struct merge *merge, struct service *future, const struct conf_service *old,
		       const struct conf_service *new);
static bool merge_real(struct service *future, const struct conf_real *old, const struct conf_real *new,
		       bool sorry, struct model_real *real);
static void real_begin(struct model_real *real, const struct conf_real *from, bool sorry);
static int add_reals(struct merge *merge, struct service *future, const struct conf_service *new,
		     const bool *add);
static int stage(struct merge *merge, struct service *running, struct service *future);
static int merge_method(enum sl_fwd *fwd, struct dp_tunnel *tunnel, enum sl_fwd new_fwd,
			const struct dp_tunnel *new_tunnel);
static int merge_options(struct model_service *future, const struct conf_service *old,
			 const struct conf_service *new);
static bool method_same(enum sl_fwd a, const struct dp_tunnel *a_tunnel, enum sl_fwd b,
			const struct dp_tunnel *b_tunnel);
static unsigned int reals_count(const struct conf_service *service);
static const struct conf_real *real_at(const struct conf_service *service, unsigned int i);
static bool is_sorry(const struct conf_service *service, const struct conf_real *real);
static bool real_text_same(const struct conf_real *a, const struct conf_real *b);
static bool service_text_same(const struct conf_service *a, const struct conf_service *b);
static int side_init(struct side *side, unsigned int count);
static void side_add(struct side *side, const struct sl_addr *addr, uint16_t port, uint8_t proto);
static void sides_sort(struct side side[SIDES]);
static bool sides_next(struct side side[SIDES], int ret_index[SIDES]);
static void sides_fini(struct side side[SIDES]);

int
model_merge(struct model *model, const struct conf *conf, struct model_change *change,
	    struct model_error *ret_error, const struct conf_place **ret_place)
{
	struct merge merge = { .change = change, .error = ret_error, .conf = conf };
	unsigned int old_count = model->conf != NULL ? model->conf->service_count : 0;
	struct service **running = calloc(model->index.count + 1, sizeof(struct service *));
	struct side side[SIDES] = { 0 };
	int rc = -ENOMEM;

	if (running != NULL && side_init(&side[OLD], old_count) == 0 &&
	    side_init(&side[NEW], conf->service_count) == 0 &&
	    side_init(&side[RUNS], model->index.count) == 0)
		rc = merge_services(&merge, model, conf, side, running);
	else
		model_error_memory(ret_error);
	sides_fini(side);
	free(running);
	*ret_place = rc < 0 ? merge.place : NULL;
	return rc;
}

static int
merge_services(struct merge *merge, struct model *model, const struct conf *conf, struct side side[SIDES],
	       struct service **running)
{
	int index[SIDES], rc = 0;
	unsigned int r = 0;

	for (unsigned int i = 0; i < side[OLD].count; i++) {
		const struct dp_service_key *key = &model->conf->services[i].key;

		side_add(&side[OLD], &key->vip, key->port, key->proto);
	}
	for (unsigned int i = 0; i < side[NEW].count; i++) {
		const struct dp_service_key *key = &conf->services[i].key;

		side_add(&side[NEW], &key->vip, key->port, key->proto);
	}
	for (struct model_service *s = model_services(model); s != NULL; s = s->next) {
		side_add(&side[RUNS], &s->key.vip, s->key.port, s->key.proto);
		running[r++] = service_of(s);
	}
	sides_sort(side);
	while (rc == 0 && sides_next(side, index))
		rc = merge_service(merge, index[OLD] >= 0 ? &model->conf->services[index[OLD]] : NULL,
				   index[NEW] >= 0 ? &conf->services[index[NEW]] : NULL,
				   index[RUNS] >= 0 ? running[index[RUNS]] : NULL);
	return rc;
}

static int
merge_service(struct merge *merge, const struct conf_service *old, const struct conf_service *new,
	      struct service *running)
{
	bool same_text = old != NULL && new != NULL &&service_text_same(old, new);
	struct service *future;
	int rc;

	if (same_text || (new == NULL && (old == NULL || running == NULL)))
		return 0;
	if (new == NULL)
		return stage(merge, running, NULL);

	merge->place = &new->place;
	rc = model_check_service(&new->key, merge->error);
	if (rc == 0)
		rc = sorry_check(merge, new);
	if (rc < 0)
		return rc;
	future = running != NULL ? service_copy(running) : service_create(&new->key);
	if (future == NULL)
		return model_error_memory(merge->error);
	/* What was removed by command and is wanted again is made from the new text alone. */
	rc = merge_fields(merge, future, running != NULL ? old : NULL, new);
	if (rc >= 0)
		rc = merge_check(merge, future, new) < 0 ? -EINVAL : rc;
	if (rc > 0 || (rc == 0 && running == NULL))
		return stage(merge, running, future);
	service_destroy(future);
	return rc;
}

/* What came of the file and of commands: does it fit together? Else the place is the server's, if it has one. */
static int
merge_check(struct merge *merge, const struct service *future, const struct conf_service *new)
{
	const struct model_real *real;
	int rc = model_forward_check(merge->conf, &future->pub, merge->error, &real);

	merge->place = &new->place;
	for (unsigned int i = 0; rc < 0 && real != NULL && i < reals_count(new); i++)
		if (real_at(new, i)->port == real->port && sl_addr_eq(&real_at(new, i)->addr, &real->addr))
			merge->place = &real_at(new, i)->place;
	return rc;
}

/* Servers are told apart by address and port: one cannot be both. */
static int
sorry_check(struct merge *merge, const struct conf_service *new)
{
	char name[MODEL_KEY_STRLEN], endpoint[SL_ENDPOINT_STRLEN];
	const struct conf_real *sorry = new->sorry;

	for (unsigned int i = 0; sorry != NULL && i < new->real_count; i++) {
		if (new->reals[i].port != sorry->port || !sl_addr_eq(&new->reals[i].addr, &sorry->addr))
			continue;
		merge->place = &sorry->place;
		return model_error_set(
			merge->error, -EINVAL,
			"sorry_server %s of service %s is a real_server of it too: name another",
			sl_endpoint_format(&sorry->addr, sorry->port, endpoint),
			model_key_format(&new->key, name));
	}
	return 0;
}

/* 1 if that changed `future`, 0 if not, or -errno. */
static int
merge_fields(struct merge *merge, struct service *future, const struct conf_service *old,
	     const struct conf_service *new)
{
	int changed = 0, rc;

	if ((old == NULL || old->sched != new->sched) && future->pub.sched != new->sched) {
		future->pub.sched = new->sched;
		changed = 1;
	}
	if (old == NULL || !method_same(old->fwd, &old->tunnel, new->fwd, &new->tunnel))
		changed |= merge_method(&future->pub.fwd, &future->pub.tunnel, new->fwd, &new->tunnel);
	changed |= merge_options(&future->pub, old, new);
	rc = merge_reals(merge, future, old, new);
	return rc < 0 ? rc : rc | changed;
}

/* Method and tunnel are one: a tunnel goes with TUN alone. 1 if that changed something, or 0. */
static int
merge_method(enum sl_fwd *fwd, struct dp_tunnel *tunnel, enum sl_fwd new_fwd,
	     const struct dp_tunnel *new_tunnel)
{
	if (method_same(*fwd, tunnel, new_fwd, new_tunnel))
		return 0;
	*fwd = new_fwd;
	*tunnel = *new_tunnel;
	return 1;
}

/* Each option for itself. 1 if that changed something, or 0. */
static int
merge_options(struct model_service *future, const struct conf_service *old, const struct conf_service *new)
{
	uint8_t text = old != NULL ? old->options ^ new->options : UINT8_MAX;
	uint8_t options = (uint8_t)((future->options & ~text) | (new->options &text));
	int changed;

	options &= (uint8_t)~model_sched_unknown(future);
	changed = options != future->options;
	future->options = options;
	if ((old == NULL || old->mss != new->mss) && future->mss != new->mss) {
		future->mss = new->mss;
		changed = 1;
	}
	if ((old == NULL || strcmp(old->local_group, new->local_group) != 0) &&
	    strcmp(future->local_group, new->local_group) != 0) {
		memcpy(future->local_group, new->local_group, sizeof(future->local_group));
		changed = 1;
	}
	return changed;
}

/* The same walk, now over servers. 1 if that changed `future`, 0 if not, or -errno. */
static int
merge_reals(struct merge *merge, struct service *future, const struct conf_service *old,
	    const struct conf_service *new)
{
	unsigned int old_count = old != NULL ? reals_count(old) : 0, new_count = reals_count(new);
	unsigned int runs_count = future->pub.real_count;
	struct model_real **runs = calloc(runs_count + 1, sizeof(struct model_real *));
	bool *add = calloc(new_count + 1, sizeof(*add));
	struct side side[SIDES] = { 0 };
	int index[SIDES], changed = 0, rc = -ENOMEM;
	unsigned int r = 0;

	if (runs == NULL || add == NULL || side_init(&side[OLD], old_count) < 0 ||
	    side_init(&side[NEW], new_count) < 0 || side_init(&side[RUNS], runs_count) < 0) {
		model_error_memory(merge->error);
		goto out;
	}
	for (unsigned int i = 0; i < old_count; i++)
		side_add(&side[OLD], &real_at(old, i)->addr, real_at(old, i)->port, 0);
	for (unsigned int i = 0; i < new_count; i++)
		side_add(&side[NEW], &real_at(new, i)->addr, real_at(new, i)->port, 0);
	for (struct model_real *real = future->pub.reals; real != NULL; real = real->next) {
		side_add(&side[RUNS], &real->addr, real->port, 0);
		runs[r++] = real;
	}
	sides_sort(side);
	while (sides_next(side, index)) {
		const struct conf_real *in_old =
			index[OLD] >= 0 ? real_at(old, (unsigned int)index[OLD]) : NULL;
		const struct conf_real *in_new =
			index[NEW] >= 0 ? real_at(new, (unsigned int)index[NEW]) : NULL;

		if (index[RUNS] >= 0)
			changed |=
				merge_real(future, in_old, in_new, is_sorry(new, in_new), runs[index[RUNS]]);
		else if (in_new != NULL)
			add[index[NEW]] = in_old == NULL || !real_text_same(in_old, in_new);
	}
	rc = add_reals(merge, future, new, add);
out:
	sides_fini(side);
	free(runs);
	free(add);
	return rc < 0 ? rc : rc | changed;
}

/* One that runs. True if that changed it. */
static bool
merge_real(struct service *future, const struct conf_real *old, const struct conf_real *new, bool sorry,
	   struct model_real *real)
{
	bool changed = false;

	if (new == NULL) {
		if (old != NULL)
			service_real_remove(future, real);
		return old != NULL;
	}
	if ((old == NULL || old->weight != new->weight) && real->weight != new->weight) {
		real->weight = new->weight;
		changed = true;
	}
	if ((old == NULL || old->upper != new->upper) && real->upper != new->upper) {
		real->upper = new->upper;
		changed = true;
	}
	if ((old == NULL || old->lower != new->lower) && real->lower != new->lower) {
		real->lower = new->lower;
		changed = true;
	}
	if (real->sorry != sorry) {
		real_begin(real, new, sorry);
		changed = true;
	}
	if (old == NULL || !method_same(old->fwd, &old->tunnel, new->fwd, &new->tunnel))
		changed |= merge_method(&real->fwd, &real->tunnel, new->fwd, &new->tunnel) != 0;
	return changed;
}

/* In the file's order, so that the last of the file comes to stand first. 1, 0 or -errno as above. */
static int
add_reals(struct merge *merge, struct service *future, const struct conf_service *new, const bool *add)
{
	int added = 0;

	for (unsigned int i = 0; i < reals_count(new); i++) {
		const struct conf_real *from = real_at(new, i);
		struct model_real *real;
		int rc;

		if (!add[i])
			continue;
		merge->place = &from->place;
		rc = model_check_real(&new->key, &from->addr, from->port, from->weight, merge->error);
		if (rc < 0)
			return rc;
		real = service_real_add(future, &from->addr, from->port);
		if (real == NULL)
			return model_error_memory(merge->error);
		real->weight = from->weight;
		real->upper = from->upper;
		real->lower = from->lower;
		real->fwd = from->fwd;
		real->tunnel = from->tunnel;
		real_begin(real, from, is_sorry(new, from));
		added = 1;
	}
	return added;
}

/* Before health has said anything of it. */
static void
real_begin(struct model_real *real, const struct conf_real *from, bool sorry)
{
	real->sorry = sorry;
	real->out = sorry || from->health->alpha;
	real->health_weight = -1;
	real->maxconn = 0;
}

static unsigned int
reals_count(const struct conf_service *service)
{
	return service->real_count + (service->sorry != NULL);
}

static const struct conf_real *
real_at(const struct conf_service *service, unsigned int i)
{
	return i < service->real_count ? &service->reals[i] : service->sorry;
}

static bool
is_sorry(const struct conf_service *service, const struct conf_real *real)
{
	return real != NULL && real == service->sorry;
}

static int
stage(struct merge *merge, struct service *running, struct service *future)
{
	struct model_step *step = model_change_add(merge->change, running, future);

	if (step == NULL)
		return model_error_memory(merge->error);
	step->place = future != NULL ? merge->place : NULL;
	merge->place = NULL;
	return 0;
}

static bool
method_same(enum sl_fwd a, const struct dp_tunnel *a_tunnel, enum sl_fwd b, const struct dp_tunnel *b_tunnel)
{
	return a == b && tunnel_eq(a_tunnel, b_tunnel);
}

static bool
real_text_same(const struct conf_real *a, const struct conf_real *b)
{
	return a->weight == b->weight && a->upper == b->upper && a->lower == b->lower &&
	       method_same(a->fwd, &a->tunnel, b->fwd, &b->tunnel);
}

static bool
service_text_same(const struct conf_service *a, const struct conf_service *b)
{
	if (a->sched != b->sched || !method_same(a->fwd, &a->tunnel, b->fwd, &b->tunnel) ||
	    a->real_count != b->real_count || (a->sorry == NULL) != (b->sorry == NULL) || a->mss != b->mss ||
	    a->options != b->options || strcmp(a->local_group, b->local_group) != 0)
		return false;
	for (unsigned int i = 0; i < reals_count(a); i++) {
		const struct conf_real *left = real_at(a, i), *right = real_at(b, i);

		if (left->port != right->port || !sl_addr_eq(&left->addr, &right->addr) ||
		    !real_text_same(left, right))
			return false;
	}
	return true;
}

static int
side_init(struct side *side, unsigned int count)
{
	side->item = calloc(count + 1, sizeof(*side->item));
	side->count = count;
	return side->item != NULL ? 0 : -ENOMEM;
}

static void
side_add(struct side *side, const struct sl_addr *addr, uint16_t port, uint8_t proto)
{
	struct item *item = &side->item[side->at];

	item->key.vip = *addr;
	item->key.port = port;
	item->key.proto = proto;
	item->index = (int)side->at++;
}

static int
item_compare(const void *a, const void *b)
{
	const struct item *left = a, *right = b;

	return model_key_compare(&left->key, &right->key);
}

static void
sides_sort(struct side side[SIDES])
{
	for (int i = 0; i < SIDES; i++) {
		qsort(side[i].item, side[i].count, sizeof(*side[i].item), item_compare);
		side[i].at = 0;
	}
}

/* The next key: its index on every side that has it, -1 on the others. False at the end. */
static bool
sides_next(struct side side[SIDES], int ret_index[SIDES])
{
	const struct dp_service_key *least = NULL;

	for (int i = 0; i < SIDES; i++)
		if (side[i].at < side[i].count &&
		    (least == NULL || model_key_compare(&side[i].item[side[i].at].key, least) < 0))
			least = &side[i].item[side[i].at].key;
	if (least == NULL)
		return false;
	for (int i = 0; i < SIDES; i++) {
		ret_index[i] = -1;
		if (side[i].at < side[i].count &&
		    model_key_compare(&side[i].item[side[i].at].key, least) == 0)
			ret_index[i] = side[i].item[side[i].at++].index;
	}
	return true;
}

static void
sides_fini(struct side side[SIDES])
{
	for (int i = 0; i < SIDES; i++)
		free(side[i].item);
}
