/* Two stacks against one another through cardea_stack.h, in plain C: a connection, data both ways, the end; with calls
 * that are begun and finished, and with calls that block while a function moves the world. */
#include <cardea_stack.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                                  \
    do {                                                                                                    \
        if (!(condition)) {                                                                                 \
            fprintf(stderr, "%s:%d: %s does not hold (errno: %s)\n", __FILE__, __LINE__, #condition, strerror(errno)); \
            exit(1);                                                                                        \
        }                                                                                                   \
    } while (0)

static const int64_t delay_ns = 10000000;

struct world {
    cardea_stack* a;
    cardea_stack* b;
    int drop_every; /* 0: never */
    int carried;
};

static cardea_stack* make_stack(const char* address, const char* seed) {
    cardea_stack_config* config = cardea_stack_config_new();
    cardea_stack* stack;
    REQUIRE(config != NULL);
    REQUIRE(cardea_stack_config_set(config, "address", address) == 0);
    REQUIRE(cardea_stack_config_set(config, "seed", seed) == 0);
    REQUIRE(cardea_stack_config_set(config, "time_wait", "2s") == 0);
    stack = cardea_stack_new(config);
    cardea_stack_config_free(config);
    REQUIRE(stack != NULL);
    return stack;
}

static struct sockaddr_in address_of(const char* text, unsigned short port) {
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    REQUIRE(inet_pton(AF_INET, text, &a.sin_addr) == 1);
    return a;
}

struct carried {
    unsigned char bytes[65536];
    size_t size;
    int64_t at;
};

static int take(cardea_stack* from, struct carried* p) {
    struct cardea_stack_packet about;
    ssize_t n = cardea_stack_take(from, p->bytes, sizeof p->bytes, &about);
    REQUIRE(n >= 0);
    if (n == 0) return 0; /* there is nothing to know about */
    p->size = (size_t)n;
    p->at = about.time_ns + delay_ns;
    return 1;
}

/* One burst of each side to the other, a delay later; or, when nobody has anything to send, time until a timer. */
static void turn(struct world* w) {
    static struct carried burst[2][256];
    cardea_stack* side[2];
    size_t count[2] = {0, 0}, from, i;
    int64_t next;
    side[0] = w->a;
    side[1] = w->b;
    for (from = 0; from < 2; ++from) {
        while (count[from] < 256 && take(side[from], &burst[from][count[from]])) {
            ++w->carried;
            if (w->drop_every == 0 || w->carried % w->drop_every != 0) ++count[from];
        }
    }
    for (from = 0; from < 2; ++from)
        for (i = 0; i < count[from]; ++i)
            REQUIRE(cardea_stack_feed(side[1 - from], burst[from][i].bytes, burst[from][i].size, NULL,
                                      burst[from][i].at) == 0);
    next = cardea_stack_now(w->a) > cardea_stack_now(w->b) ? cardea_stack_now(w->a) : cardea_stack_now(w->b);
    if (count[0] + count[1] == 0) {
        int64_t a = cardea_stack_next_deadline(w->a), b = cardea_stack_next_deadline(w->b);
        int64_t soonest = a < b ? a : b;
        if (soonest > next && soonest != INT64_MAX) next = soonest;
    }
    REQUIRE(cardea_stack_advance(w->a, next) == 0);
    REQUIRE(cardea_stack_advance(w->b, next) == 0);
}

static void turns_until_done(struct world* w, const cardea_stack_call* call) {
    int turns;
    for (turns = 0; !cardea_stack_call_done(call); ++turns) {
        REQUIRE(turns < 10000);
        turn(w);
    }
}

static uint32_t state_of(cardea_stack* s, int fd) {
    struct cardea_stack_tcp_info info;
    REQUIRE(cardea_stack_get_tcp_info(s, fd, &info, sizeof info) == 0);
    return info.state;
}

static void begin_and_finish(struct world* w) {
    struct sockaddr_in server = address_of("192.0.2.2", 80), peer;
    socklen_t peer_size = sizeof peer;
    static char sent[300000], received[300000];
    size_t i;
    int listener, client, accepted;
    cardea_stack_call *accept_call, *connect_call, *send_call, *recv_call;

    listener = cardea_stack_socket(w->b, AF_INET, SOCK_STREAM, 0);
    REQUIRE(listener == 3);
    REQUIRE(cardea_stack_bind(w->b, listener, (const struct sockaddr*)&server, sizeof server) == 0);
    REQUIRE(cardea_stack_listen(w->b, listener, 5) == 0);
    client = cardea_stack_socket(w->a, AF_INET, SOCK_STREAM, 0);
    accept_call = cardea_stack_begin_accept(w->b, listener);
    connect_call = cardea_stack_begin_connect(w->a, client, (const struct sockaddr*)&server, sizeof server);
    REQUIRE(accept_call != NULL && connect_call != NULL);
    REQUIRE(!cardea_stack_call_done(accept_call) && !cardea_stack_call_done(connect_call));
    turns_until_done(w, connect_call);
    turns_until_done(w, accept_call);
    REQUIRE(cardea_stack_call_done_at(connect_call) >= 2 * delay_ns);
    REQUIRE(cardea_stack_call_finish(connect_call, NULL, NULL) == 0);
    accepted = (int)cardea_stack_call_finish(accept_call, (struct sockaddr*)&peer, &peer_size);
    REQUIRE(accepted == 4);
    REQUIRE(peer_size == sizeof peer && peer.sin_addr.s_addr == inet_addr("192.0.2.1"));

    for (i = 0; i < sizeof sent; ++i) sent[i] = (char)(i * 31 + i / 1000);
    send_call = cardea_stack_begin_send(w->a, client, sent, sizeof sent, 0);
    recv_call = cardea_stack_begin_recv(w->b, accepted, received, sizeof received, MSG_WAITALL);
    turns_until_done(w, recv_call);
    REQUIRE(cardea_stack_call_finish(send_call, NULL, NULL) == (ssize_t)sizeof sent);
    REQUIRE(cardea_stack_call_finish(recv_call, NULL, NULL) == (ssize_t)sizeof received);
    REQUIRE(memcmp(sent, received, sizeof sent) == 0);

    REQUIRE(cardea_stack_close(w->a, client) == 0);
    recv_call = cardea_stack_begin_recv(w->b, accepted, received, sizeof received, 0);
    turns_until_done(w, recv_call);
    REQUIRE(cardea_stack_call_finish(recv_call, NULL, NULL) == 0);
    REQUIRE(state_of(w->b, accepted) == CARDEA_STACK_CLOSE_WAIT);
    REQUIRE(cardea_stack_close(w->b, accepted) == 0);
    REQUIRE(cardea_stack_close(w->b, listener) == 0);
}

static int wait_in_world(void* user, cardea_stack* stack, int64_t deadline_ns) {
    (void)stack;
    (void)deadline_ns;
    turn((struct world*)user);
    return 0;
}

/* A listener that answers by itself is not needed: accept() after connect() finds the connection. */
static void block_in_calls(struct world* w) {
    struct sockaddr_in server = address_of("192.0.2.2", 81);
    int one = 1, listener, client, accepted;
    char text[16];

    REQUIRE(cardea_stack_set_wait(w->a, wait_in_world, w) == 0);
    REQUIRE(cardea_stack_set_wait(w->b, wait_in_world, w) == 0);
    listener = cardea_stack_socket(w->b, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    REQUIRE(cardea_stack_bind(w->b, listener, (const struct sockaddr*)&server, sizeof server) == 0);
    REQUIRE(cardea_stack_listen(w->b, listener, 1) == 0);
    client = cardea_stack_socket(w->a, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    REQUIRE(cardea_stack_setsockopt(w->a, client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    REQUIRE(cardea_stack_connect(w->a, client, (const struct sockaddr*)&server, sizeof server) == 0);
    accepted = cardea_stack_accept(w->b, listener, NULL, NULL);
    REQUIRE(accepted >= 0);
    REQUIRE(cardea_stack_send(w->b, accepted, "hello", 5, 0) == 5);
    REQUIRE(cardea_stack_recv(w->a, client, text, sizeof text, 0) == 5 && memcmp(text, "hello", 5) == 0);
    REQUIRE(cardea_stack_set_nonblocking(w->a, client, 1) == 0);
    REQUIRE(cardea_stack_recv(w->a, client, text, sizeof text, 0) == -1 && errno == EAGAIN);
    REQUIRE(cardea_stack_abort(w->b, accepted) == 0);
    REQUIRE(cardea_stack_set_nonblocking(w->a, client, 0) == 0);
    REQUIRE(cardea_stack_recv(w->a, client, text, sizeof text, 0) == -1 && errno == ECONNRESET);
}

int main(void) {
    struct world w = {NULL, NULL, 0, 0};
    int lossy;
    for (lossy = 0; lossy < 2; ++lossy) {
        w.a = make_stack("192.0.2.1/24", "1");
        w.b = make_stack("192.0.2.2/24", "2");
        w.drop_every = lossy ? 23 : 0;
        w.carried = 0;
        begin_and_finish(&w);
        w.drop_every = 0;
        block_in_calls(&w);
        cardea_stack_free(w.a);
        cardea_stack_free(w.b);
    }
    return 0;
}
