// The function object of a fiber: how it gets onto the new stack and off it again; the fiber's stack and name.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cardea/cardea.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "places.hpp"

namespace {

class fiber_objects : public fiber_test::in_place {};
class fiber_stacks : public fiber_test::on_loop {};

TEST_P(fiber_objects, move_only_captures) {
    here([] {
        auto owned = std::make_unique<std::string>("moved onto the new stack");
        std::string seen;
        cardea::scope all;
        all.spawn([owned = std::move(owned), &seen] { seen = *owned; });
        all.join();
        EXPECT_EQ(owned, nullptr);
        EXPECT_EQ(seen, "moved onto the new stack");
    });
}

TEST_P(fiber_objects, large_captures) {
    here([] {
        std::array<unsigned char, 32 * 1024> large{};
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<unsigned char>(i % 251);
        bool same = false;
        cardea::scope all;
        all.spawn([large, &same, &original = large] {
            cardea::yield();
            same = large == original;
        });
        all.join();
        EXPECT_TRUE(same);
    });
}

template <std::size_t Alignment>
struct alignas(Alignment) aligned_object {
    std::uintptr_t* seen;
    void operator()() { *seen = reinterpret_cast<std::uintptr_t>(this); }
};

template <std::size_t Alignment>
void check_alignment() {
    std::uintptr_t at = 1;
    cardea::scope all;
    all.spawn(aligned_object<Alignment>{&at});
    all.join();
    EXPECT_EQ(at % Alignment, 0U) << Alignment;
    EXPECT_NE(at, 0U);
}

TEST_P(fiber_objects, aligned_captures) {
    here([] {
        check_alignment<8>();
        check_alignment<16>();
        check_alignment<64>();
        check_alignment<512>();
        check_alignment<4096>();
    });
}

struct counted {
    explicit counted(std::atomic<int>& n) : alive(&n) { ++*alive; }
    counted(const counted& o) : alive(o.alive) { ++*alive; }
    ~counted() { --*alive; }
    counted& operator=(const counted&) = delete;
    std::atomic<int>* alive;  // a thread may look while the scope destroys what it was made of
};

TEST_P(fiber_objects, destroyed_before_join_returns_whether_it_returned_or_threw) {
    here([] {
        std::atomic<int> alive = 0;
        cardea::scope all;
        all.spawn([mine = counted(alive)] { EXPECT_GT(*mine.alive, 0); });
        all.join();
        EXPECT_EQ(alive, 0);
        all.spawn([mine = counted(alive)] { throw mine.alive->load(); });
        EXPECT_THROW(all.join(), int);
        EXPECT_EQ(alive, 0);
    });
}

struct refuses_to_move {
    refuses_to_move() = default;
    refuses_to_move(const refuses_to_move& o) : copies(o.copies + 1) {
        if (copies == 2) throw std::runtime_error("no second copy");  // the first one is spawn()'s own
    }
    void operator()() const { ADD_FAILURE() << "ran"; }
    int copies = 0;
};

TEST_P(fiber_objects, one_that_throws_when_moved_is_not_started) {
    here([] {
        const refuses_to_move stubborn;
        cardea::scope all;
        EXPECT_THROW(all.spawn(stubborn), std::runtime_error);
        all.join();
    });
}

TEST_P(fiber_objects, names) {
    here([] {
        std::string named;
        std::string cut;
        std::string renamed;
        cardea::scope all;
        all.spawn({.name = "reader"}, [&] { named = cardea::this_fiber::name(); });
        all.spawn({.name = "a name with more than thirty-one characters"}, [&] { cut = cardea::this_fiber::name(); });
        all.spawn([&] {
            cardea::this_fiber::set_name("renamed");
            cardea::yield();
            renamed = cardea::this_fiber::name();
        });
        all.join();
        EXPECT_EQ(named, "reader");
        EXPECT_EQ(cut, "a name with more than thirty-on");
        EXPECT_EQ(renamed, "renamed");
    });
}

FIBER_TEST_EVERYWHERE(fiber_objects);

TEST_P(fiber_stacks, the_first_fiber_is_main_and_others_are_numbered) {
    here([] {
        EXPECT_EQ(cardea::this_fiber::name(), "main");
        std::string first;
        std::string second;
        cardea::scope all;
        all.spawn([&] { first = cardea::this_fiber::name(); });
        all.spawn([&] { second = cardea::this_fiber::name(); });
        all.join();
        EXPECT_EQ(first.rfind("fiber-", 0), 0U) << first;
        EXPECT_NE(first, second);
    });
}

// Uses about `bytes` of stack, a page at a time.
[[gnu::noinline]] std::size_t use_stack(std::size_t bytes) {
    volatile char page[4096];
    page[0] = 1;
    page[4095] = 1;
    if (bytes <= sizeof page) return 1;
    return use_stack(bytes - sizeof page) + static_cast<std::size_t>(page[0]);
}

TEST_P(fiber_stacks, as_large_as_asked) {
    here([] {
        for (const std::size_t size :
             {std::size_t{256 * 1024}, std::size_t{1024 * 1024}, std::size_t{64 * 1024 * 1024}}) {
            std::size_t pages = 0;
            cardea::scope all;
            all.spawn({.stack_size = size}, [&] { pages = use_stack(size / 4); });
            all.join();
            EXPECT_GT(pages, 0U);
        }
    });
}

TEST_P(fiber_stacks, one_that_cannot_be_had_is_an_error_and_the_loop_goes_on) {
    here([] {
        cardea::scope all;
        for (const std::size_t size : {std::numeric_limits<std::size_t>::max(), std::size_t{1} << 60}) {
            try {
                all.spawn({.stack_size = size}, [] { ADD_FAILURE() << "ran"; });
                ADD_FAILURE() << "spawned";
            } catch (const std::system_error& e) {
                EXPECT_EQ(e.code(), std::errc::not_enough_memory);
            }
        }
        bool ran = false;
        all.spawn([&] { ran = true; });
        all.join();
        EXPECT_TRUE(ran);
    });
}

TEST_P(fiber_stacks, a_function_object_that_leaves_no_room_is_refused) {
    here([] {
        const std::array<char, 20 * 1024> large{};
        cardea::scope all;
        EXPECT_THROW(all.spawn({.stack_size = 16 * 1024}, [large] { ADD_FAILURE() << large[0]; }), std::length_error);
        all.join();
    });
}

FIBER_TEST_ON_LOOPS(fiber_stacks);

}  // namespace
