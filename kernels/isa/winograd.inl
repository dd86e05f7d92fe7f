// The convolution of kernels/winograd.h: a group of tiles read into products, matrix products over the channels
// (tile.inl), the outputs written from them. Ladder: v4 of conv2d.inl.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/panel.inl"
#include "kernels/isa/winograd_maps.inl"
#include "kernels/isa/winograd_square.inl"
#include "kernels/parallel.h"
#include "kernels/winograd.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Memory that is needed next, asked for to L2 a few lines at a time.
struct Upcoming {
  const float* line;
  std::int64_t floats;
  const float* end = line;
  NASCENT_INLINE void fetch(std::int64_t more) {
    for (end += more; line < end; line += kLineFloats) fetch_to_l2(line);
  }
};

// Tiles [begin, begin + count) of a band's; in a worker's buffer the band, and [tile][product][channel] on both sides.
struct WinogradGroup {
  std::int64_t begin, count;
  const float* band;
  float *in, *out;
  Upcoming x, y;  // a share of what the next band is copied from, and what this group writes
};

template <int kTaps>
void read_tiles(const WinogradTiles& p, const WinogradGroup& g) {
  using Map = Winograd<kTaps>;
  const std::int64_t channels = p.image.channels, row = p.image.pitch();
  for (std::int64_t i = 0; i < g.count; ++i) {
    const std::int64_t down = quotient(g.begin + i, p.columns()), along = g.begin + i - down * p.columns();
    map_channels<Map::kPatch, Map::kProducts>(
        [](const auto* from, auto* to) __attribute__((always_inline)) { Map::read(from, to); }, channels,
        {g.band + Map::kOutputs * (down * row + along * channels), row, channels},
        {g.in + i * p.pitch(channels), Map::kProducts * channels, channels});
  }
}

// Into the image's rows from the band's first on.
template <int kTaps>
void write_tiles(const WinogradTiles& p, const WinogradGroup& g, std::int64_t first_row, float* image) {
  using Map = Winograd<kTaps>;
  const auto map = [](const auto* products, auto* outputs) __attribute__((always_inline)) {
    Map::write(products, outputs);
  };
  for (std::int64_t i = 0; i < g.count; ++i) {
    const std::int64_t down = quotient(g.begin + i, p.columns());
    const std::int64_t row = first_row + down * Map::kOutputs,
                       column = (g.begin + i - down * p.columns()) * Map::kOutputs;
    const Square<const float> from{g.out + i * p.pitch(p.out), Map::kProducts * p.out, p.out};
    const Square<float> to{image + (row * p.out_width + column) * p.out, p.out_width * p.out, p.out};
    if (row + Map::kOutputs <= p.out_height && column + Map::kOutputs <= p.out_width)
      map_channels<Map::kProducts, Map::kOutputs>(map, p.out, from, to);
    else
      map_part<Map::kProducts, Map::kOutputs>(map, p.out, from, to, p.out_height - row, p.out_width - column);
  }
}

// weights[panel][product][in][width] from packed[panel][tap][in][width].
template <int kTaps>
void weigh_panels(const WinogradTiles& p, const float* packed, float* weights) {
  using Map = Winograd<kTaps>;
  each_panel(p.out, [&](const Panel& panel) {
    map_matrices<kTaps, Map::kProducts>(
        [](const auto* w, auto* products) __attribute__((always_inline)) { Map::weigh(w, products); },
        p.image.channels * panel.width, packed + panel.begin * kTaps * kTaps * p.image.channels,
        weights + panel.begin * p.products * p.products * p.image.channels);
  });
}

// The matrix products of a group: tiles by input channels by output channels, for each product. Beside them DRAM has
// time to bring what else the group waits for, if it is asked evenly: 5x5 of 16 channels in 0.92 to 0.96 of the time,
// 3x3 of 32 in 0.9 to 0.93, of more in 0.93 to 1.0 (Zen 3).
inline void multiply_tiles(const WinogradTiles& p, const WinogradGroup& g, const float* weights) {
  const std::int64_t in = p.image.channels, products = p.products * p.products, all = g.count * p.out * products;
  Upcoming x = g.x, y = g.y;
  each_panel(p.out, [&](const Panel& panel) {
    each_tile_run(g.count, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t rows, std::int64_t count) {
      const std::int64_t part = rows * count * panel.columns, x_step = quotient(x.floats * part, all) + 1,
                         y_step = quotient(y.floats * part, all) + 1;
      for (std::int64_t at = 0; at < products; ++at) {
        x.fetch(x_step), y.fetch(y_step);
        panel.along_k[rows - 1]({.a = g.in + row * p.pitch(in) + at * in,
                                 .a_stride = p.pitch(in),
                                 .k = in,
                                 .b = weights + (panel.begin * products + at * panel.width) * in,
                                 .b_step = panel.width,
                                 .c = g.out + row * p.pitch(p.out) + at * p.out + panel.begin,
                                 .c_row = p.pitch(p.out),
                                 .columns = panel.columns,
                                 .count = count});
      }
    });
  });
}

template <int kTaps>
void winograd_convolve(const WinogradTiles& p, const float* x, const float* packed, float* y, float* scratch) {
  weigh_panels<kTaps>(p, packed, scratch);
  parallel_chunks(p.batch * p.bands(), [&](std::int64_t chunk) {
    const std::int64_t n = quotient(chunk, p.bands()), first = (chunk - n * p.bands()) * p.band();
    const std::int64_t tiles = (first + p.band() < p.rows() ? p.band() : p.rows() - first) * p.columns();
    const std::int64_t row = first * p.outputs, rows = tiles / p.columns() * p.outputs;
    float* const band = scratch + p.weights() + worker() * p.floats();
    float* const in = band + p.band_floats();
    const std::int64_t x_row = p.image.width * p.image.channels, y_row = p.out_width * p.out;
    // Of x the next band reads the rows below those of this one, or another image from its first on.
    const std::int64_t below = row + rows + p.image.kernel_h - 1 - p.image.pad_h, height = p.image.height;
    const float *image = x + n * height * x_row, *next = image + (below < height ? below : height) * x_row;
    float* const outputs = y + n * p.out_height * y_row;
    fill_band(p.image, image, row, rows, band);
    each_tile(tiles, p.kGroup, [&](std::int64_t begin, std::int64_t count) {
      const auto share = [&](const float* of, std::int64_t floats) {
        return Upcoming{of + quotient(floats * begin, tiles), quotient(floats * count, tiles)};
      };
      const WinogradGroup g{.begin = begin,
                            .count = count,
                            .band = band,
                            .in = in,
                            .out = in + p.kGroup * p.pitch(p.image.channels),
                            .x = share(next, rows * x_row),
                            .y = share(outputs + row * y_row, rows * y_row)};
      read_tiles<kTaps>(p, g);
      multiply_tiles(p, g, scratch);
      write_tiles<kTaps>(p, g, row, outputs);
    });
  });
}

inline void winograd(const WinogradTiles& p, const float* x, const float* packed, float* y, float* scratch) {
  p.image.kernel_w == 3 ? winograd_convolve<3>(p, x, packed, y, scratch)
                        : winograd_convolve<5>(p, x, packed, y, scratch);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
