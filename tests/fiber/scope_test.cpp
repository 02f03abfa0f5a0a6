// scope: joining, first failures, nesting, on fibers as on threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "places.hpp"
#include "sanitized.hpp"

namespace {

using namespace std::chrono_literals;

class scope_test : public fiber_test::in_place {};

TEST_P(scope_test, join_waits_for_all) {
    here([] {
        std::atomic<int> ended{0};
        cardea::scope all;
        for (int i = 0; i < 20; ++i) {
            all.spawn([&, i] {
                if (i % 2 == 0) cardea::sleep(1ms);
                ++ended;
            });
        }
        all.join();
        EXPECT_EQ(ended, 20);
        all.join();  // of nothing: returns
        all.spawn([&] { ++ended; });
        all.join();
        EXPECT_EQ(ended, 21) << "a scope can be used again";
    });
}

TEST_P(scope_test, join_of_an_empty_scope_returns) {
    here([] {
        cardea::scope nobody;
        nobody.join();
    });
}

TEST_P(scope_test, join_rethrows_the_first_failure_and_cancels_the_rest) {
    here([] {
        std::atomic<int> cancelled{0};
        cardea::event started;
        cardea::scope all;
        all.spawn([&] {
            started.wait();
            throw std::runtime_error("first");
        });
        for (int i = 0; i < 5; ++i) {
            all.spawn([&] {
                try {
                    started.set();
                    cardea::sleep(1h);
                } catch (const cardea::cancelled&) {
                    ++cancelled;
                    throw;
                }
            });
        }
        try {
            all.join();
            ADD_FAILURE() << "nothing thrown";
        } catch (const std::runtime_error& e) {
            EXPECT_STREQ(e.what(), "first");
        }
        EXPECT_EQ(cancelled, 5);
        all.join();  // thrown once
    });
}

TEST_P(scope_test, later_failures_give_way_to_the_first) {
    here([] {
        cardea::scope all;
        all.spawn([&] {
            try {
                cardea::event never;
                never.wait();
            } catch (const cardea::cancelled&) {
                throw std::logic_error("second");
            }
        });
        all.spawn([] { throw std::runtime_error("first"); });
        EXPECT_THROW(all.join(), std::runtime_error);
    });
}

TEST_P(scope_test, the_destructor_cancels_and_waits) {
    here([] {
        std::atomic<int> unwound{0};
        {
            cardea::scope all;
            for (int i = 0; i < 5; ++i) {
                all.spawn([&] {
                    struct last_words {
                        std::atomic<int>& n;
                        ~last_words() { ++n; }
                    } const mine{unwound};
                    cardea::sleep(1h);
                });
            }
        }
        EXPECT_EQ(unwound, 5);
    });
}

TEST_P(scope_test, the_destructor_waits_for_who_does_not_block_as_well) {
    here([] {
        std::atomic<bool> ended{false};
        {
            cardea::scope all;
            all.spawn([&] {
                try {
                    cardea::sleep(1h);
                } catch (const cardea::cancelled&) {
                    for (int i = 0; i < 100; ++i) std::this_thread::yield();
                }
                ended = true;
            });
        }
        EXPECT_TRUE(ended);
    });
}

TEST_P(scope_test, scopes_nest) {
    here([] {
        std::atomic<int> leaves{0};
        cardea::scope outer;
        for (int i = 0; i < 4; ++i) {
            outer.spawn([&] {
                cardea::scope inner;
                for (int k = 0; k < 4; ++k) inner.spawn([&] { ++leaves; });
                inner.join();
            });
        }
        outer.join();
        EXPECT_EQ(leaves, 16);
    });
}

TEST_P(scope_test, a_failure_goes_up_through_nested_scopes) {
    here([] {
        cardea::scope outer;
        outer.spawn([] {
            cardea::scope inner;
            inner.spawn([] {
                cardea::scope innermost;
                innermost.spawn([] { throw std::range_error("from the bottom"); });
                innermost.join();
            });
            inner.join();
        });
        outer.spawn([] { cardea::sleep(1h); });
        EXPECT_THROW(outer.join(), std::range_error);
    });
}

TEST_P(scope_test, children_may_spawn_into_it) {
    here([] {
        std::atomic<int> ran{0};
        cardea::scope all;
        all.spawn([&] {
            for (int i = 0; i < 10; ++i) {
                all.spawn([&] { ++ran; });
            }
            ++ran;
        });
        all.join();
        EXPECT_EQ(ran, 11);
    });
}

TEST_P(scope_test, the_owners_deadline_ends_join_and_cancels) {
    here([] {
        std::atomic<int> cancelled{0};
        cardea::scope all;
        all.spawn([&] {
            try {
                cardea::sleep(1h);
            } catch (const cardea::cancelled&) {
                ++cancelled;
                throw;
            }
        });
        try {
            const cardea::deadline soon{1ms};
            all.join();
            ADD_FAILURE() << "nothing thrown";
        } catch (const cardea::error& e) {
            EXPECT_EQ(e.code(), cardea::errc::timed_out);
            EXPECT_STREQ(e.operation(), "join");
        }
        EXPECT_EQ(cancelled, 1);
    });
}

TEST_P(scope_test, a_child_is_bounded_by_deadlines_of_its_own_only) {
    here([] {
        cardea::scope all;
        bool bounded = true;
        {
            const cardea::deadline mine{1h};
            all.spawn([&] {
                const cardea::deadline its{2h};
                bounded = its.remaining() <= 1h;
            });
            all.join();
        }
        EXPECT_FALSE(bounded);
    });
}

FIBER_TEST_EVERYWHERE(scope_test);

TEST(scope_of_threads, ended_threads_do_not_pile_up) {
    if (sanitized) GTEST_SKIP() << "address space is what is measured, and a sanitizer takes its own for each thread";
    cardea::scope all;
    const auto stacks = [] {
        std::size_t n = 0;
        std::ifstream status("/proc/self/status");
        for (std::string key; status >> key;) {
            if (key == "VmSize:") status >> n;
        }
        return n;
    };
    for (int i = 0; i < 8; ++i) {
        cardea::event done;
        all.spawn([&] { done.set(); });
        done.wait();
    }
    const std::size_t before = stacks();
    for (int i = 0; i < 256; ++i) {
        cardea::event done;
        all.spawn([&] { done.set(); });
        done.wait();
    }
    EXPECT_LT(stacks() - before, 64U * 8192) << "KiB of address space: a thread nobody has joined keeps its stack";
    all.join();
}

}  // namespace
