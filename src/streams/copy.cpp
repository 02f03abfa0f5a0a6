// Copying by leases: an idle connection of a proxy holds no buffer. Bulk goes by splice(), where both are sockets.
#include <atomic>
#include <cardea/copy.hpp>
#include <cardea/deadline.hpp>
#include <cardea/fiber.hpp>
#include <cardea/sync.hpp>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>

#include "fiber/execution.hpp"

namespace cardea {

namespace {

// A lease that brought this much has the next step spliced, and so on until one moves less. Who waits for more is in a
// lease: a dump shows that it receives, where a step of splice() is both calls at once.
constexpr std::size_t bulk_bytes = 16 * 1024;
// The most that one step of splice() moves: cancelled, it is this much that may have to go back.
constexpr std::size_t step_bytes = 256 * 1024;

/// Of both ways together: when a byte last went either way. A call_limit around copy_both() is one on their silence.
class liveliness {
  public:
    using execution = detail::execution;

    /// Of whoever moves bytes one way.
    void got_on() noexcept {
        if (!limited_) return;
        execution& me = execution::current();
        last_ns_.store(me.now_ns(), std::memory_order_relaxed);
        me.made_progress();
    }
    /// Of the caller, whose call has ended so: it was the call limit, and the other way has got on since.
    bool goes_on(std::error_code ended) const noexcept {
        execution& me = execution::current();
        if (ended != errc::timed_out || !limited_ || me.interruption()) return false;
        me.made_progress_at(last_ns_.load(std::memory_order_relaxed));
        return me.call_end() > me.now_ns();
    }

  private:
    const bool limited_ = execution::current().has_call_limit();
    std::atomic<std::int64_t> last_ns_{execution::current().now_ns()};
};

/// One way. `both` is told of what is moved; where `may_go_on` an idle caller asks it whether the other way is too.
class one_way {
  public:
    one_way(const stream_ref& from, const stream_ref& to, liveliness* both, bool may_go_on) noexcept
        : from_(from), to_(to), both_(both), may_go_on_(may_go_on) {}

    copied_way run() noexcept {
        bool bulk = false;
        while (bulk ? step_by_splice(bulk) : step_by_lease(bulk)) {
        }
        if (!way_.ended) to_.shutdown(direction::send, way_.ended);
        return way_;
    }

  private:
    /// False: there is no more, or `ended` says why.
    bool step_by_splice(bool& bulk) noexcept {
        std::size_t n = 0;
        do {
            way_.sending = false;
            n = source_->handle().splice(target_->handle(), step_bytes, way_.ended, way_.sending);
            moved(n);
        } while (way_.ended && goes_on());
        if (way_.ended) return false;
        way_.sending = n == 0;
        bulk = n >= bulk_bytes;
        return n != 0;
    }

    bool step_by_lease(bool& bulk) noexcept {
        way_.sending = false;
        lease bytes;
        do {
            bytes = from_.recv_lease(way_.ended);
        } while (way_.ended && goes_on());
        if (way_.ended) return false;
        way_.sending = true;
        if (!bytes) return false;
        const_buffer left = bytes;
        do {
            const std::size_t n = to_.send_all(left, way_.ended);
            moved(n);
            left = left.after(n);
        } while (way_.ended && goes_on());
        if (way_.ended) {
            // Where they cannot go back they are lost with the connection they were for.
            std::error_code lost;
            from_.put_back(left, lost);
            return false;
        }
        bulk = bytes.size() >= bulk_bytes && source_ != nullptr && target_ != nullptr;
        return true;
    }

    void moved(std::size_t n) noexcept {
        way_.bytes += n;
        if (n > 0 && both_ != nullptr) both_->got_on();
    }
    bool goes_on() noexcept {
        if (!may_go_on_ || !both_->goes_on(way_.ended)) return false;
        way_.ended.clear();
        return true;
    }

    const stream_ref& from_;
    const stream_ref& to_;
    stream* const source_ = from_.own_stream();
    stream* const target_ = to_.own_stream();
    liveliness* const both_;
    const bool may_go_on_;
    copied_way way_;
};

copied_way alone(const stream_ref& from, const stream_ref& to) noexcept {
    return one_way(from, to, nullptr, false).run();
}

[[noreturn]] void fail(const stream_ref& from, const stream_ref& to, const copied_way& way) {
    (way.sending ? to : from).fail(way.ended, way.sending ? "send" : "recv", static_cast<std::size_t>(way.bytes));
}

bool interrupted(std::error_code ec) noexcept { return ec == errc::timed_out || ec == errc::cancelled; }

/// Both ways: one by the caller, the other by a child, which can end the caller's by the deadline around that.
class both_ways {
  public:
    both_ways(const stream_ref& a, const stream_ref& b) noexcept : a_(a), b_(b) {}

    std::error_code run() noexcept {
        std::error_code interruption;
        try {
            const detail::activity what{"copy both ways"};
            const detail::blocking_call whole(detail::execution::current(), what);
            scope child;
            child.spawn([this] { copy_back(); });
            copy_forth();
            const bool a_is_broken = done.forth.ended && !done.forth.sending;
            if (a_is_broken) child.cancel();  // interrupted, or by its peer
            if (interrupted(done.forth.ended)) {
                interruption = done.forth.ended;
            } else {
                await_back();
            }
            child.join();
        } catch (const cancelled&) {
            interruption = errc::cancelled;
        } catch (const error& e) {
            interruption = e.code();
        } catch (const std::system_error& e) {  // no stack, no thread
            return e.code();
        } catch (const std::bad_alloc&) {
            return std::make_error_code(std::errc::not_enough_memory);
        }
        // The child's way was cancelled for a reason of the caller's.
        if (done.back.ended == errc::cancelled) {
            done.back.ended = interruption ? interruption : done.forth.ended;
            done.back.sending = !interruption;
        }
        if (interruption) return interruption;
        return done.forth.ended ? done.forth.ended : done.back.ended;
    }

    copied_both_ways done;

  private:
    void copy_back() noexcept {
        done.back = one_way(b_, a_, &both_, false).run();
        {
            const std::lock_guard held(guard_);
            // No deadline of the caller's is on this one: a time-out here is the stream's own.
            b_is_broken_ = done.back.ended && !done.back.sending && done.back.ended != errc::cancelled;
            if (b_is_broken_ && stop_ != nullptr) stop_->expire_in(std::chrono::nanoseconds(0));
        }
        back_is_over_.set();
    }

    /// Until it is over; throws what ends the caller's own wait: a deadline, a cancellation, silence of both ways.
    void await_back() {
        for (;;) {
            try {
                back_is_over_.wait();
                detail::execution::current().made_progress();
                return;
            } catch (const error& e) {
                if (!both_.goes_on(e.code())) throw;
            }
        }
    }

    void copy_forth() noexcept {
        deadline stop(std::chrono::seconds(1));
        stop.clear();
        {
            const std::lock_guard held(guard_);
            stop_ = &stop;
            if (b_is_broken_) stop.expire_in(std::chrono::nanoseconds(0));
        }
        done.forth = one_way(a_, b_, &both_, true).run();
        const std::lock_guard held(guard_);
        stop_ = nullptr;
        if (stop.expired() && done.forth.ended == errc::timed_out) {
            done.forth.ended = done.back.ended;
            done.forth.sending = true;
        }
    }

    const stream_ref& a_;
    const stream_ref& b_;
    liveliness both_;
    event back_is_over_;
    std::mutex guard_;  // of the next two
    deadline* stop_ = nullptr;
    bool b_is_broken_ = false;
};

}  // namespace

std::uint64_t copy(stream_ref from, stream_ref to) {
    const copied_way way = alone(from, to);
    if (way.ended) fail(from, to, way);
    return way.bytes;
}

std::uint64_t copy(stream_ref from, stream_ref to, std::error_code& ec) noexcept {
    const copied_way way = alone(from, to);
    ec = way.ended;
    return way.bytes;
}

copied_both_ways copy_both(stream_ref a, stream_ref b) {
    both_ways both(a, b);
    const std::error_code failed = both.run();
    if (failed == errc::cancelled) throw cancelled();
    if (both.done.forth.ended) fail(a, b, both.done.forth);
    if (both.done.back.ended) fail(b, a, both.done.back);
    if (failed) a.fail(failed, "copy");
    return both.done;
}

copied_both_ways copy_both(stream_ref a, stream_ref b, std::error_code& ec) noexcept {
    both_ways both(a, b);
    ec = both.run();
    return both.done;
}

std::size_t splice(stream& from, stream& to, std::size_t at_most) {
    std::error_code ec;
    bool sending_failed = false;
    const std::size_t n = from.handle().splice(to.handle(), at_most, ec, sending_failed);
    if (ec) stream_ref(sending_failed ? to : from).fail(ec, sending_failed ? "send" : "recv", n);
    return n;
}

std::size_t splice(stream& from, stream& to, std::size_t at_most, std::error_code& ec) noexcept {
    bool sending_failed = false;
    return from.handle().splice(to.handle(), at_most, ec, sending_failed);
}

}  // namespace cardea
