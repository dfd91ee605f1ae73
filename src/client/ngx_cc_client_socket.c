
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "ngx_cc_client_socket.h"


#define NGX_CC_CLIENT_PATIENCE  10000    /* ms for a connection */


static int ngx_cc_client_url_rest(ngx_cc_client_url_t *url, const char *p);
static int ngx_cc_client_open(ngx_cc_client_socket_t *s, int family,
    const struct sockaddr *address, socklen_t len);
static int ngx_cc_client_handshake(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error);
static int ngx_cc_client_ready(int fd, short events);
static ssize_t ngx_cc_client_result(ngx_cc_client_socket_t *s, int rc,
    int *other);


int
ngx_cc_client_url(ngx_cc_client_url_t *url, const char *text)
{
    size_t       n;
    const char  *p;

    memset(url, 0, sizeof(ngx_cc_client_url_t));

    if (strncmp(text, "unix:", 5) == 0) {
        text += 5;
        p = strchr(text, ':');
        n = p ? (size_t) (p - text) : strlen(text);

        if (n == 0 || n >= sizeof(((struct sockaddr_un *) 0)->sun_path)) {
            return -1;
        }

        memcpy(url->file, text, n);
        strncpy(url->authority, "localhost", sizeof(url->authority) - 1);
        p = (p && p[1]) ? p + 1 : "/ws/mcp";

        if (strlen(p) >= sizeof(url->path) || *p != '/') {
            return -1;
        }

        memcpy(url->path, p, strlen(p) + 1);
        return 0;
    }

    p = strstr(text, "://");

    if (p == NULL) {
        return -1;
    }

    url->tls = (strncmp(text, "wss", 3) == 0 || strncmp(text, "https", 5) == 0);

    return ngx_cc_client_url_rest(url, p + 3);
}


/* host[:port][/path], the host perhaps in brackets */

static int
ngx_cc_client_url_rest(ngx_cc_client_url_t *url, const char *p)
{
    size_t       n;
    const char  *end, *port, *host, *path;

    n = strcspn(p, "/?#");
    path = p + n;

    if (n == 0 || n >= sizeof(url->authority) || memchr(p, '@', n)) {
        return -1;
    }

    memcpy(url->authority, p, n);
    host = p;

    if (*p == '[') {
        end = memchr(p, ']', n);

        if (end == NULL) {
            return -1;
        }

        host++;
        port = end + 1;

    } else {
        end = memchr(p, ':', n);
        end = end ? end : path;
        port = end;
    }

    if (end == host || (size_t) (end - host) >= sizeof(url->host)) {
        return -1;
    }

    memcpy(url->host, host, end - host);

    if (*port == ':' && port + 1 < path) {
        if ((size_t) (path - port - 1) >= sizeof(url->port)) {
            return -1;
        }

        memcpy(url->port, port + 1, path - port - 1);

    } else if (port == path) {
        memcpy(url->port, url->tls ? "443" : "80", url->tls ? 4 : 3);

    } else {
        return -1;
    }

    n = strcspn(path, "#");

    if (n + 2 > sizeof(url->path)) {
        return -1;
    }

    if (*path != '/') {
        url->path[0] = '/';
    }

    strncat(url->path, path, n);

    return 0;
}


int
ngx_cc_client_connect(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error)
{
    int                  rc;
    struct addrinfo      hints, *list, *ai;
    struct sockaddr_un   un;

    s->fd = -1;
    s->tls = NULL;

    if (url->file[0]) {
        memset(&un, 0, sizeof(un));
        un.sun_family = AF_UNIX;
        memcpy(un.sun_path, url->file, strlen(url->file));

        if (ngx_cc_client_open(s, AF_UNIX, (struct sockaddr *) &un,
                               sizeof(un)) == -1)
        {
            *error = strerror(errno);
            return -1;
        }

        return 0;
    }

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(url->host, url->port, &hints, &list);

    if (rc != 0) {
        *error = gai_strerror(rc);
        return -1;
    }

    rc = -1;

    for (ai = list; ai && rc == -1; ai = ai->ai_next) {
        rc = ngx_cc_client_open(s, ai->ai_family, ai->ai_addr,
                                ai->ai_addrlen);
    }

    if (rc == -1) {
        *error = strerror(errno);
    }

    freeaddrinfo(list);

    if (rc == 0 && url->tls) {
        rc = ngx_cc_client_handshake(s, url, ca_file, insecure, error);
    }

    return rc;
}


static int
ngx_cc_client_open(ngx_cc_client_socket_t *s, int family,
    const struct sockaddr *address, socklen_t len)
{
    int        fd, err, on;
    socklen_t  size;

    fd = socket(family, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);

    if (fd == -1) {
        return -1;
    }

    err = 0;

    if (connect(fd, address, len) == -1) {
        err = errno;

        if (err == EINPROGRESS) {
            size = sizeof(err);

            if (!ngx_cc_client_ready(fd, POLLOUT)) {
                err = ETIMEDOUT;

            } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size)
                       == -1)
            {
                err = errno;
            }
        }
    }

    if (err) {
        (void) close(fd);
        errno = err;
        return -1;
    }

    if (family != AF_UNIX) {
        on = 1;
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }

    s->fd = fd;

    return 0;
}


static int
ngx_cc_client_handshake(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error)
{
    int       rc;
    SSL      *tls;
    SSL_CTX  *context;

    static char  text[256];

    context = s->context ? s->context : SSL_CTX_new(TLS_client_method());

    if (context == NULL) {
        goto failed;
    }

    s->context = context;

    if (ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) != 1
                : SSL_CTX_set_default_verify_paths(context) != 1)
    {
        goto failed;
    }

    (void) SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    (void) SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE
                                     |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       NULL);

    tls = SSL_new(context);

    if (tls == NULL) {
        goto failed;
    }

    s->tls = tls;

    /* an address is checked as one, and is no server name (RFC 6066) */

    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), url->host) != 1
        && (SSL_set1_host(tls, url->host) != 1
            || SSL_set_tlsext_host_name(tls, url->host) != 1))
    {
        goto failed;
    }

    ERR_clear_error();

    if (SSL_set_fd(tls, s->fd) != 1) {
        goto failed;
    }

    for ( ;; ) {
        rc = SSL_connect(tls);

        if (rc == 1) {
            return 0;
        }

        rc = SSL_get_error(tls, rc);

        if (rc == SSL_ERROR_WANT_READ || rc == SSL_ERROR_WANT_WRITE) {
            if (ngx_cc_client_ready(s->fd, rc == SSL_ERROR_WANT_READ
                                           ? POLLIN : POLLOUT))
            {
                continue;
            }

            *error = "the TLS handshake took too long";
            return -1;
        }

        if (SSL_get_verify_result(tls) != X509_V_OK) {
            *error = X509_verify_cert_error_string(
                                                 SSL_get_verify_result(tls));
            return -1;
        }

        goto failed;
    }

failed:

    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    *error = text;

    return -1;
}


static int
ngx_cc_client_ready(int fd, short events)
{
    struct pollfd  p;

    p.fd = fd;
    p.events = events;

    return poll(&p, 1, NGX_CC_CLIENT_PATIENCE) == 1;
}


ssize_t
ngx_cc_client_read(ngx_cc_client_socket_t *s, void *p, size_t n)
{
    if (s->tls) {
        return ngx_cc_client_result(s, SSL_read(s->tls, p, (int) n),
                                    &s->wants_write);
    }

    return recv(s->fd, p, n, 0);
}


ssize_t
ngx_cc_client_write(ngx_cc_client_socket_t *s, const void *p, size_t n)
{
    if (s->tls) {
        return ngx_cc_client_result(s, SSL_write(s->tls, p, (int) n),
                                    &s->wants_read);
    }

    return send(s->fd, p, n, MSG_NOSIGNAL);
}


/* "other" is set when the other direction has to be ready first */

static ssize_t
ngx_cc_client_result(ngx_cc_client_socket_t *s, int rc, int *other)
{
    *other = 0;

    if (rc > 0) {
        return rc;
    }

    switch (SSL_get_error(s->tls, rc)) {

    case SSL_ERROR_WANT_READ:
        *other = (other == &s->wants_read);
        errno = EAGAIN;
        return -1;

    case SSL_ERROR_WANT_WRITE:
        *other = (other == &s->wants_write);
        errno = EAGAIN;
        return -1;

    case SSL_ERROR_ZERO_RETURN:
        return 0;

    case SSL_ERROR_SYSCALL:
        if (errno == 0) {
            return 0;
        }

        return -1;

    default:
        ERR_clear_error();
        errno = EPROTO;
        return -1;
    }
}


int
ngx_cc_client_pending(const ngx_cc_client_socket_t *s)
{
    return s->tls && SSL_pending(s->tls) > 0;
}


void
ngx_cc_client_close(ngx_cc_client_socket_t *s)
{
    if (s->tls) {
        SSL_free(s->tls);
        s->tls = NULL;
    }

    if (s->fd != -1) {
        (void) close(s->fd);
        s->fd = -1;
    }
}
