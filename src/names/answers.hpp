// What a look-up of a name's addresses has found so far, and from when on a race may begin with it (RFC 8305 section
// 3).
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/network.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace cardea::detail {

struct failed_look_up {
    family of = family::unspecified;  ///< unspecified: of all addresses
    std::error_code error;
    std::int64_t end_ns = 0;
};

/// Of whoever made it, and not longer there than that. Times are those of the caller's clock.
class answers {
  public:
    /// `only`: of one family alone. `first`: whose addresses are waited for, so long once others have come;
    /// unspecified: those that the host prefers.
    answers(std::string host, std::uint16_t port, family only, family first, std::chrono::nanoseconds resolution_delay)
        : host_(std::move(host)), port_(port), only_(only), first_(first), resolution_delay_(resolution_delay) {}

    /// Begins, and waits until a race may begin with what was `found`, which may be nothing. Error: errc::timed_out,
    /// errc::cancelled. May be called again.
    std::error_code wait(std::vector<endpoint>& found);
    /// Takes in what has come, without waiting; gives what there is of it to try.
    std::vector<endpoint> take(std::int64_t now_ns);

    /// Nothing more will come.
    [[nodiscard]] bool is_over() const noexcept { return begun_ && (!under_way_ || under_way_->is_over()); }
    /// When to look again; the greatest number: whoever began the look-up is unparked then.
    [[nodiscard]] std::int64_t next_ns() const noexcept;
    /// Whose addresses come first; unspecified: those of the best one.
    [[nodiscard]] family first() const noexcept;
    /// What failed, and if it was `interrupted`, what it still waited for. That a family has no addresses is a failure
    /// only if nothing else is known.
    [[nodiscard]] std::vector<failed_look_up> failures(std::error_code interrupted, std::int64_t now_ns) const;

  private:
    std::error_code begin();
    void note(const found_addresses& answer, std::int64_t now_ns);
    [[nodiscard]] bool has_answered(family f) const noexcept;
    [[nodiscard]] std::int64_t race_begins_ns() const noexcept;

    const std::string host_;
    const std::uint16_t port_;
    const family only_;
    const family first_;
    const std::chrono::nanoseconds resolution_delay_;
    bool begun_ = false;
    std::unique_ptr<address_look_up> under_way_;
    found_addresses at_once_;       // where the network has no look-ups under way
    std::vector<family> answered_;  // in the order in which they did
    std::vector<failed_look_up> failed_;
    bool found_any_ = false;
    std::int64_t found_ns_ = 0;  // when the first addresses came
};

}  // namespace cardea::detail
