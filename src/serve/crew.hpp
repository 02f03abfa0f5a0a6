// The threads of a server outside of run(): one loop on each, started together, ended together.
#pragma once

#include <atomic>
#include <cardea/serve.hpp>
#include <cardea/sync.hpp>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fiber/loop.hpp"
#include "serve/hot_restart.hpp"
#include "serve/listening.hpp"
#include "serve/service.hpp"
#include "serve/watch.hpp"

namespace cardea::detail {

class crew {
  public:
    /// Starts the threads, a loop on each, and waits until all of them listen. Throws what kept one from it. `boss` is
    /// woken whenever a loop has ended.
    crew(service& of, const std::vector<std::string>& addresses, const watch& boss, hot_restart& line);
    /// Ends at once what still runs, and waits for it.
    ~crew();
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    /// Where they listen, in the order of the addresses.
    [[nodiscard]] const std::vector<endpoint>& listening() const noexcept { return listening_; }
    /// Lets them accept.
    void begin() noexcept { begin_.set(); }
    /// They accept no more; handlers go on.
    void drain() noexcept { drain_.set(); }
    /// Cancels whatever still runs.
    void cut() noexcept;
    /// All loops have ended, or one of them has failed.
    [[nodiscard]] bool is_over() const noexcept;
    /// Waits for the threads. Throws what a loop failed with, having cancelled the others.
    void join();

  private:
    struct member {
        std::shared_ptr<loop::door> inside;  // set when the loop listens
        std::exception_ptr failure;          // read when it has ended
        std::thread thread;
    };

    void start();
    void start(unsigned number);
    void wait_until_listening(unsigned how_many);
    void work(member& m, unsigned number) noexcept;
    void on_loop(member& m, unsigned number);
    doors listen(unsigned number);
    void wait_for_threads() noexcept;
    void rethrow_failure() const;

    service& of_;
    const std::vector<std::string>& addresses_;
    const watch& boss_;
    hot_restart& line_;
    std::vector<member> members_;
    std::vector<endpoint> listening_;  // written by the first loop before it stands
    event begin_;
    event drain_;
    std::atomic<bool> called_off_{false};
    std::atomic<unsigned> standing_{0};
    std::atomic<unsigned> ended_{0};
    std::atomic<bool> failed_{false};
};

}  // namespace cardea::detail
