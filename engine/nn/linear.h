#pragma once
#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent {

// y = x * weight^T + bias for x [rows, in]. Parameters: weight [out, in], bias [out].
class Linear final : public Module {
 public:
  struct Options {
    std::int64_t in = 1, out = 1;
  };
  Linear(const Scope& scope, const Options& options, Where where = Where::current());
  Tensor forward(const Tensor& x, const Context& context) const override;

 private:
  Tensor weight_, bias_;
  Where where_;
};

}  // namespace nascent
