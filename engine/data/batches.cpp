#include "engine/data/batches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/tensor/random.h"
#include "kernels/parallel.h"

namespace nascent {
namespace {

// A pixel has 256 values: normalising is a look-up, exact in double and rounded once.
template <class T>
std::vector<std::array<T, 256>> lookup(const Normalization& normalization) {
  std::vector<std::array<T, 256>> table(normalization.mean.size());
  for (std::size_t c = 0; c < table.size(); ++c)
    for (int value = 0; value < 256; ++value)
      table[c][static_cast<std::size_t>(value)] =
          static_cast<T>((value / 255.0 - double{normalization.mean[c]}) / double{normalization.deviation[c]});
  return table;
}

template <class T>
void write_image(const Dataset& data, std::uint32_t sample, const Placement& place,
                 const std::vector<std::array<T, 256>>& table, T* out) {
  const std::uint8_t* image = data.image(sample).data();
  const int channels = data.channels;
  for (int y = 0; y < data.height; ++y)
    for (int x = 0; x < data.width; ++x, out += channels) {
      if (y >= place.hole_top && y < place.hole_bottom && x >= place.hole_left && x < place.hole_right) {
        std::fill_n(out, channels, T{0});
        continue;
      }
      const int from_y = y + place.shift_y, from_x = (place.flip ? data.width - 1 - x : x) + place.shift_x;
      const bool inside = from_y >= 0 && from_y < data.height && from_x >= 0 && from_x < data.width;
      const std::uint8_t* pixel = inside ? image + (std::int64_t{from_y} * data.width + from_x) * channels : nullptr;
      for (int c = 0; c < channels; ++c) out[c] = table[static_cast<std::size_t>(c)][pixel ? pixel[c] : 0];
    }
}

}  // namespace

Batch make_batch(const Dataset& data, std::span<const std::uint32_t> indices, const Normalization& normalization,
                 const Augmentation& augmentation, const BatchKey& key, DType dtype, Where where) {
  const auto channels = static_cast<std::size_t>(data.channels);
  if (normalization.mean.size() != channels || normalization.deviation.size() != channels)
    throw ContractError("make_batch",
                        "expected a mean and a deviation for " + std::to_string(channels) + " channels, got " +
                            std::to_string(normalization.mean.size()),
                        where);
  const auto count = static_cast<std::int64_t>(indices.size());
  Batch batch{Tensor::empty({count, data.height, data.width, data.channels}, dtype), {}};
  for (std::uint32_t index : indices) {
    if (index >= data.size())
      throw ContractError("make_batch",
                          "sample " + std::to_string(index) + " of " + std::to_string(data.size()) + " in " + data.name,
                          where);
    batch.labels.push_back(data.labels[index]);
  }
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto table = lookup<T>(normalization);
    T* out = batch.images.mutable_data<T>();
    kernels::parallel_chunks(count, [&](std::int64_t i) {
      const std::uint32_t sample = indices[static_cast<std::size_t>(i)];
      const Placement place = draw(augmentation, key, sample, data.height, data.width);
      write_image(data, sample, place, table, out + i * data.image_bytes());
    });
  });
  return batch;
}

BatchSampler::BatchSampler(std::vector<std::uint32_t> samples, SamplerOptions options, Where where)
    : samples_(std::move(samples)), options_(std::move(options)) {
  if (samples_.empty() || options_.batch < 1)
    throw ContractError("batch_sampler",
                        "expected at least one sample and a batch of at least 1, got " +
                            std::to_string(samples_.size()) + " and " + std::to_string(options_.batch),
                        where);
}

std::vector<std::uint32_t> BatchSampler::batch(std::uint64_t epoch, std::int64_t step, Where where) {
  if (step < 0 || step >= steps_per_epoch())
    throw ContractError("batch_sampler",
                        "step " + std::to_string(step) + " of " + std::to_string(steps_per_epoch()) + " in an epoch",
                        where);
  if (order_.empty() || epoch != epoch_) {
    order_ = samples_;
    if (options_.shuffle) Random(options_.seed, "shuffle " + options_.purpose, {epoch}).shuffle(order_);
    epoch_ = epoch;
  }
  const auto begin = order_.begin() + step * options_.batch;
  return {begin, begin + std::min(options_.batch, samples() - step * options_.batch)};
}

Halves split_halves(std::int64_t n, std::uint64_t seed, double portion, Where where) {
  const std::int64_t train = std::llround(portion * static_cast<double>(n));
  if (!(portion > 0 && portion < 1) || train < 1 || train >= n)
    throw ContractError(
        "split_halves",
        "a portion of " + std::to_string(portion) + " of " + std::to_string(n) + " samples leaves one side empty",
        where);
  std::vector<std::uint32_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0u);
  Random(seed, "split").shuffle(order);
  return {{order.begin(), order.begin() + train}, {order.begin() + train, order.end()}};
}

}  // namespace nascent
