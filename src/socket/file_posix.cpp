// Opening, measuring and closing disk files. open(2), fstat(2).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cardea/error.hpp>
#include <cardea/file.hpp>
#include <cerrno>

namespace cardea {

file file::open(const std::string& path) {
    std::error_code ec;
    file opened = open(path, ec);
    if (ec) throw error(ec, "open", "open file " + path);
    return opened;
}

file file::open(const std::string& path, std::error_code& ec) noexcept {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ec = fd >= 0 ? std::error_code() : std::error_code(errno, std::system_category());
    return file(fd);
}

std::uint64_t file::size() const {
    std::error_code ec;
    const std::uint64_t bytes = size(ec);
    if (ec) throw error(ec, "size", "size of a file");
    return bytes;
}

std::uint64_t file::size(std::error_code& ec) const noexcept {
    struct stat about {};
    ec = ::fstat(descriptor_, &about) == 0 ? std::error_code() : std::error_code(errno, std::system_category());
    return ec ? 0 : static_cast<std::uint64_t>(about.st_size);
}

void file::close() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace cardea
