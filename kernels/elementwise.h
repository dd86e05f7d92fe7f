#pragma once
// Element-wise operations on buffers of equal length, and binary ones whose operands may be stretched.
#include <cstdint>

namespace nascent::kernels {

enum class Unary : std::uint8_t { relu, exp, log, sqrt, sigmoid, tanh, negate };
enum class Binary : std::uint8_t { add, subtract, multiply, divide };

// Sizes of a broadcast operation, outermost axis first, padded in front with 1; a stride of 0 stretches that axis.
// Strides count elements; the result is dense.
struct BroadcastShape {
  static constexpr int kAxes = 5;
  std::int64_t size[kAxes] = {1, 1, 1, 1, 1};
  std::int64_t a_stride[kAxes] = {};
  std::int64_t b_stride[kAxes] = {};
};

void unary(Unary op, std::int64_t n, const float* x, float* y);
void unary(Unary op, std::int64_t n, const double* x, double* y);
// dx = dy where x > 0, else 0.
void relu_grad(std::int64_t n, const float* dy, const float* x, float* dx);
void relu_grad(std::int64_t n, const double* dy, const double* x, double* dx);

void binary(Binary op, const BroadcastShape& s, const float* a, const float* b, float* y);
void binary(Binary op, const BroadcastShape& s, const double* a, const double* b, double* y);

// y = factor * x + offset
void affine(std::int64_t n, const float* x, float factor, float offset, float* y);
void affine(std::int64_t n, const double* x, double factor, double offset, double* y);

}  // namespace nascent::kernels
