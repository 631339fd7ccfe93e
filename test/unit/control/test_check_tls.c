/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SSL_GET: certificates as they should be, and as they should not; SNI; and
 * servers that stop in the middle of a handshake. The certificates are made
 * here, by a CA that is made here too, so none of them runs out some day.
 */
#include "test_check_kit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DAY_S = 86400 };

/* A server that speaks TLS, one connection after the other. */
struct tls_server {
	int fd;
	uint16_t port;
	pthread_t thread;
	SSL_CTX *context;
	char sni[64]; /* of the last client; read after the thread has ended */
};

static char folder[] = "/tmp/sluice-check-tls-XXXXXX", ca_path[64], key_path[64];
static EVP_PKEY *ca_key, *server_key;
static X509 *ca;

static X509 *
certificate_make(const char *name, const char *alt_names, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
		 long from_s, long to_s)
{
	static long serial;
	X509 *made = X509_new();
	X509_NAME *subject = X509_get_subject_name(made);
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(made), from_s);
	X509_gmtime_adj(X509_getm_notAfter(made), to_s);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(made, issuer != NULL ? X509_get_subject_name(issuer) : subject);
	X509_set_pubkey(made, key);
	X509V3_set_ctx(&context, issuer != NULL ? issuer : made, made, NULL, NULL, 0);
	extension = alt_names != NULL
			    ? X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, alt_names)
			    : X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE");
	assert_non_null(extension);
	X509_add_ext(made, extension, -1);
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(made, issuer_key, EVP_sha256()) > 0);
	return made;
}

static void
pem_write(const char *path, X509 *certificate, EVP_PKEY *key)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	if (certificate != NULL)
		assert_int_equal(PEM_write_X509(stream, certificate), 1);
	if (key != NULL)
		assert_int_equal(PEM_write_PrivateKey(stream, key, EVP_aes_128_cbc(), NULL, 0, NULL,
						      (void *)(uintptr_t) "secret"),
				 1);
	fclose(stream);
}

static int
setup(void **state)
{
	if (kit_setup(state) != 0 || mkdtemp(folder) == NULL)
		return -1;
	ca_key = EVP_EC_gen("P-256");
	server_key = EVP_EC_gen("P-256");
	ca = certificate_make("test CA", NULL, ca_key, NULL, ca_key, -DAY_S, DAY_S);
	snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", folder);
	snprintf(key_path, sizeof(key_path), "%s/key.pem", folder);
	pem_write(ca_path, ca, NULL);
	return 0;
}

static int
teardown(void **state)
{
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(server_key);
	unlink(ca_path);
	unlink(key_path);
	rmdir(folder);
	return kit_teardown(state);
}

/* ---- a server ---- */

static int
sni_note(SSL *ssl, int *alert, void *context)
{
	struct tls_server *server = context;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	snprintf(server->sni, sizeof(server->sni), "%s", name != NULL ? name : "none");
	return SSL_TLSEXT_ERR_OK;
}

static void *
server_main(void *context)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\n\r\nhello";
	struct tls_server *server = context;
	char request[4096];
	int fd;

	while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		SSL *ssl = SSL_new(server->context);

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
			SSL_write(ssl, answer, sizeof(answer) - 1);
			SSL_shutdown(ssl);
		}
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static void
server_start(struct tls_server *server, X509 *certificate)
{
	memset(server, 0, sizeof(*server));
	server->context = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(server->context, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server->context, server_key), 1);
	SSL_CTX_set_tlsext_servername_callback(server->context, sni_note);
	SSL_CTX_set_tlsext_servername_arg(server->context, server);
	server->fd = kit_socket("127.0.0.1", SOCK_STREAM, &server->port);
	assert_int_equal(pthread_create(&server->thread, NULL, server_main, server), 0);
}

static void
server_stop(struct tls_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	SSL_CTX_free(server->context);
}

/* ---- a configuration ---- */

static struct conf_http_url url = { .path = "/", .status = { [25] = 1 } };

/* A configuration with two SSL_GETs in it, one of which verifies. */
static int
env_init(struct check_env *env, const struct conf_ssl *ssl, char error[DP_ERROR_SIZE])
{
	struct conf_checker checks[2] = { kit_checker(CONF_CHECK_SSL), kit_checker(CONF_CHECK_SSL) };
	struct conf_health health = { .checks = checks, .check_count = 2 };
	struct conf_real real = { .health = &health };
	struct conf_service service = { .reals = &real, .real_count = 1 };
	struct conf conf = { .services = &service, .service_count = 1, .ssl = *ssl };

	checks[1].http.verify = true;
	return check_env_init(env, kit_env.base, &conf, error);
}

static struct conf_checker
checker(bool verify)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_SSL);

	conf.http.urls = &url;
	conf.http.url_count = 1;
	conf.http.protocol = CONF_HTTP_1_1;
	conf.http.verify = verify;
	return conf;
}

/* ---- tests ---- */

enum by { BY_CA, BY_ITSELF };

static void
test_certificates(void **state)
{
	static const struct {
		const char *row, *name, *alt_names;
		enum by by;
		long from_s, to_s;
		const char *virtualhost;
		const char *text; /* of tls_verify; NULL: good */
	} rows[] = {
		{ "as it should be", "x", "DNS:www.example.test", BY_CA, -DAY_S, DAY_S, "www.example.test",
		  NULL },
		{ "a virtualhost with a port", "x", "DNS:www.example.test", BY_CA, -DAY_S, DAY_S,
		  "www.example.test:8443", NULL },
		{ "one of its names", "x", "DNS:a.test,DNS:*.example.test", BY_CA, -DAY_S, DAY_S,
		  "www.example.test", NULL },
		{ "the server's address", "x", "IP:127.0.0.1", BY_CA, -DAY_S, DAY_S, NULL, NULL },
		{ "an address as virtualhost", "x", "IP:192.0.2.9", BY_CA, -DAY_S, DAY_S, "192.0.2.9", NULL },
		{ "an IPv6 address as virtualhost", "x", "IP:2001:db8::9", BY_CA, -DAY_S, DAY_S,
		  "[2001:db8::9]:443", NULL },
		{ "another name", "x", "DNS:other.example,DNS:more.example", BY_CA, -DAY_S, DAY_S,
		  "www.example.test", "certificate is for other.example, not www.example.test" },
		{ "another address", "x", "IP:127.0.0.2,DNS:other.example", BY_CA, -DAY_S, DAY_S, NULL,
		  "certificate is for other.example, not the server's address" },
		{ "it has expired", "x", "DNS:www.example.test", BY_CA, -2 * DAY_S, -DAY_S,
		  "www.example.test", "certificate has expired" },
		{ "it is not yet valid", "x", "DNS:www.example.test", BY_CA, DAY_S, 2 * DAY_S,
		  "www.example.test", "certificate is not yet valid" },
		{ "signed by itself", "www.example.test", "DNS:www.example.test", BY_ITSELF, -DAY_S, DAY_S,
		  "www.example.test", "certificate is not trusted: self-signed certificate" },
	};
	struct conf_ssl ssl = { .ca = ca_path };
	char error[DP_ERROR_SIZE];
	struct check_env usual = kit_env;

	assert_int_equal(env_init(&kit_env, &ssl, error), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		bool own = rows[i].by == BY_ITSELF;
		X509 *certificate =
			certificate_make(rows[i].name, rows[i].alt_names, server_key, own ? NULL : ca,
					 own ? server_key : ca_key, rows[i].from_s, rows[i].to_s);
		struct tls_server server;
		struct check_target target;

		server_start(&server, certificate);
		target = kit_target("127.0.0.1", server.port);
		url.virtualhost = rows[i].virtualhost;
		for (int verify = 0; verify < 2; verify++) {
			struct conf_checker conf = checker(verify);
			struct check_result result = kit_run(&conf, &target);
			bool good = !verify || rows[i].text == NULL;

			kit_verdict(rows[i].row, &result, good, good ? "status 200 in *" : rows[i].text);
		}
		server_stop(&server);
		X509_free(certificate);
	}
	check_env_fini(&kit_env);
	kit_env = usual;
}

/* A root of the box's does not know our CA. */
static void
test_unknown_ca(void **state)
{
	X509 *certificate =
		certificate_make("x", "DNS:www.example.test", server_key, ca, ca_key, -DAY_S, DAY_S);
	struct conf_ssl ssl = { .ca = NULL };
	struct conf_checker conf = checker(true);
	struct check_env usual = kit_env;
	char error[DP_ERROR_SIZE];
	struct tls_server server;
	struct check_target target;
	struct check_result result;

	server_start(&server, certificate);
	target = kit_target("127.0.0.1", server.port);
	url.virtualhost = "www.example.test";
	assert_int_equal(env_init(&kit_env, &ssl, error), 0);
	result = kit_run(&conf, &target);
	kit_verdict("unknown CA", &result, false,
		    "certificate is not trusted: unable to get local issuer certificate");
	check_env_fini(&kit_env);
	kit_env = usual;
	server_stop(&server);
	X509_free(certificate);
}

static void
test_sni(void **state)
{
	static const struct {
		const char *row;
		bool sni;
		const char *sni_name, *virtualhost, *want;
	} rows[] = {
		{ "off", false, NULL, "www.example.test", "none" },
		{ "the virtualhost", true, NULL, "www.example.test:443", "www.example.test" },
		{ "another", true, "sni.example.test", "www.example.test", "sni.example.test" },
		{ "an address is no name", true, NULL, "192.0.2.9", "none" },
		{ "no name known", true, NULL, NULL, "none" },
	};
	X509 *certificate = certificate_make("x", "DNS:a.test", server_key, ca, ca_key, -DAY_S, DAY_S);
	struct conf_ssl ssl = { .ca = ca_path };
	struct check_env usual = kit_env;
	char error[DP_ERROR_SIZE];

	assert_int_equal(env_init(&kit_env, &ssl, error), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_checker conf = checker(false);
		struct tls_server server;
		struct check_target target;
		struct check_result result;

		server_start(&server, certificate);
		target = kit_target("127.0.0.1", server.port);
		conf.http.sni = rows[i].sni;
		conf.http.sni_name = rows[i].sni_name;
		url.virtualhost = rows[i].virtualhost;
		result = kit_run(&conf, &target);
		kit_verdict(rows[i].row, &result, true, "status 200 in *");
		if (i == 0)
			kit_cancel_everywhere(&conf, &target);
		server_stop(&server);
		sl_check_str(rows[i].row, server.sni, rows[i].want);
	}
	check_env_fini(&kit_env);
	kit_env = usual;
	X509_free(certificate);
}

static void
test_handshakes(void **state)
{
	static const struct {
		const char *row;
		struct kit_line line;
		uint32_t timeout_ms;
		const char *text;
	} rows[] = {
		{ "not TLS",
		  { .say = "HTTP/1.1 400 Bad Request\r\n\r\n", .manner = KIT_KEEP },
		  0,
		  "TLS: the answer is not TLS" },
		{ "closed", { .await = "\x16", .say = "" }, 0, "connection closed in the TLS handshake" },
		{ "silent", { .say = NULL }, KIT_SHORT_MS, "TLS handshake not complete within 300 ms" },
		{ "a handshake without end",
		  { .say = "\x16\x03\x03\x40\x00\x02", .manner = KIT_KEEP },
		  KIT_SHORT_MS,
		  "TLS handshake not complete within 300 ms" },
		{ "a fatal alert", { .say = "\x15\x03\x03\x00\x02\x02\x28", .say_len = 7 }, 0, "TLS: *" },
	};
	struct conf_ssl ssl = { .ca = ca_path };
	struct check_env usual = kit_env;
	char error[DP_ERROR_SIZE];

	assert_int_equal(env_init(&kit_env, &ssl, error), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct kit_line lines[] = { rows[i].line, { NULL } };
		struct kit_server *server = kit_server_start(lines);
		struct conf_checker conf = checker(false);
		struct check_target target = kit_target("127.0.0.1", kit_server_port(server));
		struct check_result result;

		if (rows[i].timeout_ms != 0)
			conf.connect.timeout_ms = rows[i].timeout_ms;
		result = kit_run(&conf, &target);
		kit_verdict(rows[i].row, &result, false, rows[i].text);
		kit_server_stop(server);
	}
	check_env_fini(&kit_env);
	kit_env = usual;
}

/* What the SSL block names is read when the configuration is taken, and said when it cannot be. */
static void
test_files(void **state)
{
	static const struct {
		const char *row, *ca, *certificate, *key, *password, *text;
	} rows[] = {
		{ "all well", ca_path, ca_path, key_path, "secret", NULL },
		{ "no such ca", "/nonexistent/ca.pem", NULL, NULL, NULL, "SSL: ca /nonexistent/ca.pem: " },
		{ "no such certificate", NULL, "/nonexistent/c.pem", NULL, NULL,
		  "SSL: certificate /nonexistent/c.pem: " },
		{ "a key that is none", NULL, ca_path, ca_path, NULL, "SSL: key " },
		{ "another password", NULL, ca_path, key_path, "wrong", "SSL: key " },
		{ "no password", NULL, ca_path, key_path, NULL, "SSL: key " },
	};

	pem_write(key_path, NULL, ca_key);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_ssl ssl = {
			.ca = rows[i].ca,
			.certificate = rows[i].certificate,
			.key = rows[i].key,
			.password = rows[i].password,
		};
		char error[DP_ERROR_SIZE] = "";
		struct check_env env;
		int rc = env_init(&env, &ssl, error);

		sl_check_int(rows[i].row, rc == 0, rows[i].text == NULL);
		if (rc == 0)
			check_env_fini(&env);
		else
			sl_check(rows[i].row, strncmp(error, rows[i].text, strlen(rows[i].text)) == 0 &&
						      strstr(error, ": (null)") == NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificates), cmocka_unit_test(test_unknown_ca),
		cmocka_unit_test(test_sni),          cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
