// See srv.hpp and <cardea/names.hpp>.
#include "names/srv.hpp"

#include <algorithm>
#include <cardea/error.hpp>
#include <cardea/network.hpp>
#include <iterator>
#include <new>
#include <string>

#include "fiber/execution.hpp"

namespace cardea {

namespace detail {

bool is_service_name(std::string_view text, std::string_view protocol) noexcept {
    const std::size_t dot = text.find('.');
    if (text.size() < 2 || text.front() != '_' || dot == std::string_view::npos) return false;
    const std::string_view rest = text.substr(dot + 1);
    const bool more = rest.size() > protocol.size() + 1 && rest[protocol.size()] == '.';
    // No byte but those of names of hosts and '_' (RFC 952, RFC 2782).
    constexpr std::string_view others = "-_.";
    const auto usual = [&](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
    };
    return more && rest.starts_with(protocol) && std::all_of(text.begin(), text.end(), usual);
}

void put_in_order(std::vector<service_record>& records, const std::function<std::uint64_t(std::uint64_t)>& draw) {
    // Those of weight 0 before the others of their priority, as the algorithm wants them.
    std::sort(records.begin(), records.end(), [](const service_record& a, const service_record& b) {
        return a.priority != b.priority ? a.priority < b.priority : a.weight == 0 && b.weight != 0;
    });
    for (auto from = records.begin(); from != records.end(); ++from) {
        const auto end =
            std::find_if(from, records.end(), [&](const service_record& r) { return r.priority != from->priority; });
        std::uint64_t sum = 0;
        std::for_each(from, end, [&](const service_record& r) { sum += r.weight; });
        const std::uint64_t drawn = draw(sum);
        std::uint64_t running = 0;
        const auto chosen =
            std::find_if(from, end, [&](const service_record& r) { return (running += r.weight) >= drawn; });
        std::rotate(from, chosen, std::next(chosen));
    }
}

}  // namespace detail

std::vector<service_record> resolve_srv(std::string_view service, std::error_code& ec) noexcept {
    std::vector<service_record> found;
    try {
        ec = detail::execution::current().interruption();
        if (!ec && service.empty()) ec = errc::bad_address;
        if (!ec) ec = this_network().resolve_srv(std::string(service), found);
        if (!ec && found.size() == 1 && (found.front().target.empty() || found.front().target == ".")) {
            ec = errc::not_offered;
        }
        if (ec) return {};
        detail::put_in_order(found, [](std::uint64_t most) { return this_network().random() % (most + 1); });
        return found;
    } catch (const std::bad_alloc&) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return {};
    }
}

std::vector<service_record> resolve_srv(std::string_view service) {
    std::error_code ec;
    std::vector<service_record> found = resolve_srv(service, ec);
    if (ec == errc::cancelled) throw cancelled();
    if (ec)
        throw error(ec, "resolve_srv", service.empty() ? "resolve_srv \"\"" : "resolve_srv " + std::string(service));
    return found;
}

}  // namespace cardea
