// Well-known services and their ports: Cardea's own table, so that a container without /etc/services knows "http" too,
// then the system's getservbyname(3).
#include <algorithm>
#include <array>
#include <cardea/endpoint.hpp>
#include <string_view>

#ifdef _WIN32
#include <winsock2.h>
#else
#include <arpa/inet.h>
#include <netdb.h>
#endif

namespace cardea {

namespace {

struct known_service {
    std::string_view name;
    std::uint16_t port;
};

/// From IANA's Service Name and Transport Protocol Port Number Registry (RFC 6335), with the aliases "mail", "www" and
/// "nicname". Sorted by name. "shell" and "syslog" are TCP's and UDP's name of one number.
constexpr std::array services{
    // clang-format off
    known_service{"afpovertcp", 548},
    known_service{"amqp", 5672},
    known_service{"amqps", 5671},
    known_service{"auth", 113},
    known_service{"bgp", 179},
    known_service{"bootpc", 68},
    known_service{"bootps", 67},
    known_service{"chargen", 19},
    known_service{"coap", 5683},
    known_service{"coaps", 5684},
    known_service{"cvspserver", 2401},
    known_service{"daytime", 13},
    known_service{"dhcpv6-client", 546},
    known_service{"dhcpv6-server", 547},
    known_service{"dict", 2628},
    known_service{"discard", 9},
    known_service{"domain", 53},
    known_service{"domain-s", 853},
    known_service{"echo", 7},
    known_service{"epmap", 135},
    known_service{"exec", 512},
    known_service{"finger", 79},
    known_service{"ftp", 21},
    known_service{"ftp-data", 20},
    known_service{"ftps", 990},
    known_service{"ftps-data", 989},
    known_service{"git", 9418},
    known_service{"gopher", 70},
    known_service{"gpsd", 2947},
    known_service{"hkp", 11371},
    known_service{"http", 80},
    known_service{"http-alt", 8080},
    known_service{"https", 443},
    known_service{"imap", 143},
    known_service{"imaps", 993},
    known_service{"ipp", 631},
    known_service{"ipsec-nat-t", 4500},
    known_service{"irc", 194},
    known_service{"ircs-u", 6697},
    known_service{"isakmp", 500},
    known_service{"iscsi-target", 3260},
    known_service{"kerberos", 88},
    known_service{"kpasswd", 464},
    known_service{"l2tp", 1701},
    known_service{"ldap", 389},
    known_service{"ldaps", 636},
    known_service{"login", 513},
    known_service{"mail", 25},
    known_service{"mdns", 5353},
    known_service{"memcache", 11211},
    known_service{"microsoft-ds", 445},
    known_service{"mongodb", 27017},
    known_service{"mqtt", 1883},
    known_service{"ms-sql-s", 1433},
    known_service{"ms-wbt-server", 3389},
    known_service{"mysql", 3306},
    known_service{"netbios-dgm", 138},
    known_service{"netbios-ns", 137},
    known_service{"netbios-ssn", 139},
    known_service{"netconf-ssh", 830},
    known_service{"nfs", 2049},
    known_service{"nicname", 43},
    known_service{"nntp", 119},
    known_service{"nntps", 563},
    known_service{"ntp", 123},
    known_service{"ntske", 4460},
    known_service{"openvpn", 1194},
    known_service{"pop3", 110},
    known_service{"pop3s", 995},
    known_service{"postgresql", 5432},
    known_service{"pptp", 1723},
    known_service{"printer", 515},
    known_service{"ptp-event", 319},
    known_service{"ptp-general", 320},
    known_service{"qotd", 17},
    known_service{"radius", 1812},
    known_service{"radius-acct", 1813},
    known_service{"redis", 6379},
    known_service{"rsync", 873},
    known_service{"rtsp", 554},
    known_service{"secure-mqtt", 8883},
    known_service{"shell", 514},
    known_service{"sieve", 4190},
    known_service{"sip", 5060},
    known_service{"sips", 5061},
    known_service{"smtp", 25},
    known_service{"snmp", 161},
    known_service{"snmptrap", 162},
    known_service{"socks", 1080},
    known_service{"ssh", 22},
    known_service{"stun", 3478},
    known_service{"stuns", 5349},
    known_service{"submission", 587},
    known_service{"submissions", 465},
    known_service{"sunrpc", 111},
    known_service{"svn", 3690},
    known_service{"svrloc", 427},
    known_service{"syslog", 514},
    known_service{"syslog-tls", 6514},
    known_service{"systat", 11},
    known_service{"tacacs", 49},
    known_service{"telnet", 23},
    known_service{"telnets", 992},
    known_service{"tftp", 69},
    known_service{"time", 37},
    known_service{"turn", 3478},
    known_service{"turns", 5349},
    known_service{"whois", 43},
    known_service{"www", 80},
    known_service{"x11", 6000},
    known_service{"xmpp-client", 5222},
    known_service{"xmpp-server", 5269},
    // clang-format on
};
constexpr auto by_name = [](const known_service& a, const known_service& b) { return a.name < b.name; };
static_assert(std::is_sorted(services.begin(), services.end(), by_name), "looked up by halving");

/// RFC 6335 5.1 allows 15; the aliases of /etc/services are longer now and then.
constexpr std::size_t longest_name = 63;
using c_name = std::array<char, longest_name + 1>;

/// Both lower case with a NUL and a plain copy, as the system's table minds the case.
bool copy_names(std::string_view from, c_name& plain, c_name& lower) noexcept {
    if (from.empty() || from.size() > longest_name || from.find('\0') != std::string_view::npos) return false;
    for (std::size_t i = 0; i < from.size(); ++i) {
        const char c = from[i];
        plain[i] = c;
        lower[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return true;
}

std::uint16_t system_port(const char* name) noexcept {
    servent* found = nullptr;
#if defined(__linux__)
    servent entry{};
    std::array<char, 2048> strings;
    if (::getservbyname_r(name, nullptr, &entry, strings.data(), strings.size(), &found) != 0) return 0;
#else
    found = ::getservbyname(name, nullptr);  // its result is the calling thread's own on Windows and the BSDs
#endif
    return found != nullptr ? ntohs(static_cast<std::uint16_t>(found->s_port)) : std::uint16_t{0};
}

}  // namespace

std::uint16_t well_known_port(std::string_view service) noexcept {
    c_name plain{};
    c_name lower{};
    if (!copy_names(service, plain, lower)) return 0;
    const known_service wanted{lower.data(), 0};
    const auto* const known = std::lower_bound(services.begin(), services.end(), wanted, by_name);
    if (known != services.end() && known->name == wanted.name) return known->port;
    if (const auto port = system_port(plain.data()); port != 0) return port;
    return system_port(lower.data());
}

}  // namespace cardea
