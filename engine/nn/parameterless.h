#pragma once
// Layers that only call an op.
#include "engine/nn/module.h"
#include "engine/ops/ops.h"

namespace nascent {

class Relu final : public Module {
 public:
  struct Options {};
  explicit Relu(const Options& = {}, Where where = Where::current()) : where_(where) {}
  Tensor forward(const Tensor& x, const Context&) const override { return relu(x, where_); }

 private:
  Where where_;
};

class MaxPool2d final : public Module {
 public:
  using Options = PoolOptions;
  explicit MaxPool2d(const Options& options, Where where = Where::current()) : options_(options), where_(where) {}
  Tensor forward(const Tensor& x, const Context&) const override { return max_pool2d(x, options_, where_); }

 private:
  PoolOptions options_;
  Where where_;
};

class AvgPool2d final : public Module {
 public:
  using Options = PoolOptions;
  explicit AvgPool2d(const Options& options, Where where = Where::current()) : options_(options), where_(where) {}
  Tensor forward(const Tensor& x, const Context&) const override { return avg_pool2d(x, options_, where_); }

 private:
  PoolOptions options_;
  Where where_;
};

}  // namespace nascent
