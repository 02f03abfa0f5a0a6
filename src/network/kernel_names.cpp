// Names by the system's own resolver (getaddrinfo(3), getnameinfo(3), resolver(3)), so that Cardea sees what every
// other program on the host sees. Each look-up blocks a helper thread; one that is abandoned goes on there, unattended.
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <sys/socket.h>

#include <array>
#include <cardea/names.hpp>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "fiber/offload.hpp"
#include "network/kernel_look_up.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

std::error_code look_up_error(int failure, int system_error) noexcept {
    switch (failure) {
        case 0:
            return {};
        case EAI_NONAME:
        case EAI_NODATA:
        case EAI_SERVICE:
            return errc::name_not_found;
        case EAI_MEMORY:
            return std::make_error_code(std::errc::not_enough_memory);
        case EAI_SYSTEM:
            return system_error_code(system_error);
        default:
            return errc::name_unavailable;
    }
}

/// What a look-up is asked and what it finds: shared with the helper thread, which may outlast the asker.
template <class Question, class Answer>
struct look_up {
    Question question;
    Answer answer{};
    std::error_code error{};
};

/// Has `ask` done by a helper thread, on a copy of everything.
template <class Answer, class Question>
std::error_code find(Question question, Answer& out, void (*ask)(const Question&, Answer&, std::error_code&)) noexcept
    try {
    auto l = std::make_shared<look_up<Question, Answer>>();
    l->question = std::move(question);
    const std::error_code interrupted = offload([l, ask] {
        try {
            ask(l->question, l->answer, l->error);
        } catch (const std::bad_alloc&) {
            l->error = std::make_error_code(std::errc::not_enough_memory);
        }
    });
    if (interrupted) return interrupted;
    if (!l->error) out = std::move(l->answer);
    return l->error;
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

void ask_for_all_addresses(const host_and_port& of, std::vector<endpoint>& out, std::error_code& ec) {
    ask_for_addresses(of, family::unspecified, out, ec);
}

// --- a name by its address ------------------------------------------------------------------------------------------

void ask_for_name(const endpoint& of, std::string& out, std::error_code& ec) {
    std::array<char, NI_MAXHOST> name{};
    const int failure =
        ::getnameinfo(static_cast<const sockaddr*>(of.native()), static_cast<socklen_t>(of.native_size()), name.data(),
                      static_cast<socklen_t>(name.size()), nullptr, 0, NI_NAMEREQD);
    ec = look_up_error(failure, errno);
    if (!ec) out = name.data();
}

// --- services -------------------------------------------------------------------------------------------------------

/// A state of its own for each look-up: what /etc/resolv.conf says at that time.
class resolver_state {
  public:
    resolver_state() noexcept : usable_(::res_ninit(&state_) == 0) {}
    ~resolver_state() {
        if (usable_) ::res_nclose(&state_);
    }
    resolver_state(const resolver_state&) = delete;
    resolver_state& operator=(const resolver_state&) = delete;

    /// The answer's size; negative: see error().
    int search(const char* name, std::vector<unsigned char>& answer) noexcept {
        if (!usable_) return -1;
        return ::res_nsearch(&state_, name, ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
    }
    [[nodiscard]] std::error_code error() const noexcept {
        const bool answered = usable_ && (state_.res_h_errno == HOST_NOT_FOUND || state_.res_h_errno == NO_DATA);
        return answered ? errc::name_not_found : errc::name_unavailable;
    }

  private:
    struct __res_state state_ {};
    bool usable_;
};

/// RFC 2782: priority, weight, port, target. False: no such record, or none that makes sense.
bool read_record(ns_msg& message, int index, service_record& out) {
    constexpr int target_offset = 6;
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, index, &record) != 0) return false;
    if (ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) <= target_offset) return false;
    const unsigned char* data = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> target{};
    if (::dn_expand(ns_msg_base(message), ns_msg_end(message), data + target_offset, target.data(),
                    static_cast<int>(target.size())) < 0) {
        return false;
    }
    out.priority = static_cast<std::uint16_t>(ns_get16(data));
    out.weight = static_cast<std::uint16_t>(ns_get16(data + 2));
    out.port = static_cast<std::uint16_t>(ns_get16(data + 4));
    out.target = target.data();
    return true;
}

void ask_for_services(const std::string& of, std::vector<service_record>& out, std::error_code& ec) {
    resolver_state resolver;
    std::vector<unsigned char> answer(NS_MAXMSG);  // truncated over UDP it comes over TCP
    const int size = resolver.search(of.c_str(), answer);
    if (size < 0) {
        ec = resolver.error();
        return;
    }
    ns_msg message;
    if (::ns_initparse(answer.data(), size, &message) != 0) {
        ec = errc::name_unavailable;
        return;
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
        service_record record;
        if (read_record(message, i, record)) out.push_back(std::move(record));
    }
    if (out.empty()) ec = errc::name_not_found;
}

}  // namespace

void ask_for_addresses(const host_and_port& of, family which, std::vector<endpoint>& out, std::error_code& ec) {
    addrinfo hints{};
    hints.ai_family = which == family::inet6 ? AF_INET6 : which == family::inet ? AF_INET : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;  // one entry per address
    addrinfo* list = nullptr;
    const int failure = ::getaddrinfo(of.host.c_str(), of.service.c_str(), &hints, &list);
    ec = look_up_error(failure, errno);
    if (ec) return;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
        out.push_back(endpoint::from_native(a->ai_addr, a->ai_addrlen));
    }
    if (out.empty()) ec = errc::name_not_found;
}

std::error_code kernel_resolve(const std::string& host, const std::string& service,
                               std::vector<endpoint>& out) noexcept {
    // The table of services is Cardea's own: no /etc/services is needed.
    const std::uint16_t port = well_known_port(service);
    try {
        return find(host_and_port{host, port != 0 ? std::to_string(port) : service}, out, &ask_for_all_addresses);
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code kernel_resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept {
    try {
        return find(std::string(name), out, &ask_for_services);
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code kernel_reverse(const endpoint& of, std::string& name) noexcept {
    return find(of.unmapped(), name, &ask_for_name);
}

}  // namespace cardea::detail
