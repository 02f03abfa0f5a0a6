// Hand-made call records for the ladder's tests: each line one call, in microseconds, as a recorder would have kept it.
#pragma once

#include <cardea/ladder.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ladder_test {

/// What a call was given and gave, beside its kind and its times.
struct about {
    std::uint64_t socket = 0;
    std::string who = {};
    std::string local = {};
    std::string peer = {};
    std::size_t asked = 0;
    std::size_t bytes = 0;
    std::uint64_t made = 0;
    std::error_code result = {};
};

class script {
  public:
    script& call(cardea::call_kind kind, std::int64_t begin_us, std::int64_t end_us, const about& a) {
        auto record = unreturned(kind, begin_us, a);
        record.ended = true;
        record.end_ns = epoch_ns + end_us * 1000;
        record.bytes = a.bytes;
        record.made = a.made;
        record.result = a.result;
        records_.push_back(record);
        return *this;
    }
    /// One that had not returned when the record was taken.
    script& waiting(cardea::call_kind kind, std::int64_t begin_us, const about& a) {
        records_.push_back(unreturned(kind, begin_us, a));
        return *this;
    }
    [[nodiscard]] const std::vector<cardea::call_record>& records() const { return records_; }
    [[nodiscard]] std::string draw(std::size_t width = 80, bool ascii = false) const {
        return "\n" + cardea::draw_ladder(records_, {.width = width, .ascii = ascii});
    }

  private:
    // Not zero: the ladder's times are from its first call, whatever the clock says.
    static constexpr std::int64_t epoch_ns = 7'000'000'000;

    static cardea::call_record unreturned(cardea::call_kind kind, std::int64_t begin_us, const about& a) {
        cardea::call_record record;
        record.kind = kind;
        record.socket = a.socket;
        record.who = a.who;
        if (!a.local.empty()) record.local = cardea::endpoint::parse(a.local);
        if (!a.peer.empty()) record.peer = cardea::endpoint::parse(a.peer);
        record.asked = a.asked;
        record.begin_ns = epoch_ns + begin_us * 1000;
        return record;
    }

    std::vector<cardea::call_record> records_;
};

/// Every line of a drawing is at most that many code points wide.
inline std::size_t widest_line(std::string_view utf8) {
    std::size_t widest = 0;
    std::size_t columns = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        columns = c == '\n' ? 0 : columns + ((byte & 0xC0) != 0x80 ? 1 : 0);
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

}  // namespace ladder_test
