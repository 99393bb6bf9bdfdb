#ifndef ACEDT_TLS_H
#define ACEDT_TLS_H

#include <curl/curl.h>

struct err;

/*
 * TLS as it holds for one host: whom to trust, what to show.  On top of the
 * system's authorities (SSL_CERT_FILE and SSL_CERT_DIR are obeyed) count the
 * files that docker, podman and containerd keep for the host in certs.d;
 * certs.h says which.  Everything is read once, when the host is first met.  An
 * https proxy is vouched for by the system's authorities only, and is shown no
 * certificate.
 */
struct tls;
struct tls_store;

struct tls_store *tls_store_new(void);
/* The host of the URL need not be verified: insecureSkipVerify. */
void	tls_store_trust(struct tls_store *, const char *url);
void	tls_store_free(struct tls_store *);

/*
 * What holds for the host of a URL; *out is NULL for plain http.  registry,
 * which may be NULL, is the one in whose name the host answers, as in
 * references: containerd keeps the certificates of mirrors under its name.
 * -1 if files that are meant for the host cannot be used.
 */
int	tls_find(struct tls_store *, const char *url, const char *registry,
	    struct tls **out, struct err *);

/* Set it up for a request. */
void	tls_apply(struct tls *, CURL *);
/* Add to the error of a failed request which certificate it was. */
void	tls_explain(const struct tls *, CURLcode, struct err *);

/* Was the last handshake, perhaps one that failed, that of an https proxy? */
int	tls_was_proxy(const struct tls *);
/* Of the last connection, "" if there was none: "TLSv1.3". */
const char *tls_version(const struct tls *);
/* The authority at the end of the chain. */
const char *tls_authority(const struct tls *);
int	tls_is_insecure(const struct tls *);

#endif
