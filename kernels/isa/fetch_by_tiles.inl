// What the tiles of a product fetch to L2 beside their steps: tensors that are read, or written, after it.
#pragma once
#include "kernels/isa/panel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Tensors [pixels, channels], each from the pixel on that is needed next.
struct Fetched {
  static constexpr int kMost = 8;
  int count = 0;
  const float* from[kMost];
  std::int64_t channels[kMost];

  // From a pixel on.
  void add(const float* tensor, std::int64_t pixel, std::int64_t c) {
    if (count < kMost) from[count] = tensor + pixel * c, channels[count++] = c;
  }
  int turns() const { return count > 0 ? count : 1; }
  const float* at(int turn, std::int64_t pixel) const {
    return count > 0 ? from[turn] + pixel * channels[turn] : nullptr;
  }
};

// What some tiles fetch: `step` floats with each of their steps.
struct TileFetch {
  const float* from = nullptr;
  std::int64_t tiles = 0, step = kLineFloats;
};

// Tensors one after the other, each by some of the tiles and as evenly as they can. A line a step is more than DRAM
// brings meanwhile, a third of one in the 6 cycles of 12 FMAs: of what is asked for faster most is not there in time.
// 1x1 weight gradients in 0.61 to 1.0 of the time that a line a step took (Zen 3).
class TileFetches {
 public:
  TileFetches() = default;
  // So many pixels of the tensors, by so many tiles of so many steps, each of which can fetch `most` floats.
  TileFetches(const Fetched& tensors, std::int64_t pixels, std::int64_t tiles, std::int64_t steps, std::int64_t most)
      : count_(tensors.count), steps_(steps) {
    std::int64_t channels = 0;
    for (int k = 0; k < count_; ++k) channels += tensors.channels[k];
    for (int k = 0; k < count_; ++k) {
      const std::int64_t c = tensors.channels[k], floats = pixels * c;
      const std::int64_t rounded = (2 * tiles * c + channels) / (2 * channels), share = rounded > 1 ? rounded : 1;
      const std::int64_t even = (floats - 1) / (share * steps) + 1;
      left_[k] = even < most ? TileFetch{tensors.from[k], share, even}
                             : TileFetch{tensors.from[k], (floats - 1) / (most * steps) + 1, most};
      channels_[k] = c, tiles -= share, channels -= c;
    }
  }
  // The same of the tensors so many pixels on.
  TileFetches after(std::int64_t pixels) const {
    TileFetches there = *this;
    for (int k = 0; k < count_; ++k) there.left_[k].from += pixels * channels_[k];
    return there;
  }
  // What the next of some tiles fetch, and how many of them.
  TileFetch take(std::int64_t tiles) {
    for (int k = 0; k < count_; ++k)
      if (TileFetch& next = left_[k]; next.tiles > 0) {
        const TileFetch taken{next.from, next.tiles < tiles ? next.tiles : tiles, next.step};
        next.from += taken.tiles * steps_ * next.step, next.tiles -= taken.tiles;
        return taken;
      }
    return {nullptr, tiles};
  }

 private:
  int count_ = 0;
  std::int64_t steps_ = 0, channels_[Fetched::kMost];
  TileFetch left_[Fetched::kMost];
};

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
