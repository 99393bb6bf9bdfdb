#ifndef ACEDT_CERTS_H
#define ACEDT_CERTS_H

#include <openssl/ssl.h>

struct err;

/*
 * Certificates for one host from the directories that other programs read:
 * doc/protocol.md, "Certificates".  HOST is host[:port] exactly as in the URL;
 * with the usual port of https also HOST:443; and containerd's HOST_PORT_.
 *
 *   ~/.config/containers/certs.d/HOST	podman, skopeo
 *   ~/.config/containerd/certs.d/HOST	nerdctl without root
 *   ~/.config/docker/certs.d/HOST	docker without root
 *   ~/.docker/certs.d/HOST		the Go program
 *   /etc/containers/certs.d/HOST
 *   /etc/containerd/certs.d/HOST	and _default where there is none
 *   /etc/docker/certs.d/HOST
 *
 * In each of them count: *.crt and ca.pem, authorities; X.cert with X.key, and
 * cert.pem with key.pem, what to show; hosts.toml, of which ca, client and
 * skip_verify.  All authorities are taken, and the first certificate to show.
 */
struct certs {
	/* All owned, each NULL if there is none. */
	STACK_OF(X509)	*authorities;
	X509		*cert;		/* to show */
	STACK_OF(X509)	*chain;		/* from cert upwards */
	EVP_PKEY	*key;
	int		 skip_verify;
};

/*
 * Fill it, all zero before.  registry may be NULL; of its directories
 * hosts.toml is read for what it says of the host.  -1 if there is a file that
 * cannot be used; certs_clear() is due then too.
 */
int	certs_load(struct certs *, const char *host, const char *registry,
	    struct err *);
void	certs_clear(struct certs *);

#endif
