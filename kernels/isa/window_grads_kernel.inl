// Depthwise weight gradients by a kernel known to the compiler (depthwise_window_grads.cpp): what one is given, and
// which there are.
#pragma once
#include "kernels/isa/window_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {

// Adds to sums[tap][lanes] what `rows` x `columns` outputs contribute: x of the tap's pixel times g.
struct TapGrad {
  const float* x;
  std::int64_t x_row, x_step, tap_row, tap_column;
  const float* g;
  std::int64_t g_row, g_step;
  std::int64_t rows, columns;
  float* sums;
  std::int64_t lanes;
  // Rows and columns of pixels from x on that exist; what reads them by windows leaves the others out.
  std::int64_t first_row = 0, last_row = kEverywhere, first_column = 0, last_column = kEverywhere;
  // What windows fetch for later: from here on in the order of memory or, where that holds more than is read, pixel by
  // pixel as far on from what they read. Null: nothing.
  const float *next_x = nullptr, *next_g = nullptr;
  bool next_by_pixel = false;
  std::int64_t images = 1, x_image = 0, g_image = 0;  // windows only: as many, floats apart
};

struct WindowGrads {
  void (*run)(const TapGrad&, std::int64_t lane, std::int64_t end) = nullptr;
  std::int64_t every = 1;  // see read_every

  explicit operator bool() const { return run; }
  void operator()(TapGrad t, std::int64_t lane, std::int64_t end) const {
    t.first_row = counted(t.first_row, every), t.last_row = counted(t.last_row, every);
    t.first_column = counted(t.first_column, every), t.last_column = counted(t.last_column, every);
    run(t, lane, end);
  }
};

// For what is left of whole vectors.
constexpr int kHalfVector = kWidth < 8 ? kWidth : 8;

// Of a square kernel of the search spaces, by vectors of kWidth or kHalfVector lanes; or null.
WindowGrads window_grads_kernel(int width, std::int64_t kernel, std::int64_t stride, std::int64_t dilation);

}  // namespace nascent::kernels::NASCENT_ISA
