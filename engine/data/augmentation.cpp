#include "engine/data/augmentation.h"

#include <algorithm>

#include "engine/tensor/random.h"

namespace nascent {

Placement draw(const Augmentation& augmentation, const BatchKey& key, std::uint32_t sample, int height, int width) {
  Placement place;
  if (augmentation.crop_padding > 0) {
    const Random random(key.seed, "crop", {key.epoch, sample});
    const auto places = static_cast<std::uint32_t>(2 * augmentation.crop_padding + 1);
    place.shift_y = static_cast<int>(random.below(0, places)) - augmentation.crop_padding;
    place.shift_x = static_cast<int>(random.below(1, places)) - augmentation.crop_padding;
  }
  if (augmentation.flip) place.flip = Random(key.seed, "flip", {key.epoch, sample}).bits(0) >> 31;
  if (augmentation.cutout > 0) {
    const Random random(key.seed, "cutout", {key.epoch, sample});
    const int y = static_cast<int>(random.below(0, static_cast<std::uint32_t>(height)));
    const int x = static_cast<int>(random.below(1, static_cast<std::uint32_t>(width)));
    const int before = augmentation.cutout / 2, after = augmentation.cutout - before;
    place.hole_top = std::max(y - before, 0);
    place.hole_bottom = std::min(y + after, height);
    place.hole_left = std::max(x - before, 0);
    place.hole_right = std::min(x + after, width);
  }
  return place;
}

}  // namespace nascent
