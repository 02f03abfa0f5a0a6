// One run: a sender and a receiver, each a thread pinned to a CPU, and the CPU time that each took.
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <chrono>
#include <thread>

#include "ways.hpp"

namespace udp_bench {

namespace {

void pin(unsigned cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu % std::thread::hardware_concurrency(), &one);
    ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
}

std::int64_t cpu_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

std::vector<way> all_ways() {
    return {
        {"raw GSO and GRO", send_raw_gso, receive_raw_gro},
        {"raw GSO and GRO again", send_raw_gso, receive_raw_gro},
        {"cardea, threads", send_cardea_thread, receive_cardea_thread},
        {"cardea, uring", send_cardea_uring, receive_cardea_uring},
        {"cardea, epoll", send_cardea_epoll, receive_cardea_epoll},
        {"raw sendto, recvfrom", send_raw_single, receive_raw_single},
#ifdef CARDEA_BENCH_ASIO
        {"asio", send_asio, receive_asio},
#endif
    };
}

outcome run(const way& w, const run_options& options) {
    outcome o;
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> sender_stops{false};
    std::atomic<bool> receiver_stops{false};
    std::thread receiver([&] {
        pin(1);
        const std::int64_t before = cpu_ns();
        o.delivered = w.receive(port, options.size, receiver_stops);
        o.receiver_cpu_ns = cpu_ns() - before;
    });
    port.wait(0);
    std::thread sender([&] {
        pin(0);
        const std::int64_t before = cpu_ns();
        o.sent = w.send(port, options.size, sender_stops);
        o.sender_cpu_ns = cpu_ns() - before;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(options.milliseconds));
    sender_stops = true;
    sender.join();
    receiver_stops = true;
    receiver.join();
    return o;
}

}  // namespace udp_bench
