#include "kernels/elementwise.h"

#include "kernels/dispatch.h"
#include "kernels/reference/elementwise.h"

namespace nascent::kernels {

void unary(Unary op, std::int64_t n, const float* x, float* y) { kernel_table().unary(op, n, x, y); }
void unary(Unary op, std::int64_t n, const double* x, double* y) { reference::unary(op, n, x, y); }
void relu_grad(std::int64_t n, const float* dy, const float* x, float* dx) { kernel_table().relu_grad(n, dy, x, dx); }
void relu_grad(std::int64_t n, const double* dy, const double* x, double* dx) { reference::relu_grad(n, dy, x, dx); }
void binary(Binary op, const BroadcastShape& s, const float* a, const float* b, float* y) {
  kernel_table().binary(op, s, a, b, y);
}
void binary(Binary op, const BroadcastShape& s, const double* a, const double* b, double* y) {
  reference::binary(op, s, a, b, y);
}
void affine(std::int64_t n, const float* x, float factor, float offset, float* y) {
  kernel_table().affine(n, x, factor, offset, y);
}
void affine(std::int64_t n, const double* x, double factor, double offset, double* y) {
  reference::affine(n, x, factor, offset, y);
}

}  // namespace nascent::kernels
