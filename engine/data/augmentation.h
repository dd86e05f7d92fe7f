#pragma once
// Random changes to a training image that keep its class. Every random number is a function of (seed, epoch, sample,
// purpose), so a batch is the same on any thread and after any interruption.
#include <cstdint>

namespace nascent {

struct Augmentation {
  int crop_padding = 0;  // pad by this many zero pixels a side, crop back at a random place
  bool flip = false;     // left to right, every other time
  int cutout = 0;        // zero one square of this side after normalising, centre uniform, clipped (DeVries & Taylor)
};

// One draw of an augmentation for one image.
struct Placement {
  int shift_y = 0, shift_x = 0;  // the output's pixel (0, 0) is the input's (shift_y, shift_x)
  bool flip = false;
  int hole_top = 0, hole_bottom = 0, hole_left = 0, hole_right = 0;  // half-open, in the output
};

struct BatchKey {
  std::uint64_t seed = 0, epoch = 0;
};

// `sample` is the image's index in its data set.
Placement draw(const Augmentation& augmentation, const BatchKey& key, std::uint32_t sample, int height, int width);

}  // namespace nascent
