#include "nas/network/auxiliary_head.h"

#include <algorithm>

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/parameterless.h"
#include "engine/nn/sequential.h"
#include "nas/space/heads.h"

namespace nascent::nas {

std::unique_ptr<Module> make_auxiliary_head(const Scope& scope, const AuxiliaryOptions& o) {
  const std::int64_t size = std::min(o.height, o.width);
  if (size < 6)
    throw UsageError("an auxiliary head needs an image of at least 6x6 at two thirds of the depth, got " +
                     std::to_string(o.height) + "x" + std::to_string(o.width) + "; leave out --auxiliary");
  auto head = std::make_unique<Sequential>(scope / "features");
  head->add<Relu>()
      .add<AvgPool2d>({.kernel = 5, .stride = size - 5})
      .add<Conv2d>({.in = o.channels, .out = 128})
      .add<BatchNorm>({.channels = 128})
      .add<Relu>()
      .add<Conv2d>({.in = 128, .out = 768, .kernel = 2})
      .add<BatchNorm>({.channels = 768})
      .add<Relu>();
  head->append(make_classifier(scope / "classifier", {.in = 768, .classes = o.classes}));
  return head;
}

}  // namespace nascent::nas
