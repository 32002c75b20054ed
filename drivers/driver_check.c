/* SPDX-License-Identifier: MIT */
/*
 * Whether a driver can be used at all: made for this ABI, complete, and at one with itself. What a
 * table can get wrong is told here once, so that the rest of lockproof need not ask again.
 */
#include "drivers/registry.h"

#include <stdalign.h>
#include <string.h>

/* Only these first members may be read before the size is known to be right. */
static int check_abi(const struct lp_driver *driver, const char *origin, struct lp_err *err)
{
    if (driver->magic != LP_DRIVER_MAGIC)
        return lp_err_set(err, LP_ERR_USAGE,
                          "'%s' is no driver: it starts with 0x%08x instead of 0x%08x", origin,
                          driver->magic, LP_DRIVER_MAGIC);
    if (driver->abi != LP_DRIVER_ABI)
        return lp_err_set(err, LP_ERR_USAGE,
                          "'%s' was built for driver ABI %u, this lockproof has ABI %u", origin,
                          driver->abi, LP_DRIVER_ABI);
    if (driver->size != sizeof *driver)
        return lp_err_set(err, LP_ERR_USAGE,
                          "'%s' has a driver struct of %u bytes, this lockproof's has %zu", origin,
                          driver->size, sizeof *driver);
    return 0;
}

static int lacks(const char *origin, const char *what, struct lp_err *err)
{
    return lp_err_set(err, LP_ERR_USAGE, "driver '%s' lacks %s", origin, what);
}

struct value_type {
    size_t size;
    size_t align;
};

/* By enum lp_param_type. */
static const struct value_type value_types[] = {
    [LP_PARAM_TEXT] = {sizeof(const char *), alignof(const char *)},
    [LP_PARAM_PATH] = {sizeof(const char *), alignof(const char *)},
    [LP_PARAM_BOOL] = {sizeof(bool), alignof(bool)},
    [LP_PARAM_NUMBER] = {sizeof(uint64_t), alignof(uint64_t)},
    [LP_PARAM_DURATION] = {sizeof(uint64_t), alignof(uint64_t)},
    [LP_PARAM_CHOICE] = {sizeof(unsigned), alignof(unsigned)},
};

static int check_param(const struct lp_driver *driver, const struct lp_param *param,
                       struct lp_err *err)
{
    const unsigned all_roles = LP_ROLE_LOCK | LP_ROLE_STORE;

    if (!param->name || !param->help)
        return lacks(driver->name, "the name or help of a parameter", err);
    if ((unsigned)param->type >= LP_ARRAY_LEN(value_types))
        return lp_err_set(err, LP_ERR_USAGE, "driver '%s', parameter '%s': type %d is not known",
                          driver->name, param->name, (int)param->type);
    const struct value_type *type = &value_types[param->type];
    if (param->offset > driver->params_size || driver->params_size - param->offset < type->size ||
        param->offset % type->align != 0)
        return lp_err_set(err, LP_ERR_USAGE,
                          "driver '%s', parameter '%s': offset %zu does not fit its struct",
                          driver->name, param->name, param->offset);
    if (param->type == LP_PARAM_CHOICE && (!param->choices || !param->choices[0]))
        return lp_err_set(err, LP_ERR_USAGE, "driver '%s', parameter '%s' has no choices",
                          driver->name, param->name);
    if (param->roles == 0 || (param->roles & ~all_roles) != 0)
        return lp_err_set(err, LP_ERR_USAGE, "driver '%s', parameter '%s': roles 0x%x",
                          driver->name, param->name, param->roles);
    if (param->initial && lp_param_check(param, param->initial, err) == -1)
        return lp_err_wrap(err, "driver '%s', default of '%s'", driver->name, param->name);
    return 0;
}

static int check_lock(const struct lp_driver *driver, struct lp_err *err)
{
    const struct lp_lock_ops *lock = driver->lock;

    if (!lock)
        return lacks(driver->name, "its lock operations", err);
    if (!lock->acquire_try)
        return lacks(driver->name, "lock operation acquire_try", err);
    if (!lock->release)
        return lacks(driver->name, "lock operation release", err);
    if (!lock->drop != !lock->reopen)
        return lacks(driver->name, "lock operation drop or reopen: both or none", err);
    return 0;
}

static int check_store(const struct lp_driver *driver, struct lp_err *err)
{
    const struct lp_store_ops *store = driver->store;

    if (!store)
        return lacks(driver->name, "its store operations", err);
    if (!store->read)
        return lacks(driver->name, "store operation read", err);
    if (!store->write)
        return lacks(driver->name, "store operation write", err);
    if (!store->identify)
        return lacks(driver->name, "store operation identify", err);
    if ((driver->abilities & LP_ATOMIC_ADD) && !store->add)
        return lacks(driver->name, "store operation add, which its abilities promise", err);
    if (!store->read_fenced != !store->write_fenced)
        return lacks(driver->name, "store operation read_fenced or write_fenced: both or none",
                     err);
    const bool transactions = driver->abilities & LP_TRANSACTIONS;
    if (transactions != !!store->begin || transactions != !!store->commit ||
        transactions != !!store->rollback)
        return lacks(driver->name,
                     "begin, commit or rollback, or the ability of transactions: all or none", err);
    if (!store->drop != !store->reopen)
        return lacks(driver->name, "store operation drop or reopen: both or none", err);
    return 0;
}

int lp_driver_check(const struct lp_driver *driver, const char *origin, struct lp_err *err)
{
    if (check_abi(driver, origin, err) == -1)
        return -1;
    if (!driver->name || !*driver->name)
        return lacks(origin, "a name", err);
    if (!driver->summary)
        return lacks(driver->name, "a summary", err);
    if (!driver->prepare || !driver->open || !driver->close)
        return lacks(driver->name, "prepare, open or close", err);
    if (driver->roles == 0 || (driver->roles & ~(unsigned)(LP_ROLE_LOCK | LP_ROLE_STORE)) != 0)
        return lp_err_set(err, LP_ERR_USAGE, "driver '%s' plays no role that is known (0x%x)",
                          driver->name, driver->roles);
    if (driver->param_count > 0 && !driver->params)
        return lacks(driver->name, "its table of parameters", err);
    if ((driver->roles & LP_ROLE_LOCK) && check_lock(driver, err) == -1)
        return -1;
    if ((driver->roles & LP_ROLE_STORE) && check_store(driver, err) == -1)
        return -1;
    for (size_t i = 0; i < driver->param_count; i++) {
        if (check_param(driver, &driver->params[i], err) == -1)
            return -1;
    }
    return 0;
}
