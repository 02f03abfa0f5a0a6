// Received bytes: those in order, waiting to be read, and those beyond a gap, in their place in the same ring, with the
// list of what has arrived there and in which order it did (for SACK, RFC 2018 and RFC 2883). Its memory is bounded by
// the window that the connection announces and by the host's budget; the list has a bound of its own.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "stack/tcp/byte_ring.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

class receive_buffer {
  public:
    /// More separate runs than this beyond the gap are not kept: the sender resends what was dropped.
    static constexpr std::size_t max_runs = 512;

    void charge_to(memory_budget* budget) { ring_.charge_to(budget); }
    void start(sequence first) { next_ = first; }

    /// The first byte not yet received in order: RCV.NXT, but for SYN and FIN.
    sequence next() const { return next_; }
    std::uint32_t readable() const { return readable_; }
    std::uint32_t out_of_order() const;
    bool has_gap() const { return !runs_.empty(); }
    std::size_t run_count() const { return runs_.size(); }

    struct outcome {
        std::uint32_t advanced = 0;           ///< bytes that next() moved by
        bool filled_gap = false;              ///< it moved over or beside bytes held out of order
        bool out_of_order = false;            ///< the bytes lie beyond a gap
        bool refused = false;                 ///< there was no memory for some of it: it is as if lost
        std::optional<sack_block> duplicate;  ///< bytes that had been received before (RFC 2883)
    };
    /// Takes in payload that begins at `seq`; what lies at or beyond `limit` is left out.
    outcome insert(sequence seq, payload_view const& payload, sequence limit);

    /// The blocks to report, most recently changed first; returns how many were written.
    std::size_t sack_blocks(std::span<sack_block> out) const;

    payload_view view() const { return ring_.view(0, readable_); }
    std::size_t peek(std::span<std::byte> into) const;
    void consume(std::uint32_t n);
    /// Forgets what is beyond the gap, and gives back the ring when nothing is left in it.
    void drop_out_of_order();
    void clear();
    void trim() {
        if (readable_ == 0 && runs_.empty()) ring_.release();
    }
    std::size_t memory() const { return ring_.capacity() + runs_.capacity() * sizeof(sack_block); }
    /// How much more it can hold for sure, and whether it may grow besides.
    std::size_t sure_room() const { return ring_.sure_capacity() - readable_; }
    bool may_grow() const { return ring_.may_grow(memory_need::comfort); }
    /// As drop_out_of_order(), and gives back what the rest does not need: for others (RFC 2018 section 8).
    void prune() {
        drop_out_of_order();
        ring_.shrink(readable_);
    }

  private:
    bool make_room(sequence seq, std::uint32_t& length, outcome& out);
    void store(sequence seq, payload_view const& payload, std::uint32_t skip, std::uint32_t length);
    bool add_run(sequence left, sequence right, outcome& out);
    void absorb_runs(outcome& out);
    void note_recent(sequence left);

    byte_ring ring_;  ///< front is next_ - readable_
    sequence next_;
    std::uint32_t readable_ = 0;
    std::vector<sack_block> runs_;                    ///< beyond next_, ascending, never touching
    std::array<sequence, max_sack_blocks> recent_{};  ///< a byte in each run lately changed, latest first
    std::size_t recent_count_ = 0;
};

}  // namespace cardea::stack::tcp
