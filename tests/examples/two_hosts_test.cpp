// The examples on simulated hosts, as they are: their main() runs as the program of a host, its peer's on another one,
// with a link in between that takes time and loses packets. In virtual time, so that each run is exact.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cardea/cardea.hpp>
#include <cardea/sim.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "mains.hpp"

namespace cardea::sim::test {
namespace {

using namespace std::chrono_literals;

/// What an example prints, and what it is given to read.
class streams_of_the_examples {
  public:
    explicit streams_of_the_examples(const std::string& given = {}) : in_(given) {}
    ~streams_of_the_examples() {
        std::cin.rdbuf(before_in_);
        std::cin.clear();
        std::cout.rdbuf(before_out_);
        std::cerr.rdbuf(before_err_);
    }
    streams_of_the_examples(const streams_of_the_examples&) = delete;
    streams_of_the_examples& operator=(const streams_of_the_examples&) = delete;
    [[nodiscard]] std::string said() const { return out_.str(); }

  private:
    std::istringstream in_;
    std::ostringstream out_;
    std::streambuf* before_in_ = std::cin.rdbuf(in_.rdbuf());
    std::streambuf* before_out_ = std::cout.rdbuf(out_.rdbuf());
    std::streambuf* before_err_ = std::cerr.rdbuf(out_.rdbuf());
};

/// An example as a program for a host. Servers never get as far as `result`.
std::function<void()> example(int (*main)(int, char**), std::vector<std::string> arguments, int* result = nullptr) {
    return [=]() mutable {
        arguments.insert(arguments.begin(), "example");
        std::vector<char*> words;
        words.reserve(arguments.size());
        for (std::string& word : arguments) words.push_back(word.data());
        const int code = main(static_cast<int>(words.size()), words.data());
        if (result != nullptr) *result = code;
    };
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
    return n;
}

class examples : public testing::Test {
  protected:
    examples() { ::unsetenv("CARDEA_NETWORK"); }  // they run where they are called
};

struct outcome {
    std::string said;
    int result = -1;
    std::chrono::nanoseconds took{0};
    report what;
};

/// A textbook's server at one end of a link, its client at the other.
outcome converse(int (*server)(int, char**), int (*client)(int, char**), family f, const link_options& how, seed s) {
    outcome o;
    const streams_of_the_examples streams("open the door\n");
    world w(s);
    sim::host& here = w.host("server");
    sim::host& there = w.host("client");
    w.link(here, there, how);
    here.run(example(server, {"*:2000"}));
    there.run([&] {
        const std::int64_t begin_ns = this_network().now_ns();
        example(client, {here.address(f, 2000).to_string()}, &o.result)();
        o.took = std::chrono::nanoseconds(this_network().now_ns() - begin_ns);
    });
    o.what = w.run();
    o.said = streams.said();
    return o;
}

TEST_F(examples, tcp_server_and_client_over_a_link) {
    for (const family f : {family::inet, family::inet6}) {
        const outcome o = converse(tcp_server_main, tcp_client_main, f, {.delay = 100ms}, seed{1});
        EXPECT_EQ(o.result, 0) << o.said;
        EXPECT_EQ(count(o.said, "OPEN THE DOOR\n"), 1U) << o.said;
        EXPECT_EQ(o.took, 400ms);  // there and back twice: the handshake, then the sentence and its answer
        EXPECT_EQ(o.what.programs_stopped, 1U);  // the server, which waited for the next client
    }
}

TEST_F(examples, tcp_server_and_client_over_a_lossy_link) {
    std::uint64_t lost = 0;
    for (std::uint64_t s = 0; s < 30; ++s) {
        const outcome o =
            converse(tcp_server_main, tcp_client_main, family::inet, {.delay = 10ms, .loss = 0.2}, seed{s});
        EXPECT_EQ(o.result, 0) << o.said;
        EXPECT_EQ(count(o.said, "OPEN THE DOOR\n"), 1U) << o.said;
        lost += o.what.packets_lost;
    }
    EXPECT_GT(lost, 30U);
}

TEST_F(examples, udp_server_and_client_over_a_link) {
    for (const family f : {family::inet, family::inet6}) {
        const outcome o = converse(udp_server_main, udp_client_main, f, {.delay = 100ms}, seed{1});
        EXPECT_EQ(o.result, 0) << o.said;
        EXPECT_EQ(count(o.said, "OPEN THE DOOR\n"), 1U) << o.said;
        EXPECT_EQ(o.took, 200ms);
    }
}

TEST_F(examples, udp_client_gives_up_after_two_seconds_where_a_datagram_is_lost) {
    int answered = 0;
    int given_up = 0;
    for (std::uint64_t s = 0; s < 30; ++s) {
        const outcome o =
            converse(udp_server_main, udp_client_main, family::inet, {.delay = 10ms, .loss = 0.3}, seed{s});
        const bool all_arrived = o.what.packets_lost == 0;
        EXPECT_EQ(o.result, all_arrived ? 0 : 1) << o.said;
        EXPECT_EQ(o.took, all_arrived ? 20ms : 2000ms);
        EXPECT_EQ(o.said.find("timed out") == std::string::npos, all_arrived) << o.said;
        ++(all_arrived ? answered : given_up);
    }
    EXPECT_GT(answered, 5);
    EXPECT_GT(given_up, 5);
}

TEST_F(examples, uppercase_server_serves_many_hosts_at_once) {
    constexpr int clients = 20;
    std::string sentences;
    for (int i = 0; i < clients; ++i) sentences += "open the door\n";
    const streams_of_the_examples streams(sentences);
    world w(seed{4});
    sim::host& server = w.host("server");
    server.run(example(uppercase_server_main, {"*:2000"}));
    std::vector<int> results(clients, -1);
    for (int i = 0; i < clients; ++i) {
        sim::host& client = w.host("client " + std::to_string(i));
        w.link(server, client, {.delay = std::chrono::milliseconds(1 + i), .loss = 0.05});
        client.run(example(tcp_client_main, {server.address(family::inet6, 2000).to_string()},
                           &results[static_cast<std::size_t>(i)]));
    }
    const report what = w.run();
    EXPECT_EQ(results, std::vector<int>(clients, 0));
    EXPECT_EQ(count(streams.said(), "OPEN THE DOOR\n"), static_cast<std::size_t>(clients));
    EXPECT_GT(what.packets_lost, 0U);
}

/// All that `where` answers to a request for a page.
std::string page(const std::string& where, const std::string& path) {
    tcp_stream peer = tcp_stream::connect(where);
    peer.send_all("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::string all;
    std::vector<char> room(16 * 1024);
    while (const std::size_t n = peer.recv(room)) all.append(room.data(), n);
    return all.substr(std::min(all.find("\r\n\r\n") + 4, all.size()));
}

/// A folder with a page in it, large enough for many losses.
class a_folder {
  public:
    a_folder() {
        std::filesystem::create_directory(path_);
        for (int i = 0; i < 20'000; ++i) page_ += "line " + std::to_string(i) + "\n";
        std::ofstream(path_ + "/page.txt") << page_;
    }
    ~a_folder() { std::filesystem::remove_all(path_); }
    a_folder(const a_folder&) = delete;
    a_folder& operator=(const a_folder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& page() const { return page_; }

  private:
    std::string path_ = testing::TempDir() + "cardea-two-hosts-" + std::to_string(::getpid());
    std::string page_;
};

TEST_F(examples, http_files_over_a_lossy_link) {
    const a_folder folder;
    const streams_of_the_examples streams;
    world w(seed{5});
    sim::host& server = w.host("server");
    sim::host& client = w.host("client");
    w.link(server, client, {.delay = 20ms, .loss = 0.03});
    server.run(example(http_files_main, {folder.path(), "*:http"}));
    std::string got;
    client.run([&] { got = page("server:http", "/page.txt"); });
    const report what = w.run();
    EXPECT_TRUE(got == folder.page()) << got.size() << " bytes; " << streams.said();
    EXPECT_GT(what.packets_lost, 3U);
}

TEST_F(examples, tcp_proxy_joins_hosts_without_a_link) {
    const a_folder folder;
    const streams_of_the_examples streams;
    world w(seed{6});
    sim::host& server = w.host("server");
    sim::host& proxy = w.host("proxy");
    sim::host& client = w.host("client");
    w.link(server, proxy, {.delay = 5ms, .loss = 0.02});
    w.link(proxy, client, {.delay = 50ms, .loss = 0.02});
    server.run(example(http_files_main, {folder.path(), "*:http"}));
    proxy.run(example(tcp_proxy_main, {"*:8080", "server:http"}));
    std::string got;
    bool unreachable = false;
    client.run([&] {
        got = page("proxy:8080", "/page.txt");
        const deadline within(10s);
        std::error_code ec;
        static_cast<void>(tcp_stream::connect("server:http", ec));
        unreachable = static_cast<bool>(ec);
    });
    const report what = w.run();
    EXPECT_TRUE(got == folder.page()) << got.size() << " bytes; " << streams.said();
    EXPECT_TRUE(unreachable);
    EXPECT_NE(streams.said().find(" bytes forth, "), std::string::npos) << streams.said();
    EXPECT_GT(what.packets_lost, 3U);
}

TEST_F(examples, chat_server_between_two_hosts) {
    const streams_of_the_examples streams;
    world w(seed{7});
    sim::host& server = w.host("server");
    server.run(example(chat_server_main, {"*:7000"}));
    std::string heard;
    for (const std::string name : {"ann", "bob"}) {
        sim::host& member = w.host(name);
        w.link(server, member, {.delay = 30ms, .loss = 0.1});
        member.run([&heard, name] {
            tcp_stream peer = tcp_stream::connect("server:7000");
            line_reader in(peer);
            peer.send_all(name + "\r\n");
            if (name == "ann") {  // waits for the other, then speaks
                while (in.next() != "* bob has joined") {
                }
                peer.send_all("hello\r\n");
            } else {
                while (heard != "ann: hello") heard = in.next().value();
            }
            peer.send_all("/quit\r\n");
        });
    }
    w.run();
    EXPECT_EQ(heard, "ann: hello");
}

}  // namespace
}  // namespace cardea::sim::test
