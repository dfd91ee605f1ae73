
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include "ngx_cc_audit_file.h"
#include "ngx_cc_conf_service.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_service_keeper.h"


static ngx_int_t ngx_cc_conf_service_path(ngx_conf_t *cf,
    ngx_cc_main_conf_t *mcf);
static ngx_int_t ngx_cc_conf_service_program(ngx_conf_t *cf,
    ngx_cc_main_conf_t *mcf);
static ngx_int_t ngx_cc_conf_service_capable(ngx_conf_t *cf,
    const char *program);
static ngx_uint_t ngx_cc_conf_service_safe(ngx_str_t *path, char *suspect);
static ngx_uint_t ngx_cc_conf_service_valid(const ngx_str_t *user);
static char *ngx_cc_conf_service_list(ngx_cycle_t *cycle,
    const ngx_cc_main_conf_t *mcf);


ngx_uint_t
ngx_cc_conf_service_is(const ngx_cc_main_conf_t *mcf)
{
    return mcf->service.len
           && !(mcf->service.len == 3
                && ngx_strncmp(mcf->service.data, "off", 3) == 0);
}


ngx_int_t
ngx_cc_conf_service(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf)
{
    if (!ngx_cc_conf_service_is(mcf)) {
        return NGX_OK;
    }

    return (mcf->service.data[0] == '/') ? ngx_cc_conf_service_program(cf, mcf)
                                         : ngx_cc_conf_service_path(cf, mcf);
}


ngx_int_t
ngx_cc_conf_service_location(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_uint_t  i;

    conf->spec.command.user = 0;

    if (!ngx_cc_conf_service_is(mcf)) {
        if (conf->user.len == 0) {
            return NGX_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_user\" without "
                           "\"cc_executor_service\": commands run as nginx's "
                           "workers do");
        return NGX_ERROR;
    }

    for (i = 0; conf->user.len && i < mcf->pool.nusers; i++) {
        if (ngx_strcmp(mcf->pool.user[i].name, conf->user.data) == 0) {
            mcf->pool.user[i].used = 1;
            conf->spec.command.user = i;
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"cc_executor_service\" without "
                       "\"cc_executor_user\": whom shall commands run as?");

    return NGX_ERROR;
}


char *
ngx_cc_conf_service_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t           *value;
    ngx_uint_t           i;
    ngx_cc_loc_conf_t   *lcf = conf;
    ngx_cc_main_conf_t  *mcf;

    if (lcf->user.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (!ngx_cc_conf_service_valid(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid user \"%V\" in \"cc_executor_user\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    lcf->user = value[1];
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_cc_executor_module);

    for (i = 0; i < mcf->pool.nusers; i++) {
        if (ngx_strcmp(mcf->pool.user[i].name, value[1].data) == 0) {
            return NGX_CONF_OK;
        }
    }

    if (i == NGX_CC_POOLS_USERS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_user\": there are more than %d "
                           "users", NGX_CC_POOLS_USERS);
        return NGX_CONF_ERROR;
    }

    mcf->pool.user[i].name = (char *) value[1].data;
    mcf->pool.nusers++;

    return ngx_cc_audit_file_order(cf) == NGX_OK ? NGX_CONF_OK
                                                 : NGX_CONF_ERROR;
}


ngx_uint_t
ngx_cc_conf_service_users(const ngx_cc_main_conf_t *mcf)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < mcf->pool.nusers; i++) {
        n += mcf->pool.user[i].used;
    }

    return ngx_max(n, 1);
}


/* old workers keep their places while their commands run */

void
ngx_cc_conf_service_places(ngx_cycle_t *cycle, const ngx_cc_main_conf_t *mcf)
{
    ngx_int_t         workers;
    ngx_uint_t        users, room;
    ngx_core_conf_t  *ccf;

    if (!ngx_cc_conf_service_is(mcf)) {
        return;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* a service of our own has no other peer */

    room = mcf->program ? NGX_CC_SPAWNER_SERVED : NGX_CC_SPAWNER_SHARE;
    users = ngx_cc_conf_service_users(mcf);
    workers = ccf->master ? ccf->worker_processes : 1;

    if (workers < 1 || users * workers * 2 <= room) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                  "cc_executor: users of commands (%ui) times "
                  "\"worker_processes %i\" are %ui places of the executor "
                  "service, twice that while a reload's old workers go on; it "
                  "has %ui for one nginx: workers beyond start no commands",
                  users, workers, users * workers, room);
}


ngx_int_t
ngx_cc_conf_service_start(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    char                          suspect[NGX_CC_TRUST_PATH];
    gid_t                         group;
    ngx_core_conf_t              *ccf;
    ngx_cc_service_keeper_conf_t  conf;

    if (mcf->program == NULL) {
        return NGX_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    conf.program = mcf->program;
    conf.users = ngx_cc_conf_service_list(cycle, mcf);
    conf.worker = ngx_cc_conf_user_name(cycle, &group);
    conf.uid = ngx_cc_conf_user(cycle);
    conf.path = (char *) mcf->path.data;
    conf.tmp = (char *) mcf->place.data;

    if (conf.users == NULL) {
        return NGX_ERROR;
    }

    if (geteuid() != 0 || ccf->master == 0 || conf.worker == NULL
        || conf.uid == 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_service %s\" needs a master that is "
                      "root, and another \"user\" for workers: start it "
                      "apart, and name its socket", mcf->program);
        return NGX_ERROR;
    }

    if (!ngx_cc_conf_service_safe(&mcf->path, suspect)) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "cc_executor: no executor service is started: \"%s\" "
                      "of \"cc_executor_path\" \"%V\" must belong to root, and "
                      "nobody else may write it", suspect, &mcf->path);
        return NGX_OK;
    }

    mcf->pool.service = ngx_cc_service_keeper(&conf, cycle->log);

    return NGX_OK;
}


/* with commas; NULL: no memory */

static char *
ngx_cc_conf_service_list(ngx_cycle_t *cycle, const ngx_cc_main_conf_t *mcf)
{
    u_char      *list, *p;
    size_t       size;
    ngx_uint_t   i;

    size = mcf->pool.nusers * NGX_CC_WIRE_USER + 1;
    list = ngx_pnalloc(cycle->pool, size);

    if (list == NULL) {
        return NULL;
    }

    p = list;

    for (i = 0; i < mcf->pool.nusers; i++) {
        if (mcf->pool.user[i].used) {
            p = ngx_slprintf(p, list + size, "%s%s", p == list ? "" : ",",
                             mcf->pool.user[i].name);
        }
    }

    *p = '\0';

    return (char *) list;
}


/*
 * Its socket is given to the workers' user there, by its name: nobody else may
 * put another file in its place, or in that of a directory on the way.  0: then
 * "suspect" (NGX_CC_TRUST_PATH bytes) is what could be changed.
 */

static ngx_uint_t
ngx_cc_conf_service_safe(ngx_str_t *path, char *suspect)
{
    ngx_uint_t           safe;
    struct stat          st;
    ngx_cc_trust_path_t  tp;

    (void) ngx_cpystrn((u_char *) suspect, path->data, NGX_CC_TRUST_PATH);

    if (ngx_cc_trust_walk(&tp, (char *) path->data, &ngx_cc_trust_nobody)
        == -1)
    {
        return 0;
    }

    safe = fstatat(tp.fd, tp.name, &st, AT_SYMLINK_NOFOLLOW) == 0
           && S_ISDIR(st.st_mode)
           && !ngx_cc_trust_writable(&st, &ngx_cc_trust_nobody);

    (void) close(tp.fd);

    if (tp.suspect[0]) {
        (void) ngx_cpystrn((u_char *) suspect, (u_char *) tp.suspect,
                           NGX_CC_TRUST_PATH);
        return 0;
    }

    return safe;
}


/* whoever can change it is root at the next start of the service */

static ngx_int_t
ngx_cc_conf_service_program(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf)
{
    int                  rc;
    ngx_err_t            err;
    struct stat          st;
    ngx_cc_trust_path_t  tp;

    mcf->program = (char *) mcf->service.data;

    /* until it is started; never NULL: workers would fork spawners */

    mcf->pool.service = "";

    if (ngx_cc_trust_walk(&tp, mcf->program, &ngx_cc_trust_nobody) == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"cc_executor_service\" \"%s\"", mcf->program);
        return NGX_ERROR;
    }

    rc = fstatat(tp.fd, tp.name, &st, AT_SYMLINK_NOFOLLOW);
    err = ngx_errno;
    (void) close(tp.fd);

    if (rc == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           "\"cc_executor_service\" \"%s\"", mcf->program);
        return NGX_ERROR;
    }

    if (tp.suspect[0]) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_service\" \"%s\": others than root "
                           "can write \"%s\", and so replace it",
                           mcf->program, tp.suspect);
        return NGX_ERROR;
    }

    if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR)
        || ngx_cc_trust_writable(&st, &ngx_cc_trust_nobody))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_service\" \"%s\" must be a program "
                           "that belongs to root and that nobody else can "
                           "write", mcf->program);
        return NGX_ERROR;
    }

    if (ngx_cc_conf_service_capable(cf, mcf->program) != NGX_OK) {
        return NGX_ERROR;
    }

    mcf->place.len = mcf->path.len + sizeof("/service") - 1;
    mcf->place.data = ngx_pnalloc(cf->pool, mcf->place.len + 1);

    if (mcf->place.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf(mcf->place.data, mcf->place.len + 1, "%V/service%Z",
                        &mcf->path);

    return NGX_OK;
}


/*
 * Root in a container may lack some.  Who is not root only tests a
 * configuration: it is told at the start.
 */

static ngx_int_t
ngx_cc_conf_service_capable(ngx_conf_t *cf, const char *program)
{
    u_char      text[64], *p;
    ngx_uint_t  i;

    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[_LINUX_CAPABILITY_U32S_3];

    static const struct {
        unsigned     cap;
        const char  *name;
    } needed[] = {
        { CAP_SETUID, "CAP_SETUID" },
        { CAP_SETGID, "CAP_SETGID" },
        { CAP_KILL, "CAP_KILL" }
    };

    if (geteuid() != 0) {
        return NGX_OK;
    }

    ngx_memzero(&head, sizeof(head));
    ngx_memzero(caps, sizeof(caps));
    head.version = _LINUX_CAPABILITY_VERSION_3;

    if (syscall(SYS_capget, &head, caps) == -1) {
        return NGX_OK;
    }

    p = text;

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!(caps[0].permitted & (1U << needed[i].cap))) {
            p = ngx_slprintf(p, text + sizeof(text), " %s", needed[i].name);
        }
    }

    if (p == text) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"cc_executor_service\" \"%s\" has to give commands "
                       "another user and to end them; this root lacks%*s",
                       program, (size_t) (p - text), text);

    return NGX_ERROR;
}


static ngx_int_t
ngx_cc_conf_service_path(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf)
{
    ngx_str_t           *value;
    struct sockaddr_un   addr;

    value = &mcf->service;

    if (value->len < 7 || ngx_strncmp(value->data, "unix:/", 6) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"cc_executor_service\", "
                           "it must be \"off\", \"unix:\" and an absolute "
                           "path, or the path of cc-executord", value);
        return NGX_ERROR;
    }

    if (value->len - 5 >= sizeof(addr.sun_path)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the path in \"cc_executor_service\" is longer "
                           "than %uz bytes", sizeof(addr.sun_path) - 1);
        return NGX_ERROR;
    }

    mcf->pool.service = (char *) value->data + 5;

    return NGX_OK;
}


/* a name as useradd(8) takes it, so that logs show what is meant */

static ngx_uint_t
ngx_cc_conf_service_valid(const ngx_str_t *user)
{
    u_char  *p;
    size_t   i;

    for (i = 0; i < user->len; i++) {
        p = &user->data[i];

        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
            || (*p >= '0' && *p <= '9') || *p == '_' || *p == '.'
            || (*p == '-' && i > 0))
        {
            continue;
        }

        return 0;
    }

    return user->len && user->len < NGX_CC_WIRE_USER
           && ngx_strcmp(user->data, "root") != 0;
}
