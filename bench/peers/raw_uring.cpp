// Control: echo on io_uring, one thread. Multishot accept, multishot receive into one ring of provided buffers, the
// echo sent straight from the buffer it arrived in; one enter per turn submits everything and waits. liburing 2.3.
#include <liburing.h>
#include <sys/mman.h>

#include <bit>
#include <vector>

#include "common.hpp"

namespace {

constexpr unsigned submission_entries = 512;
constexpr unsigned completion_entries = 8192;
constexpr std::uint32_t none = UINT32_MAX;
constexpr std::uint16_t buffer_group = 0;

enum operation : std::uint64_t { accepting, receiving, sending };

struct connection {
    bool receiving = false;  // a multishot receive is armed in the kernel
    bool sending = false;
    bool ended = false;          // the peer has finished, or the connection has failed
    std::uint32_t first = none;  // received buffers not yet sent back, linked by `received::next`
    std::uint32_t last = none;
};

struct received {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t next = none;
};

class echo_server {
  public:
    explicit echo_server(const bench::arguments& arguments)
        : buffer_bytes_(arguments.buffer_bytes), received_(std::bit_ceil(arguments.buffer_count)) {
        set_up_ring();
        set_up_buffers();
        listener_ = bench::listen_on(arguments.port);
    }

    [[noreturn]] void run() {
        arm_accept();
        for (;;) {
            int result = io_uring_submit_and_wait(&ring_, 1);
            if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY)
                bench::die("io_uring_enter", -result);
            unsigned head = 0;
            unsigned seen = 0;
            io_uring_cqe* completion = nullptr;
            io_uring_for_each_cqe(&ring_, head, completion) {
                handle(*completion);
                ++seen;
            }
            io_uring_cq_advance(&ring_, seen);
            publish_buffers();
        }
    }

  private:
    void set_up_ring() {
        io_uring_params parameters{};
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                           IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = completion_entries;
        int result = io_uring_queue_init_params(submission_entries, &ring_, &parameters);
        if (result < 0) bench::die("io_uring_queue_init_params", -result);
        result = io_uring_register_ring_fd(&ring_);
        if (result < 0) bench::die("io_uring_register_ring_fd", -result);
    }

    void set_up_buffers() {
        std::size_t count = received_.size();
        if (count > 32768) bench::die("more buffers than a ring can name", EINVAL);
        buffer_ring_ = static_cast<io_uring_buf_ring*>(map(count * sizeof(io_uring_buf)));
        memory_ = static_cast<char*>(map(count * buffer_bytes_));
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uint64_t>(buffer_ring_);
        registration.ring_entries = static_cast<std::uint32_t>(count);
        registration.bgid = buffer_group;
        int result = io_uring_register_buf_ring(&ring_, &registration, 0);
        if (result < 0) bench::die("io_uring_register_buf_ring", -result);
        io_uring_buf_ring_init(buffer_ring_);
        for (std::uint32_t i = 0; i < count; ++i) give_back(i);
        publish_buffers();
    }

    static void* map(std::size_t bytes) {
        void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory == MAP_FAILED) bench::die("mmap");
        return memory;
    }

    char* buffer(std::uint32_t index) { return memory_ + index * buffer_bytes_; }

    void give_back(std::uint32_t index) {
        int mask = io_uring_buf_ring_mask(static_cast<std::uint32_t>(received_.size()));
        io_uring_buf_ring_add(buffer_ring_, buffer(index), static_cast<unsigned>(buffer_bytes_),
                              static_cast<std::uint16_t>(index), mask, returned_++);
    }

    void publish_buffers() {
        if (returned_ == 0) return;
        io_uring_buf_ring_advance(buffer_ring_, returned_);
        returned_ = 0;
        // A receive that ran out of buffers waits for this moment; re-arming it earlier would only fail again.
        for (int descriptor : starved_) arm_receive(descriptor);
        starved_.clear();
    }

    io_uring_sqe* next_submission(operation what, int descriptor) {
        io_uring_sqe* entry = io_uring_get_sqe(&ring_);
        while (entry == nullptr) {
            io_uring_submit(&ring_);
            entry = io_uring_get_sqe(&ring_);
        }
        // liburing's prep calls leave user_data alone.
        entry->user_data = static_cast<std::uint64_t>(descriptor) << 2 | what;
        return entry;
    }

    connection& connection_of(int descriptor) { return connections_[static_cast<std::size_t>(descriptor)]; }

    void arm_accept() {
        io_uring_prep_multishot_accept(next_submission(accepting, listener_), listener_, nullptr, nullptr,
                                       SOCK_CLOEXEC);
    }

    void arm_receive(int descriptor) {
        io_uring_sqe* entry = next_submission(receiving, descriptor);
        io_uring_prep_recv_multishot(entry, descriptor, nullptr, 0, 0);
        entry->flags |= IOSQE_BUFFER_SELECT;
        entry->buf_group = buffer_group;
        connection_of(descriptor).receiving = true;
    }

    void send_first(int descriptor) {
        connection& peer = connection_of(descriptor);
        const received& bytes = received_[peer.first];
        io_uring_prep_send(next_submission(sending, descriptor), descriptor, buffer(peer.first) + bytes.offset,
                           bytes.length, MSG_WAITALL | MSG_NOSIGNAL);
        peer.sending = true;
    }

    void handle(const io_uring_cqe& completion) {
        auto descriptor = static_cast<int>(completion.user_data >> 2);
        switch (completion.user_data & 3) {
            case accepting:
                return on_accept(completion);
            case receiving:
                return on_receive(descriptor, completion);
            default:
                return on_send(descriptor, completion.res);
        }
    }

    void on_accept(const io_uring_cqe& completion) {
        if (completion.res >= 0) {
            auto slot = static_cast<std::size_t>(completion.res);
            if (slot >= connections_.size()) connections_.resize(slot + 1);
            connections_[slot] = connection{};
            arm_receive(completion.res);
        } else if (completion.res != -ECONNABORTED && completion.res != -EINTR) {
            bench::die("accept", -completion.res);
        }
        if ((completion.flags & IORING_CQE_F_MORE) == 0) arm_accept();
    }

    void on_receive(int descriptor, const io_uring_cqe& completion) {
        connection& peer = connection_of(descriptor);
        peer.receiving = (completion.flags & IORING_CQE_F_MORE) != 0;
        if (completion.res > 0) {
            enqueue(peer, completion);
            if (!peer.sending) send_first(descriptor);
            if (!peer.receiving) arm_receive(descriptor);
        } else if (completion.res == -ENOBUFS) {
            starved_.push_back(descriptor);
        } else {
            if (completion.flags & IORING_CQE_F_BUFFER) give_back(completion.flags >> IORING_CQE_BUFFER_SHIFT);
            peer.ended = true;
            finish_if_idle(descriptor);
        }
    }

    void enqueue(connection& peer, const io_uring_cqe& completion) {
        std::uint32_t index = completion.flags >> IORING_CQE_BUFFER_SHIFT;
        received_[index] = {0, static_cast<std::uint32_t>(completion.res), none};
        if (peer.first == none) {
            peer.first = index;
        } else {
            received_[peer.last].next = index;
        }
        peer.last = index;
    }

    void on_send(int descriptor, int result) {
        connection& peer = connection_of(descriptor);
        peer.sending = false;
        if (result < 0) return fail(descriptor);
        received& bytes = received_[peer.first];
        bytes.offset += static_cast<std::uint32_t>(result);
        bytes.length -= static_cast<std::uint32_t>(result);
        if (bytes.length == 0) pop_first(peer);
        if (peer.first != none) return send_first(descriptor);
        finish_if_idle(descriptor);
    }

    void pop_first(connection& peer) {
        std::uint32_t done = peer.first;
        peer.first = received_[done].next;
        give_back(done);
    }

    /// The peer takes no more: drop what it is owed and make the armed receive complete.
    void fail(int descriptor) {
        connection& peer = connection_of(descriptor);
        while (peer.first != none) pop_first(peer);
        shutdown(descriptor, SHUT_RDWR);
        finish_if_idle(descriptor);
    }

    void finish_if_idle(int descriptor) {
        const connection& peer = connection_of(descriptor);
        // The number may be reused as soon as it is closed, so no operation may still carry it.
        if (peer.ended && !peer.receiving && !peer.sending) close(descriptor);
    }

    io_uring ring_{};
    io_uring_buf_ring* buffer_ring_ = nullptr;
    char* memory_ = nullptr;
    std::size_t buffer_bytes_;
    int listener_ = -1;
    int returned_ = 0;  // buffers put back but not yet shown to the kernel
    std::vector<received> received_;
    std::vector<connection> connections_;  // by descriptor
    std::vector<int> starved_;             // receives that found no buffer
};

}  // namespace

int main(int argc, char** argv) { echo_server(bench::start(argc, argv)).run(); }
