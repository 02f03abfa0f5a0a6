// serve_options::hot_restart: a server asks whoever serves at that name for its listening sockets, and gives its own to
// the next one that asks. hot_restart_posix.cpp has what is said.
#pragma once

#include <atomic>
#include <cardea/descriptor.hpp>
#include <cardea/endpoint.hpp>
#include <cardea/serve.hpp>
#include <cardea/unix.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "serve/listening.hpp"
#include "serve/service.hpp"

namespace cardea::detail {

class hot_restart {
  public:
    /// How long a side waits for the other to do what it can do at once.
    static constexpr std::chrono::seconds patience{10};
    /// How long the predecessor waits for the successor to be ready, before it gives it up.
    static constexpr std::chrono::seconds longest_start{60};

    /// Asks the predecessor, if there is a name and somebody answers there. `wake` is called when a successor is ready.
    /// `of` outlives it. Throws cardea::error: somebody is there, and cannot or may not be succeeded.
    hot_restart(service& of, const std::vector<std::string>& addresses, std::function<void()> wake);

    /// Of what the predecessor had, what loop `number` of `loops` is to have.
    std::vector<heirloom> share(unsigned number, unsigned loops);
    /// What is to be handed on: any loop, before it begins. The sockets stay open until close().
    void add(const std::vector<std::string>& addresses, doors& mine);
    /// The first loop's: from then on successors find us. Throws cardea::error.
    void listen();
    /// We serve: the predecessor may drain.
    void tell_predecessor() noexcept;
    /// Fiber of the loop that called listen(): waits for successors. Returns when one is ready, or when cancelled;
    /// then the name is free.
    void attend() noexcept;
    /// Somebody serves in our place.
    [[nodiscard]] bool is_over() const noexcept { return of_.handed_over.load(std::memory_order_acquire); }
    /// Nothing is handed on any more: the sockets are about to be closed.
    void close() noexcept;

  private:
    struct bequest {
        char kind;
        std::string asked;
        int socket;  // somebody else's, open until close()
    };

    void receive_estate(const std::vector<std::string>& addresses);
    void give_to(unix_stream& heir);
    std::vector<descriptor> send_estate(unix_stream& heir);

    service& of_;
    const std::string& name_;
    const std::function<void()> wake_;
    unix_stream predecessor_;
    std::vector<heirloom> estate_;
    descriptor inherited_door_;  // listens at name_
    unix_listener door_;
    std::mutex guard_;
    std::vector<bequest> bequests_;
};

}  // namespace cardea::detail
