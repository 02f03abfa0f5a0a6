// tcp_stream::connect(): from what a user wrote to the addresses to try, the race between them, and the error that
// tells all of it.
#include <algorithm>
#include <cardea/deadline.hpp>
#include <cardea/names.hpp>
#include <cardea/tcp.hpp>
#include <chrono>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "fiber/execution.hpp"
#include "names/answers.hpp"
#include "names/race.hpp"
#include "names/resolve.hpp"
#include "names/srv.hpp"
#include "socket/address_text.hpp"
#include "socket/dialing.hpp"
#include "socket/visible.hpp"

namespace cardea {

namespace {

/// More hosts of a service than this are not looked up.
constexpr std::size_t most_hosts = 16;

family only_family(const connect_options& how) noexcept;
family first_family(const connect_options& how) noexcept;

/// A look-up, as far as it has come.
struct looked_up {
    looked_up(const std::string& name, std::uint16_t port, const connect_options& how)
        : host(name), answers(name, port, only_family(how), first_family(how), how.resolution_delay) {}
    const std::string host;
    detail::answers answers;
    const std::int64_t begin_ns = this_network().now_ns();
};

struct dialed {
    socket connected;
    std::error_code error;
    std::vector<connect_attempt> attempts;
    std::size_t untried = 0;
    std::unique_ptr<looked_up> beside;
};

using detail::is_wanted;

/// The only family whose addresses can be used; unspecified: any.
family only_family(const connect_options& how) noexcept {
    if (how.families == families::inet6_only) return family::inet6;
    if (how.families == families::inet_only) return family::inet;
    return how.local.is_ip() && !how.local.is_any() ? how.local.family() : family::unspecified;
}

family first_family(const connect_options& how) noexcept {
    if (how.families == families::as_resolved) return only_family(how);
    return how.families == families::inet6_first || how.families == families::inet6_only ? family::inet6 : family::inet;
}

std::vector<endpoint> in_order(const std::vector<endpoint>& found, family first, const connect_options& how) {
    std::vector<endpoint> wanted;
    std::copy_if(found.begin(), found.end(), std::back_inserter(wanted),
                 [&](const endpoint& e) { return is_wanted(e, how); });
    return first == family::unspecified ? detail::interleaved(wanted) : detail::interleaved(wanted, first);
}

void add(dialed& d, const std::string& host, const std::vector<endpoint>& servers) {
    for (const endpoint& e : servers) d.attempts.push_back({host, e, {}, {}});
}

void add_failures(std::vector<connect_attempt>& to, const looked_up& of, std::error_code interrupted) {
    for (const detail::failed_look_up& f : of.answers.failures(interrupted, this_network().now_ns())) {
        to.push_back({of.host, {}, f.error, std::chrono::nanoseconds(f.end_ns - of.begin_ns), f.of});
    }
}

// A look-up that fails is an attempt of its own: of a service the other hosts are tried all the same. What has not been
// answered when the race may begin is in `d.beside`.
std::error_code add_host(dialed& d, const std::string& host, std::uint16_t port, const connect_options& how) {
    d.beside = std::make_unique<looked_up>(host, port, how);
    std::vector<endpoint> found;
    const std::error_code interrupted = d.beside->answers.wait(found);
    const bool any = !found.empty();
    found = in_order(found, d.beside->answers.first(), how);
    add(d, host, found);
    if (interrupted || !any) {
        add_failures(d.attempts, *d.beside, interrupted);
    } else if (found.empty()) {
        const std::chrono::nanoseconds took(this_network().now_ns() - d.beside->begin_ns);
        d.attempts.push_back({host, {}, std::make_error_code(std::errc::address_family_not_supported), took});
    }
    return interrupted;
}

std::error_code add_service(dialed& d, std::string_view service, const connect_options& how) {
    std::error_code ec;
    std::vector<service_record> records = resolve_srv(service, ec);
    if (ec) return ec;
    records.resize(std::min(records.size(), most_hosts));
    for (const service_record& r : records) {
        ec = add_host(d, r.target, r.port, how);
        if (ec) return ec;
    }
    d.beside.reset();  // what has not come by then is not waited for: there are other hosts
    return {};
}

std::error_code find_servers(dialed& d, address server, const connect_options& how) {
    std::error_code ec;
    const endpoint known = server.numeric(ec);
    if (!ec) {
        if (!known.is_ip()) return errc::bad_address;
        if (!is_wanted(known, how)) return std::make_error_code(std::errc::address_family_not_supported);
        add(d, {}, {known});
        return {};
    }
    if (detail::is_service_name(server.text(), "_tcp")) return add_service(d, server.text(), how);
    std::string host;
    std::uint16_t port = 0;
    if (!detail::is_host_and_port(server.text(), host, port)) return errc::bad_address;
    return add_host(d, host, port, how);
}

// What has failed already stays in the list, behind what is tried now.
void dial_all(dialed& d, const connect_options& how) {
    const auto is_look_up = [](const connect_attempt& a) { return !a.server.is_ip(); };
    std::vector<connect_attempt> before;
    std::copy_if(d.attempts.begin(), d.attempts.end(), std::back_inserter(before), is_look_up);
    d.attempts.erase(std::remove_if(d.attempts.begin(), d.attempts.end(), is_look_up), d.attempts.end());
    if (d.attempts.empty()) {
        d.attempts = std::move(before);
        d.error = d.attempts.empty() ? std::error_code(errc::name_not_found) : d.attempts.front().error;
        return;
    }
    std::size_t begun = 0;
    const detail::look_up_beside beside{d.beside ? &d.beside->answers : nullptr, d.beside ? d.beside->host : ""};
    d.error = detail::dial(d.attempts, beside, how, d.connected, begun);
    d.untried = d.attempts.size() - begun;
    d.attempts.resize(begun);
    d.attempts.insert(d.attempts.end(), before.begin(), before.end());
    if (d.error && d.beside) add_failures(d.attempts, *d.beside, d.error);
    d.beside.reset();
}

/// The limit of each call is that of the whole.
class one_call {
  public:
    one_call() noexcept {
        const detail::execution& me = detail::execution::current();
        const std::int64_t end_ns = me.call_end();
        if (end_ns != detail::never_ns) limit_.emplace(std::chrono::nanoseconds(end_ns - me.now_ns()));
    }

  private:
    std::optional<deadline> limit_;
};

template <class Work>
void as_one_call(dialed& d, Work work) noexcept {
    try {
        const one_call whole;
        work();
    } catch (const std::bad_alloc&) {
        d.error = std::make_error_code(std::errc::not_enough_memory);
    } catch (const std::system_error& e) {
        d.error = e.code();
    }
}

void connect_by_name(dialed& d, address server, const connect_options& how) noexcept {
    as_one_call(d, [&] {
        d.error = find_servers(d, server, how);
        const bool interrupted = d.error == errc::timed_out || d.error == errc::cancelled;
        if (interrupted) {
            const auto is_untried = [](const connect_attempt& a) { return !a.error; };
            const auto rest = std::remove_if(d.attempts.begin(), d.attempts.end(), is_untried);
            d.untried = static_cast<std::size_t>(d.attempts.end() - rest);
            d.attempts.erase(rest, d.attempts.end());
        } else if (!d.attempts.empty()) {
            dial_all(d, how);
        }
    });
}

void connect_to_any(dialed& d, const std::vector<endpoint>& servers, const connect_options& how) noexcept {
    as_one_call(d, [&] {
        for (const endpoint& e : servers) {
            if (!e.is_ip()) d.error = errc::bad_address;
            if (is_wanted(e, how)) d.attempts.push_back({{}, e, {}, {}});
        }
        if (d.error) return;
        if (d.attempts.empty()) {
            d.error = std::make_error_code(std::errc::address_not_available);
        } else {
            dial_all(d, how);
        }
    });
}

// --- what went wrong ------------------------------------------------------------------------------------------------

constexpr std::size_t longest_text = 8192;

std::string as_text(std::chrono::nanoseconds t) {
    using std::chrono::milliseconds;
    const auto ms = std::chrono::duration_cast<milliseconds>(t).count();
    if (ms < 1000) return std::to_string(ms) + " ms";
    const auto tenths = ms % 1000 / 100;
    return std::to_string(ms / 1000) + (tenths != 0 ? "." + std::to_string(tenths) : "") + " s";
}

std::string as_text(const connect_attempt& a) {
    std::string what = a.server.is_ip() ? a.server.to_string() : "look-up of " + a.host;
    if (a.asked_for != family::unspecified) what += a.asked_for == family::inet6 ? " (IPv6)" : " (IPv4)";
    return what + ": " + (a.error == std::errc::timed_out ? "timed out after " + as_text(a.took) : a.error.message());
}

std::string all_of_it(std::error_code code, std::string_view text, const std::vector<connect_attempt>& attempts,
                      std::size_t untried) {
    std::string out(text);
    // A number that was tried says nothing that the text does not.
    const bool tells = attempts.size() > 1 || (attempts.size() == 1 && !attempts.front().host.empty());
    if (!tells) return detail::visible(out + ": " + code.message(), longest_text);
    const char* joint = ": ";
    for (const connect_attempt& a : attempts) {
        out += joint + as_text(a);
        joint = "; ";
    }
    if (untried > 0) out += "; " + std::to_string(untried) + " more not tried";
    return detail::visible(out, longest_text);
}

tcp_stream connected_or_thrown(dialed& d, const std::string& server) {
    if (d.error == errc::cancelled) throw cancelled();
    if (d.error) throw connect_error(d.error, "connect to " + server, std::move(d.attempts), d.untried);
    return tcp_stream(std::move(d.connected));
}

}  // namespace

struct connect_error::details {
    std::string text;
    std::vector<connect_attempt> attempts;
};

connect_error::connect_error(std::error_code code, std::string_view text, std::vector<connect_attempt> attempts,
                             std::size_t untried)
    : error(code, "connect", text),
      details_(
          std::make_shared<const details>(details{all_of_it(code, text, attempts, untried), std::move(attempts)})) {}

const char* connect_error::what() const noexcept { return details_->text.c_str(); }

const std::vector<connect_attempt>& connect_error::attempts() const noexcept { return details_->attempts; }

tcp_stream tcp_stream::connect(address server, const connect_options& how) {
    dialed d;
    connect_by_name(d, server, how);
    if (d.error == errc::bad_address) detail::throw_bad_address("connect", server);
    return connected_or_thrown(d, server.to_string());
}

tcp_stream tcp_stream::connect(address server, const connect_options& how, std::error_code& ec) noexcept {
    dialed d;
    connect_by_name(d, server, how);
    ec = d.error;
    return tcp_stream(std::move(d.connected));
}

tcp_stream tcp_stream::connect(address server, std::error_code& ec) noexcept { return connect(server, {}, ec); }

tcp_stream tcp_stream::connect_any(const std::vector<endpoint>& servers, const connect_options& how) {
    for (const endpoint& e : servers) {
        if (!e.is_ip()) detail::throw_bad_address("connect", e);
    }
    dialed d;
    connect_to_any(d, servers, how);
    if (servers.empty()) return connected_or_thrown(d, "nothing (no address was given)");
    return connected_or_thrown(d, servers.size() == 1 ? servers.front().to_string() : "any");
}

tcp_stream tcp_stream::connect_any(const std::vector<endpoint>& servers, const connect_options& how,
                                   std::error_code& ec) noexcept {
    dialed d;
    connect_to_any(d, servers, how);
    ec = d.error;
    return tcp_stream(std::move(d.connected));
}

tcp_stream tcp_stream::connect_any(const std::vector<endpoint>& servers, std::error_code& ec) noexcept {
    return connect_any(servers, {}, ec);
}

}  // namespace cardea
