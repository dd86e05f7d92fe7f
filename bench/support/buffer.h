#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace nascent::bench {

// Numbers in [-1, 1) that differ, at a cache line's border: enough that no kernel meets zeros, denormals or overflow.
class Buffer {
 public:
  explicit Buffer(std::int64_t count) : data_(allocate(count)) {
    std::uint32_t state = 1;
    for (std::int64_t i = 0; i < count; ++i) {
      state = state * 1664525u + 1013904223u;
      data_.get()[i] = static_cast<float>(state >> 8) / (1 << 23) - 1;
    }
  }
  float* data() { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  static float* allocate(std::int64_t count) {
    constexpr std::size_t line = 64;
    const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(float) + line) / line * line;
    auto* p = static_cast<float*>(std::aligned_alloc(line, bytes));
    if (p == nullptr) throw std::bad_alloc();
    return p;
  }
  std::unique_ptr<float, Free> data_;
};

}  // namespace nascent::bench
