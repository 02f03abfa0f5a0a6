// UDP in bulk over the loopback: 1200-byte datagrams from one thread to another, each pinned to a CPU. Prints CPU time
// per delivered datagram for sender and receiver, and the loss, of each way to do it, in shuffled rounds.
//     udp_bench [--rounds N] [--milliseconds N] [--size BYTES] [--only WORD]
// On the loopback the sender's CPU also runs the kernel's receive path up to the socket's queue.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ways.hpp"

namespace {

using namespace udp_bench;

double first_quartile(std::vector<double> all) {
    std::sort(all.begin(), all.end());
    return all[all.size() / 4];
}

struct figures {
    std::vector<double> send_ns;
    std::vector<double> receive_ns;
    std::vector<double> lost;
    std::vector<double> per_second;
};

void print(const way& w, const figures& f, const figures& reference) {
    const double send = first_quartile(f.send_ns);
    const double receive = first_quartile(f.receive_ns);
    std::printf("%-24s %10.0f %10.0f %9.2f %9.2f %8.1f %% %9.2f M/s\n", w.name, send, receive,
                send / first_quartile(reference.send_ns), receive / first_quartile(reference.receive_ns),
                100 * first_quartile(f.lost), first_quartile(f.per_second) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = 12;
    run_options options;
    std::string only;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string what = argv[i];
        if (what == "--rounds") rounds = std::atoi(argv[i + 1]);
        if (what == "--milliseconds") options.milliseconds = std::atoi(argv[i + 1]);
        if (what == "--size") options.size = static_cast<std::size_t>(std::atoi(argv[i + 1]));
        if (what == "--only") only = argv[i + 1];
    }
    std::vector<way> ways = all_ways();
    std::erase_if(ways, [&](const way& w) {
        return w.name != ways.front().name && !only.empty() && !std::strstr(w.name, only.c_str());
    });
    std::map<std::string, figures> results;
    std::vector<std::size_t> order(ways.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::mt19937 shuffle(1);
    for (int round = 0; round < rounds; ++round) {
        std::shuffle(order.begin(), order.end(), shuffle);
        for (const std::size_t i : order) {
            const outcome o = run(ways[i], options);
            if (o.delivered == 0) continue;
            figures& f = results[ways[i].name];
            const auto delivered = static_cast<double>(o.delivered);
            f.send_ns.push_back(static_cast<double>(o.sender_cpu_ns) / delivered);
            f.receive_ns.push_back(static_cast<double>(o.receiver_cpu_ns) / delivered);
            f.lost.push_back(1 - delivered / static_cast<double>(std::max(o.sent, o.delivered)));
            f.per_second.push_back(delivered * 1e3 / options.milliseconds);
        }
    }
    std::printf("%zu-byte datagrams, %d rounds of %d ms, first quartiles; CPU ns per delivered datagram\n",
                options.size, rounds, options.milliseconds);
    std::printf("%-24s %10s %10s %9s %9s %10s %13s\n", "", "send", "receive", "x raw", "x raw", "lost", "delivered");
    for (const way& w : ways) {
        if (results[w.name].send_ns.empty()) {
            std::printf("%-24s nothing arrived\n", w.name);
        } else {
            print(w, results[w.name], results[ways.front().name]);
        }
    }
    return 0;
}
