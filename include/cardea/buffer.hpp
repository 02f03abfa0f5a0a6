// What send and recv take: a pointer and a length, made implicitly from anything contiguous and byte-sized.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cardea {

namespace detail {
template <class R>
using element_of = std::remove_pointer_t<decltype(std::declval<R&>().data())>;

template <class R>
concept byte_range = requires(R& r) {
    r.data();
    r.size();
}
&&sizeof(element_of<R>) == 1 && std::is_trivially_copyable_v<element_of<R>>;

/// Not a temporary that owns its bytes, which nobody could read any more: one that is const then has const bytes.
template <class R>
concept outlives_a_call = std::is_lvalue_reference_v<R> || !std::is_const_v<element_of<const R>>;
}  // namespace detail

/// Bytes to be sent. Borrows: what it points at must live until the call that takes it returns.
/// Converts from std::string, std::string_view, string literals (without the closing NUL), std::span, std::array and
/// std::vector of byte-sized elements, and from `{pointer, length}`.
class const_buffer {
  public:
    constexpr const_buffer() noexcept = default;
    const_buffer(const void* data, std::size_t size) noexcept
        : data_(static_cast<const std::byte*>(data)), size_(size) {}
    const_buffer(const char* text) noexcept : const_buffer(text, std::strlen(text)) {}
    /// A char array may be text or a buffer, closed by a NUL or not: say which with `{array, length}`.
    template <std::size_t N>
    const_buffer(char (&array)[N]) = delete;
    template <class R>
    requires detail::byte_range<const R> const_buffer(const R& range)
    noexcept : const_buffer(range.data(), range.size()) {}
    template <class T, std::size_t N>
    requires(sizeof(T) == 1 && !std::is_same_v<std::remove_cv_t<T>, char>) const_buffer(T (&array)[N])
    noexcept : const_buffer(array, N) {}

    [[nodiscard]] const std::byte* data() const noexcept { return data_; }  ///< The first byte.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }       ///< Bytes.
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }        ///< No bytes.
    [[nodiscard]] std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
    /// The part after the first `n` bytes (`n` at most `size()`).
    [[nodiscard]] const_buffer after(std::size_t n) const noexcept { return {data_ + n, size_ - n}; }

  private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Room for bytes to be received. Borrows, as const_buffer does; nothing writes into it after the call has returned.
class mutable_buffer {
  public:
    constexpr mutable_buffer() noexcept = default;
    mutable_buffer(void* data, std::size_t size) noexcept : data_(static_cast<std::byte*>(data)), size_(size) {}
    template <class R>
    requires(detail::byte_range<R> && !std::is_const_v<detail::element_of<R>> && detail::outlives_a_call<R> &&
             !std::is_same_v<std::remove_cvref_t<R>, mutable_buffer>) mutable_buffer(R&& range)
    noexcept : mutable_buffer(range.data(), range.size()) {}
    template <class T, std::size_t N>
    requires(sizeof(T) == 1 && !std::is_const_v<T>) mutable_buffer(T (&array)[N])
    noexcept : mutable_buffer(array, N) {}

    [[nodiscard]] std::byte* data() const noexcept { return data_; }   ///< The first byte.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }  ///< Bytes.
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }   ///< No bytes.
    [[nodiscard]] mutable_buffer after(std::size_t n) const noexcept { return {data_ + n, size_ - n}; }  ///< The rest.

  private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

template <class R, class Buffer>
concept range_of_buffers = requires(const R& r) {
    { r.data() } -> std::convertible_to<const Buffer*>;
    r.size();
};

}  // namespace detail

/// Several buffers in order, as one call takes them: `{header, body}`, or a std::array, std::vector or std::span of
/// buffers. Borrows the list as well as what is on it, until the call returns.
template <class Buffer>
class buffer_list {
  public:
    constexpr buffer_list() noexcept = default;
    buffer_list(const Buffer* first, std::size_t count) noexcept : first_(first), count_(count) {}
    buffer_list(std::initializer_list<Buffer> list) noexcept : buffer_list(list.begin(), list.size()) {}
    template <class R>
    requires(detail::range_of_buffers<R, Buffer>) buffer_list(const R& range)
    noexcept : buffer_list(range.data(), range.size()) {}

    [[nodiscard]] const Buffer* begin() const noexcept { return first_; }         ///< The buffers, first to last.
    [[nodiscard]] const Buffer* end() const noexcept { return first_ + count_; }  ///< Behind the last.
    [[nodiscard]] std::size_t count() const noexcept { return count_; }           ///< How many buffers.
    /// The bytes of all of them.
    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t total = 0;
        for (const Buffer& b : *this) total += b.size();
        return total;
    }

  private:
    const Buffer* first_ = nullptr;
    std::size_t count_ = 0;
};
using const_buffers = buffer_list<const_buffer>;      ///< what send_vectored() takes
using mutable_buffers = buffer_list<mutable_buffer>;  ///< what recv_vectored() takes

}  // namespace cardea
