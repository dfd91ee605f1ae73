
/*
 * What a tool takes: one list from which its JSON Schema, the check of a call
 * and the texts of errors are made.
 *
 * Calls come as models and their clients really send them.  What the list does
 * not name is ignored (clients add members of their own), and so is null; for
 * what is optional, "" and {} mean that it is not given; a number may be a
 * string of digits.  Everything else of a wrong type is told in words, with the
 * name and what was expected, the first one in the order of the list.
 */

#ifndef _NGX_CC_MCP_ARGUMENTS_H_INCLUDED_
#define _NGX_CC_MCP_ARGUMENTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_request.h"
#include "ngx_cc_spec.h"


typedef enum {
    NGX_CC_MCP_STRING = 0,
    NGX_CC_MCP_INTEGER,
    NGX_CC_MCP_BOOLEAN,              /* "true" and "false" are one, too */
    NGX_CC_MCP_STRINGS               /* an object of strings; a member that is
                                        null is not given */
} ngx_cc_mcp_type_e;


/*
 * Texts are written to JSON as they are: nothing in them needs an escape.  A
 * list ends with an entry without a name.
 */

typedef struct {
    ngx_str_t           name;
    ngx_cc_mcp_type_e   type;
    ngx_uint_t          required;    /* 1: it has to be there, not empty */
    uint64_t            min;         /* of an integer */
    uint64_t            max;         /* of an integer; 0: none */
    size_t              most;        /* bytes of a string; 0: any */
    unsigned            preset:1;    /* the first choice is the default */
    unsigned            ignored:1;   /* where it is not offered, it is ignored
                                        as unknown ones are */
    const char         *expected;    /* in an error "must be ..."; NULL: what
                                        the type is called */
    const char         *meaning;     /* or NULL */

    /* ends the meaning with what this location says; or NULL */
    void              (*detail)(ngx_cc_json_t *w, ngx_cc_spec_conf_t *conf);

    /* all that a string may be, NULL behind the last one; or NULL: any */
    const char *const *(*choices)(ngx_cc_spec_conf_t *conf);

    /* 0: not at this location; NULL: everywhere */
    ngx_uint_t        (*offered)(ngx_cc_spec_conf_t *conf);
} ngx_cc_mcp_argument_t;


/* writes the JSON Schema of an object of these arguments */
void ngx_cc_mcp_arguments_schema(ngx_cc_json_t *w,
    const ngx_cc_mcp_argument_t *list, ngx_cc_spec_conf_t *conf);

/*
 * Checks the arguments of a call (NULL: none).  NGX_OK, or NGX_DECLINED: not,
 * and "spec" says why, in words for a model.
 */
ngx_int_t ngx_cc_mcp_arguments_check(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *list, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *arguments);

/* an argument, or NULL: it is not given, or nothing is */
ngx_cc_value_t *ngx_cc_mcp_arguments_given(ngx_cc_value_t *arguments,
    const char *name);

/* NGX_OK: it is given, and *n is its value; NGX_DECLINED: it is not */
ngx_int_t ngx_cc_mcp_arguments_number(ngx_cc_value_t *arguments,
    const char *name, uint64_t *n);

/* the number of the choice that is given, or NGX_DECLINED */
ngx_int_t ngx_cc_mcp_arguments_choice(ngx_cc_value_t *arguments,
    const char *name, const char *const *choices);

/* is a boolean given, and true? */
ngx_uint_t ngx_cc_mcp_arguments_flag(ngx_cc_value_t *arguments,
    const char *name);


#endif /* _NGX_CC_MCP_ARGUMENTS_H_INCLUDED_ */
