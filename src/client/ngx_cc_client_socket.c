
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
#include "ngx_cc_clock.h"


#define NGX_CC_CLIENT_PATIENCE  10000    /* ms for a connection */


/* a silent peer: probes after 10 s, every 5 s, the fourth is the last (s) */

#define NGX_CC_CLIENT_SILENT    10
#define NGX_CC_CLIENT_PROBE     5
#define NGX_CC_CLIENT_PROBES    4
#define NGX_CC_CLIENT_UNHEARD   30000    /* ms, bytes without an ACK */


static int ngx_cc_client_url_rest(ngx_cc_client_url_t *url, const char *p);
static int ngx_cc_client_url_unix(ngx_cc_client_url_t *url, const char *p);
static int ngx_cc_client_look_up(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char **error);
static int ngx_cc_client_open(ngx_cc_client_socket_t *s, int family,
    const struct sockaddr *address, socklen_t len);
static int ngx_cc_client_handshake(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error);
static SSL *ngx_cc_client_tls(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error);
static void ngx_cc_client_probes(int fd);
static ssize_t ngx_cc_client_result(ngx_cc_client_socket_t *s, int rc,
    int *other);


int
ngx_cc_client_url(ngx_cc_client_url_t *url, const char *text)
{
    size_t                n;
    const unsigned char  *p;

    static const struct {
        const char  *text;
        int          tls;
    } schemes[] = {
        { "ws://", 0 }, { "wss://", 1 }, { "http://", 0 }, { "https://", 1 }
    };

    memset(url, 0, sizeof(ngx_cc_client_url_t));

    /* it becomes a part of the request's head */

    for (p = (const unsigned char *) text; *p; p++) {
        if (*p <= ' ' || *p == 0x7f) {
            return -1;
        }
    }

    if (strncmp(text, "unix:", 5) == 0) {
        return ngx_cc_client_url_unix(url, text + 5);
    }

    for (n = 0; n < sizeof(schemes) / sizeof(schemes[0]); n++) {
        if (strncmp(text, schemes[n].text, strlen(schemes[n].text)) == 0) {
            url->tls = schemes[n].tls;
            return ngx_cc_client_url_rest(url,
                                          text + strlen(schemes[n].text));
        }
    }

    return -1;
}


/* /socket[:/path] */

static int
ngx_cc_client_url_unix(ngx_cc_client_url_t *url, const char *text)
{
    size_t       n;
    const char  *path;

    path = strchr(text, ':');
    n = path ? (size_t) (path - text) : strlen(text);

    if (n == 0 || n >= sizeof(((struct sockaddr_un *) 0)->sun_path)) {
        return -1;
    }

    memcpy(url->file, text, n);
    (void) snprintf(url->authority, sizeof(url->authority), "localhost");
    path = (path && path[1]) ? path + 1 : "/ws/mcp";

    if (strlen(path) >= sizeof(url->path) || *path != '/') {
        return -1;
    }

    memcpy(url->path, path, strlen(path) + 1);

    return 0;
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
    struct addrinfo     *ai;
    struct sockaddr_un   un;

    s->fd = -1;
    s->tls = NULL;
    s->wants_read = s->wants_write = 0;

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

    if (ngx_cc_client_look_up(s, url, error) == -1) {
        return -1;
    }

    rc = -1;

    errno = 0;

    for (ai = s->addresses; ai && rc == -1 && errno != EINTR;
         ai = ai->ai_next)
    {
        rc = ngx_cc_client_open(s, ai->ai_family, ai->ai_addr,
                                ai->ai_addrlen);
    }

    if (rc == -1) {
        *error = strerror(errno);
    }

    if (rc == 0 && url->tls) {
        rc = ngx_cc_client_handshake(s, url, ca_file, insecure, error);
    }

    return rc;
}


static int
ngx_cc_client_look_up(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char **error)
{
    int               rc;
    struct addrinfo   hints, *list;

    if (s->addresses) {
        return 0;
    }

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(url->host, url->port, &hints, &list);

    if (rc != 0) {
        *error = gai_strerror(rc);
        return -1;
    }

    s->addresses = list;

    return 0;
}


static int
ngx_cc_client_open(ngx_cc_client_socket_t *s, int family,
    const struct sockaddr *address, socklen_t len)
{
    int        fd, err;
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

            s->fd = fd;

            if (ngx_cc_client_ready(s, POLLOUT, NGX_CC_CLIENT_PATIENCE)
                == -1)
            {
                err = errno;

            } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size)
                       == -1)
            {
                err = errno;
            }
        }
    }

    if (err) {
        s->fd = -1;
        (void) close(fd);
        errno = err;
        return -1;
    }

    if (family != AF_UNIX) {
        ngx_cc_client_probes(fd);
    }

    s->fd = fd;

    return 0;
}


/* a line that breaks without a word is noticed, too */

static void
ngx_cc_client_probes(int fd)
{
    size_t  i;

    static const struct {
        int  level;
        int  name;
        int  value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, NGX_CC_CLIENT_SILENT },
        { IPPROTO_TCP, TCP_KEEPINTVL, NGX_CC_CLIENT_PROBE },
        { IPPROTO_TCP, TCP_KEEPCNT, NGX_CC_CLIENT_PROBES },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, NGX_CC_CLIENT_UNHEARD }
    };

    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        (void) setsockopt(fd, options[i].level, options[i].name,
                          &options[i].value, sizeof(options[i].value));
    }
}


static int
ngx_cc_client_handshake(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error)
{
    int           rc;
    long          verified;
    int64_t       left, until;
    const char   *reason;

    static char   text[256];

    until = (int64_t) ngx_cc_clock_ms() + NGX_CC_CLIENT_PATIENCE;
    s->tls = ngx_cc_client_tls(s, url, ca_file, insecure, error);

    if (s->tls == NULL) {
        return -1;
    }

    for ( ;; ) {
        rc = SSL_connect(s->tls);

        if (rc == 1) {
            return 0;
        }

        rc = SSL_get_error(s->tls, rc);

        if (rc != SSL_ERROR_WANT_READ && rc != SSL_ERROR_WANT_WRITE) {
            break;
        }

        left = until - (int64_t) ngx_cc_clock_ms();

        if (left <= 0
            || ngx_cc_client_ready(s, rc == SSL_ERROR_WANT_READ ? POLLIN
                                                                : POLLOUT,
                                   (int) left) == -1)
        {
            *error = "the TLS handshake took too long";
            return -1;
        }
    }

    verified = SSL_get_verify_result(s->tls);
    reason = ERR_reason_error_string(ERR_peek_error());

    if (verified != X509_V_OK) {
        (void) snprintf(text, sizeof(text), "the server's certificate: %s%s",
                        X509_verify_cert_error_string(verified),
                        ca_file ? "" : " (--ca-file FILE says whom to trust)");

    } else if (rc == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        (void) snprintf(text, sizeof(text), "the connection ended during the "
                        "TLS handshake");

    } else {
        (void) snprintf(text, sizeof(text), "TLS: %s",
                        reason ? reason : "failed");
    }

    *error = text;

    return -1;
}


/* prepared, not connected; NULL and *error: cannot be */

static SSL *
ngx_cc_client_tls(ngx_cc_client_socket_t *s, const ngx_cc_client_url_t *url,
    const char *ca_file, int insecure, const char **error)
{
    SSL      *tls;
    SSL_CTX  *context;

    *error = "TLS cannot be used here";
    context = s->context;

    if (context == NULL) {
        context = SSL_CTX_new(TLS_client_method());

        if (context == NULL) {
            return NULL;
        }

        s->context = context;

        if (ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL)
                      != 1
                    : SSL_CTX_set_default_verify_paths(context) != 1)
        {
            SSL_CTX_free(context);
            s->context = NULL;
            *error = ca_file ? "--ca-file: no certificates can be read there"
                             : "the system's certificates cannot be read";
            return NULL;
        }
    }

    (void) SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    (void) SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE
                                     |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       NULL);

    tls = SSL_new(context);

    if (tls == NULL) {
        return NULL;
    }

    /* an address is checked as one, and is no server name (RFC 6066) */

    if ((X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), url->host) != 1
         && (SSL_set1_host(tls, url->host) != 1
             || SSL_set_tlsext_host_name(tls, url->host) != 1))
        || SSL_set_fd(tls, s->fd) != 1)
    {
        SSL_free(tls);
        return NULL;
    }

    ERR_clear_error();

    return tls;
}


int
ngx_cc_client_ready(const ngx_cc_client_socket_t *s, short events, int ms)
{
    int            n;
    struct pollfd  fd[2];

    fd[0].fd = s->fd;
    fd[0].events = events;
    fd[1].fd = s->stop_fd;
    fd[1].events = POLLIN;
    fd[1].revents = 0;

    n = poll(fd, 2, ms);

    if (n == 0) {
        errno = ETIMEDOUT;
        return -1;
    }

    if (n == -1 || fd[1].revents) {
        errno = EINTR;
        return -1;
    }

    return 0;
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


short
ngx_cc_client_events(const ngx_cc_client_socket_t *s, int reads, int writes)
{
    return (reads ? (s->wants_write ? POLLOUT : POLLIN) : 0)
           | (writes ? (s->wants_read ? POLLIN : POLLOUT) : 0);
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
