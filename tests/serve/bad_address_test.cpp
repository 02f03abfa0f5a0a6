// What cannot be served is refused by name before anything is opened.
#include "running_server.hpp"

using namespace cardea;

namespace {

const auto ignore_datagrams = [](udp_socket&, const_buffer, const endpoint&) {};

template <class Handler>
std::error_code refusal(const addresses& where, Handler handler, const std::string& named) {
    serve_options o;
    o.on_ready = [](const std::vector<endpoint>&) { ADD_FAILURE() << "it was served"; };
    try {
        serve(where, handler, o);
    } catch (const error& e) {
        EXPECT_NE(std::string(e.what()).find(named), std::string::npos) << e.what();
        return e.code();
    }
    return {};
}

}  // namespace

TEST(bad_address, host_names_are_refused) {
    EXPECT_EQ(refusal("localhost:7", echo, "serve \"localhost:7\" ("), errc::bad_address);
    EXPECT_EQ(refusal("localhost:7", ignore_datagrams, "localhost"), errc::bad_address);
}

TEST(bad_address, garbage_is_refused) {
    for (const char* text : {"", "7", "127.0.0.1", "127.0.0.1:70000", "[::1:7", "unix:"}) {
        EXPECT_EQ(refusal(text, echo, text), errc::bad_address) << text;
    }
}

TEST(bad_address, one_bad_address_refuses_all) {
    EXPECT_EQ(refusal({"127.0.0.1:0", "nowhere"}, echo, "nowhere"), errc::bad_address);
}

TEST(bad_address, an_address_of_another_host_is_refused) {
    EXPECT_EQ(refusal("192.0.2.1:7", echo, "192.0.2.1:7"), std::errc::address_not_available);
    EXPECT_EQ(refusal("192.0.2.1:7", ignore_datagrams, "192.0.2.1:7"), std::errc::address_not_available);
}

TEST(bad_address, unix_datagrams_are_refused) {
    EXPECT_EQ(refusal("unix:@cardea-test-datagrams", ignore_datagrams, "unix:@cardea-test-datagrams"),
              std::errc::operation_not_supported);
}

TEST(bad_address, no_address_is_refused) {
    EXPECT_EQ(refusal(std::vector<std::string>{}, echo, "without an address"), errc::bad_address);
}
