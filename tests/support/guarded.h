#pragma once
// A buffer between two fences: a kernel that writes one element too far is found out.
#include <cstdint>
#include <vector>

namespace nascent::test {

template <class T>
class Guarded {
 public:
  // Starts as sentinels throughout, so that an element the kernel forgot to write shows as well.
  explicit Guarded(std::int64_t n)
      : size_(static_cast<std::size_t>(n)), all_(size_ + 2 * kFence, static_cast<T>(kSentinel)) {}

  T* data() { return all_.data() + kFence; }
  std::vector<T> values() const {
    return {all_.begin() + kFence, all_.begin() + static_cast<std::ptrdiff_t>(kFence + size_)};
  }
  bool fences_stand() const {
    for (std::size_t i = 0; i < kFence; ++i)
      if (all_[i] != static_cast<T>(kSentinel) || all_[kFence + size_ + i] != static_cast<T>(kSentinel)) return false;
    return true;
  }

 private:
  static constexpr std::size_t kFence = 64;  // four AVX-512 vectors of floats
  static constexpr int kSentinel = 77;
  std::size_t size_;
  std::vector<T> all_;
};

}  // namespace nascent::test
