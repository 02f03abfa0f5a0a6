// The echo load: long-lived connections, each with a bounded number of unanswered messages. As many messages as were
// answered by one read are sent again by one write, as a pipelining client would. epoll only.
#include <fcntl.h>

#include <array>
#include <vector>

#include "loads.hpp"
#include "pattern.hpp"
#include "sockets.hpp"
#include "window.hpp"

namespace load {

namespace {

struct connection {
    int descriptor = -1;
    std::size_t send_position = 0;     // in the pattern
    std::size_t receive_position = 0;  // in the pattern
    std::size_t unsent_bytes = 0;      // of messages already begun
    std::size_t answered_bytes = 0;    // of the message now coming back
    std::size_t unanswered = 0;        // messages
    bool waits_to_write = false;
};

class echo_load {
  public:
    explicit echo_load(const options& wanted) : wanted_(wanted), connections_(wanted.connections) {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) die("epoll_create1");
        for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
    }

    void run() {
        for (std::size_t i = 0; i < connections_.size(); ++i) ask(i, wanted_.in_flight);
        window measured(wanted_);
        while (!measured.closed_after(messages_)) turn();
        draining_ = true;
        while (unanswered_ > 0) turn();
        for (const auto& peer : connections_) reset(peer.descriptor);
        measured.report(messages_);
    }

  private:
    void open(std::size_t index) {
        auto& peer = connections_[index];
        peer.descriptor = connect_to(wanted_.port);
        if (fcntl(peer.descriptor, F_SETFL, O_NONBLOCK) < 0) die("fcntl");
        peer.send_position = peer.receive_position = index * 977 % pattern::period;
        watch(epoll_, EPOLL_CTL_ADD, peer.descriptor, EPOLLIN, index);
    }

    void turn() {
        std::array<epoll_event, 512> events;
        int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), stall_ms);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        if (count == 0) die("the server has not answered for five seconds", ETIMEDOUT);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            auto index = static_cast<std::size_t>(event.data.u64);
            if (event.events & EPOLLOUT) write(index);
            if (event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) read(index);
        }
    }

    void ask(std::size_t index, std::size_t messages) {
        auto& peer = connections_[index];
        peer.unanswered += messages;
        unanswered_ += messages;
        peer.unsent_bytes += messages * wanted_.size;
        if (!peer.waits_to_write) write(index);
    }

    void write(std::size_t index) {
        auto& peer = connections_[index];
        while (peer.unsent_bytes > 0) {
            std::size_t length = std::min(peer.unsent_bytes, pattern::chunk);
            ssize_t put = send(peer.descriptor, bytes_.at(peer.send_position), length, MSG_NOSIGNAL);
            if (put < 0 && errno == EAGAIN) return wait_to_write(index, true);
            if (put < 0) die("send");
            peer.unsent_bytes -= static_cast<std::size_t>(put);
            peer.send_position = pattern::advance(peer.send_position, static_cast<std::size_t>(put));
        }
        wait_to_write(index, false);
    }

    void wait_to_write(std::size_t index, bool wait) {
        auto& peer = connections_[index];
        if (peer.waits_to_write == wait) return;
        peer.waits_to_write = wait;
        std::uint32_t interest = EPOLLIN;
        if (wait) interest |= EPOLLOUT;
        watch(epoll_, EPOLL_CTL_MOD, peer.descriptor, interest, index);
    }

    void read(std::size_t index) {
        auto& peer = connections_[index];
        ssize_t got = recv(peer.descriptor, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got < 0) die("recv");
        if (got == 0) die("the server closed a connection", ECONNRESET);
        auto length = static_cast<std::size_t>(got);
        if (!bytes_.matches(peer.receive_position, buffer_.data(), length)) die("the echo differs", EBADMSG);
        peer.receive_position = pattern::advance(peer.receive_position, length);
        peer.answered_bytes += length;
        std::size_t messages = peer.answered_bytes / wanted_.size;
        if (messages == 0) return;
        if (messages > peer.unanswered) die("more came back than was sent", EBADMSG);
        peer.answered_bytes -= messages * wanted_.size;
        peer.unanswered -= messages;
        unanswered_ -= messages;
        messages_ += messages;
        if (!draining_) ask(index, messages);
    }

    options wanted_;
    pattern bytes_;
    std::vector<char> buffer_ = std::vector<char>(pattern::chunk);
    std::vector<connection> connections_;
    int epoll_ = -1;
    std::uint64_t messages_ = 0;
    std::size_t unanswered_ = 0;
    bool draining_ = false;
};

}  // namespace

void run_echo(const options& wanted) { echo_load(wanted).run(); }

}  // namespace load
