// stack_script [--trace] FILE...: runs packet scripts; says what failed, and fails if one did.
#include <iostream>
#include <string>

#include "runner.hpp"

int main(int count, char** arguments) {
    bool trace = false;
    int failed = 0;
    int ran = 0;
    for (int i = 1; i < count; ++i) {
        std::string const path = arguments[i];
        if (path == "--trace") {
            trace = true;
            continue;
        }
        auto const problem = script::run(path, trace);
        if (!problem.empty()) std::cerr << problem << '\n';
        failed += problem.empty() ? 0 : 1;
        ++ran;
    }
    if (ran == 0) std::cerr << "usage: stack_script [--trace] FILE...\n";
    return failed == 0 && ran != 0 ? 0 : 1;
}
