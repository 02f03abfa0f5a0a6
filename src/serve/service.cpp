// The counts of a server, and who learns of its failures.
#include "serve/service.hpp"

#include <cardea/error.hpp>
#include <cstdio>
#include <string>
#include <system_error>

#include "trace/call_counts.hpp"

namespace cardea::detail {

namespace {

// A peer that goes away or falls silent is no news.
bool is_everyday(const std::exception_ptr& why) {
    try {
        std::rethrow_exception(why);
    } catch (const std::system_error& e) {
        return e.code() == errc::timed_out || e.code() == std::errc::timed_out || e.code() == errc::end_of_stream ||
               e.code() == std::errc::connection_reset || e.code() == std::errc::broken_pipe;
    } catch (...) {
        return false;
    }
}

std::string text_of(const std::exception_ptr& why) {
    try {
        std::rethrow_exception(why);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

void tell_user(const serve_options& options, const endpoint& about, const std::exception_ptr& why) noexcept {
    try {
        options.on_error(about, why);
    } catch (...) {  // there is nobody left to tell
    }
}

// In one piece, so that the lines of several threads do not mix.
void print(const char* what, const endpoint& about, const std::exception_ptr& why) noexcept {
    try {
        const std::string line = std::string("cardea: ") + what + about.to_string() + ": " + text_of(why) + "\n";
        std::fputs(line.c_str(), stderr);
    } catch (...) {
        std::fputs("cardea: a failure, and no memory to tell it\n", stderr);
    }
}

}  // namespace

service::service(const handler& calls, const serve_options& chosen, unsigned loops) : how(calls), options(chosen) {
    if (options.max_connections > 0) places.emplace(options.max_connections);
    for (unsigned i = 0; i < loops; ++i) boxes.push_back(std::make_unique<box>(box_capacity));
}

serve_report service::report() const noexcept {
    return {.accepted = accepted.load(),
            .handler_failures = handler_failures.load(),
            .accept_pauses = accept_pauses.load(),
            .cancelled = cancelled.load(),
            .handed_over = handed_over.load()};
}

void service::handler_failed(const endpoint& client, const std::exception_ptr& why) noexcept {
    handler_failures.fetch_add(1, std::memory_order_relaxed);
    if (options.on_error) {
        tell_user(options, client, why);
    } else if (!is_everyday(why)) {
        print("handler for ", client, why);
    }
}

void service::accept_paused(const endpoint& where, const std::exception_ptr& why, bool tell) noexcept {
    accept_pauses.fetch_add(1, std::memory_order_relaxed);
    counts_of_this_thread().accept_pauses.add(1);
    if (!tell) return;
    if (options.on_error) {
        tell_user(options, where, why);
    } else {
        print("pausing on ", where, why);
    }
}

void service::not_succeeded(const std::string& name, const std::exception_ptr& why) noexcept {
    std::error_code ec;
    const endpoint where = endpoint::parse(name, ec);
    if (options.on_error) {
        tell_user(options, where, why);
    } else {
        print("no hot restart by ", where, why);
    }
}

}  // namespace cardea::detail
