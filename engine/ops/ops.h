#pragma once
// The vocabulary of differentiable operations. Each takes tensors, returns a new one, records itself on the active tape
// and is twice differentiable, because every backward rule is itself written in these. f32 runs through the fast
// kernels, f64 through the reference. A broken contract throws ContractError naming op, expected, got and the caller's
// line. Formulas and backward rules: docs/ops.md.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/tensor/random.h"
#include "engine/tensor/tensor.h"

namespace nascent {

// ---- element-wise; shapes broadcast by NumPy's rule ----
Tensor add(const Tensor& a, const Tensor& b, Where where = Where::current());
Tensor subtract(const Tensor& a, const Tensor& b, Where where = Where::current());
Tensor multiply(const Tensor& a, const Tensor& b, Where where = Where::current());
Tensor divide(const Tensor& a, const Tensor& b, Where where = Where::current());
// factor * x + offset
struct Affine {
  double factor = 1, offset = 0;
};
Tensor affine(const Tensor& x, Affine by, Where where = Where::current());
Tensor exp(const Tensor& x, Where where = Where::current());
Tensor log(const Tensor& x, Where where = Where::current());
Tensor sqrt(const Tensor& x, Where where = Where::current());
Tensor relu(const Tensor& x, Where where = Where::current());
// dy where gate > 0, else 0: relu's gradient, linear in dy. Constant in gate (its derivative there is 0 almost
// everywhere).
Tensor relu_gate(const Tensor& dy, const Tensor& gate, Where where = Where::current());
Tensor sigmoid(const Tensor& x, Where where = Where::current());
Tensor tanh(const Tensor& x, Where where = Where::current());

// ---- shape ----
Tensor reshape(const Tensor& x, const Shape& shape, Where where = Where::current());
Tensor broadcast_to(const Tensor& x, const Shape& shape, Where where = Where::current());
// Adds `before` zeros in front of and `after` behind each axis; negative numbers cut instead. Its own adjoint with the
// signs turned: slices, shifts and the gradient of concat are all this one linear map.
struct Padding {
  std::vector<std::int64_t> before, after;  // one an axis
};
Tensor pad(const Tensor& x, const Padding& padding, Where where = Where::current());
struct Slice {
  int axis = -1;
  std::int64_t begin = 0, end = 0;  // half open
};
Tensor slice(const Tensor& x, Slice range, Where where = Where::current());
// Images moved one or more pixels up and to the left: y[n,i,j,c] = x[n,i+rows,j+columns,c], zero beyond the border.
struct Shift {
  std::int64_t rows = 1, columns = 1;
};
Tensor shift2d(const Tensor& x, Shift by, Where where = Where::current());
// Along the last axis (channels of images); of one part, that part itself.
Tensor concat(std::span<const Tensor> parts, Where where = Where::current());

// ---- reductions ----
struct Axes {
  std::vector<int> axes = {};  // negative counts from the end; empty: all
  bool keep = false;           // keep reduced axes as size 1
};
Tensor sum(const Tensor& x, const Axes& over = {}, Where where = Where::current());
Tensor mean(const Tensor& x, const Axes& over = {}, Where where = Where::current());
// The gradient is shared equally among equal maxima, as PyTorch's amax does.
Tensor max(const Tensor& x, const Axes& over = {}, Where where = Where::current());
// Sum of the products of all elements: a scalar.
Tensor dot(const Tensor& a, const Tensor& b, Where where = Where::current());

// ---- matrices ----
struct Transposed {
  bool a = false, b = false;
};
// [m, k] x [k, n]; op(a) * op(b).
Tensor matmul(const Tensor& a, const Tensor& b, Transposed transposed = {}, Where where = Where::current());
// x [rows, in], weight [out, in] (PyTorch's layout), bias [out] or undefined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Where where = Where::current());
// Over the last axis.
Tensor softmax(const Tensor& x, Where where = Where::current());
Tensor log_softmax(const Tensor& x, Where where = Where::current());
// Mean over rows of -log softmax(logits)[label]; logits [rows, classes].
Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels, Where where = Where::current());

// ---- images [batch, height, width, channels] ----
struct Conv2dOptions {
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
};
// weight [kernel_h, kernel_w, in/groups, out]
Tensor conv2d(const Tensor& x, const Tensor& weight, Conv2dOptions options = {}, Where where = Where::current());
// The other two faces of the convolution (kernels/conv2d.h); together with conv2d a family closed under
// differentiation.
Tensor conv2d_input_grad(const Tensor& dy, const Tensor& weight, const Shape& input, Conv2dOptions options = {},
                         Where where = Where::current());
Tensor conv2d_weight_grad(const Tensor& x, const Tensor& dy, const Shape& weight, Conv2dOptions options = {},
                          Where where = Where::current());
struct DepthwiseOptions {
  std::int64_t stride = 1, padding = 0, dilation = 1;
};
// weight [kernel_h, kernel_w, channels]
Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, DepthwiseOptions options = {},
                        Where where = Where::current());
Tensor depthwise_conv2d_input_grad(const Tensor& dy, const Tensor& weight, const Shape& input,
                                   DepthwiseOptions options = {}, Where where = Where::current());
Tensor depthwise_conv2d_weight_grad(const Tensor& x, const Tensor& dy, const Shape& weight,
                                    DepthwiseOptions options = {}, Where where = Where::current());
struct PoolOptions {
  std::int64_t kernel = 2, stride = 2, padding = 0;
  bool count_padding = false;  // average only
};
Tensor max_pool2d(const Tensor& x, PoolOptions options = {}, Where where = Where::current());
Tensor avg_pool2d(const Tensor& x, PoolOptions options = {}, Where where = Where::current());
// Which tap won each window of a max pooling, kept to go backward (kernels/pool2d.h).
using WinningTaps = std::shared_ptr<const std::uint8_t>;
Tensor max_pool2d_scatter(const Tensor& dy, const WinningTaps& taps, const Shape& input, PoolOptions options,
                          Where where = Where::current());
Tensor max_pool2d_gather(const Tensor& x, const WinningTaps& taps, PoolOptions options, Where where = Where::current());
Tensor avg_pool2d_grad(const Tensor& dy, const Shape& input, PoolOptions options, Where where = Where::current());
// Mean over height and width: [batch, channels].
Tensor global_avg_pool2d(const Tensor& x, Where where = Where::current());

struct BatchNormOptions {
  double epsilon = 1e-5;
  bool relu = false;  // y = relu(...): the ReLU behind the norm in the same pass
};
struct BatchNormed {
  Tensor y, mean, variance;  // the batch's mean and biased variance [channels], constants to every tape
};
// Normalises every channel (last axis) by the statistics of this batch. gamma and beta [channels], or undefined.
BatchNormed batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, BatchNormOptions options = {},
                       Where where = Where::current());
// Normalises by given statistics [channels]: evaluation mode. Statistics are constants.
Tensor batch_norm_with(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                       const Tensor& variance, BatchNormOptions options = {}, Where where = Where::current());

// Zeroes whole samples (first axis) with the given probability and divides the rest by 1 - probability (Larsson 2016).
Tensor drop_path(const Tensor& x, double probability, const Random& random, Where where = Where::current());

// ---- the mixed edge ----
// sum over k of weights[k] * branches[k]; weights [K], branches of one shape.
Tensor weighted_sum(const Tensor& weights, std::span<const Tensor> branches, Where where = Where::current());
// [K]: dot(dy, branches[k]), the gradient of weighted_sum's weights.
Tensor branch_dots(const Tensor& dy, std::span<const Tensor> branches, Where where = Where::current());

// ---- operators ----
// A tensor and the line it was used on, so that a + b can name the caller too.
struct Located {
  Located(const Tensor& t, Where w = Where::current()) : tensor(t), where(w) {}
  const Tensor& tensor;
  Where where;
};
inline Tensor operator+(Located a, Located b) { return add(a.tensor, b.tensor, a.where); }
inline Tensor operator-(Located a, Located b) { return subtract(a.tensor, b.tensor, a.where); }
inline Tensor operator*(Located a, Located b) { return multiply(a.tensor, b.tensor, a.where); }
inline Tensor operator/(Located a, Located b) { return divide(a.tensor, b.tensor, a.where); }
inline Tensor operator*(double s, Located a) { return affine(a.tensor, {.factor = s}, a.where); }
inline Tensor operator*(Located a, double s) { return affine(a.tensor, {.factor = s}, a.where); }
inline Tensor operator+(Located a, double s) { return affine(a.tensor, {.offset = s}, a.where); }
inline Tensor operator-(Located a, double s) { return affine(a.tensor, {.offset = -s}, a.where); }
inline Tensor operator-(Located a) { return affine(a.tensor, {.factor = -1}, a.where); }

}  // namespace nascent
