// Reads durations.
#include "duration.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace cardea_tool {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    constexpr double longest_s = 30.0 * 365 * 24 * 3600;
    constexpr std::array<std::pair<std::string_view, double>, 7> units{
        {{"", 1.0}, {"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}}};
    double number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    for (const auto& [name, seconds] : units) {
        if (unit != name) continue;
        const double total = number * seconds;
        if (!(total >= 0 && total <= longest_s)) return std::nullopt;
        return std::chrono::nanoseconds(static_cast<std::int64_t>(total * 1e9));
    }
    return std::nullopt;
}

std::string check_duration(const std::string& text) {
    return parse_duration(text) ? "" : "'" + text + "' is no duration: write 5s, 200ms, 2m or 1h";
}

std::chrono::nanoseconds duration_of(const std::string& text) noexcept {
    return parse_duration(text).value_or(std::chrono::nanoseconds(0));
}

}  // namespace cardea_tool
