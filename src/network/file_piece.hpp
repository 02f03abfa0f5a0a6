// Pieces of disk files for send_file(): read without keeping a loop waiting for the disk. preadv2(2), cachestat(2).
#pragma once

#include <cardea/network.hpp>
#include <cstddef>
#include <cstdint>

namespace cardea::detail {

/// Reads at most `room`; fewer bytes, or none: the file ends. In a fiber what is not in memory is read by a helper
/// thread while the fiber waits (errc::timed_out, errc::cancelled: it goes on unattended, and into nothing of the
/// caller's); elsewhere this blocks.
io_result read_piece(int file, std::uint64_t offset, mutable_buffer room) noexcept;

/// True: reading these bytes would not wait for a disk. False: it may, or the kernel cannot tell (before Linux 6.5).
bool in_memory(int file, std::uint64_t offset, std::size_t size) noexcept;

}  // namespace cardea::detail
