#include "engine/tensor/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/tensor/error.h"

namespace nascent {

namespace {

// Buffers from 2 MB on lie on huge pages where the system lends them: beside 4 KB pages one thread reads 64 MB at 33
// rather than 23 GB/s (Zen 4 under a hypervisor, where each miss of the TLB walks two tables).
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t alignment_of(std::size_t bytes) { return bytes < kHugePage ? BufferPool::kAlignment : kHugePage; }

std::byte* allocate(std::size_t bytes) {
  auto* buffer = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{alignment_of(bytes)}));
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugePage) madvise(buffer, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // a wish: may be refused
#endif
  return buffer;
}
void deallocate(std::byte* buffer, std::size_t bytes) {
  ::operator delete (buffer, std::align_val_t{alignment_of(bytes)});
}

}  // namespace

struct BufferPool::State {
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<std::byte*>> free_lists;
  PoolReport report;
  std::size_t limit = 0;

  ~State() { release(); }

  void release() {
    for (auto& [bytes, list] : free_lists)
      for (std::byte* buffer : list) deallocate(buffer, bytes);
    free_lists.clear();
    report.held_bytes = 0;
  }

  void give_back(std::byte* buffer, std::size_t bytes) {
    std::lock_guard lock(mutex);
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
      state_->report.held_bytes -= bytes;
    } else {
      if (state_->limit && state_->report.reserved_bytes() + bytes > state_->limit)
        throw MemoryError("tensors need more than the " + std::to_string(state_->limit) + " bytes they may take");
      ++state_->report.allocations;
    }
    state_->report.live_bytes += bytes;
    PoolReport& report = state_->report;
    report.peak_bytes = std::max(report.peak_bytes, report.live_bytes);
    report.peak_reserved_bytes = std::max(report.peak_reserved_bytes, report.reserved_bytes());
  }
  if (!buffer) buffer = allocate(bytes);
  if (poison_) std::memset(buffer, 0xFF, bytes);  // all ones is a NaN in float and in double
  // The deleter owns the state, so a tensor that outlives the pool at exit still has somewhere to go.
  return {buffer, [state = state_, bytes](std::byte* b) { state->give_back(b, bytes); }};
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
