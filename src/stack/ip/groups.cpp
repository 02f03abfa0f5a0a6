// Adding and taking away.
#include "stack/ip/groups.hpp"

namespace cardea::stack::ip {

namespace {

void take_away(group_wish& w, group_change const& c) {
    for (auto const& s : c.less)
        if (auto const it = w.from.find(s); it != w.from.end() && --it->second == 0) w.from.erase(it);
    if (c.from_anybody < 0 && w.from_anybody != 0) --w.from_anybody;
}

}  // namespace

void group_table::apply(group_key const& k, group_change const& c) {
    bool const adds = c.from_anybody > 0 || !c.more.empty();
    auto it = adds ? wishes_.try_emplace(k).first : wishes_.find(k);
    if (it == wishes_.end()) return;
    try {
        for (auto const& s : c.more) it->second.from.try_emplace(s, 0);
    } catch (...) {
        std::erase_if(it->second.from, [](auto const& e) { return e.second == 0; });
        if (it->second.empty()) wishes_.erase(it);
        throw;
    }
    for (auto const& s : c.more) ++it->second.from[s];
    if (c.from_anybody > 0) ++it->second.from_anybody;
    take_away(it->second, c);
    if (it->second.empty()) wishes_.erase(it);
}

}  // namespace cardea::stack::ip
