// What is said, over a Unix stream: the predecessor sends records, each a kind (1 byte), the length of a text (2 bytes,
// big-endian) and the text, and with those of sockets a descriptor (SCM_RIGHTS). First 'v' with the version, last 'e'
// without a text. When it serves, the successor sends 'r'; until then, and if it goes away without, nothing has
// changed.
#include "serve/hot_restart.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cardea/deadline.hpp>
#include <cardea/error.hpp>
#include <cardea/passing.hpp>
#include <cerrno>
#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>

#include "runtime/networks.hpp"

namespace cardea::detail {

namespace {

constexpr std::string_view version = "1";
constexpr char kind_version = 'v', kind_end = 'e', kind_door = 'd', kind_tcp = 't', kind_udp = 'u', kind_unix = 'l';
constexpr std::size_t header_size = 3;

constexpr std::string_view kinds = "vedtul";

// Who may succeed whom: the same user, and root.
void check_user(socket_ref peer, const char* operation, const std::string& name) {
    const std::uint32_t theirs = peer_credentials(peer).user;
    const std::uint32_t ours = ::geteuid();
    if (theirs == ours || theirs == 0) return;
    throw error(std::make_error_code(std::errc::permission_denied), operation,
                std::string(operation) + " " + name + " (user " + std::to_string(theirs) + " is there, not " +
                    std::to_string(ours) + ")");
}

std::string record_of(char kind, std::string_view text) {
    std::string record{kind, static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
    record += text;
    return record;
}

bool has_descriptor(char kind) noexcept { return kind != kind_version && kind != kind_end; }

/// What the predecessor sends, record by record.
class estate_reader {
  public:
    struct record {
        char kind;
        std::string text;
        descriptor socket;
    };

    explicit estate_reader(unix_stream& from) : from_(from) {}

    record next() {
        while (!is_whole()) {
            if (!came_.empty() && kinds.find(came_[0]) == kinds.npos) throw error(errc::malformed, "take over");
            receive_more();
        }
        record r{came_[0], came_.substr(header_size, length()), {}};
        came_.erase(0, header_size + r.text.size());
        if (!has_descriptor(r.kind)) return r;
        if (descriptors_.empty()) throw error(errc::malformed, "take over", "take over: a socket is missing");
        r.socket = std::move(descriptors_.front());
        descriptors_.pop_front();
        return r;
    }

  private:
    [[nodiscard]] std::size_t length() const noexcept {
        return static_cast<std::size_t>(static_cast<unsigned char>(came_[1])) << 8 |
               static_cast<unsigned char>(came_[2]);
    }
    [[nodiscard]] bool is_whole() const noexcept {
        return came_.size() >= header_size && came_.size() >= header_size + length();
    }
    void receive_more() {
        std::array<char, 4096> room;
        incoming_message m{.room = room, .max_descriptors = 253};
        const std::size_t n = recv_with(from_, m);
        if (n == 0) throw error(errc::end_of_stream, "take over");
        if (m.descriptors_lost) throw error(std::make_error_code(std::errc::too_many_files_open), "take over");
        came_.append(room.data(), n);
        std::move(m.descriptors.begin(), m.descriptors.end(), std::back_inserter(descriptors_));
    }

    unix_stream& from_;
    std::string came_;
    std::deque<descriptor> descriptors_;
};

bool serves(served what, char kind) noexcept {
    if (kind == kind_udp) return what != served::streams;
    return (kind == kind_tcp || kind == kind_unix) && what != served::datagrams;
}

/// Which of the addresses was asked for in other words, perhaps ("*:http" is "*:80").
std::optional<std::size_t> index_of(const endpoint& asked, const std::vector<std::string>& addresses) {
    const auto at = std::find_if(addresses.begin(), addresses.end(), [&](const std::string& text) {
        std::error_code ignored;  // listening will say what is wrong with it
        return endpoint::parse(text, ignored) == asked;
    });
    if (at == addresses.end()) return std::nullopt;
    return static_cast<std::size_t>(at - addresses.begin());
}

char record_kind_of(const listener& l) noexcept {
    if (std::holds_alternative<udp_socket>(l.door)) return kind_udp;
    return l.is_local() ? kind_unix : kind_tcp;
}

descriptor duplicate(int of) {
    descriptor d(::fcntl(of, F_DUPFD_CLOEXEC, 0));
    if (!d) throw error(std::error_code(errno, std::system_category()), "hand over");
    return d;
}

// Neither may block in accept(2) for a connection that the other has taken: they may be on different networks.
void let_two_accept(int listener) {
    const int flags = ::fcntl(listener, F_GETFL);
    if (flags < 0 || ::fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0) {
        throw error(std::error_code(errno, std::system_category()), "hand over");
    }
}

}  // namespace

hot_restart::hot_restart(service& of, const std::vector<std::string>& addresses, std::function<void()> wake)
    : of_(of), name_(of.options.hot_restart), wake_(std::move(wake)) {
    if (name_.empty()) return;
    if (is_one_host(of.options.network)) {
        throw std::invalid_argument("serve: a hot restart needs one of the kernel's networks, not " +
                                    of.options.network);
    }
    const deadline limit{patience};
    std::error_code ec;
    predecessor_ = unix_stream::connect(name_, ec);
    if (ec == std::errc::connection_refused || ec == std::errc::no_such_file_or_directory) return;
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "take over", "take over from " + name_);
    check_user(predecessor_, "take over from", name_);
    try {
        receive_estate(addresses);
    } catch (const error& e) {
        throw error(e.code(), "take over", "take over from " + name_);
    }
}

void hot_restart::receive_estate(const std::vector<std::string>& addresses) {
    estate_reader reader(predecessor_);
    const served what = kind_of(of_.how);
    auto first = reader.next();
    if (first.kind != kind_version || first.text != version) throw error(errc::malformed, "take over");
    for (auto r = reader.next(); r.kind != kind_end; r = reader.next()) {
        if (r.kind == kind_door) inherited_door_ = std::move(r.socket);
        if (!serves(what, r.kind)) continue;
        std::error_code unknown;
        const endpoint asked = endpoint::parse(r.text, unknown);
        if (const auto i = index_of(asked, addresses); i && !unknown) {
            estate_.push_back({*i, r.kind == kind_udp ? type::datagram : type::stream, std::move(r.socket)});
        }
    }
}

// Dealt out in turn, address by address; the first is the first loop's, and a Unix name has one only.
std::vector<heirloom> hot_restart::share(unsigned number, unsigned loops) {
    std::vector<heirloom> mine;
    std::array<std::vector<unsigned>, 2> dealt;
    for (heirloom& h : estate_) {
        auto& counts = dealt[h.kind == type::datagram ? 1 : 0];
        if (counts.size() <= h.address) counts.resize(h.address + 1);
        if (counts[h.address]++ % loops == number) mine.push_back({h.address, h.kind, std::move(h.socket)});
    }
    return mine;
}

void hot_restart::add(const std::vector<std::string>& addresses, doors& mine) {
    if (name_.empty()) return;
    const std::lock_guard held(guard_);
    for (listener& l : mine.open) {
        bequests_.push_back({record_kind_of(l), addresses[l.address], l.handle().native_handle()});
    }
}

void hot_restart::listen() {
    if (name_.empty()) return;
    if (!inherited_door_) {
        door_ = unix_listener(name_);
        return;
    }
    door_ = unix_listener(socket::adopt(inherited_door_.get()));
    static_cast<void>(inherited_door_.release());
}

void hot_restart::tell_predecessor() noexcept {
    std::error_code ignored;  // it may have gone since: it is not needed any more
    if (predecessor_.is_open()) predecessor_.send_all("r", ignored);
    predecessor_.close();
}

void hot_restart::attend() noexcept {
    while (door_.is_open()) {
        std::exception_ptr why;
        try {
            unix_stream heir = door_.accept();
            give_to(heir);
            return;
        } catch (const cardea::cancelled&) {
            door_.close();  // who comes while we drain begins afresh
            return;
        } catch (...) {
            why = std::current_exception();
        }
        of_.passed_on.store(false, std::memory_order_release);
        of_.not_succeeded(name_, why);
    }
}

void hot_restart::give_to(unix_stream& heir) {
    check_user(heir, "hand over at", name_);
    {
        const deadline limit{patience};
        const std::vector<descriptor> ours = send_estate(heir);
    }
    const deadline limit{longest_start};
    std::array<char, 1> answer;
    if (heir.recv(answer) == 0) throw error(errc::end_of_stream, "hand over", "hand over at " + name_);
    if (answer[0] != 'r') throw error(errc::malformed, "hand over", "hand over at " + name_);
    door_.keep_path();
    door_.close();
    of_.handed_over.store(true, std::memory_order_release);
    wake_();
}

// Duplicates: a drain that begins meanwhile closes the sockets themselves.
std::vector<descriptor> hot_restart::send_estate(unix_stream& heir) {
    std::vector<descriptor> copies;
    std::vector<std::string> records{record_of(kind_version, version), record_of(kind_door, {})};
    {
        const std::lock_guard held(guard_);
        copies.push_back(duplicate(door_.handle().native_handle()));
        for (const bequest& b : bequests_) {
            copies.push_back(duplicate(b.socket));
            if (b.kind != kind_udp) let_two_accept(b.socket);
            records.push_back(record_of(b.kind, b.asked));
        }
        of_.passed_on.store(true, std::memory_order_release);
    }
    heir.send_all(records.front());
    for (std::size_t i = 0; i < copies.size(); ++i) {
        std::size_t went = send_with(heir, records[i + 1], {copies[i].get()});
        heir.send_all(std::string_view(records[i + 1]).substr(went));
    }
    heir.send_all(record_of(kind_end, {}));
    return copies;
}

void hot_restart::close() noexcept {
    const std::lock_guard held(guard_);
    bequests_.clear();
}

}  // namespace cardea::detail
