// Exceptions belong to a fiber, not to its thread: one may park inside a catch block, or in a destructor during
// unwinding, while others throw and catch.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <exception>
#include <stdexcept>
#include <string>

#include "places.hpp"

namespace {

class context_exceptions : public fiber_test::on_loop {};

void throw_and_catch(int value) {
    try {
        throw value;
    } catch (int caught) {
        EXPECT_EQ(caught, value);
    }
}

TEST_P(context_exceptions, parking_in_a_catch_block_while_others_throw_and_catch) {
    here([] {
        cardea::scope all;
        for (int i = 0; i < 20; ++i) {
            all.spawn([i] {
                for (int round = 0; round < 20; ++round) {
                    try {
                        throw std::runtime_error(std::to_string(i));
                    } catch (const std::runtime_error& mine) {
                        const std::exception_ptr before = std::current_exception();
                        cardea::yield();
                        EXPECT_EQ(mine.what(), std::to_string(i));
                        throw_and_catch(round);
                        cardea::yield();
                        EXPECT_EQ(std::current_exception(), before);
                        try {
                            throw;  // the innermost exception of this fiber, whatever the others handle now
                        } catch (const std::runtime_error& again) {
                            EXPECT_EQ(again.what(), std::to_string(i));
                        }
                    }
                    EXPECT_EQ(std::current_exception(), nullptr);
                }
            });
        }
        all.join();
    });
}

// Parks while it is destroyed by unwinding.
struct parks_when_destroyed {
    explicit parks_when_destroyed(int in_flight) : expected(in_flight) {}
    ~parks_when_destroyed() {
        EXPECT_EQ(std::uncaught_exceptions(), expected);
        cardea::yield();
        cardea::yield();
        EXPECT_EQ(std::uncaught_exceptions(), expected);
    }
    int expected;
};

TEST_P(context_exceptions, uncaught_exceptions_counts_those_of_the_fiber) {
    here([] {
        cardea::scope all;
        for (int i = 0; i < 10; ++i) {
            all.spawn([i] {
                EXPECT_EQ(std::uncaught_exceptions(), 0);
                try {
                    const parks_when_destroyed in_the_way(1);
                    throw i;
                } catch (int caught) {
                    EXPECT_EQ(caught, i);
                }
                EXPECT_EQ(std::uncaught_exceptions(), 0);
            });
            all.spawn([] {
                const parks_when_destroyed quiet(0);
                cardea::yield();
            });
        }
        all.join();
    });
}

TEST_P(context_exceptions, a_fiber_started_and_ended_inside_a_catch_block) {
    here([] {
        try {
            throw std::string("outer");
        } catch (const std::string& outer) {
            cardea::scope inner;
            inner.spawn([] {
                EXPECT_EQ(std::current_exception(), nullptr) << "the parent's exception is not the child's";
                throw std::string("inner");
            });
            EXPECT_THROW(inner.join(), std::string);
            EXPECT_EQ(outer, "outer");
            EXPECT_NE(std::current_exception(), nullptr);
        }
    });
}

TEST_P(context_exceptions, an_exception_in_flight_on_the_thread_outlives_a_run) {
    try {
        throw std::string("before run");
    } catch (const std::string& mine) {
        here([] { throw_and_catch(1); });
        EXPECT_EQ(mine, "before run");
        EXPECT_THROW(throw, std::string);
    }
}

FIBER_TEST_ON_LOOPS(context_exceptions);

}  // namespace
