// A simulated world with a client, servers at given distances, and hosts that no packet reaches.
#pragma once

#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <cardea/faulty.hpp>
#include <cardea/sim.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cardea::sim::test {

using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// How one connect of the client ended.
struct outcome {
    bool connected = false;
    endpoint peer;
    std::error_code error;
    std::string what;
    std::vector<connect_attempt> attempts;
    std::chrono::nanoseconds took{0};
    std::size_t sockets_left = 0;
};

class racing_world {
  public:
    explicit racing_world(seed s = {}) : world_(s), client_(world_.host("client")) {}

    /// A host `round_trip` away which accepts on port 7, refuses elsewhere, and counts who came.
    sim::host& server(const std::string& name, std::chrono::nanoseconds round_trip) {
        sim::host& made = world_.host(name);
        world_.link(client_, made, {.delay = round_trip / 2});
        made.run([this, name] {
            tcp_listener door("*:7");
            for (;;) {
                const tcp_stream peer = door.accept();
                accepted_.push_back(name);
            }
        });
        return made;
    }
    /// A host that refuses everything.
    sim::host& refuser(const std::string& name, std::chrono::nanoseconds round_trip) {
        sim::host& made = world_.host(name);
        world_.link(client_, made, {.delay = round_trip / 2});
        return made;
    }
    /// A host that no packet reaches.
    sim::host& dead(const std::string& name) { return world_.host(name); }

    /// Runs the world; the client does that and nothing else.
    template <class Connect>
    outcome run(Connect connect) {
        outcome o;
        client_.run([&] {
            cardea::sleep(1s);  // the servers listen
            const std::size_t before = this_loop_statistics().sockets;
            const std::int64_t begin_ns = this_network().now_ns();
            const tcp_stream peer = attempt(connect, o);
            o.took = std::chrono::nanoseconds(this_network().now_ns() - begin_ns);
            cardea::sleep(10s);  // whatever was still on its way has come
            o.sockets_left = this_loop_statistics().sockets - before;
        });
        what_ = world_.run();
        return o;
    }
    outcome run_connect(const std::string& where, const connect_options& how = {}) {
        return run([&] { return tcp_stream::connect(where, how); });
    }

    [[nodiscard]] sim::world& world() noexcept { return world_; }
    [[nodiscard]] sim::host& client() noexcept { return client_; }
    [[nodiscard]] const std::vector<std::string>& accepted() const noexcept { return accepted_; }
    [[nodiscard]] const report& what() const noexcept { return what_; }

  private:
    template <class Connect>
    static tcp_stream attempt(Connect& connect, outcome& o) {
        try {
            tcp_stream peer = connect();
            o.connected = peer.is_open();
            if (o.connected) o.peer = peer.peer();
            return peer;
        } catch (const connect_error& e) {
            o.attempts = e.attempts();
            note(e, o);
        } catch (const error& e) {
            note(e, o);
        }
        return {};
    }
    static void note(const error& e, outcome& o) {
        o.error = e.code();
        o.what = e.what();
    }

    sim::world world_;
    sim::host& client_;
    std::vector<std::string> accepted_;
    report what_;
};

}  // namespace cardea::sim::test
