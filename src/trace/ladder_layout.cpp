// Fits a ladder into a width: what the gutters need first, then the labels of the arrows, then comfort.
#include "trace/ladder_layout.hpp"

#include <algorithm>
#include <array>

#include "trace/canvas.hpp"

namespace cardea::trace {

namespace {

constexpr std::size_t least_middle = 14;
constexpr std::size_t most_middle = 44;
constexpr std::size_t label_margin = 8;

/// A pause worth a mark: much longer than is usual in this ladder.
constexpr std::int64_t least_gap_ns = 1'000'000;
constexpr std::int64_t gap_factor = 10;

std::vector<std::int64_t> find_gaps(const std::vector<std::int64_t>& moments) {
    std::vector<std::int64_t> steps;
    for (std::size_t i = 1; i < moments.size(); ++i) steps.push_back(moments[i] - moments[i - 1]);
    std::vector<std::int64_t> gaps(moments.size(), 0);
    if (steps.empty()) return gaps;
    auto sorted = steps;
    std::sort(sorted.begin(), sorted.end());
    const auto usual = sorted[sorted.size() / 2];
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i] >= least_gap_ns && steps[i] / gap_factor >= usual) gaps[i + 1] = steps[i];
    }
    return gaps;
}

/// Gives each call the lowest slot that is free from its beginning on; a call of one line stands clear of every bar.
void choose_slots(const ladder_model& model, std::vector<placed_call>& placed) {
    std::array<std::vector<std::size_t>, 2> busy_until;  // by side and slot: the moment its call returned
    for (std::size_t i = 0; i < placed.size(); ++i) {
        const auto& call = model.calls[i];
        auto& slots = busy_until[static_cast<std::size_t>(call.at)];
        const auto is_free = [&](std::size_t until) { return until < call.begin; };
        while (!slots.empty() && is_free(slots.back())) slots.pop_back();
        auto slot = slots.size();
        if (call.end != call.begin) {
            const auto found = std::find_if(slots.begin(), slots.end(), is_free);
            slot = static_cast<std::size_t>(found - slots.begin());
            if (slot == slots.size()) slots.push_back(0);
            slots[slot] = call.end;
        }
        placed[i].slot = slot;
    }
}

std::vector<placed_call> place_calls(const ladder_model& model) {
    std::vector<placed_call> placed;
    for (const auto& call : model.calls) {
        placed_call p{.at = call.at, .text = decode(call.text), .result = decode(call.result)};
        p.returned = call.end != never;
        p.one_line = call.end == call.begin;
        if (p.returned && !p.one_line && p.result.empty()) p.result = U"= ok";
        if (!p.returned) p.result = U"(did not return)";
        placed.push_back(std::move(p));
    }
    choose_slots(model, placed);
    return placed;
}

/// Columns of a gutter that hold a call, the blank at the lifeline included.
std::size_t columns_of(const placed_call& call, bool joined) {
    const auto bars = call.slot * bar_columns + 1;
    if (joined && call.one_line && !call.result.empty()) return bars + call.text.size() + 1 + call.result.size();
    return bars + std::max(call.text.size(), call.result.size());
}

void choose_columns(const ladder_model& model, std::size_t width, layout& out) {
    std::array<std::size_t, 2> least{1 + decode(model.names[0]).size(), 1 + decode(model.names[1]).size()};
    auto comfort = least;
    for (const auto& call : out.calls) {
        const auto s = static_cast<std::size_t>(call.at);
        least[s] = std::max(least[s], columns_of(call, false));
        comfort[s] = std::max(comfort[s], columns_of(call, true));
    }
    std::size_t label = 0;
    for (const auto& c : model.crossings) label = std::max(label, decode(c.label).size());
    const auto available = width - time_columns - 2;
    while (least[0] + least[1] + least_middle > available) --(least[0] > least[1] ? least[0] : least[1]);
    auto spare = available - least[0] - least[1];
    out.middle = std::min(spare, std::clamp(label + label_margin, least_middle, most_middle));
    spare -= out.middle;
    for (const std::size_t s : {0U, 1U}) {
        const auto more = comfort[s] - std::min(comfort[s], least[s]);
        if (more > spare) continue;
        least[s] += more;
        spare -= more;
    }
    out.middle = std::min(most_middle, out.middle + spare);
    out.left = least[0];
    out.right = least[1];
}

void choose_rows(const ladder_model& model, layout& out) {
    out.gap_before = find_gaps(model.moments);
    std::vector<std::size_t> height(model.moments.size(), 1);
    for (std::size_t i = 0; i < out.calls.size(); ++i) {
        auto& call = out.calls[i];
        const auto room = call.at == side::client ? out.left : out.right;
        if (!call.one_line || columns_of(call, true) <= room) continue;
        call.one_line = false;
        height[model.calls[i].begin] = 2;
    }
    std::size_t row = 0;
    for (std::size_t m = 0; m < model.moments.size(); ++m) {
        if (out.gap_before[m] != 0) ++row;
        out.row_of.push_back(row);
        row += height[m];
    }
    for (std::size_t i = 0; i < out.calls.size(); ++i) {
        auto& call = out.calls[i];
        const auto& shown = model.calls[i];
        call.first_row = out.row_of[shown.begin];
        if (call.one_line) {
            call.last_row = call.first_row;
        } else if (call.returned) {
            call.last_row = out.row_of[shown.end] + (shown.end == shown.begin ? 1 : 0);
        } else {
            call.last_row = row++;
        }
    }
    out.rows = row;
}

}  // namespace

std::size_t layout::left_line() const noexcept { return time_columns + left; }
std::size_t layout::right_line() const noexcept { return left_line() + 1 + middle; }

layout lay_out(const ladder_model& model, std::size_t width) {
    layout out;
    out.calls = place_calls(model);
    choose_columns(model, width, out);
    choose_rows(model, out);
    return out;
}

}  // namespace cardea::trace
