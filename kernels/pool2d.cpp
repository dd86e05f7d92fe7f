#include "kernels/pool2d.h"

#include "kernels/dispatch.h"
#include "kernels/reference/pool2d.h"

namespace nascent::kernels {

void max_pool2d(const PoolShape& s, const float* x, float* y, std::uint8_t* tap) {
  kernel_table().max_pool2d(s, x, y, tap);
}
void max_pool2d(const PoolShape& s, const double* x, double* y, std::uint8_t* tap) {
  reference::max_pool2d(s, x, y, tap);
}
void max_pool2d_gather(const PoolShape& s, const float* x, const std::uint8_t* tap, float* y) {
  kernel_table().max_pool2d_gather(s, x, tap, y);
}
void max_pool2d_gather(const PoolShape& s, const double* x, const std::uint8_t* tap, double* y) {
  reference::max_pool2d_gather(s, x, tap, y);
}
void max_pool2d_scatter(const PoolShape& s, const float* dy, const std::uint8_t* tap, float* dx) {
  kernel_table().max_pool2d_scatter(s, dy, tap, dx);
}
void max_pool2d_scatter(const PoolShape& s, const double* dy, const std::uint8_t* tap, double* dx) {
  reference::max_pool2d_scatter(s, dy, tap, dx);
}
void avg_pool2d(const PoolShape& s, const float* x, float* y) { kernel_table().avg_pool2d(s, x, y); }
void avg_pool2d(const PoolShape& s, const double* x, double* y) { reference::avg_pool2d(s, x, y); }
void avg_pool2d_grad(const PoolShape& s, const float* dy, float* dx) { kernel_table().avg_pool2d_grad(s, dy, dx); }
void avg_pool2d_grad(const PoolShape& s, const double* dy, double* dx) { reference::avg_pool2d_grad(s, dy, dx); }

}  // namespace nascent::kernels
