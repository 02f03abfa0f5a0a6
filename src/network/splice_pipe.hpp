// The pipe that splice(2) needs between two sockets. Each thread keeps a few for the next step; whoever waits for data
// holds none.
#pragma once

#include <sys/types.h>

#include <cardea/buffer.hpp>
#include <cstddef>

namespace cardea::detail {

class splice_pipe {
  public:
    /// What it is made to hold, and so the most that one step moves. A system that does not let it (pipe(7),
    /// pipe-user-pages-soft) makes it smaller.
    static constexpr std::size_t capacity_bytes = 256 * 1024;
    /// Empty ones that a thread keeps.
    static constexpr unsigned kept_by_a_thread = 4;
    /// Of the whole process: who needs one more copies instead. A receiver that does not read holds one.
    static constexpr unsigned most_in_use = 256;

    splice_pipe() noexcept = default;
    ~splice_pipe() { put_away(); }
    splice_pipe(const splice_pipe&) = delete;
    splice_pipe& operator=(const splice_pipe&) = delete;

    /// False: no descriptors, or too many are in use. Twice is harmless.
    bool open() noexcept;
    /// Gives it back. What is in it is lost.
    void put_away() noexcept;

    /// Moves what the socket has, `size` bytes at most: how many; 0: the end of the stream; -1: see errno. Once.
    ssize_t fill(int socket, std::size_t size) noexcept;
    /// Moves what it holds to the socket, as far as that takes it: how many, or -1. Must not raise SIGPIPE: see
    /// broken_pipe_guard.
    ssize_t drain(int socket) noexcept;
    /// What it holds.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    /// Takes all of that out again; `room` has just that size.
    bool take_back(mutable_buffer room) noexcept;

    /// A loop has ended: its thread keeps no pipes.
    static void forget_kept() noexcept;

  private:
    int read_ = -1;
    int write_ = -1;
    std::size_t bytes_ = 0;
};

}  // namespace cardea::detail
