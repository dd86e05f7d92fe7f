#pragma once
// The small networks cells are made of (quark0/darts: cnn/operations.py). Names of their parameters are those of
// PyTorch's modules, so that reference weights load by name.
#include <memory>
#include <span>

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent::nas {

struct BlockOptions {
  std::int64_t in = 1, out = 1;
  bool affine = true;  // batch norm with gamma and beta: in the network, not in the search
};

// ReLU, one or two 1x1 convolutions, batch norm: what the two makers below give.
class Projection final : public Module {
 public:
  Projection(std::vector<Conv2d> convolutions, BatchNorm norm)
      : convolutions_(std::move(convolutions)), norm_(std::move(norm)) {}
  Tensor forward(const Tensor& x, const Context& context) const override;
  std::int64_t stride() const { return static_cast<std::int64_t>(convolutions_.size()); }

 private:
  friend std::vector<Tensor> project(std::span<const Projection* const>, std::span<const Tensor>, const Context&);
  std::vector<Conv2d> convolutions_;
  BatchNorm norm_;
};

// What projections of one stride make of the same parts, side by side along the channels, as one op
// (engine/ops/projection.h). In Phase::train.
std::vector<Tensor> project(std::span<const Projection* const> heads, std::span<const Tensor> parts,
                            const Context& context);

// ReLU - 1x1 convolution - batch norm: SCOPE.1, SCOPE.2.
std::unique_ptr<Projection> make_relu_conv_bn(const Scope& scope, const BlockOptions& options);

// Halves height and width without losing a pixel: ReLU, then two strided 1x1 convolutions of half the channels each, on
// x (SCOPE.a) and on x moved by one pixel (SCOPE.b), side by side, then batch norm (SCOPE.bn). `out` must be even. An
// odd size rounds up: the moved image is zero beyond its border.
std::unique_ptr<Projection> make_factorized_reduce(const Scope& scope, const BlockOptions& options);

}  // namespace nascent::nas
