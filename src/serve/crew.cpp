// Starting, draining and ending the loops' threads.
#include "serve/crew.hpp"

#include <cardea/fiber.hpp>
#include <utility>

#include "fiber/loop_door.hpp"
#include "fiber/scope_state.hpp"
#include "serve/serving.hpp"

namespace cardea::detail {

crew::crew(service& of, std::vector<doors> where, const watch& boss) : of_(of), boss_(boss), members_(where.size()) {
    for (std::size_t i = 0; i < where.size(); ++i) members_[i].mine = std::move(where[i]);
    try {
        start();
    } catch (...) {
        called_off_.store(true);
        begin();
        wait_for_threads();
        throw;
    }
}

void crew::start() {
    for (unsigned i = 0; i < members_.size(); ++i) {
        members_[i].thread = std::thread([this, i] { work(members_[i], i); });
    }
    // A loop that cannot be made ends at once. This wait is short; nothing interrupts it.
    while (standing_.load(std::memory_order_acquire) < members_.size() && !failed_.load(std::memory_order_acquire)) {
        boss_.wait_uninterruptibly();
    }
    if (!failed_.load(std::memory_order_acquire)) return;
    called_off_.store(true);
    begin();
    wait_for_threads();
    rethrow_failure();
}

crew::~crew() {
    called_off_.store(true);
    begin();
    cut();
    wait_for_threads();
}

void crew::work(member& m, unsigned number) noexcept {
    try {
        cardea::run({.network = of_.options.network}, [&] { on_loop(m, number); });
    } catch (...) {
        m.failure = std::current_exception();
        failed_.store(true, std::memory_order_release);
    }
    ended_.fetch_add(1, std::memory_order_release);
    boss_.wake();
}

void crew::on_loop(member& m, unsigned number) {
    m.inside = loop::current()->outside();
    standing_.fetch_add(1, std::memory_order_release);
    boss_.wake();
    begin_.wait();
    if (called_off_.load()) return;
    serving here(of_, m.mine, number);
    here.start();
    drain_.wait();
    here.stop_accepting();
    here.join(std::chrono::nanoseconds::max());
}

// The root scope has it all: the server's own fibers, and what handlers started with spawn(). It lives as long as its
// loop has an inside.
void crew::cut() noexcept {
    for (const member& m : members_) {
        if (!m.inside) continue;
        std::lock_guard held(m.inside->guard);
        if (m.inside->inside != nullptr) m.inside->inside->root->cancel();
    }
}

bool crew::is_over() const noexcept {
    return failed_.load(std::memory_order_acquire) || ended_.load(std::memory_order_acquire) == members_.size();
}

void crew::wait_for_threads() noexcept {
    for (member& m : members_) {
        if (m.thread.joinable()) m.thread.join();
    }
}

void crew::join() {
    if (failed_.load(std::memory_order_acquire)) cut();
    wait_for_threads();
    rethrow_failure();
}

void crew::rethrow_failure() const {
    for (const member& m : members_) {
        if (m.failure) std::rethrow_exception(m.failure);
    }
}

}  // namespace cardea::detail
