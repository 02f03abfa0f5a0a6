// A program that makes the socket calls it is told, on whatever network CARDEA_NETWORK names: tests/tun/puppet.py pulls
// its strings. Each line of standard input is "TAG VERB ARGUMENT..." and starts a fiber that makes the call; when the
// call returns, "TAG ok ..." or "TAG error CATEGORY VALUE" appears. The end of the input ends the program.
//     listen NAME ADDRESS BACKLOG     accept LISTENER NAME            connect NAME ADDRESS
//     udp NAME ADDRESS                send_to NAME ADDRESS SIZE       receive_from NAME
//     say NAME TEXT                   hear NAME SIZE                  send_file NAME PATH
//     receive_file NAME PATH          skip NAME                       shutdown NAME send|receive|both
//     close NAME                      reset NAME                      part NAME MILLISECONDS
//     open NAME 4|6                   bind NAME ADDRESS               set NAME OPTION VALUE
//     get NAME OPTION                 local NAME                      peer NAME
//     join NAME GROUP [SOURCE]        leave NAME GROUP [SOURCE]       facts NAME
//     info NAME                       within MILLISECONDS VERB ARGUMENT...
//     reset_all                       held
#include <array>
#include <cardea/cardea.hpp>
#include <cardea/datagram.hpp>
#include <cardea/multicast.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "network/stack/stack_network.hpp"

namespace {

using namespace cardea;

constexpr std::size_t chunk = 256 * 1024;

const std::map<std::string, option_id>& options() {
    static const std::map<std::string, option_id> known{
        {"keepalive", option_id::keepalive},
        {"linger", option_id::linger},
        {"send_buffer", option_id::send_buffer},
        {"receive_buffer", option_id::receive_buffer},
        {"nodelay", option_id::tcp_nodelay},
        {"user_timeout", option_id::tcp_user_timeout},
        {"error", option_id::error_pending},
        {"reuse_address", option_id::reuse_address},
        {"broadcast", option_id::broadcast},
        {"keepalive_idle", option_id::tcp_keepalive_idle},
        {"keepalive_interval", option_id::tcp_keepalive_interval},
        {"keepalive_count", option_id::tcp_keepalive_count},
    };
    return known;
}

class puppet {
  public:
    /// What a call gave, as text. Throws cardea::error.
    std::string perform(std::istringstream& words) {
        std::string verb;
        words >> verb;
        const auto known = verbs_.find(verb);
        if (known == verbs_.end()) throw std::invalid_argument("unknown verb " + verb);
        const under_way counted(calls_);
        return known->second(words);
    }

  private:
    using action = std::function<std::string(std::istringstream&)>;

    struct under_way {
        explicit under_way(int& count) : count_(count) { ++count_; }
        ~under_way() { --count_; }
        under_way(const under_way&) = delete;
        under_way& operator=(const under_way&) = delete;
        int& count_;
    };

    template <class T = std::string>
    static T next(std::istringstream& words) {
        T word{};
        if (!(words >> word)) throw std::invalid_argument("a word is missing");
        return word;
    }
    socket& named(std::istringstream& words) { return *sockets_.at(next(words)); }
    std::string keep(const std::string& name, socket&& s) {
        const auto& kept = sockets_[name] = std::make_unique<socket>(std::move(s));
        return kept->local().to_string();
    }
    static socket fresh(const endpoint& for_peer, type t) { return socket(for_peer.family(), t); }

    std::string listen(std::istringstream& w) {
        const auto name = next(w);
        const auto where = endpoint::parse(next(w));
        socket s = fresh(where, type::stream);
        s.set(option::reuse_address{});
        s.bind(where);
        s.listen(next<int>(w));
        return keep(name, std::move(s));
    }
    std::string accept(std::istringstream& w) {
        socket& listener = named(w);
        const auto name = next(w);
        auto [connection, client] = listener.accept();
        keep(name, std::move(connection));
        return client.to_string();
    }
    std::string connect(std::istringstream& w) {
        const auto name = next(w);
        const auto there = endpoint::parse(next(w));
        // One that "open" has made, and "set" perhaps has given options, is taken.
        auto& s = sockets_[name];
        if (!s) s = std::make_unique<socket>(fresh(there, type::stream));
        s->connect(there);
        return s->local().to_string();
    }
    std::string udp(std::istringstream& w) {
        const auto name = next(w);
        const auto where = endpoint::parse(next(w));
        socket s = fresh(where, type::datagram);
        s.bind(where);
        return keep(name, std::move(s));
    }
    std::string bind(std::istringstream& w) {
        socket& s = named(w);
        s.bind(endpoint::parse(next(w)));
        return s.local().to_string();
    }
    std::string open(std::istringstream& w) {
        const auto name = next(w);
        sockets_[name] = std::make_unique<socket>(next(w) == "6" ? family::inet6 : family::inet, type::stream);
        return {};
    }
    std::string send_to(std::istringstream& w) {
        socket& s = named(w);
        const auto there = endpoint::parse(next(w));
        return std::to_string(s.send_to(std::string(next<std::size_t>(w), 'd'), there));
    }
    std::string receive_from(std::istringstream& w) {
        std::vector<std::byte> room(70'000);
        const received got = named(w).recv_from(room);
        return std::to_string(got.size) + " " + got.from.to_string();
    }
    /// Of the next datagram: its size, where it was sent to, by which interface it came, its hop limit.
    std::string facts(std::istringstream& w) {
        socket& s = named(w);
        s.set(option::metadata{metadata::all});
        std::vector<std::byte> room(70'000);
        const datagram_info came = recv_datagram(s, room);
        const char* device = "another";
        for (const char* name : {"lo", "cardea-test"}) {
            if (came.interface == this_network().interface_index(name)) device = name;
        }
        return std::to_string(came.size) + " " + came.to.host() + " " + device + " " + std::to_string(*came.hop_limit);
    }
    static group_membership membership(std::istringstream& w) {
        const auto address = [](const std::string& host) {
            return endpoint::parse(host.find(':') == std::string::npos ? host + ":0" : "[" + host + "]:0");
        };
        group_membership of{.group = address(next(w))};
        if (std::string source; w >> source) of.source = address(source);
        return of;
    }
    std::string say(std::istringstream& w) {
        socket& s = named(w);
        return std::to_string(s.send(next(w)));
    }
    std::string hear(std::istringstream& w) {
        socket& s = named(w);
        std::string room(next<std::size_t>(w), '\0');
        room.resize(s.recv(room));
        return room;
    }
    std::string send_file(std::istringstream& w) {
        socket& s = named(w);
        std::ifstream from(next(w), std::ios::binary);
        std::vector<char> room(chunk);
        std::size_t total = 0;
        while (from.read(room.data(), chunk), from.gcount() > 0) {
            const auto n = static_cast<std::size_t>(from.gcount());
            s.send_all({room.data(), n});
            total += n;
        }
        return std::to_string(total);
    }
    std::string receive_file(std::istringstream& w) {
        socket& s = named(w);
        std::ofstream to(next(w), std::ios::binary);
        std::vector<char> room(chunk);
        std::size_t total = 0;
        while (const std::size_t n = s.recv(room)) {
            to.write(room.data(), static_cast<std::streamsize>(n));
            total += n;
        }
        to.flush();
        if (!to) throw std::runtime_error("the file was not written");
        return std::to_string(total);
    }
    std::string skip(std::istringstream& w) {
        socket& s = named(w);
        std::vector<std::byte> room(chunk);
        std::size_t total = 0;
        while (const std::size_t n = s.recv(room)) total += n;
        return std::to_string(total);
    }
    std::string shutdown(std::istringstream& w) {
        socket& s = named(w);
        const auto how = next(w);
        s.shutdown(how == "send" ? direction::send : how == "receive" ? direction::receive : direction::both);
        return {};
    }
    std::string part(std::istringstream& w) {
        socket& s = named(w);
        const auto how = s.close_gracefully(std::chrono::milliseconds(next<int>(w)));
        return how == farewell::finished ? "finished" : "reset";
    }
    /// What the connection tells of itself, as NAME=NUMBER words.
    std::string info(std::istringstream& w) {
        const tcp_info i = named(w).info();
        std::ostringstream said;
        said << "segment=" << i.send_segment_size << " resends=" << i.resends << " timeouts=" << i.timeouts
             << " fast_recoveries=" << i.fast_recoveries << " cwnd=" << i.congestion_window
             << " ssthresh=" << i.slow_start_threshold << " ecn=" << i.ecn << " sent=" << i.bytes_sent
             << " resent=" << i.bytes_resent;
        return said.str();
    }
    /// Closes whatever there is, connections with a reset. Who waits on one may look at it once more.
    std::string reset_all() {
        for (const auto& [name, s] : sockets_) s->reset();
        return {};
    }
    /// What the host of the stack has, and how many calls are under way, as NAME=NUMBER words.
    std::string held() const {
        auto& net = dynamic_cast<detail::stack_network&>(this_network());
        const detail::tcpip::host_counters has = net.host().counters();
        std::ostringstream said;
        said << "sockets=" << has.sockets << " connections=" << has.connections << " tcp_memory=" << has.tcp_memory
             << " udp_memory=" << has.udp_memory << " reassembly=" << has.reassembly_bytes << " calls=" << calls_;
        return said.str();
    }
    std::string within(std::istringstream& w) {
        const deadline limit{std::chrono::milliseconds(next<int>(w))};
        return perform(w);
    }

    std::map<std::string, std::unique_ptr<socket>> sockets_;
    int calls_ = 0;
    const std::map<std::string, action> verbs_{
        {"listen", [this](auto& w) { return listen(w); }},
        {"accept", [this](auto& w) { return accept(w); }},
        {"open", [this](auto& w) { return open(w); }},
        {"bind", [this](auto& w) { return bind(w); }},
        {"connect", [this](auto& w) { return connect(w); }},
        {"udp", [this](auto& w) { return udp(w); }},
        {"send_to", [this](auto& w) { return send_to(w); }},
        {"receive_from", [this](auto& w) { return receive_from(w); }},
        {"say", [this](auto& w) { return say(w); }},
        {"hear", [this](auto& w) { return hear(w); }},
        {"send_file", [this](auto& w) { return send_file(w); }},
        {"receive_file", [this](auto& w) { return receive_file(w); }},
        {"skip", [this](auto& w) { return skip(w); }},
        {"shutdown", [this](auto& w) { return shutdown(w); }},
        {"close", [this](auto& w) { return named(w).close(), std::string(); }},
        {"reset", [this](auto& w) { return named(w).reset(), std::string(); }},
        {"part", [this](auto& w) { return part(w); }},
        {"set",
         [this](auto& w) {
             socket& s = named(w);
             const option_id option = options().at(next(w));
             return s.set_option(option, next<option_value>(w)), std::string();
         }},
        {"get",
         [this](auto& w) {
             socket& s = named(w);
             return std::to_string(s.get_option(options().at(next(w))));
         }},
        {"facts", [this](auto& w) { return facts(w); }},
        {"join",
         [this](auto& w) {
             socket& s = named(w);
             return cardea::join(s, membership(w)), std::string();
         }},
        {"leave",
         [this](auto& w) {
             socket& s = named(w);
             return cardea::leave(s, membership(w)), std::string();
         }},
        {"info", [this](auto& w) { return info(w); }},
        {"reset_all", [this](auto&) { return reset_all(); }},
        {"held", [this](auto&) { return held(); }},
        {"local", [this](auto& w) { return named(w).local().to_string(); }},
        {"peer", [this](auto& w) { return named(w).peer().to_string(); }},
        {"within", [this](auto& w) { return within(w); }},
    };
};

void answer(puppet& p, const std::string& line) {
    std::istringstream words(line);
    std::string tag;
    words >> tag;
    std::string said;
    try {
        said = " ok " + p.perform(words);
    } catch (const error& e) {
        said = std::string(" error ") + e.code().category().name() + " " + std::to_string(e.code().value());
    } catch (const std::exception& e) {
        said = std::string(" wrong ") + e.what();
    }
    std::puts((tag + said).c_str());
    std::fflush(stdout);
}

}  // namespace

int main() {
    channel<std::string> lines(64);
    std::thread reader([&lines] {
        for (std::string line; std::getline(std::cin, line);) lines.push(line);
        lines.close();
    });
    try {
        run([&lines] {
            puppet p;
            scope calls;
            std::puts("ready");
            std::fflush(stdout);
            while (auto line = lines.pop()) {
                calls.spawn([&p, line = *line] { answer(p, line); });
            }
            calls.cancel();
        });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "puppet: %s\n", e.what());
        std::_Exit(1);  // the reader waits for its next line still
    }
    reader.join();
    return 0;
}
