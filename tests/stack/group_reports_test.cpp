// What routers of the link are told of groups, and when: RFC 3376 section 5 and RFC 3810 section 6.
#include <gtest/gtest.h>

#include <algorithm>

#include "packet_builder.hpp"
#include "stack/wire/igmp.hpp"

namespace cardea::stack {
namespace {

using namespace test;

/// A record as text: its kind, its group and its sources.
std::string read_record(bytes_view m, std::size_t& at, bool v4) {
    auto const address = [&](std::size_t from) {
        if (v4) return to_string(ip_address::v4(wire::get32(m, from)));
        std::array<std::uint8_t, 16> a{};
        for (std::size_t i = 0; i < 16; ++i) a[i] = wire::get8(m, from + i);
        return to_string(ip_address::v6(a));
    };
    static constexpr char const* kinds[] = {"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
    std::size_t const size = v4 ? 4 : 16;
    std::size_t const sources = wire::get16(m, at + 2);
    auto said = std::string{kinds[wire::get8(m, at)]} + " " + address(at + 4);
    at += 4 + size;
    for (std::size_t i = 0; i < sources; ++i, at += size) said += " " + address(at);
    return said;
}

std::vector<std::string> read_report(packet const& p) {
    bytes_view const b{p.bytes};
    bool const v4 = wire::get8(b, 0) >> 4 == 4;
    auto const m = b.subspan(v4 ? 24 : 48);
    std::vector<std::string> records;
    std::size_t at = 8;
    for (auto n = wire::get16(m, 6); n != 0; --n) records.push_back(read_record(m, at, v4));
    EXPECT_EQ(at, m.size());
    return records;
}

using said = std::vector<std::string>;

class group_reports : public ::testing::Test {
  protected:
    std::unique_ptr<socket> open(ip_version version = ip_version::v4) {
        auto s = h.it->open_udp(version);
        EXPECT_EQ(s->bind({version == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6(), 0}), error::ok);
        return s;
    }
    static group_choice group(std::string_view of, std::string_view source = {}, std::uint32_t interface = 0) {
        return {ip(of), source.empty() ? ip_address{} : ip(source), interface};
    }
    said heard() {
        said all;
        for (auto const& p : h.poll())
            for (auto const& r : read_report(p)) all.push_back(r);
        return all;
    }
    /// What is said until then, each time with the moment.
    said heard_within(time_ns span, std::vector<time_ns>* when = nullptr) {
        said all;
        auto const end = h.now + span;
        while (h.it->next_deadline() <= end) {
            h.now = std::max(h.now, h.it->next_deadline());
            for (auto const& r : heard()) {
                all.push_back(r);
                if (when != nullptr) when->push_back(h.now);
            }
        }
        h.now = end;
        return all;
    }
    void ask(std::string_view about, std::initializer_list<std::string_view> sources = {}, unsigned tenths = 20,
             unsigned robustness = 2) {
        auto m = octets({0x11, tenths, 0, 0, 0, 0, 0, 0, robustness, 125, 0, static_cast<unsigned>(sources.size())});
        wire::put32(m, 4, ip(about).v4_value());
        for (auto s : sources) {
            m.resize(m.size() + 4);
            wire::put32(m, m.size() - 4, ip(s).v4_value());
        }
        wire::put16(m, 2, wire::internet_checksum(m));
        auto const to = ip(about).is_unspecified() ? "224.0.0.1" : about;
        EXPECT_EQ(h.why_dropped(ipv4(peer4, to, 2, m, [](auto& f) { f.ttl = 1; })), drop_reason::none);
    }
    lone_host h;
};

TEST_F(group_reports, joining_and_leaving_are_told_twice_within_a_second) {
    auto const s = open();
    ASSERT_EQ(s->join_group(group("239.1.2.3"), h.now), error::ok);
    EXPECT_EQ(heard(), said{"TO_EX 239.1.2.3"});
    EXPECT_EQ(heard_within(seconds(1)), said{"TO_EX 239.1.2.3"});
    EXPECT_EQ(h.it->next_deadline(), never);
    ASSERT_EQ(s->leave_group(group("239.1.2.3"), h.now), error::ok);
    EXPECT_EQ(heard(), said{"TO_IN 239.1.2.3"});
    EXPECT_EQ(heard_within(seconds(1)), said{"TO_IN 239.1.2.3"});
    EXPECT_EQ(h.it->next_deadline(), never);
}

TEST_F(group_reports, the_second_member_and_the_last_but_one_are_nobodys_business) {
    auto const one = open();
    auto two = open();
    one->join_group(group("239.1.2.3"), h.now);
    heard_within(seconds(2));
    two->join_group(group("239.1.2.3"), h.now);
    EXPECT_EQ(heard(), said{});
    one->leave_group(group("239.1.2.3"), h.now);
    EXPECT_EQ(heard(), said{});
    two.reset();  // closing leaves
    EXPECT_EQ(heard(), said{"TO_IN 239.1.2.3"});
}

TEST_F(group_reports, sources_come_and_go) {
    auto const s = open();
    s->join_group(group("232.1.1.1", "192.0.2.7"), h.now);
    EXPECT_EQ(heard(), said{"ALLOW 232.1.1.1 192.0.2.7"});
    s->join_group(group("232.1.1.1", "192.0.2.8"), h.now);
    EXPECT_EQ(heard(), said{"ALLOW 232.1.1.1 192.0.2.7 192.0.2.8"}) << "the first is due again";
    heard_within(seconds(2));
    s->leave_group(group("232.1.1.1", "192.0.2.7"), h.now);
    EXPECT_EQ(heard(), said{"BLOCK 232.1.1.1 192.0.2.7"});
    auto const all = open();
    all->join_group(group("232.1.1.1"), h.now);
    EXPECT_EQ(heard(), said{"TO_EX 232.1.1.1"});
    all->leave_group(group("232.1.1.1"), h.now);
    EXPECT_EQ(heard(), said{"TO_IN 232.1.1.1 192.0.2.8"});
}

TEST_F(group_reports, what_is_everybodys_or_of_the_loopback_is_not_told) {
    auto const s = open();
    EXPECT_EQ(s->join_group(group("224.0.0.1"), h.now), error::ok);
    EXPECT_EQ(s->join_group(group("239.1.2.3", {}, 1), h.now), error::ok);
    auto const s6 = open(ip_version::v6);
    EXPECT_EQ(s6->join_group(group("ff02::1"), h.now), error::ok);
    EXPECT_EQ(s6->join_group(group("ff01::7"), h.now), error::ok);
    EXPECT_EQ(heard(), said{});
    ask("0.0.0.0");
    EXPECT_EQ(heard_within(seconds(3)), said{});
}

TEST_F(group_reports, of_ipv6_go_by_mld) {
    auto const s = open(ip_version::v6);
    s->join_group(group("ff15::a"), h.now);
    auto const out = h.poll();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(read_report(out[0]), said{"TO_EX ff15::a"});
    EXPECT_EQ(wire::parse_ipv6(out[0].bytes).header.source,
              ip("::"));  // no link-local address to say it with (RFC 3590)
    s->leave_group(group("ff15::a"), h.now);
    EXPECT_EQ(heard(), said{"TO_IN ff15::a"});
}

TEST_F(group_reports, a_general_query_is_answered_once_with_everything) {
    auto const s = open();
    s->join_group(group("239.1.2.3"), h.now);
    s->join_group(group("232.1.1.1", "192.0.2.7"), h.now);
    heard_within(seconds(2));
    ask("0.0.0.0");
    ask("0.0.0.0");
    EXPECT_EQ(heard_within(seconds(2)), (said{"IS_IN 232.1.1.1 192.0.2.7", "IS_EX 239.1.2.3"}));
    EXPECT_EQ(h.it->next_deadline(), never);
}

TEST_F(group_reports, queries_of_a_group_and_of_sources_are_answered_for_these) {
    auto const s = open();
    s->join_group(group("239.1.2.3"), h.now);
    s->join_group(group("232.1.1.1", "192.0.2.7"), h.now);
    heard_within(seconds(2));
    ask("239.1.2.3");
    EXPECT_EQ(heard_within(seconds(2)), said{"IS_EX 239.1.2.3"});
    ask("232.1.1.1", {"192.0.2.7", "192.0.2.8"});
    EXPECT_EQ(heard_within(seconds(2)), said{"IS_IN 232.1.1.1 192.0.2.7"});
    ask("232.1.1.1", {"192.0.2.8"});
    EXPECT_EQ(heard_within(seconds(2)), said{}) << "of none of these";
}

TEST_F(group_reports, answers_wait_a_random_time_that_the_seed_decides) {
    auto const delays = [](std::uint64_t seed) {
        std::vector<time_ns> after;
        lone_host one{[seed](host_config& c) { c.seed = seed; }};
        auto const s = one.it->open_udp(ip_version::v4);
        s->join_group(group("239.1.2.3"), one.now);
        while (one.it->next_deadline() != never) {
            one.now = std::max(one.now, one.it->next_deadline());
            one.poll();
        }
        for (int i = 0; i < 4; ++i) {
            auto m = octets({0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0});
            wire::put16(m, 2, wire::internet_checksum(m));
            one.it->ingress(ipv4(peer4, "224.0.0.1", 2, m), {}, one.now);
            after.push_back(one.it->next_deadline() - one.now);
            EXPECT_GT(after.back(), 0);
            EXPECT_LE(after.back(), seconds(10));
            one.now = one.it->next_deadline();
            one.poll();
        }
        return after;
    };
    EXPECT_EQ(delays(1), delays(1));
    EXPECT_NE(delays(1), delays(2));
}

TEST_F(group_reports, many_groups_take_several_packets) {
    lone_host wide{[](host_config& c) { c.max_memberships_v4 = 400; }};
    auto const s = wide.it->open_udp(ip_version::v4);
    for (unsigned i = 0; i < 400; ++i)
        ASSERT_EQ(s->join_group({ip_address::v4(0xef010000U + i), {}, 0}, wide.now), error::ok);
    while (wide.it->next_deadline() != never) {
        wide.now = std::max(wide.now, wide.it->next_deadline());
        wide.poll();
    }
    auto m = octets({0x11, 1, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0});
    wire::put16(m, 2, wire::internet_checksum(m));
    wide.it->ingress(ipv4(peer4, "224.0.0.1", 2, m), {}, wide.now);
    wide.now += seconds(1);
    auto const out = wide.poll();
    std::size_t records = 0;
    for (auto const& p : out) {
        EXPECT_LE(p.bytes.size(), 1500U);
        records += read_report(p).size();
    }
    EXPECT_EQ(records, 400U);
    EXPECT_EQ(out.size(), 3U);
}

TEST_F(group_reports, a_query_never_puts_off_what_is_due_sooner) {
    auto const s = open();
    s->join_group(group("239.1.2.3"), h.now);
    heard_within(seconds(2));
    ask("239.1.2.3", {}, 1);
    auto const due = h.it->next_deadline();
    ask("239.1.2.3", {}, 127);
    EXPECT_LE(h.it->next_deadline(), due);
    EXPECT_EQ(heard_within(seconds(13)), said{"IS_EX 239.1.2.3"});
    ask("0.0.0.0", {}, 1);
    ask("239.1.2.3", {}, 127);  // the answer to all is sooner, and says it too
    EXPECT_EQ(heard_within(seconds(13)), said{"IS_EX 239.1.2.3"});
}

TEST_F(group_reports, a_query_of_the_group_covers_one_of_its_sources) {
    auto const s = open();
    s->join_group(group("239.1.2.3"), h.now);
    heard_within(seconds(2));
    ask("239.1.2.3");
    ask("239.1.2.3", {"192.0.2.7"});
    EXPECT_EQ(heard_within(seconds(3)), said{"IS_EX 239.1.2.3"});
    ask("239.1.2.3", {"192.0.2.7"});
    ask("239.1.2.3", {"192.0.2.8"});
    EXPECT_EQ(heard_within(seconds(3)), said{"IS_IN 239.1.2.3 192.0.2.7 192.0.2.8"});
}

TEST_F(group_reports, changes_are_told_as_often_as_the_router_asks_for) {
    auto const s = open();
    ask("0.0.0.0", {}, 20, 4);
    s->join_group(group("239.1.2.3"), h.now);
    auto all = heard();
    for (auto const& r : heard_within(seconds(5))) all.push_back(r);
    EXPECT_EQ(std::count(all.begin(), all.end(), "TO_EX 239.1.2.3"), 4);
}

TEST_F(group_reports, a_change_of_mode_says_it_in_place_of_sources_that_were_to_be_told) {
    auto const one = open(), all = open();
    one->join_group(group("232.1.1.1", "192.0.2.7"), h.now);
    heard();
    all->join_group(group("232.1.1.1"), h.now);
    EXPECT_EQ(heard(), said{"TO_EX 232.1.1.1"});
    EXPECT_EQ(heard_within(seconds(3)), said{"TO_EX 232.1.1.1"});
}

}  // namespace
}  // namespace cardea::stack
