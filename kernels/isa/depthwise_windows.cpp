// Depthwise convolution with a kernel known to the compiler, by blocks of windows (window_block.inl) over an image's
// columns and a vector of its channels. Pixels outside the image are left out, so no copy with borders of zeros is
// needed: it took as long as 3x3 itself.
#include "kernels/isa/window_block.inl"
#include "kernels/isa/window_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The columns of rows [begin, end) of outputs, of which `done` are there; x and y are row 0's.
template <int KW, int Stride, int Dilation>
struct WindowColumns {
  const WindowRows& r;
  const float *x, *w;
  float* y;
  std::int64_t begin, end, done = 0;

  // P outputs at a time. Where P does not divide what is left, the last ones are computed again; where they are added
  // to, are more than eight or would begin at an odd one of two a pixel, they stay undone.
  template <int W, int C, int V, int P>
  NASCENT_INLINE void run(ToFetch& next) {
    constexpr int kOutputs = W / C * P, kPixels = Windows<kOutputs, KW, Stride, Dilation>::kPixels;
    const bool again = !r.add && P <= 8 && (Stride != kHalf || (P % 2 == 0 && r.columns % 2 == 0));
    for (const std::int64_t all = r.columns; again ? done < all : done + kOutputs <= all;) {
      const std::int64_t at = done + kOutputs <= all ? done : all - kOutputs,
                         pixel = Stride == kHalf ? at / 2 : at * Stride;
      WindowBlock block{
          .x = x + pixel * r.x_step, .w = w, .y = y + at * r.y_step, .begin = begin, .end = end, .count = 1};
      const bool whole = W > C || (P > 1 && pixel >= r.first && pixel + kPixels <= r.last);
      if constexpr (W > C || P > 1)
        if (whole) {
          const std::int64_t exist = (r.last - pixel - kPixels) / Windows<kOutputs, KW, Stride, Dilation>::kColumns + 1,
                             left = (all - at) / kOutputs;
          block.count = exist < left ? exist : left;
          run_whole_windows<W, C, V, P, KW, Stride, Dilation>(r, block, next);
        }
      if constexpr (W == C)  // of pixels side by side all exist
        if (!whole) {
          block.inside = bits_inside(r.first - pixel, r.last - pixel);
          run_windows<W, C, V, P, KW, Stride, Dilation, false>(r, block, next);
        }
      done = at + block.count * kOutputs;
    }
  }

  // Eight vectors or four at a time, or by seven (28, 14 and 7 are the widths of networks on 224 pixels); twice as many
  // where there are registers for it. What is left of whole pixels side by side goes pixel by pixel.
  template <int W, int C>
  NASCENT_INLINE void run_all(ToFetch& next) {
    constexpr int kTogether = W / C, kSeven = W == kWidth ? 7 : 8;  // narrower vectors are rare, not worth more code
    constexpr bool kTwice = kSixteenSums && W == kWidth && Stride <= 1;
    if constexpr (Stride == kHalf) {
      if constexpr (kTwice) run<W, C, 1, 16>(next);
      if (r.columns - done >= 8) run<W, C, 1, 8>(next);
      if (r.columns - done == kSeven) run<W, C, 1, kSeven>(next);
      if (r.columns - done >= 4) run<W, C, 1, 4>(next);
      if (r.columns - done >= 2) run<W, C, 1, 2>(next);
      return run<W, C, 1, 1>(next);
    }
    if (kSeven == 7 && r.columns % (8 * kTogether) != 0 && r.columns % (7 * kTogether) == 0) {
      if constexpr (kTwice)
        if (r.columns % (14 * kTogether) == 0) return run<W, C, 1, 14>(next);
      return run<W, C, 1, kSeven>(next);
    }
    if constexpr (kTwice) run<W, C, 1, 16>(next);
    if (r.columns - done >= 8 * kTogether) run<W, C, 1, 8>(next);
    if (r.columns - done >= 4 * kTogether) run<W, C, 1, 4>(next);
    if constexpr (kTogether == 1)
      run<W, C, 1, 1>(next);
    else
      run_all<C, C>(next);
  }
};

// V vectors from `lane` on, or one of pixels of C lanes side by side. P: how many outputs at a time divide the columns;
// 0: that is found out.
template <int W, int C, int V, int P, int KW, int Stride, int Dilation>
void window_lanes(const WindowRows& r, std::int64_t lane) {
  const std::int64_t outputs = r.rows * r.columns;
  ToFetch next{r.next_x ? r.next_x + lane * outputs * r.next_x_floats : nullptr,
               r.next_y ? r.next_y + lane * outputs * r.next_y_floats : nullptr};
  // Columns at the image's ends are blocks of their own. Where a row is more than two and nothing is fetched, as of 16
  // channels with AVX-512, it is taken as it lies in memory: by columns, 3x3 of 16 channels over 32 x 32 took twice as
  // long from DRAM. Where the next rows are on their way it takes 0.8 to 0.9 of the time of rows (both Zen 3).
  constexpr std::int64_t kFew = Stride == kHalf ? 32 : 16;
  const std::int64_t rows = kRegisters == 16 || r.all_columns_exist() || r.columns <= kFew ? r.rows : 1;
  for (std::int64_t i = 0; i < r.rows; i += rows) {
    WindowColumns<KW, Stride, Dilation> columns{r, r.x + lane, r.w + lane, r.y + lane, i, i + rows};
    if constexpr (P > 0)
      columns.template run<W, C, V, P>(next);
    else
      columns.template run_all<W, C>(next);
  }
}

// Channels, four at least, by whole vectors. Where those do not divide them, the last ones are computed again; where
// they are added to, four do. A row is never copied: wide loads of what narrow stores have just written would wait
// for them, as long as 8 pixels take.
template <int KW, int Stride, int Dilation>
void window_rows(const WindowRows& r, std::int64_t channels) {
  constexpr int W = kWidth, kEight = W > 8 ? 8 : W;
  if constexpr (Stride == 1 && W == 16)
    if (channels == 8 && r.side_by_side(8)) return window_lanes<W, 8, 1, 0, KW, Stride, Dilation>(r, 0);
  std::int64_t lane = 0;
  if constexpr (kSixteenSums && KW <= 5)  // two vectors of a wider kernel's weights leave no room
    if (r.columns % 8 == 0 || (Stride == kHalf ? r.columns == 7 : r.columns % 7 == 0))
      for (const bool eight = r.columns % 8 == 0; lane + 2 * W <= channels; lane += 2 * W)
        eight ? window_lanes<W, W, 2, 8, KW, Stride, Dilation>(r, lane)
              : window_lanes<W, W, 2, 7, KW, Stride, Dilation>(r, lane);
  while (lane < channels) {
    const std::int64_t left = channels - lane;
    if (left >= W)
      window_lanes<W, W, 1, 0, KW, Stride, Dilation>(r, lane), lane += W;
    else if (W > 8 && left >= 8)
      window_lanes<kEight, kEight, 1, 0, KW, Stride, Dilation>(r, lane), lane += 8;
    else
      window_lanes<4, 4, 1, 0, KW, Stride, Dilation>(r, left < 4 ? channels - 4 : lane), lane += 4;
  }
}

}  // namespace

WindowKernel window_kernel(std::int64_t kernel_w, std::int64_t stride, std::int64_t dilation, std::int64_t outside) {
  const std::int64_t every = read_every(stride, dilation);
  stride /= every, dilation /= every, outside = counted(outside, every);
  if (stride < 1 || stride > 2 || dilation < 1 || dilation > 2) return {};
  const auto of = [&]<int KW>() -> WindowKernel {
    if (outside > missing_pixels(KW, 1, static_cast<int>(dilation))) return {};
    if (stride == 2) return {window_rows<KW, 2, 1>};
    if (dilation == 1) return {window_rows<KW, 1, 1>, every};
    if constexpr (KW < 7) return {window_rows<KW, 1, 2>};
    return {};
  };
  if (kernel_w == 3) return of.template operator()<3>();
  if (kernel_w == 5) return of.template operator()<5>();
  if (kernel_w == 7) return of.template operator()<7>();
  return {};
}

WindowKernel half_window_kernel(std::int64_t kernel_w, std::int64_t outside) {
  const auto of = [&]<int KW>() -> WindowKernel {
    if (outside > missing_pixels(KW, kHalf, 1)) return {};
    return {window_rows<KW, kHalf, 1>};
  };
  if (kernel_w == 3) return of.template operator()<3>();
  if (kernel_w == 5) return of.template operator()<5>();
  if (kernel_w == 7) return of.template operator()<7>();
  return {};
}

}  // namespace nascent::kernels::NASCENT_ISA
