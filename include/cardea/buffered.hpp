// Buffered streams: a reader that receives much and hands out little, a writer that gathers little and sends much.
#pragma once

#include <cardea/stream_ref.hpp>
#include <cstddef>
#include <string_view>
#include <utility>

namespace cardea {

/// Receives ahead, and hands out what is asked for: pieces up to a delimiter, of a given size, or whatever there is.
/// Lines and frames are read by line_reader and frame_reader, which can share one (HTTP: lines, then bytes).
///
/// Memory: none while it is empty, however long it waits; else a lease on what arrived, or a buffer where a piece came
/// in parts, bounded by the bounds of the calls. What a call returns as a view lies there, until the next call on the
/// reader. Deadlines and cancellation: what a call had received when it failed stays in the reader, and the next call
/// goes on with it: nothing is lost. Errors are thrown as by the stream, or given to the trailing std::error_code&. For
/// one fiber or thread at a time, the one that uses the stream; the stream must outlive it and not be moved.
class buffered_reader {
  public:
    explicit buffered_reader(stream_ref from) noexcept : from_(from) {}

    /// At least one byte: what is buffered, or else straight from the stream. 0: the end (or `room` is empty).
    std::size_t recv(mutable_buffer room);
    std::size_t recv(mutable_buffer room, std::error_code& ec) noexcept;
    /// Fills `room`. The end before that: errc::end_of_stream, with the bytes done, which are in `room`.
    void recv_exactly(mutable_buffer room);
    std::size_t recv_exactly(mutable_buffer room, std::error_code& ec) noexcept;
    /// Up to and with `delimiter` (empty: std::errc::invalid_argument), at most `longest` bytes with it, else
    /// errc::too_long. The end before it: errc::end_of_stream, and what came is still buffered().
    std::string_view recv_until(std::string_view delimiter, std::size_t longest);
    std::string_view recv_until(std::string_view delimiter, std::size_t longest, std::error_code& ec) noexcept;
    /// The next `size` bytes as a view; they are taken. The end before that: errc::end_of_stream.
    const_buffer recv_view(std::size_t size);
    const_buffer recv_view(std::size_t size, std::error_code& ec) noexcept;
    /// Waits until `size` bytes are there, or the end, and shows what is there, perhaps more; nothing is taken.
    const_buffer peek(std::size_t size);
    const_buffer peek(std::size_t size, std::error_code& ec) noexcept;

    // For parsers of one's own.

    /// What has been received and not taken. Does not wait.
    [[nodiscard]] const_buffer buffered() const noexcept { return {begin_, size_}; }
    /// Receives more behind it. Returns how much came; 0: the end. Where that takes a buffer of its own, `longest`
    /// (more than is buffered now) and 16 KiB, whichever is more, bound it.
    std::size_t fill(std::size_t longest, std::error_code& ec) noexcept;
    /// Takes the first `n` of buffered(); its bytes stay where they are until the next call.
    void consume(std::size_t n) noexcept;
    /// Puts what is buffered back into the stream, for whoever receives from it next (a TLS handshake after STARTTLS,
    /// another loop). errc::not_supported where the stream cannot, and it stays here.
    void give_back();
    void give_back(std::error_code& ec) noexcept;

    [[nodiscard]] const stream_ref& source() const noexcept { return from_; }  ///< The stream that it reads.

  private:
    bool make_room(std::size_t longest) noexcept;
    void settle() noexcept;

    stream_ref from_;
    const std::byte* begin_ = nullptr;
    std::size_t size_ = 0;
    lease lease_;                // begin_ points into it,
    detail::lent_buffer spill_;  // or else into this
};

/// Gathers what is sent, until flush() or until `capacity` is full: many small sends become one. Nothing is flushed by
/// itself, neither after a while nor by the destructor (which could not report a failure).
///
/// Memory: a buffer while there is something in it. Deadlines and cancellation: what a failed call had taken and not
/// sent stays, and the next flush() goes on with it: nothing is sent twice or lost. For one fiber or thread at a time;
/// the stream must outlive it and not be moved.
class buffered_writer {
  public:
    static constexpr std::size_t default_capacity = 16 * 1024;  ///< Bytes.

    explicit buffered_writer(stream_ref to, std::size_t capacity = default_capacity) noexcept
        : to_(to), capacity_(capacity) {}

    /// Takes all of `data`. Blocks only when the buffer is full: then everything is sent in one call. On failure
    /// bytes_done(), or the returned number, says how much of `data` was taken (sent or buffered).
    void send_all(const_buffer data);
    std::size_t send_all(const_buffer data, std::error_code& ec) noexcept;
    /// Sends what is buffered.
    void flush();
    void flush(std::error_code& ec) noexcept;
    [[nodiscard]] std::size_t buffered() const noexcept { return size_; }
    [[nodiscard]] const stream_ref& target() const noexcept { return to_; }

  private:
    void sent(std::size_t n) noexcept;

    stream_ref to_;
    std::size_t capacity_;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
    detail::lent_buffer spill_;
};

/// Both, on one stream. What is sent leaves with flush(), and not before it is full.
class buffered_stream : public buffered_reader, public buffered_writer {
  public:
    explicit buffered_stream(stream_ref both, std::size_t write_capacity = default_capacity) noexcept
        : buffered_reader(both), buffered_writer(both, write_capacity) {}
};

}  // namespace cardea
