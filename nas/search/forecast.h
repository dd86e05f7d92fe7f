#pragma once
// What a search will take, known before it starts.
#include <cstddef>
#include <cstdint>

#include "nas/search/search.h"

namespace nascent::nas {

struct Forecast {
  std::int64_t parameters = 0;
  std::int64_t forward_passes = 0;  // of a step, validation and training together
  std::int64_t macs_per_step = 0;   // multiply-adds of those; going backward costs about twice as many again
  std::int64_t steps_per_epoch = 0;
  std::size_t pool_peak = 0;  // bytes of tensors at the worst moment of a step
  std::size_t peak_rss = 0;   // bytes of the whole process: program, images, tensors and the buffers they will reuse
};

// Every buffer of a step is an affine function of the batch size, so two steps at each of two small batches tell the
// peak at any (exact for tensors at rest; scratch of sums stops growing at 16 to 64 chunks and is foretold a little
// high). Leaves nothing behind but the process' own peak. MemoryError when even the small batches do not fit in
// `available` bytes; errors of search().
Forecast forecast(const TrainingData& training, const SearchOptions& options, std::size_t available);

}  // namespace nascent::nas
