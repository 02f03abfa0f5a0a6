// A list whose members carry their links: entering and leaving allocate nothing, cannot fail and take constant time.
// A member may be in one list for each tag. Uses the standard library only.
#pragma once

namespace cardea::stack {

template <typename Tag>
class list_node {
  public:
    list_node() = default;
    list_node(list_node const&) = delete;
    list_node& operator=(list_node const&) = delete;
    ~list_node() { unlink(); }

    bool linked() const { return next_ != nullptr; }
    void unlink() {
        if (!linked()) return;
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = nullptr;
    }

  private:
    template <typename T, typename U>
    friend class linked_list;
    list_node* next_ = nullptr;
    list_node* previous_ = nullptr;
};

/// T derives from list_node<Tag>.
template <typename T, typename Tag>
class linked_list {
  public:
    linked_list() { head_.next_ = head_.previous_ = &head_; }

    bool empty() const { return head_.next_ == &head_; }
    T& front() { return static_cast<T&>(*head_.next_); }
    void push_back(T& member) {
        list_node<Tag>& node = member;
        node.next_ = &head_;
        node.previous_ = head_.previous_;
        head_.previous_->next_ = &node;
        head_.previous_ = &node;
    }
    void pop_front() { head_.next_->unlink(); }
    /// Puts all of `other` behind; it is empty afterwards.
    void take_all(linked_list& other) {
        if (other.empty()) return;
        auto* const first = other.head_.next_;
        auto* const last = other.head_.previous_;
        first->previous_ = head_.previous_;
        head_.previous_->next_ = first;
        last->next_ = &head_;
        head_.previous_ = last;
        other.head_.next_ = other.head_.previous_ = &other.head_;
    }

  private:
    list_node<Tag> head_;
};

}  // namespace cardea::stack
