#include "engine/tensor/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace nascent::huge_pages {
namespace {

constexpr std::size_t kPage = std::size_t{2} << 20, kSmallPage = 4096, kLine = 64;
// What is left at a slab's end stays empty: with 8 MB a search of small images took 5 % more than its tensors.
constexpr std::size_t kSlab = 16 * kPage;
constexpr std::size_t kSmallBuffer = std::size_t{32} << 10;  // below it, in slabs of one page
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

// Slabs are filled from the front, and what is given back serves the next of its size. A slab goes back when nothing in
// it is in use: buffers come and go all together, with a network or a batch size.
class Slabs {
 public:
  explicit Slabs(std::size_t bytes) : bytes_(bytes) {}
  std::byte* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes = round_up(bytes, kLine);
    for (auto& [base, slab] : slabs_)
      if (auto& free = slab.free[bytes]; !free.empty()) {
        std::byte* buffer = free.back();
        free.pop_back();
        ++slab.live;
        return buffer;
      }
    for (auto& [base, slab] : slabs_)
      if (slab.used + bytes <= bytes_) return from(base, slab, bytes);
    std::byte* base = pages(bytes_, bytes_);
    return from(base, slabs_[base], bytes);
  }
  void give_back(std::byte* buffer, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto slab = slabs_.find(buffer - reinterpret_cast<std::uintptr_t>(buffer) % bytes_);
    slab->second.free[round_up(bytes, kLine)].push_back(buffer);
    if (--slab->second.live > 0) return;
    give_pages_back(slab->first, bytes_);
    slabs_.erase(slab);
  }

 private:
  struct Slab {
    std::size_t used = 0, live = 0;
    std::map<std::size_t, std::vector<std::byte*>> free;  // by size
  };
  static std::byte* from(std::byte* base, Slab& slab, std::size_t bytes) {
    std::byte* buffer = base + slab.used;
    slab.used += bytes;
    ++slab.live;
    return buffer;
  }

  std::mutex mutex_;
  std::size_t bytes_;
  std::map<std::byte*, Slab> slabs_;
};

// Never destroyed: a tensor may outlive everything else at exit.
Slabs& slabs() {
  static auto* all = new Slabs(kSlab);
  return *all;
}
// Weights and what a channel has, among themselves. Among the small objects of the heap they spread those over as many
// pages as weights take: a step's tensors go through 1.4 GB before one of them is looked at again, and each waited 2.4
// us for its page to be found (Granite Rapids under a hypervisor), a tenth of a step on two threads.
Slabs& small_slabs() {
  static auto* all = new Slabs(kPage);
  return *all;
}

bool has_pages(std::size_t bytes) { return bytes >= kPage; }
Slabs& slabs_for(std::size_t bytes) { return bytes < kSmallBuffer ? small_slabs() : slabs(); }

}  // namespace

std::byte* allocate(std::size_t bytes) {
  return kHeapAlone || has_pages(bytes) ? allocate_apart(bytes) : slabs_for(bytes).take(bytes);
}

void deallocate(std::byte* buffer, std::size_t bytes) {
  if (kHeapAlone || has_pages(bytes)) return deallocate_apart(buffer, bytes);
  slabs_for(bytes).give_back(buffer, bytes);
}

std::byte* allocate_apart(std::size_t bytes) {
  return kHeapAlone ? static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kLine})) : pages(bytes, kPage);
}

void deallocate_apart(std::byte* buffer, std::size_t bytes) {
  if (kHeapAlone) return ::operator delete (buffer, std::align_val_t{kLine});
  give_pages_back(buffer, bytes);
}

}  // namespace nascent::huge_pages
