// Transparent proxies: whom the client of a redirected connection meant to reach (SO_ORIGINAL_DST).
#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(original_destination);

// A host whose connections to port 80 are redirected to a proxy at 8080.
template <class Body>
auto redirected(Body body) {
    return in_own_network(
        {"ip addr add 192.0.2.9/32 dev lo", "ip addr add 2001:db8::9/128 dev lo nodad", "nft add table ip proxy",
         "nft 'add chain ip proxy out { type nat hook output priority -100; }'",
         "nft add rule ip proxy out tcp dport 80 redirect to :8080", "nft add table ip6 proxy",
         "nft 'add chain ip6 proxy out { type nat hook output priority -100; }'",
         "nft add rule ip6 proxy out tcp dport 80 redirect to :8080"},
        body);
}

endpoint destination_seen(const char* proxy, const char* target) {
    tcp_listener door(proxy);
    const deadline limit(ages);
    const tcp_stream client = tcp_stream::connect(target);
    const tcp_stream server = door.accept();
    EXPECT_EQ(server.local().port(), 8080);
    return server.get<option::original_destination>();
}

TEST_P(original_destination, of_a_redirected_connection_is_told) {
    on_network(redirected([] {
        EXPECT_EQ(destination_seen("0.0.0.0:8080", "192.0.2.9:80"), endpoint::parse("192.0.2.9:80"));
        EXPECT_EQ(destination_seen("[::]:8080", "[2001:db8::9]:80"), endpoint::parse("[2001:db8::9]:80"));
        EXPECT_EQ(destination_seen("*:8080", "192.0.2.9:80"), endpoint::parse("192.0.2.9:80"))
            << "IPv4 at a dual-stack listener";
    }));
}

TEST_P(original_destination, of_a_connection_that_nobody_redirected_is_its_own) {
    on_network(redirected([] {
        EXPECT_EQ(destination_seen("*:8080", "192.0.2.9:8080"), endpoint::parse("192.0.2.9:8080"));
        EXPECT_EQ(destination_seen("*:8080", "[2001:db8::9]:8080"), endpoint::parse("[2001:db8::9]:8080"));
    }));
}

TEST_P(original_destination, is_refused_by_name_where_there_is_none) {
    on_network([] {
        for (const family f : {family::inet, family::inet6, family::local}) {
            const socket s(f, type::datagram);
            try {
                (void)s.get<option::original_destination>();
                ADD_FAILURE() << "a datagram socket has one";
            } catch (const error& e) {
                EXPECT_NE(std::string(e.what()).find("get option SO_ORIGINAL_DST"), std::string::npos) << e.what();
            }
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
