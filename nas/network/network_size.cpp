#include "nas/network/network_size.h"

#include "engine/tensor/error.h"

namespace nascent::nas {
namespace {

void check(const char* what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    throw UsageError(std::string(what) + " must be from " + std::to_string(least) + " to " + std::to_string(most) +
                     ", got " + std::to_string(value));
}

}  // namespace

void check_network_size(const NetworkSize& size) {
  check("channels", size.channels, 1, 1024);
  check("layers", size.layers, 1, 100);
  check("classes", size.classes, 1, 100000);
  check("image channels", size.image.channels, 1, 1024);
  check("image height", size.image.height, 1, 4096);
  check("image width", size.image.width, 1, 4096);
}

}  // namespace nascent::nas
