/* SPDX-License-Identifier: MIT */
/* From what people call a container to the process whose namespaces are the container. */
#include "doctor/examine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "place/engine.h"

static int process_named(const char *text, pid_t *pid, struct lp_err *err)
{
    uint64_t number;
    if (lp_number_parse(text, 1, INT32_MAX, &number) == -1)
        return lp_err_set(err, LP_ERR_USAGE, "'pid:%s': not the number of a process", text);
    *pid = (pid_t)number;
    if (kill(*pid, 0) == -1 && errno == ESRCH)
        return lp_err_set(err, LP_ERR_USAGE, "there is no process %d", (int)*pid);
    return 0;
}

/* The engine takes a name or the beginning of an id; what could end the request's path is refused.
 */
static int check_name(const char *name, struct lp_err *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (name[0] && name[strspn(name, allowed)] == '\0')
        return 0;
    return lp_err_set(err, LP_ERR_USAGE,
                      "'%s' is no name of a container; expected a name, an id, or pid:N", name);
}

int lp_doctor_container(const char *name, pid_t *pid, struct lp_err *err)
{
    struct lp_engine engine;
    json_t *answer = NULL;
    char path[300];
    if (strncmp(name, "pid:", 4) == 0)
        return process_named(name + 4, pid, err);
    if (check_name(name, err) == -1 || lp_engine_open(&engine, err) == -1)
        return -1;
    snprintf(path, sizeof path, "/containers/%.200s/json", name);
    const struct lp_engine_call call = {.method = "GET", .path = path, .interrupt_fd = -1};
    int status = lp_engine_call(&engine, &call, &answer, err);
    int result = 0;
    *pid = 0;
    if (status == 200)
        *pid = (pid_t)json_integer_value(json_object_get(json_object_get(answer, "State"), "Pid"));
    if (status == -1)
        result = -1;
    else if (status != 200)
        result = lp_err_set(err, LP_ERR_USAGE, "the engine knows no container '%s'", name);
    else if (*pid <= 0)
        result = lp_err_set(err, LP_ERR_USAGE, "container '%s' does not run", name);
    json_decref(answer);
    lp_engine_release(&engine);
    return result;
}
