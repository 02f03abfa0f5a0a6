// What all the loops of one serve() share: the handler, the options, the counts, the places for connections.
#pragma once

#include <atomic>
#include <cardea/serve.hpp>
#include <cardea/sync.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "serve/listening.hpp"

namespace cardea::detail {

/// A connection's right to be served, where max_connections is set; given back when it dies.
class place {
  public:
    place() noexcept = default;
    /// `of` has been acquired.
    explicit place(semaphore* of) noexcept : of_(of) {}
    place(place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    place& operator=(place&& other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~place() {
        if (of_ != nullptr) of_->release();
    }

  private:
    semaphore* of_ = nullptr;
};

/// A connection that was accepted and has no handler yet.
struct arrival {
    stream peer;
    place held;
};

inline served kind_of(const handler& how) noexcept {
    if (how.on_stream == nullptr) return served::datagrams;
    return how.on_datagram == nullptr ? served::streams : served::both;
}

struct service {
    /// Connections on their way to another loop, for each loop; a full box makes the loop that accepts wait.
    static constexpr std::size_t box_capacity = 64;
    using box = channel<arrival>;

    service(const handler& how, const serve_options& options, unsigned loops);

    [[nodiscard]] serve_report report() const noexcept;
    /// Counts and reports; swallows what on_error throws.
    void handler_failed(const endpoint& client, const std::exception_ptr& why) noexcept;
    void accept_paused(const endpoint& where, const std::exception_ptr& why, bool tell) noexcept;
    void not_succeeded(const std::string& name, const std::exception_ptr& why) noexcept;

    const handler& how;
    const serve_options& options;
    std::optional<semaphore> places;
    std::vector<std::unique_ptr<box>> boxes;
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> handler_failures{0};
    std::atomic<std::uint64_t> accept_pauses{0};
    std::atomic<std::uint64_t> cancelled{0};
    std::atomic<bool> passed_on{false};    ///< a successor has the listening sockets as well
    std::atomic<bool> handed_over{false};  ///< and serves
};

}  // namespace cardea::detail
