// A scripted peer for one connection. See tcp_script.hpp.
#include "tcp_script.hpp"

#include <array>
#include <sstream>

#include "tcp_pair.hpp"

namespace cardea::stack::tcp::test {
namespace {

constexpr std::uint16_t our_port = 1000, peer_port = 2000;

struct wanted {
    std::uint8_t flags = 0;
    bool push_named = false;
    std::uint32_t seq = 0, length = 0;
    std::optional<std::uint32_t> ack, window, mss, shift, urgent, ts_value, ts_echo, gso;
    bool sack_ok = false, no_sack = false, ce = false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sacks;
};

std::uint8_t flags_of(std::string const& text) {
    std::uint8_t f = 0;
    for (char const ch : text) switch (ch) {
            case 'S':
                f |= flag::syn;
                break;
            case 'F':
                f |= flag::fin;
                break;
            case 'R':
                f |= flag::rst;
                break;
            case 'P':
                f |= flag::psh;
                break;
            case 'U':
                f |= flag::urg;
                break;
            case 'E':
                f |= flag::ece;
                break;
            case 'W':
                f |= flag::cwr;
                break;
            case '.':
                f |= flag::ack;
                break;
            default:
                ADD_FAILURE() << "flag " << ch;
        }
    return f;
}

wanted read(std::string_view text) {
    std::istringstream in{std::string{text}};
    wanted w;
    std::string flags, word;
    std::uint32_t end = 0;
    char mark = 0;
    in >> flags >> w.seq >> mark >> end >> mark >> w.length >> mark;
    EXPECT_TRUE(in.good() || in.eof()) << "cannot read: " << text;
    w.flags = flags_of(flags);
    w.push_named = flags.find('P') != std::string::npos;
    std::uint32_t const extra = ((w.flags & flag::syn) != 0 ? 1U : 0U) + ((w.flags & flag::fin) != 0 ? 1U : 0U);
    EXPECT_EQ(w.seq + w.length + extra, end) << "the numbers do not add up: " << text;
    auto number = [&] {
        std::uint32_t n = 0;
        in >> n;
        return n;
    };
    while (in >> word) {
        if (word == "ack")
            w.ack = number();
        else if (word == "win")
            w.window = number();
        else if (word == "mss")
            w.mss = number();
        else if (word == "wscale")
            w.shift = number();
        else if (word == "urg")
            w.urgent = number();
        else if (word == "gso")
            w.gso = number();
        else if (word == "ts")
            w.ts_value = number(), w.ts_echo = number();
        else if (word == "sackok")
            w.sack_ok = true;
        else if (word == "nosack")
            w.no_sack = true;
        else if (word == "ce")
            w.ce = true;
        else if (word == "sack") {
            std::uint32_t const left = number();
            in >> mark;
            w.sacks.emplace_back(left, number());
        } else
            ADD_FAILURE() << "unknown word " << word << " in " << text;
    }
    return w;
}

}  // namespace

script::script(connection_config const& cfg, ip_address const& peer) : config{cfg}, peer_{peer} {}

open_parameters script::parameters() const {
    open_parameters p;
    bool const v6 = peer_.is_v6();
    p.tuple = {{v6 ? ip_address::loopback_v6() : ip_address::v4(192, 0, 2, 1), our_port}, {peer_, peer_port}};
    p.config = config;
    p.iss = ours_;
    p.timestamp_offset = 0;
    p.watcher = const_cast<script*>(this);
    return p;
}

void script::state_changed(connection const&, state, state to, time_ns) {
    if (!states.empty()) states += ' ';
    states += name(to);
}

void script::connect() {
    c = std::make_unique<connection>(connection::connect(parameters(), now));
    collect();
}

void script::accept(std::string_view syn) {
    wanted const w = read(syn);
    segment s;
    s.source_port = peer_port;
    s.destination_port = our_port;
    s.seq = theirs_ + w.seq;
    s.flags = w.flags;
    s.window = static_cast<std::uint16_t>(w.window.value_or(65535));
    if (w.mss) s.options.mss = static_cast<std::uint16_t>(*w.mss);
    if (w.shift) s.options.window_shift = static_cast<std::uint8_t>(*w.shift);
    s.options.sack_permitted = w.sack_ok;
    s.options.has_timestamps = w.ts_value.has_value();
    s.options.ts_value = w.ts_value.value_or(0);
    c = std::make_unique<connection>(connection::accept(parameters(), s, false, now));
    collect();
}

void script::connect_fully(std::string_view options) {
    connect();
    expect("S 0:1(0)");
    in("S. 0:1(0) ack 1 " + std::string{options});
    expect(". 1:1(0) ack 1");
}

void script::accept_fully(std::string_view options) {
    accept("S 0:1(0) " + std::string{options});
    expect("S. 0:1(0) ack 1");
    in(". 1:1(0) ack 1 win 65535");
}

disposition script::in(std::string_view text) {
    wanted const w = read(text);
    std::vector<std::byte> payload(w.length);
    std::uint32_t const first = w.seq + ((w.flags & flag::syn) != 0 ? 1U : 0U) - 1U;
    for (std::uint32_t i = 0; i < w.length; ++i) payload[i] = pattern(false, first + i);
    segment s;
    s.source_port = peer_port;
    s.destination_port = our_port;
    s.seq = theirs_ + w.seq;
    s.ack = ours_ + w.ack.value_or(0);
    s.flags = w.flags;
    s.window = static_cast<std::uint16_t>(w.window.value_or(65535));
    s.urgent = static_cast<std::uint16_t>(w.urgent.value_or(0));
    if (w.mss) s.options.mss = static_cast<std::uint16_t>(*w.mss);
    if (w.shift) s.options.window_shift = static_cast<std::uint8_t>(*w.shift);
    s.options.sack_permitted = w.sack_ok;
    s.options.has_timestamps = w.ts_value.has_value();
    s.options.ts_value = w.ts_value.value_or(0);
    s.options.ts_echo = w.ts_echo.value_or(0);
    for (auto const& [left, right] : w.sacks) s.options.sack.at(s.options.sack_count++) = {ours_ + left, ours_ + right};
    std::vector<std::byte> bytes(max_header_bytes);
    auto const from = peer_, to = c->tuple().local.address;
    s.payload.first = payload;
    bytes.resize(emit(s, from, to, checksum_mode::full, bytes));
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    EXPECT_TRUE(checksum_valid(bytes, from, to));
    auto parsed = parse(bytes);
    EXPECT_TRUE(parsed.has_value());
    parsed->ecn = w.ce ? ecn_codepoint::ce : ecn_codepoint::not_ect;
    parsed->gso_size = static_cast<std::uint16_t>(w.gso.value_or(0));
    disposition const d = c->on_segment(*parsed, now);
    collect();
    return d;
}

void script::collect() {
    segment s;
    for (int guard = 0; c->poll_output(now, s); ++guard) {
        ASSERT_LT(guard, 10'000) << "endless output";
        output o{s, {}, now - start};
        o.payload.assign(s.payload.first.begin(), s.payload.first.end());
        o.payload.insert(o.payload.end(), s.payload.second.begin(), s.payload.second.end());
        outputs_.push_back(std::move(o));
    }
}

std::string script::show(segment const& s, std::size_t length) const {
    std::ostringstream out;
    char const* const letters = "FSRP.UEW";
    for (int bit = 0; bit < 8; ++bit)
        if ((s.flags >> bit & 1) != 0) out << letters[bit];
    std::uint32_t const seq = s.seq.value - ours_.value;
    std::uint32_t const extra = (s.has(flag::syn) ? 1U : 0U) + (s.has(flag::fin) ? 1U : 0U);
    out << ' ' << seq << ':' << seq + length + extra << '(' << length << ')';
    if (s.has(flag::ack)) out << " ack " << s.ack.value - theirs_.value;
    out << " win " << s.window;
    if (s.options.mss) out << " mss " << *s.options.mss;
    if (s.options.window_shift) out << " wscale " << int{*s.options.window_shift};
    if (s.options.sack_permitted) out << " sackok";
    if (s.options.has_timestamps) out << " ts " << s.options.ts_value << ' ' << s.options.ts_echo;
    for (auto const& b : s.options.sack_blocks())
        out << " sack " << b.left.value - theirs_.value << ':' << b.right.value - theirs_.value;
    return out.str();
}

void script::expect(std::string_view text) {
    wanted const w = read(text);
    ASSERT_FALSE(outputs_.empty()) << "nothing was sent; expected " << text;
    output const o = std::move(outputs_.front());
    outputs_.pop_front();
    segment const& s = o.s;
    SCOPED_TRACE("expected " + std::string{text} + "\n     got " + show(s, o.payload.size()) + " at " +
                 std::to_string(o.at / milliseconds) + " ms");
    auto const flags = static_cast<std::uint8_t>(w.push_named ? s.flags : s.flags & ~flag::psh);
    EXPECT_EQ(int{flags}, int{w.flags});
    EXPECT_EQ(s.seq.value - ours_.value, w.seq);
    EXPECT_EQ(o.payload.size(), w.length);
    auto same = [](std::optional<std::uint32_t> const& want, std::optional<std::uint32_t> const& got,
                   char const* what) {
        if (want) {
            EXPECT_EQ(want, got) << what;
        }
    };
    same(w.ack, s.ack.value - theirs_.value, "ack");
    same(w.window, s.window, "win");
    same(w.mss, s.options.mss, "mss");
    same(w.shift, s.options.window_shift, "wscale");
    same(w.urgent, s.urgent, "urg");
    same(w.gso, s.gso_size, "gso");
    same(w.ts_value, s.options.ts_value, "ts value");
    same(w.ts_echo, s.options.ts_echo, "ts echo");
    EXPECT_TRUE(!w.sack_ok || s.options.sack_permitted);
    EXPECT_TRUE(!w.no_sack || s.options.sack_count == 0);
    EXPECT_TRUE(!w.ce || s.ecn == ecn_codepoint::ect0);
    if (!w.sacks.empty()) {
        EXPECT_EQ(s.options.sack_count, w.sacks.size());
        for (std::size_t i = 0; i < std::min<std::size_t>(w.sacks.size(), s.options.sack_count); ++i) {
            EXPECT_EQ(s.options.sack[i].left.value - theirs_.value, w.sacks[i].first);
            EXPECT_EQ(s.options.sack[i].right.value - theirs_.value, w.sacks[i].second);
        }
    }
    std::uint32_t const at = s.seq.value - ours_.value;
    for (std::size_t i = 0; i < o.payload.size(); ++i)
        if (o.payload[i] != pattern(true, at - 1 + i)) {
            ADD_FAILURE() << "wrong byte at " << at + i;
            break;
        }
    last = s;
    last.payload = {};
    last_at = o.at;
}

void script::quiet() {
    EXPECT_TRUE(outputs_.empty()) << "unexpected " << show(outputs_.front().s, outputs_.front().payload.size());
    outputs_.clear();
}

std::size_t script::drop_output() {
    std::size_t const n = outputs_.size();
    outputs_.clear();
    return n;
}

void script::wait(time_ns duration) {
    time_ns const until = now + duration;
    while (c->next_deadline() <= until) {
        now = std::max(now, c->next_deadline());
        c->on_deadline(now);
        collect();
    }
    now = until;
}

void script::send(std::size_t n) {
    std::vector<std::byte> data(n);
    for (std::size_t i = 0; i < n; ++i) data[i] = pattern(true, sent_ + i);
    std::size_t const taken = c->send(data, now);
    EXPECT_EQ(taken, n);
    sent_ += taken;
    collect();
}

void script::send_urgent(std::size_t n) {
    std::vector<std::byte> data(n);
    for (std::size_t i = 0; i < n; ++i) data[i] = pattern(true, sent_ + i);
    sent_ += c->send_urgent(data, now);
    collect();
}

std::size_t script::recv(std::size_t n) {
    std::vector<std::byte> data(n);
    std::size_t const got = c->recv(data, now);
    for (std::size_t i = 0; i < got; ++i)
        if (data[i] != pattern(false, received_ + i)) {
            ADD_FAILURE() << "wrong byte at " << received_ + i;
            break;
        }
    received_ += got;
    collect();
    return got;
}

}  // namespace cardea::stack::tcp::test
