#pragma once
#include <cstdint>
#include <memory>

#include "engine/tensor/huge_pages.h"

namespace nascent::bench {

// Numbers in [-1, 1) that differ: enough that no kernel meets zeros, denormals or overflow. They lie where the engine's
// tensors lie, a peer's too: on pages of 4 KB what a kernel reads shares sets of the caches as chance lays them.
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
    std::size_t bytes;
    void operator()(float* p) const { huge_pages::deallocate(reinterpret_cast<std::byte*>(p), bytes); }
  };
  using Data = std::unique_ptr<float, Free>;
  static Data allocate(std::int64_t count) {
    const std::size_t bytes = (static_cast<std::size_t>(count) + 1) * sizeof(float);  // not none
    return Data(reinterpret_cast<float*>(huge_pages::allocate(bytes)), Free{bytes});
  }
  Data data_;
};

}  // namespace nascent::bench
