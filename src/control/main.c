/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluiced: the command line. Everything after it is in boot.c.
 *
 * Exit codes: 0 for a clean end, 1 for a failure, 2 for a wrong command line.
 */
#include "boot.h"

#include "sl_log.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPT_CHECK = 256, OPT_STRICT, OPT_SEED, OPT_SOCKET, OPT_LOG_LEVEL, OPT_VERSION };

static const struct option long_options[] = {
	{ "file", required_argument, NULL, 'f' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] = "Usage: sluiced [options] [-- EAL options]\n"
			   "A layer-4 load balancer on DPDK.\n"
			   "\n"
			   "  -f, --file FILE     configuration file (" BOOT_CONF_PATH ")\n"
			   "      --check         check the file, print all faults, start nothing\n"
			   "      --strict        with --check: warnings are errors\n"
			   "      --socket PATH   control socket (" BOOT_SOCKET_PATH ")\n"
			   "      --log-level L   error, warning, notice, info or debug (notice)\n"
			   "      --seed N        fixed hash keys, for tests only\n"
			   "      --version       print the version\n"
			   "  -h, --help          print this\n"
			   "\n"
			   "Signals: SIGHUP loads the file again, SIGTERM and SIGINT end it.\n";

struct arguments {
	struct boot_options boot;
	bool check, strict;
};

static int parse(int argc, char **argv, struct arguments *ret_arguments);
static bool seed_parse(const char *text, struct boot_options *boot);
static bool log_level_set(const char *name);
static int wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

int
main(int argc, char **argv)
{
	struct arguments arguments = { .boot.conf_path = BOOT_CONF_PATH };
	int rc = parse(argc, argv, &arguments);

	/* Lines of the log must not overtake what is printed. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rc >= 0)
		return rc;
	if (arguments.check)
		return boot_check(arguments.boot.conf_path, arguments.strict);
	return boot_run(&arguments.boot);
}

/* -1 to go on, or the exit code. */
static int
parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:f:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'f':
			arguments->boot.conf_path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case OPT_CHECK:
			arguments->check = true;
			break;
		case OPT_STRICT:
			arguments->strict = true;
			break;
		case OPT_SEED:
			if (!seed_parse(optarg, &arguments->boot))
				return wrong(
					"--seed \"%s\": a number from 0 to 18446744073709551615 is needed",
					optarg);
			break;
		case OPT_SOCKET:
			arguments->boot.socket_path = optarg;
			break;
		case OPT_LOG_LEVEL:
			if (!log_level_set(optarg))
				return wrong("--log-level \"%s\": one of error, warning, notice, info, debug "
					     "is needed",
					     optarg);
			break;
		case OPT_VERSION:
			puts("sluiced " SLUICE_VERSION);
			return 0;
		case ':':
			return wrong("%s needs a value", argv[optind - 1]);
		default:
			return wrong("unknown option %s", argv[optind - 1]);
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
		return wrong("unexpected \"%s\": EAL options stand after --", argv[optind]);
	if (arguments->strict && !arguments->check)
		return wrong("%s works with --check only", "--strict");
	arguments->boot.eal_argc = argc - optind;
	arguments->boot.eal_argv = argv + optind;
	return -1;
}

static bool
seed_parse(const char *text, struct boot_options *boot)
{
	char *end;

	errno = 0;
	boot->seed = strtoull(text, &end, 0);
	boot->seeded = true;
	return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
}

static bool
log_level_set(const char *name)
{
	static const struct {
		const char *name;
		enum sl_log_level level;
	} levels[] = {
		{ "error", SL_LOG_ERROR },   { "warning", SL_LOG_WARN }, { "warn", SL_LOG_WARN },
		{ "notice", SL_LOG_NOTICE }, { "info", SL_LOG_INFO },    { "debug", SL_LOG_DEBUG },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(name, levels[i].name) == 0) {
			sl_log_limit_set(levels[i].level);
			return true;
		}
	}
	return false;
}

static int
wrong(const char *format, ...)
{
	va_list args;

	fputs("sluiced: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry sluiced --help.\n", stderr);
	return 2;
}
