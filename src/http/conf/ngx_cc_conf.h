
/*
 * What the configuration says: one struct for http, one for a location, and
 * the functions that merge, check and compile it.  Setters have the form of
 * ngx_command_t.set: NGX_CONF_OK, NGX_CONF_ERROR (logged), or a text that nginx
 * puts behind the directive's name.
 */

#ifndef _NGX_CC_CONF_H_INCLUDED_
#define _NGX_CC_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_access_conf.h"
#include "ngx_cc_audit_file.h"
#include "ngx_cc_build.h"
#include "ngx_cc_cors_conf.h"
#include "ngx_cc_conf_command.h"
#include "ngx_cc_conf_confine.h"
#include "ngx_cc_conf_env.h"
#include "ngx_cc_conf_policy.h"
#include "ngx_cc_identity.h"
#include "ngx_cc_node.h"
#include "ngx_cc_observe.h"
#include "ngx_cc_pools.h"
#include "ngx_cc_spec.h"
#include "ngx_cc_zone.h"


/* bounds of what may be configured */

#define NGX_CC_CONF_MAX_HELPERS  1024


typedef struct ngx_cc_loc_conf_s  ngx_cc_loc_conf_t;


typedef struct {
    ngx_str_t               server;          /* its name */
    ngx_str_t               name;
    ngx_cc_loc_conf_t      *conf;
} ngx_cc_conf_location_t;


typedef struct {
    ngx_flag_t              enable;          /* some location is on */
    ngx_flag_t              status;          /* some location shows it */
    ngx_http_handler_pt     handler;         /* the content handler of ours */
    ngx_array_t             locations;       /* those: ngx_cc_conf_location_t */
    ngx_array_t             realms;          /* ngx_cc_observe_location_t */
    size_t                  zone_size;
    ngx_cc_zone_t          *zone;
    ngx_str_t               path;            /* runtime directory */
    ngx_str_t               work;            /* default working directory */
    ngx_cc_pools_conf_t     pool;
    ngx_cc_conf_env_account_t  account[NGX_CC_POOLS_USERS];  /* of commands, by
                                                users */
    ngx_flag_t              keep;            /* some location keeps commands */
    ngx_str_t               service;         /* of commands, "off" or "" */
    const char             *program;         /* it is started by, or NULL */
    ngx_str_t               place;           /* of the TMPDIRs of commands,
                                                then */
    ngx_str_t               secret;          /* file of their key, or "" */
    ngx_str_t               session_key;     /* file of that of sessions, "off"
                                                or "" */
    ngx_str_t               node;            /* name of this node, or "" */
    ngx_cc_build_t          build;           /* as of the start, or reload */
} ngx_cc_main_conf_t;


/* how much one client may take of a location, and how slow or idle it may be */

typedef struct {
    ngx_uint_t              max_per_address; /* sessions; 0 = any number */
    ngx_uint_t              max_per_owner;
    ngx_msec_t              frame_timeout;
    ngx_msec_t              idle_timeout;    /* 0 = none */
} ngx_cc_conf_session_t;


struct ngx_cc_loc_conf_s {
    ngx_cc_identity_t       identity;        /* of every location, on or off */
    ngx_flag_t              enable;
    ngx_str_t               file;            /* where that is said */
    ngx_uint_t              line;
    ngx_str_t               cwd;
    ngx_str_t               user;            /* that commands run as, or "" */
    size_t                  max_message;     /* bytes */
    ngx_uint_t              max_sessions;
    ngx_msec_t              ping_interval;
    ngx_msec_t              ping_timeout;
    ngx_cc_conf_session_t   session;
    ngx_uint_t              client_cwd;
    ngx_array_t            *wrapper;         /* of ngx_str_t */
    ngx_array_t            *control;         /* the same */
    ngx_flag_t              allow_root;
    ngx_cc_access_conf_t    access;          /* who may connect */
    ngx_cc_cors_conf_t      cors;            /* pages that may ask by POST */
    ngx_cc_audit_conf_t     audit;           /* what is written down */
    ngx_cc_conf_policy_t    policy;
    ngx_cc_conf_env_t       env;
    ngx_cc_conf_confine_t   confine;
    ngx_array_t            *peers;           /* of ngx_cc_node_peer_t; NULL =
                                                none */
    uint8_t                 tokens[NGX_CC_SHA256_SIZE];  /* digest of the token
                                                file, where there is one */
    ngx_str_t               realm;           /* of owners; empty = this
                                                location alone */
    ngx_array_t            *observers;       /* ngx_cc_conf_observer_t */
    ngx_cc_observe_t       *observe;         /* what they see; NULL = there are
                                                none */
    ngx_cc_spec_conf_t      spec;            /* for the layers below */
};


/* the module; its definition is in ngx_cc_executor_module.c */
extern ngx_module_t  ngx_cc_executor_module;


/* the callbacks of ngx_http_module_t; errors are logged */
void *ngx_cc_conf_create_main(ngx_conf_t *cf, ngx_http_handler_pt handler);
char *ngx_cc_conf_init_main(ngx_conf_t *cf, void *conf);
void *ngx_cc_conf_create_loc(ngx_conf_t *cf);
char *ngx_cc_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child);

/* setter of cc_executor: on also makes us the handler of the location */
char *ngx_cc_conf_executor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* setter of cc_executor_helpers: [min=n] [max=n] */
char *ngx_cc_conf_helpers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * In init_module: makes the runtime directory, warns about numbers that do not
 * fit together.  NGX_OK or NGX_ERROR (logged).
 */
ngx_int_t ngx_cc_conf_init(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf);


#endif /* _NGX_CC_CONF_H_INCLUDED_ */
