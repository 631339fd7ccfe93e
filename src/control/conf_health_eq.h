/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a new configuration say the same of health as the one before? What is
 * the same keeps its state. Places in files are ignored, and so is what a kind
 * of check does not look at. Pure functions.
 */
#ifndef CONF_HEALTH_EQ_H
#define CONF_HEALTH_EQ_H

#include "conf_health.h"

/* Everything that matters for an attempt and its timing. */
bool conf_checker_eq(const struct conf_checker *a, const struct conf_checker *b);

/* Either may be NULL. */
bool conf_agent_eq(const struct conf_agent *a, const struct conf_agent *b);
bool conf_script_eq(const struct conf_script *a, const struct conf_script *b);

/* Checks in their order, and all else of a server. */
bool conf_health_eq(const struct conf_health *a, const struct conf_health *b);

/* Name and settings; which services it is of is not looked at. */
bool conf_pool_eq(const struct conf_pool *a, const struct conf_pool *b);

#endif
