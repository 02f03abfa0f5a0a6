// The ladder: the textbook's two-sided picture of what happened. Record the calls, then draw them.
#pragma once

#include <cardea/trace.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace cardea {

/// A call_event that can be kept. See there for what the fields mean.
struct call_record {
    call_kind kind = call_kind::socket;  ///< as call_event has it
    std::uint64_t socket = 0;            ///< as call_event has it
    std::uint64_t made = 0;              ///< as call_event has it
    std::string who;                     ///< as call_event has it
    endpoint local;                      ///< as call_event has it
    endpoint peer;                       ///< as call_event has it
    std::size_t asked = 0;               ///< as call_event has it
    std::size_t bytes = 0;               ///< as call_event has it
    std::int64_t begin_ns = 0;           ///< as call_event has it
    std::int64_t end_ns = 0;             ///< as call_event has it
    std::error_code result;              ///< as call_event has it
    bool ended = false;                  ///< false: it had not returned when the record was taken
    std::uint64_t begin_order = 0;       ///< its place among everything the recorder saw; breaks ties of the clock
    std::uint64_t end_order = 0;         ///< likewise
};

/// An observer that remembers the calls it sees, up to a bound; what comes after is counted and dropped. Thread-safe.
///
///     call_recorder recorder;
///     auto* before = observe_calls(&recorder);
///     ...
///     observe_calls(before);
///     std::cout << draw_ladder(recorder.records());
class call_recorder final : public call_observer {
  public:
    explicit call_recorder(std::size_t capacity = 4096);  ///< `capacity`: the bound, in calls.

    void call_begins(const call_event& call) noexcept override;  ///< As call_observer has it.
    void call_ended(const call_event& call) noexcept override;   ///< As call_observer has it.

    /// The calls so far, in the order they began.
    [[nodiscard]] std::vector<call_record> records() const;
    /// Calls that found no room.
    [[nodiscard]] std::size_t dropped() const noexcept;

  private:
    mutable std::mutex guard_;
    std::vector<call_record> records_;
    std::vector<std::size_t> pending_;  // begun and not ended: few, so a search is cheap
    std::size_t capacity_;
    std::size_t dropped_ = 0;
    std::uint64_t order_ = 0;
};
/// How a ladder is drawn.
struct ladder_options {
    std::size_t width = 80;  ///< columns; less than 60 is taken as 60
    bool ascii = false;      ///< 7-bit characters only
};

/// Draws the calls as lines of UTF-8 text: clients on the left, servers on the right, time downwards. Each call stands
/// in the gutter of its side; one that did not return at once is a bar down to its return. Arrows are what crossed:
/// bytes matched by their place in the stream, datagrams by their endpoints, the end of a stream. Sockets that listened
/// or were accepted, and datagram sockets that were bound, are the server's. The same records give the same text.
std::string draw_ladder(const std::vector<call_record>& calls, const ladder_options& options = {});

}  // namespace cardea
