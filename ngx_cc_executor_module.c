
/*
 * The module as nginx sees it: directives, variables, contexts, process hooks.
 * Everything else is in src/, one noun a file (see docs/architecture.md).
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_audit.h"
#include "ngx_cc_caller.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_conf_bound.h"
#include "ngx_cc_conf_cgroup.h"
#include "ngx_cc_conf_keep.h"
#include "ngx_cc_conf_node.h"
#include "ngx_cc_conf_observe.h"
#include "ngx_cc_conf_report.h"
#include "ngx_cc_conf_service.h"
#include "ngx_cc_deathwatch.h"
#include "ngx_cc_entry.h"
#include "ngx_cc_farewell.h"
#include "ngx_cc_forward.h"
#include "ngx_cc_kept.h"
#include "ngx_cc_key.h"
#include "ngx_cc_local.h"
#include "ngx_cc_pools.h"
#include "ngx_cc_problem.h"
#include "ngx_cc_service_keeper.h"
#include "ngx_cc_session.h"
#include "ngx_cc_status.h"
#include "ngx_cc_spawner_client.h"
#include "ngx_cc_unreachable.h"
#include "ngx_cc_zone.h"


static ngx_int_t ngx_cc_executor_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_cc_executor_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_cc_executor_owner(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_cc_main_conf_t *ngx_cc_executor_main_conf(ngx_cycle_t *cycle);
static void *ngx_cc_executor_create_main(ngx_conf_t *cf);
static ngx_int_t ngx_cc_executor_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_cc_executor_init_process(ngx_cycle_t *cycle);
static void ngx_cc_executor_exit_process(ngx_cycle_t *cycle);
static void ngx_cc_executor_exit_master(ngx_cycle_t *cycle);


#define NGX_CC_LOCATION  (NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF)
#define NGX_CC_ANYWHERE                                                       \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


#define ngx_cc_loc(field)      offsetof(ngx_cc_loc_conf_t, field)
#define ngx_cc_main(field)     offsetof(ngx_cc_main_conf_t, field)


static ngx_command_t  ngx_cc_executor_commands[] = {

    { ngx_string("cc_executor"),
      NGX_CC_LOCATION|NGX_CONF_FLAG,
      ngx_cc_conf_executor,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(enable),
      NULL },

    { ngx_string("cc_executor_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      ngx_cc_main(zone_size),
      NULL },

    { ngx_string("cc_executor_path"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      ngx_cc_main(path),
      NULL },

    { ngx_string("cc_executor_helpers"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_cc_conf_helpers,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_allow"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_policy_allow,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(policy),
      NULL },

    { ngx_string("cc_executor_shell"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE12,
      ngx_cc_conf_policy_set_shell,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(policy),
      NULL },

    { ngx_string("cc_executor_alias"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE2,
      ngx_cc_conf_policy_set_alias,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(policy),
      NULL },

    { ngx_string("cc_executor_env"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_env_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(env),
      NULL },

    { ngx_string("cc_executor_client_env"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_env_set_client,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(env),
      NULL },

    { ngx_string("cc_executor_cwd"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(cwd),
      NULL },

    { ngx_string("cc_executor_client_cwd"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(client_cwd),
      ngx_cc_conf_command_client_cwd },

    { ngx_string("cc_executor_start_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.start_timeout),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.timeout),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_silence_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.silence_timeout),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_kill_grace"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.kill_grace),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_linger"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.linger),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_drain_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.drain_timeout),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_buffer"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.buffer),
      &ngx_cc_conf_bound_buffer },

    { ngx_string("cc_executor_tty"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.tty),
      NULL },

    { ngx_string("cc_executor_stdin_buffer"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.stdin_buffer),
      &ngx_cc_conf_bound_stdin },

    { ngx_string("cc_executor_max_message"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(max_message),
      &ngx_cc_conf_bound_message },

    { ngx_string("cc_executor_max_sessions"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(max_sessions),
      &ngx_cc_conf_bound_count },

    { ngx_string("cc_executor_max_commands"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.max_commands),
      &ngx_cc_conf_bound_count },

    { ngx_string("cc_executor_max_commands_per_session"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.max_commands_per_session),
      &ngx_cc_conf_bound_commands },

    { ngx_string("cc_executor_max_commands_per_owner"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_cc_conf_command_per_owner,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.max_per_owner),
      NULL },

    { ngx_string("cc_executor_max_sessions_per_address"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(session.max_per_address),
      &ngx_cc_conf_bound_share },

    { ngx_string("cc_executor_max_sessions_per_owner"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(session.max_per_owner),
      &ngx_cc_conf_bound_share },

    { ngx_string("cc_executor_ping_interval"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(ping_interval),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_ping_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(ping_timeout),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_frame_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(session.frame_timeout),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_idle_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(session.idle_timeout),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_max_output"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.max_output),
      NULL },

    { ngx_string("cc_executor_allowed_hosts"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_access_conf_hosts,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(access.allowed_hosts),
      NULL },

    { ngx_string("cc_executor_allowed_origins"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_access_conf_origins,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(access.allowed_origins),
      NULL },

    { ngx_string("cc_executor_remote"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(access.remote),
      ngx_cc_access_conf_remote },

    { ngx_string("cc_executor_commands_as_clients"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(access.commands),
      NULL },

    { ngx_string("cc_executor_token_file"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(access.token_file),
      NULL },

    { ngx_string("cc_executor_cors"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_cors_conf_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_audit_log"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE12,
      ngx_cc_audit_file_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(audit),
      NULL },

    { ngx_string("cc_executor_error_detail"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.error_detail),
      NULL },

    { ngx_string("cc_executor_trace"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.trace),
      NULL },

    { ngx_string("cc_executor_allow_root"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(allow_root),
      NULL },

    { ngx_string("cc_executor_umask"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_cc_conf_confine_umask,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.umask),
      NULL },

    { ngx_string("cc_executor_nice"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_cc_conf_confine_nice,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.nice),
      NULL },

    { ngx_string("cc_executor_rlimit_cpu"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.cpu),
      &ngx_cc_conf_bound_cpu },

    { ngx_string("cc_executor_rlimit_as"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.as),
      &ngx_cc_conf_bound_as },

    { ngx_string("cc_executor_rlimit_fsize"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.fsize),
      NULL },

    { ngx_string("cc_executor_rlimit_nofile"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.nofile),
      &ngx_cc_conf_bound_nofile },

    { ngx_string("cc_executor_rlimit_nproc"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.nproc),
      &ngx_cc_conf_bound_nproc },

    { ngx_string("cc_executor_cgroup"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_cgroup,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.cgroup),
      NULL },

    { ngx_string("cc_executor_wrapper"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_command_words,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(wrapper),
      NULL },

    { ngx_string("cc_executor_control"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_command_words,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(control),
      NULL },

    { ngx_string("cc_executor_fence"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE12,
      ngx_cc_conf_confine_fence,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine),
      NULL },

    { ngx_string("cc_executor_fence_read"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_confine_paths,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.read),
      NULL },

    { ngx_string("cc_executor_fence_write"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_confine_paths,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.write),
      NULL },

    { ngx_string("cc_executor_fence_connect"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.connect),
      NULL },

    { ngx_string("cc_executor_fence_listen"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(confine.listen),
      NULL },

    { ngx_string("cc_executor_keep"),
      NGX_CC_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.enable),
      NULL },

    { ngx_string("cc_executor_keep_ttl"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.ttl),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_keep_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.timeout),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_keep_orphan"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.orphan),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_keep_output"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.output),
      &ngx_cc_conf_bound_keep_output },

    { ngx_string("cc_executor_max_kept"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.max),
      &ngx_cc_conf_bound_kept },

    { ngx_string("cc_executor_max_kept_per_owner"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.max_per_owner),
      &ngx_cc_conf_bound_share },

    { ngx_string("cc_executor_max_kept_calls"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.max_calls),
      &ngx_cc_conf_bound_kept },

    { ngx_string("cc_executor_resume"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.resume),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_task_after"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.task_after),
      &ngx_cc_conf_bound_limit },

    { ngx_string("cc_executor_max_watchers"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.max_watchers),
      &ngx_cc_conf_bound_watchers },

    { ngx_string("cc_executor_max_waits"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.max_waits),
      &ngx_cc_conf_bound_waits },

    { ngx_string("cc_executor_stall_timeout"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_cc_loc(spec.command.keep.stall),
      &ngx_cc_conf_bound_time },

    { ngx_string("cc_executor_realm"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_cc_conf_keep_realm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_observe"),
      NGX_CC_ANYWHERE|NGX_CONF_1MORE,
      ngx_cc_conf_observe,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_secret"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      ngx_cc_main(secret),
      NULL },

    { ngx_string("cc_executor_session_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      ngx_cc_main(session_key),
      NULL },

    { ngx_string("cc_executor_node"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_cc_conf_node,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_peer"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE2,
      ngx_cc_conf_node_peer,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_unreachable"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_cc_unreachable_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_service"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      ngx_cc_main(service),
      NULL },

    { ngx_string("cc_executor_user"),
      NGX_CC_ANYWHERE|NGX_CONF_TAKE1,
      ngx_cc_conf_service_user,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cc_executor_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_cc_status_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


typedef enum {
    NGX_CC_VARIABLE_SESSION = 0,
    NGX_CC_VARIABLE_DIALECT,
    NGX_CC_VARIABLE_COMMANDS,
    NGX_CC_VARIABLE_BYTES_OUT,
    NGX_CC_VARIABLE_CLOSE,
    NGX_CC_VARIABLE_TRACE_ID
} ngx_cc_executor_variable_e;


static ngx_http_variable_t  ngx_cc_executor_variables[] = {

    { ngx_string("cc_executor_session"), NULL, ngx_cc_executor_variable,
      NGX_CC_VARIABLE_SESSION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cc_executor_dialect"), NULL, ngx_cc_executor_variable,
      NGX_CC_VARIABLE_DIALECT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cc_executor_owner"), NULL, ngx_cc_executor_owner,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cc_executor_commands"), NULL, ngx_cc_executor_variable,
      NGX_CC_VARIABLE_COMMANDS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cc_executor_bytes_out"), NULL, ngx_cc_executor_variable,
      NGX_CC_VARIABLE_BYTES_OUT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cc_executor_close"), NULL, ngx_cc_executor_variable,
      NGX_CC_VARIABLE_CLOSE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cc_executor_trace_id"), NULL, ngx_cc_executor_variable,
      NGX_CC_VARIABLE_TRACE_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("cc_executor_node"), NULL, ngx_cc_forward_variable, 0, 0, 0 },

      ngx_http_null_variable
};


static ngx_http_module_t  ngx_cc_executor_module_ctx = {
    ngx_cc_executor_add_variables,         /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_cc_executor_create_main,           /* create main configuration */
    ngx_cc_conf_init_main,                 /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_cc_conf_create_loc,                /* create location configuration */
    ngx_cc_conf_merge_loc                  /* merge location configuration */
};


ngx_module_t  ngx_cc_executor_module = {
    NGX_MODULE_V1,
    &ngx_cc_executor_module_ctx,           /* module context */
    ngx_cc_executor_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_cc_executor_init_module,           /* init module */
    ngx_cc_executor_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_cc_executor_exit_process,          /* exit process */
    ngx_cc_executor_exit_master,           /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_cc_executor_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_cc_executor_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return ngx_cc_forward_init(cf);
}


static ngx_int_t
ngx_cc_executor_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    u_char            *p, *last;
    ngx_cc_session_t  *s;

    s = ngx_http_get_module_ctx(r->main, ngx_cc_executor_module);

    if (s == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_CC_UUID_TEXT + NGX_OFF_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = p + NGX_CC_UUID_TEXT + NGX_OFF_T_LEN;

    v->data = p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    switch ((ngx_cc_executor_variable_e) data) {

    case NGX_CC_VARIABLE_SESSION:
        p = ngx_cpymem(p, s->transport.session_id, NGX_CC_UUID_TEXT);
        break;

    case NGX_CC_VARIABLE_DIALECT:
        p = ngx_slprintf(p, last, "%s", s->dialect->name);
        break;

    case NGX_CC_VARIABLE_COMMANDS:
        p = ngx_slprintf(p, last, "%ui", s->transport.commands);
        break;

    case NGX_CC_VARIABLE_BYTES_OUT:
        p = ngx_slprintf(p, last, "%O", s->bytes_out);
        break;

    case NGX_CC_VARIABLE_CLOSE:
        p = ngx_slprintf(p, last, "%ui", s->code);
        break;

    case NGX_CC_VARIABLE_TRACE_ID:
        if (s->transport.trace_id) {
            p = ngx_cpymem(p, s->transport.trace_id, NGX_CC_TRACE_ID);

        } else if (s->transport.trace) {
            p = ngx_cpymem(p, ngx_cc_trace_id(s->transport.trace->parent),
                           NGX_CC_TRACE_ID);
        }

        break;
    }

    v->len = p - v->data;

    return NGX_OK;
}


/* of every request that came to one of our locations, refused or not */

static ngx_int_t
ngx_cc_executor_owner(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_cc_caller_t  *caller;

    caller = ngx_cc_caller_last(r->main);

    if (caller == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = caller->owner.data;
    v->len = caller->owner.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* NULL: no http block, or no location that is on: nothing to be done */

static ngx_cc_main_conf_t *
ngx_cc_executor_main_conf(ngx_cycle_t *cycle)
{
    ngx_cc_main_conf_t  *mcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NULL;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_cc_executor_module);

    return (mcf && mcf->enable) ? mcf : NULL;
}


static void *
ngx_cc_executor_create_main(ngx_conf_t *cf)
{
    return ngx_cc_conf_create_main(cf, ngx_cc_entry_handler);
}


static ngx_int_t
ngx_cc_executor_init_module(ngx_cycle_t *cycle)
{
    ngx_int_t            rc;
    ngx_cc_main_conf_t  *mcf, *old;

    mcf = ngx_cc_executor_main_conf(cycle);

    if (mcf == NULL) {
        return NGX_OK;
    }

    /*
     * An error refuses a start and fails a test; of a reload it would end
     * nginx, which serves others, too.  What is missing has been told then,
     * and clients are told by whatever they cannot do without it.
     */

    rc = ngx_is_init_cycle(cycle->old_cycle) ? NGX_ERROR : NGX_OK;

    if (ngx_cc_conf_init(cycle, mcf) != NGX_OK && rc != NGX_OK) {
        return rc;
    }

    /* a configuration test comes here too, and must leave nothing behind */

    if (ngx_test_config) {
        return NGX_OK;
    }

    old = ngx_is_init_cycle(cycle->old_cycle)
          ? NULL : ngx_cc_executor_main_conf(cycle->old_cycle);

    if (old) {
        ngx_cc_zone_inherit(mcf->zone, old->zone, cycle->log);
    }

    ngx_cc_conf_report_build(cycle, mcf);
    ngx_cc_conf_report_tell(cycle, mcf);
    ngx_cc_local_init();
    ngx_cc_problem_init();

    if (ngx_cc_deathwatch_open(cycle->log) != NGX_OK
        || ngx_cc_conf_service_start(cycle, mcf) != NGX_OK)
    {
        return rc;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_executor_init_process(ngx_cycle_t *cycle)
{
    ngx_cc_main_conf_t  *mcf;

    ngx_cc_deathwatch_leave();
    ngx_cc_service_keeper_leave();

    mcf = ngx_cc_executor_main_conf(cycle);

    /*
     * It has handles of kept commands: a command of its user must not read its
     * memory.  Without them nginx can be looked at, so it can be its own
     * client; a session's id is of no use to anybody but its owner.
     */

    if (mcf && mcf->keep) {
        ngx_cc_spawner_client_undumpable(cycle->log);
    }

    ngx_cc_key_enter(mcf != NULL && (ngx_process == NGX_PROCESS_WORKER
                                     || ngx_process == NGX_PROCESS_SINGLE),
                     cycle->log);

    /* cache manager and loader come here too */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    mcf = ngx_cc_executor_main_conf(cycle);

    if (mcf == NULL) {
        return NGX_OK;
    }

    if (ngx_cc_zone_enter(mcf->zone, cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_problem_again();

    ngx_cc_node_init(&mcf->node);

    mcf->pool.exiting = ngx_cc_farewell_exiting;
    ngx_cc_pools_start(cycle, &mcf->pool);
    ngx_cc_kept_start(ngx_cc_audit_heard, cycle->log);

    return NGX_OK;
}


static void
ngx_cc_executor_exit_process(ngx_cycle_t *cycle)
{
    ngx_cc_farewell();
    ngx_cc_kept_stop();
    ngx_cc_pools_stop();

    if (ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE)
    {
        ngx_cc_audit_file_leave(cycle);
    }

    ngx_cc_zone_leave();
    ngx_cc_key_leave();
}


static void
ngx_cc_executor_exit_master(ngx_cycle_t *cycle)
{
    ngx_cc_key_leave();
}
