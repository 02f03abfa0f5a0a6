// A connect in two steps, begun and ended, for a thread that has several under way.
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/socket.hpp>
#include <cstddef>
#include <optional>
#include <system_error>

#include "socket/observed.hpp"

namespace cardea::detail {

class stepwise_connect {
  public:
    stepwise_connect(std::size_t number, socket&& unconnected, const endpoint& server) noexcept
        : number_(number), socket_(std::move(unconnected)), server_(server) {}

    /// std::errc::operation_in_progress: end() is due when the network says how it ended. Else it has ended.
    std::error_code begin() noexcept;
    void end(std::error_code how) noexcept;

    [[nodiscard]] std::size_t number() const noexcept { return number_; }
    [[nodiscard]] network_socket* waited_for() const noexcept { return socket_.impl_.get(); }
    [[nodiscard]] socket& connecting() noexcept { return socket_; }

  private:
    const std::size_t number_;
    socket socket_;
    const endpoint server_;
    std::optional<reported_call> reported_;
};

}  // namespace cardea::detail
