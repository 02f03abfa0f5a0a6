// A web server for the files of a folder (HTTP/1.1, RFC 9112): GET and HEAD, connections that are kept, parts of files,
// "not modified", nothing outside of the folder.
//     http_files FOLDER 127.0.0.1:8080      then: curl -C - -O http://127.0.0.1:8080/page.html
// What it shows: lines from a stream with a bound on each, and a file sent without going through the program.
#include <algorithm>
#include <array>
#include <cardea/cardea.hpp>
#include <cctype>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server.hpp"

using namespace cardea;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_line = 8 * 1024;  // RFC 9112 section 3 asks for 8000
constexpr int most_fields = 100;

struct request {
    std::string method = {};
    std::string target = {};
    std::string range = {};  // what the fields of these names have; empty: there is none
    std::string if_range = {};
    std::string if_modified_since = {};
    bool keep = true;  // the connection, after the answer
    const char* refusal = nullptr;
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

// "%20" is a space (RFC 3986 section 2.1). A NUL would end the name early for the system.
std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = static_cast<unsigned char>(text[i]);
        if (byte == '%') {
            const char* digits = text.data() + i + 1;
            if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return {};
            i += 2;
        }
        if (byte == 0) return {};
        out += static_cast<char>(byte);
    }
    return out;
}

const char* type_of(const fs::path& file) {
    constexpr std::array<std::pair<std::string_view, const char*>, 7> known{{{".html", "text/html; charset=utf-8"},
                                                                             {".txt", "text/plain; charset=utf-8"},
                                                                             {".css", "text/css"},
                                                                             {".js", "text/javascript"},
                                                                             {".json", "application/json"},
                                                                             {".png", "image/png"},
                                                                             {".svg", "image/svg+xml"}}};
    for (const auto& [extension, type] : known) {
        if (lower(file.extension().string()) == extension) return type;
    }
    return "application/octet-stream";
}

// RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
constexpr const char* date_format = "%a, %d %b %Y %H:%M:%S GMT";

std::string date_of(std::time_t when) {
    std::tm parts{};
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), date_format, ::gmtime_r(&when, &parts))};
}

struct part {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;  // 0 where a range was asked for: nothing of it is there
};

// The part of a file that "bytes=BEGIN-LAST", "bytes=BEGIN-" or "bytes=-SIZE" is (RFC 9110 section 14.1.2); nullopt:
// all of it, as for several parts, which a server may ignore.
std::optional<part> part_of(std::string_view range, std::uint64_t whole) {
    const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        std::uint64_t n = 0;
        const char* end = text.data() + text.size();
        return std::from_chars(text.data(), end, n) == std::from_chars_result{end, {}} ? std::optional(n)
                                                                                       : std::nullopt;
    };
    const std::size_t dash = range.find('-');
    if (!range.starts_with("bytes=") || dash == range.npos) return {};
    const std::string_view first = range.substr(6, dash - 6);
    const auto begin = number(first);
    const auto end = number(range.substr(dash + 1));
    if (first.empty() && end) return part{whole - std::min(*end, whole), std::min(*end, whole)};
    if (!begin || (!end && dash + 1 < range.size()) || (end && *end < *begin)) return {};
    if (*begin >= whole) return part{};
    return part{*begin, std::min(end.value_or(whole - 1), whole - 1) - *begin + 1};
}

// "http://host/page" is "/page" (section 3.2.2: of whoever takes us for a proxy).
std::string_view path_of(std::string_view target) {
    if (lower(target.substr(0, 7)) != "http://") return target;
    const std::size_t path = target.find_first_of("/?", 7);
    return path == target.npos || target[path] == '?' ? "/" : target.substr(path);
}

bool is_inside(const fs::path& folder, const fs::path& file) {
    return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

class connection {
  public:
    connection(tcp_stream& peer, const fs::path& folder) : peer_(peer), folder_(folder) {}

    void run() {
        try {
            while (const auto asked = next_request()) {
                answer(*asked);
                if (!asked->keep) break;
            }
        } catch (const error& e) {
            if (e.code() != errc::too_long) throw;
            refuse({.keep = false}, "431 Request Header Fields Too Large");
        }
        peer_.close_gracefully(std::chrono::seconds(1));  // a reset could overtake the answer
    }

  private:
    // nullopt: the client has ended.
    std::optional<request> next_request() {
        auto line = in_.next();
        if (line && line->empty()) line = in_.next();  // section 2.2
        if (!line) return {};
        request r;
        const std::size_t first = line->find(' ');
        const std::size_t last = line->rfind(' ');
        const std::string_view version = line->substr(last == line->npos ? 0 : last + 1);
        if (first == line->npos || first == last || (version != "HTTP/1.1" && version != "HTTP/1.0")) {
            r.refusal = "400 Bad Request";
        } else {
            r.method = line->substr(0, first);
            r.target = line->substr(first + 1, last - first - 1);
        }
        r.keep = version == "HTTP/1.1";
        const int hosts_needed = r.keep ? 1 : 0;
        int hosts = 0;
        for (int fields = 0;; ++fields) {
            line = in_.next();
            if (!line || !in_.terminated()) return {};
            if (line->empty()) break;
            if (fields == most_fields) r.refusal = "431 Request Header Fields Too Large";
            if (r.refusal != nullptr) break;
            if (take_field(*line, r)) ++hosts;
        }
        // Section 3.2: a request of HTTP/1.1 names its host, and none names two.
        if (r.refusal == nullptr && (hosts < hosts_needed || hosts > 1)) r.refusal = "400 Bad Request";
        if (r.refusal != nullptr) r.keep = false;
        return r;
    }
    // True: it was the host.
    static bool take_field(std::string_view line, request& r) {
        const std::size_t colon = line.find(':');
        const std::string name = lower(line.substr(0, colon));
        const bool malformed = colon == line.npos || name.empty() || name.find_first_of(" \t") != name.npos;
        if (malformed) r.refusal = "400 Bad Request";  // section 5.1: also against smuggling
        std::string_view value = malformed ? "" : line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        value = value.substr(0, value.find_last_not_of(" \t") + 1);
        if (name == "connection" && lower(value).find("close") != value.npos) r.keep = false;
        if (name == "range") r.range = value;
        if (name == "if-range") r.if_range = value;
        if (name == "if-modified-since") r.if_modified_since = value;
        // What the request brings along is not read: what follows it would not be the next request.
        const bool has_body = name == "transfer-encoding" || (name == "content-length" && value != "0");
        if (has_body) r.refusal = "413 Content Too Large";
        return name == "host";
    }

    void answer(const request& r) {
        if (r.refusal != nullptr) return refuse(r, r.refusal);
        if (r.method != "GET" && r.method != "HEAD") return refuse(r, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
        const auto path = decoded(path_of(r.target).substr(0, path_of(r.target).find('?')));
        if (!path || !path->starts_with('/')) return refuse(r, "400 Bad Request");
        // With "..", and links, taken out: so that it can be seen whether it is inside.
        std::error_code ec;
        fs::path name = fs::canonical(folder_.string() + *path, ec);
        if (!ec && fs::is_directory(name, ec)) name = fs::canonical(name / "index.html", ec);
        if (ec || !is_inside(folder_, name) || !fs::is_regular_file(name, ec)) return refuse(r, "404 Not Found");
        const file found = file::open(name.string(), ec);
        if (ec) return refuse(r, "404 Not Found");
        const auto changed = std::chrono::file_clock::to_sys(fs::last_write_time(name, ec));
        send(r, found, type_of(name), std::chrono::floor<std::chrono::seconds>(changed).time_since_epoch().count());
    }
    // All of the file, a part of it, or that the client has it already.
    void send(const request& r, const file& found, const std::string& type, std::time_t changed) {
        const std::uint64_t size = found.size();
        const std::string date = date_of(changed);
        std::string fields = "Last-Modified: " + date + "\r\nAccept-Ranges: bytes\r\n";
        if (!is_newer(changed, r.if_modified_since)) {
            return peer_.send_all("HTTP/1.1 304 Not Modified\r\n" + fields + end_of_head(r));
        }
        // A part is for GET, and not for who has the beginning of another version (RFC 9110 section 13.1.5).
        const bool parts = r.method == "GET" && (r.if_range.empty() || r.if_range == date);
        const auto asked = parts ? part_of(r.range, size) : std::nullopt;
        const std::string of_all = "/" + std::to_string(size) + "\r\n";
        if (asked && asked->size == 0) return refuse(r, "416 Range Not Satisfiable", "Content-Range: bytes *" + of_all);
        const part sent = asked.value_or(part{0, size});
        const std::string last = std::to_string(sent.begin + sent.size - 1);
        if (asked) fields += "Content-Range: bytes " + std::to_string(sent.begin) + "-" + last + of_all;
        peer_.send_all(head(r, asked ? "206 Partial Content" : "200 OK", sent.size, type, fields));
        // Fewer bytes than promised, as the file became shorter: the connection is of no more use.
        if (r.method == "GET" && peer_.send_file(found, sent.begin, sent.size) != sent.size) peer_.reset();
    }
    // What is no date is ignored (section 13.1.3).
    static bool is_newer(std::time_t changed, const std::string& than) {
        std::tm parts{};
        const char* end = ::strptime(than.c_str(), date_format, &parts);
        return end == nullptr || *end != 0 || changed > ::timegm(&parts);
    }
    void refuse(const request& r, const std::string& status, const std::string& fields = {}) {
        const std::string text = status + "\n";
        peer_.send_all(head(r, status, text.size(), "text/plain", fields) + (r.method == "HEAD" ? "" : text));
    }
    static std::string head(const request& r, const std::string& status, std::uint64_t size, const std::string& type,
                            const std::string& fields = {}) {
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(size) + "\r\nContent-Type: " + type +
               "\r\n" + fields + end_of_head(r);
    }
    // Section 6.6.1: whoever has a clock says the time.
    static std::string end_of_head(const request& r) {
        return "Date: " + date_of(std::time(nullptr)) + (r.keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
    }

    tcp_stream& peer_;
    const fs::path& folder_;
    line_reader in_{peer_, longest_line};
};

}  // namespace

int main(int argc, char** argv) {
    std::error_code ec;
    const fs::path folder = fs::canonical(argc > 1 ? argv[1] : ".", ec);
    if (ec) return std::cerr << "http_files: " << argv[1] << ": " << ec.message() << '\n', 1;
    serve_options options;
    options.idle = std::chrono::seconds(30);
    return serve_anywhere(
        "http_files", argc > 2 ? argv[2] : "*:8080", [&](tcp_stream peer) { connection(peer, folder).run(); }, options);
}
