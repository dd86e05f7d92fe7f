// What depthwise weight gradients by windows go through: groups of columns, and what of an image they meet.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/window_grads_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// What kernel rows [first, first + KU) meet of an image. Rows and columns of pixels are counted from the first that the
// first output's window reads.
template <int KU, int KW, int Stride, int Dilation>
struct Edges {
  std::int64_t first_row, last_row;     // of pixels, that exist
  std::int64_t whole_begin, whole_end;  // of outputs, whose windows lie inside from top to bottom

  Edges(const TapGrad& t, std::int64_t first)
      : first_row(t.first_row - first * Dilation), last_row(t.last_row - first * Dilation) {
    const std::int64_t bottom = last_row - (KU - 1) * Dilation;
    whole_begin = first_row > 0 ? (first_row + Stride - 1) / Stride : 0;
    whole_end = bottom > 0 ? (bottom + Stride - 1) / Stride : 0;
  }
  // Of row i of outputs: whether its windows lie inside from top to bottom, where the run of rows ends that are so or
  // not so as it is, by `end` at the latest, and which of the kernel rows are inside, a bit each.
  NASCENT_INLINE bool whole(std::int64_t i) const { return i >= whole_begin && i < whole_end; }
  NASCENT_INLINE std::int64_t run_end(std::int64_t i, std::int64_t end) const {
    const std::int64_t run = i < whole_begin ? whole_begin : i < whole_end ? whole_end : end;
    return run < end ? run : end;
  }
  NASCENT_INLINE std::uint32_t rows_inside(std::int64_t i) const {
    return bits_inside((first_row - i * Stride + Dilation - 1) >> (Dilation - 1),
                       (last_row - i * Stride + Dilation - 1) >> (Dilation - 1));
  }
};

// Columns of outputs in rows [begin, end); x and g of the first, lane 0. Of their pixels those with a bit in `inside`
// exist, which may be all.
struct Group {
  const float *x, *g;
  std::int64_t columns, begin, end;
  std::uint32_t inside = 0;
  bool all_inside = false;
};

// Images and rows of outputs.
struct GradPart {
  std::int64_t image, images, row, rows;
};

// A group is over as many rows as keep 16 lanes of what it reads in half of L1: narrow images have nothing but group
// ends. The cut is by shape alone, so that all widths of vectors sum in one order.
template <int KW, int Stride, int Dilation>
std::int64_t group_rows(const TapGrad& t) {
  const std::int64_t line = t.columns * Stride * 16, reach = (KW - 1) * Dilation + 1;
  if (line * ((t.rows - 1) * Stride + reach) <= kBandFloats) return t.rows;
  const std::int64_t fit = (kBandFloats / line - reach) / Stride + 1;
  return fit > 4 ? fit : 4;
}

// Calls body(group), a part's groups in the order in which they are summed.
template <int KW, int Stride, int Dilation>
NASCENT_INLINE void each_group(const TapGrad& t, const GradPart& part, const auto& body) {
  const std::int64_t block = group_rows<KW, Stride, Dilation>(t), images = part.image + part.images,
                     rows = part.row + part.rows;
  const bool usual = t.first_column <= (KW - 1) * Dilation / 2;
  for (std::int64_t n = part.image; n < images; ++n)
    for (std::int64_t begin = part.row; begin < rows; begin += block) {
      Group group{t.x + n * t.x_image + begin * t.x_row, t.g + n * t.g_image + begin * t.g_row, 0, begin,
                  begin + block < rows ? begin + block : rows};
      // Fours, and threes to fill up, but where padding that makes an image larger leaves out more than a group's ends.
      for (std::int64_t j = 0; j < t.columns; j += group.columns) {
        const std::int64_t left = t.columns - j, first = t.first_column - j * Stride, last = t.last_column - j * Stride;
        const auto all_inside = [&](std::int64_t columns) {
          return first <= 0 && (columns - 1) * Stride + (KW - 1) * Dilation < last;
        };
        group.columns = left % 4 == 0 || left >= 9 || left == 7 ? 4 : left >= 3 ? 3 : 1;
        if (!usual && !all_inside(group.columns)) group.columns = 1;
        group.all_inside = all_inside(group.columns), group.inside = bits_inside(first, last);
        body(group);
        group.x += group.columns * t.x_step, group.g += group.columns * t.g_step;
      }
    }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
