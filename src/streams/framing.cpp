// Lengths to bytes and back, and the messages behind them.
#include <cardea/framing.hpp>
#include <limits>
#include <stdexcept>
#include <string>

#include "streams/failing.hpp"

namespace cardea {

namespace {

constexpr std::size_t longest_varint = 10;  // 64 bits, 7 in a byte

const frame_format& checked(const frame_format& format) {
    const unsigned n = format.length_bytes;
    if (n != 0 && n != 1 && n != 2 && n != 4 && n != 8) {
        throw std::invalid_argument("frame_format: no length has " + std::to_string(n) + " bytes");
    }
    if (n == 0 && format.counts_itself) throw std::invalid_argument("frame_format: a varint cannot count itself");
    return format;
}

std::uint64_t read_fixed(const std::byte* from, std::size_t n, byte_order order) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < n; ++i) {
        value = value << 8U | std::to_integer<std::uint64_t>(from[order == byte_order::big ? i : n - 1 - i]);
    }
    return value;
}

void write_fixed(std::uint64_t value, std::byte* to, std::size_t n, byte_order order) noexcept {
    for (std::size_t i = 0; i < n; ++i, value >>= 8U) {
        to[order == byte_order::big ? n - 1 - i : i] = static_cast<std::byte>(value & 0xffU);
    }
}

}  // namespace

// --- reading --------------------------------------------------------------------------------------------------------

frame_reader::frame_reader(stream_ref from, const frame_format& format)
    : own_(std::in_place, from), in_(&*own_), format_(checked(format)) {}

frame_reader::frame_reader(buffered_reader& from, const frame_format& format) : in_(&from), format_(checked(format)) {}

std::optional<const_buffer> frame_reader::next() {
    std::error_code ec;
    const auto frame = next(ec);
    if (ec) detail::throw_failed(in_->source(), ec, "recv frame", in_->buffered().size(), format_.longest);
    return frame;
}

std::optional<const_buffer> frame_reader::next(std::error_code& ec) noexcept {
    std::uint64_t length = 0;
    const std::size_t prefix = recv_length(length, ec);
    if (ec || prefix == 0) return std::nullopt;
    if (length > format_.longest) {
        ec = errc::too_long;
        return std::nullopt;
    }
    const std::size_t size = prefix + static_cast<std::size_t>(length);
    const const_buffer there = in_->peek(size, ec);
    if (!ec && there.size() < size) ec = errc::end_of_stream;
    if (ec) return std::nullopt;
    in_->consume(size);
    return const_buffer(there.data() + prefix, size - prefix);
}

// The bytes that the length takes, which stay; 0 and no error: the end of the stream.
std::size_t frame_reader::recv_length(std::uint64_t& length, std::error_code& ec) noexcept {
    const std::size_t n = format_.length_bytes;
    if (n == 0) return recv_varint(length, ec);
    const const_buffer there = in_->peek(n, ec);
    if (ec || there.empty()) return 0;
    if (there.size() < n) {
        ec = errc::end_of_stream;
        return 0;
    }
    length = read_fixed(there.data(), n, format_.order);
    if (!format_.counts_itself) return n;
    if (length < n) {
        ec = errc::malformed;
        return 0;
    }
    length -= n;
    return n;
}

std::size_t frame_reader::recv_varint(std::uint64_t& length, std::error_code& ec) noexcept {
    length = 0;
    for (std::size_t i = 0; i < longest_varint; ++i) {
        const const_buffer there = in_->peek(i + 1, ec);
        if (ec || there.empty()) return 0;
        if (there.size() <= i) {
            ec = errc::end_of_stream;
            return 0;
        }
        const auto byte = std::to_integer<std::uint64_t>(there.data()[i]);
        if (i == longest_varint - 1 && byte > 1) break;  // beyond the 64th bit
        length |= (byte & 0x7fU) << (7 * i);
        if ((byte & 0x80U) == 0) return i + 1;
    }
    ec = errc::malformed;
    return 0;
}

// --- sending --------------------------------------------------------------------------------------------------------

frame_writer::frame_writer(stream_ref to, const frame_format& format) : to_(to), format_(checked(format)) {}

frame_writer::frame_writer(buffered_writer& to, const frame_format& format)
    : buffered_(&to), format_(checked(format)) {}

bool frame_writer::write_length(std::size_t size, written& out) const noexcept {
    std::uint64_t value = size;
    const std::size_t n = format_.length_bytes;
    if (size > format_.longest) return false;
    if (n == 0) {
        out.size = 0;
        for (; value > 0x7f; value >>= 7U) out.bytes[out.size++] = static_cast<std::byte>((value & 0x7fU) | 0x80U);
        out.bytes[out.size++] = static_cast<std::byte>(value);
        return true;
    }
    if (format_.counts_itself) value += n;
    if (n < 8 && value >> (8 * n) != 0) return false;
    write_fixed(value, out.bytes.data(), n, format_.order);
    out.size = n;
    return true;
}

void frame_writer::send(const_buffer message) {
    std::error_code ec;
    const std::size_t n = send_with_length(message, ec);
    if (ec) detail::throw_failed(target(), ec, "send frame", n, format_.longest);
}

void frame_writer::send(const_buffer message, std::error_code& ec) noexcept { send_with_length(message, ec); }

std::size_t frame_writer::send_with_length(const_buffer message, std::error_code& ec) noexcept {
    written length;
    if (!write_length(message.size(), length)) {
        ec = errc::too_long;
        return 0;
    }
    const const_buffer prefix(length.bytes.data(), length.size);
    if (buffered_ == nullptr) return to_->send_vectored({prefix, message}, ec);
    std::size_t n = buffered_->send_all(prefix, ec);
    if (!ec) n += buffered_->send_all(message, ec);
    return n;
}

}  // namespace cardea
