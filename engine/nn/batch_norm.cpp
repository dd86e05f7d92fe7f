#include "engine/nn/batch_norm.h"

#include "engine/nn/initial.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

// running = (1 - momentum)*running + momentum*factor*batch, in double. The handle is a copy: the storage is the
// store's.
void move_towards(Tensor running, const Tensor& batch, double momentum, double factor) {
  visit(batch.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* values = running.mutable_data<T>();
    const T* now = batch.data<T>();
    for (std::int64_t c = 0; c < batch.elements(); ++c)
      values[c] = static_cast<T>((1 - momentum) * values[c] + momentum * (factor * now[c]));
  });
}

}  // namespace

BatchNorm::BatchNorm(const Scope& scope, const Options& options, Where where) : options_(options), where_(where) {
  expect_sizes("batch_norm layer", {options.channels}, where);
  const Shape channels{options.channels};
  if (options.affine) {
    weight_ = scope.weight("weight", channels, {.value = 1}, Parameter::Layout::plain, where);
    bias_ = scope.weight("bias", channels, {}, Parameter::Layout::plain, where);
  }
  running_mean_ = scope.buffer("running_mean", channels, {}, where);
  running_var_ = scope.buffer("running_var", channels, {.value = 1}, where);
}

Tensor BatchNorm::forward(const Tensor& x, const Context& context) const {
  const BatchNormOptions op_options{.epsilon = options_.epsilon, .relu = options_.relu};
  if (context.phase == Phase::evaluate)
    return batch_norm_with(x, weight_, bias_, running_mean_, running_var_, op_options, where_);
  const BatchNormed normed = batch_norm(x, weight_, bias_, op_options, where_);
  move_statistics(normed.mean, normed.variance, x.rows(), context);
  return normed.y;
}

void BatchNorm::move_statistics(const Tensor& mean, const Tensor& variance, std::int64_t values,
                                const Context& context) const {
  if (!context.update_statistics) return;
  const auto n = static_cast<double>(values);
  move_towards(running_mean_, mean, options_.momentum, 1);
  move_towards(running_var_, variance, options_.momentum, n / (n - 1));
}

}  // namespace nascent
