// What has been sent and not yet acknowledged: runs of sequence space with their send times and fates. Answers RFC
// 6675's questions (pipe, IsLost, NextSeg) and carries what RACK (RFC 8985) needs. Runs may be many MSS long (GSO) and
// are split only on MSS boundaries, so that the list is never longer than the window has segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stack/memory_budget.hpp"
#include "stack/tcp/config.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

struct sent_run {
    sequence begin, end;
    time_ns sent_at = 0;           ///< the latest transmission
    std::uint16_t wire_bytes = 0;  ///< payload of each wire segment of that transmission
    bool sacked = false;
    bool lost = false;         ///< taken for lost; not in flight unless resent
    bool resent = false;       ///< a retransmission of it is in flight
    bool ever_resent = false;  ///< Karn: gives no round-trip sample

    std::uint32_t size() const { return distance(begin, end); }
};

/// What one acknowledgement has told.
struct delivery {
    std::uint32_t acked = 0;                ///< bytes that SND.UNA moved by
    std::uint32_t sacked = 0;               ///< bytes newly reported by SACK
    std::uint32_t delivered = 0;            ///< bytes that are newly known to have arrived
    std::optional<time_ns> sample_sent_at;  ///< when the newest never-resent byte that arrived was sent
    time_ns newest_sent_at = -1;            ///< RACK: the latest transmission among those delivered; -1: none
    sequence newest_end;
    std::optional<sequence> lowest_original_end;  ///< RACK: of the runs delivered and never resent
    bool newest_resent = false;
    bool resent_acked = false;  ///< a resent run was among those acknowledged
};

class scoreboard {
  public:
    void start(sequence first, memory_budget* budget = nullptr) {
        una_ = high_sacked_ = first;
        charge_ = memory_charge{budget};
    }
    void clear();
    /// Gives back its memory when nothing is outstanding.
    void trim() {
        if (!empty()) return;
        std::vector<sent_run>{}.swap(runs_);
        head_ = 0;
        charge_.set(0);
    }

    /// More runs than this are not taken on: new data waits for acknowledgements.
    static constexpr std::size_t max_runs = 65'536;

    /// Makes room for so many more runs: one for sent(), two for resent(). False: there is no memory, and nothing has
    /// changed.
    bool make_room(std::size_t more);

    bool empty() const { return head_ == runs_.size(); }
    bool full() const { return run_count() >= max_runs; }
    std::size_t run_count() const { return runs_.size() - head_; }
    std::size_t memory() const { return runs_.capacity() * sizeof(sent_run); }
    sequence una() const { return una_; }
    sequence high_sacked() const { return high_sacked_; }  ///< the end of the highest SACKed run
    std::uint32_t outstanding() const { return outstanding_; }
    std::uint32_t sacked() const { return sacked_; }
    std::uint32_t lost() const { return lost_; }
    /// RFC 6675's pipe: outstanding, less SACKed, less lost, plus resent.
    std::uint32_t pipe() const { return outstanding_ - sacked_ - lost_ + resent_; }
    std::span<sent_run const> runs() const { return {runs_.data() + head_, run_count()}; }

    void sent(sequence begin, sequence end, std::uint16_t wire_bytes, time_ns now);
    void acknowledge(sequence una, delivery& d);
    /// Takes in one SACK block, already checked to lie within what is outstanding.
    void apply_sack(sack_block const& block, delivery& d);
    /// Forgets SACKs: the receiver may have reneged (RFC 2018 section 8).
    void forget_sacks();

    /// RFC 6675 IsLost(): marks lost what has 3 discontiguous SACKed runs or over 2 MSS SACKed above it.
    void mark_lost_below_sacks(std::uint32_t mss);
    /// Whether IsLost(SND.UNA) holds.
    bool first_is_lost(std::uint32_t mss) const;
    /// Marks the first unacknowledged bytes lost, up to an MSS.
    void mark_first_lost(std::uint32_t mss);
    /// After a timeout: everything not SACKed is lost, retransmissions included.
    void mark_all_lost();
    /// A smaller path MTU: what was sent in larger segments is lost. True if anything was.
    bool mark_larger_lost(std::uint32_t mss);
    /// RACK: marks runs sent so long before the newest delivery that `window` of reordering does not excuse them.
    /// Returns how long until the next one would be, or 0.
    time_ns mark_lost_by_time(time_ns newest_sent_at, sequence newest_end, time_ns deadline_span, time_ns now);

    /// The first lost run that waits for retransmission, cut to at most `limit` bytes (a multiple of mss).
    std::optional<sent_run> next_lost(std::uint32_t limit);
    /// RFC 6675 NextSeg rule 3: the first run below the highest SACK that was never resent in this recovery.
    std::optional<sent_run> next_unsacked(std::uint32_t limit);
    /// The last run not SACKed, cut to its last MSS (rescue, tail probe).
    std::optional<sent_run> last_unsacked(std::uint32_t mss);
    void resent(sequence begin, sequence end, std::uint16_t wire_bytes, time_ns now);

  private:
    using iterator = std::vector<sent_run>::iterator;
    iterator first() { return runs_.begin() + static_cast<std::ptrdiff_t>(head_); }
    iterator find(sequence at);
    iterator split(iterator run, sequence at);
    void account_removal(sent_run const& r, delivery& d);
    void note_delivery(sent_run const& r, delivery& d) const;
    void compact();
    void mark_lost(sent_run& r);

    std::vector<sent_run> runs_;  ///< ascending, contiguous from una_; those before head_ are gone
    std::size_t head_ = 0;
    sequence una_;
    sequence high_sacked_;
    memory_charge charge_;
    std::uint32_t outstanding_ = 0, sacked_ = 0, lost_ = 0, resent_ = 0;
};

}  // namespace cardea::stack::tcp
