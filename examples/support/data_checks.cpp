#include "examples/support/data_checks.h"

#include <fmt/format.h>

#include "engine/tensor/error.h"

namespace nascent::examples {
namespace {

std::string kind(const Dataset& data) {
  return fmt::format("{}x{}x{} of {} classes", data.channels, data.height, data.width, data.classes);
}

}  // namespace

void check_same_kind(const Dataset& training, const Dataset& test) {
  if (kind(training) == kind(test)) return;
  throw DataError(fmt::format("{}: the test images are {}, the training images {}. Both splits must be of one kind.",
                              test.name, kind(test), kind(training)));
}

void check_last_batch(std::int64_t images, std::int64_t batch, bool one_pixel) {
  if (!one_pixel || images % batch != 1) return;
  throw UsageError(fmt::format(
      "{} images in batches of {} leave a single one for the last, and batch norm needs more than one pixel of it; "
      "choose another --batch or --limit",
      images, batch));
}

}  // namespace nascent::examples
