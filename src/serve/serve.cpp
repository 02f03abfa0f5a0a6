// serve(): on the loop it is called on, or on loops of its own with a thread each; ready, drain, end.
#include <algorithm>
#include <cardea/error.hpp>
#include <cardea/serve.hpp>
#include <cardea/sync.hpp>
#include <stdexcept>
#include <string>

#include "fiber/execution.hpp"
#include "runtime/networks.hpp"
#include "serve/cpus.hpp"
#include "serve/crew.hpp"
#include "serve/hot_restart.hpp"
#include "serve/listening.hpp"
#include "serve/service.hpp"
#include "serve/serving.hpp"
#include "serve/watch.hpp"

namespace cardea::detail {

namespace {

void tell_ready(const serve_options& options, const std::vector<endpoint>& where) {
    if (options.on_ready) options.on_ready(where);
}

serve_report serve_on_this_loop(const addresses& where, const handler& how, const serve_options& options) {
    service shared(how, options, 1);
    event asked;
    hot_restart line(shared, where.list(), [&asked] { asked.set(); });
    doors mine = listen_first(where.list(), kind_of(how), options.backlog, false, line.share(0, 1));
    line.listen();
    line.add(where.list(), mine);
    tell_ready(options, mine.where);
    serving here(shared, mine.open, 0);
    here.start();
    line.tell_predecessor();
    const std::stop_callback on_stop(options.stop, [&asked] { asked.set(); });
    scope attending;
    attending.spawn({.name = "successor"}, [&line] { line.attend(); });
    asked.wait();
    line.close();
    attending.cancel();
    attending.join();
    here.stop_accepting();
    here.join(options.drain);
    return shared.report();
}

std::int64_t after(std::int64_t now_ns, std::chrono::nanoseconds span) noexcept {
    const std::int64_t ns = std::max<std::int64_t>(span.count(), 0);
    return ns >= never_ns - now_ns ? never_ns : now_ns + ns;
}

// What ends the server before its time: the caller's own cancellation or deadline. Does not return normally then.
void heed_caller(crew& loops) {
    const std::error_code interrupted = execution::current().interruption();
    if (!interrupted) return;
    loops.cut();
    loops.join();
    if (interrupted == errc::cancelled) throw cancelled();
    throw error(interrupted, "serve", "serve");
}

void serve_until_asked(crew& loops, const watch& asked, const hot_restart& line, const std::stop_token& stop) {
    while (asked.signals() == 0 && !stop.stop_requested() && !line.is_over() && !loops.is_over()) {
        asked.wait(never_ns);
        heed_caller(loops);
    }
}

void drain(crew& loops, const watch& asked, std::chrono::nanoseconds limit) {
    execution& me = execution::current();
    const std::int64_t until = after(me.now_ns(), limit);
    loops.drain();
    while (asked.signals() < 2 && !loops.is_over() && (until == never_ns || me.now_ns() < until)) {
        asked.wait(until);
        heed_caller(loops);
    }
    loops.cut();
    loops.join();
}

unsigned loops_for(const serve_options& options) {
    if (!is_one_host(options.network)) return options.threads > 0 ? options.threads : usable_cpus();
    if (options.threads <= 1) return 1;
    throw std::invalid_argument(
        "serve: each loop on this network is a host of its own, so there can be one thread, not " +
        std::to_string(options.threads));
}

serve_report serve_on_threads(const addresses& where, const handler& how, const serve_options& options) {
    service shared(how, options, loops_for(options));
    const watch asked(options.handle_signals);
    const std::stop_callback on_stop(options.stop, [&asked] { asked.wake(); });
    hot_restart line(shared, where.list(), [&asked] { asked.wake(); });
    crew loops(shared, where.list(), asked, line);
    tell_ready(options, loops.listening());
    loops.begin();
    line.tell_predecessor();
    serve_until_asked(loops, asked, line, options.stop);
    line.close();
    drain(loops, asked, options.drain);
    return shared.report();
}

}  // namespace

serve_report serve(const addresses& where, const handler& how, const serve_options& options) {
    if (this_fiber::on_loop()) return serve_on_this_loop(where, how, options);
    return serve_on_threads(where, how, options);
}

}  // namespace cardea::detail
