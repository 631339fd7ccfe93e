/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates of services and real servers, as Linux IPVS estimates them: every two
 * seconds avg += (rate - avg) / 4, which follows the last eight or so.
 *
 * The estimator owns a sorted array of what it saw in its last round, and
 * builds the next one beside it, some hundred entries a turn of the loop; so
 * ten thousand servers do not hold the loop up. It also keeps what services
 * that are gone had counted, so that the totals of the box never fall.
 */
#ifndef SLUICE_VERB_RATE_H
#define SLUICE_VERB_RATE_H

#include "model.h"

struct event_base;
struct verb_rates;

/* Starts the rounds. NULL with errno set. */
struct verb_rates *verb_rates_create(struct event_base *base, struct model *model);
void verb_rates_destroy(struct verb_rates *rates);

/* Per second, rounded, as struct dp_traffic has the members; zero for what has not been seen for two rounds. */
void verb_rates_service(const struct verb_rates *rates, const struct dp_service_key *key,
			struct dp_traffic *ret_per_s);
void verb_rates_real(const struct verb_rates *rates, const struct dp_service_key *key, uint32_t order,
		     struct dp_traffic *ret_per_s);

/* After a service has been removed by command, with its last count. */
void verb_rates_service_removed(struct verb_rates *rates, const struct dp_service_key *key,
				const struct dp_traffic *traffic);

/* Traffic of all services that there were and are no more; those that a file removed since the next round. */
void verb_rates_gone(const struct verb_rates *rates, struct dp_traffic *ret_traffic);

/* One whole round at once, `elapsed_ms` after the one before. For tests. */
void verb_rates_round(struct verb_rates *rates, uint64_t elapsed_ms);

void verb_traffic_add(struct dp_traffic *sum, const struct dp_traffic *traffic);

#endif
