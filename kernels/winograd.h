#pragma once
// Winograd's minimal filtering for 3x3 and 5x5 convolutions (Lavin and Gray, arXiv 1509.09308): which convolutions take
// it and how they are cut; shared by the kernels (isa/winograd.inl) and by the functions that size their scratch.
//   y = A'[(G w) . (B'x)]  along an axis, for a tile of outputs: few products, and sums around them.
// An axis of 3 taps takes 4 products for 2 outputs rather than 6; one of 5 takes 11 for 4 rather than 20 (even and odd
// taps apart, three products of half the size for four). Along both, 2.25 and 3.3 times fewer. Of the known ways these
// divide by nothing but 2, so that rounding grows little and whole numbers stay exact. What is not a number or infinite
// spoils its tile, not just the outputs that read it.
#include "kernels/padded_band.h"

namespace nascent::kernels {

// Of a kernel of 3 or 5 taps, along an axis: outputs of a tile, and the products they take.
static constexpr std::int64_t winograd_outputs(std::int64_t taps) { return taps == 3 ? 2 : 4; }
static constexpr std::int64_t winograd_products(std::int64_t taps) { return taps == 3 ? 4 : 11; }

// The forward convolution, or the input gradient at stride 1 as a convolution of dy.
struct WinogradTiles {
  BandShape image;  // what is read and written, its outputs rounded up to whole tiles; the kernel is a square
  std::int64_t batch, out, out_height, out_width;
  std::int64_t outputs, products;  // of a tile along an axis

  [[gnu::always_inline]] std::int64_t rows() const { return image.out_height / outputs; }
  [[gnu::always_inline]] std::int64_t columns() const { return image.out_width / outputs; }
  // Rows of tiles of a band, which is copied between zeros: 36 tiles, two groups of three register tiles each.
  [[gnu::always_inline]] std::int64_t band() const {
    const std::int64_t most = 35 / columns() + 1;
    return (rows() - 1) / ((rows() - 1) / most + 1) + 1;
  }
  [[gnu::always_inline]] std::int64_t bands() const { return (rows() + band() - 1) / band(); }
  // Tiles multiplied at a time, at most: of 5x5 and 16 channels both sides of their products are half of Zen 3's 512 KB
  // of L2; and three register tiles of 6 rows each.
  static constexpr std::int64_t kGroup = 18;
  // From a tile's products to the next tile's: a line more, or powers of two would meet the same sets of L1.
  [[gnu::always_inline]] std::int64_t pitch(std::int64_t channels) const { return products * products * channels + 16; }
  [[gnu::always_inline]] std::int64_t band_floats() const {
    return round_up(image.rows_read(band() * outputs) * image.pitch(), 16);
  }
  // Floats of a worker's buffer: the band, and both sides of a group's products.
  [[gnu::always_inline]] std::int64_t floats() const {
    return band_floats() + kGroup * (pitch(image.channels) + pitch(out));
  }
  [[gnu::always_inline]] std::int64_t weights() const {
    return products * products * image.channels * round_up(out, 16);
  }
};
static inline WinogradTiles winograd_tiles(BandShape image, std::int64_t batch, std::int64_t out) {
  const std::int64_t outputs = winograd_outputs(image.kernel_w), height = image.out_height, width = image.out_width;
  image.out_height = round_up(height, outputs), image.out_width = round_up(width, outputs);
  return {image, batch, out, height, width, outputs, winograd_products(image.kernel_w)};
}
static inline WinogradTiles winograd_forward(const Conv2dShape& s) {
  return winograd_tiles(forward_band(s), s.batch, s.out_channels);
}
static inline WinogradTiles winograd_input_grad(const Conv2dShape& s) {
  return winograd_tiles(gradient_band(s), s.batch, s.in_channels);
}

// Where it is faster, on Zen 3: with fewer channels what surrounds the products costs more than is saved, 3x3 saves
// less, 7x7 outputs are computed as 8x8, and the weights, read with every group of tiles, are to stay in L3: 4 MB.
static inline bool takes_winograd(const Conv2dShape& s) {
  const bool three = s.kernel_h == 3, five = s.kernel_h == 5;
  const std::int64_t least = three ? 24 : 12;
  if ((!three && !five) || s.kernel_w != s.kernel_h || s.stride != 1 || s.dilation != 1 || s.groups != 1 ||
      s.in_channels < least || s.out_channels < least)
    return false;
  const WinogradTiles t = winograd_forward(s);
  const bool full = 6 * t.out_height * t.out_width >= 5 * t.image.out_height * t.image.out_width;
  return (five || full) && t.weights() <= std::int64_t{1} << 20;
}

}  // namespace nascent::kernels
