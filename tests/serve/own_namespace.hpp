// A network namespace of the calling thread's own, and of the threads that it starts: a TUN device in it harms nobody.
#pragma once

#include <sched.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <thread>

/// Runs `body` on a thread in a new namespace. Says why it could not ("" if it could), as where there is no root.
template <class Body>
std::string in_own_namespace(Body body) {
    std::string why;
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0) {
            why = "unshare: " + std::system_category().message(errno);
        } else {
            body();
        }
    }).join();
    return why;
}
