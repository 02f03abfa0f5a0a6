// A server on a thread of its own, from "ready" to its report; and the fixture that runs a test on every network.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <cardea/deadline.hpp>
#include <cardea/network.hpp>
#include <cardea/serve.hpp>
#include <cardea/sync.hpp>
#include <cstdio>
#include <fstream>
#include <future>
#include <optional>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

class running_server {
  public:
    /// Starts serving and waits until it is ready. Throws what serve() throws instead.
    template <class Handler>
    running_server(const cardea::addresses& where, Handler handle, cardea::serve_options options) {
        std::promise<std::vector<cardea::endpoint>> ready;
        auto told = ready.get_future();
        options.stop = stop_.get_token();
        options.on_ready = [&ready, then = options.on_ready](const std::vector<cardea::endpoint>& listening) {
            if (then) then(listening);
            ready.set_value(listening);
        };
        ended_ = ended_promise_.get_future();
        thread_ = std::thread([this, where, handle, options, &ready]() mutable {
            try {
                const cardea::serve_report report = cardea::serve(where, handle, options);
                ended_promise_.set_value(report);
            } catch (...) {
                ended_promise_.set_exception(std::current_exception());
                try {
                    ready.set_value({});
                } catch (const std::future_error&) {  // it was ready before
                }
            }
        });
        listening_ = told.get();
        if (listening_.empty()) {
            thread_.join();
            ended_.get();
        }
    }
    ~running_server() {
        stop_.request_stop();
        if (thread_.joinable()) thread_.join();
    }
    running_server(const running_server&) = delete;
    running_server& operator=(const running_server&) = delete;

    [[nodiscard]] const std::vector<cardea::endpoint>& listening() const { return listening_; }
    /// Where a client of this host finds it.
    [[nodiscard]] cardea::endpoint at(std::size_t i = 0) const {
        const cardea::endpoint& e = listening_.at(i);
        return e.is_any() ? cardea::endpoint::loopback(cardea::family::inet, e.port()) : e;
    }
    void ask_to_stop() { stop_.request_stop(); }
    /// Waits for serve() to return, or rethrows.
    cardea::serve_report report() {
        thread_.join();
        return ended_.get();
    }
    cardea::serve_report stop() {
        ask_to_stop();
        return report();
    }

  private:
    std::stop_source stop_;
    std::promise<cardea::serve_report> ended_promise_;
    std::future<cardea::serve_report> ended_;
    std::vector<cardea::endpoint> listening_;
    std::thread thread_;
};

/// Skips where a network cannot be had; bounds every blocking call of the test's own thread.
class on_each_network : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        for (const cardea::network_report& r : cardea::probe_networks()) {
            if (r.name == GetParam() && !r.usable) GTEST_SKIP() << r.name << ": " << r.why;
        }
    }
    [[nodiscard]] cardea::serve_options options(unsigned threads = 1) const {
        cardea::serve_options o;
        o.threads = threads;
        o.network = GetParam();
        o.handle_signals = false;
        return o;
    }

  private:
    cardea::deadline patience_{std::chrono::seconds(60)};
};

inline auto every_network() { return testing::Values("uring", "epoll"); }
inline std::string name_of(const testing::TestParamInfo<std::string>& info) { return info.param; }

inline void echo(cardea::stream peer) {
    std::array<std::byte, 256> buffer;
    while (const std::size_t n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
}

/// Sends one byte and waits for its echo; false: the connection is gone.
inline bool answers(cardea::stream& peer) {
    std::error_code ec;
    peer.send_all("x", ec);
    char answer = 0;
    return !ec && peer.recv({&answer, 1}, ec) == 1 && answer == 'x';
}

/// Whether a socket of this host's kernel listens there, by proc(5): to ask so is no connection that somebody serves.
inline bool kernel_listens(const cardea::endpoint& where) {
    in_addr host{};
    const std::string text = where.to_string();
    if (::inet_pton(AF_INET, text.substr(0, text.rfind(':')).c_str(), &host) != 1) return false;
    std::array<char, 16> wanted{};
    ::snprintf(wanted.data(), wanted.size(), "%08X:%04X", host.s_addr, static_cast<unsigned>(where.port()));
    std::ifstream sockets("/proc/thread-self/net/tcp");
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    for (std::string line; std::getline(sockets, line);) {
        std::istringstream(line) >> number >> local >> remote >> state;
        if (local == wanted.data() && state == "0A") return true;  // TCP_LISTEN
    }
    return false;
}

/// Waits until nobody listens there any more, and leaves no connection behind that a handler serves. Several listeners
/// may share the address (SO_REUSEPORT): a reset is the end of one of them, and another may still accept.
inline void wait_until_refused(const cardea::endpoint& where) {
    while (kernel_listens(where)) cardea::yield();
    for (;;) {
        std::error_code ec;
        cardea::tcp_stream probe = cardea::tcp_stream::connect(where, ec);
        if (ec == std::errc::connection_refused) return;
        if (ec) {
            ASSERT_EQ(ec, std::errc::connection_reset);
            continue;
        }
        probe.shutdown(cardea::direction::send, ec);
        std::array<char, 16> room{};
        while (!ec && probe.recv(room, ec) > 0) {
        }
    }
}
