// How the calls of readers and writers fail: by the stream's own error, or naming the bound that was passed.
#pragma once

#include <cardea/error.hpp>
#include <cardea/stream_ref.hpp>
#include <cstddef>
#include <string>
#include <system_error>

namespace cardea::detail {

[[noreturn]] inline void throw_failed(const stream_ref& of, std::error_code ec, const char* operation,
                                      std::size_t bytes_done, std::size_t bound) {
    if (ec != errc::too_long) of.fail(ec, operation, bytes_done);
    throw error(ec, operation, of.local(), of.peer(), bytes_done, "the bound is " + std::to_string(bound) + " bytes");
}

}  // namespace cardea::detail
