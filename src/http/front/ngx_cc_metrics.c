
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_metrics.h"
#include "ngx_cc_native.h"
#include "ngx_cc_names.h"
#include "ngx_cc_shelf.h"


#define NGX_CC_METRICS_TEXT      (16 * 1024)     /* without the locations */
#define NGX_CC_METRICS_FAMILIES  6               /* numbers of a location */
#define NGX_CC_METRICS_LOCATION  (128 * NGX_CC_METRICS_FAMILIES)


/* text that grows in a buffer which is large enough */

typedef struct {
    u_char                   *pos;
    u_char                   *last;
    ngx_cc_snapshot_t        *st;
} ngx_cc_metrics_t;


static void ngx_cc_metrics_put(ngx_cc_metrics_t *m, const char *fmt, ...);
static void ngx_cc_metrics_head(ngx_cc_metrics_t *m, const char *name,
    const char *type, const char *help);
static void ngx_cc_metrics_gauge(ngx_cc_metrics_t *m, const char *name,
    const char *help, uint64_t value);
static void ngx_cc_metrics_counter(ngx_cc_metrics_t *m, const char *name,
    const char *help, ngx_uint_t total);
static void ngx_cc_metrics_labelled(ngx_cc_metrics_t *m, const char *name,
    const char *label, const char *value, ngx_uint_t total);
static void ngx_cc_metrics_seconds(ngx_cc_metrics_t *m, const char *name,
    const char *mode, ngx_uint_t total);
static void ngx_cc_metrics_locations(ngx_cc_metrics_t *m);
static ngx_uint_t ngx_cc_metrics_sessions(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location);
static ngx_uint_t ngx_cc_metrics_sessions_limit(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location);
static ngx_uint_t ngx_cc_metrics_commands(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location);
static ngx_uint_t ngx_cc_metrics_commands_limit(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location);
static ngx_uint_t ngx_cc_metrics_kept(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location);
static ngx_uint_t ngx_cc_metrics_kept_limit(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location);
static void ngx_cc_metrics_labels(ngx_cc_metrics_t *m,
    ngx_cc_zone_location_t *location);
static void ngx_cc_metrics_escaped(ngx_cc_metrics_t *m, ngx_str_t *s);
static void ngx_cc_metrics_totals(ngx_cc_metrics_t *m);
static void ngx_cc_metrics_histogram(ngx_cc_metrics_t *m, const char *name,
    const char *help, const ngx_cc_totals_histogram_t *histogram);
static uint64_t ngx_cc_metrics_total(ngx_cc_metrics_t *m, ngx_uint_t total);


ngx_int_t
ngx_cc_metrics(ngx_pool_t *pool, ngx_cc_snapshot_t *st, ngx_str_t *text)
{
    size_t                   size;
    ngx_uint_t               i;
    ngx_cc_metrics_t         m;
    ngx_cc_zone_location_t  *location;

    size = NGX_CC_METRICS_TEXT;
    location = st->zone->locations.elts;

    for (i = 0; i < st->zone->locations.nelts; i++) {
        size += NGX_CC_METRICS_LOCATION
                + NGX_CC_METRICS_FAMILIES
                  * 2 * (location[i].server.len + location[i].listen.len
                         + location[i].name.len);
    }

    text->data = ngx_pnalloc(pool, size);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    m.pos = text->data;
    m.last = text->data + size;
    m.st = st;

    ngx_cc_metrics_head(&m, "info", "gauge",
                        "Version and build of the module.");
    ngx_cc_metrics_put(&m, "cc_executor_info"
                           "{version=\"%s\",build=\"%s\"} 1\n",
                       NGX_CC_VERSION, st->build->loaded);

    ngx_cc_metrics_gauge(&m, "replaced",
                         "1 when a reload has found another build installed.",
                         ngx_cc_build_replaced(st->build));

    ngx_cc_metrics_head(&m, "start_time_seconds", "gauge",
                        "When counting began, in seconds since 1970.");
    ngx_cc_metrics_put(&m, "cc_executor_start_time_seconds %uL.%03uL\n",
                       st->zone->totals->start / 1000000,
                       st->zone->totals->start % 1000000 / 1000);

    ngx_cc_metrics_gauge(&m, "healthy",
                         "1 when every worker has or gets helpers.",
                         ngx_cc_snapshot_healthy(st));
    ngx_cc_metrics_gauge(&m, "workers", "Workers that are alive.",
                         st->workers);

    ngx_cc_metrics_head(&m, "helpers", "gauge",
                        "Helper processes, by state.");
    ngx_cc_metrics_put(&m, "cc_executor_helpers{state=\"idle\"} %uD\n"
                           "cc_executor_helpers{state=\"busy\"} %uD\n",
                       st->helpers.idle, st->helpers.busy);

    ngx_cc_metrics_gauge(&m, "waiting_commands",
                         "Commands that wait for a helper.",
                         st->helpers.waiting);

    ngx_cc_metrics_gauge(&m, "cgroup",
                         "Whether commands can have control groups.",
                         st->workers && st->grouped == st->workers);

    ngx_cc_metrics_locations(&m);
    ngx_cc_metrics_totals(&m);

    text->len = m.pos - text->data;

    return (m.pos < m.last) ? NGX_OK : NGX_ERROR;
}


static void
ngx_cc_metrics_put(ngx_cc_metrics_t *m, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    m->pos = ngx_vslprintf(m->pos, m->last, fmt, args);
    va_end(args);
}


static void
ngx_cc_metrics_head(ngx_cc_metrics_t *m, const char *name, const char *type,
    const char *help)
{
    ngx_cc_metrics_put(m, "# HELP cc_executor_%s %s\n"
                          "# TYPE cc_executor_%s %s\n",
                       name, help, name, type);
}


static void
ngx_cc_metrics_gauge(ngx_cc_metrics_t *m, const char *name, const char *help,
    uint64_t value)
{
    ngx_cc_metrics_head(m, name, "gauge", help);
    ngx_cc_metrics_put(m, "cc_executor_%s %uL\n", name, value);
}


static void
ngx_cc_metrics_counter(ngx_cc_metrics_t *m, const char *name,
    const char *help, ngx_uint_t total)
{
    ngx_cc_metrics_head(m, name, "counter", help);
    ngx_cc_metrics_put(m, "cc_executor_%s %uL\n", name,
                       ngx_cc_metrics_total(m, total));
}


/* one value of a family of counters, whose head is written */

static void
ngx_cc_metrics_labelled(ngx_cc_metrics_t *m, const char *name,
    const char *label, const char *value, ngx_uint_t total)
{
    ngx_cc_metrics_put(m, "cc_executor_%s{%s=\"%s\"} %uL\n", name, label,
                       value, ngx_cc_metrics_total(m, total));
}


/* the same of microseconds */

static void
ngx_cc_metrics_seconds(ngx_cc_metrics_t *m, const char *name,
    const char *mode, ngx_uint_t total)
{
    uint64_t  us;

    us = ngx_cc_metrics_total(m, total);
    ngx_cc_metrics_put(m, "cc_executor_%s{mode=\"%s\"} %uL.%06uL\n", name, mode,
                       us / 1000000, us % 1000000);
}


/* sessions, commands and kept ones of each location, and their limits */

static void
ngx_cc_metrics_locations(ngx_cc_metrics_t *m)
{
    ngx_uint_t               i, k;
    ngx_cc_zone_t           *zone;
    ngx_cc_zone_location_t  *location;

    static const struct {
        const char    *name;
        const char    *help;
        ngx_uint_t   (*value)(ngx_cc_zone_t *zone,
                           ngx_cc_zone_location_t *location);
    } family[NGX_CC_METRICS_FAMILIES] = {
        { "sessions", "Sessions that are open.", ngx_cc_metrics_sessions },
        { "sessions_limit", "cc_executor_max_sessions.",
          ngx_cc_metrics_sessions_limit },
        { "commands", "Commands that wait, run or end.",
          ngx_cc_metrics_commands },
        { "commands_limit", "cc_executor_max_commands.",
          ngx_cc_metrics_commands_limit },
        { "kept", "Kept commands that run, or whose output is there.",
          ngx_cc_metrics_kept },
        { "kept_limit", "cc_executor_max_kept; 0: nothing is kept.",
          ngx_cc_metrics_kept_limit }
    };

    zone = m->st->zone;
    location = zone->locations.elts;

    for (k = 0; k < sizeof(family) / sizeof(family[0]); k++) {
        ngx_cc_metrics_head(m, family[k].name, "gauge", family[k].help);

        for (i = 0; i < zone->locations.nelts; i++) {

            if (!ngx_cc_snapshot_counts(zone, i)) {
                continue;
            }

            ngx_cc_metrics_put(m, "cc_executor_%s", family[k].name);
            ngx_cc_metrics_labels(m, &location[i]);
            ngx_cc_metrics_put(m, " %ui\n",
                               family[k].value(zone, &location[i]));
        }
    }
}


static ngx_uint_t
ngx_cc_metrics_sessions(ngx_cc_zone_t *zone, ngx_cc_zone_location_t *location)
{
    return ngx_cc_slots_count(zone->slots, *location->index,
                              NGX_CC_SLOTS_SESSIONS);
}


static ngx_uint_t
ngx_cc_metrics_sessions_limit(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location)
{
    return location->sessions;
}


static ngx_uint_t
ngx_cc_metrics_commands(ngx_cc_zone_t *zone, ngx_cc_zone_location_t *location)
{
    return ngx_cc_slots_count(zone->slots, *location->index,
                              NGX_CC_SLOTS_COMMANDS);
}


static ngx_uint_t
ngx_cc_metrics_commands_limit(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location)
{
    return location->commands;
}


/* those that count for the limit */

static ngx_uint_t
ngx_cc_metrics_kept(ngx_cc_zone_t *zone, ngx_cc_zone_location_t *location)
{
    ngx_cc_shelf_count_t  count;

    ngx_cc_shelf_count(zone->slots, *location->index, &count);

    return count.state[NGX_CC_SHELF_RESERVED]
           + count.state[NGX_CC_SHELF_RUNNING]
           + count.state[NGX_CC_SHELF_FINISHED];
}


static ngx_uint_t
ngx_cc_metrics_kept_limit(ngx_cc_zone_t *zone,
    ngx_cc_zone_location_t *location)
{
    return location->kept;
}


static void
ngx_cc_metrics_labels(ngx_cc_metrics_t *m, ngx_cc_zone_location_t *location)
{
    ngx_cc_metrics_put(m, "{server=\"");
    ngx_cc_metrics_escaped(m, &location->server);
    ngx_cc_metrics_put(m, "\",listen=\"");
    ngx_cc_metrics_escaped(m, &location->listen);
    ngx_cc_metrics_put(m, "\",location=\"");
    ngx_cc_metrics_escaped(m, &location->name);
    ngx_cc_metrics_put(m, "\"}");
}


static void
ngx_cc_metrics_escaped(ngx_cc_metrics_t *m, ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {

        if (s->data[i] == '\n') {
            ngx_cc_metrics_put(m, "\\n");
            continue;
        }

        if (s->data[i] == '"' || s->data[i] == '\\') {
            ngx_cc_metrics_put(m, "\\");
        }

        ngx_cc_metrics_put(m, "%c", s->data[i]);
    }
}


static void
ngx_cc_metrics_totals(ngx_cc_metrics_t *m)
{
    ngx_uint_t  i;

    ngx_cc_metrics_counter(m, "sessions_opened_total",
                           "Sessions opened: WebSockets and MCP requests.",
                           NGX_CC_TOTAL_SESSIONS);

    ngx_cc_metrics_head(m, "sessions_closed_total", "counter",
                        "Sessions closed, by close code; 1005: the client "
                        "gave none, 1006: the connection broke, http: the "
                        "session was an HTTP request.");

    for (i = 0; i < NGX_CC_CLOSED; i++) {
        ngx_cc_metrics_labelled(m, "sessions_closed_total", "code",
                                ngx_cc_totals_closed_name((ngx_cc_closed_e) i),
                                NGX_CC_TOTAL_CLOSED + i);
    }

    ngx_cc_metrics_counter(m, "commands_started_total", "Commands started.",
                           NGX_CC_TOTAL_COMMANDS);
    ngx_cc_metrics_counter(m, "commands_failed_total",
                           "Commands that could not be started.",
                           NGX_CC_TOTAL_FAILED);

    ngx_cc_metrics_head(m, "commands_ended_total", "counter",
                        "Commands ended, by cause.");

    for (i = 0; i < NGX_CC_CAUSES; i++) {
        ngx_cc_metrics_labelled(m, "commands_ended_total", "cause",
                                ngx_cc_names_cause((ngx_cc_cause_e) i),
                                NGX_CC_TOTAL_ENDED + i);
    }

    ngx_cc_metrics_head(m, "commands_cpu_seconds_total", "counter",
                        "CPU time of commands that have ended.");
    ngx_cc_metrics_seconds(m, "commands_cpu_seconds_total", "user",
                           NGX_CC_TOTAL_CPU);
    ngx_cc_metrics_seconds(m, "commands_cpu_seconds_total", "system",
                           NGX_CC_TOTAL_CPU + 1);

    ngx_cc_metrics_counter(m, "helper_waits_total",
                           "Commands that had to wait for a helper.",
                           NGX_CC_TOTAL_WAITS);
    ngx_cc_metrics_counter(m, "helpers_lost_total",
                           "Helpers that died or were killed.",
                           NGX_CC_TOTAL_HELPERS_LOST);
    ngx_cc_metrics_counter(m, "spawners_lost_total",
                           "Spawners that died or were killed.",
                           NGX_CC_TOTAL_SPAWNERS_LOST);
    ngx_cc_metrics_counter(m, "audit_lost_total",
                           "Lines that audit logs could not take.",
                           NGX_CC_TOTAL_AUDIT_LOST);

    ngx_cc_metrics_head(m, "output_bytes_total", "counter",
                        "Bytes that commands wrote and clients read.");
    ngx_cc_metrics_labelled(m, "output_bytes_total", "stream", "stdout",
                            NGX_CC_TOTAL_OUTPUT);
    ngx_cc_metrics_labelled(m, "output_bytes_total", "stream", "stderr",
                            NGX_CC_TOTAL_OUTPUT + 1);

    ngx_cc_metrics_head(m, "refused_total", "counter",
                        "Connections and requests refused, by reason.");

    for (i = 0; i < NGX_CC_REASONS; i++) {
        ngx_cc_metrics_labelled(m, "refused_total", "reason",
                                ngx_cc_totals_reason_name((ngx_cc_reason_e) i),
                                NGX_CC_TOTAL_REFUSED + i);
    }

    ngx_cc_metrics_histogram(m, "command_start_seconds",
                             "From the request to the running program.",
                             &ngx_cc_totals_start_time);
    ngx_cc_metrics_histogram(m, "command_run_seconds",
                             "Run time of commands.",
                             &ngx_cc_totals_run_time);
}


static void
ngx_cc_metrics_histogram(ngx_cc_metrics_t *m, const char *name,
    const char *help, const ngx_cc_totals_histogram_t *histogram)
{
    uint64_t    count, sum;
    ngx_uint_t  i;

    ngx_cc_metrics_head(m, name, "histogram", help);

    count = 0;

    for (i = 0; i <= histogram->buckets; i++) {
        count += ngx_cc_metrics_total(m, histogram->first + i);

        ngx_cc_metrics_put(m, "cc_executor_%s_bucket{le=\"%s\"} %uL\n", name,
                           i < histogram->buckets ? histogram->label[i]
                                                  : "+Inf",
                           count);
    }

    sum = ngx_cc_metrics_total(m, histogram->first + histogram->buckets + 1);

    ngx_cc_metrics_put(m, "cc_executor_%s_sum %uL.%06uL\n"
                          "cc_executor_%s_count %uL\n",
                       name, sum / 1000000, sum % 1000000, name, count);
}


/*
 * A total, with what workers that died could not count any more: their
 * commands are lost, the connections of their clients broke.
 */

static uint64_t
ngx_cc_metrics_total(ngx_cc_metrics_t *m, ngx_uint_t total)
{
    uint64_t        n;
    ngx_cc_zone_t  *zone;

    zone = m->st->zone;
    n = ngx_cc_totals_get(zone->totals, total);

    if (total == NGX_CC_TOTAL_ENDED + NGX_CC_CAUSE_LOST) {
        n += ngx_cc_slots_healed(zone->slots, NGX_CC_SLOTS_COMMANDS);

    } else if (total == NGX_CC_TOTAL_CLOSED + NGX_CC_CLOSED_1006) {
        n += ngx_cc_slots_healed(zone->slots, NGX_CC_SLOTS_SESSIONS);
    }

    return n;
}
