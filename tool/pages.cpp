// Reading requests, finding files, sending them.
#include "pages.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cardea/file.hpp>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea_tool {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_head = 16 * 1024;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        for (const std::size_t at : {i + 1, i + 2}) {
            if (at >= text.size() || std::isxdigit(static_cast<unsigned char>(text[at])) == 0) return std::nullopt;
            const int c = std::tolower(static_cast<unsigned char>(text[at]));
            value = 16 * value + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        if (value == 0) return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return out;
}

std::string html_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
    }
    return out;
}

const char* type_of(const fs::path& file) {
    struct known {
        std::string_view extension;
        const char* type;
    };
    static constexpr std::array<known, 12> all{{{".html", "text/html; charset=utf-8"},
                                                {".htm", "text/html; charset=utf-8"},
                                                {".txt", "text/plain; charset=utf-8"},
                                                {".md", "text/plain; charset=utf-8"},
                                                {".css", "text/css"},
                                                {".js", "text/javascript"},
                                                {".json", "application/json"},
                                                {".svg", "image/svg+xml"},
                                                {".png", "image/png"},
                                                {".jpg", "image/jpeg"},
                                                {".gif", "image/gif"},
                                                {".pdf", "application/pdf"}}};
    const std::string extension = lower(file.extension().string());
    const auto* found = std::find_if(all.begin(), all.end(), [&](const known& k) { return k.extension == extension; });
    return found == all.end() ? "application/octet-stream" : found->type;
}

bool is_inside(const fs::path& folder, const fs::path& file) {
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    return end == folder.end();
}

/// The next request's head, up to its empty line; what came behind that stays in `received`. nullopt: the end.
std::optional<std::string> read_head(cardea::stream& peer, std::string& received) {
    constexpr std::string_view empty_line = "\r\n\r\n";
    std::array<char, 4096> buffer;
    for (;;) {
        const std::size_t end = received.find(empty_line);
        if (end != std::string::npos) {
            std::string head = received.substr(0, end + 2);
            received.erase(0, end + empty_line.size());
            return head;
        }
        if (received.size() > longest_head) return received;  // no request has no empty line
        const std::size_t n = peer.recv(buffer);
        if (n == 0) return std::nullopt;
        received.append(buffer.data(), n);
    }
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

struct part {
    std::uint64_t begin;
    std::uint64_t length;  // 0: nothing of what was asked for is there
};

/// What a Range field asks for of a file of `size` bytes (RFC 9110 section 14.1.2). nullopt: all of it, as for what is
/// no range or several (section 14.2 lets a server ignore those).
std::optional<part> part_of(std::string_view range, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    const std::size_t dash = range.find('-');
    if (!range.starts_with(unit) || dash == std::string_view::npos) return std::nullopt;
    const std::string_view first = range.substr(unit.size(), dash - unit.size());
    const std::optional<std::uint64_t> begin = number_in(first);
    const std::optional<std::uint64_t> last = number_in(range.substr(dash + 1));
    if (first.empty() && last) return part{size - std::min(*last, size), std::min(*last, size)};
    const bool to_the_end = dash + 1 == range.size();
    if (!begin || (!last && !to_the_end) || (last && *last < *begin)) return std::nullopt;
    if (*begin >= size) return part{0, 0};
    return part{*begin, to_the_end ? size - *begin : std::min(*last, size - 1) - *begin + 1};
}

}  // namespace

struct pages::request {
    explicit request(std::string_view head);

    std::string method;
    std::string target;
    std::string version;
    std::string range;  ///< the field's value; empty: everything
    bool has_host = false;
    bool has_condition = false;
    bool keep_alive = false;

  private:
    void take_field(std::string_view line);
};

pages::request::request(std::string_view head) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last == first || head.size() > longest_head) return;
    method = line.substr(0, first);
    target = line.substr(first + 1, last - first - 1);
    version = line.substr(last + 1);
    keep_alive = version == "HTTP/1.1";
    for (std::string_view rest = head.substr(line.size()); rest.size() > 2;) {
        rest.remove_prefix(2);
        const std::string_view field = rest.substr(0, rest.find("\r\n"));
        take_field(field);
        rest.remove_prefix(field.size());
    }
}

void pages::request::take_field(std::string_view line) {
    const std::string field = lower(line);
    const std::size_t colon = std::min(field.find(':'), field.size());
    const std::string name = field.substr(0, colon);
    if (name == "host") has_host = true;
    // No validators are given out, so none can match: then the whole file is the answer (RFC 9110 section 13.1.5).
    if (name == "if-range") has_condition = true;
    if (name == "range") {
        const std::size_t begin = std::min(field.find_first_not_of(": \t", colon), field.size());
        range = field.substr(begin, field.find_last_not_of(" \t") + 1 - begin);
    }
    // Tokens of a list (RFC 9110 section 7.6.1); no other option has this one in its name.
    if (name == "connection" && field.find("close", colon) != std::string::npos) keep_alive = false;
    // Nobody reads the body of what is not done anyway.
    if (name == "content-length" || name == "transfer-encoding") keep_alive = false;
}

struct pages::answer {
    int status = 200;
    const char* reason = "OK";
    std::string fields;                 ///< further header fields
    const char* type = "text/plain";    ///< of the body
    std::string text;                   ///< the body, unless there is a file
    std::optional<fs::path> file = {};  ///< the body

    static answer refusal(int status, const char* reason) {
        return {status, reason, {}, "text/plain", std::string(reason) + "\n"};
    }
    part choose_part(std::string_view range, std::uint64_t size);
};

/// What of a file of `size` bytes is sent, having said so.
part pages::answer::choose_part(std::string_view range, std::uint64_t size) {
    const std::optional<part> chosen = part_of(range, size);
    fields += "Accept-Ranges: bytes\r\n";
    if (!chosen) return {0, size};
    if (chosen->length == 0) {
        *this = refusal(416, "Range Not Satisfiable");
        fields = fmt::format("Content-Range: bytes */{}\r\n", size);
        return {0, text.size()};
    }
    status = 206;
    reason = "Partial Content";
    fields += fmt::format("Content-Range: bytes {}-{}/{}\r\n", chosen->begin, chosen->begin + chosen->length - 1, size);
    return *chosen;
}

pages::pages(const fs::path& folder) : folder_(fs::canonical(folder)) {
    if (!fs::is_directory(folder_)) {
        throw std::system_error(std::make_error_code(std::errc::not_a_directory), "serve " + folder.string());
    }
}

void pages::serve(cardea::stream& peer) const {
    std::string received;
    for (;;) {
        const std::optional<std::string> head = read_head(peer, received);
        if (!head) return;
        const request asked(*head);
        give(peer, asked);
        if (!asked.keep_alive) return;
    }
}

pages::answer pages::find(const request& asked) const {
    constexpr auto refuse = answer::refusal;
    const bool lacks_host = asked.version == "HTTP/1.1" && !asked.has_host;  // RFC 9112 section 3.2
    if (!asked.version.starts_with("HTTP/1.") || !asked.target.starts_with('/') || lacks_host) {
        return refuse(400, "Bad Request");
    }
    if (asked.method != "GET" && asked.method != "HEAD") {
        answer no = refuse(405, "Method Not Allowed");
        no.fields = "Allow: GET, HEAD\r\n";
        return no;
    }
    const std::string path = asked.target.substr(0, asked.target.find('?'));
    const std::optional<std::string> decoded = percent_decoded(path);
    if (!decoded) return refuse(400, "Bad Request");
    std::error_code gone;
    const fs::path found = fs::canonical(folder_ / fs::path(*decoded).relative_path(), gone);
    if (gone || !is_inside(folder_, found)) return refuse(404, "Not Found");
    if (fs::is_directory(found, gone)) {
        if (!path.ends_with('/')) {
            answer there = refuse(301, "Moved Permanently");
            there.fields = "Location: " + path + "/\r\n";
            return there;
        }
        const fs::path index = found / "index.html";
        if (!fs::is_regular_file(index, gone)) {
            return {200, "OK", {}, "text/html; charset=utf-8", listing(found, *decoded)};
        }
        return {200, "OK", {}, type_of(index), {}, index};
    }
    if (!fs::is_regular_file(found, gone)) return refuse(403, "Forbidden");
    return {200, "OK", {}, type_of(found), {}, found};
}

std::string pages::listing(const fs::path& folder, std::string_view shown_as) const {
    std::vector<std::string> names;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
        names.push_back(entry.path().filename().string() + (entry.is_directory(failed) ? "/" : ""));
    }
    std::sort(names.begin(), names.end());
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n<h1>{0}</h1>\n<ul>\n", html_escaped(shown_as));
    for (const std::string& name : names) {
        const bool is_folder = name.back() == '/';
        const std::string bare = name.substr(0, name.size() - (is_folder ? 1 : 0));
        page += fmt::format("<li><a href=\"{}{}\">{}</a>\n", percent_encoded(bare), is_folder ? "/" : "",
                            html_escaped(name));
    }
    return page + "</ul>\n";
}

void pages::give(cardea::stream& peer, const request& asked) const {
    answer what = find(asked);
    cardea::file file;
    part body{0, what.text.size()};
    if (what.file) {
        std::error_code gone;
        file = cardea::file::open(what.file->string(), gone);
        const std::uint64_t size = gone ? 0 : file.size(gone);
        if (gone) what = answer::refusal(403, "Forbidden");
        // A range is for GET alone (RFC 9110 section 14.2).
        const bool whole = asked.method != "GET" || asked.has_condition;
        body = gone ? part{0, what.text.size()} : what.choose_part(whole ? "" : asked.range, size);
    }
    std::string head = fmt::format(
        "HTTP/1.1 {} {}\r\nServer: cardea/" CARDEA_VERSION "\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}\r\n",
        what.status, what.reason, what.type, body.length, what.fields, asked.keep_alive ? "" : "Connection: close\r\n");
    const bool with_body = asked.method != "HEAD";
    if (!what.file && with_body) head += what.text;
    peer.send_all(head);
    if (!what.file || !with_body) return;
    // The length has been promised: a file that has shrunk since ends the connection instead.
    if (peer.send_file(file, body.begin, body.length) < body.length) {
        throw std::runtime_error("the file '" + what.file->string() + "' ended early");
    }
}

}  // namespace cardea_tool
