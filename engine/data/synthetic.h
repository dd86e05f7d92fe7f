#pragma once
// Ten kinds of drawn figures, so that everything runs with no data at all. Place, size, tilt, contrast and noise vary
// from image to image: a small network learns them, a linear one does not.
#include <cstdint>

#include "engine/data/dataset.h"

namespace nascent {

struct SyntheticOptions {
  std::int64_t images = 10000;
  int channels = 1, height = 28, width = 28;  // sides of at least 8
  std::uint64_t seed = 0;
  bool test = false;  // other images of the same kinds
};

// Image i shows class i % 10. Every image is a function of (seed, test, i).
Dataset draw_synthetic(const SyntheticOptions& options);

}  // namespace nascent
