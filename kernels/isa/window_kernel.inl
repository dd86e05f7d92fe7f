// Depthwise convolution by windows of a kernel known to the compiler (depthwise_windows.cpp): what one is given, and
// which there are.
#pragma once
#include "kernels/isa/padded_band.inl"

namespace nascent::kernels::NASCENT_ISA {

constexpr std::int64_t kEverywhere = std::int64_t{1} << 40;

// The stride of a half goes back over stride 2: two outputs a pixel and two rows of them a row, by kernels of 3, 5 and
// 7 whose padding kept half the size. Output d gets tap d + half_window_first - 2q of pixel q, the kernel not reversed;
// pixel 0 lies half_window_before that of output 0.
constexpr int kHalf = 0;
constexpr int half_window_first(int kernel) { return (kernel - 1) / 2 % 2 == 0 ? kernel - 1 : kernel - 2; }
constexpr int half_window_before(int kernel) { return (kernel - 1) / 4; }
constexpr std::int64_t half_window_pixels(int kernel, std::int64_t outputs) {
  return (outputs - 1 + half_window_first(kernel)) / 2 + 1;
}

// Pixels at either end of a window that may not exist: half of its taps, or of a stride of a half a quarter.
constexpr int missing_pixels(int kernel, int stride, int dilation) {
  return stride == kHalf ? (kernel + 1) / 4 : ((kernel - 1) * dilation + 1) / 2;
}

// The pixels from q = 0 on that lie in the image, a bit each: those of [begin, end).
inline std::uint32_t bits_inside(std::int64_t begin, std::int64_t end) {
  const auto below = [](std::int64_t n) { return n <= 0 ? 0 : n >= 32 ? ~0u : (1u << n) - 1; };
  return below(end) & ~below(begin);
}

// Rows of outputs of one image. x and y are those of the first output; what its first tap reads may not exist.
struct WindowRows {
  const float* x;
  std::int64_t x_row, x_step;  // floats between rows of the image, and between its pixels
  const float* w;
  std::int64_t w_row, w_step;  // floats between kernel rows and between taps; negative: the kernel reversed
  float* y;
  std::int64_t y_row, y_step;
  std::int64_t rows, columns;  // of outputs
  std::int64_t kernel_h;
  std::int64_t first_row = 0, last_row = kEverywhere, first = 0, last = kEverywhere;  // rows, columns that exist from x
  bool add = false;                                                                   // y += rather than y =
  // What is needed next begins here, floats for every output and lane, y to be written as a rule: fetched to L2 in the
  // order of memory, a share with each vector of lanes, or x, where that holds more than is read, pixel by pixel as far
  // on from what is. Of a stride of a half, x for every other output. Null: nothing.
  const float *next_x = nullptr, *next_y = nullptr;
  std::int64_t next_x_floats = 0, next_y_floats = 0;
  bool next_x_by_pixel = false;

  bool all_columns_exist() const { return first <= 0 && last == kEverywhere; }
  // Pixels of so many lanes and outputs lie one behind the other, and all columns exist.
  bool side_by_side(std::int64_t lanes) const { return x_step == lanes && y_step == lanes && all_columns_exist(); }
};

// Of a stride and dilation of 2, every other row and column is never read: over the others the kernel has neither.
inline std::int64_t read_every(std::int64_t stride, std::int64_t dilation) {
  return stride == 2 && dilation == 2 ? 2 : 1;
}
// Rows or columns that exist, counted by those that are read.
inline std::int64_t counted(std::int64_t end, std::int64_t every) { return every == 2 ? (end + 1) >> 1 : end; }

struct WindowKernel {
  void (*run)(const WindowRows&, std::int64_t channels) = nullptr;
  std::int64_t every = 1;

  explicit operator bool() const { return run; }
  void operator()(WindowRows r, std::int64_t channels) const {
    r.x_row *= every, r.x_step *= every;
    r.first_row = counted(r.first_row, every), r.last_row = counted(r.last_row, every);
    r.first = counted(r.first, every), r.last = counted(r.last, every);
    run(r, channels);
  }
};

// The kernels of the search spaces; null for others, and where more than half of a window may lie outside the image.
WindowKernel window_kernel(std::int64_t kernel_w, std::int64_t stride, std::int64_t dilation, std::int64_t outside);
// Of a stride of a half; its rows are of every other kernel row.
WindowKernel half_window_kernel(std::int64_t kernel_w, std::int64_t outside);

// Rows of outputs a call is best given: as many as keep the rows they read, of `row` floats each, in half of L1 from
// one vector of lanes to the next; but as many as make the call's own work small, 32 outputs or, of 16 registers and
// stride 1, 128: of 36, 72 and 144 channels 0.83 to 1.04 of the time, while stride 2 would take up to 1.25 (Zen 3).
inline std::int64_t window_rows_at_once(std::int64_t row, std::int64_t reach, std::int64_t stride,
                                        std::int64_t columns) {
  const std::int64_t outputs = kRegisters == 16 && stride == 1 ? 128 : 32;
  const std::int64_t fit = (kBandFloats / row - reach - 1) / stride + 1,
                     least = columns < outputs ? outputs / columns : 1;
  return fit > least ? fit : least;
}

}  // namespace nascent::kernels::NASCENT_ISA
