#include "engine/tensor/buffer_pool.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/tensor/error.h"
#include "engine/tensor/huge_pages.h"

namespace nascent {

struct BufferPool::State {
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<std::byte*>> free_lists;
  std::multimap<std::size_t, std::byte*> free_scratch;
  PoolReport report;
  std::size_t limit = 0;

  ~State() { release(); }

  void release() {
    for (auto& [bytes, list] : free_lists)
      for (std::byte* buffer : list) huge_pages::deallocate(buffer, bytes);
    free_lists.clear();
    release_scratch();
    report.held_bytes = 0;
#if defined(__GLIBC__)
    malloc_trim(0);  // what stood beside the buffers: the heap keeps it for others of its size
#endif
  }

  void release_scratch() {
    for (auto& [bytes, buffer] : free_scratch) {
      huge_pages::deallocate_apart(buffer, bytes);
      report.held_bytes -= bytes;
    }
    free_scratch.clear();
  }

  // Accounts for a buffer handed out: a free one, or null, for which one will be allocated.
  void hand_out(std::byte* buffer, std::size_t bytes) {
    if (buffer) {
      report.held_bytes -= bytes;
    } else {
      if (limit && report.reserved_bytes() + bytes > limit)
        throw MemoryError("tensors need more than the " + std::to_string(limit) + " bytes they may take");
      ++report.allocations;
    }
    report.live_bytes += bytes;
    report.peak_bytes = std::max(report.peak_bytes, report.live_bytes);
    report.peak_reserved_bytes = std::max(report.peak_reserved_bytes, report.reserved_bytes());
  }

  void give_back(std::byte* buffer, std::size_t bytes, bool scratch) {
    std::lock_guard lock(mutex);
    if (scratch)
      free_scratch.emplace(bytes, buffer);
    else
      free_lists[bytes].push_back(buffer);
    report.live_bytes -= bytes;
    report.held_bytes += bytes;
  }
};

BufferPool::BufferPool() : state_(std::make_shared<State>()) {}

BufferPool& BufferPool::instance() {
  static BufferPool pool;
  return pool;
}

std::shared_ptr<std::byte> BufferPool::take(std::size_t bytes) {
  bytes = std::max(bytes, kAlignment);
  std::byte* buffer = nullptr;
  {
    std::lock_guard lock(state_->mutex);
    auto& list = state_->free_lists[bytes];
    if (!list.empty()) {
      buffer = list.back();
      list.pop_back();
    }
    state_->hand_out(buffer, bytes);
  }
  return hand_out(buffer, bytes, false);
}

std::shared_ptr<std::byte> BufferPool::take_scratch(std::size_t bytes) {
  bytes = std::max(bytes, kAlignment);
  std::byte* buffer = nullptr;
  {
    std::lock_guard lock(state_->mutex);
    const auto fits = state_->free_scratch.lower_bound(bytes);
    if (fits != state_->free_scratch.end()) {
      bytes = fits->first, buffer = fits->second;
      state_->free_scratch.erase(fits);
    } else {
      state_->release_scratch();
    }
    state_->hand_out(buffer, bytes);
  }
  return hand_out(buffer, bytes, true);
}

std::shared_ptr<std::byte> BufferPool::hand_out(std::byte* buffer, std::size_t bytes, bool scratch) {
  if (!buffer) buffer = scratch ? huge_pages::allocate_apart(bytes) : huge_pages::allocate(bytes);
  if (poison_) std::memset(buffer, 0xFF, bytes);  // all ones is a NaN in float and in double
  // The deleter owns the state, so a tensor that outlives the pool at exit still has somewhere to go.
  return {buffer, [state = state_, bytes, scratch](std::byte* b) { state->give_back(b, bytes, scratch); }};
}

PoolReport BufferPool::report() const {
  std::lock_guard lock(state_->mutex);
  return state_->report;
}

void BufferPool::reset_peak() {
  std::lock_guard lock(state_->mutex);
  state_->report.peak_bytes = state_->report.live_bytes;
  state_->report.peak_reserved_bytes = state_->report.reserved_bytes();
}

void BufferPool::set_limit(std::size_t bytes) {
  std::lock_guard lock(state_->mutex);
  state_->limit = bytes;
}

void BufferPool::release_held() {
  std::lock_guard lock(state_->mutex);
  state_->release();
}

}  // namespace nascent
