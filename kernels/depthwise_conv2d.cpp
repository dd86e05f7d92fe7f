#include "kernels/depthwise_conv2d.h"

#include "kernels/dispatch.h"
#include "kernels/padded_band.h"
#include "kernels/reference/depthwise_conv2d.h"

namespace nascent::kernels {

template <>
std::int64_t depthwise_conv2d_forward_scratch<double>(const DepthwiseShape&) {
  return 0;
}
template <>
std::int64_t depthwise_conv2d_input_grad_scratch<double>(const DepthwiseShape&) {
  return 0;
}
template <>
std::int64_t depthwise_conv2d_weight_grad_scratch<double>(const DepthwiseShape& s) {
  return reduction_chunks(s.batch) * s.kernel_h * s.kernel_w * s.channels;
}
// What the instruction-set units need (isa/depthwise_conv2d.inl); the reference needs less.
template <>
std::int64_t depthwise_conv2d_forward_scratch<float>(const DepthwiseShape& s) {
  return s.kernel_h * s.kernel_w * lane_period(s.channels) + threads() * forward_band(s).floats();
}
template <>
std::int64_t depthwise_conv2d_input_grad_scratch<float>(const DepthwiseShape& s) {
  return s.kernel_h * s.kernel_w * lane_period(s.channels) + threads() * gradient_band(s).floats();
}
template <>
std::int64_t depthwise_conv2d_weight_grad_scratch<float>(const DepthwiseShape& s) {
  return reduction_chunks(s.batch) * s.kernel_h * s.kernel_w * lane_period(s.channels) +
         threads() * forward_band(s).floats();
}

void depthwise_conv2d_forward(const DepthwiseShape& s, const float* x, const float* w, float* y, float* scratch) {
  kernel_table().depthwise_conv2d_forward(s, x, w, y, scratch);
}
void depthwise_conv2d_forward(const DepthwiseShape& s, const double* x, const double* w, double* y, double* scratch) {
  reference::depthwise_conv2d_forward(s, x, w, y, scratch);
}
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  kernel_table().depthwise_conv2d_input_grad(s, dy, w, dx, scratch);
}
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const double* dy, const double* w, double* dx,
                                 double* scratch) {
  reference::depthwise_conv2d_input_grad(s, dy, w, dx, scratch);
}
void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  kernel_table().depthwise_conv2d_weight_grad(s, x, dy, dw, scratch);
}
void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const double* x, const double* dy, double* dw,
                                  double* scratch) {
  reference::depthwise_conv2d_weight_grad(s, x, dy, dw, scratch);
}

}  // namespace nascent::kernels
