// See runner.hpp: one line after the other, with the time of the stack in between.
#include "runner.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <memory>
#include <sstream>
#include <utility>

#include "segment.hpp"
#include "sockets.hpp"

namespace script {

namespace {

constexpr nanoseconds origin = 1'000'000'000'000;  // the script's time 0 in the stack's time
constexpr nanoseconds for_ever = std::numeric_limits<nanoseconds>::max();
constexpr nanoseconds millisecond = 1'000'000;

struct free_stack {
    void operator()(cardea_stack* s) const { cardea_stack_free(s); }
    void operator()(cardea_stack_config* c) const { cardea_stack_config_free(c); }
};

struct place {
    std::string file;
    int line = 0;
};

/// A call that must return at a certain time.
struct pending_call {
    place at;
    std::unique_ptr<blocked_call> call;
    nanoseconds until, tolerance;
    std::vector<std::string> expected;
};

class execution {
  public:
    explicit execution(bool trace);
    void run_file(std::string const& path);
    void run_text(std::string const& name, std::string const& text);
    void finish();
    std::string where() const { return place_.file + ":" + std::to_string(place_.line); }

  private:
    struct sent {
        nanoseconds at;
        packet p;
    };
    struct moment {
        nanoseconds at;
        nanoseconds tolerance = 0;
    };

    void run_line(place const& here, std::string const& line);
    void include(place const& here, words& w);
    void configure(words& w);
    void declare_flow(words& w);
    void start();
    moment read_time(words& w);
    void move_to(nanoseconds at);
    void drain();
    void check_calls(bool overdue);
    void nothing_left_over();
    void inject(std::string const& flow_name, words& w);
    void expect(std::string const& flow_name, words& w, moment const& when);
    void expect_one(segment const& s, flow& f, moment const& when);
    void perform(std::string const& verb, words& w, std::string const& new_name);
    flow& find_flow(std::string const& name);
    flow* flow_of(packet const& p);
    std::string describe(sent const& s);
    nanoseconds now() const { return cardea_stack_now(stack_.get()) - origin; }

    std::unique_ptr<cardea_stack_config, free_stack> config_{cardea_stack_config_new()};
    std::unique_ptr<cardea_stack, free_stack> stack_;
    std::unique_ptr<sockets> sockets_;
    std::deque<flow> flows_;
    std::deque<sent> sent_;
    std::vector<pending_call> calls_;
    bool trace_;
    int depth_ = 0;
    place place_;  ///< what a failure is about
};

execution::execution(bool trace) : trace_{trace} {
    for (auto const* a : {"192.0.2.1/24", "2001:db8::1/64"}) cardea_stack_config_set(config_.get(), "address", a);
    cardea_stack_config_set(config_.get(), "start", (std::to_string(origin) + "ns").c_str());
    cardea_stack_config_set(config_.get(), "seed", "1");
}

// --- Declarations

void execution::configure(words& w) {
    if (stack_) throw failure{"the stack is made already: configure it before the first event"};
    while (!w.empty()) {
        auto const word = w.take("name=value");
        auto const equals = std::min(word.find('='), word.size());
        auto const name = word.substr(0, equals);
        auto const value = word.substr(std::min(equals + 1, word.size()));
        if (cardea_stack_config_set(config_.get(), name.c_str(), value.c_str()) == 0) continue;
        throw failure{errno == ENOENT ? "the stack has no \"" + name + "\" to configure"
                                      : "\"" + value + "\" is no value for " + name};
    }
}

void execution::declare_flow(words& w) {
    flow f;
    f.name = w.take("a name");
    if (w.take_if("udp")) f.protocol = IPPROTO_UDP;
    f.local = read_endpoint(w.take("the stack's end"));
    f.remote = read_endpoint(w.take("the peer's end"));
    if (f.local.host.v6 != f.remote.host.v6) throw failure{"a flow has two ends of one IP version"};
    w.expect_end();
    flows_.push_back(std::move(f));
}

void execution::start() {
    if (stack_) return;
    stack_.reset(cardea_stack_new(config_.get()));
    if (!stack_) throw failure{"no stack can be made: " + error_name(errno)};
    sockets_ = std::make_unique<sockets>(stack_.get());
}

flow& execution::find_flow(std::string const& name) {
    if (flows_.empty()) throw failure{"no flow is declared"};
    if (name.empty()) return flows_.front();
    auto const at = std::find_if(flows_.begin(), flows_.end(), [&](auto const& f) { return f.name == name; });
    if (at == flows_.end()) throw failure{"there is no flow \"" + name + "\""};
    return *at;
}

flow* execution::flow_of(packet const& p) {
    auto const fits = [](endpoint const& declared, endpoint const& seen) {
        return declared.host == seen.host && (declared.port == 0 || seen.port == 0 || declared.port == seen.port);
    };
    for (auto& f : flows_)
        if (fits(f.local, p.from) && fits(f.remote, p.to)) return &f;
    return nullptr;
}

// --- Time

/// "+20ms" after the line before, "@1s" after the start; "~5ms" more or less. Without: at the time of the line before.
execution::moment execution::read_time(words& w) {
    auto const start = stack_ ? now() : 0;
    if (w.peek().empty() || (w.peek()[0] != '+' && w.peek()[0] != '@')) return {start};
    auto word = w.take("a time");
    moment m{word[0] == '+' ? start : 0};
    auto const wave = word.find('~');
    if (wave != word.npos) m.tolerance = read_duration(word.substr(wave + 1));
    m.at += read_duration(word.substr(1, wave == word.npos ? word.npos : wave - 1));
    if (m.at < start) throw failure{"it is " + show_duration(start) + " already"};
    return m;
}

/// Time passes, event by event, and nobody is to send meanwhile.
void execution::move_to(nanoseconds at) {
    while (now() < at) {
        auto const next = cardea_stack_next_deadline(stack_.get()) - origin;
        cardea_stack_advance(stack_.get(), std::min(std::max(next, now()), at) + origin);
        drain();
        check_calls(false);
        if (!sent_.empty() && sent_.front().at < at) nothing_left_over();
    }
    for (auto const& c : calls_)
        if (c.until != for_ever && at > c.until + c.tolerance) check_calls(true);
}

void execution::drain() {
    while (auto const size = cardea_stack_packet_size(stack_.get())) {
        std::vector<std::uint8_t> bytes(size);
        cardea_stack_packet about{};
        cardea_stack_take(stack_.get(), bytes.data(), bytes.size(), &about);
        for (auto& p : cut(parse(bytes, about.checksum_partial != 0), about.gso != 0 ? about.gso_size : 0U)) {
            sent_.push_back({about.time_ns - origin, std::move(p)});
            if (trace_) std::cout << "      " << describe(sent_.back()) << '\n';
        }
    }
}

/// Completed calls have completed when, and as, they should. `overdue`: the others too.
void execution::check_calls(bool overdue) {
    for (auto c = calls_.begin(); c != calls_.end();) {
        auto& p = *c;
        bool const done = cardea_stack_call_done(p.call->call) != 0;
        bool const late = overdue && p.until != for_ever && now() > p.until + p.tolerance;
        if (!done && !late) {
            ++c;
            continue;
        }
        place_ = p.at;
        auto const& verb = p.call->verb;
        if (!done) throw failure{verb + " has not returned by " + show_duration(p.until)};
        auto const at = cardea_stack_call_done_at(p.call->call) - origin;
        auto const r = sockets_->finish(*p.call);
        auto const when = verb + " returned " + show(r) + " at " + show_duration(at);
        if (p.until == for_ever) throw failure{when + ", where it should not return at all"};
        if (at < p.until - p.tolerance || at > p.until + p.tolerance)
            throw failure{when + ", where it should at " + show_duration(p.until)};
        if (!matches(r, p.expected)) throw failure{verb + " returned " + contrast(r, p.expected)};
        c = calls_.erase(c);
    }
}

void execution::nothing_left_over() {
    if (!sent_.empty())
        throw failure{"a packet that the script does not expect\n  came      " + describe(sent_.front())};
}

std::string execution::describe(sent const& s) {
    auto const* f = flow_of(s.p);
    auto copy = f != nullptr ? *f : flow{};
    auto const text = show_duration(s.at) + "  ";
    if (f == nullptr) return text + show(s.p.from) + " to " + show(s.p.to) + "  " + show(s.p, copy);
    return text + (flows_.size() > 1 ? f->name + "  " : "") + show(s.p, copy);
}

// --- Packets

void execution::inject(std::string const& flow_name, words& w) {
    auto& f = find_flow(flow_name);
    auto s = read_segment(w);
    if (s.isn) f.peer_isn = *s.isn;
    if (s.data) sockets_->receives_pattern = false;
    if (s.protocol != IPPROTO_ICMP && (f.local.port == 0 || f.remote.port == 0))
        throw failure{"a port of the flow is not known yet"};
    for (unsigned i = 0; i < s.times; ++i) {
        auto const p = make(s, f, static_cast<std::uint32_t>(now() / millisecond) + 1);
        if (s.protocol == IPPROTO_TCP) f.saw_from_peer(p);
        if (trace_) std::cout << "      " << show_duration(now()) << "  in  " << s.text << '\n';
        auto const bytes = emit(p, s.bad_checksum);
        if (cardea_stack_feed(stack_.get(), bytes.data(), bytes.size(), nullptr, now() + origin) != 0)
            throw failure{"the stack does not take the packet: " + error_name(errno)};
        if (s.seq) *s.seq += p.length();
    }
}

void execution::expect(std::string const& flow_name, words& w, moment const& when) {
    auto s = read_segment(w);
    for (unsigned i = 0; i < s.times; ++i) {
        expect_one(s, find_flow(flow_name), when);
        if (s.seq) *s.seq += s.length;
    }
}

void execution::expect_one(segment const& s, flow& f, moment const& when) {
    auto const latest = when.at + when.tolerance;
    while (sent_.empty() && now() < latest) {
        auto const next = cardea_stack_next_deadline(stack_.get()) - origin;
        cardea_stack_advance(stack_.get(), std::min(std::max(next, now()), latest) + origin);
        drain();
        check_calls(false);
    }
    auto const wanted =
        "\n  expected  " + show_duration(when.at) + "  " + (flows_.size() > 1 ? f.name + "  " : "") + s.text;
    if (sent_.empty()) throw failure{"no packet came by " + show_duration(latest) + wanted};
    auto const came = sent_.front();
    auto const two = wanted + "\n  came      " + describe(came);
    if (came.at < when.at - when.tolerance || came.at > latest)
        throw failure{"a packet came " + std::string{came.at < when.at ? "early" : "late"} + two};
    if (flow_of(came.p) != &f) throw failure{"a packet of another flow came" + two};
    auto const wrong = differences(s, came.p, f, sockets_->sends_pattern);
    if (!wrong.empty()) throw failure{"the packet differs in " + wrong + two};
    sent_.pop_front();
    if (came.p.protocol == IPPROTO_TCP || came.p.protocol == IPPROTO_UDP) f.saw_from_stack(came.p);
}

// --- Calls

void execution::perform(std::string const& verb, words& w, std::string const& new_name) {
    auto expected = w.cut_from("=").value_or(std::vector<std::string>{});
    bool const blocks = w.cut_from("blocks").has_value();
    auto const until = w.cut_from("until");
    if (!blocks && !until) {
        auto const r = sockets_->call(verb, w, new_name);
        if (!matches(r, expected)) throw failure{verb + " returned " + contrast(r, expected)};
    } else {
        pending_call p{place_, nullptr, for_ever, 0, std::move(expected)};
        if (until) {
            words t{*until};
            auto const m = read_time(t);
            t.expect_end();
            p.until = m.at, p.tolerance = m.tolerance;
        }
        p.call = sockets_->begin(verb, w, new_name);
        calls_.push_back(std::move(p));
    }
}

// --- Lines

void execution::run_file(std::string const& path) {
    std::ifstream file{path};
    if (!file) throw failure{path + " cannot be read"};
    constexpr int deepest = 4;
    if (++depth_ > deepest) throw failure{"files include one another too deeply"};
    run_text(path, {std::istreambuf_iterator<char>{file}, {}});
    --depth_;
}

void execution::run_text(std::string const& name, std::string const& text) {
    std::istringstream lines{text};
    std::string line;
    place_ = {name, 0};
    for (place here{name, 1}; std::getline(lines, line); ++here.line) run_line(here, line);
}

void execution::include(place const& here, words& w) {
    auto const file = w.take("a file");
    w.expect_end();
    run_file(here.file.substr(0, here.file.rfind('/') + 1) + file);
    place_ = here;
}

void execution::run_line(place const& here, std::string const& line) {
    place_ = here;
    words w{split(line)};
    if (w.empty()) return;
    if (w.take_if("include")) return include(here, w);
    if (w.take_if("stack")) return configure(w);
    if (w.take_if("flow")) return declare_flow(w);
    start();
    auto const when = read_time(w);
    auto verb = w.take("what happens");
    auto const colon = std::min(verb.find(':'), verb.size());
    auto const head = verb.substr(0, colon);
    auto const flow_name = verb.substr(std::min(colon + 1, verb.size()));
    if (head == "out") {
        expect(flow_name, w, when);
        place_ = here;
        return;
    }
    if (when.tolerance != 0) throw failure{"only what the stack does has a tolerance"};
    nothing_left_over();
    move_to(when.at);
    nothing_left_over();
    place_ = here;
    std::string new_name;
    if (w.take_if("=")) new_name = verb, verb = w.take("a call");
    if (trace_) std::cout << show_duration(now()) << "  " << here.line << ": " << line << '\n';
    if (head == "in")
        inject(flow_name, w);
    else if (verb == "info")
        sockets_->check_info(w);
    else if (verb == "nothing")
        w.expect_end();
    else if (sockets::is_call(verb))
        perform(verb, w, new_name);
    else
        throw failure{"\"" + verb + "\" is nothing that can happen"};
    drain();
    check_calls(false);
    place_ = here;
}

void execution::finish() {
    if (!stack_) throw failure{"the script does nothing"};
    nothing_left_over();
    for (auto const& c : calls_) {
        if (c.until == for_ever) continue;
        place_ = c.at;
        throw failure{c.call->verb + " had not returned at the end, " + show_duration(now())};
    }
}

}  // namespace

namespace {

template <typename F>
std::string run_by(bool trace, F&& lines) {
    execution e{trace};
    try {
        lines(e);
        e.finish();
        return {};
    } catch (failure const& f) {
        return e.where() + ": " + f.what();
    }
}

}  // namespace

std::string run(std::string const& path, bool trace) {
    return run_by(trace, [&](execution& e) { e.run_file(path); });
}

std::string run_text(std::string const& name, std::string const& text) {
    return run_by(false, [&](execution& e) { e.run_text(name, text); });
}

}  // namespace script
