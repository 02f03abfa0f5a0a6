// A host's part of IGMPv3 (RFC 3376 section 5) and MLDv2 (RFC 3810 section 6): tells the link's routers which groups
// are wanted, when that changes and when they ask. The loopback interface has no routers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "stack/drop.hpp"
#include "stack/host_config.hpp"
#include "stack/ip/datagram.hpp"
#include "stack/ip/groups.hpp"
#include "stack/ip/output.hpp"
#include "stack/ip/routes.hpp"
#include "stack/random.hpp"
#include "stack/time.hpp"
#include "stack/wire/group_message.hpp"

namespace cardea::stack::ip {

class group_reports {
  public:
    group_reports(host_config const& config, routes& r, output& out);

    /// Changes what the host wants, and reports what has become different by that.
    void change(group_key const& k, group_change const& c, time_ns now);

    /// True for IGMP and for the ICMPv6 messages that are MLD's: receive() is for these.
    static bool takes(datagram const& d);
    /// `none`: a query, which will be answered.
    drop_reason receive(datagram const& d, time_ns now);

    time_ns next_deadline() const { return next_; }
    void on_deadline(time_ns now);

  private:
    static constexpr std::size_t most_asked_sources = 64;
    static constexpr std::uint8_t usual_robustness = 2;  // RFC 3376 section 8.1, RFC 3810 section 9.1

    /// What is still to be said of one group of the link.
    struct pending {
        unsigned mode_reports = 0;                      ///< of its filter's mode, left to send
        std::map<ip_address, unsigned> source_reports;  ///< of sources that came or went
        time_ns again = never;
        time_ns answer = never;      ///< to a query about it
        std::set<ip_address> asked;  ///< of these sources; empty: of the whole group

        bool done() const { return again == never && answer == never; }
    };
    /// One for each version of IP.
    struct protocol_state {
        time_ns answer = never;  ///< to a query about all groups
        unsigned robustness = usual_robustness;
    };

    /// A group's state as routers know it (RFC 3376 section 3.2): all sources, or these.
    struct filter {
        bool everybody = false;
        std::vector<ip_address> sources;
        friend bool operator==(filter const&, filter const&) = default;
    };

    filter filter_of(group_key const& k) const;
    void begin_reports(group_key const& k, filter const& before, time_ns now);
    static bool is_reported(group_key const& k);
    protocol_state& state_of(ip_address const& a) { return states_[a.is_v4() ? 0 : 1]; }
    time_ns within(time_ns now, time_ns longest);
    void on_query(wire::group_query const& q, bool v4, time_ns now);
    void say_change(ip_address const& group, pending& p, time_ns now);
    void say_answer(ip_address const& group, pending& p);
    void say_everything(bool v4);
    void send(std::vector<wire::group_record>&& records, bool v4);
    void look_ahead();

    host_config const& config_;
    routes& routes_;
    output& out_;
    random_source random_;  ///< its own: joining a group shifts nothing else
    std::array<protocol_state, 2> states_;
    std::map<ip_address, pending> pending_;
    time_ns next_ = never;
};

}  // namespace cardea::stack::ip
