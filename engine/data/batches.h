#pragma once
// From a data set to the tensors of a step: which samples, and what they look like.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/augmentation.h"
#include "engine/data/dataset.h"
#include "engine/data/normalization.h"
#include "engine/tensor/tensor.h"

namespace nascent {

struct Batch {
  Tensor images;                     // [batch, height, width, channels]
  std::vector<std::int32_t> labels;  // [batch]
};

// Normalised and augmented images of the samples `indices`. Crop (padding is pixel 0) and flip come before
// normalisation, cutout after it. ContractError for an index outside the data or statistics of other channels.
Batch make_batch(const Dataset& data, std::span<const std::uint32_t> indices, const Normalization& normalization,
                 const Augmentation& augmentation = {}, const BatchKey& key = {}, DType dtype = DType::f32,
                 Where where = Where::current());

struct SamplerOptions {
  std::int64_t batch = 64;
  std::uint64_t seed = 0;
  // Samplers of one seed must differ in this: equal orders would pair the same training and validation samples for
  // ever.
  std::string purpose = "train";
  bool shuffle = true;
};

// Cuts a list of samples, shuffled anew each epoch, into batches. What a batch holds is a pure function of
// (seed, purpose, epoch, step), so a run resumes anywhere without state.
class BatchSampler {
 public:
  BatchSampler(std::vector<std::uint32_t> samples, SamplerOptions options, Where where = Where::current());

  std::int64_t samples() const { return static_cast<std::int64_t>(samples_.size()); }
  std::int64_t steps_per_epoch() const { return (samples() + options_.batch - 1) / options_.batch; }
  // The samples of step `step` in [0, steps_per_epoch()); the last batch may be short. One thread at a time: the
  // order of the latest epoch is kept.
  std::vector<std::uint32_t> batch(std::uint64_t epoch, std::int64_t step, Where where = Where::current());

 private:
  std::vector<std::uint32_t> samples_, order_;
  SamplerOptions options_;
  std::uint64_t epoch_ = 0;
};

struct Halves {
  std::vector<std::uint32_t> train, validation;
};
// The samples 0..n-1, shuffled by `seed` and cut in two disjoint lists: round(portion * n) to train, the rest to
// validation. ContractError when either would be empty.
Halves split_halves(std::int64_t n, std::uint64_t seed, double portion = 0.5, Where where = Where::current());

}  // namespace nascent
