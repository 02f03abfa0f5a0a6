// sweep(): a scenario with the same fault at its first call, its second, and so on. See <cardea/faulty.hpp>.
#include <cardea/error.hpp>
#include <cardea/faulty.hpp>
#include <cardea/fiber.hpp>
#include <exception>

namespace cardea {

namespace {

/// Why the round was none that may be; empty: it was.
class round_of_sweep {
  public:
    round_of_sweep(faulty_network& net, const fault& what, std::uint64_t n)
        : net_(net), what_(what), number_(net.add(what.at(n))) {}

    [[nodiscard]] bool reached() const noexcept { return net_.faults(number_) > 0; }
    [[nodiscard]] network_call where() const noexcept { return net_.last(number_); }

    std::string run(const std::function<void(faulty_network&)>& scenario) {
        std::string why;
        scope alone;  // a cancellation is for good
        alone.spawn({.name = "sweep"}, [&] { why = net_.run([&] { return outcome(scenario); }); });
        alone.join();
        const std::size_t left = net_.open_sockets();
        if (why.empty() && left == 1) why = "1 socket was left open";
        if (why.empty() && left > 1) why = std::to_string(left) + " sockets were left open";
        return why;
    }

  private:
    std::string outcome(const std::function<void(faulty_network&)>& scenario) {
        try {
            scenario(net_);
        } catch (const cancelled&) {
            if (!may_cancel()) return "cancelled by nobody";
        } catch (const std::system_error& e) {
            if (!reached() || e.code() != what_.error) return e.what();
        } catch (const std::exception& e) {
            return e.what();
        } catch (...) {
            return "an exception that is no std::exception";
        }
        return {};
    }

    [[nodiscard]] bool may_cancel() const noexcept {
        const bool injected = what_.what == fault::effect::cancel_when_done || what_.error == errc::cancelled;
        return injected && reached();
    }

    faulty_network& net_;
    const fault& what_;
    const std::size_t number_;
};

}  // namespace

sweep_report sweep(std::uint64_t most, const fault& what, const std::function<void(faulty_network&)>& scenario) {
    sweep_report report;
    for (std::uint64_t n = 1; n <= most; ++n) {
        faulty_network net;
        round_of_sweep round(net, what, n);
        const std::string why = round.run(scenario);
        ++report.rounds;
        if (!why.empty()) {
            report.failed_at = n;
            report.failed_in = round.where();
            report.why = "call " + std::to_string(n) + " (" + to_string(report.failed_in) + "): " + why;
            return report;
        }
        if (!round.reached()) {
            report.complete = true;
            return report;
        }
    }
    return report;
}

}  // namespace cardea
