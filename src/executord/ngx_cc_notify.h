
/*
 * Tells systemd about a service of Type=notify (sd_notify(3)), without its
 * library.
 */

#ifndef _NGX_CC_NOTIFY_H_INCLUDED_
#define _NGX_CC_NOTIFY_H_INCLUDED_


/*
 * Sends "state" ("READY=1", "STOPPING=1") to the socket that NOTIFY_SOCKET in
 * the environment names.  Nothing happens when there is none, or nobody
 * listens.
 */
void ngx_cc_notify(const char *state);


#endif /* _NGX_CC_NOTIFY_H_INCLUDED_ */
