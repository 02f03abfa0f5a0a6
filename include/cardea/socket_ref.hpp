// How a call that works on several types of socket takes its socket: a `socket`, or a thin type on one.
#pragma once

#include <cardea/socket.hpp>
#include <type_traits>

namespace cardea {

/// Borrows a socket for the call: a socket itself, a udp_socket, a unix_stream, ...
class socket_ref {
  public:
    socket_ref(socket& s) noexcept : socket_(&s) {}  ///< The socket itself.
    template <class T>
    requires std::is_same_v<decltype(std::declval<T&>().handle()), socket&> socket_ref(T& thin)
    noexcept : socket_(&thin.handle()) {}

    [[nodiscard]] socket& get() const noexcept { return *socket_; }  ///< The socket.

  private:
    socket* socket_;
};

}  // namespace cardea
