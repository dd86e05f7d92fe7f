#pragma once
#include <cstdint>

namespace nascent::nas {

// Of one image; any size works, odd ones included.
struct ImageSize {
  std::int64_t channels = 3, height = 32, width = 32;
  bool operator==(const ImageSize&) const = default;
};

}  // namespace nascent::nas
