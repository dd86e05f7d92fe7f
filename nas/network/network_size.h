#pragma once
#include "nas/image_size.h"

namespace nascent::nas {

struct NetworkSize {
  std::int64_t channels = 16, layers = 8;
  ImageSize image = {};
  std::int64_t classes = 10;
};

// UsageError for what makes no network or would take absurd memory, before any is taken.
void check_network_size(const NetworkSize& size);

}  // namespace nascent::nas
