// See capture.hpp.
#include "network/stack/capture.hpp"

#include <cardea/error.hpp>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

namespace cardea::detail {

namespace tcpip = ::cardea::stack;

namespace {

std::FILE* begin(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr) throw error({errno, std::system_category()}, "open", "open the capture '" + path + "'");
    return file;
}

// Readers that verify checksums and sizes shall not take what a device was to do for an error of ours.
void explain_offloads(const tcpip::packet_meta& meta, std::string& comment) {
    const auto add = [&comment](const std::string& more) { comment += (comment.empty() ? "" : "; ") + more; };
    if (meta.gso != tcpip::gso_kind::none) add("offloaded: segments of " + std::to_string(meta.gso_size) + " bytes");
    if (meta.checksum_partial) add("checksum left to the device, completed here");
}

}  // namespace

capture_file::capture_file(const std::string& path) : path_(path), file_(begin(path)), writer_(*this) {}

capture_file::~capture_file() {
    if (file_ != nullptr && std::fclose(file_) != 0) {
        file_ = nullptr;
        give_up();
    }
}

void capture_file::packet(std::uint32_t host, std::int64_t when_ns, const tcpip::packet_view& what,
                          tcpip::packet_direction way, std::string_view fate, std::string_view why) noexcept {
    if (file_ == nullptr) return;
    try {
        std::string comment = std::string(fate).append(why);
        explain_offloads(what.meta, comment);
        writer_.write(host, when_ns, what, way, comment);
    } catch (const std::bad_alloc&) {
        errno = ENOMEM;
        give_up();
    }
}

void capture_file::flush() noexcept {
    if (file_ != nullptr && std::fflush(file_) != 0) give_up();
}

void capture_file::write(tcpip::bytes_view bytes) {
    if (file_ == nullptr) return;
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) give_up();
}

// The program matters more than its capture: it goes on.
void capture_file::give_up() noexcept {
    const std::string_view why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
    std::fprintf(stderr, "cardea: the capture '%s' ends here: %.*s\n", path_.c_str(), static_cast<int>(why.size()),
                 why.data());
    if (file_ != nullptr) std::fclose(file_);
    file_ = nullptr;
}

}  // namespace cardea::detail
