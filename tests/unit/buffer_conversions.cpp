// What converts to const_buffer and mutable_buffer, and what must not.
#include <gtest/gtest.h>
#include <cardea/buffer.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using cardea::const_buffer;
using cardea::mutable_buffer;

const_buffer sent(const_buffer b) { return b; }
mutable_buffer received(mutable_buffer b) { return b; }

TEST(buffer_conversions, bytes_to_send) {
    const std::string text = "hello";
    const std::string_view view = text;
    const std::vector<std::byte> bytes(7);
    const std::array<unsigned char, 3> array{};
    const unsigned char plain[4] = {};
    EXPECT_EQ(sent(text).data(), static_cast<const void*>(text.data()));
    EXPECT_EQ(sent(text).size(), 5U);
    EXPECT_EQ(sent(view).size(), 5U);
    EXPECT_EQ(sent(view.substr(1)).data(), static_cast<const void*>(text.data() + 1));
    EXPECT_EQ(sent("GET").size(), 3U) << "without the closing NUL";
    EXPECT_EQ(sent(bytes).size(), 7U);
    EXPECT_EQ(sent(std::span(bytes).subspan(2)).size(), 5U);
    EXPECT_EQ(sent(array).size(), 3U);
    EXPECT_EQ(sent(plain).size(), 4U);
    EXPECT_EQ(sent({bytes.data(), 2}).size(), 2U);
    EXPECT_EQ(sent({}).size(), 0U);
    EXPECT_TRUE(sent("").empty());
}

TEST(buffer_conversions, room_to_receive) {
    std::string text(5, ' ');
    std::vector<std::byte> bytes(7);
    std::array<std::byte, 3> array{};
    char plain[4] = {};
    EXPECT_EQ(received(text).data(), static_cast<void*>(text.data()));
    EXPECT_EQ(received(text).size(), 5U);
    EXPECT_EQ(received(bytes).size(), 7U);
    EXPECT_EQ(received(std::span(bytes).first(2)).size(), 2U);
    EXPECT_EQ(received(array).size(), 3U);
    EXPECT_EQ(received(plain).size(), 4U) << "all of it: there is no text in it yet";
    EXPECT_EQ(received({plain, 2}).size(), 2U);
    EXPECT_TRUE(received({}).empty());
}

TEST(buffer_conversions, room_that_was_filled_can_be_sent) {
    std::array<std::byte, 8> array{};
    const mutable_buffer room = array;
    EXPECT_EQ(sent(room).data(), array.data());
    EXPECT_EQ(sent(room).size(), 8U);
}

TEST(buffer_conversions, after_skips) {
    std::array<std::byte, 8> array{};
    EXPECT_EQ(const_buffer(array).after(3).data(), array.data() + 3);
    EXPECT_EQ(const_buffer(array).after(3).size(), 5U);
    EXPECT_TRUE(mutable_buffer(array).after(8).empty());
    EXPECT_EQ(mutable_buffer(array).after(0).data(), array.data());
}

TEST(buffer_conversions, are_refused_where_they_would_be_wrong) {
    static_assert(!std::is_convertible_v<std::vector<int>&, const_buffer>, "elements are bytes");
    static_assert(!std::is_convertible_v<std::vector<std::string>&, const_buffer>);
    static_assert(!std::is_convertible_v<std::wstring&, const_buffer>);
    static_assert(!std::is_convertible_v<int(&)[4], const_buffer>);
    static_assert(!std::is_convertible_v<std::vector<int>&, mutable_buffer>);
    static_assert(!std::is_convertible_v<const std::string&, mutable_buffer>, "nothing is written into const");
    static_assert(!std::is_convertible_v<std::string_view, mutable_buffer>);
    static_assert(!std::is_convertible_v<std::span<const std::byte>, mutable_buffer>);
    static_assert(!std::is_convertible_v<const char(&)[4], mutable_buffer>);
    static_assert(!std::is_convertible_v<const_buffer, mutable_buffer>);
    static_assert(std::is_trivially_copyable_v<const_buffer> && std::is_trivially_copyable_v<mutable_buffer>);
}

}  // namespace
