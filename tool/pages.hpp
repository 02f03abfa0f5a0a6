// The files of a folder over HTTP/1.1 (RFC 9110, RFC 9112), as browsers and curl ask for them: GET (one range of a
// file as well) and HEAD.
#pragma once

#include <cardea/stream.hpp>
#include <filesystem>

namespace cardea_tool {

class pages {
  public:
    /// Throws std::system_error when there is no such folder.
    explicit pages(const std::filesystem::path& folder);

    /// Answers one connection's requests until it closes. Any number of fibers at once. Nothing outside of the folder
    /// is shown, symbolic links that lead out of it neither. Throws cardea::error.
    void serve(cardea::stream& peer) const;

  private:
    struct request;
    struct answer;

    void give(cardea::stream& peer, const request& asked) const;
    [[nodiscard]] answer find(const request& asked) const;
    [[nodiscard]] std::string listing(const std::filesystem::path& folder, std::string_view shown_as) const;

    std::filesystem::path folder_;
};

}  // namespace cardea_tool
