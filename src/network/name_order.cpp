// See name_order.hpp. resolver(5), hosts(5), nsswitch.conf(5), gai.conf(5).
#include "network/name_order.hpp"

#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace cardea::detail {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_below(std::string_view host, std::string_view domain) noexcept {
    return host.size() > domain.size() && is_same(host.substr(host.size() - domain.size()), domain) &&
           host[host.size() - domain.size() - 1] == '.';
}

/// The words of a line, without its comment.
std::istringstream words_of(const std::string& line) { return std::istringstream(line.substr(0, line.find('#'))); }

/// A state of its own: what /etc/resolv.conf and the environment say now, as libresolv reads them.
class search_rules {
  public:
    search_rules() noexcept : usable_(::res_ninit(&state_) == 0) {}
    ~search_rules() {
        if (usable_) ::res_nclose(&state_);
    }
    search_rules(const search_rules&) = delete;
    search_rules& operator=(const search_rules&) = delete;

    /// So many dots, and a name is tried as it is before the search list is.
    [[nodiscard]] bool tries_as_it_is(std::string_view host) const noexcept {
        return usable_ && std::count(host.begin(), host.end(), '.') >= static_cast<std::ptrdiff_t>(state_.ndots);
    }
    [[nodiscard]] bool completes() const noexcept {
        return (state_.options & RES_DNSRCH) != 0 && state_.dnsrch[0] != nullptr;
    }

  private:
    struct __res_state state_ {};
    bool usable_;
};

bool is_own_name(std::string_view host) noexcept {
    std::array<char, 256> own{};
    return ::gethostname(own.data(), own.size() - 1) == 0 && is_same(own.data(), host);
}

/// A route leads there: no packet is sent (udp(7), connect).
bool is_reachable(const endpoint& where) noexcept {
    const int fd =
        ::socket(where.family() == family::inet6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    const bool reached =
        ::connect(fd, static_cast<const sockaddr*>(where.native()), static_cast<socklen_t>(where.native_size())) == 0;
    ::close(fd);
    return reached;
}

/// RFC 6724 section 6, rules 1 and 6, of addresses out in the world: a root server's, as a representative.
family preferred_family() noexcept {
    constexpr std::array<std::uint8_t, 16> inet6{0x20, 0x01, 0x05, 0x03, 0xba, 0x3e, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x30};
    constexpr std::uint16_t domain = 53;
    const bool inet_alone =
        !is_reachable(endpoint::inet6(inet6, domain)) && is_reachable(endpoint::inet({198, 41, 0, 4}, domain));
    return inet_alone ? family::inet : family::inet6;
}

template <class Question>
bool told_by(const char* path, Question question, bool otherwise) {
    std::ifstream file(path);
    return file.is_open() ? question(file) : otherwise;
}

}  // namespace

bool has_host(std::istream& hosts, std::string_view host) {
    for (std::string line; std::getline(hosts, line);) {
        std::istringstream words = words_of(line);
        std::string word;
        words >> word;  // the address
        while (words >> word) {
            if (is_same(word, host)) return true;
        }
    }
    return false;
}

bool has_usual_sources(std::istream& nsswitch) {
    // "resolve" reads hosts(5) too; "myhostname" knows this host's name, "mymachines" names without a dot, the minimal
    // ones of mDNS those below "local".
    constexpr std::array<std::string_view, 8> usual{"files",      "dns",          "resolve",       "myhostname",
                                                    "mymachines", "mdns_minimal", "mdns4_minimal", "mdns6_minimal"};
    for (std::string line; std::getline(nsswitch, line);) {
        std::istringstream words = words_of(line);
        std::string word;
        if (!(words >> word) || word != "hosts:") continue;
        bool in_brackets = false;  // what to do upon which answer: "[!UNAVAIL=return]"
        while (words >> word) {
            const bool action = in_brackets || word.front() == '[';
            in_brackets = action && word.back() != ']';
            if (!action && std::find(usual.begin(), usual.end(), word) == usual.end()) return false;
        }
        return true;
    }
    return true;
}

bool has_own_order(std::istream& gai) {
    for (std::string line; std::getline(gai, line);) {
        std::string word;
        if (words_of(line) >> word && (word == "precedence" || word == "label")) return true;
    }
    return false;
}

way_to_look_up way_of(const std::string& host) {
    way_to_look_up way;
    std::string_view name = host;
    const bool closed = name.ends_with('.');
    if (closed) name.remove_suffix(1);
    // RFC 6761 section 6.3 and RFC 6762 section 3: no server of names is asked for these.
    if (is_own_name(name) || is_same(name, "localhost") || is_below(name, "localhost") || is_below(name, "local"))
        return way;
    const search_rules rules;
    if (name.find('.') == std::string_view::npos || (!closed && !rules.tries_as_it_is(name))) return way;
    // An entry for one family hides the other family's addresses, which a look-up of that family alone would find.
    if (told_by(
            "/etc/hosts", [&](auto& hosts) { return has_host(hosts, name); }, false))
        return way;
    if (!told_by("/etc/nsswitch.conf", has_usual_sources, true)) return way;
    if (told_by("/etc/gai.conf", has_own_order, false)) return way;
    way.by_family = true;
    way.absolute = std::string(name) + '.';
    way.may_be_completed = !closed && rules.completes();
    way.preferred = preferred_family();
    return way;
}

}  // namespace cardea::detail
