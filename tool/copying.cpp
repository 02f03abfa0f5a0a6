// Two threads or fibers per conversation: one reads the input and sends, one receives and writes the output.
#include "copying.hpp"

#include <cardea/deadline.hpp>
#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <cardea/sync.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace cardea_tool {

namespace {

constexpr std::size_t chunk_size = 64 * 1024;
/// The most that an IPv4 datagram carries (RFC 768, RFC 791).
constexpr std::size_t datagram_size = 65507;
/// How long answers may take after the input has ended.
constexpr std::chrono::seconds last_answers{1};
constexpr std::chrono::hours for_ever{24 * 365};

struct chunk {
    explicit chunk(std::size_t n) : bytes(new std::byte[n]), size(n) {}
    [[nodiscard]] cardea::mutable_buffer room() const { return {bytes.get(), size}; }
    [[nodiscard]] cardea::const_buffer first(std::size_t n) const { return {bytes.get(), n}; }
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
};

/// However receiving ends, the other thread does not wait for input any longer.
class at_end {
  public:
    at_end(input& in, void (input::*act)() noexcept) : in_(in), act_(act) {}
    ~at_end() { (in_.*act_)(); }
    at_end(const at_end&) = delete;
    at_end& operator=(const at_end&) = delete;

  private:
    input& in_;
    void (input::*act_)() noexcept;
};

/// Runs what blocks its thread. A loop goes on meanwhile, for a thread of its own does it: a host on a TUN device has
/// packets to answer. Whoever is cancelled waits all the same, having called `hurry`.
template <class Work, class Hurry>
void aside(Work work, Hurry hurry) {
    if (!cardea::this_fiber::on_loop()) return work();
    cardea::event done;
    std::exception_ptr failure;
    std::jthread helper([&] {
        try {
            work();
        } catch (...) {
            failure = std::current_exception();
        }
        done.set();
    });
    try {
        done.wait();
    } catch (...) {
        hurry();
        throw;
    }
    helper.join();
    if (failure) std::rethrow_exception(failure);
}

std::size_t read_input(input& in, cardea::mutable_buffer room) {
    std::size_t n = 0;
    aside([&] { n = in.read(room); }, [&] { in.abandon(); });
    return n;
}

void put_output(cardea::const_buffer data) {
    aside([&] { write_output(data); }, [] {});
}

void send_input(cardea::stream& peer, input& in) {
    const chunk data(chunk_size);
    while (const auto n = read_input(in, data.room())) peer.send_all(data.first(n));
    if (in.ended()) peer.shutdown(cardea::direction::send);
}

void receive_output(cardea::stream& peer, std::chrono::nanoseconds idle) {
    const cardea::call_limit each(idle);
    const chunk data(chunk_size);
    while (const auto n = peer.recv(data.room())) put_output(data.first(n));
}

}  // namespace

void copy_stream(cardea::stream& peer, input& in, const copy_options& options) {
    // A peer that breaks the connection fails the sending too. What it sent before is still there to be received, and
    // receiving ends the same way: so a failure to send is told only if receiving went well.
    std::exception_ptr not_sent;
    cardea::scope both;
    if (!options.receive_only) {
        both.spawn({.name = "input"}, [&] {
            try {
                send_input(peer, in);
            } catch (const std::exception&) {
                not_sent = std::current_exception();
            }
        });
    }
    both.spawn({.name = "output"}, [&] {
        const at_end stop(in, &input::stop);
        receive_output(peer, options.idle.value_or(for_ever));
    });
    both.join();
    if (not_sent) std::rethrow_exception(not_sent);
}

namespace {

/// Whom the input goes to.
class correspondent {
  public:
    void is(const cardea::endpoint& who) {
        const std::lock_guard held(guard_);
        who_ = who;
        known_.set();
    }
    [[nodiscard]] bool is_known() const { return known_.is_set(); }
    /// Waits for the first.
    cardea::endpoint get() {
        known_.wait();
        const std::lock_guard held(guard_);
        return who_;
    }

  private:
    std::mutex guard_;
    cardea::endpoint who_;
    cardea::event known_;
};

void send_input(cardea::udp_socket& door, input& in, correspondent& to, bool connected) {
    const chunk data(datagram_size);
    if (!connected) to.get();
    while (const auto n = read_input(in, data.room())) {
        if (connected) {
            door.send(data.first(n));
        } else {
            door.send_to(data.first(n), to.get());
        }
    }
}

void receive_output(cardea::udp_socket& door, input& in, correspondent& from, correspondents who,
                    const copy_options& options) {
    const bool connected = who == correspondents::the_one_connected;
    const bool ends_by_itself = !options.idle && !options.receive_only && who != correspondents::everybody;
    const cardea::call_limit each(options.idle.value_or(ends_by_itself ? last_answers : for_ever));
    const chunk data(datagram_size);
    for (;;) {
        std::error_code ec;
        const auto got =
            connected ? cardea::received{door.recv(data.room(), ec), {}, false} : door.recv_from(data.room(), ec);
        if (ec == std::errc::timed_out) {
            if (options.idle || in.ended()) return;
            continue;
        }
        if (ec == cardea::errc::cancelled) throw cardea::cancelled();
        if (ec) throw cardea::error(ec, "receive", door.local());
        if (who == correspondents::the_first && from.is_known() && from.get() != got.from) continue;
        if (!connected && !from.is_known()) std::fprintf(stderr, "datagrams from %s\n", got.from.to_string().c_str());
        if (!connected) from.is(got.from);
        put_output(data.first(got.size));
    }
}

}  // namespace

void copy_datagrams(cardea::udp_socket& door, input& in, correspondents who, const copy_options& options) {
    correspondent peer;
    cardea::scope both;
    if (!options.receive_only) {
        both.spawn({.name = "input"}, [&] { send_input(door, in, peer, who == correspondents::the_one_connected); });
    }
    both.spawn({.name = "output"}, [&] {
        const at_end abandon(in, &input::abandon);
        receive_output(door, in, peer, who, options);
        in.abandon();
        if (!peer.is_known()) peer.is({});  // nobody came: the input need not wait for anybody
    });
    both.join();
}

}  // namespace cardea_tool
