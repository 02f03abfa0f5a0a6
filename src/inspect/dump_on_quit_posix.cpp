// SIGQUIT by sigaction(2). The handler only makes a descriptor readable; a thread that waits for it does the rest.
#include <poll.h>
#include <signal.h>

#include <atomic>
#include <cardea/dump.hpp>
#include <cerrno>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "fiber/wake_event.hpp"

namespace cardea {

namespace {

std::atomic<const detail::wake_event*> asked{nullptr};
/// Handlers that may have seen `asked` before it was taken away.
std::atomic<int> handling{0};

void on_quit(int) noexcept {
    handling.fetch_add(1, std::memory_order_seq_cst);
    if (const detail::wake_event* tell = asked.load(std::memory_order_seq_cst)) tell->signal();
    handling.fetch_sub(1, std::memory_order_seq_cst);
}

void dump_to_stderr() noexcept {
    try {
        std::ostringstream text;  // in one piece, so that it does not mix with what others write
        text << "cardea: SIGQUIT: what every fiber waits for\n";
        dump(text);
        std::cerr << text.str() << std::flush;
    } catch (const std::exception& e) {
        std::cerr << "cardea: no dump: " << e.what() << '\n';
    }
}

}  // namespace

struct dump_on_quit::state {
    state() {
        const detail::wake_event* nobody = nullptr;
        if (!asked.compare_exchange_strong(nobody, &quit)) {
            throw std::logic_error("dump_on_quit: there is one already");
        }
        try {
            watcher = start();
        } catch (...) {
            asked.store(nullptr);
            throw;
        }
        struct sigaction act {};
        act.sa_handler = on_quit;
        act.sa_flags = SA_RESTART;
        sigemptyset(&act.sa_mask);
        ::sigaction(SIGQUIT, &act, &before);
    }
    ~state() {
        struct sigaction present {};
        ::sigaction(SIGQUIT, nullptr, &present);
        // Unless somebody has put a handler of his own in the place of ours.
        if (present.sa_handler == on_quit) ::sigaction(SIGQUIT, &before, nullptr);
        asked.store(nullptr, std::memory_order_seq_cst);
        while (handling.load(std::memory_order_seq_cst) != 0) {
        }
        ended.signal();
        watcher.join();
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    // Signals are for the program's own threads: it is started with all of them held back.
    std::thread start() {
        sigset_t all;
        sigset_t earlier;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &earlier);
        try {
            std::thread made([this] { watch(); });
            ::pthread_sigmask(SIG_SETMASK, &earlier, nullptr);
            return made;
        } catch (...) {
            ::pthread_sigmask(SIG_SETMASK, &earlier, nullptr);
            throw;
        }
    }

    void watch() const noexcept {
        for (;;) {
            pollfd both[2] = {{quit.descriptor(), POLLIN, 0}, {ended.descriptor(), POLLIN, 0}};
            if (::poll(both, 2, -1) < 0 && errno != EINTR) return;
            if (both[1].revents != 0) return;
            if (both[0].revents == 0) continue;
            quit.drain();
            dump_to_stderr();
        }
    }

    const detail::wake_event quit;
    const detail::wake_event ended;
    std::thread watcher;
    struct sigaction before {};
};

dump_on_quit::dump_on_quit() : state_(std::make_unique<state>()) {}

dump_on_quit::~dump_on_quit() = default;

}  // namespace cardea
