// Endpoints from and to the system's sockaddr, hostile sizes included.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cardea/endpoint.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace std::literals;
using cardea::endpoint;
using cardea::family;

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

/// A sockaddr_un with exactly these path bytes, in memory of exactly that size so that ASan sees a byte too far.
endpoint from_unix(std::string_view path_bytes) {
    const std::size_t size = path_offset + path_bytes.size();
    const auto bytes = std::make_unique<unsigned char[]>(size);
    const sa_family_t af = AF_UNIX;
    std::memcpy(bytes.get(), &af, sizeof af);
    std::memcpy(bytes.get() + path_offset, path_bytes.data(), path_bytes.size());
    return endpoint::from_native(bytes.get(), size);
}

TEST(endpoint_native, survives_the_way_there_and_back) {
    for (const auto* text : {"192.0.2.1:80", "[2001:db8::1]:443", "[fe80::1%1]:7", "unix:/a", "unix:@a", "unix:@"}) {
        SCOPED_TRACE(text);
        const auto e = endpoint::parse(text);
        const auto again = endpoint::from_native(e.native(), e.native_size());
        EXPECT_EQ(again, e);
        EXPECT_EQ(again.native_size(), e.native_size());
        EXPECT_EQ(std::memcmp(again.native(), e.native(), e.native_size()), 0);
    }
}

TEST(endpoint_native, is_what_the_system_expects) {
    const auto v4 = endpoint::inet({192, 0, 2, 1}, 80);
    ASSERT_EQ(v4.native_size(), sizeof(sockaddr_in));
    sockaddr_in in{};
    std::memcpy(&in, v4.native(), sizeof in);
    EXPECT_EQ(in.sin_family, AF_INET);
    EXPECT_EQ(ntohs(in.sin_port), 80);
    EXPECT_EQ(ntohl(in.sin_addr.s_addr), 0xc0000201U);

    const auto v6 = endpoint::inet6({0xfe, 0x80}, 7, 3);
    ASSERT_EQ(v6.native_size(), sizeof(sockaddr_in6));
    sockaddr_in6 in6{};
    std::memcpy(&in6, v6.native(), sizeof in6);
    EXPECT_EQ(in6.sin6_family, AF_INET6);
    EXPECT_EQ(ntohs(in6.sin6_port), 7);
    EXPECT_EQ(in6.sin6_scope_id, 3U);
    EXPECT_EQ(in6.sin6_addr.s6_addr[0], 0xfe);

    EXPECT_EQ(endpoint::local("/a").native_size(), path_offset + 3);  // with its NUL
    EXPECT_EQ(endpoint::local("@a").native_size(), path_offset + 2);  // an abstract name has none: unix(7)
}

TEST(endpoint_native, truncated_and_absurd_sizes_are_no_address) {
    const auto v4 = endpoint::inet({192, 0, 2, 1}, 80);
    const auto v6 = endpoint::loopback(family::inet6, 80);
    EXPECT_EQ(endpoint::from_native(nullptr, 0), endpoint());
    EXPECT_EQ(endpoint::from_native(nullptr, 16), endpoint());
    for (const auto& e : {v4, v6}) {
        for (std::size_t size = 0; size < e.native_size(); ++size) {
            const auto exact = std::make_unique<unsigned char[]>(size);
            if (size > 0) std::memcpy(exact.get(), e.native(), size);
            EXPECT_EQ(endpoint::from_native(exact.get(), size), endpoint()) << size;
        }
    }
    const unsigned char one = AF_UNIX;
    EXPECT_EQ(endpoint::from_native(&one, 1), endpoint());
    EXPECT_EQ(from_unix(std::string(111, 'p')), endpoint());
    EXPECT_EQ(from_unix(std::string(100'000, 'p')), endpoint());
}

TEST(endpoint_native, a_sockaddr_storage_is_read_as_what_it_holds) {
    sockaddr_storage room{};
    const auto v6 = endpoint::loopback(family::inet6, 80);
    std::memcpy(&room, v6.native(), v6.native_size());
    EXPECT_EQ(endpoint::from_native(&room, sizeof room), v6);
    EXPECT_EQ(endpoint::from_native(&room, sizeof room).native_size(), v6.native_size());
}

TEST(endpoint_native, unknown_families_are_no_address) {
    sockaddr_storage room{};
    for (const int af : {AF_UNSPEC, AF_NETLINK, AF_PACKET, 0xffff}) {
        room.ss_family = static_cast<sa_family_t>(af);
        EXPECT_EQ(endpoint::from_native(&room, sizeof room), endpoint());
    }
}

TEST(endpoint_native, unix_forms_of_unix_7) {
    EXPECT_EQ(from_unix("").family(), family::local);
    EXPECT_EQ(from_unix("").to_string(), "unix:");
    EXPECT_EQ(from_unix("/a\0"sv), endpoint::local("/a"));
    EXPECT_EQ(from_unix("/a"), endpoint::local("/a")) << "the NUL may be missing";
    EXPECT_EQ(from_unix("/a\0garbage"sv), endpoint::local("/a")) << "what follows the NUL is no part of it";
    EXPECT_EQ(from_unix("\0a\0b"sv).name(), "@a\0b"sv);
    EXPECT_NE(from_unix("\0a"sv), from_unix("\0a\0"sv)) << "every byte of an abstract name counts";
    EXPECT_EQ(from_unix(std::string(108, 'p')).name(), std::string(108, 'p'));
    EXPECT_EQ(from_unix(std::string(108, 'p')).native_size(), sizeof(sockaddr_un));
    EXPECT_EQ(from_unix(std::string(108, 'p') + '\0'), from_unix(std::string(108, 'p'))) << "as Linux reports it";
    EXPECT_EQ(from_unix("\0"s + std::string(107, 'a')).name(), "@" + std::string(107, 'a'));
}

TEST(endpoint_native, a_file_called_at_does_not_read_as_abstract) {
    EXPECT_EQ(from_unix("@name").to_string(), "unix:./@name");
    EXPECT_NE(from_unix("@name"), endpoint::local("@name"));
}

}  // namespace
