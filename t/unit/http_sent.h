
/* the socket of http.c, and what the client makes of what is sent */

#ifndef _HTTP_SENT_H_INCLUDED_
#define _HTTP_SENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* recv, send, send_chain of the connection; what is sent is checked */
ssize_t http_sent_recv(ngx_connection_t *c, u_char *buf, size_t size);
ssize_t http_sent_send(ngx_connection_t *c, u_char *buf, size_t size);
ngx_chain_t *http_sent_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit);

/* the whole body of an answer: JSON, or events */
void http_sent_body(void);

/* forgets everything */
void http_sent_reset(void);


#endif /* _HTTP_SENT_H_INCLUDED_ */
