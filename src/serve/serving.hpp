// One loop's part of a server: its accept loops, the handlers' fibers, the receive loops of UDP. Lives on one fiber of
// the loop that it serves.
#pragma once

#include <cardea/fiber.hpp>
#include <memory>
#include <vector>

#include "serve/back_off.hpp"
#include "serve/listening.hpp"
#include "serve/service.hpp"

namespace cardea::detail {

class serving {
  public:
    /// `mine` and `of` outlive it. `number`: which of the service's loops this is.
    serving(service& of, std::vector<listener>& mine, unsigned number);
    /// Cancels whatever still goes on and waits for it.
    ~serving() = default;
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;

    void start();
    /// Closes the doors; handlers go on.
    void stop_accepting();
    /// Waits for the handlers; those that take longer than `limit` are cancelled.
    void join(std::chrono::nanoseconds limit);

  private:
    struct gate {
        listener* at = nullptr;
        back_off rest;
        std::unique_ptr<std::byte[]> datagram;
        bool busy = false;  // a datagram is being handled
    };

    // Fibers. They never throw, and end when they are cancelled or their door is closed.
    void accept_loop(gate& g) noexcept;
    void box_loop() noexcept;
    void receive_loop(gate& g) noexcept;
    void serve_one(stream&& peer, const endpoint& client) noexcept;

    bool accept_one(gate& g);
    void dispatch(arrival&& one, bool may_leave);
    bool deliver(channel<arrival>& box, arrival& one);
    void take(arrival&& one);
    void take_when_there_is_a_place(arrival&& one) noexcept;
    void serve_what_is_held(gate& g) noexcept;
    void datagram_came(gate& g, const received& got) noexcept;
    bool pause(gate& g, const std::exception_ptr& why) noexcept;
    void a_connection_closed() noexcept;

    service& of_;
    const unsigned number_;
    unsigned next_loop_ = 0;
    bool draining_ = false;
    std::vector<gate> gates_;
    scope handlers_;   // receive loops, too
    scope acceptors_;  // these spawn into handlers_, whose owner waits meanwhile: a scope's spawn needs no more
};

}  // namespace cardea::detail
