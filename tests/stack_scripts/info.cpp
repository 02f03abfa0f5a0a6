// "info": what a connection tells of itself, compared with what the script says.
#include <algorithm>
#include <cerrno>
#include <functional>
#include <string_view>

#include "sockets.hpp"

namespace script {

namespace {

using info = cardea_stack_tcp_info;

struct field {
    std::string_view name;
    bool duration;
    std::function<std::int64_t(info const&)> get;
};

template <auto Member>
field plain(std::string_view name) {
    return {name, false, [](info const& i) { return static_cast<std::int64_t>(i.*Member); }};
}
template <auto Member>
field duration(std::string_view name) {
    return {name, true, [](info const& i) { return i.*Member; }};
}

std::vector<field> const& fields() {
    static std::vector<field> const all{
        plain<&info::timestamps>("timestamps"),
        plain<&info::sack>("sack"),
        plain<&info::window_scaling>("window_scaling"),
        plain<&info::ecn>("ecn"),
        plain<&info::in_recovery>("in_recovery"),
        plain<&info::in_loss>("in_loss"),
        plain<&info::cwnd>("cwnd"),
        plain<&info::ssthresh>("ssthresh"),
        plain<&info::mss>("mss"),
        plain<&info::peer_mss>("peer_mss"),
        plain<&info::send_window>("send_window"),
        plain<&info::receive_window>("receive_window"),
        plain<&info::in_flight>("in_flight"),
        plain<&info::unacknowledged>("unacknowledged"),
        plain<&info::unsent>("unsent"),
        plain<&info::readable>("readable"),
        plain<&info::out_of_order>("out_of_order"),
        plain<&info::urgent_ahead>("urgent_ahead"),
        plain<&info::consecutive_timeouts>("consecutive_timeouts"),
        plain<&info::resends>("resends"),
        plain<&info::timeouts>("timeouts"),
        plain<&info::fast_recoveries>("fast_recoveries"),
        plain<&info::tail_probes>("tail_probes"),
        plain<&info::duplicate_acks_in>("duplicate_acks_in"),
        plain<&info::dsacks_in>("dsacks_in"),
        plain<&info::challenge_acks_out>("challenge_acks_out"),
        plain<&info::paws_rejects>("paws_rejects"),
        plain<&info::window_probes_out>("window_probes_out"),
        plain<&info::keepalives_out>("keepalives_out"),
        plain<&info::syn_queue>("syn_queue"),
        plain<&info::accept_queue>("accept_queue"),
        duration<&info::rto_ns>("rto"),
        duration<&info::srtt_ns>("srtt"),
        duration<&info::rttvar_ns>("rttvar"),
        duration<&info::min_rtt_ns>("min_rtt"),
    };
    return all;
}

bool holds(std::int64_t is, std::string_view comparison, std::int64_t wanted) {
    if (comparison == "=") return is == wanted;
    if (comparison == "!=") return is != wanted;
    if (comparison == "<") return is < wanted;
    if (comparison == "<=") return is <= wanted;
    if (comparison == ">") return is > wanted;
    if (comparison == ">=") return is >= wanted;
    throw failure{"\"" + std::string{comparison} + "\" is no comparison"};
}

struct condition {
    std::string name, comparison, value;
};

condition read_condition(std::string const& word) {
    auto const begin = word.find_first_of("=<>!");
    if (begin == word.npos) throw failure{"\"" + word + "\" is no condition: name=value"};
    auto const end = std::min(word.find_first_not_of("=<>!", begin), word.size());
    return {word.substr(0, begin), word.substr(begin, end - begin), word.substr(end)};
}

/// About the whole stack: "info stack connections=0".
void check_stack(cardea_stack* stack, words& w) {
    cardea_stack_counters counters{};
    cardea_stack_get_counters(stack, &counters, sizeof counters);
    while (!w.empty()) {
        auto const word = w.take("a condition");
        auto const c = read_condition(word);
        std::pair<std::string_view, std::uint64_t> const known[] = {
            {"sockets", counters.sockets},
            {"connections", counters.connections},
            {"packets_dropped", counters.packets_dropped},
        };
        auto const at =
            std::find_if(std::begin(known), std::end(known), [&](auto const& k) { return k.first == c.name; });
        if (at == std::end(known)) throw failure{"the stack tells nothing of \"" + c.name + "\""};
        if (!holds(static_cast<std::int64_t>(at->second), c.comparison, read_number(c.value)))
            throw failure{word + " does not hold: " + c.name + " is " + std::to_string(at->second)};
    }
}

}  // namespace

void sockets::check_info(words& w) {
    if (w.take_if("stack")) return check_stack(stack_, w);
    auto const& e = take_socket(w);
    info i{};
    if (cardea_stack_get_tcp_info(stack_, e.fd, &i, sizeof i) != 0) throw failure{"info fails: " + error_name(errno)};
    while (!w.empty()) {
        auto const word = w.take("a condition");
        auto const c = read_condition(word);
        if (c.name == "state") {
            std::string const is = cardea_stack_tcp_state_name(static_cast<int>(i.state));
            if (c.comparison != "=") throw failure{"a state is compared with ="};
            if (is != c.value) throw failure{word + " does not hold: state is " + is};
            continue;
        }
        auto const f = std::find_if(fields().begin(), fields().end(), [&](auto const& k) { return k.name == c.name; });
        if (f == fields().end()) throw failure{"a connection tells nothing of \"" + c.name + "\""};
        auto const is = f->get(i);
        if (!holds(is, c.comparison, f->duration ? read_duration(c.value) : read_number(c.value)))
            throw failure{word + " does not hold: " + c.name + " is " +
                          (f->duration ? show_duration(is) : std::to_string(is))};
    }
}

}  // namespace script
