
/*
 * What a location says about who may connect: directives, merge, checks.  The
 * decision itself is in ngx_cc_access.
 */

#ifndef _NGX_CC_ACCESS_CONF_H_INCLUDED_
#define _NGX_CC_ACCESS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_origin.h"


typedef enum {
    NGX_CC_ACCESS_DENY = 0,              /* only this machine */
    NGX_CC_ACCESS_TOKEN,                 /* who has a token */
    NGX_CC_ACCESS_TRUST                  /* nginx's own directives decide */
} ngx_cc_access_remote_e;


/* an element of one of the two lists */

typedef enum {
    NGX_CC_ACCESS_VALUE,
    NGX_CC_ACCESS_AUTO,
    NGX_CC_ACCESS_NULL                   /* the origin "null" */
} ngx_cc_access_kind_e;


typedef struct {
    ngx_cc_access_kind_e   kind;
    ngx_cc_origin_t        value;        /* of a host: scheme and port empty */
} ngx_cc_access_item_t;


typedef struct {
    /* as configured: arrays of ngx_cc_access_item_t */
    ngx_array_t           *allowed_hosts;
    ngx_array_t           *allowed_origins;  /* empty = "none" */
    ngx_uint_t             remote;           /* ngx_cc_access_remote_e */
    ngx_str_t              token_file;       /* or "off" */
    ngx_flag_t             commands;         /* may be clients */

    /* compiled: names of allowed_hosts, those of "auto" included */
    char                 **hosts;
    ngx_uint_t             nhosts;
    ngx_uint_t             loopback;         /* names of this machine, too */
    ngx_array_t           *tokens;           /* of ngx_cc_token_t; NULL = no
                                                token is needed */
    ngx_uint_t             basic;            /* auth_basic has verified the
                                                user of whoever gets in */
} ngx_cc_access_conf_t;


/* in create_loc_conf: everything is unset */
void ngx_cc_access_conf_create(ngx_cc_access_conf_t *conf);

/* in merge_loc_conf, for every location */
void ngx_cc_access_conf_merge(ngx_cc_access_conf_t *conf,
    ngx_cc_access_conf_t *prev);

/*
 * For a location that is on, after the merge: compiles.  NGX_CONF_OK or
 * NGX_CONF_ERROR (logged).
 */
char *ngx_cc_access_conf_compile(ngx_conf_t *cf, ngx_cc_access_conf_t *conf);

/* may "host" (in the form of ngx_cc_origin) be how a client names us? */
ngx_uint_t ngx_cc_access_conf_host(ngx_cc_access_conf_t *conf,
    const char *host);


/* setters; cmd->offset is that of the array in the location's struct */

/* cc_executor_allowed_hosts auto | name ... */
char *ngx_cc_access_conf_hosts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* cc_executor_allowed_origins auto | none | null | origin ... */
char *ngx_cc_access_conf_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* values of cc_executor_remote */
extern ngx_conf_enum_t  ngx_cc_access_conf_remote[];

/* is this an address of this machine only: loopback, unix socket? */
ngx_uint_t ngx_cc_access_conf_local(struct sockaddr *sa);

/*
 * An address, as "listen" has it, by which other machines reach the server
 * that is being configured, or NULL
 */
ngx_str_t *ngx_cc_access_conf_reach(ngx_conf_t *cf);


#endif /* _NGX_CC_ACCESS_CONF_H_INCLUDED_ */
