// A client for dns_test.py: one look-up or connect on the network of its first argument, and what came of it in lines
// of "KEY VALUE".
//   names_peer thread|uring|epoll connect|cancel|resolve|srv|reverse|abandon|late|again ARGUMENTS...
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cardea/cardea.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace cardea;
using std::chrono::milliseconds;
using words = std::vector<std::string>;

std::size_t entries(const char* folder) {
    const std::filesystem::directory_iterator all(folder);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Without those of the resolver's own, which outlive a look-up that is abandoned.
std::size_t descriptors() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        int kind = 0;
        socklen_t size = sizeof kind;
        const int fd = std::atoi(entry.path().filename().c_str());
        const bool is_socket = ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0;
        if (!is_socket || kind == SOCK_STREAM) ++count;
    }
    return count;
}

/// How many are left over; the files that a look-up under way reads are soon closed.
std::int64_t left_over(std::size_t before) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::size_t now = descriptors();
    while (now != before && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
        now = descriptors();
    }
    return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before);
}

void say(const char* key, const std::string& value) { std::printf("%s %s\n", key, value.c_str()); }
void say(const char* key, std::int64_t value) { std::printf("%s %lld\n", key, static_cast<long long>(value)); }

milliseconds number(const words& w, std::size_t at, long otherwise) {
    long n = otherwise;
    if (at < w.size()) std::from_chars(w[at].data(), w[at].data() + w[at].size(), n);
    return milliseconds(n);
}

class stopwatch {
  public:
    void stop() const {
        using namespace std::chrono;
        say("ms", duration_cast<milliseconds>(steady_clock::now() - begin_).count());
    }

  private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

void tell(const error& e) {
    say("error", e.what());
    say("category", e.code().category().name());
    say("code", e.code().value());
}

/// Of the words OPTION=VALUE among these: the delays are given in milliseconds. Without them nothing goes by the clock,
/// so that a busy machine makes no difference.
connect_options options_of(const words& w) {
    connect_options how{.attempt_delay = std::chrono::hours(1), .resolution_delay = std::chrono::hours(1)};
    for (const std::string& word : w) {
        const auto [name, value] = std::pair(word.substr(0, word.find('=')), word.substr(word.find('=') + 1));
        if (name == "attempt") how.attempt_delay = number({value}, 0, 0);
        if (name == "resolution") how.resolution_delay = number({value}, 0, 0);
        if (name == "families") how.families = value == "inet" ? families::inet_only : families::inet_first;
    }
    return how;
}

// connect ADDRESS [DEADLINE-MS [attempt=MS] [resolution=MS] [families=inet|inet_first]]
void connect(const words& w) {
    const connect_options how = options_of(w);
    const deadline within(number(w, 1, 20000));
    const stopwatch watch;
    try {
        const tcp_stream peer = tcp_stream::connect(w[0], how);
        watch.stop();
        say("connected", peer.peer().to_string());
    } catch (const connect_error& e) {
        watch.stop();
        tell(e);
        say("attempts", static_cast<std::int64_t>(e.attempts().size()));
    } catch (const error& e) {
        watch.stop();
        tell(e);
    }
}

// cancel ADDRESS AFTER-MS: how long the cancelled call took to end.
void cancel(const words& w) {
    scope all;
    bool unwound = false;
    all.spawn([&] {
        try {
            tcp_stream::connect(w[0]);
        } catch (const cancelled&) {
            unwound = true;
        }
    });
    cardea::sleep(number(w, 1, 300));
    const stopwatch watch;
    all.cancel();
    all.join();
    watch.stop();
    say("unwound", unwound ? 1 : 0);
}

void resolve(const words& w) {
    for (const endpoint& e : cardea::resolve(w[0])) say("address", e.to_string());
}

// srv NAME [TIMES]
void srv(const words& w) {
    const auto times = number(w, 1, 1).count();
    for (std::int64_t i = 0; i < times; ++i) {
        std::string line;
        for (const service_record& r : resolve_srv(w[0])) line += r.target + ":" + std::to_string(r.port) + " ";
        say("servers", line);
    }
}

// reverse ADDRESS [numeric]
void reverse(const words& w) {
    const auto otherwise = w.size() > 1 ? nameless::gives_the_address : nameless::is_an_error;
    say("name", cardea::reverse(endpoint::parse(w[0]), otherwise));
}

// abandon SILENT-NAME GOOD-ADDRESS COUNT ROUNDS: after look-ups that nobody waits for any more, one that is answered.
void abandon(const words& w) {
    const auto count = number(w, 2, 1).count();
    const auto rounds = number(w, 3, 1).count();
    std::atomic<std::int64_t> timed_out{0};
    for (std::int64_t round = 0; round < rounds; ++round) {
        scope all;
        for (std::int64_t i = 0; i < count; ++i) {
            all.spawn([&, where = std::to_string(round * count + i) + "." + w[0] + ":80"] {
                const deadline within(milliseconds(300));
                std::error_code ec;
                cardea::resolve(where, ec);
                if (ec == errc::timed_out) ++timed_out;
            });
        }
        all.join();
    }
    say("timed_out", timed_out);
    const stopwatch watch;
    resolve({w[1]});
    watch.stop();
    say("threads", static_cast<std::int64_t>(entries("/proc/self/task")));
}

// again ADDRESS COUNT [attempt=MS] [resolution=MS]: connects one after the other.
void again(const words& w) {
    const connect_options how = options_of(w);
    for (std::int64_t left = number(w, 1, 2).count(); left > 0; --left) {
        const deadline within(milliseconds(20000));
        say("connected", tcp_stream::connect(w[0], how).peer().to_string());
    }
    say("threads", static_cast<std::int64_t>(entries("/proc/self/task")));
}

// late ADDRESS DEADLINE-MS: a connect whose answers come after its deadline, while another look-up waits for the same.
void late(const words& w) {
    {
        const deadline within(number(w, 1, 50));
        std::error_code ec;
        tcp_stream::connect(w[0], ec);
        say("timed_out", ec == errc::timed_out ? 1 : 0);
    }
    resolve(w);
}

void run_command(const std::string& command, const words& arguments) {
    const std::pair<const char*, void (*)(const words&)> commands[] = {
        {"connect", connect}, {"cancel", cancel},   {"resolve", resolve}, {"srv", srv},
        {"reverse", reverse}, {"abandon", abandon}, {"late", late},       {"again", again},
    };
    for (const auto& [name, act] : commands) {
        if (command == name) return act(arguments);
    }
    throw std::invalid_argument("no such command: " + command);
}

void on_network(const std::string& network, const std::function<void()>& body) {
    if (network == "thread") {
        std::thread(body).join();
    } else {
        run({.network = network}, body);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const words arguments(argv + 3, argv + argc);
    const std::size_t before = descriptors();
    on_network(argv[1], [&] {
        try {
            run_command(argv[2], arguments);
        } catch (const error& e) {
            tell(e);
        }
    });
    say("descriptors", left_over(before));
    std::fflush(stdout);
    return 0;
}
