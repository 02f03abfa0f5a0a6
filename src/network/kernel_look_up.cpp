// See kernel_look_up.hpp.
#include "network/kernel_look_up.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "fiber/execution.hpp"
#include "fiber/offload.hpp"
#include "network/kernel_socket.hpp"
#include "network/name_order.hpp"

namespace cardea::detail {

namespace {

/// Where it begins: all addresses, or that the families are to be asked for apart.
struct of_the_first {
    way_to_look_up way;
    found_addresses found;
};

/// The answer to a question about one family, or about the whole name.
struct shared_answer {
    found_addresses found;
    std::shared_ptr<shared_answer> same;  // that of another thread, which had asked the same already
    // The rest is guarded by questions_under_way.
    bool has_come = false;
    std::vector<execution*> waiting;
};
using answer_pointer = std::shared_ptr<shared_answer>;

/// What helper threads ask the system's resolver at this time. Nobody asks beside another who asks the same: a server
/// of names that never answers would keep a thread for each connect meanwhile, until there are no more.
class questions_under_way {
  public:
    questions_under_way* before = nullptr;  // see forgotten_by_children

    /// Another's answer to the same question, which is to come; none: the question is the caller's.
    answer_pointer begin(const std::string& question, const answer_pointer& mine) {
        const std::lock_guard held(guard_);
        const auto [at, is_new] = all_.try_emplace(question, mine);
        return is_new ? nullptr : at->second;
    }
    void end(const std::string& question, shared_answer& mine) noexcept {
        const std::lock_guard held(guard_);
        mine.has_come = true;
        const auto at = all_.find(question);
        if (at != all_.end() && at->second.get() == &mine) all_.erase(at);
        for (execution* e : mine.waiting) e->unpark();
    }
    /// If it has not come, the caller is unparked when it does, and must leave() before it is gone.
    bool has_come(shared_answer& answer, execution& caller) {
        const std::lock_guard held(guard_);
        const auto& waiting = answer.waiting;
        if (!answer.has_come && std::find(waiting.begin(), waiting.end(), &caller) == waiting.end()) {
            answer.waiting.push_back(&caller);
        }
        return answer.has_come;
    }
    void leave(shared_answer& answer, const execution& caller) noexcept {
        const std::lock_guard held(guard_);
        const auto at = std::find(answer.waiting.begin(), answer.waiting.end(), &caller);
        if (at != answer.waiting.end()) answer.waiting.erase(at);
    }

    // Made at first use and never destroyed, as the threads are.
    static questions_under_way& get() {
        if (questions_under_way* const there = made.load(std::memory_order_acquire)) return *there;
        auto fresh = std::make_unique<questions_under_way>();
        questions_under_way* there = nullptr;
        return made.compare_exchange_strong(there, fresh.get(), std::memory_order_acq_rel) ? *fresh.release() : *there;
    }
    static constinit std::atomic<questions_under_way*> made;

  private:
    std::mutex guard_;
    std::map<std::string, answer_pointer> all_;
};

constinit std::atomic<questions_under_way*> questions_under_way::made{nullptr};

// A child of fork(2) has none of the threads. What they asked stays reachable, for who looks for leaks.
constinit questions_under_way* left_behind = nullptr;
[[maybe_unused]] const int forgotten_by_children = ::pthread_atfork(nullptr, nullptr, [] {
    questions_under_way* const parents = questions_under_way::made.exchange(nullptr, std::memory_order_relaxed);
    if (parents != nullptr) parents->before = std::exchange(left_behind, parents);
});

/// A question under way on a helper thread, which may outlast the asker: it owns a copy of everything.
class asked {
  public:
    asked(host_and_port of, family which) {
        mine_->found.of = which;
        std::string question = std::to_string(static_cast<int>(which)) + ' ' + of.service + ' ' + of.host;
        const std::error_code failed = thread_.begin([&at = at_, mine = mine_, of = std::move(of),
                                                      question = std::move(question)] { ask(at, mine, of, question); });
        has_begun_ = !failed;
        if (failed) mine_->found.error = failed;
    }
    ~asked() {
        if (same_) at_.leave(*same_, me_);
    }
    asked(const asked&) = delete;
    asked& operator=(const asked&) = delete;

    [[nodiscard]] bool has_answer() {
        if (!has_begun_) return true;
        if (!thread_.has_ended()) return false;
        same_ = mine_->same;
        return !same_ || at_.has_come(*same_, me_);
    }
    /// A copy: others may have asked the same.
    [[nodiscard]] found_addresses answer() const { return same_ ? same_->found : mine_->found; }

  private:
    static void ask(questions_under_way& at, const answer_pointer& mine, const host_and_port& of,
                    const std::string& question) noexcept {
        try {
            mine->same = at.begin(question, mine);
            if (mine->same) return;
            ask_for_addresses(of, mine->found.of, mine->found.addresses, mine->found.error);
        } catch (const std::bad_alloc&) {
            mine->found.error = std::make_error_code(std::errc::not_enough_memory);
        }
        at.end(question, *mine);
    }

    execution& me_ = execution::current();
    questions_under_way& at_ = questions_under_way::get();
    const answer_pointer mine_ = std::make_shared<shared_answer>();
    answer_pointer same_;
    bool has_begun_ = false;
    offloaded thread_;
};

class kernel_look_up final : public address_look_up {
  public:
    kernel_look_up(host_and_port of, family only) : of_(std::move(of)), only_(only) {}

    std::error_code begin() noexcept {
        return first_thread_.begin([first = first_, of = of_] {
            try {
                first->way = way_of(of.host);
                if (first->way.by_family) return;
                ask_for_addresses(of, family::unspecified, first->found.addresses, first->found.error);
            } catch (const std::bad_alloc&) {
                first->found.error = std::make_error_code(std::errc::not_enough_memory);
            }
        });
    }

    bool next(found_addresses& out) noexcept override try {
        if (first_ && first_thread_.has_ended()) {
            const std::shared_ptr<of_the_first> first = std::exchange(first_, nullptr);
            if (first->found.error || !first->way.by_family) {
                out = std::move(first->found);
                return true;
            }
            way_ = std::move(first->way);
            // "The AAAA query made first and immediately followed by the A query."
            if (only_ != family::inet) ask({way_.absolute, of_.service}, family::inet6);
            if (only_ != family::inet6) ask({way_.absolute, of_.service}, family::inet);
        }
        for (auto& one : under_way_) {
            if (!one || !one->has_answer()) continue;
            out = one->answer();
            one.reset();
            if (out.of != family::unspecified) note(out.error);
            return true;
        }
        return false;
    } catch (const std::bad_alloc&) {
        first_.reset();
        for (auto& one : under_way_) one.reset();
        out = {};
        out.error = std::make_error_code(std::errc::not_enough_memory);
        return true;
    }

    [[nodiscard]] bool is_over() const noexcept override { return !first_ && !under_way_[0] && !under_way_[1]; }
    [[nodiscard]] std::int64_t next_ns() const noexcept override { return std::numeric_limits<std::int64_t>::max(); }
    [[nodiscard]] family preferred() const noexcept override { return way_.preferred; }

  private:
    void ask(const host_and_port& of, family which) {
        (under_way_[0] ? under_way_[1] : under_way_[0]).emplace(of, which);
    }

    // The name is none as it is: the whole search, as it would have been made of both families. A server's failure is
    // no reason to try another host's name.
    void note(std::error_code error) {
        completes_ = completes_ && error == errc::name_not_found;
        if (completes_ && is_over() && (way_.may_be_completed || only_ != family::unspecified)) {
            ask(of_, family::unspecified);
        }
    }

    const host_and_port of_;
    const family only_;
    way_to_look_up way_;
    std::shared_ptr<of_the_first> first_ = std::make_shared<of_the_first>();  // null: it has been taken
    offloaded first_thread_;
    std::array<std::optional<asked>, 2> under_way_;
    bool completes_ = true;
};

}  // namespace

std::error_code kernel_begin_resolve(const std::string& host, const std::string& service, family only,
                                     std::unique_ptr<address_look_up>& out) noexcept try {
    const std::uint16_t port = well_known_port(service);
    auto made = std::make_unique<kernel_look_up>(host_and_port{host, port != 0 ? std::to_string(port) : service}, only);
    const std::error_code failed = made->begin();
    if (!failed) out = std::move(made);
    return failed;
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code kernel_network::begin_resolve(const std::string& host, const std::string& service, family only,
                                              std::unique_ptr<address_look_up>& out) noexcept {
    return kernel_begin_resolve(host, service, only, out);
}

}  // namespace cardea::detail
