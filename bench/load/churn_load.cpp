// The churn load: connect, one echo, close; a bounded number of connections at once. A "message" is a connection that
// has run its whole course. The FIN path lets the server see the end of stream and waits for its own. epoll only.
#include <array>
#include <vector>

#include "loads.hpp"
#include "pattern.hpp"
#include "sockets.hpp"
#include "window.hpp"

namespace load {

namespace {

constexpr std::uint32_t first_source = 0x7f010001;  // 127.1.0.1
constexpr std::uint32_t sources = 250;

struct connection {
    int descriptor = -1;
    std::size_t answered_bytes = 0;
};

class churn_load {
  public:
    explicit churn_load(const options& wanted) : wanted_(wanted), connections_(wanted.connections) {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) die("epoll_create1");
    }

    void run() {
        for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
        window measured(wanted_);
        while (!measured.closed_after(done_)) turn();
        draining_ = true;
        while (open_ > 0) turn();
        measured.report(done_);
    }

  private:
    void open(std::size_t index) {
        int descriptor = connect_to(wanted_.port, first_source + opened_++ % sources);
        connections_[index] = {descriptor, 0};
        ++open_;
        if (send(descriptor, bytes_.at(0), wanted_.size, MSG_NOSIGNAL) < 0) die("send");
        watch(epoll_, EPOLL_CTL_ADD, descriptor, EPOLLIN, index);
    }

    void turn() {
        std::array<epoll_event, 512> events;
        int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), stall_ms);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        if (count == 0) die("the server has not answered for five seconds", ETIMEDOUT);
        for (int i = 0; i < count; ++i) read(static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64));
    }

    void read(std::size_t index) {
        auto& peer = connections_[index];
        ssize_t got = recv(peer.descriptor, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got < 0) die("recv");
        auto length = static_cast<std::size_t>(got);
        if (length == 0) {
            if (peer.answered_bytes < wanted_.size) die("the server closed a connection early", ECONNRESET);
            close(peer.descriptor);
            return finish(index);
        }
        if (peer.answered_bytes + length > wanted_.size) die("more came back than was sent", EBADMSG);
        if (!bytes_.matches(peer.answered_bytes, buffer_.data(), length)) die("the echo differs", EBADMSG);
        peer.answered_bytes += length;
        if (peer.answered_bytes < wanted_.size) return;
        if (wanted_.what == kind::churn_fin) {
            if (shutdown(peer.descriptor, SHUT_WR) < 0) die("shutdown");
        } else {
            reset(peer.descriptor);
            finish(index);
        }
    }

    void finish(std::size_t index) {
        --open_;
        ++done_;
        if (!draining_) open(index);
    }

    options wanted_;
    pattern bytes_;
    std::vector<char> buffer_ = std::vector<char>(pattern::chunk);
    std::vector<connection> connections_;
    int epoll_ = -1;
    std::uint32_t opened_ = 0;
    std::size_t open_ = 0;
    std::uint64_t done_ = 0;
    bool draining_ = false;
};

}  // namespace

void run_churn(const options& wanted) { churn_load(wanted).run(); }

}  // namespace load
