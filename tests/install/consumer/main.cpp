// A user's program: something of every part of the library, across the boundary of a shared one. Exits with 0 if all is
// well, else says what is not.
#include <array>
#include <cardea/cardea.hpp>
#include <cardea/sim.hpp>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>

namespace {

void require(bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
}

void errors_are_caught_as_what_they_are() {
    const auto closed = cardea::tcp_listener("127.0.0.1:0").local();
    try {
        cardea::tcp_stream::connect(closed);
        require(false, "a closed port took a connection");
    } catch (const cardea::error& e) {
        require(e.code() == std::errc::connection_refused, e.what());
        require(std::string(e.what()).find(closed.to_string()) != std::string::npos, e.what());
        const std::system_error& base = e;
        require(dynamic_cast<const cardea::error*>(&base) != nullptr, "dynamic_cast fails across the boundary");
    }
    try {
        cardea::endpoint::parse("nowhere");
        require(false, "text that is no address was taken");
    } catch (const std::system_error& e) {
        require(e.code() == cardea::errc::bad_address, e.what());
        require(typeid(e) == typeid(cardea::error), "typeid differs across the boundary");
    }
}

void cancelling_unwinds_through_the_library() {
    bool unwound = false;
    cardea::event never;
    {
        cardea::scope all;
        all.spawn([&] {
            try {
                never.wait();
            } catch (const cardea::cancelled&) {
                unwound = true;
                throw;
            }
        });
        cardea::yield();
        all.cancel();
    }
    require(unwound, "cancelled was not caught");
}

void exceptions_of_ones_own_come_back() {
    try {
        cardea::run([] { throw std::out_of_range("mine"); });
        require(false, "run() swallowed an exception");
    } catch (const std::out_of_range& e) {
        require(std::string(e.what()) == "mine", "run() threw another exception");
    }
}

void bytes_go_round() {
    cardea::run([] {
        cardea::deadline within{std::chrono::seconds(20)};
        cardea::tcp_listener door("127.0.0.1:0");
        cardea::channel<std::string> answers(1);
        cardea::scope all;
        all.spawn([&] {
            auto peer = door.accept();
            std::array<std::byte, 64> buffer;
            while (auto n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
        });
        all.spawn([&] {
            auto peer = cardea::tcp_stream::connect(door.local());
            peer.send_all("hello");
            std::array<char, 5> room{};
            peer.recv_exactly(room);
            answers.push(std::string(room.data(), room.size()));
        });
        require(answers.pop() == "hello", "the echo is not what was sent");
        all.join();
    });
}

void a_world_is_simulated() {
    cardea::sim::world w;
    auto& here = w.host("here");
    auto& there = w.host("there");
    w.link(here, there, {});
    bool reached = false;
    const auto where = there.address(cardea::family::inet, 7);
    there.run([&] { cardea::tcp_listener(where).accept(); });
    here.run([&] {
        cardea::sleep(std::chrono::milliseconds(10));
        cardea::tcp_stream::connect(where);
        reached = true;
    });
    w.run();
    require(reached, "the simulated host was not reached");
}

class counting_observer : public cardea::call_observer {
  public:
    void call_begins(const cardea::call_event&) noexcept override {}
    void call_ended(const cardea::call_event&) noexcept override { ++calls; }
    int calls = 0;
};

void the_library_calls_back() {
    counting_observer observer;
    auto* before = cardea::observe_calls(&observer);
    cardea::udp_socket::open().close();
    cardea::observe_calls(before);
    require(observer.calls > 0, "the observer saw nothing");
    require(std::hash<cardea::endpoint>{}({}) == std::hash<cardea::endpoint>{}({}), "hashes differ");
}

}  // namespace

int main() {
    try {
        errors_are_caught_as_what_they_are();
        cancelling_unwinds_through_the_library();
        exceptions_of_ones_own_come_back();
        bytes_go_round();
        a_world_is_simulated();
        the_library_calls_back();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "consumer: %s\n", e.what());
        return 1;
    }
    std::puts("consumer: all is well");
}
