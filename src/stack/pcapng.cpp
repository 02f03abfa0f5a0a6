// The pcapng blocks: section header, interface description, enhanced packet. Little-endian throughout, as the section's
// byte-order magic says, so that equal traffic gives equal files on every machine.
#include "stack/pcapng.hpp"

#include <algorithm>

#include "stack/wire/checksum.hpp"

namespace cardea::stack {

namespace {

constexpr std::uint32_t section_header_block = 0x0a0d0d0a;
constexpr std::uint32_t interface_description_block = 1;
constexpr std::uint32_t enhanced_packet_block = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint16_t linktype_raw = 101;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t shb_user_application = 4;
constexpr std::uint16_t interface_name = 2;
constexpr std::uint16_t interface_time_resolution = 9;
constexpr std::uint16_t packet_flags = 2;

}  // namespace

pcapng_writer::pcapng_writer(byte_sink& sink) : sink_{sink} {
    begin_block(section_header_block);
    put32(byte_order_magic);
    put16(1);  // version 1.0
    put16(0);
    put32(0xffffffff);  // section length: not given
    put32(0xffffffff);
    option(shb_user_application, "Cardea");
    option(option_end, bytes_view{});
    end_block();
}

std::uint32_t pcapng_writer::add_interface(std::string_view name) {
    begin_block(interface_description_block);
    put16(linktype_raw);
    put16(0);
    put32(0);  // no snapshot limit
    option(interface_name, name);
    constexpr std::byte nanoseconds{9};
    option(interface_time_resolution, bytes_view{&nanoseconds, 1});
    option(option_end, bytes_view{});
    end_block();
    return interfaces_++;
}

void pcapng_writer::write(std::uint32_t interface, time_ns when, packet_view const& packet, packet_direction direction,
                          std::string_view comment) {
    packet_.clear();
    packet.append_to(packet_);
    wire::complete_checksum(packet_, packet_, packet.meta);

    auto const stamp = static_cast<std::uint64_t>(when);
    auto const size = static_cast<std::uint32_t>(packet_.size());
    begin_block(enhanced_packet_block);
    put32(interface);
    put32(static_cast<std::uint32_t>(stamp >> 32));
    put32(static_cast<std::uint32_t>(stamp));
    put32(size);
    put32(size);
    block_.insert(block_.end(), packet_.begin(), packet_.end());
    pad();
    if (direction != packet_direction::unknown) {
        std::array<std::byte, 4> const flags{static_cast<std::byte>(direction)};
        option(packet_flags, bytes_view{flags});
    }
    if (!comment.empty()) option(option_comment, comment);
    if (direction != packet_direction::unknown || !comment.empty()) option(option_end, bytes_view{});
    end_block();
}

void pcapng_writer::begin_block(std::uint32_t type) {
    block_.clear();
    put32(type);
    put32(0);  // the length, known at the end
}

void pcapng_writer::end_block() {
    auto const size = static_cast<std::uint32_t>(block_.size() + 4);
    put32(size);
    for (std::size_t i = 0; i < 4; ++i) block_[4 + i] = static_cast<std::byte>((size >> (8 * i)) & 0xff);
    sink_.write(block_);
}

void pcapng_writer::put16(std::uint16_t v) {
    block_.push_back(static_cast<std::byte>(v & 0xff));
    block_.push_back(static_cast<std::byte>(v >> 8));
}

void pcapng_writer::put32(std::uint32_t v) {
    put16(static_cast<std::uint16_t>(v & 0xffff));
    put16(static_cast<std::uint16_t>(v >> 16));
}

void pcapng_writer::option(std::uint16_t code, bytes_view value) {
    auto const kept = value.first(std::min<std::size_t>(value.size(), 0xffff));
    put16(code);
    put16(static_cast<std::uint16_t>(kept.size()));
    block_.insert(block_.end(), kept.begin(), kept.end());
    pad();
}

void pcapng_writer::option(std::uint16_t code, std::string_view value) {
    option(code, std::as_bytes(std::span{value.data(), value.size()}));
}

void pcapng_writer::pad() {
    while (block_.size() % 4 != 0) block_.push_back(std::byte{0});
}

}  // namespace cardea::stack
