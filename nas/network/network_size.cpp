#include "nas/network/network_size.h"

#include <algorithm>

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
  // The stem of a network makes three times `channels` maps of the whole image, in floats.
  const std::int64_t stem_bytes =
      size.image.height * size.image.width * std::max(3 * size.channels, size.image.channels) * std::int64_t{4};
  if (stem_bytes > std::int64_t{1} << 32)
    throw UsageError("one layer on an image of " + std::to_string(size.image.height) + "x" +
                     std::to_string(size.image.width) + " with " + std::to_string(size.channels) +
                     " channels would take " + std::to_string(stem_bytes >> 30) + " GiB; use fewer channels");
}

}  // namespace nascent::nas
