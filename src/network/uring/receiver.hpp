// How a stream of the io_uring network receives. Messages: a multishot receive fills the loop's shared buffers, and
// readers empty them in turn. Bulk: one-shot receives straight into the reader's own room. It changes over as the
// traffic does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "network/kernel_socket.hpp"
#include "network/uring/buffer_pool.hpp"
#include "network/uring/operation.hpp"

namespace cardea::detail {

class uring_network;
class uring_socket;

class receiver {
  public:
    /// Unread bytes of a connection beyond which the multishot is stopped: TCP's own back-pressure must reach the
    /// sender.
    static constexpr std::size_t credit_bytes = 64 * 1024;
    /// A reader with at least this much room gets bulk data straight into it.
    static constexpr std::size_t direct_room = 4096;

    explicit receiver(uring_socket& of) noexcept : socket_(of) {}

    io_result recv(uring_network& home, mutable_buffer room) noexcept {
        return recv(home, mutable_buffers({&room, 1}));
    }
    /// Waits for the first byte, and fills as many rooms as there are bytes at hand; no other reader comes in between.
    io_result recv(uring_network& home, mutable_buffers rooms) noexcept;
    io_result peek(uring_network& home, mutable_buffer room) noexcept;
    io_result recv_lease(uring_network& home, lease& out) noexcept;
    std::error_code put_back(const_buffer bytes) noexcept { return unread_.put_front(bytes); }
    /// What was received before anybody asked, for a call that then receives by itself. False: there is nothing.
    bool take_ahead(uring_network& home, mutable_buffer room, io_result& out) noexcept;
    /// There is nothing of that, and nothing is under way.
    [[nodiscard]] bool nothing_ahead() const noexcept { return unread_.empty() && !armed_ && !something_to_read(); }
    /// A completion of the multishot.
    void completed(uring_network& home, std::int32_t result, std::uint32_t flags) noexcept;
    /// Asks the kernel to end the multishot, if it has it. False: not yet, for no entry is free.
    bool stop(uring_network& home) noexcept;
    /// The kernel has the multishot.
    [[nodiscard]] bool armed() const noexcept { return armed_; }
    void wake_everybody() noexcept { readers_.wake_all(); }

    /// Bytes from before this network had the socket come first.
    void begin_with(native_socket& from) noexcept { unread_ = unread_bytes(from); }
    /// There is memory for what give_up() hands on.
    [[nodiscard]] bool can_give_up() noexcept { return unread_.make_room(size_); }
    /// Hands on every byte that was received and not read, and whether the end was seen. Not armed. Without a pool
    /// there is nothing but what it began with. Without memory the stream breaks off there, with that error.
    void give_up(buffer_pool* pool, native_socket& out) noexcept;
    /// Throws unread bytes away. Not armed.
    void discard(buffer_pool& pool) noexcept;

  private:
    [[nodiscard]] bool something_to_read() const noexcept {
        return first_ != buffer_pool::none || error_ != 0 || end_of_stream_;
    }
    io_result take(buffer_pool& pool, mutable_buffer room) noexcept;
    void take_more(buffer_pool& pool, mutable_buffers rooms, io_result& done) noexcept;
    io_result wait_and_take(uring_network& home, mutable_buffer room, const wait_line::place& mine) noexcept;
    std::error_code wait_for_some(uring_network& home, const wait_line::place& mine, bool bulk_goes_directly,
                                  bool& directly) noexcept;
    io_result directly(mutable_buffer room) noexcept;
    io_result look(buffer_pool& pool, mutable_buffer room) const noexcept;
    io_result look_directly(mutable_buffer room) noexcept;
    io_result wait_and_lend(uring_network& home, lease& out, const wait_line::place& mine) noexcept;
    io_result lend(buffer_pool& pool, lease& out) noexcept;
    io_result lend_directly(uring_network& home, lease& out) noexcept;
    void arm(uring_network& home) noexcept;
    void append(buffer_pool& pool, std::uint16_t id, std::uint32_t size) noexcept;
    void note_filling(uring_network& home, std::uint32_t size, bool more_waits) noexcept;

    uring_socket& socket_;
    wait_line readers_;
    unread_bytes unread_;
    std::size_t size_ = 0;
    std::int32_t error_ = 0;
    std::uint16_t first_ = buffer_pool::none;
    std::uint16_t last_ = buffer_pool::none;
    std::uint8_t full_in_a_row_ = 0;
    std::uint8_t small_in_a_row_ = 0;
    bool armed_ = false;
    bool stopping_ = false;
    bool bulk_ = false;
    bool roomy_ = false;
    bool end_of_stream_ = false;
};

}  // namespace cardea::detail
