// A chat room for any number of telnet and ncat clients, each with a nickname.
//     chat_server 127.0.0.1:7000        and in as many terminals as you like: ncat -C 127.0.0.1 7000
// Who joins and who leaves is told to all. For each member a bounded number of lines waits; who does not read them is
// dropped, and holds up nobody.
#include <algorithm>
#include <cardea/cardea.hpp>
#include <cctype>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "server.hpp"

using namespace cardea;

namespace {

constexpr std::size_t longest_line = 512;
constexpr std::size_t longest_name = 16;
constexpr std::size_t most_lines_waiting = 64;  // for one member, beside what its connection holds

using shared_line = std::shared_ptr<const std::string>;  // one copy, however many read it

struct member {
    std::string name;       // empty: has not said it yet
    scope* work = nullptr;  // its fibers
    channel<shared_line> waiting{most_lines_waiting};
    bool too_slow = false;
};

// All fibers of the room run on one loop, and nothing in here blocks: it needs no lock.
class chat_room {
  public:
    static void tell(member& to, const shared_line& line) {
        if (to.waiting.size() < most_lines_waiting) {
            to.waiting.push(line);
        } else {
            to.too_slow = true;
            to.work->cancel();  // its fibers end at their next call
        }
    }
    static void tell(member& to, const std::string& line) { tell(to, std::make_shared<std::string>(line + "\r\n")); }

    void tell_all(const std::string& line, const member* but = nullptr) {
        const auto shared = std::make_shared<std::string>(line + "\r\n");
        for (const auto& [name, each] : members_) {
            if (each != but) tell(*each, shared);
        }
    }
    // False: there is somebody of that name.
    bool enter(member& who, const std::string& name) {
        if (!members_.emplace(name, &who).second) return false;
        who.name = name;
        tell_all("* " + name + " has joined");
        return true;
    }
    void leave(const member& who) {
        if (members_.erase(who.name) > 0)
            tell_all("* " + who.name + (who.too_slow ? " was too slow and is out" : " has left"));
    }
    std::string names() const {
        std::string all;
        for (const auto& each : members_) all += ' ' + each.first;
        return all;
    }

  private:
    std::map<std::string, member*> members_;
};

// The next line, nothing in it that would move somebody's cursor; nullopt: the client has closed.
std::optional<std::string> next_line(line_reader& in, member& me) {
    for (;;) {
        try {
            const auto line = in.next();
            if (!line) return std::nullopt;
            std::string text(*line);
            std::erase_if(text, [](unsigned char c) { return c < ' ' || c == 127; });
            return text;
        } catch (const error& e) {
            if (e.code() != errc::too_long) throw;
        }
        if (!in.skip()) return std::nullopt;
        chat_room::tell(me, "* that line was too long");
    }
}

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= longest_name &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

bool introduce(chat_room& room, member& me, line_reader& in) {
    const deadline within(std::chrono::minutes(1));
    chat_room::tell(me, "* your name?");
    while (const auto name = next_line(in, me)) {
        if (!is_name(*name)) {
            chat_room::tell(me, "* a name is 1 to 16 letters and digits; your name?");
        } else if (room.enter(me, *name)) {
            return true;
        } else {
            chat_room::tell(me, "* " + *name + " is here already; your name?");
        }
    }
    return false;
}

void listen_to(chat_room& room, member& me, tcp_stream& peer) {
    line_reader in(peer, longest_line);
    if (!introduce(room, me, in)) return;
    chat_room::tell(me, "* here are" + room.names() + "; commands are /who and /quit");
    while (const auto line = next_line(in, me)) {
        if (*line == "/quit") return;
        if (*line == "/who") {
            chat_room::tell(me, "* here are" + room.names());
        } else if (!line->empty()) {
            room.tell_all(me.name + ": " + *line, &me);
        }
    }
}

// Many lines at once leave in one call.
void speak_to(member& me, tcp_stream& peer) {
    buffered_writer out(peer);
    while (const auto line = me.waiting.pop()) {
        const deadline within(std::chrono::minutes(1));  // takes nothing at all for so long: is not there any more
        out.send_all(**line);
        if (me.waiting.size() == 0) out.flush();
    }
}

void attend(chat_room& room, tcp_stream peer) {
    member me;
    struct presence {
        chat_room& room;
        member& who;
        ~presence() { room.leave(who); }  // however it ends
    } const here{room, me};
    scope work;  // made last: its fibers end before what they use
    me.work = &work;
    work.spawn([&] { speak_to(me, peer); });
    work.spawn([&] {
        listen_to(room, me, peer);
        me.waiting.close();  // what waits is still sent
    });
    work.join();
    if (me.too_slow) peer.reset();  // the kernel shall not keep what nobody reads either
}

}  // namespace

int main(int argc, char** argv) {
    chat_room room;
    serve_options one_loop;
    one_loop.threads = 1;
    return serve_anywhere(
        "chat_server", argc > 1 ? argv[1] : "*:7000", [&room](tcp_stream peer) { attend(room, std::move(peer)); },
        one_loop);
}
