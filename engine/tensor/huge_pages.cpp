#include "engine/tensor/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace nascent::huge_pages {
namespace {

constexpr std::size_t kPage = std::size_t{2} << 20, kSmallPage = 4096, kLine = 64;
// What is left at a slab's end stays empty: with 8 MB a search of small images took 5 % more than its tensors.
constexpr std::size_t kSlab = 16 * kPage;
constexpr std::size_t kLeastInSlab = std::size_t{32} << 10;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHeapAlone = true;  // it sets fences between buffers of the heap
#else
constexpr bool kHeapAlone = false;
#endif

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

// Pages of one's own, from the system and back to it at once. Through the heap they would not go back: once it has
// freed a large block, glibc takes the next ones from its arena, which shrinks only as far as its last buffer in use (a
// search kept a third more than its tensors when the last batch of an epoch was smaller).
std::byte* pages(std::size_t bytes, std::size_t alignment) {
  const std::size_t size = round_up(bytes, kSmallPage), mapped = size + alignment;
  void* const found = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(found);
  const std::size_t before =
      round_up(reinterpret_cast<std::uintptr_t>(begin), alignment) - reinterpret_cast<std::uintptr_t>(begin);
  if (before > 0) munmap(begin, before);
  if (mapped > before + size) munmap(begin + before + size, mapped - before - size);
#ifdef MADV_HUGEPAGE
  madvise(begin + before, size / kPage * kPage, MADV_HUGEPAGE);  // a wish: may be refused
#endif
  return begin + before;
}
void give_pages_back(std::byte* buffer, std::size_t bytes) { munmap(buffer, round_up(bytes, kSmallPage)); }

// Slabs are filled from the front and given back when nothing in them is in use: buffers come and go all together,
// with a network or a batch size.
class Slabs {
 public:
  std::byte* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    for (auto& [base, slab] : slabs_)
      if (slab.used + bytes <= kSlab) return from(base, slab, bytes);
    std::byte* base = pages(kSlab, kSlab);
    return from(base, slabs_[base], bytes);
  }
  void give_back(std::byte* buffer) {
    const std::lock_guard lock(mutex_);
    const auto slab = slabs_.find(buffer - reinterpret_cast<std::uintptr_t>(buffer) % kSlab);
    if (--slab->second.live > 0) return;
    give_pages_back(slab->first, kSlab);
    slabs_.erase(slab);
  }

 private:
  struct Slab {
    std::size_t used = 0, live = 0;
  };
  static std::byte* from(std::byte* base, Slab& slab, std::size_t bytes) {
    std::byte* buffer = base + slab.used;
    slab.used += round_up(bytes, kLine);
    ++slab.live;
    return buffer;
  }

  std::mutex mutex_;
  std::map<std::byte*, Slab> slabs_;
};

// Weights and what a channel has, among themselves. Among the small objects of the heap they spread those over as many
// pages as weights take: a step's tensors go through 1.4 GB before one of them is looked at again, and each waited 2.4
// us for its page to be found (Granite Rapids under a hypervisor), a tenth of a step on two threads. They are few
// megabytes and are kept for the next of their size.
class SmallBuffers {
 public:
  std::byte* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes = round_up(bytes, kLine);
    if (auto& free = free_[bytes]; !free.empty()) {
      std::byte* buffer = free.back();
      free.pop_back();
      return buffer;
    }
    if (left_ < bytes) next_ = pages(kPage, kPage), left_ = kPage;
    left_ -= bytes;
    return std::exchange(next_, next_ + bytes);
  }
  void give_back(std::byte* buffer, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    free_[round_up(bytes, kLine)].push_back(buffer);
  }

 private:
  std::mutex mutex_;
  std::map<std::size_t, std::vector<std::byte*>> free_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

// Never destroyed: a tensor may outlive everything else at exit.
template <class Buffers>
Buffers& all() {
  static auto* buffers = new Buffers;
  return *buffers;
}

bool has_pages(std::size_t bytes) { return bytes >= kPage; }
bool in_slab(std::size_t bytes) { return bytes >= kLeastInSlab && bytes < kPage; }

}  // namespace

std::byte* allocate(std::size_t bytes) {
  if (kHeapAlone) return static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kLine}));
  if (has_pages(bytes)) return pages(bytes, kPage);
  return in_slab(bytes) ? all<Slabs>().take(bytes) : all<SmallBuffers>().take(bytes);
}

void deallocate(std::byte* buffer, std::size_t bytes) {
  if (kHeapAlone) return ::operator delete (buffer, std::align_val_t{kLine});
  if (has_pages(bytes)) return give_pages_back(buffer, bytes);
  if (in_slab(bytes)) return all<Slabs>().give_back(buffer);
  all<SmallBuffers>().give_back(buffer, bytes);
}

}  // namespace nascent::huge_pages
