#include "nas/space/blocks.h"

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/parameterless.h"
#include "engine/nn/sequential.h"

namespace nascent::nas {
namespace {

class FactorizedReduce final : public Module {
 public:
  FactorizedReduce(const Scope& scope, const BlockOptions& o)
      : a_(scope / "a", {.in = o.in, .out = o.out / 2, .stride = 2}),
        b_(scope / "b", {.in = o.in, .out = o.out / 2, .stride = 2}),
        norm_(scope / "bn", {.channels = o.out, .affine = o.affine}) {}

  Tensor forward(const Tensor& x, const Context& context) const override {
    const Tensor r = relu(x);
    const Tensor halves[] = {a_.forward(r, context), b_.forward(shift2d(r, {.rows = 1, .columns = 1}), context)};
    return norm_.forward(concat(halves), context);
  }

 private:
  Conv2d a_, b_;
  BatchNorm norm_;
};

}  // namespace

std::unique_ptr<Module> make_relu_conv_bn(const Scope& scope, const BlockOptions& options) {
  auto block = std::make_unique<Sequential>(scope);
  block->add<Relu>()
      .add<Conv2d>({.in = options.in, .out = options.out})
      .add<BatchNorm>({.channels = options.out, .affine = options.affine});
  return block;
}

std::unique_ptr<Module> make_factorized_reduce(const Scope& scope, const BlockOptions& options) {
  if (options.out % 2 != 0)
    throw UsageError("a factorized reduce makes half its channels on each of two paths: " +
                     std::to_string(options.out) + " is odd; use an even number of channels");
  return std::make_unique<FactorizedReduce>(scope, options);
}

}  // namespace nascent::nas
