// dw[tap, c, o] = sum over output pixels of x[pixel at tap, c] * dy[pixel, o]: the register tile of tile.inl with the
// input channels as rows, the pixels that a tap reads inside the image as k. Nothing is copied, and nothing multiplied
// by a zero outside the image: of 3x3 over 8 x 8 that leaves out a sixth. Ladder and limit as in conv2d.inl.
#pragma once
#include "kernels/isa/conv2d.inl"
#include "kernels/isa/fetch_by_tiles.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The outputs of [begin, end) along an axis of `size` inputs whose tap, `offset` inputs from where they stand, exists.
inline Inside outputs_inside(std::int64_t offset, std::int64_t stride, std::int64_t size, std::int64_t begin,
                             std::int64_t end) {
  while (begin < end && offset + begin * stride < 0) ++begin;
  while (end > begin && offset + (end - 1) * stride >= size) --end;
  return {begin, end};
}

// Some output pixels, as floats from the first of some image's x and dy: `outer` images of `inner` rows of k pixels.
struct TapPixels {
  std::int64_t tap, x, dy, outer, inner, k;
};

// The pixels of rows [first, last) of some images that a tap reads inside them; k = 0: none.
inline TapPixels pixels_of_tap(const Conv2dShape& s, std::int64_t tap, std::int64_t images, std::int64_t first,
                               std::int64_t last) {
  const std::int64_t down = tap / s.kernel_w * s.dilation - s.padding;
  const std::int64_t along = tap % s.kernel_w * s.dilation - s.padding;
  const Inside rows = outputs_inside(down, s.stride, s.height, first, last);
  const Inside columns = outputs_inside(along, s.stride, s.width, 0, s.out_width());
  TapPixels p{.tap = tap,
              .x = ((rows.begin * s.stride + down) * s.width + columns.begin * s.stride + along) * s.in_channels,
              .dy = (rows.begin * s.out_width() + columns.begin) * s.out_channels,
              .outer = images,
              .inner = rows.end - rows.begin,
              .k = rows.end > rows.begin ? columns.end - columns.begin : 0};
  // Whole rows, and whole images, are one run.
  if (s.stride == 1 && p.k == s.width && p.k == s.out_width()) {
    const bool whole = p.inner == s.height && p.inner == s.out_height();
    p.k *= p.inner * (whole ? images : 1), p.inner = 1, p.outer = whole ? 1 : images;
  }
  return p;
}

// What is read after some pixels, in the order of memory or, where a slice reads few channels of x, those pixel by
// pixel: of 576 channels in eleven slices each had asked for all, 0.85 to 0.9 of the time (Ice Lake); of 288 in three
// it would be 1.08.
struct NextPixels {
  TileFetches in_order;
  const float* x = nullptr;
  std::int64_t x_pixel = 0;  // floats between the pixels of x, pixel by pixel
  std::int64_t line = -1;    // of a pixel's, the last one asked for

  // What the next of some tiles over x's channels from `channel` on fetch, and how many of them;
  // `again`: a tile before has had those.
  TileFetch take(std::int64_t tiles, std::int64_t channel, bool again) {
    if (x_pixel == 0) return in_order.take(tiles);
    if (again || channel / kLineFloats == line) return in_order.take(1);
    line = channel / kLineFloats;
    return {x + channel, 1, x_pixel};
  }
};

// Adds the shares of some taps to the rows of some input channels. Tap after tap for a tile's channels: of x and dy
// these stay in L1. Of one tap, tiles that fetch of one tensor go in one call: of 64 steps each, those of 64 channels
// took 1.07 times as long by themselves (Zen 3).
inline void add_tap_grads(const Conv2dShape& s, const Inside& channels, int count, const TapPixels* taps,
                          const float* x, const float* dy, NextPixels next, float* dw) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  for (std::int64_t g = 0; g < s.groups; ++g)
    each_panel(out, [&](const Panel& panel) {
      each_tile_run(
          channels.end - channels.begin, max_rows(panel.vectors),
          [&](std::int64_t from, std::int64_t height, std::int64_t tiles) {
            for (std::int64_t tile = 0, together = 1; tile < tiles; tile += together) {
              const std::int64_t row = channels.begin + from + tile * height;
              for (int t = 0; t < count; ++t) {
                const TapPixels& p = taps[t];
                const TileFetch ahead = next.take(count == 1 ? tiles - tile : 1, row, panel.begin > 0);
                together = ahead.tiles;
                panel.along_rows[height - 1]({.a = x + p.x + g * in + row,
                                              .a_stride = s.stride * s.in_channels,
                                              .outer = p.outer,
                                              .inner = p.inner,
                                              .k = p.k,
                                              .a_outer = s.height * s.width * s.in_channels,
                                              .a_inner = s.stride * s.width * s.in_channels,
                                              .b = dy + p.dy + g * out + panel.begin,
                                              .b_step = s.out_channels,
                                              .b_outer = s.out_height() * s.out_width() * s.out_channels,
                                              .b_inner = s.out_width() * s.out_channels,
                                              .c = dw + (p.tap * in + row) * s.out_channels + g * out + panel.begin,
                                              .c_row = s.out_channels,
                                              .columns = panel.columns,
                                              .count = together,
                                              .add = true,
                                              .ahead = ahead.from,
                                              .ahead_step = ahead.step});
              }
            }
          });
    });
}

// 20 of an L1's 32 KB, in floats: pixels whose channels of a tile, 16 of x and up to 64 of dy, stay there.
constexpr std::int64_t kTileFloats = 5120;

// The share of images [begin, end), some images or some rows of one at a time.
inline void add_weight_grad(const Conv2dShape& s, const Inside& channels, const float* x, const float* dy,
                            std::int64_t begin, std::int64_t end, float* dw) {
  constexpr int kTaps = 64;
  const std::int64_t taps = s.kernel_h * s.kernel_w, oh = s.out_height(), pixels = oh * s.out_width();
  const std::int64_t x_image = s.height * s.width * s.in_channels, dy_image = pixels * s.out_channels;
  const std::int64_t at_once =
      kTileFloats / ((s.in_channels < 16 ? s.in_channels : 16) + (s.out_channels < 64 ? s.out_channels : 64));
  if (is_matmul(s)) {  // all images are one run of pixels
    const std::int64_t slice = channels.end - channels.begin;
    const bool by_pixels = kRegisters == 32 && 4 * slice < s.in_channels;
    const std::int64_t tiles = s.groups * count_tiles(slice, s.out_channels / s.groups),
                       free_tiles = by_pixels ? tiles - ((slice - 1) / kLineFloats + 1) : tiles;
    const std::int64_t all = (end - begin) * pixels, runs = (all - 1) / at_once + 1;
    for (std::int64_t run = 0; run < runs; ++run) {
      const std::int64_t from = begin * pixels + all * run / runs, to = begin * pixels + all * (run + 1) / runs;
      const TapPixels one{.tap = 0, .x = 0, .dy = 0, .outer = 1, .inner = 1, .k = to - from};
      Fetched next;
      if (!by_pixels) next.add(x, to, s.in_channels);
      next.add(dy, to, s.out_channels);
      add_tap_grads(s, channels, 1, &one, x + from * s.in_channels, dy + from * s.out_channels,
                    {.in_order{next, to - from, free_tiles, to - from, kLineFloats},
                     .x = x + to * s.in_channels,
                     .x_pixel = by_pixels ? s.in_channels : 0},
                    dw);
    }
    return;
  }
  // Of small images twice as many as fit: a tile adds its sums to dw half as often, and an L1 of 48 KB holds them as
  // well. With 64 channels, 0.94 of the time (Sapphire Rapids).
  const std::int64_t images = at_once < pixels ? 1 : 2 * at_once / pixels;
  const std::int64_t fit = at_once / s.out_width(), bands = fit < oh ? (oh - 1) / (fit < 1 ? 1 : fit) + 1 : 1;
  for (std::int64_t n = begin; n < end; n += images)
    for (std::int64_t band = 0; band < bands; ++band)
      for (std::int64_t tap = 0; tap < taps;) {
        TapPixels list[kTaps];
        int count = 0;
        for (; tap < taps && count < kTaps; ++tap) {
          list[count] =
              pixels_of_tap(s, tap, n + images < end ? images : end - n, oh * band / bands, oh * (band + 1) / bands);
          count += list[count].k > 0;
        }
        add_tap_grads(s, channels, count, list, x + n * x_image, dy + n * dy_image, {}, dw);
      }
}

void conv2d_weight_grad(const Conv2dShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  const std::int64_t in = s.in_channels / s.groups, taps = s.kernel_h * s.kernel_w,
                     weights = taps * in * s.out_channels;
  const WeightGradCut cut = WeightGradCut::of(s);
  parallel_chunks(cut.chunks * cut.slices, [&](std::int64_t part) {
    const std::int64_t chunk = part / cut.slices, slice = part % cut.slices;
    const Inside channels{chunk_begin(in, cut.slices, slice), chunk_begin(in, cut.slices, slice + 1)};
    float* sums = scratch + chunk * weights;
    for (std::int64_t tap = 0; tap < taps; ++tap)
      clear((channels.end - channels.begin) * s.out_channels, sums + (tap * in + channels.begin) * s.out_channels);
    add_weight_grad(s, channels, x, dy, chunk_begin(s.batch, cut.chunks, chunk),
                    chunk_begin(s.batch, cut.chunks, chunk + 1), sums);
  });
  // 4096 weights a chunk: small convolutions stay on one thread.
  parallel_ranges(weights, 4096, [&](std::int64_t begin, std::int64_t end) {
    add_chunks(end - begin, cut.chunks, weights, scratch + begin, dw + begin);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
