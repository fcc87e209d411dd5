/*
 * What request.c asks of the gate for a request that waits; for the two of them alone.
 */
#ifndef SERVER_GATE_EXCHANGE_H
#define SERVER_GATE_EXCHANGE_H

/* Begins what the gate keeps of a request. */
struct gate_exchange {
    /* On the handler's thread: the connection is left alone until the other one is called, from any thread. */
    void (*suspend)(struct gate_exchange *self);
    void (*resume)(struct gate_exchange *self);
};

#endif
