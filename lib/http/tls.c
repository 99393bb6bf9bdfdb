/*
 * TLS for each host: which authorities count, which certificate is shown, and
 * what is said when a handshake fails.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/http/certs.h"
#include "lib/http/origin.h"
#include "lib/http/tls.h"

#define NAME_SIZE	256		/* of a certificate's owner, as text */

struct tls {
	struct tls_store *store;	/* borrowed */
	char		*host;		/* owned: as origin_host() has it */
	char		*registry;	/* owned, may be NULL */
	int		 insecure;	/* the host is not verified */
	struct certs	 certs;		/* owned: of this host */
	X509_STORE	*authorities;	/* a reference; NULL if insecure */
	struct err	*failure;	/* owned: why they cannot be used */

	/* The last handshake. */
	int		 at_proxy;	/* it was that of an https proxy */
	char		 version[16];
	char		 authority[NAME_SIZE];
	char		 refused[3 * NAME_SIZE]; /* which one failed */
	struct tls	*next;
};

struct tls_store {
	char			**trusted;	/* owned: URLs of hosts … */
	size_t			 ntrusted;	/* … that are not verified */
	X509_STORE		*system;	/* owned: the system's
						 * authorities, or NULL */
	struct tls		*list;
};

/* One for the process: OpenSSL never gives an index back. */
static int	extra_index = -1;

/* A store of the system's authorities; NULL with the error set. */
static X509_STORE *
new_system_store(struct err *err)
{
	X509_STORE	*store = X509_STORE_new();

	if (store == NULL || X509_STORE_set_default_paths(store) != 1) {
		X509_STORE_free(store);
		err_set(err, ERR_INTERNAL, "OpenSSL cannot be set up");
		return NULL;
	}
	ERR_clear_error();
	X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST |
	    X509_V_FLAG_PARTIAL_CHAIN);
	return store;
}

/*
 * The store that all hosts without authorities of their own share, made when
 * the first of them is met: parsing the system's bundle takes 20 ms.  Borrowed;
 * NULL with the error set.
 */
static X509_STORE *
system_store(struct tls_store *s, struct err *err)
{
	if (s->system == NULL)
		s->system = new_system_store(err);
	return s->system;
}

/* Whom to trust for a host that is verified. */
static int
set_authorities(struct tls *t, struct err *err)
{
	X509_STORE	*store;
	int		 i, n = sk_X509_num(t->certs.authorities);

	assert(!t->insecure && t->authorities == NULL);
	if (n <= 0) {
		if ((store = system_store(t->store, err)) == NULL)
			return -1;
		X509_STORE_up_ref(store);
	} else if ((store = new_system_store(err)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		X509_STORE_add_cert(store, sk_X509_value(t->certs.authorities,
		    i));
	ERR_clear_error();
	t->authorities = store;
	return 0;
}

/* Need the host of the URL not be verified? */
static int
is_trusted(const struct tls_store *s, const char *url)
{
	size_t	i;

	for (i = 0; i < s->ntrusted; i++)
		if (origin_same(s->trusted[i], url))
			return 1;
	return 0;
}

void
tls_store_trust(struct tls_store *s, const char *url)
{
	s->trusted = xreallocarray(s->trusted, s->ntrusted + 1,
	    sizeof(*s->trusted));
	s->trusted[s->ntrusted++] = xstrdup(url);
}

struct tls_store *
tls_store_new(void)
{
	struct tls_store	*s = xcalloc(1, sizeof(*s));

	if (extra_index == -1)
		extra_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL,
		    NULL);
	return s;
}

void
tls_store_free(struct tls_store *s)
{
	struct tls	*t;

	if (s == NULL)
		return;
	while ((t = s->list) != NULL) {
		s->list = t->next;
		X509_STORE_free(t->authorities);
		certs_clear(&t->certs);
		free(t->failure);
		free(t->host);
		free(t->registry);
		free(t);
	}
	while (s->ntrusted > 0)
		free(s->trusted[--s->ntrusted]);
	free(s->trusted);
	X509_STORE_free(s->system);
	free(s);
}

/* What holds for a host that is met for the first time; host is moved in. */
static struct tls *
tls_new(struct tls_store *s, const char *url, char *host, const char *registry)
{
	struct tls	*t = xcalloc(1, sizeof(*t));
	struct err	 err = ERR_INIT;
	int		 rc;

	t->host = host;
	t->registry = registry != NULL ? xstrdup(registry) : NULL;
	t->store = s;
	rc = certs_load(&t->certs, host, registry, &err);
	t->insecure = t->certs.skip_verify || is_trusted(s, url);
	if (rc == 0 && !t->insecure)
		rc = set_authorities(t, &err);
	if (rc == -1) {
		t->failure = xmalloc(sizeof(*t->failure));
		*t->failure = err;
	}
	t->next = s->list;
	s->list = t;
	return t;
}

int
tls_find(struct tls_store *s, const char *url, const char *registry,
    struct tls **out, struct err *err)
{
	struct tls	*t;
	char		*host;
	int		 secure;

	*out = NULL;
	if ((host = origin_host(url, &secure)) == NULL || !secure) {
		free(host);
		return 0;
	}
	for (t = s->list; t != NULL; t = t->next)
		if (strcasecmp(t->host, host) == 0 &&
		    (registry == NULL || t->registry == NULL ?
		    registry == t->registry :
		    strcasecmp(registry, t->registry) == 0))
			break;
	if (t != NULL)
		free(host);
	else
		t = tls_new(s, url, host, registry);
	if (t->failure != NULL) {
		*err = *t->failure;
		return -1;
	}
	*out = t;
	return 0;
}

/* A name as text, "CN=…,O=…"; "" if it cannot be written. */
static void
name_text(const X509_NAME *name, char *out, size_t size)
{
	BIO	*bio = BIO_new(BIO_s_mem());
	int	 n = 0;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0,
	    XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, out, (int)size - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

/* A time of a certificate as text. */
static void
cert_time_text(const ASN1_TIME *at, char *out, size_t size)
{
	struct tm	tm;

	if (ASN1_TIME_to_tm(at, &tm) != 1 ||
	    strftime(out, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(out, size, "?");
}

/*
 * Whose certificate it is, who issued it, and from when until when it is valid.
 */
static void
describe_cert(X509 *x, char *out, size_t size)
{
	char	owner[NAME_SIZE], issuer[NAME_SIZE], from[32], until[32];

	name_text(X509_get_subject_name(x), owner, sizeof(owner));
	name_text(X509_get_issuer_name(x), issuer, sizeof(issuer));
	cert_time_text(X509_get0_notBefore(x), from, sizeof(from));
	cert_time_text(X509_get0_notAfter(x), until, sizeof(until));
	snprintf(out, size, "the certificate of \"%.200s\", issued by "
	    "\"%.200s\", valid from %s to %s", owner, issuer, from, until);
}

/* OpenSSL calls it for each certificate, from the authority down. */
static int
verify_cb(int good, X509_STORE_CTX *store)
{
	SSL		*ssl;
	struct tls	*t;
	X509		*x = X509_STORE_CTX_get_current_cert(store);
	STACK_OF(X509)	*chain = X509_STORE_CTX_get0_chain(store);

	ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	assert(ssl != NULL);
	t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), extra_index);
	assert(t != NULL);
	snprintf(t->version, sizeof(t->version), "%s", SSL_get_version(ssl));
	if (chain != NULL && sk_X509_num(chain) > 0)
		name_text(X509_get_issuer_name(sk_X509_value(chain,
		    sk_X509_num(chain) - 1)), t->authority,
		    sizeof(t->authority));
	/* With the last one, the host's own, comes the check of its name. */
	if (x != NULL && (!good || X509_STORE_CTX_get_error_depth(store) == 0))
		describe_cert(x, t->refused, sizeof(t->refused));
	return good || t->insecure;
}

/*
 * libcurl calls the same function for an https proxy and for the host behind
 * it.  They differ in the highest version of TLS, which tls_apply() names for
 * the proxy only.
 */
static int
is_for_proxy(SSL_CTX *ctx)
{
	return SSL_CTX_get_max_proto_version(ctx) == TLS1_3_VERSION;
}

/* libcurl calls it once for each connection. */
static CURLcode
ssl_ctx_cb(CURL *easy, void *ctx, void *arg)
{
	struct tls	*t = arg;
	X509_STORE	*system;
	struct err	 err = ERR_INIT;

	(void)easy;
	assert(t != NULL && extra_index != -1);
	assert((t->authorities == NULL) == t->insecure);
	t->at_proxy = is_for_proxy(ctx);
	if (t->at_proxy) {
		/* What holds for the registry is not for the proxy to see. */
		if ((system = system_store(t->store, &err)) == NULL)
			return CURLE_SSL_CACERT_BADFILE;
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set1_cert_store(ctx, system);
		return CURLE_OK;
	}
	SSL_CTX_set_ex_data(ctx, extra_index, t);
	SSL_CTX_set_verify(ctx, t->insecure ? SSL_VERIFY_NONE :
	    SSL_VERIFY_PEER, verify_cb);
	if (t->authorities != NULL)
		SSL_CTX_set1_cert_store(ctx, t->authorities);
	if (t->certs.cert != NULL &&
	    (SSL_CTX_use_certificate(ctx, t->certs.cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, t->certs.key) != 1 ||
	    (t->certs.chain != NULL &&
	    SSL_CTX_set1_chain(ctx, t->certs.chain) != 1)))
		return CURLE_SSL_CERTPROBLEM;
	return CURLE_OK;
}

void
tls_apply(struct tls *t, CURL *e)
{
	if (t->insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	/* Never a store that libcurl shares with other hosts. */
	curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, NULL);
	curl_easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, ssl_ctx_cb);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, t);
}

void
tls_explain(const struct tls *t, CURLcode result, struct err *err)
{
	if (t->at_proxy)
		return;
	if (result == CURLE_PEER_FAILED_VERIFICATION && t->refused[0] != '\0')
		err_add(err, ": %s", t->refused);
	else if (strstr(err->msg, "alert") != NULL)
		err_add(err, ": %s", t->certs.cert != NULL ?
		    "the host refuses the certificate that it was shown" :
		    "the host may want a certificate to be shown");
}

int
tls_was_proxy(const struct tls *t)
{
	return t->at_proxy;
}

const char *
tls_version(const struct tls *t)
{
	return t->version;
}

const char *
tls_authority(const struct tls *t)
{
	return t->authority;
}

int
tls_is_insecure(const struct tls *t)
{
	return t->insecure;
}
