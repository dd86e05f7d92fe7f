#include "kernels/conv2d.h"

#include <algorithm>

#include "kernels/depthwise_conv2d.h"
#include "kernels/dispatch.h"
#include "kernels/padded_band.h"
#include "kernels/reference/conv2d.h"
#include "kernels/winograd.h"

namespace nascent::kernels {

template <>
std::int64_t conv2d_forward_scratch<double>(const Conv2dShape&) {
  return 0;
}
template <>
std::int64_t conv2d_input_grad_scratch<double>(const Conv2dShape& s) {
  return reference::conv2d_weights(s);
}
template <>
std::int64_t conv2d_weight_grad_scratch<double>(const Conv2dShape& s) {
  return reduction_chunks(s.batch) * reference::conv2d_weights(s);
}

// A group a channel is a depthwise convolution, whose weights lie in memory the same way.
static bool is_depthwise(const Conv2dShape& s) { return s.groups == s.in_channels && s.groups == s.out_channels; }
static DepthwiseShape as_depthwise(const Conv2dShape& s) {
  return {s.batch, s.height, s.width, s.in_channels, s.kernel_h, s.kernel_w, s.stride, s.padding, s.dilation};
}

// What the instruction-set units need (isa/conv2d.inl) or the reference, whichever is more.

static std::int64_t winograd_scratch(const WinogradTiles& t) { return t.weights() + threads() * t.floats(); }

template <>
std::int64_t conv2d_forward_scratch<float>(const Conv2dShape& s) {
  const std::int64_t dense =
      packed_weights(s, s.in_channels / s.groups, s.out_channels / s.groups) +
      (takes_winograd(s) ? winograd_scratch(winograd_forward(s)) : threads() * forward_band(s).floats());
  return is_depthwise(s) ? std::max(dense, depthwise_conv2d_forward_scratch<float>(as_depthwise(s))) : dense;
}
template <>
std::int64_t conv2d_input_grad_scratch<float>(const Conv2dShape& s) {
  const std::int64_t buffers = takes_winograd(s) ? winograd_scratch(winograd_input_grad(s))
                               : s.stride == 1   ? threads() * gradient_band(s).floats()
                                                 : 0;
  const std::int64_t dense = std::max(packed_weights(s, s.out_channels / s.groups, s.in_channels / s.groups) + buffers,
                                      conv2d_input_grad_scratch<double>(s));
  return is_depthwise(s) ? std::max(dense, depthwise_conv2d_input_grad_scratch<float>(as_depthwise(s))) : dense;
}
template <>
std::int64_t conv2d_weight_grad_scratch<float>(const Conv2dShape& s) {
  const std::int64_t dense = WeightGradCut::of(s).chunks * reference::conv2d_weights(s);
  return is_depthwise(s) ? std::max(dense, depthwise_conv2d_weight_grad_scratch<float>(as_depthwise(s))) : dense;
}

void conv2d_forward(const Conv2dShape& s, const float* x, const float* w, float* y, float* scratch) {
  if (is_depthwise(s)) return depthwise_conv2d_forward(as_depthwise(s), x, w, y, scratch);
  kernel_table().conv2d_forward(s, x, w, y, scratch);
}
void conv2d_forward(const Conv2dShape& s, const double* x, const double* w, double* y, double* scratch) {
  reference::conv2d_forward(s, x, w, y, scratch);
}
void conv2d_input_grad(const Conv2dShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  if (is_depthwise(s)) return depthwise_conv2d_input_grad(as_depthwise(s), dy, w, dx, scratch);
  kernel_table().conv2d_input_grad(s, dy, w, dx, scratch);
}
void conv2d_input_grad(const Conv2dShape& s, const double* dy, const double* w, double* dx, double* scratch) {
  reference::conv2d_input_grad(s, dy, w, dx, scratch);
}
void conv2d_weight_grad(const Conv2dShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  if (is_depthwise(s)) return depthwise_conv2d_weight_grad(as_depthwise(s), x, dy, dw, scratch);
  kernel_table().conv2d_weight_grad(s, x, dy, dw, scratch);
}
void conv2d_weight_grad(const Conv2dShape& s, const double* x, const double* dy, double* dw, double* scratch) {
  reference::conv2d_weight_grad(s, x, dy, dw, scratch);
}

}  // namespace nascent::kernels
