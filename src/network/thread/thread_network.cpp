// Opens and adopts sockets for plain threads.
#include <new>

#include "network/kernel_socket.hpp"
#include "network/thread/thread.hpp"
#include "network/thread/thread_connects.hpp"
#include "network/thread/thread_socket.hpp"

#include <unistd.h>

namespace cardea::detail {

namespace {

class thread_network final : public kernel_network {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "thread"; }

    std::error_code open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept override {
        int fd = -1;
        if (const std::error_code failed = open_descriptor(f, t, protocol, 0, fd)) return failed;
        out.reset(new (std::nothrow) thread_socket(*this, fd, f, t));
        if (out) return {};
        ::close(fd);
        return std::make_error_code(std::errc::not_enough_memory);
    }

    std::error_code adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept override {
        if (const std::error_code unknown = identify(from)) return unknown;
        auto* made = new (std::nothrow) thread_socket(*this, from.descriptor, from.family, from.type);
        if (made == nullptr) return std::make_error_code(std::errc::not_enough_memory);
        made->settle_in(from);
        out.reset(made);
        return {};
    }

    std::error_code await_connect(const std::vector<network_socket*>& begun, std::int64_t until_ns, std::size_t& which,
                                  std::error_code& outcome) noexcept override {
        return await_first_connect(begun, until_ns, which, outcome);
    }
};

}  // namespace

std::unique_ptr<network> make_thread_network() { return std::make_unique<thread_network>(); }

}  // namespace cardea::detail
