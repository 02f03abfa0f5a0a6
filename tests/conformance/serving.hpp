// A server on the loop of a case, beside its clients: serve() in a fiber, from "ready" to its report.
#pragma once

#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <string>
#include <utility>
#include <vector>

namespace cardea::conformance {

/// What serve() has told on_error, in order.
struct told_failure {
    endpoint about;
    std::error_code code;  ///< none: no std::system_error
    std::string text;
};

class server_beside {
  public:
    /// Serves, and waits until it is ready. What `how` says of stop, on_ready and on_error is replaced.
    template <class Handler>
    explicit server_beside(Handler handle, serve_options how = {}, const char* where = "127.0.0.1:0") {
        how.stop = stop_.get_token();
        how.on_ready = [this](const std::vector<endpoint>& listening) {
            at_ = listening.front();
            ready_.set();
        };
        how.on_error = [this](const endpoint& about, const std::exception_ptr& why) { note(about, why); };
        all_.spawn(
            [this, handle = std::move(handle), how = std::move(how), where] { report_ = serve(where, handle, how); });
        ready_.wait();
    }
    server_beside(const server_beside&) = delete;
    server_beside& operator=(const server_beside&) = delete;

    [[nodiscard]] endpoint at() const { return at_; }
    [[nodiscard]] const std::vector<told_failure>& failures() const { return failures_; }
    [[nodiscard]] bool has_failed() const { return !failures_.empty(); }
    serve_report stop() {
        stop_.request_stop();
        all_.join();
        return report_;
    }

  private:
    void note(const endpoint& about, const std::exception_ptr& why) {
        try {
            std::rethrow_exception(why);
        } catch (const std::system_error& e) {
            failures_.push_back({about, e.code(), e.what()});
        } catch (const std::exception& e) {
            failures_.push_back({about, {}, e.what()});
        } catch (...) {
            failures_.push_back({about, {}, "no std::exception"});
        }
    }

    std::stop_source stop_;
    event ready_;
    endpoint at_;
    std::vector<told_failure> failures_;
    serve_report report_;
    scope all_;
};

}  // namespace cardea::conformance
