// Whether a path is stale is the kernel's answer, not the caller's deadline's.
#include <cardea/cardea.hpp>
#include <filesystem>
#include <string>

#include "every_network.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(stale_paths);

TEST_P(stale_paths, one_is_taken_over_though_a_deadline_has_passed) {
    on_network([] {
        const std::string path = testing::TempDir() + "cardea-stale-" + std::to_string(this_network().random());
        {
            socket left(family::local, type::stream);
            left.bind(endpoint::local(path));
            left.listen(1);
        }
        ASSERT_TRUE(std::filesystem::is_socket(path));
        const deadline passed{std::chrono::nanoseconds(0)};
        std::error_code ec;
        try {
            const unix_listener door("unix:" + path);
        } catch (const error& e) {
            ec = e.code();
        }
        EXPECT_FALSE(ec) << ec.message();
        std::filesystem::remove(path, ec);
    });
}

}  // namespace
}  // namespace cardea::conformance
