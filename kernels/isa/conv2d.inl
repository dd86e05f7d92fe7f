// Ladder: v1 naive = reference/conv2d.h; v2 register tile (tile.inl) over packed weights; v3 line buffer
// (padded_band.h): this file; v4 fewer multiplications, for 3x3 and 5x5 of many channels: winograd.inl.
// Intensity of 3x3, 16 to 16 channels: 4608 FLOP per pixel that is read and written once (128 bytes), 36 FLOP/byte:
// compute-bound. So is every k > 1; a 1x1 convolution is a matrix product over pixels and goes to matmul.inl.
#pragma once
#include "kernels/conv2d.h"
#include "kernels/isa/matmul.inl"
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/winograd.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Input channels `in` and output channels `out` of each group, as the product sees them.
struct Groups {
  std::int64_t count, in, out;
};

// packed[group][panel][tap][in][width]; taps reversed and channels exchanged for an input gradient at stride 1.
inline void pack_weights(const Conv2dShape& s, const Groups& groups, bool transpose, bool flip, const float* w,
                         float* packed) {
  const std::int64_t taps = s.kernel_h * s.kernel_w, tap_size = s.in_channels / s.groups * s.out_channels;
  for (std::int64_t g = 0; g < groups.count; ++g, packed += taps * groups.in * round_up(groups.out, 16))
    each_panel(groups.out, [&](const Panel& panel) {
      float* to = packed + panel.begin * taps * groups.in;
      for (std::int64_t t = 0; t < taps; ++t, to += groups.in * panel.width) {
        const float* tap = w + (flip ? taps - 1 - t : t) * tap_size + g * (transpose ? groups.in : groups.out);
        if (transpose)
          pack_panel(panel, groups.in, tap, 1, s.out_channels, to);
        else
          pack_panel(panel, groups.in, tap, s.out_channels, 1, to);
      }
    });
}

// A band's first row and how far its rows lie apart: in place, or copied between zeros.
struct BandRows {
  const float* data;
  std::int64_t pitch;
};
inline BandRows read_band(const BandShape& b, const float* image, std::int64_t begin, std::int64_t rows,
                          float* buffer) {
  if (!b.needs_copy()) return {image + begin * b.stride * b.width * b.channels, b.width * b.channels};
  fill_band(b, image, begin, rows, buffer);
  return {buffer, b.pitch()};
}

// Whether the columns outside the image can be left out by the tile: a kernel 3 wide, padded by one. Of 8 columns they
// are a twelfth of the products, and nothing is copied between zeros. With a few channels the taps' loops are too
// short.
inline bool leaves_out_columns(const BandShape& b, const Groups& groups) {
  return b.kernel_w == 3 && b.dilation == 1 && b.pad_w == 1 && groups.count == 1 && groups.in >= 8 &&
         b.columns() <= b.width + 2;
}

// y = the convolution of x by packed weights, one band of rows a chunk.
void convolve(const BandShape& b, std::int64_t batch, const Groups& groups, const float* x, const float* packed,
              float* y, float* buffers) {
  const std::int64_t taps = b.kernel_h * b.kernel_w, out_channels = groups.count * groups.out;
  const bool in_place = leaves_out_columns(b, groups), right = b.columns() > b.width + 1;
  // Undilated and in one group, a kernel row's taps and channels are one run of memory.
  const bool merged = b.dilation == 1 && groups.count == 1 && !in_place;
  parallel_chunks(batch * b.bands(), [&](std::int64_t chunk) {
    const std::int64_t n = chunk / b.bands(), begin = chunk % b.bands() * b.band();
    const std::int64_t rows = begin + b.band() < b.out_height ? b.band() : b.out_height - begin;
    const float* image = x + n * b.height * b.width * b.channels;
    const std::int64_t pitch = b.width * b.channels;
    const BandRows in = in_place ? BandRows{image + (begin * b.stride - b.pad_h) * pitch - b.channels, pitch}
                                 : read_band(b, image, begin, rows, buffers + worker() * b.floats());
    for (std::int64_t g = 0; g < groups.count; ++g)
      each_panel(groups.out, [&](const Panel& panel) {
        const float* weights = packed + (g * round_up(groups.out, 16) + panel.begin) * taps * groups.in;
        for (std::int64_t row = 0; row < rows; ++row) {
          const Inside inside = taps_inside(b.kernel_h, b.dilation, b.height, (begin + row) * b.stride - b.pad_h);
          each_tile_run(b.out_width, max_rows(panel.vectors),
                        [&](std::int64_t column, std::int64_t pixels, std::int64_t count) {
                          panel.along_k[pixels - 1](
                              {.a = in.data + (row * b.stride + inside.begin * b.dilation) * in.pitch +
                                    column * b.stride * b.channels + g * groups.in,
                               .a_stride = b.stride * b.channels,
                               .outer = inside.end - inside.begin,
                               .inner = merged ? 1 : b.kernel_w,
                               .k = merged ? b.kernel_w * groups.in : groups.in,
                               .a_outer = b.dilation * in.pitch,
                               .a_inner = b.dilation * b.channels,
                               .b = weights + inside.begin * b.kernel_w * groups.in * panel.width,
                               .b_step = panel.width,
                               .b_outer = b.kernel_w * groups.in * panel.width,
                               .b_inner = groups.in * panel.width,
                               .c = y + ((n * b.out_height + begin + row) * b.out_width + column) * out_channels +
                                    g * groups.out + panel.begin,
                               .c_row = out_channels,
                               .columns = panel.columns,
                               .count = count,
                               .left = in_place && column == 0,
                               .right = in_place && right && column + pixels * count == b.out_width});
                        });
        }
      });
  });
}

bool is_matmul(const Conv2dShape& s) {
  return s.kernel_h == 1 && s.kernel_w == 1 && s.stride == 1 && s.padding == 0 && s.groups == 1;
}

void conv2d_forward(const Conv2dShape& s, const float* x, const float* w, float* y, float* scratch) {
  if (is_matmul(s))
    return NASCENT_ISA::matmul({.m = s.batch * s.height * s.width, .n = s.out_channels, .k = s.in_channels}, x, w, y,
                               scratch);
  const Groups groups{s.groups, s.in_channels / s.groups, s.out_channels / s.groups};
  float* buffers = scratch + packed_weights(s, groups.in, groups.out);
  pack_weights(s, groups, false, false, w, scratch);
  if (takes_winograd(s))
    winograd(winograd_forward(s), x, scratch, y, buffers);
  else
    convolve(forward_band(s), s.batch, groups, x, scratch, y, buffers);
}

// Of one axis, the taps through which an input position reaches outputs, stride > 1: `count` of them from `tap` on in
// steps of TapStep::tap, the outputs from `output` down in steps of TapStep::output.
struct TapStep {
  std::int64_t tap, output;
  TapStep(std::int64_t stride, std::int64_t dilation) {
    std::int64_t divisor = stride;
    while (stride % divisor != 0 || dilation % divisor != 0) --divisor;
    tap = stride / divisor, output = dilation / divisor;
  }
};
struct Reached {
  std::int64_t tap = 0, output = 0, count = 0;
};
inline Reached reached(const Conv2dShape& s, std::int64_t at, std::int64_t kernel, std::int64_t outputs) {
  Reached r;
  for (std::int64_t tap = 0; tap < kernel; ++tap) {
    const std::int64_t from = at + s.padding - tap * s.dilation;
    if (from < 0 || from % s.stride != 0 || from / s.stride >= outputs) continue;
    if (r.count++ == 0) r.tap = tap, r.output = from / s.stride;
  }
  return r;
}

// Calls body(first column, columns, reached) for runs of columns `stride` apart that the same taps reach, `count` of 0
// included.
template <class Body>
inline void each_reached_run(const Conv2dShape& s, const Body& body) {
  for (std::int64_t phase = 0; phase < s.stride; ++phase)
    for (std::int64_t j = phase; j < s.width;) {
      const Reached first = reached(s, j, s.kernel_w, s.out_width());
      std::int64_t pixels = 1;
      for (; j + pixels * s.stride < s.width; ++pixels) {
        const Reached next = reached(s, j + pixels * s.stride, s.kernel_w, s.out_width());
        if (next.count != first.count || next.tap != first.tap) break;
      }
      body(j, pixels, first);
      j += pixels * s.stride;
    }
}

// Stride > 1, in gather form: input pixels of equal remainder by the stride are reached by the same taps, so each
// remainder is a convolution of its own, whose weights lie a fixed step apart. What no tap reaches is zero.
void gather_input_grad(const Conv2dShape& s, const Groups& groups, const float* dy, const float* packed, float* dx) {
  const TapStep step(s.stride, s.dilation);
  const std::int64_t taps = s.kernel_h * s.kernel_w, ow = s.out_width();
  parallel_chunks(s.batch, [&](std::int64_t n) {
    const float* from = dy + n * s.out_height() * ow * s.out_channels;
    float* into = dx + n * s.height * s.width * s.in_channels;
    bool covered = true;
    each_reached_run(s, [&](std::int64_t, std::int64_t, const Reached& r) { covered &= r.count > 0; });
    for (std::int64_t row = 0; row < s.height; ++row) {
      const Reached rows = reached(s, row, s.kernel_h, s.out_height());
      if (!covered || rows.count == 0) clear(s.width * s.in_channels, into + row * s.width * s.in_channels);
    }
    each_reached_run(s, [&](std::int64_t j, std::int64_t run, const Reached& columns) {
      if (columns.count == 0) return;
      for (std::int64_t row = 0; row < s.height; ++row) {
        const Reached rows = reached(s, row, s.kernel_h, s.out_height());
        if (rows.count == 0) continue;
        for (std::int64_t g = 0; g < groups.count; ++g)
          each_panel(groups.out, [&](const Panel& panel) {
            const float* weights = packed + (g * round_up(groups.out, 16) + panel.begin) * taps * groups.in;
            each_tile(run, max_rows(panel.vectors), [&](std::int64_t begin, std::int64_t pixels) {
              panel.along_k[pixels - 1](
                  {.a = from + (rows.output * ow + columns.output + begin) * s.out_channels + g * groups.in,
                   .a_stride = s.out_channels,
                   .outer = rows.count,
                   .inner = columns.count,
                   .k = groups.in,
                   .a_outer = -step.output * ow * s.out_channels,
                   .a_inner = -step.output * s.out_channels,
                   .b = weights + (rows.tap * s.kernel_w + columns.tap) * groups.in * panel.width,
                   .b_step = panel.width,
                   .b_outer = step.tap * s.kernel_w * groups.in * panel.width,
                   .b_inner = step.tap * groups.in * panel.width,
                   .c = into + (row * s.width + j + begin * s.stride) * s.in_channels + g * groups.out + panel.begin,
                   .c_row = s.stride * s.in_channels,
                   .columns = panel.columns});
            });
          });
      }
    });
  });
}

void conv2d_input_grad(const Conv2dShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  if (is_matmul(s))
    return NASCENT_ISA::matmul(
        {.m = s.batch * s.height * s.width, .n = s.in_channels, .k = s.out_channels, .transpose_b = true}, dy, w, dx,
        scratch);
  const Groups groups{s.groups, s.out_channels / s.groups, s.in_channels / s.groups};
  float* buffers = scratch + packed_weights(s, groups.in, groups.out);
  pack_weights(s, groups, true, s.stride == 1, w, scratch);
  if (takes_winograd(s))
    winograd(winograd_input_grad(s), dy, scratch, dx, buffers);
  else if (s.stride == 1)
    convolve(gradient_band(s), s.batch, groups, dy, scratch, dx, buffers);
  else
    gather_input_grad(s, groups, dy, scratch, dx);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
