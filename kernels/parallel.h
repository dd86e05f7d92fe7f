#pragma once
// The only place with an OpenMP pragma. Work is cut into chunks by the problem's shape, never by the number of
// threads, and a chunk is run by one thread in order. So a result has the same bits for any number of threads as long
// as no two chunks write the same place, and sums across chunks are taken in chunk order.
#include <omp.h>

#include <cstdint>

#include "kernels/quotient.h"

namespace nascent::kernels {

// Sets how many threads later kernels use; 0 means one a processor. A process-wide setting.
static inline void set_threads(int threads) { omp_set_num_threads(threads > 0 ? threads : omp_get_num_procs()); }
static inline int threads() { return omp_get_max_threads(); }

// Which of the threads() workers runs the current chunk: for choosing a scratch buffer, never for cutting work.
static inline int worker() { return omp_get_thread_num(); }

// Who runs which chunk: each worker its own share from the front, then what others have left of theirs. The share is
// the same from kernel to kernel, so an image's planes stay in the cache of one core; and nobody waits while there is
// work, as would be with fixed shares.
class ChunkShares {
 public:
  explicit ChunkShares(std::int64_t chunks) : chunks_(chunks) {}
  template <class Body>
  void run(std::int64_t workers, std::int64_t me, const Body& body) {
    const std::int64_t shares = workers < kMost ? workers : kMost;
    for (std::int64_t k = 0; k < shares; ++k) {
      const std::int64_t share = (me + k) % shares, begin = chunks_ * share / shares;
      const std::int64_t count = chunks_ * (share + 1) / shares - begin;
      for (std::int64_t i; (i = __atomic_fetch_add(&taken_[share].count, 1, __ATOMIC_RELAXED)) < count;)
        body(begin + i);
    }
  }

 private:
  static constexpr std::int64_t kMost = 16;
  struct alignas(64) Taken {
    std::int64_t count = 0;
  };
  std::int64_t chunks_;
  Taken taken_[kMost];
};

// Calls body(i) once for each i in [0, chunks), in parallel.
template <class Body>
void parallel_chunks(std::int64_t chunks, const Body& body) {
  if (chunks <= 1 || threads() == 1) {
    for (std::int64_t i = 0; i < chunks; ++i) body(i);
    return;
  }
  ChunkShares shares(chunks);
#pragma omp parallel
  shares.run(omp_get_num_threads(), worker(), body);
}

// Cuts [0, count) into ranges of `grain` elements and calls body(begin, end) for each, in parallel.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
  parallel_chunks((count + grain - 1) / grain, [&](std::int64_t i) {
    const std::int64_t begin = i * grain;
    body(begin, begin + grain < count ? begin + grain : count);
  });
}

// Chunks a sum over `count` items is cut into, each with a buffer of its own: enough for many cores, few enough that
// the buffers stay small beside the data. Item i of a chunk runs from chunk_begin(.., i) to chunk_begin(.., i + 1).
static inline constexpr std::int64_t reduction_chunks(std::int64_t count) {
  return count < 1 ? 1 : count < 32 ? count : 32;
}
static inline constexpr std::int64_t chunk_begin(std::int64_t count, std::int64_t chunks, std::int64_t i) {
  return quotient(count * i, chunks);
}

}  // namespace nascent::kernels
