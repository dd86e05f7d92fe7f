#include "engine/ops/image_checks.h"

#include "engine/ops/checks.h"

namespace nascent::image_checks {
namespace {

void expect_at_least(const char* who, const char* option, std::int64_t got, std::int64_t least, const Where& where) {
  if (got < least)
    refuse(who, std::string(option) + " of at least " + std::to_string(least), std::to_string(got), where);
}

void expect_rank(const char* who, const char* argument, const char* axes, int rank, const Shape& got,
                 const Where& where) {
  if (got.rank() != rank) refuse(who, std::string(argument) + " " + axes, got.text(), where);
}

std::string by(std::int64_t a, std::int64_t b) { return std::to_string(a) + "x" + std::to_string(b); }

// Height and width that a window covers, dilation included, against the image with its padding.
void expect_window_fits(const char* who, const Shape& x, std::int64_t padding, std::int64_t window_h,
                        std::int64_t window_w, const Where& where) {
  const std::int64_t h = x[1] + 2 * padding, w = x[2] + 2 * padding;
  if (window_h > h || window_w > w)
    refuse(who, "a window that fits the padded image " + by(h, w), by(window_h, window_w), where);
}

constexpr const char* kImage = "[batch, height, width, channels]";

}  // namespace

void refuse(const char* who, const std::string& expected, const std::string& got, const Where& where) {
  broken(who, "expected " + expected + ", got " + got, where);
}

void expect_defined(const char* who, const char* argument, const Tensor& t, const Where& where) {
  if (!t.defined()) refuse(who, std::string("a tensor for ") + argument, "an undefined one", where);
}

void expect_same_dtype(const char* who, const Tensor& x, const char* argument, const Tensor& other,
                       const Where& where) {
  if (x.dtype() != other.dtype())
    refuse(who, std::string(argument) + " of " + name(x.dtype()) + " like the input", name(other.dtype()), where);
}

void expect_shape(const char* who, const char* argument, const Shape& got, const Shape& expected, const Where& where) {
  if (got != expected) refuse(who, std::string(argument) + " of shape " + expected.text(), got.text(), where);
}

kernels::Conv2dShape conv2d_shape(const char* who, const Shape& x, const Shape& weight, const Conv2dOptions& options,
                                  const Where& where) {
  const auto [stride, padding, dilation, groups] = options;
  expect_rank(who, "input", kImage, 4, x, where);
  expect_rank(who, "weight", "[kernel_h, kernel_w, in/groups, out]", 4, weight, where);
  expect_at_least(who, "a stride", stride, 1, where);
  expect_at_least(who, "a padding", padding, 0, where);
  expect_at_least(who, "a dilation", dilation, 1, where);
  expect_at_least(who, "a number of groups", groups, 1, where);
  expect_at_least(who, "a kernel height", weight[0], 1, where);
  expect_at_least(who, "a kernel width", weight[1], 1, where);
  if (x[3] % groups || weight[3] % groups)
    refuse(who, "channels divisible by " + std::to_string(groups) + " groups",
           std::to_string(x[3]) + " in and " + std::to_string(weight[3]) + " out", where);
  if (weight[2] != x[3] / groups)
    refuse(who, "weight with " + std::to_string(x[3] / groups) + " input channels", std::to_string(weight[2]), where);
  expect_window_fits(who, x, padding, dilation * (weight[0] - 1) + 1, dilation * (weight[1] - 1) + 1, where);
  return {.batch = x[0],
          .height = x[1],
          .width = x[2],
          .in_channels = x[3],
          .out_channels = weight[3],
          .kernel_h = weight[0],
          .kernel_w = weight[1],
          .stride = stride,
          .padding = padding,
          .dilation = dilation,
          .groups = groups};
}

kernels::DepthwiseShape depthwise_shape(const char* who, const Shape& x, const Shape& weight,
                                        const DepthwiseOptions& options, const Where& where) {
  const auto [stride, padding, dilation] = options;
  expect_rank(who, "input", kImage, 4, x, where);
  expect_rank(who, "weight", "[kernel_h, kernel_w, channels]", 3, weight, where);
  expect_at_least(who, "a stride", stride, 1, where);
  expect_at_least(who, "a padding", padding, 0, where);
  expect_at_least(who, "a dilation", dilation, 1, where);
  expect_at_least(who, "a kernel height", weight[0], 1, where);
  expect_at_least(who, "a kernel width", weight[1], 1, where);
  if (weight[2] != x[3])
    refuse(who, "weight with " + std::to_string(x[3]) + " channels", std::to_string(weight[2]), where);
  expect_window_fits(who, x, padding, dilation * (weight[0] - 1) + 1, dilation * (weight[1] - 1) + 1, where);
  return {.batch = x[0],
          .height = x[1],
          .width = x[2],
          .channels = x[3],
          .kernel_h = weight[0],
          .kernel_w = weight[1],
          .stride = stride,
          .padding = padding,
          .dilation = dilation};
}

kernels::PoolShape pool_shape(const char* who, const Shape& x, const PoolOptions& options, const Where& where) {
  const auto [kernel, stride, padding, count_padding] = options;
  expect_rank(who, "input", kImage, 4, x, where);
  // A tap is kept in a byte, and a window must hold at least one pixel of the image.
  if (kernel < 1 || kernel > 16) refuse(who, "a kernel from 1 to 16", std::to_string(kernel), where);
  expect_at_least(who, "a stride", stride, 1, where);
  expect_at_least(who, "a padding", padding, 0, where);
  if (2 * padding > kernel)
    refuse(who, "a padding of at most half the kernel of " + std::to_string(kernel), std::to_string(padding), where);
  expect_window_fits(who, x, padding, kernel, kernel, where);
  return {.batch = x[0],
          .height = x[1],
          .width = x[2],
          .channels = x[3],
          .kernel = kernel,
          .stride = stride,
          .padding = padding,
          .count_padding = count_padding};
}

}  // namespace nascent::image_checks
