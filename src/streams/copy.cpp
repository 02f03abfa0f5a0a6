// Copying by leases: an idle connection of a proxy holds no buffer. Bulk goes by splice(), where both are sockets.
#include <cardea/copy.hpp>
#include <cardea/deadline.hpp>
#include <cardea/fiber.hpp>
#include <chrono>
#include <mutex>
#include <new>

namespace cardea {

namespace {

// A lease that brought this much has the next step spliced, and so on until one moves less. Who waits for more is in a
// lease: a dump shows that it receives, where a step of splice() is both calls at once.
constexpr std::size_t bulk_bytes = 16 * 1024;
// The most that one step of splice() moves: cancelled, it is this much that may have to go back.
constexpr std::size_t step_bytes = 256 * 1024;

copied_way one_way(const stream_ref& from, const stream_ref& to) noexcept {
    copied_way way;
    stream* const source = from.own_stream();
    stream* const target = to.own_stream();
    bool bulk = false;
    for (;;) {
        if (bulk) {
            const std::size_t n = source->handle().splice(target->handle(), step_bytes, way.ended, way.sending);
            way.bytes += n;
            if (way.ended) return way;
            way.sending = n == 0;
            if (n == 0) break;
            bulk = n >= bulk_bytes;
            continue;
        }
        lease bytes = from.recv_lease(way.ended);
        if (way.ended) return way;
        way.sending = true;
        if (!bytes) break;
        const std::size_t n = to.send_all(bytes, way.ended);
        way.bytes += n;
        if (way.ended) {
            // Where they cannot go back they are lost with the connection they were for.
            std::error_code lost;
            from.put_back(const_buffer(bytes).after(n), lost);
            return way;
        }
        way.sending = false;
        bulk = n >= bulk_bytes && source != nullptr && target != nullptr;
    }
    to.shutdown(direction::send, way.ended);
    return way;
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
            scope child;
            child.spawn([this] { copy_back(); });
            copy_forth();
            const bool a_is_broken = done.forth.ended && !done.forth.sending;
            if (a_is_broken) child.cancel();  // interrupted, or by its peer
            if (interrupted(done.forth.ended)) interruption = done.forth.ended;
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
        done.back = one_way(b_, a_);
        if (!done.back.ended || done.back.sending || interrupted(done.back.ended)) return;
        const std::lock_guard held(guard_);
        b_is_broken_ = true;
        if (stop_ != nullptr) stop_->expire_in(std::chrono::nanoseconds(0));
    }

    void copy_forth() noexcept {
        deadline stop(std::chrono::seconds(1));
        stop.clear();
        {
            const std::lock_guard held(guard_);
            stop_ = &stop;
            if (b_is_broken_) stop.expire_in(std::chrono::nanoseconds(0));
        }
        done.forth = one_way(a_, b_);
        const std::lock_guard held(guard_);
        stop_ = nullptr;
        if (stop.expired() && done.forth.ended == errc::timed_out) {
            done.forth.ended = done.back.ended;
            done.forth.sending = true;
        }
    }

    const stream_ref& a_;
    const stream_ref& b_;
    std::mutex guard_;  // of the next two
    deadline* stop_ = nullptr;
    bool b_is_broken_ = false;
};

}  // namespace

std::uint64_t copy(stream_ref from, stream_ref to) {
    const copied_way way = one_way(from, to);
    if (way.ended) fail(from, to, way);
    return way.bytes;
}

std::uint64_t copy(stream_ref from, stream_ref to, std::error_code& ec) noexcept {
    const copied_way way = one_way(from, to);
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
