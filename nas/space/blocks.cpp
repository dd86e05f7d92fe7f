#include "nas/space/blocks.h"

#include "engine/ops/ops.h"
#include "engine/ops/projection.h"

namespace nascent::nas {

Tensor Projection::forward(const Tensor& x, const Context& context) const {
  const Tensor r = relu(x);
  if (convolutions_.size() == 1) return norm_.forward(convolutions_[0].forward(r, context), context);
  const Tensor halves[] = {convolutions_[0].forward(r, context),
                           convolutions_[1].forward(shift2d(r, {.rows = 1, .columns = 1}), context)};
  return norm_.forward(concat(halves), context);
}

std::vector<Tensor> project(std::span<const Projection* const> heads, std::span<const Tensor> parts,
                            const Context& context) {
  ProjectionOperands operands{.parts = {parts.begin(), parts.end()}, .heads = {}};
  for (const Projection* head : heads) {
    ProjectionHead& operand = operands.heads.emplace_back();
    for (const Conv2d& convolution : head->convolutions_) operand.weights.push_back(convolution.weight());
    operand.gamma = head->norm_.weight(), operand.beta = head->norm_.bias();
  }
  std::vector<Tensor> all;
  for (const Projected& projected : projection(operands, {.epsilon = heads[0]->norm_.epsilon()})) {
    const auto& [mean, variance] = projected.statistics;
    heads[all.size()]->norm_.move_statistics(mean, variance, projected.y.rows(), context);
    all.push_back(projected.y);
  }
  return all;
}

std::unique_ptr<Projection> make_relu_conv_bn(const Scope& scope, const BlockOptions& options) {
  const Conv2d convolution(scope / "1", {.in = options.in, .out = options.out});
  return std::make_unique<Projection>(std::vector<Conv2d>{convolution},
                                      BatchNorm(scope / "2", {.channels = options.out, .affine = options.affine}));
}

std::unique_ptr<Projection> make_factorized_reduce(const Scope& scope, const BlockOptions& options) {
  if (options.out % 2 != 0)
    throw UsageError("a factorized reduce makes half its channels on each of two paths: " +
                     std::to_string(options.out) + " is odd; use an even number of channels");
  std::vector<Conv2d> halves;
  for (const char* half : {"a", "b"})
    halves.emplace_back(scope / half, Conv2d::Options{.in = options.in, .out = options.out / 2, .stride = 2});
  return std::make_unique<Projection>(std::move(halves),
                                      BatchNorm(scope / "bn", {.channels = options.out, .affine = options.affine}));
}

}  // namespace nascent::nas
