#include "engine/data/normalization.h"

#include <array>
#include <cmath>
#include <cstdint>

namespace nascent {

Normalization measure(const Dataset& data, Where where) {
  if (data.pixels.empty()) throw ContractError("measure", data.name + " has no images", where);
  const auto channels = static_cast<std::size_t>(data.channels);
  std::vector<std::array<std::uint64_t, 256>> counts(channels);
  for (std::size_t i = 0; i < data.pixels.size(); i += channels)
    for (std::size_t c = 0; c < channels; ++c) ++counts[c][data.pixels[i + c]];

  Normalization result;
  for (const auto& count : counts) {
    double pixels = 0, sum = 0, squares = 0;
    for (int value = 0; value < 256; ++value) {
      const auto n = static_cast<double>(count[static_cast<std::size_t>(value)]);
      pixels += n;
      sum += n * value;
      squares += n * value * value;
    }
    const double mean = sum / pixels, variance = squares / pixels - mean * mean;
    result.mean.push_back(static_cast<float>(mean / 255));
    result.deviation.push_back(variance > 0 ? static_cast<float>(std::sqrt(variance) / 255) : 1.0f);
  }
  return result;
}

}  // namespace nascent
