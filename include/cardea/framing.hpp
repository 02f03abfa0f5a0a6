// Messages over a stream, each with its length in front: `frame_reader in(peer); while (auto frame = in.next()) ...`.
#pragma once

#include <array>
#include <cardea/buffered.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cardea {
/// Which byte of a length comes first.
enum class byte_order : std::uint8_t { big, little };

/// How a protocol writes the length in front of its messages.
struct frame_format {
    /// 1, 2, 4 or 8 bytes; 0: a varint of 7 bits a byte, low ones first (LEB128, as protobuf has it). Others:
    /// readers and writers throw std::invalid_argument when they are made.
    std::uint8_t length_bytes = 4;
    byte_order order = byte_order::big;
    /// Longest message taken or sent, without its length.
    std::size_t longest = 1024 * 1024;
    /// The length counts its own bytes too (PostgreSQL). Not with varints.
    bool counts_itself = false;
};

/// Reads messages. On a stream, with a buffered_reader of its own; or on one that is used for more. See buffered_reader
/// for blocking, memory, deadlines and who may use it.
class frame_reader {
  public:
    explicit frame_reader(stream_ref from, const frame_format& format = {});
    explicit frame_reader(buffered_reader& from, const frame_format& format = {});
    frame_reader(const frame_reader&) = delete;
    frame_reader& operator=(const frame_reader&) = delete;

    /// The next message, as a view until the next call on the reader; nullopt: the stream ended between two messages.
    /// Within one: errc::end_of_stream. Longer than the bound: errc::too_long, naming it, before any memory is taken
    /// for it; a length that is none (a varint of more than 64 bits, one that does not count itself): errc::malformed.
    /// Neither can be recovered from: where the next message begins is not known.
    std::optional<const_buffer> next();
    std::optional<const_buffer> next(std::error_code& ec) noexcept;
    [[nodiscard]] buffered_reader& buffer() noexcept { return *in_; }

  private:
    std::size_t recv_length(std::uint64_t& length, std::error_code& ec) noexcept;
    std::size_t recv_varint(std::uint64_t& length, std::error_code& ec) noexcept;

    std::optional<buffered_reader> own_;
    buffered_reader* in_;
    frame_format format_;
};

/// Sends messages: each in one call on a stream, length and bytes together; or into a buffered_writer. As thread-safe
/// as sending on the stream is.
class frame_writer {
  public:
    explicit frame_writer(stream_ref to, const frame_format& format = {});
    explicit frame_writer(buffered_writer& to, const frame_format& format = {});

    /// Longer than the bound, or than its length can say: errc::too_long, and nothing is sent. Fails as send_all does:
    /// on a stream a message that was sent in part cannot be completed (bytes_done() counts its length too); a
    /// buffered_writer keeps it in order.
    void send(const_buffer message);
    void send(const_buffer message, std::error_code& ec) noexcept;

  private:
    struct written {
        std::array<std::byte, 10> bytes;
        std::size_t size;
    };
    [[nodiscard]] bool write_length(std::size_t size, written& out) const noexcept;
    std::size_t send_with_length(const_buffer message, std::error_code& ec) noexcept;
    [[nodiscard]] const stream_ref& target() const noexcept {
        return buffered_ != nullptr ? buffered_->target() : *to_;
    }

    std::optional<stream_ref> to_;
    buffered_writer* buffered_ = nullptr;
    frame_format format_;
};

}  // namespace cardea
