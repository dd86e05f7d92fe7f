#pragma once
// Depthwise convolution: every channel has its own kernel, out_channels == in_channels == groups of conv2d.h.
// x [batch, height, width, channels], w [kernel_h, kernel_w, channels]. The three are adjoint as in conv2d.h.
#include <cstdint>

namespace nascent::kernels {

struct DepthwiseShape {
  std::int64_t batch = 1, height = 1, width = 1, channels = 1;
  std::int64_t kernel_h = 1, kernel_w = 1, stride = 1, padding = 0, dilation = 1;

  [[gnu::always_inline]] std::int64_t out_height() const {
    return (height + 2 * padding - dilation * (kernel_h - 1) - 1) / stride + 1;
  }
  [[gnu::always_inline]] std::int64_t out_width() const {
    return (width + 2 * padding - dilation * (kernel_w - 1) - 1) / stride + 1;
  }
  [[gnu::always_inline]] std::int64_t macs() const {
    return batch * out_height() * out_width() * channels * kernel_h * kernel_w;
  }
};

template <class T>
std::int64_t depthwise_conv2d_forward_scratch(const DepthwiseShape& s);
template <class T>
std::int64_t depthwise_conv2d_input_grad_scratch(const DepthwiseShape& s);
template <class T>
std::int64_t depthwise_conv2d_weight_grad_scratch(const DepthwiseShape& s);

void depthwise_conv2d_forward(const DepthwiseShape& s, const float* x, const float* w, float* y, float* scratch);
void depthwise_conv2d_forward(const DepthwiseShape& s, const double* x, const double* w, double* y, double* scratch);
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const float* dy, const float* w, float* dx, float* scratch);
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const double* dy, const double* w, double* dx,
                                 double* scratch);
void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const float* x, const float* dy, float* dw, float* scratch);
void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const double* x, const double* dy, double* dw,
                                  double* scratch);

}  // namespace nascent::kernels
