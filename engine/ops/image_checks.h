#pragma once
// What the image ops ask of their arguments before any memory is taken for a result.
#include <string>

#include "engine/ops/ops.h"
#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"
#include "kernels/pool2d.h"

namespace nascent::image_checks {

// "[who] expected EXPECTED, got GOT (file:line)"
[[noreturn]] void refuse(const char* who, const std::string& expected, const std::string& got, const Where& where);

void expect_defined(const char* who, const char* argument, const Tensor& t, const Where& where);
void expect_same_dtype(const char* who, const Tensor& x, const char* argument, const Tensor& other, const Where& where);
void expect_shape(const char* who, const char* argument, const Shape& got, const Shape& expected, const Where& where);

// The sizes of a whole problem, from the shapes of its input and weight.
kernels::Conv2dShape conv2d_shape(const char* who, const Shape& x, const Shape& weight, const Conv2dOptions& options,
                                  const Where& where);
kernels::DepthwiseShape depthwise_shape(const char* who, const Shape& x, const Shape& weight,
                                        const DepthwiseOptions& options, const Where& where);
kernels::PoolShape pool_shape(const char* who, const Shape& x, const PoolOptions& options, const Where& where);

inline Shape output_shape(const kernels::Conv2dShape& s) {
  return {s.batch, s.out_height(), s.out_width(), s.out_channels};
}
inline Shape output_shape(const kernels::DepthwiseShape& s) {
  return {s.batch, s.out_height(), s.out_width(), s.channels};
}
inline Shape output_shape(const kernels::PoolShape& s) { return {s.batch, s.out_height(), s.out_width(), s.channels}; }

}  // namespace nascent::image_checks
