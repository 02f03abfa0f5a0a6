// See dialing.hpp.
#include "socket/dialing.hpp"

#include <algorithm>
#include <cardea/deadline.hpp>
#include <cardea/fiber.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "fiber/execution.hpp"
#include "names/answers.hpp"
#include "names/race.hpp"
#include "socket/stepwise_connect.hpp"

namespace cardea::detail {

namespace {

/// RFC 8305 section 5: the delay "MUST NOT be less than 10 milliseconds".
constexpr std::chrono::nanoseconds least_delay = std::chrono::milliseconds(10);

socket open_for(const endpoint& server, const connect_options& how, std::error_code& ec) noexcept {
    socket s(server.family(), type::stream, 0, ec);
    if (ec) return s;
    std::error_code ignored;
    s.set(option::nodelay{true}, ignored);
    const endpoint& from = how.local;
    if (!from.is_ip()) return s;
    // One port for all attempts: to different servers it may be the same (bind(2), SO_REUSEADDR in socket(7)).
    if (from.port() != 0) s.set(option::reuse_address{true}, ec);
    if (!ec && (from.port() != 0 || !from.is_any())) {
        s.bind(from.is_any() ? endpoint::any(server.family(), from.port()) : from, ec);
    }
    return s;
}

/// One race: the order and the times are `race`'s, the clock and the sockets are here.
class contest {
  public:
    contest(std::vector<connect_attempt>& attempts, const look_up_beside& beside, const connect_options& how)
        : attempts_(attempts),
          beside_(beside),
          how_(how),
          race_(std::min(attempts.size(), most_attempts), std::max(how.attempt_delay, least_delay).count()),
          begin_ns_(attempts.size()) {}
    virtual ~contest() = default;
    contest(const contest&) = delete;
    contest& operator=(const contest&) = delete;

    std::error_code run(socket& out, std::size_t& begun) {
        const std::error_code interrupted = until_decided();
        end_all();
        begun = race_.begun();
        if (winner_ && interrupted != errc::cancelled) {
            out = std::move(*winner_);
            return {};
        }
        if (!interrupted) return attempts_.front().error;
        for (std::size_t i = 0; i < begun; ++i) {
            if (!attempts_[i].error || attempts_[i].error == errc::cancelled) note(i, interrupted);
        }
        return interrupted;
    }

  protected:
    /// Attempt `i` begins; it reports to ended(), perhaps at once.
    virtual void begin(std::size_t i) = 0;
    /// Blocks until something has ended or, at `until_ns`, is to begin, or the caller is unparked or interrupted. An
    /// error: it cannot wait.
    virtual std::error_code wait(std::int64_t until_ns) = 0;
    /// Ends whatever is under way, and returns when it has.
    virtual void end_all() noexcept = 0;

    void ended(std::size_t i, std::error_code how, socket&& s) noexcept {
        note(i, how);
        if (how) {
            race_.failed();
        } else if (!winner_) {
            winner_.emplace(std::move(s));
        }
    }
    [[nodiscard]] const endpoint& server(std::size_t i) const noexcept { return attempts_[i].server; }
    [[nodiscard]] const connect_options& how() const noexcept { return how_; }
    [[nodiscard]] execution& me() noexcept { return me_; }

  private:
    void note(std::size_t i, std::error_code how) noexcept {
        attempts_[i].error = how;
        attempts_[i].took = std::chrono::nanoseconds(me_.now_ns() - begin_ns_[i]);
    }

    [[nodiscard]] bool finds_more() const noexcept { return beside_.more != nullptr && !beside_.more->is_over(); }

    // Addresses that are found now are tried with those that are left, the families by turns (RFC 8305 sections 3, 6).
    void take_in_what_is_found() {
        if (!finds_more()) return;
        const std::size_t before = attempts_.size();
        for (const endpoint& e : beside_.more->take(me_.now_ns())) {
            if (is_wanted(e, how_)) attempts_.push_back({beside_.host, e, {}, {}});
        }
        if (attempts_.size() == before) return;
        begin_ns_.resize(attempts_.size());
        race_.add(std::min(attempts_.size(), most_attempts) - std::min(before, most_attempts));
        const auto begun = static_cast<std::ptrdiff_t>(race_.begun());
        std::vector<endpoint> left;
        std::for_each(attempts_.begin() + begun, attempts_.end(), [&](auto& a) { left.push_back(a.server); });
        left = interleaved(left, next_family());
        std::transform(left.begin(), left.end(), attempts_.begin() + begun, [&](auto& e) {
            return connect_attempt{beside_.host, e, {}, {}};
        });
    }

    /// The other one's turn; before the first attempt, that of whose addresses come first.
    [[nodiscard]] family next_family() const noexcept {
        if (race_.begun() > 0) {
            return attempts_[race_.begun() - 1].server.family() == family::inet6 ? family::inet : family::inet6;
        }
        const family first = beside_.more->first();
        return first != family::unspecified ? first : attempts_.front().server.family();
    }

    std::error_code until_decided() {
        for (;;) {
            if (const std::error_code interrupted = me_.interruption()) return interrupted;
            take_in_what_is_found();
            std::int64_t now = me_.now_ns();
            while (!winner_ && race_.next_start() <= now) {
                const std::size_t i = race_.begin(now);
                begin_ns_[i] = now;
                begin(i);
                now = me_.now_ns();
            }
            if (winner_ || (race_.lost() && !finds_more())) return {};
            const std::int64_t found_ns = finds_more() ? beside_.more->next_ns() : race::never;
            if (const std::error_code failed = wait(std::min(race_.next_start(), found_ns))) return failed;
        }
    }

    execution& me_ = execution::current();
    std::vector<connect_attempt>& attempts_;
    const look_up_beside& beside_;
    const connect_options& how_;
    race race_;
    std::vector<std::int64_t> begin_ns_;
    std::optional<socket> winner_;
};

/// Each attempt is a fiber of this loop.
class contest_of_fibers final : public contest {
  public:
    using contest::contest;

  private:
    void begin(std::size_t i) override {
        running_->spawn({.name = me().name()}, [this, i, to = server(i)] {  // a copy: more may be found meanwhile
            std::error_code ec;
            socket s = open_for(to, how(), ec);
            if (!ec) s.connect(to, ec);
            ended(i, ec, std::move(s));
            me().unpark();
        });
    }

    std::error_code wait(std::int64_t until_ns) override {
        std::optional<deadline> next;
        if (until_ns != race::never) next.emplace(std::chrono::nanoseconds(until_ns - me().now_ns()));
        me().park(patience::interruptible);  // run() sees what has ended it
        return {};
    }

    void end_all() noexcept override { running_.reset(); }

    std::unique_ptr<scope> running_ = std::make_unique<scope>();
};

/// Each attempt is a socket whose connect has begun; the thread waits for all of them at once.
class contest_of_sockets final : public contest {
  public:
    using contest::contest;

  private:
    void begin(std::size_t i) override {
        std::error_code ec;
        socket s = open_for(server(i), how(), ec);
        if (ec) return ended(i, ec, std::move(s));
        auto step = std::make_unique<stepwise_connect>(i, std::move(s), server(i));
        ec = step->begin();
        if (ec != std::errc::operation_in_progress) return ended(i, ec, std::move(step->connecting()));
        under_way_.push_back(std::move(step));
    }

    std::error_code wait(std::int64_t until_ns) override {
        std::vector<network_socket*> begun;
        begun.reserve(under_way_.size());
        for (const auto& step : under_way_) begun.push_back(step->waited_for());
        std::size_t which = 0;
        std::error_code how;
        const std::error_code none = this_network().await_connect(begun, until_ns, which, how);
        if (none == errc::timed_out || none == errc::cancelled) return {};  // run() sees whose time it was
        if (none) return none;
        const auto at = under_way_.begin() + static_cast<std::ptrdiff_t>(which);
        const std::unique_ptr<stepwise_connect> step = std::move(*at);
        under_way_.erase(at);
        step->end(how);
        ended(step->number(), how, std::move(step->connecting()));
        return {};
    }

    void end_all() noexcept override {
        for (const auto& step : under_way_) step->end(errc::cancelled);
        under_way_.clear();
    }

    std::vector<std::unique_ptr<stepwise_connect>> under_way_;
};

std::error_code dial_one(connect_attempt& attempt, const connect_options& how, socket& out) noexcept {
    const execution& me = execution::current();
    const std::int64_t begin_ns = me.now_ns();
    socket s = open_for(attempt.server, how, attempt.error);
    if (!attempt.error) s.connect(attempt.server, attempt.error);
    attempt.took = std::chrono::nanoseconds(me.now_ns() - begin_ns);
    if (!attempt.error) out = std::move(s);
    return attempt.error;
}

}  // namespace

bool is_wanted(const endpoint& server, const connect_options& how) noexcept {
    if (how.families == families::inet6_only && server.family() != family::inet6) return false;
    if (how.families == families::inet_only && server.family() != family::inet) return false;
    return !how.local.is_ip() || how.local.is_any() || how.local.family() == server.family();
}

std::error_code dial(std::vector<connect_attempt>& attempts, const look_up_beside& beside, const connect_options& how,
                     socket& out, std::size_t& begun) {
    begun = 1;
    const bool alone = attempts.size() == 1 && (beside.more == nullptr || beside.more->is_over());
    if (alone) return dial_one(attempts.front(), how, out);
    if (this_fiber::on_loop()) return contest_of_fibers(attempts, beside, how).run(out, begun);
    return contest_of_sockets(attempts, beside, how).run(out, begun);
}

}  // namespace cardea::detail
