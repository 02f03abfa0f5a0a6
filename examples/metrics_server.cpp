// An echo server that tells Prometheus how it is.
//     metrics_server 127.0.0.1:7000 127.0.0.1:9100       then: curl http://127.0.0.1:9100/metrics
// In prometheus.yml:  scrape_configs: [{job_name: echo, static_configs: [{targets: ["127.0.0.1:9100"]}]}]
#include <array>
#include <cardea/cardea.hpp>
#include <cardea/dump.hpp>
#include <cardea/metrics.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string>
#include <string_view>

#include "server.hpp"

using namespace cardea;

namespace {

void echo(tcp_stream peer) {
    std::array<std::byte, 16 * 1024> buffer;
    while (const auto n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
}

void answer(tcp_stream& peer, const std::string& status, const std::string& type, const std::string& body) {
    peer.send_all("HTTP/1.1 " + status + "\r\nContent-Type: " + type +
                  "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
    peer.close_gracefully(std::chrono::seconds(5));
}

// One request for each connection: a scraper comes a few times a minute.
void tell(tcp_stream peer) {
    const deadline within(std::chrono::seconds(10));
    std::array<char, 8192> request;
    const auto size = peer.recv_until(request, "\r\n\r\n");
    const std::string line(request.data(), std::string_view(request.data(), size).find("\r\n"));
    if (line.starts_with("GET /metrics ")) {
        answer(peer, "200 OK", "text/plain; version=0.0.4", to_prometheus(read_metrics()));
    } else if (line.starts_with("GET ")) {
        answer(peer, "404 Not Found", "text/plain", "try /metrics\n");
    } else {
        answer(peer, "405 Method Not Allowed", "text/plain", "GET /metrics\n");
    }
}

// Beside the server itself: if it cannot tell, the server shall not serve unseen.
void tell_metrics(const std::string& where, std::stop_source& all) {
    try {
        serve_options options;
        options.threads = 1;
        // A TUN device is of one loop, the server's. Who looks after the server looks from the machine itself.
        const char* network = std::getenv("CARDEA_NETWORK");
        if (network != nullptr && std::string_view(network).starts_with("tun:")) options.network = "epoll";
        options.on_ready = [](const auto& at) {
            std::cout << "metrics are at http://" + at.front().to_string() + "/metrics\n" << std::flush;
        };
        serve(where, tell, options);
    } catch (const std::exception& e) {
        std::cerr << "metrics_server: " << e.what() << '\n';
        all.request_stop();
    }
}

}  // namespace

int main(int argc, char** argv) {
    const dump_on_quit on_quit;  // SIGQUIT: what every fiber waits for
    std::stop_source all;
    serve_options options;
    options.stop = all.get_token();
    scope beside;  // outside of any loop: a thread
    beside.spawn([&] { tell_metrics(argc > 2 ? argv[2] : "127.0.0.1:9100", all); });
    return serve_anywhere("metrics_server", argc > 1 ? argv[1] : "*:7000", echo, options);  // SIGTERM drains both
}
