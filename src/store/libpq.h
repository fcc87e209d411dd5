/*
 * PostgreSQL's client library, loaded when the first connection is made and not before: only a fleet that has grown out of
 * one machine needs it. Where it is missing, loading fails with ERROR_ABSENT. What of it is used, with the declarations of
 * its header, so that the compiler checks the types.
 */
#ifndef STORE_LIBPQ_H
#define STORE_LIBPQ_H

#include <libpq-fe.h>

#include "base/error.h"

struct libpq {
    __typeof__(&PQconnectdbParams) connect;
    __typeof__(&PQfinish) finish;
    __typeof__(&PQstatus) status;
    __typeof__(&PQerrorMessage) message;
    __typeof__(&PQparameterStatus) parameter;
    __typeof__(&PQtransactionStatus) transaction;
    __typeof__(&PQsetNoticeProcessor) set_notice;
    __typeof__(&PQexec) exec;
    __typeof__(&PQprepare) prepare;
    __typeof__(&PQsendQueryPrepared) send;
    __typeof__(&PQsetSingleRowMode) single_rows;
    __typeof__(&PQgetResult) result;
    __typeof__(&PQresultStatus) result_status;
    __typeof__(&PQresultErrorField) result_field;
    __typeof__(&PQntuples) rows;
    __typeof__(&PQnfields) columns;
    __typeof__(&PQgetvalue) value;
    __typeof__(&PQgetlength) length;
    __typeof__(&PQcmdTuples) changed;
    __typeof__(&PQcmdStatus) deed;
    __typeof__(&PQclear) clear;
};

bool libpq_load(struct libpq *out, struct error *err) MUST_USE;

#endif
