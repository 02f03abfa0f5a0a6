// Standard input and output by POSIX calls: poll(2) on the input and on a pipe that stop() writes to.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "standard_streams.hpp"

namespace cardea_tool {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

}  // namespace

input::input() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) fail("pipe");
    wake_read_ = ends[0];
    wake_write_ = ends[1];
}

input::~input() {
    ::close(wake_read_);
    ::close(wake_write_);
}

bool input::ready(bool wait) {
    std::array<pollfd, 2> both{{{STDIN_FILENO, POLLIN, 0}, {wake_read_, POLLIN, 0}}};
    while (::poll(both.data(), both.size(), wait ? -1 : 0) < 0) {
        if (errno != EINTR) fail("poll standard input");
    }
    // A closed descriptor is an end as well: read(2) says which.
    return both[0].revents != 0;
}

std::size_t input::read(cardea::mutable_buffer room) {
    if (ended_ || room.empty() || !ready(true) || abandoned_) return 0;
    ssize_t n = 0;
    do {
        n = ::read(STDIN_FILENO, room.data(), room.size());
    } while (n < 0 && (errno == EINTR || (errno == EAGAIN && ready(true))));
    if (n < 0 && errno == EAGAIN) return 0;
    if (n < 0) fail("read standard input");
    if (n == 0) ended_ = true;
    return static_cast<std::size_t>(n);
}

void input::stop() noexcept {
    const char byte = 0;
    // A full pipe wakes as well as a fuller one.
    [[maybe_unused]] const auto written = ::write(wake_write_, &byte, 1);
}

void input::abandon() noexcept {
    abandoned_ = true;
    stop();
}

void input::resume() noexcept {
    abandoned_ = false;
    std::array<char, 16> bytes{};
    while (::read(wake_read_, bytes.data(), bytes.size()) > 0) {
    }
}

void write_output(cardea::const_buffer data) {
    while (!data.empty()) {
        const auto n = ::write(STDOUT_FILENO, data.data(), data.size());
        if (n >= 0) {
            data = data.after(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {  // somebody else made it non-blocking
            pollfd out{STDOUT_FILENO, POLLOUT, 0};
            ::poll(&out, 1, -1);
        } else if (errno != EINTR) {
            fail("write standard output");
        }
    }
}

std::optional<std::size_t> terminal_columns() noexcept {
    if (::isatty(STDOUT_FILENO) == 0) return std::nullopt;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
    return size.ws_col;
}

}  // namespace cardea_tool
