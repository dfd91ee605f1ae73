
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_snapshot.h"


void
ngx_cc_snapshot(ngx_cc_zone_t *zone, ngx_cc_snapshot_t *st)
{
    ngx_int_t                index;
    ngx_uint_t               i;
    ngx_cc_zone_location_t  *location;
    ngx_cc_totals_helpers_t  helpers;

    ngx_memzero(st, sizeof(ngx_cc_snapshot_t));

    st->zone = zone;
    st->uptime = ngx_cc_clock_real_us() - zone->totals->start;

    for (i = 0; i < NGX_CC_SLOTS_PROCESSES; i++) {

        if (!ngx_cc_totals_get_helpers(zone->totals, i, &helpers)
            || !ngx_cc_slots_alive(zone->slots, i))
        {
            continue;
        }

        st->workers++;
        st->denied += helpers.denied;
        st->grouped += helpers.cgroup;
        st->helpers.idle += helpers.idle;
        st->helpers.busy += helpers.busy;
        st->helpers.waiting += helpers.waiting;
    }

    location = zone->locations.elts;

    for (i = 0; i < zone->locations.nelts; i++) {

        if (!ngx_cc_snapshot_counts(zone, i)) {
            continue;
        }

        index = *location[i].index;

        st->sessions += ngx_cc_slots_count(zone->slots, index,
                                           NGX_CC_SLOTS_SESSIONS);
        st->commands += ngx_cc_slots_count(zone->slots, index,
                                           NGX_CC_SLOTS_COMMANDS);
        st->max_sessions += location[i].sessions;
        st->max_commands += location[i].commands;
    }
}


ngx_uint_t
ngx_cc_snapshot_healthy(ngx_cc_snapshot_t *st)
{
    return st->workers && st->denied == 0;
}


ngx_uint_t
ngx_cc_snapshot_counts(ngx_cc_zone_t *zone, ngx_uint_t i)
{
    ngx_uint_t               j;
    ngx_cc_zone_location_t  *location;

    location = zone->locations.elts;

    for (j = 0; j < i; j++) {
        if (*location[j].index == *location[i].index) {
            return 0;
        }
    }

    return 1;
}
