#pragma once
// Max and average pooling over square windows, NHWC.
// Max: padding counts as minus infinity; of equal values the first in row order wins (PyTorch's rule). `tap` stores
// which tap won (u * kernel + v) per output element, so going back is a gather and its adjoint; null: not wanted.
// Average: divides by the number of taps inside the image, or by kernel*kernel when padding is counted.
#include <cstdint>

namespace nascent::kernels {

struct PoolShape {
  std::int64_t batch = 1, height = 1, width = 1, channels = 1;
  std::int64_t kernel = 2, stride = 2, padding = 0;  // kernel <= 16: a tap fits a byte
  bool count_padding = false;                        // average only

  [[gnu::always_inline]] std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  [[gnu::always_inline]] std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

void max_pool2d(const PoolShape& s, const float* x, float* y, std::uint8_t* tap);
void max_pool2d(const PoolShape& s, const double* x, double* y, std::uint8_t* tap);
// y[window] = x[winning tap of window]: max pooling with the winners fixed, a linear map.
void max_pool2d_gather(const PoolShape& s, const float* x, const std::uint8_t* tap, float* y);
void max_pool2d_gather(const PoolShape& s, const double* x, const std::uint8_t* tap, double* y);
// dx = the adjoint of the gather: each window's dy goes to its winner.
void max_pool2d_scatter(const PoolShape& s, const float* dy, const std::uint8_t* tap, float* dx);
void max_pool2d_scatter(const PoolShape& s, const double* dy, const std::uint8_t* tap, double* dx);

void avg_pool2d(const PoolShape& s, const float* x, float* y);
void avg_pool2d(const PoolShape& s, const double* x, double* y);
// dx = the adjoint of avg_pool2d.
void avg_pool2d_grad(const PoolShape& s, const float* dy, float* dx);
void avg_pool2d_grad(const PoolShape& s, const double* dy, double* dx);

}  // namespace nascent::kernels
