// fork and exec: no other program inherits a descriptor by accident.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_IN_REAL_TIME(inheritance);

std::set<int> descriptors() {
    std::set<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename().string());
        if (::fcntl(fd, F_GETFD) >= 0) found.insert(fd);  // the iterator's own comes and goes
    }
    return found;
}

TEST_P(inheritance, fork_and_exec_inherit_no_descriptor) {
    const std::set<int> before = descriptors();
    on_network([&] {
        tcp_listener door("127.0.0.1:0");
        two_streams both = connected_pair();
        std::vector<tcp_stream> many;
        for (int i = 0; i < 30; ++i) {  // accepted one by one, and ahead
            many.push_back(tcp_stream::connect(door.local()));
            many.push_back(door.accept());
        }
        udp_socket datagrams = udp_socket::bind("*:0");
        unix_listener local;
        if (GetParam().kernel) local = unix_listener("unix:@cardea-exec-" + std::to_string(this_network().random()));
        {
            std::error_code ec;
            std::array<char, 8> room{};
            const deadline soon(1ms);  // whatever a thread or a loop keeps for its waits, it has now
            both.server.recv(room, ec);
        }
        tcp_stream::connect("localhost:" + std::to_string(door.local().port()));
        std::size_t checked = 0;
        for (const int fd : descriptors()) {
            if (before.contains(fd)) continue;
            const int flags = ::fcntl(fd, F_GETFD);
            if (flags < 0) continue;
            ++checked;
            EXPECT_NE(flags & FD_CLOEXEC, 0) << "a child would inherit descriptor " << fd << ", "
                                             << std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
        }
        // On TUN the device and what wakes the loop, one of which may have the number that the list's own had before.
        EXPECT_GE(checked, GetParam().kernel ? 65U : 1U);
    });
}

TEST_P(inheritance, a_forked_child_that_only_execs_disturbs_nothing) {
    on_network([] {
        two_streams both = connected_pair();
        scope child;
        std::array<char, 4> room{};
        spawn_waiting(child, [&] { both.server.recv_exactly(room); });
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::execl("/bin/true", "true", nullptr);
            ::_exit(127);
        }
        ASSERT_GT(pid, 0);
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        EXPECT_EQ(status, 0);
        both.client.send_all("ping");
        child.join();
        both.server.close();
        EXPECT_EQ(both.client.recv(room), 0U) << "somebody holds the other end";
    });
}

}  // namespace
}  // namespace cardea::conformance
