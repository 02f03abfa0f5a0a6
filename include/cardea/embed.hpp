// Cardea inside another event loop (Asio's, libuv's, GLib's, one's own): a descriptor to watch, and a call that runs
// what is ready.
#pragma once

#include <cardea/fiber.hpp>
#include <memory>
#include <string_view>

namespace cardea {

/// A loop of fibers without a thread to itself. The loop around it watches descriptor() for reading, level-triggered,
/// and calls run_ready() when it is readable; timers, network and wake-ups from other threads all make it readable.
///
///     embedded_loop cardea;
///     cardea.spawn([] { tcp_stream::connect("example.org:http"); });
///     // in the other loop: whenever cardea.descriptor() is readable
///     cardea.run_ready();
///
/// Belongs to the thread that made it. Outside of run_ready() that thread is a plain thread: calls block it, and a
/// socket that fibers use must not be used there. A thread may have several, but none within run().
class embedded_loop {
  public:
    /// `network`: "uring", "epoll", "tun:..." or empty, as in run_options. Throws std::system_error where the kernel
    /// refuses, and cardea::error (errc::not_supported) for a network without a descriptor to watch: "sim", whose time
    /// is not that of the loop around it.
    explicit embedded_loop(std::string_view network = {});
    /// Cancels the fibers and waits for them; on "tun" up to two seconds more for connections' last bytes. Failures
    /// that run_ready() has not told are lost.
    ~embedded_loop();
    embedded_loop(const embedded_loop&) = delete;
    embedded_loop& operator=(const embedded_loop&) = delete;

    /// For poll(2), epoll(7) and the like; readable while there is something to run. Not to be read from.
    [[nodiscard]] int descriptor() const noexcept;

    /// Runs the fibers that are ready, until all of them wait or the turn's budget is used up (then the descriptor
    /// stays readable). Never blocks. True: fibers are left. When the last one has ended it rethrows the first failure,
    /// which has cancelled the others, once. Inside of a loop, its own or another: std::logic_error.
    bool run_ready();

    /// Starts `f` on a fiber of this loop; it runs at the next run_ready(), for which the descriptor becomes readable.
    /// Also from within its fibers. Throws std::system_error when no stack can be had.
    template <class F>
    void spawn(F&& f) {
        spawn(fiber_options{}, std::forward<F>(f));
    }
    template <class F>
    void spawn(const fiber_options& options, F&& f) {
        std::decay_t<F> local(std::forward<F>(f));
        start(options, detail::callable_of<std::decay_t<F>>, &local);
    }

    /// Asks every fiber to stop: its current or next blocking call throws `cancelled`. Does not wait.
    void cancel() noexcept;

  private:
    void start(const fiber_options& options, const detail::callable& how, void* f);

    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace cardea
