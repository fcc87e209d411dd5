#include "store/libpq.h"

#include <dlfcn.h>
#include <string.h>

bool libpq_load(struct libpq *out, struct error *err)
{
    static const char *const names[] = {"PQconnectdbParams",
                                        "PQfinish",
                                        "PQstatus",
                                        "PQerrorMessage",
                                        "PQparameterStatus",
                                        "PQtransactionStatus",
                                        "PQsetNoticeProcessor",
                                        "PQexec",
                                        "PQprepare",
                                        "PQsendQueryPrepared",
                                        "PQsetSingleRowMode",
                                        "PQgetResult",
                                        "PQresultStatus",
                                        "PQresultErrorField",
                                        "PQntuples",
                                        "PQnfields",
                                        "PQgetvalue",
                                        "PQgetlength",
                                        "PQcmdTuples",
                                        "PQcmdStatus",
                                        "PQclear"};
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbols[sizeof(names) / sizeof(*names)];

    _Static_assert(sizeof(symbols) == sizeof(*out), "a name for each function, in the same order");
    if (library == NULL)
        return error_set(err, ERROR_ABSENT, "PostgreSQL's library cannot be loaded (package libpq5): %s",
                         dlerror());
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if ((symbols[i] = dlsym(library, names[i])) == NULL)
            return error_set(err, ERROR_ABSENT, "PostgreSQL's library: no %s in it", names[i]);
    memcpy(out, symbols, sizeof(symbols)); /* ISO C has no cast from an object to a function */
    return true;
}
