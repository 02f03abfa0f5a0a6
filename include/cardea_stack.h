/* Cardea's TCP/IP stack for programs in C and for test harnesses: IP packets and time go in, packets and the results of
 * socket calls come out. The stack has no clock, no thread, no descriptor and no randomness of its own: the caller owns
 * all of these. Two stacks that are configured alike and called alike do the same, byte for byte.
 *
 * Library: libcardea-stack.so. C99 and C++. docs/stack-harness.md shows a whole program.
 *
 * Errors. Unless it says otherwise a function returns -1 (or NULL) and sets errno, as POSIX calls do: ENOMEM out of
 *   memory, EINVAL a null pointer or a value out of range, EBADF no such descriptor of this stack. After ENOMEM the
 *   stack is still consistent enough to be freed.
 * Time. Nanoseconds from an origin that only the caller knows. A stack's time moves by cardea_stack_advance() and
 *   cardea_stack_feed() alone, and never back.
 * Threads. One thread at a time may use a stack, with its configuration and its calls; different stacks have nothing
 *   in common. Nothing here waits, takes a lock or calls the operating system.
 * Memory. Buffers and addresses are read or written during the call and not kept, but for those of a
 *   cardea_stack_begin_...() call, which must live until it is finished.
 * Versions. A structure that may grow begins with, or is passed with, its size as the caller knows it; functions are
 *   only added. cardea_stack_version() tells what is loaded.
 */
#ifndef CARDEA_STACK_H
#define CARDEA_STACK_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cardea_stack cardea_stack;               /* one host: addresses, sockets, one link */
typedef struct cardea_stack_config cardea_stack_config; /* what a host is made of */
typedef struct cardea_stack_call cardea_stack_call;     /* a socket call in progress */

/* The version of the loaded library, as text: "0.1.0". Lives for ever. */
const char* cardea_stack_version(void);

/* --- Making a stack ------------------------------------------------------------------------------------------- */

/* A configuration with the stack's defaults: no address, time 0, seed 0. NULL: ENOMEM. */
cardea_stack_config* cardea_stack_config_new(void);
/* NULL is allowed. A stack does not need its configuration any more once it is made. */
void cardea_stack_config_free(cardea_stack_config* config);
/* Sets one value by its name, both as text: ("mtu", "1280"), ("address", "2001:db8::1/64") for one more address,
 * ("rack", "on"), ("time_wait", "60s"), ("congestion", "newreno"). A duration is a number with ns, us, ms, s, m or h.
 * docs/stack-harness.md lists the names. ENOENT: no such name; EINVAL: not a value for it. */
int cardea_stack_config_set(cardea_stack_config* config, const char* name, const char* value);
/* The name at `index`, from 0, with its kind of value ("address", "bool", "number", "duration" or "a|b|c") in *kind if
 * that is not NULL. NULL without errno past the last one. Both live for ever. */
const char* cardea_stack_config_name(size_t index, const char** kind);

/* A stack at its configured time ("start"). NULL: ENOMEM, EINVAL. */
cardea_stack* cardea_stack_new(const cardea_stack_config* config);
/* As a crash of the host: nothing is sent. Its calls in progress become invalid without being finished.
 * NULL is allowed. */
void cardea_stack_free(cardea_stack* stack);

/* --- Packets and time ----------------------------------------------------------------------------------------- */

/* What travels beside a packet, in the terms of virtio-net's header; all zero for a plain packet with checksums. Other
 * values come out only when offload was configured. */
struct cardea_stack_packet {
    int64_t time_ns;           /* when it was sent; not looked at by cardea_stack_feed() */
    uint32_t gso;              /* enum cardea_stack_gso: to be split, or already merged */
    uint16_t gso_size;         /* transport payload of each part */
    uint16_t header_size;      /* IP and transport headers, when gso is not none */
    uint8_t checksum_partial;  /* out: the checksum is to be completed by the device. in: it is not to be verified */
    uint8_t checksum_verified; /* in: a lower layer has verified the transport checksum */
    uint16_t checksum_start;   /* offset of the transport header, when partial */
    uint16_t checksum_offset;  /* offset of the checksum from there, when partial */
};
enum cardea_stack_gso { CARDEA_STACK_GSO_NONE = 0, CARDEA_STACK_GSO_TCP = 1, CARDEA_STACK_GSO_UDP = 2 };

/* Gives the stack a packet, from its IP header on, which arrives at `arrival_ns`: the time goes there first, as by
 * cardea_stack_advance(), but timers that are due at that very instant run after the packet. `about` may be NULL.
 * Whether the packet was of any use is not an error: see the counters. EINVAL: that time is over. */
int cardea_stack_feed(cardea_stack* stack, const void* packet, size_t size, const struct cardea_stack_packet* about,
                      int64_t arrival_ns);
/* Takes the oldest packet that the stack has sent. Returns its size; 0 when there is none. `about` may be NULL.
 * EMSGSIZE: `size` is too small, and the packet is still there (cardea_stack_packet_size() tells its size). The stack
 * keeps up to "output_packets" packets for the caller; more are lost, as on a full link, and counted. */
ssize_t cardea_stack_take(cardea_stack* stack, void* buffer, size_t size, struct cardea_stack_packet* about);
/* The size of the oldest packet to take; 0 when there is none. */
size_t cardea_stack_packet_size(const cardea_stack* stack);

int64_t cardea_stack_now(const cardea_stack* stack);
/* When the stack wants time to advance, for its own timers or for a call's; INT64_MAX when it waits for packets only.
 * A time that has come already is never returned after a call here: what is due now has been done. */
int64_t cardea_stack_next_deadline(const cardea_stack* stack);
/* Lets time pass until `until_ns`, running every timer that is due by then at its own time, in order. EINVAL: that
 * time is over. */
int cardea_stack_advance(cardea_stack* stack, int64_t until_ns);

/* --- Sockets: the system's calls, arguments and constants ----------------------------------------------------- */

/* Descriptors count from 3 and are the stack's own: they mean nothing to the system. AF_INET or AF_INET6; SOCK_STREAM
 * or SOCK_DGRAM, with SOCK_NONBLOCK and SOCK_CLOEXEC. */
int cardea_stack_socket(cardea_stack* stack, int domain, int type, int protocol);
int cardea_stack_bind(cardea_stack* stack, int fd, const struct sockaddr* address, socklen_t size);
int cardea_stack_listen(cardea_stack* stack, int fd, int backlog);
int cardea_stack_shutdown(cardea_stack* stack, int fd, int how);
int cardea_stack_getsockname(cardea_stack* stack, int fd, struct sockaddr* address, socklen_t* size);
int cardea_stack_getpeername(cardea_stack* stack, int fd, struct sockaddr* address, socklen_t* size);
/* O_NONBLOCK as fcntl(2) sets it. */
int cardea_stack_set_nonblocking(cardea_stack* stack, int fd, int on);
int cardea_stack_get_nonblocking(cardea_stack* stack, int fd);
/* The options of socket(7), tcp(7), udp(7), ip(7) and ipv6(7) that docs/stack-harness.md lists. ENOPROTOOPT: others. */
int cardea_stack_setsockopt(cardea_stack* stack, int fd, int level, int name, const void* value, socklen_t size);
int cardea_stack_getsockopt(cardea_stack* stack, int fd, int level, int name, void* value, socklen_t* size);

/* Calls that may block. What one does when it cannot go on:
 *  - on a non-blocking socket, or with MSG_DONTWAIT: EAGAIN, or EINPROGRESS from connect;
 *  - on a blocking socket, if a wait function is set (below): the stack calls that until the call is complete;
 *  - on a blocking socket without one: as if it were non-blocking.
 * A blocking send is complete when everything is in the send buffer; SO_RCVTIMEO, SO_SNDTIMEO and SO_LINGER hold, in
 * the stack's time. No signal is raised: EPIPE only. Flags: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, MSG_TRUNC (datagrams),
 * MSG_OOB (sending), MSG_NOSIGNAL; EOPNOTSUPP: others. */
int cardea_stack_accept(cardea_stack* stack, int fd, struct sockaddr* address, socklen_t* size);
int cardea_stack_connect(cardea_stack* stack, int fd, const struct sockaddr* address, socklen_t size);
ssize_t cardea_stack_send(cardea_stack* stack, int fd, const void* data, size_t size, int flags);
ssize_t cardea_stack_recv(cardea_stack* stack, int fd, void* buffer, size_t size, int flags);
ssize_t cardea_stack_sendto(cardea_stack* stack, int fd, const void* data, size_t size, int flags,
                            const struct sockaddr* address, socklen_t address_size);
ssize_t cardea_stack_recvfrom(cardea_stack* stack, int fd, void* buffer, size_t size, int flags,
                              struct sockaddr* address, socklen_t* address_size);
int cardea_stack_close(cardea_stack* stack, int fd);
/* POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP and POLLNVAL, as poll(2). A timeout other than 0 waits as above. */
int cardea_stack_poll(cardea_stack* stack, struct pollfd* fds, nfds_t count, int timeout_ms);
/* A reset at once, whatever SO_LINGER says; the descriptor is closed. */
int cardea_stack_abort(cardea_stack* stack, int fd);

/* --- Blocking, first way: the world moves while a call waits -------------------------------------------------- */

/* Called while a blocking call cannot go on: it moves the world (takes and feeds packets, advances time) and returns 0
 * to have the call look again, or an errno, such as EINTR, with which the call then fails. `deadline_ns` is the stack's
 * next deadline. It may call everything here, blocking calls too, but cardea_stack_free() on this stack. */
typedef int (*cardea_stack_wait)(void* user, cardea_stack* stack, int64_t deadline_ns);
/* NULL: none. */
int cardea_stack_set_wait(cardea_stack* stack, cardea_stack_wait wait, void* user);

/* --- Blocking, second way: begin a call, move the world, finish it -------------------------------------------- */

/* Begins a call as on a blocking socket. It tries at once, and again at every event of the stack, so that it completes
 * at the instant it would have returned. Errors of the call itself come from cardea_stack_call_finish(); NULL here is
 * ENOMEM or EINVAL only. Buffers live, untouched, until it is finished. */
cardea_stack_call* cardea_stack_begin_accept(cardea_stack* stack, int fd);
cardea_stack_call* cardea_stack_begin_connect(cardea_stack* stack, int fd, const struct sockaddr* address,
                                              socklen_t size);
cardea_stack_call* cardea_stack_begin_send(cardea_stack* stack, int fd, const void* data, size_t size, int flags);
cardea_stack_call* cardea_stack_begin_sendto(cardea_stack* stack, int fd, const void* data, size_t size, int flags,
                                             const struct sockaddr* address, socklen_t address_size);
cardea_stack_call* cardea_stack_begin_recv(cardea_stack* stack, int fd, void* buffer, size_t size, int flags);
cardea_stack_call* cardea_stack_begin_close(cardea_stack* stack, int fd);
cardea_stack_call* cardea_stack_begin_poll(cardea_stack* stack, struct pollfd* fds, nfds_t count, int timeout_ms);

/* 1 when the call has completed, else 0. */
int cardea_stack_call_done(const cardea_stack_call* call);
/* When it completed; INT64_MAX when it has not. */
int64_t cardea_stack_call_done_at(const cardea_stack_call* call);
/* The call's result: what the system's call returns, or -1 with errno. Where accept or a receiving call learns an
 * address it is written to `address` (as accept(2) does; both may be NULL). A call that has not completed is given up:
 * EINTR, or the number of bytes already sent or received. Frees the call. */
ssize_t cardea_stack_call_finish(cardea_stack_call* call, struct sockaddr* address, socklen_t* size);

/* --- Looking inside ------------------------------------------------------------------------------------------- */

enum cardea_stack_tcp_state { /* RFC 9293 section 3.3.2 */
                              CARDEA_STACK_CLOSED = 0,
                              CARDEA_STACK_LISTEN = 1,
                              CARDEA_STACK_SYN_SENT = 2,
                              CARDEA_STACK_SYN_RECEIVED = 3,
                              CARDEA_STACK_ESTABLISHED = 4,
                              CARDEA_STACK_FIN_WAIT_1 = 5,
                              CARDEA_STACK_FIN_WAIT_2 = 6,
                              CARDEA_STACK_CLOSE_WAIT = 7,
                              CARDEA_STACK_CLOSING = 8,
                              CARDEA_STACK_LAST_ACK = 9,
                              CARDEA_STACK_TIME_WAIT = 10
};
/* "ESTABLISHED", "FIN-WAIT-1", ...; "?" for a number that is none. Lives for ever. */
const char* cardea_stack_tcp_state_name(int state);

/* What a TCP connection tells of itself. Sizes are bytes, durations nanoseconds. */
struct cardea_stack_tcp_info {
    uint32_t state;                                /* enum cardea_stack_tcp_state */
    uint8_t timestamps, sack, window_scaling, ecn; /* as negotiated: 0 or 1 */
    uint8_t send_shift, receive_shift;             /* of the windows (RFC 7323) */
    uint8_t in_recovery;                           /* fast recovery */
    uint8_t in_loss; /* after a retransmission timeout, until all that was outstanding is acknowledged */
    int64_t rto_ns, srtt_ns, rttvar_ns, min_rtt_ns; /* RFC 6298 */
    uint32_t cwnd, ssthresh;                        /* RFC 5681 */
    uint32_t mss;                                   /* payload of a full segment, options taken off */
    uint32_t peer_mss;                              /* as its SYN had it */
    uint32_t send_window, receive_window;           /* scaled */
    uint32_t in_flight;                             /* RFC 6675's pipe */
    uint32_t unacknowledged, unsent;                /* in the send buffer */
    uint32_t readable, out_of_order;                /* received */
    uint32_t urgent_ahead;                          /* unread bytes before the end of urgent data */
    uint32_t consecutive_timeouts;                  /* of retransmission */
    uint64_t segments_in, segments_out, bytes_received, bytes_sent, bytes_acknowledged, bytes_resent; /* so far */
    uint32_t resends, timeouts, fast_recoveries, tail_probes;                                         /* so far */
    uint32_t duplicate_acks_in, dsacks_in, challenge_acks_out, paws_rejects;                          /* so far */
    uint32_t window_probes_out, keepalives_out;                                                       /* so far */
    uint32_t syn_queue, accept_queue; /* of a listener */
};
/* Fills up to `size` bytes; what this version does not know is zeroed. EOPNOTSUPP: not a TCP socket. The system's
 * struct tcp_info comes from getsockopt(TCP_INFO). */
int cardea_stack_get_tcp_info(cardea_stack* stack, int fd, struct cardea_stack_tcp_info* info, size_t size);
/* What a stack has counted so far. */
struct cardea_stack_counters {
    uint64_t packets_in, packets_out; /* all of them */
    uint64_t packets_dropped;         /* incoming ones that nobody got, whatever the reason */
    uint64_t packets_lost;            /* outgoing ones that found "output_packets" waiting to be taken */
    uint64_t sockets, connections;    /* now; connections include TIME-WAIT and those not accepted yet */
};
/* Fills up to `size` bytes; what this version does not know is zeroed. */
int cardea_stack_get_counters(const cardea_stack* stack, struct cardea_stack_counters* counters, size_t size);
/* How many incoming packets were dropped for the reason at `index`, from 0, and its name ("bad checksum") in *name if
 * that is not NULL. UINT64_MAX, and a null name, past the last reason. */
uint64_t cardea_stack_dropped(const cardea_stack* stack, size_t index, const char** name);

#ifdef __cplusplus
}
#endif

#endif
