// Durations on the command line: "5s", "200ms", "1.5m", "2h"; a bare number is seconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cardea_tool {

/// nullopt: no duration, negative, or longer than 30 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

/// For option::checked(): empty if it is one, else what is wrong.
std::string check_duration(const std::string& text);

/// Of text that has been checked; empty text is zero.
std::chrono::nanoseconds duration_of(const std::string& text) noexcept;

}  // namespace cardea_tool
