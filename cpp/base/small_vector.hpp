// A vector whose first elements lie in the object itself: most gates have few qubits and small matrices, and lists of
// these need no heap then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace ketjet {

template <class T, std::size_t inside>
class SmallVector {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
    using value_type = T;

    SmallVector() = default;
    // So many elements with the value that T() has.
    explicit SmallVector(std::size_t size) {
        make_room(size);
        size_ = size;
        std::uninitialized_value_construct_n(data(), size);
    }
    explicit SmallVector(std::span<const T> values) { assign(values); }
    SmallVector(std::initializer_list<T> values) { assign({values.begin(), values.size()}); }
    SmallVector(const SmallVector& other) { assign(other); }
    SmallVector(SmallVector&& other) noexcept { take(other); }
    SmallVector& operator=(const SmallVector& other) {
        if (this != &other) assign(other);
        return *this;
    }
    SmallVector& operator=(SmallVector&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    ~SmallVector() = default;

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() { return heap_ ? heap_.get() : reinterpret_cast<T*>(storage_); }
    const T* data() const { return heap_ ? heap_.get() : reinterpret_cast<const T*>(storage_); }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    T& operator[](std::size_t i) { return data()[i]; }
    const T& operator[](std::size_t i) const { return data()[i]; }
    T& back() { return data()[size_ - 1]; }
    const T& back() const { return data()[size_ - 1]; }

    void clear() { size_ = 0; }
    void push_back(const T& value) {
        const T copy = value;
        make_room(size_ + 1);
        std::construct_at(data() + size_++, copy);
    }

    friend bool operator==(const SmallVector& a, const SmallVector& b) { return std::ranges::equal(a, b); }

 private:
    // Keeps the elements that there are.
    void make_room(std::size_t size) {
        if (size <= capacity_) return;
        const std::size_t capacity = std::max(size, 2 * capacity_);
        auto heap = std::make_unique_for_overwrite<T[]>(capacity);
        std::uninitialized_copy_n(data(), size_, heap.get());
        heap_ = std::move(heap);
        capacity_ = capacity;
    }
    void assign(std::span<const T> values) {
        size_ = 0;
        make_room(values.size());
        size_ = values.size();
        std::uninitialized_copy(values.begin(), values.end(), data());
    }
    void take(SmallVector& other) {
        heap_ = std::move(other.heap_);
        capacity_ = std::exchange(other.capacity_, inside);
        size_ = std::exchange(other.size_, 0);
        if (!heap_) std::uninitialized_copy_n(reinterpret_cast<const T*>(other.storage_), size_, data());
    }

    std::size_t size_ = 0;
    std::size_t capacity_ = inside;
    std::unique_ptr<T[]> heap_;  // null as long as the elements fit inside
    alignas(T) std::byte storage_[inside * sizeof(T)];
};

}  // namespace ketjet
