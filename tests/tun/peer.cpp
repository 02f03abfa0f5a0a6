// A program on whatever network CARDEA_NETWORK names, for the kernel's programs to talk to.
//     peer echo ADDRESS          serves TCP echo until SIGTERM
//     peer datagrams ADDRESS     serves UDP echo until SIGTERM
//     peer page ADDRESS          serves one page over HTTP/1.0 until SIGTERM
//     peer uploads ADDRESS       answers what is uploaded over HTTP with the same, until SIGTERM
//     peer send ADDRESS SIZE     connects, sends bytes and half-closes, reads as many back, says whether they are equal
//     peer connect ADDRESS       connects, and says how that went
//     peer first ADDRESS SECONDS attaches to the network again and again; says how often it missed the kernel's first
//                                datagram, which this process sends to ADDRESS itself
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cardea/cardea.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace cardea;

void echo(tcp_stream& peer) {
    std::vector<std::byte> buffer(256 * 1024);
    while (const std::size_t n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
}

/// What a line `name: NUMBER` of the request's head says.
std::size_t number_after(const std::string& head, std::string_view name) {
    const std::size_t at = head.find(name);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

void give_back(tcp_stream& peer) {
    constexpr std::size_t most = 64 * 1024 * 1024;
    std::string head;
    std::array<char, 1> next;
    while (!head.ends_with("\r\n\r\n") && head.size() < 4096 && peer.recv(next) == 1) head += next[0];
    const std::size_t size = std::min(number_after(head, "Content-Length: "), most);
    if (head.find("Expect: 100-continue") != std::string::npos) peer.send_all("HTTP/1.1 100 Continue\r\n\r\n");
    std::string body(size, '\0');
    peer.recv_exactly(body);
    peer.send_all("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    peer.send_all(body);
}

void serve_until_told(std::string_view what, const std::string& where, std::stop_token stop) {
    serve_options options;
    options.stop = std::move(stop);
    options.on_ready = [](const std::vector<endpoint>&) {
        std::puts("ready");
        std::fflush(stdout);
    };
    if (what == "echo") {
        serve(
            where, [](tcp_stream peer) { echo(peer); }, options);
    } else if (what == "datagrams") {
        serve(
            where, [](udp_socket& door, const_buffer datagram, const endpoint& from) { door.send_to(datagram, from); },
            options);
    } else if (what == "uploads") {
        serve(
            where, [](tcp_stream peer) { give_back(peer); }, options);
    } else {
        const auto page = [](tcp_stream peer) {
            std::array<std::byte, 4096> request;
            peer.recv(request);
            peer.send_all("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nbehind the door\n");
        };
        serve(where, page, options);
    }
}

int send(const std::string& where, std::size_t size) {
    std::vector<std::byte> out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>((i * 2654435761U) >> 21U);
    std::vector<std::byte> back(size);
    tcp_stream peer = tcp_stream::connect(where);
    scope both;
    both.spawn([&] {
        peer.send_all(out);
        peer.shutdown(direction::send);
    });
    both.spawn([&] { peer.recv_exactly(back); });
    both.join();
    std::array<std::byte, 1> more;
    const bool ended = peer.recv(more) == 0;
    std::puts(out == back && ended ? "equal" : "different");
    return 0;
}

int connect(const std::string& where) {
    std::error_code ec;
    tcp_stream::connect(where, ec);
    std::puts(ec ? ec.message().c_str() : "connected");
    return 0;
}

int first(const endpoint& where, std::chrono::seconds lasts) {
    int missed = 0;
    const int kernel = ::socket(AF_INET, SOCK_DGRAM, 0);
    const auto end = std::chrono::steady_clock::now() + lasts;
    while (std::chrono::steady_clock::now() < end) {
        run([&] {
            udp_socket door = udp_socket::bind(where);
            ::sendto(kernel, "word", 4, 0, static_cast<const sockaddr*>(where.native()),
                     static_cast<socklen_t>(where.native_size()));
            const deadline soon(std::chrono::milliseconds(500));
            std::array<std::byte, 16> room;
            std::error_code ec;
            door.recv_from(room, ec);
            if (ec) ++missed;
        });
        cardea::sleep(std::chrono::milliseconds(5));  // nobody is attached for about as long as somebody was
    }
    ::close(kernel);
    std::printf("missed %d\n", missed);
    return 0;
}

int run_server(std::string_view what, const std::string& where) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    std::stop_source stop;
    std::thread([ends, stop]() mutable {
        int which = 0;
        sigwait(&ends, &which);
        stop.request_stop();
    }).detach();
    run([&] { serve_until_told(what, where, stop.get_token()); });
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string what = argc > 1 ? argv[1] : "";
        const std::string where = argc > 2 ? argv[2] : "";
        if (what == "send" && argc > 3) return run([&] { return send(where, std::stoul(argv[3])); });
        if (what == "connect") return run([&] { return connect(where); });
        if (what == "first" && argc > 3) return first(endpoint::parse(where), std::chrono::seconds(std::stoi(argv[3])));
        if (what == "echo" || what == "datagrams" || what == "page" || what == "uploads")
            return run_server(what, where);
        std::fputs("peer echo|datagrams|page|uploads|send|connect|first ADDRESS ...\n", stderr);
        return 2;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "peer: %s\n", e.what());
        return 1;
    }
}
