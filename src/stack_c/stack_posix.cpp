// A stack's life: packets in and out, time, and the calls that wait for either.
#include <algorithm>
#include <span>

#include "stack_c/handle.hpp"

using namespace cardea::stack_c;
using cardea::stack::never;

namespace {
/// Deadlines are set beyond the present: time does not go on to where they could not be told.
constexpr cardea_stack::time_ns last_instant = never / 2;
}  // namespace

cardea_stack::cardea_stack(cardea_stack_config const& c) : now{c.start}, max_sent{c.output_packets}, host{c.host} {
    host.poll(now, *this);  // tells the host the time
}

cardea_stack::~cardea_stack() = default;

void cardea_stack::emit(cardea::stack::packet_view const& p) {
    if (sent.size() >= max_sent) {
        ++lost;
        return;
    }
    sent.push_back({now, cardea::stack::packet{p}});
}

void cardea_stack::settle() {
    for (;;) {
        while (host.next_deadline() <= now) host.poll(now, *this);
        std::size_t const before = waiting.size();
        // A call may move others, and none is added here: those begun during a wait function are already in the list.
        auto const calls = waiting;
        for (auto* c : calls) c->step();
        std::erase_if(waiting, [](auto const* c) { return c->done(); });
        if (waiting.size() == before && host.next_deadline() > now) return;
    }
}

cardea_stack::time_ns cardea_stack::next_deadline() const {
    auto next = host.next_deadline();
    for (auto const* c : waiting) next = std::min(next, c->deadline);
    return next;
}

/// Every deadline has its own turn, at its own time.
void cardea_stack::advance(time_ns until, bool inclusive) {
    for (auto next = next_deadline(); next < until || (inclusive && next == until); next = next_deadline()) {
        now = std::max(now, next);
        settle();
    }
    now = until;
}

descriptor_ptr cardea_stack::find(int fd) const {
    auto const at = static_cast<std::size_t>(fd) - first_descriptor;
    return fd >= first_descriptor && at < descriptors.size() ? descriptors[at] : nullptr;
}

int cardea_stack::install(descriptor_ptr d) {
    auto const free = std::find(descriptors.begin(), descriptors.end(), nullptr);
    auto const at = free - descriptors.begin();
    if (free == descriptors.end())
        descriptors.push_back(std::move(d));
    else
        *free = std::move(d);
    return static_cast<int>(at) + first_descriptor;
}

void cardea_stack_call::step() {
    if (done()) return;
    if (!attempt(*this)) {
        if (owner->now < deadline) return;
        result = on_deadline != 0 && progress == 0 ? outcome::failed(on_deadline)
                                                   : outcome{static_cast<ssize_t>(progress), 0};
    }
    done_at = owner->now;
    attempt = nullptr;
}

const char* cardea_stack_version(void) { return CARDEA_VERSION; }

cardea_stack* cardea_stack_new(const cardea_stack_config* config) {
    return guarded<cardea_stack*>(nullptr, [config]() -> cardea_stack* {
        if (config == nullptr) return errno = EINVAL, nullptr;
        return new cardea_stack{*config};
    });
}

void cardea_stack_free(cardea_stack* stack) { delete stack; }

int cardea_stack_feed(cardea_stack* stack, const void* packet, size_t size, const struct cardea_stack_packet* about,
                      int64_t arrival_ns) {
    return guarded(-1, [=] {
        if (stack == nullptr || (packet == nullptr && size != 0)) return fail(EINVAL);
        if (arrival_ns < stack->now || arrival_ns > last_instant) return fail(EINVAL);
        cardea::stack::packet_meta meta;
        if (about != nullptr) {
            if (about->gso > CARDEA_STACK_GSO_UDP) return fail(EINVAL);
            meta.gso = static_cast<cardea::stack::gso_kind>(about->gso);
            meta.gso_size = about->gso_size;
            meta.header_size = about->header_size;
            meta.checksum_partial = about->checksum_partial != 0;
            meta.checksum_verified = about->checksum_verified != 0;
            meta.checksum_start = about->checksum_start;
            meta.checksum_offset = about->checksum_offset;
        }
        stack->advance(arrival_ns, false);
        stack->host.ingress(std::span{static_cast<std::byte const*>(packet), size}, meta, stack->now);
        stack->settle();
        return 0;
    });
}

ssize_t cardea_stack_take(cardea_stack* stack, void* buffer, size_t size, struct cardea_stack_packet* about) {
    if (stack == nullptr || (buffer == nullptr && size != 0)) return fail<ssize_t>(EINVAL);
    if (stack->sent.empty()) return 0;
    auto const& first = stack->sent.front();
    auto const& bytes = first.p.bytes;
    if (bytes.size() > size) return fail<ssize_t>(EMSGSIZE);
    std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(buffer));
    if (about != nullptr) {
        auto const& m = first.p.meta;
        about->time_ns = first.when;
        about->gso = static_cast<std::uint32_t>(m.gso);
        about->gso_size = m.gso_size;
        about->header_size = m.header_size;
        about->checksum_partial = m.checksum_partial;
        about->checksum_verified = 0;
        about->checksum_start = m.checksum_start;
        about->checksum_offset = m.checksum_offset;
    }
    auto const taken = bytes.size();
    stack->sent.pop_front();
    return static_cast<ssize_t>(taken);
}

size_t cardea_stack_packet_size(const cardea_stack* stack) {
    return stack == nullptr || stack->sent.empty() ? 0 : stack->sent.front().p.bytes.size();
}

int64_t cardea_stack_now(const cardea_stack* stack) { return stack == nullptr ? fail<int64_t>(EINVAL) : stack->now; }

int64_t cardea_stack_next_deadline(const cardea_stack* stack) {
    return stack == nullptr ? fail<int64_t>(EINVAL) : stack->next_deadline();
}

int cardea_stack_advance(cardea_stack* stack, int64_t until_ns) {
    return guarded(-1, [=] {
        if (stack == nullptr || until_ns < stack->now || until_ns > last_instant) return fail(EINVAL);
        stack->advance(until_ns, true);
        return 0;
    });
}
