
#define _GNU_SOURCE
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ngx_cc_client_ws.h"
#include "ngx_cc_ws_frame.h"


#define NGX_CC_CLIENT_WS_IN       (256 * 1024)   /* bytes of one receive */
#define NGX_CC_CLIENT_WS_HEAD     16384          /* of the server's answer */
#define NGX_CC_CLIENT_WS_PATIENCE 10000          /* ms for that answer */
#define NGX_CC_CLIENT_WS_KEY      24             /* base64 of 16 bytes */


static int ngx_cc_client_ws_greet(ngx_cc_client_ws_t *ws,
    const ngx_cc_client_url_t *url, const char *token, const char *key);
static int ngx_cc_client_ws_answer(ngx_cc_client_ws_t *ws, const char *key,
    const char **error);
static const char *ngx_cc_client_ws_header(char *head, const char *name);
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
    ws->fragmented = 0;

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
    char            accept[64], *end, *head, text[NGX_CC_CLIENT_WS_KEY + 40];
    uint8_t         digest[EVP_MAX_MD_SIZE];
    unsigned        len;
    const char     *value;
    struct pollfd   fd;

    for ( ;; ) {
        end = ws->in_len
              ? memmem(ws->in, ws->in_len, "\r\n\r\n", 4) : NULL;

        if (end) {
            break;
        }

        fd.fd = ws->socket.fd;
        fd.events = POLLIN;

        if (ws->in_len > NGX_CC_CLIENT_WS_HEAD
            || (!ngx_cc_client_pending(&ws->socket)
                && poll(&fd, 1, NGX_CC_CLIENT_WS_PATIENCE) != 1)
            || ngx_cc_client_ws_receive(ws) == -1)
        {
            *error = "no answer from a WebSocket server";
            return -1;
        }
    }

    head = (char *) ws->in;
    *end = '\0';
    ws->in_pos = end + 4 - head;

    if (sscanf(head, "HTTP/1.%*1d %3d", &ws->status) != 1) {
        *error = "the answer is not HTTP/1.1";
        return -1;
    }

    if (ws->status != 101) {
        (void) snprintf(ws->reason, sizeof(ws->reason),
                        "the server answered %d%s", ws->status,
                        ws->status == 401 ? " (a token is needed)"
                        : ws->status == 404 ? " (nothing at this path)" : "");
        *error = ws->reason;
        return -1;
    }

    (void) snprintf(text, sizeof(text),
                    "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);

    if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL) != 1) {
        *error = "no SHA-1";
        return -1;
    }

    (void) EVP_EncodeBlock((unsigned char *) accept, digest, (int) len);
    value = ngx_cc_client_ws_header(head, "Sec-WebSocket-Accept");

    if (value == NULL || strcmp(value, accept) != 0) {
        *error = "the server's handshake is wrong";
        return -1;
    }

    return 0;
}


/* the value of a header, without blanks around it; "head" is changed */

static const char *
ngx_cc_client_ws_header(char *head, const char *name)
{
    char    *line, *end;
    size_t   n;

    n = strlen(name);

    for (line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;

        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            line += n + 1;
            line += strspn(line, " \t");
            end = line + strcspn(line, " \t\r\n");
            *end = '\0';
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
        p = ws->in + ws->in_pos;
        have = ws->in_len - ws->in_pos;

        if (have < 2) {
            return 0;
        }

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

        if ((p[0] & 0x70) || (p[1] & 0x80) || len > NGX_CC_CLIENT_MESSAGE) {
            /* not a server of RFC 6455 */
            ws->ended = 1;
            return 0;
        }

        if (have - head < len) {
            return 0;
        }

        p += head;
        ws->in_pos += head + len;

        if (opcode & 0x8) {
            ngx_cc_client_ws_control(ws, opcode, p, len);

            if (ws->ended) {
                return 0;
            }

            continue;
        }

        if (fin && !ws->fragmented) {
            *text = p;
            *n = len;
            return 1;
        }

        if (ws->message_len + len > NGX_CC_CLIENT_MESSAGE) {
            ws->ended = 1;
            return 0;
        }

        ws->message = ngx_cc_client_ws_grow(ws->message, &ws->message_size,
                                            ws->message_len + len + 1);
        memcpy(ws->message + ws->message_len, p, len);
        ws->message_len += len;
        ws->fragmented = !fin;

        if (fin) {
            *text = ws->message;
            *n = ws->message_len;
            ws->message_len = 0;
            return 1;
        }
    }
}


static void
ngx_cc_client_ws_control(ngx_cc_client_ws_t *ws, uint8_t opcode,
    uint8_t *payload, size_t n)
{
    size_t  len;

    if (opcode == NGX_CC_WS_PING) {
        ngx_cc_client_ws_frame(ws, NGX_CC_WS_PONG, payload, n);
        return;
    }

    if (opcode != NGX_CC_WS_CLOSE) {
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
ngx_cc_client_ws_send(ngx_cc_client_ws_t *ws, uint8_t *text, size_t n)
{
    ngx_cc_client_ws_frame(ws, NGX_CC_WS_TEXT, text, n);
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

    if (ws->out_pos == ws->out_len) {
        ws->out_pos = ws->out_len = 0;
    }

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


size_t
ngx_cc_client_ws_waiting(const ngx_cc_client_ws_t *ws)
{
    return ws->out_len - ws->out_pos;
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
        (void) fputs("cc-run: no memory\n", stderr);
        exit(125);
    }

    *size = need;

    return p;
}
