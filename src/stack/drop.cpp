// The names of the reasons.
#include "stack/drop.hpp"

namespace cardea::stack {

char const* name(drop_reason r) {
    switch (r) {
        case drop_reason::none:
            return "none";
        case drop_reason::truncated:
            return "truncated packet";
        case drop_reason::bad_version:
            return "not IPv4 or IPv6";
        case drop_reason::bad_header:
            return "bad IP header";
        case drop_reason::bad_checksum:
            return "bad checksum";
        case drop_reason::bad_options:
            return "bad IP options or extension header";
        case drop_reason::source_routed:
            return "source routed";
        case drop_reason::martian:
            return "martian source";
        case drop_reason::not_for_us:
            return "not for this host";
        case drop_reason::fragment_overlap:
            return "fragment overlap";
        case drop_reason::fragment_limit:
            return "reassembly memory full";
        case drop_reason::fragment_timeout:
            return "reassembly timed out";
        case drop_reason::fragment_ecn:
            return "inconsistent ECN in fragments";
        case drop_reason::no_protocol:
            return "no such protocol here";
        case drop_reason::no_socket:
            return "no socket for the port";
        case drop_reason::bad_transport_header:
            return "bad transport header";
        case drop_reason::receive_queue_full:
            return "receive queue full";
        case drop_reason::output_queue_full:
            return "output queue full";
        case drop_reason::icmp_unmatched:
            return "ICMP error about no packet of ours";
        case drop_reason::icmp_ignored:
            return "ICMP message ignored";
        case drop_reason::tcp_unacceptable:
            return "unacceptable TCP segment";
        case drop_reason::count_:
            break;
    }
    return "?";
}

}  // namespace cardea::stack
