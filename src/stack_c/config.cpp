// A configuration by names and texts: one table says what there is, of what kind, and where it goes.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "stack_c/handle.hpp"

namespace cardea::stack_c {

namespace {

using config = cardea_stack_config;
using std::string_view;
namespace tcp = stack::tcp;

struct range {
    std::uint64_t low = 0;
    std::uint64_t high = std::numeric_limits<std::uint32_t>::max();
};

bool set_number(string_view text, range const& r, std::uint64_t& into) {
    std::uint64_t v = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (problem != std::errc{} || end != text.data() + text.size() || v < r.low || v > r.high) return false;
    into = v;
    return true;
}

/// Times and durations are added and doubled: none may come near the end of the scale.
constexpr time_ns longest = 366 * 24 * 3'600'000'000'000;
/// A timer that sets itself again must let time pass.
constexpr time_ns shortest_period = 1'000'000;

std::optional<time_ns> read_duration(string_view text) {
    std::int64_t n = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (problem != std::errc{} || n < 0) return std::nullopt;
    string_view const unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    constexpr std::pair<string_view, std::int64_t> units[] = {
        {"ns", 1},
        {"us", 1'000},
        {"ms", 1'000'000},
        {"s", 1'000'000'000},
        {"m", 60'000'000'000},
        {"h", 3'600'000'000'000},
    };
    if (n == 0 && unit.empty()) return 0;
    for (auto const& [name, size] : units)
        if (name == unit && n <= longest / size) return n * size;
    return std::nullopt;
}

using setter = bool (*)(config&, string_view);
struct entry {
    char const* name;
    char const* kind;
    setter set;
};

template <auto Get, std::uint64_t Low = 0, std::uint64_t High = std::numeric_limits<std::uint32_t>::max()>
constexpr entry number(char const* name) {
    return {name, "number", [](config& c, string_view text) {
                std::uint64_t v = 0;
                if (!set_number(text, {Low, High}, v)) return false;
                auto& field = Get(c);
                field = static_cast<std::remove_reference_t<decltype(field)>>(v);
                return true;
            }};
}

template <auto Get>
constexpr entry flag(char const* name) {
    return {name, "bool", [](config& c, string_view text) {
                bool const on = text == "on" || text == "true" || text == "1";
                if (!on && text != "off" && text != "false" && text != "0") return false;
                Get(c) = on;
                return true;
            }};
}

template <auto Get, time_ns Low = 0>
constexpr entry duration(char const* name) {
    return {name, "duration", [](config& c, string_view text) {
                auto const t = read_duration(text);
                if (!t || *t < Low) return false;
                Get(c) = *t;
                return true;
            }};
}

bool set_address(config& c, string_view text) {
    auto const p = stack::ip_prefix::parse(text);
    if (p) c.host.addresses.push_back(*p);
    return p.has_value();
}

bool set_congestion(config& c, string_view text) {
    if (text != "newreno" && text != "cubic") return false;
    c.host.tcp.congestion = text == "cubic" ? tcp::congestion_algorithm::cubic : tcp::congestion_algorithm::newreno;
    return true;
}

bool set_ecn(config& c, string_view text) {
    if (text != "off" && text != "passive" && text != "active") return false;
    c.host.tcp.ecn = text == "off"       ? tcp::ecn_mode::off
                     : text == "passive" ? tcp::ecn_mode::passive
                                         : tcp::ecn_mode::active;
    return true;
}

bool set_nagle(config& c, string_view text) {
    if (text != "off" && text != "classic" && text != "minshall") return false;
    c.host.tcp.nagle = text == "off"       ? tcp::nagle_mode::off
                       : text == "classic" ? tcp::nagle_mode::classic
                                           : tcp::nagle_mode::minshall;
    return true;
}

constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t octet = 255;
constexpr std::uint64_t port = 65'535;
constexpr std::uint64_t largest_buffer = 1 << 30;
constexpr std::uint64_t smallest_mtu = 68;  // RFC 791
constexpr std::uint64_t largest_mtu = 65'535;

constexpr entry entries[] = {{"address", "address", set_address}, duration < [](config& c) -> auto& {return c.start;
}  // namespace
> ("start"), number < [](config& c) -> auto& { return c.host.seed; }
, 0, any > ("seed"), number < [](config& c) -> auto& { return c.output_packets; }
, 1 > ("output_packets"),
    // The host
    number < [](config& c) -> auto& {
    return c.host.mtu;
}
, smallest_mtu, largest_mtu > ("mtu"), flag < [](config& c) -> auto& { return c.host.default_route_v4; }
> ("default_route_v4"), flag < [](config& c) -> auto& { return c.host.default_route_v6; }
> ("default_route_v6"), flag < [](config& c) -> auto& { return c.host.offload.checksum; }
> ("offload_checksum"), flag < [](config& c) -> auto& { return c.host.offload.tso; }
> ("offload_tso"), flag < [](config& c) -> auto& { return c.host.offload.uso; }
> ("offload_uso"), number < [](config& c) -> auto& { return c.host.hop_limit; }
, 1, octet > ("hop_limit"), number < [](config& c) -> auto& { return c.host.first_ephemeral_port; }
, 1, port > ("first_ephemeral_port"), number < [](config& c) -> auto& { return c.host.last_ephemeral_port; }
, 1, port > ("last_ephemeral_port"), flag < [](config& c) -> auto& { return c.host.answer_echo; }
> ("answer_echo"), duration < [](config& c) -> auto& { return c.host.reassembly_timeout; }
> ("reassembly_timeout"), duration < [](config& c) -> auto& { return c.host.path_mtu_lifetime; }
> ("path_mtu_lifetime"), number < [](config& c) -> auto& { return c.host.min_path_mtu_v4; }
, smallest_mtu, largest_mtu > ("min_path_mtu_v4"), number < [](config& c) -> auto& {
    return c.host.icmp_errors_per_second;
}
> ("icmp_errors_per_second"), number < [](config& c) -> auto& { return c.host.icmp_error_burst; }
> ("icmp_error_burst"), number < [](config& c) -> auto& { return c.host.max_sockets; }
> ("max_sockets"), number < [](config& c) -> auto& { return c.host.max_connections; }
> ("max_connections"), number < [](config& c) -> auto& { return c.host.udp_receive_buffer; }
, 1, largest_buffer > ("udp_receive_buffer"), number < [](config& c) -> auto& { return c.host.tcp_memory; }
, 0, any > ("tcp_memory"), number < [](config& c) -> auto& { return c.host.udp_memory; }
, 0, any > ("udp_memory"), number < [](config& c) -> auto& { return c.host.reassembly_bytes; }
, 0, any > ("reassembly_bytes"),
    // TCP: what is offered
    flag < [](config& c) -> auto& {
    return c.host.tcp.window_scaling;
}
> ("window_scaling"), flag < [](config& c) -> auto& { return c.host.tcp.timestamps; }
> ("timestamps"), flag < [](config& c) -> auto& { return c.host.tcp.sack; }
> ("sack"), {"ecn", "off|passive|active", set_ecn}, number < [](config& c) -> auto& {
    return c.host.tcp.receive_buffer;
}
, 1, largest_buffer > ("receive_buffer"), number < [](config& c) -> auto& { return c.host.tcp.send_buffer; }
, 1, largest_buffer > ("send_buffer"), number < [](config& c) -> auto& { return c.host.syn_backlog; }
> ("syn_backlog"), flag < [](config& c) -> auto& { return c.host.syn_cookies; }
> ("syn_cookies"),
    // TCP: sending
    {"congestion", "newreno|cubic", set_congestion}, flag < [](config& c) -> auto& {
    return c.host.tcp.rack;
}
> ("rack"), flag < [](config& c) -> auto& { return c.host.tcp.hystart; }
> ("hystart"), flag < [](config& c) -> auto& { return c.host.tcp.limited_transmit; }
> ("limited_transmit"), number < [](config& c) -> auto& { return c.host.tcp.initial_window_segments; }
, 1 > ("initial_window_segments"), flag < [](config& c) -> auto& { return c.host.tcp.restart_after_idle; }
> ("restart_after_idle"), {"nagle", "off|classic|minshall", set_nagle},
    // TCP: timers
    duration < [](config& c) -> auto& {
    return c.host.tcp.rto_initial;
}
, shortest_period > ("rto_initial"), duration < [](config& c) -> auto& { return c.host.tcp.rto_min; }
, shortest_period > ("rto_min"), duration < [](config& c) -> auto& { return c.host.tcp.rto_max; }
, shortest_period > ("rto_max"), duration < [](config& c) -> auto& { return c.host.tcp.delayed_ack; }
> ("delayed_ack"), duration < [](config& c) -> auto& { return c.host.tcp.time_wait; }
> ("time_wait"), duration < [](config& c) -> auto& { return c.host.tcp.fin_wait_2; }
> ("fin_wait_2"), number < [](config& c) -> auto& { return c.host.tcp.retries_1; }
> ("retries_1"), number < [](config& c) -> auto& { return c.host.tcp.retries_2; }
> ("retries_2"), number < [](config& c) -> auto& { return c.host.tcp.syn_retries; }
> ("syn_retries"), number < [](config& c) -> auto& { return c.host.tcp.orphan_retries; }
> ("orphan_retries"), duration < [](config& c) -> auto& { return c.host.tcp.user_timeout; }
> ("user_timeout"), flag < [](config& c) -> auto& { return c.host.tcp.keepalive; }
> ("keepalive"), duration < [](config& c) -> auto& { return c.host.tcp.keepalive_idle; }
, shortest_period > ("keepalive_idle"), duration < [](config& c) -> auto& { return c.host.tcp.keepalive_interval; }
, shortest_period > ("keepalive_interval"), number < [](config& c) -> auto& { return c.host.tcp.keepalive_count; }
, 1 > ("keepalive_count"),
    // TCP: attacks
    number < [](config& c) -> auto& {
    return c.host.tcp.challenge_acks_per_second;
}
> ("challenge_acks_per_second"), flag < [](config& c) -> auto& { return c.host.tcp.icmp_ends_opening; }
> ("icmp_ends_opening"), flag < [](config& c) -> auto& { return c.host.tcp.abort_on_hard_icmp; }
> ("abort_on_hard_icmp"),
};  // namespace cardea::stack_c

}  // namespace

}  // namespace cardea::stack_c

using namespace cardea::stack_c;

cardea_stack_config* cardea_stack_config_new(void) {
    return guarded<cardea_stack_config*>(nullptr, [] { return new cardea_stack_config; });
}

void cardea_stack_config_free(cardea_stack_config* config) { delete config; }

int cardea_stack_config_set(cardea_stack_config* config, const char* name, const char* value) {
    return guarded(-1, [=] {
        if (config == nullptr || name == nullptr || value == nullptr) return fail(EINVAL);
        for (auto const& e : entries)
            if (std::string_view{name} == e.name) return e.set(*config, value) ? 0 : fail(EINVAL);
        return fail(ENOENT);
    });
}

const char* cardea_stack_config_name(size_t index, const char** kind) {
    bool const known = index < std::size(entries);
    if (kind != nullptr) *kind = known ? entries[index].kind : nullptr;
    return known ? entries[index].name : nullptr;
}
