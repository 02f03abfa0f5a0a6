// dump(): asks every loop of the process to describe its fibers, and puts the answers together.
#include <algorithm>
#include <array>
#include <cardea/deadline.hpp>
#include <cardea/dump.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "fiber/all_loops.hpp"
#include "fiber/loop_door.hpp"

namespace cardea {

namespace detail {

namespace {

constexpr std::chrono::seconds patience_with_a_loop{1};

std::string as_seconds(std::int64_t ns) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f s", static_cast<double>(ns) / 1e9);
    return text.data();
}

std::string what_it_does(fiber& f, std::int64_t now_ns) {
    if (f.now == fiber::state::running) return "runs";
    if (f.now == fiber::state::ready) return "is ready to run";
    if (f.now == fiber::state::ended) return "has ended";
    std::string text = "waits " + as_seconds(std::max<std::int64_t>(now_ns - f.parked_ns, 0)) + ": ";
    const activity* about = f.doing;
    if (about == nullptr) return text + "(unknown)";
    if (about->what != nullptr) text += about->what;
    if (about->describe != nullptr) about->describe(*about, text);
    if (const std::int64_t until = f.timer.armed ? f.timer.when_ns : never_ns; until != never_ns) {
        text += "; " + as_seconds(std::max<std::int64_t>(until - now_ns, 0)) + " left";
    }
    if (f.cancel_requested()) text += "; cancelled";
    return text;
}

std::string headline(const loop& l) { return "loop " + std::to_string(l.number()) + " (" + l.network_name() + "): "; }

// On the loop's own thread. The oldest fiber comes first.
std::string describe(const loop& l) {
    std::vector<fiber*> all;
    for (fiber* f = l.fibers(); f != nullptr; f = f->next_alive) all.push_back(f);
    const loop_statistics numbers = l.statistics();
    std::string text =
        headline(l) + std::to_string(numbers.fibers) + " fibers, " + std::to_string(numbers.sockets) + " sockets\n";
    const std::int64_t now = l.clock_ns();
    for (auto f = all.rbegin(); f != all.rend(); ++f) {
        std::string name((*f)->name());
        name.resize(std::max<std::size_t>(name.size(), 24), ' ');
        text += "  " + name + ' ' + what_it_does(**f, now) + '\n';
    }
    return text;
}

/// One dump: what was asked, and what has been answered.
struct inquiry {
    std::mutex guard;
    execution* waiting = nullptr;
    std::size_t unanswered = 0;
    std::vector<std::string> answers;
};

/// Travels through the inbox of the loop that is asked.
struct question : inbox_item {
    question(std::shared_ptr<inquiry> part_of, std::size_t number) : of(std::move(part_of)), at(number) {
        act = [](inbox_item& item) noexcept {
            const std::unique_ptr<question> self(static_cast<question*>(&item));
            std::string text;
            try {
                text = describe(*loop::current());
            } catch (...) {  // no memory: it stays as it was said to be
            }
            const std::lock_guard held(self->of->guard);
            if (!text.empty()) self->of->answers[self->at].swap(text);
            --self->of->unanswered;
            if (self->of->waiting != nullptr) self->of->waiting->unpark();
        };
    }
    std::shared_ptr<inquiry> of;
    std::size_t at;
};

// A loop that is about to end takes no more questions, and has nothing to tell.
bool ask(loop& l, const std::shared_ptr<inquiry>& i, std::size_t at) {
    auto item = std::make_unique<question>(i, at);
    const std::lock_guard held(l.outside()->guard);
    if (l.outside()->inside == nullptr) return false;
    {
        const std::lock_guard counted(i->guard);
        ++i->unanswered;
    }
    l.submit(*item.release());
    return true;
}

void ask_all(const std::shared_ptr<inquiry>& i) {
    const std::lock_guard held(all_loops::guard);
    for (loop* l = all_loops::first; l != nullptr; l = all_loops::after(*l)) {
        std::string answer =
            l == loop::current() ? describe(*l) : headline(*l) + "busy: its fibers have not given way for a second\n";
        std::size_t at = 0;
        {
            const std::lock_guard answers(i->guard);
            at = i->answers.size();
            i->answers.push_back(std::move(answer));
        }
        if (l != loop::current() && !ask(*l, i, at)) {
            const std::lock_guard answers(i->guard);
            i->answers[at] = headline(*l) + "has ended\n";
        }
    }
}

void wait_for_answers(inquiry& i) {
    const deadline within{patience_with_a_loop};
    std::unique_lock held(i.guard);
    wake why = wake::ready;
    while (i.unanswered > 0 && why == wake::ready) {
        held.unlock();
        why = execution::current().park(patience::interruptible);
        held.lock();
    }
    i.waiting = nullptr;
}

}  // namespace

}  // namespace detail

void dump(std::ostream& to) {
    const auto asked = std::make_shared<detail::inquiry>();
    asked->waiting = &detail::execution::current();
    const detail::activity what{"dump"};
    const detail::blocking_call whole(detail::execution::current(), what);
    detail::ask_all(asked);
    detail::wait_for_answers(*asked);
    std::vector<std::string> answers;
    {
        const std::lock_guard held(asked->guard);
        answers.swap(asked->answers);
        asked->answers.resize(answers.size());  // for those who come too late
    }
    if (answers.empty()) to << "no loops\n";
    for (auto a = answers.rbegin(); a != answers.rend(); ++a) to << *a;
    to.flush();
}

}  // namespace cardea
