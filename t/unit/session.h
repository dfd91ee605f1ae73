
/* a session of a dialect over commands that are none, and its client */

#ifndef _SESSION_H_INCLUDED_
#define _SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "fake_command.h"
#include "ngx_cc_dialect.h"


extern ngx_cc_transport_t          transport;
extern ngx_cc_spec_conf_t  conf;
extern void                  *session;
extern int                    wakes;
extern int                    pieces;    /* of the message pulled last */
extern size_t                 pulled;    /* bytes of it */
extern u_char                 buf[8 * 1024 * 1024];  /* and its text */


/*
 * Opens one in /srv, where any command may run, but "commands" at a time.  What
 * it says first is still to be pulled.  "post" may be NULL, see
 * ngx_cc_transport_t.
 */
void session_open(const ngx_cc_dialect_t *d, ngx_uint_t commands,
    struct ngx_cc_mcp_post_s *post);

/* ends it; no command and no timer may be left */
void close_session(void);

/* the next message, put together, "" when there is none */
const char *pull(void);

/* sends a message in two pieces */
void say(const char *text);

/* the next message is this, or has this in it */
void expect(const char *want);
void expect_part(const char *want);


#endif /* _SESSION_H_INCLUDED_ */
