#include "kernels/conv2d.h"

#include "kernels/dispatch.h"
#include "kernels/reference/conv2d.h"

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
  return reference::reduction_chunks(s.batch) * reference::conv2d_weights(s);
}
template <>
std::int64_t conv2d_forward_scratch<float>(const Conv2dShape& s) {
  return conv2d_forward_scratch<double>(s);
}
template <>
std::int64_t conv2d_input_grad_scratch<float>(const Conv2dShape& s) {
  return conv2d_input_grad_scratch<double>(s);
}
template <>
std::int64_t conv2d_weight_grad_scratch<float>(const Conv2dShape& s) {
  return conv2d_weight_grad_scratch<double>(s);
}

void conv2d_forward(const Conv2dShape& s, const float* x, const float* w, float* y, float* scratch) {
  kernel_table().conv2d_forward(s, x, w, y, scratch);
}
void conv2d_forward(const Conv2dShape& s, const double* x, const double* w, double* y, double* scratch) {
  reference::conv2d_forward(s, x, w, y, scratch);
}
void conv2d_input_grad(const Conv2dShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  kernel_table().conv2d_input_grad(s, dy, w, dx, scratch);
}
void conv2d_input_grad(const Conv2dShape& s, const double* dy, const double* w, double* dx, double* scratch) {
  reference::conv2d_input_grad(s, dy, w, dx, scratch);
}
void conv2d_weight_grad(const Conv2dShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  kernel_table().conv2d_weight_grad(s, x, dy, dw, scratch);
}
void conv2d_weight_grad(const Conv2dShape& s, const double* x, const double* dy, double* dw, double* scratch) {
  reference::conv2d_weight_grad(s, x, dy, dw, scratch);
}

}  // namespace nascent::kernels
