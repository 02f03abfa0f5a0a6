// What fibers cost: switching, spawning and joining, timers, handing over by mutex and channel, sleeping. Google
// Benchmark; each figure is of one loop on one thread, with nothing for the kernel to do unless said.
#include <benchmark/benchmark.h>

#include <cardea/cardea.hpp>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fiber/context.hpp"
#include "fiber/stack_pool.hpp"
#include "fiber/timer_wheel.hpp"

namespace {

using namespace cardea::detail;

struct ping {
    context here;
    context there;
    bool stop = false;

    static void pong(void* self) {
        auto& p = *static_cast<ping*>(self);
        while (!p.stop) switch_context(p.there, p.here);
        leave_context(p.there, p.here);
    }
};

// The bare switch, there and back: two switches an iteration.
void context_switch(benchmark::State& state) {
    stack_pool stacks;
    const stack on = stacks.take(64 * 1024);
    ping p;
    adopt_thread_context(p.here);
    make_context(p.there, on.top(), on.size, ping::pong, &p);
    for (auto _ : state) switch_context(p.here, p.there);
    p.stop = true;
    switch_context(p.here, p.there);
    destroy_context(p.there);
    stacks.give_back(on);
    state.SetItemsProcessed(2 * state.iterations());
    state.counters["per_switch"] = benchmark::Counter(static_cast<double>(2 * state.iterations()),
                                                      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(context_switch);

// Runs a benchmark's body as the first fiber of a loop.
template <class F>
void on_loop(F body) {
    cardea::run({.network = "epoll"}, body);
}

void per_item(benchmark::State& state, std::int64_t items_each = 1) {
    state.SetItemsProcessed(state.iterations() * items_each);
    state.counters["each"] = benchmark::Counter(static_cast<double>(state.iterations() * items_each),
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// yield() among N fibers: the scheduler's switch, with a look at the network every 256.
void yield_among(benchmark::State& state) {
    on_loop([&] {
        bool stop = false;
        cardea::scope others;
        for (std::int64_t i = 1; i < state.range(0); ++i) {
            others.spawn([&] {
                while (!stop) cardea::yield();
            });
        }
        for (auto _ : state) cardea::yield();
        stop = true;
        others.join();
    });
    per_item(state, state.range(0));
}
BENCHMARK(yield_among)->Arg(2)->Arg(64)->Arg(1000);

void spawn_and_join(benchmark::State& state) {
    on_loop([&] {
        cardea::scope all;
        for (auto _ : state) {
            all.spawn([] {});
            all.join();
        }
    });
    per_item(state);
}
BENCHMARK(spawn_and_join);

void spawn_many_and_join(benchmark::State& state) {
    on_loop([&] {
        for (auto _ : state) {
            cardea::scope all;
            for (std::int64_t i = 0; i < state.range(0); ++i) all.spawn([] {});
            all.join();
        }
    });
    per_item(state, state.range(0));
}
BENCHMARK(spawn_many_and_join)->Arg(10)->Arg(100)->Arg(1000);

// A deadline that does not come, among N others at random times within 100 s.
void timer_add_and_remove(benchmark::State& state) {
    constexpr std::int64_t second = 1'000'000'000;
    timer_wheel wheel(second);
    std::mt19937_64 dice(1);
    std::uniform_int_distribution<std::int64_t> when(second, 100 * second);
    std::vector<timer_node> others(static_cast<std::size_t>(state.range(0)));
    for (auto& t : others) wheel.add(t, when(dice));
    timer_node mine;
    std::int64_t at = 2 * second;
    for (auto _ : state) {
        wheel.add(mine, at);
        wheel.remove(mine);
        at += 1'000;
    }
    per_item(state);
}
BENCHMARK(timer_add_and_remove)->Arg(0)->Arg(100'000);

// Every timer fires and is set again: the whole way through the wheel.
void timer_wheel_turns(benchmark::State& state) {
    const auto many = static_cast<std::size_t>(state.range(0));
    std::mt19937_64 dice(1);
    std::uniform_int_distribution<std::int64_t> span(1'000'000, 1'000'000'000);
    std::vector<timer_node> all(many);
    std::int64_t now = 0;
    timer_wheel wheel(now);
    for (auto& t : all) wheel.add(t, now + span(dice));
    std::int64_t fired = 0;
    for (auto _ : state) {
        now = wheel.next();
        for (timer_node* due = wheel.expire(now); due != nullptr; ++fired) {
            timer_node* const t = due;
            due = t->next;
            t->next = nullptr;
            wheel.add(*t, now + span(dice));
        }
    }
    state.counters["per_timer"] =
        benchmark::Counter(static_cast<double>(fired), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(timer_wheel_turns)->Arg(1'000)->Arg(100'000);

void mutex_uncontended(benchmark::State& state) {
    on_loop([&] {
        cardea::mutex m;
        for (auto _ : state) {
            m.lock();
            m.unlock();
        }
    });
    per_item(state);
}
BENCHMARK(mutex_uncontended);

// Two fibers that always meet at the mutex: every unlock hands it over.
void mutex_hand_over(benchmark::State& state) {
    on_loop([&] {
        cardea::mutex m;
        bool stop = false;
        cardea::scope other;
        m.lock();
        other.spawn([&] {
            while (!stop) {
                m.lock();
                cardea::yield();
                m.unlock();
            }
        });
        cardea::yield();
        for (auto _ : state) {
            m.unlock();
            m.lock();
        }
        stop = true;
        m.unlock();
        other.join();
    });
    per_item(state);
}
BENCHMARK(mutex_hand_over);

void channel_hand_over(benchmark::State& state) {
    on_loop([&] {
        cardea::channel<int> through(static_cast<std::size_t>(state.range(0)));
        cardea::scope other;
        other.spawn([&] {
            while (through.pop()) {
            }
        });
        for (auto _ : state) through.push(1);
        through.close();
        other.join();
    });
    per_item(state);
}
BENCHMARK(channel_hand_over)->Arg(1)->Arg(64);

// N fibers sleep random times up to 1 ms, over and over: timers, switches and waits in the kernel together.
void sleepers(benchmark::State& state) {
    std::int64_t slept = 0;
    on_loop([&] {
        bool stop = false;
        cardea::scope all;
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            all.spawn({.stack_size = 32 * 1024}, [&, dice = std::minstd_rand(static_cast<unsigned>(i + 1))]() mutable {
                for (; !stop; ++slept) cardea::sleep(std::chrono::nanoseconds(dice() % 1'000'000));
            });
        }
        for (auto _ : state) cardea::sleep(std::chrono::milliseconds(1));
        stop = true;
        all.join();
    });
    state.counters["cpu_per_sleep"] =
        benchmark::Counter(static_cast<double>(slept), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(sleepers)->Arg(10)->Arg(1'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
