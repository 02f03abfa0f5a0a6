// Cardea's error codes: their category, their words, and what of std::errc they equal.
#include <gtest/gtest.h>
#include <cardea/error.hpp>

#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <system_error>

namespace {

using cardea::errc;

struct row {
    errc code;
    const char* message;
    std::optional<std::errc> equivalent;
};

const row rows[] = {
    {errc::timed_out, "timed out: the deadline passed", std::errc::timed_out},
    {errc::cancelled, "cancelled", std::errc::operation_canceled},
    {errc::closed, "the socket is closed", std::errc::bad_file_descriptor},
    {errc::bad_address, "not an address", std::errc::invalid_argument},
    {errc::end_of_stream, "the peer closed before everything had come", std::nullopt},
    {errc::wrong_network, "the socket belongs to another loop or network", std::nullopt},
    {errc::not_supported, "not supported by this socket or network", std::errc::not_supported},
    {errc::name_not_found, "no such host name", std::nullopt},
    {errc::name_unavailable, "the name cannot be looked up now", std::errc::resource_unavailable_try_again},
    {errc::no_runtime, "needs a loop: call it inside run()", std::nullopt},
};

TEST(error_codes, have_words_and_standard_equivalents) {
    for (const auto& r : rows) {
        SCOPED_TRACE(r.message);
        const std::error_code code = r.code;
        EXPECT_EQ(&code.category(), &cardea::category());
        EXPECT_EQ(code.message(), r.message);
        if (r.equivalent) {
            EXPECT_EQ(code, *r.equivalent);
        } else {
            EXPECT_EQ(code.default_error_condition().category(), cardea::category());
        }
    }
    EXPECT_STREQ(cardea::category().name(), "cardea");
}

TEST(error_codes, are_told_apart_by_their_words) {
    std::set<std::string> messages;
    for (const auto& r : rows) messages.insert(std::error_code(r.code).message());
    EXPECT_EQ(messages.size(), std::size(rows));
}

TEST(error_codes, of_an_unknown_number_are_named_by_it) {
    EXPECT_EQ(cardea::category().message(999), "unknown cardea error 999");
}

TEST(error_codes, a_deadline_is_not_the_kernels_timeout_though_both_are_timeouts) {
    const std::error_code ours = errc::timed_out;
    const std::error_code kernels(ETIMEDOUT, std::system_category());
    EXPECT_NE(ours, kernels);
    EXPECT_FALSE(kernels == errc::timed_out);
    EXPECT_EQ(ours, std::errc::timed_out);
    EXPECT_EQ(kernels, std::errc::timed_out);
}

}  // namespace
