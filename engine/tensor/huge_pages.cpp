#include "engine/tensor/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <new>

namespace nascent::huge_pages {
namespace {

constexpr std::size_t kPage = std::size_t{2} << 20, kLine = 64;
constexpr std::size_t kSlab = 4 * kPage;
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kLeastInSlab = kPage;  // none: between neighbours in a slab it has no fences
#else
constexpr std::size_t kLeastInSlab = std::size_t{32} << 10;
#endif

std::byte* pages(std::size_t bytes, std::size_t alignment) {
  auto* buffer = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{alignment}));
#ifdef MADV_HUGEPAGE
  madvise(buffer, bytes / kPage * kPage, MADV_HUGEPAGE);  // a wish: may be refused
#endif
  return buffer;
}

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
    ::operator delete (slab->first, std::align_val_t{kSlab});
    slabs_.erase(slab);
  }

 private:
  struct Slab {
    std::size_t used = 0, live = 0;
  };
  static std::byte* from(std::byte* base, Slab& slab, std::size_t bytes) {
    std::byte* buffer = base + slab.used;
    slab.used += (bytes + kLine - 1) / kLine * kLine;
    ++slab.live;
    return buffer;
  }

  std::mutex mutex_;
  std::map<std::byte*, Slab> slabs_;
};

// Never destroyed: a tensor may outlive everything else at exit.
Slabs& slabs() {
  static auto* all = new Slabs;
  return *all;
}

bool in_slab(std::size_t bytes) { return bytes >= kLeastInSlab && bytes < kPage; }
std::size_t alignment_of(std::size_t bytes) { return bytes < kPage ? kLine : kPage; }

}  // namespace

std::byte* allocate(std::size_t bytes) {
  if (in_slab(bytes)) return slabs().take(bytes);
  if (bytes >= kPage) return pages(bytes, alignment_of(bytes));
  return static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kLine}));
}

void deallocate(std::byte* buffer, std::size_t bytes) {
  if (in_slab(bytes)) return slabs().give_back(buffer);
  ::operator delete (buffer, std::align_val_t{alignment_of(bytes)});
}

}  // namespace nascent::huge_pages
