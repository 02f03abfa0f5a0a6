// Metrics as text for Prometheus: its exposition format, version 0.0.4, and its rules for names (base units, "_total").
#include <cardea/metrics.hpp>
#include <charconv>
#include <string>
#include <string_view>

namespace cardea {

namespace {

std::string seconds(std::chrono::nanoseconds t) {
    std::array<char, 32> text{};
    const double s = std::chrono::duration<double>(t).count();
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), s).ptr};
}

// Backslash, quote and line feed are escaped in a label's value.
std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

std::string label(std::string_view name, std::string_view value) {
    return std::string(name) + "=\"" + escaped(value) + "\"";
}

class page {
  public:
    /// Begins a metric: its samples follow.
    page& metric(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
        text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
        return *this;
    }
    page& sample(const std::string& labels, const std::string& value, std::string_view suffix = {}) {
        text_.append(name_).append(suffix);
        if (!labels.empty()) text_.append("{").append(labels).append("}");
        text_.append(" ").append(value).append("\n");
        return *this;
    }
    page& sample(const std::string& labels, std::uint64_t value, std::string_view suffix = {}) {
        return sample(labels, std::to_string(value), suffix);
    }
    page& sample(std::uint64_t value) { return sample({}, value); }
    [[nodiscard]] std::string&& text() noexcept { return std::move(text_); }

  private:
    std::string name_;
    std::string text_;
};

std::string kind_label(call_kind kind) { return label("call", to_string(kind)); }

void write_sockets(page& out, const metrics& m) {
    out.metric("cardea_open_sockets", "gauge", "Sockets that are open now.").sample(m.open_sockets);
    out.metric("cardea_sockets_opened_total", "counter", "Sockets opened, accepted and adopted.")
        .sample(m.sockets_opened);
    out.metric("cardea_sent_bytes_total", "counter", "Payload bytes sent.").sample(m.bytes_sent);
    out.metric("cardea_received_bytes_total", "counter", "Payload bytes received.").sample(m.bytes_received);
    out.metric("cardea_accept_pauses_total", "counter", "Pauses of servers for want of descriptors or memory.")
        .sample(m.accept_pauses);
}

void write_calls(page& out, const metrics& m) {
    out.metric("cardea_calls_total", "counter", "Socket calls that have ended.");
    for (std::size_t i = 0; i < call_kinds; ++i) out.sample(kind_label(static_cast<call_kind>(i)), m.calls[i].calls);
    out.metric("cardea_call_failures_total", "counter", "Socket calls that have failed, by call and error.");
    for (const failure_metrics& f : m.failures) {
        out.sample(kind_label(f.kind) + "," + label("category", f.error.category().name()) + "," +
                       label("code", std::to_string(f.error.value())) + "," + label("error", f.error.message()),
                   f.count);
    }
    if (m.other_failures > 0) out.sample(label("call", "other"), m.other_failures);
}

void write_loops(page& out, const metrics& m) {
    const auto each = [&](auto value) {
        for (const loop_metrics& l : m.loops) {
            out.sample(label("loop", std::to_string(l.number)) + "," + label("network", l.network), value(l));
        }
    };
    out.metric("cardea_loop_fibers", "gauge", "Fibers of a loop that are alive.");
    each([](const loop_metrics& l) { return l.fibers; });
    out.metric("cardea_loop_sockets", "gauge", "Open sockets of a loop.");
    each([](const loop_metrics& l) { return l.sockets; });
    out.metric("cardea_fiber_switches_total", "counter", "Switches of fibers, on all loops.").sample(m.loop_switches);
    out.metric("cardea_loop_waits_total", "counter", "Looks at the network, of all loops.").sample(m.loop_waits);
    out.metric("cardea_loop_latency_seconds", "histogram",
               "How long fibers ran between two looks at the network, on all loops.");
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i + 1 < m.turns.counts.size(); ++i) {
        so_far += m.turns.counts[i];
        out.sample(label("le", seconds(duration_metrics::bound(i))), so_far, "_bucket");
    }
    out.sample(label("le", "+Inf"), m.turns.count(), "_bucket");
    out.sample({}, seconds(m.turns.sum), "_sum");
    out.sample({}, m.turns.count(), "_count");
    out.metric("cardea_loop_latency_longest_seconds", "gauge", "The longest of these, since the process began.")
        .sample({}, seconds(m.turns.longest));
}

}  // namespace

std::string to_prometheus(const metrics& of) {
    page out;
    write_sockets(out, of);
    write_calls(out, of);
    write_loops(out, of);
    return out.text();
}

}  // namespace cardea
