// Control: echo on level-triggered epoll, one thread. Read once, write at once, ask for EPOLLOUT only while a rest is
// owed. One receive buffer serves every connection, so it stays in cache. Linux calls only.
#include <sys/epoll.h>

#include <array>
#include <memory>
#include <vector>

#include "common.hpp"

namespace {

struct connection {
    int descriptor;
    std::vector<char> owed;  // read from the peer, not yet taken back by it
    std::size_t repaid = 0;
};

class echo_server {
  public:
    explicit echo_server(const bench::arguments& arguments) : buffer_(arguments.buffer_bytes) {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) bench::die("epoll_create1");
        listener_ = bench::listen_on(arguments.port);
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 512> events;
        for (;;) {
            int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            if (count < 0 && errno != EINTR) bench::die("epoll_wait");
            for (int i = 0; i < count; ++i) {
                auto& event = events[static_cast<std::size_t>(i)];
                if (event.data.ptr == nullptr) {
                    accept_all();
                } else {
                    serve(*static_cast<connection*>(event.data.ptr));
                }
            }
        }
    }

  private:
    void watch(int operation, int descriptor, std::uint32_t interest, connection* owner) {
        epoll_event event{};
        event.events = interest;
        event.data.ptr = owner;
        if (epoll_ctl(epoll_, operation, descriptor, &event) < 0) bench::die("epoll_ctl");
    }

    void accept_all() {
        for (;;) {
            int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
            if (descriptor < 0 && (errno == ECONNABORTED || errno == EINTR)) continue;
            if (descriptor < 0) bench::die("accept4");
            watch(EPOLL_CTL_ADD, descriptor, EPOLLIN, new connection{descriptor, {}, 0});
        }
    }

    void serve(connection& peer) {
        if (!peer.owed.empty()) return repay(peer);
        ssize_t got = recv(peer.descriptor, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return drop(peer);
        auto length = static_cast<std::size_t>(got);
        ssize_t put = send(peer.descriptor, buffer_.data(), length, MSG_NOSIGNAL);
        if (put == got) return;
        if (put < 0 && errno != EAGAIN && errno != EINTR) return drop(peer);
        auto sent = put < 0 ? std::ptrdiff_t{0} : std::ptrdiff_t{put};
        peer.owed.assign(buffer_.begin() + sent, buffer_.begin() + got);
        peer.repaid = 0;
        watch(EPOLL_CTL_MOD, peer.descriptor, EPOLLOUT, &peer);
    }

    void repay(connection& peer) {
        ssize_t put =
            send(peer.descriptor, peer.owed.data() + peer.repaid, peer.owed.size() - peer.repaid, MSG_NOSIGNAL);
        if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (put < 0) return drop(peer);
        peer.repaid += static_cast<std::size_t>(put);
        if (peer.repaid < peer.owed.size()) return;
        peer.owed.clear();
        watch(EPOLL_CTL_MOD, peer.descriptor, EPOLLIN, &peer);
    }

    void drop(connection& peer) {
        close(peer.descriptor);
        delete &peer;  // one event per descriptor and wait, so none in this batch still names it
    }

    int epoll_ = -1;
    int listener_ = -1;
    std::vector<char> buffer_;
};

}  // namespace

int main(int argc, char** argv) { echo_server(bench::start(argc, argv)).run(); }
