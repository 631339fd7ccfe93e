/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS of SSL_GET.
 *
 * Two contexts: one that takes any certificate (keepalived's way, and the
 * default), one for tls_verify. A certificate that is refused ends the
 * handshake, before anything of ours is sent; the reason is put in words where
 * the certificate is at hand, in the verification's callback, and kept until
 * the handshake's function has returned.
 */
#include "check_tls.h"
#include "check_words.h"

#include "sl_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static char fault[CHECK_TEXT_SIZE]; /* of a certificate; "": none */

static SSL_CTX *context_create(const struct conf_ssl *ssl, bool verify, char ret_error[DP_ERROR_SIZE]);
static int certificate_judge(int good, X509_STORE_CTX *store);
static void name_split(const char *host, char *buf, size_t size);

int
check_tls_init(struct check_env *env, const struct conf *conf, char ret_error[DP_ERROR_SIZE])
{
	bool wanted[2] = { false, false };
	SSL_CTX *made[2] = { NULL, NULL };

	for (unsigned int i = 0; i < conf->service_count; i++) {
		for (unsigned int j = 0; j < conf->services[i].real_count; j++) {
			const struct conf_health *health = conf->services[i].reals[j].health;

			for (unsigned int k = 0; k < health->check_count; k++) {
				if (health->checks[k].type == CONF_CHECK_SSL)
					wanted[health->checks[k].http.verify] = true;
			}
		}
	}
	for (unsigned int verify = 0; verify < 2; verify++) {
		if (!wanted[verify])
			continue;
		made[verify] = context_create(&conf->ssl, verify, ret_error);
		if (made[verify] == NULL) {
			SSL_CTX_free(made[0]);
			return -EINVAL;
		}
	}
	env->tls = made[0];
	env->tls_verified = made[1];
	return 0;
}

void
check_tls_fini(struct check_env *env)
{
	SSL_CTX_free(env->tls);
	SSL_CTX_free(env->tls_verified);
	env->tls = env->tls_verified = NULL;
}

struct ssl_st *
check_tls_session(struct check_env *env, const struct conf_http *http, const char *name,
		  const struct sl_addr *addr)
{
	SSL *ssl = SSL_new(http->verify ? env->tls_verified : env->tls);
	char host[256] = "", text[SL_ADDR_STRLEN];
	struct sl_addr literal;

	if (ssl == NULL)
		return NULL;
	if (name != NULL)
		name_split(name, host, sizeof(host));
	/* RFC 6066 3: addresses are no names for SNI. */
	if (host[0] == '\0' || sl_addr_parse(host, &literal) == 0) {
		if (host[0] == '\0')
			sl_addr_format(addr, text);
		else
			snprintf(text, sizeof(text), "%.45s", host);
		if (http->verify && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) != 1)
			goto no_memory;
		return ssl;
	}
	if ((http->sni && SSL_set_tlsext_host_name(ssl, host) != 1) ||
	    (http->verify && SSL_set1_host(ssl, host) != 1))
		goto no_memory;
	return ssl;

no_memory:
	SSL_free(ssl);
	return NULL;
}

const char *
check_tls_fault(void)
{
	unsigned long err = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(err);

	if (fault[0] != '\0')
		return fault;
	if (ERR_GET_LIB(err) == ERR_LIB_SSL && ERR_GET_REASON(err) == SSL_R_WRONG_VERSION_NUMBER)
		return "TLS: the answer is not TLS";
	snprintf(fault, sizeof(fault), "TLS: %s", reason != NULL ? reason : "failed");
	return fault;
}

void
check_tls_fault_clear(void)
{
	fault[0] = '\0';
}

/* ---- contexts ---- */

static int
password_give(char *buf, int size, int for_writing, void *password)
{
	if (password == NULL)
		return 0;
	return snprintf(buf, (size_t)size, "%s", (const char *)password);
}

static void *
context_fail(SSL_CTX *context, const char *what, const char *path, char ret_error[DP_ERROR_SIZE])
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	snprintf(ret_error, DP_ERROR_SIZE, "SSL: %s %s: %s", what, path,
		 reason != NULL ? reason : "cannot be used");
	SSL_CTX_free(context);
	return NULL;
}

/* Reads files: only when a configuration is taken. */
static SSL_CTX *
context_create(const struct conf_ssl *ssl, bool verify, char ret_error[DP_ERROR_SIZE])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	const char *key = ssl->key != NULL ? ssl->key : ssl->certificate;

	ERR_clear_error();
	if (context == NULL) {
		snprintf(ret_error, DP_ERROR_SIZE, "SSL: out of memory");
		return NULL;
	}
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Many servers close without a word of TLS; where an answer ends, HTTP says. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_default_passwd_cb(context, password_give);
	/* The callback only reads it. */
	SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)ssl->password);
	if (ssl->certificate != NULL && SSL_CTX_use_certificate_chain_file(context, ssl->certificate) != 1)
		return context_fail(context, "certificate", ssl->certificate, ret_error);
	if (key != NULL && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return context_fail(context, "key", key, ret_error);
	/* The password is the configuration's, and not needed again. */
	SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
	if (!verify)
		return context;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, certificate_judge);
	if (ssl->ca != NULL && SSL_CTX_load_verify_locations(context, ssl->ca, NULL) != 1)
		return context_fail(context, "ca", ssl->ca, ret_error);
	if (ssl->ca == NULL && SSL_CTX_set_default_verify_paths(context) != 1)
		return context_fail(context, "ca", "of this box", ret_error);
	return context;
}

/* ---- certificates ---- */

/* One of the names that a certificate is for. */
static const char *
certificate_name(X509 *certificate, char *buf, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char text[128] = "no name";

	if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
				      sizeof(text)) < 0)
		snprintf(text, sizeof(text), "no name");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS)
			continue;
		snprintf(text, sizeof(text), "%.*s", ASN1_STRING_length(name->d.dNSName),
			 (const char *)ASN1_STRING_get0_data(name->d.dNSName));
		break;
	}
	GENERAL_NAMES_free(names);
	return check_words_quote(text, strlen(text), buf, size);
}

static int
certificate_judge(int good, X509_STORE_CTX *store)
{
	int err = X509_STORE_CTX_get_error(store);
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	char name[64];

	if (good)
		return 1;
	if (err == X509_V_ERR_HOSTNAME_MISMATCH && certificate != NULL)
		snprintf(fault, sizeof(fault), "certificate is for %s, not %.64s",
			 certificate_name(certificate, name, sizeof(name)),
			 X509_VERIFY_PARAM_get0_host(wanted, 0));
	else if (err == X509_V_ERR_IP_ADDRESS_MISMATCH && certificate != NULL)
		snprintf(fault, sizeof(fault), "certificate is for %s, not the server's address",
			 certificate_name(certificate, name, sizeof(name)));
	else if (err == X509_V_ERR_CERT_HAS_EXPIRED || err == X509_V_ERR_CERT_NOT_YET_VALID)
		snprintf(fault, sizeof(fault), "%s", X509_verify_cert_error_string(err));
	else
		snprintf(fault, sizeof(fault), "certificate is not trusted: %s",
			 X509_verify_cert_error_string(err));
	return 0;
}

/* The name of a Host: header, without its port and an IPv6 address's brackets. */
static void
name_split(const char *host, char *buf, size_t size)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');

	if (host[0] != '[' && end != NULL && strchr(end + 1, ':') != NULL)
		end = NULL; /* a bare IPv6 address */
	if (host[0] == '[')
		host++;
	snprintf(buf, size, "%.*s", (int)(end != NULL ? (size_t)(end - host) : strlen(host)), host);
}
