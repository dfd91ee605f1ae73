
/*
 * A byte stream to a server: TCP, unix socket, either with TLS (OpenSSL).
 */

#ifndef _NGX_CC_CLIENT_SOCKET_H_INCLUDED_
#define _NGX_CC_CLIENT_SOCKET_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>


#define NGX_CC_CLIENT_HOST   256
#define NGX_CC_CLIENT_PATH   2048


/* an URL, taken apart */

typedef struct {
    char            host[NGX_CC_CLIENT_HOST];    /* a name or an address */
    char            port[8];
    char            authority[NGX_CC_CLIENT_HOST + 8];   /* as Host has it */
    char            path[NGX_CC_CLIENT_PATH];    /* with its query */
    char            file[NGX_CC_CLIENT_HOST];    /* a unix socket, else "" */
    int             tls;
} ngx_cc_client_url_t;


typedef struct {
    int             fd;                  /* -1 = closed; non-blocking */
    int             stop_fd;             /* readable: give connecting up, with
                                            errno EINTR; -1 = none */
    void           *tls;                 /* SSL, or NULL */
    void           *context;             /* SSL_CTX, kept for the next time */
    void           *addresses;           /* addrinfo, likewise: a resolver may
                                            take long, and cannot be stopped */
    int             wants_write;         /* TLS: to go on reading */
    int             wants_read;          /* TLS: to go on writing */
} ngx_cc_client_socket_t;


/* takes an URL apart: 0, or -1 (it is none of ours, or too long) */
int ngx_cc_client_url(ngx_cc_client_url_t *url, const char *text);

/*
 * Connects, with TLS if the URL says so, and waits for that (10 s at most for
 * each address, and for all of TLS).  A name is looked up the first time only.
 * "ca_file": certificates to trust, NULL = the
 * system's; "insecure": any.  A peer that is silent for some 30 s and does not
 * answer TCP's probes counts as gone.  Returns 0, or -1 with the reason in
 * *error (static text or strerror()).
 */
int ngx_cc_client_connect(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error);

/*
 * Waits for events of poll(2), "ms" milliseconds at most: 0, or -1 with errno
 * ETIMEDOUT, or EINTR when stop_fd says so.
 */
int ngx_cc_client_ready(const ngx_cc_client_socket_t *s, short events, int ms);

/*
 * Reads and writes as far as it goes without waiting: bytes, 0 at the end of
 * the stream, -1 with errno (EAGAIN: wait for events()).
 */
ssize_t ngx_cc_client_read(ngx_cc_client_socket_t *s, void *p, size_t n);
ssize_t ngx_cc_client_write(ngx_cc_client_socket_t *s, const void *p,
    size_t n);

/*
 * Events of poll(2) after which it is worth while to read, to write; with TLS
 * either may have to wait for the other direction.
 */
short ngx_cc_client_events(const ngx_cc_client_socket_t *s, int reads,
    int writes);

/* bytes may be read although poll(2) says nothing */
int ngx_cc_client_pending(const ngx_cc_client_socket_t *s);

void ngx_cc_client_close(ngx_cc_client_socket_t *s);


#endif /* _NGX_CC_CLIENT_SOCKET_H_INCLUDED_ */
