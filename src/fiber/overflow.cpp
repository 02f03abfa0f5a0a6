// SIGSEGV on the guard of the running fiber's stack: sigaltstack(2), sigaction(2). Only async-signal-safe calls in the
// handler.
#include "fiber/overflow.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>

#include "fiber/loop.hpp"

namespace cardea::detail {

namespace {

struct sigaction earlier_segv;
struct sigaction earlier_bus;

class message {
  public:
    message& operator<<(std::string_view text) noexcept {
        const std::size_t n = std::min(text.size(), text_.size() - size_);
        std::memcpy(text_.data() + size_, text.data(), n);
        size_ += n;
        return *this;
    }
    message& operator<<(std::size_t number) noexcept {
        std::array<char, 20> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
    }
    void write() const noexcept { [[maybe_unused]] const auto n = ::write(STDERR_FILENO, text_.data(), size_); }

  private:
    std::array<char, 256> text_{};
    std::size_t size_ = 0;
};

const fiber* overflowed(const void* fault) noexcept {
    const loop* here = loop::current();
    const fiber* f = here != nullptr ? here->running() : nullptr;
    if (f == nullptr) return nullptr;
    const auto at = reinterpret_cast<std::uintptr_t>(fault);
    const auto low = reinterpret_cast<std::uintptr_t>(f->on.low);
    return at < low && at >= low - stack_pool::guard_bytes ? f : nullptr;
}

void hand_on(const struct sigaction& earlier, int signal, siginfo_t* info, void* machine) noexcept {
    if ((earlier.sa_flags & SA_SIGINFO) != 0 && earlier.sa_sigaction != nullptr) {
        earlier.sa_sigaction(signal, info, machine);
    } else if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) {
        earlier.sa_handler(signal);
    } else {
        // Returning repeats the faulting instruction, now with the default action.
        ::signal(signal, SIG_DFL);
    }
}

void on_fault(int signal, siginfo_t* info, void* machine) {
    if (const fiber* f = overflowed(info->si_addr); f != nullptr) {
        message text;
        text << "cardea: fiber '" << f->name() << "' overflowed its stack of " << f->on.size << " bytes ("
             << f->on.size / 1024 << " KiB); give it a larger one with fiber_options::stack_size\n";
        text.write();
        ::signal(signal, SIG_DFL);
        return;
    }
    hand_on(signal == SIGSEGV ? earlier_segv : earlier_bus, signal, info, machine);
}

// A thread's signal stack, unless it has one; taken away again when the thread ends.
class signal_stack {
  public:
    signal_stack() {
        stack_t present{};
        if (::sigaltstack(nullptr, &present) == 0 && (present.ss_flags & SS_DISABLE) == 0) return;
        memory_ = std::make_unique<std::byte[]>(bytes);
        stack_t ours{};
        ours.ss_sp = memory_.get();
        ours.ss_size = bytes;
        ::sigaltstack(&ours, nullptr);
    }
    ~signal_stack() {
        if (!memory_) return;
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack(&none, nullptr);
    }
    signal_stack(const signal_stack&) = delete;
    signal_stack& operator=(const signal_stack&) = delete;

  private:
    static constexpr std::size_t bytes = 64 * 1024;
    std::unique_ptr<std::byte[]> memory_;
};

}  // namespace

void watch_for_overflow() {
    static thread_local const signal_stack mine;
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction ours {};
        ours.sa_sigaction = on_fault;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigemptyset(&ours.sa_mask);
        ::sigaction(SIGSEGV, &ours, &earlier_segv);
        ::sigaction(SIGBUS, &ours, &earlier_bus);
    });
}

}  // namespace cardea::detail
