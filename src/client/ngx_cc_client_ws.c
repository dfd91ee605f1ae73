
#define _GNU_SOURCE
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ngx_cc_client_args.h"
#include "ngx_cc_client_say.h"
#include "ngx_cc_client_ws.h"
#include "ngx_cc_clock.h"
#include "ngx_cc_ws_frame.h"


#define NGX_CC_CLIENT_WS_IN       (256 * 1024)   /* bytes of one receive */
#define NGX_CC_CLIENT_WS_HEAD     16384          /* of the server's answer */
#define NGX_CC_CLIENT_WS_PATIENCE 10000          /* ms for that answer */
#define NGX_CC_CLIENT_WS_PONGS    65536          /* bytes that may wait */
#define NGX_CC_CLIENT_WS_KEY      24             /* base64 of 16 bytes */


static int ngx_cc_client_ws_greet(ngx_cc_client_ws_t *ws,
    const ngx_cc_client_url_t *url, const char *token, const char *key);
static int ngx_cc_client_ws_answer(ngx_cc_client_ws_t *ws, const char *key,
    const char **error);
static int ngx_cc_client_ws_head(ngx_cc_client_ws_t *ws, const char **error);
static void ngx_cc_client_ws_refused(ngx_cc_client_ws_t *ws,
    const char *body);
static int ngx_cc_client_ws_bad(ngx_cc_client_ws_t *ws, unsigned code,
    const char *reason);
static int ngx_cc_client_ws_add(ngx_cc_client_ws_t *ws, uint8_t opcode,
    int fin, uint8_t **text, size_t *n);
static const char *ngx_cc_client_ws_header(const char *head, const char *name,
    size_t *n);
static void ngx_cc_client_ws_frame(ngx_cc_client_ws_t *ws, uint8_t opcode,
    uint8_t *payload, size_t n);
static void ngx_cc_client_ws_control(ngx_cc_client_ws_t *ws, uint8_t opcode,
    uint8_t *payload, size_t n);
static void *ngx_cc_client_ws_grow(uint8_t *p, size_t *size, size_t need);


int
ngx_cc_client_ws_open(ngx_cc_client_ws_t *ws, const ngx_cc_client_url_t *url,
    const char *token, const char *ca_file, int insecure, const char **error)
{
    char     key[NGX_CC_CLIENT_WS_KEY + 1];
    uint8_t  random[16];

    ws->status = 0;
    ws->code = 0;
    ws->reason[0] = '\0';
    ws->ended = 0;
    ws->in_pos = ws->in_len = 0;
    ws->out_pos = ws->out_len = 0;
    ws->message_len = 0;
    ws->fragmented = ws->wanted = 0;

    if (ngx_cc_client_connect(&ws->socket, url, ca_file, insecure, error)
        == -1)
    {
        ngx_cc_client_close(&ws->socket);
        return -1;
    }

    if (RAND_bytes(random, sizeof(random)) != 1) {
        *error = "no random numbers";
        goto failed;
    }

    (void) EVP_EncodeBlock((unsigned char *) key, random, sizeof(random));

    if (ngx_cc_client_ws_greet(ws, url, token, key) == -1) {
        *error = "the request does not fit";
        goto failed;
    }

    if (ngx_cc_client_ws_answer(ws, key, error) == 0) {
        return 0;
    }

failed:

    ngx_cc_client_close(&ws->socket);

    return -1;
}


static int
ngx_cc_client_ws_greet(ngx_cc_client_ws_t *ws, const ngx_cc_client_url_t *url,
    const char *token, const char *key)
{
    int     n;
    size_t  size;

    size = strlen(url->path) + strlen(url->authority)
           + (token ? strlen(token) : 0) + 512;
    ws->out = ngx_cc_client_ws_grow(ws->out, &ws->out_size, size);

    n = snprintf((char *) ws->out, size,
                 "GET %s HTTP/1.1\r\n"
                 "Host: %s\r\n"
                 "Upgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Protocol: cc-executor\r\n"
                 "Sec-WebSocket-Key: %s\r\n"
                 "%s%s%s\r\n",
                 url->path, url->authority, key,
                 token ? "Authorization: Bearer " : "", token ? token : "",
                 token ? "\r\n" : "");

    if (n < 0 || (size_t) n >= size) {
        return -1;
    }

    ws->out_len = n;
    ngx_cc_client_ws_flush(ws);

    return 0;
}


static int
ngx_cc_client_ws_answer(ngx_cc_client_ws_t *ws, const char *key,
    const char **error)
{
    char         accept[64], text[NGX_CC_CLIENT_WS_KEY + 40];
    size_t       n;
    uint8_t      digest[EVP_MAX_MD_SIZE];
    unsigned     len;
    const char  *head, *value;

    if (ngx_cc_client_ws_head(ws, error) == -1) {
        return -1;
    }

    head = (const char *) ws->in;

    (void) snprintf(text, sizeof(text),
                    "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);

    if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL) != 1) {
        *error = "no SHA-1";
        return -1;
    }

    (void) EVP_EncodeBlock((unsigned char *) accept, digest, (int) len);

    *error = "the server's handshake is wrong";
    value = ngx_cc_client_ws_header(head, "Sec-WebSocket-Accept", &n);

    if (value == NULL || n != strlen(accept) || memcmp(value, accept, n)) {
        return -1;
    }

    /* nothing else was offered */

    value = ngx_cc_client_ws_header(head, "Sec-WebSocket-Protocol", &n);

    if ((value && (n != 11 || memcmp(value, "cc-executor", n)))
        || ngx_cc_client_ws_header(head, "Sec-WebSocket-Extensions", &n))
    {
        return -1;
    }

    value = ngx_cc_client_ws_header(head, "Upgrade", &n);

    return value && n == 9 && strncasecmp(value, "websocket", n) == 0 ? 0 : -1;
}


/* the head of the answer, whose status has to be 101 */

static int
ngx_cc_client_ws_head(ngx_cc_client_ws_t *ws, const char **error)
{
    char     *end;
    int64_t   left, until;

    until = (int64_t) ngx_cc_clock_ms() + NGX_CC_CLIENT_WS_PATIENCE;
    *error = "no answer from a WebSocket server";

    for ( ;; ) {
        end = ws->in_len
              ? memmem(ws->in, ws->in_len, "\r\n\r\n", 4) : NULL;

        if (end) {
            break;
        }

        left = until - (int64_t) ngx_cc_clock_ms();

        if (ws->in_len > NGX_CC_CLIENT_WS_HEAD || left <= 0
            || (!ngx_cc_client_pending(&ws->socket)
                && ngx_cc_client_ready(&ws->socket,
                                       ngx_cc_client_ws_events(ws, 1),
                                       (int) left) == -1))
        {
            return -1;
        }

        ngx_cc_client_ws_flush(ws);

        if (ngx_cc_client_ws_receive(ws) == -1) {
            return -1;
        }
    }

    *end = '\0';
    ws->in_pos = end + 4 - (char *) ws->in;

    if (strlen((char *) ws->in) != (size_t) (end - (char *) ws->in)
        || sscanf((char *) ws->in, "HTTP/1.%*1d %3d", &ws->status) != 1)
    {
        *error = "the answer is not HTTP/1.1: no WebSocket server";
        return -1;
    }

    if (ws->status != 101) {
        /* room for one NUL behind what has come */
        ws->in = ngx_cc_client_ws_grow(ws->in, &ws->in_size, ws->in_len + 1);
        ws->in[ws->in_len] = '\0';
        ngx_cc_client_ws_refused(ws, (char *) ws->in + ws->in_pos);
        *error = ws->reason;
        return -1;
    }

    return 0;
}


/* why not?  The server may say so in the first line of a plain text */

static void
ngx_cc_client_ws_refused(ngx_cc_client_ws_t *ws, const char *body)
{
    size_t       i, n;
    const char  *what, *type;

    static const struct {
        int          status;
        const char  *text;
    } known[] = {
        { 200, "no WebSocket at this path" },
        { 400, "no WebSocket, or https is wanted: wss://" },
        { 401, "a token is needed" },
        { 403, "not allowed from here" },
        { 404, "nothing at this path" },
        { 421, "not a name of this server" },
        { 429, "too many requests" },
        { 502, "the proxy reaches no server" },
        { 503, "too busy" },
        { 504, "the proxy reaches no server" }
    };

    what = ws->status / 100 == 3 ? "moved: use the URL it names" : NULL;
    type = ngx_cc_client_ws_header((const char *) ws->in, "Content-Type", &n);

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].status == ws->status) {
            what = known[i].text;
        }
    }

    i = type && n >= 10 && strncasecmp(type, "text/plain", 10) == 0
        ? strcspn(body, "\r\n") : 0;

    (void) snprintf(ws->reason, sizeof(ws->reason),
                    "the server answered %d%s%s%s%s%.*s", ws->status,
                    what ? " (" : "", what ? what : "", what ? ")" : "",
                    i ? ": " : "", (int) (i < 80 ? i : 80), body);
}


/* the value of a header, of n bytes, without blanks around it; or NULL */

static const char *
ngx_cc_client_ws_header(const char *head, const char *name, size_t *n)
{
    size_t       len;
    const char  *line;

    len = strlen(name);

    for (line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;

        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            line += len + 1;
            line += strspn(line, " \t");
            *n = strcspn(line, "\r\n");

            while (*n && (line[*n - 1] == ' ' || line[*n - 1] == '\t')) {
                --*n;
            }

            return line;
        }
    }

    return NULL;
}


int
ngx_cc_client_ws_receive(ngx_cc_client_ws_t *ws)
{
    ssize_t  n;

    if (ws->in_pos) {
        memmove(ws->in, ws->in + ws->in_pos, ws->in_len - ws->in_pos);
        ws->in_len -= ws->in_pos;
        ws->in_pos = 0;
    }

    ws->in = ngx_cc_client_ws_grow(ws->in, &ws->in_size,
                                   ws->in_len + NGX_CC_CLIENT_WS_IN);

    n = ngx_cc_client_read(&ws->socket, ws->in + ws->in_len,
                           ws->in_size - ws->in_len);

    if (n > 0) {
        ws->in_len += n;
        return 0;
    }

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }

    ws->ended = 1;

    return -1;
}


int
ngx_cc_client_ws_next(ngx_cc_client_ws_t *ws, uint8_t **text, size_t *n)
{
    size_t    have, head, i;
    uint8_t  *p, opcode, fin;
    uint64_t  len;

    for ( ;; ) {
        have = ws->in_len - ws->in_pos;

        if (have < 2) {
            return 0;
        }

        p = ws->in + ws->in_pos;
        fin = p[0] & 0x80;
        opcode = p[0] & 0x0f;
        len = p[1] & 0x7f;
        head = 2;

        if (len >= 126) {
            head += len == 126 ? 2 : 8;

            if (have < head) {
                return 0;
            }

            for (len = 0, i = 2; i < head; i++) {
                len = len << 8 | p[i];
            }
        }

        if ((p[0] & 0x70) || (p[1] & 0x80)) {
            return ngx_cc_client_ws_bad(ws, NGX_CC_WS_PROTOCOL,
                                        "a frame with a mask, or of an "
                                        "extension");
        }

        if ((opcode & 0x8) && (!fin || len > NGX_CC_WS_MAX_CONTROL)) {
            return ngx_cc_client_ws_bad(ws, NGX_CC_WS_PROTOCOL,
                                        "a long control frame");
        }

        if (len > NGX_CC_CLIENT_MESSAGE) {
            return ngx_cc_client_ws_bad(ws, NGX_CC_WS_TOO_BIG,
                                        "a message that is too big");
        }

        if (have - head < len) {
            return 0;
        }

        p += head;
        ws->in_pos += head + len;
        *text = p;
        *n = len;

        if (opcode & 0x8) {
            ngx_cc_client_ws_control(ws, opcode, p, len);

        } else if (ngx_cc_client_ws_add(ws, opcode, fin != 0, text, n)) {
            return 1;
        }

        if (ws->ended) {
            return 0;
        }
    }
}


/* a frame of data: 1 when the message is whole, which *text is then */

static int
ngx_cc_client_ws_add(ngx_cc_client_ws_t *ws, uint8_t opcode, int fin,
    uint8_t **text, size_t *n)
{
    if (opcode == NGX_CC_WS_BINARY && !ws->wanted) {
        return ngx_cc_client_ws_bad(ws, NGX_CC_WS_UNSUPPORTED,
                                    "a binary message");
    }

    if (opcode > NGX_CC_WS_BINARY || ws->fragmented != (opcode == 0)) {
        return ngx_cc_client_ws_bad(ws, NGX_CC_WS_PROTOCOL,
                                    "a frame out of place");
    }

    ws->binary = opcode ? opcode == NGX_CC_WS_BINARY : ws->binary;

    if (fin && !ws->fragmented) {
        return 1;
    }

    if (ws->message_len + *n > NGX_CC_CLIENT_MESSAGE) {
        return ngx_cc_client_ws_bad(ws, NGX_CC_WS_TOO_BIG,
                                    "a message that is too big");
    }

    ws->message = ngx_cc_client_ws_grow(ws->message, &ws->message_size,
                                        ws->message_len + *n + 1);
    memcpy(ws->message + ws->message_len, *text, *n);
    ws->message_len += *n;
    ws->fragmented = !fin;

    if (!fin) {
        return 0;
    }

    *text = ws->message;
    *n = ws->message_len;
    ws->message_len = 0;

    return 1;
}


/* the peer breaks the rules: it is told, and not heard any more */

static int
ngx_cc_client_ws_bad(ngx_cc_client_ws_t *ws, unsigned code,
    const char *reason)
{
    uint8_t  payload[2] = { code >> 8, code & 0xff };

    (void) snprintf(ws->reason, sizeof(ws->reason),
                    "the server breaks the WebSocket protocol: %s", reason);
    ws->code = code;

    ngx_cc_client_ws_frame(ws, NGX_CC_WS_CLOSE, payload, 2);
    ws->ended = 1;

    return 0;
}


static void
ngx_cc_client_ws_control(ngx_cc_client_ws_t *ws, uint8_t opcode,
    uint8_t *payload, size_t n)
{
    size_t  len;

    if (opcode == NGX_CC_WS_PING) {

        /* who takes no answers needs no more of them */

        if (ngx_cc_client_ws_waiting(ws) > NGX_CC_CLIENT_WS_PONGS) {
            return;
        }

        ngx_cc_client_ws_frame(ws, NGX_CC_WS_PONG, payload, n);
        return;
    }

    if (opcode == NGX_CC_WS_PONG) {
        return;
    }

    if (opcode != NGX_CC_WS_CLOSE) {
        (void) ngx_cc_client_ws_bad(ws, NGX_CC_WS_PROTOCOL,
                                    "an unknown opcode");
        return;
    }

    ws->code = n >= 2 ? payload[0] << 8 | payload[1] : NGX_CC_WS_NO_STATUS;

    if (n > 2) {
        len = n - 2 < sizeof(ws->reason) - 1 ? n - 2 : sizeof(ws->reason) - 1;
        memcpy(ws->reason, payload + 2, len);
        ws->reason[len] = '\0';
    }

    ngx_cc_client_ws_frame(ws, NGX_CC_WS_CLOSE, payload, n >= 2 ? 2 : 0);
    ws->ended = 1;
}


void
ngx_cc_client_ws_send(ngx_cc_client_ws_t *ws, uint8_t opcode, uint8_t *p,
    size_t n)
{
    ngx_cc_client_ws_frame(ws, opcode, p, n);
}


/*
 * A key of 0 would be allowed to nobody who wants to keep proxies from being
 * fooled (RFC 6455, section 10.3).
 */

static void
ngx_cc_client_ws_frame(ngx_cc_client_ws_t *ws, uint8_t opcode,
    uint8_t *payload, size_t n)
{
    uint8_t  *p, mask[4];

    if (ws->socket.fd == -1 || ws->ended || RAND_bytes(mask, 4) != 1) {
        return;
    }

    /* bytes that have gone make room when they are half of all, or more */

    if (ws->out_pos && ws->out_pos >= ngx_cc_client_ws_waiting(ws)) {
        memmove(ws->out, ws->out + ws->out_pos, ngx_cc_client_ws_waiting(ws));
        ws->out_len -= ws->out_pos;
        ws->out_pos = 0;
    }

    ws->spoke = ngx_cc_clock_ms();
    ws->out = ngx_cc_client_ws_grow(ws->out, &ws->out_size,
                                    ws->out_len + n + 14);

    p = ngx_cc_ws_header(ws->out + ws->out_len, opcode, n);
    ws->out[ws->out_len + 1] |= 0x80;
    memcpy(p, mask, 4);
    p += 4;
    memcpy(p, payload, n);
    (void) ngx_cc_ws_unmask(p, n, mask, 0);

    ws->out_len = p + n - ws->out;

    ngx_cc_client_ws_flush(ws);
}


void
ngx_cc_client_ws_flush(ngx_cc_client_ws_t *ws)
{
    ssize_t  n;

    while (ws->out_pos < ws->out_len) {
        n = ngx_cc_client_write(&ws->socket, ws->out + ws->out_pos,
                                ws->out_len - ws->out_pos);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            if (n == -1 && errno != EAGAIN) {
                /* what it said before it left may still be read */
                ws->out_pos = ws->out_len;
            }

            return;
        }

        ws->out_pos += n;
    }
}


short
ngx_cc_client_ws_events(const ngx_cc_client_ws_t *ws, int reads)
{
    return ngx_cc_client_events(&ws->socket, reads,
                                ngx_cc_client_ws_waiting(ws) != 0);
}


size_t
ngx_cc_client_ws_waiting(const ngx_cc_client_ws_t *ws)
{
    return ws->out_len - ws->out_pos;
}


void
ngx_cc_client_ws_alive(ngx_cc_client_ws_t *ws)
{
    uint8_t  nothing[1];

    if (ngx_cc_client_ws_waiting(ws) == 0
        && ngx_cc_clock_ms() - ws->spoke >= NGX_CC_CLIENT_ALIVE)
    {
        ngx_cc_client_ws_frame(ws, NGX_CC_WS_PONG, nothing, 0);
    }
}


void
ngx_cc_client_ws_close(ngx_cc_client_ws_t *ws)
{
    uint8_t  code[2] = { NGX_CC_WS_NORMAL >> 8, NGX_CC_WS_NORMAL & 0xff };

    ngx_cc_client_ws_frame(ws, NGX_CC_WS_CLOSE, code, 2);
    ngx_cc_client_close(&ws->socket);
    ws->ended = 1;
}


/* without memory there is nothing that a client could still do */

static void *
ngx_cc_client_ws_grow(uint8_t *p, size_t *size, size_t need)
{
    if (need <= *size) {
        return p;
    }

    need += need / 2;
    p = realloc(p, need);

    if (p == NULL) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
    }

    *size = need;

    return p;
}
