#pragma once
// Where tensors get their bytes. A search repeats the same sizes every step, so freed buffers wait in a list of their
// exact size and are handed out again: after the first step nothing is asked of the operating system.
#include <cstddef>
#include <cstdint>
#include <memory>

namespace nascent {

struct PoolReport {
  std::size_t live_bytes = 0;           // in use now
  std::size_t peak_bytes = 0;           // most in use since reset_peak()
  std::size_t held_bytes = 0;           // free, waiting to be used again
  std::size_t peak_reserved_bytes = 0;  // most of both together since reset_peak(): what the process pays
  std::size_t allocations = 0;          // buffers asked of the operating system so far

  std::size_t reserved_bytes() const { return live_bytes + held_bytes; }
};

class BufferPool {
 public:
  static constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector (AVX-512)

  static BufferPool& instance();

  // 64-byte aligned, contents undefined (NaN when poisoned). Never null for zero bytes. Freed when the last owner goes.
  std::shared_ptr<std::byte> take(std::size_t bytes);
  // The same, of at least so many bytes, for what a kernel works in while it runs. One buffer grows to the largest
  // asked for and serves all sizes: those of a search's step would be forty, of 125 MB.
  std::shared_ptr<std::byte> take_scratch(std::size_t bytes);

  PoolReport report() const;
  void reset_peak();
  void release_held();
  // take() throws MemoryError rather than reserve more than this; 0: no limit.
  void set_limit(std::size_t bytes);
  // Fills every buffer handed out with NaN, so that a test sees a kernel read what it never wrote.
  void poison(bool on) { poison_ = on; }

 private:
  struct State;
  BufferPool();
  std::shared_ptr<std::byte> hand_out(std::byte* buffer, std::size_t bytes, bool scratch);
  std::shared_ptr<State> state_;
  bool poison_ = false;
};

}  // namespace nascent
