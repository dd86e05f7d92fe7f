#include "engine/data/dataset.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/tensor/error.h"
#include "engine/tensor/random.h"

namespace nascent {

Dataset limited(Dataset data, const LoadOptions& options) {
  if (options.limit < 0)
    throw UsageError("limit is " + std::to_string(options.limit) + ", expected a number of images (0 for all)");
  if (options.limit == 0 || options.limit >= data.size()) return data;

  std::vector<std::uint32_t> chosen(data.labels.size());
  std::iota(chosen.begin(), chosen.end(), 0u);
  Random(options.seed, "limit").shuffle(chosen);
  chosen.resize(static_cast<std::size_t>(options.limit));
  std::sort(chosen.begin(), chosen.end());

  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  pixels.reserve(chosen.size() * static_cast<std::size_t>(data.image_bytes()));
  for (std::uint32_t index : chosen) {
    const auto image = data.image(index);
    pixels.insert(pixels.end(), image.begin(), image.end());
    labels.push_back(data.labels[index]);
  }
  data.pixels = std::move(pixels);
  data.labels = std::move(labels);
  return data;
}

}  // namespace nascent
