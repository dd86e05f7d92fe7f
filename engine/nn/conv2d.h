#pragma once
#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"
#include "engine/ops/ops.h"

namespace nascent {

// Convolution without a bias. Parameter: weight [kernel, kernel, in/groups, out].
class Conv2d final : public Module {
 public:
  struct Options {
    std::int64_t in = 1, out = 1, kernel = 1, stride = 1, padding = 0, dilation = 1, groups = 1;
  };
  Conv2d(const Scope& scope, const Options& options, Where where = Where::current());
  Tensor forward(const Tensor& x, const Context& context) const override;
  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
  Conv2dOptions options_;
  Where where_;
};

// One kernel a channel: PyTorch's Conv2d with groups equal to its channels. Parameter: weight [kernel, kernel,
// channels].
class DepthwiseConv2d final : public Module {
 public:
  struct Options {
    std::int64_t channels = 1, kernel = 3, stride = 1, padding = 0, dilation = 1;
  };
  DepthwiseConv2d(const Scope& scope, const Options& options, Where where = Where::current());
  Tensor forward(const Tensor& x, const Context& context) const override;
  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
  DepthwiseOptions options_;
  Where where_;
};

}  // namespace nascent
