// Draws a ladder's model as text: time, gutters, lifelines, arrows.
#include <algorithm>
#include <cardea/ladder.hpp>
#include <cstdio>

#include "trace/canvas.hpp"
#include "trace/ladder_layout.hpp"
#include "trace/ladder_model.hpp"

namespace cardea {

namespace {

using trace::canvas;
using trace::crossing;
using trace::crossing_kind;
using trace::layout;
using trace::never;
using trace::placed_call;
using trace::side;

constexpr std::size_t least_width = 60;
/// Rows above the first moment: the names.
constexpr std::size_t head = 1;

/// As many digits as say something, in at most 7 columns.
std::string milliseconds(std::int64_t ns, std::int64_t span_ns) {
    char text[32];
    const int digits = span_ns < 1'000'000'000 ? 3 : span_ns < 100'000'000'000 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f", digits, static_cast<double>(ns) / 1e6);
    return text;
}

class text_ladder {
  public:
    text_ladder(const trace::ladder_model& model, std::size_t width)
        : model_(model), place_(trace::lay_out(model, width)), sheet_(width, head + place_.rows) {}

    canvas draw() {
        draw_lifelines();
        draw_times();
        for (const auto& call : place_.calls) draw_bar(call);
        for (const auto& call : place_.calls) draw_call(call);
        for (const auto& c : model_.crossings) draw_crossing(c);
        for (const auto& c : model_.crossings) draw_label(c);
        return std::move(sheet_);
    }

  private:
    void draw_lifelines() {
        for (std::size_t row = 0; row < place_.rows; ++row) {
            sheet_.at(head + row, place_.left_line()) = U'│';
            sheet_.at(head + row, place_.right_line()) = U'│';
        }
        write_in_gutter(0, side::client, 0, trace::decode(model_.names[0]));
        write_in_gutter(0, side::server, 0, trace::decode(model_.names[1]));
        write_right(0, trace::time_columns - 1, U"ms");
    }

    void draw_times() {
        for (std::size_t m = 0; m < model_.moments.size(); ++m) {
            const auto row = head + place_.row_of[m];
            const auto span = model_.moments.back();
            write_right(row, trace::time_columns - 1, trace::decode(milliseconds(model_.moments[m], span)));
            if (place_.gap_before[m] == 0) continue;
            write_right(row - 1, trace::time_columns - 1, U"⋮");
            sheet_.at(row - 1, place_.left_line()) = U'⋮';
            sheet_.at(row - 1, place_.right_line()) = U'⋮';
        }
    }

    void draw_bar(const placed_call& call) {
        for (auto row = call.first_row + 1; row < call.last_row; ++row) {
            write_in_gutter(head + row, call.at, call.slot, U"┆");
        }
    }

    void draw_call(const placed_call& call) {
        auto first = call.text;
        if (call.one_line && !call.result.empty()) first += U" " + call.result;
        write_in_gutter(head + call.first_row, call.at, call.slot, first);
        touch_lifeline(call.first_row, call.at);
        if (call.one_line) return;
        write_in_gutter(head + call.last_row, call.at, call.slot, call.result);
        if (call.returned) touch_lifeline(call.last_row, call.at);
    }

    void touch_lifeline(std::size_t row, side at) {
        const bool left = at == side::client;
        sheet_.at(head + row, left ? place_.left_line() : place_.right_line()) = left ? U'┤' : U'├';
    }

    /// The client's gutter mirrors the server's: both grow away from their lifelines.
    void write_in_gutter(std::size_t row, side at, std::size_t slot, std::u32string_view text) {
        const auto offset = 1 + slot * trace::bar_columns;
        const auto columns = at == side::client ? place_.left : place_.right;
        if (offset >= columns) return;
        const auto room = columns - offset;
        const auto start = at == side::client ? place_.left_line() - offset - std::min(room, text.size())
                                              : place_.right_line() + 1 + offset;
        sheet_.write(row, start, text, room);
    }

    void write_right(std::size_t row, std::size_t end, std::u32string_view text) {
        const auto n = std::min(end, text.size());
        sheet_.write(row, end - n, text, n);
    }

    /// The cell `step` columns from the lifeline of `from`, towards the other.
    char32_t& between(std::size_t row, side from, std::size_t step) {
        const auto column = from == side::client ? step : place_.middle - 1 - step;
        return sheet_.at(head + row, place_.left_line() + 1 + column);
    }

    void line(std::size_t row, side from, std::size_t first, std::size_t beyond, bool inferred) {
        for (auto step = first; step < beyond; ++step) {
            auto& cell = between(row, from, step);
            if (cell == U' ') cell = inferred ? U'┄' : U'─';
        }
    }

    void slant(std::size_t row, side from, std::size_t step, bool moves) {
        auto& cell = between(row, from, step);
        const char32_t mine = !moves ? U'╎' : from == side::client ? U'╲' : U'╱';
        const bool meets = (cell == U'╲' || cell == U'╱') && cell != mine && moves;
        cell = meets ? U'╳' : mine;
    }

    /// Rows from where crossings that left together left to where the last of them arrived.
    std::size_t longest_way(const crossing& c) const {
        std::size_t rows = 0;
        for (const auto& other : model_.crossings) {
            if (other.left != c.left || other.from != c.from || other.arrived == never) continue;
            rows = std::max(rows, place_.row_of[other.arrived] - place_.row_of[c.left]);
        }
        return rows;
    }

    /// The longest of its labels that leaves the arrow a line and a head; none, if none does.
    std::u32string label_of(const crossing& c) const {
        const std::size_t around = c.left == c.arrived ? 5 : 7;
        for (const auto& label : {trace::decode(c.label), trace::decode(c.brief)}) {
            if (!label.empty() && label.size() + around <= place_.middle) return U" " + label + U" ";
        }
        return {};
    }

    /// Columns of line between the sender's lifeline and the label.
    std::size_t before_label(const crossing& c, std::size_t label_size) const {
        const auto rest = place_.middle - label_size;
        if (c.left == c.arrived) return rest / 2;
        return rest > 8 ? 2 : 1;
    }

    void draw_crossing(const crossing& c) {
        const auto first = place_.row_of[c.left];
        const auto end = place_.middle - 1;  // the step of an arrow's head
        const auto label = label_of(c).size();
        const auto past_label = before_label(c, label) + label;
        if (c.arrived == never) {
            line(first, c.from, 0, past_label, c.inferred);
            between(first, c.from, past_label) = c.kind == crossing_kind::request ? U'✗' : U'…';
            return;
        }
        const auto head_shape = c.from == side::client ? U'▶' : U'◀';
        const auto last = place_.row_of[c.arrived];
        if (first == last) {
            line(first, c.from, 0, end, c.inferred);
            between(first, c.from, end) = head_shape;
            return;
        }
        // The bend is in the middle, but past the label and early enough to come down one column a row.
        const auto rows = longest_way(c);
        const auto latest = end - 1;
        auto bend = (place_.middle - std::min(place_.middle, rows)) / 2;
        bend = std::clamp(bend, std::min(past_label, latest - 1), latest - 1);
        line(first, c.from, 0, bend, c.inferred);
        for (auto row = first; row <= last; ++row) {
            const auto step = std::min(bend + (row - first), latest);
            slant(row, c.from, step, row == first || step != std::min(bend + (row - first) - 1, latest));
        }
        line(last, c.from, std::min(bend + (last - first), latest) + 1, end, c.inferred);
        between(last, c.from, end) = head_shape;
    }

    /// Over everything else, reading from left to right whichever way the arrow goes.
    void draw_label(const crossing& c) {
        const auto label = label_of(c);
        const auto before = before_label(c, label.size());
        const auto column = c.from == side::client ? before : place_.middle - before - label.size();
        sheet_.write(head + place_.row_of[c.left], place_.left_line() + 1 + column, label, label.size());
    }

    const trace::ladder_model& model_;
    layout place_;
    canvas sheet_;
};

}  // namespace

std::string draw_ladder(const std::vector<call_record>& calls, const ladder_options& options) {
    if (calls.empty()) return "(no calls)\n";
    const auto model = trace::make_ladder(calls);
    auto text = text_ladder(model, std::max(options.width, least_width)).draw().to_text(options.ascii);
    if (std::any_of(model.crossings.begin(), model.crossings.end(), [](const crossing& c) { return c.inferred; })) {
        text += options.ascii ? "..> inferred from the calls: no packet was seen\n"
                              : "┄┄▶ inferred from the calls: no packet was seen\n";
    }
    return text;
}

}  // namespace cardea
