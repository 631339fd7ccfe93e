/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations as files: includes, loops of them, what cannot be read, the
 * samples that are delivered; and what no file should be: bytes of any kind,
 * lines of a megabyte, definitions that explode, memory that runs out.
 */
#include "test_conf_rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PORT "port p {\n device net_null0\n address 10.0.0.1/8\n}\n"

static char folder[] = "/tmp/sluice-conf-XXXXXX";

static void
file_write(const char *name, const char *text)
{
	char path[256];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, strlen(text), stream), strlen(text));
	fclose(stream);
}

static int
folder_make(void **state)
{
	char path[256];

	if (mkdtemp(folder) == NULL || chdir(folder) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/sub", folder);
	return mkdir(path, 0755);
}

static int
folder_remove(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return chdir("/") < 0 ? -1 : system(command);
}

/* { file that is loaded, faults with the folder's name left out } */
static const struct {
	const char *name, *path, *faults;
} file_rows[] = {
	{ "relative to the file that includes", "main.conf", "" },
	{ "of itself", "loop.conf", "loop.conf:1:9: \"FOLDER/loop.conf\" includes itself\n" },
	{ "of each other", "loop1.conf",
	  "sub/loop2.conf:2:9: \"FOLDER/sub/../loop1.conf\" includes itself by way of other files\n" },
	{ "too deep", "deep0.conf", "deep16.conf:1:9: files include files more than 16 deep\n" },
	{ "a folder", "folder.conf",
	  "folder.conf:1:9: cannot include \"FOLDER/sub\": it is a directory; include its files with "
	  "DIRECTORY/*.conf\n" },
	{ "a device", "device.conf",
	  "device.conf:1:9: cannot include \"/dev/zero\": it is not a regular file\n" },
	{ "braces end with their file", "braces.conf",
	  "sub/open.inc:1:1: block \"global_defs\" is not closed: a \"}\" is missing before the end of the "
	  "file\n"
	  "sub/close.inc:1:1: this \"}\" closes nothing: no block is open in this file\n" },
	{ "a fault names the file it is in", "twice.conf",
	  "sub/service.inc:1:16: virtual_server TCP 192.0.2.1:80 is in line 5 of FOLDER/twice.conf "
	  "already\n" },
	{ "not there", "nowhere.conf",
	  "nowhere.conf: cannot read the configuration: No such file or directory\n" },
	{ "the folder itself", "sub", "sub: cannot read the configuration: it is a directory\n" },
};

static void
files_make(void)
{
	file_write("main.conf", "include sub/one.conf\ninclude none*.conf\nincludea \"sub/[ab]*.inc\"\n");
	file_write("sub/one.conf", "include two.conf\n" PORT);
	file_write("sub/two.conf", "$WHERE=two\n");
	file_write("sub/a.inc", "global_defs {\n include {b,x}c.inc\n}\n");
	file_write("sub/bc.inc", "router_id $WHERE\n");
	unlink("sub/bc.inc");
	file_write("sub/xc.inc", "router_id $WHERE\n");
	file_write("loop.conf", "include loop.conf\n" PORT);
	file_write("loop1.conf", "include sub/loop2.conf\n" PORT);
	file_write("sub/loop2.conf", "\ninclude ../loop1.conf\n");
	for (int i = 0; i < 18; i++) {
		char name[32], text[64];

		snprintf(name, sizeof(name), "deep%d.conf", i);
		snprintf(text, sizeof(text), "include deep%d.conf\n", i + 1);
		file_write(name, text);
	}
	file_write("folder.conf", "include sub\n" PORT);
	file_write("device.conf", "include /dev/zero\n" PORT);
	file_write("braces.conf", "include sub/open.inc\ninclude sub/close.inc\n" PORT);
	file_write("sub/open.inc", "global_defs {\n");
	file_write("sub/close.inc", "}\n");
	file_write("twice.conf", PORT "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.2\n}\n"
				      "include sub/service.inc\n");
	file_write("sub/service.inc", "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.2\n}\n");
}

/* The faults with `folder` left out of file names and FOLDER for it in messages. */
static char *
faults_without_folder(const struct conf_faults *faults)
{
	char *printed = NULL, *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&printed, &size);

	conf_faults_print(faults, stream);
	fclose(stream);
	stream = open_memstream(&text, &size);
	for (const char *c = printed; *c != '\0';) {
		if (strncmp(c, folder, strlen(folder)) != 0) {
			fputc(*c++, stream);
			continue;
		}
		c += strlen(folder);
		if (c == printed + strlen(folder) || c[-(ptrdiff_t)strlen(folder) - 1] == '\n')
			c++;
		else
			fputs("FOLDER", stream);
	}
	fclose(stream);
	free(printed);
	return text;
}

static void
includes(void **state)
{
	files_make();
	for (size_t i = 0; i < SL_COUNT(file_rows); i++) {
		struct conf_faults faults = { 0 };
		char path[256], *got;
		struct conf *conf;

		snprintf(path, sizeof(path), "%s/%s", folder, file_rows[i].path);
		conf = conf_load(path, false, &faults);
		got = faults_without_folder(&faults);
		sl_check_str(file_rows[i].name, got, file_rows[i].faults);
		sl_check_int(file_rows[i].name, conf != NULL, file_rows[i].faults[0] == '\0');
		if (i == 0)
			sl_check_str(file_rows[i].name, conf->router_id, "two");
		conf_free(conf);
		conf_faults_free(&faults);
		free(got);
	}
}

static void
unreadable(void **state)
{
	struct conf_faults faults = { 0 };

	bool is_root = geteuid() == 0;

	file_write("secret.conf", PORT);
	assert_int_equal(chmod("secret.conf", 0), 0);

	/* root reads everything */
	if (is_root)
		assert_int_equal(seteuid(65534), 0);
	assert_null(conf_load("secret.conf", false, &faults));
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(faults.errors, 1);
	assert_non_null(strstr(faults.first->text, "Permission denied"));
	conf_faults_free(&faults);
}

/* /dev/stdin is one. A pipe that stays empty is no configuration, and does not hold us up. */
static void
pipes(void **state)
{
	struct conf_faults faults = { 0 };
	char name[64];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	assert_int_equal(write(ends[1], PORT, strlen(PORT)), strlen(PORT));
	close(ends[1]);

	struct conf *conf = conf_load(name, true, &faults);

	assert_non_null(conf);
	conf_free(conf);
	close(ends[0]);

	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_null(conf_load("fifo", false, &faults));
	assert_int_equal(faults.errors, 1);
	conf_faults_free(&faults);

	int writer = open("fifo", O_RDWR);

	assert_null(conf_load("fifo", false, &faults));
	assert_string_equal(faults.first->text, "cannot read the configuration: nothing comes from it");
	conf_faults_free(&faults);
	close(writer);
}

/* What we deliver loads without a word. */
static void
samples(void **state)
{
	static const char *const names[] = {
		"sluice.conf",        "examples/nat-two-arm.conf", "examples/dr-one-arm.conf",
		"examples/ipv6.conf", "examples/no-nic.conf",      "examples/tun-wan.conf",
		"examples/fnat.conf", "examples/tap.conf",         "examples/scale-out.conf"
	};

	for (size_t i = 0; i < SL_COUNT(names); i++) {
		struct conf_faults faults = { 0 };
		char path[512];
		struct conf *conf;

		snprintf(path, sizeof(path), "%s/%s", CONF_SAMPLES, names[i]);
		conf = conf_load(path, true, &faults);
		conf_faults_print(&faults, stderr);
		sl_check(names[i], conf != NULL);
		sl_check(names[i], conf->port_count > 0 && conf->service_count > 0);
		conf_free(conf);
	}
}

/* ---- what no file should be ---- */

/* Loads it, sees it refused, and that it did not take long. */
static void
refuse(const char *row, const char *text, size_t len, unsigned int errors_max)
{
	struct conf_faults faults = { 0 };
	unsigned int listed = 0;
	struct conf *conf = conf_load_text("t", text, len, false, &faults);

	sl_check(row, conf == NULL);
	sl_check(row, faults.errors > 0 && faults.errors <= errors_max);
	for (const struct conf_fault *fault = faults.first; fault != NULL; fault = fault->next) {
		sl_check(row, strlen(fault->text) < 500);
		listed++;
	}
	sl_check(row, listed <= 2002);
	conf_faults_free(&faults);
}

/* `text` again and again. */
static char *
repeat(const char *text, size_t count)
{
	size_t len = strlen(text);
	char *all = malloc(len * count + 1);

	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		memcpy(all + i * len, text, len);
	all[len * count] = '\0';
	return all;
}

static const struct {
	const char *name, *text;
	size_t count;
	unsigned int errors_max;
} hostile_rows[] = {
	{ "a word of a megabyte", "x", 1 << 20, 2 },
	{ "a line of a million words", "x ", 1000000, 1 },
	{ "a quote of a megabyte", "\"x", 1 << 19, 2 },
	{ "a million blocks in each other", "a {", 1000000, 2 },
	{ "a million blocks beside each other", "a {}", 1000000, 1000001 },
	{ "a million closing braces", "}\n", 1000000, 1000001 },
	{ "services in each other", "virtual_server 192.0.2.1 80 {", 10000, 40000 },
	{ "backslashes", "\\", 1 << 20, 3 },
	{ "backslashes at line ends", "\\\n", 1 << 20, 1 },
	{ "dollars", "$", 1 << 20, 3 },
	{ "open variables", "${", 1 << 20, 3 },
	{ "definitions", "$A=\\\n", 1 << 18, 1 },
	{ "conditions", "@x ", 1 << 18, 1 },
};

static void
hostile(void **state)
{
	static const char zero[] = "global_defs {\n router_id a\0b\n}\n";

	for (size_t i = 0; i < SL_COUNT(hostile_rows); i++) {
		char *text = repeat(hostile_rows[i].text, hostile_rows[i].count);

		refuse(hostile_rows[i].name, text, strlen(text), hostile_rows[i].errors_max);
		free(text);
	}
	refuse("a zero byte", zero, sizeof(zero) - 1, 1);
	refuse("nothing", "", 0, 1);
}

/* Each definition is the one before it, twice. */
static void
explosion(void **state)
{
	char text[4096] = "$A0=a b c d e f g h\n";

	for (int i = 0; i < 60; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "$A%d=${A%d} ${A%d}\n", i + 1, i,
			 i);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "$A60\n");
	refuse("definitions that double", text, strlen(text), 3);
}

/* Bytes, and grammar's own characters, in any order. */
static void
noise(void **state)
{
	static const char alphabet[] = "{}\"'\\$#!=@~ \n\t\r,.:/-0129azAZ_";
	static const char *const words[] = {
		"virtual_server", "real_server", "port",      "global_defs", "include",
		"weight",         "$A",          "${A}",      "$A=",         "192.0.2.1",
		"10.0.0.0/8",     "80",          "\n",        " {\n",        "}\n",
		"static_route",   "via",         "dataplane", "address",     "\\\n"
	};
	unsigned int seed = 1;

	for (int round = 0; round < 3000; round++) {
		struct conf_faults faults = { 0 };
		char text[600];
		size_t len = 0;

		while (len < 400) {
			unsigned int dice = (unsigned int)rand_r(&seed);

			if (dice % 8 == 0)
				text[len++] = (char)(dice >> 8);
			else if (dice % 2 == 0)
				text[len++] = alphabet[(dice >> 4) % (sizeof(alphabet) - 1)];
			else
				len += (size_t)sprintf(text + len, "%s ",
						       words[(dice >> 4) % SL_COUNT(words)]);
			if (round % 2 == 0 && (unsigned char)text[len - 1] < ' ')
				text[len - 1] = '\n';
		}
		conf_free(conf_load_text("t", text, len, false, &faults));
		conf_faults_free(&faults);
	}
}

/* ---- size ---- */

static void
many_services(void **state)
{
	enum { COUNT = 100000 };
	struct conf_faults faults = { 0 };
	struct timespec start, end;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct conf *conf;
	double seconds;

	fputs(PORT, stream);
	for (unsigned int i = 0; i < COUNT; i++)
		fprintf(stream,
			"virtual_server 172.%u.%u.%u 80 {\n    lb_algo wlc\n    lb_kind NAT\n    protocol "
			"TCP\n"
			"    real_server 10.2.%u.%u 8080 {\n        weight 1\n    }\n"
			"    real_server 10.3.%u.%u 8080 {\n        weight 1\n    }\n}\n",
			16 + (i >> 16), i >> 8 & 255, i & 255, i >> 8 & 255, i & 255, i >> 8 & 255, i & 255);
	fclose(stream);

	/* time of this thread, not of whoever else is on the machine */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	conf = conf_load_text("t", text, len, true, &faults);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	conf_faults_print(&faults, stderr);
	assert_non_null(conf);
	assert_int_equal(conf->service_count, COUNT);
	assert_int_equal(conf->services[COUNT - 1].real_count, 2);
	conf_free(conf);
	free(text);
	seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	print_message("%d services in %.2f s\n", COUNT, seconds);
	assert_true(seconds < 5); /* 0.5 s; ten times that when sanitized on a busy machine */
}

/* ---- memory ---- */

static long allocations_left = -1; /* -1: without end */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return __real_calloc(count, size);
}

/* Fails the first allocation, then the second, until none is left to fail. */
static void
out_of_memory(void **state)
{
	bool loaded = false;

	files_make();
	for (long allocations = 0; !loaded; allocations++) {
		struct conf_faults faults = { 0 };
		struct conf *conf;

		allocations_left = allocations;
		conf = conf_load("main.conf", false, &faults);
		allocations_left = -1;
		loaded = conf != NULL;
		assert_int_equal(loaded, faults.errors == 0);
		conf_free(conf);
		conf_faults_free(&faults);
		assert_true(allocations < 1000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes), cmocka_unit_test(unreadable),    cmocka_unit_test(pipes),
		cmocka_unit_test(samples),  cmocka_unit_test(hostile),       cmocka_unit_test(explosion),
		cmocka_unit_test(noise),    cmocka_unit_test(many_services), cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
